//! Checks on datasets and tables. Rows that checks exclude are set aside first; every other check
//! then looks at what is left, which is what tables and documents see. One file per check.

mod accepted;
mod covers;
mod marks;
mod not_null;
mod rows;
mod sql;
mod unique;

use std::{collections::BTreeMap, path::Path};

use arrow::datatypes::Schema;
use indexmap::IndexMap;
use jiff::civil::Date;
use punctual_model::{
    definition::{Check, Otherwise, SqlCheck},
    finding::Finding,
    sql_text::SqlText,
};

use crate::{
    collation,
    error::{DataError, unknown_name},
    session::Session,
    snapshot::Snapshot,
};

/// Examples that a finding carries.
const SAMPLES: usize = 5;

/// A check with its SQL rendered.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckInput {
    /// The check as defined.
    pub check: Check,
    /// For an `sql` check: its text with parameters. `None` takes the definition's text as it stands.
    pub sql: Option<SqlText>,
}

impl From<Check> for CheckInput {
    fn from(check: Check) -> Self {
        Self { check, sql: None }
    }
}

/// The days a run reports on, in the report's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// The first day.
    pub first: Date,
    /// The first day after the last one.
    pub end: Date,
}

/// What checks made of the datasets or tables they looked at.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// By name, in the order given.
    pub subjects: IndexMap<String, CheckedRows>,
    /// What does not hold, in the order of subjects and checks.
    pub findings: Vec<Finding>,
}

impl Checked {
    /// Whether the run must stop before anything is rendered.
    pub fn fails(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Otherwise::Fail)
    }
}

/// One dataset or table after its checks.
#[derive(Debug, Clone)]
pub struct CheckedRows {
    /// What tables and documents see: the snapshot itself, or one without the excluded rows.
    pub kept: Snapshot,
    /// Rows that an `exclude` or `fail` check refused, with a last column that names the checks.
    pub rejected: Option<Snapshot>,
    /// How many rows are excluded.
    pub left_out: LeftOut,
}

/// How many rows checks excluded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// All of them.
    pub rows: u64,
    /// By burst key; `None` when the rows have no key column. Rows without a key are in `rows` alone.
    pub by_key: Option<BTreeMap<String, u64>>,
}

impl LeftOut {
    /// The rows that the edition of this key lacks. Where rows have no key column, all of them.
    pub fn of(&self, key: &str) -> u64 {
        match &self.by_key {
            None => self.rows,
            Some(by_key) => by_key.get(key).copied().unwrap_or(0),
        }
    }
}

/// What checks need besides the rows.
pub(crate) struct Context<'a> {
    pub session: &'a mut Session,
    pub days: Days,
    /// The burst key's column, where there is one.
    pub key: Option<&'a str>,
    /// Where kept and rejected rows are written.
    pub folder: &'a Path,
}

/// A dataset or table and its checks.
pub(crate) struct Subject<'a> {
    pub name: &'a str,
    pub snapshot: &'a Snapshot,
    pub checks: &'a [CheckInput],
}

/// Evaluates the checks of one subject, except `sql` ones, and registers what is kept under its name.
pub(crate) async fn check_rows(
    context: &mut Context<'_>,
    subject: &Subject<'_>,
) -> Result<(CheckedRows, Vec<Option<Finding>>), DataError> {
    validate(subject)?;
    context.session.register(subject.name, subject.snapshot)?;
    let mut findings = vec![None; subject.checks.len()];
    let checked = marks::apply(context, subject, &mut findings).await?;
    context.session.register(subject.name, &checked.kept)?;
    for input in subject.checks {
        if let Check::Unique(unique) = &input.check
            && input.check.otherwise() != Otherwise::Warn
        {
            context.session.note_unique(subject.name, unique.columns());
        }
    }
    for (found, input) in findings.iter_mut().zip(subject.checks) {
        match &input.check {
            Check::Rows(check) => *found = rows::check(subject, check, checked.kept.rows),
            Check::Covers(check) => *found = covers::check(context, subject, check).await?,
            // `sql` may read other subjects, so it waits for them; the rest is marked row by row.
            Check::Sql(_) | Check::NotNull(_) | Check::Unique(_) | Check::Accepted(_) => {}
        }
    }
    Ok((checked, findings))
}

/// Evaluates the `sql` checks of a subject, when all that they may read is registered, and adds
/// what checks compare differently from the subject's server.
pub(crate) async fn check_sql(
    session: &Session,
    subject: &Subject<'_>,
    findings: &mut Vec<Option<Finding>>,
) -> Result<(), DataError> {
    let mut compared = collation::of_checks(session, subject).await?;
    for (found, input) in findings.iter_mut().zip(subject.checks) {
        if let Check::Sql(check) = &input.check {
            let text = text(input, check);
            *found = sql::check(session, subject, check, &text).await?;
            let plan = session.plan(&sql::describe(subject), &text)?;
            compared.extend(collation::of_plan(session, subject.name, &plan).await?);
        }
    }
    findings.extend(compared.into_iter().map(Some));
    Ok(())
}

fn text(input: &CheckInput, check: &SqlCheck) -> SqlText {
    input.sql.clone().unwrap_or_else(|| SqlText::plain(check.sql()))
}

/// Refuses what cannot work whatever the rows are.
fn validate(subject: &Subject<'_>) -> Result<(), DataError> {
    for input in subject.checks {
        let excludes = input.check.otherwise() == Otherwise::Exclude;
        if excludes && matches!(input.check, Check::Rows(_) | Check::Covers(_) | Check::Sql(_)) {
            return Err(subject.error(&input.check, "names no rows to exclude: use `fail` or `warn`".to_owned()));
        }
    }
    Ok(())
}

impl Subject<'_> {
    fn error(&self, check: &Check, message: String) -> DataError {
        DataError::Check { subject: self.name.to_owned(), check: check.kind().to_owned(), message }
    }

    fn schema(&self) -> &Schema {
        &self.snapshot.schema
    }

    /// A column that a check names.
    fn column(&self, check: &Check, name: &str) -> Result<&arrow::datatypes::Field, DataError> {
        self.schema().field_with_name(name).map_err(|_| {
            let known = self.schema().fields().iter().map(|field| field.name().as_str());
            self.error(check, unknown_name("column", name, known))
        })
    }

    fn finding(&self, kind: &str, severity: Otherwise, message: String) -> Finding {
        Finding {
            subject: self.name.to_owned(),
            check: kind.to_owned(),
            severity,
            message,
            rows: 0,
            samples: Vec::new(),
        }
    }
}

/// "1 row", "3 rows".
fn count(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// "`a`, `b`".
fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
