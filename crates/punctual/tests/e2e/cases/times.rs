//! Counts since 1970 in the wrong unit: named with the right one, and the right value once it is said.

use serde_json::json as value;

use super::{Case, column, csv, file, json, run, says};
use crate::project::Project;

/// 2026-09-06T12:00:00Z.
const NOON: i64 = 1_788_696_000;

/// Two events of 6 September 2026, an hour apart, counted in a unit.
async fn events(encoding: &str, per_second: i64) -> Project {
    let case = Case {
        source: &format!("time_encoding: {encoding}"),
        datasets: "events: {source: data, sql: \"SELECT id, at FROM t WHERE at >= {{ period.start_instant }} \
                   AND at < {{ period.end_instant }}\", columns: {at: timestamptz}}",
        tables: "days: {sql: 'SELECT id, at, local_date(at) AS day, local_datetime(at) AS clock FROM events', order_by: [id]}",
        sections: "{name: days, type: table, data: days}",
        formats: "json, csv",
        report: "period: day",
        ..Case::default()
    };
    let (first, second) = (NOON * per_second, (NOON + 3600) * per_second);
    case.sqlite(&format!("CREATE TABLE t (id integer, at integer); INSERT INTO t VALUES (1, {first}), (2, {second});"))
        .await
}

const UNITS: [(&str, i64); 4] =
    [("epoch_s", 1), ("epoch_ms", 1_000), ("epoch_us", 1_000_000), ("epoch_ns", 1_000_000_000)];

#[tokio::test]
async fn counts_in_another_unit_are_refused_with_the_unit_that_they_have() {
    for (said, _) in UNITS {
        for (right, per_second) in UNITS.iter().filter(|(unit, _)| *unit != said) {
            let answer = run(&events(said, *per_second).await, &["--period", "2026-09-06"]);
            let count = NOON * per_second;
            let place = format!("extract failed: dataset `events`: column `at`: {count} lies in the year");
            let way = format!("as {said} and in 2026 as {right}; set `time_encoding: {right}` on the source");
            says(&answer, 3, &[&place, &way]);
        }
    }
}

#[tokio::test]
async fn counts_in_the_unit_that_is_said_are_the_times_they_mean() {
    for (unit, per_second) in UNITS {
        let project = events(unit, per_second).await;
        says(&run(&project, &["--period", "2026-09-06"]), 0, &[]);
        let report = json(&project);
        assert_eq!(column(&report, "days", "id"), [value!(1), value!(2)], "{unit}");
        assert_eq!(column(&report, "days", "day"), ["2026-09-06", "2026-09-06"], "{unit}");
        assert_eq!(column(&report, "days", "at"), ["2026-09-06T12:00:00+00:00", "2026-09-06T13:00:00+00:00"], "{unit}");
        assert_eq!(csv(&project, "days").len(), 3, "{unit}");
        assert!(String::from_utf8_lossy(&file(&project, "csv")).contains("2026-09-06"), "{unit}");
    }
}

#[test]
fn a_count_in_a_csv_file_is_refused_by_its_line() {
    let datasets = "events: {source: data, columns: {at: timestamptz}}";
    let sections = "{name: rows, type: table, data: events}";
    let case = Case { source: "time_encoding: epoch_s", datasets, sections, ..Case::default() };
    let answer = run(&case.csv(&format!("id,at\n1,{NOON}\n2,{}\n", NOON * 1000)), &[]);
    says(&answer, 3, &["rows.csv line 3, column `at`", "set `time_encoding: epoch_ms` on the source"]);
}

#[test]
fn a_run_names_the_tz_database_that_its_times_were_computed_by() {
    let project = Case::default().csv("n\n1\n");
    super::made(&project);
    let shown = project.punctual(&["show", &project.run_id()]);
    let line = shown.out.lines().find_map(|line| line.trim().strip_prefix("tz database: ")).expect("a line of it");
    let doctor = project.punctual(&["doctor", "--json"]).json();
    let examined = doctor["examined"].as_array().expect("a list").iter();
    let in_use = examined.filter(|e| e["what"] == "tz database").map(|e| e["detail"].clone()).collect::<Vec<_>>();
    assert_eq!(in_use, [value!(line)]);
    assert_eq!(project.punctual(&["show", &project.run_id(), "--json"]).json()["tz_database"], value!([line]));
}

/// What is said of a column `at` of these types with these times beside ten of October 2026.
fn told_of(more: &[&str]) -> Vec<String> {
    let mut told = Vec::new();
    for (column_type, clock) in [("date", ""), ("timestamp", " 10:00:00"), ("timestamptz", "T10:00:00Z")] {
        let october = (1..=10).map(|day| format!("2026-10-{day:02}"));
        let days: Vec<String> = october.chain(more.iter().map(|day| (*day).to_owned())).collect();
        let rows: String = days.iter().map(|day| format!("{day}{clock},1\n")).collect();
        let datasets = format!("rows: {{source: data, columns: {{at: {column_type}}}}}");
        let project = Case { datasets: &datasets, ..Case::default() }.csv(&format!("at,n\n{rows}"));
        let answer = run(&project, &[]);
        says(&answer, 0, &[]);
        told.extend(answer.err.lines().find(|line| line.starts_with("warning:")).map(str::to_owned));
        let notes = json(&project)["notes"].as_array().expect("a list").len();
        assert_eq!(notes, usize::from(answer.err.contains("warning:")), "{}", answer.words());
    }
    told
}

#[test]
fn a_mistyped_year_beside_times_of_today_is_a_finding() {
    let told = told_of(&["0202-10-06", "3023-10-06"]);
    assert_eq!(told.len(), 3, "of a date, a time without zone and an instant: {told:?}");
    for line in told {
        let words = "rows (times): of `at` 2 values lie in the years 202 and 3023, the others in times of today; mend";
        assert!(line.contains(words), "{line}");
    }
    assert!(told_of(&["0026-10-06"])[0].contains("of `at` 1 value lies in the year 26,"));
}

#[test]
fn history_and_days_that_stand_for_never_are_no_finding() {
    let never = ["9999-12-30", "0001-01-01", "2999-12-31", "3000-01-01", "2500-06-01", "2500-06-01", "2500-06-01"];
    let history: Vec<String> = (0..11).map(|n| format!("0{}-05-05", 410 + n)).collect();
    let history: Vec<&str> = history.iter().map(String::as_str).collect();
    for more in [&[][..], &["1850-05-05", "1066-10-14", "2150-05-05"], &never, &history] {
        assert_eq!(told_of(more), Vec::<String>::new(), "{more:?}");
    }
}

#[test]
fn a_point_in_time_beyond_the_last_one_is_refused_as_that_and_readable_without_zone() {
    let rows = "at,n\n2026-10-01T10:00:00Z,1\n9999-12-31T10:00:00Z,1\n";
    let case = |column_type: &str, rows: &str| {
        let datasets = format!("rows: {{source: data, columns: {{at: {column_type}}}}}");
        Case { datasets: &datasets, ..Case::default() }.csv(rows)
    };
    let place = "rows.csv line 3, column `at`: `9999-12-31T10:00:00Z` is out of range";
    says(&run(&case("timestamptz", rows), &[]), 3, &[place, "declare the column as `timestamp`"]);
    let project = case("timestamp", &rows.replace('Z', ""));
    super::made(&project);
    assert_eq!(column(&json(&project), "rows", "at")[1], "9999-12-31T10:00:00");
}
