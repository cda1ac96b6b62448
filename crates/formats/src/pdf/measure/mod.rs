//! The second phase: blocks become measured blocks. Text is set in lines, tables know the widths
//! of their columns, charts their size. Where on which page all of it stands is not known here.

use punctual_document::format::FormatError;

use self::{cards::Cards, chart::Drawing, table::MeasuredTable};
use super::{
    blocks::{Block, BlockKind, Masthead},
    style::{ABOUT, BODY, HEADING, NOTE, Paper, SUBTITLE, TITLE, line_height},
    text::{Set, Style, Typesetter},
    words::Words,
};

pub(super) mod cards;
mod chart;
mod columns;
pub(super) mod rows;
pub(super) mod table;

pub(super) use columns::PAD_X;

/// A block with its size.
#[derive(Debug)]
pub(super) struct Measured<'d> {
    /// What it shows.
    pub(super) kind: MeasuredKind<'d>,
    /// Between it and the block above, unless it begins a page.
    pub(super) space: f32,
    /// Whether the page must not end right below it.
    pub(super) keep_with_next: bool,
    /// Whether it stands on the long edge of the paper.
    pub(super) landscape: bool,
}

/// What a measured block shows.
#[derive(Debug)]
pub(super) enum MeasuredKind<'d> {
    /// The top of the first page.
    Masthead(Box<MeasuredMasthead>),
    /// The heading of a section.
    Heading(Set),
    /// Cards with key figures.
    Cards(Cards),
    /// A chart.
    Chart(Drawing),
    /// A table or a band of its columns.
    Table(Box<MeasuredTable<'d>>),
    /// A paragraph.
    Paragraph(Set),
    /// A section that has nothing to show.
    Empty(Set),
    /// Small print.
    Note(Set),
    /// A line across.
    Rule,
}

/// The top of the first page, set.
#[derive(Debug)]
pub(super) struct MeasuredMasthead {
    /// Whom it is about.
    pub(super) about: Option<Set>,
    /// The period, at the right.
    pub(super) period: Option<Set>,
    /// The title.
    pub(super) title: Set,
    /// The line below it.
    pub(super) subtitle: Option<Set>,
}

impl MeasuredMasthead {
    /// The height of the bar at the very top, with the room below it.
    pub(super) const BAR: f32 = 13.0;
    /// Above the line that ends it.
    pub(super) const FOOT: f32 = 11.0;

    /// The height of the line with whom it is about and the period.
    pub(super) fn names_height(&self) -> f32 {
        let lines = [&self.about, &self.period].into_iter().flatten().map(|set| set.lines.len()).max();
        lines.map_or(0.0, |lines| lines as f32 * line_height(ABOUT) + 3.0)
    }

    fn height(&self) -> f32 {
        let subtitle = self.subtitle.as_ref().map_or(0.0, |s| 3.0 + s.lines.len() as f32 * line_height(SUBTITLE));
        let title = self.title.lines.len() as f32 * line_height(TITLE);
        Self::BAR + self.names_height() + title + subtitle + Self::FOOT
    }
}

/// The height of the box that says that there is nothing to show.
pub(super) const EMPTY_HEIGHT: f32 = 38.0;

impl Measured<'_> {
    /// The height of a block that cannot be split; of others, of all of it.
    pub(super) fn height(&self) -> f32 {
        match &self.kind {
            MeasuredKind::Masthead(head) => head.height(),
            MeasuredKind::Heading(set) => set.lines.len() as f32 * line_height(HEADING),
            MeasuredKind::Cards(cards) => {
                let gaps = cards.rows.len().saturating_sub(1) as f32 * cards::GAP;
                cards.rows.iter().map(|row| row.height).sum::<f32>() + gaps
            }
            MeasuredKind::Chart(drawing) => drawing.height,
            MeasuredKind::Table(table) => table.head_height(),
            MeasuredKind::Paragraph(set) => set.lines.len() as f32 * line_height(BODY),
            MeasuredKind::Empty(_) => EMPTY_HEIGHT,
            MeasuredKind::Note(set) => set.lines.len() as f32 * line_height(NOTE),
            MeasuredKind::Rule => 1.0,
        }
    }
}

/// Measures all blocks, and adds a note on characters that no font has.
///
/// # Errors
/// When rows cannot be read or a chart cannot be drawn.
pub(super) fn measure<'d>(
    blocks: &[Block<'d>],
    paper: Paper,
    words: &Words,
    setter: &mut Typesetter,
) -> Result<Vec<Measured<'d>>, FormatError> {
    // From the last to the first: what is kept with the next block stands on the same kind of page.
    let mut measured: Vec<Measured<'d>> = Vec::with_capacity(blocks.len());
    let mut landscape = false;
    for block in blocks.iter().rev() {
        if !block.keep_with_next {
            landscape = false;
        }
        let mut parts = parts(block, landscape, paper, words, setter)?;
        landscape = parts.first().is_some_and(|part| part.landscape);
        parts.reverse();
        measured.append(&mut parts);
    }
    measured.reverse();
    missing(&mut measured, paper, words, setter);
    // Small print turns no page: it follows what stands above it.
    for at in 1..measured.len() {
        let follows = match measured[at].kind {
            MeasuredKind::Note(_) => !measured[at].keep_with_next,
            MeasuredKind::Rule => true,
            _ => false,
        };
        if follows {
            measured[at].landscape = measured[at - 1].landscape;
        }
    }
    Ok(measured)
}

fn parts<'d>(
    block: &Block<'d>,
    landscape: bool,
    paper: Paper,
    words: &Words,
    setter: &mut Typesetter,
) -> Result<Vec<Measured<'d>>, FormatError> {
    if let BlockKind::Table { place, table } = &block.kind {
        return Ok(bands(table::measure(place, table, paper, setter)?, block.keep_with_next, paper, words, setter));
    }
    let mut set =
        |text: &str, style: Style, wide: bool| setter.set_new(text.trim(), style, Some(paper.text_width(wide)));
    let (kind, space, wide) = match &block.kind {
        BlockKind::Masthead(head) => {
            (MeasuredKind::Masthead(Box::new(masthead(head, paper, landscape, setter))), 0.0, landscape)
        }
        BlockKind::Heading(text) => (MeasuredKind::Heading(set(text, HEADING, landscape)), 20.0, landscape),
        BlockKind::Figures(figures) => {
            (MeasuredKind::Cards(cards::measure(figures, paper.text_width(false), words, setter)), 10.0, false)
        }
        BlockKind::Chart { place, chart, alt } => {
            (MeasuredKind::Chart(chart::measure(place, chart, alt, paper, setter)?), 8.0, false)
        }
        BlockKind::Paragraph(text) => (MeasuredKind::Paragraph(set(text, BODY, false)), 8.0, false),
        BlockKind::Empty(text) => (MeasuredKind::Empty(set(text, BODY, false)), 8.0, false),
        BlockKind::Note(text) => (MeasuredKind::Note(set(text, NOTE, false)), 5.0, false),
        BlockKind::Rule => (MeasuredKind::Rule, 20.0, landscape),
        BlockKind::Table { .. } => unreachable!("tables are measured above"),
    };
    Ok(vec![Measured { kind, space, keep_with_next: block.keep_with_next, landscape: wide }])
}

fn masthead(head: &Masthead<'_>, paper: Paper, landscape: bool, setter: &mut Typesetter) -> MeasuredMasthead {
    let width = paper.text_width(landscape);
    let period = head.period.map(|text| setter.set_new(text, SUBTITLE, Some(width * 0.4)));
    let beside = period.as_ref().map_or(0.0, |set| set.width() + 12.0);
    MeasuredMasthead {
        about: head.about.map(|text| setter.set_new(text, ABOUT, Some(width - beside))),
        period,
        title: setter.set_new(head.title, TITLE, Some(width)),
        subtitle: head.subtitle.map(|text| setter.set_new(text, SUBTITLE, Some(width))),
    }
}

/// A table that is shown in several bands says above each which columns follow.
fn bands<'d>(
    tables: Vec<MeasuredTable<'d>>,
    noted: bool,
    paper: Paper,
    words: &Words,
    setter: &mut Typesetter,
) -> Vec<Measured<'d>> {
    let (count, mut parts) = (tables.len(), Vec::with_capacity(tables.len() * 2));
    for (number, table) in tables.into_iter().enumerate() {
        let landscape = table.landscape;
        if count > 1 {
            let shown = &table.columns[1..];
            let (from, to) = (shown.first().map_or(0, |c| c.index), shown.last().map_or(0, |c| c.index));
            let text = words.columns(from + 1, to + 1, table.table.columns.len());
            let set = setter.set_new(&text, NOTE, Some(paper.text_width(landscape)));
            let space = if number == 0 { 5.0 } else { 18.0 };
            parts.push(Measured { kind: MeasuredKind::Note(set), space, keep_with_next: true, landscape });
        }
        let keep_with_next = noted && number + 1 == count;
        parts.push(Measured { kind: MeasuredKind::Table(Box::new(table)), space: 7.0, keep_with_next, landscape });
    }
    parts
}

/// Says at the end which characters could not be shown.
fn missing(measured: &mut Vec<Measured<'_>>, paper: Paper, words: &Words, setter: &mut Typesetter) {
    const NAMED: usize = 24;
    if setter.missing().is_empty() {
        return;
    }
    let mut list: Vec<String> = setter.missing().iter().take(NAMED).map(|c| format!("U+{:04X}", *c as u32)).collect();
    if setter.missing().len() > NAMED {
        list.push(format!("… +{}", setter.missing().len() - NAMED));
    }
    let mut push = |kind, space, keep_with_next| {
        measured.push(Measured { kind, space, keep_with_next, landscape: false });
    };
    push(MeasuredKind::Rule, 20.0, true);
    let text = words.missing(&list.join(", "));
    push(MeasuredKind::Note(setter.set_new(&text, NOTE, Some(paper.text_width(false)))), 5.0, false);
}
