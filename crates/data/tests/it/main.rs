//! Snapshots, queries, checks, tables and splits through the public interface.

mod analyze;
mod checks;
mod exact;
mod facts;
mod fixtures;
mod job;
mod limits;
mod session;
mod snapshot;
mod split;
mod tables;
mod times;
