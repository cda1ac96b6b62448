//! Bars: side by side for several series, from zero up or down.

use super::{
    Drawing,
    domain::drawable,
    frame::Frame,
    svg::{Anchor, Path, Svg, Text},
    text_width::width,
    x_axis::XAxis,
};
use crate::content::Series;

const VALUE_FONT: f64 = 10.5;
/// A bar is not wider than this, however few there are.
const WIDEST: f64 = 56.0;

/// The bars of every series.
pub(super) fn draw(drawing: &Drawing<'_>, frame: &Frame, x: &XAxis, svg: &mut Svg) {
    let count = drawing.series.len() as f64;
    let group = (x.band() * 0.72).min(WIDEST * count);
    let gap = if group / count > 8.0 { 2.0 } else { 0.0 };
    let thick = ((group - gap * (count - 1.0)) / count).max(0.5);
    for (nth, series) in drawing.series.iter().enumerate() {
        let offset = (thick + gap) * nth as f64 - group / 2.0;
        for (index, value) in values(series) {
            let (left, end, base) = (x.at(index) + offset, frame.y(value), frame.base());
            if (end - base).abs() >= 0.05 {
                bar(svg, left, thick, base, end, &series.color);
            }
        }
    }
    if let [only] = drawing.series {
        write_values(drawing, only, frame, x, svg);
    }
}

fn values(series: &Series) -> impl Iterator<Item = (usize, f64)> {
    series.points.iter().enumerate().filter_map(|(index, point)| Some((index, drawable(*point)?)))
}

/// A bar with round corners at its end, where it is large enough to have them.
fn bar(svg: &mut Svg, left: f64, thick: f64, base: f64, end: f64, color: &str) {
    let height = (end - base).abs();
    let radius = 2.5_f64.min(thick / 4.0).min(height / 2.0);
    if radius < 0.75 {
        svg.rect(left, end.min(base), thick, height, color);
        return;
    }
    // Towards the base.
    let inward = if end < base { radius } else { -radius };
    let right = left + thick;
    let mut path = Path::default();
    path.move_to(left, base);
    path.line_to(left, end + inward);
    path.corner_to((left, end), (left + radius, end));
    path.line_to(right - radius, end);
    path.corner_to((right, end), (right, end + inward));
    path.line_to(right, base);
    path.close();
    svg.filled(&path, color);
}

/// The values at the bars' ends, where each finds room.
fn write_values(drawing: &Drawing<'_>, series: &Series, frame: &Frame, x: &XAxis, svg: &mut Svg) {
    let texts: Vec<(usize, f64, String)> = values(series)
        .map(|(index, value)| (index, value, series.writer.write(&punctual_model::value::Value::Double(value))))
        .collect();
    if texts.iter().any(|(_, _, text)| width(text, VALUE_FONT) > x.band() - 4.0) {
        return;
    }
    let style = Text { anchor: Anchor::Middle, fill: &drawing.theme.text, size: VALUE_FONT, bold: false };
    for (index, value, text) in texts {
        let end = frame.y(value);
        let y = if value < 0.0 { end + VALUE_FONT + 2.0 } else { end - 4.0 };
        svg.text(x.at(index), y, style, &text);
    }
}
