//! The local dates and times that an expression names, without any time zone: sets of numbers, and
//! the search for the next member. Knows nothing of text, gaps or overlaps.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime, Time, Weekday, date};

/// The days of a month that a day-of-month field names. Bit `n` stands for the number `n`.
#[derive(Debug, Clone, Default)]
pub(super) struct MonthDays {
    /// Days 1 to 31.
    pub days: u32,
    /// `L-n`: `n` days before the last one, bit 0 being `L` itself.
    pub before_last: u32,
    /// `nW`: the weekday nearest to day `n`, within the month.
    pub nearest_weekday: u32,
    /// `LW`: the last weekday of the month.
    pub last_weekday: bool,
}

/// The days that a day-of-week field names. Bit 0 is Sunday.
#[derive(Debug, Clone, Default)]
pub(super) struct WeekDays {
    /// Every such weekday.
    pub every: u8,
    /// `d#n`: the `n`th such weekday of a month, at index `n - 1`.
    pub nth: [u8; 5],
    /// `d#L`: the last such weekday of a month.
    pub last: u8,
}

/// All seven bits of a set of weekdays.
const EVERY_WEEKDAY: u8 = 0x7f;

/// How the two day fields are taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DayRule {
    /// Both must match: one of them starts with `*` or `?`, or the day of week starts with `+`.
    Both,
    /// One match is enough: both are restricted (OCPS 1.0 section 6.1).
    Either,
}

/// What the fields of an expression say.
#[derive(Debug, Clone)]
pub(super) struct Calendar {
    /// Bit `n` is second `n`.
    pub seconds: u64,
    /// Bit `n` is minute `n`.
    pub minutes: u64,
    /// Bit `n` is hour `n`.
    pub hours: u32,
    pub month_days: MonthDays,
    /// Bit `n` is month `n`.
    pub months: u16,
    pub week_days: WeekDays,
    pub day_rule: DayRule,
    /// `None` is every year.
    pub years: Option<BTreeSet<i16>>,
    /// None of second, minute and hour starts with `*`.
    pub fixed: bool,
}

/// The Gregorian calendar repeats itself, weekdays included, after this many years.
const CYCLE_YEARS: i16 = 400;
/// The last year that a search looks at, which is the last that jiff knows.
const LAST_YEAR: i16 = 9999;

impl Calendar {
    pub fn is_fixed(&self) -> bool {
        self.fixed
    }

    /// The first named local time at or after `from`.
    pub fn at_or_after(&self, from: DateTime) -> Option<DateTime> {
        let day = self.date_at_or_after(from.date(), LAST_YEAR)?;
        if day > from.date() {
            return Some(day.to_datetime(self.first_time()));
        }
        match self.time_at_or_after(from.time()) {
            Some(time) => Some(day.to_datetime(time)),
            None => {
                let day = self.date_at_or_after(day.tomorrow().ok()?, LAST_YEAR)?;
                Some(day.to_datetime(self.first_time()))
            }
        }
    }

    /// Whether any date at all is named. One cycle of the calendar settles it.
    pub fn fires_ever(&self) -> bool {
        let first = self.years.as_ref().and_then(|years| years.first().copied()).unwrap_or(1970);
        self.date_at_or_after(date(first, 1, 1), first + CYCLE_YEARS).is_some()
    }

    fn date_at_or_after(&self, from: Date, last_year: i16) -> Option<Date> {
        let (mut year, mut month, mut day) = (from.year(), from.month(), from.day());
        loop {
            let in_year = self.year_at_or_after(year).filter(|found| *found <= last_year)?;
            if in_year > year {
                (year, month, day) = (in_year, 1, 1);
            }
            let later_months = u32::from(self.months) & (u32::MAX << month);
            let in_month = later_months.trailing_zeros() as i8;
            if in_month > 12 {
                (year, month, day) = (year + 1, 1, 1);
                continue;
            }
            if in_month > month {
                (month, day) = (in_month, 1);
            }
            let later_days = self.days_of(year, month) & (u32::MAX << day);
            if later_days != 0 {
                return Date::new(year, month, later_days.trailing_zeros() as i8).ok();
            }
            (month, day) = (month + 1, 1);
        }
    }

    fn year_at_or_after(&self, year: i16) -> Option<i16> {
        match &self.years {
            None => Some(year),
            Some(years) => years.range(year..).next().copied(),
        }
    }

    /// The days that are named in one month; bit `n` is day `n`.
    fn days_of(&self, year: i16, month: i8) -> u32 {
        let first = date(year, month, 1);
        let month = Month { length: first.days_in_month() as u32, first: first.weekday() };
        let by_number = self.month_days.in_month(month);
        let by_weekday = self.week_days.in_month(month);
        match self.day_rule {
            DayRule::Both => by_number & by_weekday,
            DayRule::Either => by_number | by_weekday,
        }
    }

    fn first_time(&self) -> Time {
        self.time_at_or_after(Time::midnight()).expect("no time field is empty")
    }

    fn time_at_or_after(&self, from: Time) -> Option<Time> {
        let (hour, minute, second) = (from.hour() as u32, from.minute() as u32, from.second() as u32);
        let first_second = self.seconds.trailing_zeros();
        let first_minute = self.minutes.trailing_zeros();
        let found = if in_set(self.hours.into(), hour) {
            let this_minute = in_set(self.minutes, minute)
                .then(|| at_or_above(self.seconds, second))
                .flatten()
                .map(|second| (hour, minute, second));
            let this_hour = || Some((hour, at_or_above(self.minutes, minute + 1)?, first_second));
            this_minute.or_else(this_hour)
        } else {
            None
        };
        let later = || Some((at_or_above(self.hours.into(), hour + 1)?, first_minute, first_second));
        let (hour, minute, second) = found.or_else(later)?;
        Some(jiff::civil::time(hour as i8, minute as i8, second as i8, 0))
    }
}

fn in_set(set: u64, value: u32) -> bool {
    set >> value & 1 == 1
}

/// The smallest member of a set that is at least `value`, which is at most 60.
fn at_or_above(set: u64, value: u32) -> Option<u32> {
    let rest = set & (u64::MAX << value);
    (rest != 0).then(|| rest.trailing_zeros())
}

/// The shape of one month, from which all of its weekdays follow.
#[derive(Clone, Copy)]
struct Month {
    length: u32,
    first: Weekday,
}

impl Month {
    /// Bits for the days 1 to the last.
    fn all(self) -> u32 {
        (u32::MAX >> (31 - self.length)) & !1
    }

    /// The weekday of a day: 0 is Sunday.
    fn weekday(self, day: u32) -> u32 {
        (self.first.to_sunday_zero_offset() as u32 + day - 1) % 7
    }

    /// The weekday, Monday to Friday, nearest to a day of this month and within it (OCPS 1.3
    /// section 4.3): back from Saturday, on from Sunday, the other way at the month's ends.
    fn nearest_weekday(self, day: u32) -> u32 {
        match self.weekday(day) {
            6 if day == 1 => 3,
            6 => day - 1,
            0 if day == self.length => day - 2,
            0 => day + 1,
            _ => day,
        }
    }
}

impl MonthDays {
    /// What `*` names.
    pub fn every() -> Self {
        Self { days: u32::MAX, ..Self::default() }
    }

    /// The named days of one month. A number that the month does not have names no day, with `W`
    /// too.
    fn in_month(&self, month: Month) -> u32 {
        let mut named = self.days;
        for back in members(self.before_last).take_while(|back| *back < month.length) {
            named |= 1 << (month.length - back);
        }
        for day in members(self.nearest_weekday).take_while(|day| *day <= month.length) {
            named |= 1 << month.nearest_weekday(day);
        }
        if self.last_weekday {
            named |= 1 << month.nearest_weekday(month.length);
        }
        named & month.all()
    }
}

impl WeekDays {
    /// What `*` names.
    pub fn every() -> Self {
        Self { every: EVERY_WEEKDAY, ..Self::default() }
    }

    fn in_month(&self, month: Month) -> u32 {
        if self.every == EVERY_WEEKDAY {
            return month.all();
        }
        let mut named = 0;
        for day in 1..=month.length {
            let bit = 1_u8 << month.weekday(day);
            let week = ((day - 1) / 7) as usize;
            let last = day + 7 > month.length;
            if (self.every | self.nth[week] | if last { self.last } else { 0 }) & bit != 0 {
                named |= 1 << day;
            }
        }
        named
    }
}

/// The members of a set, in increasing order.
fn members(mut set: u32) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let member = (set != 0).then(|| set.trailing_zeros())?;
        set &= set - 1;
        Some(member)
    })
}
