//! The burst split: a table becomes one file sorted by edition, with the range of rows of each
//! edition, so that editions are read without running a query again. The split proves itself.

mod proof;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    path::Path,
    sync::Arc,
};

use arrow::{
    array::{Array, ArrayRef, RecordBatch, StringArray},
    datatypes::DataType,
};
use datafusion::{
    common::{Column, Result as DataFusionResult, exec_datafusion_err},
    logical_expr::{
        ColumnarValue, Expr, LogicalPlanBuilder, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
    },
};
use futures::StreamExt;
use punctual_model::{definition::Otherwise, finding::Finding};

use crate::{
    error::{DataError, unknown_name},
    session::Session,
    snapshot::{Layout, Rows, Snapshot, SnapshotWriter},
    sql::error::from_datafusion,
    tables::total_order,
    values::key_at,
};

/// Row groups below this size are not ended where an edition ends.
const GROUP_ROWS: u64 = 1 << 16;
/// Examples of keys in findings.
const SAMPLES: usize = 5;

/// A table to split.
#[derive(Debug, Clone, Copy)]
pub struct SplitInput<'a> {
    /// The name under which the session knows it.
    pub name: &'a str,
    /// Its rows.
    pub rows: &'a Snapshot,
    /// The order that its rows have, as given when it was stored.
    pub order_by: &'a [String],
}

/// A table by edition.
#[derive(Debug, Clone)]
pub struct SplitTable {
    /// Rows of known keys, sorted by key and then as in the whole table.
    pub snapshot: Snapshot,
    rows: Rows,
    ranges: BTreeMap<String, Range<u64>>,
    /// Rows without a key or with one that no edition has.
    pub unassigned: Unassigned,
}

impl SplitTable {
    /// The rows of an edition; none when it has none.
    pub fn edition(&self, key: &str) -> Rows {
        self.rows.range(self.ranges.get(key).cloned().unwrap_or(0..0))
    }

    /// The keys that have rows here.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.ranges.keys().map(String::as_str)
    }
}

/// Rows that belong to no edition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unassigned {
    /// Rows whose key is NULL.
    pub without_key: u64,
    /// Rows whose key is none of the editions'.
    pub unknown: u64,
    /// A few of those keys.
    pub keys: Vec<String>,
}

/// Splits a table by the values of `key` among `keys`, and proves that every row of an edition has
/// its key, and that rows and sums of the editions and of what is unassigned equal the whole.
///
/// # Errors
/// A table without the key column, a limit, a file that cannot be written, or a failed proof.
pub async fn split_table(
    session: &Session,
    input: SplitInput<'_>,
    key: &str,
    keys: &BTreeSet<String>,
    path: &Path,
) -> Result<SplitTable, DataError> {
    let subject = format!("the split of `{}`", input.name);
    let schema = &input.rows.schema;
    let index = schema.index_of(key).map_err(|_| DataError::Name {
        subject: subject.clone(),
        message: unknown_name("column", key, schema.fields().iter().map(|field| field.name().as_str())),
    })?;
    let mut order = vec![key_text(key).sort(true, false)];
    order.extend(total_order(&subject, schema, input.order_by)?);
    let plan = session.scan(input.name)?.sort(order).and_then(LogicalPlanBuilder::build);
    let mut batches = session.run_plan(&subject, plan.map_err(|e| from_datafusion(&subject, None, &e))?).await?;

    let mut writer = EditionWriter {
        keys,
        writer: SnapshotWriter::create(path, schema, Layout::RANGES)?,
        ranges: BTreeMap::new(),
        group_start: 0,
        unassigned: Unassigned::default(),
        rest: proof::Sums::new(schema),
    };
    while let Some(batch) = batches.next().await {
        writer.take(&batch?, index).map_err(|e| e.into_error(&subject, key))?;
    }
    let EditionWriter { writer, ranges, unassigned, rest, .. } = writer;
    let snapshot = writer.finish()?;
    let rows = Rows::open(&snapshot)?;
    let split = SplitTable { snapshot, rows, ranges, unassigned };
    proof::prove(&input, (key, index), &split, rest)?;
    Ok(split)
}

/// What the split of several tables tells about keys.
pub fn split_findings<'a>(
    key: &str,
    keys: &BTreeSet<String>,
    tables: impl Iterator<Item = (&'a str, &'a SplitTable)> + Clone,
) -> Vec<Finding> {
    let finding = |subject: &str, severity, message, rows, samples| Finding {
        subject: subject.to_owned(),
        check: "split".to_owned(),
        severity,
        message,
        rows,
        samples,
    };
    let mut findings = Vec::new();
    for (name, table) in tables.clone() {
        let Unassigned { without_key, unknown, keys: unknown_keys } = &table.unassigned;
        if *without_key > 0 {
            let message = format!("{} no `{key}` and belong to no edition", have(*without_key));
            findings.push(finding(name, Otherwise::Fail, message, *without_key, Vec::new()));
        }
        if *unknown > 0 {
            let message = format!("{} a `{key}` that no edition has", have(*unknown));
            let samples = unknown_keys.iter().map(|k| format!("{key}={k}")).collect();
            findings.push(finding(name, Otherwise::Fail, message, *unknown, samples));
        }
    }
    let names: Vec<String> = tables.clone().map(|(name, _)| format!("`{name}`")).collect();
    let empty = keys.iter().filter(|k| !tables.clone().any(|(_, table)| table.ranges.contains_key(*k)));
    for missing in empty.take_while(|_| !names.is_empty()) {
        let message = format!("{key} {missing} has no data in {}", names.join(", "));
        findings.push(finding("burst", Otherwise::Warn, message, 0, vec![format!("{key}={missing}")]));
    }
    findings
}

fn have(rows: u64) -> String {
    if rows == 1 { "1 row has".to_owned() } else { format!("{rows} rows have") }
}

/// Writes rows of known keys and remembers where each key's rows lie.
struct EditionWriter<'a> {
    keys: &'a BTreeSet<String>,
    writer: SnapshotWriter,
    ranges: BTreeMap<String, Range<u64>>,
    group_start: u64,
    unassigned: Unassigned,
    /// Sums of the rows that no edition gets.
    rest: proof::Sums,
}

impl EditionWriter<'_> {
    fn take(&mut self, batch: &RecordBatch, key_column: usize) -> Result<(), Problem> {
        let mut start = 0;
        let keys = batch.column(key_column);
        while start < batch.num_rows() {
            let key = key_at(keys, start)?;
            let mut end = start + 1;
            while end < batch.num_rows() && key_at(keys, end)? == key {
                end += 1;
            }
            self.take_run(key, &batch.slice(start, end - start))?;
            start = end;
        }
        Ok(())
    }

    /// Rows of one key, as far as one batch has them.
    fn take_run(&mut self, key: Option<String>, rows: &RecordBatch) -> Result<(), Problem> {
        let count = rows.num_rows() as u64;
        match key {
            Some(key) if self.keys.contains(&key) => {
                let from = self.writer.rows();
                if !self.ranges.contains_key(&key) && from - self.group_start >= GROUP_ROWS {
                    self.writer.end_row_group()?;
                    self.group_start = from;
                }
                self.writer.write(rows)?;
                let range = self.ranges.entry(key.clone()).or_insert(from..from);
                if range.end != from {
                    return Err(Problem::Scattered(key));
                }
                range.end += count;
            }
            Some(key) => {
                self.unassigned.unknown += count;
                if self.unassigned.keys.len() < SAMPLES && !self.unassigned.keys.contains(&key) {
                    self.unassigned.keys.push(key);
                }
                self.rest.add(rows);
            }
            None => {
                self.unassigned.without_key += count;
                self.rest.add(rows);
            }
        }
        Ok(())
    }
}

/// What stops a split.
enum Problem {
    Data(DataError),
    Key(crate::values::ValueError),
    /// Rows of one key do not lie together.
    Scattered(String),
}

impl Problem {
    fn into_error(self, subject: &str, key: &str) -> DataError {
        match self {
            Self::Data(error) => error,
            Self::Key(error) => {
                DataError::Column { subject: subject.to_owned(), column: key.to_owned(), message: error.to_string() }
            }
            Self::Scattered(value) => DataError::Proof {
                table: subject.to_owned(),
                key: key.to_owned(),
                message: format!("the rows of {value} do not lie together"),
            },
        }
    }
}

impl From<DataError> for Problem {
    fn from(error: DataError) -> Self {
        Self::Data(error)
    }
}

impl From<crate::values::ValueError> for Problem {
    fn from(error: crate::values::ValueError) -> Self {
        Self::Key(error)
    }
}

/// The key of a row as text, as an expression that a query can sort by.
fn key_text(column: &str) -> Expr {
    let signature = Signature::any(1, Volatility::Immutable);
    ScalarUDF::new_from_impl(KeyText { signature }).call(vec![Expr::Column(Column::from_name(column))])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct KeyText {
    signature: Signature,
}

impl ScalarUDFImpl for KeyText {
    fn name(&self) -> &str {
        "key_text"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> DataFusionResult<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        let column = args.args[0].to_array(args.number_rows)?;
        let keys = key_texts(&column).map_err(|e| exec_datafusion_err!("{e}"))?;
        Ok(ColumnarValue::Array(Arc::new(keys)))
    }
}

fn key_texts(column: &ArrayRef) -> Result<StringArray, crate::values::ValueError> {
    (0..column.len()).map(|row| key_at(column, row)).collect()
}
