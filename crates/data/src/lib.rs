//! Arrow in, Arrow out: the Source trait, snapshots in Parquet, the SQL session with its limits,
//! checks, tables and the burst split. It knows neither sources by kind, nor documents, nor the store.
//!
//! A run's data goes one way. Sources give streams of batches, which [`snapshot::write_stream`] turns
//! into immutable snapshots. [`job::Job`] takes it from there: datasets are checked, tables are
//! computed from them and checked, and both are split into editions, whose rows are read lazily.
//!
//! ```
//! # use std::{collections::BTreeSet, sync::Arc};
//! # use arrow::{array::{ArrayRef, Int64Array, RecordBatch, StringArray}, datatypes::SchemaRef};
//! # use punctual_data::{checks::Days, error::DataError, job::{DatasetInput, Job, JobSpec, TableInput}, session::Limits, snapshot};
//! # use punctual_model::{definition::Check, sql_text::SqlText, zone::Zone};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let batch = RecordBatch::try_from_iter([
//! #     ("client_id", Arc::new(Int64Array::from(vec![7, 7, 9, 9])) as ArrayRef),
//! #     ("channel", Arc::new(StringArray::from(vec!["web", "web", "shop", "banana"]))),
//! #     ("visits", Arc::new(Int64Array::from(vec![10, 20, 5, 1]))),
//! # ])?;
//! # let schema: SchemaRef = batch.schema();
//! # let batches = futures::stream::iter([Ok::<_, DataError>(batch)]);
//! let traffic = snapshot::write_stream(&folder.path().join("traffic.parquet"), schema, batches).await?;
//!
//! let job = Job::open(JobSpec {
//!     folder: folder.path().to_owned(),
//!     limits: Limits::default(),
//!     zone: "America/Chicago".parse()?,
//!     days: Days { first: "2026-10-01".parse()?, end: "2026-11-01".parse()? },
//!     key: Some("client_id".to_owned()),
//! })?;
//! let accepted = r#"{"accepted": {"column": "channel", "values": ["web", "shop"], "otherwise": "exclude"}}"#;
//! let checks = vec![serde_json::from_str::<Check>(accepted)?.into()];
//! let datasets = job.check(&[DatasetInput { name: "traffic".parse()?, snapshot: traffic, checks }]).await?;
//! assert!(!datasets.checked().fails());
//!
//! let sql = SqlText::plain("SELECT client_id, channel, sum(visits) AS visits FROM traffic GROUP BY 1, 2");
//! let by_channel = TableInput { name: "by_channel".parse()?, sql, order_by: vec![], checks: vec![] };
//! let tables = datasets.compute(&[by_channel]).await?;
//! assert_eq!(tables.left_out_of("by_channel", "9"), 1);
//!
//! let keys = BTreeSet::from(["7".to_owned(), "9".to_owned()]);
//! let editions = tables.split(&["by_channel"], &keys).await?;
//! let rows: Vec<RecordBatch> = editions.rows("by_channel", "7")?.batches()?.collect::<Result<_, _>>()?;
//! assert_eq!(rows[0].num_rows(), 1);
//! # Ok(())
//! # }
//! ```

pub mod analyze;
pub mod capitals;
pub mod checks;
mod collation;
pub mod error;
pub mod facts;
mod far_times;
pub mod job;
pub mod meaning;
mod money;
pub mod outline;
pub mod session;
pub mod snapshot;
pub mod source;
pub mod split;
mod sql;
pub mod tables;
pub mod values;

pub use sql::LEXIS;
