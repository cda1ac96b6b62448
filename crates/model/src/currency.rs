//! Currency codes by ISO 4217, as definitions and rows write them. How an amount reads is not known here.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A currency's alphabetic code: three capital letters, such as `EUR`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency(String);

/// Why a text is no currency code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a currency: write its ISO 4217 code, three capital letters such as EUR or JPY")]
pub struct CurrencyError(String);

impl Currency {
    /// The code as rows write it: spaces around it and lower case are taken as meant; `None` for an empty text.
    pub fn of_row(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_uppercase()))
    }

    /// The code.
    pub fn code(&self) -> &str {
        &self.0
    }
}

impl FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(text: &str) -> Result<Self, CurrencyError> {
        match text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
            true => Ok(Self(text.to_owned())),
            false => Err(CurrencyError(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = CurrencyError;

    fn try_from(text: String) -> Result<Self, CurrencyError> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.0
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for Currency {
    fn schema_name() -> Cow<'static, str> {
        "Currency".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[A-Z]{3}$",
            "description": "A currency by its ISO 4217 code: `EUR`, `USD`, `JPY`."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_strict_in_definitions_and_forgiving_in_rows() {
        assert_eq!("EUR".parse::<Currency>().map(String::from).as_deref(), Ok("EUR"));
        for bad in ["", "eur", "EURO", "€", "E1R", " EUR"] {
            assert!(bad.parse::<Currency>().is_err(), "{bad}");
        }
        assert_eq!(Currency::of_row(" eur ").as_ref().map(Currency::code), Some("EUR"));
        assert_eq!(Currency::of_row("  "), None);
    }
}
