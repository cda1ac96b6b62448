//! Reads a table's rows one after the other, a batch at a time, and holds the source to its word:
//! as many rows as it counts, with the table's columns. How rows look is not known here.

use arrow::array::RecordBatch;
use punctual_document::{
    content::{Batches, RowsError, Table},
    format::FormatError,
};

/// A place in a table's rows.
pub(in crate::pdf) struct RowCursor<'d> {
    place: &'d str,
    batches: Batches<'d>,
    batch: Option<RecordBatch>,
    next: usize,
    left: u64,
    columns: usize,
}

impl<'d> RowCursor<'d> {
    /// Before the first row.
    ///
    /// # Errors
    /// When the rows cannot be read.
    pub(in crate::pdf) fn new(place: &'d str, table: &'d Table) -> Result<Self, FormatError> {
        let (batches, left) = (table.rows.batches()?, table.rows.count());
        Ok(Self { place, batches, batch: None, next: 0, left, columns: table.width() })
    }

    /// The next batch as a whole; `None` after the last.
    ///
    /// # Errors
    /// When the rows cannot be read or are not what the table says.
    pub(in crate::pdf) fn next_batch(&mut self) -> Result<Option<&RecordBatch>, FormatError> {
        let Some(batch) = self.batches.next().transpose()? else {
            return if self.left == 0 { Ok(None) } else { Err(self.changed("fewer")) };
        };
        if batch.num_columns() != self.columns {
            return Err(FormatError::Content {
                place: self.place.to_owned(),
                message: format!("{} columns are described but {} are there", self.columns, batch.num_columns()),
            });
        }
        self.left = self.left.checked_sub(batch.num_rows() as u64).ok_or_else(|| self.changed("more"))?;
        self.next = 0;
        Ok(Some(self.batch.insert(batch)))
    }

    /// The batch and place of the next row; `None` after the last.
    ///
    /// # Errors
    /// As [`RowCursor::next_batch`].
    pub(in crate::pdf) fn next_row(&mut self) -> Result<Option<(&RecordBatch, usize)>, FormatError> {
        while self.batch.as_ref().is_none_or(|batch| self.next >= batch.num_rows()) {
            if self.next_batch()?.is_none() {
                return Ok(None);
            }
        }
        self.next += 1;
        Ok(self.batch.as_ref().map(|batch| (batch, self.next - 1)))
    }

    fn changed(&self, how: &str) -> FormatError {
        FormatError::Rows(RowsError(format!("`{}` gives {how} rows than it counts", self.place)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::{
        array::{ArrayRef, Int64Array},
        record_batch::RecordBatch,
    };
    use punctual_document::content::{Rows, RowsInMemory};

    use super::*;

    #[derive(Debug)]
    struct Counted(u64, RowsInMemory);

    impl Rows for Counted {
        fn count(&self) -> u64 {
            self.0
        }

        fn batches(&self) -> Result<Batches<'_>, RowsError> {
            self.1.batches()
        }
    }

    fn table(counted: u64, sizes: &[i64]) -> Table {
        let batch = |size: &i64| {
            let array: ArrayRef = Arc::new(Int64Array::from_iter_values(0..*size));
            RecordBatch::try_from_iter([("n", array)]).expect("one column")
        };
        let column = crate::pdf::fixture::column("n", "N", punctual_document::content::Align::Right);
        let rows = Arc::new(Counted(counted, RowsInMemory(sizes.iter().map(batch).collect())));
        Table { columns: vec![column], behind: Vec::new(), rows, totals: None, left_out: 0 }
    }

    fn count(table: &Table) -> Result<u64, FormatError> {
        let mut cursor = RowCursor::new("numbers", table)?;
        let mut seen = 0;
        while cursor.next_row()?.is_some() {
            seen += 1;
        }
        Ok(seen)
    }

    #[test]
    fn empty_batches_are_passed_over() {
        assert_eq!(count(&table(5, &[0, 2, 0, 0, 3, 0])).ok(), Some(5));
        assert_eq!(count(&table(0, &[])).ok(), Some(0));
    }

    #[test]
    fn rows_that_change_while_they_are_read_are_an_error() {
        for (counted, how) in [(4, "more"), (6, "fewer")] {
            let error = count(&table(counted, &[5])).expect_err("5 rows").to_string();
            assert!(error.contains(how), "{error}");
        }
    }
}
