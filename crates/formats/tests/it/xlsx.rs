//! XLSX, read back by another library: types, formulas with their results, what people see first.

use std::{
    io::{Cursor, Read as _},
    sync::Arc,
};

use arrow::array::{ArrayRef, Decimal128Array, Float64Array, Int64Array, StringArray};
use calamine::{Data, Range, Reader as _, Xlsx};
use punctual_document::{
    content::{Body, Document, Table},
    format::FormatError,
    formula::{Formula, Operator},
    totals::Totalled,
    write::Style,
};
use punctual_model::value::Value;

use crate::{bytes, fixtures as f, try_bytes};

fn open(document: &Document) -> Xlsx<Cursor<Vec<u8>>> {
    Xlsx::new(Cursor::new(bytes("xlsx", document))).expect("a workbook")
}

fn sheet(document: &Document, name: &str) -> Range<Data> {
    open(document).worksheet_range(name).expect("the sheet")
}

/// One part of the package as text.
fn part(document: &Document, name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes("xlsx", document))).expect("a package");
    let mut text = String::new();
    archive.by_name(name).expect("the part").read_to_string(&mut text).expect("UTF-8");
    text
}

fn with_table(table: Table) -> Document {
    f::document(vec![f::section("t", Some("Table"), Body::Table(table))])
}

fn row(range: &Range<Data>, row: u32) -> Vec<Data> {
    let width = range.end().expect("cells").1;
    (0..=width).map(|col| range.get_value((row, col)).cloned().unwrap_or(Data::Empty)).collect()
}

fn string(text: &str) -> Data {
    Data::String(text.to_owned())
}

#[test]
fn sheets_stand_in_order_and_each_table_has_one() {
    let names = open(&f::typical()).sheet_names();
    assert_eq!(names, ["Report", "Channels", "Day by day", "Chart data"]);
    assert_eq!(open(&f::empty()).sheet_names(), ["Report"]);
}

#[test]
fn the_report_sheet_has_title_period_figures_and_notes() {
    let report = sheet(&f::typical(), "Report");
    assert_eq!(report.get_value((0, 0)), Some(&string("Acme Bicycles: October 2026")));
    assert_eq!(report.get_value((3, 0)), Some(&string("Period: October 2026")));
    let rows: Vec<Vec<Data>> = (0..report.height() as u32).map(|r| row(&report, r)).collect();
    let find = |label: &str| rows.iter().find(|r| r[0] == string(label)).unwrap_or_else(|| panic!("{label}: {rows:?}"));
    assert_eq!(find("Revenue")[1..4], [Data::Float(48_219.5), Data::Float(51_044.77), Data::Float(-0.055_348)]);
    assert_eq!(find("Support tickets")[1..4], [Data::Float(42.0), Data::Empty, Data::Empty]);
    assert_eq!(find("Table: Channels")[1..3], [string("Rows: 5"), string("3 rows left out")]);
    find("3 rows left out: the channel was not one of web, shop, partner.");
    find("Acme Bicycles had 128,455 visits in October, 12.5% more than in September.");
}

#[test]
fn a_table_keeps_its_types_and_its_sums_are_live() {
    let document = f::typical();
    let channels = sheet(&document, "Channels");
    assert_eq!(row(&channels, 0), ["Channel", "Visits", "Visits before", "Change", "Revenue"].map(string));
    let change = (61_204.0 - 55_310.0) / 55_310.0;
    let first =
        [string("Web"), Data::Float(61_204.0), Data::Float(55_310.0), Data::Float(change), Data::Float(23_104.4)];
    assert_eq!(row(&channels, 1), first);
    // The change of a channel without a past is empty, as in the document.
    assert_eq!(row(&channels, 5)[2..4], [Data::Empty, string("")]);
    assert_eq!(row(&channels, 6)[..3], [string("Total"), Data::Float(128_455.0), Data::Float(114_180.0)]);
    assert_eq!(row(&channels, 6)[4], Data::Float(48_219.5));
    let formulas = open(&document).worksheet_formula("Channels").expect("formulas");
    assert_eq!(formulas.get_value((1, 3)).expect("live"), "IF(COUNT(B2,C2)<2,\"\",IF(C2=0,\"\",((B2-C2)/C2)))");
    assert_eq!(formulas.get_value((6, 1)).expect("live"), "SUM(B2:B6)");
    assert_eq!(formulas.get_value((6, 4)).expect("live"), "SUM(E2:E6)");
    assert_eq!(formulas.used_cells().count(), 5 + 3);
    assert_eq!(channels.get_value((8, 0)), Some(&string("3 rows left out")));
}

#[test]
fn days_are_days() {
    let days = sheet(&f::typical(), "Day by day");
    let Some(Data::DateTime(day)) = days.get_value((1, 0)) else { panic!("{:?}", days.get_value((1, 0))) };
    assert_eq!(day.to_ymd_hms_milli(), (2026, 10, 1, 0, 0, 0, 0));
    let Some(Data::DateTime(day)) = days.get_value((31, 0)) else { panic!("{:?}", days.get_value((31, 0))) };
    assert_eq!(day.to_ymd_hms_milli(), (2026, 10, 31, 0, 0, 0, 0));
}

#[test]
fn every_type_of_value() {
    let range = sheet(&with_table(f::kinds()), "Table");
    let time = |r: u32, c: u32| match range.get_value((r, c)) {
        Some(Data::DateTime(at)) => at.to_ymd_hms_milli(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        row(&range, 1)[..6],
        [
            Data::Bool(true),
            Data::Float(0.0),
            Data::Float(-0.005),
            Data::Float(0.1 + 0.2),
            Data::Float(0.125),
            string("a"),
        ]
    );
    assert_eq!(time(1, 6), (2026, 10, 6, 0, 0, 0, 0));
    assert_eq!(time(1, 7), (2026, 11, 1, 1, 59, 59, 500));
    // One second apart, across the end of daylight saving time in Chicago.
    assert_eq!(time(1, 8), (2026, 11, 1, 1, 59, 59, 0));
    assert_eq!(time(2, 8), (2026, 11, 1, 1, 0, 0, 0));
    // Days that Excel does not know stand as the text that people read elsewhere.
    assert_eq!(row(&range, 2)[6], string("Dec 31, 1899"));
    assert_eq!(row(&range, 2)[3], string("NaN"));
    assert_eq!(row(&range, 2)[2], Data::Float(1_234_567.899));
    assert!(row(&range, 3).iter().all(|cell| *cell == Data::Empty), "{:?}", row(&range, 3));
    // More digits than Excel keeps.
    assert_eq!(row(&range, 4)[1], string("9,223,372,036,854,775,807"));
    assert_eq!(row(&range, 4)[2], string("12,345,678,901,234,567.89"));
    assert_eq!(row(&range, 4)[4], string("∞"));
    assert_eq!(row(&range, 4)[5], string("0012"));
}

#[test]
fn text_is_text_whatever_it_says() {
    let document = f::nasty();
    let mut workbook = open(&document);
    let names = workbook.sheet_names();
    assert_eq!(names.len(), 4);
    let range = workbook.worksheet_range(&names[1]).expect("the table");
    let formulas = workbook.worksheet_formula(&names[1]).expect("formulas");
    // The number column has a sum; nothing else computes.
    assert!(formulas.used_cells().all(|(_, _, formula)| formula.starts_with("SUM(")));
    for (index, text) in f::nasty_texts().iter().enumerate() {
        let cell = range.get_value((index as u32 + 1, 0)).cloned().unwrap_or(Data::Empty);
        match cell {
            Data::Empty => assert!(text.is_empty(), "{text:?}"),
            Data::String(back) if text.len() > 32_767 => {
                assert_eq!(back.chars().count(), 32_767);
                assert!(back.ends_with('…') && text.starts_with(back.trim_end_matches('…')));
            }
            Data::String(back) => assert_eq!(back, *text),
            other => panic!("{other:?} of {text:?}"),
        }
    }
    let cut = range
        .used_cells()
        .any(|(_, _, cell)| *cell == string("Texts cut at 32,767 characters, the most a cell can hold: 1"));
    assert!(cut);
}

#[test]
fn the_header_stays_in_view_and_filters() {
    let xml = part(&f::typical(), "xl/worksheets/sheet2.xml");
    assert!(
        xml.contains("<pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" state=\"frozen\"/>"),
        "{xml}"
    );
    assert!(xml.contains("<autoFilter ref=\"A1:E6\"/>"));
    assert!(xml.contains("<cols>"));
}

#[test]
fn the_file_is_dated_by_its_period() {
    let core = part(&f::typical(), "docProps/core.xml");
    assert_eq!(core.matches("2026-11-01T00:00:00Z").count(), 2, "{core}");
    assert!(core.contains("<dc:title>Acme Bicycles: October 2026</dc:title>"));
}

#[test]
fn amounts_carry_their_currency() {
    let styles = part(&f::typical(), "xl/styles.xml");
    for code in ["[$$-409]#,##0.00", "#,##0.0%", "[$-409]mmm\\ d\\,\\ yyyy", "+#,##0.0%;\\-#,##0.0%;#,##0.0%"] {
        assert!(styles.contains(&format!("formatCode=\"{code}\"")), "{code}: {styles}");
    }
}

#[test]
fn charts_are_native_and_read_their_own_sheet() {
    let document = f::typical();
    let line = part(&document, "xl/charts/chart1.xml");
    assert!(line.contains("<c:lineChart>") && line.contains("<c:dateAx>"), "{line}");
    assert!(line.contains("<c:f>'Chart data'!$B$3:$B$33</c:f>"), "{line}");
    assert!(line.contains("<c:v>Visits before</c:v>"), "the series' names are cached");
    let bar = part(&document, "xl/charts/chart2.xml");
    assert!(bar.contains("<c:barDir val=\"col\"/>") && bar.contains("'Chart data'!$B$37:$B$41"), "{bar}");
    let data = sheet(&document, "Chart data");
    assert_eq!(data.get_value((1, 1)), Some(&string("Visits")));
    assert_eq!(data.get_value((2, 1)), Some(&Data::Float(3_300.0)));
    // The gap of the line.
    assert_eq!(data.get_value((14, 1)).cloned().unwrap_or(Data::Empty), Data::Empty);
    assert_eq!(data.get_value((36, 1)), Some(&Data::Float(23_104.4)));
}

/// A number column of large values, a computed column over it, and sums.
/// The chart parts of a document with one chart of these points, a day each.
fn drawn(points: Vec<Option<f64>>) -> String {
    let day = |n: i64| Value::Date(jiff::civil::date(2026, 1, 1).saturating_add(jiff::Span::new().days(n)));
    let x = (0..points.len() as i64).map(|n| f::cell(&f::writer(Style::Date), day(n))).collect();
    let lines = vec![f::series("n", "N", "#1d4ed8", points, f::number(0))];
    let chart = f::chart(punctual_document::content::ChartKind::Line, "Day", x, lines);
    part(&f::document(vec![f::section("line", None, Body::Chart(chart))]), "xl/charts/chart1.xml")
}

#[test]
fn a_point_that_no_line_reaches_has_a_marker() {
    let circle = "<c:symbol val=\"circle\"/>";
    assert!(drawn(vec![Some(42.0)]).contains(circle));
    assert!(drawn(vec![Some(5.0), None, Some(7.0), None, Some(3.0)]).contains(circle));
    let long = |gaps: &[usize]| (0..60).map(|n| (!gaps.contains(&n)).then_some(n as f64)).collect::<Vec<_>>();
    assert!(!drawn(long(&[])).contains(circle), "a long line needs none");
    assert!(!drawn(long(&[20])).contains(circle));
    assert!(drawn(long(&[20, 22])).contains(circle), "21 stands alone");
    assert!(drawn(long(&[1])).contains(circle), "the first stands alone");
    assert!(drawn(vec![Some(1.0), Some(f64::NAN), Some(2.0)]).contains(circle));
    assert!(!drawn(vec![None, None]).contains(circle));
}

fn large(values: Vec<i64>, total: Value) -> Document {
    let doubled: Vec<f64> = values.iter().map(|v| *v as f64 * 2.0).collect();
    let mut columns = vec![f::column("n", "N", f::number(0)), f::column("d", "Doubled", f::number(0))];
    columns[1].formula =
        Some(Formula::Binary(Box::new(Formula::Column(0)), Operator::Multiply, Box::new(Formula::Number(2.0))));
    let mut table = f::table(columns, vec![Arc::new(Int64Array::from(values)), Arc::new(Float64Array::from(doubled))]);
    let writer = f::writer(f::number(0));
    table.columns[0].total = Some(Totalled::Sum);
    table.totals = Some(vec![f::total(&writer, total), f::total(&writer, Value::Null)]);
    with_table(table)
}

#[test]
fn a_number_that_excel_would_round_stands_as_text_and_breaks_no_formula() {
    let document = large(vec![1, 1_234_567_890_123_456], Value::Int(1_234_567_890_123_457));
    let range = sheet(&document, "Table");
    assert_eq!(range.get_value((1, 0)), Some(&Data::Float(1.0)));
    assert_eq!(range.get_value((2, 0)), Some(&string("1,234,567,890,123,456")));
    assert_eq!(range.get_value((3, 0)), Some(&string("1,234,567,890,123,457")));
    assert_eq!(range.get_value((2, 1)), Some(&Data::Float(2_469_135_780_246_912.0)));
    let formulas = open(&document).worksheet_formula("Table").expect("formulas");
    let live: Vec<_> = formulas.used_cells().map(|(r, c, text)| (r, c, text.clone())).collect();
    assert_eq!(live.len(), 1, "only the row whose operand is a number computes: {live:?}");
}

#[test]
fn a_total_that_is_no_sum_stays_a_value() {
    let document = large(vec![1, 2], Value::Int(99));
    let formulas = open(&document).worksheet_formula("Table").expect("formulas");
    assert!(formulas.used_cells().all(|(_, _, text)| !text.contains("SUM")));
    assert_eq!(sheet(&document, "Table").get_value((3, 0)), Some(&Data::Float(99.0)));
}

#[test]
fn numbers_in_a_text_column_stay_as_they_are_written() {
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec!["0012"])),
        Arc::new(Int64Array::from(vec![34])),
        Arc::new(Decimal128Array::from(vec![1_500]).with_precision_and_scale(10, 3).expect("fits")),
    ];
    let columns = ["a", "b", "c"].map(|name| f::column(name, name, Style::Text)).to_vec();
    let range = sheet(&with_table(f::table(columns, arrays)), "Table");
    assert_eq!(row(&range, 1), ["0012", "34", "1.500"].map(string));
}

#[test]
fn too_many_rows_are_refused_before_anything_is_written() {
    let (table, source) = f::generated(1_048_572);
    let error = try_bytes("xlsx", &with_table(table)).expect_err("too many rows");
    assert!(matches!(&error, FormatError::Content { place, .. } if place == "section `t`"), "{error}");
    let expected =
        "1048572 rows do not fit a worksheet, which holds 1048571; add them up in the query, or use csv or json";
    assert!(error.to_string().ends_with(expected), "{error}");
    assert_eq!(source.most_alive(), 0);
}

#[test]
fn other_locales_format_their_own_way() {
    let mut table = f::channels();
    for column in &mut table.columns {
        column.writer.locale = punctual_document::locale::Locale::by_tag("de-DE").expect("known");
    }
    let mut document = with_table(table);
    document.head.locale = "de-DE".into();
    document.sections.push(f::section("f", None, Body::Figures(f::figures())));
    let styles = part(&document, "xl/styles.xml");
    assert!(styles.contains("formatCode=\"#,##0.00\\\u{a0}[$$-407]\""), "{styles}");
    let report = sheet(&document, "Report");
    assert!(report.used_cells().any(|(_, _, cell)| *cell == string("Vorzeitraum")));
    assert!(report.used_cells().any(|(_, _, cell)| *cell == string("Zeitraum: October 2026")));
}
