//! Values inside templates: decimals, dates and instants keep their types and print exactly.

use std::{cmp::Ordering, fmt, sync::Arc};

use minijinja::{
    Error, Output, State, Value as Dynamic,
    value::{DynObject, Object, ObjectRepr, ValueKind},
};
use punctual_model::value::{Decimal, Value};

use crate::locale::Locale;

/// A value that templates have no type for.
#[derive(Debug)]
struct Typed(Value);

/// An amount that knows its currency. Arithmetic takes its number alone.
#[derive(Debug)]
struct Amount(Value, String);

/// An amount for templates, in its currency.
pub(super) fn to_amount(value: &Value, code: &str) -> Dynamic {
    match value {
        Value::Int(_) | Value::Decimal(_) | Value::Double(_) => {
            Dynamic::from_object(Amount(value.clone(), code.to_owned()))
        }
        _ => to_dynamic(value),
    }
}

/// The currency of an amount.
pub(super) fn currency_of(value: &Dynamic) -> Option<String> {
    value.downcast_object_ref::<Amount>().map(|amount| amount.1.clone())
}

/// A value for templates.
pub(super) fn to_dynamic(value: &Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::from(()),
        Value::Bool(b) => Dynamic::from(*b),
        Value::Int(i) => Dynamic::from(*i),
        Value::Double(d) => Dynamic::from(*d),
        Value::Text(text) => Dynamic::from(text.as_str()),
        Value::Decimal(_) | Value::Date(_) | Value::Local(_) | Value::Instant(_) => {
            Dynamic::from_object(Typed(value.clone()))
        }
    }
}

/// The value of a template's scalar; `None` for lists, maps and undefined.
pub(super) fn to_value(value: &Dynamic) -> Option<Value> {
    if let Some(typed) = value.downcast_object_ref::<Typed>() {
        return Some(typed.0.clone());
    }
    if let Some(amount) = value.downcast_object_ref::<Amount>() {
        return Some(amount.0.clone());
    }
    match value.kind() {
        ValueKind::None => Some(Value::Null),
        ValueKind::Bool => Some(Value::Bool(value.is_true())),
        ValueKind::Number => number(value),
        ValueKind::String => value.as_str().map(|text| Value::Text(text.to_owned())),
        _ => None,
    }
}

fn number(value: &Dynamic) -> Option<Value> {
    if !value.is_integer() {
        return f64::try_from(value.clone()).ok().map(Value::Double);
    }
    if let Some(int) = value.as_i64() {
        return Some(Value::Int(int));
    }
    let digits = i128::try_from(value.clone()).ok()?;
    Some(Value::Decimal(Decimal { digits, scale: 0 }))
}

/// What arithmetic and comparisons of templates work on: a decimal as a number (whole ones
/// exactly), a date as its ISO 8601 text, so that it compares with both dates and texts, and a
/// list element by element.
pub(super) fn operand(value: Dynamic) -> Result<Dynamic, Error> {
    if value.is_undefined() {
        // The one public way to the error that knows where the undefined value came from.
        return value.get_attr("");
    }
    if matches!(value.kind(), ValueKind::Seq) {
        return value.try_iter()?.map(operand).collect::<Result<Vec<_>, _>>().map(Dynamic::from);
    }
    if let Some(amount) = value.downcast_object_ref::<Amount>() {
        return operand(to_dynamic(&amount.0));
    }
    Ok(match value.downcast_object_ref::<Typed>() {
        Some(Typed(Value::Decimal(decimal))) => match decimal.scale {
            0 => Dynamic::from(decimal.digits),
            _ => Dynamic::from(decimal.to_f64()),
        },
        Some(Typed(Value::Date(date))) => Dynamic::from(date.to_string()),
        _ => value,
    })
}

/// Writes values as text: nothing for NULL, words for truth values, everything else as it prints.
pub(super) fn formatter(
    locale: &'static Locale,
) -> impl Fn(&mut Output<'_>, &mut State<'_, '_>, &Dynamic) -> Result<(), Error> + Send + Sync + 'static {
    move |out, state, value| match value.kind() {
        ValueKind::None => Ok(()),
        ValueKind::Bool if value.is_true() => out.write_str(locale.words.yes).map_err(Error::from),
        ValueKind::Bool => out.write_str(locale.words.no).map_err(Error::from),
        _ => minijinja::escape_formatter(out, state, value),
    }
}

impl Object for Typed {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        !matches!(self.0, Value::Decimal(Decimal { digits: 0, .. }))
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        match (&self.0, &other.downcast_ref::<Self>()?.0) {
            (Value::Decimal(a), Value::Decimal(b)) => Some(compare(*a, *b)),
            (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
            (Value::Local(a), Value::Local(b)) => Some(a.cmp(b)),
            (Value::Instant(a), Value::Instant(b)) => Some(a.cmp(b)),
            (a, b) => Some(a.type_name().cmp(b.type_name())),
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Value::Decimal(decimal) => fmt::Display::fmt(decimal, f),
            Value::Date(date) => fmt::Display::fmt(date, f),
            Value::Local(at) => fmt::Display::fmt(at, f),
            Value::Instant(at) => fmt::Display::fmt(at, f),
            _ => unreachable!("only these four are wrapped"),
        }
    }
}

impl Object for Amount {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        to_dynamic(&self.0).is_true()
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&to_dynamic(&self.0), f)
    }
}

/// Exactly where both fit one scale, by their doubles otherwise.
fn compare(a: Decimal, b: Decimal) -> Ordering {
    let scale = a.scale.max(b.scale);
    let raised = |d: Decimal| d.digits.checked_mul(10_i128.checked_pow(u32::from(scale - d.scale))?);
    match (raised(a), raised(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a.to_f64().total_cmp(&b.to_f64()),
    }
}
