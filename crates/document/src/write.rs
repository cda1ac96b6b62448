//! The one writer of values: how a number, amount, percentage or date reads in a locale.
//! Every format and every text filter asks here, so that a figure reads the same everywhere.
//!
//! Numbers are rounded half away from zero, as people and spreadsheets do; a double counts as its
//! first 15 significant digits, so 2.675 reads 2.68. Zero never has a sign. The minus is the
//! hyphen-minus of CLDR, which every spreadsheet reads back.

mod digits;
mod repeated;

use std::borrow::Cow;

use arrow::{
    array::{Array as _, ArrayRef, AsArray as _},
    datatypes::{DataType, Decimal128Type, Float64Type, Int64Type},
};
use jiff::{Timestamp, civil::DateTime};
use punctual_model::{
    value::{Decimal, Value},
    zone::Zone,
};

use self::digits::Digits;
pub use self::repeated::repeated_hour;
use crate::{
    arrow_value::value_at,
    locale::{CurrencyPosition, Locale},
};

/// How values of one column are written.
#[derive(Debug, Clone, PartialEq)]
pub struct Writer {
    /// The style.
    pub style: Style,
    /// The locale's rules.
    pub locale: &'static crate::locale::Locale,
}

/// The style of a value. A value that the style does not fit (text in a number column) is
/// written as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Style {
    /// Text as it is; numbers ungrouped and in full, dates as ISO 8601.
    Text,
    /// A number with grouped digits and so many decimals.
    Number {
        /// Digits behind the point.
        decimals: u8,
    },
    /// An amount.
    Currency {
        /// ISO 4217.
        code: String,
        /// Digits behind the point.
        decimals: u8,
    },
    /// A ratio as percent.
    Percent {
        /// Digits behind the point.
        decimals: u8,
    },
    /// A civil date. An instant has none without a zone: it is written in full, in UTC.
    Date,
    /// A date and time of day, in this zone for instants; with the zone's abbreviation in the hour
    /// that its clocks show twice.
    DateTime {
        /// IANA name.
        zone: String,
    },
    /// Yes or no.
    Bool,
}

impl Writer {
    /// The writer of a column that nothing is said about, from its type.
    pub fn for_type(kind: &DataType, locale: &'static Locale, zone: &Zone) -> Self {
        let style = match kind {
            kind if kind.is_integer() => Style::Number { decimals: 0 },
            DataType::Decimal32(_, scale)
            | DataType::Decimal64(_, scale)
            | DataType::Decimal128(_, scale)
            | DataType::Decimal256(_, scale) => Style::Number { decimals: u8::try_from(*scale).unwrap_or(0) },
            kind if kind.is_floating() => Style::Number { decimals: 2 },
            DataType::Date32 | DataType::Date64 => Style::Date,
            DataType::Timestamp(..) => Style::DateTime { zone: zone.name().to_owned() },
            DataType::Boolean => Style::Bool,
            DataType::Dictionary(_, values) => return Self::for_type(values, locale, zone),
            _ => Style::Text,
        };
        Self { style, locale }
    }

    /// The text of a value; empty for NULL.
    pub fn write(&self, value: &Value) -> String {
        let mut out = String::new();
        self.write_into(value, &mut out);
        out
    }

    /// As [`Writer::write`], at the end of `out`.
    pub fn write_into(&self, value: &Value, out: &mut String) {
        match value {
            Value::Null => {}
            Value::Bool(b) => out.push_str(match (&self.style, b) {
                (Style::Text, true) => "true",
                (Style::Text, false) => "false",
                (_, true) => self.locale.words.yes,
                (_, false) => self.locale.words.no,
            }),
            Value::Int(i) => self.exact(i128::from(*i), 0, out),
            Value::Decimal(d) => self.exact(d.digits, i32::from(d.scale), out),
            Value::Double(d) => self.double(*d, out),
            Value::Text(text) => out.push_str(text),
            Value::Date(date) => match self.style {
                Style::Text => out.push_str(&date.to_string()),
                _ => self.date(date.to_datetime(jiff::civil::Time::midnight()), out),
            },
            Value::Local(at) => match self.style {
                Style::Text => out.push_str(&at.to_string()),
                Style::Date => self.date(*at, out),
                _ => self.date_and_time(*at, out),
            },
            Value::Instant(at) => self.instant(*at, out),
        }
    }

    /// The text of one cell of an array; empty for NULL.
    pub fn write_at<'a>(&self, array: &'a ArrayRef, row: usize) -> Cow<'a, str> {
        if array.is_null(row) {
            return Cow::Borrowed("");
        }
        match array.data_type() {
            DataType::Utf8 => return Cow::Borrowed(array.as_string::<i32>().value(row)),
            DataType::LargeUtf8 => return Cow::Borrowed(array.as_string::<i64>().value(row)),
            DataType::Utf8View => return Cow::Borrowed(array.as_string_view().value(row)),
            _ => {}
        }
        let mut out = String::with_capacity(16);
        self.write_at_into(array, row, &mut out);
        Cow::Owned(out)
    }

    /// As [`Writer::write_at`], at the end of `out`.
    pub fn write_at_into(&self, array: &ArrayRef, row: usize, out: &mut String) {
        if array.is_null(row) {
            return;
        }
        match array.data_type() {
            DataType::Utf8 => out.push_str(array.as_string::<i32>().value(row)),
            DataType::Utf8View => out.push_str(array.as_string_view().value(row)),
            DataType::Int64 => self.exact(array.as_primitive::<Int64Type>().value(row).into(), 0, out),
            DataType::Decimal128(_, scale) => {
                self.exact(array.as_primitive::<Decimal128Type>().value(row), i32::from(*scale), out);
            }
            DataType::Float64 => self.double(array.as_primitive::<Float64Type>().value(row), out),
            _ => self.write_into(&value_at(array, row), out),
        }
    }

    /// A number as its text shows it, in units of its last digit; `None` for what is written in full.
    pub(crate) fn shown_units(&self, value: &Value) -> Option<i128> {
        let decimals = self.decimals()?;
        let mut digits = match value {
            Value::Int(int) => Digits::of_decimal(i128::from(*int), 0),
            Value::Decimal(decimal) => Digits::of_decimal(decimal.digits, i32::from(decimal.scale)),
            Value::Double(double) => Digits::of_double(*double, decimals + self.shift())?,
            _ => return None,
        };
        digits.shift(self.shift());
        digits.units(decimals)
    }

    /// A whole or decimal number: `digits × 10^-scale`.
    fn exact(&self, digits: i128, scale: i32, out: &mut String) {
        match self.decimals() {
            Some(decimals) => self.number(Digits::of_decimal(digits, scale), decimals, out),
            None => plain(digits, scale, out),
        }
    }

    fn double(&self, value: f64, out: &mut String) {
        let Some(decimals) = self.decimals() else {
            // Adding zero takes the sign from -0.
            out.push_str(&(value + 0.0).to_string());
            return;
        };
        match Digits::of_double(value, decimals + self.shift()) {
            Some(digits) => self.number(digits, decimals, out),
            None if value.is_nan() => out.push_str("NaN"),
            None => out.push_str(if value < 0.0 { "-∞" } else { "∞" }),
        }
    }

    /// The digits behind the point, for the styles of numbers.
    fn decimals(&self) -> Option<i32> {
        match self.style {
            Style::Number { decimals } | Style::Currency { decimals, .. } | Style::Percent { decimals } => {
                Some(i32::from(decimals))
            }
            Style::Text | Style::Date | Style::DateTime { .. } | Style::Bool => None,
        }
    }

    /// By how many places the style moves the point.
    fn shift(&self) -> i32 {
        if matches!(self.style, Style::Percent { .. }) { 2 } else { 0 }
    }

    fn number(&self, mut digits: Digits, decimals: i32, out: &mut String) {
        digits.shift(self.shift());
        digits.round(decimals);
        if digits.is_negative() {
            out.push('-');
        }
        match &self.style {
            Style::Currency { code, .. } => self.amount(&digits, decimals, code, out),
            Style::Percent { .. } => {
                self.grouped(&digits, decimals, out);
                out.push_str(self.locale.percent);
            }
            _ => self.grouped(&digits, decimals, out),
        }
    }

    fn amount(&self, digits: &Digits, decimals: i32, code: &str, out: &mut String) {
        let symbol = self.locale.symbol(code);
        match self.locale.currency {
            CurrencyPosition::Before => {
                out.push_str(symbol);
                // CLDR's currencySpacing: a letter must not touch the digits.
                if symbol.ends_with(char::is_alphabetic) {
                    out.push('\u{a0}');
                }
                self.grouped(digits, decimals, out);
            }
            CurrencyPosition::After => {
                self.grouped(digits, decimals, out);
                out.push('\u{a0}');
                out.push_str(symbol);
            }
        }
    }

    fn grouped(&self, digits: &Digits, decimals: i32, out: &mut String) {
        let whole = digits.whole_len().max(1);
        let grouping = whole >= 3 + usize::from(self.locale.minimum_grouping);
        for place in (0..i32::try_from(whole).expect("a double has 309 digits at most")).rev() {
            out.push(digits.at(place));
            if grouping && place > 0 && place % 3 == 0 {
                out.push(self.locale.group);
            }
        }
        if decimals > 0 {
            out.push(self.locale.decimal);
            out.extend((1..=decimals).map(|place| digits.at(-place)));
        }
    }

    fn date(&self, at: DateTime, out: &mut String) {
        self.locale.format_into(self.locale.patterns.date, at, out);
    }

    fn date_and_time(&self, at: DateTime, out: &mut String) {
        self.date(at, out);
        out.push_str(", ");
        self.locale.format_into(self.locale.patterns.time, at, out);
    }

    fn instant(&self, at: Timestamp, out: &mut String) {
        let zone = match &self.style {
            Style::Text => return out.push_str(&at.to_string()),
            Style::DateTime { zone } => zone.parse::<Zone>().ok(),
            _ => None,
        };
        match zone {
            Some(zone) => {
                self.date_and_time(zone.rules().to_datetime(at), out);
                if let Some(which) = repeated_hour(&zone, at) {
                    out.push(' ');
                    out.push_str(&which);
                }
            }
            None => {
                self.date_and_time(jiff::tz::TimeZone::UTC.to_datetime(at), out);
                out.push_str(" UTC");
            }
        }
    }
}

/// A number in full, ungrouped, as a database would print it.
fn plain(digits: i128, scale: i32, out: &mut String) {
    match u8::try_from(scale) {
        Ok(scale) => out.push_str(&Decimal { digits, scale }.to_string()),
        Err(_) => {
            out.push_str(&digits.to_string());
            out.extend(std::iter::repeat_n('0', scale.unsigned_abs() as usize));
        }
    }
}

#[cfg(test)]
mod tests;
