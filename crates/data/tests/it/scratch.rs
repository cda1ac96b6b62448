//! scratch
use crate::fixtures::*;
use punctual_model::value::Value;
#[tokio::test]
async fn scratch() {
    let text = std::fs::read_to_string("/tmp/q.sql").unwrap();
    let mut b = Bench::new(
        punctual_data::session::Limits { memory: 64 << 20, disk: 1 << 30, timeout: std::time::Duration::from_secs(3) },
        "America/Chicago",
    );
    b.add(
        "calls",
        batch(&[
            ("client_id", "int", ints([7, 7, 7, 9, 11, 11, 11, 11])),
            (
                "day",
                "date",
                days([
                    "2026-10-01",
                    "2026-10-02",
                    "2026-10-03",
                    "2026-10-02",
                    "2026-09-30",
                    "2026-10-01",
                    "2026-10-02",
                    "2026-10-02",
                ]),
            ),
            ("v", "int", vec![Value::Null; 8]),
        ]),
    )
    .await;
    for q in text.split(";\n") {
        let start = std::time::Instant::now();
        println!("{q}");
        match b.query(&punctual_model::sql_text::SqlText::plain(q)).await {
            Ok(r) => println!("{}", show(&r)),
            Err(e) => println!("ERR {e:?}"),
        }
        println!("{:?}", start.elapsed());
    }
}

use arrow::array::*;
use arrow::datatypes::*;
use std::sync::Arc;
pub fn synth(start: i64, rows: i64) -> RecordBatch {
    let mut s = 0x9E3779B97F4A7C15u64.wrapping_mul(start as u64 + 1);
    let mut next = || {
        s ^= s << 13;
        s ^= s >> 7;
        s ^= s << 17;
        s
    };
    let id: Vec<i64> = (start..start + rows).collect();
    let at: Vec<i64> =
        (start..start + rows).map(|i| 1_700_000_000_000_000 + i * 1_000_000 + (next() % 1_000_000) as i64).collect();
    let money: Vec<i128> = (0..rows).map(|_| (next() % 10_000_000_000) as i128).collect();
    let f: Vec<f64> = (0..rows).map(|_| (next() % 1_000_000_007) as f64 / 1e9).collect();
    let t: Vec<String> = (0..rows).map(|_| format!("{:012x}", next() % 0x1000000000000)).collect();
    let schema = Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, true),
        Field::new("at", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
        Field::new("money", DataType::Decimal128(12, 2), true),
        Field::new("f", DataType::Float64, true),
        Field::new("t", DataType::Utf8, true),
    ]));
    RecordBatch::try_new(
        schema,
        vec![
            Arc::new(Int64Array::from(id)),
            Arc::new(TimestampMicrosecondArray::from(at).with_timezone("UTC")),
            Arc::new(Decimal128Array::from(money).with_precision_and_scale(12, 2).unwrap()),
            Arc::new(Float64Array::from(f)),
            Arc::new(StringArray::from(t)),
        ],
    )
    .unwrap()
}
#[test]
fn speed() {
    use parquet::{arrow::ArrowWriter, basic::*, file::properties::*, schema::types::ColumnPath};
    const N: i64 = 2_000_000;
    let size: i64 = std::fs::read_to_string("/tmp/size").map(|s| s.trim().parse().unwrap()).unwrap_or(8192);
    let batches: Vec<RecordBatch> = (0..N).step_by(size as usize).map(|i| synth(i, size.min(N - i))).collect();
    let schema = batches[0].schema();
    let base = || WriterProperties::builder().set_statistics_enabled(EnabledStatistics::Chunk);
    let z = || Compression::ZSTD(ZstdLevel::try_new(1).unwrap());
    let p = |c: &str| ColumnPath::from(c);
    let text = std::fs::read_to_string("/tmp/variants").unwrap();
    let cpu = || -> f64 {
        std::fs::read_to_string("/proc/thread-self/schedstat")
            .unwrap()
            .split(' ')
            .next()
            .unwrap()
            .parse::<f64>()
            .unwrap()
            / 1e9
    };
    let comp = |c: &str| match c {
        "zstd" => z(),
        "none" => Compression::UNCOMPRESSED,
        "lz4" => Compression::LZ4_RAW,
        "snappy" => Compression::SNAPPY,
        _ => panic!(),
    };
    let variants = text
        .lines()
        .map(|line| {
            let mut b = base().set_dictionary_enabled(false);
            for word in line.split_whitespace() {
                let (k, v) = word.split_once('=').unwrap();
                b = match k {
                    "comp" => b.set_compression(comp(v)),
                    "dict" => b.set_column_dictionary_enabled(p(v), true),
                    "delta" => b.set_column_encoding(p(v), Encoding::DELTA_BINARY_PACKED),
                    "dlba" => b.set_column_encoding(p(v), Encoding::DELTA_LENGTH_BYTE_ARRAY),
                    "bss" => b.set_column_encoding(p(v), Encoding::BYTE_STREAM_SPLIT),
                    "page" => b.set_data_page_size_limit(v.parse().unwrap()),
                    "rows" => b.set_data_page_row_count_limit(v.parse().unwrap()),
                    "wb" => b.set_write_batch_size(v.parse().unwrap()),
                    "dp" => b.set_dictionary_page_size_limit(v.parse().unwrap()),
                    "stats" => b.set_statistics_enabled(EnabledStatistics::None),
                    col => b.set_column_compression(p(col), comp(v)),
                };
            }
            (line.to_owned(), b.build())
        })
        .collect::<Vec<_>>();
    for (name, props) in variants {
        let start = std::time::Instant::now();
        let c0 = cpu();
        let mut w = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(props)).unwrap();
        for b in &batches {
            w.write(b).unwrap();
            if w.in_progress_size() > 16 << 20 {
                w.flush().unwrap();
            }
        }
        let out = w.into_inner().unwrap();
        let e = start.elapsed().as_secs_f64();
        println!(
            "{:.2} M rows/s, cpu {:.2} M/s, {} MB  {name}",
            N as f64 / e / 1e6,
            N as f64 / (cpu() - c0) / 1e6,
            out.len() >> 20
        );
        let start = std::time::Instant::now();
        use sha2::Digest;
        let h = sha2::Sha256::digest(&out);
        println!("   sha {:.0} MB/s {:x?}", out.len() as f64 / 1e6 / start.elapsed().as_secs_f64(), &h[..2]);
    }
    let start = std::time::Instant::now();
    let dir = tempfile::tempdir().unwrap();
    let mut w = punctual_data::snapshot::SnapshotWriter::create(
        &dir.path().join("x"),
        &schema,
        punctual_data::snapshot::Layout::WHOLE,
    )
    .unwrap();
    for b in &batches {
        w.write(b).unwrap();
    }
    let s = w.finish().unwrap();
    println!("SnapshotWriter {:.2} M rows/s {} MB", N as f64 / start.elapsed().as_secs_f64() / 1e6, s.bytes >> 20);
    let start = std::time::Instant::now();
    let mut c = arrow::compute::BatchCoalescer::new(schema.clone(), 8192);
    for b in &batches {
        c.push_batch(b.clone()).unwrap();
        while let Some(b) = c.next_completed_batch() {
            std::hint::black_box(b);
        }
    }
    println!("coalesce alone {:?}", start.elapsed());
}
