//! Values at the edges of every source's types: each arrives to the letter, or is refused with its place and
//! the way out; none arrives changed.

use std::sync::Arc;

use punctual_data::source::{Source, SourceError};

use crate::{
    mysql, postgres, sqlite,
    support::{config, open, refused, request, rows},
};

/// What becomes of a value.
enum Becomes {
    /// This text.
    Text(&'static str),
    /// An error that says this.
    Refused(&'static str),
}

use Becomes::{Refused, Text};

async fn hold(source: Arc<dyn Source>, values: &[(&str, Becomes)]) {
    for (expression, becomes) in values {
        let asked = request(&format!("SELECT {expression} AS x"), &[]);
        match becomes {
            Text(text) => assert_eq!(rows(&source, asked).await, [[*text]], "{expression}"),
            Refused(says) => {
                let error = refused(&source, asked).await;
                assert!(error.to_string().contains(says) && !error.is_transient(), "{expression}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn postgres() {
    hold(
        postgres::source(),
        &[
            ("0.1::real", Text("0.1")),
            ("1.1::real", Text("1.1")),
            ("5.05::real", Text("5.05")),
            ("16777217::real", Text("16777216.0")),
            ("3.4028235e38::real", Text("3.4028235e38")),
            ("1e-45::real", Text("1e-45")),
            ("0.1::double precision", Text("0.1")),
            ("1.7976931348623157e308::double precision", Text("1.7976931348623157e308")),
            ("'NaN'::real", Refused("not a number that can be reported")),
            ("'-Infinity'::double precision", Refused("not a number that can be reported")),
            ("'NaN'::numeric(9,2)", Refused("NULLIF(x, 'NaN')")),
            ("(-32768)::smallint", Text("-32768")),
            ("(-9223372036854775808)::bigint", Text("-9223372036854775808")),
            ("4294967295::oid", Text("4294967295")),
            ("99999999999999999999999999999999999999::numeric(38,0)", Text("99999999999999999999999999999999999999")),
            (
                "(-0.00000000000000000000000000000000000001)::numeric(38,38)",
                Text("-0.00000000000000000000000000000000000001"),
            ),
            ("1::numeric(40,0)", Refused("columns: {x:")),
            ("12.34::money", Refused("x::numeric")),
            ("B'101'", Refused("x::text")),
            ("B'101'::bit varying", Refused("x::text")),
            ("time '24:00'", Refused("x::text")),
            ("timetz '12:00+02'", Refused("x::text")),
            ("interval '1 month'", Refused("extract(epoch FROM x)")),
            ("ARRAY[1.5, NULL]", Refused("array_to_string(x, ', ')")),
            ("'{\"a\": 1}'::json", Text("{\"a\": 1}")),
            ("'007'::varchar(3)", Text("007")),
            ("'ab'::char(5)", Text("ab")),
            ("''::char(5)", Text("")),
            ("date '0001-01-01'", Text("0001-01-01")),
            ("date '9999-12-31'", Text("9999-12-31")),
            ("date '0001-12-31 BC'", Refused("about the year 0")),
            ("date '10000-01-01'", Refused("about the year 10000, outside of 1 to 9999")),
            ("date '5874897-12-31'", Refused("about the year 5874897")),
            ("date 'infinity'", Refused("NULLIF(x, 'infinity')")),
            ("timestamp '294276-12-31 23:59:59.999999'", Refused("out of range")),
            ("timestamp '4713-01-01 BC'", Refused("about the year -47")),
            ("timestamptz '-infinity'", Refused("NULLIF(x, '-infinity')")),
            ("timestamptz '2026-10-31 23:59:59.999999+00'", Text("2026-10-31T23:59:59.999999Z")),
        ],
    )
    .await;
}

#[tokio::test]
async fn mysql() {
    let database = mysql::database("edges").await;
    mysql::admin(format!(
        "SET sql_mode = ''; CREATE TABLE {database}.t (f float, f2 float, f3 float, d double, u tinyint unsigned, b bigint unsigned, \
         bits bit(64), bit1 bit, y year, y0 year, t time, e enum('007', 'b'), bad_e enum('a'), s set('p', 'q'), day date, zero date, \
         part date, late datetime(6), at timestamp(6) NULL, n decimal(38,38), w decimal(65,30), flag boolean, c char(5)); \
         INSERT INTO {database}.t VALUES (0.1, 16777217, 3.4028235e38, 0.1, 255, 18446744073709551615, \
         0xFFFFFFFFFFFFFFFF, b'1', 2155, 0, '-838:59:59', '007', 'zzz', 'p,q', '9999-12-31', '0000-00-00', '2026-02-00', \
         '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07.999999', -0.00000000000000000000000000000000000001, 1, TRUE, 'ab  ')"
    ))
    .await;
    let of = |column: &str| format!("{column} FROM {database}.t");
    let values: Vec<(String, Becomes)> = vec![
        (of("f"), Text("0.1")),
        (of("f2"), Text("16777216.0")),
        (of("f3"), Text("3.4028235e38")),
        (of("d"), Text("0.1")),
        (of("u"), Text("255")),
        (of("b"), Refused("declare \"decimal(20,0)\" or text")),
        (of("bits"), Refused("declare \"decimal(20,0)\" or text")),
        (of("bit1"), Text("1")),
        (of("y"), Text("2155")),
        (of("y0"), Text("0")),
        (of("t"), Refused("TIME_TO_SEC(t)")),
        (of("e"), Text("007")),
        (of("bad_e"), Text("")),
        (of("s"), Text("p,q")),
        (of("day"), Text("9999-12-31")),
        (of("zero"), Refused("0000-00-00 is not a date; leave it out with NULLIF(zero, '0000-00-00')")),
        (of("part"), Refused("2026-02-00 is not a date")),
        (of("late"), Text("9999-12-31T23:59:59.999999")),
        (of("n"), Text("-0.00000000000000000000000000000000000001")),
        (of("w"), Refused("columns: {w:")),
        (of("flag"), Text("true")),
        (of("c"), Text("ab")),
    ];
    for (expression, becomes) in &values {
        let asked = request(&format!("SELECT {expression}"), &[]);
        match becomes {
            Text(text) => assert_eq!(rows(&mysql::source(), asked).await, [[*text]], "{expression}"),
            Refused(says) => {
                let error = refused(&mysql::source(), asked).await;
                assert!(error.to_string().contains(says) && !error.is_transient(), "{expression}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn sqlite() {
    let path = sqlite::file(
        "edges",
        "CREATE TABLE t (i integer, r real, d decimal(10,2), b boolean, day date, at datetime, code text, n varchar(9)); \
         INSERT INTO t VALUES (9223372036854775807, 0.1, 19.99, 1, '9999-12-31', '2026-10-31 23:59:59.123456', '007', 42), \
         ('1_000', 9e999, 'x', 2, '2026-02-30', '2026-10-31 25:00', x'00', NULL)",
    )
    .await;
    let source = sqlite::source(&path);
    for (column, first, second) in [
        ("i", Text("9223372036854775807"), Refused("row 2, column `i`: `1_000` is not int")),
        ("r", Text("0.1"), Refused("not a number that can be reported")),
        ("d", Text("19.99"), Refused("`x` is not decimal(10,2)")),
        ("b", Text("true"), Refused("2 is neither 0 nor 1")),
        ("day", Text("9999-12-31"), Refused("`2026-02-30` is not a date")),
        ("at", Text("2026-10-31T23:59:59.123456"), Refused("`2026-10-31 25:00` is not a time")),
        ("code", Text("007"), Refused("it is a blob")),
        ("n", Text("42"), Text("")),
    ] {
        let one = rows(&source, request(&format!("SELECT {column} FROM t LIMIT 1"), &[])).await;
        let Text(text) = first else { panic!("a text") };
        assert_eq!(one, [[text]], "{column}");
        let both = request(&format!("SELECT {column} FROM t"), &[]);
        match second {
            Text(text) => assert_eq!(rows(&source, both).await[1], [text], "{column}"),
            Refused(says) => {
                let error = refused(&source, both).await;
                assert!(error.to_string().contains(says), "{column}: {error}");
            }
        }
    }
}

/// A count in another unit than the source says is refused, and so is a boundary that would find nothing in
/// such a column.
#[tokio::test]
async fn counts_in_another_unit_are_refused_by_every_database() {
    let schema = postgres::schema("units").await;
    let database = mysql::database("units").await;
    let table = "(id integer, at bigint); INSERT INTO";
    let values = "VALUES (1, 1788696000000), (2, 1788699600000)";
    postgres::admin(format!("CREATE TABLE {schema}.v {table} {schema}.v {values}")).await;
    mysql::admin(format!("CREATE TABLE {database}.v {table} {database}.v {values}")).await;
    let path = sqlite::file("units", format!("CREATE TABLE v {table} v {values}")).await;
    let boundaries = [
        ("period.start_instant", crate::support::time("instant 2026-09-06T00:00:00Z")),
        ("period.end_instant", crate::support::time("instant 2026-09-07T00:00:00Z")),
    ];
    for (kind, options, table) in [
        ("postgres", serde_json::json!({"url": postgres::url()}), format!("{schema}.v")),
        ("mysql", serde_json::json!({"url": mysql::url()}), format!("{database}.v")),
        ("sqlite", serde_json::json!({"path": path}), "v".to_owned()),
    ] {
        let source = |encoding: &str| {
            let mut config = config(options.clone());
            config.time_encoding = encoding.parse().expect("an encoding");
            open(kind, config)
        };
        let asked = |at: &str| {
            let sql = format!(
                "SELECT {at} FROM {table} WHERE at >= {{{{ period.start_instant }}}} AND at < {{{{ period.end_instant }}}} ORDER BY id"
            );
            crate::support::declared(request(&sql, &boundaries), &[("at", "timestamptz")])
        };
        assert_eq!(
            rows(&source("epoch_ms"), asked("at")).await,
            [["2026-09-06T12:00:00Z"], ["2026-09-06T13:00:00Z"]],
            "{kind}"
        );
        for encoding in ["epoch_s", "epoch_us", "epoch_ns"] {
            let error = refused(&source(encoding), asked("at")).await;
            assert!(matches!(&error, SourceError::Data { .. }), "{kind} {encoding}: {error}");
            let said = error.to_string();
            assert!(
                said.ends_with("in 2026 as epoch_ms; set `time_encoding: epoch_ms` on the source"),
                "{kind}: {said}"
            );
        }
        let all = crate::support::declared(request(&format!("SELECT at FROM {table}"), &[]), &[("at", "timestamptz")]);
        let error = refused(&source("epoch_s"), all).await;
        assert!(
            error.to_string().contains("row 1, column `at`: 1788696000000 lies in the year 5865"),
            "{kind}: {error}"
        );
    }
}
