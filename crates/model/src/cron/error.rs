//! Why a cron expression is refused: the field, the column, the text and the next step.

use std::fmt;

/// One field of a cron expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CronField {
    /// 0 to 59; only in expressions of six or seven fields.
    Second,
    /// 0 to 59.
    Minute,
    /// 0 to 23.
    Hour,
    /// 1 to 31, `L`, `L-n`, `LW`, `nW`.
    DayOfMonth,
    /// 1 to 12, or `JAN` to `DEC`.
    Month,
    /// 0 to 7 (1 to 7 in `cron(...)`), or `SUN` to `SAT`, `d#n`, `d#L`, `dL`.
    DayOfWeek,
    /// 1970 to 2199; only in expressions of seven fields and in `cron(...)`.
    Year,
}

impl CronField {
    /// The field's name in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::DayOfMonth => "day of month",
            Self::Month => "month",
            Self::DayOfWeek => "day of week",
            Self::Year => "year",
        }
    }
}

impl fmt::Display for CronField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A refused cron expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}, column {column}: `{}` {problem}; {help}", field.map_or("cron expression", CronField::name), text.escape_debug())]
pub struct CronError {
    field: Option<CronField>,
    column: usize,
    text: String,
    problem: String,
    help: String,
}

impl CronError {
    pub(super) fn new(
        field: Option<CronField>,
        column: usize,
        text: impl Into<String>,
        problem: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self { field, column, text: text.into(), problem: problem.into(), help: help.into() }
    }

    /// The field at fault; `None` when it is the expression as a whole.
    pub fn field(&self) -> Option<CronField> {
        self.field
    }

    /// Where the offending text starts in the expression as given: 1 is its first character.
    pub fn column(&self) -> usize {
        self.column
    }

    /// The offending text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is wrong with it, as the rest of a sentence that starts with the text.
    pub fn problem(&self) -> &str {
        &self.problem
    }

    /// What to write instead.
    pub fn help(&self) -> &str {
        &self.help
    }
}
