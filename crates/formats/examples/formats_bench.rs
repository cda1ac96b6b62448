//! Times every format, or one: a typical report of two pages, and a table of 8 columns and 10,000
//! or so many rows.
//!
//! `cargo run -p punctual-formats --example formats_bench [ROWS [FORMAT]]`

use std::{io, time::Instant};

use punctual_document::content::{Body, Document};

#[path = "../tests/it/fixtures.rs"]
#[allow(dead_code)]
mod fixtures;

/// Counts bytes and drops them.
#[derive(Default)]
struct Counter(usize);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {
    let rows = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(10_000);
    let only = std::env::args().nth(2);
    let (table, _) = fixtures::generated(rows);
    let large = fixtures::document(vec![fixtures::section("rows", Some("Rows"), Body::Table(table))]);
    let documents: [(&str, Document, u32); 2] =
        [("typical report", fixtures::typical(), 50), (&format!("{rows} rows"), large, 5)];
    for (name, document, times) in &documents {
        for kind in punctual_formats::KINDS.iter().filter(|k| only.as_deref().is_none_or(|name| name == k.spec.name)) {
            let mut counter = Counter::default();
            let mut best = f64::INFINITY;
            for _ in 0..*times {
                counter = Counter::default();
                let start = Instant::now();
                kind.format.write(document, &mut counter).expect("the fixtures fit every format");
                best = best.min(start.elapsed().as_secs_f64());
            }
            println!("{name:>16}  {:<5} {:>9.2} ms  {:>10} bytes", kind.spec.name, best * 1e3, counter.0);
        }
    }
}
