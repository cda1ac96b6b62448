//! The hour that a clock shows twice, when daylight saving ends: what tells the two apart.

use jiff::{
    Timestamp,
    tz::{AmbiguousOffset, TimeZone},
};
use punctual_model::zone::Zone;

/// What has to stand behind the local time of an instant that the zone's clocks show twice: the zone's
/// abbreviation (`CDT`, `CST`), or the offset where a zone has no letters. `None` for every other instant.
pub fn repeated_hour(zone: &Zone, at: Timestamp) -> Option<String> {
    let rules = zone.rules();
    is_repeated(rules, at).then(|| {
        let info = rules.to_offset_info(at);
        match info.abbreviation() {
            letters if letters.starts_with(|c: char| c.is_ascii_alphabetic()) => letters.to_owned(),
            _ => format!("UTC{}", info.offset()),
        }
    })
}

fn is_repeated(rules: &TimeZone, at: Timestamp) -> bool {
    matches!(rules.to_ambiguous_timestamp(rules.to_datetime(at)).offset(), AmbiguousOffset::Fold { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(zone: &str, at: &str) -> Option<String> {
        repeated_hour(&zone.parse().expect("known"), at.parse().expect("an instant"))
    }

    #[test]
    fn only_the_two_passes_of_a_repeated_hour_are_told_apart() {
        assert_eq!(told("America/Chicago", "2026-11-01T05:59:59Z"), None);
        assert_eq!(told("America/Chicago", "2026-11-01T06:00:00Z").as_deref(), Some("CDT"));
        assert_eq!(told("America/Chicago", "2026-11-01T06:59:59Z").as_deref(), Some("CDT"));
        assert_eq!(told("America/Chicago", "2026-11-01T07:00:00Z").as_deref(), Some("CST"));
        assert_eq!(told("America/Chicago", "2026-11-01T08:00:00Z"), None);
        assert_eq!(told("Europe/Berlin", "2026-10-25T00:30:00Z").as_deref(), Some("CEST"));
        assert_eq!(told("Europe/Berlin", "2026-10-25T01:30:00Z").as_deref(), Some("CET"));
        assert_eq!(told("UTC", "2026-10-25T01:30:00Z"), None);
    }

    #[test]
    fn a_zone_without_letters_shows_its_offset() {
        // Azores: +00 in summer, -01 in winter.
        assert_eq!(told("Atlantic/Azores", "2026-10-25T00:30:00Z").as_deref(), Some("UTC+00"));
        assert_eq!(told("Atlantic/Azores", "2026-10-25T01:30:00Z").as_deref(), Some("UTC-01"));
        assert_eq!(told("Australia/Lord_Howe", "2026-04-04T14:45:00Z").as_deref(), Some("UTC+11"));
        assert_eq!(told("Australia/Lord_Howe", "2026-04-04T15:15:00Z").as_deref(), Some("UTC+10:30"));
    }
}
