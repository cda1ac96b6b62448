//! What holds for the rows of every seed and size.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

use punctual_sample::{ACCEPTED_CHANNELS, Agency, END, FIRST_DAY, SampleError, ZONE, write};

use crate::agency;

fn any_agency() -> impl Strategy<Value = Agency> {
    (any::<u64>(), 0.01..0.4).prop_map(|(seed, size)| Agency::new(seed, size).expect("the size is in range"))
}

fn local_day(zone: &TimeZone, microseconds: i64) -> Date {
    zone.to_datetime(Timestamp::from_microsecond(microseconds).expect("in range")).date()
}

fn all_text(agency: &Agency) -> Vec<u8> {
    let mut text = Vec::new();
    write::postgres(agency, &mut text).expect("memory takes it");
    write::mariadb(agency, &mut text).expect("memory takes it");
    write::tickets_csv(agency, &mut text).expect("memory takes it");
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn equal_seeds_give_equal_bytes_and_others_don_t(seed in any::<u64>(), size in 0.01..0.4) {
        let text = |seed| all_text(&Agency::new(seed, size).expect("the size is in range"));
        prop_assert!(text(seed) == text(seed));
        prop_assert!(text(seed) != text(seed.wrapping_add(1)));
    }

    #[test]
    fn every_client_has_counted_traffic_on_every_local_day(agency in any_agency()) {
        let zone = TimeZone::get(ZONE).expect("the zone is known");
        let mut days: BTreeMap<u32, BTreeSet<Date>> = BTreeMap::new();
        for row in agency.traffic().filter(|row| ACCEPTED_CHANNELS.contains(&row.channel)) {
            days.entry(row.client_id).or_default().insert(local_day(&zone, row.occurred_at_us));
        }
        let all: BTreeSet<Date> = FIRST_DAY.series(1.day()).take_while(|day| *day < END).collect();
        prop_assert_eq!(days.len(), 12);
        prop_assert!(days.values().all(|days| *days == all));
    }

    #[test]
    fn a_client_s_rows_come_in_the_order_of_time(agency in any_agency()) {
        let mut last: BTreeMap<u32, i64> = BTreeMap::new();
        for row in agency.traffic() {
            let before = last.insert(row.client_id, row.occurred_at_us);
            prop_assert!(before.is_none_or(|before| before <= row.occurred_at_us));
        }
    }

    #[test]
    fn no_figure_is_absurd(agency in any_agency()) {
        for row in agency.traffic() {
            prop_assert!(row.visits > 0 && row.orders >= 0, "{row:?}");
            prop_assert!(row.orders <= row.visits || !ACCEPTED_CHANNELS.contains(&row.channel), "{row:?}");
            prop_assert_eq!(row.orders == 0, row.revenue_cents == 0, "{:?}", row);
        }
        for row in agency.spend() {
            prop_assert!(row.cost_cents > 0 && row.clicks > 0 && row.impressions >= row.clicks, "{row:?}");
        }
        for row in agency.tickets() {
            prop_assert!(row.first_response_minutes.is_none_or(|minutes| minutes > 0), "{row:?}");
            prop_assert!(row.status != "solved" || row.first_response_minutes.is_some(), "{row:?}");
        }
    }

    #[test]
    fn tickets_are_opened_at_times_that_clocks_in_chicago_show(agency in any_agency()) {
        let zone = TimeZone::get(ZONE).expect("the zone is known");
        for (row, id) in agency.tickets().zip(1..) {
            prop_assert_eq!(row.id, id);
            prop_assert!(!matches!(zone.to_ambiguous_timestamp(row.opened_at).offset(), AmbiguousOffset::Gap { .. }), "{row:?}");
        }
    }
}

#[test]
fn size_is_about_how_many_rows_there_are() {
    let full = agency();
    assert!((57_000..66_000).contains(&full.traffic().count()), "{}", full.traffic().count());
    assert!((17_000..21_000).contains(&full.spend().count()), "{}", full.spend().count());
    assert!((3_500..5_500).contains(&full.tickets().count()), "{}", full.tickets().count());
    let double = Agency::new(punctual_sample::DEFAULT_SEED, 2.0).expect("2 is in range");
    let ratio = double.traffic().count() * 100 / full.traffic().count();
    assert!((190..210).contains(&ratio), "{ratio}");
}

#[test]
fn a_size_that_is_no_number_of_rows_is_refused() {
    for size in [0.0, -1.0, f64::NAN, f64::INFINITY, 10_001.0] {
        let refused = Agency::new(1, size).expect_err("the size is out of range");
        assert!(matches!(refused, SampleError::Size(_)) && !refused.is_transient());
    }
}

#[test]
fn both_ends_of_a_month_have_a_row_to_the_microsecond() {
    let zone = TimeZone::get(ZONE).expect("the zone is known");
    let october = FIRST_DAY.with().year(2026).month(10).build().expect("a date");
    let midnight = |day: Date| day.to_zoned_datetime(zone.clone()).expect("in range").timestamp().as_microsecond();
    for edge in [midnight(october), midnight(october + 1.month()) - 1] {
        let clients: Vec<u32> =
            agency().traffic().filter(|row| row.occurred_at_us == edge).map(|row| row.client_id).collect();
        assert_eq!(clients, (1..=12).collect::<Vec<u32>>());
    }
}

#[test]
fn the_hour_that_comes_twice_has_rows_in_both_turns() {
    // 2026-11-01 in Chicago: 01:30 is 06:30 UTC the first time and 07:30 the second.
    for hour in ["06", "07"] {
        let from: Timestamp = format!("2026-11-01T{hour}:00:00Z").parse().expect("a timestamp");
        let hour = from.as_microsecond()..from.as_microsecond() + 3_600_000_000;
        let rows = agency().traffic().filter(|row| hour.contains(&row.occurred_at_us)).count();
        assert!(rows >= 12, "{rows} rows from {from}");
    }
}
