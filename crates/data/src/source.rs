//! The Source trait: where datasets come from, as a stream of Arrow batches.
//! Types of sources implement it; nothing here knows which exist, the store or the engine.

use std::{path::PathBuf, sync::Arc, time::Duration};

use arrow::{array::RecordBatch, datatypes::SchemaRef};
use async_trait::async_trait;
use futures::stream::BoxStream;
use punctual_model::{
    definition::{Columns, TimeEncoding},
    kinds::KindSpec,
    sql_text::SqlText,
    zone::Zone,
};

/// A registered type of source.
#[derive(Clone, Copy)]
pub struct SourceKind {
    /// Its name and options.
    pub spec: KindSpec,
    /// Makes a source from its configuration; does not connect yet.
    pub open: fn(SourceConfig) -> Result<Arc<dyn Source>, SourceError>,
}

/// A source's definition with its secrets resolved.
#[derive(Clone)]
pub struct SourceConfig {
    /// The source's name, for messages.
    pub name: String,
    /// The zone of its zone-less times.
    pub timezone: Zone,
    /// How it writes times down.
    pub time_encoding: TimeEncoding,
    /// How long one query may take.
    pub timeout: Duration,
    /// The longest value, in bytes.
    pub cell_bytes: usize,
    /// The type's options, as its `KindSpec` lists them; references are resolved to values.
    pub options: serde_json::Map<String, serde_json::Value>,
    /// The project's folder, which relative paths start from.
    pub project: PathBuf,
}

/// One dataset to extract.
#[derive(Debug, Clone)]
pub struct ExtractRequest {
    /// The dataset's name, for messages.
    pub dataset: String,
    /// The query; `None` for a source that is read whole.
    pub sql: Option<SqlText>,
    /// Declared columns; they win over what the source says of itself.
    pub columns: Columns,
}

/// The answer to a request: the schema is known even when no row follows.
pub struct Extraction {
    /// The schema. Instants are `Timestamp(us, "UTC")`, zone-less times `Timestamp(us, None)`,
    /// dates `Date32`, whole numbers `Int64`, text `Utf8`, decimals `Decimal128`.
    pub schema: SchemaRef,
    /// The statement as it was sent, with placeholders, for the record.
    pub statement: String,
    /// The rows, in batches of bounded size. Dropping the stream cancels the query.
    pub batches: BoxStream<'static, Result<RecordBatch, SourceError>>,
}

/// Where data comes from.
#[async_trait]
pub trait Source: Send + Sync {
    /// Connects and asks for the server's version or the file's state.
    ///
    /// # Errors
    /// Why the source cannot be used.
    async fn probe(&self) -> Result<String, SourceError>;

    /// The columns that a dataset of these declarations has, for a source that is read whole and tells them in its
    /// first line. Reads little, waits for nobody; `None` when it cannot tell.
    fn columns_at_a_glance(&self, declared: &Columns) -> Option<Vec<String>> {
        let _ = declared;
        None
    }

    /// Starts one extraction: read-only, one statement, values as bind parameters.
    ///
    /// # Errors
    /// Why the query cannot start; errors on the way come through the stream.
    async fn extract(&self, request: ExtractRequest) -> Result<Extraction, SourceError>;
}

/// Why a source did not give its data.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SourceError {
    /// The definition's options cannot work.
    #[error("source `{name}`: {message}")]
    Config {
        /// The source.
        name: String,
        /// What is wrong and the way out.
        message: String,
    },
    /// No connection could be made.
    #[error("source `{name}` cannot be reached: {message}")]
    Unreachable {
        /// The source.
        name: String,
        /// What the network or server said.
        message: String,
    },
    /// The server refused the user or password.
    #[error("source `{name}` refused the login: {message}")]
    Login {
        /// The source.
        name: String,
        /// What the server said.
        message: String,
    },
    /// The source refused the query (missing table or column, syntax, not a SELECT).
    #[error("{}source `{name}` refused the query: {message}", of(dataset))]
    Query {
        /// The source.
        name: String,
        /// The dataset.
        dataset: String,
        /// What the source said.
        message: String,
    },
    /// The query took longer than the source's `timeout`.
    #[error("{}source `{name}` took longer than {seconds} s; raise `timeout` or narrow the query", of(dataset))]
    Timeout {
        /// The source.
        name: String,
        /// The dataset.
        dataset: String,
        /// The limit in seconds.
        seconds: u64,
    },
    /// The connection broke or the server went away while rows were coming.
    #[error("{}source `{name}` broke off after {rows} rows: {message}", of(dataset))]
    Interrupted {
        /// The source.
        name: String,
        /// The dataset.
        dataset: String,
        /// Rows received before.
        rows: u64,
        /// What was said.
        message: String,
    },
    /// A period boundary of the wrong kind for the column it is compared with.
    #[error("{}`{expression}` is compared with `{column}`, which is {column_kind}; use `{suggestion}`", of(dataset))]
    Boundary {
        /// The dataset.
        dataset: String,
        /// The expression as written.
        expression: String,
        /// The column, or "a column" where the source does not tell.
        column: String,
        /// What the column is, in words.
        column_kind: String,
        /// The right expression.
        suggestion: String,
    },
    /// A value does not fit its column's type, or bytes are not UTF-8.
    #[error("{}{place}: {message}", of(dataset))]
    Data {
        /// The dataset.
        dataset: String,
        /// Where: a file and line, or a row and column.
        place: String,
        /// What is wrong and the way out.
        message: String,
    },
}

/// Whose query it is; a probe asks for no dataset.
fn of(dataset: &str) -> String {
    if dataset.is_empty() { String::new() } else { format!("dataset `{dataset}`: ") }
}

impl SourceError {
    /// Whether asking again later may help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Timeout { .. } | Self::Interrupted { .. })
    }
}
