//! Drawings as snapshots, and as properties: whatever the data, the SVG is whole and within its frame.

use jiff::civil::date;
use proptest::prelude::*;
use punctual_model::value::Value;

use super::*;
use crate::write::{Style, Writer};

fn locale(tag: &str) -> &'static Locale {
    Locale::by_tag(tag).expect("known")
}

fn cells(values: impl IntoIterator<Item = Value>) -> Vec<Cell> {
    let writer = Writer { style: Style::Text, locale: locale("en-US") };
    values.into_iter().map(|value| Cell { text: writer.write(&value), value }).collect()
}

fn days(count: i64) -> Vec<Cell> {
    let first = date(2026, 10, 1);
    cells((0..count).map(|n| Value::Date(first.checked_add(jiff::Span::new().days(n)).expect("in range"))))
}

fn names(names: &[&str]) -> Vec<Cell> {
    cells(names.iter().map(|name| Value::Text((*name).to_owned())))
}

fn series(label: &str, nth: usize, style: Style, points: Vec<Option<f64>>) -> Series {
    let writer = Writer { style, locale: locale("en-US") };
    let color = Theme::default().series_color(nth).to_owned();
    Series { field: label.to_lowercase(), label: label.to_owned(), color, points, writer }
}

fn number(decimals: u8) -> Style {
    Style::Number { decimals }
}

fn drawn(kind: ChartKind, x: &[Cell], series: &[Series]) -> String {
    let (zone, theme) = (Zone::utc(), Theme::default());
    draw(&Drawing {
        kind,
        x,
        series,
        locale: locale("en-US"),
        zone: &zone,
        theme: &theme,
        width: WIDTH,
        height: HEIGHT,
    })
}

/// A month of visits: weekly seasons, a campaign, an outage of one day.
fn month() -> Vec<Option<f64>> {
    (0..31)
        .map(|day| {
            let weekend = if matches!(day % 7, 2 | 3) { 0.62 } else { 1.0 };
            let campaign = if (18..24).contains(&day) { 1.35 } else { 1.0 };
            (day != 12).then(|| (1180.0 * weekend * campaign + f64::from(day * 37 % 90)).round())
        })
        .collect()
}

fn some(points: impl IntoIterator<Item = f64>) -> Vec<Option<f64>> {
    points.into_iter().map(Some).collect()
}

fn gallery() -> Vec<(&'static str, String)> {
    let mut drawings = lines();
    drawings.extend(bars());
    drawings
}

fn lines() -> Vec<(&'static str, String)> {
    let line = |x: &[Cell], series: &[Series]| drawn(ChartKind::Line, x, series);
    let dollars = || Style::Currency { code: "USD".to_owned(), decimals: 2 };
    let months = cells((1..=12).map(|m| Value::Date(date(2026, m, 1))));
    let year = (0..12).map(|m| 40_000.0 + f64::from(m * m * 311 % 9_000));
    let spend = year.clone().map(|v| v * 0.6 - 3_000.0);
    let revenue = series("Revenue", 0, dollars(), some(year));
    let spend = series("Ad spend <net>", 1, dollars(), some(spend));
    let balance = (0..12).map(|d| f64::from(d - 5) * 812.5);
    let uptime = (0..14).map(|d| 0.9991 + f64::from(d % 5) * 0.0001);
    let tiny = [1e-6, 2e-6, 3e-6, 2e-6, 4e-6];
    vec![
        ("line_month", line(&days(31), &[series("Visits", 0, number(0), month())])),
        ("line_two_series", line(&months, &[revenue, spend])),
        ("line_single_point", line(&days(1), &[series("Visits", 0, number(0), some([412.0]))])),
        ("line_all_equal", line(&days(10), &[series("Visits", 0, number(0), some([5.0; 10]))])),
        ("line_flat_high", line(&days(14), &[series("Uptime", 0, Style::Percent { decimals: 2 }, some(uptime))])),
        ("line_negative", line(&days(12), &[series("Balance", 0, dollars(), some(balance))])),
        ("line_small", line(&days(5), &[series("Rate", 0, number(6), some(tiny))])),
        ("line_empty", line(&[], &[series("Visits", 0, number(0), vec![])])),
    ]
}

fn bars() -> Vec<(&'static str, String)> {
    let bar = |x: &[Cell], series: &[Series]| drawn(ChartKind::Bar, x, series);
    let dollars = Style::Currency { code: "USD".to_owned(), decimals: 2 };
    let channels = names(&["Web", "Shop", "Partner", "Organic search and maps", "Pneumonoultramicroscopic"]);
    let campaigns: Vec<String> = (1..=40).map(|n| format!("Campaign {n}")).collect();
    let campaigns: Vec<&str> = campaigns.iter().map(String::as_str).collect();
    let months = cells((1..=12).map(|m| Value::Date(date(2026, m, 1))));
    let change = (0..12).map(|m| f64::from(m * 7 % 11 - 4) / 50.0);
    let clicks = (0..40).map(|n| f64::from(n * 29 % 37) * 10.0);
    let revenue = [18_250.5, 9_120.0, 4_033.25, 12_480.0, 77.0];
    let three = [
        series("Visits", 0, number(0), some([1825.0, 912.0, 403.0, 1248.0, 77.0])),
        series("Orders", 1, number(0), some([182.0, 91.0, 40.0, 124.0, 7.0])),
        series("Tickets", 2, number(0), vec![Some(82.0), None, Some(44.0), Some(12.0), Some(1.0)]),
    ];
    vec![
        ("bar_categories", bar(&channels, &[series("Revenue", 0, dollars, some(revenue))])),
        ("bar_three_series", bar(&channels, &three)),
        ("bar_month", bar(&days(31), &[series("Visits", 0, number(0), month())])),
        ("bar_negative", bar(&months, &[series("Change", 0, Style::Percent { decimals: 1 }, some(change))])),
        ("bar_many", bar(&names(&campaigns), &[series("Clicks", 0, number(0), some(clicks))])),
        ("bar_huge", bar(&names(&["a", "b"]), &[series("Atoms", 0, number(0), some([1e80, 2.5e79]))])),
    ]
}

#[test]
fn drawings_stay_as_they_are() {
    for (name, svg) in gallery() {
        insta::assert_snapshot!(name, svg);
    }
}

#[test]
fn texts_are_escaped_and_gaps_are_gaps() {
    let gallery = gallery();
    let find = |name: &str| &gallery.iter().find(|(n, _)| *n == name).expect("in the gallery").1;
    assert!(find("line_two_series").contains("Ad spend &lt;net&gt;"));
    assert!(find("line_empty").contains("No data in this period"));
    let line = find("line_month").lines().find(|l| l.contains("stroke-width=\"2\"")).expect("a line").to_owned();
    assert_eq!(line.matches('M').count(), 2, "the outage cuts the line: {line}");
}

#[test]
fn points_that_are_all_missing_are_no_data() {
    let svg = drawn(ChartKind::Bar, &days(3), &[series("Visits", 0, number(0), vec![None, Some(f64::NAN), None])]);
    assert!(svg.contains("No data in this period"));
}

/// Every coordinate of the drawing.
fn coordinates(svg: &str) -> Vec<f64> {
    let attributes = ["x", "y", "x1", "x2", "y1", "y2"].map(|name| format!(" {name}=\""));
    let mut found = Vec::new();
    for attribute in &attributes {
        for (at, _) in svg.match_indices(attribute.as_str()) {
            let rest = &svg[at + attribute.len()..];
            found.push(rest[..rest.find('"').expect("closed")].parse().expect("a number"));
        }
    }
    found
}

proptest! {
    #[test]
    fn whatever_the_data_the_drawing_is_whole(
        points in prop::collection::vec(prop::option::of(prop_oneof![
            any::<f64>(), -1e6_f64..1e6, Just(0.0), Just(1e300), Just(f64::MIN_POSITIVE),
        ]), 0..40),
        bars in any::<bool>(),
        by_day in any::<bool>(),
        style in prop_oneof![Just(number(0)), Just(number(2)), Just(Style::Percent { decimals: 1 })],
    ) {
        let x = if by_day { days(points.len() as i64) } else { names(&vec!["<A & \"b\">"; points.len()]) };
        let kind = if bars { ChartKind::Bar } else { ChartKind::Line };
        let svg = drawn(kind, &x, &[series("S", 0, style, points)]);
        prop_assert!(svg.ends_with("</g>\n</svg>\n"));
        prop_assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        for coordinate in coordinates(&svg) {
            prop_assert!((-1.0..=f64::from(WIDTH) + 1.0).contains(&coordinate), "{coordinate} in {svg}");
        }
    }
}
