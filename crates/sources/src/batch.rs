//! Rows into record batches of bounded size: at most so many rows, and at most so many bytes
//! when rows are long. It knows no type of source.

use std::sync::Arc;

use arrow::{
    array::RecordBatch,
    datatypes::{Field, Schema, SchemaRef},
};
use punctual_data::facts::{COLLATION, COLLATION_CI, COLLATION_PADDED};
use punctual_model::{column_type::ColumnType, definition::Collation};

use crate::{
    sink::{Normal, Sink, arrow_type},
    time::TimeRules,
};

/// Rows in a batch.
pub(crate) const BATCH_ROWS: usize = 8_192;
/// Bytes of values after which a batch is full even with fewer rows.
const BATCH_BYTES: usize = 4 << 20;
/// What a value takes besides its text: its own bytes, or where its text ends.
const VALUE_BYTES: usize = 8;

/// A column of the dataset: its name and what it keeps.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OutputColumn {
    pub(crate) name: String,
    pub(crate) column_type: ColumnType,
    normal: Normal,
    note: Option<&'static str>,
}

/// Which texts a source's server calls equal, beyond those with equal characters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Equality {
    /// Those that differ in case.
    pub(crate) folds: bool,
    /// Those that differ in blanks at the end.
    pub(crate) pads: bool,
    /// Whether the server itself fills texts up with blanks, which are no part of them.
    pub(crate) fills: bool,
}

impl OutputColumn {
    pub(crate) fn new(name: String, column_type: ColumnType) -> Self {
        Self { name, column_type, normal: Normal::Exact, note: None }
    }

    /// The same with what is declared of its texts, and what the server calls equal among them. Without a
    /// declaration a server's filling goes; what else may differ from the server is noted on the column.
    pub(crate) fn with_collation(mut self, declared: Option<Collation>, server: Option<Equality>) -> Self {
        if self.column_type != ColumnType::Text {
            return self;
        }
        let server = server.unwrap_or_default();
        (self.normal, self.note) = match declared {
            Some(Collation::Exact) => (Normal::Exact, None),
            Some(Collation::Fold) => (Normal::Fold, None),
            Some(Collation::Trim) => (Normal::Trim, server.folds.then_some(COLLATION_CI)),
            None => {
                let normal = if server.fills { Normal::Trim } else { Normal::Exact };
                let pads = server.pads && !server.fills;
                (normal, server.folds.then_some(COLLATION_CI).or(pads.then_some(COLLATION_PADDED)))
            }
        };
        self
    }

    fn field(&self) -> Field {
        let field = Field::new(&self.name, arrow_type(self.column_type), true);
        match self.note {
            Some(note) => field.with_metadata([(COLLATION.to_owned(), note.to_owned())].into()),
            None => field,
        }
    }
}

/// Fills one batch after the other.
pub(crate) struct Batcher {
    schema: SchemaRef,
    sinks: Vec<Sink>,
    /// Rows that a batch makes room for at first.
    room: usize,
    rows: usize,
    bytes: usize,
    total: u64,
}

impl Batcher {
    /// For these columns; every column can be NULL.
    pub(crate) fn new(columns: &[OutputColumn], rules: &Arc<TimeRules>) -> Self {
        let fields: Vec<Field> = columns.iter().map(OutputColumn::field).collect();
        let room = (BATCH_BYTES / (VALUE_BYTES * columns.len().max(1))).clamp(1, BATCH_ROWS);
        let sinks = columns.iter().map(|c| Sink::new(c.column_type, Arc::clone(rules), c.normal, room)).collect();
        Self { schema: Arc::new(Schema::new(fields)), sinks, room, rows: 0, bytes: 0, total: 0 }
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
        self.bytes += bytes + VALUE_BYTES * self.sinks.len();
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
        let columns = self.sinks.iter_mut().map(|sink| sink.take(self.room)).collect();
        self.rows = 0;
        self.bytes = 0;
        let batch = RecordBatch::try_new(self.schema(), columns);
        Some(batch.expect("every sink took one value a row, of its own type"))
    }
}
