//! Reading a CSV file's lines into columns, with a place for every complaint: file, line, column.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use arrow::datatypes::SchemaRef;
use csv::{ByteRecord, ErrorKind};
use punctual_data::source::SourceError;
use punctual_model::{column_type::ColumnType, definition::Columns};

use super::File;
use crate::{
    batch::{Batcher, OutputColumn},
    context::Context,
    declare,
    sink::Misfit,
    stream::{Outlet, Stop},
    time::TimeRules,
};

/// Bytes read from the disk at once.
const READ_BYTES: usize = 1 << 18;

type Csv = csv::Reader<QuoteParity<std::fs::File>>;

/// A file whose header has been read.
pub(super) struct Reader {
    csv: Csv,
    quotes_open: Arc<AtomicBool>,
    header: Vec<String>,
    bytes: u64,
    file: File,
    context: Context,
}

/// Counts quotes on the way: a file in which one is never closed has an odd number of them.
struct QuoteParity<R> {
    inner: R,
    odd: Arc<AtomicBool>,
}

impl<R: Read> Read for QuoteParity<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let quotes = buffer[..count].iter().filter(|byte| **byte == b'"').count();
        if quotes % 2 == 1 {
            self.odd.fetch_xor(true, Ordering::Relaxed);
        }
        Ok(count)
    }
}

impl Reader {
    /// Opens the file and reads the header line.
    pub(super) fn open(file: File, context: Context) -> Result<Self, SourceError> {
        let unreachable = |why: String| context.unreachable(format!("`{}`: {why}", file.shown));
        let metadata = std::fs::metadata(&file.path).map_err(|error| unreachable(error.to_string()))?;
        if !metadata.is_file() {
            return Err(unreachable("it is not a file".to_owned()));
        }
        let opened = std::fs::File::open(&file.path).map_err(|error| unreachable(error.to_string()))?;
        let quotes_open = Arc::new(AtomicBool::new(false));
        let mut csv = csv::ReaderBuilder::new()
            .delimiter(file.delimiter)
            .buffer_capacity(READ_BYTES)
            .from_reader(QuoteParity { inner: opened, odd: Arc::clone(&quotes_open) });
        let header = read_header(&mut csv, &file, &context)?;
        Ok(Self { csv, quotes_open, header, bytes: metadata.len(), file, context })
    }

    /// The columns' names.
    pub(super) fn header(&self) -> &[String] {
        &self.header
    }

    /// The file's size.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Matches the header with the declared columns.
    pub(super) fn rows(self, declared: &Columns, rules: &Arc<TimeRules>) -> Result<Rows, SourceError> {
        let found: Vec<&str> = self.header.iter().map(String::as_str).collect();
        let place = format!("{} line 1", self.file.shown);
        let columns = declare::resolve(&found, declared).map_err(|message| self.context.data(place, message))?;
        let columns: Vec<OutputColumn> = columns
            .into_iter()
            .map(|c| OutputColumn { name: c.name, column_type: c.column_type.unwrap_or(ColumnType::Text) })
            .collect();
        let batcher = Batcher::new(&columns, rules);
        Ok(Rows { reader: self, batcher, record: ByteRecord::new(), last_start: 0 })
    }
}

fn read_header(csv: &mut Csv, file: &File, context: &Context) -> Result<Vec<String>, SourceError> {
    let place = format!("{} line 1", file.shown);
    let record = csv.byte_headers().map_err(|error| context.data(&*place, error.to_string()))?;
    if record.is_empty() {
        return Err(context.data(place, "the file is empty; it needs a header line"));
    }
    let mut header = Vec::with_capacity(record.len());
    for (number, field) in (1..).zip(record) {
        let name = std::str::from_utf8(field)
            .map_err(|_| context.data(&*place, format!("the name of column {number} is not UTF-8")))?;
        if name.trim().is_empty() {
            return Err(context.data(place, format!("column {number} has no name")));
        }
        if header.iter().any(|earlier| earlier == name) {
            return Err(context.data(place, format!("two columns are named `{name}`")));
        }
        header.push(name.to_owned());
    }
    Ok(header)
}

/// A file's rows on their way into columns.
pub(super) struct Rows {
    reader: Reader,
    batcher: Batcher,
    record: ByteRecord,
    /// The line on which the last record began.
    last_start: u64,
}

impl Rows {
    /// The dataset's schema.
    pub(super) fn schema(&self) -> SchemaRef {
        self.batcher.schema()
    }

    /// Reads the file to its end, or until nobody takes the rows.
    pub(super) fn run(mut self, outlet: Outlet) {
        let outcome = loop {
            match self.fill() {
                Ok(more) => {
                    let put = self.batcher.take().map_or(Ok(()), |batch| outlet.put_blocking(batch));
                    match put {
                        Ok(()) if more => {}
                        Ok(()) => break Ok(()),
                        Err(Stop::TimedOut) => break Err(self.reader.context.timeout()),
                        Err(Stop::Dropped) => return,
                    }
                }
                Err(error) => break Err(error),
            }
        };
        outlet.end_blocking(outcome);
    }

    /// Fills one batch; false at the end of the file.
    fn fill(&mut self) -> Result<bool, SourceError> {
        loop {
            let more = self.reader.csv.read_byte_record(&mut self.record);
            if !more.map_err(|error| self.refusal(error))? {
                self.check_quotes()?;
                return Ok(false);
            }
            let line = self.record.position().map_or(0, csv::Position::line);
            self.last_start = line;
            for (place, field) in self.record.iter().enumerate() {
                if let Err(misfit) = push(field, &self.reader.file.null, &mut self.batcher.sinks()[place]) {
                    let name = self.batcher.name(place);
                    let place = format!("{} line {line}, column `{name}`", self.reader.file.shown);
                    return Err(self.reader.context.data(place, misfit.into_message()));
                }
            }
            if self.batcher.end_row(self.record.as_slice().len()) {
                return Ok(true);
            }
        }
    }

    /// A quote that is never closed makes one field of all that follows; the rows in it would be
    /// lost without a word.
    fn check_quotes(&self) -> Result<(), SourceError> {
        let end = self.reader.csv.position().line();
        let spans_lines = end > self.last_start + 1;
        if self.reader.quotes_open.load(Ordering::Relaxed) && spans_lines {
            let place = format!("{} line {}", self.reader.file.shown, self.last_start);
            return Err(self.reader.context.data(place, "a quoted field begins here and does not end"));
        }
        Ok(())
    }

    fn refusal(&self, error: csv::Error) -> SourceError {
        let Reader { file, context, .. } = &self.reader;
        match error.kind() {
            ErrorKind::UnequalLengths { pos, expected_len, len } => {
                let line = pos.as_ref().map_or(0, csv::Position::line);
                let message = format!("found {len} fields, the header has {expected_len}");
                context.data(format!("{} line {line}", file.shown), message)
            }
            ErrorKind::Io(error) => context.interrupted(self.batcher.total(), format!("`{}`: {error}", file.shown)),
            _ => context.data(&*file.shown, error.to_string()),
        }
    }
}

#[inline]
fn push(field: &[u8], null: &str, sink: &mut crate::sink::Sink) -> Result<(), Misfit> {
    if field == null.as_bytes() {
        sink.push_null();
        return Ok(());
    }
    match std::str::from_utf8(field) {
        Ok(text) => sink.push_text(text),
        Err(error) => Err(Misfit::new(format!(
            "the bytes are not UTF-8 (at byte {} of the field); save the file as UTF-8",
            error.valid_up_to() + 1
        ))),
    }
}
