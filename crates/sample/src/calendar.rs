//! The days the data covers, as the agency in Chicago lives them: where each begins
//! and ends on the time line, and how busy the season is. It knows no client.

use jiff::civil::{Date, date};
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// The agency's time zone.
pub const ZONE: &str = "America/Chicago";
/// The first day with data: 24 full months before November 2026.
pub const FIRST_DAY: Date = date(2024, 11, 1);
/// The first day without data. The first half of November 2026 is there, so that
/// the last complete month, October, has a neighbour on both sides.
pub const END: Date = date(2026, 11, 16);

/// How busy each month's first day is, January first, in thousandths of an average day.
const SEASON: [i64; 12] = [930, 860, 890, 960, 1000, 990, 930, 900, 950, 1040, 1130, 1340];

const DAY_MICROSECONDS: i64 = 86_400_000_000;

/// One civil day in the agency's zone.
#[derive(Debug, Clone)]
pub(crate) struct Day {
    pub(crate) date: Date,
    /// Days since [`FIRST_DAY`].
    pub(crate) number: u32,
    /// The instant the day begins, in microseconds since 1970 UTC.
    pub(crate) start_us: i64,
    /// The instant the next day begins.
    pub(crate) end_us: i64,
    /// Monday is 0.
    pub(crate) weekday: usize,
    /// Thousandths of an average day, by the time of year.
    pub(crate) season: i64,
}

impl Day {
    /// The instant that lies `of_day` microseconds of a 24-hour day into this one,
    /// stretched or shortened on days when the clocks change.
    pub(crate) fn instant(&self, of_day: i64) -> i64 {
        let length = i128::from(self.end_us - self.start_us);
        let into = i128::from(of_day) * length / i128::from(DAY_MICROSECONDS);
        self.start_us + i64::try_from(into).expect("a part of a day fits")
    }

    /// Whether the clocks change on this day.
    pub(crate) fn clocks_change(&self) -> bool {
        self.end_us - self.start_us != DAY_MICROSECONDS
    }

    /// Whole days from this one to [`END`].
    pub(crate) fn before_end(&self, days: usize) -> usize {
        days - self.number as usize
    }
}

/// The agency's zone, from the tz database compiled into the binary.
pub(crate) fn zone() -> TimeZone {
    TimeZoneDatabase::bundled().get(ZONE).expect("the bundled tz database knows America/Chicago")
}

/// The instant at which `day` begins in `zone`, in microseconds since 1970 UTC.
pub(crate) fn midnight(zone: &TimeZone, day: Date) -> i64 {
    day.to_zoned_datetime(zone.clone()).expect("days of this century are in jiff's range").timestamp().as_microsecond()
}

/// All days from [`FIRST_DAY`] to [`END`].
pub(crate) fn days(zone: &TimeZone) -> Vec<Day> {
    FIRST_DAY
        .series(jiff::Span::new().days(1))
        .take_while(|day| *day < END)
        .zip(0..)
        .map(|(date, number)| Day {
            date,
            number,
            start_us: midnight(zone, date),
            end_us: midnight(zone, date.tomorrow().expect("2026 has a tomorrow")),
            weekday: usize::try_from(date.weekday().to_monday_zero_offset()).expect("a weekday is not negative"),
            season: season(date),
        })
        .collect()
}

/// Between the first of this month and the first of the next, in a straight line.
fn season(day: Date) -> i64 {
    let month = usize::try_from(day.month() - 1).expect("a month is not below 1");
    let (this, next) = (SEASON[month], SEASON[(month + 1) % 12]);
    let (done, length) = (i64::from(day.day() - 1), i64::from(day.days_in_month()));
    (this * (length - done) + next * done) / length
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rule of the United States since 2007, by arithmetic: from the second Sunday
    /// of March, 02:00, to the first Sunday of November, 02:00, UTC-5, otherwise UTC-6.
    fn offset_hours_at_midnight(day: Date) -> i64 {
        let sunday_from = |month, earliest: i8| {
            let first = date(day.year(), month, earliest);
            let wait = (7 - first.weekday().to_sunday_zero_offset()) % 7;
            date(day.year(), month, earliest + wait)
        };
        let summer = sunday_from(3, 8) < day && day <= sunday_from(11, 1);
        if summer { -5 } else { -6 }
    }

    #[test]
    fn days_begin_where_the_published_rule_puts_midnight() {
        for day in days(&zone()) {
            let since_epoch = day.date.duration_since(date(1970, 1, 1)).as_hours();
            let expected = (since_epoch - offset_hours_at_midnight(day.date)) * 3_600_000_000;
            assert_eq!(day.start_us, expected, "{}", day.date);
        }
    }

    #[test]
    fn the_clocks_change_five_times_and_each_day_joins_the_next() {
        let days = days(&zone());
        let changes: Vec<String> =
            days.iter().filter(|day| day.clocks_change()).map(|day| day.date.to_string()).collect();
        assert_eq!(changes, ["2024-11-03", "2025-03-09", "2025-11-02", "2026-03-08", "2026-11-01"]);
        assert!(days.windows(2).all(|pair| pair[0].end_us == pair[1].start_us));
        assert_eq!(days.len(), 745);
    }
}
