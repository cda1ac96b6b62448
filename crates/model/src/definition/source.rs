//! Sources: where data comes from. Which types of source exist is the registry's knowledge, not this file's.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::{length::Length, slug::Slug, zone::Zone};

/// Where data comes from: a database or a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// The name that datasets use.
    pub name: Slug,
    /// The type of source: `postgres`, `mysql`, `sqlite` or `csv`.
    #[serde(rename = "type")]
    pub source_type: String,
    /// Free text for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The zone of this source's zone-less times. Default: UTC.
    #[serde(default = "Zone::utc")]
    pub timezone: Zone,
    /// How the source writes times down: `native`, `text(FORMAT)` with strftime directives, `epoch_s`,
    /// `epoch_ms`, `epoch_us` or `epoch_ns`.
    #[serde(default)]
    pub time_encoding: TimeEncoding,
    /// How long after a period's end its rows may still come in or change. What was extracted sooner is never
    /// delivered: the source is asked again. Default: 0s.
    #[serde(default = "default_settle")]
    pub settle: Length,
    /// How long what a `plan` or `run` extracted serves the next one; after that the source is asked again.
    /// Default: 1h.
    #[serde(default = "default_fresh_for")]
    pub fresh_for: Length,
    /// How long one query may take. Default: 5m.
    #[serde(default = "default_timeout")]
    pub timeout: Length,
    /// The longest text that one value may have, in KiB; a longer one is refused by its place. Default: 1024.
    #[serde(default = "default_cell_kib", deserialize_with = "cell_kib")]
    #[schemars(range(min = 1, max = 65536))]
    pub cell_kib: u32,
    /// The options of this type of source.
    #[serde(flatten)]
    pub options: serde_json::Map<String, serde_json::Value>,
}

fn default_timeout() -> Length {
    Length::from_secs(300)
}

fn default_settle() -> Length {
    Length::from_secs(0)
}

fn default_fresh_for() -> Length {
    Length::from_secs(60 * 60)
}

fn default_cell_kib() -> u32 {
    1024
}

/// The largest `cell_kib`: four datasets at a time still fit a small machine.
const LARGEST_CELL_KIB: u32 = 65_536;

fn cell_kib<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let kib = i64::deserialize(deserializer)?;
    let fits = u32::try_from(kib).ok().filter(|kib| (1..=LARGEST_CELL_KIB).contains(kib));
    fits.ok_or_else(|| serde::de::Error::custom(format!("{kib} is not from 1 to {LARGEST_CELL_KIB}")))
}

/// How a source writes points in time down.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum TimeEncoding {
    /// The database's own date and time types.
    #[default]
    Native,
    /// Text in this strftime format; with `%z` or `%Z`-like directives it carries its own offset.
    Text(String),
    /// Whole seconds since 1970-01-01T00:00:00Z.
    EpochSeconds,
    /// Whole milliseconds since 1970-01-01T00:00:00Z.
    EpochMillis,
    /// Whole microseconds since 1970-01-01T00:00:00Z.
    EpochMicros,
    /// Whole nanoseconds since 1970-01-01T00:00:00Z.
    EpochNanos,
}

impl TimeEncoding {
    /// Whether a written time names a point in time by itself (epoch counts, or text with an offset).
    pub fn is_zoned(&self) -> bool {
        match self {
            Self::Native => false,
            Self::Text(format) => ["%z", "%:z", "%Q", "%:Q", "%s"].iter().any(|d| format.contains(d)),
            Self::EpochSeconds | Self::EpochMillis | Self::EpochMicros | Self::EpochNanos => true,
        }
    }
}

/// Why a text is not a time encoding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a time encoding: use native, text(FORMAT) such as text(%Y-%m-%d %H:%M:%S), epoch_s, epoch_ms, epoch_us or epoch_ns"
)]
pub struct TimeEncodingError(String);

impl FromStr for TimeEncoding {
    type Err = TimeEncodingError;

    fn from_str(text: &str) -> Result<Self, TimeEncodingError> {
        match text {
            "native" => Ok(Self::Native),
            "epoch_s" => Ok(Self::EpochSeconds),
            "epoch_ms" => Ok(Self::EpochMillis),
            "epoch_us" => Ok(Self::EpochMicros),
            "epoch_ns" => Ok(Self::EpochNanos),
            other => other
                .strip_prefix("text(")
                .and_then(|rest| rest.strip_suffix(')'))
                .filter(|format| format.contains('%'))
                .map(|format| Self::Text(format.to_owned()))
                .ok_or_else(|| TimeEncodingError(text.to_owned())),
        }
    }
}

impl TryFrom<String> for TimeEncoding {
    type Error = TimeEncodingError;

    fn try_from(text: String) -> Result<Self, TimeEncodingError> {
        text.parse()
    }
}

impl From<TimeEncoding> for String {
    fn from(encoding: TimeEncoding) -> Self {
        encoding.to_string()
    }
}

impl fmt::Display for TimeEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Native => f.write_str("native"),
            Self::Text(format) => write!(f, "text({format})"),
            Self::EpochSeconds => f.write_str("epoch_s"),
            Self::EpochMillis => f.write_str("epoch_ms"),
            Self::EpochMicros => f.write_str("epoch_us"),
            Self::EpochNanos => f.write_str("epoch_ns"),
        }
    }
}

impl JsonSchema for TimeEncoding {
    fn schema_name() -> Cow<'static, str> {
        "TimeEncoding".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^(native|epoch_s|epoch_ms|epoch_us|epoch_ns|text\(.*%.*\))$" })
    }
}
