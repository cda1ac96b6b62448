//! CSV: the document's data for programs, by RFC 4180: commas, CR LF, quotes where needed.
//!
//! One file holds every section that has data, as blocks: a header row with the fields' names, then
//! the records, and an empty line before the next block. The first column of every block is
//! `section`, so a block is found by its name and a record never loses where it belongs. A document
//! with one table and nothing else is one rectangle. Drawings and paragraphs are left to the other
//! formats; totals too, since a program that adds up a column must not count them again.
//!
//! Values are plain (`1234.50`, `0.125` for 12.5%, `2026-10-05`), with the digits that people see in
//! the other formats. Text that a spreadsheet would take for a formula gets an apostrophe.
//! The file begins with a byte order mark: without one, Excel reads UTF-8 as something else.

use std::{borrow::Cow, io::Write};

use punctual_document::{
    content::{Body, ChangeBy, Chart, Document, Figure, Table},
    format::{Format, FormatError, FormatKind, Written},
    write::Style,
};
use punctual_model::{kinds::KindSpec, value::Value, zone::Zone};

use crate::{
    plain::{self, CHANGE_DECIMALS, Plain},
    scalar::{Scalar, check_columns, scalar_at},
    words,
};

/// The registration.
pub(crate) const KIND: FormatKind = FormatKind {
    spec: KindSpec { name: "csv", summary: "Comma-separated values: the data, for programs.", options: &[], sql: None },
    extension: "csv",
    media_type: "text/csv; charset=utf-8",
    format: &Csv,
};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

struct Csv;

impl Format for Csv {
    fn write(&self, document: &Document, out: &mut (dyn Write + Send)) -> Result<Written, FormatError> {
        out.write_all(BYTE_ORDER_MARK)?;
        let mut file = File { out, blocks: 0 };
        for section in &document.sections {
            match &section.body {
                Body::Figures(figures) => figures_block(&mut file, &section.name, figures)?,
                Body::Chart(chart) => chart_block(&mut file, &section.name, chart, &document.head.timezone)?,
                Body::Table(table) => table_block(&mut file, &section.name, table)?,
                Body::Text(_) => {}
            }
        }
        notes_block(&mut file, document)?;
        out.flush()?;
        Ok(Written::default())
    }
}

/// The file, and whether the next block needs an empty line before it.
struct File<'a> {
    out: &'a mut (dyn Write + Send),
    blocks: usize,
}

impl<'a> File<'a> {
    /// Starts a block with its header row.
    fn block<'h>(&mut self, header: impl IntoIterator<Item = &'h str>) -> Result<Block<'_, 'a>, FormatError> {
        if self.blocks > 0 {
            self.out.write_all(b"\r\n")?;
        }
        self.blocks += 1;
        let lines = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut *self.out);
        let mut block = Block { lines, field: String::new() };
        block.text("section")?;
        for name in header {
            block.text(name)?;
        }
        block.end_record()?;
        Ok(block)
    }
}

/// One block while it is written.
struct Block<'a, 'b> {
    lines: csv::Writer<&'a mut (dyn Write + Send + 'b)>,
    field: String,
}

impl Block<'_, '_> {
    fn text(&mut self, text: &str) -> Result<(), FormatError> {
        self.lines.write_field(guarded(text).as_bytes()).map_err(io)
    }

    fn value(&mut self, value: Scalar<'_>, plain: &Plain) -> Result<(), FormatError> {
        if let Scalar::Text(text) = value {
            return self.text(&text);
        }
        self.field.clear();
        plain.write(value, &mut self.field);
        self.lines.write_field(&self.field).map_err(io)
    }

    fn end_record(&mut self) -> Result<(), FormatError> {
        self.lines.write_record(None::<&[u8]>).map_err(io)
    }

    fn end(mut self) -> Result<(), FormatError> {
        Ok(self.lines.flush()?)
    }
}

fn figures_block(file: &mut File<'_>, name: &str, figures: &[Figure]) -> Result<(), FormatError> {
    let mut block = file.block(["field", "label", "value", "previous", "change", "change_unit", "currency"])?;
    let (ratio, points) = (Plain::ratio(CHANGE_DECIMALS), Plain::ratio(CHANGE_DECIMALS - 2));
    for figure in figures {
        let plain = Plain::new(&figure.writer)?;
        block.text(name)?;
        block.text(&figure.field)?;
        block.text(&figure.label)?;
        block.value(Scalar::from(&figure.cell.value), &plain)?;
        block.value(Scalar::from(figure.previous.as_ref().map_or(&Value::Null, |c| &c.value)), &plain)?;
        let unit = match figure.change.as_ref().map(|change| change.by) {
            Some(ChangeBy::Ratio(by)) => block.value(Scalar::Double(by), &ratio).map(|()| "ratio"),
            Some(ChangeBy::Points(by)) => block.value(Scalar::Double(by), &points).map(|()| "points"),
            Some(ChangeBy::FromZero) | None => block.value(Scalar::Null, &ratio).map(|()| ""),
        }?;
        block.text(unit)?;
        block.text(if let Style::Currency { code, .. } = &figure.writer.style { code } else { "" })?;
        block.end_record()?;
    }
    block.end()
}

fn chart_block(file: &mut File<'_>, name: &str, chart: &Chart, zone: &str) -> Result<(), FormatError> {
    let fields = chart.series.iter().map(|s| s.field.as_str());
    let mut block = file.block(std::iter::once(chart.x_label.as_str()).chain(fields))?;
    let as_is = Plain::as_is(plain::zone(zone)?);
    let plains = chart.series.iter().map(|s| Plain::new(&s.writer)).collect::<Result<Vec<_>, _>>()?;
    for (row, x) in chart.x.iter().enumerate() {
        block.text(name)?;
        block.value(Scalar::from(&x.value), &as_is)?;
        for (series, plain) in chart.series.iter().zip(&plains) {
            block.value(series.points.get(row).copied().flatten().map_or(Scalar::Null, Scalar::Double), plain)?;
        }
        block.end_record()?;
    }
    block.end()
}

fn table_block(file: &mut File<'_>, name: &str, table: &Table) -> Result<(), FormatError> {
    let behind = table.behind.iter().map(String::as_str);
    let mut block = file.block(table.columns.iter().map(|c| c.field.as_str()).chain(behind))?;
    let as_is = Plain::as_is(Zone::utc());
    let plains = table.columns.iter().map(|c| Plain::new(&c.writer)).collect::<Result<Vec<_>, _>>()?;
    for batch in table.rows.batches()? {
        let batch = batch?;
        check_columns(&batch, table)?;
        for row in 0..batch.num_rows() {
            block.text(name)?;
            for ((array, plain), column) in batch.columns().iter().zip(&plains).zip(&table.columns) {
                match &column.currency {
                    Some(_) => block.value(scalar_at(array, row), &Plain::new(&column.writer_at(&batch, row))?)?,
                    None => block.value(scalar_at(array, row), plain)?,
                }
            }
            for array in &batch.columns()[table.columns.len()..] {
                block.value(scalar_at(array, row), &as_is)?;
            }
            block.end_record()?;
        }
    }
    block.end()
}

/// What readers must know of the data: rows left out of a table, and the document's remarks.
fn notes_block(file: &mut File<'_>, document: &Document) -> Result<(), FormatError> {
    let locale = words::locale_of(&document.head.locale);
    let left_out = document.sections.iter().filter_map(|section| match &section.body {
        Body::Table(table) if table.left_out > 0 => {
            Some((section.name.as_str(), words::rows_left_out(locale, table.left_out)))
        }
        _ => None,
    });
    let mut notes = left_out.chain(document.notes.iter().map(|note| ("", note.clone()))).peekable();
    if notes.peek().is_none() {
        return Ok(());
    }
    let mut block = file.block(["note"])?;
    for (section, note) in notes {
        block.text(section)?;
        block.text(&note)?;
        block.end_record()?;
    }
    block.end()
}

/// Text that a spreadsheet would run as a formula, or whose first character it would strip to find
/// one, gets an apostrophe (OWASP ASVS 5.0, 1.2.10). Numbers never pass through here.
fn guarded(text: &str) -> Cow<'_, str> {
    match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '\0' | '＝' | '＋' | '－' | '＠') => {
            Cow::Owned(format!("'{text}"))
        }
        _ => Cow::Borrowed(text),
    }
}

fn io(error: csv::Error) -> FormatError {
    FormatError::Io(error.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_guarded_and_other_text_is_not() {
        for first in ['=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠'] {
            let text = format!("{first}1+1");
            assert_eq!(guarded(&text), format!("'{text}"));
        }
        for text in ["", "a=1", "1-2", "'x", " =1", "é"] {
            assert_eq!(guarded(text), text);
        }
    }
}
