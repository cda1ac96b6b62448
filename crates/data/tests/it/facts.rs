//! What is known of columns beside their types: what adds up is told from a table's SQL, kept in its
//! file, and passed on to the tables that read it.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use punctual_data::{
    analyze::Analyzer,
    facts::{ADDS_UP, CURRENCY_COLUMN},
    snapshot::{Rows, Snapshot},
    tables::create_table,
};
use punctual_model::sql_text::SqlText;

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

#[tokio::test]
async fn metadata_of_a_dataset_is_kept_and_does_not_disturb_queries() {
    let mut bench = Bench::utc();
    let rows = batch(&[("amount", "int", ints([1, 2])), ("currency", "text", texts(["EUR", "JPY"]))]);
    let bare = rows.schema();
    let fields = bare.fields().iter().map(|f| match f.name().as_str() {
        "amount" => f.as_ref().clone().with_metadata([(CURRENCY_COLUMN.to_owned(), "currency".to_owned())].into()),
        _ => f.as_ref().clone(),
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let rows = arrow::array::RecordBatch::try_new(Arc::clone(&schema), rows.columns().to_vec()).expect("a batch");
    let kept = bench.add_all("orders", schema, vec![rows]).await;
    assert_eq!(kept.schema.field(0).metadata().get(CURRENCY_COLUMN).map(String::as_str), Some("currency"));
    let sql = "SELECT currency, sum(amount) AS a FROM orders GROUP BY 1 UNION ALL SELECT currency, amount FROM orders";
    assert!(bench.show(sql).await.contains("| EUR      | 1 |"));
}
