//! One cell of an Arrow array as a value of the model.

use arrow::{
    array::{Array, ArrayRef, AsArray, types::*},
    datatypes::{DataType, TimeUnit, i256},
};
use jiff::{Timestamp, civil, tz::Offset};
use punctual_model::value::{Decimal, Value};

use super::ValueError;

/// The value of one cell; NULL is `Value::Null`.
///
/// # Errors
/// When the array's type has no counterpart, or a date lies outside of the years -9999 to 9999.
///
/// # Panics
/// When the array has no such row.
pub fn value_at(array: &ArrayRef, row: usize) -> Result<Value, ValueError> {
    if array.is_null(row) {
        return Ok(Value::Null);
    }
    Ok(match array.data_type() {
        DataType::Null => Value::Null,
        DataType::Boolean => Value::Bool(array.as_boolean().value(row)),
        DataType::Int8 => Value::Int(array.as_primitive::<Int8Type>().value(row).into()),
        DataType::Int16 => Value::Int(array.as_primitive::<Int16Type>().value(row).into()),
        DataType::Int32 => Value::Int(array.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => Value::Int(array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt8 => Value::Int(array.as_primitive::<UInt8Type>().value(row).into()),
        DataType::UInt16 => Value::Int(array.as_primitive::<UInt16Type>().value(row).into()),
        DataType::UInt32 => Value::Int(array.as_primitive::<UInt32Type>().value(row).into()),
        DataType::UInt64 => {
            let whole = array.as_primitive::<UInt64Type>().value(row);
            Value::Int(i64::try_from(whole).map_err(|_| ValueError(format!("{whole} does not fit a 64-bit int")))?)
        }
        DataType::Float16 => Value::Double(array.as_primitive::<Float16Type>().value(row).into()),
        DataType::Float32 => Value::Double(array.as_primitive::<Float32Type>().value(row).into()),
        DataType::Float64 => Value::Double(array.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal32(_, scale) => decimal(array.as_primitive::<Decimal32Type>().value(row).into(), *scale)?,
        DataType::Decimal64(_, scale) => decimal(array.as_primitive::<Decimal64Type>().value(row).into(), *scale)?,
        DataType::Decimal128(_, scale) => decimal(array.as_primitive::<Decimal128Type>().value(row), *scale)?,
        DataType::Decimal256(precision, scale) => {
            let wide = array.as_primitive::<Decimal256Type>().value(row);
            match wide.to_i128() {
                Some(digits) if *precision <= 38 => decimal(digits, *scale)?,
                // A quotient, which is kept as a double.
                _ => Value::Double(decimal_text(wide, *scale).parse().unwrap_or(f64::NAN)),
            }
        }
        DataType::Utf8 => Value::Text(array.as_string::<i32>().value(row).to_owned()),
        DataType::LargeUtf8 => Value::Text(array.as_string::<i64>().value(row).to_owned()),
        DataType::Utf8View => Value::Text(array.as_string_view().value(row).to_owned()),
        DataType::Date32 => Value::Date(date(array.as_primitive::<Date32Type>().value(row).into())?),
        DataType::Date64 => Value::Date(date(array.as_primitive::<Date64Type>().value(row).div_euclid(86_400_000))?),
        DataType::Timestamp(unit, zone) => {
            let instant = instant(array, *unit, row)?;
            match zone {
                Some(_) => Value::Instant(instant),
                None => Value::Local(Offset::UTC.to_datetime(instant)),
            }
        }
        DataType::Dictionary(_, _) => {
            let dictionary = array.as_any_dictionary();
            return value_at(dictionary.values(), dictionary.normalized_keys()[row]);
        }
        other => return Err(ValueError(format!("a value of type {other} has no counterpart"))),
    })
}

/// The burst key of one cell: text that is the same however the source typed it
/// (`7`, `7.0` and `"7"` are one key). `None` for NULL.
///
/// # Errors
/// As [`value_at`].
///
/// # Panics
/// When the array has no such row.
pub fn key_at(array: &ArrayRef, row: usize) -> Result<Option<String>, ValueError> {
    value_at(array, row).map(|value| value.as_key())
}

/// `digits * 10^-scale` in full.
pub(crate) fn decimal_text(digits: i256, scale: i8) -> String {
    let sign = if digits.is_negative() { "-" } else { "" };
    let text = digits.to_string();
    let places = usize::from(scale.max(0).unsigned_abs());
    let zeros = usize::from(scale.min(0).unsigned_abs());
    let padded = format!("{:0>width$}{:0<zeros$}", text.trim_start_matches('-'), "", width = places + 1);
    let (whole, fraction) = padded.split_at(padded.len() - places);
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

fn decimal(digits: i128, scale: i8) -> Result<Value, ValueError> {
    match u8::try_from(scale) {
        Ok(scale) => Ok(Value::Decimal(Decimal { digits, scale })),
        Err(_) => 10_i128
            .checked_pow(u32::from(scale.unsigned_abs()))
            .and_then(|factor| digits.checked_mul(factor))
            .map(|digits| Value::Decimal(Decimal { digits, scale: 0 }))
            .ok_or_else(|| ValueError(format!("{digits} with scale {scale} has more than 38 digits"))),
    }
}

fn date(days: i64) -> Result<civil::Date, ValueError> {
    let out = || ValueError(format!("the date {days} days after 1970-01-01 lies outside of the years -9999 to 9999"));
    let seconds = days.checked_mul(86_400).ok_or_else(out)?;
    Ok(Offset::UTC.to_datetime(Timestamp::from_second(seconds).map_err(|_| out())?).date())
}

fn instant(array: &ArrayRef, unit: TimeUnit, row: usize) -> Result<Timestamp, ValueError> {
    let result = match unit {
        TimeUnit::Second => Timestamp::from_second(array.as_primitive::<TimestampSecondType>().value(row)),
        TimeUnit::Millisecond => {
            Timestamp::from_millisecond(array.as_primitive::<TimestampMillisecondType>().value(row))
        }
        TimeUnit::Microsecond => {
            Timestamp::from_microsecond(array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        TimeUnit::Nanosecond => {
            Timestamp::from_nanosecond(array.as_primitive::<TimestampNanosecondType>().value(row).into())
        }
    };
    result.map_err(|_| ValueError("a time lies outside of the years -9999 to 9999".to_owned()))
}
