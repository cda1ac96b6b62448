//! The night when clocks go back, 2026-11-01 in Chicago: the two hours from 1:00 on are two hours in
//! every format, in tables and along the axes of charts.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, TimestampMicrosecondArray};
use punctual_document::{
    content::{Body, ChartKind, Document},
    write::Style,
};
use punctual_model::value::Value;

use crate::{bytes, fixtures as f, text};

/// Orders of five hours, from midnight on.
fn night() -> Document {
    let zone = Style::DateTime { zone: "America/Chicago".into() };
    let instants = [5, 6, 7, 8, 9].map(|hour| {
        let at: jiff::Timestamp = format!("2026-11-01T{hour:02}:00:00Z").parse().expect("an instant");
        at
    });
    let micros = instants.map(|at| at.as_microsecond());
    let orders = [4_i64, 3, 2, 6, 5];
    let columns = vec![f::column("hour", "Hour", zone.clone()), f::column("orders", "Orders", f::number(0))];
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(TimestampMicrosecondArray::from(micros.to_vec()).with_timezone("America/Chicago")),
        Arc::new(Int64Array::from(orders.to_vec())),
    ];
    let x = instants.map(|at| f::cell(&f::writer(zone.clone()), Value::Instant(at))).to_vec();
    let points = orders.map(|n| Some(n as f64)).to_vec();
    let chart = |kind| {
        let series = vec![f::series("orders", "Orders", "#1d4ed8", points.clone(), f::number(0))];
        Body::Chart(f::chart(kind, "Hour", x.clone(), series))
    };
    f::document(vec![
        f::section("line", None, chart(ChartKind::Line)),
        f::section("bars", None, chart(ChartKind::Bar)),
        f::section("rows", Some("Rows"), Body::Table(f::table(columns, arrays))),
    ])
}

#[test]
fn people_read_which_of_the_two_hours_it_is() {
    let html = text("html", &night());
    let cells = ["12:00 AM", "1:00 AM CDT", "1:00 AM CST", "2:00 AM", "3:00 AM"];
    for time in cells {
        let cell = format!("<td class=\"v\">Nov 1, 2026, {time}</td>");
        assert_eq!(html.matches(&cell).count(), 1, "{time}");
    }
    // Two charts, each drawn for wide and narrow screens; a narrow one may leave labels out.
    for label in [">1:00 AM CDT</text>", ">1:00 AM CST</text>"] {
        assert!(html.matches(label).count() >= 2, "{label}");
    }
    assert_eq!(html.matches(">1:00 AM</text>").count(), 0);
}

#[test]
fn a_line_gives_each_hour_the_same_width() {
    let document = night();
    let Body::Chart(chart) = &document.sections[0].body else { panic!("a chart") };
    let path = chart.svg.lines().find(|line| line.contains("stroke-width=\"2\"")).expect("a line");
    let data = path.split('"').nth(1).expect("its data");
    let at: Vec<f64> = data[1..].split('L').filter_map(|point| point.split(' ').next()?.parse().ok()).collect();
    assert_eq!(at.len(), 5, "{data}");
    let steps: Vec<f64> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(steps.iter().all(|step| (step - steps[0]).abs() < 0.1), "{steps:?}");
}

#[test]
fn programs_read_the_offset() {
    for format in ["csv", "json"] {
        let text = text(format, &night());
        for time in ["2026-11-01T01:00:00-05:00", "2026-11-01T01:00:00-06:00"] {
            // In the table and in both charts.
            assert_eq!(text.matches(time).count(), 3, "{format}: {time} in {text}");
        }
    }
}

#[test]
fn spreadsheets_keep_times_and_show_which_it_is() {
    let document = night();
    let bytes = bytes("xlsx", &document);
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("a workbook");
    let mut part = |name: &str| {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut archive.by_name(name).expect("a part"), &mut text).expect("text");
        text
    };
    let styles = part("xl/styles.xml");
    for code in ["\\ \\C\\D\\T", "\\ \\C\\S\\T"] {
        assert_eq!(styles.matches(code).count(), 1, "{code} in {styles}");
    }
    let strings = part("xl/sharedStrings.xml");
    for text in ["Nov 1, 2026, 1:00 AM CDT", "Nov 1, 2026, 1:00 AM CST"] {
        assert!(strings.contains(text), "{text}: the charts' positions are read like the table");
    }
}
