//! What every format promises: it takes any document, equal documents give equal bytes, errors on
//! the way come out, and nothing is written twice or lost.

use std::{collections::HashSet, io::Write, sync::Arc};

use punctual_document::{
    content::{Body, Document, Table},
    format::FormatError,
};

use crate::{bytes, fixtures as f, kind, try_bytes};

/// Documents that any format must take.
fn documents() -> Vec<(&'static str, Document)> {
    let one = |body| f::document(vec![f::section("s", Some("Section"), body)]);
    let no_rows = || {
        let mut table = f::channels();
        table.rows = Arc::new(punctual_document::content::RowsInMemory(Vec::new()));
        table.totals = None;
        table
    };
    let no_columns = Table { columns: Vec::new(), ..no_rows() };
    let mut empty_chart = f::line_chart();
    empty_chart.x.clear();
    empty_chart.series.iter_mut().for_each(|s| s.points.clear());
    let mut ragged_chart = f::line_chart();
    ragged_chart.series[0].points.truncate(3);
    vec![
        ("empty", f::empty()),
        ("figures only", f::figures_only()),
        ("no figures", one(Body::Figures(Vec::new()))),
        ("line chart", one(Body::Chart(f::line_chart()))),
        ("bar chart", one(Body::Chart(f::bar_chart()))),
        ("chart without points", one(Body::Chart(empty_chart))),
        ("chart with a short series", one(Body::Chart(ragged_chart))),
        ("table", one(Body::Table(f::channels()))),
        ("table without rows", one(Body::Table(no_rows()))),
        ("table without columns", one(Body::Table(no_columns))),
        ("every type of value", one(Body::Table(f::kinds()))),
        ("text", one(Body::Text(vec!["One.".into(), String::new(), "Two.".into()]))),
        ("nasty text", f::nasty()),
        ("typical", f::typical()),
    ]
}

#[test]
fn every_format_takes_every_document_and_repeats_itself() {
    for kind in punctual_formats::KINDS {
        for (name, document) in documents() {
            let first = bytes(kind.spec.name, &document);
            assert!(!first.is_empty(), "{} of {name}", kind.spec.name);
            assert!(first == bytes(kind.spec.name, &document), "{} of {name} changes", kind.spec.name);
        }
    }
}

#[test]
fn formats_are_told_apart_by_name_ending_and_media_type() {
    let mut seen = HashSet::new();
    for kind in punctual_formats::KINDS {
        assert!(seen.insert(kind.spec.name) && !kind.spec.summary.is_empty());
        assert_eq!(kind.extension, kind.spec.name);
        assert!(kind.media_type.contains('/'));
    }
    for name in ["xlsx", "csv", "json", "html"] {
        assert!(seen.contains(name), "{name}");
    }
}

#[test]
fn rows_that_break_off_are_an_error_and_not_a_short_table() {
    let (mut table, _) = f::generated(0);
    table.rows = Arc::new(f::Broken);
    let document = f::document(vec![f::section("s", None, Body::Table(table))]);
    for kind in punctual_formats::KINDS {
        let error = try_bytes(kind.spec.name, &document).expect_err("the rows break off");
        assert!(matches!(error, FormatError::Rows(_)), "{}: {error}", kind.spec.name);
        assert!(error.to_string().contains("the file ends early"), "{}: {error}", kind.spec.name);
    }
}

#[test]
fn rows_of_another_shape_are_an_error() {
    let mut table = f::channels();
    table.columns.pop();
    table.totals = None;
    let document = f::document(vec![f::section("s", None, Body::Table(table))]);
    for kind in punctual_formats::KINDS.iter().filter(|kind| kind.spec.name != "pdf") {
        let error = try_bytes(kind.spec.name, &document).expect_err("five columns where four belong");
        assert!(matches!(error, FormatError::Rows(_)), "{}: {error}", kind.spec.name);
    }
}

/// Takes so many bytes, then is full.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0 == 0 {
            return Err(std::io::Error::from(std::io::ErrorKind::StorageFull));
        }
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_an_error_wherever_it_happens() {
    let document = f::typical();
    for kind in punctual_formats::KINDS {
        let whole = bytes(kind.spec.name, &document).len();
        for room in [0, 1, 100, whole / 2, whole - 1] {
            let error = kind.format.write(&document, &mut Full(room)).expect_err("there is no room");
            assert!(matches!(error, FormatError::Io(_)), "{}: {error}", kind.spec.name);
        }
        kind.format.write(&document, &mut Full(whole)).expect("there is just enough room");
    }
}

#[test]
fn a_zone_that_does_not_exist_is_named() {
    let style = punctual_document::write::Style::DateTime { zone: "Mars/Base".into() };
    let mut table = f::kinds();
    table.columns[8].writer = f::writer(style);
    let document = f::document(vec![f::section("s", None, Body::Table(table))]);
    for name in ["xlsx", "csv", "json"] {
        let error = kind(name).format.write(&document, &mut Vec::new()).expect_err("no such zone");
        assert!(error.to_string().contains("Mars/Base"), "{name}: {error}");
    }
}
