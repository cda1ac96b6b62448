//! The few strokes that pages are made of: lines of text, boxes, rules, drawings. Each is either
//! tagged, for readers who listen, or marked as mere decoration. What is drawn is not known here.

use krilla::{
    color::rgb,
    geom::{Path, PathBuilder, Point, Rect, Size, Transform},
    num::NormalizedF32,
    paint::{Fill, Stroke},
    surface::Surface,
    tagging::{Artifact, ArtifactType, ContentTag, Identifier},
};
use krilla_svg::{SurfaceExt as _, SvgSettings};

use crate::pdf::{
    fonts::{Fonts, Weight},
    others::{Faces, FontId},
    style::Color,
    text::{Glyph, Line, Set, Style},
};

/// A page being drawn.
pub(super) struct Canvas<'s, 'p> {
    surface: &'s mut Surface<'p>,
    fonts: &'static Fonts,
    others: Faces,
}

/// Where and how a block of lines is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    /// Its left edge.
    pub(super) x: f32,
    /// The top of its first line.
    pub(super) y: f32,
    /// The height of a line.
    pub(super) line: f32,
    /// Its colour.
    pub(super) color: Color,
}

impl<'s, 'p> Canvas<'s, 'p> {
    pub(super) fn new(surface: &'s mut Surface<'p>, others: Faces) -> Self {
        Self { surface, fonts: Fonts::get(), others }
    }

    /// The glyph of a space in a font.
    pub(super) fn space(&self, font: FontId) -> Option<u32> {
        match font {
            FontId::Shipped(weight) => self.fonts.glyphs(weight, false).get(' ').map(|space| space.id.into()),
            FontId::Other(_) => self.others.space(font),
        }
    }

    /// What `draw` draws has a meaning; the mark has to go into the tag tree.
    pub(super) fn tagged(&mut self, draw: impl FnOnce(&mut Self)) -> Identifier {
        let mark = self.surface.start_tagged(ContentTag::Other);
        draw(self);
        self.surface.end_tagged();
        mark
    }

    /// What `draw` draws is decoration.
    pub(super) fn decoration(&mut self, draw: impl FnOnce(&mut Self)) {
        self.artifact(ArtifactType::Layout, draw);
    }

    /// What `draw` draws stands on every page.
    pub(super) fn footer(&mut self, draw: impl FnOnce(&mut Self)) {
        self.artifact(ArtifactType::Footer, draw);
    }

    fn artifact(&mut self, kind: ArtifactType, draw: impl FnOnce(&mut Self)) {
        self.surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(kind)));
        draw(self);
        self.surface.end_tagged();
    }

    /// Draws all lines of a text, one below the other.
    pub(super) fn text(&mut self, set: &Set, style: Style, spot: Spot) {
        for (at, line) in set.lines.iter().enumerate() {
            self.line(set, line, style, Spot { y: spot.y + at as f32 * spot.line, ..spot });
        }
    }

    /// Draws one line of a text.
    #[inline]
    pub(super) fn line(&mut self, set: &Set, line: &Line, style: Style, spot: Spot) {
        for run in &set.runs[line.runs.clone()] {
            let spot = Spot { x: spot.x + run.x, ..spot };
            self.glyphs(run.font, &set.glyphs[run.glyphs.clone()], &set.text, style.size, spot);
        }
    }

    /// Draws glyphs of one font.
    pub(super) fn glyphs(&mut self, font: FontId, glyphs: &[Glyph], text: &str, size: f32, spot: Spot) {
        let face = self.fonts.face(if let FontId::Shipped(weight) = font { weight } else { Weight::Regular });
        // Fonts of other scripts stand on the same baseline.
        let baseline = spot.y + (spot.line + (face.ascent - face.descent) * size) / 2.0;
        let font = self.others.font(font).unwrap_or_else(|| face.font.clone());
        self.surface.set_fill(Some(fill(spot.color)));
        self.surface.draw_glyphs(Point::from_xy(spot.x, baseline), glyphs, font, text, size, false);
    }

    /// Fills a box.
    pub(super) fn fill(&mut self, area: Rect, color: Color) {
        let mut path = PathBuilder::new();
        path.push_rect(area);
        self.path(path.finish(), Some(fill(color)), None);
    }

    /// Fills a box with round corners and draws its edge.
    pub(super) fn panel(&mut self, area: Rect, radius: f32, color: Color, edge: Option<Color>) {
        let stroke = edge.map(|color| stroke(color, 0.6));
        self.path(rounded(area, radius), Some(fill(color)), stroke);
    }

    /// Draws level lines, each given as left end, right end and height.
    pub(super) fn rules(&mut self, rules: &[(f32, f32, f32)], color: Color, width: f32) {
        let mut path = PathBuilder::new();
        for (from, to, y) in rules {
            path.move_to(*from, *y);
            path.line_to(*to, *y);
        }
        self.path(path.finish(), None, Some(stroke(color, width)));
    }

    /// Draws a chart.
    pub(super) fn drawing(&mut self, tree: &usvg::Tree, x: f32, y: f32, width: f32, height: f32) {
        if let Some(size) = Size::from_wh(width, height) {
            self.surface.push_transform(&Transform::from_translate(x, y));
            self.surface.draw_svg(tree, size, SvgSettings::default());
            self.surface.pop();
        }
    }

    fn path(&mut self, path: Option<Path>, fill: Option<Fill>, stroke: Option<Stroke>) {
        if let Some(path) = path {
            self.surface.set_fill(fill);
            self.surface.set_stroke(stroke);
            self.surface.draw_path(&path);
            self.surface.set_stroke(None);
        }
    }
}

fn paint(color: Color) -> krilla::paint::Paint {
    let [red, green, blue] = color;
    rgb::Color::new(red, green, blue).into()
}

fn fill(color: Color) -> Fill {
    Fill { paint: paint(color), opacity: NormalizedF32::ONE, ..Fill::default() }
}

fn stroke(color: Color, width: f32) -> Stroke {
    Stroke { paint: paint(color), width, ..Stroke::default() }
}

fn rounded(area: Rect, radius: f32) -> Option<Path> {
    // The control points that bring a cubic closest to a quarter of a circle.
    let handle = radius * (1.0 - 0.552_284_8);
    let (left, top, right, bottom) = (area.left(), area.top(), area.right(), area.bottom());
    let mut path = PathBuilder::new();
    path.move_to(left + radius, top);
    path.line_to(right - radius, top);
    path.cubic_to(right - handle, top, right, top + handle, right, top + radius);
    path.line_to(right, bottom - radius);
    path.cubic_to(right, bottom - handle, right - handle, bottom, right - radius, bottom);
    path.line_to(left + radius, bottom);
    path.cubic_to(left + handle, bottom, left, bottom - handle, left, bottom - radius);
    path.line_to(left, top + radius);
    path.cubic_to(left, top + handle, left + handle, top, left + radius, top);
    path.close();
    path.finish()
}
