//! To which installation a ledger belongs, and how many attempts to deliver it knows of. Copies, backups and
//! lost files are found by comparing this with marks outside of the database; who compares is not known here.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::StoreError;

/// What a ledger says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The installation's id; `None` while nobody has named it.
    pub id: Option<String>,
    /// Attempts that were ever begun. It only grows.
    pub begun: u64,
    /// Attempts that are on record.
    pub attempts: u64,
    /// Runs that are on record.
    pub runs: u64,
}

/// A person's word that this ledger counts from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adoption {
    /// The id from now on.
    pub id: String,
    /// Who says so.
    pub who: String,
    /// What happened: moved, copied, restored, lost.
    pub what: String,
    /// Why, in their words.
    pub why: String,
    /// When.
    pub at: Timestamp,
}

/// A ledger that has an identity.
#[async_trait]
pub trait Identified: Send + Sync {
    /// What the ledger says of itself.
    async fn identity(&self) -> Result<Identity, StoreError>;

    /// The id and the attempts that were ever begun, without counting anything.
    async fn begun(&self) -> Result<(Option<String>, u64), StoreError>;

    /// Gives the ledger its id, if its id is still `from`. Returns the id that it has then.
    async fn name(&self, from: Option<&str>, id: &str) -> Result<String, StoreError>;

    /// Takes a person's word: the id, the count of what is on record, and who said so, in one transaction.
    async fn adopt(&self, adoption: &Adoption) -> Result<(), StoreError>;
}
