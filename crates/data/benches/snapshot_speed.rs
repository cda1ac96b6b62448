//! How fast rows become a snapshot: encoding, hashing and writing on one thread. Extraction must
//! not wait for it. Run with `cargo bench -p punctual-data --profile dev`.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray},
    datatypes::{DataType, Field, Schema, TimeUnit},
};
use divan::{Bencher, counter::ItemsCounter};
use punctual_data::snapshot::{Layout, Rows, SnapshotWriter};

const ROWS: i64 = 10_000_000;
const BATCH: i64 = 8192;
/// Batches with different content, written again and again.
const DIFFERENT: i64 = 64;

fn main() {
    divan::main();
}

/// Rows of bigint, timestamptz, decimal(12,2), double and a text of 12 characters.
fn batch(start: i64) -> RecordBatch {
    let mut state = (start as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let rows = start..start + BATCH;
    let at = rows.clone().map(|row| 1_700_000_000_000_000 + row * 1_000_000 + (random() % 1_000_000) as i64);
    let at: Vec<i64> = at.collect();
    let amounts: Vec<i128> = rows.clone().map(|_| i128::from(random() % 10_000_000)).collect();
    let ratios: Vec<f64> = rows.clone().map(|_| (random() % 1_000_000_007) as f64 / 1e9).collect();
    let names: Vec<String> = rows.clone().map(|_| format!("{:012x}", random() % 0x1_0000_0000_0000)).collect();
    let decimal = DataType::Decimal128(12, 2);
    let columns: [(&str, DataType, ArrayRef); 5] = [
        ("id", DataType::Int64, Arc::new(Int64Array::from(rows.collect::<Vec<i64>>()))),
        (
            "at",
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Arc::new(TimestampMicrosecondArray::from(at).with_timezone("UTC")),
        ),
        ("amount", decimal.clone(), Arc::new(Decimal128Array::from(amounts).with_data_type(decimal))),
        ("ratio", DataType::Float64, Arc::new(Float64Array::from(ratios))),
        ("name", DataType::Utf8, Arc::new(StringArray::from(names))),
    ];
    let fields: Vec<Field> = columns.iter().map(|(name, kind, _)| Field::new(*name, kind.clone(), true)).collect();
    let arrays = columns.into_iter().map(|(_, _, array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("columns of one length")
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn write(bencher: Bencher) {
    let batches: Vec<RecordBatch> = (0..DIFFERENT).map(|i| batch(i * BATCH)).collect();
    let folder = tempfile::tempdir().expect("a folder");
    bencher.counter(ItemsCounter::new(ROWS as u64)).bench_local(|| {
        let path = folder.path().join("rows.parquet");
        let mut writer = SnapshotWriter::create(&path, &batches[0].schema(), Layout::WHOLE).expect("created");
        for index in 0..(ROWS / BATCH) as usize {
            writer.write(&batches[index % batches.len()]).expect("written");
        }
        writer.finish().expect("finished").bytes
    });
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn read(bencher: Bencher) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rows.parquet");
    let mut writer = SnapshotWriter::create(&path, &batch(0).schema(), Layout::WHOLE).expect("created");
    for index in 0..ROWS / BATCH {
        writer.write(&batch(index % DIFFERENT * BATCH)).expect("written");
    }
    let rows = Rows::open(&writer.finish().expect("finished")).expect("opened");
    bencher
        .counter(ItemsCounter::new(ROWS as u64))
        .bench_local(|| rows.batches().expect("opened").map(|batch| batch.expect("read").num_rows()).sum::<usize>());
}
