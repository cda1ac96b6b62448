//! Rows into record batches of bounded size: at most so many rows, and at most so many bytes
//! when rows are long. It knows no type of source.

use std::sync::Arc;

use arrow::{
    array::RecordBatch,
    datatypes::{Field, Schema, SchemaRef},
};
use punctual_model::column_type::ColumnType;

use crate::{
    sink::{Sink, arrow_type},
    time::TimeRules,
};

/// Rows in a batch.
pub(crate) const BATCH_ROWS: usize = 8_192;
/// Bytes of values after which a batch is full even with fewer rows.
const BATCH_BYTES: usize = 8 << 20;

/// A column of the dataset: its name and what it keeps.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OutputColumn {
    pub(crate) name: String,
    pub(crate) column_type: ColumnType,
}

/// Fills one batch after the other.
pub(crate) struct Batcher {
    schema: SchemaRef,
    sinks: Vec<Sink>,
    rows: usize,
    bytes: usize,
    total: u64,
}

impl Batcher {
    /// For these columns; every column can be NULL.
    pub(crate) fn new(columns: &[OutputColumn], rules: &Arc<TimeRules>) -> Self {
        let fields: Vec<Field> = columns.iter().map(|c| Field::new(&c.name, arrow_type(c.column_type), true)).collect();
        let sinks = columns.iter().map(|c| Sink::new(c.column_type, Arc::clone(rules), BATCH_ROWS)).collect();
        Self { schema: Arc::new(Schema::new(fields)), sinks, rows: 0, bytes: 0, total: 0 }
    }

    /// The dataset's schema.
    pub(crate) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The columns that take the next row's values.
    #[inline]
    pub(crate) fn sinks(&mut self) -> &mut [Sink] {
        &mut self.sinks
    }

    /// Ends a row of so many bytes; true when the batch is full.
    #[inline]
    pub(crate) fn end_row(&mut self, bytes: usize) -> bool {
        self.rows += 1;
        self.total += 1;
        self.bytes += bytes;
        self.rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES
    }

    /// Rows ended so far, in all batches.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The column's name, for messages.
    pub(crate) fn name(&self, column: usize) -> &str {
        self.schema.field(column).name()
    }

    /// The rows since the last call; `None` if there are none.
    pub(crate) fn take(&mut self) -> Option<RecordBatch> {
        if self.rows == 0 {
            return None;
        }
        let columns = self.sinks.iter_mut().map(|sink| sink.take(BATCH_ROWS)).collect();
        self.rows = 0;
        self.bytes = 0;
        let batch = RecordBatch::try_new(self.schema(), columns);
        Some(batch.expect("every sink took one value a row, of its own type"))
    }
}
