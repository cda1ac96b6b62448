//! The long way for text: parley shapes it (kerning, marks, scripts that join or run from right to
//! left) and finds its lines by Unicode's rules. Only the shipped fonts are asked; a character that
//! none of them has is drawn as an empty box, stays itself for search and copy, and is remembered.

use std::{borrow::Cow, ops::Range};

use parley::{FontWeight, Layout, OverflowWrap, StyleProperty};

use super::{
    fonts::{FAMILY, Weight, features},
    text::{Extent, Glyph, Line, Run, Set, Style, Typesetter},
};

impl Typesetter {
    /// Shapes a text into lines no wider than `width` points.
    pub(super) fn shape(&mut self, text: &str, style: Style, width: Option<f32>, out: &mut Set) {
        let text = clean(text);
        let drawn = self.drawable(&text);
        out.text.push_str(&text);
        let mut layout = self.layout(&drawn.text, style.weight, style.size, style.tabular);
        layout.break_all_lines(width.map(|w| w.max(1.0)));
        for line in layout.lines() {
            let metrics = *line.metrics();
            let first_run = out.runs.len();
            let mut x = 0.0;
            for run in line.runs() {
                let (first, start) = (out.glyphs.len(), x);
                for cluster in run.visual_clusters() {
                    let range = drawn.original(cluster.text_range());
                    if cluster.is_ligature_continuation() {
                        if let Some(last) = out.glyphs.get_mut(first..).and_then(<[_]>::last_mut) {
                            last.start = last.start.min(range.start);
                            last.end = last.end.max(range.end);
                        }
                        continue;
                    }
                    for glyph in cluster.glyphs() {
                        out.glyphs.push(Glyph {
                            id: glyph.id,
                            start: range.start,
                            end: range.end,
                            advance: glyph.advance / style.size,
                            dx: glyph.x / style.size,
                            dy: glyph.y / style.size,
                        });
                        x += glyph.advance;
                    }
                }
                if out.glyphs.len() > first {
                    let weight = self.fonts.weight_of(run.font().data.id());
                    out.runs.push(Run { weight, x: start, glyphs: first..out.glyphs.len() });
                }
            }
            let width = (metrics.advance - metrics.hanging_advance).max(0.0);
            out.lines.push(Line { runs: first_run..out.runs.len(), width });
        }
        if out.lines.is_empty() {
            out.lines.push(Line { runs: 0..0, width: 0.0 });
        }
    }

    /// The room that a text asks for in cells, in em.
    pub(super) fn shaped_extent(&mut self, text: &str, weight: Weight) -> Extent {
        // Any size serves: widths grow with it.
        const SIZE: f32 = 16.0;
        let text = clean(text);
        let drawn = self.drawable(&text);
        let mut layout = self.layout(&drawn.text, weight, SIZE, true);
        layout.break_all_lines(None);
        let widths = layout.calculate_content_widths();
        Extent {
            widest: layout.width().max(widths.min) / SIZE,
            longest_piece: widths.min / SIZE,
            breaks: text.contains('\n'),
        }
    }

    /// The text with boxes in place of characters that no font has; these are remembered.
    fn drawable<'t>(&mut self, text: &'t str) -> Drawn<'t> {
        let fonts = self.fonts;
        let missing = |c: char| is_visible(c) && !fonts.covers(c);
        if !text.contains(missing) {
            return Drawn { text: Cow::Borrowed(text), original: Vec::new() };
        }
        let (mut boxed, mut original) = (String::with_capacity(text.len()), Vec::with_capacity(text.len()));
        for (at, c) in text.char_indices() {
            if missing(c) {
                self.missing.insert(c);
                boxed.push('□');
            } else {
                boxed.push(c);
            }
            original.resize(boxed.len(), at as u32);
        }
        original.push(text.len() as u32);
        Drawn { text: Cow::Owned(boxed), original }
    }

    fn layout(&mut self, text: &str, weight: Weight, size: f32, tabular: bool) -> Layout<()> {
        let mut builder = self.layouts.ranged_builder(&mut self.context, text, 1.0, false);
        builder.push_default(StyleProperty::FontFamily(FAMILY.into()));
        builder.push_default(StyleProperty::FontSize(size));
        builder.push_default(StyleProperty::FontWeight(FontWeight::new(weight.value())));
        builder.push_default(StyleProperty::OverflowWrap(OverflowWrap::BreakWord));
        if tabular {
            builder.push_default(features(&[(b"tnum", 1)]));
        }
        builder.build(text)
    }
}

/// A text as it is drawn.
struct Drawn<'t> {
    text: Cow<'t, str>,
    /// For each byte, where its character began before; empty when nothing was replaced.
    original: Vec<u32>,
}

impl Drawn<'_> {
    /// The place in the text as it was.
    fn original(&self, range: Range<usize>) -> Range<u32> {
        let at = |place: usize| self.original.get(place).copied().unwrap_or(place as u32);
        at(range.start)..at(range.end)
    }
}

/// The text without control characters: line breaks of any kind become `\n`, the rest spaces.
fn clean(text: &str) -> Cow<'_, str> {
    let needs = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{2028}' | '\u{2029}');
    if !text.contains(needs) {
        return Cow::Borrowed(text);
    }
    let text = text.replace("\r\n", "\n");
    Cow::Owned(
        text.chars()
            .map(|c| match c {
                '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
                c if c.is_control() => ' ',
                c => c,
            })
            .collect(),
    )
}

/// Whether a reader would miss the character: not a space, a joiner or a selector.
fn is_visible(c: char) -> bool {
    !c.is_whitespace()
        && !c.is_control()
        && !matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        && !matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}
