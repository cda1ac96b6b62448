//! Period boundaries in SQL: a boundary is made for one kind of column, and one that meets
//! another kind is an error that names the right boundary.

use punctual_data::source::SourceError;

/// The three kinds of temporal columns, and of period boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Temporal {
    /// A civil date: `*_date`.
    Date,
    /// A zone-less civil time: `*_local`.
    Local,
    /// A point in time: `*_instant`.
    Instant,
}

impl Temporal {
    /// How the boundary's name ends.
    fn suffix(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Local => "local",
            Self::Instant => "instant",
        }
    }

    /// What such a column is, in words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Date => "a date",
            Self::Local => "a timestamp without zone",
            Self::Instant => "a timestamp with time zone",
        }
    }
}

/// An expression that is a period's boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Boundary<'a> {
    /// All before the kind: `period.start`.
    stem: &'a str,
    /// The kind that was written.
    pub(crate) kind: Temporal,
}

impl<'a> Boundary<'a> {
    /// `period.start_date`, `previous.end_instant` and the like; `None` for all else.
    pub(crate) fn of(expression: &'a str) -> Option<Self> {
        let expression = expression.trim();
        let (stem, suffix) = expression.rsplit_once('_')?;
        let kind = [Temporal::Date, Temporal::Local, Temporal::Instant].into_iter().find(|k| k.suffix() == suffix)?;
        let (owner, end) = stem.rsplit_once('.')?;
        let known = matches!(end, "start" | "end") && owner.split('.').all(|o| matches!(o, "period" | "previous"));
        known.then_some(Self { stem, kind })
    }

    /// The same boundary for another kind of column.
    pub(crate) fn as_kind(&self, kind: Temporal) -> String {
        format!("{}_{}", self.stem, kind.suffix())
    }
}

/// Refuses a boundary that meets another kind of column.
pub(crate) fn check(dataset: &str, expression: &str, column: Option<&str>, meets: Temporal) -> Result<(), SourceError> {
    match Boundary::of(expression) {
        Some(boundary) if boundary.kind != meets => {
            Err(mismatch(dataset, expression, column, meets.words(), boundary.as_kind(meets)))
        }
        _ => Ok(()),
    }
}

/// The error for a boundary that meets the wrong kind of column.
pub(crate) fn mismatch(
    dataset: &str,
    expression: &str,
    column: Option<&str>,
    column_kind: &str,
    suggestion: String,
) -> SourceError {
    SourceError::Boundary {
        dataset: dataset.to_owned(),
        expression: expression.trim().to_owned(),
        column: column.unwrap_or("a column").to_owned(),
        column_kind: column_kind.to_owned(),
        suggestion,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_are_known_by_name() {
        for (text, kind) in [
            ("period.start_date", Temporal::Date),
            (" period.end_local ", Temporal::Local),
            ("previous.start_instant", Temporal::Instant),
            ("period.previous.end_date", Temporal::Date),
        ] {
            assert_eq!(Boundary::of(text).map(|b| b.kind), Some(kind), "{text}");
        }
        for other in
            ["parameters.start_date", "period.label", "period.start", "start_date", "period.start_date | upper"]
        {
            assert_eq!(Boundary::of(other), None, "{other}");
        }
    }

    #[test]
    fn the_error_names_the_right_one() {
        assert!(check("d", "period.start_date", Some("day"), Temporal::Date).is_ok());
        let error = check("d", "period.end_date", Some("at"), Temporal::Instant).expect_err("a mismatch");
        assert_eq!(
            error.to_string(),
            "dataset `d`: `period.end_date` is compared with `at`, which is a timestamp with time zone; use `period.end_instant`"
        );
    }
}
