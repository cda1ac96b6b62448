//! Values as programs read them: numbers without grouping and with a point, times by ISO 8601.
//! Digits come from the document's own writer, so they are the ones that people see elsewhere.

use std::fmt::Write as _;

use jiff::Timestamp;
use punctual_document::{
    format::FormatError,
    locale::Locale,
    write::{Style, Writer},
};
use punctual_model::{value::Value, zone::Zone};

use crate::scalar::Scalar;

/// Changes are shown as percent with one decimal, so their ratio has three.
pub(crate) const CHANGE_DECIMALS: u8 = 3;

/// Writes the values of one column for programs, with the digits that its writer shows.
pub(crate) struct Plain {
    numbers: Writer,
    date_only: bool,
    zone: Zone,
}

impl Plain {
    /// Numbers keep the decimals that `shown` shows; a percentage stays a ratio, with two more.
    ///
    /// # Errors
    /// When the style names a time zone that does not exist.
    pub(crate) fn new(shown: &Writer) -> Result<Self, FormatError> {
        let style = match &shown.style {
            Style::Number { decimals } | Style::Currency { decimals, .. } => Style::Number { decimals: *decimals },
            Style::Percent { decimals } => Style::Number { decimals: decimals.saturating_add(2) },
            _ => Style::Text,
        };
        Ok(Self {
            numbers: Writer { style, locale: english() },
            date_only: shown.style == Style::Date,
            zone: zone_of(&shown.style)?,
        })
    }

    /// Numbers in full, instants in this zone.
    pub(crate) fn as_is(zone: Zone) -> Self {
        Self { numbers: Writer { style: Style::Text, locale: english() }, date_only: false, zone }
    }

    /// A ratio with this many decimals.
    pub(crate) fn ratio(decimals: u8) -> Self {
        let numbers = Writer { style: Style::Number { decimals }, locale: english() };
        Self { numbers, date_only: false, zone: Zone::utc() }
    }

    /// Writes a value at the end of `out`; nothing for NULL.
    pub(crate) fn write(&self, value: Scalar<'_>, out: &mut String) {
        let written = match value {
            Scalar::Null => Ok(()),
            Scalar::Text(text) => out.write_str(&text),
            Scalar::Bool(value) => write!(out, "{value}"),
            Scalar::Date(date) => write!(out, "{date}"),
            Scalar::Local(at) if self.date_only => write!(out, "{}", at.date()),
            Scalar::Local(at) => write!(out, "{at}"),
            Scalar::Instant(at) => out.write_str(&instant(at, &self.zone)),
            Scalar::Int(_) | Scalar::Decimal(_) | Scalar::Double(_) => {
                let start = out.len();
                self.numbers.write_into(&Value::from(value), out);
                ungroup(out, start);
                Ok(())
            }
        };
        written.expect("a String takes everything");
    }
}

/// An instant in a zone with its offset, by RFC 3339: `2026-10-05T14:03:00-05:00`.
pub(crate) fn instant(at: Timestamp, zone: &Zone) -> String {
    at.display_with_offset(zone.rules().to_offset(at)).to_string()
}

/// The zone that a style shows instants in: UTC unless it says so.
///
/// # Errors
/// When the style names a time zone that does not exist.
pub(crate) fn zone_of(style: &Style) -> Result<Zone, FormatError> {
    match style {
        Style::DateTime { zone: name } => zone(name),
        _ => Ok(Zone::utc()),
    }
}

/// A zone by its name.
///
/// # Errors
/// When there is none of this name.
pub(crate) fn zone(name: &str) -> Result<Zone, FormatError> {
    name.parse().map_err(|e| FormatError::Content {
        place: format!("time zone `{name}`"),
        message: format!("{e}; give the report a zone of the IANA database"),
    })
}

/// American English writes a point between whole number and fraction, and commas between groups.
fn english() -> &'static Locale {
    Locale::by_tag("en-US").expect("every build has American English")
}

/// Takes the commas out of what was written from `start` on.
fn ungroup(out: &mut String, start: usize) {
    if out[start..].contains(',') {
        let plain = out[start..].replace(',', "");
        out.truncate(start);
        out.push_str(&plain);
    }
}

#[cfg(test)]
mod tests {
    use punctual_model::value::Decimal;

    use super::*;

    fn german(style: Style) -> Plain {
        Plain::new(&Writer { style, locale: Locale::by_tag("de-DE").expect("known") }).expect("a valid style")
    }

    fn text(plain: &Plain, value: Scalar<'_>) -> String {
        let mut out = String::new();
        plain.write(value, &mut out);
        out
    }

    #[test]
    fn numbers_have_the_decimals_that_people_see_and_nothing_else() {
        let amount = german(Style::Currency { code: "EUR".into(), decimals: 2 });
        assert_eq!(text(&amount, Scalar::Int(-1_234_567)), "-1234567.00");
        assert_eq!(text(&amount, Scalar::Double(2.675)), "2.68");
        assert_eq!(text(&amount, Scalar::Decimal(Decimal { digits: 1_234_565, scale: 3 })), "1234.57");
        assert_eq!(text(&amount, Scalar::Null), "");
        let ratio = german(Style::Percent { decimals: 1 });
        assert_eq!(text(&ratio, Scalar::Double(0.125_49)), "0.125");
        let as_is = german(Style::Text);
        assert_eq!(text(&as_is, Scalar::Decimal(Decimal { digits: 1_234_565, scale: 3 })), "1234.565");
        assert_eq!(text(&as_is, Scalar::Int(i64::MIN)), i64::MIN.to_string());
    }

    #[test]
    fn times_are_iso_8601_in_the_style_s_zone() {
        let chicago = german(Style::DateTime { zone: "America/Chicago".into() });
        let at = |text: &str| text.parse::<Timestamp>().expect("valid");
        assert_eq!(text(&chicago, Scalar::Instant(at("2026-11-01T06:59:59Z"))), "2026-11-01T01:59:59-05:00");
        assert_eq!(text(&chicago, Scalar::Instant(at("2026-11-01T07:00:00.5Z"))), "2026-11-01T01:00:00.5-06:00");
        let local = jiff::civil::date(2026, 10, 5).at(14, 3, 0, 0);
        assert_eq!(text(&chicago, Scalar::Local(local)), "2026-10-05T14:03:00");
        assert_eq!(text(&german(Style::Date), Scalar::Local(local)), "2026-10-05");
        assert_eq!(text(&german(Style::Date), Scalar::Date(local.date())), "2026-10-05");
        let unknown = Writer { style: Style::DateTime { zone: "Mars/Base".into() }, locale: english() };
        assert!(Plain::new(&unknown).is_err());
    }
}
