//! Column types as people write them in `columns:`: `decimal(18,2)`, `timestamptz`, ...

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The type of a dataset's column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ColumnType {
    /// `bool`
    Bool,
    /// `int`: a signed 64-bit whole number.
    Int,
    /// `double`: a 64-bit binary floating-point number.
    Double,
    /// `decimal(precision, scale)`: exact, precision 1 to 38.
    Decimal {
        /// All digits.
        precision: u8,
        /// Digits behind the point.
        scale: u8,
    },
    /// `text`
    Text,
    /// `date`: a civil date.
    Date,
    /// `timestamp`: a civil date and time in the source's `timezone`.
    Timestamp,
    /// `timestamptz`: a point in time.
    Timestamptz,
}

/// Why a text is not a column type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a column type: use bool, int, double, decimal(precision,scale), text, date, timestamp or timestamptz"
)]
pub struct ColumnTypeError(String);

impl FromStr for ColumnType {
    type Err = ColumnTypeError;

    fn from_str(text: &str) -> Result<Self, ColumnTypeError> {
        let error = || ColumnTypeError(text.to_owned());
        Ok(match text.trim() {
            "bool" | "boolean" => Self::Bool,
            "int" | "bigint" | "integer" => Self::Int,
            "double" | "float" => Self::Double,
            "text" | "string" => Self::Text,
            "date" => Self::Date,
            "timestamp" => Self::Timestamp,
            "timestamptz" => Self::Timestamptz,
            other => {
                let inner = other.strip_prefix("decimal(").and_then(|rest| rest.strip_suffix(')')).ok_or_else(error)?;
                let (precision, scale) = inner.split_once(',').ok_or_else(error)?;
                let precision: u8 = precision.trim().parse().map_err(|_| error())?;
                let scale: u8 = scale.trim().parse().map_err(|_| error())?;
                if !(1..=38).contains(&precision) || scale > precision {
                    return Err(error());
                }
                Self::Decimal { precision, scale }
            }
        })
    }
}

impl TryFrom<String> for ColumnType {
    type Error = ColumnTypeError;

    fn try_from(text: String) -> Result<Self, ColumnTypeError> {
        text.parse()
    }
}

impl From<ColumnType> for String {
    fn from(kind: ColumnType) -> Self {
        kind.to_string()
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Double => f.write_str("double"),
            Self::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Self::Text => f.write_str("text"),
            Self::Date => f.write_str("date"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Timestamptz => f.write_str("timestamptz"),
        }
    }
}

impl JsonSchema for ColumnType {
    fn schema_name() -> Cow<'static, str> {
        "ColumnType".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^(bool|boolean|int|bigint|integer|double|float|text|string|date|timestamp|timestamptz|decimal\(\s*\d{1,2}\s*,\s*\d{1,2}\s*\))$",
            "description": "bool, int, double, decimal(precision,scale), text, date, timestamp (no zone) or timestamptz"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_prints() {
        for text in ["bool", "int", "double", "text", "date", "timestamp", "timestamptz", "decimal(18,2)"] {
            assert_eq!(text.parse::<ColumnType>().expect("a type").to_string(), text);
        }
        for bad in ["decimal", "decimal(39,2)", "decimal(4,5)", "money", ""] {
            assert!(bad.parse::<ColumnType>().is_err(), "{bad}");
        }
    }
}
