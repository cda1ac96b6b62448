//! SQL over snapshots: text with parameters becomes a checked logical plan. What may be written,
//! which functions there are, how times may be compared. Running plans is the session's business.

pub(crate) mod additivity;
mod adds;
pub(crate) mod bounded;
pub(crate) mod deadline;
pub(crate) mod depth;
pub(crate) mod drive;
pub(crate) mod error;
pub(crate) mod exact;
pub(crate) mod functions;
pub(crate) mod local_time;
pub(crate) mod local_trunc;
pub(crate) mod merge_join;
pub(crate) mod parse;
pub(crate) mod plan;
pub(crate) mod snapshot_table;
pub(crate) mod text;
pub(crate) mod times;
pub(crate) mod told;
pub(crate) mod trace;

use punctual_model::sql_text::SqlLexis;

/// How the SQL of tables and checks writes strings and comments.
pub const LEXIS: SqlLexis =
    SqlLexis { backslash_escapes: false, dollar_quotes: true, hash_comments: false, nested_comments: true };
