//! Totals as a product: each kind of column, by what is known of it and what is asked of it, read back from every
//! format. A total is the sum (mean, ...) of what the rows hold, or it is not there; spreadsheets compute it anew.

use std::{collections::HashMap, io::Cursor, process::Command, sync::Arc};

use arrow::{
    array::{ArrayRef, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray},
    datatypes::{Field, Schema},
};
use calamine::{Data, Range, Reader as _, Xlsx};
use jiff::civil::date;
use punctual_document::{
    assemble::{AssembleError, Edition, EditionTable, assemble},
    content::{Document, RowsInMemory},
    locale::Locale,
    text::PeriodFacts,
    theme::Theme,
};
use punctual_model::{period::Period, zone::Zone};
use serde_json::{Value, json};

use crate::{bytes, formulas::evaluate, text};

const N: [Option<f64>; 4] = [Some(3.0), Some(5.0), None, Some(4.0)];
const D: [Option<f64>; 4] = [Some(10.0), Some(20.25), None, Some(5.5)];
const X: [Option<f64>; 4] = [Some(0.5), Some(1.25), None, Some(2.0)];

/// Columns to show, the last of which is looked at, and its rows.
fn kinds() -> Vec<(&'static str, Value, Vec<Option<f64>>)> {
    let both = |of: fn(f64, f64) -> f64| N.iter().zip(D).map(|(n, d)| Some(of((*n)?, d?))).collect();
    let formula =
        |text: &str, format: &str| json!(["name", "n", "d", {"field": "f", "formula": text, "format": format}]);
    vec![
        ("whole", json!(["name", {"field": "n"}]), N.to_vec()),
        ("decimal", json!(["name", {"field": "d", "format": "currency"}]), D.to_vec()),
        ("double", json!(["name", {"field": "x", "decimals": 3}]), X.to_vec()),
        ("percent", json!(["name", {"field": "x", "format": "percent"}]), X.to_vec()),
        ("product", formula("n * d", "currency"), both(|n, d| n * d)),
        ("shifted", formula("d * 1.19 + 5", "currency"), both(|_, d| d * 1.19 + 5.0)),
        ("ratio", formula("n / d", "percent"), both(|n, d| n / d)),
    ]
}

/// What a total must be; an error where the layout asks for what no column can give.
fn expected(kind: &str, known: Option<bool>, asked: Option<&str>, rows: &[Option<f64>]) -> Result<Option<f64>, ()> {
    let values: Vec<f64> = rows.iter().copied().flatten().collect();
    let sum: f64 = values.iter().sum();
    let ratio = 12.0 / 35.75;
    let by_default = match (kind, known) {
        ("percent", _) => None,
        ("product", Some(true) | None) => Some(sum),
        ("ratio", Some(true)) => Some(ratio),
        ("ratio", _) => None,
        (_, Some(true)) => Some(sum),
        _ => None,
    };
    match (asked, kind) {
        (None, _) => Ok(by_default),
        (Some("none"), _) => Ok(None),
        (Some("sum"), _) => Ok(Some(sum)),
        (Some("mean"), _) => Ok(Some(sum / values.len() as f64)),
        (Some("min"), _) => Ok(values.iter().copied().reduce(f64::min)),
        (Some("max"), _) => Ok(values.iter().copied().reduce(f64::max)),
        (Some("ratio"), "ratio") => Ok(Some(ratio)),
        _ => Err(()),
    }
}

fn data(known: Option<bool>) -> EditionTable {
    let numbers = |values: [Option<f64>; 4], by: f64| values.map(|value| value.map(|v| (v * by).round()));
    let decimals = numbers(D, 100.0).map(|value| value.map(|v| v as i128));
    let arrays: Vec<(&str, ArrayRef)> = vec![
        ("name", Arc::new(StringArray::from(vec!["a", "b", "c", "e"]))),
        ("n", Arc::new(Int64Array::from(numbers(N, 1.0).map(|value| value.map(|v| v as i64)).to_vec()))),
        ("d", Arc::new(Decimal128Array::from(decimals.to_vec()).with_precision_and_scale(12, 2).expect("fits"))),
        ("x", Arc::new(Float64Array::from(X.to_vec()))),
    ];
    let metadata: HashMap<String, String> = known
        .map(|adds_up| ("punctual.adds_up".to_owned(), if adds_up { "sum" } else { "no" }.to_owned()))
        .into_iter()
        .collect();
    table(arrays, |_| metadata.clone())
}

fn table(arrays: Vec<(&str, ArrayRef)>, metadata: impl Fn(&str) -> HashMap<String, String>) -> EditionTable {
    let field = |(name, array): &(&str, ArrayRef)| {
        Field::new(*name, array.data_type().clone(), true).with_metadata(metadata(name))
    };
    let schema = Arc::new(Schema::new(arrays.iter().map(field).collect::<Vec<_>>()));
    let columns = arrays.into_iter().map(|(_, array)| array).collect();
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns).expect("columns of one length");
    EditionTable { schema, rows: Arc::new(RowsInMemory(vec![batch])), left_out: 0, previous: None }
}

fn document(table: EditionTable, columns: &Value) -> Result<Document, AssembleError> {
    let zone: Zone = "UTC".parse().expect("known");
    let locale = Locale::by_tag("en-US").expect("known");
    let period = Period::new(date(2026, 10, 1), date(2026, 11, 1), zone.clone()).expect("a period");
    let edition = Edition {
        report: "totals".to_owned(),
        report_title: "Totals".to_owned(),
        key: "all".to_owned(),
        burst: None,
        period: PeriodFacts::new(&period, &zone, locale).expect("in range"),
        parameters: [].into(),
        locale,
        currency: "USD".to_owned(),
        zone,
        theme: Theme::default(),
        fonts: Arc::new(punctual_document::fonts::ShippedOnly),
        tables: [("t".to_owned(), table)].into(),
        notes: vec![],
    };
    let section =
        json!({"name": "t", "type": "table", "title": "Rows", "data": "t", "totals": true, "columns": columns});
    let layout = serde_json::from_value(json!({"title": "Totals", "sections": [section]})).expect("a layout");
    assemble(&layout, &edition)
}

#[test]
fn every_kind_of_column_totals_alike_in_every_format() {
    let mut checked = 0;
    for known in [Some(true), Some(false), None] {
        for (kind, columns, rows) in kinds() {
            for asked in [None, Some("sum"), Some("mean"), Some("min"), Some("max"), Some("ratio"), Some("none")] {
                let case = format!("{kind}, known {known:?}, asked {asked:?}");
                let mut columns = columns.clone();
                if let (Some(total), Some(last)) = (asked, columns.as_array_mut().and_then(|c| c.last_mut())) {
                    last["total"] = json!(total);
                }
                let document = document(data(known), &columns);
                match (expected(kind, known, asked, &rows), document) {
                    (Ok(total), Ok(document)) => assert_everywhere(&case, &document, total),
                    (Err(()), Err(_)) => {}
                    (expected, document) => panic!("{case}: {expected:?}, but {document:?}"),
                }
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 3 * 7 * 7);
}

/// The total of the last column, in every format.
fn assert_everywhere(case: &str, document: &Document, total: Option<f64>) {
    let json: Value = serde_json::from_str(&text("json", document)).expect("JSON");
    let totals = json["sections"][0]["totals"].as_array().expect("totals").clone();
    let last = totals.last().expect("a column");
    assert!(close(last["value"].as_f64(), total), "{case}: JSON has {last}, not {total:?}");
    assert_eq!(last["text"] == "", total.is_none(), "{case}: {last}");
    let shown: Vec<String> = totals.iter().map(|t| t["text"].as_str().expect("a text").to_owned()).collect();

    let html = text("html", document);
    let foot = html.split_once("<tfoot><tr>").expect("a row of totals").1.split_once("</tr>").expect("closed").0;
    let cells = foot.split("</td>").filter(|cell| !cell.is_empty());
    let cells: Vec<&str> = cells.map(|cell| cell.split_once('>').expect("a cell").1).collect();
    assert_eq!(cells, shown, "{case}: HTML");

    let line = pdf_line(document, "Total");
    let words: Vec<&str> = line.split_whitespace().collect();
    let expected: Vec<&str> = shown.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
    assert_eq!(words, expected, "{case}: PDF");

    let mut workbook = Xlsx::new(Cursor::new(bytes("xlsx", document))).expect("a workbook");
    let sheet = workbook.worksheet_range("Rows").expect("the sheet");
    let formulas = workbook.worksheet_formula("Rows").expect("formulas");
    assert_live(case, &sheet, &formulas, &totals);

    // A program that adds up a column must not find the total among its rows.
    let csv = text("csv", document);
    assert_eq!(csv.lines().take_while(|line| !line.is_empty()).count(), 1 + 4, "{case}: {csv}");
}

/// Every total of a sheet is the one that the document shows, and computed by the sheet itself.
fn assert_live(case: &str, sheet: &Range<Data>, formulas: &Range<String>, totals: &[Value]) {
    let row = 5;
    for (col, total) in (0_u32..).zip(totals) {
        let formula = formulas.get_value((row, col)).map(String::as_str).unwrap_or_default();
        match (sheet.get_value((row, col)), total["value"].as_f64()) {
            (Some(Data::Float(value)), Some(right)) => {
                assert!(close(Some(*value), Some(right)), "{case}: {value} is not {right}");
                let computed = evaluate(formula, sheet).unwrap_or_else(|| panic!("{case}: `{formula}`"));
                assert!(close(Some(computed), Some(right)), "{case}: `{formula}` is {computed}, not {right}");
            }
            (Some(Data::String(_)), None) if col == 0 => {}
            (None | Some(Data::Empty), None) => assert_eq!(formula, "", "{case}"),
            (cell, right) => panic!("{case}: {cell:?} is not {right:?}"),
        }
    }
}

fn close(one: Option<f64>, two: Option<f64>) -> bool {
    match (one, two) {
        (Some(one), Some(two)) => (one - two).abs() <= 1e-9 * one.abs().max(two.abs()).max(1.0),
        (one, two) => one.is_none() && two.is_none(),
    }
}

/// The line of a PDF that begins with a word.
fn pdf_line(document: &Document, word: &str) -> String {
    let file = tempfile::NamedTempFile::new().expect("a temp file");
    std::fs::write(file.path(), bytes("pdf", document)).expect("written");
    let output = Command::new("pdftotext").arg("-layout").arg(file.path()).arg("-").output();
    let output = output.unwrap_or_else(|error| panic!("pdftotext of poppler-utils is needed: {error}"));
    let text = String::from_utf8(output.stdout).expect("poppler writes UTF-8");
    let line = text.lines().map(str::trim).find(|line| line.split_whitespace().next() == Some(word));
    line.unwrap_or_else(|| panic!("{word}: {text}")).to_owned()
}

/// Amounts in the currencies that their rows say.
fn money(codes: Vec<Option<&str>>, cents: Vec<Option<i128>>) -> EditionTable {
    let rows = codes.len();
    let arrays: Vec<(&str, ArrayRef)> = vec![
        ("name", Arc::new(StringArray::from_iter_values((1..=rows).map(|row| format!("row{row}"))))),
        ("amount", Arc::new(Decimal128Array::from(cents).with_precision_and_scale(12, 2).expect("fits"))),
        ("currency", Arc::new(StringArray::from(codes))),
    ];
    let said = |name: &str| match name {
        "amount" => [("punctual.adds_up", "sum"), ("punctual.currency_column", "currency")]
            .map(|(key, word)| (key.to_owned(), word.to_owned()))
            .into(),
        _ => HashMap::new(),
    };
    table(arrays, said)
}

#[test]
fn amounts_of_different_currencies_read_as_such_and_are_never_added() {
    let codes = vec![Some("EUR"), Some("JPY"), Some(" kwd "), None, Some("USD")];
    let cents = vec![Some(10_000), Some(2_000_000), Some(1_250), Some(700), None];
    let document = document(money(codes, cents), &json!(["name", "amount"])).expect("a document");
    let json: Value = serde_json::from_str(&text("json", &document)).expect("JSON");
    let table = &json["sections"][0];
    let format = json!({"style": "currency", "currency": null, "currency_column": "currency", "decimals": null});
    assert_eq!(table["columns"][1]["format"], format);
    assert_eq!(table["rows"][1], json!({"name": "row2", "amount": 20000.00, "currency": "JPY"}));
    assert_eq!(table["totals"][1], json!({"value": null, "text": ""}));
    assert_eq!(json["notes"], json!(["Rows: Amount: amounts in –, EUR, JPY and KWD are not added up"]));

    let html = text("html", &document);
    for amount in ["€100.00", "¥20,000", "KWD\u{a0}12.500", "7.00"] {
        assert!(html.contains(&format!("<td class=\"n\">{amount}</td>")), "{amount}: {html}");
    }
    assert_eq!(pdf_line(&document, "row1").split_whitespace().collect::<Vec<_>>(), ["row1", "€100.00"]);
    assert_eq!(pdf_line(&document, "row2").split_whitespace().collect::<Vec<_>>(), ["row2", "¥20,000"]);
    assert_eq!(pdf_line(&document, "Total"), "Total");
    let csv = text("csv", &document);
    let lines: Vec<&str> = csv.lines().take(5).collect();
    let rows = ["t,row1,100.00,EUR", "t,row2,20000,JPY", "t,row3,12.500, kwd ", "t,row4,7.00,"];
    assert_eq!(lines[0].trim_start_matches('\u{feff}'), "section,name,amount,currency");
    assert_eq!(lines[1..], rows);

    let mut archive = zip::ZipArchive::new(Cursor::new(bytes("xlsx", &document))).expect("a package");
    let styles = std::io::read_to_string(archive.by_name("xl/styles.xml").expect("styles")).expect("UTF-8");
    for code in ["[$€-409]#,##0.00", "[$¥-409]#,##0", "[$KWD-409]\\\u{a0}#,##0.000"] {
        assert!(styles.contains(&format!("formatCode=\"{code}\"")), "{code}: {styles}");
    }
    let mut workbook = Xlsx::new(Cursor::new(bytes("xlsx", &document))).expect("a workbook");
    let sheet = workbook.worksheet_range("Rows").expect("the sheet");
    assert_eq!(sheet.get_value((2, 1)), Some(&Data::Float(20_000.0)));
    assert!(matches!(sheet.get_value((6, 1)), None | Some(Data::Empty)), "no total: {:?}", sheet.get_value((6, 1)));
}

#[test]
fn amounts_of_one_currency_are_added_in_it() {
    let document =
        document(money(vec![Some("JPY"); 2], vec![Some(10_000), Some(2_000_000)]), &json!(["name", "amount"]));
    let document = document.expect("a document");
    let json: Value = serde_json::from_str(&text("json", &document)).expect("JSON");
    let total = &json["sections"][0]["totals"][1];
    assert_eq!(*total, json!({"value": 20100.00, "text": "¥20,100", "currency": "JPY"}));
    assert_eq!(json["notes"], json!([]));
    let mut workbook = Xlsx::new(Cursor::new(bytes("xlsx", &document))).expect("a workbook");
    let sheet = workbook.worksheet_range("Rows").expect("the sheet");
    assert_eq!(sheet.get_value((3, 1)), Some(&Data::Float(20_100.0)));
}

#[test]
fn a_total_that_differs_from_the_sum_of_what_is_shown_is_told() {
    let cents = vec![Some(1_040), Some(1_040), Some(1_040)];
    let columns = json!(["name", {"field": "amount", "decimals": 0}]);
    let document = document(money(vec![Some("EUR"); 3], cents), &columns).expect("a document");
    let json: Value = serde_json::from_str(&text("json", &document)).expect("JSON");
    assert_eq!(json["sections"][0]["totals"][1]["text"], "€31");
    assert_eq!(json["notes"], json!(["Rows: totals add up unrounded values"]));
}
