//! Totals: the sum of what adds up, the formula's own total of what is computed, and an empty cell for
//! everything else, the same in every format.

use serde_json::json as value;

use super::{Case, json, made, pdf, run, says, shows, xlsx};
use crate::{figures::section, project::Project};

const ORDERS: &str = "CREATE TABLE t (order_no integer, year integer, id decimal(12,0), code text,
        unit_price decimal(12,2), fx_rate decimal(8,4), share real, quantity integer, amount decimal(12,2));
    INSERT INTO t VALUES (70001, 2026, 1, '001', 19.99, 1.0845, 0.25, 2, 39.98),
        (70002, 2026, 2, '002', 5.00, 1.0845, 0.75, 10, 50.00);";
const COLUMNS: &str = "code, order_no, year, id, unit_price, fx_rate, share, quantity, amount";

/// A table of orders with totals; `declared` are its columns, `shown` those of the section.
async fn orders(declared: &str, shown: &str) -> Project {
    let datasets = format!("rows: {{source: data, sql: 'SELECT {COLUMNS} FROM t', columns: {{{declared}}}}}");
    let sections = format!("{{name: rows, type: table, data: rows, totals: true, columns: [{shown}]}}");
    let formats = "json, csv, xlsx, html, pdf";
    Case { datasets: &datasets, sections: &sections, formats, ..Case::default() }.sqlite(ORDERS).await
}

#[tokio::test]
async fn numbers_years_prices_and_rates_are_not_added_up_until_a_column_says_so() {
    let plain = orders("", COLUMNS).await;
    let finding = "nothing says whether `order_no`, `year`, `id`, `unit_price`, `fx_rate`, `share`, `quantity`, \
                   `amount` add up, so no total is shown; write `total: sum` (or mean, min, max, none) there";
    says(&run(&plain, &[]), 0, &[finding]);
    for (field, numbers) in [
        ("order_no", [70001.0, 70002.0]),
        ("year", [2026.0, 2026.0]),
        ("id", [1.0, 2.0]),
        ("unit_price", [19.99, 5.0]),
        ("fx_rate", [1.0845, 1.0845]),
        ("share", [0.25, 0.75]),
        ("quantity", [2.0, 10.0]),
        ("amount", [39.98, 50.0]),
    ] {
        shows(&plain, "rows", field, &numbers.map(Some), None);
    }
    let page = pdf(&plain);
    assert!(page.contains("Total") && !page.contains("140,003") && !page.contains("4,052") && !page.contains("89.98"));

    let declared = "order_no: {type: int, total: none}, quantity: {type: int, total: sum}, \
                    amount: {type: 'decimal(12,2)', total: sum}";
    let shown = "code, order_no, {field: year, total: none}, id, {field: unit_price, total: max}, \
                 {field: fx_rate, total: mean}, {field: share, format: percent, total: min}, quantity, amount";
    let said = orders(declared, shown).await;
    made(&said);
    for (field, numbers, total) in [
        ("order_no", [70001.0, 70002.0], None),
        ("year", [2026.0, 2026.0], None),
        ("unit_price", [19.99, 5.0], Some(19.99)),
        ("fx_rate", [1.0845, 1.0845], Some(1.0845)),
        ("share", [0.25, 0.75], Some(0.25)),
        ("quantity", [2.0, 10.0], Some(12.0)),
        ("amount", [39.98, 50.0], Some(89.98)),
    ] {
        shows(&said, "rows", field, &numbers.map(Some), total);
    }
}

#[tokio::test]
async fn ids_that_are_decimals_or_text_are_written_as_they_are_and_have_no_total() {
    let shown = "code, {field: order_no, format: text}, {field: year, format: text}, {field: id, format: text}, \
                 {field: share, format: percent}";
    let project = orders("", shown).await;
    made(&project);
    assert_eq!(super::html_table(&project, "rows")[1], ["001", "70001", "2026", "1", "25.0%"]);
    assert_eq!(super::html_table(&project, "rows")[3], ["Total", "", "", "", ""]);
    let below = xlsx(&project, "rows")[3].clone();
    assert!(below[1..].iter().all(|cell| *cell == calamine::Data::Empty), "{below:?}");
    assert_eq!(section(&json(&project), "rows")["totals"][1]["value"], value!(null));
    assert!(pdf(&project).contains("70001") && !pdf(&project).contains("70,001"));

    let summed = orders("", "order_no, {field: code, total: sum}").await;
    says(&run(&summed, &[]), 3, &["section `rows`: column `code` holds text"]);
}

#[tokio::test]
async fn of_table_sql_counts_and_sums_add_up_and_medians_averages_extremes_and_ratios_do_not() {
    let sections = "{name: rows, type: table, data: sums, totals: true}";
    let datasets = format!("rows: {{source: data, sql: 'SELECT {COLUMNS} FROM t'}}");
    let tables = "sums: {sql: 'SELECT code, median(amount) AS middle, avg(amount) AS mean, max(unit_price) AS dearest, \
                  count(DISTINCT fx_rate) AS rates, sum(quantity) / sum(amount) AS ratio, max(id) AS id, year, \
                  sum(amount) AS amount, count(*) AS orders FROM rows GROUP BY code, year', order_by: [code]}";
    let formats = "json, csv, xlsx, html";
    let case = Case { datasets: &datasets, tables, sections, formats, ..Case::default() };
    let project = case.sqlite(ORDERS).await;
    made(&project);
    for (field, numbers, total) in [
        ("middle", [39.98, 50.0], None),
        ("mean", [39.98, 50.0], None),
        ("dearest", [19.99, 5.0], None),
        ("rates", [1.0, 1.0], None),
        ("ratio", [2.0 / 39.98, 0.2], None),
        ("id", [1.0, 2.0], None),
        ("year", [2026.0, 2026.0], None),
        ("amount", [39.98, 50.0], Some(89.98)),
        ("orders", [1.0, 1.0], Some(2.0)),
    ] {
        shows(&project, "rows", field, &numbers.map(Some), total);
    }
}

const LINES: &str = "CREATE TABLE t (item text, quantity integer, unit_price decimal(12,2), cost decimal(12,2));
    INSERT INTO t VALUES ('Desk', 2, 300.00, 180.00), ('Chair', 10, 50.00, 35.00), ('Lamp', 5, 20.00, 12.00);";

/// The order lines with these formulas as further columns.
async fn lines(declared: &str, formulas: &[(&str, &str)]) -> Project {
    let datasets = format!(
        "rows: {{source: data, sql: 'SELECT item, quantity, unit_price, cost FROM t', columns: {{{declared}}}}}"
    );
    let formulas: Vec<String> = formulas.iter().map(|(name, f)| format!("{{field: {name}, formula: {f}}}")).collect();
    let sections = format!(
        "{{name: rows, type: table, data: rows, totals: true, columns: [item, quantity, unit_price, cost, {}]}}",
        formulas.join(", ")
    );
    let formats = "json, csv, xlsx, html, pdf";
    Case { datasets: &datasets, sections: &sections, formats, ..Case::default() }.sqlite(LINES).await
}

#[tokio::test]
async fn the_total_of_a_product_is_the_sum_of_the_products() {
    let amount = "quantity * unit_price, format: currency";
    let project = lines(
        "",
        &[
            ("amount", amount),
            ("with_tax", "amount * 1.19 + 0, format: currency"),
            ("plus_fee", "amount + 5, format: currency"),
        ],
    )
    .await;
    made(&project);
    shows(&project, "rows", "amount", &[600.0, 500.0, 100.0].map(Some), Some(1200.0));
    shows(&project, "rows", "with_tax", &[714.0, 595.0, 119.0].map(Some), Some(1428.0));
    shows(&project, "rows", "plus_fee", &[605.0, 505.0, 105.0].map(Some), Some(1215.0));
    shows(&project, "rows", "unit_price", &[300.0, 50.0, 20.0].map(Some), None);
    let page = pdf(&project);
    for total in ["$1,200.00", "$1,428.00", "$1,215.00"] {
        assert!(page.contains(total), "{total}: {page}");
    }
    assert!(!page.contains("6,290"), "{page}");
}

#[tokio::test]
async fn totals_of_formulas_add_up_row_by_row_and_ratios_divide_the_sums() {
    let formulas = [
        ("amount", "quantity * unit_price"),
        ("margin", "quantity * (unit_price - cost)"),
        ("left", "2 * quantity"),
        ("right", "quantity * 2"),
        ("half", "quantity / 2"),
        ("less", "1 - quantity"),
        ("minus", "-amount"),
        ("diff", "unit_price - cost"),
        ("inverse", "2 / quantity"),
        ("share", "(amount - margin) / amount"),
        ("nested", "(quantity * cost) / (quantity * unit_price)"),
    ];
    let project = lines("quantity: {type: int, total: sum}", &formulas).await;
    made(&project);
    for (field, numbers, total) in [
        ("quantity", [2.0, 10.0, 5.0], Some(17.0)),
        ("amount", [600.0, 500.0, 100.0], Some(1200.0)),
        ("margin", [240.0, 150.0, 40.0], Some(430.0)),
        ("left", [4.0, 20.0, 10.0], Some(34.0)),
        ("right", [4.0, 20.0, 10.0], Some(34.0)),
        ("half", [1.0, 5.0, 2.5], Some(8.5)),
        ("less", [-1.0, -9.0, -4.0], Some(-14.0)),
        ("minus", [-600.0, -500.0, -100.0], Some(-1200.0)),
        // The sum of differences of prices means as little as the sum of prices.
        ("diff", [120.0, 15.0, 8.0], None),
        ("inverse", [1.0, 0.2, 0.4], None),
        // 770 of 1,200, not a mean of three shares.
        ("share", [0.6, 0.7, 0.6], Some(770.0 / 1200.0)),
        ("nested", [0.6, 0.7, 0.6], Some(770.0 / 1200.0)),
    ] {
        shows(&project, "rows", field, &numbers.map(Some), total);
    }
    let declared = "unit_price: {type: 'decimal(12,2)', total: sum}, cost: {type: 'decimal(12,2)', total: sum}";
    let project = lines(declared, &[("diff", "unit_price - cost"), ("ratio", "cost / unit_price")]).await;
    made(&project);
    shows(&project, "rows", "diff", &[120.0, 15.0, 8.0].map(Some), Some(143.0));
    shows(&project, "rows", "ratio", &[0.6, 0.7, 0.6].map(Some), Some(227.0 / 370.0));
}
