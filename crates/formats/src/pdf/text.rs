//! Text becomes lines of glyphs. Simple text takes a short way: glyphs and advances from a table,
//! no kerning, lines broken here. All else goes to `shape`. Pages and colours are not known here.

use std::{collections::BTreeSet, ops::Range, sync::Arc};

use krilla::text::GlyphId;
use parley::{FontContext, LayoutContext};
use punctual_document::fonts::Fonts as Library;

use super::{
    fonts::{Fonts, GlyphMap, Weight},
    others::{FontId, Others},
};

/// How a text is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Style {
    /// The weight.
    pub(super) weight: Weight,
    /// The size in points.
    pub(super) size: f32,
    /// Digits of one width, for columns.
    pub(super) tabular: bool,
    /// Kerning: always shaped, for titles and paragraphs.
    pub(super) fine: bool,
}

impl Style {
    /// Running text and headings, with kerning.
    pub(super) const fn fine(weight: Weight, size: f32) -> Self {
        Self { weight, size, tabular: false, fine: true }
    }

    /// Cells of tables.
    pub(super) const fn cell(weight: Weight, size: f32) -> Self {
        Self { weight, size, tabular: true, fine: false }
    }
}

/// A glyph and the bytes of text that it stands for. Lengths are in em.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Glyph {
    pub(super) id: u32,
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) advance: f32,
    pub(super) dx: f32,
    pub(super) dy: f32,
}

impl krilla::text::Glyph for Glyph {
    fn glyph_id(&self) -> GlyphId {
        GlyphId::new(self.id)
    }

    fn text_range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    fn x_advance(&self, size: f32) -> f32 {
        self.advance * size
    }

    fn x_offset(&self, size: f32) -> f32 {
        self.dx * size
    }

    fn y_offset(&self, size: f32) -> f32 {
        self.dy * size
    }

    fn y_advance(&self, _size: f32) -> f32 {
        0.0
    }

    fn location(&self) -> Option<krilla::surface::Location> {
        None
    }
}

/// Glyphs of one font in a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Run {
    /// The font.
    pub(super) font: FontId,
    /// Where it begins in its line, in points.
    pub(super) x: f32,
    /// Its glyphs in the set text.
    pub(super) glyphs: Range<usize>,
}

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// Its runs in the set text.
    pub(super) runs: Range<usize>,
    /// Its width in points, without spaces at its end.
    pub(super) width: f32,
}

/// Text that was set: lines of glyphs. It is reused from cell to cell.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Set {
    /// The text that the glyphs stand for.
    pub(super) text: String,
    /// The glyphs in visual order.
    pub(super) glyphs: Vec<Glyph>,
    /// The runs.
    pub(super) runs: Vec<Run>,
    /// The lines from top to bottom; one at least.
    pub(super) lines: Vec<Line>,
}

impl Set {
    /// The width of the widest line in points.
    pub(super) fn width(&self) -> f32 {
        self.lines.iter().fold(0.0, |widest, line| widest.max(line.width))
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.glyphs.clear();
        self.runs.clear();
        self.lines.clear();
    }
}

/// How much room a text asks for, in em.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Extent {
    /// On one line (the longest one, when the text has line breaks of its own).
    pub(super) widest: f32,
    /// Its longest piece that should not be broken.
    pub(super) longest_piece: f32,
    /// Whether the text has line breaks of its own.
    pub(super) breaks: bool,
}

impl Extent {
    /// The room that both need.
    pub(super) fn join(self, other: Self) -> Self {
        Self {
            widest: self.widest.max(other.widest),
            longest_piece: self.longest_piece.max(other.longest_piece),
            breaks: self.breaks || other.breaks,
        }
    }
}

/// Sets text in the shipped fonts, and in others where those lack a character; remembers the
/// characters that no font has.
pub(super) struct Typesetter {
    pub(super) fonts: &'static Fonts,
    pub(super) others: Others,
    pub(super) context: FontContext,
    pub(super) layouts: LayoutContext<()>,
    pub(super) missing: BTreeSet<char>,
}

impl Typesetter {
    /// A typesetter for one document, with the fonts that it brings.
    pub(super) fn new(others: Arc<dyn Library>) -> Self {
        let fonts = Fonts::get();
        Self {
            fonts,
            others: Others::new(others),
            context: fonts.context(),
            layouts: LayoutContext::new(),
            missing: BTreeSet::new(),
        }
    }

    /// A typesetter with the shipped fonts alone.
    #[cfg(test)]
    pub(super) fn shipped() -> Self {
        Self::new(Arc::new(punctual_document::fonts::ShippedOnly))
    }

    /// The characters seen so far that no font has, in order.
    pub(super) fn missing(&self) -> &BTreeSet<char> {
        &self.missing
    }

    /// The same when all is set.
    pub(super) fn into_missing(self) -> BTreeSet<char> {
        self.missing
    }

    /// Sets a text in lines no wider than `width` points (`None`: breaks only where the text has
    /// them). A word that is wider is broken anywhere.
    pub(super) fn set(&mut self, text: &str, style: Style, width: Option<f32>, out: &mut Set) {
        out.clear();
        if !style.fine {
            let limit = width.map_or(f32::INFINITY, |w| w / style.size);
            if set_simple(text, self.fonts.glyphs(style.weight, style.tabular), style, limit, out) {
                return;
            }
            out.clear();
        }
        self.shape(text, style, width, out);
    }

    /// As [`Typesetter::set`], into a new value.
    pub(super) fn set_new(&mut self, text: &str, style: Style, width: Option<f32>) -> Set {
        let mut out = Set::default();
        self.set(text, style, width, &mut out);
        out
    }

    /// The room that a text asks for in cells of this weight.
    pub(super) fn extent(&mut self, text: &str, weight: Weight) -> Extent {
        simple_extent(text, self.fonts.glyphs(weight, true)).unwrap_or_else(|| self.shaped_extent(text, weight))
    }

    /// Sets a text on one line, shortened with an ellipsis when it is wider than `width` points.
    pub(super) fn set_shortened(&mut self, text: &str, style: Style, width: f32) -> Set {
        let text = text.replace('\n', " ");
        let whole = self.set_new(&text, style, None);
        if whole.width() <= width {
            return whole;
        }
        let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        // The longest beginning that fits: fits() is monotonic in its length.
        let fits = |setter: &mut Self, keep: usize| {
            let set = setter.set_new(&format!("{}…", text[..starts[keep]].trim_end()), style, None);
            (set.width() <= width).then_some(set)
        };
        let (mut low, mut high) = (0, starts.len() - 1);
        let mut best = self.set_new("…", style, None);
        while low < high {
            let middle = (low + high).div_ceil(2);
            match fits(self, middle) {
                Some(set) => (low, best) = (middle, set),
                None => high = middle - 1,
            }
        }
        best
    }
}

/// Where a line may end inside simple text: after spaces, and between a hyphen, dash or slash that
/// follows a letter or digit and a letter. Numbers, dates and signs stay whole.
#[derive(Default)]
struct Breaks {
    before_last: Option<char>,
    last: Option<char>,
}

impl Breaks {
    /// Whether the line may end before `c`; takes it as the next character.
    fn before(&mut self, c: char) -> bool {
        let allowed = match self.last {
            Some(' ') => c != ' ',
            Some('-' | '/' | '\u{2010}' | '–' | '—') => {
                c.is_alphabetic() && self.before_last.is_some_and(char::is_alphanumeric)
            }
            _ => false,
        };
        self.before_last = self.last.replace(c);
        allowed
    }
}

/// Slack for sums of the same advances in another order, in em.
const SLACK: f32 = 0.001;

/// Sets simple text; `false` when a character has to be shaped. `limit` is in em.
fn set_simple(text: &str, glyphs: &GlyphMap, style: Style, limit: f32, out: &mut Set) -> bool {
    let limit = limit + SLACK;
    out.text.push_str(text);
    let mut breaks = Breaks::default();
    // Of the line being filled: its first glyph, the pen, the pen after the last visible glyph.
    let (mut first, mut pen, mut ink) = (0, 0.0_f32, 0.0_f32);
    // The last place it may end: the glyph after it, the pen there, the ink there.
    let mut allowed: Option<(usize, f32, f32)> = None;
    for (at, c) in text.char_indices() {
        if c == '\n' {
            end_line(out, first..out.glyphs.len(), style, ink);
            (first, pen, ink, allowed) = (out.glyphs.len(), 0.0, 0.0, None);
            breaks = Breaks::default();
            continue;
        }
        let Some(glyph) = glyphs.get(c) else { return false };
        if breaks.before(c) {
            allowed = Some((out.glyphs.len(), pen, ink));
        }
        while c != ' ' && pen + glyph.advance > limit && out.glyphs.len() > first {
            let (next, start, width) = allowed.take().unwrap_or((out.glyphs.len(), pen, ink));
            end_line(out, first..next, style, width);
            (first, pen, ink) = (next, pen - start, ink - start);
        }
        let (start, end) = (at as u32, (at + c.len_utf8()) as u32);
        out.glyphs.push(Glyph { id: glyph.id.into(), start, end, advance: glyph.advance, dx: 0.0, dy: 0.0 });
        pen += glyph.advance;
        if c != ' ' {
            ink = pen;
        }
    }
    end_line(out, first..out.glyphs.len(), style, ink);
    true
}

fn end_line(out: &mut Set, glyphs: Range<usize>, style: Style, width: f32) {
    let first = out.runs.len();
    if !glyphs.is_empty() {
        out.runs.push(Run { font: FontId::Shipped(style.weight), x: 0.0, glyphs });
    }
    out.lines.push(Line { runs: first..out.runs.len(), width: width.max(0.0) * style.size });
}

fn simple_extent(text: &str, glyphs: &GlyphMap) -> Option<Extent> {
    let mut extent = Extent::default();
    let mut breaks = Breaks::default();
    let (mut pen, mut ink, mut piece) = (0.0_f32, 0.0_f32, 0.0_f32);
    for c in text.chars() {
        if c == '\n' {
            extent = extent.join(Extent { widest: ink, longest_piece: piece, breaks: true });
            (pen, ink, piece) = (0.0, 0.0, 0.0);
            breaks = Breaks::default();
            continue;
        }
        let advance = glyphs.get(c)?.advance;
        if breaks.before(c) {
            extent.longest_piece = extent.longest_piece.max(piece);
            piece = 0.0;
        }
        pen += advance;
        if c != ' ' {
            ink = pen;
            piece += advance;
        }
    }
    Some(extent.join(Extent { widest: ink, longest_piece: piece, breaks: false }))
}

#[cfg(test)]
mod tests;
