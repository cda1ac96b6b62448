//! SQLite: what it does beyond the common suite.

use std::{path::PathBuf, sync::Arc, time::Duration};

use futures::StreamExt;
use punctual_data::source::{Source, SourceError};
use punctual_model::value::{Decimal, Value};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    conformance::{self, Kit, ROWS},
    support::{config, declared, drain, open, refused, request, rows, schema_text, until},
};

/// A database file of the test's own, written by statements.
pub async fn file(test: &str, sql: impl Into<String>) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("punctual-sqlite-{test}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("data.db");
    let _ = std::fs::remove_file(&path);
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.expect("a new file");
    sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(&mut connection).await.expect("the statements work");
    connection.close().await.expect("it closes");
    path
}

pub fn source(path: &std::path::Path) -> Arc<dyn Source> {
    open("sqlite", config(json!({"path": path})))
}

async fn kit(test: &str) -> Kit {
    let mut values = Vec::new();
    for (number, row) in ROWS.iter().enumerate() {
        let cells = row.iter().enumerate().map(|(column, cell)| match (column, cell) {
            (1.., &"") if column > 1 || number == 4 => "NULL".to_owned(),
            (4, cell) => (*cell).to_owned(),
            (_, cell) => format!("'{}'", cell.replace('\'', "''")),
        });
        values.push(format!("({})", cells.collect::<Vec<_>>().join(", ")));
    }
    let path = file(
        test,
        format!(
            "CREATE TABLE samples (id integer, name text, amount decimal(12,2), ratio real, active boolean, \
             day date, at datetime, seen text); INSERT INTO samples VALUES {}",
            values.join(", ")
        ),
    )
    .await;
    Kit { source: source(&path), table: "samples".to_owned(), columns: vec![("seen", "timestamptz")] }
}

crate::conforms!(kit);

const NUMBERS: &str =
    "WITH RECURSIVE t (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 20000) SELECT n FROM t";

#[tokio::test]
async fn many_batches() {
    let path = file("many", "CREATE TABLE t (x)").await;
    let numbers = declared(request(NUMBERS, &[]), &[("n", "int")]);
    conformance::rows_keep_their_order_through_many_batches(source(&path), numbers).await;
}

#[tokio::test]
async fn it_tells_its_version() {
    let path = file("version", "CREATE TABLE t (x); CREATE TABLE u (x)").await;
    let version = source(&path).probe().await.expect("it opens");
    assert!(version.starts_with("SQLite 3.") && version.ends_with(", 2 tables"), "{version}");
}

#[tokio::test]
async fn expressions_have_types_where_tables_and_text_tell() {
    let path = file(
        "types",
        "CREATE TABLE t (client_id integer, price decimal(9,2), cost real, name varchar(9), raw, day date); \
         CREATE VIEW v AS SELECT client_id AS id, price FROM t",
    )
    .await;
    let sql = "SELECT t.client_id, count(*) AS n, sum(cost) AS cost, avg(t.price) AS average, upper(name) AS name, \
               CAST(sum(t.price) AS decimal(12,2)) AS total, max(day) AS last, v.price FROM t JOIN v ON v.id = t.client_id GROUP BY 1";
    let extraction = source(&path).extract(request(sql, &[])).await.unwrap_or_else(|error| panic!("{error}"));
    let types = "client_id Int64,n Int64,cost Float64,average Float64,name Utf8,total Decimal128(12, 2),last Date32,price Decimal128(9, 2)";
    assert_eq!(schema_text(&extraction).join(","), types);

    for (expression, name) in [("sum(price)", "total"), ("raw", "raw"), ("NULL", "void"), ("(SELECT 1)", "one")] {
        let error = refused(&source(&path), request(&format!("SELECT {expression} AS {name} FROM t"), &[])).await;
        assert!(error.to_string().contains(&format!("add `columns: {{{name}: double}}` to the dataset")), "{error}");
    }
}

#[tokio::test]
async fn values_that_do_not_fit_are_refused_with_their_place() {
    let path = file(
        "unfit",
        "CREATE TABLE t (n integer, price decimal(9,2), day date, name text); \
         INSERT INTO t VALUES (1, 1.5, '2026-10-31', 'ok'), ('many', 1.505, '31.10.2026', x'ff00')",
    )
    .await;
    for (column, says) in [
        ("n", "`many` is not int"),
        ("price", "1.505 has more digits behind the point than decimal(9,2)"),
        (
            "day",
            "`31.10.2026` is not a date (expected 2026-10-31); if the source writes them so, say `time_encoding: text(%d.%m.%Y)`",
        ),
        ("name", "it is a blob, which has no place in a report; write hex(name) in the SQL"),
        ("CAST(name AS text) AS name", "the text is not UTF-8; write hex(name) in the SQL"),
    ] {
        let error = refused(&source(&path), request(&format!("SELECT {column} FROM t"), &[])).await;
        let name = column.rsplit(' ').next().expect("a name");
        assert!(
            matches!(&error, SourceError::Data { place, .. } if *place == format!("row 2, column `{name}`")),
            "{error}"
        );
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[tokio::test]
async fn decimals_survive_binary_floating_point() {
    let path = file("noise", "CREATE TABLE t (x real); INSERT INTO t VALUES (0.1), (0.2), (19.99)").await;
    let asked = declared(
        request("SELECT sum(x) AS total, 20.29 - sum(x) AS rest FROM t", &[]),
        &[("total", "decimal(9,2)"), ("rest", "decimal(9,2)")],
    );
    assert_eq!(rows(&source(&path), asked).await, [["20.29", "0.00"]]);
}

#[tokio::test]
async fn binds_have_types_of_their_own() {
    let path = file("binds", "CREATE TABLE t (x)").await;
    let values = [
        ("int", Value::Int(-3)),
        ("text", Value::Text("it's ? \\ 日本".to_owned())),
        ("money", Value::Decimal(Decimal { digits: -1250, scale: 2 })),
        ("whole", Value::Decimal(Decimal { digits: 7, scale: 0 })),
        ("double", Value::Double(0.5)),
        ("flag", Value::Bool(true)),
        ("null", Value::Null),
    ];
    let sql = "SELECT typeof({{ int }}) AS a, {{ text }} AS b, {{ money }} AS c, typeof({{ whole }}) AS d, {{ double }} AS e, \
               {{ flag }} AS f, {{ null }} AS g";
    let types = [
        ("b", "text"),
        ("c", "decimal(9,2)"),
        ("a", "text"),
        ("d", "text"),
        ("e", "double"),
        ("f", "bool"),
        ("g", "int"),
    ];
    let row = ["integer", "it's ? \\ 日本", "-12.50", "integer", "0.5", "true", ""];
    assert_eq!(rows(&source(&path), declared(request(sql, &values), &types)).await, [row]);
    let error = refused(&source(&path), request("SELECT x FROM t WHERE x = :name", &[])).await;
    assert!(error.to_string().contains("it has 1 parameters and 0 values"), "{error}");
}

#[tokio::test]
async fn nothing_can_be_written_or_attached() {
    let path = file("read_only", "CREATE TABLE t (x integer); INSERT INTO t VALUES (1)").await;
    let other = path.with_file_name("other.db");
    for sql in [
        format!("ATTACH '{}' AS other", other.display()),
        "PRAGMA query_only = OFF".to_owned(),
        "PRAGMA table_info(t)".to_owned(),
        format!("VACUUM INTO '{}'", other.display()),
        "WITH gone AS (SELECT 1) DELETE FROM t RETURNING x".to_owned(),
        "CREATE TEMP TABLE u AS SELECT 1 AS x".to_owned(),
    ] {
        let error = refused(&source(&path), declared(request(&sql, &[]), &[("x", "int")])).await;
        assert!(matches!(&error, SourceError::Query { .. }), "{sql}: {error}");
    }
    assert!(!other.exists());
    assert_eq!(rows(&source(&path), request("SELECT x FROM t", &[])).await, [["1"]]);
}

#[tokio::test]
async fn a_file_that_is_missing_or_foreign_is_told() {
    let path = file("missing", "CREATE TABLE t (x)").await;
    let gone = path.with_file_name("gone.db");
    for error in [
        source(&gone).probe().await.expect_err("no file"),
        refused(&source(&gone), request("SELECT 1 AS x", &[])).await,
    ] {
        assert!(matches!(&error, SourceError::Config { message, .. } if message.contains("gone.db")), "{error}");
        assert!(!error.is_transient());
    }
    assert!(!gone.exists(), "no file was made");
    let foreign = path.with_file_name("foreign.db");
    std::fs::write(&foreign, "this is no database, however long the text may be made to look like one")
        .expect("a file");
    let error = source(&foreign).probe().await.expect_err("no database");
    assert!(
        matches!(&error, SourceError::Config { message, .. } if message.contains("is not an SQLite database")),
        "{error}"
    );
}

#[tokio::test]
async fn a_relative_path_starts_from_the_projects_folder() {
    let path = file("relative", "CREATE TABLE t (x integer); INSERT INTO t VALUES (7)").await;
    let mut config = config(json!({"path": "data.db"}));
    config.project = path.parent().expect("a folder").to_owned();
    assert_eq!(rows(&open("sqlite", config), request("SELECT x FROM t", &[])).await, [["7"]]);
}

const ENDLESS: &str = "WITH RECURSIVE t (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n FROM t WHERE n < 0";

#[tokio::test]
async fn a_slow_query_ends_in_time() {
    let path = file("slow", "CREATE TABLE t (x)").await;
    let mut config = config(json!({"path": path}));
    config.timeout = Duration::from_millis(200);
    let error = refused(&open("sqlite", config), declared(request(ENDLESS, &[]), &[("n", "int")])).await;
    assert!(matches!(&error, SourceError::Timeout { .. }) && error.is_transient(), "{error}");
    until("SQLite's thread ends", || async { threads() == 0 }).await;
}

#[tokio::test]
async fn a_dropped_stream_stops_the_query() {
    let path = file("dropped", "CREATE TABLE t (x)").await;
    let asked = declared(request(ENDLESS, &[]), &[("n", "int")]);
    let extraction = source(&path).extract(asked).await.expect("it starts");
    until("only the query's thread is left", || async { threads() == 1 }).await;
    drop(extraction);
    until("SQLite's thread ends", || async {
        tokio::task::yield_now().await;
        threads() == 0
    })
    .await;
}

/// SQLite's threads in this process; every test runs in a process of its own.
fn threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.starts_with("sqlx-sqlite")).count()
}

#[tokio::test]
async fn a_locked_file_is_worth_another_try() {
    let path = file("locked", "CREATE TABLE t (x integer)").await;
    let options = SqliteConnectOptions::new().filename(&path);
    let mut writer = SqliteConnection::connect_with(&options).await.expect("it opens");
    sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut writer).await.expect("a lock");
    let error = refused(&source(&path), request("SELECT x FROM t", &[])).await;
    assert!(matches!(&error, SourceError::Interrupted { message, .. } if message.contains("locked")), "{error}");
    assert!(error.is_transient());
}

#[tokio::test]
async fn batches_come_before_the_query_ends() {
    let path = file("early", "CREATE TABLE t (x)").await;
    let endless = "WITH RECURSIVE t (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n FROM t";
    let mut extraction =
        source(&path).extract(declared(request(endless, &[]), &[("n", "int")])).await.expect("it starts");
    assert_eq!(extraction.batches.next().await.expect("a batch").expect("rows").num_rows(), 8_192);
}

#[tokio::test]
async fn types_at_zero_rows_come_from_the_declaration() {
    let path = file("zero", "CREATE TABLE t (x)").await;
    let extraction =
        source(&path).extract(declared(request("SELECT x * 2 AS y FROM t", &[]), &[("y", "decimal(9,2)")])).await;
    let extraction = extraction.expect("it starts");
    assert_eq!(schema_text(&extraction), ["y Decimal128(9, 2)"]);
    assert_eq!(drain(extraction).await.expect("no rows").len(), 0);
}
