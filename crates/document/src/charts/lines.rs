//! Lines: one for each series, broken where a value is missing.

use punctual_model::value::Value;

use super::{
    Drawing,
    domain::drawable,
    frame::{FONT, Frame},
    svg::{AREA, Anchor, Path, Svg, Text},
    x_axis::XAxis,
};
use crate::{content::Series, theme::Theme};

/// With so few points each is marked, because they are what was measured.
const MARKED: usize = 16;
/// Points for each pixel of width; more cannot be seen and are thinned to their extremes.
const DENSEST: f64 = 2.0;

type Point = (f64, f64);

/// A light area below a single line that stands on zero.
pub(super) fn area(drawing: &Drawing<'_>, frame: &Frame, x: &XAxis, svg: &mut Svg) {
    let [only] = drawing.series else { return };
    if !frame.has_zero() {
        return;
    }
    let fill = Theme::tint(&only.color, AREA);
    for run in runs(only, frame, x).iter().filter(|run| run.len() > 1) {
        let mut path = Path::default();
        path.move_to(run[0].0, frame.base());
        run.iter().for_each(|(x, y)| path.line_to(*x, *y));
        path.line_to(run[run.len() - 1].0, frame.base());
        path.close();
        svg.filled(&path, &fill);
    }
}

/// The lines; later series lie above earlier ones.
pub(super) fn draw(drawing: &Drawing<'_>, frame: &Frame, x: &XAxis, svg: &mut Svg) {
    for series in drawing.series {
        let runs = runs(series, frame, x);
        let marked = runs.iter().map(Vec::len).sum::<usize>() <= MARKED;
        let (mut path, mut discs) = (Path::default(), Path::default());
        let mut drawn = (false, false);
        for run in &runs {
            if let [(x, y), rest @ ..] = run.as_slice()
                && !rest.is_empty()
            {
                path.move_to(*x, *y);
                rest.iter().for_each(|(x, y)| path.line_to(*x, *y));
                drawn.0 = true;
            }
            // A point between two gaps has no line to be seen by.
            if marked || run.len() == 1 {
                run.iter().for_each(|(x, y)| discs.disc(*x, *y, 2.75));
                drawn.1 = true;
            }
        }
        if drawn.0 {
            svg.stroked(&path, &series.color, 2.0);
        }
        if drawn.1 {
            svg.filled(&discs, &series.color);
        }
    }
    if let [_] = drawing.x {
        write_values(drawing, frame, x, svg);
    }
}

/// The values of a single position: there is no line to read them from.
fn write_values(drawing: &Drawing<'_>, frame: &Frame, x: &XAxis, svg: &mut Svg) {
    let style = Text { anchor: Anchor::Start, fill: &drawing.theme.text, size: FONT, bold: false };
    for series in drawing.series {
        if let Some(value) = series.points.first().copied().and_then(drawable) {
            let text = series.writer.write(&Value::Double(value));
            svg.text(x.at(0) + 7.0, frame.y(value) + FONT * 0.36, style, &text);
        }
    }
}

/// The points of a series, cut at its gaps.
fn runs(series: &Series, frame: &Frame, x: &XAxis) -> Vec<Vec<Point>> {
    let mut runs = vec![Vec::new()];
    for index in x.order() {
        match series.points.get(index).copied().and_then(drawable) {
            Some(value) => runs.last_mut().expect("one run at least").push((x.at(index), frame.y(value))),
            None => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| !run.is_empty());
    runs.into_iter().map(|run| thinned(run, frame.width())).collect()
}

/// At most a few points for each pixel: the first, the extremes and the last of each.
fn thinned(run: Vec<Point>, width: f64) -> Vec<Point> {
    if (run.len() as f64) <= width * DENSEST {
        return run;
    }
    let column = |point: &Point| point.0.floor() as i64;
    let mut kept = Vec::new();
    for pixel in run.chunk_by(|a, b| column(a) == column(b)) {
        let by_height = |a: &&Point, b: &&Point| a.1.total_cmp(&b.1);
        let mut points = vec![pixel[0], pixel[pixel.len() - 1]];
        points.extend(pixel.iter().min_by(by_height));
        points.extend(pixel.iter().max_by(by_height));
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        points.dedup();
        kept.extend(points);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_points_are_thinned_to_their_extremes() {
        let run: Vec<Point> =
            (0..100_000_u32).map(|i| (f64::from(i) / 200.0, if i == 777 { 900.0 } else { f64::from(i % 7) })).collect();
        let thin = thinned(run, 500.0);
        assert!(thin.len() <= 4 * 501, "{}", thin.len());
        assert!(thin.iter().any(|(_, y)| *y == 900.0), "the peak stays");
        let few = vec![(0.0, 1.0), (1.0, 2.0)];
        assert_eq!(thinned(few.clone(), 500.0), few);
    }
}
