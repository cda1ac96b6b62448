//! What a check found, as it is stored, shown and counted in documents.

use serde::{Deserialize, Serialize};

use crate::definition::Otherwise;

/// A check that did not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What was checked: a dataset's or table's name, or the report's.
    pub subject: String,
    /// The check as written: `rows`, `covers`, ..., or the engine's own: `burst`, `split`.
    pub check: String,
    /// What happens because of it.
    pub severity: Otherwise,
    /// What was found, in words.
    pub message: String,
    /// How many rows it is about; 0 when it is not about rows.
    pub rows: u64,
    /// A few examples, `column=value` pairs.
    pub samples: Vec<String>,
}
