//! What Punctual remembers: runs, revisions, stages, findings, artifacts and the ledger of
//! deliveries behind `Store`; bytes by content hash behind `Artifacts`. It knows no pipeline.

pub mod artifacts;
pub mod installation;
pub mod records;
pub mod sql;
mod store;

pub use store::{NewRun, StageDone, Store, StoreError};
