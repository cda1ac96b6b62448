//! Reading snapshots back: whole, a range of rows, some columns, or the rows of one key; in
//! batches, as often as wanted, with memory for a few pages of each column.

use std::{fs::File, ops::Range, path::Path, path::PathBuf, sync::Arc};

use arrow::{
    array::{BooleanArray, RecordBatch, RecordBatchOptions},
    compute::filter_record_batch,
    datatypes::{Schema, SchemaRef},
    error::ArrowError,
};
use parquet::{
    arrow::{
        ProjectionMask,
        arrow_reader::{
            ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
        },
    },
    file::metadata::PageIndexPolicy,
};

use super::Snapshot;
use crate::{
    error::{DataError, unknown_name},
    facts,
    values::key_at,
};

const BATCH_ROWS: usize = 8192;

/// Batches of rows, each with the wanted columns in the wanted order.
pub type Batches = Box<dyn Iterator<Item = Result<RecordBatch, DataError>> + Send>;

/// Rows of a snapshot that can be read again and again. The file's footer is read once.
#[derive(Debug, Clone)]
pub struct Rows {
    file: Arc<Footer>,
    range: Range<u64>,
    columns: Arc<[usize]>,
    schema: SchemaRef,
}

#[derive(Debug)]
struct Footer {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
    schema: SchemaRef,
    /// The first row of each row group, then the number of all rows.
    starts: Vec<u64>,
}

impl Rows {
    /// All rows and columns of a snapshot.
    ///
    /// # Errors
    /// When the file cannot be read or is not a Parquet file.
    pub fn open(snapshot: &Snapshot) -> Result<Self, DataError> {
        Self::open_path(&snapshot.path)
    }

    /// All rows and columns of a Parquet file.
    ///
    /// # Errors
    /// When the file cannot be read or is not a Parquet file.
    pub fn open_path(path: &Path) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|e| DataError::file(path, e))?;
        let metadata = footer(path, &file)?;
        let mut starts = vec![0];
        for group in metadata.metadata().row_groups() {
            let rows = u64::try_from(group.num_rows()).map_err(|e| DataError::file(path, e))?;
            starts.push(starts.last().expect("never empty") + rows);
        }
        let schema = facts::kept(metadata.schema());
        let rows = *starts.last().expect("never empty");
        let columns = (0..schema.fields().len()).collect();
        let file = Footer { path: path.to_owned(), metadata, schema: Arc::clone(&schema), starts };
        Ok(Self { file: Arc::new(file), range: 0..rows, columns, schema })
    }

    /// The columns that batches have.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The number of rows.
    pub fn count(&self) -> u64 {
        self.range.end - self.range.start
    }

    /// The same rows with only these columns, in this order.
    ///
    /// # Errors
    /// The first name that is no column, with the nearest one.
    pub fn columns(&self, names: &[&str]) -> Result<Self, DataError> {
        Ok(self.select(names.iter().map(|name| self.column(name)).collect::<Result<_, _>>()?))
    }

    /// The rows of this range of the file; a range beyond the end is cut.
    pub fn range(&self, range: Range<u64>) -> Self {
        let end = range.end.min(self.range.end);
        Self { range: range.start.min(end)..end, ..self.clone() }
    }

    /// Reads from the first row.
    ///
    /// # Errors
    /// When the file cannot be opened; errors on the way come through the iterator.
    pub fn batches(&self) -> Result<Batches, DataError> {
        if self.range.is_empty() {
            return Ok(Box::new(std::iter::empty()));
        }
        let path = self.file.path.clone();
        let reader = self.reader().map_err(|e| DataError::file(&path, e))?;
        let order = self.output_order();
        let schema = Arc::clone(&self.schema);
        Ok(Box::new(reader.map(move |batch| {
            batch
                .and_then(|batch| {
                    let columns = order.iter().map(|&at| Arc::clone(batch.column(at))).collect();
                    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
                    RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &rows)
                })
                .map_err(|e| DataError::file(&path, e))
        })))
    }

    /// Reads the rows whose `column` has this key, as [`key_at`] writes it. The column need not
    /// be among the wanted ones.
    ///
    /// # Errors
    /// As [`Rows::batches`], and when there is no such column.
    pub fn batches_of(&self, column: &str, key: &str) -> Result<Batches, DataError> {
        let path = self.file.path.clone();
        let wanted: Vec<usize> = (0..self.columns.len()).collect();
        let mut with_key = self.columns.to_vec();
        with_key.push(self.column(column)?);
        let key = key.to_owned();
        let batches = self.select(with_key.into()).batches()?;
        Ok(Box::new(batches.map(move |batch| {
            let batch = batch?;
            let mask = rows_with_key(&batch, wanted.len(), &key);
            mask.and_then(|mask| filter_record_batch(&batch.project(&wanted)?, &mask))
                .map_err(|e| DataError::file(&path, e))
        })))
    }

    fn select(&self, columns: Arc<[usize]>) -> Self {
        let fields: Vec<_> = columns.iter().map(|&index| Arc::clone(&self.file.schema.fields()[index])).collect();
        Self { columns, schema: Arc::new(Schema::new(fields)), ..self.clone() }
    }

    fn column(&self, name: &str) -> Result<usize, DataError> {
        self.file.schema.index_of(name).map_err(|_| DataError::Name {
            subject: self.file.path.display().to_string(),
            message: unknown_name("column", name, self.file.schema.fields().iter().map(|f| f.name().as_str())),
        })
    }

    /// Only the row groups that the range touches are opened, and pages before it are skipped.
    fn reader(&self) -> Result<ParquetRecordBatchReader, Box<dyn std::error::Error>> {
        let file = File::open(&self.file.path)?;
        let starts = &self.file.starts;
        let first = starts.partition_point(|&start| start <= self.range.start) - 1;
        let last = starts.partition_point(|&start| start < self.range.end);
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.file.metadata.clone());
        let mask = ProjectionMask::roots(builder.parquet_schema(), self.columns.iter().copied());
        let builder = builder
            .with_batch_size(BATCH_ROWS)
            .with_row_groups((first..last).collect())
            .with_projection(mask)
            .with_offset(usize::try_from(self.range.start - starts[first])?)
            .with_limit(usize::try_from(self.count())?);
        Ok(builder.build()?)
    }

    /// Parquet gives columns in the file's order, each once.
    fn output_order(&self) -> Vec<usize> {
        let mut present: Vec<usize> = self.columns.to_vec();
        present.sort_unstable();
        present.dedup();
        self.columns.iter().map(|index| present.binary_search(index).expect("each wanted column is read")).collect()
    }
}

fn rows_with_key(batch: &RecordBatch, column: usize, key: &str) -> Result<BooleanArray, ArrowError> {
    let column = batch.column(column);
    (0..batch.num_rows())
        .map(|row| {
            key_at(column, row)
                .map(|found| Some(found.as_deref() == Some(key)))
                .map_err(|e| ArrowError::ComputeError(e.to_string()))
        })
        .collect()
}

/// The footer with the offset index, which lets a reader skip pages.
pub(super) fn footer(path: &Path, file: &File) -> Result<ArrowReaderMetadata, DataError> {
    let options = ArrowReaderOptions::new().with_offset_index_policy(PageIndexPolicy::Optional);
    ArrowReaderMetadata::load(file, options).map_err(|e| DataError::file(path, e))
}
