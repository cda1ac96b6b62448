//! SQLite: zones, boundaries and encodings of time.

use std::{path::Path, sync::Arc};

use punctual_data::source::{Source, SourceError};
use serde_json::json;

use crate::{
    sqlite::file,
    support::{config, declared, open, refused, request, rows, time},
};

fn source(path: &Path, zone: &str, encoding: &str) -> Arc<dyn Source> {
    let mut config = config(json!({"path": path}));
    config.timezone = zone.parse().expect("a zone");
    config.time_encoding = encoding.parse().expect("an encoding");
    open("sqlite", config)
}

const TIMES: &str = "CREATE TABLE t (day text, at text, z text, iso text, formatted text, counted integer, \"odd \"\"name\" text); \
     INSERT INTO t VALUES \
     ('2026-10-31', '2026-10-31 23:59:59', '2026-11-01T04:59:59Z', '2026-10-31T23:59:59', '31.10.2026 23:59', 1793509199, '2026-10-31'), \
     ('2026-11-01', '2026-11-01 00:00:00', '2026-11-01T05:00:00Z', '2026-11-01T00:00:00', '01.11.2026 00:00', 1793509200, '2026-11-01')";

#[tokio::test]
async fn every_way_to_write_times_meets_its_boundary() {
    let path = file("boundaries", TIMES).await;
    let values = [
        ("period.start_instant", time("instant 2026-11-01T05:00:00Z")),
        ("period.start_local", time("local 2026-11-01T00:00:00")),
        ("period.start_date", time("date 2026-11-01")),
    ];
    for (encoding, condition) in [
        ("native", "day >= {{ period.start_date }}"),
        ("native", "at >= {{ period.start_local }}"),
        ("native", "z >= {{ period.start_instant }}"),
        ("text(%Y-%m-%dT%H:%M:%S)", "iso >= {{ period.start_local }}"),
        ("text(%d.%m.%Y %H:%M)", "formatted = {{ period.start_local }} AND day >= {{ period.start_date }}"),
        ("epoch_s", "counted >= {{ period.start_instant }} AND day >= {{ period.start_date }}"),
        ("epoch_us", "counted * 1000000 >= {{ period.start_instant }}"),
        ("native", "\"odd \"\"name\" >= {{ period.start_date }}"),
        ("native", "unixepoch(z) >= unixepoch({{ period.start_instant }})"),
    ] {
        let asked = request(&format!("SELECT count(*) AS n FROM t WHERE {condition}"), &values);
        assert_eq!(rows(&source(&path, "America/Chicago", encoding), asked).await, [["1"]], "{encoding}: {condition}");
    }
}

#[tokio::test]
async fn the_wrong_boundary_names_the_right_one() {
    let path = file("wrong_boundary", TIMES).await;
    let values = [
        ("period.start_instant", time("instant 2026-11-01T05:00:00Z")),
        ("period.start_local", time("local 2026-11-01T00:00:00")),
        ("previous.end_date", time("date 2026-11-01")),
    ];
    for (encoding, condition, column, kind, right) in [
        ("native", "day >= {{ period.start_local }}", "day", "a date", "period.start_date"),
        ("native", "x.at < {{ previous.end_date }}", "at", "a timestamp without zone", "previous.end_local"),
        ("native", "z < {{ period.start_local }}", "z", "a timestamp with time zone", "period.start_instant"),
        (
            "epoch_s",
            "counted < {{ previous.end_date }}",
            "counted",
            "a timestamp with time zone",
            "previous.end_instant",
        ),
        (
            "text(%d.%m.%Y %H:%M)",
            "formatted < {{ period.start_instant }}",
            "formatted",
            "a timestamp without zone",
            "period.start_local",
        ),
        (
            "native",
            "counted < {{ period.start_local }}",
            "counted",
            "a number",
            "period.start_instant with time_encoding: epoch_s",
        ),
    ] {
        let asked = request(&format!("SELECT count(*) AS n FROM t x WHERE {condition}"), &values);
        let error = refused(&source(&path, "America/Chicago", encoding), asked).await;
        let SourceError::Boundary { column: c, column_kind: k, suggestion: s, .. } = &error else { panic!("{error}") };
        assert_eq!((c.as_str(), k.as_str(), s.as_str()), (column, kind, right));
    }
    let asked = request("SELECT count(*) AS n FROM t WHERE iso < {{ period.start_local }}", &values);
    let error = refused(&source(&path, "UTC", "native"), asked).await;
    assert!(error.to_string().contains("time_encoding: text(%Y-%m-%dT%H:%M:%S)"), "{error}");
}

#[tokio::test]
async fn declared_types_read_times_through_the_zone() {
    let path = file(
        "zones",
        "CREATE TABLE t (at text, formatted text, counted integer); \
         INSERT INTO t VALUES ('2026-11-01 01:30:00', '08.03.2026 02:30', 1793509200)",
    )
    .await;
    let native =
        declared(request("SELECT at AS instant, at FROM t", &[]), &[("instant", "timestamptz"), ("at", "timestamp")]);
    let row = ["2026-11-01T06:30:00Z", "2026-11-01T01:30:00"];
    assert_eq!(rows(&source(&path, "America/Chicago", "native"), native.clone()).await, [row]);
    let row = ["2026-11-01T01:30:00Z", "2026-11-01T01:30:00"];
    assert_eq!(rows(&source(&path, "UTC", "native"), native).await, [row]);

    let formatted = declared(request("SELECT formatted FROM t", &[]), &[("formatted", "timestamptz")]);
    let text = source(&path, "America/Chicago", "text(%d.%m.%Y %H:%M)");
    assert_eq!(rows(&text, formatted).await, [["2026-03-08T08:30:00Z"]]);
    let wrong = declared(request("SELECT at FROM t", &[]), &[("at", "timestamptz")]);
    let error = refused(&text, wrong).await;
    assert!(error.to_string().contains("`2026-11-01 01:30:00` is not a time (expected %d.%m.%Y %H:%M)"), "{error}");

    let counted = declared(
        request("SELECT counted AS instant, counted AS civil, counted AS day FROM t", &[]),
        &[("instant", "timestamptz"), ("civil", "timestamp"), ("day", "date")],
    );
    let row = ["2026-11-01T05:00:00Z", "2026-11-01T00:00:00", "2026-11-01"];
    assert_eq!(rows(&source(&path, "America/Chicago", "epoch_s"), counted).await, [row]);
}

#[tokio::test]
async fn a_format_that_tells_no_time_is_refused() {
    let kind = punctual_sources::KINDS.iter().find(|k| k.spec.name == "sqlite").expect("registered");
    for format in ["text(%H:%M)", "text(%y)", "text(%!)"] {
        let mut config = config(json!({"path": "x.db"}));
        config.time_encoding = format.parse().expect("an encoding");
        let Err(error) = (kind.open)(config) else { panic!("{format} was taken") };
        assert!(matches!(&error, SourceError::Config { message, .. } if message.contains(format)), "{error}");
    }
}
