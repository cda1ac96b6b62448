//! Checks row by row: each becomes a mark beside every row. Two passes over the rows, one that
//! counts marks and, where there are any, one that sets rows aside and takes examples.

use std::{collections::BTreeMap, ops::Not, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray},
    compute::{filter_record_batch, not, or},
    datatypes::{DataType, Field, Int64Type, Schema},
};
use datafusion::{
    common::Column,
    functions_aggregate::expr_fn::count,
    logical_expr::{Expr, ExprFunctionExt, LogicalPlan, LogicalPlanBuilder, lit},
};
use futures::StreamExt;
use punctual_model::{
    definition::{Check, Otherwise},
    finding::Finding,
    value::Value,
};

use super::{CheckedRows, Context, LeftOut, SAMPLES, Subject, accepted, not_null, unique};
use crate::{
    error::DataError,
    snapshot::{Layout, Snapshot, SnapshotWriter},
    sql::error::from_datafusion,
    values::{key_at, value_at},
};

/// What a check says of each row.
pub(super) struct Mark {
    /// True for a row that the check refuses; NULL counts as false.
    pub violated: Expr,
    /// The columns it is about.
    pub columns: Vec<String>,
    /// The finding's words for so many rows.
    pub message: Box<dyn Fn(u64) -> String + Send + Sync>,
}

/// A mark, its column beside the rows, and what is found.
struct Marked {
    /// The check's place among the subject's.
    check: usize,
    kind: &'static str,
    otherwise: Otherwise,
    mark: Mark,
    /// The name of its column.
    column: String,
    rows: u64,
    samples: Vec<String>,
}

impl Marked {
    fn excludes(&self) -> bool {
        self.otherwise == Otherwise::Exclude
    }

    /// The check and its columns: `accepted(channel)`.
    fn label(&self) -> String {
        format!("{}({})", self.kind, self.mark.columns.join(", "))
    }
}

/// Evaluates all row checks of a subject and sets excluded rows aside.
pub(super) async fn apply(
    context: &mut Context<'_>,
    subject: &Subject<'_>,
    findings: &mut [Option<Finding>],
) -> Result<CheckedRows, DataError> {
    let (plan, mut marks) = mark(context, subject).await?;
    let unchanged = CheckedRows {
        kept: subject.snapshot.clone(),
        rejected: None,
        left_out: LeftOut { rows: 0, by_key: has_key(context, subject).then(BTreeMap::new) },
    };
    if marks.is_empty() {
        return Ok(unchanged);
    }
    let excluded = count_marks(context, subject, plan.clone(), &mut marks).await?;
    let checked = if marks.iter().any(|mark| mark.rows > 0) {
        Pass::new(context, subject, &mut marks, excluded)?.run(context, subject, plan).await?
    } else {
        unchanged
    };
    for mark in marks.into_iter().filter(|mark| mark.rows > 0) {
        let message = (mark.mark.message)(mark.rows);
        let finding = subject.finding(mark.kind, mark.otherwise, message);
        findings[mark.check] = Some(Finding { rows: mark.rows, samples: mark.samples, ..finding });
    }
    Ok(checked)
}

fn has_key(context: &Context<'_>, subject: &Subject<'_>) -> bool {
    context.key.is_some_and(|key| subject.schema().index_of(key).is_ok())
}

/// The rows with one truth value for each row check: excluding ones first, then the others, for
/// which `unique` counts only among rows that are not excluded.
async fn mark(context: &mut Context<'_>, subject: &Subject<'_>) -> Result<(LogicalPlan, Vec<Marked>), DataError> {
    let describe = format!("checks of `{}`", subject.name);
    let error = |e| from_datafusion(&describe, None, &e);
    let mut plan = context.session.scan(subject.name)?.build().map_err(error)?;
    let mut marks: Vec<Marked> = Vec::new();
    for excluding in [true, false] {
        for (index, input) in subject.checks.iter().enumerate() {
            let check = &input.check;
            let otherwise = check.otherwise();
            if (otherwise == Otherwise::Exclude) != excluding {
                continue;
            }
            let (rows, mark) = match check {
                Check::NotNull(not_null) => (plan, not_null::mark(subject, check, not_null)?),
                Check::Accepted(accepted) => (plan, accepted::mark(subject, check, accepted)?),
                Check::Unique(unique) => {
                    let among =
                        if excluding { plan.clone() } else { without_excluded(plan.clone(), &marks).map_err(error)? };
                    // No dataset or table has a name with a space.
                    let name = format!("{} repeated {index}", subject.name);
                    unique::mark(context, subject, (check, unique), plan, among, &name).await?
                }
                Check::Rows(_) | Check::Covers(_) | Check::Sql(_) => continue,
            };
            let column = fresh(subject.schema(), &format!("refused by {index}"));
            plan = with_mark(rows, subject, &marks, &mark, &column).map_err(error)?;
            let (rows, samples) = (0, Vec::new());
            marks.push(Marked { check: index, kind: check.kind(), otherwise, mark, column, rows, samples });
        }
    }
    Ok((plan, marks))
}

/// The subject's columns, the marks so far and a new one.
fn with_mark(
    rows: LogicalPlan,
    subject: &Subject<'_>,
    marks: &[Marked],
    mark: &Mark,
    column: &str,
) -> datafusion::common::Result<LogicalPlan> {
    // The name of the table tells its columns from those of a joined list of repeated values.
    let columns = subject.schema().fields().iter();
    let columns = columns.map(|field| Expr::Column(Column::new(Some(subject.name), field.name())));
    let known = marks.iter().map(|mark| Expr::Column(Column::from_name(&mark.column)));
    let new = mark.violated.clone().is_true().alias(column);
    LogicalPlanBuilder::from(rows).project(columns.chain(known).chain([new]))?.build()
}

fn without_excluded(rows: LogicalPlan, marks: &[Marked]) -> datafusion::common::Result<LogicalPlan> {
    LogicalPlanBuilder::from(rows).filter(excluded(marks).not())?.build()
}

fn excluded(marks: &[Marked]) -> Expr {
    let excluding = marks.iter().filter(|mark| mark.excludes());
    excluding.map(|mark| Expr::Column(Column::from_name(&mark.column))).reduce(Expr::or).unwrap_or_else(|| lit(false))
}

/// A name that no column has.
pub(super) fn fresh(schema: &Schema, stem: &str) -> String {
    let mut name = stem.to_owned();
    while schema.index_of(&name).is_ok() {
        name.push('_');
    }
    name
}

/// Counts each mark, among the rows that are not excluded for those that don't exclude. Returns
/// the number of excluded rows.
async fn count_marks(
    context: &Context<'_>,
    subject: &Subject<'_>,
    plan: LogicalPlan,
    marks: &mut [Marked],
) -> Result<u64, DataError> {
    let describe = format!("checks of `{}`", subject.name);
    let error = |e| from_datafusion(&describe, None, &e);
    let count_if = |filter: Expr, name: String| count(lit(1)).filter(filter).build().map(|counted| counted.alias(name));
    let excludes = marks.iter().any(Marked::excludes);
    let any = excluded(marks);
    let mut counts = Vec::new();
    for (index, mark) in marks.iter().enumerate() {
        let column = Expr::Column(Column::from_name(&mark.column));
        let filter = if mark.excludes() || !excludes { column } else { column.and(any.clone().not()) };
        counts.push(count_if(filter, format!("mark {index}")).map_err(error)?);
    }
    // A filter that is false for every row would be optimised into a column of another type.
    if excludes {
        counts.push(count_if(any, "excluded".to_owned()).map_err(error)?);
    }
    let no_groups: [Expr; 0] = [];
    let plan = LogicalPlanBuilder::from(plan).aggregate(no_groups, counts).and_then(LogicalPlanBuilder::build);
    let mut batches = context.session.run_plan(&describe, plan.map_err(error)?).await?;
    let batch = batches.next().await.expect("an ungrouped aggregate gives one row")?;
    let number = |column: &ArrayRef| u64::try_from(column.as_primitive::<Int64Type>().value(0)).unwrap_or_default();
    for (mark, column) in marks.iter_mut().zip(batch.columns()) {
        mark.rows = number(column);
    }
    Ok(if excludes { batch.columns().last().map_or(0, number) } else { 0 })
}

/// The pass that sets rows aside and takes examples.
struct Pass<'a> {
    marks: &'a mut [Marked],
    width: usize,
    key: Option<usize>,
    kept: Option<SnapshotWriter>,
    rejected: Option<SnapshotWriter>,
    left_out: LeftOut,
}

impl<'a> Pass<'a> {
    fn new(
        context: &Context<'_>,
        subject: &Subject<'_>,
        marks: &'a mut [Marked],
        excluded: u64,
    ) -> Result<Self, DataError> {
        let schema = subject.schema();
        let key = context.key.and_then(|key| schema.index_of(key).ok());
        let path = |what: &str| context.folder.join(format!("{}.{what}.parquet", subject.name));
        let kept = (excluded > 0).then(|| SnapshotWriter::create(&path("kept"), schema, Layout::WHOLE)).transpose()?;
        let rejects = marks.iter().any(|mark| mark.rows > 0 && mark.otherwise != Otherwise::Warn);
        let mut fields: Vec<Field> = schema.fields().iter().map(|field| field.as_ref().clone()).collect();
        fields.push(Field::new(fresh(schema, "rejected_by"), DataType::Utf8, true));
        let with_reason = Schema::new(fields);
        let rejected =
            rejects.then(|| SnapshotWriter::create(&path("rejected"), &with_reason, Layout::WHOLE)).transpose()?;
        let left_out = LeftOut { rows: excluded, by_key: key.map(|_| BTreeMap::new()) };
        Ok(Self { marks, width: schema.fields().len(), key, kept, rejected, left_out })
    }

    async fn run(
        mut self,
        context: &Context<'_>,
        subject: &Subject<'_>,
        plan: LogicalPlan,
    ) -> Result<CheckedRows, DataError> {
        let describe = format!("checks of `{}`", subject.name);
        let mut batches = context.session.run_plan(&describe, plan).await?;
        while let Some(batch) = batches.next().await {
            self.take(subject, &describe, &batch?)?;
        }
        let finish = |writer: Option<SnapshotWriter>| writer.map(SnapshotWriter::finish).transpose();
        let kept: Option<Snapshot> = finish(self.kept)?;
        Ok(CheckedRows {
            kept: kept.unwrap_or_else(|| subject.snapshot.clone()),
            rejected: finish(self.rejected)?,
            left_out: self.left_out,
        })
    }

    fn take(&mut self, subject: &Subject<'_>, describe: &str, batch: &RecordBatch) -> Result<(), DataError> {
        let error = |e: arrow::error::ArrowError| DataError::Sql {
            subject: describe.to_owned(),
            place: None,
            message: e.to_string(),
        };
        let rows = batch.project(&(0..self.width).collect::<Vec<_>>()).map_err(error)?;
        let flags: Vec<&BooleanArray> = batch.columns()[self.width..].iter().map(AsArray::as_boolean).collect();
        let none = BooleanArray::from(vec![false; rows.num_rows()]);
        let any = |of: &dyn Fn(&Marked) -> bool| {
            let chosen = self.marks.iter().zip(&flags).filter(|(mark, _)| of(mark));
            chosen.map(|(_, flag)| *flag).try_fold(none.clone(), |all, flag| or(&all, flag))
        };
        let excluded = any(&Marked::excludes).map_err(error)?;
        let rejected = any(&|mark| mark.otherwise != Otherwise::Warn).map_err(error)?;
        if let Some(writer) = &mut self.kept {
            let mask = not(&excluded).map_err(error)?;
            writer.write(&filter_record_batch(&rows, &mask).map_err(error)?)?;
        }
        if let Some(writer) = &mut self.rejected {
            let reasons = reasons(self.marks, &flags, &excluded);
            let mut columns = rows.columns().to_vec();
            columns.push(Arc::new(reasons));
            let with_reason = RecordBatch::try_new(Arc::clone(writer.schema()), columns).map_err(error)?;
            writer.write(&filter_record_batch(&with_reason, &rejected).map_err(error)?)?;
        }
        if let (Some(key), Some(by_key)) = (self.key, &mut self.left_out.by_key) {
            count_keys(subject, rows.column(key), &excluded, by_key)?;
        }
        for (mark, flag) in self.marks.iter_mut().zip(&flags) {
            take_samples(mark, flag, &excluded, &rows);
        }
        Ok(())
    }
}

/// For each row, the checks that refuse it. Checks that don't exclude are silent on excluded rows.
fn reasons(marks: &[Marked], flags: &[&BooleanArray], excluded: &BooleanArray) -> StringArray {
    let labels: Vec<String> = marks.iter().map(Marked::label).collect();
    (0..excluded.len())
        .map(|row| {
            let refusing = marks.iter().zip(flags).zip(&labels).filter(|((mark, flag), _)| {
                flag.value(row) && if excluded.value(row) { mark.excludes() } else { mark.otherwise == Otherwise::Fail }
            });
            Some(refusing.map(|(_, label)| label.as_str()).collect::<Vec<_>>().join("; "))
        })
        .collect()
}

fn count_keys(
    subject: &Subject<'_>,
    keys: &ArrayRef,
    excluded: &BooleanArray,
    by_key: &mut BTreeMap<String, u64>,
) -> Result<(), DataError> {
    for row in (0..keys.len()).filter(|row| excluded.value(*row)) {
        let key = key_at(keys, row).map_err(|e| DataError::Column {
            subject: format!("`{}`", subject.name),
            column: "the burst key".to_owned(),
            message: e.to_string(),
        })?;
        if let Some(key) = key {
            *by_key.entry(key).or_default() += 1;
        }
    }
    Ok(())
}

fn take_samples(mark: &mut Marked, flag: &BooleanArray, excluded: &BooleanArray, rows: &RecordBatch) {
    if mark.rows == 0 || mark.samples.len() >= SAMPLES {
        return;
    }
    let columns = sample_columns(mark, rows);
    for row in 0..rows.num_rows() {
        if flag.value(row) && (mark.excludes() || !excluded.value(row)) {
            let text = sample(rows, row, &columns);
            if !mark.samples.contains(&text) {
                mark.samples.push(text);
            }
            if mark.samples.len() >= SAMPLES {
                return;
            }
        }
    }
}

/// The check's columns; for `not_null`, where they say little, also the first ones of the row.
fn sample_columns(mark: &Marked, rows: &RecordBatch) -> Vec<usize> {
    const BESIDE: usize = 3;
    let schema = rows.schema();
    let mut columns: Vec<usize> = mark.mark.columns.iter().filter_map(|name| schema.index_of(name).ok()).collect();
    if mark.kind == "not_null" {
        let beside: Vec<usize> = (0..rows.num_columns()).filter(|i| !columns.contains(i)).take(BESIDE).collect();
        columns.extend(beside);
    }
    columns
}

/// One row as an example: `client_id=7, visits=NULL`.
pub(super) fn sample(rows: &RecordBatch, row: usize, columns: &[usize]) -> String {
    const COLUMNS: usize = 8;
    let schema = rows.schema();
    let show = |&index: &usize| format!("{}={}", schema.field(index).name(), show(rows.column(index), row));
    columns.iter().take(COLUMNS).map(show).collect::<Vec<_>>().join(", ")
}

fn show(column: &ArrayRef, row: usize) -> String {
    const LENGTH: usize = 60;
    let text = match value_at(column, row) {
        Ok(Value::Null) => "NULL".to_owned(),
        Ok(Value::Decimal(decimal)) => decimal.to_string(),
        Ok(value) => value.as_key().unwrap_or_default(),
        Err(_) => column.data_type().to_string(),
    };
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
