//! Reports: a template version with parameters, formats and who it is for, and when it runs.

use std::{borrow::Cow, collections::BTreeMap, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, de::Error as _};

use super::shape::{Written, text_or_keys};
use crate::{slug::Slug, zone::Zone};

/// A template version + parameters + formats + who it is for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The report's name; it never changes.
    pub name: Slug,
    /// What people read.
    pub title: String,
    /// The template's version that makes the document: `name@version`.
    pub template: TemplateRef,
    /// The zone that the report's periods are counted in.
    pub timezone: Zone,
    /// What the report reports on.
    pub period: PeriodRule,
    /// The language and number style: `en-US` (default), `en-GB`, `de-DE`, `fr-FR`, `es-ES`.
    #[serde(default = "default_locale")]
    pub locale: String,
    /// The ISO 4217 currency of amounts; a burst row's `currency` column wins. Default: USD.
    #[serde(default = "default_currency")]
    pub currency: String,
    /// Values for the template's parameters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// One edition for each key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<Burst>,
    /// The formats of each edition: `pdf`, `xlsx`, `csv`, `json`, `html`.
    pub formats: Vec<String>,
    /// Who gets it and how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliver: Option<Deliver>,
    /// What a right run looks like; anything else is refused before a send.
    #[serde(default)]
    pub expect: Expect,
    /// When the report runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schedules: Vec<Schedule>,
}

fn default_locale() -> String {
    "en-US".to_owned()
}

fn default_currency() -> String {
    "USD".to_owned()
}

/// A template's name and version, written `name@version`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TemplateRef {
    /// The template's name.
    pub name: Slug,
    /// The template's version.
    pub version: u32,
}

/// Why a text does not name a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` does not name a template: write name@version, such as client-performance@1")]
pub struct TemplateRefError(String);

impl FromStr for TemplateRef {
    type Err = TemplateRefError;

    fn from_str(text: &str) -> Result<Self, TemplateRefError> {
        let error = || TemplateRefError(text.to_owned());
        let (name, version) = text.split_once('@').ok_or_else(error)?;
        let version: u32 = version.parse().map_err(|_| error())?;
        if version == 0 {
            return Err(error());
        }
        Ok(Self { name: name.parse().map_err(|_| error())?, version })
    }
}

impl TryFrom<String> for TemplateRef {
    type Error = TemplateRefError;

    fn try_from(text: String) -> Result<Self, TemplateRefError> {
        text.parse()
    }
}

impl From<TemplateRef> for String {
    fn from(reference: TemplateRef) -> Self {
        reference.to_string()
    }
}

impl fmt::Display for TemplateRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

impl JsonSchema for TemplateRef {
    fn schema_name() -> Cow<'static, str> {
        "TemplateRef".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^[a-z][a-z0-9_-]{0,62}@[1-9]\d*$" })
    }
}

/// What a report reports on: a calendar unit, a unit with an offset, or a rolling span.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
pub enum PeriodRule {
    /// The last complete unit.
    Unit(CalendarUnit),
    /// The last complete unit, shifted by a number of units (-1 is the one before).
    Shifted {
        /// The unit.
        unit: CalendarUnit,
        /// How many units to shift.
        #[serde(default)]
        #[schemars(range(min = -1200, max = 1200))]
        offset: i32,
    },
    /// The last so many complete days: `{rolling_days: 7}`. Compared with the same number of days before.
    Rolling {
        /// So many civil days.
        #[schemars(range(min = 1, max = 3660))]
        rolling_days: u16,
    },
}

impl<'de> Deserialize<'de> for PeriodRule {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Keys {
            unit: Option<CalendarUnit>,
            offset: Option<i32>,
            rolling_days: Option<u16>,
        }
        let expected = "day, week, month, quarter, year, {unit, offset} or {rolling_days: N}";
        let keys = match text_or_keys(expected, deserializer)? {
            Written::Text(unit) => return Ok(Self::Unit(unit)),
            Written::Keys(keys) => keys,
            Written::List(never) => match never {},
        };
        match keys {
            Keys { unit: Some(unit), offset, rolling_days: None } => {
                Ok(Self::Shifted { unit, offset: offset.unwrap_or_default() })
            }
            Keys { unit: None, offset: None, rolling_days: Some(rolling_days) } => Ok(Self::Rolling { rolling_days }),
            Keys { rolling_days: None, .. } => Err(D::Error::missing_field("unit")),
            Keys { .. } => Err(D::Error::custom("`rolling_days` stands alone: leave `unit` and `offset` out")),
        }
    }
}

/// A unit of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CalendarUnit {
    /// A civil day.
    Day,
    /// An ISO 8601 week, from Monday.
    Week,
    /// A month.
    Month,
    /// A quarter of a year.
    Quarter,
    /// A year.
    Year,
}

/// One edition for each key: query once, split by the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Burst {
    /// The key's column in every dataset and table that a section shows.
    pub by: String,
    /// The dataset or table that lists the keys, one row for each.
    pub from: Slug,
    /// The name of that row in text templates: `{{ client.name }}`.
    #[serde(rename = "as")]
    pub alias: String,
}

/// Who gets the report and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deliver {
    /// The list of recipients.
    pub to: Slug,
    /// The channel; by default the settings' `default_channel`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// The formats that are attached; by default all of the report's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attach: Option<Vec<String>>,
    /// The subject, a text template. Default: the document's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The line that sums the report up in the message, a text template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Who sees it first: `owner`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview: Option<String>,
    /// When it leaves, counted from the period's end in the report's zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<DeliverAfter>,
    /// Deliver an edition only if it has data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_if: Option<OnlyIf>,
}

/// When a report leaves, counted from the period's end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliverAfter {
    /// So many civil days after the period's end.
    #[serde(default)]
    pub days: u16,
    /// The civil time of day, `HH:MM`.
    #[schemars(with = "String", regex(pattern = r"^([01]\d|2[0-3]):[0-5]\d$"))]
    pub at: jiff::civil::Time,
}

/// The condition for an edition to be delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnlyIf {
    /// At least so many rows in what the edition shows of its own: rows of its tables and charts, and one for key
    /// figures that are not all zero or missing. Sections that are `shared` do not count in a burst.
    pub rows: u64,
}

/// What a right run looks like.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The number of editions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub editions: Option<u64>,
    /// The number of recipients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipients: Option<u64>,
    /// How far the numbers may be off, in percent. Default: 0.
    #[serde(default)]
    pub tolerance_percent: u8,
}

/// When a report runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// A cron expression.
    pub cron: String,
    /// The zone of the expression; by default the report's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<Zone>,
}
