//! Writing snapshots: batches of any size become row groups of bounded size in a temporary file of
//! the same folder, which is hashed on the way, synced, and renamed to its name.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow::{
    array::{Array, AsArray, RecordBatch},
    compute::BatchCoalescer,
    datatypes::{DataType, IntervalUnit, Schema, SchemaRef},
};
use futures::{Stream, StreamExt};
use parquet::{
    arrow::{ArrowWriter, arrow_writer::ArrowWriterOptions},
    basic::{Compression, ZstdLevel},
    file::properties::{EnabledStatistics, WriterProperties},
};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use tokio::sync::mpsc;

use super::Snapshot;
use crate::{error::DataError, facts};

/// Rows of the batches that reach the encoder, however they arrive; fixed, so that a file's
/// bytes do not depend on how its rows were batched.
const BATCH_ROWS: usize = 8192;
/// Bytes of text after which a batch is full with fewer rows: wide texts must not gather by the thousand.
const BATCH_BYTES: usize = 4 << 20;
/// Batches that wait between the producer and the encoder.
const BATCHES_AHEAD: usize = 2;

/// How rows are laid out in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// A row group ends when its encoded size reaches this.
    pub row_group_bytes: usize,
    /// A row group has no more rows than this.
    pub row_group_rows: usize,
    /// A page has no more rows than this; what a reader of a row range decodes at most besides.
    pub page_rows: usize,
}

impl Layout {
    /// For rows that are read whole.
    pub const WHOLE: Self = Self { row_group_bytes: 16 << 20, row_group_rows: 1 << 20, page_rows: 20_000 };
    /// For rows that are read in ranges.
    pub const RANGES: Self = Self { row_group_bytes: 8 << 20, row_group_rows: 1 << 17, page_rows: 2048 };

    fn properties(self) -> WriterProperties {
        WriterProperties::builder()
            .set_created_by("punctual".to_owned())
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).expect("1 is a level of zstd")))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_data_page_row_count_limit(self.page_rows)
            .set_max_row_group_row_count(None)
            .build()
    }
}

/// Why a stream did not become a snapshot.
#[derive(Debug, thiserror::Error)]
pub enum StreamError<E> {
    /// The producer of the batches failed.
    #[error(transparent)]
    Source(E),
    /// The file could not be written.
    #[error(transparent)]
    Data(#[from] DataError),
}

/// Writes a stream of batches as a snapshot. Encoding runs on a thread of its own beside the
/// producer. When the stream fails, or this future is dropped, nothing remains.
///
/// # Errors
/// The stream's first error, or why the file could not be written.
pub async fn write_stream<S, E>(path: &Path, schema: SchemaRef, batches: S) -> Result<Snapshot, StreamError<E>>
where
    S: Stream<Item = Result<RecordBatch, E>>,
{
    let mut writer = SnapshotWriter::create(path, &schema, Layout::WHOLE)?;
    let (sender, mut receiver) = mpsc::channel::<Option<RecordBatch>>(BATCHES_AHEAD);
    let encoder = tokio::task::spawn_blocking(move || {
        while let Some(message) = receiver.blocking_recv() {
            match message {
                Some(batch) => writer.write(&batch)?,
                None => return writer.finish().map(Some),
            }
        }
        Ok::<_, DataError>(None)
    });
    let mut batches = std::pin::pin!(batches);
    let mut failed = None;
    while let Some(batch) = batches.next().await {
        match batch {
            Ok(batch) => {
                if sender.send(Some(batch)).await.is_err() {
                    break;
                }
            }
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    if failed.is_none() {
        // A closed channel means that the encoder failed; its error follows.
        let _ = sender.send(None).await;
    }
    drop(sender);
    let written = encoder.await.map_err(|e| DataError::file(path, format!("the encoder stopped: {e}")))?;
    match failed {
        Some(error) => Err(StreamError::Source(error)),
        None => Ok(written?.expect("the encoder finishes when it is told to")),
    }
}

/// Writes one snapshot, batch by batch. Dropped before [`SnapshotWriter::finish`], it leaves nothing.
pub struct SnapshotWriter {
    path: PathBuf,
    folder: PathBuf,
    schema: SchemaRef,
    layout: Layout,
    coalescer: BatchCoalescer,
    /// Rows in the coalescer, and the bytes of their texts.
    held: (usize, usize),
    writer: ArrowWriter<Tee>,
    rows: u64,
}

impl SnapshotWriter {
    /// Starts a snapshot that will lie at `path`.
    ///
    /// # Errors
    /// When a column's type cannot be kept in Parquet, or the folder cannot be written.
    pub fn create(path: &Path, schema: &Schema, layout: Layout) -> Result<Self, DataError> {
        let subject = || path.file_stem().map_or_else(String::new, |stem| format!("`{}`", stem.to_string_lossy()));
        refuse_intervals(schema, subject)?;
        let schema = facts::kept(schema);
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let temporary = tempfile::Builder::new()
            .prefix(".writing-")
            .suffix(".tmp")
            .tempfile_in(&folder)
            .map_err(|e| DataError::file(&folder, e))?;
        let options = ArrowWriterOptions::new().with_properties(layout.properties());
        let writer = ArrowWriter::try_new_with_options(Tee::new(temporary), Arc::clone(&schema), options)
            .map_err(|e| DataError::file(path, e))?;
        let coalescer = BatchCoalescer::new(Arc::clone(&schema), BATCH_ROWS);
        Ok(Self { path: path.to_owned(), folder, schema, layout, coalescer, held: (0, 0), writer, rows: 0 })
    }

    /// The schema that is written: the given one, nullable throughout, with the metadata of
    /// [`facts`] alone.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Rows written so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Adds the rows of a batch.
    ///
    /// # Errors
    /// When the batch's columns are not those of the schema, or the file cannot be written.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), DataError> {
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), batch.columns().to_vec())
            .map_err(|e| DataError::file(&self.path, format!("a batch does not have the announced columns: {e}")))?;
        self.rows += batch.num_rows() as u64;
        let mut start = 0;
        for (end, full) in cuts(&batch, &mut self.held) {
            let file = |e| DataError::file(&self.path, e);
            self.coalescer.push_batch(batch.slice(start, end - start)).map_err(file)?;
            if full {
                self.coalescer.finish_buffered_batch().map_err(file)?;
            }
            self.drain()?;
            start = end;
        }
        Ok(())
    }

    /// Ends the current row group, so that the next row starts a new one.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn end_row_group(&mut self) -> Result<(), DataError> {
        self.held = (0, 0);
        self.coalescer.finish_buffered_batch().map_err(|e| DataError::file(&self.path, e))?;
        self.drain()?;
        self.writer.flush().map_err(|e| DataError::file(&self.path, e))
    }

    /// Completes the file: footer, sync, rename, sync of the folder.
    ///
    /// # Errors
    /// When the file cannot be written; then nothing remains at the path but what was there before.
    pub fn finish(mut self) -> Result<Snapshot, DataError> {
        let error = |e: &dyn std::fmt::Display| DataError::file(&self.path, e);
        self.coalescer.finish_buffered_batch().map_err(|e| error(&e))?;
        let path = self.path.clone();
        self.drain()?;
        let error = |e: &dyn std::fmt::Display| DataError::file(&path, e);
        let tee = self.writer.into_inner().map_err(|e| error(&e))?;
        let (file, sha256, bytes) = tee.finish().map_err(|e| error(&e))?;
        file.as_file().sync_all().map_err(|e| error(&e))?;
        file.persist(&path).map_err(|e| error(&e.error))?;
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(|e| DataError::file(&self.folder, e))?;
        Ok(Snapshot { path, sha256, rows: self.rows, bytes, schema: self.schema })
    }

    fn drain(&mut self) -> Result<(), DataError> {
        while let Some(batch) = self.coalescer.next_completed_batch() {
            self.writer.write(&batch).map_err(|e| DataError::file(&self.path, e))?;
            let full = self.writer.in_progress_size() >= self.layout.row_group_bytes
                || self.writer.in_progress_rows() + BATCH_ROWS > self.layout.row_group_rows;
            if full {
                self.writer.flush().map_err(|e| DataError::file(&self.path, e))?;
            }
        }
        Ok(())
    }
}

/// Where a batch's rows end a batch for the encoder, counted on from the rows that are held already: at so many
/// rows, or at so many bytes of text. Each row decides by itself, so that it does not matter how rows arrive.
/// The last cut is the batch's end.
fn cuts(batch: &RecordBatch, held: &mut (usize, usize)) -> Vec<(usize, bool)> {
    let texts: Vec<TextLengths<'_>> = batch.columns().iter().filter_map(|column| text_lengths(column)).collect();
    let mut cuts = Vec::new();
    for row in 0..batch.num_rows() {
        held.0 += 1;
        held.1 += texts.iter().map(|length| length(row)).sum::<usize>();
        if held.0 == BATCH_ROWS || held.1 >= BATCH_BYTES {
            *held = (0, 0);
            cuts.push((row + 1, true));
        }
    }
    if cuts.last().is_none_or(|(end, _)| *end < batch.num_rows()) {
        cuts.push((batch.num_rows(), false));
    }
    cuts
}

type TextLengths<'a> = Box<dyn Fn(usize) -> usize + 'a>;

/// The length of each of a column's texts; `None` for a column whose values have one width.
fn text_lengths(column: &dyn Array) -> Option<TextLengths<'_>> {
    Some(match column.data_type() {
        DataType::Utf8 => {
            let texts = column.as_string::<i32>();
            Box::new(move |row| texts.value_length(row) as usize)
        }
        DataType::LargeUtf8 => {
            let texts = column.as_string::<i64>();
            Box::new(move |row| texts.value_length(row) as usize)
        }
        DataType::Utf8View => {
            let texts = column.as_string_view();
            Box::new(move |row| texts.value(row).len())
        }
        DataType::Binary => {
            let bytes = column.as_binary::<i32>();
            Box::new(move |row| bytes.value_length(row) as usize)
        }
        _ => return None,
    })
}

/// Parquet's interval has milliseconds and cannot hold Arrow's nanoseconds.
fn refuse_intervals(schema: &Schema, subject: impl Fn() -> String) -> Result<(), DataError> {
    for field in schema.fields() {
        if holds_interval(field.data_type()) {
            return Err(DataError::Column {
                subject: subject(),
                column: field.name().clone(),
                message: "is an interval of months, days and nanoseconds, which a snapshot cannot hold; select its \
                          parts as numbers, such as extract(epoch from ...)"
                    .to_owned(),
            });
        }
    }
    Ok(())
}

fn holds_interval(data_type: &DataType) -> bool {
    match data_type {
        DataType::Interval(unit) => *unit == IntervalUnit::MonthDayNano,
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => holds_interval(field.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| holds_interval(field.data_type())),
        DataType::Dictionary(_, values) => holds_interval(values),
        _ => false,
    }
}

/// A file that is hashed and counted while it is written.
struct Tee {
    file: BufWriter<NamedTempFile>,
    hasher: Sha256,
    bytes: u64,
}

impl Tee {
    fn new(file: NamedTempFile) -> Self {
        const BUFFER: usize = 256 * 1024;
        Self { file: BufWriter::with_capacity(BUFFER, file), hasher: Sha256::new(), bytes: 0 }
    }

    fn finish(self) -> io::Result<(NamedTempFile, String, u64)> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok((file, hex::encode(self.hasher.finalize()), self.bytes))
    }
}

impl Write for Tee {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
