//! Every figure of a report's JSON, compared with what the rows of the sample data add up to.

use std::{collections::BTreeMap, path::Path};

use punctual_sample::{
    Agency,
    truth::{self, ClientMonth, Traffic},
};
use serde_json::Value;

use crate::project::{files, text};

/// Compares all twelve editions in a folder with the month's truth.
pub fn assert_folder_is_true(folder: &Path, agency: &Agency) {
    let reports = files(folder, "json");
    let months = truth::month(agency, 2026, 10);
    assert_eq!((reports.len(), months.len()), (12, 12));
    for month in &months {
        let name = format!("monthly-client-report-2026-10-{}.json", month.client.slug);
        let report: Value = serde_json::from_slice(&reports[&name]).expect("JSON");
        assert_report_is_true(&report, month);
    }
}

fn assert_report_is_true(report: &Value, month: &ClientMonth) {
    assert_eq!(report["edition"], month.client.id.to_string());
    assert_eq!(report["about"], month.client.name);
    assert_eq!(report["currency"], month.client.currency);
    let who = month.client.name;
    assert_eq!(headline(report), expected_headline(month), "{who}: figures with the month before");
    assert_changes(report, who);

    let now = &month.current;
    let seen: BTreeMap<&str, Traffic> =
        now.by_channel.iter().map(|(k, t)| (*k, *t)).filter(|(_, t)| t.rows > 0).collect();
    assert_eq!(
        by(report, "channels", "channel", TRAFFIC),
        expected(seen.iter().map(|(k, t)| (k, sums(t)))),
        "{who}: channels"
    );
    assert_eq!(
        by(report, "days", "day", TRAFFIC),
        expected(now.by_day.iter().map(|(k, t)| (k, sums(t)))),
        "{who}: days"
    );
    let spend = now.by_platform.iter().map(|(k, s)| (k, vec![s.cost_cents, s.clicks, s.impressions]));
    let columns = &[("spend", 100), ("clicks", 1), ("impressions", 1)];
    assert_eq!(by(report, "advertising", "platform", columns), expected(spend), "{who}: platforms");
    let tickets = now.tickets.by_priority.iter().map(|(k, n)| (k, vec![i64::try_from(*n).expect("few tickets")]));
    assert_eq!(by(report, "support", "priority", &[("tickets", 1)]), expected(tickets), "{who}: tickets");

    let trend = section(report, "trend");
    let drawn: Vec<i64> = list(&trend["series"][0]["points"]).iter().map(|point| whole(point, 1)).collect();
    let visits: Vec<i64> = now.by_day.values().map(|day| day.visits).collect();
    assert_eq!(drawn, visits, "{who}: the line of visits");
    for name in ["channels", "days"] {
        let totals: Vec<i64> = list(&section(report, name)["totals"])[1..=3]
            .iter()
            .zip([1, 1, 100])
            .map(|(t, s)| whole(&t["value"], s))
            .collect();
        assert_eq!(totals, sums(&now.traffic), "{who}: totals of {name}");
    }
    assert_left_out(report, now.excluded_rows(), who);
}

/// A report says how many rows it left out, wherever they would have counted.
fn assert_left_out(report: &Value, rows: u64, who: &str) {
    for name in ["channels", "days"] {
        assert_eq!(section(report, name)["left_out"], rows, "{who}: {name}");
    }
    let at = "Figures, Visits by day, Revenue by channel";
    let words = match rows {
        0 => vec![],
        1 => vec![format!("{at}: 1 row left out")],
        n => vec![format!("{at}: {n} rows left out")],
    };
    assert_eq!(list(&report["notes"]).iter().map(text).collect::<Vec<_>>(), words, "{who}: notes");
}

const TRAFFIC: &[(&str, i64)] = &[("visits", 1), ("orders", 1), ("revenue", 100)];

fn sums(traffic: &Traffic) -> Vec<i64> {
    vec![traffic.visits, traffic.orders, traffic.revenue_cents]
}

type Headline = BTreeMap<String, (i64, i64)>;

/// The big figures: this month's and the one before it, money in cents.
fn headline(report: &Value) -> Headline {
    list(&section(report, "figures")["figures"])
        .iter()
        .map(|figure| {
            let scale = if figure["format"]["style"] == "currency" { 100 } else { 1 };
            let pair = (whole(&figure["value"], scale), whole(&figure["previous"]["value"], scale));
            (text(&figure["field"]), pair)
        })
        .collect()
}

fn expected_headline(month: &ClientMonth) -> Headline {
    let ClientMonth { current: now, previous: before, .. } = month;
    let tickets = |n: u64| i64::try_from(n).expect("few tickets");
    [
        ("visits", now.traffic.visits, before.traffic.visits),
        ("orders", now.traffic.orders, before.traffic.orders),
        ("revenue", now.traffic.revenue_cents, before.traffic.revenue_cents),
        ("ad_spend", now.spend.cost_cents, before.spend.cost_cents),
        ("tickets", tickets(now.tickets.opened), tickets(before.tickets.opened)),
    ]
    .map(|(name, now, before)| (name.to_owned(), (now, before)))
    .into()
}

/// Each change is that of the two values, which are compared with the truth elsewhere.
fn assert_changes(report: &Value, who: &str) {
    for figure in list(&section(report, "figures")["figures"]) {
        let number = |value: &Value| value.as_f64().expect("a number");
        let (now, before) = (number(&figure["value"]), number(&figure["previous"]["value"]));
        if before == 0.0 {
            continue;
        }
        let ratio = now / before - 1.0;
        let shown = number(&figure["change"]["ratio"]);
        assert!((shown - ratio).abs() < 1e-9, "{who}: {shown} is not {ratio}");
        let words = if now == before { "0.0%".to_owned() } else { format!("{:+.1}%", ratio * 100.0) };
        assert_eq!(text(&figure["change"]["text"]), words, "{who}: {figure}");
        // Fewer tickets are good news.
        let tone = match (now == before, (now > before) == (figure["field"] != "tickets")) {
            (true, _) => "neutral",
            (false, true) => "good",
            (false, false) => "bad",
        };
        assert_eq!(figure["change"]["tone"], tone, "{who}: {figure}");
    }
}

/// A table's rows by the text in `key`, with these columns times their scale.
fn by(report: &Value, name: &str, key: &str, columns: &[(&str, i64)]) -> BTreeMap<String, Vec<i64>> {
    let rows = list(&section(report, name)["rows"]);
    let found: BTreeMap<_, _> = rows
        .iter()
        .map(|row| (text(&row[key]), columns.iter().map(|(column, scale)| whole(&row[column], *scale)).collect()))
        .collect();
    assert_eq!(found.len(), rows.len(), "{name}: no {key} twice");
    found
}

fn expected<K: ToString>(rows: impl Iterator<Item = (K, Vec<i64>)>) -> BTreeMap<String, Vec<i64>> {
    rows.map(|(key, values)| (key.to_string(), values)).collect()
}

/// A section by its name.
pub fn section<'a>(report: &'a Value, name: &str) -> &'a Value {
    list(&report["sections"]).iter().find(|section| section["name"] == name).expect("the section")
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}"))
}

/// A number times `scale`, which must then be whole.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "the sample's sums are far below 2^53"
)]
fn whole(value: &Value, scale: i64) -> i64 {
    let scaled = value.as_f64().unwrap_or_else(|| panic!("no number: {value}")) * scale as f64;
    assert!((scaled - scaled.round()).abs() < 1e-4, "{value} has digits beyond 1/{scale}");
    scaled.round() as i64
}
