//! Joins the cells of a row into one piece of text with gaps. A page of rows drawn this way is
//! smaller and several times faster than cell by cell; a space between cells keeps them apart for
//! readers who listen, search or copy.

use super::canvas::{Canvas, Spot};
use crate::pdf::{
    others::FontId,
    text::{Glyph, Line, Set, Style},
};

/// Text from several cells that stands on one line.
#[derive(Debug, Default)]
pub(super) struct Joined {
    text: String,
    glyphs: Vec<Glyph>,
    font: Option<FontId>,
    /// Where the text begins, and where the pen stands, in points.
    start: f32,
    pen: f32,
}

impl Joined {
    /// Adds a line of a cell that begins at `spot.x`; draws what was gathered when the font changes.
    pub(super) fn push(&mut self, set: &Set, line: &Line, style: Style, spot: Spot, canvas: &mut Canvas<'_, '_>) {
        for run in &set.runs[line.runs.clone()] {
            let space = canvas.space(run.font);
            // Without a space in the font nothing can stand between the cells.
            if self.font != Some(run.font) || space.is_none() {
                self.draw(style, spot, canvas);
                self.font = Some(run.font);
            }
            self.gap(space, spot.x + run.x, style);
            let moved = self.text.len() as u32;
            self.text.push_str(&set.text);
            for glyph in &set.glyphs[run.glyphs.clone()] {
                let (start, end) = (glyph.start + moved, glyph.end + moved);
                self.glyphs.push(Glyph { start, end, ..glyph.clone() });
                self.pen += glyph.advance * style.size;
            }
        }
    }

    /// Moves the pen to `x`, over a space when something stands before it.
    fn gap(&mut self, space: Option<u32>, x: f32, style: Style) {
        match space.filter(|_| !self.glyphs.is_empty()) {
            Some(space) => {
                let start = self.text.len() as u32;
                self.text.push(' ');
                let advance = (x - self.pen) / style.size;
                self.glyphs.push(Glyph { id: space, start, end: start + 1, advance, dx: 0.0, dy: 0.0 });
            }
            None => self.start = x,
        }
        self.pen = x;
    }

    /// Draws what was gathered, on the line of `spot`, and begins anew.
    pub(super) fn draw(&mut self, style: Style, spot: Spot, canvas: &mut Canvas<'_, '_>) {
        if let (Some(font), false) = (self.font, self.glyphs.is_empty()) {
            canvas.glyphs(font, &self.glyphs, &self.text, style.size, Spot { x: self.start, ..spot });
        }
        self.text.clear();
        self.glyphs.clear();
        self.font = None;
    }
}
