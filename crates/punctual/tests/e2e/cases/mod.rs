//! Small inputs that once went wrong, and their neighbours: each with the value that is right, read back
//! out of the files by parsers of others, or with the place and the way out of its refusal. This file makes
//! the projects and reads the files; what is right stands in the tests.

mod charts;
mod csv;
mod delivery;
mod names;
mod numbers;
mod servers;
mod text;
mod times;
mod totals;

use std::{io::Cursor, process::Command};

use calamine::{Data, Reader as _, Xlsx};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use crate::{
    figures::section,
    project::{Answer, PERIOD, Project, files},
};

const SETTINGS: &str = "from: Reports <reports@agency.example>\ndefault_channel: outbox\n\
                        channels:\n  outbox: {type: folder, path: outbox}\n";

/// A project with one report, `case`; each part is YAML as it stands between brackets.
struct Case<'a> {
    /// The options of the source `data` beside its type and path, each a line.
    source: &'a str,
    datasets: &'a str,
    tables: &'a str,
    sections: &'a str,
    formats: &'a str,
    title: &'a str,
    /// More keys of the report, each a line.
    report: &'a str,
    /// The members of the list `team`, if there is one.
    members: &'a str,
}

impl Default for Case<'_> {
    fn default() -> Self {
        Self {
            source: "",
            datasets: "rows: {source: data}",
            tables: "",
            sections: "{name: rows, type: table, data: rows}",
            formats: "json",
            title: "Case",
            report: "",
            members: "",
        }
    }
}

impl Case<'_> {
    /// The project over a CSV file.
    fn csv(&self, rows: &str) -> Project {
        let project = Project::empty();
        project.write("rows.csv", rows);
        self.define(&project, "type: csv\npath: rows.csv");
        project
    }

    /// The project over an SQLite database that these statements make.
    async fn sqlite(&self, statements: &str) -> Project {
        let project = Project::empty();
        let url = format!("sqlite://{}?mode=rwc", project.path("rows.sqlite").display());
        let mut database = SqliteConnection::connect(&url).await.expect("a new file");
        let statements = AssertSqlSafe(statements.to_owned());
        sqlx::raw_sql(statements).execute(&mut database).await.expect("statements of SQLite");
        database.close().await.expect("all is written");
        self.define(&project, "type: sqlite\npath: rows.sqlite");
        project
    }

    /// Writes the definitions.
    fn define(&self, project: &Project, source: &str) {
        let Self { datasets, tables, sections, formats, title, .. } = self;
        let unit = if self.report.contains("period:") { "" } else { "period: month\n" };
        let mut definitions = format!(
            "kind: source\nname: data\n{source}\n{}\n---\n\
             kind: template\nname: case\nversion: 1\nquery:\n  datasets: {{{datasets}}}\n  tables: {{{tables}}}\n\
             layout:\n  title: \"{title}\"\n  sections: [{sections}]\n---\n\
             kind: report\nname: case\ntitle: Case\ntemplate: case@1\ntimezone: UTC\n{unit}formats: [{formats}]\n{}\n",
            self.source, self.report
        );
        if !self.members.is_empty() {
            definitions.push_str(&format!("---\nkind: list\nname: team\nmembers: [{}]\n", self.members));
        }
        project.write("punctual.yaml", SETTINGS);
        project.write("all.yaml", &definitions);
    }
}

/// Runs the case with these arguments besides.
fn run(project: &Project, more: &[&str]) -> Answer {
    let period = if more.contains(&"--period") { &[][..] } else { &["--period", PERIOD] };
    project.punctual(&[&["run", "case", "--retry-for", "0s"], period, more].concat())
}

/// Runs the case, which must succeed.
#[track_caller]
fn made(project: &Project) {
    let answer = run(project, &[]);
    assert_eq!(answer.code, 0, "{}", answer.words());
}

/// The answer has this exit code and says each of these.
#[track_caller]
fn says(answer: &Answer, code: i32, words: &[&str]) {
    let all = answer.words();
    assert_eq!(answer.code, code, "{all}");
    for word in words {
        // Diagnostics are folded at the width of a page.
        let folded = all.split_whitespace().filter(|w| *w != "│").collect::<Vec<_>>().join(" ");
        assert!(all.contains(word) || folded.contains(word), "`{word}` is not in {all}");
    }
}

/// The one file of a format.
#[track_caller]
fn file(project: &Project, format: &str) -> Vec<u8> {
    let mut files = files(&project.artifacts(format), format);
    assert_eq!(files.len(), 1, "{:?}", files.keys());
    files.pop_first().expect("one file").1
}

fn json(project: &Project) -> Value {
    serde_json::from_slice(&file(project, "json")).expect("JSON")
}

/// The values of a column of a section, as JSON has them.
fn column(report: &Value, name: &str, column: &str) -> Vec<Value> {
    let rows = section(report, name)["rows"].as_array().expect("rows").iter();
    rows.map(|row| row.get(column).unwrap_or_else(|| panic!("no {column} in {row}")).clone()).collect()
}

/// The lines of a section of the CSV file, without the section's name; the first is the header.
fn csv(project: &Project, name: &str) -> Vec<Vec<String>> {
    let text = String::from_utf8(file(project, "csv")).expect("UTF-8");
    let blocks = text.trim_start_matches('\u{feff}').split("\r\n\r\n").flat_map(|b| b.split("\n\n"));
    let mut found = blocks.filter_map(|block| {
        let mut lines = block.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
        let header = lines.next()?;
        let rows: Vec<Vec<String>> = lines.collect();
        let ours = rows.first().is_some_and(|row| row[0] == name);
        ours.then(|| std::iter::once(header).chain(rows).map(|row| row[1..].to_vec()).collect())
    });
    found.next().unwrap_or_else(|| panic!("no section {name} in {text}"))
}

/// The cells of a sheet.
fn xlsx(project: &Project, sheet: &str) -> Vec<Vec<Data>> {
    let mut workbook = Xlsx::new(Cursor::new(file(project, "xlsx"))).expect("a workbook");
    let range = workbook.worksheet_range(sheet).unwrap_or_else(|e| panic!("{sheet}: {e}"));
    range.rows().map(<[Data]>::to_vec).collect()
}

fn html(project: &Project) -> String {
    String::from_utf8(file(project, "html")).expect("UTF-8")
}

/// The texts of the cells of a section's table in HTML, row by row: header, body, total.
fn html_table(project: &Project, name: &str) -> Vec<Vec<String>> {
    let page = html(project);
    let start = page.find(&format!("<section id=\"{name}\"")).unwrap_or_else(|| panic!("no {name} in {page}"));
    let table = page[start..].split("</section>").next().expect("the section ends");
    table.split("<tr>").skip(1).map(cells).collect()
}

/// The texts of the cells of one row in HTML.
fn cells(row: &str) -> Vec<String> {
    let cell = |cell: &str| Some(cell.split_once('>')?.1.split("</t").next()?.to_owned());
    row.split("<t").skip(1).filter_map(cell).collect()
}

/// The text of the PDF, with its layout.
fn pdf(project: &Project) -> String {
    let path = project.artifacts("pdf").join(format!("case-{PERIOD}.pdf"));
    let output = Command::new("pdftotext").arg("-layout").arg(path).arg("-").output();
    let output = output.unwrap_or_else(|e| panic!("pdftotext ({e}): run scripts/install-packages.sh first"));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The number that people read in a text, and half of its last digit; `None` for an empty one.
fn read(shown: &str) -> Option<(f64, f64)> {
    let plain: String = shown.chars().filter(|c| c.is_ascii_digit() || ['.', '-'].contains(c)).collect();
    if plain.is_empty() {
        return None;
    }
    let scale = if shown.contains('%') { 100.0 } else { 1.0 };
    let digits = plain.split_once('.').map_or(0, |(_, digits)| digits.len());
    let half = 0.5 / 10_f64.powi(i32::try_from(digits).expect("few digits")) / scale;
    Some((plain.parse::<f64>().expect("a number") / scale, half))
}

#[track_caller]
fn near(found: Option<(f64, f64)>, wanted: Option<f64>, what: &str) {
    match (found, wanted) {
        (None, None) => {}
        (Some((found, half)), Some(wanted)) if (found - wanted).abs() <= half + wanted.abs() * 1e-12 => {}
        _ => panic!("{what}: {found:?} is not {wanted:?}"),
    }
}

/// A table's column has these numbers in JSON, CSV, Excel and HTML, and below them this total: `None` for a
/// cell that is empty.
#[track_caller]
fn shows(project: &Project, name: &str, field: &str, numbers: &[Option<f64>], total: Option<f64>) {
    let report = json(project);
    let section = section(&report, name);
    let columns = section["columns"].as_array().expect("columns");
    let at = columns.iter().position(|column| column["field"] == field).expect("the column");
    let exact = |value: &Value| value.as_f64().map(|number| (number, 0.0));
    let text_of = |rows: &[Vec<String>], row: usize| read(&rows[row][at]);
    let of_cell = |cell: &Data| match cell {
        Data::Float(number) => Some((*number, 0.0)),
        Data::Empty => None,
        Data::String(text) if text.is_empty() => None,
        other => panic!("{field} in Excel: {other:?}"),
    };
    let (csv, sheet, html) = (csv(project, name), xlsx(project, name), html_table(project, name));
    for (row, wanted) in numbers.iter().enumerate() {
        let what = |format: &str| format!("{field} of row {row} in {format}");
        near(exact(&section["rows"][row][field]), *wanted, &what("json"));
        near(text_of(&csv, row + 1), *wanted, &what("csv"));
        near(of_cell(&sheet[row + 1][at]), *wanted, &what("xlsx"));
        near(text_of(&html, row + 1), *wanted, &what("html"));
    }
    let below = numbers.len() + 1;
    assert_eq!((csv.len(), html.len()), (below, below + 1), "rows of CSV, which has no totals, and of HTML");
    near(exact(&section["totals"][at]["value"]), total, &format!("total of {field} in json"));
    near(of_cell(&sheet[below][at]), total, &format!("total of {field} in xlsx"));
    near(text_of(&html, below), total, &format!("total of {field} in html"));
}
