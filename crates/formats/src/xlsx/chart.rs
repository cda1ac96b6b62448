//! Native charts over their own numbers: a sheet with one block for each chart, and the charts
//! that read from it.

use punctual_document::{
    content::{Align, Body, Chart as Content, ChartKind, Document, Series},
    format::FormatError,
    locale::Locale,
    write::{Style, Writer},
};
use punctual_model::value::Value;
use rust_xlsxwriter::{
    Chart, ChartFont, ChartFormat, ChartLegendPosition, ChartLine, ChartMarker, ChartMarkerType, ChartSolidFill,
    ChartType, Color, Worksheet,
};

use super::{
    cell::{Cell, CellWriter},
    clean, names, number_format, styles, xlsx,
};
use crate::{
    scalar::Scalar,
    words::{locale_of, words},
};

/// Where each chart's numbers stand, by the section's place in the document.
pub(super) struct ChartData<'d> {
    blocks: Vec<Block<'d>>,
}

/// One chart's numbers: a title, a header, then a row for each position.
pub(super) struct Block<'d> {
    section: usize,
    title: &'d str,
    chart: &'d Content,
    /// The row of the title.
    top: u32,
}

impl<'d> ChartData<'d> {
    /// Lays out the blocks one below the other. A chart without positions has none.
    pub(super) fn of(document: &'d Document) -> Self {
        let mut top = 0;
        let mut blocks = Vec::new();
        for (index, section) in document.sections.iter().enumerate() {
            if let Body::Chart(chart) = &section.body
                && !chart.x.is_empty()
                && !chart.series.is_empty()
            {
                let title = section.title.as_deref().unwrap_or(&section.name);
                blocks.push(Block { section: index, title, chart, top });
                top += 3 + rows(chart);
            }
        }
        Self { blocks }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The native chart of a section, if it has numbers.
    pub(super) fn native(&self, section: usize, locale: &'static Locale) -> Option<Chart> {
        self.blocks.iter().find(|block| block.section == section).map(|block| block.native(locale))
    }

    /// Writes the numbers.
    pub(super) fn write(&self, sheet: &mut Worksheet, document: &Document) -> Result<(), FormatError> {
        sheet.set_name(names::CHART_DATA).map_err(xlsx)?;
        sheet.set_column_width(0, 24).map_err(xlsx)?;
        sheet.set_column_range_width(1, 12, 16).map_err(xlsx)?;
        let locale = locale_of(&document.head.locale);
        for block in &self.blocks {
            block.write(sheet, locale)?;
        }
        Ok(())
    }
}

fn rows(chart: &Content) -> u32 {
    u32::try_from(chart.x.len()).unwrap_or(u32::MAX / 2)
}

impl Block<'_> {
    fn write(&self, sheet: &mut Worksheet, locale: &'static Locale) -> Result<(), FormatError> {
        let Content { x, x_label, series, .. } = self.chart;
        let (header, first) = (self.top + 1, self.top + 2);
        Cell { sheet, row: self.top, col: 0 }.text(&clean(self.title), Some(&styles::heading()))?;
        Cell { sheet, row: header, col: 0 }.text(&clean(x_label), Some(&styles::header(Align::Left)))?;
        let x_writer = Writer { style: if has_days(self.chart) { Style::Date } else { Style::Text }, locale };
        let positions = CellWriter::new(&x_writer)?;
        let format = positions.format(styles::body(Align::Left));
        for (cell, row) in x.iter().zip(first..) {
            let value = match &cell.value {
                // As people read it elsewhere: in the report's zone, and with its name in a repeated hour.
                Value::Instant(_) | Value::Local(_) => Scalar::Text(cell.text.as_str().into()),
                value => Scalar::from(value),
            };
            positions.put(&mut Cell { sheet, row, col: 0 }, value, Some(&format))?;
        }
        for (Series { label, points, writer, .. }, col) in series.iter().zip(1..) {
            Cell { sheet, row: header, col }.text(&clean(label), Some(&styles::header(Align::Right)))?;
            let values = CellWriter::new(writer)?;
            let format = values.format(styles::body(Align::Right));
            for (point, row) in points.iter().zip(first..) {
                let value = point.filter(|v| v.is_finite()).map_or(Scalar::Null, Scalar::Double);
                values.put(&mut Cell { sheet, row, col }, value, Some(&format))?;
            }
        }
        Ok(())
    }

    fn native(&self, locale: &'static Locale) -> Chart {
        let content = self.chart;
        let mut chart = Chart::new(match content.kind {
            ChartKind::Line => ChartType::Line,
            ChartKind::Bar => ChartType::Column,
        });
        let (header, first) = (self.top + 1, self.top + 2);
        let last = first + rows(content) - 1;
        for (series, col) in content.series.iter().zip(1_u16..) {
            let native = chart
                .add_series()
                .set_name((names::CHART_DATA, header, col))
                .set_categories((names::CHART_DATA, first, 0, last, 0))
                .set_values((names::CHART_DATA, first, col, last, col))
                .set_format(&mut series_format(content.kind, series));
            if let Some(size) = marker_size(content, series) {
                native.set_marker(&marker(series, size));
            }
        }
        chart.title().set_hidden();
        chart.set_alt_text(clean(&words(locale.tag).chart(content)));
        if content.series.len() > 1 {
            chart.legend().set_position(ChartLegendPosition::Bottom);
        } else {
            chart.legend().set_hidden();
        }
        self.axes(&mut chart, locale);
        chart
    }

    fn axes(&self, chart: &mut Chart, locale: &'static Locale) {
        let mut font = ChartFont::new();
        font.set_color(styles::MUTED).set_size(9);
        let mut line = ChartLine::new();
        line.set_color(styles::LINE).set_width(0.75);
        let days = has_days(self.chart);
        let x = chart.x_axis().set_font(&font).set_format(ChartFormat::new().set_line(&line));
        if days {
            x.set_date_axis(true).set_num_format(number_format::short_day(locale));
        }
        let y = chart.y_axis().set_font(&font).set_major_gridlines(true).set_major_gridlines_line(&line);
        if let Some(series) = self.chart.series.first() {
            y.set_num_format(number_format::code(&series.writer));
        }
        y.set_format(ChartFormat::new().set_no_line());
    }
}

fn series_format(kind: ChartKind, series: &Series) -> ChartFormat {
    let color = color(&series.color);
    let mut format = ChartFormat::new();
    match kind {
        ChartKind::Line => format.set_line(ChartLine::new().set_color(color).set_width(2.25)),
        ChartKind::Bar => format.set_solid_fill(ChartSolidFill::new().set_color(color)),
    };
    format
}

/// With so few points each is marked, as in the drawing.
const MARKED: usize = 16;

/// The size of a line's markers in points. A long line needs none, unless a point of it stands
/// between two gaps: no line reaches it, and without a marker nobody sees it. Excel marks all points
/// of a series or none, so on a long line the markers are hardly wider than the line.
fn marker_size(chart: &Content, series: &Series) -> Option<u8> {
    if chart.kind != ChartKind::Line {
        return None;
    }
    let shown = |index: &usize| series.points.get(*index).copied().flatten().is_some_and(f64::is_finite);
    // Excel draws days in their order.
    let mut order: Vec<usize> = (0..chart.x.len()).collect();
    if has_days(chart) {
        order.sort_by_key(|index| match chart.x[*index].value {
            Value::Date(day) => Some(day),
            _ => None,
        });
    }
    let count = order.iter().filter(|index| shown(index)).count();
    let lone = order.chunk_by(|a, b| shown(a) && shown(b)).any(|run| run.len() == 1 && shown(&run[0]));
    match count {
        0 => None,
        1..=MARKED => Some(5),
        _ => lone.then_some(3),
    }
}

fn marker(series: &Series, size: u8) -> ChartMarker {
    let color = color(&series.color);
    let mut format = ChartFormat::new();
    format.set_solid_fill(ChartSolidFill::new().set_color(color)).set_border(ChartLine::new().set_color(color));
    let mut marker = ChartMarker::new();
    marker.set_type(ChartMarkerType::Circle).set_size(size).set_format(&mut format);
    marker
}

/// `#rrggbb`.
fn color(text: &str) -> Color {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
    digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).map_or(Color::Default, Color::RGB)
}

fn has_days(chart: &Content) -> bool {
    chart.x.iter().all(|cell| matches!(cell.value, Value::Date(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_and_others_left_to_excel() {
        assert_eq!(color("#1f6feb"), Color::RGB(0x1F_6F_EB));
        for wrong in ["", "#fff", "1f6feb", "#gggggg", "#1f6feb0"] {
            assert_eq!(color(wrong), Color::Default);
        }
    }
}
