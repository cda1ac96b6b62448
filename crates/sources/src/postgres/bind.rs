//! Values as bind parameters, in the binary form of the type that the server inferred for each.
//!
//! A value takes the type of its place, as a literal in quotes would. Times without a zone meet
//! zoned places, and the other way round, through the source's `timezone`; a period's boundary
//! of the wrong kind is refused before that.

use punctual_data::source::SourceError;
use punctual_model::{
    sql_text::Bind,
    value::{Decimal, Value},
};
use sqlx::{
    Arguments, Encode, Postgres, Type, TypeInfo,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgArguments, PgTypeInfo, PgTypeKind},
};

use super::{
    decode::{EPOCH_DAYS, EPOCH_MICROS},
    numeric, oid,
};
use crate::{
    boundary::{self, Boundary, Temporal},
    context::Context,
    decimal,
    time::{TimeRules, Written, days_of, iso_text, micros_of_civil},
};

/// A parameter in its binary form.
struct Binary {
    bytes: Option<Vec<u8>>,
    type_info: PgTypeInfo,
}

impl Type<Postgres> for Binary {
    fn type_info() -> PgTypeInfo {
        <str as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Binary {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        match &self.bytes {
            Some(bytes) => {
                buffer.extend_from_slice(bytes);
                Ok(IsNull::No)
            }
            None => Ok(IsNull::Yes),
        }
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(self.type_info.clone())
    }
}

/// The arguments for a statement whose parameters have these types. `column` names the column
/// that a parameter is compared with, where the text tells.
///
/// # Errors
/// A boundary of the wrong kind, or a value that its place cannot take.
pub(super) fn arguments<'b>(
    binds: impl Iterator<Item = &'b Bind>,
    types: &[PgTypeInfo],
    rules: &TimeRules,
    context: &Context,
    column: &dyn Fn(usize) -> Option<String>,
) -> Result<PgArguments, SourceError> {
    let mut arguments = PgArguments::default();
    for (place, (bind, type_info)) in binds.zip(types).enumerate() {
        if let Some(meets) = temporal(type_info, &bind.expression, rules) {
            boundary::check(context.dataset(), &bind.expression, column(place + 1).as_deref(), meets)?;
        }
        let bytes =
            encode(&bind.value, type_info, rules).map_err(|why| context.query(refusal(bind, type_info, &why)))?;
        arguments
            .add(Binary { bytes, type_info: type_info.clone() })
            .map_err(|error| context.query(error.to_string()))?;
    }
    Ok(arguments)
}

fn refusal(bind: &Bind, type_info: &PgTypeInfo, why: &str) -> String {
    let (expression, given) = (bind.expression.trim(), bind.value.type_name());
    let wanted = type_info.name().to_lowercase();
    format!(
        "`{expression}` is {given}, and stands where {wanted} is expected{why}; write a cast behind it, such as ::text"
    )
}

/// The kind of boundary that belongs into a place; `None` where any will do.
fn temporal(type_info: &PgTypeInfo, expression: &str, rules: &TimeRules) -> Option<Temporal> {
    match oid::of(type_info) {
        oid::DATE => Some(Temporal::Date),
        oid::TIMESTAMP => Some(Temporal::Local),
        oid::TIMESTAMPTZ => Some(Temporal::Instant),
        // A source that writes times down as text or counts says with which kind.
        oid::TEXT | oid::VARCHAR | oid::BPCHAR => {
            let date = Boundary::of(expression).is_some_and(|b| b.kind == Temporal::Date);
            rules.text_tells().filter(|_| !date)
        }
        oid::INT4 | oid::INT8 if rules.is_epoch() => Some(Temporal::Instant),
        _ => None,
    }
}

/// The binary form of a value in a place of this type; `None` is NULL.
fn encode(value: &Value, type_info: &PgTypeInfo, rules: &TimeRules) -> Result<Option<Vec<u8>>, String> {
    if *value == Value::Null {
        return Ok(None);
    }
    if let PgTypeKind::Domain(base) = type_info.kind() {
        return encode(value, base, rules);
    }
    let bytes = match oid::of(type_info) {
        oid::BOOL => match value {
            Value::Bool(flag) => Some(vec![u8::from(*flag)]),
            _ => None,
        },
        oid::INT2 => {
            whole(value, rules).map(i16::try_from).transpose().map_err(too_large)?.map(|n| n.to_be_bytes().to_vec())
        }
        oid::INT4 => {
            whole(value, rules).map(i32::try_from).transpose().map_err(too_large)?.map(|n| n.to_be_bytes().to_vec())
        }
        oid::INT8 => whole(value, rules).map(|n| n.to_be_bytes().to_vec()),
        oid::OID => {
            whole(value, rules).map(u32::try_from).transpose().map_err(too_large)?.map(|n| n.to_be_bytes().to_vec())
        }
        oid::FLOAT4 => double(value).map(|n| (n as f32).to_be_bytes().to_vec()),
        oid::FLOAT8 => double(value).map(|n| n.to_be_bytes().to_vec()),
        oid::NUMERIC => exact(value, rules).map(|Decimal { digits, scale }| {
            let mut bytes = Vec::new();
            numeric::write(digits, scale, &mut bytes);
            bytes
        }),
        oid::DATE => date(value, rules).map(|days| days.to_be_bytes().to_vec()),
        oid::TIMESTAMP => local(value, rules).map(|micros| micros.to_be_bytes().to_vec()),
        oid::TIMESTAMPTZ => instant(value, rules).map(|micros| micros.to_be_bytes().to_vec()),
        oid::UUID => uuid(value),
        oid::JSONB => Some([b"\x01", text(value, rules).as_bytes()].concat()),
        oid::TEXT | oid::VARCHAR | oid::BPCHAR | oid::NAME | oid::CHAR | oid::UNKNOWN | oid::JSON => {
            Some(text(value, rules).into_bytes())
        }
        _ if matches!(type_info.kind(), PgTypeKind::Enum(_)) || oid::is_citext(type_info) => {
            Some(text(value, rules).into_bytes())
        }
        _ => None,
    };
    bytes.map(Some).ok_or_else(String::new)
}

fn too_large(_: std::num::TryFromIntError) -> String {
    ", for which it is too large".to_owned()
}

fn whole(value: &Value, rules: &TimeRules) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::Decimal(Decimal { digits, scale }) => decimal::rescale(*digits, *scale, 0).ok()?.try_into().ok(),
        Value::Double(number) if number.fract() == 0.0 && number.abs() < 9.2e18 => Some(*number as i64),
        Value::Text(text) => text.parse().ok(),
        Value::Date(_) | Value::Local(_) | Value::Instant(_) => match rules.written(value)? {
            Written::Count(count) => Some(count),
            Written::Text(_) => None,
        },
        _ => None,
    }
}

fn double(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Decimal(number) => Some(decimal::to_double(number.digits, number.scale)),
        Value::Double(number) => Some(*number),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}

fn exact(value: &Value, rules: &TimeRules) -> Option<Decimal> {
    let parsed = |text: &str| decimal::parse(text).ok().map(|(digits, scale)| Decimal { digits, scale });
    match value {
        Value::Decimal(number) => Some(*number),
        Value::Double(number) => parsed(&number.to_string()),
        Value::Text(text) => parsed(text),
        _ => whole(value, rules).map(|number| Decimal { digits: number.into(), scale: 0 }),
    }
}

/// Days since 2000; a time only where it is a midnight.
fn date(value: &Value, rules: &TimeRules) -> Option<i32> {
    let days = match value {
        Value::Date(date) => days_of(*date),
        Value::Local(_) | Value::Instant(_) => {
            let local = rules.local_of(value)?;
            (local.time() == jiff::civil::Time::midnight()).then(|| days_of(local.date()))?
        }
        Value::Text(text) => days_of(text.parse().ok()?),
        _ => return None,
    };
    days.checked_sub(EPOCH_DAYS)
}

/// Microseconds since 2000 without zone.
fn local(value: &Value, rules: &TimeRules) -> Option<i64> {
    let local = match value {
        Value::Text(text) => text.parse().ok()?,
        _ => rules.local_of(value)?,
    };
    micros_of_civil(local).ok()?.checked_sub(EPOCH_MICROS)
}

/// Microseconds since 2000 in UTC.
fn instant(value: &Value, rules: &TimeRules) -> Option<i64> {
    let instant: jiff::Timestamp = match value {
        Value::Text(text) => text.parse().ok()?,
        _ => rules.instant_of(value)?,
    };
    instant.as_microsecond().checked_sub(EPOCH_MICROS)
}

fn uuid(value: &Value) -> Option<Vec<u8>> {
    let Value::Text(text) = value else { return None };
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let number = u128::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 32)?;
    Some(number.to_be_bytes().to_vec())
}

fn text(value: &Value, rules: &TimeRules) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Decimal(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Date(_) | Value::Local(_) | Value::Instant(_) => match rules.written(value) {
            Some(Written::Text(text)) => text,
            Some(Written::Count(count)) => count.to_string(),
            None => iso_text(value).unwrap_or_default(),
        },
        Value::Null => String::new(),
    }
}
