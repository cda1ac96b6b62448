//! The range of the vertical axis and the texts of its ticks.

use super::{Drawing, scale::Ticks, text_width::width};
use crate::{
    content::ChartKind,
    write::{Style, Writer},
};

/// Steps between grid lines.
const MOST_STEPS: i64 = 5;
/// Beyond this a number is a mistake, and no axis can show it beside others.
const LARGEST: f64 = 1e200;

/// A value that can be drawn.
pub(super) fn drawable(point: Option<f64>) -> Option<f64> {
    point.filter(|value| value.abs() <= LARGEST)
}

/// What the vertical axis must show; `None` when there is nothing to draw.
pub(super) fn of(drawing: &Drawing<'_>) -> Option<(f64, f64)> {
    let points = drawing.series.iter().flat_map(|s| s.points.iter().copied()).filter_map(drawable);
    let (low, high) = points.fold(None, |range: Option<(f64, f64)>, value| {
        Some(range.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
    })?;
    let with_zero = (low.min(0.0), high.max(0.0));
    let (low, high) = match drawing.kind {
        // A bar's length is its value: it starts at zero.
        ChartKind::Bar => with_zero,
        // A line may leave zero out only where it would be flattened by it.
        ChartKind::Line if high - low < 0.1 * with_zero.1.max(-with_zero.0) && high > low => (low, high),
        ChartKind::Line => with_zero,
    };
    Some(if high > low { (low, high) } else { (0.0, 1.0) })
}

/// The ticks of the vertical axis.
pub(super) fn ticks(drawing: &Drawing<'_>, low: f64, high: f64) -> Ticks {
    let all_whole = drawing.series.iter().flat_map(|s| &s.points).flatten().all(|v| v.fract() == 0.0);
    let counted = |style: &Style| matches!(style, Style::Number { decimals: 0 } | Style::Currency { decimals: 0, .. });
    let whole = all_whole && drawing.series.iter().all(|s| counted(&s.writer.style));
    Ticks::over(low, high, MOST_STEPS, whole)
}

/// The texts of the ticks, with as many decimals as they need.
pub(super) fn labels(drawing: &Drawing<'_>, ticks: &Ticks) -> Vec<String> {
    let writer = Writer { style: style(drawing, ticks.decimals()), locale: drawing.locale };
    let most = f64::from(drawing.width) * 0.25;
    let text = |(number, exact)| {
        let text = writer.write(&exact);
        if width(&text, super::frame::FONT) <= most { text } else { format!("{number:.3e}") }
    };
    ticks.iter().map(text).collect()
}

/// The style of the axis: that of the series, or plain numbers where they differ.
fn style(drawing: &Drawing<'_>, decimals: u8) -> Style {
    let plain = Style::Number { decimals };
    let Some(first) = drawing.series.first() else { return plain };
    let alike = |other: &Style| match (&first.writer.style, other) {
        (Style::Currency { code: a, .. }, Style::Currency { code: b, .. }) => a == b,
        (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
    };
    if !drawing.series.iter().all(|s| alike(&s.writer.style)) {
        return plain;
    }
    match &first.writer.style {
        Style::Currency { code, .. } => Style::Currency { code: code.clone(), decimals },
        Style::Percent { .. } => Style::Percent { decimals: decimals.saturating_sub(2) },
        _ => plain,
    }
}
