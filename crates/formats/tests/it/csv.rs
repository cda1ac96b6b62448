//! CSV: blocks, plain values, guarded text.

use punctual_document::content::Body;

use crate::{fixtures as f, text};

/// The records of each block, read by another reader than the writer's settings.
fn blocks(csv: &str) -> Vec<Vec<Vec<String>>> {
    let body = csv.strip_prefix('\u{feff}').expect("a byte order mark");
    body.split("\r\n\r\n")
        .map(|block| {
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(block.as_bytes());
            reader.records().map(|r| r.expect("a record").iter().map(str::to_owned).collect()).collect()
        })
        .collect()
}

#[test]
fn a_typical_report() {
    insta::assert_snapshot!(text("csv", &f::typical()).replace("\r\n", "<CR LF>\n"));
}

#[test]
fn every_type_of_value() {
    let document = f::document(vec![f::section("kinds", None, Body::Table(f::kinds()))]);
    insta::assert_snapshot!(text("csv", &document).replace("\r\n", "\n"));
}

#[test]
fn one_table_is_one_rectangle() {
    let mut table = f::channels();
    table.left_out = 0;
    let blocks = blocks(&text("csv", &f::document(vec![f::section("channels", None, Body::Table(table))])));
    assert_eq!(blocks.len(), 1);
    assert_eq!(blocks[0].len(), 1 + 5);
    assert!(blocks[0].iter().all(|record| record.len() == 1 + 5));
    assert_eq!(blocks[0][0], ["section", "channel", "visits", "previous", "change", "revenue"]);
    assert_eq!(blocks[0][1], ["channels", "Web", "61204", "55310", "0.107", "23104.40"]);
    assert_eq!(blocks[0][5], ["channels", "Marketplace", "2438", "", "", "560.50"]);
}

#[test]
fn nasty_text_comes_back_as_it_was_but_for_the_guard() {
    let texts = f::nasty_texts();
    let table = f::table(
        vec![f::column("text", "Text", punctual_document::write::Style::Text)],
        vec![std::sync::Arc::new(arrow::array::StringArray::from(texts.clone()))],
    );
    let csv = text("csv", &f::document(vec![f::section("t", None, Body::Table(table))]));
    let mut reader = csv::ReaderBuilder::new().from_reader(csv.trim_start_matches('\u{feff}').as_bytes());
    let back: Vec<String> = reader.records().map(|r| r.expect("a record")[1].to_owned()).collect();
    assert_eq!(back.len(), texts.len());
    let mut guarded = 0;
    for (back, text) in back.iter().zip(&texts) {
        let starts = |c: &char| "=+-@\t\r\n\0＝＋－＠".contains(*c);
        if text.chars().next().as_ref().is_some_and(starts) {
            assert_eq!(back, &format!("'{text}"));
            guarded += 1;
        } else {
            assert_eq!(back, text);
        }
    }
    assert_eq!(guarded, 12);
}

proptest::proptest! {
    #[test]
    fn any_text_stays_in_its_field(texts in proptest::collection::vec(".*", 1..20)) {
        let array: arrow::array::ArrayRef = std::sync::Arc::new(arrow::array::StringArray::from(texts.clone()));
        let columns = vec![f::column("text", "Text", punctual_document::write::Style::Text)];
        let csv = text("csv", &f::document(vec![f::section("t", None, Body::Table(f::table(columns, vec![array])))]));
        let mut reader = csv::ReaderBuilder::new().from_reader(csv.trim_start_matches('\u{feff}').as_bytes());
        let back: Vec<String> = reader.records().map(|r| r.expect("a record")[1].to_owned()).collect();
        proptest::prop_assert_eq!(back.len(), texts.len());
        for (back, text) in back.iter().zip(&texts) {
            proptest::prop_assert!(back == text || back.strip_prefix('\'') == Some(text));
        }
    }
}

#[test]
fn nothing_in_a_hostile_document_starts_a_formula() {
    let csv = text("csv", &f::nasty());
    let numbers = |field: &str| field.parse::<f64>().is_ok();
    for field in blocks(&csv).into_iter().flatten().flatten() {
        let dangerous = field.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠']);
        assert!(!dangerous || numbers(&field), "{field:?}");
    }
    assert!(csv.contains("\r\nt,"), "rows are there");
}

#[test]
fn negative_numbers_stay_numbers() {
    let csv = text("csv", &f::document(vec![f::section("kinds", None, Body::Table(f::kinds()))]));
    assert!(csv.contains(",-1,") && !csv.contains("'-"), "{csv}");
}
