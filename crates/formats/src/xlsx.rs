//! XLSX: a workbook that people go on working with. The sheet `Report` has title, figures, texts
//! and native charts; each table has a sheet of its own; the charts' numbers are on `Chart data`.
//!
//! Everything is typed: numbers and dates as such, with number formats that read like the
//! document's own text; texts as strings, never as formulas; sums and computed columns as live
//! formulas that carry their result. Where Excel cannot hold a number (15 significant digits) the
//! text that people read elsewhere stands in its place. Tables are written row by row through a
//! file in the temporary folder, so memory does not grow with them. The file's date is the end of
//! the period, so equal documents give equal bytes.

mod cell;
mod chart;
mod formula;
mod names;
mod number_format;
mod report;
mod styles;
mod sum;
mod table;

use std::{
    any::Any,
    io::{self, Write},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

use punctual_document::{
    content::{Body, Document, Head},
    format::{Format, FormatError, FormatKind, Written},
};
use punctual_model::kinds::KindSpec;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

use self::{chart::ChartData, names::SheetNames};

/// The registration.
pub(crate) const KIND: FormatKind = FormatKind {
    spec: KindSpec {
        name: "xlsx",
        summary: "Excel workbook: typed values, live formulas, native charts.",
        options: &[],
        sql: None,
    },
    extension: "xlsx",
    media_type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    format: &Xlsx,
};

struct Xlsx;

impl Format for Xlsx {
    fn write(&self, document: &Document, out: &mut (dyn Write + Send)) -> Result<Written, FormatError> {
        let written = catch_unwind(AssertUnwindSafe(|| write_workbook(document, out)));
        written.unwrap_or_else(|panic| Err(temporary_file_error(panic))).map(|()| Written::default())
    }
}

/// The library unwinds when its temporary file cannot be written, on a full disk for one: that is
/// an error like any other. Every other panic goes on.
fn temporary_file_error(panic: Box<dyn Any + Send>) -> FormatError {
    match panic.downcast_ref::<String>() {
        // How an `io::Error` of the operating system prints itself.
        Some(message) if message.contains("Os { code: ") => FormatError::Io(io::Error::other(format!(
            "the temporary folder {} does not take the workbook's rows: {message}",
            std::env::temp_dir().display()
        ))),
        _ => resume_unwind(panic),
    }
}

fn write_workbook(document: &Document, out: &mut (dyn Write + Send)) -> Result<(), FormatError> {
    let mut workbook = Workbook::new();
    workbook.set_properties(&properties(&document.head)?);
    let mut names = SheetNames::new();
    let sheets: Vec<String> = document.sections.iter().map(|section| names.of(section)).collect();
    let charts = ChartData::of(document);

    report::write(workbook.add_worksheet(), document, &sheets, &charts)?;
    for (section, sheet) in document.sections.iter().zip(&sheets) {
        if let Body::Table(table) = &section.body {
            let worksheet = workbook.add_worksheet_with_constant_memory().map_err(xlsx)?;
            table::write(worksheet, sheet, &section.name, table, &document.head)?;
        }
    }
    if !charts.is_empty() {
        charts.write(workbook.add_worksheet(), document)?;
    }
    // ZIP64 headers for sheets that may pass 4 GB; without need they only cost compatibility.
    workbook.use_zip_large_file(cells(document) > 20_000_000);
    workbook.save_to_writer(out).map_err(xlsx)?;
    Ok(())
}

fn cells(document: &Document) -> u64 {
    let tables = document.sections.iter().filter_map(|section| match &section.body {
        Body::Table(table) => Some(table.rows.count().saturating_mul(table.columns.len() as u64)),
        _ => None,
    });
    tables.fold(0, u64::saturating_add)
}

fn properties(head: &Head) -> Result<DocProperties, FormatError> {
    let day = head.end_day;
    let year = u16::try_from(day.year()).unwrap_or_default();
    let created = ExcelDateTime::from_ymd(year, day.month().unsigned_abs(), day.day().unsigned_abs()).map_err(xlsx)?;
    Ok(DocProperties::new()
        .set_title(clean(&head.title))
        .set_subject(clean(&head.period))
        .set_company(clean(head.about.as_deref().unwrap_or_default()))
        .set_creation_datetime(&created))
}

/// Text for names and labels, where a line end or a control character has no place.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') { ' ' } else { c }).collect()
}

fn xlsx(error: XlsxError) -> FormatError {
    match error {
        XlsxError::IoError(error) => FormatError::Io(error),
        other => FormatError::Io(io::Error::other(other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_file_that_breaks_off_is_an_error_and_other_panics_stay_panics() {
        let of = |panic: fn()| {
            let caught = catch_unwind(panic).expect_err("it panics");
            catch_unwind(AssertUnwindSafe(|| temporary_file_error(caught).to_string()))
        };
        let broken = of(|| drop(std::fs::File::open("/no/such/file").expect("Couldn't write to xml file")));
        let text = broken.expect("an error");
        assert!(text.contains("NotFound") && text.contains(&std::env::temp_dir().display().to_string()), "{text}");
        assert!(of(|| panic!("a mistake of ours")).is_err());
    }

    #[test]
    fn names_have_no_control_characters() {
        assert_eq!(clean("a\0b\nc\u{ffff}d ü"), "a b c d ü");
    }
}
