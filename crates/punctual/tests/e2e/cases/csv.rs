//! CSV files that are not what they look like: stray quotes, headers without names or with one twice,
//! names with capitals. Refused where they stand, with a way out that then works.

use serde_json::json as value;

use super::{Case, column, csv, file, html_table, json, made, pdf, run, says, shows, xlsx};
use crate::project::Project;

const STRAY: &str = "order_no,item,amount\n1001,Desk lamp,100.00\n1002,\"Bolt box large,200.00\n\
                     1003,Cable tray,300.00\n1004,\"Oak shelf,400.00\n1005,Stapler,500.00\n";

fn orders(source: &str) -> Case<'_> {
    Case {
        source,
        datasets: "orders: {source: data, columns: {order_no: int, amount: {type: 'decimal(12,2)', total: sum}}}",
        sections: "{name: orders, type: table, data: orders, totals: true}",
        formats: "json, csv, xlsx, html, pdf",
        ..Case::default()
    }
}

#[test]
fn a_quote_that_swallows_rows_is_refused_by_its_line() {
    let place = "dataset `orders`: rows.csv line 3: the quote that begins a field here ends on line 5";
    let answer = run(&orders("").csv(STRAY), &[]);
    says(&answer, 3, &[place, "if quotes are text in this file, say `quote: none` on the source"]);
    // Line breaks in fields are no licence for what follows a closing quote.
    says(&run(&orders("multiline: true").csv(STRAY), &[]), 3, &["rows.csv line 3"]);
    // One that never ends, and one inside a field.
    let open = STRAY.replace("\"Oak", "Oak");
    says(&run(&orders("").csv(&open), &[]), 3, &["rows.csv line 3: a quoted field begins here and does not end"]);
    let inside = STRAY.replace("\"Oak", "Oak").replace("\"Bolt", "6\" bolt");
    let way = "put the field in quotes and double this one, or say `stray_quotes: text` or `quote: none`";
    says(&run(&orders("").csv(&inside), &[]), 3, &["rows.csv line 3: a quote stands inside field 2", way]);
}

#[test]
fn quotes_that_are_text_keep_every_row_and_the_total() {
    let project = orders("quote: none").csv(STRAY);
    made(&project);
    let amounts = [100.0, 200.0, 300.0, 400.0, 500.0].map(Some);
    shows(&project, "orders", "amount", &amounts, Some(1500.0));
    assert_eq!(column(&json(&project), "orders", "item")[1], "\"Bolt box large");
    assert_eq!(xlsx(&project, "orders")[2][1].to_string(), "\"Bolt box large");
    assert!(String::from_utf8_lossy(&file(&project, "csv")).contains("1002,\"\"\"Bolt box large\",200.00"));
    assert!(pdf(&project).contains("1,500.00"));

    let inches = orders("stray_quotes: text").csv("order_no,item,amount\n1,6\" pipe,2.50\n2,\"a,\"\"b\",3.00\n");
    made(&inches);
    assert_eq!(column(&json(&inches), "orders", "item"), ["6\" pipe", "a,\"b"]);
    shows_total(&inches, 5.5);
}

fn shows_total(project: &Project, total: f64) {
    assert_eq!(super::section(&json(project), "orders")["totals"][2]["value"].as_f64(), Some(total));
}

#[test]
fn a_header_without_names_is_refused_and_then_readable_by_declaration_or_left_out() {
    let rows = ",client,amount,\n0,Birch,10.00,x\n1,Cedar,20.00,y\n";
    let says_how = "column 1 has no name; give it one with `columns: {NAME: {from: 1, type: text}}`, or leave it out \
                    with `unnamed: skip` on the source";
    says(&run(&Case::default().csv(rows), &[]), 3, &["dataset `rows`: rows.csv line 1", says_how]);

    let declared = "rows: {source: data, columns: {position: {from: 1, type: int}, note: {from: 4, type: text}}}";
    let named = Case { datasets: declared, formats: "json, csv, xlsx, html", ..Case::default() }.csv(rows);
    made(&named);
    assert_eq!(column(&json(&named), "rows", "position"), [value!(0), value!(1)]);
    assert_eq!(column(&json(&named), "rows", "note"), ["x", "y"]);
    let lines = [["position", "client", "amount", "note"], ["0", "Birch", "10.00", "x"], ["1", "Cedar", "20.00", "y"]];
    assert_eq!(csv(&named, "rows"), lines.map(|line| line.map(str::to_owned).to_vec()));
    let of_sheet: Vec<String> = xlsx(&named, "rows")[2].iter().map(ToString::to_string).collect();
    assert_eq!((of_sheet, html_table(&named, "rows")[2].clone()), (owned(&lines[2]), owned(&lines[2])));

    let skipped = Case { source: "unnamed: skip", ..Case::default() }.csv(rows);
    made(&skipped);
    let report = json(&skipped);
    assert_eq!(super::section(&report, "rows")["rows"][0], value!({"client": "Birch", "amount": "10.00"}));

    // The one without a name, by that it has none; a byte-order mark is no name.
    let datasets = "rows: {source: data, columns: {position: {from: '', type: int}}}";
    let index = Case { datasets, ..Case::default() }.csv("\u{feff},client\n0,Birch\n1,Cedar\n");
    made(&index);
    assert_eq!(column(&json(&index), "rows", "position"), [value!(0), value!(1)]);
    let two = Case { datasets, ..Case::default() }.csv(rows);
    says(&run(&two, &[]), 3, &["columns 1 and 4 have no name; say which by its place, such as `from: 1`"]);
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn a_name_that_comes_twice_is_refused_and_then_told_apart_by_its_place() {
    let rows = "amount,client,amount\n1.00,Birch,2.50\n";
    let way = "two columns are named `amount`; give one of them another name, such as `columns: {NAME: {from: 3}}`";
    says(&run(&Case::default().csv(rows), &[]), 3, &["rows.csv line 1", way]);
    let datasets = "rows: {source: data, columns: {refund: {from: 3, type: 'decimal(12,2)'}}}";
    let project = Case { datasets, ..Case::default() }.csv(rows);
    made(&project);
    assert_eq!(column(&json(&project), "rows", "refund"), [value!(2.5)]);
    assert_eq!(column(&json(&project), "rows", "amount"), ["1.00"]);
}

#[test]
fn a_file_in_the_folder_of_the_state_is_refused_by_check_and_run() {
    let words = "lies in the data folder, where Punctual keeps its own files";
    for path in [".punctual/state.sqlite", "./x/../.punctual/artifacts/x.csv"] {
        for kind in ["csv", "sqlite"] {
            let project = Project::empty();
            let sql = if kind == "csv" { "" } else { ", sql: SELECT 1 AS n" };
            let datasets = format!("rows: {{source: data{sql}}}");
            Case { datasets: &datasets, ..Case::default() }.define(&project, &format!("type: {kind}\npath: {path}"));
            says(
                &project.punctual(&["check"]),
                1,
                &[&format!("`{path}` {words}"), "all.yaml:4:7", "put the file somewhere else"],
            );
            says(&run(&project, &[]), 1, &[&format!("`{path}` {words}")]);
            assert!(!project.path(".punctual").exists(), "nothing was run");
        }
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_name() {
    let datasets = "rows: {source: data, columns: {amount: 'decimal(12,2)'}}";
    for header in ["amount,client", "\"amount\",client"] {
        let project = Case { datasets, ..Case::default() }.csv(&format!("\u{feff}{header}\n7.50,Birch\n"));
        made(&project);
        assert_eq!(column(&json(&project), "rows", "amount"), [value!(7.5)], "{header}");
    }
}
