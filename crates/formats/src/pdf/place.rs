//! The third phase: measured blocks become pages. It decides what stands where on which page:
//! rows are not split, heads of tables are repeated, sums and headings are never alone. What is
//! placed stays compact, so that pages can be counted before the first is drawn; drawing is not
//! known here.

use std::ops::Range;

use punctual_document::format::FormatError;

use super::{
    measure::{Measured, MeasuredKind, cards::GAP, table::MeasuredTable},
    style::{BODY, MARGIN_TOP, Paper, line_height},
    text::Typesetter,
};

/// One page.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Sheet {
    /// Whether its long edge lies across.
    pub(super) landscape: bool,
    /// What stands on it, from top to bottom.
    pub(super) items: Vec<Item>,
}

/// A block or a part of one, at its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    /// The block's index.
    pub(super) block: usize,
    /// From the paper's upper edge to the top of it.
    pub(super) y: f32,
    /// Which part.
    pub(super) part: Part,
}

/// What of a block stands somewhere.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// These lines of a paragraph.
    Lines(Range<usize>),
    /// This row of cards.
    Cards(usize),
    /// The head of a table; `again` when it repeats the one on an earlier page.
    Head {
        /// Whether it is a repetition.
        again: bool,
    },
    /// So many whole rows of a table, after those placed before.
    Rows(u64),
    /// These lines of the next row, which is taller than a page; `last` when it ends here.
    RowLines {
        /// The lines of its cells.
        lines: Range<u32>,
        /// Whether no more of the row follows.
        last: bool,
    },
    /// The sums of a table.
    Totals,
}

/// Places blocks on pages.
///
/// # Errors
/// When rows that have to be measured cannot be read.
pub(super) fn place(blocks: &[Measured<'_>], paper: Paper, setter: &mut Typesetter) -> Result<Vec<Sheet>, FormatError> {
    let mut placer = Placer::new(paper);
    for (index, block) in blocks.iter().enumerate() {
        placer.turn(block.landscape);
        placer.begin(block.space, together(blocks, index, paper));
        match &block.kind {
            MeasuredKind::Paragraph(set) => placer.lines(index, set.lines.len(), line_height(BODY)),
            MeasuredKind::Cards(cards) => placer.cards(index, cards.rows.iter().map(|row| row.height)),
            MeasuredKind::Table(table) => {
                let shape = TableShape::new(table, kept_note(blocks, index));
                if table.wraps() {
                    let mut rows = table.cursor()?;
                    placer.table(index, &shape, || {
                        let row = rows.next_row()?;
                        Ok(row.map_or(1, |(batch, row)| table.lines_of(setter, batch, row)))
                    })?;
                } else {
                    placer.table(index, &shape, || Ok(1))?;
                }
            }
            _ => placer.whole(index, block.height()),
        }
    }
    Ok(placer.sheets)
}

/// The height that must not be torn apart from the top of a block on.
fn together(blocks: &[Measured<'_>], index: usize, paper: Paper) -> f32 {
    let block = &blocks[index];
    let own = match &block.kind {
        MeasuredKind::Paragraph(set) if set.lines.len() > 3 => 2.0 * line_height(BODY),
        MeasuredKind::Cards(cards) => cards.rows.first().map_or(0.0, |row| row.height),
        MeasuredKind::Table(table) => {
            let fresh = paper.text_height(block.landscape) - table.head_height();
            let note = kept_note(blocks, index);
            return table.head_height() + small_table(table, note, fresh).unwrap_or_else(|| first_rows(table, fresh));
        }
        _ => block.height(),
    };
    match blocks.get(index + 1).filter(|next| block.keep_with_next && next.landscape == block.landscape) {
        Some(next) => own + next.space + together(blocks, index + 1, paper),
        None => own,
    }
}

/// The height of the note that a table has to be followed by.
fn kept_note(blocks: &[Measured<'_>], table: usize) -> f32 {
    let note = blocks.get(table + 1).filter(|_| blocks[table].keep_with_next);
    note.map_or(0.0, |note| note.space + note.height())
}

/// The height of all below the head of a table that is small enough to be kept whole.
fn small_table(table: &MeasuredTable<'_>, note: f32, fresh: f32) -> Option<f32> {
    let rows: f32 = table.first_rows.iter().map(|lines| table.row_height(*lines)).sum();
    let all = rows + table.totals_height() + note;
    (table.rows() == table.first_rows.len() as u64 && all <= fresh * 0.25).then_some(all)
}

/// The height of what has to follow a table's head: its first row, or three lines of one that no
/// page of `fresh` points can hold; a second row, when it is no tall one; the sums after these.
fn first_rows(table: &MeasuredTable<'_>, fresh: f32) -> f32 {
    const TALL: u32 = 4;
    let Some((first, rest)) = table.first_rows.split_first() else { return 0.0 };
    if table.row_height(*first) > fresh {
        return table.row_height(3);
    }
    let second = rest.first().filter(|lines| **lines <= TALL).map_or(0.0, |lines| table.row_height(*lines));
    let ends = table.rows() <= table.first_rows.len() as u64;
    table.row_height(*first) + second + if ends { table.totals_height() } else { 0.0 }
}

/// The heights of a table.
#[derive(Debug, Clone, Copy)]
struct TableShape {
    rows: u64,
    head: f32,
    line: f32,
    pad: f32,
    totals: f32,
    note: f32,
}

impl TableShape {
    fn new(table: &MeasuredTable<'_>, note: f32) -> Self {
        Self {
            rows: table.rows(),
            head: table.head_height(),
            line: table.line(),
            pad: table.pad(),
            totals: table.totals_height(),
            note,
        }
    }

    fn row(&self, lines: u32) -> f32 {
        lines as f32 * self.line + 2.0 * self.pad
    }

    /// What must follow the last row on its page.
    fn tail(&self) -> f32 {
        self.totals + self.note
    }
}

/// Slack for sums of heights in another order.
const SLACK: f32 = 0.01;

struct Placer {
    paper: Paper,
    sheets: Vec<Sheet>,
    y: f32,
}

impl Placer {
    fn new(paper: Paper) -> Self {
        Self { paper, sheets: vec![Sheet::default()], y: MARGIN_TOP }
    }

    fn sheet(&mut self) -> &mut Sheet {
        self.sheets.last_mut().expect("there is always a page")
    }

    fn landscape(&self) -> bool {
        self.sheets.last().is_some_and(|sheet| sheet.landscape)
    }

    fn room(&self) -> f32 {
        self.paper.text_bottom(self.landscape()) - self.y + SLACK
    }

    fn at_top(&self) -> bool {
        self.sheets.last().is_none_or(|sheet| sheet.items.is_empty())
    }

    fn new_sheet(&mut self) {
        let landscape = self.landscape();
        self.sheets.push(Sheet { landscape, items: Vec::new() });
        self.y = MARGIN_TOP;
    }

    /// Goes on on paper that lies this way.
    fn turn(&mut self, landscape: bool) {
        if self.landscape() != landscape && !self.at_top() {
            self.new_sheet();
        }
        self.sheet().landscape = landscape;
    }

    /// Leaves space, or turns the page when what stays together has no room.
    fn begin(&mut self, space: f32, together: f32) {
        if self.at_top() {
            return;
        }
        if space + together > self.room() {
            self.new_sheet();
        } else {
            self.y += space;
        }
    }

    fn push(&mut self, block: usize, part: Part, height: f32) {
        let y = self.y;
        self.sheet().items.push(Item { block, y, part });
        self.y += height;
    }

    fn whole(&mut self, block: usize, height: f32) {
        self.push(block, Part::Whole, height);
    }

    fn cards(&mut self, block: usize, heights: impl Iterator<Item = f32>) {
        for (row, height) in heights.enumerate() {
            if row > 0 {
                self.begin(GAP, height);
            }
            self.push(block, Part::Cards(row), height);
        }
    }

    /// Two lines at least stand before and after the end of a page.
    fn lines(&mut self, block: usize, count: usize, height: f32) {
        let mut next = 0;
        while next < count {
            let left = count - next;
            let fit = (self.room() / height).floor().max(0.0) as usize;
            let mut take = left.min(fit);
            if left - take == 1 {
                take = take.saturating_sub(1);
            }
            if take < left.min(2) && !self.at_top() {
                self.new_sheet();
                continue;
            }
            let take = take.max(1);
            self.push(block, Part::Lines(next..next + take), take as f32 * height);
            next += take;
            if next < count {
                self.new_sheet();
            }
        }
    }

    fn table(
        &mut self,
        block: usize,
        shape: &TableShape,
        mut lines_of_next: impl FnMut() -> Result<u32, FormatError>,
    ) -> Result<(), FormatError> {
        self.push(block, Part::Head { again: false }, shape.head);
        let fresh = self.paper.text_height(self.landscape()) - shape.head;
        let (mut top, mut run) = (self.y, 0_u64);
        for row in 0..shape.rows {
            let lines = lines_of_next()?;
            let tail = if row + 1 == shape.rows { shape.tail() } else { 0.0 };
            let height = shape.row(lines);
            if height + tail > self.room() {
                self.rows(block, top, run);
                let splits = height + tail > fresh;
                let began = self.sheet().items.last().is_some_and(|i| !matches!(i.part, Part::Head { again: true }));
                let worthwhile = splits && shape.row(3) <= self.room();
                if began && !worthwhile {
                    self.head_again(block, shape);
                }
                if splits {
                    self.split_row(block, shape, lines, tail);
                    (top, run) = (self.y, 0);
                    continue;
                }
                (top, run) = (self.y, 0);
            }
            run += 1;
            self.y += height;
        }
        self.rows(block, top, run);
        if shape.totals > 0.0 {
            self.push(block, Part::Totals, shape.totals);
        }
        Ok(())
    }

    /// Notes rows that stand one below the other from `top` on.
    fn rows(&mut self, block: usize, top: f32, count: u64) {
        if count > 0 {
            self.sheet().items.push(Item { block, y: top, part: Part::Rows(count) });
        }
    }

    /// Turns the page inside a table. A head that nothing follows goes along.
    fn head_again(&mut self, block: usize, shape: &TableShape) {
        let alone = Part::Head { again: false };
        let moved = !self.at_top() && self.sheet().items.last().is_some_and(|item| item.part == alone);
        if moved {
            self.sheet().items.pop();
        }
        if !self.at_top() {
            self.new_sheet();
        }
        self.y = MARGIN_TOP;
        self.push(block, Part::Head { again: !moved }, shape.head);
    }

    /// Places a row that no page can hold, line by line. Of the last row, a line at least stands
    /// on the page of the sums.
    fn split_row(&mut self, block: usize, shape: &TableShape, count: u32, tail: f32) {
        let mut next = 0;
        loop {
            let left = count - next;
            let fit = ((self.room() - 2.0 * shape.pad) / shape.line).floor().max(1.0) as u32;
            let mut take = left.min(fit);
            if take == left && shape.row(take) + tail > self.room() && take > 1 {
                take -= 1;
            }
            let last = take == left;
            self.push(block, Part::RowLines { lines: next..next + take, last }, shape.row(take));
            if last {
                return;
            }
            next += take;
            self.head_again(block, shape);
        }
    }
}

#[cfg(test)]
mod tests;
