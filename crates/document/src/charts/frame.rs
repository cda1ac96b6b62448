//! The plot: where it lies in the drawing, its grid lines and the labels beside them.

use super::{
    Drawing,
    scale::Ticks,
    svg::{Anchor, Svg, Text},
    text_width::width,
};

/// The size of labels.
pub(super) const FONT: f64 = 11.0;
/// The height of a line of labels.
pub(super) const LINE: f64 = 14.0;

/// The plot's edges and the scale of its vertical axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    low: f64,
    high: f64,
}

impl Frame {
    /// The plot below `top`, with room for the labels of `ticks`; the room below comes with `above`.
    pub(super) fn new(drawing: &Drawing<'_>, top: f64, ticks: &Ticks, labels: &[String]) -> Self {
        let widest = labels.iter().map(|label| width(label, FONT)).fold(0.0, f64::max);
        let (low, high) = ticks.range();
        Self {
            left: (widest + 10.0).ceil(),
            right: f64::from(drawing.width) - 8.0,
            top: top + 11.0,
            bottom: f64::from(drawing.height),
            low,
            high,
        }
    }

    /// The same plot above so many lines of labels.
    pub(super) fn above(self, lines: usize) -> Self {
        Self { bottom: (self.bottom - 10.0 - LINE * lines as f64).max(self.top + 20.0), ..self }
    }

    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    /// The height of a value.
    pub(super) fn y(&self, value: f64) -> f64 {
        self.bottom - (value - self.low) / (self.high - self.low) * (self.bottom - self.top)
    }

    /// The height that bars and areas start from: zero, or the edge that is nearest to it.
    pub(super) fn base(&self) -> f64 {
        self.y(0.0_f64.clamp(self.low, self.high))
    }

    /// Whether zero is on the axis.
    pub(super) fn has_zero(&self) -> bool {
        self.low <= 0.0 && 0.0 <= self.high
    }

    /// Grid lines and their labels.
    pub(super) fn draw(&self, drawing: &Drawing<'_>, ticks: &Ticks, labels: &[String], svg: &mut Svg) {
        let text = Text { anchor: Anchor::End, fill: &drawing.theme.muted, size: FONT, bold: false };
        for ((value, _), label) in ticks.iter().zip(labels) {
            let y = self.y(value);
            svg.line((self.left, crisp(y)), (self.right, crisp(y)), &drawing.theme.grid);
            svg.text(self.left - 8.0, y + FONT * 0.36, text, label);
        }
    }

    /// The line of zero, or the plot's lower edge.
    pub(super) fn draw_zero(&self, drawing: &Drawing<'_>, svg: &mut Svg) {
        let y = crisp(if self.has_zero() { self.base() } else { self.bottom });
        svg.line((self.left, y), (self.right, y), &drawing.theme.rule);
    }
}

/// A coordinate in the middle of a pixel, where a line of one pixel is sharp.
pub(super) fn crisp(coordinate: f64) -> f64 {
    coordinate.floor() + 0.5
}
