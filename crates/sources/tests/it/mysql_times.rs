//! MariaDB: zones, boundaries and encodings of time.

use std::sync::Arc;

use punctual_data::source::{Source, SourceError};
use serde_json::json;

use crate::{
    mysql::{admin, database, url},
    support::{config, declared, open, parts, refused, request, rows, time},
};

fn source(zone: &str, encoding: &str) -> Arc<dyn Source> {
    let mut config = config(json!({"url": url()}));
    config.timezone = zone.parse().expect("a zone");
    config.time_encoding = encoding.parse().expect("an encoding");
    open("mysql", config)
}

/// One row an hour around the change of the clocks in Chicago on 1 November 2026, at 07:00Z.
async fn visits(test: &str) -> String {
    let database = database(test).await;
    admin(format!(
        "SET time_zone = '+00:00'; CREATE TABLE {database}.visits (seen timestamp NULL, at datetime, day date); \
         INSERT INTO {database}.visits (seen) SELECT '2026-10-31 00:00' + INTERVAL seq HOUR FROM seq_0_to_72; \
         UPDATE {database}.visits SET at = CAST(seen AS datetime) - INTERVAL IF(seen < '2026-11-01 07:00', 5, 6) HOUR; \
         UPDATE {database}.visits SET day = DATE(at)"
    ))
    .await;
    format!("{database}.visits")
}

#[tokio::test]
async fn a_month_has_its_hours_by_every_kind_of_column() {
    let table = visits("month_hours").await;
    let bounds = [
        ("period.start_instant", time("instant 2026-10-31T05:00:00Z")),
        ("period.end_instant", time("instant 2026-11-01T05:00:00Z")),
        ("period.start_local", time("local 2026-10-31T00:00:00")),
        ("period.end_local", time("local 2026-11-01T00:00:00")),
        ("period.start_date", time("date 2026-10-31")),
        ("period.end_date", time("date 2026-11-01")),
    ];
    for zone in ["America/Chicago", "UTC"] {
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
        ("{{ period.end_instant }} > `day`", "period.end_instant", "day", "a date", "period.end_date"),
    ] {
        let error = refused(
            &source("America/Chicago", "native"),
            request(&format!("SELECT count(*) AS n FROM {table} v WHERE {condition}"), &values),
        )
        .await;
        let SourceError::Boundary { expression: e, column: c, column_kind: k, suggestion: s, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!((e.as_str(), c.as_str(), k.as_str(), s.as_str()), (expression, column, kind, right));
    }
    // A table without its database is looked up in the connection's own.
    let mut options = parts(&url());
    options["database"] = json!("my_wrong_boundary");
    let sql = "SELECT count(*) AS n FROM visits WHERE at >= {{ period.start_date }}";
    let error = refused(&open("mysql", config(options)), request(sql, &values)).await;
    assert!(error.to_string().ends_with("use `period.start_local`"), "{error}");
    // What is not a plain column is not guessed at.
    let sql = format!("SELECT count(*) AS n FROM {table} WHERE DATE(at) >= {{{{ period.start_date }}}}");
    assert_eq!(rows(&source("UTC", "native"), request(&sql, &values)).await, [["68"]]);
}

#[tokio::test]
async fn declared_types_turn_times_through_the_zone() {
    let sql = "SELECT CAST('2026-11-01 01:30' AS datetime) AS twice, CAST('2026-03-08 02:30' AS datetime) AS skipped, \
               CAST('2026-07-01' AS datetime) AS day, CAST('2026-07-01' AS date) AS start";
    let types = [("twice", "timestamptz"), ("skipped", "timestamptz"), ("day", "date"), ("start", "timestamp")];
    let row = ["2026-11-01T06:30:00Z", "2026-03-08T08:30:00Z", "2026-07-01", "2026-07-01T00:00:00"];
    assert_eq!(rows(&source("America/Chicago", "native"), declared(request(sql, &[]), &types)).await, [row]);
}

#[tokio::test]
async fn text_and_counts_are_times_where_the_source_says_so() {
    let database = database("encodings").await;
    admin(format!(
        "CREATE TABLE {database}.t (written varchar(20), counted bigint, day date); INSERT INTO {database}.t VALUES \
         ('31.10.2026 23:59', 1793509140, '2026-10-31'), ('01.11.2026 00:00', 1793509200, '2026-11-01')"
    ))
    .await;
    let values = [
        ("period.start_local", time("local 2026-11-01T00:00:00")),
        ("period.start_instant", time("instant 2026-11-01T05:00:00Z")),
        ("period.start_date", time("date 2026-11-01")),
    ];
    let text = source("America/Chicago", "text(%d.%m.%Y %H:%M)");
    let sql = format!(
        "SELECT written, day FROM {database}.t WHERE written = {{{{ period.start_local }}}} AND day >= {{{{ period.start_date }}}}"
    );
    let row = ["2026-11-01T05:00:00Z", "2026-11-01"];
    assert_eq!(rows(&text, declared(request(&sql, &values), &[("written", "timestamptz")])).await, [row]);
    let sql = format!("SELECT written FROM {database}.t WHERE written = {{{{ period.start_instant }}}}");
    let error = refused(&text, request(&sql, &values)).await;
    assert!(error.to_string().ends_with("use `period.start_local`"), "{error}");

    let counts = source("America/Chicago", "epoch_s");
    let sql = format!(
        "SELECT counted, day FROM {database}.t WHERE counted >= {{{{ period.start_instant }}}} AND day = {{{{ period.start_date }}}}"
    );
    let row = ["2026-11-01T05:00:00Z", "2026-11-01"];
    assert_eq!(rows(&counts, declared(request(&sql, &values), &[("counted", "timestamptz")])).await, [row]);
    let sql = format!("SELECT counted FROM {database}.t WHERE counted >= {{{{ period.start_local }}}}");
    let error = refused(&counts, request(&sql, &values)).await;
    assert!(error.to_string().ends_with("use `period.start_instant`"), "{error}");
}
