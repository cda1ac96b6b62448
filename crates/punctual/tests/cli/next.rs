//! `next`: every promised case of the cron dialect through the command line, and refusals.

use serde_json::Value;

use crate::{DEFINITIONS, OK, USAGE, punctual};

const CASES: &str = include_str!("../../../model/tests/cron/cron_cases.json");

/// An instant in the cases, which leave seconds out where they are zero.
fn instant(text: &Value) -> jiff::Timestamp {
    text.as_str().expect("an instant is text").parse().expect("an instant")
}

#[test]
fn every_case_fires_when_it_was_promised() {
    let cases: Vec<Value> = serde_json::from_str(CASES).expect("the cases are JSON");
    assert!(cases.len() > 30);
    for case in &cases {
        let text = |key: &str| case[key].as_str().unwrap_or_else(|| panic!("{key} in {case}"));
        let expected: Vec<_> = case["expected"].as_array().expect("a list").iter().map(instant).collect();
        let count = expected.len().to_string();
        let arguments =
            ["next", text("expr"), "--tz", text("zone"), "--after", text("reference"), "--count", &count, "--json"];
        let answer = punctual(&arguments).exits(OK).json();
        let fired: Vec<_> = answer["next"].as_array().expect("a list").iter().map(instant).collect();
        assert_eq!(fired, expected, "{case}");
    }
}

#[test]
fn refusals_name_the_field_and_the_column() {
    for (expression, place) in [
        ("60 0 * * *", "minute, column 1"),
        ("0 0 10-5 * *", "day of month, column 5"),
        ("0 0 * ? *", "month, column 7"),
        ("0 0 ? * L", "day of week, column 9"),
        ("0 0 0 * * * ?", "year, column 13"),
        ("*/0 * * * *", "minute, column 3"),
        ("@Daily", "cron expression, column 1"),
        ("-1 * * * *", "minute, column 1"),
    ] {
        let answer = punctual(&["next", expression]).exits(DEFINITIONS).says(place).says("help: ");
        assert!(answer.out.is_empty(), "{}", answer.out);
        let column: usize = place.rsplit(' ').next().expect("a word").parse().expect("a column");
        let marker = answer.err.lines().find(|line| line.trim() == "^").expect("a marker");
        assert_eq!(marker.find('^'), Some(column + 1), "{}", answer.err);
        let error = punctual(&["next", expression, "--json"]).exits(DEFINITIONS).json();
        assert!(error["error"].as_str().is_some_and(|e| e.contains(place)), "{error}");
    }
}

#[test]
fn people_read_the_zone_and_the_day_of_the_week() {
    let arguments = ["next", "30 2 * * *", "--tz", "America/New_York", "--after", "2026-03-07T12:00Z", "--count", "2"];
    let answer = punctual(&arguments).exits(OK);
    let expected =
        "2026-03-08T07:00:00Z  Sun 2026-03-08 03:00:00 EDT\n2026-03-09T06:30:00Z  Mon 2026-03-09 02:30:00 EDT\n";
    assert_eq!(answer.out, expected);
}

#[test]
fn an_unknown_zone_and_a_wrong_instant_are_mistakes_of_the_command_line() {
    punctual(&["next", "@daily", "--tz", "Europe/Pariss"]).exits(USAGE).says("Europe/Pariss");
    punctual(&["next", "@daily", "--after", "noon"]).exits(USAGE).says("noon");
}
