//! HTML pages as a browser lays them out: on phones of 360 and 390 pixels, on a screen of 1280, in
//! light and dark, and on paper. Numbers and words are whole, nothing leaves the page, columns are
//! as wide as their words, text can be read. Debian's `chromium` is asked, without a network.

use std::{fmt::Write as _, path::Path, process::Command, sync::Arc};

use arrow::array::{ArrayRef, Decimal128Array, Int64Array, StringArray, TimestampMicrosecondArray};
use punctual_document::{
    content::{Body, ChartKind, Column, Document, Table},
    write::Style,
};
use punctual_model::value::Value;
use serde::Deserialize;

use crate::{fixtures as f, text};

const WIDTHS: [u32; 3] = [360, 390, 1280];

/// Starts a browser without a window on a page, and returns what it prints.
fn browse(folder: &Path, page: &Path, options: &[&str]) -> String {
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--disable-dev-shm-usage", "--hide-scrollbars", "--font-render-hinting=none"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .args(options)
        .arg(format!("file://{}", page.display()))
        .env("HOME", folder)
        .output()
        .unwrap_or_else(|error| panic!("chromium is needed (scripts/install-packages.sh): {error}"));
    assert!(output.status.success(), "chromium: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("a page is UTF-8")
}

/// The page without the policy that would keep the measuring script away.
fn measurable(document: &Document) -> String {
    let html = text("html", document);
    let policy = html.find("<meta http-equiv=\"Content-Security-Policy\"").expect("a policy");
    let end = policy + html[policy..].find('\n').expect("its line ends");
    format!("{}{}", &html[..policy], &html[end..])
}

/// What is wrong with one page at one width.
#[derive(Debug, Deserialize)]
struct Measured {
    page: String,
    width: String,
    back: String,
    faults: Vec<String>,
}

/// Lays every page out at every width in one window.
fn measured(pages: &[(&str, Document)], scheme: &str) -> Vec<Measured> {
    let mut wrapper = String::from("<!DOCTYPE html><meta charset=\"utf-8\"><body style=\"margin:0\">\n");
    for (name, document) in pages {
        let page = measurable(document).replace('&', "&amp;").replace('"', "&quot;");
        for width in WIDTHS {
            writeln!(
                wrapper,
                "<iframe data-page=\"{name}\" width=\"{width}\" height=\"700\" style=\"border:0\" srcdoc=\"{page}\"></iframe>"
            )
            .expect("a String takes everything");
        }
    }
    wrapper.push_str("<pre id=\"faults\"></pre>\n<script>\n");
    wrapper.push_str(include_str!("browser/measure.js"));
    wrapper.push_str("</script>\n");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pages.html");
    std::fs::write(&path, wrapper).expect("written");
    let scheme = format!("--blink-settings=preferredColorScheme={}", if scheme == "dark" { 0 } else { 1 });
    let dumped = browse(folder.path(), &path, &["--window-size=1400,900", &scheme, "--dump-dom"]);
    let start = dumped.rfind("<pre id=\"faults\">").expect("the wrapper's own") + "<pre id=\"faults\">".len();
    let json = &dumped[start..start + dumped[start..].find("</pre>").expect("its end")];
    serde_json::from_str(json).unwrap_or_else(|error| panic!("the script left {json:?}: {error}"))
}

/// Twenty columns: names, keys, amounts, times.
fn wide() -> Table {
    let mut columns: Vec<Column> = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    for n in 0..5 {
        columns.extend([
            f::column(&format!("name{n}"), "Name of the client or campaign", Style::Text),
            f::column(&format!("key{n}"), "Key", Style::Text),
            f::column(&format!("amount{n}"), "Revenue before returns", f::dollars()),
            f::column(&format!("at{n}"), "Last order", Style::DateTime { zone: "America/Chicago".into() }),
        ]);
        let amounts = Decimal128Array::from(vec![123_456_789_012_i128, -5, 0]);
        let times = TimestampMicrosecondArray::from(vec![1_793_516_399_000_000, 1_793_516_400_000_000, 0]);
        arrays.extend([
            Arc::new(StringArray::from(vec![
                "Organic search and maps",
                "Ünterländische Großhandel",
                "山田太郎 株式会社",
            ])) as ArrayRef,
            Arc::new(StringArray::from(vec!["A-1000-2000", "B/17", "2026-10-05"])),
            Arc::new(amounts.with_precision_and_scale(18, 2).expect("fits")),
            Arc::new(times.with_timezone("UTC")),
        ]);
    }
    f::table(columns, arrays)
}

/// Words and numbers that are wider than a phone, scripts from right to left, and long headers.
fn long() -> Document {
    let word = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft";
    let texts = [
        word,
        "https://reports.example/a/very/long/path?with=many&parameters=and-no-place-to-break-it-at-all",
        "שלום עולם, חברת הדקל 1,234.50",
        "شركة النخيل للتجارة ١٢٣٤",
        "the figure 1,234,567,890,123.45 in running text, and 2026-10-05, 14:03:00",
        "\u{202e}turned\u{0}round\u{7} and left open",
        "",
    ];
    let columns = vec![
        f::column("note", "A note that says in many words what happened to the order on its way", Style::Text),
        f::column("n", "Countofallordersthatwerereturned", f::number(0)),
        f::column("short", "No.", f::number(0)),
    ];
    let ones = || Arc::new(Int64Array::from(vec![Some(i64::MIN), Some(i64::MAX), None, Some(0), Some(7), None, None]));
    let table = f::table(columns, vec![Arc::new(StringArray::from(texts.to_vec())), ones(), ones()]);
    let amount = Value::Decimal(punctual_model::value::Decimal { digits: -98_765_432_109_876_543_210, scale: 2 });
    let figures = vec![
        f::figure("a", word, f::dollars(), amount.clone(), Some(amount), Some(-0.123_456)),
        f::figure("b", "Orders", f::number(0), Value::Int(7), Some(Value::Int(1_234_567_890)), Some(12.5)),
        f::figure("c", "Best client", Style::Text, Value::Text(word.into()), None, None),
    ];
    let names = [word, "חברת הדקל", "Web", "Shop"].map(|n| f::cell(&f::writer(Style::Text), Value::Text(n.into())));
    let points = vec![Some(1_234_567_890.0), Some(5.0), None, Some(-3.0)];
    let bars = vec![f::series("n", "Orders", "#1d4ed8", points, f::dollars())];
    let mut document = f::document(vec![
        f::section("figures", Some(word), Body::Figures(figures)),
        f::section("bars", Some("Bars"), Body::Chart(f::chart(ChartKind::Bar, "Client", names.to_vec(), bars))),
        f::section("long", Some("Long"), Body::Table(table)),
        f::section("wide", Some("Twenty columns"), Body::Table(wide())),
        f::section("text", None, Body::Text(texts.map(str::to_owned).to_vec())),
    ]);
    document.head.title = format!("{word}: October 2026");
    document.notes = vec![format!("{word} left out 1,234,567,890 rows")];
    document
}

fn pages() -> Vec<(&'static str, Document)> {
    vec![
        ("typical", f::typical()),
        ("long", long()),
        ("nasty", f::nasty()),
        ("kinds", f::document(vec![f::section("kinds", Some("Kinds"), Body::Table(f::kinds()))])),
        ("empty", f::empty()),
    ]
}

fn no_faults(measured: &[Measured]) {
    let faults: Vec<String> = measured
        .iter()
        .flat_map(|page| page.faults.iter().map(|fault| format!("{} at {}: {fault}", page.page, page.width)))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(measured.len(), pages().len() * WIDTHS.len());
}

#[test]
fn pages_read_on_phones_and_screens() {
    let light = measured(&pages(), "light");
    no_faults(&light);
    assert!(light.iter().all(|page| page.back == "rgb(238, 241, 245)"), "{light:?}");
}

#[test]
fn pages_read_in_the_dark() {
    let dark = measured(&pages(), "dark");
    no_faults(&dark);
    assert!(dark.iter().all(|page| page.back == "rgb(11, 18, 32)"), "{dark:?}");
}

/// The words of a printed page and where each ends: its right edge, and the page's width.
fn printed(document: &Document) -> Vec<(String, f32, f32)> {
    let folder = tempfile::tempdir().expect("a folder");
    let (page, pdf) = (folder.path().join("page.html"), folder.path().join("page.pdf"));
    std::fs::write(&page, text("html", document)).expect("written");
    let print = format!("--print-to-pdf={}", pdf.display());
    // Paper stays white for readers whose screen is dark.
    browse(folder.path(), &page, &["--blink-settings=preferredColorScheme=0", "--no-pdf-header-footer", &print]);
    let output = Command::new("pdftotext").arg("-bbox").arg(&pdf).arg("-").output().expect("poppler-utils is needed");
    let xml = String::from_utf8(output.stdout).expect("poppler writes UTF-8");
    let attribute = |line: &str, name: &str| -> Option<f32> {
        let rest = &line[line.find(&format!("{name}=\""))? + name.len() + 2..];
        rest[..rest.find('"')?].parse().ok()
    };
    let mut width = 0.0;
    let mut words = Vec::new();
    for line in xml.lines() {
        if line.trim_start().starts_with("<page") {
            width = attribute(line, "width").expect("a page has a width");
        } else if let (Some(right), Some(open)) = (attribute(line, "xMax"), line.find('>')) {
            let word = line[open + 1..].trim_end_matches("</word>").to_owned();
            words.push((word, right, width));
        }
    }
    words
}

#[test]
fn paper_cuts_nothing_off_and_breaks_no_number() {
    for (name, document, numbers) in [
        ("typical", f::typical(), ["$48,219.50", "128,455", "+12.5%"]),
        ("long", long(), ["$1,234,567,890.12", "-9,223,372,036,854,775,808", "-$987,654,321,098,765,432.10"]),
    ] {
        let words = printed(&document);
        for (word, right, width) in &words {
            assert!(*right <= width + 0.5, "{name}: {word:?} ends at {right} of {width}");
        }
        for number in numbers {
            assert!(words.iter().any(|(word, ..)| word == number), "{name}: {number} is broken or missing");
        }
        if name == "long" {
            let turned = words.iter().any(|(_, _, width)| *width > 700.0);
            assert!(turned, "twenty columns stand on the paper's long edge");
        }
    }
}
