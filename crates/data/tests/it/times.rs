//! Time in SQL: days are the report's zone's, and an instant never silently becomes a UTC date.

use punctual_model::value::Value;

use crate::fixtures::{Bench, LIMITS, batch, days, instants, locals, sql, texts};

async fn calls(zone: &str) -> Bench {
    let mut bench = Bench::new(LIMITS, zone);
    let rows = batch(&[
        ("at", "timestamptz", instants(["2026-10-01T03:00:00Z", "2026-11-01T04:59:59Z", "2026-11-01T05:00:00Z"])),
        ("said", "timestamp", locals(["2026-09-30T22:00:00", "2026-10-31T23:59:59", "2026-11-01T00:00:00"])),
        ("day", "date", days(["2026-09-30", "2026-10-31", "2026-11-01"])),
        ("text", "text", texts(["a", "b", "c"])),
    ]);
    bench.add("calls", rows).await;
    bench
}

#[tokio::test]
async fn local_date_and_local_datetime_answer_in_the_reports_zone() {
    let bench = calls("America/Chicago").await;
    let shown =
        bench.show("SELECT count(*) AS n FROM calls WHERE local_date(at) = day AND local_datetime(at) = said").await;
    assert!(shown.contains("| 3 "), "{shown}");
    let shown =
        bench.show("SELECT local_date(at, 'Pacific/Apia') AS d, local_date(NULL) AS n FROM calls LIMIT 1").await;
    assert!(shown.contains("| 2026-10-01 |   |"), "{shown}");
    let october =
        bench.show("SELECT count(*) AS n FROM calls WHERE local_date(at) BETWEEN '2026-10-01' AND '2026-10-31'").await;
    assert!(october.contains("| 1 "), "{october}");
}

/// Two rows around each change of the clocks, at 01:59:59 and one second later.
#[tokio::test]
async fn clocks_change_where_the_tz_database_says() {
    let mut bench = Bench::new(LIMITS, "America/Chicago");
    let at = ["2026-03-08T07:59:59Z", "2026-03-08T08:00:00Z", "2026-11-01T06:59:59Z", "2026-11-01T07:00:00Z"];
    bench.add("changes", batch(&[("at", "timestamptz", instants(at))])).await;
    let shown = bench.show("SELECT local_datetime(at) AS civil FROM changes ORDER BY at").await;
    for civil in ["2026-03-08T01:59:59", "2026-03-08T03:00:00", "2026-11-01T01:59:59", "2026-11-01T01:00:00"] {
        assert!(shown.contains(civil), "{civil} in\n{shown}");
    }
}

#[tokio::test]
async fn wrong_uses_of_local_date_are_told_while_planning() {
    let bench = calls("UTC").await;
    for (text, word) in [
        ("SELECT local_date(day) FROM calls", "takes an instant, not a date"),
        ("SELECT local_date(said) FROM calls", "takes an instant, not a time without zone"),
        ("SELECT local_date(at, 'America/Chicgo') FROM calls WHERE false", "did you mean `America/Chicago`?"),
        ("SELECT local_date(at, text) FROM calls WHERE false", "time zone's name"),
        ("SELECT local_date() FROM calls", "local_date"),
    ] {
        let message = bench.refusal(text).await;
        assert!(message.contains(word), "{text}: {message}");
    }
}

#[tokio::test]
async fn a_boundary_of_the_wrong_kind_names_the_right_one() {
    let bench = calls("America/Chicago").await;
    let date = || ("period.start_date", Value::Date("2026-10-01".parse().expect("a date")));
    let local = || ("period.start_local", Value::Local("2026-10-01T00:00:00".parse().expect("a time")));
    let instant = || ("period.start_instant", Value::Instant("2026-10-01T05:00:00Z".parse().expect("an instant")));
    for (column, bind, right) in [
        ("at", date(), Some("period.start_instant")),
        ("at", local(), Some("period.start_instant")),
        ("at", instant(), None),
        ("said", date(), Some("period.start_local")),
        ("said", instant(), Some("period.start_local")),
        ("said", local(), None),
        ("day", instant(), Some("period.start_date")),
        ("day", local(), Some("period.start_date")),
        ("day", date(), None),
        ("local_date(at)", date(), None),
        ("local_date(at)", instant(), Some("period.start_date")),
    ] {
        for operator in [">= ", "< ", "= "] {
            let text =
                sql(&[&format!("SELECT 1 FROM calls WHERE {column} {operator}"), ""], std::slice::from_ref(&bind));
            match right {
                None => drop(bench.query(&text).await.unwrap_or_else(|e| panic!("{column} {operator}: {e}"))),
                Some(right) => {
                    let message = bench.error(&text).await.to_string();
                    let wrong = format!("`{{{{ {} }}}}`", bind.0);
                    assert!(
                        message.contains(&format!("use `{{{{ {right} }}}}`")) && message.contains(&wrong),
                        "{message}"
                    );
                }
            }
        }
    }
    let between = sql(&["SELECT 1 FROM calls WHERE at BETWEEN ", " AND ", ""], &[instant(), date()]);
    assert!(bench.error(&between).await.to_string().contains("period.start_instant"));
    let other = ("parameters.since", Value::Date("2026-10-01".parse().expect("a date")));
    let message = bench.error(&sql(&["SELECT 1 FROM calls WHERE at > ", ""], &[other])).await.to_string();
    assert!(message.contains("give an instant"), "{message}");
}

#[tokio::test]
async fn instants_do_not_silently_become_utc_dates() {
    let bench = calls("America/Chicago").await;
    for (text, word) in [
        ("SELECT count(*) FROM calls WHERE at = day", "compare local_date(at) instead"),
        ("SELECT count(*) FROM calls WHERE said < at", "compare local_datetime(at) instead"),
        ("SELECT count(*) FROM calls a JOIN calls b ON a.at = b.day", "compare local_date(at) instead"),
        ("SELECT count(*) FROM calls WHERE EXISTS (SELECT 1 FROM calls c WHERE c.day = calls.at)", "local_date(at)"),
        ("SELECT count(*) FROM calls WHERE at >= '2026-10-01'", "'2026-10-01' has no zone"),
        ("SELECT count(*) FROM calls WHERE at IN ('2026-10-01')", "has no zone"),
        ("SELECT count(*) FROM calls WHERE at >= DATE '2026-10-01'", "local_date(at)"),
        ("SELECT at::date FROM calls", "write local_date(at)"),
        ("SELECT CAST(at AS TIMESTAMP) FROM calls", "write local_datetime(at)"),
        ("SELECT extract(hour FROM at) FROM calls", "give it local_datetime(at)"),
        ("SELECT to_char(at, '%d') FROM calls", "give it local_datetime(at)"),
        ("SELECT date_bin(INTERVAL '1 day', at) FROM calls", "give it local_datetime(at)"),
    ] {
        let message = bench.refusal(text).await;
        assert!(message.contains(word), "{text}: {message}");
        assert!(message.contains("line 1, column"), "{text}: {message}");
    }
    for text in [
        "SELECT count(*) FROM calls WHERE at >= '2026-10-01T00:00:00Z'",
        "SELECT count(*) FROM calls WHERE said >= '2026-10-01' AND day >= '2026-10-01' AND said >= day",
        "SELECT date_trunc('month', at), local_datetime(date_trunc('hour', at)) FROM calls",
        "SELECT date_trunc('month', local_datetime(at)), extract(epoch FROM at), date_trunc('second', at) FROM calls",
        "SELECT max(at) - min(at) > INTERVAL '1 day' FROM calls",
        "SELECT count(*) FROM calls a JOIN calls b ON a.at = b.at AND local_date(a.at) = b.day",
    ] {
        bench.show(text).await;
    }
}

/// Half-hours of the night in which clocks go back, and of the day after.
async fn night(zone: &str, at: &[&str]) -> Bench {
    let mut bench = Bench::new(LIMITS, zone);
    bench.add("night", batch(&[("at", "timestamptz", instants(at.iter().copied()))])).await;
    bench
}

#[tokio::test]
async fn groups_by_hour_keep_the_hour_that_comes_twice() {
    let at = [
        "2026-11-01T05:30:00Z",
        "2026-11-01T06:00:00Z",
        "2026-11-01T06:30:00Z",
        "2026-11-01T07:10:00Z",
        "2026-11-01T08:00:00Z",
    ];
    let bench = night("America/Chicago", &at).await;
    let sql = "SELECT date_trunc('hour', at) AS hour, local_datetime(date_trunc('hour', at)) AS civil, count(*) AS n \
               FROM night GROUP BY 1 ORDER BY 1";
    let shown = bench.show(sql).await;
    for row in [
        "| 2026-11-01T05:00:00Z | 2026-11-01T00:00:00 | 1 |",
        "| 2026-11-01T06:00:00Z | 2026-11-01T01:00:00 | 2 |",
        "| 2026-11-01T07:00:00Z | 2026-11-01T01:00:00 | 1 |",
        "| 2026-11-01T08:00:00Z | 2026-11-01T02:00:00 | 1 |",
    ] {
        assert!(shown.contains(row), "{row} in\n{shown}");
    }
    let days = bench.show("SELECT DISTINCT date_trunc('day', at) AS d FROM night").await;
    assert!(days.contains("| 2026-11-01T05:00:00Z |") && days.lines().count() == 5, "{days}");
    let message =
        bench.refusal("SELECT date_trunc('hour', local_datetime(at)) AS h, count(*) FROM night GROUP BY 1").await;
    assert!(message.contains("write date_trunc('hour', at)") && message.contains("line 1, column"), "{message}");
}

#[tokio::test]
async fn hours_are_cut_where_zones_are_odd() {
    for (zone, at, unit, cut) in [
        ("Asia/Kathmandu", "2026-10-01T00:20:00Z", "hour", "2026-10-01T00:15:00Z"),
        // Clocks go back half an hour from 02:00: the hour then begins with the change.
        ("Australia/Lord_Howe", "2026-04-04T14:50:00Z", "hour", "2026-04-04T14:00:00Z"),
        ("Australia/Lord_Howe", "2026-04-04T15:10:00Z", "hour", "2026-04-04T15:00:00Z"),
        ("Australia/Lord_Howe", "2026-04-04T15:40:00Z", "hour", "2026-04-04T15:30:00Z"),
        ("America/Chicago", "2026-03-08T08:10:00Z", "hour", "2026-03-08T08:00:00Z"),
        ("America/Chicago", "2026-03-08T08:10:00Z", "day", "2026-03-08T06:00:00Z"),
        ("America/Chicago", "2026-03-08T20:10:00Z", "week", "2026-03-02T06:00:00Z"),
        ("America/Chicago", "2026-11-20T20:10:00Z", "month", "2026-11-01T05:00:00Z"),
        ("America/Chicago", "2026-11-20T20:10:00Z", "quarter", "2026-10-01T05:00:00Z"),
        ("America/Chicago", "2026-11-20T20:10:00Z", "year", "2026-01-01T06:00:00Z"),
        ("America/Chicago", "1969-11-20T20:10:30.5Z", "minute", "1969-11-20T20:10:00Z"),
        // Midnight does not exist: the day begins at 01:00.
        ("America/Sao_Paulo", "2017-10-15T12:00:00Z", "day", "2017-10-15T03:00:00Z"),
    ] {
        let bench = night(zone, &[at]).await;
        let shown = bench.show(&format!("SELECT date_trunc('{unit}', at) AS t FROM night")).await;
        assert!(shown.contains(&format!("| {cut} |")), "{zone} {at} {unit}:\n{shown}");
    }
    let bench = night("UTC", &["2026-11-01T05:30:00Z"]).await;
    let other = bench.show("SELECT date_trunc('day', at, 'Asia/Tokyo') AS t FROM night").await;
    assert!(other.contains("| 2026-10-31T15:00:00Z |"), "{other}");
    for (sql, word) in [
        ("SELECT date_trunc('fortnight', at) FROM night", "hour, day, week"),
        ("SELECT date_trunc('day', at, 'Asia/Tokio') FROM night", "did you mean `Asia/Tokyo`?"),
        ("SELECT date_trunc('day') FROM night", "takes a unit and a time"),
    ] {
        let message = bench.refusal(sql).await;
        assert!(message.contains(word), "{sql}: {message}");
    }
    let local = bench.show("SELECT date_trunc('hour', TIMESTAMP '2026-10-01T05:30:00') AS t, date_trunc('month', DATE '2026-10-05') AS m").await;
    assert!(local.contains("2026-10-01T05:00:00 ") && local.contains("2026-10-01T00:00:00 "), "{local}");
}
