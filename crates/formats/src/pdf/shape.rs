//! The long way for text: parley shapes it (kerning, marks, scripts that join or run from right to
//! left) and finds its lines by Unicode's rules. The shipped fonts are asked first, then those that the
//! document brings; a character that none of them has is drawn as its code, so that two names stay
//! two names, remains itself for search and copy, and is remembered.

use std::{borrow::Cow, fmt::Write as _, ops::Range};

use parley::{FontWeight, Layout, OverflowWrap, StyleProperty};

use super::{
    fonts::{Weight, features},
    others::FontId,
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
                    let font = run.font();
                    let shipped = self.fonts.weight_of(font.data.id()).map(FontId::Shipped);
                    let synthesis = run.synthesis();
                    let axes = synthesis.variation_settings().iter().map(|(axis, at)| (axis.to_be_bytes(), *at));
                    let other = || self.others.face_of(&font.data, font.index, axes);
                    // A font is looked at when it is loaded: one that cannot be drawn is not asked for.
                    let font = shipped.or_else(other).unwrap_or(FontId::Shipped(style.weight));
                    out.runs.push(Run { font, x: start, glyphs: first..out.glyphs.len() });
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

    /// Whether a font has the character, or nobody would miss it. Others are remembered.
    pub(super) fn has_glyph(&mut self, c: char) -> bool {
        let has = !is_visible(c) || self.fonts.covers(c) || self.others.cover(c, &mut self.context);
        if !has {
            self.missing.insert(c);
        }
        has
    }

    /// The text with codes in place of characters that no font has; these are remembered.
    fn drawable<'t>(&mut self, text: &'t str) -> Drawn<'t> {
        let lacking: Vec<bool> = text.chars().map(|c| !self.has_glyph(c)).collect();
        if !lacking.contains(&true) {
            return Drawn { text: Cow::Borrowed(text), original: Vec::new() };
        }
        let mut drawn = Drawn { text: Cow::Owned(String::with_capacity(text.len() * 2)), original: Vec::new() };
        for (index, (at, c)) in text.char_indices().enumerate() {
            let begins = index == 0 || !lacking[index - 1];
            let ends = !lacking.get(index + 1).copied().unwrap_or(false);
            let shown = drawn.text.to_mut();
            match lacking[index] {
                true => push_code(shown, c, begins, ends),
                false => shown.push(c),
            }
            let original = at as u32..(at + c.len_utf8()) as u32;
            drawn.original.resize(drawn.text.len(), original);
        }
        drawn
    }

    /// A chart's drawing with codes in place of characters that no font has; these are remembered. Labels
    /// have little room, so of several characters in a row only the first one's code is shown.
    pub(super) fn drawable_chart<'t>(&mut self, svg: &'t str) -> Cow<'t, str> {
        if !svg.contains(|c: char| !self.has_glyph(c)) {
            return Cow::Borrowed(svg);
        }
        let mut shown = String::with_capacity(svg.len() * 2);
        let mut rest = svg.chars().peekable();
        while let Some(c) = rest.next() {
            if self.has_glyph(c) {
                shown.push(c);
                continue;
            }
            let mut more = false;
            while rest.next_if(|next| !self.has_glyph(*next)).is_some() {
                more = true;
            }
            push_code(&mut shown, c, true, !more);
            shown.push_str(if more { "…]" } else { "" });
        }
        Cow::Owned(shown)
    }

    fn layout(&mut self, text: &str, weight: Weight, size: f32, tabular: bool) -> Layout<()> {
        let mut builder = self.layouts.ranged_builder(&mut self.context, text, 1.0, false);
        builder.push_default(StyleProperty::FontFamily(self.others.families().into()));
        builder.push_default(StyleProperty::FontSize(size));
        builder.push_default(StyleProperty::FontWeight(FontWeight::new(weight.value())));
        builder.push_default(StyleProperty::OverflowWrap(OverflowWrap::BreakWord));
        if tabular {
            builder.push_default(features(&[(b"tnum", 1)]));
        }
        builder.build(text)
    }
}

/// Writes a character's code in brackets; those of neighbours share them: `[5C71 7530]`.
pub(super) fn push_code(out: &mut String, c: char, begins: bool, ends: bool) {
    out.push(if begins { '[' } else { ' ' });
    write!(out, "{:04X}", c as u32).expect("a String takes everything");
    if ends {
        out.push(']');
    }
}

/// A text as it is drawn.
struct Drawn<'t> {
    text: Cow<'t, str>,
    /// For each byte, the character that it stands for in the text as it was; empty when nothing was replaced.
    original: Vec<Range<u32>>,
}

impl Drawn<'_> {
    /// The place in the text as it was.
    fn original(&self, range: Range<usize>) -> Range<u32> {
        let at = |place: usize| self.original.get(place).cloned();
        let last = range.end.saturating_sub(1).max(range.start);
        match (at(range.start), at(last)) {
            (Some(first), Some(last)) => first.start..last.end,
            _ => range.start as u32..range.end as u32,
        }
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
