//! Rows of snapshots as rows of documents: read lazily from Parquet, as often as a format needs.

use crate::content::{Batches, Rows, RowsError};

impl Rows for punctual_data::snapshot::Rows {
    fn count(&self) -> u64 {
        punctual_data::snapshot::Rows::count(self)
    }

    fn batches(&self) -> Result<Batches<'_>, RowsError> {
        let batches = punctual_data::snapshot::Rows::batches(self).map_err(|error| RowsError(error.to_string()))?;
        Ok(Box::new(batches.map(|batch| batch.map_err(|error| RowsError(error.to_string())))))
    }
}
