//! Cron through its public surface: the published cases, the grammar and its refusals, the rule for
//! gaps and overlaps in many zones, and properties against an independent oracle.
#![allow(clippy::unwrap_used, reason = "a test stops at its first surprise")]

mod cases;
mod edges;
mod jitter;
mod legacy;
mod oracle;
mod syntax;

use jiff::{Timestamp, tz::TimeZone};
use punctual_model::{cron::CronExpr, zone::Zone};

fn expr(text: &str) -> CronExpr {
    CronExpr::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn zone(name: &str) -> TimeZone {
    name.parse::<Zone>().unwrap_or_else(|error| panic!("{error}")).rules().clone()
}

/// An instant, with or without its seconds.
fn at(text: &str) -> Timestamp {
    let full = if text.len() == "2026-03-08T07:00Z".len() { text.replace('Z', ":00Z") } else { text.to_owned() };
    full.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Checks that exactly these firings follow the reference.
#[track_caller]
fn fires(text: &str, zone_name: &str, reference: &str, expected: &[&str]) {
    let (expr, zone) = (expr(text), zone(zone_name));
    let expected: Vec<Timestamp> = expected.iter().map(|text| at(text)).collect();
    let actual: Vec<Timestamp> = expr.firings(at(reference), &zone).take(expected.len()).collect();
    assert_eq!(actual, expected, "`{text}` in {zone_name} after {reference}");
}
