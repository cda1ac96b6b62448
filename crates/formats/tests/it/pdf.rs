//! PDFs as other programs read them: poppler's `pdftotext`, `pdfinfo` and `pdffonts` must find
//! the text, the pages and the fonts that the documents ask for.

use std::process::Command;

use punctual_document::{
    content::{Body, Document},
    format::{Format as _, FormatError},
};
use punctual_formats::pdf::PDF;

use crate::fixtures;

mod documents;
mod scripts;

/// A file on disk, gone when dropped.
struct Written(tempfile::NamedTempFile);

impl Written {
    fn new(document: &Document) -> Self {
        let mut file = tempfile::NamedTempFile::new().expect("a temp file");
        PDF.write(document, file.as_file_mut()).expect("the document can be written");
        Self(file)
    }

    fn run(&self, program: &str, options: &[&str], last: &[&str]) -> String {
        let output = Command::new(program)
            .args(options)
            .arg(self.0.path())
            .args(last)
            .env("TZ", "UTC")
            .output()
            .unwrap_or_else(|error| panic!("{program} of poppler-utils is needed: {error}"));
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        // Poppler 22 takes a right entry of the structure (PDF 32000-1, table 321) for a wrong one.
        let known = "Syntax Error: Suspects object is wrong type (boolean)\n";
        let complaints = String::from_utf8_lossy(&output.stderr).replace(known, "");
        assert!(complaints.is_empty(), "{program}: {complaints}");
        String::from_utf8(output.stdout).expect("poppler writes UTF-8")
    }

    /// The text of each page.
    fn pages(&self) -> Vec<String> {
        let text = self.run("pdftotext", &["-layout"], &["-"]);
        text.strip_suffix('\u{c}').unwrap_or(&text).split('\u{c}').map(str::to_owned).collect()
    }

    fn info(&self) -> String {
        self.run("pdfinfo", &["-isodates"], &[])
    }

    /// The words of each page with their boxes.
    fn words(&self) -> Vec<Page> {
        let xml = self.run("pdftotext", &["-bbox"], &["-"]);
        let mut pages: Vec<Page> = Vec::new();
        let attribute = |line: &str, name: &str| -> f32 {
            let after = line.split_once(&format!("{name}=\"")).expect("an attribute").1;
            after.split_once('"').expect("a quote").0.parse().expect("a number")
        };
        for line in xml.lines().map(str::trim) {
            if line.starts_with("<page ") {
                pages.push(Page { width: attribute(line, "width"), height: attribute(line, "height"), words: vec![] });
            } else if line.starts_with("<word ") {
                let [left, top, right, bottom] = ["xMin", "yMin", "xMax", "yMax"].map(|name| attribute(line, name));
                let text = line.split_once('>').expect("a tag").1.trim_end_matches("</word>").to_owned();
                pages.last_mut().expect("a page").words.push(Word { left, top, right, bottom, text });
            }
        }
        pages
    }
}

struct Page {
    width: f32,
    height: f32,
    words: Vec<Word>,
}

#[derive(Debug)]
struct Word {
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
    text: String,
}

/// Nothing runs over a margin, and no two words lie on each other.
fn assert_tidy(written: &Written) {
    for (number, page) in written.words().iter().enumerate() {
        let footer = page.height - 50.0;
        for (index, word) in page.words.iter().enumerate() {
            let place = format!("page {}: {word:?}", number + 1);
            assert!(word.left >= 44.0 && word.right <= page.width - 44.0, "{place}");
            assert!(word.bottom <= footer || word.top >= footer, "{place}");
            for other in &page.words[index + 1..] {
                let across = word.right.min(other.right) - word.left.max(other.left);
                let down = word.bottom.min(other.bottom) - word.top.max(other.top);
                assert!(across < 0.5 || down < 4.0, "{place} lies on {other:?}");
            }
        }
    }
}

fn bytes(document: &Document) -> Vec<u8> {
    let mut bytes = Vec::new();
    PDF.write(document, &mut bytes).expect("the document can be written");
    bytes
}

#[test]
fn a_client_report_says_all_that_its_document_says() {
    let document = documents::monthly();
    let written = Written::new(&document);
    let pages = written.pages();
    let text = pages.concat();
    for expected in [
        "Monthly performance report",
        "Harbor Coffee",
        "October 2026",
        "Traffic, revenue and support across all channels",
        "128,455",
        "▲",
        "+12.5%",
        "vs 114,180",
        "▼",
        "-5.5%",
        "In short",
        "the outage of the 13th",
        "Visits by day",
        "Channels",
        "Marketplace",
        "$48,219.50",
        "3 rows left out",
        "Oct 31, 2026",
        "Support tickets are counted by the day they were opened.",
    ] {
        assert!(text.contains(expected), "{expected:?} in {text}");
    }
    for (index, page) in pages.iter().enumerate() {
        assert!(page.contains(&format!("Page {} of {}", index + 1, pages.len())), "{page}");
        assert!(page.contains("Harbor Coffee"), "{page}");
    }
    assert_eq!(pages.len(), 3, "{text}");
    assert_tidy(&written);
}

#[test]
fn the_file_says_what_it_is() {
    let mut document = documents::monthly();
    let info = Written::new(&document).info();
    for expected in [
        "Title:           Monthly performance report",
        "CreationDate:    2026-11-01T00:00:00Z",
        "Tagged:          yes",
        "Page size:       612 x 792 pts (letter)",
        "JavaScript:      no",
    ] {
        assert!(info.contains(expected), "{expected:?} in {info}");
    }
    document.head.locale = "de-DE".to_owned();
    let written = Written::new(&document);
    assert!(written.info().contains("(A4)"), "{}", written.info());
    assert!(written.pages()[0].contains("Seite 1 von"), "{}", written.pages()[0]);
    let fonts = written.run("pdffonts", &[], &[]);
    for font in fonts.lines().skip(2) {
        assert!(font.contains("+Inter-"), "{font}");
        // Embedded, a subset, with a table back to Unicode.
        assert!(font.contains("yes yes yes"), "{font}");
    }
}

#[test]
fn equal_documents_give_equal_bytes() {
    for document in [documents::monthly(), fixtures::nasty(), documents::long(500, 6), documents::scripts()] {
        assert_eq!(bytes(&document), bytes(&document));
    }
}

#[test]
fn the_structure_names_headings_tables_and_figures() {
    let structure = Written::new(&documents::monthly()).run("pdfinfo", &["-struct-text"], &[]);
    for expected in ["H1", "H2", "Table", "TH", "TD", "Figure", "\"128,455\"", "\"Visits by day\""] {
        assert!(structure.contains(expected), "{expected} in {structure}");
    }
    assert!(!structure.contains("Page 1 of"), "footers are no content");
}

#[test]
fn a_long_table_loses_no_row_and_repeats_its_head() {
    let written = Written::new(&documents::long(3_000, 8));
    let pages = written.pages();
    let mut next = 1;
    for page in &pages {
        let rows: Vec<&str> = page.lines().filter(|line| line.contains("row-")).collect();
        assert!(rows.is_empty() || page.contains("Count 7"), "{page}");
        for row in rows {
            let row = row.trim();
            assert!(row.starts_with(&format!("row-{next:05} ")), "{row} instead of row {next}");
            assert_eq!(row.split_whitespace().count(), 8, "{row}");
            next += 1;
        }
    }
    assert_eq!(next, 3_001);
    let last = pages.last().expect("a page");
    assert!(last.contains("row-03000") && last.contains("Total") && last.contains("12 rows left out"), "{last}");
    assert!(last.contains(&format!("Page {0} of {0}", pages.len())), "{last}");
    assert_eq!(pages.concat().matches("Total").count(), 1);
}

#[test]
fn many_columns_stand_side_by_side_or_in_bands_and_never_on_each_other() {
    for columns in [9, 12, 16, 30] {
        let written = Written::new(&documents::long(60, columns));
        assert_tidy(&written);
        let text = written.pages().concat();
        for row in [1, 30, 60] {
            assert!(text.contains(&format!("row-{row:05}")), "{columns} columns");
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        for column in 1..columns {
            let name = column.to_string();
            assert!(words.windows(2).any(|w| w == ["Count", &name]) || words.contains(&name.as_str()), "{column}");
        }
    }
    let wide = Written::new(&documents::long(60, 30));
    assert!(wide.pages().concat().contains("of 30"), "bands say which columns they show");
    assert!(wide.words().iter().all(|page| page.width > page.height));
}

#[test]
fn long_text_wraps_and_too_long_words_break() {
    let written = Written::new(&documents::wordy());
    assert_tidy(&written);
    let text = written.pages().concat();
    for row in 0..24 {
        assert!(text.contains(&format!("T-{row:04}")), "{row}");
    }
}

#[test]
fn a_cell_taller_than_a_page_goes_on_where_it_was_left() {
    let written = Written::new(&documents::towering());
    assert_tidy(&written);
    let pages = written.pages();
    let text = pages.concat();
    let mut at = text.find("before").expect("the first row");
    for line in 1..=400 {
        let found = text[at..].find(&format!("line {line} of many")).unwrap_or_else(|| panic!("line {line}"));
        at += found;
    }
    assert!(text[at..].contains("after"));
    assert_eq!(text.matches(" of many").count(), 400);
    for page in &pages {
        assert!(page.contains("Name") && page.contains("Log"), "{page}");
    }
}

#[test]
fn letters_of_three_scripts_are_text_and_what_no_font_has_is_named() {
    let written = Written::new(&documents::scripts());
    assert_tidy(&written);
    let text = written.pages().concat();
    for expected in [
        "Πόλη / Город",
        "Αθήνα και Θεσσαλονίκη",
        "Київ, Москва, София",
        "Łódź, Göteborg, São Paulo",
        "Привет, κόσμε! Ça va très bien — “naïve” façade, 50 €.",
        "Заголовок με τόνους",
        "U+4EAC, U+6771",
    ] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
    assert!(text.contains("Zürich") || text.contains("Zu\u{308}rich"), "{text}");
}

#[test]
fn nothing_to_show_is_said() {
    let mut document = fixtures::empty();
    let pages = Written::new(&document).pages();
    assert_eq!(pages.len(), 1);
    assert!(pages[0].contains("No data in this period"), "{}", pages[0]);
    let mut table = fixtures::channels();
    table.rows = std::sync::Arc::new(punctual_document::content::RowsInMemory(Vec::new()));
    let mut chart = fixtures::line_chart();
    chart.x.clear();
    document.sections = vec![
        fixtures::section("t", Some("Table"), Body::Table(table)),
        fixtures::section("c", Some("Chart"), Body::Chart(chart)),
        fixtures::section("f", Some("Figures"), Body::Figures(Vec::new())),
        fixtures::section("p", Some("Words"), Body::Text(vec!["  ".to_owned()])),
    ];
    let written = Written::new(&document);
    let text = written.pages().concat();
    assert_eq!(text.matches("No data in this period").count(), 4, "{text}");
    assert!(text.contains("3 rows left out"), "{text}");
    assert_tidy(&written);
}

#[test]
fn hostile_text_makes_a_readable_file() {
    let document = fixtures::nasty();
    let written = Written::new(&document);
    assert!(written.info().contains("Title:"));
    let text = written.pages().concat();
    for expected in ["=cmd|'/c calc'!A1", "{{ template }}", "@SUM(1)"] {
        assert!(text.contains(expected), "{expected}");
    }
    let metadata = written.run("pdfinfo", &["-meta"], &[]);
    assert!(!metadata.contains(['\0', '\u{fffe}']), "{metadata}");
}

#[test]
fn charts_are_text_and_shapes_and_open_nothing() {
    let folder = tempfile::tempdir().expect("a temp folder");
    let other = folder.path().join("other.svg");
    let drawing = "<svg xmlns='http://www.w3.org/2000/svg' width='90' height='20'><text y='15'>SECRET</text></svg>";
    std::fs::write(&other, drawing).expect("a file");
    let mut chart = fixtures::bar_chart();
    let image = format!("<image x='0' y='0' width='90' height='20' href='{}'/></svg>", other.display());
    chart.svg = chart.svg.replace("</svg>", &image);
    let document = fixtures::document(vec![fixtures::section("c", Some("Revenue"), Body::Chart(chart))]);
    let written = Written::new(&document);
    let text = written.pages().concat();
    assert!(text.contains("Newsletter") && text.contains("$5,000"), "{text}");
    assert!(!text.contains("SECRET"), "{text}");
    assert_eq!(written.run("pdfimages", &["-list"], &[]).lines().count(), 2, "a heading and no picture");
}

#[test]
fn a_drawing_that_is_none_names_its_section() {
    let mut chart = fixtures::bar_chart();
    chart.svg = "no drawing".to_owned();
    let document = fixtures::document(vec![fixtures::section("trend", None, Body::Chart(chart))]);
    let error = PDF.write(&document, &mut Vec::new()).expect_err("not SVG").to_string();
    assert!(error.starts_with("trend: the chart cannot be drawn"), "{error}");
}

#[test]
fn rows_are_read_in_batches_and_errors_come_through() {
    let (table, source) = fixtures::generated(40_000);
    let document = fixtures::document(vec![fixtures::section("rows", None, Body::Table(table))]);
    assert!(bytes(&document).starts_with(b"%PDF-1.7"));
    assert!(source.most_alive() <= 2, "{} batches at once", source.most_alive());
    let (mut table, _) = fixtures::generated(1);
    table.rows = std::sync::Arc::new(fixtures::Broken);
    let document = fixtures::document(vec![fixtures::section("rows", None, Body::Table(table))]);
    let error = PDF.write(&document, &mut Vec::new()).expect_err("the rows break off");
    assert!(matches!(error, FormatError::Rows(_)), "{error}");
}
