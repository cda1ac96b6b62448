//! Lines of one point, and points between gaps: each is seen, in Excel as in the drawing.

use std::io::{Cursor, Read as _};

use serde_json::json as value;

use super::{Case, file, html, json, made};
use crate::{figures::section, project::Project};

/// A series of a native chart: whether its points have markers, and its numbers by their place.
type Series = (bool, Vec<(usize, f64)>);

/// The series of the workbook's charts, chart by chart.
fn series(project: &Project) -> Vec<Series> {
    let mut archive = zip::ZipArchive::new(Cursor::new(file(project, "xlsx"))).expect("a package");
    let mut found = Vec::new();
    for number in 1.. {
        let Ok(mut part) = archive.by_name(&format!("xl/charts/chart{number}.xml")) else { break };
        let mut xml = String::new();
        part.read_to_string(&mut xml).expect("XML");
        let series = xml.split("<c:ser>").skip(1).map(|series| series.split("</c:ser>").next().expect("its end"));
        found.extend(series.map(of_xml));
    }
    found
}

fn of_xml(series: &str) -> Series {
    let symbol = series.split("<c:symbol val=\"").nth(1).and_then(|s| s.split('"').next());
    let values = series.split("<c:val>").nth(1).expect("values");
    let points = values.split("<c:pt idx=\"").skip(1).map(|point| {
        let (at, rest) = point.split_once('"').expect("a place");
        let number = rest.split("<c:v>").nth(1).and_then(|v| v.split('<').next()).expect("a number");
        (at.parse().expect("a place"), number.parse().expect("a number"))
    });
    (symbol.is_some_and(|symbol| symbol != "none"), points.collect())
}

/// How many points are drawn as dots on the page, in each of its drawings: one is for narrow screens.
#[track_caller]
fn dots(project: &Project) -> usize {
    let page = html(project);
    let each: Vec<usize> =
        page.split("<svg").skip(1).map(|svg| svg.matches("a2.75 2.75 0 1 0 5.5 0").count()).collect();
    assert!(each.iter().all(|count| *count == each[0]), "{each:?}");
    each[0]
}

/// A line over these rows of a day and numbers.
fn line(rows: &str, y: &str) -> Project {
    let columns: Vec<String> = y.split(", ").map(|column| format!("{column}: int")).collect();
    let datasets = format!("rows: {{source: data, columns: {{day: date, {}}}}}", columns.join(", "));
    let sections = format!("{{name: line, type: chart, chart: line, data: rows, x: day, y: [{y}]}}");
    let formats = "json, xlsx, html, pdf";
    let project = Case { datasets: &datasets, sections: &sections, formats, ..Case::default() }.csv(rows);
    made(&project);
    project
}

#[test]
fn a_line_of_one_point_and_points_between_gaps_have_markers() {
    let one = line("day,n\n2026-10-06,42\n", "n");
    assert_eq!(series(&one), [(true, vec![(0, 42.0)])]);
    assert_eq!(dots(&one), 1);
    let gaps = line("day,n\n2026-10-01,5\n2026-10-02,\n2026-10-03,7\n2026-10-04,\n2026-10-05,3\n", "n");
    assert_eq!(series(&gaps), [(true, vec![(0, 5.0), (2, 7.0), (4, 3.0)])]);
    assert_eq!(dots(&gaps), 3);
}

#[test]
fn one_label_of_text_has_a_marker() {
    let datasets = "rows: {source: data, columns: {n: int}}";
    let sections = "{name: line, type: chart, chart: line, data: rows, x: label, y: [n]}";
    let case = Case { datasets, sections, formats: "xlsx, html", ..Case::default() };
    let project = case.csv("label,n\nTuesday,42\n");
    made(&project);
    assert_eq!((series(&project), dots(&project)), (vec![(true, vec![(0, 42.0)])], 1));
}

#[test]
fn every_point_a_gap_but_one_and_two_series_of_lone_points_are_seen() {
    let rows = "day,n,m\n2026-10-01,,\n2026-10-02,,4\n2026-10-03,7,\n2026-10-04,,5\n2026-10-05,,\n";
    let project = line(rows, "n, m");
    assert_eq!(series(&project), [(true, vec![(2, 7.0)]), (true, vec![(1, 4.0), (3, 5.0)])]);
    assert_eq!(dots(&project), 3);
    let points = |at: usize| section(&json(&project), "line")["series"][at]["points"].clone();
    assert_eq!(points(0), value!([null, null, 7.0, null, null]));
    assert_eq!(points(1), value!([null, 4.0, null, 5.0, null]));
}

#[test]
fn a_lone_point_at_the_end_of_a_long_line_has_a_marker() {
    let mut rows = String::from("day,n,m\n");
    for day in 1..=28 {
        let n = if day == 27 { String::new() } else { day.to_string() };
        rows.push_str(&format!("2026-10-{day:02},{n},{day}\n"));
    }
    let project = line(&rows, "n, m");
    let found = series(&project);
    assert_eq!((found[0].0, found[0].1.len()), (true, 27), "the 28th stands alone behind the gap");
    assert_eq!((found[1].0, found[1].1.len()), (false, 28), "a line without gaps reaches every point");
}
