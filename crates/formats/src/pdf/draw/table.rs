//! Draws tables: heads, rows as they are read, sums. Cells of most tables are tagged one by one;
//! of very large ones each page is one paragraph, because tags of cells weigh many times the cells.

use std::ops::Range;

use krilla::{
    geom::Rect,
    tagging::{Identifier, Node, TableHeaderScope, Tag, TagGroup, TagKind},
};
use punctual_document::format::FormatError;

use super::{
    canvas::{Canvas, Spot},
    join::Joined,
};
use crate::pdf::{
    measure::{
        PAD_X,
        rows::RowCursor,
        table::{MeasuredColumn, MeasuredTable},
    },
    place::Part,
    style::{Color, HAIRLINE, INK, MARGIN, PANEL, RULE, TEXT, news},
    text::{Line, Set, Typesetter},
};

/// Tables with more cells are tagged page by page.
const TAGGED_CELLS: u64 = 10_000;

/// A table being drawn, page after page.
pub(super) struct TableDrawer<'m, 'd> {
    table: &'m MeasuredTable<'d>,
    rows: RowCursor<'d>,
    /// The cells of the row that is being drawn, and their colours.
    cells: Vec<Set>,
    colors: Vec<Color>,
    /// Whether `cells` hold a row whose last lines are still to come.
    split: bool,
    by_cell: bool,
    joined: Joined,
    tags: Tags,
}

/// The tags of what was drawn so far.
struct Tags {
    head: Vec<Node>,
    rows: Vec<Node>,
    totals: Vec<Node>,
}

impl<'m, 'd> TableDrawer<'m, 'd> {
    /// Before the table's first row.
    ///
    /// # Errors
    /// When the rows cannot be read.
    pub(super) fn new(table: &'m MeasuredTable<'d>) -> Result<Self, FormatError> {
        let by_cell = table.rows().saturating_mul(table.columns.len() as u64) <= TAGGED_CELLS;
        let cells = vec![Set::default(); table.columns.len()];
        let colors = vec![TEXT; table.columns.len()];
        let tags = Tags { head: Vec::new(), rows: Vec::new(), totals: Vec::new() };
        let rows = table.cursor()?;
        Ok(Self { table, rows, cells, colors, split: false, by_cell, joined: Joined::default(), tags })
    }

    /// The tags of all that was drawn.
    pub(super) fn into_tags(self) -> TagGroup {
        let Tags { head, rows, totals } = self.tags;
        if !self.by_cell {
            return TagGroup::with_children(Tag::Div, head.into_iter().chain(rows).chain(totals).collect());
        }
        let parts = [(TagKind::from(Tag::THead), head), (Tag::TBody.into(), rows), (Tag::TFoot.into(), totals)];
        let parts = parts.into_iter().filter(|(_, children)| !children.is_empty());
        let parts = parts.map(|(tag, children)| TagGroup::with_children(tag, children).into());
        TagGroup::with_children(Tag::Table, parts.collect())
    }

    /// Draws a part at a height.
    ///
    /// # Errors
    /// When the rows cannot be read.
    pub(super) fn draw(
        &mut self,
        part: &Part,
        y: f32,
        canvas: &mut Canvas<'_, '_>,
        setter: &mut Typesetter,
    ) -> Result<(), FormatError> {
        match part {
            Part::Head { again } => self.head(*again, y, canvas),
            Part::Rows(count) => self.rows(*count, y, canvas, setter)?,
            Part::RowLines { lines, last } => {
                if !self.split {
                    self.next_row(setter)?;
                }
                self.split = !last;
                let range = lines.start as usize..lines.end as usize;
                let tag = if self.by_cell {
                    row_of(self.row(range, y, canvas))
                } else {
                    paragraph(vec![canvas.tagged(|canvas| drop(self.row(range, y, canvas)))])
                };
                self.tags.rows.push(tag);
                self.rule_below(y + self.table.row_height(lines.end - lines.start), canvas);
            }
            Part::Totals => self.totals(y, canvas),
            Part::Whole | Part::Lines(_) | Part::Cards(_) => unreachable!("not a part of a table"),
        }
        Ok(())
    }

    fn width(&self) -> f32 {
        self.table.columns.last().map_or(0.0, |column| column.x + column.width)
    }

    fn head(&mut self, again: bool, y: f32, canvas: &mut Canvas<'_, '_>) {
        let table = self.table;
        let (width, height) = (self.width(), table.head_height());
        canvas.decoration(|canvas| {
            if let Some(area) = Rect::from_xywh(MARGIN, y, width, height) {
                canvas.fill(area, PANEL);
            }
            canvas.rules(&[(MARGIN, MARGIN + width, y + height)], RULE, 0.75);
        });
        let line = table.head.size * 1.3;
        let draw_label = |canvas: &mut Canvas<'_, '_>, index: usize| {
            let column = &table.columns[index];
            // Labels stand on the rule: short ones begin lower.
            let missing = table.head_lines() as usize - column.label.lines.len();
            let top = y + 1.2 * table.pad() + missing as f32 * line;
            for (at, text) in column.label.lines.iter().enumerate() {
                let x = MARGIN + column.start(text.width, table.cells.size);
                let spot = Spot { x, y: top + at as f32 * line, line, color: INK };
                canvas.line(&column.label, text, table.head, spot);
            }
        };
        if again {
            canvas.decoration(|canvas| (0..table.columns.len()).for_each(|index| draw_label(canvas, index)));
        } else if self.by_cell {
            let mut row = TagGroup::new(Tag::TR);
            for index in 0..table.columns.len() {
                let mark = canvas.tagged(|canvas| draw_label(canvas, index));
                row.push(TagGroup::with_children(Tag::TH(TableHeaderScope::Column), vec![mark.into()]));
            }
            self.tags.head.push(row.into());
        } else {
            let mark = canvas.tagged(|canvas| (0..table.columns.len()).for_each(|index| draw_label(canvas, index)));
            self.tags.head.push(paragraph(vec![mark]));
        }
    }

    fn rows(
        &mut self,
        count: u64,
        mut y: f32,
        canvas: &mut Canvas<'_, '_>,
        setter: &mut Typesetter,
    ) -> Result<(), FormatError> {
        let mut rules = Vec::new();
        let mut failed = None;
        let mut draw = |this: &mut Self, canvas: &mut Canvas<'_, '_>| {
            if let Err(error) = this.next_row(setter) {
                failed = Some(error);
                return Vec::new();
            }
            let lines = this.cells.iter().map(|set| set.lines.len()).max().unwrap_or(1);
            let marks = this.row(0..lines, y, canvas);
            y += this.table.row_height(lines as u32);
            rules.push((MARGIN, MARGIN + this.width(), y));
            marks
        };
        if self.by_cell {
            for _ in 0..count {
                let marks = draw(self, canvas);
                self.tags.rows.push(row_of(marks));
            }
        } else {
            let mark = canvas.tagged(|canvas| {
                for _ in 0..count {
                    draw(self, canvas);
                }
            });
            self.tags.rows.push(paragraph(vec![mark]));
        }
        canvas.decoration(|canvas| canvas.rules(&rules, HAIRLINE, 0.5));
        failed.map_or(Ok(()), Err)
    }

    fn next_row(&mut self, setter: &mut Typesetter) -> Result<(), FormatError> {
        // The number of rows was counted when they were placed.
        if let Some((batch, row)) = self.rows.next_row()? {
            let cells = self.cells.iter_mut().zip(&mut self.colors);
            for (column, (set, color)) in self.table.columns.iter().zip(cells) {
                self.table.set_cell(setter, column, batch, row, set);
                *color = news(self.table.tone(column, batch, row), TEXT);
            }
        }
        Ok(())
    }

    /// Draws lines of the current row's cells; with tags by cell, a mark for each.
    fn row(&mut self, lines: Range<usize>, y: f32, canvas: &mut Canvas<'_, '_>) -> Vec<Identifier> {
        let (table, cells, colors) = (self.table, &self.cells, &self.colors);
        if !self.by_cell {
            for (at, line) in lines.enumerate() {
                let mut spot =
                    Spot { x: 0.0, y: y + table.pad() + at as f32 * table.line(), line: table.line(), color: TEXT };
                for ((column, set), &color) in table.columns.iter().zip(cells).zip(colors) {
                    if let Some(line) = set.lines.get(line) {
                        if color != spot.color {
                            self.joined.draw(table.cells, spot, canvas);
                            spot.color = color;
                        }
                        let spot = Spot { x: start(table, column, line), ..spot };
                        self.joined.push(set, line, table.cells, spot, canvas);
                    }
                }
                self.joined.draw(table.cells, spot, canvas);
            }
            return Vec::new();
        }
        let draw = |canvas: &mut Canvas<'_, '_>, index: usize| {
            let set = &cells[index];
            let shown = lines.start.min(set.lines.len())..lines.end.min(set.lines.len());
            draw_cell(table, index, (set, &set.lines[shown]), colors[index], y, canvas);
        };
        (0..table.columns.len()).map(|index| canvas.tagged(|canvas| draw(canvas, index))).collect()
    }

    fn rule_below(&self, y: f32, canvas: &mut Canvas<'_, '_>) {
        canvas.decoration(|canvas| canvas.rules(&[(MARGIN, MARGIN + self.width(), y)], HAIRLINE, 0.5));
    }

    fn totals(&mut self, y: f32, canvas: &mut Canvas<'_, '_>) {
        let table = self.table;
        let Some(totals) = &table.totals else { return };
        canvas.decoration(|canvas| canvas.rules(&[(MARGIN, MARGIN + self.width(), y)], RULE, 0.75));
        let mut marks = Vec::with_capacity(totals.len());
        for (index, set) in totals.iter().enumerate() {
            marks.push(canvas.tagged(|canvas| draw_cell(table, index, (set, &set.lines), TEXT, y, canvas)));
        }
        self.tags.totals.push(if self.by_cell { row_of(marks) } else { paragraph(marks) });
    }
}

/// A row with a cell for each mark.
fn row_of(marks: Vec<Identifier>) -> Node {
    let cells = marks.into_iter().map(|mark| TagGroup::with_children(Tag::TD, vec![mark.into()]).into());
    TagGroup::with_children(Tag::TR, cells.collect()).into()
}

fn paragraph(marks: Vec<Identifier>) -> Node {
    TagGroup::with_children(Tag::P, marks.into_iter().map(Node::from).collect()).into()
}

fn draw_cell(
    table: &MeasuredTable<'_>,
    index: usize,
    (set, lines): (&Set, &[Line]),
    color: Color,
    y: f32,
    canvas: &mut Canvas<'_, '_>,
) {
    let column = &table.columns[index];
    let line = table.line();
    for (at, text) in lines.iter().enumerate() {
        let spot = Spot { x: start(table, column, text), y: y + table.pad() + at as f32 * line, line, color };
        canvas.line(set, text, table.cells, spot);
    }
}

/// Where a line of a cell begins. A number that is wider than its column keeps to its left edge.
fn start(table: &MeasuredTable<'_>, column: &MeasuredColumn, line: &Line) -> f32 {
    let size = table.cells.size;
    MARGIN + column.start(line.width, size).max(column.x + PAD_X * size * 0.5)
}
