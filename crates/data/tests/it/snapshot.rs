//! Snapshots: the same rows give the same bytes, nothing half-written remains, everything reads back.

use std::{fs, sync::Arc};

use arrow::{
    array::{ArrayRef, IntervalMonthDayNanoArray, RecordBatch, StringArray},
    datatypes::{DataType, Field, IntervalUnit, Schema},
};
use futures::stream;
use proptest::prelude::*;
use punctual_data::{
    error::DataError,
    snapshot::{self, Layout, Rows, Snapshot, SnapshotWriter, StreamError},
};
use punctual_model::value::Value;

use crate::fixtures::{batch, ints, read, show, store, texts};

fn numbers(range: std::ops::Range<i64>) -> RecordBatch {
    let names: Vec<String> = range.clone().map(|i| format!("row {}", i % 100)).collect();
    batch(&[("id", "int", ints(range)), ("name", "text", texts(names.iter().map(String::as_str)))])
}

#[tokio::test]
async fn bytes_depend_on_the_rows_and_not_on_how_they_were_batched() {
    let folder = tempfile::tempdir().expect("a folder");
    let all = numbers(0..50_000);
    let mut found = Vec::new();
    for (name, sizes) in [("a", vec![50_000]), ("b", vec![1, 49_999]), ("c", vec![8192, 8191, 8193, 20_000, 5424])] {
        let mut start = 0;
        let batches = sizes
            .into_iter()
            .map(|size| {
                start += size;
                all.slice(start - size, size)
            })
            .collect();
        let snapshot = store(&folder.path().join(name), all.schema(), batches).await;
        assert_eq!(snapshot.rows, 50_000);
        assert_eq!(snapshot.bytes, fs::metadata(&snapshot.path).expect("a file").len());
        snapshot.verify().expect("the hash is that of the file");
        found.push(snapshot.sha256);
    }
    assert!(found.iter().all(|hash| *hash == found[0]), "{found:?}");
}

/// Wide texts end a batch by their bytes, wherever the batches ended in which they came.
#[tokio::test]
async fn bytes_of_wide_texts_do_not_depend_on_how_they_were_batched() {
    let folder = tempfile::tempdir().expect("a folder");
    let wide: Vec<String> =
        (0..120).map(|n| n.to_string().repeat(if n % 7 == 0 { 300_000 } else { 100_000 })).collect();
    let all = batch(&[("id", "int", ints(0..120)), ("name", "text", texts(wide.iter().map(String::as_str)))]);
    let mut found = Vec::new();
    for (name, size) in [("a", 120), ("b", 1), ("c", 7), ("d", 50)] {
        let batches = (0..120).step_by(size).map(|start| all.slice(start, size.min(120 - start))).collect();
        let snapshot = store(&folder.path().join(name), all.schema(), batches).await;
        assert_eq!(Rows::open(&snapshot).expect("opened").count(), 120);
        found.push(snapshot.sha256);
    }
    assert!(found.iter().all(|hash| *hash == found[0]), "{found:?}");
}

#[tokio::test]
async fn metadata_and_nullability_leave_no_trace() {
    let folder = tempfile::tempdir().expect("a folder");
    let column: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    let mut hashes = Vec::new();
    for (name, nullable, key) in [("a", true, "from"), ("b", false, "to")] {
        let field = Field::new("c", DataType::Utf8, nullable).with_metadata([(key.to_owned(), "1".to_owned())].into());
        let schema = Schema::new(vec![field]).with_metadata([(key.to_owned(), "2".to_owned())].into());
        let batch = RecordBatch::try_new(Arc::new(schema), vec![Arc::clone(&column)]).expect("a batch");
        hashes.push(store(&folder.path().join(name), batch.schema(), vec![batch]).await.sha256);
    }
    assert_eq!(hashes[0], hashes[1]);
}

#[tokio::test]
async fn no_rows_keep_the_schema() {
    let folder = tempfile::tempdir().expect("a folder");
    let schema = numbers(0..1).schema();
    let written = store(&folder.path().join("empty"), Arc::clone(&schema), vec![]).await;
    assert_eq!((written.rows, &written.schema), (0, &schema));
    let opened = Snapshot::open(&written.path, &written.sha256).expect("opened");
    assert_eq!(opened, written);
    let rows = Rows::open(&opened).expect("opened");
    assert_eq!((rows.count(), rows.schema()), (0, &schema));
    assert!(read(&rows).is_empty());
}

#[tokio::test]
async fn a_stream_that_fails_leaves_what_was_there_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("data.parquet");
    let before = store(&path, numbers(0..1).schema(), vec![numbers(0..10)]).await;
    let broken = stream::iter([Ok(numbers(0..20_000)), Err("the source died"), Ok(numbers(0..1))]);
    let error = snapshot::write_stream(&path, numbers(0..1).schema(), broken).await.expect_err("broken");
    assert!(matches!(error, StreamError::Source("the source died")), "{error:?}");
    before.verify().expect("untouched");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "no temporary file remains");
}

#[tokio::test]
async fn a_writer_that_is_dropped_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let schema = numbers(0..1).schema();
    let mut writer = SnapshotWriter::create(&folder.path().join("x"), &schema, Layout::WHOLE).expect("created");
    writer.write(&numbers(0..100_000)).expect("written");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "the temporary file");
    drop(writer);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[tokio::test]
async fn intervals_and_other_columns_than_announced_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let interval = Field::new("gap", DataType::Interval(IntervalUnit::MonthDayNano), true);
    let nested = Field::new("gaps", DataType::List(Arc::new(interval.clone())), true);
    for field in [interval, nested] {
        let schema = Schema::new(vec![field.clone()]);
        let error = SnapshotWriter::create(&folder.path().join("x.parquet"), &schema, Layout::WHOLE).err();
        let message = error.expect("refused").to_string();
        assert!(message.contains(field.name()) && message.contains("extract(epoch"), "{message}");
    }
    let schema = numbers(0..1).schema();
    let other: ArrayRef = Arc::new(IntervalMonthDayNanoArray::from(vec![None]));
    let wrong = RecordBatch::try_from_iter_with_nullable([("id", other, true)]).expect("a batch");
    let stream = stream::iter([Ok::<_, DataError>(wrong)]);
    let error = snapshot::write_stream(&folder.path().join("y"), schema, stream).await.expect_err("refused");
    assert!(error.to_string().contains("announced columns"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[tokio::test]
async fn damaged_files_are_told_apart_from_changed_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let written = store(&folder.path().join("a"), numbers(0..1).schema(), vec![numbers(0..1000)]).await;
    let bytes = fs::read(&written.path).expect("read");
    fs::write(&written.path, &bytes[..bytes.len() / 2]).expect("written");
    let error = Snapshot::open(&written.path, &written.sha256).expect_err("cut off").to_string();
    assert!(error.contains(&written.path.display().to_string()), "{error}");
    assert!(written.verify().expect_err("changed").to_string().contains("content changed"));
    let error = Snapshot::open(folder.path().join("none"), "").expect_err("missing");
    assert!(error.is_transient(), "{error}");
}

#[tokio::test]
async fn rows_are_read_by_column_range_and_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let written = store(&folder.path().join("a"), numbers(0..1).schema(), vec![numbers(0..40_000)]).await;
    let rows = Rows::open(&written).expect("opened");
    let some = rows.range(20_000..20_002).columns(&["name", "id", "name"]).expect("columns");
    assert_eq!(some.count(), 2);
    let text = show(&read(&some));
    assert!(text.contains("| name  | id    | name  |") && text.contains("| row 1 | 20001 | row 1 |"), "{text}");
    let keyed: Vec<RecordBatch> = rows
        .columns(&["id"])
        .expect("columns")
        .batches_of("name", "row 7")
        .expect("opened")
        .collect::<Result<_, _>>()
        .expect("read");
    assert_eq!(keyed.iter().map(RecordBatch::num_rows).sum::<usize>(), 400);
    assert_eq!(keyed[0].num_columns(), 1);
    let error = rows.columns(&["nmae"]).expect_err("unknown").to_string();
    assert!(error.contains("did you mean `name`?"), "{error}");
    let none = rows.columns(&[]).expect("no columns");
    assert_eq!(
        read(&none).iter().map(RecordBatch::num_rows).sum::<usize>(),
        40_000,
        "rows are counted without columns"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_range_of_rows_is_read_exactly(start in 0_u64..300_000, length in 0_u64..50_000) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ranges");
        let schema = batch(&[("id", "int", vec![])]).schema();
        let mut writer = SnapshotWriter::create(&path, &schema, Layout::RANGES).expect("created");
        writer.write(&batch(&[("id", "int", ints(0..300_000))])).expect("written");
        let snapshot = writer.finish().expect("finished");
        let rows = Rows::open(&snapshot).expect("opened").range(start..start + length);
        let read: Vec<Value> = read(&rows)
            .iter()
            .flat_map(|batch| (0..batch.num_rows()).map(|row| {
                punctual_data::values::value_at(batch.column(0), row).expect("an int")
            }).collect::<Vec<_>>())
            .collect();
        let end = (start + length).min(300_000);
        prop_assert_eq!(rows.count(), end - start);
        prop_assert_eq!(read, ints(start as i64..end as i64));
    }
}
