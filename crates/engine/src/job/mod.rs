//! Jobs: what the engine asks of a sandboxed child, and what comes back. Plain values that cross
//! a pipe; files lie in the job's folder under names that both sides know. Who asks, and what is remembered,
//! is unknown here.

pub(crate) mod answer;
mod attempt;
mod fonts;
mod generate;
mod order;
pub(crate) mod places;
mod render;
mod subjects;
mod transform;

pub use self::attempt::Attempt;
pub(crate) use self::order::dependency_order;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use jiff::civil::Date;
use punctual_document::{content::Tone, format::FormatKind};
use punctual_model::{
    definition::{Burst, Check, Columns, Layout, Table},
    finding::Finding,
    period::{Period, PeriodError},
    sql_text::{SqlLexis, SqlText},
    value::Value,
    zone::Zone,
};
use serde::{Deserialize, Serialize};

use crate::{fonts::FontFile, sandbox::Confined};

/// One job of a child.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Job {
    /// SQL templates become SQL text with binds.
    RenderSql(RenderSql),
    /// Snapshots become checked datasets and tables.
    Transform(Transform),
    /// Tables become documents and artifacts.
    Generate(Generate),
    /// Nothing but saying which layers of the sandbox hold.
    Examine,
    /// Something that the sandbox must prevent. No run asks for it; tests do.
    Attempt(Attempt),
}

/// What every job knows of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// The report's name.
    pub report: String,
    /// What people read.
    pub title: String,
    /// The locale's tag.
    pub locale: String,
    /// ISO 4217.
    pub currency: String,
    /// The resolved parameters.
    pub parameters: BTreeMap<String, Value>,
    /// The period.
    pub period: Days,
}

/// A period as it crosses the pipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Days {
    /// The first day.
    pub first: Date,
    /// The first day after.
    pub end: Date,
    /// The report's zone.
    pub zone: Zone,
    /// Whether they are a number of days, whatever unit of the calendar they fill.
    #[serde(default)]
    pub rolling: bool,
}

impl From<&Period> for Days {
    fn from(period: &Period) -> Self {
        Self {
            first: period.start_date(),
            end: period.end_date(),
            zone: period.zone().clone(),
            rolling: period.is_rolling(),
        }
    }
}

impl Days {
    /// The period again.
    ///
    /// # Errors
    /// When no such period exists.
    pub fn period(&self) -> Result<Period, PeriodError> {
        Ok(Period::new(self.first, self.end, self.zone.clone())?.rolling(self.rolling))
    }
}

/// SQL templates to render.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RenderSql {
    /// What is known of the run.
    pub facts: Facts,
    /// The templates.
    pub texts: Vec<SqlTemplate>,
}

/// One SQL template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SqlTemplate {
    /// What it is, for messages: `dataset traffic`.
    pub subject: String,
    /// The text.
    pub text: String,
    /// How its dialect writes strings and comments.
    pub lexis: SqlLexis,
    /// The zone of the source's zone-less times.
    pub source_zone: Zone,
    /// Whether it asks for the period before.
    pub previous: bool,
}

/// Rendered SQL, in the order of the templates.
pub type RenderedSql = Vec<SqlText>;

/// Snapshots to check and compute with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transform {
    /// What is known of the run.
    pub facts: Facts,
    /// The snapshots of the period.
    pub datasets: Vec<DatasetInput>,
    /// The snapshots of the period before; empty when nothing is compared.
    pub previous: Vec<DatasetInput>,
    /// The tables in order.
    pub tables: Vec<(String, Table)>,
    /// The burst key, so that left-out rows can be counted by edition.
    pub burst: Option<Burst>,
    /// Memory for SQL, in bytes; more than that spills to disk.
    pub memory: u64,
    /// Elapsed time of one query, in milliseconds.
    pub query_timeout_ms: u64,
}

/// A snapshot with its checks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasetInput {
    /// The dataset's name.
    pub name: String,
    /// The snapshot.
    pub path: PathBuf,
    /// What is declared of its columns.
    pub columns: Columns,
    /// What must hold.
    pub checks: Vec<Check>,
}

/// Checked datasets and tables.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Transformed {
    /// What the checks found.
    pub findings: Vec<Finding>,
    /// Datasets and tables of the period, by name. Empty when a check failed.
    pub tables: BTreeMap<String, TableMade>,
    /// The same of the period before.
    pub previous: BTreeMap<String, TableMade>,
    /// The datasets and tables of which checks set rows aside: a Parquet file each.
    pub rejected: BTreeSet<String>,
}

/// One dataset or table that a child made: a Parquet file in its place, or the snapshot that was given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableMade {
    /// Whether it is the dataset's snapshot as it was given.
    pub as_given: bool,
    /// Its rows.
    pub rows: u64,
    /// Rows left out before it was computed.
    pub left_out: u64,
    /// The same by burst key, where the rows have one.
    pub left_out_by_key: BTreeMap<String, u64>,
}

/// One dataset or table as it is given to a child.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableInput {
    /// The Parquet file.
    pub path: PathBuf,
    /// Its rows.
    pub rows: u64,
    /// Rows left out before it was computed.
    pub left_out: u64,
    /// The same by burst key, where the rows have one.
    pub left_out_by_key: BTreeMap<String, u64>,
}

/// Tables to make documents of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Generate {
    /// What is known of the run.
    pub facts: Facts,
    /// What the documents show.
    pub layout: Layout,
    /// One edition for each key.
    pub burst: Option<Burst>,
    /// The formats.
    pub formats: Vec<String>,
    /// What is declared of datasets' columns.
    pub declared: BTreeMap<String, Columns>,
    /// Datasets and tables of the period.
    pub tables: BTreeMap<String, TableInput>,
    /// The same of the period before.
    pub previous: BTreeMap<String, TableInput>,
    /// The order that each table is stored in.
    pub order_by: BTreeMap<String, Vec<String>>,
    /// The subject of messages, a text template.
    pub subject: Option<String>,
    /// The line that sums a report up, a text template.
    pub summary: Option<String>,
    /// Remarks for every edition: warnings of checks.
    pub notes: Vec<String>,
    /// Fonts beside those that formats ship with, in the order in which they are asked.
    pub fonts: Vec<FontFile>,
    /// Memory for the split, in bytes.
    pub memory: u64,
}

/// Documents and artifacts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Generated {
    /// What the split found, and which characters no font has.
    pub findings: Vec<Finding>,
    /// The editions in the order of the keys' table. Empty when a finding fails the run.
    pub editions: Vec<EditionOutput>,
}

/// One edition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EditionOutput {
    /// The key.
    pub key: String,
    /// The document's title.
    pub title: String,
    /// The name of whom it is about.
    pub about: Option<String>,
    /// The period in words.
    pub period_label: String,
    /// Rows of its own that it shows: of each table and chart, and of key figures that are not all zero.
    pub rows: u64,
    /// The subject of its messages.
    pub subject: String,
    /// The line that sums it up.
    pub summary: Option<String>,
    /// Its key figures: label, value, change.
    pub figures: Vec<FigureOutput>,
    /// Remarks that readers must see.
    pub notes: Vec<String>,
    /// Its files.
    pub files: Vec<FileOutput>,
}

/// A key figure for the message's body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FigureOutput {
    /// What people read.
    pub label: String,
    /// The figure as text.
    pub value: String,
    /// The change as text.
    pub change: Option<String>,
    /// Whether the change is good news.
    #[serde(default)]
    pub tone: Tone,
}

/// One file of an edition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileOutput {
    /// The format's name.
    pub format: String,
    /// The name that people see.
    pub file_name: String,
    /// The media type.
    pub media_type: String,
}

/// Does a job inside the child; `formats` are the registered ones.
///
/// # Errors
/// What is wrong with what the author wrote, in words.
pub fn work(request: &str, confined: &Confined, formats: &'static [FormatKind]) -> Result<serde_json::Value, String> {
    let job: Job = serde_json::from_str(request).map_err(|e| format!("unreadable job: {e}"))?;
    let json = |value: Result<serde_json::Value, serde_json::Error>| value.map_err(|e| e.to_string());
    match job {
        Job::Examine => json(serde_json::to_value(&confined.layers)),
        Job::Attempt(attempt) => json(serde_json::to_value(attempt.make(&confined.folder)?)),
        Job::RenderSql(job) => json(serde_json::to_value(render::render_sql(&job)?)),
        Job::Transform(job) => json(serde_json::to_value(transform::transform(&job, &confined.folder)?)),
        Job::Generate(job) => {
            let mut made = generate::generate(&job, &confined.folder, formats)?;
            made.findings.extend(subjects::finding(&job.facts.report, &made.editions));
            json(serde_json::to_value(made))
        }
    }
}
