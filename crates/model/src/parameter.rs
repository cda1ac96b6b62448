//! Parameters: JSON values become typed ones, by the type that the template declares.

use jiff::{Timestamp, civil};
use serde_json::Value as Json;

use crate::{
    column_type::ColumnType,
    value::{Decimal, Value},
};

/// A value that does not have its parameter's type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("parameter `{name}` must be {expected}, not {found}")]
pub struct ParameterError {
    /// The parameter.
    pub name: String,
    /// The declared type.
    pub expected: ColumnType,
    /// The value as written.
    pub found: String,
}

/// The typed value of a parameter.
///
/// # Errors
/// When the value does not have the declared type.
pub fn typed(name: &str, column_type: ColumnType, value: &Json) -> Result<Value, ParameterError> {
    let error = || ParameterError { name: name.to_owned(), expected: column_type, found: value.to_string() };
    if value.is_null() {
        return Ok(Value::Null);
    }
    let parsed = match column_type {
        ColumnType::Bool => value.as_bool().map(Value::Bool),
        ColumnType::Int => value.as_i64().map(Value::Int),
        ColumnType::Double => value.as_f64().map(Value::Double),
        ColumnType::Text => value.as_str().map(|text| Value::Text(text.to_owned())),
        ColumnType::Decimal { scale, .. } => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            decimal(&text, scale).map(Value::Decimal)
        }
        ColumnType::Date => value.as_str().and_then(|t| t.parse::<civil::Date>().ok()).map(Value::Date),
        ColumnType::Timestamp => value.as_str().and_then(|t| t.parse::<civil::DateTime>().ok()).map(Value::Local),
        ColumnType::Timestamptz => value.as_str().and_then(|t| t.parse::<Timestamp>().ok()).map(Value::Instant),
    };
    parsed.ok_or_else(error)
}

/// Reads a decimal with at most `scale` digits behind the point.
pub fn decimal(text: &str, scale: u8) -> Option<Decimal> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || fraction.len() > usize::from(scale) {
        return None;
    }
    let joined = format!("{whole}{fraction:0<width$}", width = usize::from(scale));
    let digits: i128 = joined.parse().ok()?;
    Some(Decimal { digits: if negative { -digits } else { digits }, scale })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_get_their_declared_types() {
        let json = serde_json::json!("2026-10-05");
        assert_eq!(typed("d", ColumnType::Date, &json), Ok(Value::Date(civil::date(2026, 10, 5))));
        let typed_decimal = typed("d", ColumnType::Decimal { precision: 9, scale: 2 }, &serde_json::json!(1.5));
        assert_eq!(typed_decimal, Ok(Value::Decimal(Decimal { digits: 150, scale: 2 })));
        let error = typed("d", ColumnType::Int, &serde_json::json!("x")).expect_err("not a number");
        assert_eq!(error.to_string(), "parameter `d` must be int, not \"x\"");
        assert_eq!(decimal("1.234", 2), None);
    }
}
