//! Rows seen through a section's columns: each batch is projected when it is read, and computed
//! columns are added, so that a large table is never held whole.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray as _, Date32Array, Float64Array, RecordBatch, RecordBatchOptions},
    compute::cast,
    datatypes::{DataType, Float64Type},
};
use jiff::{civil, tz::TimeZone};
use punctual_model::value::Value;

use super::columns::{Projection, Source};
use crate::{
    arrow_value::value_at,
    content::{Batches, Rows, RowsError},
    formula::Formula,
};

/// The rows of a table through the columns of a section.
#[derive(Debug)]
pub(super) struct ProjectedRows {
    pub(super) rows: Arc<dyn Rows>,
    pub(super) projection: Arc<Projection>,
}

impl Rows for ProjectedRows {
    fn count(&self) -> u64 {
        self.rows.count()
    }

    fn batches(&self) -> Result<Batches<'_>, RowsError> {
        let batches = self.rows.batches()?;
        Ok(Box::new(batches.map(|batch| self.projection.project(&batch?))))
    }
}

impl Projection {
    /// A batch of the table as a batch of the section's columns.
    ///
    /// # Errors
    /// When the batch does not have the table's columns.
    pub(super) fn project(&self, batch: &RecordBatch) -> Result<RecordBatch, RowsError> {
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.sources.len());
        for source in &self.sources {
            let column = |index: &usize| {
                let column = batch.columns().get(*index);
                column.ok_or_else(|| RowsError(format!("a batch has {} columns only", batch.num_columns())))
            };
            let array = match source {
                Source::Column(index) => Arc::clone(column(index)?),
                Source::Date(index, zone) => dates(column(index)?, zone),
                Source::Formula(formula) => computed(formula, &arrays, batch.num_rows())?,
            };
            arrays.push(array);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)
            .map_err(|error| RowsError(error.to_string()))
    }
}

/// Any numeric array as doubles.
pub(super) fn doubles(array: &ArrayRef) -> Result<ArrayRef, RowsError> {
    cast(array, &DataType::Float64).map_err(|error| RowsError(error.to_string()))
}

/// The double in a row of an array of doubles.
pub(super) fn double_at(array: &ArrayRef, row: usize) -> Option<f64> {
    array.is_valid(row).then(|| array.as_primitive::<Float64Type>().value(row))
}

fn computed(formula: &Formula, earlier: &[ArrayRef], rows: usize) -> Result<ArrayRef, RowsError> {
    let mut operands: Vec<Option<ArrayRef>> = vec![None; earlier.len()];
    for index in formula.columns() {
        operands[index] = Some(doubles(&earlier[index])?);
    }
    let value = |row: usize| formula.evaluate(&|index| double_at(operands[index].as_ref()?, row));
    Ok(Arc::new((0..rows).map(value).collect::<Float64Array>()))
}

/// The civil dates of timestamps.
fn dates(array: &ArrayRef, zone: &TimeZone) -> ArrayRef {
    let epoch = civil::date(1970, 1, 1);
    let day = |row: usize| {
        let date = match value_at(array, row) {
            Value::Instant(at) => zone.to_datetime(at).date(),
            Value::Local(at) => at.date(),
            Value::Date(date) => date,
            _ => return None,
        };
        Some((date - epoch).get_days())
    };
    Arc::new((0..array.len()).map(day).collect::<Date32Array>())
}
