//! The horizontal axis: times where the values are times, bands with names otherwise.
//! Bars always stand in bands, evenly; lines over times stand where the time says.

use punctual_model::value::Value;

use super::{
    Drawing,
    frame::{FONT, Frame, LINE, crisp},
    labels,
    svg::{Anchor, Svg, Text},
    text_width::width,
    time_axis::{self, Clock, Moment, TimeTick, Unit},
};
use crate::content::ChartKind;

/// Between the plot's edges and the first and last point in time.
const INSET: f64 = 8.0;

/// Where each position lies and what stands below.
#[derive(Debug)]
pub(super) struct XAxis {
    positions: Vec<f64>,
    order: Vec<usize>,
    band: f64,
    labels: Vec<Label>,
    /// Whether a mark ties each label to its point of the axis; bars stand on theirs.
    marks: bool,
}

#[derive(Debug)]
struct Label {
    x: f64,
    lines: Vec<String>,
}

impl XAxis {
    pub(super) fn new(drawing: &Drawing<'_>, frame: &Frame) -> Self {
        let clock = clock(drawing);
        let times: Option<Vec<Moment>> = drawing.x.iter().map(|cell| clock.moment(&cell.value)).collect();
        match (times, drawing.kind) {
            (Some(times), ChartKind::Line) if !times.is_empty() => Self::timeline(drawing, frame, &times, clock),
            (Some(times), ChartKind::Bar) if !times.is_empty() => {
                let mut axis = Self::bands(drawing.x.len(), frame);
                axis.labels = band_times(drawing, frame, &axis, &times, clock);
                axis
            }
            _ => {
                let mut axis = Self::bands(drawing.x.len(), frame);
                let (_, lines) = labels::of(drawing.x.iter().map(|cell| cell.text.as_str()), axis.band);
                axis.labels = axis.labelled(lines);
                axis
            }
        }
    }

    fn bands(count: usize, frame: &Frame) -> Self {
        let band = frame.width() / count.max(1) as f64;
        let positions = (0..count).map(|index| frame.left + band * (index as f64 + 0.5)).collect();
        Self { positions, order: (0..count).collect(), band, labels: Vec::new(), marks: false }
    }

    fn timeline(drawing: &Drawing<'_>, frame: &Frame, times: &[Moment], clock: Clock<'_>) -> Self {
        let (first, last) = ends(times);
        let span = last.second - first.second;
        let plot = frame.width() - 2.0 * INSET;
        let x = |at: &Moment| match span > 0.0 {
            true => frame.left + INSET + (at.second - first.second) / span * plot,
            false => frame.left + frame.width() / 2.0,
        };
        let mut order: Vec<usize> = (0..times.len()).collect();
        order.sort_by(|a, b| times[*a].second.total_cmp(&times[*b].second));
        let ticks = time_axis::ticks((first, last), Unit::of(times), plot, clock, drawing.locale);
        Self {
            positions: times.iter().map(x).collect(),
            order,
            band: plot / times.len() as f64,
            labels: ticks.into_iter().map(|tick| Label { x: x(&tick.at), lines: tick.lines }).collect(),
            marks: true,
        }
    }

    fn labelled(&self, lines: Vec<Vec<String>>) -> Vec<Label> {
        let labels = self.positions.iter().zip(lines).map(|(x, lines)| Label { x: *x, lines });
        labels.filter(|label| !label.lines.is_empty()).collect()
    }

    /// The middle of the position with this index.
    pub(super) fn at(&self, index: usize) -> f64 {
        self.positions[index]
    }

    /// The indexes from left to right.
    pub(super) fn order(&self) -> impl Iterator<Item = usize> + '_ {
        self.order.iter().copied()
    }

    /// The width that one position has for itself.
    pub(super) fn band(&self) -> f64 {
        self.band
    }

    /// How many lines of labels stand below the plot.
    pub(super) fn label_lines(&self) -> usize {
        self.labels.iter().map(|label| label.lines.len()).max().unwrap_or(0).max(1)
    }

    pub(super) fn draw(&self, drawing: &Drawing<'_>, frame: &Frame, svg: &mut Svg) {
        let style = Text { anchor: Anchor::Middle, fill: &drawing.theme.muted, size: FONT, bold: false };
        for label in &self.labels {
            if self.marks {
                let x = crisp(label.x);
                svg.line((x, frame.bottom + 1.0), (x, frame.bottom + 5.0), &drawing.theme.rule);
            }
            let half = label.lines.iter().map(|line| width(line, FONT)).fold(0.0, f64::max) / 2.0;
            let x = label.x.min(f64::from(drawing.width) - half).max(half);
            for (nth, line) in label.lines.iter().enumerate() {
                svg.text(x, frame.bottom + 5.0 + LINE * (nth as f64 + 1.0) - 1.5, style, line);
            }
        }
    }
}

/// The labels of bars over times: those of a line, where the bars stand on them.
fn band_times(drawing: &Drawing<'_>, frame: &Frame, axis: &XAxis, times: &[Moment], clock: Clock<'_>) -> Vec<Label> {
    let ticks = time_axis::ticks(ends(times), Unit::of(times), frame.width() - axis.band, clock, drawing.locale);
    let index_of = |tick: &TimeTick| times.iter().position(|at| *at == tick.at);
    let found: Vec<(usize, TimeTick)> = ticks.into_iter().filter_map(|tick| Some((index_of(&tick)?, tick))).collect();
    let even = times.windows(2).all(|pair| pair[0].second < pair[1].second);
    if even && found.len() >= 2.min(times.len()) {
        return found.into_iter().map(|(index, tick)| Label { x: axis.at(index), lines: tick.lines }).collect();
    }
    let text = |at: &Moment| match Unit::of(times) {
        Unit::Hour => clock.time_of_day(at, drawing.locale),
        _ => drawing.locale.format(drawing.locale.patterns.month_day, at.civil),
    };
    let texts: Vec<String> = times.iter().map(text).collect();
    axis.labelled(labels::of(texts.iter().map(String::as_str), axis.band).1)
}

/// The first and the last of some times; there is one at least.
fn ends(times: &[Moment]) -> (Moment, Moment) {
    let by_second = |a: &&Moment, b: &&Moment| a.second.total_cmp(&b.second);
    let first = times.iter().min_by(by_second).copied().unwrap_or(times[0]);
    (first, times.iter().max_by(by_second).copied().unwrap_or(first))
}

/// How the positions are read: instants by the clocks of the report's zone.
fn clock<'a>(drawing: &Drawing<'a>) -> Clock<'a> {
    let instants = drawing.x.iter().any(|cell| matches!(cell.value, Value::Instant(_)));
    if instants { Clock::Zone(drawing.zone) } else { Clock::Civil }
}
