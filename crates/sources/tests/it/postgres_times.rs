//! PostgreSQL: zones, boundaries and encodings of time.

use punctual_data::source::{Source, SourceError};
use serde_json::json;
use std::sync::Arc;

use crate::{
    postgres::{admin, schema, url},
    support::{config, declared, open, refused, request, rows, time},
};

fn source(zone: &str, encoding: &str) -> Arc<dyn Source> {
    let mut config = config(json!({"url": url()}));
    config.timezone = zone.parse().expect("a zone");
    config.time_encoding = encoding.parse().expect("an encoding");
    open("postgres", config)
}

/// One row an hour around the two changes of the clocks in Chicago in 2026, on the first of the
/// month besides.
async fn visits(test: &str) -> String {
    let schema = schema(test).await;
    admin(format!(
        "SET TIME ZONE 'UTC'; CREATE TABLE {schema}.visits AS \
         SELECT at AS seen, at AT TIME ZONE 'America/Chicago' AS at, (at AT TIME ZONE 'America/Chicago')::date AS day \
         FROM generate_series(timestamptz '2026-10-31 00:00Z', '2026-11-03 00:00Z', '1 hour') at"
    ))
    .await;
    format!("{schema}.visits")
}

#[tokio::test]
async fn a_month_has_its_hours_by_every_kind_of_column() {
    let table = visits("month_hours").await;
    // 31 October in Chicago is still summer time: from 05:00Z to 05:00Z.
    let bounds = [
        ("period.start_instant", time("instant 2026-10-31T05:00:00Z")),
        ("period.end_instant", time("instant 2026-11-01T05:00:00Z")),
        ("period.start_local", time("local 2026-10-31T00:00:00")),
        ("period.end_local", time("local 2026-11-01T00:00:00")),
        ("period.start_date", time("date 2026-10-31")),
        ("period.end_date", time("date 2026-11-01")),
    ];
    for zone in ["America/Chicago", "UTC", "Asia/Tokyo"] {
        for (column, kind) in [("seen", "instant"), ("at", "local"), ("day", "date")] {
            let sql = format!(
                "SELECT count(*) AS n FROM {table} WHERE {column} >= {{{{ period.start_{kind} }}}} AND {column} < {{{{ period.end_{kind} }}}}"
            );
            assert_eq!(rows(&source(zone, "native"), request(&sql, &bounds)).await, [["24"]], "{column} in {zone}");
        }
    }
}

#[tokio::test]
async fn the_wrong_boundary_names_the_right_one() {
    let table = visits("wrong_boundary").await;
    let values = [
        ("period.start_date", time("date 2026-10-31")),
        ("previous.end_local", time("local 2026-10-31T00:00:00")),
        ("period.end_instant", time("instant 2026-10-31T05:00:00Z")),
    ];
    for (condition, expression, column, kind, right) in [
        (
            "seen >= {{ period.start_date }}",
            "period.start_date",
            "seen",
            "a timestamp with time zone",
            "period.start_instant",
        ),
        (
            "v.seen < {{ previous.end_local }}",
            "previous.end_local",
            "seen",
            "a timestamp with time zone",
            "previous.end_instant",
        ),
        (
            "at BETWEEN '2026-01-01' AND {{ period.end_instant }}",
            "period.end_instant",
            "at",
            "a timestamp without zone",
            "period.end_local",
        ),
        ("{{ period.end_instant }} > day", "period.end_instant", "day", "a date", "period.end_date"),
        (
            "date_trunc('hour', at) >= {{ period.start_date }}",
            "period.start_date",
            "a column",
            "a timestamp without zone",
            "period.start_local",
        ),
    ] {
        let asked = request(&format!("SELECT count(*) AS n FROM {table} v WHERE {condition}"), &values);
        let Err(error) = source("America/Chicago", "native").extract(asked).await else {
            panic!("{condition} was taken");
        };
        let SourceError::Boundary { expression: e, column: c, column_kind: k, suggestion: s, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!((e.as_str(), c.as_str(), k.as_str(), s.as_str()), (expression, column, kind, right));
    }
}

#[tokio::test]
async fn other_times_meet_other_columns_through_the_sources_zone() {
    let table = visits("free_times").await;
    for (column, value, count) in [
        // A parameter is not a boundary: its place gives it its meaning.
        ("seen", "date 2026-11-01", "43"),
        ("seen", "local 2026-11-01T01:00:00", "42"),
        ("at", "instant 2026-11-01T06:00:00Z", "42"),
        ("day", "instant 2026-11-01T05:00:00Z", "43"),
    ] {
        let sql = format!(
            "SELECT count(*) AS n FROM {table} WHERE {column} >= {{{{ parameters.since }}}} AND seen < '2026-11-02 23:30Z'"
        );
        let asked = request(&sql, &[("parameters.since", time(value))]);
        assert_eq!(rows(&source("America/Chicago", "native"), asked).await, [[count]], "{column} {value}");
    }
    let sql = format!("SELECT count(*) AS n FROM {table} WHERE day >= {{{{ parameters.since }}}}");
    let error =
        refused(&source("UTC", "native"), request(&sql, &[("parameters.since", time("instant 2026-11-01T05:00:00Z"))]))
            .await;
    assert!(error.to_string().contains("stands where date is expected"), "{error}");
}

#[tokio::test]
async fn the_sessions_zone_is_the_sources() {
    let sql = "SELECT timestamptz '2026-11-01 04:59:59Z' AS t, (timestamptz '2026-11-01 04:59:59Z')::date AS d, \
               current_setting('TimeZone') AS zone";
    let chicago = ["2026-11-01T04:59:59Z", "2026-10-31", "America/Chicago"];
    assert_eq!(rows(&source("America/Chicago", "native"), request(sql, &[])).await, [chicago]);
    assert_eq!(
        rows(&source("UTC", "native"), request(sql, &[])).await,
        [["2026-11-01T04:59:59Z", "2026-11-01", "UTC"]]
    );
}

#[tokio::test]
async fn declared_types_turn_times_through_the_zone() {
    let sql = "SELECT timestamp '2026-11-01 01:30' AS twice, timestamp '2026-03-08 02:30' AS skipped, \
               timestamptz '2026-07-01 12:00Z' AS noon, timestamp '2026-07-01' AS day, date '2026-07-01' AS start";
    let types = [
        ("twice", "timestamptz"),
        ("skipped", "timestamptz"),
        ("noon", "timestamp"),
        ("day", "date"),
        ("start", "timestamp"),
    ];
    let row =
        ["2026-11-01T06:30:00Z", "2026-03-08T08:30:00Z", "2026-07-01T07:00:00", "2026-07-01", "2026-07-01T00:00:00"];
    assert_eq!(rows(&source("America/Chicago", "native"), declared(request(sql, &[]), &types)).await, [row]);

    let late = declared(request("SELECT timestamp '2026-07-01 00:00:01' AS x", &[]), &[("x", "date")]);
    let error = refused(&source("UTC", "native"), late).await;
    assert!(error.to_string().contains("has a time of day"), "{error}");
}

#[tokio::test]
async fn text_and_counts_are_times_where_the_source_says_so() {
    let schema = schema("encodings").await;
    admin(format!(
        "CREATE TABLE {schema}.t (written text, counted bigint, seen timestamptz); INSERT INTO {schema}.t VALUES \
         ('31.10.2026 23:59', 1793509140, '2026-11-01 04:59Z'), ('01.11.2026 00:00', 1793509200, '2026-11-01 05:00Z')"
    ))
    .await;
    let values = [
        ("period.start_local", time("local 2026-11-01T00:00:00")),
        ("period.start_instant", time("instant 2026-11-01T05:00:00Z")),
        ("period.start_date", time("date 2026-11-01")),
    ];
    let text = source("America/Chicago", "text(%d.%m.%Y %H:%M)");
    let types = [("written", "timestamptz")];
    let sql = format!(
        "SELECT written, seen FROM {schema}.t WHERE written = {{{{ period.start_local }}}} AND seen >= {{{{ period.start_instant }}}}"
    );
    let row = ["2026-11-01T05:00:00Z", "2026-11-01T05:00:00Z"];
    assert_eq!(rows(&text, declared(request(&sql, &values), &types)).await, [row]);
    let sql = format!("SELECT written FROM {schema}.t WHERE written = {{{{ period.start_instant }}}}");
    let error = refused(&text, request(&sql, &values)).await;
    assert!(error.to_string().ends_with("use `period.start_local`"), "{error}");

    let counts = source("America/Chicago", "epoch_s");
    let sql = format!(
        "SELECT counted AS instant, counted AS civil, counted AS day FROM {schema}.t WHERE counted >= {{{{ period.start_instant }}}}"
    );
    let types = [("instant", "timestamptz"), ("civil", "timestamp"), ("day", "date")];
    let row = ["2026-11-01T05:00:00Z", "2026-11-01T00:00:00", "2026-11-01"];
    assert_eq!(rows(&counts, declared(request(&sql, &values), &types)).await, [row]);
    let sql = format!("SELECT counted FROM {schema}.t WHERE counted >= {{{{ period.start_date }}}}");
    let error = refused(&counts, request(&sql, &values)).await;
    assert!(error.to_string().ends_with("use `period.start_instant`"), "{error}");
    let native = declared(request(&format!("SELECT counted FROM {schema}.t"), &[]), &[("counted", "timestamptz")]);
    let error = refused(&source("UTC", "native"), native).await;
    assert!(error.to_string().contains("set `time_encoding: epoch_s`"), "{error}");
}
