//! The split: editions have their rows and no others, and add up.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use proptest::prelude::*;
use punctual_data::{
    snapshot::Snapshot,
    split::{SplitInput, SplitTable, split_findings, split_table},
    values::{key_at, value_at},
};
use punctual_model::value::{Decimal, Value};

use crate::fixtures::{Bench, batch, ints, read, texts};

async fn split(bench: &mut Bench, rows: RecordBatch, keys: &[&str]) -> (Snapshot, SplitTable) {
    let snapshot = bench.add("d", rows).await;
    let keys = keys.iter().map(|key| (*key).to_owned()).collect();
    let input = SplitInput { name: "d", rows: &snapshot, order_by: &[] };
    let path = bench.folder.path().join("split.parquet");
    let table = split_table(&bench.session, input, "client_id", &keys, &path).await.expect("a split");
    (snapshot, table)
}

fn values(batches: &[RecordBatch], column: usize) -> Vec<Value> {
    let read = |batch: &RecordBatch| -> Vec<Value> {
        (0..batch.num_rows()).map(|row| value_at(batch.column(column), row).expect("a value")).collect()
    };
    batches.iter().flat_map(read).collect()
}

#[tokio::test]
async fn editions_have_their_rows_in_the_tables_order() {
    let mut bench = Bench::utc();
    let rows = batch(&[("client_id", "text", texts(["b", "a", "b", "c"])), ("n", "int", ints([3, 2, 1, 0]))]);
    let (_, table) = split(&mut bench, rows, &["a", "b", "d"]).await;
    assert_eq!(values(&read(&table.edition("b")), 1), ints([1, 3]));
    assert_eq!(values(&read(&table.edition("a")), 1), ints([2]));
    assert_eq!(table.edition("d").count(), 0);
    assert!(read(&table.edition("d")).is_empty());
    assert_eq!(table.edition("c").count(), 0, "no edition has this key");
    assert_eq!((table.unassigned.unknown, table.unassigned.keys.as_slice()), (1, &["c".to_owned()][..]));
}

#[tokio::test]
async fn a_key_is_the_same_however_it_is_typed() {
    let decimals = [700, 750, 900].map(|digits| Value::Decimal(Decimal { digits, scale: 2 })).to_vec();
    for (kind, seven) in [
        ("decimal(9,2)", decimals),
        ("double", vec![Value::Double(7.0), Value::Double(7.5), Value::Double(9.0)]),
        ("text", texts(["7", "7.5", "9"])),
    ] {
        let mut bench = Bench::utc();
        let rows = batch(&[("client_id", kind, seven), ("n", "int", ints([1, 2, 3]))]);
        let (_, table) = split(&mut bench, rows, &["7", "9"]).await;
        assert_eq!(values(&read(&table.edition("7")), 1), ints([1]), "{kind}");
        assert_eq!(table.unassigned.unknown, 1, "{kind}: 7.5");
    }
}

#[tokio::test]
async fn rows_without_an_edition_fail_and_editions_without_rows_warn() {
    let mut bench = Bench::utc();
    let rows = batch(&[("client_id", "int", vec![Value::Int(7), Value::Null, Value::Null, Value::Int(8)])]);
    let (_, table) = split(&mut bench, rows, &["7", "9", "10"]).await;
    let keys: BTreeSet<String> = ["7", "9", "10"].map(str::to_owned).into();
    let found = split_findings("client_id", &keys, [("traffic", &table), ("spend", &table)].into_iter());
    let told: Vec<String> =
        found.iter().map(|f| format!("{} {:?} {}: {}", f.subject, f.severity, f.rows, f.message)).collect();
    assert_eq!(
        told,
        [
            "traffic Fail 2: 2 rows have no `client_id` and belong to no edition",
            "traffic Fail 1: 1 row has a `client_id` that no edition has",
            "spend Fail 2: 2 rows have no `client_id` and belong to no edition",
            "spend Fail 1: 1 row has a `client_id` that no edition has",
            "burst Warn 0: client_id 10 has no data in `traffic`, `spend`",
            "burst Warn 0: client_id 9 has no data in `traffic`, `spend`",
        ]
    );
    assert_eq!(found[1].samples, ["client_id=8"]);
}

#[tokio::test]
async fn a_table_without_the_key_cannot_be_split() {
    let mut bench = Bench::utc();
    let snapshot = bench.add("d", batch(&[("clientid", "int", ints([1]))])).await;
    let input = SplitInput { name: "d", rows: &snapshot, order_by: &[] };
    let path = bench.folder.path().join("split.parquet");
    let error = split_table(&bench.session, input, "client_id", &BTreeSet::new(), &path).await.expect_err("refused");
    assert!(error.to_string().contains("did you mean `clientid`?"), "{error}");
}

#[tokio::test]
async fn a_snapshot_that_changed_meanwhile_does_not_prove() {
    let mut bench = Bench::utc();
    let first = bench.add("d", batch(&[("client_id", "int", ints([1, 2])), ("n", "int", ints([5, 6]))])).await;
    let keys = BTreeSet::from(["1".to_owned(), "2".to_owned()]);
    let path = bench.folder.path().join("split.parquet");
    for (other, what) in [
        (batch(&[("client_id", "int", ints([1, 2])), ("n", "int", ints([5, 7]))]), "the sums of `n` differ"),
        (
            batch(&[("client_id", "int", ints([1, 2, 2])), ("n", "int", ints([5, 6, 0]))]),
            "the editions have 2 rows, the table has 3",
        ),
    ] {
        let changed = crate::fixtures::store(&bench.folder.path().join("other"), other.schema(), vec![other]).await;
        let input = SplitInput { name: "d", rows: &changed, order_by: &[] };
        bench.session.register("d", &first).expect("registered");
        let error =
            split_table(&bench.session, input, "client_id", &keys, &path).await.expect_err("no proof").to_string();
        assert!(error.contains(what), "{error}");
    }
}

#[tokio::test]
async fn many_small_editions_are_read_without_reading_the_others() {
    let mut bench = Bench::utc();
    let rows = batch(&[("client_id", "int", ints((0..200_000).map(|i| i % 5000))), ("n", "int", ints(0..200_000))]);
    let keys: Vec<String> = (0..5000).map(|i| i.to_string()).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let (_, table) = split(&mut bench, rows, &keys).await;
    for key in ["0", "4999", "1234"] {
        let number: i64 = key.parse().expect("a number");
        assert_eq!(values(&read(&table.edition(key)), 1), ints((0..40).map(|i| i * 5000 + number)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn random_tables_split_into_their_groups(
        rows in prop::collection::vec((prop::option::of(0_i64..6), any::<i64>(), -1e9..1e9_f64), 0..300),
        keys in prop::collection::btree_set(0_i64..8, 0..6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let mut expected: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for (key, number, _) in &rows {
            if let Some(key) = key.filter(|key| keys.contains(key)) {
                expected.entry(key).or_default().push(*number);
            }
        }
        let known = rows.iter().filter(|row| row.0.is_some_and(|key| keys.contains(&key))).count() as u64;
        let table = batch(&[
            ("client_id", "int", rows.iter().map(|row| row.0.map_or(Value::Null, Value::Int)).collect()),
            ("n", "int", ints(rows.iter().map(|row| row.1))),
            ("f", "double", rows.iter().map(|row| Value::Double(row.2)).collect()),
        ]);
        let texts: Vec<String> = keys.iter().map(i64::to_string).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let mut bench = Bench::utc();
        let (whole, split) = runtime.block_on(split(&mut bench, table, &texts));
        prop_assert_eq!(split.snapshot.rows, known);
        prop_assert_eq!(whole.rows, known + split.unassigned.unknown + split.unassigned.without_key);
        for key in &texts {
            let batches = read(&split.edition(key));
            for batch in &batches {
                for row in 0..batch.num_rows() {
                    let found = key_at(batch.column(0), row).expect("a key");
                    prop_assert_eq!(found.as_deref(), Some(*key));
                }
            }
            let mut numbers = expected.remove(&key.parse().expect("a number")).unwrap_or_default();
            numbers.sort_unstable();
            prop_assert_eq!(values(&batches, 1), ints(numbers));
        }
        prop_assert!(expected.is_empty());
    }
}
