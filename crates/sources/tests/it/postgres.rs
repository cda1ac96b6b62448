//! PostgreSQL: what it does beyond the common suite.

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use punctual_data::source::{Source, SourceError};
use punctual_model::value::{Decimal, Value};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::{
    conformance::{self, Kit, ROWS},
    support::{
        closed_port, config, cuttable, declared, drain, last_error, open, parts, refused, request, rows, schema_text,
        server, until,
    },
};

pub fn url() -> String {
    server("PUNCTUAL_TEST_PG_URL")
}

pub fn source() -> Arc<dyn Source> {
    open("postgres", config(json!({"url": url()})))
}

/// Runs statements as the owner.
pub async fn admin(sql: impl Into<String>) {
    let mut connection = PgConnection::connect(&url()).await.expect("the server answers");
    sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(&mut connection).await.expect("the statements work");
}

/// Asks one whole number as the owner.
pub async fn ask(sql: impl Into<String>) -> i64 {
    let mut connection = PgConnection::connect(&url()).await.expect("the server answers");
    sqlx::query_scalar(AssertSqlSafe(sql.into())).fetch_one(&mut connection).await.expect("an answer")
}

/// An empty schema of the test's own.
pub async fn schema(test: &str) -> String {
    let name = format!("t_{test}");
    admin(format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}")).await;
    name
}

async fn kit(test: &str) -> Kit {
    let schema = schema(test).await;
    let mut values = Vec::new();
    for (number, row) in ROWS.iter().enumerate() {
        let cells = row.iter().enumerate().map(|(column, cell)| match cell {
            &"" if column > 1 || number == 4 => "NULL".to_owned(),
            cell => format!("'{}'", cell.replace('\'', "''")),
        });
        values.push(format!("({})", cells.collect::<Vec<_>>().join(", ")));
    }
    admin(format!(
        "CREATE TABLE {schema}.samples (id bigint, name text, amount numeric(12,2), ratio double precision, \
         active boolean, day date, at timestamp, seen timestamptz); \
         INSERT INTO {schema}.samples VALUES {}",
        values.join(", ")
    ))
    .await;
    Kit { source: source(), table: format!("{schema}.samples"), columns: Vec::new() }
}

crate::conforms!(kit);

#[tokio::test]
async fn many_batches() {
    let numbers = request("SELECT n FROM generate_series(1, 20000) AS n ORDER BY n", &[]);
    conformance::rows_keep_their_order_through_many_batches(source(), numbers).await;
}

#[tokio::test]
async fn it_tells_its_version() {
    let version = source().probe().await.expect("the server answers");
    assert!(version.starts_with("PostgreSQL "), "{version}");
}

#[tokio::test]
async fn the_address_can_come_in_parts() {
    let source = open("postgres", config(parts(&url())));
    assert_eq!(rows(&source, request("SELECT 1 AS one", &[])).await, [["1"]]);
}

#[tokio::test]
async fn other_types_are_taken_or_told_apart() {
    let schema = schema("types").await;
    admin(format!(
        "CREATE TYPE {schema}.mood AS ENUM ('good', 'bad'); CREATE DOMAIN {schema}.money2 AS numeric(10,2); \
         CREATE TABLE {schema}.t (s smallint, i int, o oid, f real, u uuid, j json, b jsonb, c char(4), v varchar(9), \
         e {schema}.mood, d {schema}.money2); \
         INSERT INTO {schema}.t VALUES (-1, 2, 3, 0.5, '00112233-4455-6677-8899-aabbccddeeff', '{{\"a\": 1}}', \
         '{{\"b\": [2]}}', 'ab', 'cd', 'good', 1.5)"
    ))
    .await;
    let extraction = source().extract(request(&format!("SELECT * FROM {schema}.t"), &[])).await.expect("it starts");
    assert_eq!(
        schema_text(&extraction),
        [
            "s Int64",
            "i Int64",
            "o Int64",
            "f Float64",
            "u Utf8",
            "j Utf8",
            "b Utf8",
            "c Utf8",
            "v Utf8",
            "e Utf8",
            "d Decimal128(10, 2)"
        ]
    );
    let uuid = "00112233-4455-6677-8899-aabbccddeeff";
    let row = ["-1", "2", "3", "0.5", uuid, "{\"a\": 1}", "{\"b\": [2]}", "ab", "cd", "good", "1.50"];
    assert_eq!(drain(extraction).await.expect("rows"), [row]);

    for (expression, cast) in [
        ("'\\x00'::bytea", "encode(x, 'hex')"),
        ("interval '1 day'", "extract(epoch FROM x)"),
        ("ARRAY[1, 2]", "array_to_string(x, ', ')"),
        ("'127.0.0.1'::inet", "x::text"),
        ("1::money", "x::numeric"),
        ("time '12:00'", "x::text"),
    ] {
        let error = refused(&source(), request(&format!("SELECT {expression} AS x"), &[])).await;
        assert!(error.to_string().ends_with(&format!("write {cast} in the SQL")), "{error}");
    }
}

#[tokio::test]
async fn a_numeric_needs_a_scale() {
    let sum = "SELECT sum(x) AS total FROM (VALUES (1.25), (2.50)) v (x)";
    let error = refused(&source(), request(sum, &[])).await;
    assert!(error.to_string().contains("add `columns: {total: \"decimal(18,2)\"}` to the dataset"), "{error}");

    let with = |column_type| declared(request(sum, &[]), &[("total", column_type)]);
    assert_eq!(rows(&source(), with("decimal(18,4)")).await, [["3.7500"]]);
    assert_eq!(rows(&source(), with("double")).await, [["3.75"]]);
    assert_eq!(rows(&source(), with("text")).await, [["3.75"]]);
    let error = refused(&source(), with("decimal(18,1)")).await;
    assert!(error.to_string().contains("row 1, column `total`: 3.75 has more digits behind the point"), "{error}");
    let error = refused(&source(), with("int")).await;
    assert!(error.to_string().contains("row 1, column `total`: `3.75` is not int"), "{error}");

    let cast = "SELECT sum(x)::numeric(18,2) AS total FROM (VALUES (1.25), (2.50)) v (x)";
    assert_eq!(rows(&source(), request(cast, &[])).await, [["3.75"]]);
}

#[tokio::test]
async fn numbers_and_times_without_a_value_are_refused() {
    for (expression, says) in [
        ("'NaN'::numeric(10,2)", "NaN is not a number that can be reported"),
        ("'NaN'::double precision", "NaN is not a number that can be reported"),
        ("'Infinity'::real", "inf is not a number"),
        ("'infinity'::date", "infinity is not a time"),
        ("'-infinity'::timestamptz", "-infinity is not a time"),
        ("'infinity'::timestamp", "NULLIF(x, 'infinity')"),
    ] {
        let sql = format!("SELECT 1 AS n, NULL::text AS t, {expression} AS x");
        let error = refused(&source(), request(&sql, &[])).await;
        assert!(matches!(&error, SourceError::Data { place, .. } if place == "row 1, column `x`"), "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_value_takes_the_type_of_its_place() {
    let money = Value::Decimal(Decimal { digits: 1250, scale: 2 });
    let values = [
        ("int", Value::Int(3)),
        ("text", Value::Text("7".to_owned())),
        ("money", money),
        ("double", Value::Double(0.5)),
        ("flag", Value::Bool(true)),
        ("uuid", Value::Text("00112233-4455-6677-8899-aabbccddeeff".to_owned())),
    ];
    let sql = "SELECT {{ int }}::int2 + {{ int }}::int4 AS a, {{ text }}::int8 AS b, ({{ money }}::numeric * 2)::numeric(9,2) AS c, \
               {{ double }}::float4 + {{ int }}::float8 AS d, {{ flag }} AND true AS e, left('abcdef', {{ int }}) AS f, \
               {{ uuid }}::uuid AS g, {{ money }}::text AS h, jsonb_typeof({{ text }}::jsonb) AS i";
    let row = ["6", "7", "25.00", "3.5", "true", "abc", "00112233-4455-6677-8899-aabbccddeeff", "12.50", "number"];
    assert_eq!(rows(&source(), request(sql, &values)).await, [row]);

    let error = refused(&source(), request("SELECT 1 AS x WHERE 1 = {{ t }}", &[("t", Value::Text("x".into()))])).await;
    assert!(error.to_string().contains("`t` is text, and stands where int4 is expected"), "{error}");
    let error = refused(&source(), request("SELECT 1 AS x WHERE 1 = {{ n }}", &[("n", Value::Int(1 << 40))])).await;
    assert!(error.to_string().contains("for which it is too large"), "{error}");
    let error = refused(&source(), request("SELECT 1 AS x WHERE 1 = $1", &[])).await;
    assert!(error.to_string().contains("it has 1 parameters and 0 values"), "{error}");
}

#[tokio::test]
async fn nothing_can_be_written() {
    let schema = schema("read_only").await;
    admin(format!("CREATE TABLE {schema}.t (x int); INSERT INTO {schema}.t VALUES (1); CREATE SEQUENCE {schema}.s"))
        .await;
    for sql in [
        format!("WITH gone AS (DELETE FROM {schema}.t RETURNING x) SELECT x FROM gone"),
        format!("SELECT nextval('{schema}.s') AS x"),
        "SELECT set_config('transaction_read_only', 'off', false) AS x".to_owned(),
        format!("SELECT x INTO {schema}.copy FROM {schema}.t"),
    ] {
        let error = refused(&source(), request(&sql, &[])).await;
        assert!(matches!(&error, SourceError::Query { .. }), "{sql}: {error}");
    }
    assert_eq!(ask(format!("SELECT count(*) FROM {schema}.t")).await, 1);
}

#[tokio::test]
async fn behind_a_pooler_no_statement_is_left() {
    let source = open("postgres", config(json!({"url": url(), "prepared": false})));
    let asked = request("SELECT x FROM (VALUES (1), (2)) v (x) WHERE x > {{ n }}", &[("n", Value::Int(1))]);
    assert_eq!(rows(&source, asked).await, [["2"]]);
}

#[tokio::test]
async fn a_slow_query_ends_in_time() {
    let mut config = config(json!({"url": url()}));
    config.timeout = Duration::from_millis(300);
    let source = open("postgres", config);
    let error = refused(&source, request("SELECT 1 AS x FROM pg_sleep(60) /* slow query */", &[])).await;
    assert!(matches!(&error, SourceError::Timeout { seconds: 1, .. }) && error.is_transient(), "{error}");
    until("the server stops", || async { running("slow query").await == 0 }).await;
}

async fn running(marker: &str) -> i64 {
    ask(format!(
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%{marker}%' AND pid <> pg_backend_pid()"
    ))
    .await
}

#[tokio::test]
async fn a_dropped_stream_cancels_the_query() {
    let asked = request("SELECT 1 AS x FROM pg_sleep(600) /* dropped query */", &[]);
    let extraction = source().extract(asked).await.expect("it starts");
    until("the query runs", || async { running("dropped query").await == 1 }).await;
    drop(extraction);
    until("the query is gone", || async { running("dropped query").await == 0 }).await;
}

#[tokio::test]
async fn a_dropped_stream_does_not_drain_the_rows() {
    let asked = request("SELECT generate_series(1, 1000000000) AS n, repeat('x', 100) AS t /* endless rows */", &[]);
    let mut extraction = source().extract(asked).await.expect("it starts");
    extraction.batches.next().await.expect("a batch").expect("rows");
    drop(extraction);
    until("the query is gone", || async { running("endless rows").await == 0 }).await;
}

#[tokio::test]
async fn a_killed_server_is_an_interruption() {
    let asked = request("SELECT generate_series(1, 1000000000) AS n, repeat('x', 100) AS t /* killed rows */", &[]);
    let mut extraction = source().extract(asked).await.expect("it starts");
    extraction.batches.next().await.expect("a batch").expect("rows");
    let killed = ask("SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE query LIKE '%killed rows%' AND pid <> pg_backend_pid()) k");
    assert_eq!(killed.await, 1);
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
async fn an_error_behind_the_first_rows_is_the_querys() {
    let asked = request("SELECT 10 / (20000 - n) AS x FROM generate_series(1, 30000) n", &[]);
    let error = refused(&source(), asked).await;
    assert!(matches!(&error, SourceError::Query { message, .. } if message.contains("division by zero")), "{error}");
}

#[tokio::test]
async fn the_wrong_password_is_told_without_it() {
    let right = server("PUNCTUAL_TEST_PG_PASSWORD_URL");
    assert!(open("postgres", config(json!({"url": right}))).probe().await.is_ok());
    let mut options = parts(&right);
    options["password"] = json!("hunter2-wrong");
    let error = open("postgres", config(options)).probe().await.expect_err("the wrong password");
    assert!(matches!(&error, SourceError::Login { .. }) && !error.is_transient(), "{error}");
    assert!(!error.to_string().contains("hunter2") && !format!("{error:?}").contains("hunter2"));

    let mut options = parts(&url());
    options["database"] = json!("no_such_database");
    let error = open("postgres", config(options)).probe().await.expect_err("no database");
    assert!(matches!(&error, SourceError::Login { message, .. } if message.contains("no_such_database")), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    let port = closed_port();
    let options = json!({"url": format!("postgres://ana:hunter2@127.0.0.1:{port}/x")});
    let source = open("postgres", config(options));
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
    let sql = "SELECT generate_series(1, 1000000000) AS n, repeat('x', 100) AS t";
    let mut extraction = open("postgres", config(options)).extract(request(sql, &[])).await.expect("it starts");
    extraction.batches.next().await.expect("a batch").expect("rows");
    cut.notify_one();
    let said = last_error(extraction).await.to_string();
    assert!(said.contains(&format!("rows: the connection to 127.0.0.1:{port} was lost (")), "{said}");
}

#[tokio::test]
async fn options_that_cannot_work_are_refused() {
    let kind = punctual_sources::KINDS.iter().find(|k| k.spec.name == "postgres").expect("registered");
    for (options, says) in [
        (json!({}), "give `url`, or `host`"),
        (json!({"url": "postgres://h/d", "host": "h"}), "not both"),
        (json!({"url": "postgres://h/d", "user": "u"}), "`user` belongs into the `url`"),
        (json!({"url": "postgres://ana:hunter2@h:port/d"}), "`url` cannot be read"),
        (json!({"host": "h", "port": 70000}), "`port` must be from 1 to 65535"),
        (json!({"host": "h", "sslmode": "maybe"}), "`sslmode` is one of"),
        (json!({"url": "mysql://ana:hunter2@h/d"}), "`url` begins with mysql://, where postgres:// belongs"),
        (json!({"url": "postgres://ana:hunter2@h/d?sslmode=maybe"}), "`sslmode` in the `url` is one of"),
        (json!({"url": "postgres://h/d?password=hunter2"}), "asks for `password`, which is not known"),
    ] {
        let Err(error) = (kind.open)(config(options)) else { panic!("{says}: it opened") };
        assert!(matches!(&error, SourceError::Config { message, .. } if message.contains(says)), "{error}");
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}
