//! One scalar value as it crosses between SQL parameters, template variables and burst keys.
//! Columns of values are Arrow's business and unknown here.

use jiff::{Timestamp, civil};
use serde::{Deserialize, Serialize};

/// A scalar with its type. Serialised as `{"<type>": value}` so that nothing is guessed back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// SQL NULL.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A decimal number: `digits` divided by 10 to the power of `scale`.
    Decimal(Decimal),
    /// A binary floating-point number.
    Double(f64),
    /// Text.
    Text(String),
    /// A civil date.
    Date(civil::Date),
    /// A civil date and time with no zone of its own.
    Local(civil::DateTime),
    /// A point in time.
    Instant(Timestamp),
}

/// An exact decimal: `digits * 10^-scale`, 38 digits at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decimal {
    /// All digits as one whole number.
    pub digits: i128,
    /// How many of them stand behind the point.
    pub scale: u8,
}

impl Decimal {
    /// The nearest binary floating-point number.
    pub fn to_f64(self) -> f64 {
        self.to_string().parse().expect("a decimal's text is a number")
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.digits < 0 { "-" } else { "" };
        let digits = self.digits.unsigned_abs().to_string();
        let scale = usize::from(self.scale);
        if scale == 0 {
            return write!(f, "{sign}{digits}");
        }
        let padded = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = padded.split_at(padded.len() - scale);
        write!(f, "{sign}{whole}.{fraction}")
    }
}

impl Value {
    /// The name of the value's type, for messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Decimal(_) => "decimal",
            Self::Double(_) => "double",
            Self::Text(_) => "text",
            Self::Date(_) => "date",
            Self::Local(_) => "timestamp without zone",
            Self::Instant(_) => "timestamp with zone",
        }
    }

    /// The value as a burst key: text that is the same however the source typed it
    /// (`7`, `7.0` and `"7"` are one key). `None` for NULL.
    pub fn as_key(&self) -> Option<String> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(b) => b.to_string(),
            Self::Int(i) => i.to_string(),
            Self::Decimal(d) => {
                let text = d.to_string();
                match text.split_once('.') {
                    Some((whole, fraction)) if fraction.bytes().all(|b| b == b'0') => whole.to_owned(),
                    _ => text,
                }
            }
            Self::Double(d) => d.to_string(),
            Self::Text(t) => t.clone(),
            Self::Date(d) => d.to_string(),
            Self::Local(d) => d.to_string(),
            Self::Instant(t) => t.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_their_zeros_and_keys_lose_them() {
        let d = |digits, scale| Decimal { digits, scale };
        assert_eq!(d(-5, 2).to_string(), "-0.05");
        assert_eq!(d(120, 1).to_string(), "12.0");
        assert_eq!(Value::Decimal(d(70, 1)).as_key().as_deref(), Some("7"));
        assert_eq!(Value::Decimal(d(75, 1)).as_key().as_deref(), Some("7.5"));
        assert_eq!(Value::Double(7.0).as_key().as_deref(), Some("7"));
        assert_eq!(Value::Null.as_key(), None);
    }
}
