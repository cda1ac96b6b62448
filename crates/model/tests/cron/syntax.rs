//! What may be written, what it means, and what is refused with which words.

use punctual_model::cron::{CronError, CronExpr, CronField, MAX_BYTES};

use crate::{expr, fires};

#[track_caller]
fn refused(text: &str) -> CronError {
    match CronExpr::parse(text) {
        Ok(expr) => panic!("`{text}` was taken as `{expr}`"),
        Err(error) => error,
    }
}

/// Checks that an expression is refused for one field, at one column, because of one text.
#[track_caller]
fn refused_at(text: &str, field: impl Into<Option<CronField>>, column: usize, offending: &str) {
    let error = refused(text);
    let found = (error.field(), error.column(), error.text());
    assert_eq!(found, (field.into(), column, offending), "`{text}`: {error}");
    assert!(!error.help().is_empty() && !error.problem().is_empty());
}

#[test]
fn the_refusals_that_were_promised() {
    refused_at("60 0 * * *", CronField::Minute, 1, "60");
    refused_at("0 0 10-5 * *", CronField::DayOfMonth, 5, "10-5");
    refused_at("0 0 /30 * *", CronField::DayOfMonth, 5, "/30");
    refused_at("@Daily", None, 1, "@Daily");
    refused_at("0 0 1-15W * *", CronField::DayOfMonth, 5, "1-15W");
    refused_at("0 0 +1 * *", CronField::DayOfMonth, 5, "+1");
    refused_at("? 0 * * *", CronField::Minute, 1, "?");
    refused_at("0 ? * * *", CronField::Hour, 3, "?");
    refused_at("0 0 * ? *", CronField::Month, 7, "?");
    refused_at("? 0 0 * * *", CronField::Second, 1, "?");
    refused_at("0 0 0 * * * ?", CronField::Year, 13, "?");
    refused_at("*/0 * * * *", CronField::Minute, 3, "0");
    refused_at("1,,2 * * * *", CronField::Minute, 3, "1,,2");
    refused_at("0 0 30 2 *", CronField::DayOfMonth, 5, "30");
    refused_at("0 0 ? * L", CronField::DayOfWeek, 9, "L");
    refused_at("cron(0 8 ? * L *)", CronField::DayOfWeek, 14, "L");
}

#[test]
fn an_expression_has_at_most_256_bytes() {
    let list_of = |minutes: usize| format!("{}1 0 * * *", "1,".repeat(minutes - 1));
    assert_eq!(list_of(125).len(), MAX_BYTES + 1);
    let error = refused(&list_of(125));
    assert_eq!((error.field(), error.column(), error.problem()), (None, 1, "is 257 bytes long, more than 256"));
    expr(&format!("0{}", list_of(124)));
    let padded = format!("{:<256}", "0 0 * * *");
    assert_eq!(expr(&padded).as_str(), "0 0 * * *");
    assert!(refused(&format!("{padded} ")).problem().contains("256"));
    refused(&"é".repeat(129));
}

#[test]
fn messages_name_the_place_and_the_next_step() {
    let say = |text: &str| refused(text).to_string();
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(
        [
            "60 0 * * *",
            "0 24 * * *",
            "0 0 0 * *",
            "0 0 10-5 * *",
            "0 0 * * FRI-MON",
            "0 0 /30 * *",
            "@Daily",
            "@dayly",
            "@reboot",
            "0 0 1-15W * *",
            "0 0 +1 * *",
            "? 0 * * *",
            "*/0 * * * *",
            "*/90 * * * *",
            "1,,2 * * * *",
            "0 0 30 2 *",
            "0 0 0 29 2 * 2027",
            "0 0 1 * +MON#2",
            "0 0 ? * L",
            "0 0 l * *",
            "0 0 * * MONDAY",
            "0 0 * APRIL *",
            "0 0 * * MON-FRI#2",
            "0 0 * * FRI#6",
            "0 0 W * *",
            "* * *",
            "",
            "0 0 * *\u{a0}*",
            "cron(0 8 * * 0 *)",
            "cron(0 8 * * *)",
            "Rate(5 minutes)",
            "rate(5 minute)",
            "rate(0 days)",
        ]
        .map(say)
        .join("\n")
    ) });
}

#[test]
fn nonsense_is_refused() {
    for text in [
        "invalid",
        "123",
        "* * *",
        "* * * *",
        "0 0 0 0 0 0 0 0",
        "-1 0 * * *",
        "1- 0 * * *",
        "1-2-3 0 * * *",
        "1/2/3 0 * * *",
        "*/ 0 * * *",
        "*/x 0 * * *",
        "** 0 * * *",
        "*5 0 * * *",
        "5* 0 * * *",
        "*-5 0 * * *",
        ",1 0 * * *",
        "1, 0 * * *",
        ", 0 * * *",
        "1.5 0 * * *",
        "0x1 0 * * *",
        "+1 0 * * *",
        "99999999999999999999 0 * * *",
        "*/99999999999 0 * * *",
        "0 0 32 * *",
        "0 0 0 * *",
        "0 0 * 0 *",
        "0 0 * 13 *",
        "0 0 * * 8",
        "0 0 * * -1",
        "L 0 * * *",
        "0 L * * *",
        "0 0 * L *",
        "0 0 5L * *",
        "0 0 5#2 * *",
        "0 0 * * 5W",
        "0 0 * * LW",
        "0 0 * * L-3",
        "0 0 * * #2",
        "0 0 * * FRI#",
        "0 0 * * FRI#0",
        "0 0 * * FRI##2",
        "0 0 * * FRI#LL",
        "0 0 * * FRI#-1",
        "0 0 * * MON,L",
        "0 0 * * XYZ",
        "0 0 * * +",
        "0 0 * * +*",
        "0 0 * * +?",
        "0 0 * * ++MON",
        "0 0 * * MON+",
        "0 0 * +JAN *",
        "0 0 ?/2 * *",
        "0 0 1,? * *",
        "0 0 ?? * *",
        "0 0 W * *",
        "0 0 0W * *",
        "0 0 32W * *",
        "0 0 W15 * *",
        "0 0 WL * *",
        "0 0 15WW * *",
        "0 0 15W-20 * *",
        "0 0 15W/2 * *",
        "0 0 L-0 * *",
        "0 0 L-31 * *",
        "0 0 L- * *",
        "0 0 L-3W * *",
        "0 0 L/2 * *",
        "0 0 LL * *",
        "0 0 L+1 * *",
        "0 0 15w * *",
        "0 0 lw * *",
        "0 0 * * fril",
        "0 0 * * fri#l",
        "0 0 * DECEMBER *",
        "0 0 * MON *",
        "0 0 * * JAN",
        "JAN 0 * * *",
        "0 0 0 1 1 * 1969",
        "0 0 0 1 1 * 2200",
        "0 0 0 1 1 * 26",
        "60 0 0 * * *",
        "0 0 * * * * * *",
        "@",
        "@daily 0",
        "@ daily",
        "@DAILY",
        "0 0 * * * @daily",
        "cron()",
        "cron(0 8 ? * MON *",
        "cron(0 8 ? * MON)",
        "cron(0 0 8 ? * MON *)",
        "cron(0 8 ? * 8 *)",
        "cron(@daily)",
        "CRON(0 8 ? * MON *)",
        "cron (0 8 ? * MON *)",
        "rate()",
        "rate(5)",
        "rate(minutes)",
        "rate(5 seconds)",
        "rate(5 weeks)",
        "rate(-5 minutes)",
        "rate(1.5 hours)",
        "rate(1 minutes)",
        "rate(366 days)",
        "rate(5 minutes) x",
        "rate(99999999999 days)",
        "0 0 * * *\n",
        "0\n0 * * *",
        "０ 0 * * *",
        "0 0 * * * \0",
        "0 0 * * (",
    ] {
        refused(text);
    }
}

#[test]
fn what_never_fires_is_refused() {
    for (text, field) in [
        ("0 0 30 2 *", CronField::DayOfMonth),
        ("0 0 31 4,6,9,11 *", CronField::DayOfMonth),
        ("0 0 30,31 2 *", CronField::DayOfMonth),
        ("0 0 30W 2 *", CronField::DayOfMonth),
        ("0 0 L-29 2 *", CronField::DayOfMonth),
        ("0 0 L-30 6 *", CronField::DayOfMonth),
        ("0 0 30 2 +MON", CronField::DayOfMonth),
        ("0 0 0 30 2 * 2028", CronField::DayOfMonth),
        ("cron(0 0 30 2 ? *)", CronField::DayOfMonth),
        ("0 0 0 29 2 * 2027", CronField::Year),
        ("0 0 0 29 2 * 2100", CronField::Year),
        ("0 0 0 29 2 +MON 2029-2043", CronField::Year),
        ("0 0 0 ? 2 FRI#5 2027", CronField::Year),
        ("0 0 1 * +MON#2", CronField::DayOfWeek),
        ("0 0 LW * +SUN", CronField::DayOfWeek),
        ("0 0 1 * +6L", CronField::DayOfWeek),
    ] {
        let error = refused(text);
        assert_eq!((error.field(), error.problem()), (Some(field), "never fires"), "{text}: {error}");
    }
    for text in ["0 0 29 2 *", "0 0 L-28 2 *", "0 0 29 2 +MON", "0 0 ? 2 FRI#5", "0 0 30 2 MON", "0 0 L-30 * *"] {
        expr(text);
    }
}

#[test]
fn columns_count_from_the_start_of_the_text_as_given() {
    refused_at("  60 0 * * *", CronField::Minute, 3, "60");
    refused_at("0\t0   1,2,32 * *", CronField::DayOfMonth, 11, "32");
    refused_at("0 0 0 1 1 * 2026-2300", CronField::Year, 18, "2300");
    refused_at("0 0 1-5/0 * *", CronField::DayOfMonth, 9, "0");
    refused_at("cron(0 8 ? * 0 *)", CronField::DayOfWeek, 14, "0");
    refused_at("0 0 * * MON,FRI#9", CronField::DayOfWeek, 17, "9");
    refused_at("0 0 1,2, * *", CronField::DayOfMonth, 9, "1,2,");
    refused_at("rate(5  weeks)", None, 9, "weeks");
    refused_at("0 é * * *", None, 3, "é");
}

#[test]
fn the_text_comes_back_with_single_spaces() {
    for (given, text) in [
        ("  0  6\t1 * * ", "0 6 1 * *"),
        ("@daily", "@daily"),
        (" cron( 0  8 ? * MON * ) ", "cron(0 8 ? * MON *)"),
        ("rate( 5   minutes )", "rate(5 minutes)"),
        ("0 0 * jan Mon", "0 0 * jan Mon"),
    ] {
        let parsed = expr(given);
        assert_eq!(parsed.to_string(), text);
        assert_eq!(parsed, expr(text));
        let json = serde_json::to_string(&parsed).unwrap();
        assert_eq!(json, format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<CronExpr>(&json).unwrap(), parsed);
    }
    let error = serde_json::from_str::<CronExpr>("\"60 0 * * *\"").unwrap_err();
    assert!(error.to_string().contains("minute, column 1: `60`"), "{error}");
}

/// Checks that two expressions fire alike for a while.
#[track_caller]
fn same(one: &str, other: &str) {
    let (zone, reference) = (crate::zone("Europe/Berlin"), crate::at("2026-01-01T00:00Z"));
    let (one, other) = (expr(one), expr(other));
    assert_eq!(one.is_fixed(), other.is_fixed(), "{one} and {other}");
    let firings = |expr: &CronExpr| expr.firings(reference, &zone).take(300).collect::<Vec<_>>();
    assert_eq!(firings(&one), firings(&other), "{one} and {other}");
}

#[test]
fn different_ways_to_write_the_same() {
    for (one, other) in [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "@daily"),
        ("@weekly", "0 0 * * SUN"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 JAN *"),
        ("@annually", "@yearly"),
        ("0 8 * * *", "0 0 8 * * *"),
        ("0 8 * * *", "0 0 8 * * * *"),
        ("00 08 01 01 *", "0 8 1 1 *"),
        ("0 0 * * 0", "0 0 * * 7"),
        ("0 0 * * sun,Tue", "0 0 * * 0,2"),
        ("0 0 * * 5-7", "0 0 * * FRI-SUN"),
        ("0 0 * * 0-7", "0 0 * * 0-6"),
        ("0 0 * * SUN-SUN", "0 0 * * SUN"),
        ("0 0 * * 1-FRI", "0 0 * * MON-5"),
        ("0 0 * * 1-7/2", "0 0 * * MON,WED,FRI,SUN"),
        ("0 0 * * SUN/3", "0 0 * * 0,3,6"),
        ("0 0 * JAN-MAR,dec *", "0 0 * 1,2,3,12 *"),
        ("0 0 * FEB/5 *", "0 0 * 2,7,12 *"),
        ("10-30/10 0 * * *", "10,20,30 0 * * *"),
        ("50/5 0 * * *", "50,55 0 * * *"),
        ("5,5,5 0 * * *", "5 0 * * *"),
        ("0 0 ? * ?", "0 0 * * *"),
        ("0 0 */1 * *", "0 0 * * *"),
        ("0 0 L-0001 * *", "0 0 L-1 * *"),
        ("0 0 * * FRI#L", "0 0 * * 5L"),
        ("0 0 * * FRIL", "0 0 * * fri#L"),
        ("0 0 * * 0L", "0 0 * * 7L"),
        ("0 0 * * SUN#1", "0 0 * * 7#1"),
        ("cron(0 8 ? * MON *)", "0 8 * * MON"),
        ("cron(0 8 ? * 2 *)", "0 8 * * MON"),
        ("cron(0 8 ? * 1,7 *)", "0 8 * * SUN,SAT"),
        ("cron(0 8 ? * 2-6 *)", "0 8 * * MON-FRI"),
        ("cron(0 8 ? * MON-SUN *)", "0 8 ? * 0-6"),
        ("cron(0 8 ? * 3#2 *)", "0 8 * * TUE#2"),
        ("cron(0 8 ? * 6L *)", "0 8 * * FRI#L"),
        ("cron(0 8 ? * */2 *)", "0 8 ? * */2"),
        ("cron(0 8 ? * 5/2 *)", "0 8 ? * THU,SAT"),
        ("cron(0/15 8-17 ? * MON-FRI *)", "0-59/15 8-17 * * 1-5"),
        ("cron(0 8 L * ? *)", "0 8 L * *"),
        ("cron(0 8 1W * ? 2026-2199)", "0 8 1W * *"),
    ] {
        same(one, other);
    }
}

#[test]
fn fixed_and_wildcard_are_told_apart_by_the_first_character() {
    for text in
        ["0 0 * * *", "0,30 1-3 * * *", "0-59/5 0-23 * * *", "0/5 0/2 * * *", "0 0 0 */2 * *", "@daily", "5,* 0 * * *"]
    {
        assert!(expr(text).is_fixed(), "{text}");
    }
    for text in
        ["* 0 * * *", "*/5 0 * * *", "0 */2 * * *", "* 0 0 * * *", "*/30 0 0 1 1 * 2030", "*,5 0 * * *", "@hourly"]
    {
        assert!(!expr(text).is_fixed(), "{text}");
    }
    assert!(!expr("rate(5 minutes)").is_fixed());
}

#[test]
fn days_before_the_last() {
    fires("0 9 L 2 *", "UTC", "2027-01-01T00:00Z", &["2027-02-28T09:00Z", "2028-02-29T09:00Z"]);
    fires(
        "0 9 L-3 * *",
        "UTC",
        "2027-01-01T00:00Z",
        &["2027-01-28T09:00Z", "2027-02-25T09:00Z", "2027-03-28T09:00Z", "2027-04-27T09:00Z"],
    );
    fires("0 9 L-30 * *", "UTC", "2027-01-01T10:00Z", &["2027-03-01T09:00Z", "2027-05-01T09:00Z"]);
    fires("0 9 L-28 2 *", "UTC", "2027-01-01T00:00Z", &["2028-02-01T09:00Z", "2032-02-01T09:00Z"]);
    fires(
        "0 9 1,15,L * *",
        "UTC",
        "2026-02-01T10:00Z",
        &["2026-02-15T09:00Z", "2026-02-28T09:00Z", "2026-03-01T09:00Z"],
    );
}

#[test]
fn weekdays_nearest_to_a_day() {
    // 2026-08-15 is a Saturday, 2026-11-15 a Sunday, 2026-11-01 a Sunday.
    fires(
        "0 9 15W * *",
        "UTC",
        "2026-08-01T00:00Z",
        &["2026-08-14T09:00Z", "2026-09-15T09:00Z", "2026-10-15T09:00Z", "2026-11-16T09:00Z"],
    );
    fires("0 9 1W * *", "UTC", "2026-10-15T00:00Z", &["2026-11-02T09:00Z", "2026-12-01T09:00Z"]);
    fires(
        "0 9 LW * *",
        "UTC",
        "2026-01-01T00:00Z",
        &["2026-01-30T09:00Z", "2026-02-27T09:00Z", "2026-03-31T09:00Z", "2026-04-30T09:00Z", "2026-05-29T09:00Z"],
    );
    fires("0 9 29W 2 *", "UTC", "2026-01-01T00:00Z", &["2028-02-29T09:00Z", "2032-02-27T09:00Z"]);
    fires(
        "0 9 1W,15W,LW * *",
        "UTC",
        "2026-08-01T00:00Z",
        &["2026-08-03T09:00Z", "2026-08-14T09:00Z", "2026-08-31T09:00Z"],
    );
    // W restricts the day of month, so a weekday beside it is an OR, and with + an AND.
    fires(
        "0 0 13W * WED",
        "UTC",
        "2026-06-01T00:00Z",
        &["2026-06-03T00:00Z", "2026-06-10T00:00Z", "2026-06-12T00:00Z"],
    );
    fires("0 0 13W * +FRI", "UTC", "2026-06-01T00:00Z", &["2026-06-12T00:00Z", "2026-11-13T00:00Z"]);
}

#[test]
fn weekdays_by_their_place_in_the_month() {
    fires("0 9 * * FRI#2", "UTC", "2026-11-01T00:00Z", &["2026-11-13T09:00Z", "2026-12-11T09:00Z"]);
    fires("0 9 * * 6L", "UTC", "2026-11-01T00:00Z", &["2026-11-28T09:00Z", "2026-12-26T09:00Z"]);
    fires(
        "0 9 * * MON#1,WED#3",
        "UTC",
        "2026-11-01T00:00Z",
        &["2026-11-02T09:00Z", "2026-11-18T09:00Z", "2026-12-07T09:00Z"],
    );
    fires("0 9 ? 2 FRI#5", "UTC", "2026-01-01T00:00Z", &["2036-02-29T09:00Z", "2064-02-29T09:00Z"]);
    fires(
        "0 9 13 * +FRI",
        "UTC",
        "2026-01-01T00:00Z",
        &["2026-02-13T09:00Z", "2026-03-13T09:00Z", "2026-11-13T09:00Z"],
    );
}

#[test]
fn the_two_day_fields_together() {
    // Both restricted: either. One starts with * or ?: both. */2 starts with *.
    fires("0 0 13 * FRI", "UTC", "2026-11-01T00:00Z", &["2026-11-06T00:00Z", "2026-11-13T00:00Z", "2026-11-20T00:00Z"]);
    fires("0 0 13 * *", "UTC", "2026-11-01T00:00Z", &["2026-11-13T00:00Z", "2026-12-13T00:00Z"]);
    fires("0 0 ? * FRI", "UTC", "2026-11-08T00:00Z", &["2026-11-13T00:00Z", "2026-11-20T00:00Z"]);
    fires("0 0 */2 * MON", "UTC", "2026-06-01T00:00Z", &["2026-06-15T00:00Z", "2026-06-29T00:00Z"]);
    fires(
        "0 0 1-31/2 * MON",
        "UTC",
        "2026-06-01T00:00Z",
        &["2026-06-03T00:00Z", "2026-06-05T00:00Z", "2026-06-07T00:00Z", "2026-06-08T00:00Z"],
    );
    fires("0 0 13 * */5", "UTC", "2026-11-01T00:00Z", &["2026-11-13T00:00Z", "2026-12-13T00:00Z", "2027-06-13T00:00Z"]);
    fires("0 0 1,* * MON", "UTC", "2026-11-02T12:00Z", &["2026-11-03T00:00Z"]);
}
