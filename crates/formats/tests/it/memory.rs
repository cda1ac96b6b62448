//! Large tables pass through: what is in memory does not grow with their rows.

use std::{
    io::Write,
    process::Command,
    sync::{Arc, Mutex},
};

use punctual_document::content::{Batches, Body, Rows, RowsError};

use crate::{fixtures as f, kind};

const ROWS: usize = 100_000;
const FORMATS: [&str; 4] = ["xlsx", "csv", "json", "html"];

/// How far the output of a streaming format had come when each batch was asked for.
#[derive(Debug)]
struct Watched {
    rows: Arc<f::Generated>,
    written: Arc<Mutex<u64>>,
    at_batch: Mutex<Vec<u64>>,
}

impl Rows for Watched {
    fn count(&self) -> u64 {
        self.rows.count()
    }

    fn batches(&self) -> Result<Batches<'_>, RowsError> {
        let watched = self.rows.batches()?.inspect(|_| {
            let written = *self.written.lock().expect("no panic while held");
            self.at_batch.lock().expect("no panic while held").push(written);
        });
        Ok(Box::new(watched))
    }
}

struct Counted(Arc<Mutex<u64>>);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        *self.0.lock().expect("no panic while held") += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn no_format_keeps_more_than_one_batch() {
    for name in FORMATS {
        let (table, rows) = f::generated(ROWS);
        let document = f::document(vec![f::section("rows", None, Body::Table(table))]);
        kind(name).format.write(&document, &mut std::io::sink()).expect("written");
        assert!((1..=2).contains(&rows.most_alive()), "{name} held {} batches", rows.most_alive());
    }
}

#[test]
fn text_formats_write_while_they_read() {
    for name in ["csv", "json", "html"] {
        let (mut table, rows) = f::generated(ROWS);
        let written = Arc::new(Mutex::new(0));
        let watched = Arc::new(Watched { rows, written: Arc::clone(&written), at_batch: Mutex::default() });
        table.rows = Arc::<Watched>::clone(&watched);
        let document = f::document(vec![f::section("rows", None, Body::Table(table))]);
        kind(name).format.write(&document, &mut Counted(Arc::clone(&written))).expect("written");
        let at_batch = watched.at_batch.lock().expect("no panic while held");
        // Never more than a few buffers behind: a batch is about 60 to 120 kB of text.
        let largest_step = at_batch.windows(2).map(|pair| pair[1] - pair[0]).max().expect("batches");
        assert!(largest_step < 400_000, "{name}: {largest_step} bytes at once");
        let total = *written.lock().expect("no panic while held");
        assert!(total - at_batch.last().expect("batches") < 400_000, "{name} keeps rows back");
    }
}

/// What the format named by `PUNCTUAL_TEST_FORMAT` adds to the memory of a process of its own. Without a
/// name it measures the smallest.
#[test]
#[expect(clippy::disallowed_methods, reason = "the parent says which format")]
fn peak_of_one_format() {
    let name = std::env::var("PUNCTUAL_TEST_FORMAT").unwrap_or_else(|_| "csv".to_owned());
    let (table, _) = f::generated(4 * ROWS);
    let document = f::document(vec![f::section("rows", None, Body::Table(table))]);
    let before = peak_kib();
    kind(&name).format.write(&document, &mut std::io::sink()).expect("written");
    println!("grew by {} KiB", peak_kib() - before);
}

/// The process's peak resident memory.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[test]
#[cfg(target_os = "linux")]
fn four_hundred_thousand_rows_fit_in_a_few_megabytes() {
    for name in FORMATS {
        let output = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "memory::peak_of_one_format", "--nocapture"])
            .env("PUNCTUAL_TEST_FORMAT", name)
            .output()
            .expect("the test runs");
        let text = String::from_utf8_lossy(&output.stdout);
        let (_, grown) = text.split_once("grew by ").unwrap_or_else(|| panic!("{name}: {text}"));
        let kib: u64 = grown.split(' ').next().and_then(|n| n.parse().ok()).expect("a number");
        assert!(kib < 24 * 1_024, "{name} grew by {kib} KiB");
    }
}
