//! Whether a snapshot holds the data of the right moment: pure, so that the rule is a table in its test.

use std::borrow::Cow;

use jiff::Timestamp;
use punctual_model::definition::Source;
use punctual_store::records::ExtractRecord;

/// What a snapshot is held against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// When a snapshot is wanted.
    pub(crate) now: Timestamp,
    /// From when on the source has all rows of the period: its end and the time that the source settles in.
    pub(crate) complete_from: Timestamp,
    /// How long a snapshot that a person's `plan` or `run` took serves.
    pub(crate) fresh_for: std::time::Duration,
}

impl Moment {
    /// The moment of a source for a period that ends at an instant.
    pub(crate) fn of(source: &Source, period_end: Timestamp, now: Timestamp) -> Self {
        Self { now, complete_from: complete_from(source, period_end), fresh_for: source.fresh_for.duration() }
    }

    /// Whether a snapshot serves.
    ///
    /// # Errors
    /// Why the source is asked again, in words.
    pub(crate) fn serves(&self, snapshot: &ExtractRecord) -> Result<(), String> {
        let asked = snapshot.asked_at;
        if let Some(doubt) = &snapshot.doubt {
            return Err(format!("what was made of its snapshot failed ({})", beginning(doubt)));
        }
        if asked < self.complete_from && self.now >= self.complete_from {
            return Err(format!(
                "its snapshot is of {}, before the period's data was complete at {}",
                shown(asked),
                shown(self.complete_from)
            ));
        }
        let age = std::time::Duration::try_from(self.now.duration_since(asked));
        match age {
            Ok(age) if age < self.fresh_for => Ok(()),
            Ok(_) => Err(format!("its snapshot is of {} and no longer fresh", shown(asked))),
            // The clock went back: what was taken in its future cannot be judged.
            Err(_) => Err(format!("its snapshot is of {}, which is not past yet", shown(asked))),
        }
    }
}

/// From when on a source has all rows of a period that ends at an instant.
pub(crate) fn complete_from(source: &Source, period_end: Timestamp) -> Timestamp {
    jiff::SignedDuration::try_from(source.settle.duration())
        .ok()
        .and_then(|settle| period_end.checked_add(settle).ok())
        .unwrap_or(Timestamp::MAX)
}

/// The beginning of a text that was told in full when it came up.
fn beginning(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 120;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// An instant to the second, for people.
fn shown(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use punctual_model::identity::ContentHash;

    use super::*;

    const HOUR: i64 = 3600;
    /// The period's end; the source settles for an hour and is fresh for one.
    const END: i64 = 1_800_000_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn snapshot(asked: i64, doubt: Option<&str>) -> ExtractRecord {
        ExtractRecord {
            dataset: "orders".to_owned(),
            source: "shop".to_owned(),
            statement: String::new(),
            binds: String::new(),
            snapshot: ContentHash::of(b""),
            rows: 1,
            bytes: 1,
            asked_at: at(asked),
            extracted_at: at(asked + 5),
            doubt: doubt.map(str::to_owned),
        }
    }

    #[test]
    fn a_snapshot_serves_only_with_the_data_of_the_right_moment() {
        let moment = |now: i64| Moment {
            now: at(now),
            complete_from: at(END + HOUR),
            fresh_for: std::time::Duration::from_secs(3600),
        };
        // When it was asked, when it is wanted, a doubt, and the word that says why it does not serve.
        let cases = [
            (END + 2 * HOUR, END + 2 * HOUR + 60, None, None),
            (END + 2 * HOUR, END + 3 * HOUR - 1, None, None),
            (END + 2 * HOUR, END + 3 * HOUR, None, Some("no longer fresh")),
            (END - 60, END + HOUR, None, Some("before the period's data was complete")),
            (END + HOUR - 1, END + HOUR, None, Some("before the period's data was complete")),
            (END + HOUR, END + HOUR, None, None),
            (END - 60, END + 60, None, None),
            (END - 2 * HOUR, END - 60, None, Some("no longer fresh")),
            (END + 2 * HOUR, END + 2 * HOUR + 60, Some("11 rows"), Some("failed (11 rows)")),
            (END + 3 * HOUR, END + 2 * HOUR, None, Some("not past yet")),
        ];
        for (asked, now, doubt, expected) in cases {
            let answer = moment(now).serves(&snapshot(asked, doubt));
            match expected {
                None => assert_eq!(answer, Ok(()), "asked {asked}, wanted {now}"),
                Some(word) => {
                    let why = answer.expect_err("the source is asked again");
                    assert!(why.contains(word), "asked {asked}, wanted {now}: {why}");
                }
            }
        }
    }
}
