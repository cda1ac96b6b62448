//! The period as templates see it. There is no bare `period.start`: which boundary is right
//! depends on the column that it is compared with, and only the author knows that.

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
};
use minijinja::Value as Dynamic;
use punctual_model::{
    nearest::nearest,
    period::{Period, PeriodError},
    value::Value,
    zone::Zone,
};
use serde::{Deserialize, Serialize};

use super::typed::to_dynamic;
use crate::locale::Locale;

/// The boundaries and the name of a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeriodFacts {
    /// What people call it: "October 2026".
    pub label: String,
    /// The first day: `period.start_date`.
    pub first_day: Date,
    /// The first day after: `period.end_date`.
    pub end_day: Date,
    /// The first instant, for zoned columns.
    pub start_instant: Timestamp,
    /// The first instant after.
    pub end_instant: Timestamp,
    /// The first instant as the source's clocks show it, for zone-less columns.
    pub start_local: DateTime,
    /// The first instant after, as the source's clocks show it.
    pub end_local: DateTime,
    /// How many days it has.
    pub days: i32,
    /// The report's IANA time zone.
    pub zone: String,
}

impl PeriodFacts {
    /// The names below `period`.
    pub(super) const FIELDS: [&'static str; 9] =
        ["label", "start_date", "end_date", "start_instant", "end_instant", "start_local", "end_local", "days", "zone"];

    /// The facts of a period, for a source whose zone-less times are in `source_zone`.
    ///
    /// # Errors
    /// When a boundary lies outside of the years that can be counted.
    pub fn new(period: &Period, source_zone: &Zone, locale: &Locale) -> Result<Self, PeriodError> {
        Ok(Self {
            label: locale.period_label(period),
            first_day: period.start_date(),
            end_day: period.end_date(),
            start_instant: period.start_instant()?,
            end_instant: period.end_instant()?,
            start_local: period.start_local(source_zone)?,
            end_local: period.end_local(source_zone)?,
            days: period.days(),
            zone: period.zone().name().to_owned(),
        })
    }

    pub(super) fn to_value(&self) -> Dynamic {
        let value = |field: &str| match field {
            "label" => Value::Text(self.label.clone()),
            "start_date" => Value::Date(self.first_day),
            "end_date" => Value::Date(self.end_day),
            "start_instant" => Value::Instant(self.start_instant),
            "end_instant" => Value::Instant(self.end_instant),
            "start_local" => Value::Local(self.start_local),
            "end_local" => Value::Local(self.end_local),
            "days" => Value::Int(self.days.into()),
            _ => Value::Text(self.zone.clone()),
        };
        Dynamic::from_pairs(Self::FIELDS.map(|field| (field, to_dynamic(&value(field)))))
    }

    /// What is wrong with a name below `period`, and the way out; `None` when there is such a name.
    pub fn unknown_field(field: &str) -> Option<(String, String)> {
        if Self::FIELDS.contains(&field) {
            return None;
        }
        let path = format!("period.{field}");
        let help = Self::bare_boundary(&path).unwrap_or_else(|| match nearest(field, Self::FIELDS.into_iter()) {
            Some(near) => format!("did you mean `period.{near}`?"),
            None => format!("known: {}", Self::FIELDS.join(", ")),
        });
        Some((format!("there is no `{path}`"), help))
    }

    /// The way out for a name below `period` that does not exist on purpose.
    pub(super) fn bare_boundary(path: &str) -> Option<String> {
        let boundary = match path {
            "period.start" | "period.first" | "period.from" => "start",
            "period.end" | "period.last" | "period.to" => "end",
            _ => return None,
        };
        Some(format!(
            "write `period.{boundary}_date` for dates, `period.{boundary}_instant` for timestamps with a zone, \
             `period.{boundary}_local` for timestamps without one"
        ))
    }
}
