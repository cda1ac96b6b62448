//! Jitter: the same everywhere, within its width, and never out of order.

use std::{collections::HashSet, time::Duration};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use punctual_model::cron::jitter;

use crate::{at, expr, zone};

const FIVE_MINUTES: Duration = Duration::from_secs(300);

/// The definition, step by step.
fn by_hand(schedule: &str, instant: Timestamp, width_ms: u128) -> SignedDuration {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(schedule.as_bytes()).unwrap();
    mac.update(&instant.as_second().to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let bits = digest[..8].iter().fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    let spread = bits * (2 * width_ms) / (1 << 64);
    SignedDuration::from_millis(i64::try_from(spread).unwrap() - i64::try_from(width_ms).unwrap())
}

#[test]
fn is_what_it_was_in_every_release() {
    // Changing these would move firings that other nodes, or this one before an upgrade, computed.
    let instant = at("2026-11-01T06:00Z");
    let shifts =
        ["a", "b", "monthly-client-report"].map(|schedule| jitter(schedule, instant, FIVE_MINUTES).as_millis());
    assert_eq!(shifts, [-95_489, 118_943, 91_715]);
    assert_eq!(jitter("a", instant, FIVE_MINUTES), by_hand("a", instant, 300_000));
}

#[test]
fn spreads_schedules_that_share_a_minute() {
    let instant = at("2026-11-01T06:00Z");
    let shifts: Vec<_> = (0..1000).map(|id| jitter(&format!("schedule-{id}"), instant, FIVE_MINUTES)).collect();
    let distinct: HashSet<_> = shifts.iter().collect();
    assert!(distinct.len() > 990, "{}", distinct.len());
    let per_minute = |minute: i64| shifts.iter().filter(|shift| shift.as_secs().div_euclid(60) == minute).count();
    for minute in -4..4 {
        assert!((60..140).contains(&per_minute(minute)), "minute {minute} has {}", per_minute(minute));
    }
}

#[test]
fn stays_within_half_the_interval() {
    let utc = zone("UTC");
    let every_minute = expr("* * * * *");
    for firing in every_minute.firings(at("2026-11-01T06:00Z"), &utc).take(500) {
        let shifted = every_minute.jittered("s", firing, FIVE_MINUTES, &utc);
        assert!(shifted.duration_since(firing).unsigned_abs() <= Duration::from_secs(30));
    }
    // The neighbour before counts as much as the one after: 08:00 has 07:59 before it.
    let pair = expr("0,59 7,8 * * *");
    let firing = at("2026-11-01T08:00Z");
    let shift = pair.jittered("s", firing, FIVE_MINUTES, &utc).duration_since(firing);
    assert!(shift.unsigned_abs() <= Duration::from_secs(30), "{shift}");
    // A lone firing uses the whole width.
    let daily = expr("0 6 * * *");
    let widest = daily
        .firings(at("2026-01-01T00:00Z"), &utc)
        .take(365)
        .map(|firing| daily.jittered("s", firing, FIVE_MINUTES, &utc).duration_since(firing).unsigned_abs())
        .max();
    assert!(widest > Some(Duration::from_secs(270)) && widest <= Some(FIVE_MINUTES), "{widest:?}");
}

#[test]
fn no_width_is_no_shift() {
    let utc = zone("UTC");
    let daily = expr("0 6 * * *");
    let firing = at("2026-11-01T06:00Z");
    assert_eq!(daily.jittered("s", firing, Duration::ZERO, &utc), firing);
}

proptest! {
    #[test]
    fn keeps_the_order_of_firings(
        text in prop::sample::select(vec!["* * * * *", "*/7 * * * *", "0,1,30 8,9 * * *", "59 23 * * *", "*/10 * * * * *", "rate(5 minutes)"]),
        zone_name in prop::sample::select(vec!["UTC", "America/New_York", "Australia/Lord_Howe"]),
        schedule in "[a-z]{1,8}",
        start in 1_772_000_000_i64..1_800_000_000,
        width in 0_u64..7_200_000,
    ) {
        let (expr, zone) = (expr(text), zone(zone_name));
        let reference = Timestamp::from_second(start).unwrap();
        let width = Duration::from_millis(width);
        let firings: Vec<_> = expr.firings(reference, &zone).take(40).collect();
        let shifted: Vec<_> = firings.iter().map(|firing| expr.jittered(&schedule, *firing, width, &zone)).collect();
        for (firing, shifted) in firings.iter().zip(&shifted) {
            prop_assert!(shifted.duration_since(*firing).unsigned_abs() <= width);
        }
        for pair in shifted.windows(2) {
            prop_assert!(pair[0] < pair[1] || width.is_zero(), "{} {}", pair[0], pair[1]);
        }
    }

    #[test]
    fn is_the_definition(schedule in ".{0,20}", second in -1_000_000_000_i64..4_000_000_000, width in 0_u64..10_000_000) {
        let instant = Timestamp::from_second(second).unwrap();
        let shift = jitter(&schedule, instant, Duration::from_millis(width));
        prop_assert_eq!(shift, by_hand(&schedule, instant, width.into()));
        let width = i64::try_from(width).unwrap();
        prop_assert!(shift.as_millis() >= i128::from(-width) && (shift.as_millis() < i128::from(width) || width == 0));
    }
}
