//! From a layout and tables to a document, as the engine calls it.

mod assemble;
mod edition;
