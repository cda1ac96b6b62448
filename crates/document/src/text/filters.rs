//! The filters of templates. Each hands its value to the one `Writer`.

use jiff::fmt::strtime::BrokenDownTime;
use minijinja::{Environment, Error, ErrorKind, Value as Dynamic, value::Kwargs};
use punctual_model::{value::Value, zone::Zone};

use super::{strftime, typed};
use crate::{
    locale::{Locale, minor_units},
    write::{Style, Writer},
};

/// The filter that arithmetic and comparisons see their operands through.
pub(super) const OPERAND: &str = "__operand";

/// The names of the filters that this module adds, for messages.
pub(super) const NAMES: [&str; 5] = ["format_number", "format_percent", "format_currency", "format_date", "date"];

/// Adds the filters.
pub(super) fn add(environment: &mut Environment<'_>, locale: &'static Locale, currency: &str, zone: &Zone) {
    environment.add_filter(OPERAND, typed::operand);
    environment.add_filter("format_number", move |value: Dynamic, options: Kwargs| {
        let number = number("format_number", value)?;
        let decimals = decimals(&options)?.unwrap_or(match &number {
            Value::Decimal(decimal) => decimal.scale,
            Value::Double(_) => 2,
            _ => 0,
        });
        written(locale, Style::Number { decimals }, &number, &options)
    });
    environment.add_filter("format_percent", move |value: Dynamic, options: Kwargs| {
        let number = number("format_percent", value)?;
        let decimals = decimals(&options)?.unwrap_or(1);
        written(locale, Style::Percent { decimals }, &number, &options)
    });
    let default = currency.to_owned();
    environment.add_filter("format_currency", move |value: Dynamic, code: Option<String>, options: Kwargs| {
        let own = typed::currency_of(&value);
        let number = number("format_currency", value)?;
        let code = match code {
            Some(code) => code,
            None => options.get::<Option<String>>("code")?.or(own).unwrap_or_else(|| default.clone()),
        };
        let decimals = decimals(&options)?.unwrap_or_else(|| minor_units(&code));
        written(locale, Style::Currency { code, decimals }, &number, &options)
    });
    for name in ["format_date", "date"] {
        let zone = zone.clone();
        environment.add_filter(name, move |value: Dynamic, pattern: Option<String>, options: Kwargs| {
            let pattern = match pattern {
                Some(pattern) => Some(pattern),
                None => options.get::<Option<String>>("pattern")?,
            };
            options.assert_all_used()?;
            date(name, &value, pattern.as_deref(), locale, &zone)
        });
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

/// The value of a filter's input. Undefined is an error that knows where it came from.
fn scalar(filter: &str, value: &Dynamic) -> Result<Value, Error> {
    if value.is_undefined() {
        value.get_attr("")?;
    }
    typed::to_value(value).ok_or_else(|| invalid(format!("{filter} works on one value, not on a {}", value.kind())))
}

fn number(filter: &str, value: Dynamic) -> Result<Value, Error> {
    let value = scalar(filter, &value)?;
    match value {
        Value::Int(_) | Value::Decimal(_) | Value::Double(_) | Value::Null => Ok(value),
        other => Err(invalid(format!("{filter} writes numbers, not a value of type {}", other.type_name()))),
    }
}

fn decimals(options: &Kwargs) -> Result<Option<u8>, Error> {
    match options.get::<Option<i64>>("decimals")? {
        None => Ok(None),
        Some(decimals) => match u8::try_from(decimals) {
            Ok(decimals) if decimals <= 20 => Ok(Some(decimals)),
            _ => Err(invalid(format!("decimals must be between 0 and 20, not {decimals}"))),
        },
    }
}

fn written(locale: &'static Locale, style: Style, number: &Value, options: &Kwargs) -> Result<String, Error> {
    options.assert_all_used()?;
    Ok(Writer { style, locale }.write(number))
}

fn date(
    filter: &str,
    value: &Dynamic,
    pattern: Option<&str>,
    locale: &'static Locale,
    zone: &Zone,
) -> Result<String, Error> {
    let value = match scalar(filter, value)? {
        Value::Text(text) => parsed(filter, &text)?,
        other => other,
    };
    let at: BrokenDownTime = match &value {
        Value::Null => return Ok(String::new()),
        Value::Date(date) => (*date).into(),
        Value::Local(at) => (*at).into(),
        Value::Instant(at) => (&at.to_zoned_datetime(zone.rules().clone())).into(),
        other => return Err(invalid(format!("{filter} writes dates, not a value of type {}", other.type_name()))),
    };
    match pattern {
        Some(pattern) => strftime::format(pattern, &at, locale)
            .map_err(|why| invalid(format!("{filter} cannot write the pattern `{pattern}`: {why}"))),
        None => {
            let day = at.to_date().map_err(|error| invalid(error.to_string()))?;
            Ok(Writer { style: Style::Date, locale }.write(&Value::Date(day)))
        }
    }
}

/// A date or time that came as ISO 8601 text.
fn parsed(filter: &str, text: &str) -> Result<Value, Error> {
    if let Ok(instant) = text.parse() {
        return Ok(Value::Instant(instant));
    }
    if text.contains(['T', ' ', 't'])
        && let Ok(local) = text.parse()
    {
        return Ok(Value::Local(local));
    }
    text.parse().map(Value::Date).map_err(|_| invalid(format!("{filter} cannot read `{text}` as a date")))
}
