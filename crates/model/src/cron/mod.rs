//! Cron expressions: what may be written, and the instants at which a schedule fires.
//!
//! This module owns the grammar ([`CronExpr::parse`]), the calendar (which days and times an
//! expression names) and the walk through a time zone's gaps and overlaps
//! ([`CronExpr::next_after`], [`CronExpr::events`]). It reads no clock, and must not know what a
//! firing sets off: reports, periods and queues live elsewhere.
//!
//! # The rule
//! It is the rule of Vixie cron (`cron(8)`, "daylight saving time"), with the syntax of the Open
//! Cron Pattern Specification 1.0 to 1.4 (OCPS) and of Quartz.
//! - An expression is *fixed* when none of its second, minute and hour fields starts with `*`;
//!   otherwise it is *wildcard*.
//! - **Gap**, the clock is set forward, by at most [`LONGEST_BRIDGED_GAP`]: a fixed time that does
//!   not exist fires once, at the first instant after the gap. The day fields are matched against
//!   the date as written. All missing times of one gap are one firing, which is also the firing of
//!   a real time at that instant. A wildcard time that does not exist is left out.
//! - A longer gap (a zone that skips a day) is left out, and told as an [`Event::Skips`].
//! - **Overlap**, the clock is set back: a fixed time fires on its first pass only, a wildcard time
//!   on both.
//! - A firing is always strictly later than the reference.
//!
//! RFC 5545 and most date libraries move 02:30 to 03:30 in a gap of an hour. That is the other
//! school, and is not used here.

mod calendar;
mod error;
mod field;
mod jitter;
mod legacy;
mod next;
mod parse;

use std::{borrow::Cow, fmt, str::FromStr};

use jiff::{Timestamp, tz::TimeZone};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

pub use error::{CronError, CronField};
pub use jitter::jitter;
pub use legacy::{LegacyError, from_legacy};
pub use next::{Event, Events, Firing, LONGEST_BRIDGED_GAP, Skip};

/// The longest expression that is accepted, in bytes.
pub const MAX_BYTES: usize = 256;

/// A checked cron expression: it parses, and there are dates on which it fires.
///
/// Two expressions are equal when their texts are, up to the space between the fields.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CronExpr {
    /// As written, with single spaces.
    text: String,
    plan: Plan,
}

/// What an expression says.
#[derive(Debug, Clone)]
enum Plan {
    /// Fields of a calendar, in local time.
    Calendar(Box<calendar::Calendar>),
    /// `rate(...)`: every so many seconds of elapsed time, counted from 1970-01-01T00:00:00Z.
    Every(i64),
}

impl CronExpr {
    /// Reads an expression in any of the forms of the reference page: five fields, six with leading
    /// seconds, seven with a year, `@daily` and the like, or EventBridge's `cron(...)` and
    /// `rate(...)`.
    ///
    /// # Errors
    /// Everything that is not in the grammar, more than [`MAX_BYTES`] bytes, and an expression that
    /// no date of the calendar matches. The error names the field, the column and the next step.
    pub fn parse(text: &str) -> Result<Self, CronError> {
        parse::expression(text)
    }

    /// The expression as written, with single spaces between the fields.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the expression names fixed times of the day: these fire once even where the clock is
    /// set forward or back. `rate(...)` counts elapsed time and is not fixed.
    pub fn is_fixed(&self) -> bool {
        match &self.plan {
            Plan::Calendar(calendar) => calendar.is_fixed(),
            Plan::Every(_) => false,
        }
    }

    /// The first instant strictly after `reference` at which the expression fires in `zone`.
    ///
    /// `None` when there is none before the year 10000, as for a year field that has passed.
    pub fn next_after(&self, reference: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        self.firings(reference, zone).next()
    }

    /// The instants strictly after `reference` at which the expression fires in `zone`, in
    /// strictly increasing order.
    pub fn firings<'a>(
        &'a self,
        reference: Timestamp,
        zone: &'a TimeZone,
    ) -> impl Iterator<Item = Timestamp> + use<'a> {
        self.events(reference, zone).filter_map(|event| match event {
            Event::Fires(firing) => Some(firing.at),
            Event::Skips(_) => None,
        })
    }

    /// What happens strictly after `reference`, in order: the firings, each with the local time that
    /// was written, and the gaps that were too long to bridge and so cost a firing.
    pub fn events<'a>(&'a self, reference: Timestamp, zone: &'a TimeZone) -> Events<'a> {
        Events::new(&self.plan, reference, zone)
    }
}

impl PartialEq for CronExpr {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for CronExpr {}

impl std::hash::Hash for CronExpr {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for CronExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for CronExpr {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Self, CronError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for CronExpr {
    type Error = CronError;

    fn try_from(text: String) -> Result<Self, CronError> {
        Self::parse(&text)
    }
}

impl From<CronExpr> for String {
    fn from(expr: CronExpr) -> Self {
        expr.text
    }
}

impl JsonSchema for CronExpr {
    fn schema_name() -> Cow<'static, str> {
        "CronExpr".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "maxLength": MAX_BYTES,
            "description": "A cron expression, such as `0 6 1 * *`: minute, hour, day of month, month, day of week",
            "examples": ["0 6 1 * *", "30 8 * * MON-FRI", "0 9 LW * *", "@daily", "rate(5 minutes)"]
        })
    }
}
