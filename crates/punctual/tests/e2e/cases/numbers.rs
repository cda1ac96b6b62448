//! Whole numbers beyond 64 bits, and divisions: exact in every format, or an error that names table and column.

use super::{Case, csv, file, html_table, json, made, pdf, run, says, shows, xlsx};
use crate::figures::section;

const LINKS: &str = "CREATE TABLE t (link text, bytes integer, units integer);
    INSERT INTO t VALUES ('north', 6000000000000000000, 3037000500), ('south', 5000000000000000000, 2), ('west', 1, 5);";
const TRAFFIC: &str = "rows: {source: data, sql: 'SELECT link, bytes, units FROM t'}";
const WAY: &str = "cast to a wider type first, as in `CAST(x AS decimal(38, 0))`, or to a double";

#[tokio::test]
async fn a_whole_number_that_does_not_fit_names_its_table_and_column() {
    for (sql, named) in [
        ("SELECT sum(bytes) AS n FROM rows", "sum(bytes)"),
        ("SELECT link, bytes + bytes AS n FROM rows", "bytes + bytes"),
        ("SELECT link, bytes * units AS n FROM rows", "bytes * units"),
        ("SELECT link, 0 - bytes - bytes AS n FROM rows", "bytes"),
        ("SELECT link, sum(bytes) OVER (ORDER BY link) AS n FROM rows", "sum(bytes)"),
        ("SELECT sum(bytes * 2) AS n FROM rows", "bytes * "),
    ] {
        let tables = format!("traffic: {{sql: \"{sql}\"}}");
        let sections = "{name: traffic, type: table, data: traffic}";
        let project = Case { datasets: TRAFFIC, tables: &tables, sections, ..Case::default() }.sqlite(LINKS).await;
        let answer = run(&project, &[]);
        let place = "transform failed: table `traffic`: `";
        says(&answer, 3, &[place, named, "a number that is too large for its type", WAY]);
    }
}

#[tokio::test]
async fn a_sum_beyond_64_bits_is_exact_where_it_is_asked_for_and_the_same_in_every_format() {
    let case = Case {
        datasets: "rows: {source: data, sql: 'SELECT link, bytes, units FROM t', columns: {bytes: {type: int, total: sum}}}",
        tables: "whole: {sql: 'SELECT sum(CAST(bytes AS decimal(38,0))) AS n, avg(bytes) AS mean, \
                 sum(CAST(bytes AS decimal(38,0)) * units) AS worth FROM rows'}",
        sections: "{name: rows, type: table, data: rows, totals: true, columns: [link, bytes]}, \
                   {name: whole, type: table, data: whole, columns: [n, mean, {field: worth, decimals: 0}]}",
        formats: "json, csv, xlsx, html, pdf",
        ..Case::default()
    };
    let project = case.sqlite(LINKS).await;
    made(&project);
    let text = String::from_utf8(file(&project, "json")).expect("UTF-8");
    for exact in [
        "{\"value\":11000000000000000001,\"text\":\"11,000,000,000,000,000,001\"}",
        "\"n\":11000000000000000001,",
        // 6e18 x 3037000500 + 5e18 x 2 + 1 x 5.
        "\"worth\":18222003010000000000000000005}",
    ] {
        assert!(text.contains(exact), "{exact} is not in {text}");
    }
    let mean = section(&json(&project), "whole")["rows"][0]["mean"].as_f64().expect("a number");
    assert!((mean / (11_000_000_000_000_000_001.0 / 3.0) - 1.0).abs() < 1e-12, "{mean}");
    assert_eq!(csv(&project, "whole")[1][0], "11000000000000000001");
    assert_eq!(html_table(&project, "rows")[4][1], "11,000,000,000,000,000,001");
    assert_eq!(html_table(&project, "whole")[1][0], "11,000,000,000,000,000,001");
    assert!(pdf(&project).contains("11,000,000,000,000,000,001"));
    // Excel has 15 digits: a number with more of them is text there.
    let sheet = xlsx(&project, "whole");
    assert_eq!(sheet[1][0].to_string().replace(',', ""), "11000000000000000001", "{sheet:?}");
}

const SHOPS: &str = "CREATE TABLE t (shop text, orders decimal(12,0), visits decimal(12,0), revenue decimal(12,2));
    INSERT INTO t VALUES ('east', 2, 3, 10.00), ('north', 99999, 100000, 20.00), ('south', 5, 8067, 20.00),
        ('west', 1, 6, 30.00);";

fn shops<'a>(whole: &str, tables: &'a str, sections: &'a str) -> (String, Case<'a>) {
    let datasets = format!(
        "rows: {{source: data, sql: 'SELECT shop, orders, visits, revenue FROM t', \
         columns: {{orders: '{whole}', visits: '{whole}', revenue: 'decimal(12,2)'}}}}"
    );
    (datasets, Case { tables, sections, formats: "json, csv, xlsx, html", ..Case::default() })
}

#[tokio::test]
async fn a_ratio_of_whole_numbers_is_the_same_by_sql_by_double_and_by_formula() {
    let tables = "rates: {sql: 'SELECT shop, orders, visits, orders / visits AS by_sql, \
                  CAST(orders AS DOUBLE) / CAST(visits AS DOUBLE) AS by_double FROM rows', order_by: [shop]}";
    let sections = "{name: rates, type: table, data: rates, totals: true, columns: [shop, orders, visits, \
                    {field: by_sql, format: percent, decimals: 3}, {field: by_double, format: percent, decimals: 3}, \
                    {field: by_formula, formula: orders / visits, format: percent, decimals: 3, total: ratio}]}";
    for whole in ["decimal(12,0)", "int", "decimal(12,3)"] {
        let (datasets, case) = shops(whole, tables, sections);
        let project = Case { datasets: &datasets, ..case }.sqlite(SHOPS).await;
        made(&project);
        let rates = [2.0 / 3.0, 0.99999, 5.0 / 8067.0, 1.0 / 6.0].map(Some);
        for by in ["by_sql", "by_double"] {
            shows(&project, "rates", by, &rates, None);
        }
        shows(&project, "rates", "by_formula", &rates, Some(100_007.0 / 108_076.0));
        let page = html_table(&project, "rates");
        assert_eq!(page[1][3..], ["66.667%", "66.667%", "66.667%"], "{whole}");
        assert_eq!(page[5][3..], ["", "", "92.534%"], "{whole}");
    }
}

#[tokio::test]
async fn averages_of_whole_numbers_keep_their_digits() {
    let tables = "whole: {sql: 'SELECT sum(orders) / sum(visits) AS rate, avg(orders) AS mean, avg(visits) AS visits, \
                  avg(revenue) AS revenue, sum(orders) / count(*) AS each, 0 - sum(orders) / count(*) AS less FROM rows'}";
    let sections = "{name: whole, type: table, data: whole, columns: [{field: rate, format: percent, decimals: 3}, \
                    mean, visits, revenue, each, {field: less, decimals: 2}]}";
    for whole in ["decimal(12,0)", "int"] {
        let (datasets, case) = shops(whole, tables, sections);
        let project = Case { datasets: &datasets, ..case }.sqlite(SHOPS).await;
        made(&project);
        let wanted = ["92.534%", "25,001.75", "27,019.00", "20.00", "25,001.75", "-25,001.75"];
        let page = html_table(&project, "whole")[1].clone();
        let shown: Vec<f64> = page.iter().map(|cell| super::read(cell).expect("a number").0).collect();
        let right: Vec<f64> = wanted.iter().map(|cell| super::read(cell).expect("a number").0).collect();
        assert_eq!(shown, right, "{whole}: {page:?}");
        let report = json(&project);
        let row = &section(&report, "whole")["rows"][0];
        for (field, number) in
            [("rate", 100_007.0 / 108_076.0), ("mean", 25_001.75), ("each", 25_001.75), ("revenue", 20.0)]
        {
            let found = row[field].as_f64().expect("a number");
            assert!((found - number).abs() < 1e-9, "{whole}, {field}: {found}");
        }
    }
}

const SIGNS: &str = "CREATE TABLE t (name text, a integer, b integer);
    INSERT INTO t VALUES ('x', 7, 2), ('y', -7, 2), ('z', 1, 0);";

#[tokio::test]
async fn negative_numbers_are_divided_as_others_and_a_divisor_of_zero_is_told_or_left_empty() {
    for whole in ["int", "decimal(12,0)"] {
        let datasets =
            format!("rows: {{source: data, sql: 'SELECT name, a, b FROM t', columns: {{a: '{whole}', b: '{whole}'}}}}");
        let divided = |by: &str| format!("q: {{sql: 'SELECT name, a / {by} AS q FROM rows', order_by: [name]}}");
        let sections = "{name: q, type: table, data: q, totals: true}";
        let bare = divided("b");
        let case = Case { datasets: &datasets, tables: &bare, sections, ..Case::default() };
        let answer = run(&case.sqlite(SIGNS).await, &[]);
        says(&answer, 3, &["table `q`: `a / b` divides by zero: write `nullif(b, 0)` for the divisor"]);

        let nullif = divided("nullif(b, 0)");
        let formats = "json, csv, xlsx, html";
        let case = Case { datasets: &datasets, tables: &nullif, sections, formats, ..Case::default() };
        let project = case.sqlite(SIGNS).await;
        made(&project);
        shows(&project, "q", "q", &[Some(3.5), Some(-3.5), None], None);
    }
    // A formula leaves such a row empty, and divides the sums below.
    let sections = "{name: rows, type: table, data: rows, totals: true, \
                    columns: [name, a, b, {field: q, formula: a / b, total: ratio}]}";
    let datasets = "rows: {source: data, sql: 'SELECT name, a, b FROM t'}";
    let formats = "json, csv, xlsx, html";
    let project = Case { datasets, sections, formats, ..Case::default() }.sqlite(SIGNS).await;
    made(&project);
    shows(&project, "rows", "q", &[Some(3.5), Some(-3.5), None], Some(0.25));
}
