//! Charts as SVG: lines and bars with round ticks, labels from the one `Writer`, dates that read as
//! dates. Only rect, path, line, text and g with coordinates of their own, so that every reader of
//! SVG draws the same. Where a chart stands on a page is not known here.

mod bars;
mod domain;
mod frame;
mod labels;
mod legend;
mod lines;
mod scale;
mod svg;
mod text_width;
mod time_axis;
mod x_axis;

use punctual_model::zone::Zone;

use self::{frame::Frame, svg::Svg, x_axis::XAxis};
use crate::{
    content::{Cell, ChartKind, Series},
    locale::Locale,
    theme::Theme,
};

/// The size of a chart across a page, in CSS pixels.
pub const WIDTH: f32 = 680.0;
/// The height that goes with it.
pub const HEIGHT: f32 = 270.0;

/// The size of a chart on a narrow screen, where the wide one's labels would be too small to read.
pub const NARROW_WIDTH: f32 = 340.0;
/// The height that goes with it.
pub const NARROW_HEIGHT: f32 = 250.0;

/// What to draw.
#[derive(Debug, Clone, Copy)]
pub struct Drawing<'a> {
    /// Lines or bars.
    pub kind: ChartKind,
    /// The positions along the horizontal axis.
    pub x: &'a [Cell],
    /// The series, each as long as `x`.
    pub series: &'a [Series],
    /// The language of labels.
    pub locale: &'static Locale,
    /// The zone that instants along the axis are shown in.
    pub zone: &'a Zone,
    /// The colours.
    pub theme: &'a Theme,
    /// The width in CSS pixels.
    pub width: f32,
    /// The height in CSS pixels.
    pub height: f32,
}

/// Draws a chart. Equal charts give equal texts.
pub fn draw(drawing: &Drawing<'_>) -> String {
    let mut svg = Svg::new(drawing.width.into(), drawing.height.into(), &name(drawing), drawing.theme);
    let top = legend::draw(drawing, &mut svg);
    let Some((low, high)) = domain::of(drawing) else {
        empty(drawing, top, &mut svg);
        return svg.finish();
    };
    let ticks = domain::ticks(drawing, low, high);
    let labels = domain::labels(drawing, &ticks);
    let frame = Frame::new(drawing, top, &ticks, &labels);
    let x = XAxis::new(drawing, &frame);
    let frame = frame.above(x.label_lines());
    if drawing.kind == ChartKind::Line {
        lines::area(drawing, &frame, &x, &mut svg);
    }
    frame.draw(drawing, &ticks, &labels, &mut svg);
    // Bars stand on the line of zero, lines cross it.
    match drawing.kind {
        ChartKind::Line => {
            frame.draw_zero(drawing, &mut svg);
            lines::draw(drawing, &frame, &x, &mut svg);
        }
        ChartKind::Bar => {
            bars::draw(drawing, &frame, &x, &mut svg);
            frame.draw_zero(drawing, &mut svg);
        }
    }
    x.draw(drawing, &frame, &mut svg);
    svg.finish()
}

/// What the picture is called where it cannot be seen.
fn name(drawing: &Drawing<'_>) -> String {
    drawing.series.iter().map(|s| s.label.as_str()).collect::<Vec<_>>().join(", ")
}

fn empty(drawing: &Drawing<'_>, top: f64, svg: &mut Svg) {
    let (width, height) = (f64::from(drawing.width), f64::from(drawing.height));
    let panel = Theme::tint(&drawing.theme.grid, svg::PANEL);
    svg.rect(0.5, top, width - 1.0, height - top - 0.5, &panel);
    let text = svg::Text { anchor: svg::Anchor::Middle, fill: &drawing.theme.muted, size: 13.0, bold: false };
    svg.text(width / 2.0, (top + height) / 2.0 + 4.5, text, drawing.locale.words.no_data);
}

#[cfg(test)]
mod tests;
