//! The sheet `Report`: title and period, then the sections from top to bottom. Tables stand on
//! their own sheets and are linked from here.

use punctual_document::{
    content::{Align, Body, ChangeBy, Document, Figure, Section},
    format::FormatError,
    locale::Locale,
    write::{Style, Writer},
};
use rust_xlsxwriter::{Format, Url, Worksheet};

use super::{
    cell::{Cell, CellWriter, fitting},
    chart::ChartData,
    clean, names, number_format, styles, xlsx,
};
use crate::{
    plain::CHANGE_DECIMALS,
    scalar::Scalar,
    words::{Words, locale_of, rows_left_out, words},
};

/// Widths of the columns in characters; paragraphs and charts stretch over all of them.
const WIDTHS: [f64; 6] = [30.0, 18.0, 18.0, 14.0, 14.0, 14.0];
const LAST_COL: u16 = 5;

/// How many characters of a paragraph fit a line over all columns, and the line's height in points.
const LINE_CHARACTERS: usize = 105;
const LINE_HEIGHT: f64 = 15.0;
const MAX_ROW_HEIGHT: f64 = 409.0;

/// The height of figures, in points.
const FIGURE_HEIGHT: f64 = 19.0;

/// A chart's size in pixels, and the rows that it covers.
const CHART_WIDTH: u32 = 790;
const CHART_HEIGHT: u32 = 300;
const CHART_ROWS: u32 = 15;

/// Writes the sheet; `sheets` has the name of each section's own sheet, in the document's order.
pub(super) fn write(
    sheet: &mut Worksheet,
    document: &Document,
    sheets: &[String],
    charts: &ChartData<'_>,
) -> Result<(), FormatError> {
    sheet.set_name(names::REPORT).map_err(xlsx)?;
    sheet.set_screen_gridlines(false);
    for (width, col) in WIDTHS.into_iter().zip(0..) {
        sheet.set_column_width(col, width).map_err(xlsx)?;
    }
    styles::print_setup(sheet, &document.head.locale);
    let locale = locale_of(&document.head.locale);
    let mut page = Page { sheet, row: 0, locale, words: words(&document.head.locale) };
    page.head(document)?;
    for (index, (section, own_sheet)) in document.sections.iter().zip(sheets).enumerate() {
        page.section(section, own_sheet, charts.native(index, locale))?;
    }
    page.notes(&document.notes)
}

/// The sheet, and the next free row on it.
struct Page<'a> {
    sheet: &'a mut Worksheet,
    row: u32,
    locale: &'static Locale,
    words: &'static Words,
}

impl Page<'_> {
    fn cell(&mut self, col: u16) -> Cell<'_> {
        Cell { sheet: &mut *self.sheet, row: self.row, col }
    }

    fn line(&mut self, text: &str, format: &Format) -> Result<(), FormatError> {
        self.cell(0).text(text, Some(format))?;
        self.row += 1;
        Ok(())
    }

    fn head(&mut self, document: &Document) -> Result<(), FormatError> {
        let head = &document.head;
        self.line(&clean(&head.title), &styles::title())?;
        for line in [&head.subtitle, &head.about].into_iter().flatten() {
            self.line(&clean(line), &styles::subtitle())?;
        }
        let period = format!("{}: {}", self.words.period, clean(&head.period));
        self.line(&period, &styles::subtitle())
    }

    fn section(
        &mut self,
        section: &Section,
        own_sheet: &str,
        chart: Option<rust_xlsxwriter::Chart>,
    ) -> Result<(), FormatError> {
        self.row += 1;
        if let Some(title) = &section.title {
            self.line(&clean(title), &styles::heading())?;
        }
        match &section.body {
            Body::Figures(figures) if figures.is_empty() => self.no_data(),
            Body::Figures(figures) => self.figures(figures),
            Body::Chart(_) => match chart {
                Some(chart) => self.chart(chart),
                None => self.no_data(),
            },
            Body::Table(table) => self.table_link(own_sheet, table.rows.count(), table.left_out),
            Body::Text(paragraphs) => paragraphs.iter().try_for_each(|text| self.paragraph(text, styles::paragraph())),
        }
    }

    fn no_data(&mut self) -> Result<(), FormatError> {
        self.line(self.locale.words.no_data, &styles::note())
    }

    fn figures(&mut self, figures: &[Figure]) -> Result<(), FormatError> {
        let compared = figures.iter().any(|f| f.previous.is_some() || f.change.is_some() || f.remark.is_some());
        let Words { figure, value, previous, change, .. } = self.words;
        let all = [(*figure, Align::Left), (value, Align::Right), (previous, Align::Right), (change, Align::Right)];
        for ((label, align), col) in all.into_iter().take(if compared { 4 } else { 2 }).zip(0..) {
            self.cell(col).text(label, Some(&styles::header(align)))?;
        }
        self.sheet.set_row_height(self.row, FIGURE_HEIGHT).map_err(xlsx)?;
        self.row += 1;
        for figure in figures {
            self.figure(figure, compared)?;
        }
        Ok(())
    }

    fn figure(&mut self, figure: &Figure, compared: bool) -> Result<(), FormatError> {
        let values = CellWriter::new(&figure.writer)?;
        let format = values.format(styles::figure(Align::Right));
        self.cell(0).text(&clean(&figure.label), Some(&styles::figure(Align::Left)))?;
        values.put(&mut self.cell(1), Scalar::from(&figure.cell.value), Some(&format.clone().set_bold()))?;
        if compared {
            let previous = figure.previous.as_ref().map_or(Scalar::Null, |cell| Scalar::from(&cell.value));
            values.put(&mut self.cell(2), previous, Some(&format))?;
            self.change(figure)?;
        }
        self.sheet.set_row_height(self.row, FIGURE_HEIGHT).map_err(xlsx)?;
        self.row += 1;
        Ok(())
    }

    /// The change in its colour; why there is none, in words.
    fn change(&mut self, figure: &Figure) -> Result<(), FormatError> {
        let format = styles::figure(Align::Right);
        let Some(change) = &figure.change else {
            self.cell(3)
                .text(figure.remark.as_deref().unwrap_or_default(), Some(&format.set_font_color(styles::MUTED)))?;
            return Ok(());
        };
        let format = styles::news(format, change.tone);
        let decimals = CHANGE_DECIMALS - 2;
        let (number, style, code) = match change.by {
            ChangeBy::FromZero => {
                self.cell(3).text(&change.text, Some(&format))?;
                return Ok(());
            }
            ChangeBy::Ratio(ratio) => {
                (ratio, Style::Percent { decimals }, number_format::signed_percent(self.locale, decimals))
            }
            ChangeBy::Points(points) => {
                let decimals = match figure.writer.style {
                    Style::Percent { decimals: own } => own.max(decimals),
                    _ => decimals,
                };
                (points, Style::Number { decimals }, number_format::signed_points(self.locale, decimals))
            }
        };
        let writer = Writer { style, locale: self.locale };
        let format = format.set_num_format(code);
        CellWriter::new(&writer)?.put(&mut self.cell(3), Scalar::Double(number), Some(&format))?;
        Ok(())
    }

    fn chart(&mut self, mut chart: rust_xlsxwriter::Chart) -> Result<(), FormatError> {
        chart.set_width(CHART_WIDTH).set_height(CHART_HEIGHT);
        self.sheet.insert_chart_with_offset(self.row, 0, &chart, 4, 4).map_err(xlsx)?;
        self.row += CHART_ROWS + 1;
        Ok(())
    }

    /// Where the table is and how long.
    fn table_link(&mut self, own_sheet: &str, rows: u64, left_out: u64) -> Result<(), FormatError> {
        let target = format!("internal:'{}'!A1", own_sheet.replace('\'', "''"));
        let url = Url::new(target).set_text(format!("{}: {own_sheet}", self.words.table));
        self.sheet.write_url_with_format(self.row, 0, url, &styles::link()).map_err(xlsx)?;
        let count = Writer { style: Style::Number { decimals: 0 }, locale: self.locale }
            .write(&punctual_model::value::Value::Int(i64::try_from(rows).unwrap_or(i64::MAX)));
        let size = format!("{}: {count}", self.words.rows);
        self.cell(1).text(&size, Some(&styles::subtitle()))?;
        if left_out > 0 {
            let text = rows_left_out(self.locale, left_out);
            self.cell(2).text(&text, Some(&styles::note()))?;
        }
        self.row += 1;
        Ok(())
    }

    fn paragraph(&mut self, text: &str, format: Format) -> Result<(), FormatError> {
        let (text, _) = fitting(text);
        let lines: usize = text.lines().map(|line| line.chars().count().div_ceil(LINE_CHARACTERS).max(1)).sum();
        if text.is_empty() {
            return Ok(());
        }
        self.sheet.merge_range(self.row, 0, self.row, LAST_COL, &text, &format).map_err(xlsx)?;
        let height = (lines.max(1) as f64 * LINE_HEIGHT).min(MAX_ROW_HEIGHT);
        self.sheet.set_row_height(self.row, height).map_err(xlsx)?;
        self.row += 1;
        Ok(())
    }

    fn notes(&mut self, notes: &[String]) -> Result<(), FormatError> {
        if notes.is_empty() {
            return Ok(());
        }
        self.row += 1;
        self.line(self.words.notes, &styles::heading())?;
        let format = styles::note().set_text_wrap();
        notes.iter().try_for_each(|note| self.paragraph(note, format.clone()))
    }
}
