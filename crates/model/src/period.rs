//! Periods: the half-open interval of civil days that a run reports on, in the report's zone.
//! SQL and documents get its boundaries from here; nobody else does date arithmetic on them.

use std::fmt;

use jiff::{
    Span, Timestamp, ToSpan,
    civil::{Date, DateTime, ISOWeekDate, Weekday},
};

use crate::{
    definition::{CalendarUnit, PeriodRule},
    zone::Zone,
};

/// Whole civil days, from `first` up to but not including `end`, in a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    first: Date,
    end: Date,
    zone: Zone,
    /// Counted in days, whatever unit of the calendar the days happen to fill.
    rolling: bool,
}

/// What a period is called: a unit of the calendar, or a span of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One civil day.
    Day,
    /// An ISO 8601 week.
    Week,
    /// A calendar month.
    Month,
    /// A quarter of a year, 1 to 4.
    Quarter(i8),
    /// A calendar year.
    Year,
    /// Any other number of days.
    Span,
}

/// Why a period cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// The text has no form that is known.
    #[error(
        "`{0}` is not a period: write 2026-10, 2026-W43, 2026-Q4, 2026, 2026-10-05, 2026-10-01..2026-11-01 (the end is not included) or last"
    )]
    Form(String),
    /// The start is not before the end.
    #[error("the period {first}..{end} is empty: the start must be before the end, which is not included")]
    Empty {
        /// The first day.
        first: Date,
        /// The first day after.
        end: Date,
    },
    /// The zone skips these days.
    #[error("the period {first}..{end} does not exist in {zone}: the zone skips it")]
    Skipped {
        /// The first day.
        first: Date,
        /// The first day after.
        end: Date,
        /// The zone's name.
        zone: String,
    },
    /// The calendar ends there.
    #[error("the period lies outside of the years that can be counted")]
    Range,
}

impl Period {
    /// The days from `first` up to but not including `end`.
    ///
    /// # Errors
    /// When no day, or only days that the zone skips, lie between.
    pub fn new(first: Date, end: Date, zone: Zone) -> Result<Self, PeriodError> {
        if first >= end {
            return Err(PeriodError::Empty { first, end });
        }
        let period = Self { first, end, zone, rolling: false };
        if period.start_instant()? >= period.end_instant()? {
            return Err(PeriodError::Skipped { first, end, zone: period.zone.name().to_owned() });
        }
        Ok(period)
    }

    /// Reads a period as people write it; `last` is the caller's business (it needs an instant).
    ///
    /// # Errors
    /// When the text has no known form or the period cannot be.
    pub fn parse(text: &str, zone: &Zone) -> Result<Self, PeriodError> {
        let form = || PeriodError::Form(text.to_owned());
        let text = text.trim();
        if let Some((first, end)) = text.split_once("..") {
            let first: Date = first.trim().parse().map_err(|_| form())?;
            let end: Date = end.trim().parse().map_err(|_| form())?;
            return Self::new(first, end, zone.clone());
        }
        let parts: Vec<&str> = text.split('-').collect();
        let year: i16 = parts
            .first()
            .filter(|p| p.len() == 4 && p.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|p| p.parse().ok())
            .ok_or_else(form)?;
        let two = |p: &str| -> Option<i8> { (p.len() == 2).then(|| p.parse().ok()).flatten() };
        let (unit, first) = match parts.as_slice() {
            [_] => (CalendarUnit::Year, Date::new(year, 1, 1).ok()),
            [_, part] if part.starts_with(['W', 'w']) => {
                let week = two(&part[1..]).and_then(|week| ISOWeekDate::new(year, week, Weekday::Monday).ok());
                (CalendarUnit::Week, week.map(ISOWeekDate::date))
            }
            [_, part] if part.starts_with(['Q', 'q']) => {
                let quarter: Option<i8> = part[1..].parse().ok().filter(|q| (1..=4).contains(q));
                (CalendarUnit::Quarter, quarter.and_then(|q| Date::new(year, q * 3 - 2, 1).ok()))
            }
            [_, month] => (CalendarUnit::Month, two(month).and_then(|m| Date::new(year, m, 1).ok())),
            [_, month, day] => {
                let date = two(month).zip(two(day)).and_then(|(m, d)| Date::new(year, m, d).ok());
                (CalendarUnit::Day, date)
            }
            _ => return Err(form()),
        };
        let first = first.ok_or_else(form)?;
        Self::new(first, step(first, unit, 1)?, zone.clone())
    }

    /// The last period by `rule` that ended at or before the firing's nominal instant.
    ///
    /// # Errors
    /// When the calendar ends there.
    pub fn last(rule: &PeriodRule, nominal: Timestamp, zone: &Zone) -> Result<Self, PeriodError> {
        let today = nominal.to_zoned_datetime(zone.rules().clone()).date();
        match rule {
            PeriodRule::Unit(unit) => Self::last_unit(*unit, 0, today, zone),
            PeriodRule::Shifted { unit, offset } => Self::last_unit(*unit, *offset, today, zone),
            PeriodRule::Rolling { rolling_days } => {
                let first = today.checked_sub(i64::from(*rolling_days).days()).map_err(|_| PeriodError::Range)?;
                Ok(Self::new(first, today, zone.clone())?.by(rule))
            }
        }
    }

    /// The same days as a report with this rule means them: of a rolling report they are a number of days, even
    /// where they fill a month.
    #[must_use]
    pub fn by(self, rule: &PeriodRule) -> Self {
        Self { rolling: matches!(rule, PeriodRule::Rolling { .. }), ..self }
    }

    /// The same days, counted as days or as the unit of the calendar that they fill.
    #[must_use]
    pub fn rolling(self, rolling: bool) -> Self {
        Self { rolling, ..self }
    }

    /// Whether the period is a number of days rather than a unit of the calendar.
    pub fn is_rolling(&self) -> bool {
        self.rolling
    }

    fn last_unit(unit: CalendarUnit, offset: i32, today: Date, zone: &Zone) -> Result<Self, PeriodError> {
        let current = floor(today, unit);
        // A unit that the zone skips has no data: the one before it is the last complete one.
        for back in 1.. {
            let first = step(current, unit, i64::from(offset) - back)?;
            match Self::new(first, step(first, unit, 1)?, zone.clone()) {
                Err(PeriodError::Skipped { .. }) => {}
                other => return other,
            }
        }
        unreachable!("the loop returns or the calendar ends")
    }

    /// The period of the same shape just before; of a rolling one, the same number of days before.
    ///
    /// # Errors
    /// When the calendar ends there.
    pub fn previous(&self) -> Result<Self, PeriodError> {
        if self.rolling {
            return self.days_before();
        }
        let before = |unit| -> Result<Self, PeriodError> {
            let mut first = step(self.first, unit, -1)?;
            loop {
                match Self::new(first, step(first, unit, 1)?, self.zone.clone()) {
                    Err(PeriodError::Skipped { .. }) => first = step(first, unit, -1)?,
                    other => return other,
                }
            }
        };
        match self.shape() {
            Shape::Day => before(CalendarUnit::Day),
            Shape::Week => before(CalendarUnit::Week),
            Shape::Month => before(CalendarUnit::Month),
            Shape::Quarter(_) => before(CalendarUnit::Quarter),
            Shape::Year => before(CalendarUnit::Year),
            Shape::Span => self.days_before(),
        }
    }

    /// As many days before; where the zone skips all of them, as many before those.
    fn days_before(&self) -> Result<Self, PeriodError> {
        let length = i64::from(self.days()).days();
        let mut end = self.first;
        loop {
            let first = end.checked_sub(length).map_err(|_| PeriodError::Range)?;
            match Self::new(first, end, self.zone.clone()) {
                Err(PeriodError::Skipped { .. }) => end = first,
                other => return Ok(other?.rolling(self.rolling)),
            }
        }
    }

    /// The first day.
    pub fn start_date(&self) -> Date {
        self.first
    }

    /// The first day after.
    pub fn end_date(&self) -> Date {
        self.end
    }

    /// The report's zone.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The first instant of the first day. Where midnight does not exist, the first instant after the gap.
    ///
    /// # Errors
    /// When the instant lies outside of the years that can be counted.
    pub fn start_instant(&self) -> Result<Timestamp, PeriodError> {
        first_instant(self.first, &self.zone)
    }

    /// The first instant after the period.
    ///
    /// # Errors
    /// When the instant lies outside of the years that can be counted.
    pub fn end_instant(&self) -> Result<Timestamp, PeriodError> {
        first_instant(self.end, &self.zone)
    }

    /// The first instant as a clock in `zone` shows it, for zone-less columns of a source in that zone.
    ///
    /// # Errors
    /// When the instant lies outside of the years that can be counted.
    pub fn start_local(&self, zone: &Zone) -> Result<DateTime, PeriodError> {
        Ok(self.start_instant()?.to_zoned_datetime(zone.rules().clone()).datetime())
    }

    /// The first instant after the period as a clock in `zone` shows it.
    ///
    /// # Errors
    /// When the instant lies outside of the years that can be counted.
    pub fn end_local(&self, zone: &Zone) -> Result<DateTime, PeriodError> {
        Ok(self.end_instant()?.to_zoned_datetime(zone.rules().clone()).datetime())
    }

    /// The number of civil days from the first day to the end.
    pub fn days(&self) -> i32 {
        (self.end - self.first).get_days()
    }

    /// What the period is called: a rolling one by its days.
    pub fn shape(&self) -> Shape {
        match self.unit() {
            Shape::Day => Shape::Day,
            _ if self.rolling => Shape::Span,
            unit => unit,
        }
    }

    /// The unit of the calendar that the days fill.
    fn unit(&self) -> Shape {
        let is = |unit| floor(self.first, unit) == self.first && step(self.first, unit, 1) == Ok(self.end);
        if self.days() == 1 {
            Shape::Day
        } else if is(CalendarUnit::Week) {
            Shape::Week
        } else if is(CalendarUnit::Month) {
            Shape::Month
        } else if is(CalendarUnit::Quarter) {
            Shape::Quarter((self.first.month() - 1) / 3 + 1)
        } else if is(CalendarUnit::Year) {
            Shape::Year
        } else {
            Shape::Span
        }
    }
}

/// The period's key, one for each interval, however a report counts it: `2026-10`, `2026-W43`, `2026-Q4`, `2026`, `2026-10-05`
/// or `2026-10-01..2026-10-15`. `Period::parse` reads it back.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.first;
        match self.unit() {
            Shape::Day => write!(f, "{first}"),
            Shape::Week => {
                let week = first.iso_week_date();
                write!(f, "{:04}-W{:02}", week.year(), week.week())
            }
            Shape::Month => write!(f, "{:04}-{:02}", first.year(), first.month()),
            Shape::Quarter(quarter) => write!(f, "{:04}-Q{quarter}", first.year()),
            Shape::Year => write!(f, "{:04}", first.year()),
            Shape::Span => write!(f, "{first}..{}", self.end),
        }
    }
}

/// The first day of the unit that holds `date`.
fn floor(date: Date, unit: CalendarUnit) -> Date {
    match unit {
        CalendarUnit::Day => date,
        CalendarUnit::Week => {
            let back = i64::from(date.weekday().to_monday_zero_offset());
            date.saturating_sub(back.days())
        }
        CalendarUnit::Month => date.first_of_month(),
        CalendarUnit::Quarter => {
            let month = (date.month() - 1) / 3 * 3 + 1;
            Date::new(date.year(), month, 1).expect("the first of a month of a valid year exists")
        }
        CalendarUnit::Year => date.first_of_year(),
    }
}

/// `count` units on from a unit's first day.
fn step(first: Date, unit: CalendarUnit, count: i64) -> Result<Date, PeriodError> {
    let span = match unit {
        CalendarUnit::Day => Span::new().try_days(count),
        CalendarUnit::Week => Span::new().try_weeks(count),
        CalendarUnit::Month => Span::new().try_months(count),
        CalendarUnit::Quarter => Span::new().try_months(count * 3),
        CalendarUnit::Year => Span::new().try_years(count),
    };
    span.and_then(|span| first.checked_add(span)).map_err(|_| PeriodError::Range)
}

/// The first instant of a civil day; in a gap, the first instant after it.
fn first_instant(date: Date, zone: &Zone) -> Result<Timestamp, PeriodError> {
    let zoned = date.to_zoned_datetime(zone.rules().clone()).map_err(|_| PeriodError::Range)?;
    // Where midnight is skipped, `to_zoned` moves on by the gap's length, which can be past the gap's end
    // only if midnight was not its first moment; the start of that day is what is meant.
    match zoned.start_of_day() {
        Ok(start) if start.date() == date => Ok(start.timestamp()),
        _ => Ok(zoned.timestamp()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn zone(name: &str) -> Zone {
        name.parse().expect("a zone")
    }

    fn period(text: &str, zone_name: &str) -> Period {
        Period::parse(text, &zone(zone_name)).expect("a period")
    }

    fn instants(period: &Period) -> (String, String) {
        let start = period.start_instant().expect("in range").to_string();
        let end = period.end_instant().expect("in range").to_string();
        (start, end)
    }

    #[test]
    fn every_form_reads_back_as_its_key() {
        for text in ["2026-10", "2026-W43", "2026-Q4", "2026", "2026-10-05", "2026-10-02..2026-10-15"] {
            assert_eq!(period(text, "America/Chicago").to_string(), text);
        }
        assert_eq!(period("2026-10-01..2026-11-01", "UTC").to_string(), "2026-10");
        assert_eq!(period("2020-W53", "UTC").start_date().to_string(), "2020-12-28");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "october", "2026-13", "2026-W54", "2026-Q5", "26-10", "2026-10-32", "2026-1", "2026-02-30"] {
            assert!(matches!(Period::parse(text, &Zone::utc()), Err(PeriodError::Form(_))), "{text}");
        }
        assert!(matches!(Period::parse("2026-10-01..2026-10-01", &Zone::utc()), Err(PeriodError::Empty { .. })));
    }

    #[test]
    fn chicago_months_around_both_dst_changes_start_at_local_midnight() {
        let (start, end) = instants(&period("2026-03", "America/Chicago"));
        assert_eq!((start.as_str(), end.as_str()), ("2026-03-01T06:00:00Z", "2026-04-01T05:00:00Z"));
        let (start, end) = instants(&period("2026-11", "America/Chicago"));
        assert_eq!((start.as_str(), end.as_str()), ("2026-11-01T05:00:00Z", "2026-12-01T06:00:00Z"));
        let (start, end) = instants(&period("2026-11-01", "America/Chicago"));
        assert_eq!((start.as_str(), end.as_str()), ("2026-11-01T05:00:00Z", "2026-11-02T06:00:00Z"));
    }

    #[test]
    fn a_source_in_another_zone_gets_its_own_clock() {
        let october = period("2026-10", "America/Chicago");
        assert_eq!(october.start_local(&Zone::utc()).expect("in range").to_string(), "2026-10-01T05:00:00");
        assert_eq!(october.start_local(&zone("America/Chicago")).expect("in range").to_string(), "2026-10-01T00:00:00");
        assert_eq!(october.end_local(&zone("Asia/Tokyo")).expect("in range").to_string(), "2026-11-01T14:00:00");
    }

    /// The published disaster: a job under cron at midnight UTC on the 1st. In Chicago it is still
    /// the last evening of the month, so the month is not complete, and UTC days are not its days.
    #[test]
    fn a_job_at_midnight_utc_on_the_first_does_not_report_on_the_wrong_days() {
        let nominal: Timestamp = "2026-03-01T00:00:00Z".parse().expect("an instant");
        let chicago = zone("America/Chicago");
        let month = PeriodRule::Unit(CalendarUnit::Month);
        let reported = Period::last(&month, nominal, &chicago).expect("a period");
        assert_eq!(reported.to_string(), "2026-01", "february is not over in Chicago");
        let local_midnight: Timestamp = "2026-03-01T06:00:00Z".parse().expect("an instant");
        let reported = Period::last(&month, local_midnight, &chicago).expect("a period");
        assert_eq!(reported.to_string(), "2026-02");
        let (start, end) = instants(&reported);
        assert_eq!((start.as_str(), end.as_str()), ("2026-02-01T06:00:00Z", "2026-03-01T06:00:00Z"));
    }

    #[test]
    fn a_zone_that_skips_a_day_has_no_such_period() {
        let apia = zone("Pacific/Apia");
        assert!(matches!(Period::parse("2011-12-30", &apia), Err(PeriodError::Skipped { .. })));
        let nominal: Timestamp = "2011-12-30T18:00:00Z".parse().expect("an instant");
        let day = PeriodRule::Unit(CalendarUnit::Day);
        assert_eq!(nominal.to_zoned_datetime(apia.rules().clone()).date().to_string(), "2011-12-31");
        let last = Period::last(&day, nominal, &apia).expect("a period");
        assert_eq!(last.to_string(), "2011-12-29");
        let year = period("2011", "Pacific/Apia");
        assert_eq!(year.days(), 365);
        let (_, end) = instants(&year);
        assert_eq!(end, "2011-12-31T10:00:00Z");
        assert_eq!(period("2011-12-31", "Pacific/Apia").previous().expect("a period").to_string(), "2011-12-29");
    }

    #[test]
    fn a_day_without_midnight_starts_after_the_gap() {
        let (start, _) = instants(&period("2026-04-24", "Africa/Cairo"));
        assert_eq!(start, "2026-04-23T22:00:00Z");
    }

    #[test]
    fn units_offsets_and_rolling_days_count_back_from_the_nominal_instant() {
        let nominal: Timestamp = "2026-10-19T05:00:00Z".parse().expect("an instant"); // Monday 00:00 in Chicago
        let chicago = zone("America/Chicago");
        let last = |rule: PeriodRule| Period::last(&rule, nominal, &chicago).expect("a period").to_string();
        assert_eq!(last(PeriodRule::Unit(CalendarUnit::Week)), "2026-W42");
        assert_eq!(last(PeriodRule::Unit(CalendarUnit::Day)), "2026-10-18");
        assert_eq!(last(PeriodRule::Unit(CalendarUnit::Quarter)), "2026-Q3");
        assert_eq!(last(PeriodRule::Unit(CalendarUnit::Year)), "2025");
        assert_eq!(last(PeriodRule::Shifted { unit: CalendarUnit::Month, offset: -1 }), "2026-08");
        assert_eq!(last(PeriodRule::Rolling { rolling_days: 3 }), "2026-10-16..2026-10-19");
    }

    #[test]
    fn thirty_days_that_fill_a_month_are_compared_with_the_thirty_days_before() {
        let rule = PeriodRule::Rolling { rolling_days: 30 };
        let nominal: Timestamp = "2026-10-01T08:00:00Z".parse().expect("an instant");
        let last = Period::last(&rule, nominal, &Zone::utc()).expect("a period");
        assert_eq!((last.days(), last.shape()), (30, Shape::Span));
        let previous = last.previous().expect("a period");
        assert_eq!(
            (previous.start_date().to_string(), previous.end_date().to_string()),
            ("2026-08-02".to_owned(), "2026-09-01".to_owned())
        );
        // The key names the interval: a report that becomes a rolling one does not report on it again.
        assert_eq!(last.to_string(), "2026-09");
        assert_eq!(period("2026-09", "UTC").by(&rule), last);
        assert_eq!(period("2026-09-01..2026-10-01", "UTC").by(&rule), last);
        assert_eq!(period("2026-09", "UTC").previous().expect("a period").to_string(), "2026-08");
    }

    proptest! {
        #[test]
        fn rolling_periods_keep_their_length_and_meet(
            seconds in 0i64..4_000_000_000,
            days in 1u16..800,
            zone_name in prop::sample::select(vec!["UTC", "America/Chicago", "Africa/Cairo", "Pacific/Apia", "Australia/Lord_Howe"]),
        ) {
            let zone = zone(zone_name);
            let rule = PeriodRule::Rolling { rolling_days: days };
            let nominal = Timestamp::from_second(seconds).expect("in range");
            // Apia had no 2011-12-30: there is no such period to report on.
            let Ok(period) = Period::last(&rule, nominal, &zone) else { return Ok(()) };
            prop_assert_eq!(period.days(), i32::from(days));
            let previous = period.previous().expect("a period");
            prop_assert_eq!(previous.days(), i32::from(days));
            prop_assert!(previous.is_rolling());
            prop_assert!(previous.end_instant().expect("in range") <= period.start_instant().expect("in range"));
            let again = Period::parse(&period.to_string(), &zone).expect("a period").by(&rule);
            prop_assert_eq!(again, period);
        }

        #[test]
        fn periods_meet_without_gap_or_overlap(
            seconds in 0i64..4_000_000_000,
            zone_name in prop::sample::select(vec!["UTC", "America/Chicago", "Africa/Cairo", "Pacific/Apia", "Australia/Lord_Howe"]),
            unit in prop::sample::select(vec![CalendarUnit::Day, CalendarUnit::Week, CalendarUnit::Month, CalendarUnit::Quarter, CalendarUnit::Year]),
        ) {
            let zone = zone(zone_name);
            let nominal = Timestamp::from_second(seconds).expect("in range");
            let period = Period::last(&PeriodRule::Unit(unit), nominal, &zone).expect("a period");
            prop_assert!(period.end_instant().expect("in range") <= nominal);
            let previous = period.previous().expect("a period");
            prop_assert!(previous.end_instant().expect("in range") <= period.start_instant().expect("in range"));
            prop_assert_eq!(Period::parse(&period.to_string(), &zone).expect("a period"), period);
        }
    }
}
