//! Values of the model as scalars for queries and as Arrow arrays.

use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, StringArray,
        TimestampMicrosecondArray,
    },
    datatypes::DataType,
};
use datafusion::common::ScalarValue;
use jiff::{Timestamp, civil, tz::Offset};
use punctual_model::{
    column_type::ColumnType,
    value::{Decimal, Value},
};

use super::{ValueError, column_type, data_type};

/// The value as a typed scalar for a query. Decimals have 38 digits, so that a statement's
/// types do not depend on the value.
pub fn to_scalar(value: &Value) -> ScalarValue {
    match value {
        Value::Null => ScalarValue::Null,
        Value::Bool(b) => ScalarValue::Boolean(Some(*b)),
        Value::Int(i) => ScalarValue::Int64(Some(*i)),
        Value::Decimal(d) => {
            ScalarValue::Decimal128(Some(d.digits), 38, i8::try_from(d.scale).expect("a scale is at most 38"))
        }
        Value::Double(d) => ScalarValue::Float64(Some(*d)),
        Value::Text(t) => ScalarValue::Utf8(Some(t.clone())),
        Value::Date(d) => ScalarValue::Date32(Some(days(*d))),
        Value::Local(d) => ScalarValue::TimestampMicrosecond(Some(local_micros(*d)), None),
        Value::Instant(t) => ScalarValue::TimestampMicrosecond(Some(t.as_microsecond()), Some("UTC".into())),
    }
}

/// The values as one column. A value must be of the column's type; whole numbers also fit
/// `double` and `decimal`, and decimals are brought to the column's scale.
///
/// # Errors
/// The first value that does not fit, with its type.
pub fn to_array(values: &[Value], column: ColumnType) -> Result<ArrayRef, ValueError> {
    Ok(match column {
        ColumnType::Bool => Arc::new(
            collect(values, column, |v| match v {
                Value::Bool(b) => Some(*b),
                _ => None,
            })?
            .into_iter()
            .collect::<BooleanArray>(),
        ),
        ColumnType::Int => Arc::new(Int64Array::from(collect(values, column, |v| match v {
            Value::Int(i) => Some(*i),
            _ => None,
        })?)),
        ColumnType::Double => Arc::new(Float64Array::from(collect(values, column, |v| match v {
            Value::Double(d) => Some(*d),
            Value::Int(i) => Some(*i as f64),
            Value::Decimal(d) => Some(d.to_f64()),
            _ => None,
        })?)),
        ColumnType::Decimal { precision, scale } => {
            let digits = collect(values, column, |v| match v {
                Value::Decimal(d) => rescale(*d, precision, scale),
                Value::Int(i) => rescale(Decimal { digits: i128::from(*i), scale: 0 }, precision, scale),
                _ => None,
            })?;
            Arc::new(Decimal128Array::from(digits).with_data_type(data_type(column)))
        }
        ColumnType::Text => Arc::new(StringArray::from(collect(values, column, |v| match v {
            Value::Text(t) => Some(t.as_str()),
            _ => None,
        })?)),
        ColumnType::Date => Arc::new(Date32Array::from(collect(values, column, |v| match v {
            Value::Date(d) => Some(days(*d)),
            _ => None,
        })?)),
        ColumnType::Timestamp => Arc::new(TimestampMicrosecondArray::from(collect(values, column, |v| match v {
            Value::Local(d) => Some(local_micros(*d)),
            _ => None,
        })?)),
        ColumnType::Timestamptz => {
            let micros = collect(values, column, |v| match v {
                Value::Instant(t) => Some(t.as_microsecond()),
                _ => None,
            })?;
            Arc::new(TimestampMicrosecondArray::from(micros).with_timezone("UTC"))
        }
    })
}

/// A value from a definition's JSON, for comparing with a column of this type: `7` and `"7"`
/// are not the same, but `7` may stand for a decimal.
///
/// # Errors
/// When the value is not one of the column's type.
pub fn from_json(json: &serde_json::Value, column: &DataType) -> Result<Value, ValueError> {
    let kind = column_type(column)?;
    let wrong = || ValueError(format!("{json} is not a value of type {kind}"));
    Ok(match (kind, json) {
        (_, serde_json::Value::Null) => Value::Null,
        (ColumnType::Bool, serde_json::Value::Bool(b)) => Value::Bool(*b),
        (ColumnType::Int, serde_json::Value::Number(n)) => Value::Int(n.as_i64().ok_or_else(wrong)?),
        (ColumnType::Double, serde_json::Value::Number(n)) => Value::Double(n.as_f64().ok_or_else(wrong)?),
        (ColumnType::Decimal { precision, scale }, serde_json::Value::Number(n)) => {
            let exact = parse_decimal(&n.to_string()).ok_or_else(wrong)?;
            let digits = rescale(exact, precision, scale).ok_or_else(wrong)?;
            Value::Decimal(Decimal { digits, scale })
        }
        (ColumnType::Text, serde_json::Value::String(t)) => Value::Text(t.clone()),
        (ColumnType::Date, serde_json::Value::String(t)) => Value::Date(t.parse().map_err(|_| wrong())?),
        (ColumnType::Timestamp, serde_json::Value::String(t)) => Value::Local(t.parse().map_err(|_| wrong())?),
        (ColumnType::Timestamptz, serde_json::Value::String(t)) => Value::Instant(t.parse().map_err(|_| wrong())?),
        _ => return Err(wrong()),
    })
}

fn collect<'a, T>(
    values: &'a [Value],
    column: ColumnType,
    take: impl Fn(&'a Value) -> Option<T>,
) -> Result<Vec<Option<T>>, ValueError> {
    values
        .iter()
        .map(|value| match value {
            Value::Null => Ok(None),
            value => take(value)
                .map(Some)
                .ok_or_else(|| ValueError(format!("a value of type {} does not fit {column}", value.type_name()))),
        })
        .collect()
}

/// The digits at another scale; `None` when a digit would be lost or the precision is exceeded.
fn rescale(decimal: Decimal, precision: u8, scale: u8) -> Option<i128> {
    let digits = if scale >= decimal.scale {
        decimal.digits.checked_mul(10_i128.checked_pow(u32::from(scale - decimal.scale))?)?
    } else {
        let factor = 10_i128.checked_pow(u32::from(decimal.scale - scale))?;
        (decimal.digits % factor == 0).then_some(decimal.digits / factor)?
    };
    (digits.unsigned_abs() < 10_u128.pow(u32::from(precision))).then_some(digits)
}

fn parse_decimal(text: &str) -> Option<Decimal> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{fraction}").parse().ok()?;
    Some(Decimal { digits, scale: u8::try_from(fraction.len()).ok()? })
}

fn days(date: civil::Date) -> i32 {
    let midnight = date.to_datetime(civil::Time::midnight());
    i32::try_from(local_micros(midnight).div_euclid(86_400_000_000)).expect("years -9999 to 9999 fit 32 bits")
}

/// Microseconds between 1970-01-01T00:00 and the civil time, both on one unnamed clock.
fn local_micros(time: civil::DateTime) -> i64 {
    match Offset::UTC.to_timestamp(time) {
        Ok(instant) => instant.as_microsecond(),
        // The last and first hours of the range have no instant at offset zero.
        Err(_) if time > civil::DateTime::constant(0, 1, 1, 0, 0, 0, 0) => Timestamp::MAX.as_microsecond(),
        Err(_) => Timestamp::MIN.as_microsecond(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::values::{key_at, value_at};

    fn any_value() -> impl Strategy<Value = (ColumnType, Value)> {
        let seconds = -60_000_000_000_i64..200_000_000_000_i64;
        prop_oneof![
            any::<bool>().prop_map(|b| (ColumnType::Bool, Value::Bool(b))),
            any::<i64>().prop_map(|i| (ColumnType::Int, Value::Int(i))),
            any::<f64>()
                .prop_filter("NaN is not equal to itself", |d| !d.is_nan())
                .prop_map(|d| (ColumnType::Double, Value::Double(d))),
            (any::<i64>(), 0_u8..6).prop_map(|(digits, scale)| {
                let value = Value::Decimal(Decimal { digits: i128::from(digits), scale });
                (ColumnType::Decimal { precision: 38, scale }, value)
            }),
            ".{0,12}".prop_map(|t| (ColumnType::Text, Value::Text(t))),
            seconds.clone().prop_map(|s| {
                let time = Offset::UTC.to_datetime(Timestamp::from_second(s).expect("in range"));
                (ColumnType::Date, Value::Date(time.date()))
            }),
            seconds.clone().prop_map(|s| {
                let time = Offset::UTC.to_datetime(Timestamp::from_second(s).expect("in range"));
                (ColumnType::Timestamp, Value::Local(time))
            }),
            seconds.prop_map(|s| {
                (ColumnType::Timestamptz, Value::Instant(Timestamp::from_second(s).expect("in range")))
            }),
        ]
    }

    proptest! {
        #[test]
        fn a_value_survives_the_way_to_arrow_and_back((kind, value) in any_value()) {
            let array = to_array(&[Value::Null, value.clone()], kind).expect("fits");
            prop_assert_eq!(array.data_type(), &data_type(kind));
            prop_assert_eq!(value_at(&array, 0).expect("read"), Value::Null);
            prop_assert_eq!(value_at(&array, 1).expect("read"), value.clone());
            let scalar = to_scalar(&value).to_array().expect("one row");
            prop_assert_eq!(value_at(&scalar, 0).expect("read"), value);
        }
    }

    #[test]
    fn one_key_however_it_is_typed() {
        let seven = Decimal { digits: 700, scale: 2 };
        let typed = [
            (ColumnType::Int, Value::Int(7)),
            (ColumnType::Double, Value::Double(7.0)),
            (ColumnType::Decimal { precision: 9, scale: 2 }, Value::Decimal(seven)),
            (ColumnType::Text, Value::Text("7".into())),
        ];
        for (kind, value) in typed {
            let array = to_array(&[value], kind).expect("fits");
            assert_eq!(key_at(&array, 0).expect("read").as_deref(), Some("7"), "{kind}");
        }
    }

    #[test]
    fn decimals_never_lose_digits() {
        let kind = ColumnType::Decimal { precision: 4, scale: 1 };
        let fits = |digits, scale| to_array(&[Value::Decimal(Decimal { digits, scale })], kind).is_ok();
        assert!(fits(1250, 2), "12.50 is 12.5");
        assert!(!fits(1251, 2), "12.51 has a digit too many");
        assert!(!fits(10_000, 1), "1000.0 has five digits");
    }

    #[test]
    fn json_is_held_to_the_columns_type() {
        let decimal = DataType::Decimal128(9, 2);
        let exact = Value::Decimal(Decimal { digits: 10, scale: 2 });
        assert_eq!(from_json(&serde_json::json!(0.1), &decimal), Ok(exact));
        assert_eq!(from_json(&serde_json::json!("2026-10-01"), &DataType::Date32).expect("a date").type_name(), "date");
        let message = from_json(&serde_json::json!("7"), &DataType::Int64).expect_err("text").to_string();
        assert_eq!(message, "\"7\" is not a value of type int");
    }
}
