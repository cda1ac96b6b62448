//! What the colours mean: the names of the series above the plot.

use super::{
    Drawing,
    svg::{Anchor, Svg, Text},
    text_width::{fitted, width},
};
use crate::content::ChartKind;

const FONT: f64 = 11.5;
const ROW: f64 = 18.0;
const SWATCH: f64 = 12.0;
/// Between a swatch and its name.
const NEAR: f64 = 6.0;
/// Between a name and the next swatch.
const APART: f64 = 18.0;

/// Draws the legend and returns its lower edge. One series needs no colour explained: it gets its name only.
pub(super) fn draw(drawing: &Drawing<'_>, svg: &mut Svg) -> f64 {
    let text = Text { anchor: Anchor::Start, fill: &drawing.theme.text, size: FONT, bold: false };
    let available = f64::from(drawing.width);
    if let [only] = drawing.series {
        let text = Text { fill: &drawing.theme.muted, ..text };
        svg.text(0.0, FONT, text, &fitted(&only.label, FONT, available));
        return ROW;
    }
    let (mut x, mut row) = (0.0, 0.0);
    for series in drawing.series {
        let label = fitted(&series.label, FONT, available / 3.0);
        let length = SWATCH + NEAR + width(&label, FONT);
        if x > 0.0 && x + length > available {
            (x, row) = (0.0, row + ROW);
        }
        match drawing.kind {
            ChartKind::Line => svg.rect(x, row + 6.0, SWATCH, 3.0, &series.color),
            ChartKind::Bar => svg.rect(x, row + 2.5, SWATCH - 2.0, 10.0, &series.color),
        }
        svg.text(x + SWATCH + NEAR, row + FONT, text, &label);
        x += length + APART;
    }
    row + ROW
}
