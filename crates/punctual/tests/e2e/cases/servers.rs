//! What a server calls equal is equal here: blanks at the end of PostgreSQL's `char(n)`, MariaDB's texts,
//! and its whole numbers beyond 64 bits. The servers are those of `scripts/services.sh`.

use serde_json::json as value;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection};

use super::{Case, column, json, made, run, says};
use crate::{
    figures::section,
    project::Project,
    servers::{mariadb_database, postgres_database, secret},
};

const TARGETS: &str = "segment,target\nRETAIL,250.00\nTRADE,300.00\nWHOLESALE1,900.00\n";

const JOINED: &str = "joined: {sql: 'SELECT t.segment, t.target, sum(o.amount) AS amount FROM targets t JOIN orders o \
                      ON o.segment = t.segment GROUP BY 1, 2', order_by: [segment]}, \
                      grouped: {sql: 'SELECT segment, count(*) AS orders FROM orders GROUP BY segment', order_by: [segment]}";

/// Orders of a server beside targets of a file.
fn segments(kind: &str, url: &str, segment: &str, retail: &str) -> Project {
    let datasets = format!(
        "orders: {{source: data, sql: 'SELECT id, segment, amount FROM orders', columns: {{{segment}}}}}, \
         targets: {{source: targets, columns: {{target: 'decimal(12,2)', {segment}}}}}"
    );
    let tables = format!(
        "retail: {{sql: \"SELECT count(*) AS orders, sum(amount) AS amount FROM orders WHERE segment = '{retail}'\"}}, {JOINED}"
    );
    let case = Case {
        datasets: &datasets,
        tables: &tables,
        sections: "{name: figures, type: figures, data: retail, values: [orders, {field: amount, format: currency}]}, \
                   {name: joined, type: table, data: joined, totals: true}, {name: grouped, type: table, data: grouped}",
        ..Case::default()
    };
    let project = Project::empty();
    project.write("targets.csv", TARGETS);
    case.define(&project, &format!("type: {kind}\nurl: {}", secret(&project, "server.url", url)));
    project.write("targets.yaml", "kind: source\nname: targets\ntype: csv\npath: targets.csv\n");
    project
}

/// Two orders of $300 in retail, and every segment beside its target.
#[track_caller]
fn assert_right(project: &Project, segments: [&str; 3]) {
    made(project);
    let report = json(project);
    let figures = &section(&report, "figures")["figures"];
    assert_eq!((&figures[0]["value"], &figures[1]["text"]), (&value!(2), &value!("$300.00")));
    assert_eq!(column(&report, "joined", "segment"), segments);
    assert_eq!(column(&report, "joined", "amount"), [value!(300.0), value!(400.0), value!(800.0)]);
    assert_eq!(section(&report, "joined")["totals"][2]["value"], value!(1500.0));
    assert_eq!(column(&report, "grouped", "orders"), [value!(2), value!(1), value!(1)]);
}

#[tokio::test]
async fn padded_texts_of_postgresql_match_what_the_server_calls_equal() {
    let url = postgres_database("e2e_cases_char").await;
    let mut server = PgConnection::connect(&url).await.expect("PostgreSQL answers");
    let orders = "CREATE TABLE orders (id int, segment char(10), amount numeric(12,2));
        INSERT INTO orders VALUES (1, 'RETAIL', 100), (2, 'RETAIL', 200), (3, 'TRADE', 400), (4, 'WHOLESALE1', 800);";
    sqlx::raw_sql(orders).execute(&mut server).await.expect("a table");
    assert_right(&segments("postgres", &url, "", "RETAIL"), ["RETAIL", "TRADE", "WHOLESALE1"]);
}

#[tokio::test]
async fn texts_that_mariadb_calls_equal_are_a_finding_and_match_once_they_are_folded() {
    let url = mariadb_database("e2e_cases_text").await;
    let mut server = MySqlConnection::connect(&url).await.expect("MariaDB answers");
    let orders = "CREATE TABLE orders (id int, segment varchar(20) COLLATE utf8mb4_general_ci, amount decimal(12,2));
        INSERT INTO orders VALUES (1, 'RETAIL', 100), (2, 'Retail ', 200), (3, 'trade', 400), (4, 'WHOLESALE1', 800);";
    sqlx::raw_sql(orders).execute(&mut server).await.expect("a table");
    // As they are kept they differ from the file's, and a finding says what the server would have found.
    let told = run(&segments("mysql", &url, "", "RETAIL"), &[]);
    says(&told, 0, &["`segment`", "apart from capitals or spaces at the end"]);
    let folded = segments("mysql", &url, "segment: {type: text, collation: fold}", "retail");
    assert_right(&folded, ["retail", "trade", "wholesale1"]);
}

#[tokio::test]
async fn unsigned_numbers_of_mariadb_beyond_64_bits_are_refused_by_their_column_and_exact_as_decimals() {
    let url = mariadb_database("e2e_cases_unsigned").await;
    let mut server = MySqlConnection::connect(&url).await.expect("MariaDB answers");
    let rows = "CREATE TABLE t (link varchar(9), bytes bigint unsigned);
        INSERT INTO t VALUES ('north', 18446744073709551615), ('west', 1);";
    sqlx::raw_sql(AssertSqlSafe(rows)).execute(&mut server).await.expect("a table");
    let case = |columns: &str| {
        let datasets = format!("rows: {{source: data, sql: 'SELECT link, bytes FROM t'{columns}}}");
        let project = Project::empty();
        let sections = "{name: rows, type: table, data: sums}";
        let tables = "sums: {sql: 'SELECT sum(bytes) AS bytes FROM rows'}";
        let case = Case { datasets: &datasets, tables, sections, ..Case::default() };
        case.define(&project, &format!("type: mysql\nurl: {}", secret(&project, "server.url", &url)));
        project
    };
    let place = "dataset `rows`: row 1, column `bytes`: 18446744073709551615 is larger than int can hold";
    says(&run(&case(""), &[]), 3, &[place, "declare \"decimal(20,0)\" or text"]);
    let wide = case(", columns: {bytes: 'decimal(20,0)'}");
    made(&wide);
    assert!(String::from_utf8_lossy(&super::file(&wide, "json")).contains("\"bytes\":18446744073709551616}"));
}
