//! MariaDB (and so MySQL): what it does beyond the common suite.

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use punctual_data::source::{Source, SourceError};
use punctual_model::value::{Decimal, Value};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection};

use crate::{
    conformance::{self, Kit, ROWS},
    support::{
        closed_port, config, cuttable, declared, drain, last_error, open, parts, refused, request, rows, schema_text,
        server, until,
    },
};

pub fn url() -> String {
    server("PUNCTUAL_TEST_MARIADB_URL")
}

pub fn source() -> Arc<dyn Source> {
    open("mysql", config(json!({"url": url()})))
}

/// Runs statements as the owner, in UTC.
pub async fn admin(sql: impl Into<String>) {
    let mut connection = MySqlConnection::connect(&url()).await.expect("the server answers");
    sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(&mut connection).await.expect("the statements work");
}

async fn ask(sql: impl Into<String>) -> i64 {
    let mut connection = MySqlConnection::connect(&url()).await.expect("the server answers");
    sqlx::query_scalar(AssertSqlSafe(sql.into())).fetch_one(&mut connection).await.expect("an answer")
}

/// An empty database of the test's own.
pub async fn database(test: &str) -> String {
    let name = format!("my_{test}");
    admin(format!("DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name} CHARACTER SET utf8mb4")).await;
    name
}

async fn kit(test: &str) -> Kit {
    let database = database(test).await;
    let mut values = Vec::new();
    for (number, row) in ROWS.iter().enumerate() {
        let cells = row.iter().enumerate().map(|(column, cell)| match (column, cell) {
            (2.., &"") | (1, _) if number == 4 => "NULL".to_owned(),
            (4, cell) => (*cell).to_owned(),
            (_, cell) => format!("'{}'", cell.trim_end_matches('Z').replace('\\', "\\\\").replace('\'', "''")),
        });
        values.push(format!("({})", cells.collect::<Vec<_>>().join(", ")));
    }
    admin(format!(
        "SET time_zone = '+00:00'; CREATE TABLE {database}.samples (id bigint, name text, amount decimal(12,2), \
         ratio double, active boolean, day date, at datetime(6), seen timestamp(6) NULL); \
         INSERT INTO {database}.samples VALUES {}",
        values.join(", ")
    ))
    .await;
    Kit { source: source(), table: format!("{database}.samples"), columns: Vec::new() }
}

crate::conforms!(kit);

#[tokio::test]
async fn many_batches() {
    let numbers = request("SELECT seq AS n FROM seq_1_to_20000 ORDER BY seq", &[]);
    conformance::rows_keep_their_order_through_many_batches(source(), numbers).await;
}

#[tokio::test]
async fn it_tells_its_version() {
    let version = source().probe().await.expect("the server answers");
    assert!(version.contains("MariaDB"), "{version}");
}

#[tokio::test]
async fn the_address_can_come_in_parts() {
    let source = open("mysql", config(parts(&url())));
    assert_eq!(rows(&source, request("SELECT 1 AS one", &[])).await, [["1"]]);
}

#[tokio::test]
async fn other_types_are_taken_or_told_apart() {
    let database = database("types").await;
    admin(format!(
        "CREATE TABLE {database}.t (a tinyint, b smallint unsigned, c mediumint, d int unsigned, e bigint unsigned, \
         f float, y year, i bit(12), j json, k enum('x', 'y'), s set('p', 'q'), v varchar(9) COLLATE utf8mb4_bin, \
         l longtext, g decimal(38, 10)); \
         INSERT INTO {database}.t VALUES (-1, 65535, -8388608, 4294967295, 9223372036854775807, 0.5, 2026, b'100000000001', \
         '{{\"a\": 1}}', 'y', 'p,q', 'ab', 'cd', -1234567890123456789012345678.0123456789)"
    ))
    .await;
    let extraction = source().extract(request(&format!("SELECT * FROM {database}.t"), &[])).await.expect("it starts");
    let types = "a Int64,b Int64,c Int64,d Int64,e Int64,f Float64,y Int64,i Int64,j Utf8,k Utf8,s Utf8,v Utf8,l Utf8,g Decimal128(38, 10)";
    assert_eq!(schema_text(&extraction).join(","), types);
    let row = [
        "-1",
        "65535",
        "-8388608",
        "4294967295",
        "9223372036854775807",
        "0.5",
        "2026",
        "2049",
        "{\"a\": 1}",
        "y",
        "p,q",
        "ab",
        "cd",
        "-1234567890123456789012345678.0123456789",
    ];
    assert_eq!(drain(extraction).await.expect("rows"), [row]);

    admin(format!("CREATE TABLE {database}.u (t time, b varbinary(9), p point); INSERT INTO {database}.u VALUES ('12:00', x'ff', POINT(1, 2))"))
        .await;
    for (column, cast) in [("t", "TIME_TO_SEC(t)"), ("b", "HEX(b)"), ("p", "ST_AsText(p)")] {
        let error = refused(&source(), request(&format!("SELECT {column} FROM {database}.u"), &[])).await;
        assert!(error.to_string().ends_with(&format!("write {cast} in the SQL")), "{error}");
    }
    let error = refused(&source(), request(&format!("SELECT CONCAT(b) AS x FROM {database}.u"), &[])).await;
    assert!(
        matches!(&error, SourceError::Data { place, message, .. } if place == "row 1, column `x`" && message.contains("HEX(x)")),
        "{error}"
    );
}

#[tokio::test]
async fn values_that_do_not_fit_are_refused_with_their_place() {
    let database = database("unfit").await;
    admin(format!(
        "SET sql_mode = ''; CREATE TABLE {database}.t (big bigint unsigned, flag boolean, day date, at datetime); \
         INSERT INTO {database}.t VALUES (1, 1, '2026-10-31', '2026-10-31 12:00'), (18446744073709551615, 2, '0000-00-00', '2026-00-00 00:00')"
    ))
    .await;
    for (column, says) in [
        ("big", "18446744073709551615 is larger than int can hold; declare \"decimal(20,0)\" or text"),
        ("flag", "2 is neither 0 nor 1; declare `int`"),
        ("day", "0000-00-00 is not a date; leave it out with NULLIF(day, '0000-00-00')"),
        ("at", "2026-00-00 is not a date"),
    ] {
        let error = refused(&source(), request(&format!("SELECT {column} FROM {database}.t ORDER BY big"), &[])).await;
        assert!(
            matches!(&error, SourceError::Data { place, .. } if *place == format!("row 2, column `{column}`")),
            "{error}"
        );
        assert!(error.to_string().contains(says), "{error}");
    }
    let asked = declared(
        request(&format!("SELECT big, flag FROM {database}.t ORDER BY big"), &[]),
        &[("big", "decimal(20,0)"), ("flag", "int")],
    );
    assert_eq!(rows(&source(), asked).await, [["1", "1"], ["18446744073709551615", "2"]]);
}

#[tokio::test]
async fn a_decimal_needs_a_scale() {
    let database = database("decimals").await;
    admin(format!("CREATE TABLE {database}.t (x decimal(9,2), w decimal(65,0)); INSERT INTO {database}.t VALUES (1.25, 1), (2.5, REPEAT('9', 65))")).await;
    let sum = format!("SELECT SUM(x) AS total FROM {database}.t");
    let error = refused(&source(), request(&sum, &[])).await;
    assert!(error.to_string().contains("add `columns: {total: \"decimal(18,2)\"}` to the dataset"), "{error}");
    for (column_type, total) in [("decimal(18,4)", "3.7500"), ("double", "3.75"), ("text", "3.75")] {
        assert_eq!(rows(&source(), declared(request(&sum, &[]), &[("total", column_type)])).await, [[total]]);
    }
    let error = refused(&source(), declared(request(&sum, &[]), &[("total", "decimal(18,1)")])).await;
    assert!(error.to_string().contains("row 1, column `total`: 3.75 has more digits behind the point"), "{error}");

    let wide = format!("SELECT w FROM {database}.t ORDER BY x");
    assert!(refused(&source(), request(&wide, &[])).await.to_string().contains("columns: {w:"));
    let error = refused(&source(), declared(request(&wide, &[]), &[("w", "decimal(38,0)")])).await;
    assert!(
        error.to_string().contains("row 2, column `w`")
            && error.to_string().contains("has more digits than decimal(38,0)"),
        "{error}"
    );
    let all = rows(&source(), declared(request(&wide, &[]), &[("w", "text")])).await;
    assert_eq!(all, [vec!["1".to_owned()], vec!["9".repeat(65)]]);
}

#[tokio::test]
async fn binds_have_types_of_their_own() {
    let money = Value::Decimal(Decimal { digits: -1250, scale: 2 });
    let values = [
        ("int", Value::Int(-3)),
        ("text", Value::Text("it's ? \\ 日本".to_owned())),
        ("money", money),
        ("double", Value::Double(0.5)),
        ("flag", Value::Bool(true)),
        ("null", Value::Null),
    ];
    let sql =
        "SELECT {{ int }} AS a, {{ text }} AS b, {{ money }} AS c, {{ double }} AS d, {{ flag }} AS e, {{ null }} AS f";
    let types = [("a", "int"), ("c", "decimal(9,2)"), ("d", "double"), ("e", "bool")];
    let row = ["-3", "it's ? \\ 日本", "-12.50", "0.5", "true", ""];
    assert_eq!(rows(&source(), declared(request(sql, &values), &types)).await, [row]);
    let error = refused(&source(), request("SELECT 1 AS x WHERE 1 = ?", &[])).await;
    assert!(error.to_string().contains("it has 1 parameters and 0 values"), "{error}");
}

#[tokio::test]
async fn nothing_can_be_written() {
    let database = database("read_only").await;
    admin(format!(
        "CREATE TABLE {database}.t (x int); INSERT INTO {database}.t VALUES (1); CREATE SEQUENCE {database}.s"
    ))
    .await;
    // A function's body has semicolons of its own, so it goes alone.
    admin(format!(
        "CREATE FUNCTION {database}.f() RETURNS int MODIFIES SQL DATA BEGIN DELETE FROM {database}.t; RETURN 1; END"
    ))
    .await;
    for sql in [
        format!("SELECT {database}.f() AS x"),
        format!("SELECT NEXT VALUE FOR {database}.s AS x"),
        format!("SELECT x INTO OUTFILE '/tmp/punctual_{database}' FROM {database}.t"),
        format!("SELECT x INTO @x FROM {database}.t"),
        format!("/* SELECT */ DELETE FROM {database}.t RETURNING x"),
        format!("CALL {database}.p()"),
    ] {
        let error = refused(&source(), request(&sql, &[])).await;
        assert!(matches!(&error, SourceError::Query { .. }), "{sql}: {error}");
    }
    assert_eq!(ask(format!("SELECT count(*) FROM {database}.t")).await, 1);
}

async fn running(marker: &str) -> i64 {
    ask(format!(
        "SELECT count(*) FROM information_schema.processlist WHERE info LIKE '%{marker}%' AND id <> CONNECTION_ID()"
    ))
    .await
}

#[tokio::test]
async fn a_slow_query_ends_in_time() {
    let mut config = config(json!({"url": url()}));
    config.timeout = Duration::from_millis(300);
    let source = open("mysql", config);
    let asked = request("SELECT COUNT(*) AS x FROM seq_1_to_1000000000 a, seq_1_to_1000000000 b /* slow query */", &[]);
    let error = refused(&source, asked).await;
    assert!(matches!(&error, SourceError::Timeout { seconds: 1, .. }) && error.is_transient(), "{error}");
    until("the server stops", || async { running("slow query").await == 0 }).await;
}

#[tokio::test]
async fn a_dropped_stream_cancels_the_query() {
    let asked = request("SELECT SLEEP(600) AS x /* dropped query */", &[]);
    let extraction = source().extract(asked).await.expect("it starts");
    until("the query runs", || async { running("dropped query").await == 1 }).await;
    drop(extraction);
    until("the query is gone", || async { running("dropped query").await == 0 }).await;
}

#[tokio::test]
async fn a_dropped_stream_does_not_drain_the_rows() {
    let asked = request("SELECT seq, REPEAT('x', 100) AS t FROM seq_1_to_10000000000 /* endless rows */", &[]);
    let mut extraction = source().extract(asked).await.expect("it starts");
    extraction.batches.next().await.expect("a batch").expect("rows");
    drop(extraction);
    until("the query is gone", || async { running("endless rows").await == 0 }).await;
}

#[tokio::test]
async fn a_killed_connection_is_an_interruption() {
    let asked = request("SELECT seq, REPEAT('x', 100) AS t FROM seq_1_to_10000000000 /* killed rows */", &[]);
    let mut extraction = source().extract(asked).await.expect("it starts");
    extraction.batches.next().await.expect("a batch").expect("rows");
    let id = ask("SELECT CAST(id AS SIGNED) FROM information_schema.processlist \
         WHERE info LIKE '%killed rows%' AND id <> CONNECTION_ID()");
    admin(format!("KILL {}", id.await)).await;
    let error = loop {
        match extraction.batches.next().await.expect("no quiet end") {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert!(matches!(&error, SourceError::Interrupted { rows, .. } if *rows >= 8_192), "{error}");
    assert!(error.is_transient());
    assert!(extraction.batches.next().await.is_none());
}

#[tokio::test]
async fn the_wrong_password_is_told_without_it() {
    let mut options = parts(&url());
    options["password"] = json!("hunter2-wrong");
    let error = open("mysql", config(options)).probe().await.expect_err("the wrong password");
    assert!(matches!(&error, SourceError::Login { .. }) && !error.is_transient(), "{error}");
    assert!(!error.to_string().contains("hunter2") && !format!("{error:?}").contains("hunter2"));

    let mut options = parts(&url());
    options["database"] = json!("no_such_database");
    let error = open("mysql", config(options)).probe().await.expect_err("no database");
    assert!(matches!(&error, SourceError::Login { message, .. } if message.contains("no_such_database")), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    let port = closed_port();
    let options = json!({"url": format!("mysql://ana:hunter2@127.0.0.1:{port}/x")});
    let source = open("mysql", config(options));
    for error in [source.probe().await.expect_err("nobody there"), refused(&source, request("SELECT 1", &[])).await] {
        assert!(matches!(&error, SourceError::Unreachable { .. }) && error.is_transient(), "{error}");
        let said = error.to_string();
        assert!(said.starts_with(&format!("source `warehouse` cannot be reached: 127.0.0.1:{port}: ")), "{said}");
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn a_line_that_is_cut_is_told_in_our_words() {
    let (port, cut) = cuttable(&url()).await;
    let mut options = parts(&url());
    options["port"] = json!(port);
    let sql = "SELECT seq, REPEAT('x', 100) AS t FROM seq_1_to_10000000000";
    let mut extraction = open("mysql", config(options)).extract(request(sql, &[])).await.expect("it starts");
    extraction.batches.next().await.expect("a batch").expect("rows");
    cut.notify_one();
    let said = last_error(extraction).await.to_string();
    assert!(said.contains(&format!("rows: the connection to 127.0.0.1:{port} was lost (")), "{said}");
}
