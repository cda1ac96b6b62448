//! JSON: the shape of version 1, exact values.

use punctual_document::content::Body;
use serde_json::{Value, value::RawValue};

use crate::{fixtures as f, text};

fn parsed(document: &punctual_document::content::Document) -> Value {
    serde_json::from_str(&text("json", document)).expect("JSON")
}

#[test]
fn a_typical_report() {
    insta::assert_snapshot!(text("json", &f::typical()));
}

#[test]
fn every_type_of_value() {
    let document = f::document(vec![f::section("kinds", None, Body::Table(f::kinds()))]);
    insta::assert_snapshot!(text("json", &document));
}

#[test]
fn an_empty_document_is_whole() {
    let json = parsed(&f::empty());
    assert_eq!(json["version"], 1);
    assert_eq!(json["sections"], serde_json::json!([]));
    assert_eq!(json["notes"], serde_json::json!([]));
    assert_eq!(json["about"], Value::Null);
}

#[test]
fn numbers_keep_every_digit() {
    #[derive(serde::Deserialize)]
    struct Row<'a> {
        whole: i64,
        #[serde(borrow)]
        exact: &'a RawValue,
        double: f64,
    }
    let json = text("json", &f::document(vec![f::section("kinds", None, Body::Table(f::kinds()))]));
    let row = |start: &str| {
        let line = json.lines().find(|line| line.starts_with(start)).expect("a row");
        serde_json::from_str::<Row<'_>>(line.trim_end_matches(',')).expect("a row")
    };
    let last = row("{\"flag\":true,\"whole\":9223372036854775807");
    assert_eq!(last.whole, i64::MAX);
    assert_eq!(last.exact.get(), "12345678901234567.890");
    assert_eq!(last.double, -1e15);
    let first = row("{\"flag\":true,\"whole\":0");
    assert_eq!(first.exact.get(), "-0.005");
    assert_eq!(first.double, 0.1 + 0.2);
}

#[test]
fn nasty_text_comes_back_as_it_was() {
    let json = parsed(&f::nasty());
    let texts = f::nasty_texts();
    let paragraphs = json["sections"][4]["paragraphs"].as_array().expect("paragraphs");
    assert_eq!(paragraphs.iter().map(|p| p.as_str().expect("text")).collect::<Vec<_>>(), texts);
    let rows = json["sections"][2]["rows"].as_array().expect("rows");
    let back: Vec<&str> = rows.iter().map(|row| row["=1+1"].as_str().expect("text")).collect();
    assert_eq!(back, texts);
    assert_eq!(json["title"], "<script>=\"'&\0\u{202e}\r\n👾</script>");
}

#[test]
fn figures_carry_value_and_text() {
    let json = parsed(&f::figures_only());
    let revenue = &json["sections"][0]["figures"][1];
    assert_eq!(revenue["text"], "$48,219.50");
    assert_eq!(revenue["value"].to_string(), "48219.5");
    assert_eq!(revenue["previous"]["text"], "$51,044.77");
    assert_eq!(revenue["change"]["text"], "-5.5%");
    assert_eq!(revenue["format"], serde_json::json!({"style": "currency", "currency": "USD", "decimals": 2}));
    assert_eq!(json["sections"][0]["figures"][3]["change"], Value::Null);
}
