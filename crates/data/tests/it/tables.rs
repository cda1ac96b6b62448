//! Tables: a total order, kept types, the same bytes twice.

use proptest::prelude::*;
use punctual_data::{session::Session, snapshot::Snapshot, tables::create_table};
use punctual_model::{
    sql_text::SqlText,
    value::{Decimal, Value},
};

use crate::fixtures::{Bench, LIMITS, batch, ints, show_snapshot, texts};

async fn create(bench: &Bench, text: &str, order_by: &[&str]) -> Result<Snapshot, punctual_data::error::DataError> {
    let order_by: Vec<String> = order_by.iter().map(|name| (*name).to_owned()).collect();
    create_table(&bench.session, "t", &SqlText::plain(text), &order_by, &bench.folder.path().join("t.out")).await
}

#[tokio::test]
async fn rows_stand_in_the_given_order_then_in_that_of_all_other_columns() {
    let mut bench = Bench::utc();
    let rows = batch(&[
        ("a", "int", vec![Value::Int(1), Value::Null, Value::Int(2), Value::Int(1), Value::Null]),
        ("b", "text", texts(["y", "z", "x", "x", "a"])),
    ]);
    bench.add("d", rows).await;
    let shown = |text: String| -> Vec<String> {
        text.lines().skip(3).filter(|l| l.starts_with('|')).map(|l| l.replace([' ', '|'], "")).collect()
    };
    let table = create(&bench, "SELECT a, b FROM d", &[]).await.expect("a table");
    assert_eq!(shown(show_snapshot(&table)), ["1x", "1y", "2x", "a", "z"], "NULLs last");
    let table = create(&bench, "SELECT a, b FROM d", &["-b"]).await.expect("a table");
    assert_eq!(shown(show_snapshot(&table)), ["z", "1y", "1x", "2x", "a"]);
    let table = create(&bench, "SELECT a, b FROM d", &["-a", "b"]).await.expect("a table");
    assert_eq!(shown(show_snapshot(&table)), ["2x", "1x", "1y", "a", "z"], "NULLs last here too");
    let error = create(&bench, "SELECT a, b FROM d", &["-c"]).await.expect_err("unknown").to_string();
    assert!(error.contains("order_by: unknown column `c`"), "{error}");
}

#[tokio::test]
async fn a_column_named_with_a_dash_can_be_ordered_by() {
    let bench = Bench::utc();
    let table =
        create(&bench, "SELECT * FROM (VALUES (1, 2), (2, 1)) AS v(\"-x\", x)", &["-x"]).await.expect("a table");
    assert!(show_snapshot(&table).contains("| 1  | 2 |\n| 2  | 1 |"), "{}", show_snapshot(&table));
}

#[tokio::test]
async fn types_are_kept_or_refused() {
    let bench = Bench::utc();
    let text = "SELECT CAST(1 AS SMALLINT) AS i, CAST(2 AS BIGINT UNSIGNED) AS u, CAST(0.5 AS REAL) AS f, NULL AS n, \
                CAST('2026-10-01T00:00:00.123456789Z' AS TIMESTAMP) AS t, arrow_cast('x', 'Dictionary(Int32, Utf8)') AS d, \
                CAST(1.5 AS DECIMAL(50, 1)) AS w";
    let table = create(&bench, text, &[]).await.expect("a table");
    let kinds: Vec<String> = punctual_data::values::column_types(&table.schema)
        .expect("kept types")
        .into_iter()
        .map(|(name, kind)| format!("{name} {kind}"))
        .collect();
    assert_eq!(kinds, ["i int", "u int", "f double", "n text", "t timestamp", "d text", "w decimal(38,1)"]);
    for (text, word) in [
        ("SELECT make_array(1, 2) AS l", "one value for each row"),
        ("SELECT INTERVAL '1 day' AS gap", "column `gap`"),
        ("SELECT named_struct('a', 1) AS s", "column of its own"),
        ("SELECT 1 AS a, 2 AS a", "a"),
        ("SELECT x.a, y.a FROM (SELECT 1 AS a) x, (SELECT 2 AS a) y", "two columns have this name"),
        ("SELECT CAST(18446744073709551615 AS BIGINT UNSIGNED) AS u", "18446744073709551615"),
    ] {
        let error = create(&bench, text, &[]).await.expect_err(text).to_string();
        assert!(error.contains(word), "{text}: {error}");
    }
}

#[tokio::test]
async fn no_rows_make_a_table_with_columns() {
    let mut bench = Bench::utc();
    bench.add("d", batch(&[("a", "int", ints([1])), ("b", "decimal(9,2)", vec![Value::Null])])).await;
    let table = create(&bench, "SELECT a, sum(b) AS b FROM d WHERE false GROUP BY a", &["b"]).await.expect("a table");
    assert_eq!(table.rows, 0);
    assert_eq!(table.schema.field(1).name(), "b");
}

#[tokio::test]
async fn computing_again_gives_the_same_bytes() {
    // Sums of doubles depend on the order of addition, and the small session sorts by spilling.
    let limits = punctual_data::session::Limits { memory: 24 << 20, ..LIMITS };
    let mut bench = Bench::new(limits, "UTC");
    let values = (0..300_000_i64).map(|i| Value::Double((i * 7919 % 1_000_003) as f64 / 7.0)).collect();
    let rows = batch(&[("k", "int", ints((0..300_000).map(|i| i * 31 % 1000))), ("v", "double", values)]);
    bench.add("d", rows).await;
    for text in [
        "SELECT k, sum(v) AS s, avg(v) AS a, stddev(v) AS d FROM d GROUP BY k",
        "SELECT a.k, a.v, count(*) AS n FROM d a JOIN d b ON a.k = b.k AND b.v < 10 GROUP BY a.k, a.v",
        "SELECT *, row_number() OVER (PARTITION BY k ORDER BY v) AS n FROM d",
    ] {
        let first = create(&bench, text, &["-k"]).await.expect("a table").sha256;
        let again = create(&bench, text, &["-k"]).await.expect("a table").sha256;
        assert_eq!(first, again, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn bytes_do_not_depend_on_the_order_of_rows(
        mut rows in prop::collection::vec((prop::option::of(-3_i64..3), "[ab]{0,2}", -100_i128..100), 0..40),
        shuffle in prop::collection::vec(any::<usize>(), 40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let hash = |rows: &[(Option<i64>, String, i128)]| {
            runtime.block_on(async {
                let mut bench = Bench::utc();
                let decimal = |digits| Value::Decimal(Decimal { digits, scale: 1 });
                let rows = batch(&[
                    ("a", "int", rows.iter().map(|row| row.0.map_or(Value::Null, Value::Int)).collect()),
                    ("b", "text", texts(rows.iter().map(|row| row.1.as_str()))),
                    ("c", "decimal(9,1)", rows.iter().map(|row| decimal(row.2)).collect()),
                ]);
                bench.add("d", rows).await;
                create(&bench, "SELECT * FROM d", &["-b"]).await.expect("a table").sha256
            })
        };
        let before = hash(&rows);
        for (index, place) in shuffle.iter().enumerate().take(rows.len()) {
            let other = place % rows.len();
            rows.swap(index, other);
        }
        prop_assert_eq!(before, hash(&rows));
    }
}

#[tokio::test]
async fn a_session_needs_its_folder() {
    let missing = std::path::Path::new("no/such/folder");
    let error = Session::new(LIMITS, &punctual_model::zone::Zone::utc(), missing).err().expect("refused");
    assert!(error.to_string().contains("no/such/folder"), "{error}");
}
