//! A CSV file's rows into columns, with a place for every complaint: file, line, column.

use std::{
    borrow::Cow,
    io::{self, Read, Seek},
    sync::Arc,
};

use arrow::datatypes::SchemaRef;
use punctual_data::source::SourceError;
use punctual_model::{column_type::ColumnType, definition::Columns};

use super::{
    decode::Transcoded,
    dialect::File,
    numbers::NumberStyle,
    records::{Fault, Record, Records},
};
use crate::{
    batch::{Batcher, OutputColumn},
    context::Context,
    declare::{self, Declared, Unnamed},
    sink::{Misfit, Sink},
    stream::{Outlet, Stop},
    time::TimeRules,
    words,
};

const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";
const UTF16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// A file whose header has been read.
pub(super) struct Reader {
    records: Records,
    /// The first row, where the file has no header.
    first: Option<Record>,
    header: Vec<String>,
    bytes: u64,
    file: File,
    context: Context,
}

impl Reader {
    /// Opens the file and reads the header line.
    pub(super) fn open(file: File, context: Context) -> Result<Self, SourceError> {
        let unreadable = |error: io::Error| context.unreadable(&file.shown, &error);
        let mut opened = std::fs::File::open(&file.path).map_err(unreadable)?;
        let metadata = opened.metadata().map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(context.config(format!("`{}` is not a file", file.shown)));
        }
        let input: Box<dyn Read + Send> = match file.encoding {
            Some(encoding) => Box::new(Transcoded::new(opened, encoding)),
            None => {
                step_over_mark(&mut opened, &file, &context)?;
                Box::new(opened)
            }
        };
        let mut records = Records::new(input, file.dialect, context.cell_bytes());
        let mut record = Record::default();
        let found = records.read(&mut record).map_err(|fault| refusal(fault, 0, &file, &context))?;
        if !found || record.is_blank {
            let why = if file.has_header { "it needs a header line" } else { "it needs a first row" };
            return Err(context.data(line(&file, 1), format!("the file begins with nothing; {why}")));
        }
        let header = header(&record, &file, &context)?;
        records.expect_fields(record.len());
        let first = (!file.has_header).then_some(record);
        Ok(Self { records, first, header, bytes: metadata.len(), file, context })
    }

    /// The columns' names.
    pub(super) fn header(&self) -> &[String] {
        &self.header
    }

    /// The file's size.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The names of the dataset's columns.
    pub(super) fn columns(&self, declared: &Columns) -> Result<Vec<String>, SourceError> {
        Ok(self.resolve(declared)?.into_iter().flatten().map(|column| column.name).collect())
    }

    fn resolve(&self, declared: &Columns) -> Result<Vec<Option<Declared>>, SourceError> {
        let found: Vec<&str> = self.header.iter().map(String::as_str).collect();
        let unnamed = if self.file.skip_unnamed { Unnamed::Skip } else { Unnamed::Refuse };
        declare::resolve(&found, declared, unnamed).map_err(|message| self.context.data(line(&self.file, 1), message))
    }

    /// Matches the header with the declared columns.
    pub(super) fn rows(self, declared: &Columns, rules: &Arc<TimeRules>) -> Result<Rows, SourceError> {
        let resolved = self.resolve(declared)?;
        let mut targets = Vec::with_capacity(resolved.len());
        let mut columns = Vec::new();
        for column in resolved {
            targets.push(column.as_ref().map(|_| columns.len()));
            if let Some(column) = column {
                let column_type = column.column_type.unwrap_or(ColumnType::Text);
                columns.push(OutputColumn::new(column.name, column_type).with_collation(column.collation, None));
            }
        }
        let batcher = Batcher::new(&columns, rules);
        Ok(Rows { reader: self, batcher, targets, record: Record::default(), blank: None })
    }
}

/// A byte-order mark is no part of the text.
fn step_over_mark(opened: &mut std::fs::File, file: &File, context: &Context) -> Result<(), SourceError> {
    let unreadable = |error: io::Error| context.unreadable(&file.shown, &error);
    let mut begin = Vec::new();
    opened.by_ref().take(UTF8_MARK.len() as u64).read_to_end(&mut begin).map_err(unreadable)?;
    if UTF16_MARKS.iter().any(|mark| begin.starts_with(mark)) {
        let message = "the file begins as UTF-16 does; say `encoding: utf-16` on the source";
        return Err(context.data(line(file, 1), message));
    }
    let skipped = if begin == UTF8_MARK { UTF8_MARK.len() } else { 0 };
    opened.seek(io::SeekFrom::Start(skipped as u64)).map_err(unreadable)?;
    Ok(())
}

fn line(file: &File, line: u64) -> String {
    format!("{} line {line}", file.shown)
}

/// The names of the columns; those without one are empty.
fn header(record: &Record, file: &File, context: &Context) -> Result<Vec<String>, SourceError> {
    let place = line(file, record.line);
    if record.len() == 1 && !record.has_quotes {
        let text = String::from_utf8_lossy(record.field(0));
        let other = [',', ';', '\t', '|'].into_iter().find(|c| text.contains(*c));
        if let Some(other) = other {
            let word = if other == '\t' { "tab".to_owned() } else { format!("\"{other}\"") };
            let message = format!(
                "the line is one field, `{}`; if it is more, say `delimiter: {word}` on the source",
                words::value(&text)
            );
            return Err(context.data(place, message));
        }
    }
    if !file.has_header {
        return Ok((1..=record.len()).map(|number| format!("column_{number}")).collect());
    }
    (0..record.len())
        .map(|at| {
            let name = std::str::from_utf8(record.field(at)).map_err(|_| {
                let message = format!(
                    "the name of column {} is not UTF-8; say how the file is encoded with `encoding:` on the source",
                    at + 1
                );
                context.data(&place, message)
            })?;
            let name = if name.trim().is_empty() || file.trim { name.trim() } else { name };
            Ok(name.to_owned())
        })
        .collect()
}

fn refusal(fault: Fault, rows: u64, file: &File, context: &Context) -> SourceError {
    match fault {
        Fault::Grammar { line: number, message } => context.data(line(file, number), message),
        Fault::TooLong { line: number, place, bytes } => {
            let place = match place {
                usize::MAX => line(file, number),
                place => format!("{}, field {}", line(file, number), place + 1),
            };
            context.too_long(place, bytes)
        }
        Fault::Io { line: number, error } if error.kind() == io::ErrorKind::InvalidData => {
            context.data(line(file, number), error.to_string())
        }
        Fault::Io { error, .. } => context.interrupted(rows, format!("`{}`: {error}", file.shown)),
    }
}

/// A file's rows on their way into columns.
pub(super) struct Rows {
    reader: Reader,
    batcher: Batcher,
    /// For each field, the column that takes it.
    targets: Vec<Option<usize>>,
    record: Record,
    /// A line without anything, which only the file's end may follow.
    blank: Option<u64>,
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
        while self.next()? {
            let mut record = std::mem::take(&mut self.record);
            self.push(&record)?;
            let full = self.batcher.end_row(record.size());
            std::mem::swap(&mut self.record, &mut record);
            if full {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads the next row that has something in it; false at the end of the file.
    fn next(&mut self) -> Result<bool, SourceError> {
        if let Some(first) = self.reader.first.take() {
            self.record = first;
            return Ok(true);
        }
        let Reader { records, file, context, .. } = &mut self.reader;
        loop {
            let rows = self.batcher.total();
            if !records.read(&mut self.record).map_err(|fault| refusal(fault, rows, file, context))? {
                return Ok(false);
            }
            if !self.record.is_blank {
                break;
            }
            self.blank.get_or_insert(self.record.line);
        }
        match self.blank {
            None => Ok(true),
            Some(blank) => {
                let message = "the line is empty; take it out, or write \"\" for a row with an empty field";
                Err(context.data(line(file, blank), message))
            }
        }
    }

    fn push(&mut self, record: &Record) -> Result<(), SourceError> {
        let Reader { file, context, .. } = &self.reader;
        if record.len() != self.targets.len() {
            let first = if file.has_header { "the header" } else { "the first row" };
            let message = format!("found {} fields, {first} has {}", record.len(), self.targets.len());
            return Err(context.data(line(file, record.line), message));
        }
        for (place, target) in self.targets.iter().enumerate() {
            let Some(target) = *target else { continue };
            if let Err(misfit) = push(record.field(place), file, &mut self.batcher.sinks()[target]) {
                let place = format!("{}, column `{}`", line(file, record.line), self.batcher.name(target));
                return Err(context.data(place, misfit.into_message()));
            }
        }
        Ok(())
    }
}

#[inline]
fn push(field: &[u8], file: &File, sink: &mut Sink) -> Result<(), Misfit> {
    let text = std::str::from_utf8(field).map_err(|error| {
        Misfit::new(format!(
            "the bytes are not UTF-8 (at byte {} of the field); say how the file is encoded with `encoding:` on the source, such as windows-1252",
            error.valid_up_to() + 1
        ))
    })?;
    let text = if file.trim { text.trim() } else { text };
    if text == file.null {
        sink.push_null();
        return Ok(());
    }
    let is_number = matches!(sink.column_type(), ColumnType::Int | ColumnType::Double | ColumnType::Decimal { .. });
    if !is_number {
        return sink.push_text(text);
    }
    // What is not written in the declared style is refused as it stands, never read in another one.
    let plain: Option<Cow<'_, str>> = file.numbers.plain(text);
    let pushed = match plain {
        Some(plain) => sink.push_text(&plain),
        None => Err(sink.misfit(&text)),
    };
    pushed.map_err(|misfit| explained(misfit, text, file))
}

/// Adds the way out where another way to write numbers would do.
fn explained(misfit: Misfit, text: &str, file: &File) -> Misfit {
    let message = misfit.into_message();
    let way = if text.trim() != text && text.trim().bytes().all(|b| b.is_ascii_digit() || b"+-.,".contains(&b)) {
        Some("; blanks around fields are dropped by `trim: true` on the source".to_owned())
    } else if text.ends_with('%') {
        Some("; declare `text`, and take the % off in a table's SQL".to_owned())
    } else if file.numbers == NumberStyle::Plain {
        NumberStyle::that_reads(text)
            .filter(|_| text.parse::<f64>().is_err())
            .map(|word| format!("; if the file writes numbers so, say `numbers: \"{word}\"` on the source"))
    } else {
        None
    };
    Misfit::new(message + &way.unwrap_or_default())
}
