//! Times the PDF format: a typical client report, and tables of 1,000 to 100,000 rows of eight
//! columns. Prints milliseconds, bytes and the process's largest memory. With a folder as argument it also
//! writes the documents there, to look at.

use std::{path::PathBuf, time::Instant};

use punctual_document::{
    content::{Body, Document},
    format::Format as _,
};
use punctual_formats::pdf::PDF;

#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../tests/it/pdf/documents.rs"]
mod documents;
#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../tests/it/fixtures.rs"]
mod fixtures;

fn main() {
    let folder = std::env::args().nth(1).map(PathBuf::from);
    let started = Instant::now();
    let _ = write(&fixtures::empty());
    println!("{:<24} {:>9.1} ms", "fonts, first document", started.elapsed().as_secs_f64() * 1e3);
    time("client report", &documents::monthly(), 50, folder.as_deref());
    for (rows, times) in [(1_000, 20), (10_000, 5), (100_000, 1)] {
        let (table, _) = fixtures::generated(rows);
        let document = fixtures::document(vec![fixtures::section("rows", Some("Rows"), Body::Table(table))]);
        time(&format!("{rows} rows x 8"), &document, times, folder.as_deref());
        println!("{:<24} {:>9} kB", "largest memory so far", largest_memory());
    }
    let Some(folder) = folder else { return };
    let others = [
        ("long", documents::long(150, 6)),
        ("wide", documents::long(60, 14)),
        ("bands", documents::long(60, 30)),
        ("wordy", documents::wordy()),
        ("towering", documents::towering()),
        ("scripts", documents::scripts()),
        ("empty", fixtures::empty()),
        ("nasty", fixtures::nasty()),
    ];
    for (name, document) in others {
        time(name, &document, 1, Some(&folder));
    }
}

fn time(name: &str, document: &Document, times: u32, folder: Option<&std::path::Path>) {
    let mut bytes = Vec::new();
    let (started, cpu) = (Instant::now(), cpu_ms());
    for _ in 0..times {
        bytes = write(document);
    }
    let each = started.elapsed().as_secs_f64() * 1e3 / f64::from(times);
    let cpu = (cpu_ms() - cpu) / f64::from(times);
    println!("{name:<24} {each:>9.1} ms {cpu:>9.1} ms CPU {:>12} bytes", bytes.len());
    if let Some(folder) = folder {
        let file = folder.join(format!("{}.pdf", name.replace(' ', "-")));
        std::fs::write(&file, &bytes).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
}

fn write(document: &Document) -> Vec<u8> {
    let mut bytes = Vec::new();
    PDF.write(document, &mut bytes).expect("the document can be written");
    bytes
}

/// The time on processors so far, in milliseconds, where the system tells: of a busy machine it
/// says more than a clock.
fn cpu_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    stat.split_whitespace().next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0) / 1e6
}

/// The process's peak resident memory in kB, where the system tells.
fn largest_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()).and_then(|kb| kb.parse().ok()).unwrap_or(0)
}
