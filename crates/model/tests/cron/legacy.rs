//! Schedules in the older form.

use punctual_model::cron::{LegacyError, from_legacy};
use serde_json::{Value, json};

#[test]
fn become_cron() {
    for (schedule_type, config, expected) in [
        ("daily", json!({"hour": 8, "minute": 0}), "0 8 * * *"),
        ("daily", json!({"hour": 23}), "0 23 * * *"),
        ("weekly", json!({"day_of_week": 6, "hour": 9, "minute": 30}), "30 9 * * 0"),
        ("weekly", json!({"day_of_week": 0, "hour": 9, "minute": 30}), "30 9 * * 1"),
        ("weekly", json!({"day_of_week": 5, "hour": 0, "minute": 59}), "59 0 * * 6"),
        ("monthly", json!({"day_of_month": 1, "hour": 6, "minute": 15}), "15 6 1 * *"),
        ("monthly", json!({"day_of_month": 31, "hour": 6, "minute": 0}), "0 6 31 * *"),
    ] {
        assert_eq!(from_legacy(schedule_type, &config).unwrap().as_str(), expected, "{schedule_type} {config}");
    }
}

#[test]
fn every_day_of_the_week_is_the_one_that_was_meant() {
    use jiff::civil::Weekday;
    for number in 0..7_i8 {
        let expr = from_legacy("weekly", &json!({"day_of_week": number, "hour": 12})).unwrap();
        let utc = jiff::tz::TimeZone::UTC;
        let firing = expr.next_after(crate::at("2026-11-01T00:00Z"), &utc).unwrap();
        let expected = Weekday::from_monday_zero_offset(number).unwrap();
        assert_eq!(utc.to_datetime(firing).weekday(), expected);
    }
}

#[track_caller]
fn refused(schedule_type: &str, config: Value) -> String {
    match from_legacy(schedule_type, &config) {
        Ok(expr) => panic!("{schedule_type} {config} was taken as `{expr}`"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn are_refused_with_the_next_step() {
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(
        [
            refused("hourly", json!({})),
            refused("Daily", json!({"hour": 8})),
            refused("daily", json!([8, 0])),
            refused("daily", json!({"minute": 0})),
            refused("weekly", json!({"hour": 8, "minute": 0})),
            refused("monthly", json!({"hour": 8, "minute": 0})),
            refused("daily", json!({"hour": 8, "minut": 0})),
            refused("daily", json!({"hour": 8, "day_of_week": 1})),
            refused("daily", json!({"hour": 24})),
            refused("daily", json!({"hour": -1})),
            refused("daily", json!({"hour": 8.5})),
            refused("daily", json!({"hour": "8"})),
            refused("daily", json!({"hour": null})),
            refused("daily", json!({"hour": 8, "minute": true})),
            refused("weekly", json!({"day_of_week": 7, "hour": 8})),
            refused("monthly", json!({"day_of_month": 0, "hour": 8})),
            refused("daily", json!({"hour": 18_446_744_073_709_551_615_u64})),
        ]
        .join("\n")
    ) });
    assert_eq!(from_legacy("daily", &json!(null)), Err(LegacyError::NotAnObject));
}
