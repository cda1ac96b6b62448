//! What an assembled document says, and what a layout that does not fit is told.

use std::sync::Arc;

use insta::assert_snapshot;
use punctual_data::facts::{CURRENCY, CURRENCY_COLUMN};
use punctual_document::{
    assemble::{Edition, assemble, unsaid_totals},
    content::{Body, RowsInMemory},
};
use punctual_model::{definition::Layout, value::Value};
use serde_json::json;

use crate::edition::{bare, batch, cents, doubles, full, ints, layout, meaning, read, table, texts};

fn whole() -> Layout {
    layout(json!({
        "title": "{{ client.name }}: {{ period.label }}",
        "subtitle": "Compared with a goal of {{ parameters.goal | format_number }} visits",
        "sections": [
            {"name": "figures", "type": "figures", "title": "Key figures", "data": "summary",
             "values": ["visits", {"field": "revenue", "format": "currency"},
                        {"field": "rate", "label": "Conversion", "format": "percent", "decimals": 2},
                        {"field": "per_visit", "formula": "revenue / visits", "format": "currency"}],
             "compare": "previous_period"},
            {"name": "trend", "type": "chart", "chart": "line", "data": "daily", "x": "day", "y": ["visits"]},
            {"name": "channels", "type": "table", "title": "Channels", "data": "by_channel", "totals": true,
             "columns": ["channel", {"field": "revenue", "format": "currency"}, "previous",
                         {"field": "change", "formula": "(revenue - previous) / previous", "format": "percent"},
                         {"field": "at", "label": "Last sale", "format": "date"}]},
            {"name": "all_columns", "type": "table", "data": "by_channel"},
            {"name": "note", "type": "text",
             "text": "{{ client.name }} had\n{{ summary.visits | format_number }} visits.\n\n\
                      {% if summary.revenue > 12345 %}Revenue was {{ summary.revenue | format_currency }}.{% endif %}"}
        ]
    }))
}

#[test]
fn a_document_says_what_its_layout_and_data_say() {
    assert_snapshot!("english", read(&assemble(&whole(), &full("en-US")).expect("a document")));
    assert_snapshot!("german", read(&assemble(&whole(), &full("de-DE")).expect("a document")));
}

#[test]
fn rows_can_be_read_again_and_keep_their_types() {
    let document = assemble(&whole(), &full("en-US")).expect("a document");
    let Body::Table(table) = &document.sections[2].body else { panic!("a table") };
    for _ in 0..2 {
        let rows: usize = table.rows.batches().expect("rows").map(|b| b.expect("a batch").num_rows()).sum();
        assert_eq!(rows as u64, table.rows.count());
    }
    let totals: Vec<&Value> = table.totals.as_ref().expect("totals").iter().map(|cell| &cell.value).collect();
    assert_eq!(*totals[0], Value::Text("Total".to_owned()));
    assert!(matches!(totals[1], Value::Decimal(d) if d.to_string() == "12345.50"));
    // The change of the sums, not the sum of the changes.
    assert!(matches!(totals[3], Value::Double(d) if (d - (12_345.5 - 15_000.0) / 15_000.0).abs() < 1e-12));
}

#[test]
fn an_edition_without_rows_says_so() {
    let mut edition = full("en-US");
    for table in edition.tables.values_mut() {
        table.rows = Arc::new(RowsInMemory(vec![]));
    }
    let layout = layout(json!({
        "title": "Quiet",
        "sections": [
            {"name": "figures", "type": "figures", "data": "summary", "values": ["visits"], "compare": "previous_period"},
            {"name": "trend", "type": "chart", "chart": "bar", "data": "daily", "x": "day", "y": ["visits"]},
            {"name": "channels", "type": "table", "data": "by_channel", "totals": true},
            {"name": "note", "type": "text", "text": "Visits: [{{ summary.visits | format_number }}]"}
        ]
    }));
    assert_snapshot!(read(&assemble(&layout, &edition).expect("a document")));
}

#[test]
fn a_report_that_is_not_burst_is_about_nobody() {
    let mut edition = full("en-GB");
    edition.burst = None;
    edition.key = "all".to_owned();
    let layout = layout(json!({"title": " {{ report.title }} ", "sections": [
        {"name": "channels", "type": "table", "data": "by_channel", "columns": ["client_id"]}]}));
    let document = assemble(&layout, &edition).expect("a document");
    assert_eq!((document.head.about, document.head.currency.as_str()), (None, "USD"));
    assert_eq!(document.head.title, "Monthly report");
}

#[test]
fn layouts_that_do_not_fit_are_told_why() {
    let mut edition = full("en-US");
    let two = batch([("client_id", ints(vec![Some(7); 2])), ("visits", ints(vec![Some(1), Some(2)]))]);
    edition.tables.insert("two_rows".to_owned(), table(vec![two]));
    let large = batch([("n", cents(vec![Some(i128::MAX); 2]))]);
    edition.tables.insert("large".to_owned(), table(vec![large]));
    let points = batch([("x", ints(vec![Some(1); 50_001])), ("y", doubles(vec![Some(1.0); 50_001]))]);
    edition.tables.insert("points".to_owned(), table(vec![points]));
    let table_of = |columns: serde_json::Value| json!({"name": "channels", "type": "table", "data": "by_channel", "columns": columns});
    let formula = |text: &str| table_of(json!(["channel", "revenue", {"field": "f", "formula": text}]));
    let chart = |data: &str, x: &str, y: &str| json!({"name": "trend", "type": "chart", "chart": "line", "data": data, "x": x, "y": [y]});
    let figures = |data: &str| json!({"name": "figures", "type": "figures", "data": data, "values": ["visits"]});
    let cases = [
        table_of(json!(["chanel"])),
        table_of(json!(["banana"])),
        table_of(json!(["channel", "channel"])),
        table_of(json!([{"field": "channel", "format": "currency"}])),
        table_of(json!([{"field": "channel", "format": "date"}])),
        table_of(json!([{"field": "revenue", "format": "date"}])),
        formula("revenue / previous"),
        formula("revenu * 2"),
        formula("channel * 2"),
        formula("revenue *"),
        json!({"name": "channels", "type": "table", "data": "by_chanel"}),
        json!({"name": "sums", "type": "table", "data": "large", "totals": true, "columns": [{"field": "n", "total": "sum"}]}),
        chart("daily", "day", "visit"),
        chart("by_channel", "at", "channel"),
        chart("points", "x", "y"),
        figures("two_rows"),
        json!({"name": "note", "type": "text", "text": "Dear\n{{ cleint.name }}"}),
        json!({"name": "note", "type": "text", "text": "{{ period.start | date('%d') }}"}),
    ];
    let told = cases.map(|section| {
        let layout = layout(json!({"title": "T", "sections": [section]}));
        let error = assemble(&layout, &edition).expect_err("does not fit");
        assert!(!error.is_transient());
        format!("{error}\n  help: {}\n", error.help().unwrap_or_default())
    });
    assert_snapshot!(told.join("\n"));
}

#[test]
fn the_period_before_must_have_one_row_too() {
    let mut edition = bare("en-US");
    let rows = |n| batch([("visits", ints(vec![Some(1); n])), ("name", texts(&vec!["a"; n]))]);
    let mut summary = table(vec![rows(1)]);
    summary.previous = Some(Arc::new(RowsInMemory(vec![rows(2)])));
    edition.tables.insert("summary".to_owned(), summary);
    let layout = layout(json!({"title": "T", "sections": [
        {"name": "f", "type": "figures", "data": "summary", "values": ["visits"], "compare": "previous_period"}]}));
    let error = assemble(&layout, &edition).expect_err("two rows").to_string();
    assert!(error.ends_with("has 2 in edition `7` of the period before"), "{error}");
}

#[test]
fn equal_inputs_give_equal_documents() {
    let once = |_| read(&assemble(&whole(), &full("fr-FR")).expect("a document"));
    assert_eq!(once(1), once(2));
}

/// Figures of one row, with what its columns say of their currency.
fn money(now: &str, before: &str) -> Edition {
    let mut edition = bare("en-US");
    let row = |code: &str, cents_of: i128| {
        batch([("revenue", cents(vec![Some(cents_of)])), ("currency", texts(&[code])), ("fee", ints(vec![Some(50)]))])
    };
    let mut summary = table(vec![row(now, 12_000)]);
    summary.schema = meaning(&summary.schema, &[("revenue", CURRENCY_COLUMN, "currency"), ("fee", CURRENCY, "JPY")]);
    summary.previous = Some(Arc::new(RowsInMemory(vec![row(before, 10_000)])));
    edition.tables.insert("summary".to_owned(), summary);
    edition
}

#[test]
fn figures_and_texts_are_in_the_currency_of_their_row_and_compare_only_within_it() {
    let layout = layout(json!({"title": "T", "sections": [
        {"name": "f", "type": "figures", "data": "summary", "values": ["revenue", "fee"], "compare": "previous_period"},
        {"name": "n", "type": "text", "text": "{{ summary.revenue | format_currency }}, \
         {{ summary.fee | format_currency }}, {{ (summary.fee * 2) | format_number }}, \
         {% if summary.fee > 40 %}{{ summary.revenue | format_currency('USD') }}{% endif %}"}]}));
    let said = |now: &str, before: &str| {
        let document = assemble(&layout, &money(now, before)).expect("a document");
        let (Body::Figures(figures), Body::Text(texts)) = (&document.sections[0].body, &document.sections[1].body)
        else {
            panic!("figures and a text")
        };
        let change = figures[0].change.as_ref().map(|change| change.text.clone());
        (figures[0].cell.text.clone(), change, figures[0].remark.clone(), figures[1].cell.text.clone(), texts.concat())
    };
    let same = said("EUR", "EUR");
    assert_eq!((same.0.as_str(), same.1.as_deref(), same.2), ("€120.00", Some("+20.0%"), None));
    assert_eq!((same.3.as_str(), same.4.as_str()), ("¥50", "€120.00, ¥50, 100, $120.00"));
    let other = said("KWD", "EUR");
    assert_eq!((other.0.as_str(), other.1), ("KWD\u{a0}120.000", None));
    assert_eq!(other.2.as_deref(), Some("not compared: EUR before"));
}

#[test]
fn amounts_of_two_currencies_share_no_axis_and_no_formula() {
    let mut edition = bare("en-US");
    let rows = |codes: &[&str]| {
        let amounts = (0..codes.len()).map(|n| Some(n as i128 * 100 + 100)).collect::<Vec<_>>();
        table(vec![batch([("amount", cents(amounts)), ("currency", texts(codes))])])
    };
    edition.tables.insert("mixed".to_owned(), rows(&["EUR", "JPY"]));
    edition.tables.insert("euros".to_owned(), rows(&["EUR", "EUR"]));
    let chart = |data: &str, y: serde_json::Value| {
        let section = json!({"name": "c", "type": "chart", "chart": "bar", "data": data, "x": "currency", "y": y});
        assemble(&layout(json!({"title": "T", "sections": [section]})), &edition)
    };
    let by_row = json!([{"field": "amount", "currency_column": "currency"}]);
    let Body::Text(told) = &chart("mixed", by_row.clone()).expect("a document").sections[0].body else { panic!() };
    assert_eq!(*told, ["Amounts in EUR and JPY have no common axis and are not drawn."]);
    let Body::Chart(drawn) = &chart("euros", by_row).expect("a document").sections[0].body else { panic!() };
    assert!(drawn.svg.contains("€1"), "{}", drawn.svg);
    let two =
        json!([{"field": "amount", "currency": "EUR"}, {"field": "d", "formula": "amount * 2", "currency": "USD"}]);
    let error = chart("euros", two).expect_err("two currencies");
    assert_eq!(
        error.to_string(),
        "section `c`: column `d` is in USD, but `amount` is in EUR: they have no common axis"
    );

    let columns = json!([{"field": "amount", "currency": "EUR"}, {"field": "d", "formula": "amount * 2", "currency": "USD"},
                         {"field": "s", "formula": "amount + d"}]);
    let section = json!({"name": "t", "type": "table", "data": "euros", "columns": columns});
    let error = assemble(&layout(json!({"title": "T", "sections": [section]})), &edition).expect_err("EUR + USD");
    assert_eq!(error.to_string(), "section `t`: column `s` calculates with EUR and USD amounts");
    assert_eq!(error.help().as_deref(), Some("convert `amount` or `d` in the table's SQL first"));
}

#[test]
fn columns_whose_total_nobody_has_said_are_named() {
    let sections = json!([{"name": "channels", "type": "table", "data": "by_channel", "totals": true},
                          {"name": "daily", "type": "table", "data": "daily", "totals": true,
                           "columns": ["day", {"field": "visits", "total": "none"}]}]);
    let layout = layout(json!({"title": "T", "sections": sections}));
    let mut edition = full("en-US");
    assert_eq!(unsaid_totals(&layout, &edition).expect("columns"), []);
    let channels = edition.tables.get_mut("by_channel").expect("there");
    channels.schema = meaning(&channels.schema, &[]);
    let unsaid = unsaid_totals(&layout, &edition).expect("columns");
    assert_eq!((unsaid.len(), unsaid[0].section.as_str()), (1, "channels"));
    assert_eq!(unsaid[0].columns, ["revenue", "previous"]);
}

#[test]
fn a_column_named_currency_is_that_of_the_amounts_beside_it() {
    let mut edition = bare("en-US");
    let rows = batch([("amount", cents(vec![Some(10_000), Some(2_000_000)])), ("currency", texts(&["EUR", "JPY"]))]);
    edition.tables.insert("orders".to_owned(), table(vec![rows]));
    let columns = json!([{"field": "amount", "format": "currency", "total": "sum"}]);
    let section = json!({"name": "t", "type": "table", "data": "orders", "totals": true, "columns": columns});
    let document = assemble(&layout(json!({"title": "T", "sections": [section]})), &edition).expect("a document");
    assert_eq!(document.notes, ["T: Amount: amounts in EUR and JPY are not added up"]);
    let Body::Table(table) = &document.sections[0].body else { panic!("a table") };
    let batch = table.rows.batches().expect("rows").next().expect("a batch").expect("read");
    let text = |row| table.columns[0].writer_at(&batch, row).write_at(batch.column(0), row).into_owned();
    assert_eq!([text(0), text(1)], ["€100.00", "¥20,000"]);
}
