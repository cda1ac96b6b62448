//! Texts of other scripts, and columns whose names have capitals.

use super::{Case, column, csv, html, json, made, pdf, run, says};
use crate::project::Project;

/// Names in six scripts beside the ones that the shipped font has.
const NAMES: [&str; 7] = [
    "山田太郎 株式会社",
    "شركة النخيل",
    "हिन्दी कंपनी",
    "한국 회사",
    "Party 🎉 shop",
    "Łódź, Größe, Ελλάδα, Москва, Tiếng Việt",
    "₹ ½ → ≥",
];

fn names() -> Case<'static> {
    let (report, members) = ("deliver: {to: team}", "{email: ana@agency.example}");
    Case { title: "売上 (sales)", formats: "json, pdf, html", report, members, ..Case::default() }
}

fn rows() -> String {
    let rows: Vec<String> = NAMES.iter().enumerate().map(|(n, name)| format!("{n},\"{name}\"\n")).collect();
    format!("id,name\n{}", rows.concat())
}

/// Without the fonts of the system, which differ from machine to machine.
fn without_system_fonts(project: &Project, more: &str) {
    project.write("punctual.yaml", &format!("{}system_fonts: false\n{more}", super::SETTINGS));
}

#[test]
fn what_no_font_has_is_a_finding_before_anything_leaves_and_two_names_stay_apart() {
    let project = names().csv(&rows());
    without_system_fonts(&project, "");
    for command in ["plan", "run"] {
        let answer = project.punctual(&[command, "case", "--period", "2026-10"]);
        says(&answer, 0, &["no font has", "in the pdf of edition all", "`fonts:`"]);
    }
    // Codes stand in the boxes and below: what cannot be drawn can still be told from another, and copied.
    let page = pdf(&project);
    for shown in ["Łódź, Größe, Ελλάδα, Москва, Tiếng Việt", "U+5C71", NAMES[0]] {
        assert!(page.contains(shown), "{shown} is not in {page}");
    }
    assert_eq!(column(&json(&project), "rows", "name"), NAMES);
    assert!(NAMES.iter().all(|name| html(&project).contains(name)));
}

#[test]
fn a_font_of_the_project_makes_them_readable() {
    let project = Case { formats: "pdf", ..names() }.csv("id,name\n1,山田太郎 株式会社\n2,売上\n");
    std::fs::create_dir(project.path("fonts")).expect("a folder");
    let font = "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc";
    std::fs::copy(font, project.path("fonts/wqy-microhei.ttc"))
        .unwrap_or_else(|error| panic!("{font} is needed (scripts/install-packages.sh): {error}"));
    without_system_fonts(&project, "fonts: fonts\n");
    let answer = run(&project, &[]);
    says(&answer, 0, &[]);
    assert!(!answer.words().contains("no font has"), "{}", answer.words());
    let page = pdf(&project);
    for shown in ["山田太郎 株式会社", "売上 (sales)"] {
        assert!(page.contains(shown), "{shown} is not in {page}");
    }
}

const CAPITALS: &str = "Customer,Order ID,Amount\nBirch,7,10.00\nZinnia,8,\nacorn,9,30.00\nÄpfel,10,5.00\n";

/// Customers by a table's SQL.
fn customers(sql: &str, columns: &str, rows: &str) -> Project {
    let datasets = format!("rows: {{source: data, columns: {{{columns}}}}}");
    let tables = format!("sums: {{sql: '{sql}', order_by: [customer]}}");
    let sections = "{name: sums, type: table, data: sums}";
    Case { datasets: &datasets, tables: &tables, sections, formats: "json, csv", ..Case::default() }.csv(rows)
}

#[test]
fn a_declared_column_with_capitals_named_without_quotes_is_told_by_check() {
    let sql = "SELECT \"Customer\" AS customer, sum(Amount) AS total FROM rows GROUP BY \"Customer\"";
    let project = customers(sql, "Amount: 'decimal(12,2)'", CAPITALS);
    let way = "write `\"Amount\"`, because a name without quotes is read in lower case";
    let told = ["`Amount` is read as `amount`, but the column is `Amount`", "all.yaml:", way];
    says(&project.punctual(&["check"]), 1, &told);
    says(&run(&project, &[]), 1, &told);
}

#[test]
fn an_undeclared_column_with_capitals_is_told_by_check_out_of_the_first_line_of_its_file() {
    for (written, message) in [
        ("Customer", "`Customer` is read as `customer`, but the column is `Customer`"),
        ("customer", "there is no column `customer`, but one named `Customer`"),
        ("CUSTOMER", "`CUSTOMER` is read as `customer`, but the column is `Customer`"),
    ] {
        let sql = format!("SELECT {written} AS customer, count(*) AS total FROM rows GROUP BY 1");
        let project = customers(&sql, "Amount: 'decimal(12,2)'", CAPITALS);
        let way = "write `\"Customer\"`, because a name without quotes is read in lower case";
        says(&project.punctual(&["check"]), 1, &[message, "all.yaml:12:32", way]);
        let answer = run(&project, &[]);
        says(&answer, 1, &[message, way]);
        assert!(!answer.err.contains("extract"), "nothing was run: {}", answer.words());
        // A file that is not there yet says nothing of its columns, and stops no check.
        std::fs::remove_file(project.path("rows.csv")).expect("the file");
        says(&project.punctual(&["check"]), 0, &["no errors"]);
    }
}

#[test]
fn a_column_that_something_else_may_have_in_lower_case_is_no_fault() {
    for (rows, sql) in [
        ("Customer,customer\na,b\n", "SELECT customer, count(*) AS n FROM rows GROUP BY 1"),
        ("Customer\na\n", "WITH t(customer) AS (SELECT \"Customer\" FROM rows) SELECT customer, 1 AS n FROM t"),
        ("Customer\na\n", "SELECT customer, 1 AS n FROM (SELECT \"Customer\" AS customer FROM rows)"),
    ] {
        let project = customers(sql, "", rows);
        says(&project.punctual(&["check"]), 0, &["no errors"]);
        made(&project);
    }
}

#[test]
fn with_quotes_they_are_the_columns_they_name() {
    let sql =
        "SELECT \"Customer\" AS customer, sum(\"Amount\") AS total, max(\"Order ID\") AS last FROM rows GROUP BY 1";
    let project = customers(sql, "Amount: 'decimal(12,2)', Order ID: int", CAPITALS);
    made(&project);
    let lines = [
        ["customer", "total", "last"],
        ["Birch", "10.00", "7"],
        ["Zinnia", "", "8"],
        ["acorn", "30.00", "9"],
        ["Äpfel", "5.00", "10"],
    ];
    assert_eq!(csv(&project, "sums"), lines.map(|line| line.map(str::to_owned).to_vec()));
}
