//! One figure, read back out of all five formats, is the same figure.

use std::{io::Cursor, process::Command};

use calamine::{Data, Reader as _, Xlsx};
use punctual_sample::{
    Agency, DEFAULT_SEED,
    truth::{self, ClientMonth},
};
use serde_json::Value;

use crate::{
    figures::section,
    project::{PERIOD, Project, REPORT, text},
};

/// The figure as numbers and as people read it.
struct Revenue {
    now: f64,
    ratio: f64,
    now_text: String,
    before_text: String,
    change_text: String,
}

#[expect(clippy::cast_precision_loss, reason = "the sample's sums are far below 2^53")]
fn revenue(month: &ClientMonth) -> Revenue {
    let (now, before) = (month.current.traffic.revenue_cents, month.previous.traffic.revenue_cents);
    let ratio = now as f64 / before as f64 - 1.0;
    Revenue {
        now: now as f64 / 100.0,
        ratio,
        now_text: euros(now),
        before_text: euros(before),
        change_text: format!("{:+.1}%", ratio * 100.0),
    }
}

/// `€22,781.89`, for sums between a thousand and a million.
fn euros(cents: i64) -> String {
    let whole = cents / 100;
    assert!((1_000..1_000_000).contains(&whole), "another way of writing is needed for {cents}");
    format!("€{},{:03}.{:02}", whole / 1000, whole % 1000, cents % 100)
}

#[tokio::test]
async fn revenue_and_its_change_are_the_same_in_every_format() {
    let project = Project::example();
    let agency = Agency::new(DEFAULT_SEED, 1.0).expect("a size in range");
    punctual_sample::write::files(&agency, &project.path("data")).await.expect("the example's data");
    let answer = project.punctual(&["run", REPORT, "--period", PERIOD]);
    assert_eq!(answer.code, 0, "{}", answer.words());
    let month = truth::month(&agency, 2026, 10).swap_remove(8);
    assert_eq!((month.client.slug, month.client.currency), ("zinnober", "EUR"));
    let wanted = revenue(&month);
    let file = |format: &str| project.artifacts(format).join(format!("{REPORT}-{PERIOD}-zinnober.{format}"));
    let read = |format: &str| std::fs::read(file(format)).unwrap_or_else(|e| panic!("{}: {e}", file(format).display()));

    in_json(&read("json"), &wanted);
    in_csv(&String::from_utf8(read("csv")).expect("UTF-8"), &wanted);
    in_html(&String::from_utf8(read("html")).expect("UTF-8"), &wanted);
    in_xlsx(read("xlsx"), &wanted);
    in_pdf(&file("pdf"), &wanted);
}

fn in_json(bytes: &[u8], wanted: &Revenue) {
    let report: Value = serde_json::from_slice(bytes).expect("JSON");
    let figures = section(&report, "figures")["figures"].as_array().expect("a list");
    let figure = figures.iter().find(|figure| figure["field"] == "revenue").expect("revenue");
    assert_eq!(figure["value"].as_f64(), Some(wanted.now));
    let texts = [&figure["text"], &figure["previous"]["text"], &figure["change"]["text"]].map(text);
    assert_eq!(texts, [&*wanted.now_text, &*wanted.before_text, &*wanted.change_text]);
}

fn in_csv(report: &str, wanted: &Revenue) {
    let line = report.lines().find(|line| line.starts_with("figures,revenue,")).expect("a line of revenue");
    let fields: Vec<&str> = line.split(',').collect();
    assert_eq!(fields[3], format!("{:.2}", wanted.now), "{line}");
    assert_eq!(fields[5], format!("{:.3}", wanted.ratio), "{line}");
}

fn in_html(report: &str, wanted: &Revenue) {
    let figure = report.lines().find(|line| line.contains("<dt>Revenue</dt>")).expect("the figure");
    for words in [&wanted.now_text, &wanted.before_text, &wanted.change_text] {
        assert!(figure.contains(words.as_str()), "{words} is not in {figure}");
    }
}

fn in_xlsx(bytes: Vec<u8>, wanted: &Revenue) {
    let mut workbook = Xlsx::new(Cursor::new(bytes)).expect("a workbook");
    let sheet = workbook.worksheet_range("Report").expect("the first sheet");
    let row = sheet.rows().find(|row| row[0] == Data::String("Revenue".to_owned())).expect("a row of revenue");
    assert_eq!(row[1], Data::Float(wanted.now));
    let Data::Float(change) = row[3] else { panic!("no number: {row:?}") };
    assert!((change - wanted.ratio).abs() < 1e-9, "{change}");
}

fn in_pdf(file: &std::path::Path, wanted: &Revenue) {
    let output = Command::new("pdftotext").arg(file).arg("-").output();
    let output = output.unwrap_or_else(|e| panic!("pdftotext ({e}): run scripts/install-packages.sh first"));
    let page = String::from_utf8(output.stdout).expect("UTF-8");
    let change = format!("{} vs {}", wanted.change_text, wanted.before_text);
    assert!(page.contains(&wanted.now_text) && page.contains(&change), "{page}");
}
