//! Ticks of an axis of time: hours, days, Mondays, firsts of months or years, as fine as there is room.
//! Instants stand where time itself puts them, so that the hour that clocks show twice is two hours wide.

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime, Time},
    tz::{AmbiguousOffset, TimeZone},
};
use punctual_model::zone::Zone;

use super::{frame::FONT, text_width::width};
use crate::{locale::Locale, write::repeated_hour};

/// Between neighbouring labels.
const APART: f64 = 14.0;
/// More ticks than this have no room on any page.
const MOST: usize = 120;

/// What times along an axis are read from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Clock<'a> {
    /// Dates and zone-less times: every day has 24 hours.
    Civil,
    /// Instants, as the clocks of a zone show them.
    Zone(&'a Zone),
}

/// A time and where it lies on a line of seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moment {
    /// What a clock shows.
    pub(super) civil: DateTime,
    /// The second, from 1970 on.
    pub(super) second: f64,
}

impl Clock<'_> {
    /// An instant.
    fn instant(zone: &Zone, at: Timestamp) -> Moment {
        Moment { civil: zone.rules().to_datetime(at), second: at.as_second() as f64 }
    }

    /// The moments at which the clock shows a time: two in a repeated hour; the first one after it
    /// for a time that is left out.
    fn moments(self, civil: DateTime) -> Vec<Moment> {
        let Self::Zone(zone) = self else { return vec![Moment { civil, second: seconds(civil) }] };
        let ambiguous = zone.rules().to_ambiguous_timestamp(civil);
        let fold = matches!(ambiguous.offset(), AmbiguousOffset::Fold { .. });
        let (first, second) = (ambiguous.compatible(), ambiguous.later());
        let found = first.into_iter().chain(second.ok().filter(|_| fold));
        found.map(|at| Self::instant(zone, at)).collect()
    }

    /// A moment of a value that is a time; `None` for others.
    pub(super) fn moment(self, value: &punctual_model::value::Value) -> Option<Moment> {
        use punctual_model::value::Value;
        let civil = |civil| Moment { civil, second: seconds(civil) };
        match (value, self) {
            (Value::Date(date), _) => Some(civil(midnight(*date))),
            (Value::Local(at), _) => Some(civil(*at)),
            (Value::Instant(at), Self::Zone(zone)) => Some(Self::instant(zone, *at)),
            _ => None,
        }
    }

    /// What tells a moment of a repeated hour from the other one.
    pub(super) fn which(self, moment: &Moment) -> Option<String> {
        let Self::Zone(zone) = self else { return None };
        repeated_hour(zone, Timestamp::from_second(moment.second as i64).ok()?)
    }

    /// The time of day, and which of the two it is in a repeated hour.
    pub(super) fn time_of_day(self, moment: &Moment, locale: &Locale) -> String {
        let time = locale.format(locale.patterns.time, moment.civil);
        match self.which(moment) {
            Some(which) => format!("{time} {which}"),
            None => time,
        }
    }
}

/// A tick and what stands below it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TimeTick {
    pub(super) at: Moment,
    /// One line, or two where the second says the year.
    pub(super) lines: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Hours(i8),
    Days(i8),
    /// So many weeks, on Mondays.
    Weeks(i8),
    Months(i8),
    Years(i16),
}

const STEPS: [Step; 21] = [
    Step::Hours(1),
    Step::Hours(2),
    Step::Hours(3),
    Step::Hours(6),
    Step::Hours(12),
    Step::Days(1),
    Step::Days(2),
    Step::Weeks(1),
    Step::Weeks(2),
    Step::Months(1),
    Step::Months(2),
    Step::Months(3),
    Step::Months(6),
    Step::Years(1),
    Step::Years(2),
    Step::Years(5),
    Step::Years(10),
    Step::Years(50),
    Step::Years(200),
    Step::Years(1000),
    Step::Years(5000),
];

/// The seconds of a civil time on a line without zones.
fn seconds(at: DateTime) -> f64 {
    // Civil times at the calendar's two ends have no instant in UTC.
    TimeZone::UTC
        .to_timestamp(at)
        .map_or_else(|_| f64::from(at.year() - 1970) * 31_556_952.0, |instant| instant.as_second() as f64)
}

/// What times are counted in, as far as ticks go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    Hour,
    Day,
    Month,
    Year,
}

impl Unit {
    /// The largest unit that all of the times are starts of.
    pub(super) fn of(times: &[Moment]) -> Self {
        let all = |holds: fn(&DateTime) -> bool| times.iter().all(|moment| holds(&moment.civil));
        if !all(|at| at.time() == Time::midnight()) {
            Self::Hour
        } else if times.len() < 2 || !all(|at| at.day() == 1) {
            Self::Day
        } else if all(|at| at.month() == 1) {
            Self::Year
        } else {
            Self::Month
        }
    }
}

impl Step {
    fn unit(self) -> Unit {
        match self {
            Self::Hours(_) => Unit::Hour,
            Self::Days(_) | Self::Weeks(_) => Unit::Day,
            Self::Months(_) => Unit::Month,
            Self::Years(_) => Unit::Year,
        }
    }

    /// Over longer spans than these many days the next larger unit reads better, though there were room.
    fn longest(self) -> f64 {
        match self {
            Self::Hours(_) => 4.0,
            Self::Days(_) => 21.0,
            Self::Weeks(1) => 63.0,
            Self::Weeks(_) => 100.0,
            Self::Months(_) | Self::Years(_) => f64::INFINITY,
        }
    }
}

/// The finest ticks from `first` to `last` whose labels find room on a plot of this width, not finer than `unit`.
pub(super) fn ticks(
    (first, last): (Moment, Moment),
    unit: Unit,
    plot: f64,
    clock: Clock<'_>,
    locale: &Locale,
) -> Vec<TimeTick> {
    let span = (last.second - first.second).max(1.0);
    let x = |at: &Moment| (at.second - first.second) / span * plot;
    let fits = |ticks: &[TimeTick]| {
        ticks.windows(2).all(|pair| {
            let half = |tick: &TimeTick| tick.lines.iter().map(|line| width(line, FONT)).fold(0.0, f64::max) / 2.0;
            x(&pair[1].at) - x(&pair[0].at) >= half(&pair[0]) + half(&pair[1]) + APART
        })
    };
    let fitting = |step: &Step| step.unit() >= unit && span / 86_400.0 <= step.longest();
    STEPS
        .into_iter()
        .filter(fitting)
        .map(|step| labelled(step, moments(step, first, last, clock), clock, locale))
        .find(|ticks| ticks.len() <= MOST && fits(ticks))
        .unwrap_or_default()
}

/// The moments of a step from `first` to `last`, one more than `MOST` at the most.
fn moments(step: Step, first: Moment, last: Moment, clock: Clock<'_>) -> Vec<Moment> {
    let start = floor(step, first.civil);
    // Only single hours have a tick for each pass of a repeated one.
    let passes = if step == Step::Hours(1) { 2 } else { 1 };
    let mut found: Vec<Moment> = (0..)
        .map_while(|count| nth(step, start, count))
        .map(|civil| clock.moments(civil))
        .take_while(|passes| passes.first().is_some_and(|moment| moment.second <= last.second))
        .flat_map(|moments| moments.into_iter().take(passes))
        .filter(|moment| (first.second..=last.second).contains(&moment.second))
        .take(MOST + 1)
        .collect();
    found.dedup();
    found
}

fn midnight(date: Date) -> DateTime {
    date.to_datetime(Time::midnight())
}

/// The last moment of the step at or before a time.
fn floor(step: Step, at: DateTime) -> DateTime {
    let date = at.date();
    match step {
        Step::Hours(n) => date.at(at.hour() - at.hour() % n, 0, 0, 0),
        Step::Days(_) => midnight(date),
        Step::Weeks(_) => {
            let back = i64::from(date.weekday().to_monday_zero_offset()).days();
            midnight(date.checked_sub(back).unwrap_or(date))
        }
        Step::Months(n) => {
            let month = (date.month() - 1) / n * n + 1;
            midnight(Date::new(date.year(), month, 1).unwrap_or(date))
        }
        Step::Years(n) => midnight(Date::new(date.year().div_euclid(n) * n, 1, 1).unwrap_or(date)),
    }
}

fn nth(step: Step, start: DateTime, count: i64) -> Option<DateTime> {
    let span = match step {
        Step::Hours(n) => jiff::Span::new().try_hours(i64::from(n) * count),
        Step::Days(n) => jiff::Span::new().try_days(i64::from(n) * count),
        Step::Weeks(n) => jiff::Span::new().try_weeks(i64::from(n) * count),
        Step::Months(n) => jiff::Span::new().try_months(i64::from(n) * count),
        Step::Years(n) => jiff::Span::new().try_years(i64::from(n) * count),
    };
    start.checked_add(span.ok()?).ok()
}

fn labelled(step: Step, moments: Vec<Moment>, clock: Clock<'_>, locale: &Locale) -> Vec<TimeTick> {
    let patterns = &locale.patterns;
    let mut year = None;
    let mut month_with_year = |at: DateTime| {
        let mut lines = vec![locale.format("MMM", at)];
        if year.replace(at.year()) != Some(at.year()) {
            lines.push(at.year().to_string());
        }
        lines
    };
    let mut day = None;
    let mut lines = |moment: &Moment| {
        let at = moment.civil;
        let begins = at.time() == Time::midnight() && day.replace(at.date()) != Some(at.date());
        match step {
            Step::Hours(_) if begins => vec![locale.format(patterns.month_day, at)],
            Step::Hours(_) => vec![clock.time_of_day(moment, locale)],
            Step::Days(_) | Step::Weeks(_) => vec![locale.format(patterns.month_day, at)],
            Step::Months(_) => month_with_year(at),
            Step::Years(_) => vec![at.year().to_string()],
        }
    };
    moments.into_iter().map(|at| TimeTick { at, lines: lines(&at) }).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn moment(civil: DateTime) -> Moment {
        Clock::Civil.moments(civil)[0]
    }

    fn unit(times: &[DateTime]) -> Unit {
        Unit::of(&times.iter().copied().map(moment).collect::<Vec<_>>())
    }

    fn labels(first: DateTime, last: DateTime, tag: &str) -> Vec<String> {
        let locale = Locale::by_tag(tag).expect("known");
        let middle = midnight(first.date().tomorrow().expect("not the last day"));
        let unit = unit(&[first, middle.min(last), last]);
        joined(ticks((moment(first), moment(last)), unit, 600.0, Clock::Civil, locale))
    }

    fn joined(ticks: Vec<TimeTick>) -> Vec<String> {
        ticks.into_iter().map(|tick| tick.lines.join("/")).collect()
    }

    /// The hours of a zone between two instants.
    fn hours(zone: &str, first: &str, last: &str, plot: f64) -> Vec<String> {
        let zone: Zone = zone.parse().expect("known");
        let at = |text: &str| Clock::instant(&zone, text.parse().expect("an instant"));
        let locale = Locale::by_tag("en-US").expect("known");
        joined(ticks((at(first), at(last)), Unit::Hour, plot, Clock::Zone(&zone), locale))
    }

    #[test]
    fn a_repeated_hour_has_two_ticks_that_say_which_is_which() {
        let night = hours("America/Chicago", "2026-11-01T05:00:00Z", "2026-11-01T09:00:00Z", 600.0);
        assert_eq!(night, ["Nov 1", "1:00 AM CDT", "1:00 AM CST", "2:00 AM", "3:00 AM"]);
        // The axis begins in the second pass.
        let later = hours("America/Chicago", "2026-11-01T07:00:00Z", "2026-11-01T08:00:00Z", 600.0);
        assert_eq!(later, ["1:00 AM CST", "2:00 AM"]);
        // A repeated midnight begins its day once.
        let azores = hours("Atlantic/Azores", "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z", 600.0);
        assert_eq!(azores, ["Oct 25", "12:00 AM UTC-01", "1:00 AM"]);
    }

    #[test]
    fn an_hour_that_is_left_out_has_no_tick() {
        let spring = hours("America/Chicago", "2026-03-08T06:00:00Z", "2026-03-08T10:00:00Z", 600.0);
        assert_eq!(spring, ["Mar 8", "1:00 AM", "3:00 AM", "4:00 AM", "5:00 AM"]);
        let coarse = hours("America/Chicago", "2026-03-08T06:00:00Z", "2026-03-09T05:00:00Z", 300.0);
        assert!(!coarse.contains(&"2:00 AM".to_owned()), "{coarse:?}");
    }

    fn day(y: i16, m: i8, d: i8) -> DateTime {
        midnight(date(y, m, d))
    }

    #[test]
    fn ticks_are_as_fine_as_there_is_room() {
        assert_eq!(labels(day(2026, 10, 1), day(2026, 10, 31), "en-US"), ["Oct 5", "Oct 12", "Oct 19", "Oct 26"]);
        assert_eq!(labels(day(2026, 10, 5), day(2026, 10, 11), "en-GB").len(), 7);
        assert_eq!(labels(day(2025, 11, 1), day(2026, 3, 1), "en-US"), ["Nov/2025", "Dec", "Jan/2026", "Feb", "Mar"]);
        assert_eq!(labels(day(2026, 10, 5), day(2026, 12, 20), "en-US")[..2], ["Oct 5", "Oct 19"]);
        assert_eq!(labels(day(2026, 1, 1), day(2026, 12, 31), "de-DE").len(), 12);
        assert_eq!(labels(day(1990, 1, 1), day(2026, 1, 1), "en-US")[..2], ["1990", "1995"]);
        let hours = labels(day(2026, 10, 5), date(2026, 10, 6).at(23, 0, 0, 0), "en-GB");
        assert_eq!(hours[..3], ["5 Oct", "06:00", "12:00"]);
        assert_eq!(labels(day(2026, 10, 5), day(2026, 10, 5), "en-US"), ["Oct 5"]);
    }

    #[test]
    fn months_and_years_are_not_cut_into_days() {
        assert_eq!(unit(&[day(2026, 1, 1), day(2026, 2, 1)]), Unit::Month);
        assert_eq!(unit(&[day(2025, 1, 1), day(2026, 1, 1)]), Unit::Year);
        assert_eq!(unit(&[day(2026, 1, 1)]), Unit::Day);
        assert_eq!(unit(&[day(2026, 1, 1), date(2026, 1, 1).at(1, 0, 0, 0)]), Unit::Hour);
        let locale = Locale::by_tag("en-US").expect("known");
        let ends = (moment(day(2026, 1, 1)), moment(day(2026, 2, 1)));
        let months = ticks(ends, Unit::Month, 600.0, Clock::Civil, locale);
        assert_eq!(months.len(), 2);
    }

    #[test]
    fn ends_of_the_calendar_are_survived() {
        assert_eq!(labels(DateTime::MIN, DateTime::MAX, "en-US").first().map(String::as_str), Some("-9999"));
    }
}
