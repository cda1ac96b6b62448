//! Measures a table: one pass over its rows finds the widths of its columns; only where text has
//! to wrap are rows measured again, when they are placed. Rows are read in batches and not kept.

use arrow::array::RecordBatch;
use punctual_document::{
    arrow_value::value_at,
    content::{Align, Table, Tone},
    format::FormatError,
};

use super::{
    columns::{APART, Band, Demand, HEAD_SCALE, PAD_X, plan},
    rows::RowCursor,
};
use crate::pdf::{
    fonts::Weight,
    style::Paper,
    text::{Extent, Set, Style, Typesetter},
};

/// How many rows are looked at before rows are placed.
const FIRST_ROWS: usize = 12;

/// A table, or a band of its columns, ready to be placed and drawn.
#[derive(Debug)]
pub(in crate::pdf) struct MeasuredTable<'d> {
    /// The section's name, for errors.
    pub(in crate::pdf) place: &'d str,
    /// The table.
    pub(in crate::pdf) table: &'d Table,
    /// The columns shown, from left to right.
    pub(in crate::pdf) columns: Vec<MeasuredColumn>,
    /// How rows are set.
    pub(in crate::pdf) cells: Style,
    /// How the head is set.
    pub(in crate::pdf) head: Style,
    /// The sums, one for each column shown.
    pub(in crate::pdf) totals: Option<Vec<Set>>,
    /// Whether it stands on the long edge of the paper.
    pub(in crate::pdf) landscape: bool,
    /// The lines of the first rows, to know how much has to follow the head and whether the table
    /// is so small that it is kept whole.
    pub(in crate::pdf) first_rows: Vec<u32>,
}

/// A column as it is shown.
#[derive(Debug)]
pub(in crate::pdf) struct MeasuredColumn {
    /// Its index in the table.
    pub(in crate::pdf) index: usize,
    /// Its left edge, from the left margin.
    pub(in crate::pdf) x: f32,
    /// Its width.
    pub(in crate::pdf) width: f32,
    /// Of this, left free at its left beside the usual.
    pub(in crate::pdf) apart: f32,
    /// Where its text stands.
    pub(in crate::pdf) align: Align,
    /// Its label.
    pub(in crate::pdf) label: Set,
    /// Whether a cell of it may need more than one line.
    pub(in crate::pdf) wraps: bool,
}

impl MeasuredColumn {
    /// The width for text.
    pub(in crate::pdf) fn inner(&self, size: f32) -> f32 {
        self.width - self.apart - 2.0 * PAD_X * size
    }

    /// Where a line of this width begins, from the left margin.
    pub(in crate::pdf) fn start(&self, line_width: f32, size: f32) -> f32 {
        match self.align {
            Align::Left => self.x + self.apart + PAD_X * size,
            Align::Right => self.x + self.width - PAD_X * size - line_width,
        }
    }
}

impl<'d> MeasuredTable<'d> {
    /// The height of a line in a cell.
    pub(in crate::pdf) fn line(&self) -> f32 {
        self.cells.size * 1.36
    }

    /// Above and below a cell's lines.
    pub(in crate::pdf) fn pad(&self) -> f32 {
        self.cells.size * 0.38
    }

    /// The height of a row with so many lines.
    pub(in crate::pdf) fn row_height(&self, lines: u32) -> f32 {
        lines as f32 * self.line() + 2.0 * self.pad()
    }

    /// The lines of the head.
    pub(in crate::pdf) fn head_lines(&self) -> u32 {
        self.columns.iter().map(|c| c.label.lines.len()).max().unwrap_or(1) as u32
    }

    /// The height of the head.
    pub(in crate::pdf) fn head_height(&self) -> f32 {
        self.head_lines() as f32 * self.head.size * 1.3 + 2.4 * self.pad()
    }

    /// The height of the row of sums; 0 without one.
    pub(in crate::pdf) fn totals_height(&self) -> f32 {
        let lines = self.totals.iter().flatten().map(|set| set.lines.len()).max();
        lines.map_or(0.0, |lines| self.row_height(lines as u32))
    }

    /// The number of rows.
    pub(in crate::pdf) fn rows(&self) -> u64 {
        self.table.rows.count()
    }

    /// Whether a row's height has to be measured.
    pub(in crate::pdf) fn wraps(&self) -> bool {
        self.columns.iter().any(|c| c.wraps)
    }

    /// The lines that a row needs.
    pub(in crate::pdf) fn lines_of(&self, setter: &mut Typesetter, batch: &RecordBatch, row: usize) -> u32 {
        let mut lines = 1;
        let mut set = Set::default();
        for column in self.columns.iter().filter(|c| c.wraps) {
            self.set_cell(setter, column, batch, row, &mut set);
            lines = lines.max(set.lines.len());
        }
        lines as u32
    }

    /// Sets one cell.
    pub(in crate::pdf) fn set_cell(
        &self,
        setter: &mut Typesetter,
        column: &MeasuredColumn,
        batch: &RecordBatch,
        row: usize,
        out: &mut Set,
    ) {
        let shown = &self.table.columns[column.index];
        let writer = shown.writer_at(batch, row);
        let text = writer.write_at(batch.column(column.index), row);
        let width = column.wraps.then(|| column.inner(self.cells.size));
        setter.set(&text, self.cells, width, out);
    }

    /// Whether a cell is good news.
    pub(in crate::pdf) fn tone(&self, column: &MeasuredColumn, batch: &RecordBatch, row: usize) -> Tone {
        let shown = &self.table.columns[column.index];
        match shown.better {
            Some(_) => shown.tone(&value_at(batch.column(column.index), row)),
            None => Tone::Neutral,
        }
    }

    /// A cursor over its rows.
    pub(in crate::pdf) fn cursor(&self) -> Result<RowCursor<'d>, FormatError> {
        RowCursor::new(self.place, self.table)
    }
}

/// Measures a table: one part, or several where its columns do not fit side by side.
///
/// # Errors
/// When the rows cannot be read.
pub(in crate::pdf) fn measure<'d>(
    place: &'d str,
    table: &'d Table,
    paper: Paper,
    setter: &mut Typesetter,
) -> Result<Vec<MeasuredTable<'d>>, FormatError> {
    let demands = demands(place, table, setter)?;
    let layout = plan(&demands, paper);
    layout.bands.iter().map(|band| part(place, table, &demands, band, &layout, setter)).collect()
}

fn demands(place: &str, table: &Table, setter: &mut Typesetter) -> Result<Vec<Demand>, FormatError> {
    let mut demands: Vec<Demand> = Vec::with_capacity(table.columns.len());
    for (index, column) in table.columns.iter().enumerate() {
        let head = setter.extent(&column.label, Weight::SemiBold);
        let total = table.totals.as_ref().and_then(|totals| totals.get(index));
        demands.push(Demand {
            cells: total.map_or(Extent::default(), |cell| setter.extent(&cell.text, Weight::SemiBold)),
            head: Extent {
                widest: head.widest * HEAD_SCALE,
                longest_piece: head.longest_piece * HEAD_SCALE,
                breaks: head.breaks,
            },
            numeric: column.align == Align::Right,
            apart: if follows_number(table, index) { APART } else { 0.0 },
        });
    }
    let mut rows = RowCursor::new(place, table)?;
    while let Some(batch) = rows.next_batch()? {
        for (index, column) in table.columns.iter().enumerate() {
            let array = batch.column(index);
            for row in 0..batch.num_rows() {
                let extent = setter.extent(&column.writer_at(batch, row).write_at(array, row), Weight::Regular);
                demands[index].cells = demands[index].cells.join(extent);
            }
        }
    }
    Ok(demands)
}

/// Whether a column's text stands right beside the numbers of the column before.
fn follows_number(table: &Table, index: usize) -> bool {
    let before = index.checked_sub(1).map(|before| table.columns[before].align);
    table.columns[index].align == Align::Left && before == Some(Align::Right)
}

fn part<'d>(
    place: &'d str,
    table: &'d Table,
    demands: &[Demand],
    band: &Band,
    layout: &super::columns::Layout,
    setter: &mut Typesetter,
) -> Result<MeasuredTable<'d>, FormatError> {
    let size = layout.size;
    let head = Style::cell(Weight::SemiBold, size * HEAD_SCALE);
    let mut columns = Vec::with_capacity(band.columns.len());
    let mut totals = table.totals.as_ref().map(|_| Vec::with_capacity(band.columns.len()));
    let mut x = 0.0;
    for (&index, &width) in band.columns.iter().zip(&band.widths) {
        let (cells, apart) = (demands[index].cells, demands[index].apart * size);
        let inner = width - apart - 2.0 * PAD_X * size;
        columns.push(MeasuredColumn {
            index,
            x,
            width,
            apart,
            align: table.columns[index].align,
            label: setter.set_new(&table.columns[index].label, head, Some(inner)),
            // Sums in another order may differ in their last bits.
            wraps: cells.breaks || cells.widest * size > inner - 0.01,
        });
        if let (Some(sets), Some(cells)) = (&mut totals, &table.totals) {
            let text = cells.get(index).map_or("", |cell| cell.text.as_str());
            sets.push(setter.set_new(text, Style::cell(Weight::SemiBold, size), Some(inner)));
        }
        x += width;
    }
    let cells = Style::cell(Weight::Regular, size);
    let landscape = layout.landscape;
    let mut part = MeasuredTable { place, table, columns, cells, head, totals, landscape, first_rows: Vec::new() };
    let mut rows = part.cursor()?;
    while part.first_rows.len() < FIRST_ROWS {
        let Some((batch, row)) = rows.next_row()? else { break };
        let lines = part.lines_of(setter, batch, row);
        part.first_rows.push(lines);
    }
    Ok(part)
}
