//! The published cases: expression, zone, reference and the next instants.

use serde::Deserialize;

use crate::{at, expr, zone};

#[derive(Deserialize)]
struct Case {
    id: u32,
    expr: String,
    zone: String,
    reference: String,
    expected: Vec<String>,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("cron_cases.json")).unwrap()
}

#[test]
fn every_case_fires_as_published() {
    let cases = cases();
    assert_eq!(cases.len(), 41);
    for case in cases {
        let expected: Vec<_> = case.expected.iter().map(|text| at(text)).collect();
        let (expr, zone) = (expr(&case.expr), zone(&case.zone));
        let actual: Vec<_> = expr.firings(at(&case.reference), &zone).take(expected.len()).collect();
        assert_eq!(actual, expected, "case {}: `{}` in {}", case.id, case.expr, case.zone);
    }
}

#[test]
fn asking_again_from_each_firing_gives_the_same() {
    for case in cases() {
        let (expr, zone) = (expr(&case.expr), zone(&case.zone));
        let mut reference = at(&case.reference);
        for expected in &case.expected {
            let next = expr.next_after(reference, &zone).unwrap();
            assert_eq!(next, at(expected), "case {}", case.id);
            reference = next;
        }
    }
}
