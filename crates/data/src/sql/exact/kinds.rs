//! The kinds of numbers that arithmetic knows, and the types of its results.

use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, plan_err};

/// Digits of a decimal that is kept.
pub(super) const DIGITS: u8 = 38;
/// Digits behind the point of a quotient.
pub(super) const WIDE_SCALE: i8 = crate::values::QUOTIENT_SCALE;
/// The type of quotients and of all that is computed from them: 38 digits before the point and 38
/// behind it.
pub(super) const WIDE: DataType = DataType::Decimal256(76, WIDE_SCALE);
/// A whole number as a decimal.
const WHOLE_DIGITS: u8 = 19;
/// A product with more digits behind the point than this, and with more than 38 in all, becomes wide.
const NARROW_SCALE: i8 = 18;

/// A kind of number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// NULL, which takes the other side's kind.
    Null,
    Whole,
    Decimal,
    Wide,
    Float,
}

impl Family {
    /// `None` for what is no number.
    pub fn of(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Null => Self::Null,
            whole if whole.is_integer() => Self::Whole,
            DataType::Decimal32(..) | DataType::Decimal64(..) => Self::Decimal,
            DataType::Decimal128(_, scale) if *scale >= 0 => Self::Decimal,
            DataType::Decimal128(..) | DataType::Decimal256(..) => Self::Wide,
            float if float.is_floating() => Self::Float,
            _ => return None,
        })
    }
}

/// The type in which a number of this type is computed with.
pub(super) fn computed(data_type: &DataType) -> Result<DataType> {
    Ok(match (Family::of(data_type), data_type) {
        (Some(Family::Null | Family::Whole), _) => DataType::Int64,
        (Some(Family::Float), _) => DataType::Float64,
        (Some(Family::Wide), _) => WIDE,
        (Some(Family::Decimal), DataType::Decimal32(p, s) | DataType::Decimal64(p, s) | DataType::Decimal128(p, s)) => {
            DataType::Decimal128(*p, *s)
        }
        _ => return plan_err!("a number is needed, not {}", crate::sql::times::describe(data_type)),
    })
}

/// The types that both sides are brought to.
pub(super) fn common(left: &DataType, right: &DataType) -> Result<(DataType, DataType)> {
    let (left, right) = match (left, right) {
        (DataType::Null, other) | (other, DataType::Null) => (computed(other)?, computed(other)?),
        _ => (computed(left)?, computed(right)?),
    };
    let either = |wanted: &DataType| left == *wanted || right == *wanted;
    if either(&DataType::Float64) {
        return Ok((DataType::Float64, DataType::Float64));
    }
    if either(&WIDE) {
        return Ok((WIDE, WIDE));
    }
    if left == right {
        return Ok((left, right));
    }
    let decimal = |data_type| if data_type == DataType::Int64 { whole() } else { data_type };
    Ok((decimal(left), decimal(right)))
}

fn whole() -> DataType {
    DataType::Decimal128(WHOLE_DIGITS, 0)
}

/// Precision and scale; a whole number has none behind the point.
pub(super) fn digits(data_type: &DataType) -> (i16, i8) {
    match data_type {
        DataType::Decimal128(p, s) | DataType::Decimal256(p, s) => (i16::from(*p), *s),
        _ => (i16::from(WHOLE_DIGITS), 0),
    }
}

/// The decimal type with so many digits, or the widest one that keeps those behind the point.
pub(super) fn decimal(precision: i16, scale: i16) -> DataType {
    match (u8::try_from(precision), i8::try_from(scale)) {
        (Ok(precision), Ok(scale)) if precision <= DIGITS => DataType::Decimal128(precision, scale),
        (_, Ok(scale)) if scale <= NARROW_SCALE => DataType::Decimal128(DIGITS, scale),
        _ => WIDE,
    }
}

/// The decimal that the shortest text of a double says: 1.19 for `1.19`.
pub(super) fn decimal_of(value: f64) -> Option<ScalarValue> {
    const SCALE: usize = 18;
    if !value.is_finite() {
        return None;
    }
    let text = value.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let length = whole.trim_start_matches('-').len() + fraction.len();
    let precision = u8::try_from(length).ok().filter(|p| *p <= DIGITS && fraction.len() <= SCALE)?;
    Some(ScalarValue::Decimal128(Some(digits), precision, i8::try_from(fraction.len()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_numbers_are_the_decimals_that_they_say() {
        for (value, digits, precision, scale) in [
            (1.19, 119, 3, 2),
            (-0.05, -5, 3, 2),
            (100.0, 100, 3, 0),
            (0.1, 1, 2, 1),
            (1e15, 1_000_000_000_000_000, 16, 0),
        ] {
            assert_eq!(decimal_of(value), Some(ScalarValue::Decimal128(Some(digits), precision, scale)), "{value}");
        }
        for value in [f64::NAN, f64::INFINITY, 1e-30, 1e300] {
            assert_eq!(decimal_of(value), None, "{value}");
        }
    }

    #[test]
    fn results_keep_their_digits_behind_the_point() {
        assert_eq!(decimal(24, 4), DataType::Decimal128(24, 4));
        assert_eq!(decimal(44, 4), DataType::Decimal128(38, 4));
        assert_eq!(decimal(44, 20), WIDE);
        assert_eq!(common(&DataType::Int64, &DataType::Decimal128(9, 2)).expect("numbers").0, whole());
        assert_eq!(common(&DataType::Null, &DataType::Int32).expect("numbers").0, DataType::Int64);
        assert!(common(&DataType::Utf8, &DataType::Int64).is_err());
    }
}
