//! The rule for gaps and overlaps, zone by zone. The instants were worked out by hand from the
//! zones' published transitions.

use jiff::{Timestamp, civil::datetime, tz::TimeZone};
use punctual_model::cron::{Event, Firing, LONGEST_BRIDGED_GAP, Skip};

use crate::{at, expr, fires, zone};

#[test]
fn times_on_both_sides_of_a_gap_and_in_it() {
    // New York, 2026-03-08: 02:00 becomes 03:00 at 07:00Z.
    fires(
        "30 1,2,3 * * *",
        "America/New_York",
        "2026-03-08T00:00Z",
        &["2026-03-08T06:30Z", "2026-03-08T07:00Z", "2026-03-08T07:30Z"],
    );
    // Every missing time, and the real 03:00, are one firing.
    fires(
        "0-59 2 * * *",
        "America/New_York",
        "2026-03-08T00:00Z",
        &["2026-03-08T07:00Z", "2026-03-09T06:00Z", "2026-03-09T06:01Z"],
    );
    fires(
        "0,30 2,3 * * *",
        "America/New_York",
        "2026-03-08T00:00Z",
        &["2026-03-08T07:00Z", "2026-03-08T07:30Z", "2026-03-09T06:00Z"],
    );
    // The edges of the gap: 01:59 and 03:00 exist.
    fires("59 1 * * *", "America/New_York", "2026-03-08T00:00Z", &["2026-03-08T06:59Z", "2026-03-09T05:59Z"]);
    fires("0 3 * * *", "America/New_York", "2026-03-08T00:00Z", &["2026-03-08T07:00Z", "2026-03-09T07:00Z"]);
    fires("0 2 * * *", "America/New_York", "2026-03-08T00:00Z", &["2026-03-08T07:00Z", "2026-03-09T06:00Z"]);
    fires(
        "30 2,14 * * *",
        "Europe/Berlin",
        "2026-03-28T20:00Z",
        &["2026-03-29T01:00Z", "2026-03-29T12:30Z", "2026-03-30T00:30Z"],
    );
    fires("30 1 * * *", "America/New_York", "2026-03-07T12:00Z", &["2026-03-08T06:30Z", "2026-03-09T05:30Z"]);
}

#[test]
fn references_inside_a_gap_and_an_overlap() {
    // Right before, at, and after the instant of the gap.
    fires("30 2 * * *", "America/New_York", "2026-03-08T06:59:59Z", &["2026-03-08T07:00Z"]);
    fires("30 2 * * *", "America/New_York", "2026-03-08T06:59:59.999Z", &["2026-03-08T07:00Z"]);
    fires("30 2 * * *", "America/New_York", "2026-03-08T07:00Z", &["2026-03-09T06:30Z"]);
    fires("30 2 * * *", "America/New_York", "2026-03-08T07:00:00.001Z", &["2026-03-09T06:30Z"]);
    // 2026-11-01: 02:00 becomes 01:00 at 06:00Z.
    fires("30 1 * * *", "America/New_York", "2026-11-01T05:29:59Z", &["2026-11-01T05:30Z", "2026-11-02T06:30Z"]);
    fires("30 1 * * *", "America/New_York", "2026-11-01T05:59:59Z", &["2026-11-02T06:30Z"]);
    fires("30 1 * * *", "America/New_York", "2026-11-01T06:00Z", &["2026-11-02T06:30Z"]);
    fires("30 1 * * *", "America/New_York", "2026-11-01T06:29:59Z", &["2026-11-02T06:30Z"]);
    fires("0 1 * * *", "America/New_York", "2026-11-01T05:59:59Z", &["2026-11-02T06:00Z"]);
    fires("0 2 * * *", "America/New_York", "2026-11-01T05:00Z", &["2026-11-01T07:00Z"]);
    fires(
        "*/30 1 * * *",
        "America/New_York",
        "2026-11-01T05:45Z",
        &["2026-11-01T06:00Z", "2026-11-01T06:30Z", "2026-11-02T06:00Z"],
    );
}

#[test]
fn fractions_of_a_second_before_the_epoch() {
    fires("* * * * * *", "UTC", "1969-12-31T23:59:58.5Z", &["1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z"]);
    fires("* * * * * *", "UTC", "1969-12-31T23:59:59.999999999Z", &["1970-01-01T00:00:00Z"]);
    fires("rate(1 minute)", "UTC", "1969-12-31T23:58:59.5Z", &["1969-12-31T23:59:00Z", "1970-01-01T00:00:00Z"]);
}

#[test]
fn seconds() {
    fires(
        "15,45 59 1 * * *",
        "America/New_York",
        "2026-03-08T06:59:15Z",
        &["2026-03-08T06:59:45Z", "2026-03-09T05:59:15Z"],
    );
    fires("30 30 2 * * *", "America/New_York", "2026-03-08T00:00Z", &["2026-03-08T07:00:00Z", "2026-03-09T06:30:30Z"]);
    fires(
        "*/20 59 1 * * *",
        "America/New_York",
        "2026-11-01T05:59:20Z",
        &["2026-11-01T05:59:40Z", "2026-11-01T06:59:00Z", "2026-11-01T06:59:20Z"],
    );
    fires("59 59 23 31 12 *", "UTC", "2026-12-31T23:59:58Z", &["2026-12-31T23:59:59Z", "2027-12-31T23:59:59Z"]);
}

#[test]
fn a_star_in_any_time_field_makes_a_wildcard() {
    // 02:00 in the gap is left out; the seconds' star is enough.
    fires("*/30 0 2 * * *", "America/New_York", "2026-03-08T00:00Z", &["2026-03-09T06:00:00Z", "2026-03-09T06:00:30Z"]);
    fires("30 */2 * * *", "America/New_York", "2026-03-08T05:00Z", &["2026-03-08T05:30Z", "2026-03-08T08:30Z"]);
    fires(
        "30 0-23/2 * * *",
        "America/New_York",
        "2026-03-08T05:00Z",
        &["2026-03-08T05:30Z", "2026-03-08T07:00Z", "2026-03-08T08:30Z"],
    );
    fires("30 2 */1 * *", "America/New_York", "2026-03-08T05:00Z", &["2026-03-08T07:00Z"]);
}

#[test]
fn lord_howe_moves_by_half_an_hour() {
    // 2026-10-04: 02:00 becomes 02:30 at 15:30Z. 2026-04-05: 02:00 becomes 01:30 at 15:00Z.
    fires("0,15,30 2 * * *", "Australia/Lord_Howe", "2026-10-03T10:00Z", &["2026-10-03T15:30Z", "2026-10-04T15:00Z"]);
    fires(
        "*/15 2 * * *",
        "Australia/Lord_Howe",
        "2026-10-03T10:00Z",
        &["2026-10-03T15:30Z", "2026-10-03T15:45Z", "2026-10-04T15:00Z"],
    );
    fires(
        "*/15 1 * * *",
        "Australia/Lord_Howe",
        "2026-04-04T14:20Z",
        &["2026-04-04T14:30Z", "2026-04-04T14:45Z", "2026-04-04T15:00Z", "2026-04-04T15:15Z", "2026-04-05T14:30Z"],
    );
    fires(
        "15,45 1 * * *",
        "Australia/Lord_Howe",
        "2026-04-04T14:00Z",
        &["2026-04-04T14:15Z", "2026-04-04T14:45Z", "2026-04-05T14:45Z"],
    );
}

#[test]
fn cairo_loses_midnight() {
    // Friday 2026-04-24: 00:00 becomes 01:00 at 22:00Z on the 23rd. Thursday 2026-10-29: 24:00
    // becomes 23:00 at 21:00Z.
    fires("30 0 * * FRI", "Africa/Cairo", "2026-04-20T00:00Z", &["2026-04-23T22:00Z", "2026-04-30T21:30Z"]);
    fires("15 0 24 4 *", "Africa/Cairo", "2026-04-01T00:00Z", &["2026-04-23T22:00Z", "2027-04-23T22:15Z"]);
    fires(
        "0 0,1 * * *",
        "Africa/Cairo",
        "2026-04-23T12:00Z",
        &["2026-04-23T22:00Z", "2026-04-24T21:00Z", "2026-04-24T22:00Z"],
    );
    fires("*/30 0 * * *", "Africa/Cairo", "2026-04-23T12:00Z", &["2026-04-24T21:00Z", "2026-04-24T21:30Z"]);
    fires(
        "*/30 23 * * THU",
        "Africa/Cairo",
        "2026-10-29T12:00Z",
        &["2026-10-29T20:00Z", "2026-10-29T20:30Z", "2026-10-29T21:00Z", "2026-10-29T21:30Z", "2026-11-05T21:00Z"],
    );
    fires("0 0 30 10 *", "Africa/Cairo", "2026-10-29T12:00Z", &["2026-10-29T22:00Z"]);
}

#[test]
fn nuuk_loses_the_last_hour_of_a_saturday() {
    // 2026-03-28: 23:00 becomes 00:00 of Sunday at 01:00Z. The day is the one that was written.
    fires("30 23 * * SAT", "America/Nuuk", "2026-03-22T12:00Z", &["2026-03-29T01:00Z", "2026-04-05T00:30Z"]);
    fires("30 23 * * SUN", "America/Nuuk", "2026-03-28T12:00Z", &["2026-03-30T00:30Z"]);
    fires("30 23 28 * *", "America/Nuuk", "2026-03-01T12:00Z", &["2026-03-29T01:00Z", "2026-04-29T00:30Z"]);
    fires(
        "0,30 0,23 * * *",
        "America/Nuuk",
        "2026-03-28T12:00Z",
        &["2026-03-29T01:00Z", "2026-03-29T01:30Z", "2026-03-30T00:00Z"],
    );
}

#[test]
fn troll_moves_by_two_hours() {
    // 2026-03-29: 01:00 becomes 03:00 at 01:00Z. 2026-10-25: 03:00 becomes 01:00 at 01:00Z.
    fires(
        "30 1,2,3 * * *",
        "Antarctica/Troll",
        "2026-03-28T12:00Z",
        &["2026-03-29T01:00Z", "2026-03-29T01:30Z", "2026-03-29T23:30Z"],
    );
    fires(
        "0 */1 * * *",
        "Antarctica/Troll",
        "2026-03-28T23:30Z",
        &["2026-03-29T00:00Z", "2026-03-29T01:00Z", "2026-03-29T02:00Z"],
    );
    fires(
        "0 * * * *",
        "Antarctica/Troll",
        "2026-10-24T22:30Z",
        &["2026-10-24T23:00Z", "2026-10-25T00:00Z", "2026-10-25T01:00Z", "2026-10-25T02:00Z", "2026-10-25T03:00Z"],
    );
    fires(
        "0 1,2,3 * * *",
        "Antarctica/Troll",
        "2026-10-24T22:30Z",
        &["2026-10-24T23:00Z", "2026-10-25T00:00Z", "2026-10-25T03:00Z"],
    );
}

#[test]
fn havana_and_the_minute_after_midnight_in_st_johns() {
    // Havana, 2026-03-08: 00:00 becomes 01:00 at 05:00Z; 2025-11-02: 01:00 becomes 00:00 at 05:00Z.
    fires("0 0 1 * *", "America/Havana", "2025-10-31T00:00Z", &["2025-11-01T04:00Z", "2025-12-01T05:00Z"]);
    // Since release 2026f of the time zone database Cuba keeps summer time.
    fires("0 0 1 * *", "America/Havana", "2026-10-31T00:00Z", &["2026-11-01T04:00Z", "2026-12-01T04:00Z"]);
    fires("0 0 8 3 *", "America/Havana", "2026-03-01T00:00Z", &["2026-03-08T05:00Z"]);
    // St. John's, 2010-03-14: 00:01 becomes 01:01 at 03:31Z; 2010-11-07: 00:01 becomes 23:01 at 02:31Z.
    fires("30 0 * * *", "America/St_Johns", "2010-03-13T12:00Z", &["2010-03-14T03:31Z", "2010-03-15T03:00Z"]);
    fires(
        "*/30 23 * * SAT",
        "America/St_Johns",
        "2010-11-06T12:00Z",
        &["2010-11-07T01:30Z", "2010-11-07T02:00Z", "2010-11-07T03:00Z", "2010-11-14T02:30Z"],
    );
    fires(
        "0,30 23 * * SAT",
        "America/St_Johns",
        "2010-11-06T12:00Z",
        &["2010-11-07T01:30Z", "2010-11-07T02:00Z", "2010-11-14T02:30Z"],
    );
    // Sunday's 00:00 was shown before the clock went back over it.
    fires("0 0 * * SUN", "America/St_Johns", "2010-11-06T12:00Z", &["2010-11-07T02:30Z", "2010-11-14T03:30Z"]);
    fires(
        "*/20 0 * * SUN",
        "America/St_Johns",
        "2010-11-06T12:00Z",
        &["2010-11-07T02:30Z", "2010-11-07T03:30Z", "2010-11-07T03:50Z"],
    );
}

#[test]
fn a_gap_of_exactly_three_hours_is_bridged() {
    // Casey, 2009-10-18: 02:00 becomes 05:00 at 18:00Z on the 17th.
    assert_eq!(LONGEST_BRIDGED_GAP.as_hours(), 3);
    fires("30 3 * * *", "Antarctica/Casey", "2009-10-17T12:00Z", &["2009-10-17T18:00Z", "2009-10-18T16:30Z"]);
    fires("*/30 3 * * *", "Antarctica/Casey", "2009-10-17T12:00Z", &["2009-10-18T16:00Z"]);
}

#[test]
fn a_longer_gap_is_left_out_and_told() {
    // Davis, 1957-01-13: the base opens, and 00:00 becomes 07:00 at 00:00Z.
    let davis = zone("Antarctica/Davis");
    let event = expr("30 3 13 1 *").events(at("1957-01-01T00:00Z"), &davis).next().unwrap();
    let skip = Skip {
        at: at("1957-01-13T00:00Z"),
        nominal: datetime(1957, 1, 13, 3, 30, 0, 0),
        gap_start: datetime(1957, 1, 13, 0, 0, 0, 0),
        gap_end: datetime(1957, 1, 13, 7, 0, 0, 0),
    };
    assert_eq!(event, Event::Skips(skip));
    // What is not due in the gap tells nothing.
    let event = expr("0 7 13 1 *").events(at("1957-01-01T00:00Z"), &davis).next().unwrap();
    assert!(matches!(event, Event::Fires(Firing { moved: false, .. })), "{event:?}");
}

#[test]
fn samoa_skips_a_day() {
    // 2011-12-30 does not exist: the 29th ends at 10:00Z on the 30th, and the 31st starts.
    let apia = zone("Pacific/Apia");
    for text in ["0 9 * * *", "0 */9 * * *", "* * * * * *"] {
        let skips: Vec<_> = expr(text)
            .events(at("2011-12-30T09:59:58Z"), &apia)
            .take(3)
            .filter_map(|event| if let Event::Skips(skip) = event { Some(skip) } else { None })
            .collect();
        assert_eq!(skips.len(), 1, "{text}");
        assert_eq!(skips[0].at, at("2011-12-30T10:00Z"), "{text}");
        assert_eq!(skips[0].gap_start, datetime(2011, 12, 30, 0, 0, 0, 0), "{text}");
        assert_eq!(skips[0].gap_end, datetime(2011, 12, 31, 0, 0, 0, 0), "{text}");
    }
    fires("0 9 30 12 *", "Pacific/Apia", "2011-12-01T00:00Z", &["2012-12-29T19:00Z"]);
    fires("0 0 * * *", "Pacific/Apia", "2011-12-29T12:00Z", &["2011-12-30T10:00Z", "2011-12-31T10:00Z"]);
    fires("59 23 * * *", "Pacific/Apia", "2011-12-29T12:00Z", &["2011-12-30T09:59Z", "2011-12-31T09:59Z"]);
    fires("0 9 * * FRI", "Pacific/Apia", "2011-12-24T12:00Z", &["2012-01-05T19:00Z"]);
}

#[test]
fn kwajalein_skips_a_day() {
    // 1993-08-21 does not exist: -12 becomes +12 at 12:00Z on the 21st.
    fires(
        "0 9 * * *",
        "Pacific/Kwajalein",
        "1993-08-20T00:00Z",
        &["1993-08-20T21:00Z", "1993-08-21T21:00Z", "1993-08-22T21:00Z"],
    );
    let kwajalein = zone("Pacific/Kwajalein");
    let skips = expr("0 9 * * *")
        .events(at("1993-08-20T00:00Z"), &kwajalein)
        .take(4)
        .filter(|event| matches!(event, Event::Skips(_)))
        .count();
    assert_eq!(skips, 1);
}

#[test]
fn sitka_has_a_day_twice() {
    // 1867-10-19 (at +14:58:47) came once more when Alaska was sold: 15:30 of the 19th at sea time
    // became 15:30 of the 18th at -09:01:13, at 00:31:13Z.
    let sitka = zone("America/Sitka");
    let hours_between = |text: &str| {
        let firings: Vec<_> = expr(text).firings(at("1867-10-17T12:00Z"), &sitka).take(4).collect();
        firings.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_hours()).collect::<Vec<_>>()
    };
    assert!(hours_between("0 12 * * *").contains(&48), "a fixed time fires on one of the two days");
    assert_eq!(hours_between("*/60 12 * * *"), [24, 24, 24], "a wildcard fires on both");
}

#[test]
fn an_overlap_that_is_no_whole_number_of_minutes() {
    // New York, 1883-11-18: 12:03:58 of local mean time becomes 12:00:00 at 17:00Z.
    fires("1 12 * * *", "America/New_York", "1883-11-18T12:00Z", &["1883-11-18T16:57:02Z", "1883-11-19T17:01:00Z"]);
    fires(
        "* 12 * * *",
        "America/New_York",
        "1883-11-18T12:00Z",
        &[
            "1883-11-18T16:56:02Z",
            "1883-11-18T16:57:02Z",
            "1883-11-18T16:58:02Z",
            "1883-11-18T16:59:02Z",
            "1883-11-18T17:00:00Z",
            "1883-11-18T17:01:00Z",
        ],
    );
    fires("4 12 * * *", "America/New_York", "1883-11-18T12:00Z", &["1883-11-18T17:04:00Z"]);
}

#[test]
fn zones_that_change_their_rules_in_2026() {
    // Vancouver stays on its summer time from March on; there is no overlap in November.
    fires("30 1 * * *", "America/Vancouver", "2026-10-31T18:00Z", &["2026-11-01T08:30Z", "2026-11-02T08:30Z"]);
    fires(
        "*/30 1 * * *",
        "America/Vancouver",
        "2026-10-31T18:00Z",
        &["2026-11-01T08:00Z", "2026-11-01T08:30Z", "2026-11-02T08:00Z"],
    );
}

#[test]
fn event_bridge_counts_weekdays_from_sunday() {
    fires("cron(0 8 ? * 1 *)", "UTC", "2026-11-20T00:00Z", &["2026-11-22T08:00Z"]);
    fires("cron(0 8 ? * 7 *)", "UTC", "2026-11-20T00:00Z", &["2026-11-21T08:00Z"]);
    fires("cron(0 8 ? * 2#1 *)", "UTC", "2026-11-20T00:00Z", &["2026-12-07T08:00Z"]);
    fires("cron(0 8 ? * 6L *)", "UTC", "2026-11-20T00:00Z", &["2026-11-27T08:00Z"]);
    fires("cron(15 10 ? * 6L 2026-2027)", "UTC", "2027-11-27T00:00Z", &["2027-12-31T10:15Z"]);
    fires(
        "cron(0/20 2 * * ? *)",
        "America/New_York",
        "2026-03-08T00:00Z",
        &["2026-03-08T07:00Z", "2026-03-09T06:00Z", "2026-03-09T06:20Z"],
    );
}

#[test]
fn rates_count_elapsed_time_from_the_epoch() {
    fires(
        "rate(5 minutes)",
        "America/New_York",
        "2026-03-08T06:52Z",
        &["2026-03-08T06:55Z", "2026-03-08T07:00Z", "2026-03-08T07:05Z"],
    );
    fires("rate(1 hour)", "America/New_York", "2026-11-01T05:00Z", &["2026-11-01T06:00Z", "2026-11-01T07:00Z"]);
    fires("rate(1 day)", "Asia/Kathmandu", "2026-11-01T05:00Z", &["2026-11-02T00:00Z", "2026-11-03T00:00Z"]);
    fires("rate(7 days)", "UTC", "1970-01-01T00:00Z", &["1970-01-08T00:00Z", "1970-01-15T00:00Z"]);
}

#[test]
fn years() {
    let utc = TimeZone::UTC;
    fires(
        "0 0 0 1 1 * 2026,2030-2032/2",
        "UTC",
        "2020-01-01T00:00Z",
        &["2026-01-01T00:00Z", "2030-01-01T00:00Z", "2032-01-01T00:00Z"],
    );
    fires("0 0 0 1 1 * */10", "UTC", "2026-01-01T00:00Z", &["2030-01-01T00:00Z", "2040-01-01T00:00Z"]);
    assert_eq!(expr("0 0 0 1 1 * 2026").next_after(at("2026-01-01T00:00Z"), &utc), None);
    assert_eq!(expr("0 0 0 1 1 * 2026").firings(at("2020-01-01T00:00Z"), &utc).count(), 1);
    // The year is that of the local date.
    fires("0 0 0 1 1 * 2027", "Pacific/Auckland", "2026-12-31T00:00Z", &["2026-12-31T11:00Z"]);
    // The last hour of the last year comes twice: a wildcard fires on both passes and then ends.
    let chicago = zone("America/Chicago");
    let passes = |text: &str| expr(text).firings(at("2026-11-01T05:00Z"), &chicago).count();
    assert_eq!((passes("0 */30 1 1 11 * 2026"), passes("0 0,30 1 1 11 * 2026")), (4, 2));
}

#[test]
fn the_ends_of_time() {
    let auckland = zone("Pacific/Auckland");
    for text in ["* * * * * *", "0 0 * * *", "rate(1 minute)", "0 0 29 2 *"] {
        assert_eq!(expr(text).next_after(Timestamp::MAX, &auckland), None, "{text}");
        assert!(expr(text).next_after(Timestamp::MIN, &auckland).is_some(), "{text}");
    }
    let utc = TimeZone::UTC;
    assert_eq!(expr("0 0 30 12 *").firings(at("9990-01-01T00:00Z"), &utc).count(), 10);
    for text in ["0 0 0 1 1 * 2026", "0 12 29 2 +MON"] {
        let expr = expr(text);
        let mut events = expr.events(at("9990-01-01T00:00Z"), &auckland);
        assert_eq!(events.by_ref().count(), 0, "{text}");
        assert_eq!(events.next(), None, "{text} stays ended");
    }
}

#[test]
fn a_moved_firing_tells_the_time_that_was_written() {
    let new_york = zone("America/New_York");
    let moved = expr("30 2 * * *").events(at("2026-03-08T00:00Z"), &new_york).take(2).collect::<Vec<_>>();
    let firing = |instant, hour, minute, day, moved| {
        Event::Fires(Firing { at: at(instant), nominal: datetime(2026, 3, day, hour, minute, 0, 0), moved })
    };
    assert_eq!(moved, [firing("2026-03-08T07:00Z", 2, 30, 8, true), firing("2026-03-09T06:30Z", 2, 30, 9, false)]);
    let rate = expr("rate(1 hour)").events(at("2026-03-08T06:30Z"), &new_york).next().unwrap();
    assert_eq!(rate, firing("2026-03-08T07:00Z", 3, 0, 8, false));
}

#[test]
fn sparse_expressions_reach_far() {
    fires(
        "0 0 29 2 +MON",
        "America/New_York",
        "2026-01-01T00:00Z",
        &["2044-02-29T05:00Z", "2072-02-29T05:00Z", "2112-02-29T05:00Z"],
    );
    fires("30 2 13 3 +SUN", "America/New_York", "2026-01-01T00:00Z", &["2033-03-13T07:00Z", "2039-03-13T07:00Z"]);
    let new_york = zone("America/New_York");
    let leap_mondays = expr("0 12 29 2 +MON").firings(at("2026-01-01T00:00Z"), &new_york).count();
    let by_hand = (2026_i16..=9999)
        .filter_map(|year| jiff::civil::Date::new(year, 2, 29).ok())
        .filter(|day| day.weekday() == jiff::civil::Weekday::Monday)
        .count();
    assert_eq!(leap_mondays, by_hand);
}
