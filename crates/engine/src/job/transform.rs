//! Snapshots become checked datasets and tables: once over the period, and once more over the
//! period before when something is compared with it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

use punctual_data::{
    LEXIS,
    analyze::references,
    checks::{CheckInput, CheckedRows, Days as DataDays},
    error::DataError,
    job::{DatasetInput as Dataset, Job, JobSpec, TableInput, Tables},
    meaning,
    session::Limits,
    snapshot::Snapshot,
};
use punctual_model::{
    definition::{Check, Otherwise, SqlCheck},
    finding::Finding,
    slug::Slug,
    zone::Zone,
};

use super::{
    DatasetInput, TableMade, Transform, Transformed, dependency_order,
    places::{self, Pass},
    render::{Texts, period},
};

const SPILL_FACTOR: u64 = 4;

/// Checks and computes.
pub(super) fn transform(job: &Transform, folder: &Path) -> Result<Transformed, String> {
    let runtime = runtime()?;
    runtime.block_on(async {
        let mut transformed = Transformed::default();
        let now = compute(job, &job.datasets, folder, Pass::Period).await?;
        transformed.findings = now.findings;
        transformed.rejected = now.rejected;
        if transformed.findings.iter().any(|f| f.severity == Otherwise::Fail) {
            return Ok(transformed);
        }
        transformed.tables = now.tables;
        if !job.previous.is_empty() {
            // The period before was checked when it was reported on; here it is only compared with.
            transformed.previous = compute(job, &job.previous, folder, Pass::Previous).await?.tables;
        }
        Ok(transformed)
    })
}

/// A runtime of one thread: DataFusion's own threads would make the order of rows uncertain.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(|e| e.to_string())
}

/// What one pass over a period gave.
struct Computed {
    findings: Vec<Finding>,
    tables: BTreeMap<String, TableMade>,
    rejected: BTreeSet<String>,
}

async fn compute(job: &Transform, given: &[DatasetInput], job_folder: &Path, pass: Pass) -> Result<Computed, String> {
    let words = |error: DataError| error.to_string();
    let previous = pass == Pass::Previous;
    let texts = Texts::new(&job.facts, &Zone::utc(), previous)?;
    let out = Out { folder: job_folder, pass };
    let folder = job_folder.join(pass.folder());
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let days = period(&job.facts, previous)?;
    let spec = JobSpec {
        folder,
        limits: Limits {
            memory: job.memory,
            disk: job.memory * SPILL_FACTOR,
            timeout: Duration::from_millis(job.query_timeout_ms),
        },
        zone: job.facts.period.zone.clone(),
        days: DataDays { first: days.start_date(), end: days.end_date() },
        key: job.burst.as_ref().map(|burst| burst.by.clone()),
    };
    let datasets = given.iter().map(|input| dataset(input, &texts, previous)).collect::<Result<Vec<_>, _>>()?;
    let checked = Job::open(spec).map_err(words)?.check(&datasets).await.map_err(words)?;
    if checked.checked().fails() {
        let checked = checked.checked();
        return Ok(Computed {
            findings: checked.findings.clone(),
            tables: BTreeMap::new(),
            rejected: out.rejected(checked.subjects.iter())?,
        });
    }
    let inputs = job.tables.iter().map(|table| table_input(table, &texts, previous)).collect::<Result<Vec<_>, _>>()?;
    let tables = checked.compute(&in_order(inputs)?).await.map_err(words)?;
    out.tables(&tables, given)
}

/// Tables so that each comes after those that it reads.
fn in_order(tables: Vec<TableInput>) -> Result<Vec<TableInput>, String> {
    let reads = tables
        .iter()
        .map(|table| {
            let read = references(&format!("table `{}`", table.name), &table.sql).map_err(|e| e.to_string())?;
            Ok((table.name.to_string(), read.into_iter().map(|r| r.name).collect()))
        })
        .collect::<Result<Vec<(String, Vec<String>)>, String>>()?;
    let order = dependency_order(&reads)
        .map_err(|circle| format!("the tables {} read one another in a circle", circle.join(", ")))?;
    let mut tables: Vec<Option<TableInput>> = tables.into_iter().map(Some).collect();
    Ok(order.into_iter().filter_map(|index| tables[index].take()).collect())
}

fn dataset(input: &DatasetInput, texts: &Texts, previous: bool) -> Result<Dataset, String> {
    let mut snapshot = Snapshot::open(&input.path, file_name(&input.path)).map_err(|e| e.to_string())?;
    snapshot.schema = meaning::declared(&snapshot.schema, &input.columns);
    Ok(Dataset { name: slug(&input.name)?, snapshot, checks: checks(&input.name, &input.checks, texts, previous)? })
}

fn table_input(
    (name, table): &(String, punctual_model::definition::Table),
    texts: &Texts,
    previous: bool,
) -> Result<TableInput, String> {
    Ok(TableInput {
        name: slug(name)?,
        sql: texts.sql(&format!("table `{name}`"), &table.sql, LEXIS)?,
        order_by: table.order_by.clone(),
        checks: checks(name, &table.checks, texts, previous)?,
    })
}

/// The checks with their SQL rendered. Over the period before only those that set rows aside count.
fn checks(subject: &str, checks: &[Check], texts: &Texts, previous: bool) -> Result<Vec<CheckInput>, String> {
    checks
        .iter()
        .filter(|check| !previous || check.otherwise() == Otherwise::Exclude)
        .map(|check| {
            let sql = match check {
                Check::Sql(sql) => Some(check_sql(subject, sql, texts)?),
                _ => None,
            };
            Ok(CheckInput { check: check.clone(), sql })
        })
        .collect()
}

fn check_sql(subject: &str, check: &SqlCheck, texts: &Texts) -> Result<punctual_model::sql_text::SqlText, String> {
    texts.sql(&format!("the sql check of `{subject}`"), check.sql(), LEXIS)
}

fn slug(name: &str) -> Result<Slug, String> {
    name.parse().map_err(|e: punctual_model::slug::SlugError| e.to_string())
}

/// Snapshots are named by their content.
fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Puts files where the parent looks for them.
#[derive(Clone, Copy)]
struct Out<'a> {
    folder: &'a Path,
    pass: Pass,
}

impl Out<'_> {
    fn tables(self, tables: &Tables, given: &[DatasetInput]) -> Result<Computed, String> {
        let subjects = || tables.datasets().subjects.iter().chain(tables.checked().subjects.iter());
        let made = |(name, rows): (&String, &CheckedRows)| {
            // Rows left out of what a table was computed from count for the table's editions too.
            let keys = subjects().filter_map(|(_, r)| r.left_out.by_key.as_ref()).flat_map(BTreeMap::keys);
            let by_key = keys.map(|key| (key.clone(), tables.left_out_of(name, key)));
            let left_out_by_key = by_key.filter(|(_, rows)| *rows > 0).collect();
            // A dataset of which nothing is left out is the snapshot itself.
            let as_given = given.iter().any(|input| input.name == *name && input.path == rows.kept.path);
            if !as_given {
                self.place(&rows.kept.path, &places::table(self.pass, name))?;
            }
            let (rows, left_out) = (rows.kept.rows, tables.left_out(name));
            Ok((name.clone(), TableMade { as_given, rows, left_out, left_out_by_key }))
        };
        let findings = tables.datasets().findings.iter().chain(&tables.checked().findings);
        Ok(Computed {
            findings: findings.cloned().collect(),
            tables: subjects().map(made).collect::<Result<_, String>>()?,
            rejected: self.rejected(subjects())?,
        })
    }

    /// Rows that were set aside; those of the period before were kept when it was reported on.
    fn rejected<'a>(
        self,
        subjects: impl Iterator<Item = (&'a String, &'a CheckedRows)>,
    ) -> Result<BTreeSet<String>, String> {
        if self.pass == Pass::Previous {
            return Ok(BTreeSet::new());
        }
        let rejected = subjects.filter_map(|(name, rows)| Some((name, &rows.rejected.as_ref()?.path)));
        rejected.map(|(name, path)| self.place(path, &places::rejected(name)).map(|()| name.clone())).collect()
    }

    fn place(self, from: &Path, name: &Path) -> Result<(), String> {
        let to = self.folder.join(name);
        let moved =
            std::fs::create_dir_all(to.parent().unwrap_or(self.folder)).and_then(|()| std::fs::rename(from, &to));
        moved.map_err(|e| format!("{}: {e}", to.display()))
    }
}
