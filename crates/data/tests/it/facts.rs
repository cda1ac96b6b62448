//! What is known of columns beside their types: what adds up is told from a table's SQL, kept in its
//! file, and passed on to the tables that read it.

use std::sync::Arc;

use arrow::{
    array::RecordBatch,
    datatypes::{DataType, Field, Schema},
};
use punctual_data::{
    analyze::Analyzer,
    error::DataError,
    facts::{ADDS_UP, COLLATION, COLLATION_CI, CURRENCY, CURRENCY_COLUMN},
    job::{Job, TableInput},
    snapshot::{Rows, Snapshot},
    tables::create_table,
};
use punctual_model::{finding::Finding, sql_text::SqlText};

use crate::checks::{dataset, spec};
use crate::fixtures::{Bench, batch, days, ints, texts};

/// `name: sum`, `name: no` or `name: ?` for each column.
fn words(schema: &Schema) -> String {
    let word = |field: &Field| field.metadata().get(ADDS_UP).map_or("?", String::as_str).to_owned();
    schema.fields().iter().map(|f| format!("{}: {}", f.name(), word(f))).collect::<Vec<_>>().join(", ")
}

fn analyzer() -> Analyzer {
    let mut analyzer = Analyzer::default();
    let numbers = |names: &[&str]| {
        let fields = names.iter().map(|name| Field::new(*name, DataType::Int64, true));
        Arc::new(Schema::new(fields.chain([Field::new("day", DataType::Date32, true)]).collect::<Vec<_>>()))
    };
    analyzer.know("traffic", numbers(&["client_id", "channel", "visits", "orders", "price"]));
    analyzer.know("clients", numbers(&["client_id", "slug"]));
    analyzer.unique("clients", &["client_id".to_owned()]);
    analyzer
}

fn told(sql: &str) -> String {
    words(&analyzer().table("x", &SqlText::plain(sql), &[]).unwrap_or_else(|e| panic!("{sql}: {e}")))
}

#[test]
fn sums_and_counts_add_up_and_keys_and_ratios_do_not() {
    for (sql, right) in [
        ("SELECT channel, sum(visits) AS v, count(*) AS n FROM traffic GROUP BY 1", "channel: no, v: sum, n: sum"),
        ("SELECT avg(visits) AS a, median(visits) AS m, min(visits) AS l FROM traffic", "a: no, m: no, l: no"),
        ("SELECT count(DISTINCT client_id) AS n, sum(DISTINCT visits) AS s FROM traffic", "n: no, s: no"),
        ("SELECT sum(orders) / sum(visits) AS r, sum(orders) * 1.0 / count(*) AS q FROM traffic", "r: no, q: no"),
        (
            "SELECT sum(visits) * 2 AS a, -sum(visits) AS b, sum(visits) / 100.0 AS c FROM traffic",
            "a: sum, b: sum, c: sum",
        ),
        ("SELECT sum(visits) - sum(orders) AS d, sum(visits) + 5 AS e FROM traffic", "d: sum, e: no"),
        (
            "SELECT coalesce(sum(visits), 0) AS a, CAST(sum(visits) AS decimal(12,2)) AS b FROM traffic",
            "a: sum, b: sum",
        ),
        ("SELECT round(sum(visits) * 1.19, 2) AS a, nullif(sum(visits), 0) AS b FROM traffic", "a: sum, b: sum"),
        ("SELECT CASE WHEN channel = 1 THEN sum(visits) ELSE 0 END AS a FROM traffic GROUP BY channel", "a: sum"),
        (
            "SELECT CASE WHEN channel = 1 THEN sum(visits) ELSE max(visits) END AS a FROM traffic GROUP BY channel",
            "a: no",
        ),
        ("SELECT extract(year FROM day) AS year, sum(visits) AS v FROM traffic GROUP BY 1", "year: no, v: sum"),
        ("SELECT sum(visits) FILTER (WHERE channel = 1) AS v FROM traffic", "v: sum"),
        ("SELECT visits, visits * price AS p, 2026 AS year, day FROM traffic", "visits: ?, p: ?, year: no, day: ?"),
        (
            "SELECT sum(visits) AS v, rank() OVER (ORDER BY sum(visits)) AS r FROM traffic GROUP BY channel",
            "v: sum, r: no",
        ),
        ("SELECT sum(sum(visits)) OVER (ORDER BY day) AS running FROM traffic GROUP BY day", "running: no"),
        ("SELECT channel, sum(visits) AS v FROM traffic GROUP BY ROLLUP(channel)", "channel: no, v: no"),
    ] {
        assert_eq!(told(sql), right, "{sql}");
    }
}

#[test]
fn what_adds_up_passes_through_queries() {
    let by = "SELECT client_id, sum(visits) AS v FROM traffic GROUP BY 1";
    for (sql, right) in [
        (format!("SELECT * FROM ({by}) q ORDER BY v LIMIT 3"), "client_id: no, v: sum"),
        (format!("WITH q AS ({by}) SELECT client_id, v * 2 AS w FROM q WHERE v > 3"), "client_id: no, w: sum"),
        (format!("{by} UNION ALL SELECT client_id, count(*) FROM traffic GROUP BY 1"), "client_id: no, v: sum"),
        (format!("{by} UNION ALL SELECT client_id, max(visits) FROM traffic GROUP BY 1"), "client_id: no, v: no"),
        (format!("{by} UNION ALL SELECT client_id, visits FROM traffic"), "client_id: no, v: ?"),
        (format!("SELECT DISTINCT v FROM ({by}) q"), "v: sum"),
        (format!("{by} HAVING sum(visits) > 5"), "client_id: no, v: sum"),
        (format!("SELECT v FROM ({by}) q WHERE client_id IN (SELECT client_id FROM clients)"), "v: sum"),
        (format!("SELECT max(v) AS m, sum(v) AS s FROM ({by}) q"), "m: no, s: sum"),
    ] {
        assert_eq!(told(&sql), right, "{sql}");
    }
}

#[test]
fn a_join_keeps_sums_only_where_it_repeats_no_row() {
    let by = "(SELECT client_id, sum(visits) AS v FROM traffic GROUP BY 1)";
    for (sql, right) in [
        // The other side is one row for each client: by its key, by a check, or because there is one row.
        (format!("SELECT a.v, b.v AS w FROM {by} a JOIN {by} b ON a.client_id = b.client_id"), "v: sum, w: sum"),
        (format!("SELECT a.v FROM {by} a JOIN {by} b USING (client_id)"), "v: sum"),
        (format!("SELECT a.v FROM {by} a, {by} b WHERE a.client_id = b.client_id"), "v: sum"),
        (format!("SELECT c.slug, a.v FROM clients c LEFT JOIN {by} a ON a.client_id = c.client_id"), "slug: ?, v: sum"),
        (
            format!(
                "SELECT coalesce(a.v, 0) AS v FROM clients c LEFT JOIN {by} a ON c.client_id = a.client_id \
                  LEFT JOIN {by} b ON b.client_id = c.client_id"
            ),
            "v: sum",
        ),
        (
            format!("SELECT a.v, t.total FROM {by} a CROSS JOIN (SELECT sum(v) AS total FROM {by} q) t"),
            "v: sum, total: ?",
        ),
        // A client's visits stand beside each of its orders.
        (format!("SELECT a.v FROM {by} a JOIN traffic t ON t.client_id = a.client_id"), "v: ?"),
        (format!("SELECT a.v FROM {by} a CROSS JOIN clients c"), "v: ?"),
        (format!("SELECT a.v FROM {by} a JOIN clients c ON a.client_id = c.slug"), "v: ?"),
        (format!("SELECT a.v FROM {by} a LEFT JOIN clients c ON a.v > c.client_id"), "v: ?"),
    ] {
        assert_eq!(told(&sql), right, "{sql}");
    }
}

async fn traffic() -> Bench {
    let mut bench = Bench::utc();
    let rows = batch(&[
        ("client_id", "int", ints([7, 7, 9])),
        ("channel", "text", texts(["web", "shop", "web"])),
        ("visits", "int", ints([1, 2, 3])),
        ("day", "date", days(["2026-10-01", "2026-10-02", "2026-10-02"])),
    ]);
    bench.add("traffic", rows).await;
    bench
}

async fn table(bench: &mut Bench, name: &str, sql: &str) -> Snapshot {
    let path = bench.folder.path().join(format!("{name}.parquet"));
    let table = create_table(&bench.session, name, &SqlText::plain(sql), &[], &path).await.expect(sql);
    bench.session.register(name, &table).expect("registered");
    table
}

#[tokio::test]
async fn a_tables_file_keeps_what_adds_up_and_later_tables_know_it() {
    let mut bench = traffic().await;
    let daily = table(&mut bench, "daily", "SELECT client_id, day, sum(visits) AS v FROM traffic GROUP BY 1, 2").await;
    assert_eq!(words(&daily.schema), "client_id: no, day: no, v: sum");
    assert_eq!(words(Rows::open(&daily).expect("opened").schema()), "client_id: no, day: no, v: sum");
    let opened = Snapshot::open(&daily.path, daily.sha256.clone()).expect("opened");
    assert_eq!(opened.schema, daily.schema);
    bench.session.register("daily", &opened).expect("registered");
    let plain = table(&mut bench, "plain", "SELECT day, v FROM daily WHERE client_id = 7").await;
    assert_eq!(words(&plain.schema), "day: no, v: sum");
    // Each row of `daily` meets at most one of its own kind by both keys, and several by one of them.
    let both = "SELECT a.v FROM daily a JOIN daily b ON a.client_id = b.client_id AND a.day = b.day";
    assert_eq!(words(&table(&mut bench, "both", both).await.schema), "v: sum");
    let one = "SELECT a.v FROM daily a JOIN daily b ON a.day = b.day";
    assert_eq!(words(&table(&mut bench, "one", one).await.schema), "v: ?");
}

/// The rows with one more fact about a column.
fn with_fact(rows: RecordBatch, column: &str, key: &str, value: &str) -> RecordBatch {
    let schema = rows.schema();
    let fields = schema.fields().iter().map(|field| {
        let mut metadata = field.metadata().clone();
        if field.name() == column {
            metadata.insert(key.to_owned(), value.to_owned());
        }
        field.as_ref().clone().with_metadata(metadata)
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    RecordBatch::try_new(schema, rows.columns().to_vec()).expect("a batch")
}

async fn orders() -> Bench {
    let mut bench = Bench::utc();
    let rows = batch(&[
        ("client", "text", texts(["ana", "ana", "bo", "bo"])),
        ("amount", "int", ints([100, 50, 20_000, 150])),
        ("currency", "text", texts(["EUR", "EUR", "JPY", "JPY"])),
        ("fee", "int", ints([1, 2, 3, 4])),
        ("cost", "int", ints([1, 2, 3, 4])),
    ]);
    let rows = with_fact(rows, "amount", CURRENCY_COLUMN, "currency");
    let rows = with_fact(with_fact(rows, "fee", CURRENCY, "EUR"), "cost", CURRENCY, "USD");
    bench.add("orders", rows).await;
    bench
}

async fn attempt(bench: &Bench, sql: &str) -> Result<Snapshot, DataError> {
    create_table(&bench.session, "x", &SqlText::plain(sql), &[], &bench.folder.path().join("x.parquet")).await
}

#[tokio::test]
async fn amounts_of_different_currencies_are_not_added_in_silence() {
    let bench = orders().await;
    for sql in [
        "SELECT sum(amount) AS a FROM orders",
        "SELECT avg(amount * 2) AS a FROM orders",
        "SELECT max(coalesce(amount, 0)) AS a FROM orders WHERE amount > 60",
        "SELECT sum(a) AS a FROM (SELECT client, amount AS a FROM orders) q",
        "WITH q AS (SELECT client, currency, sum(amount) AS a FROM orders GROUP BY 1, 2) SELECT sum(a) AS a FROM q",
        "SELECT sum(a) AS a FROM (SELECT amount AS a FROM orders WHERE amount > 60) q",
        "SELECT client, (SELECT sum(amount) FROM orders) AS whole FROM orders",
    ] {
        let message = attempt(&bench, sql).await.expect_err(sql).to_string();
        assert!(message.starts_with("table `x`: `"), "{sql}: {message}");
        assert!(message.contains("EUR and JPY together (`currency` of `orders`"), "{sql}: {message}");
    }
    for sql in [
        "SELECT currency, sum(amount) AS a FROM orders GROUP BY 1",
        "SELECT client, sum(amount) AS a FROM orders GROUP BY 1",
        "SELECT sum(amount) AS a FROM orders WHERE currency = 'EUR'",
        "SELECT sum(amount) FILTER (WHERE currency = 'JPY') AS a FROM orders",
        "SELECT sum(a) AS a FROM (SELECT amount AS a FROM orders WHERE currency = 'EUR') q",
        "SELECT count(amount) AS n, sum(fee) AS f, sum(cost) AS c FROM orders",
    ] {
        attempt(&bench, sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
    let message =
        attempt(&bench, "SELECT fee + cost AS both FROM orders").await.expect_err("two currencies").to_string();
    assert!(message.contains("`fee` is in EUR and `cost` in USD"), "{message}");
}

#[tokio::test]
async fn a_tables_amounts_keep_their_currency() {
    let bench = orders().await;
    let sql = "SELECT currency AS money, sum(amount) AS a, sum(fee) * 2 AS fees, count(*) AS n FROM orders GROUP BY 1";
    let table = attempt(&bench, sql).await.expect(sql);
    let said = |index: usize, key: &str| table.schema.field(index).metadata().get(key).cloned();
    assert_eq!(said(1, CURRENCY_COLUMN).as_deref(), Some("money"));
    assert_eq!(said(2, CURRENCY).as_deref(), Some("EUR"));
    assert_eq!((said(3, CURRENCY), said(3, CURRENCY_COLUMN)), (None, None));
}

#[tokio::test]
async fn what_a_server_calls_equal_is_found_where_it_is_compared() {
    let folder = tempfile::tempdir().expect("a folder");
    let orders = batch(&[("channel", "text", texts(["Web", "web", "shop "])), ("visits", "int", ints([1, 2, 3]))]);
    let orders = with_fact(orders, "channel", COLLATION, COLLATION_CI);
    let names = batch(&[("code", "text", texts(["WEB", "shop"])), ("name", "text", texts(["The web", "Shops"]))]);
    let accepted =
        serde_json::json!({"accepted": {"column": "channel", "values": ["web", "shop"], "otherwise": "warn"}});
    let inputs = [dataset(&folder, "orders", orders, &[accepted]).await, dataset(&folder, "names", names, &[]).await];
    let job = Job::open(spec(&folder, "UTC", "2026-10-01", "2026-10-04")).expect("a job");
    let datasets = job.check(&inputs).await.expect("checks");
    let of = |findings: &[Finding]| -> Vec<String> {
        findings.iter().filter(|f| f.check == "compare").map(|f| f.message.clone()).collect()
    };
    let found = of(&datasets.checked().findings);
    assert!(
        found.len() == 2 && found[0].starts_with("1 value of `channel` of `orders` differs from 'shop' in nothing"),
        "{found:?}"
    );
    let table = |name: &str, sql: &str| TableInput {
        name: name.parse().expect("a name"),
        sql: SqlText::plain(sql),
        order_by: Vec::new(),
        checks: Vec::new(),
    };
    let tables = [
        table("filtered", "SELECT sum(visits) AS v FROM orders WHERE channel = 'web'"),
        table("joined", "SELECT n.name, o.visits FROM orders o JOIN names n ON n.code = o.channel"),
        table("grouped", "SELECT channel, sum(visits) AS v FROM orders GROUP BY 1"),
        table("fine", "SELECT sum(visits) AS v FROM orders WHERE lower(rtrim(channel)) = 'web'"),
    ];
    let tables = datasets.compute(&tables).await.expect("tables");
    let found = of(&tables.checked().findings);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(
        found[0].starts_with("1 value of `channel` of `orders` differs from 'web' in nothing apart from capitals"),
        "{found:?}"
    );
    assert!(
        found[1].starts_with("3 values of `channel` of `orders` differ from values of `code` of `names`"),
        "{found:?}"
    );
    assert!(found[2].contains("differs from one another in nothing"), "{found:?}");
}

#[tokio::test]
async fn metadata_of_a_dataset_does_not_disturb_queries() {
    let bench = orders().await;
    let sql = "SELECT currency, sum(amount) AS a FROM orders GROUP BY 1 UNION ALL SELECT currency, amount FROM orders";
    assert!(bench.show(sql).await.contains("| EUR      | 100 "));
}
