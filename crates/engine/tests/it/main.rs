//! The engine in process, with a world that the test scripts: what it does to a period over edits, renames, changed
//! data, refusals and deaths.

mod app;
mod kills;
mod outcomes;
mod sequences;
