//! When a report leaves: a civil time counted from its period's end. Pure; nothing here reads a clock.

use jiff::{Timestamp, ToSpan, civil::DateTime};

use crate::{
    definition::DeliverAfter,
    period::{Period, PeriodError},
};

/// The instant from which a period's report may leave: so many days after the first day after the period, at a
/// time of day in the report's zone. Without a rule, the period's end. A time that does not exist that day is
/// taken after the gap, one that exists twice is the first.
///
/// # Errors
/// When the calendar ends there.
pub fn due(rule: Option<&DeliverAfter>, period: &Period) -> Result<Timestamp, PeriodError> {
    let Some(rule) = rule else { return period.end_instant() };
    let date = period.end_date().checked_add(i64::from(rule.days).days()).map_err(|_| PeriodError::Range)?;
    let local = DateTime::from_parts(date, rule.at);
    let zoned = local.to_zoned_datetime(period.zone().rules().clone()).map_err(|_| PeriodError::Range)?;
    Ok(zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due_at(period: &str, zone: &str, days: u16, at: &str) -> String {
        let period = Period::parse(period, &zone.parse().expect("a zone")).expect("a period");
        let rule = DeliverAfter { days, at: at.parse().expect("a time") };
        due(Some(&rule), &period).expect("in range").to_string()
    }

    #[test]
    fn days_count_from_the_first_day_after_the_period() {
        assert_eq!(due_at("2026-10", "America/Chicago", 2, "08:00"), "2026-11-03T14:00:00Z");
        assert_eq!(due_at("2026-10", "America/Chicago", 0, "08:00"), "2026-11-01T14:00:00Z");
        assert_eq!(due_at("2026-W43", "Europe/Berlin", 1, "06:30"), "2026-10-27T05:30:00Z");
    }

    #[test]
    fn a_time_in_a_gap_is_taken_after_it_and_a_repeated_one_is_the_first() {
        assert_eq!(due_at("2026-03-07", "America/Chicago", 0, "02:30"), "2026-03-08T08:30:00Z");
        assert_eq!(due_at("2026-10-31", "America/Chicago", 0, "01:30"), "2026-11-01T06:30:00Z");
    }

    #[test]
    fn without_a_rule_it_is_the_periods_end() {
        let period = Period::parse("2026-10", &"America/Chicago".parse().expect("a zone")).expect("a period");
        assert_eq!(due(None, &period), period.end_instant());
    }
}
