//! What is told of subjects that cannot be sent as their titles are: too long, or with characters that
//! no header may have. They are cut and cleaned at the send.

use punctual_delivery::Subject;
use punctual_model::{definition::Otherwise, finding::Finding};

use super::EditionOutput;

/// So many examples are told.
const MOST_SAMPLES: usize = 5;

/// One finding for all editions whose subject differs from what it should have been.
pub(super) fn finding(report: &str, editions: &[EditionOutput]) -> Option<Finding> {
    let changed: Vec<(&str, Subject)> = editions
        .iter()
        .map(|edition| (edition.key.as_str(), Subject::of(&edition.subject)))
        .filter(|(_, subject)| !subject.changes().is_empty())
        .collect();
    let (first, subject) = changed.first()?;
    let words = subject.changes().join("; ");
    let message = match changed.len() {
        1 => format!("edition {first}: {words}"),
        n => format!("{n} editions have subjects that are changed before they are sent; edition {first}: {words}"),
    };
    let samples = changed.iter().take(MOST_SAMPLES);
    Some(Finding {
        subject: report.to_owned(),
        check: "subject".to_owned(),
        severity: Otherwise::Warn,
        message,
        rows: 0,
        samples: samples.map(|(key, subject)| format!("{key}: {}", subject.text())).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edition(key: &str, subject: &str) -> EditionOutput {
        serde_json::from_value(serde_json::json!({
            "key": key, "title": subject, "about": null, "subject": subject, "period_label": "", "rows": 0,
            "summary": null, "figures": [], "notes": [], "files": [],
        }))
        .expect("an edition")
    }

    #[test]
    fn only_what_is_changed_is_told() {
        assert_eq!(finding("monthly", &[edition("a", "Acme: October"), edition("b", "")]), None);
        let editions = [edition("a", "Acme"), edition("b", "two\nlines"), edition("c", &"long ".repeat(100))];
        let found = finding("monthly", &editions[..2]).expect("one is changed");
        assert_eq!(found.message, "edition b: the subject has the control character U+000A, which is left out");
        assert_eq!(found.samples, ["b: two lines"]);
        let found = finding("monthly", &editions).expect("two are changed");
        assert!(found.message.starts_with("2 editions have subjects that are changed"), "{}", found.message);
        assert_eq!(found.samples.len(), 2);
    }
}
