//! Adding up the values of a column: exactly where they are exact, with the error of the additions kept where
//! they are doubles.

use arrow::{
    array::{Array, ArrayRef, AsArray as _},
    datatypes::{DataType, Decimal128Type, Float64Type, Int64Type},
};
use punctual_model::value::{Decimal, Value};

use crate::arrow_value::value_at;

/// The sum of a column so far. Whole numbers and decimals are exact.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Sum {
    /// Only NULLs so far.
    Nothing,
    /// Digits at a scale.
    Exact {
        /// The digits.
        digits: i128,
        /// Digits behind the point.
        scale: u8,
    },
    /// With the error that the additions made (Neumaier).
    Double {
        /// The sum.
        sum: f64,
        /// The error.
        lost: f64,
    },
    /// More than 38 digits.
    TooLarge,
}

impl Sum {
    /// Adds the numbers of a column.
    pub(super) fn add(&mut self, array: &ArrayRef) {
        match array.data_type() {
            DataType::Int64 => {
                array.as_primitive::<Int64Type>().iter().flatten().for_each(|int| self.exact(int.into(), 0));
            }
            DataType::Decimal128(_, scale) if *scale >= 0 => {
                let scale = scale.unsigned_abs();
                array.as_primitive::<Decimal128Type>().iter().flatten().for_each(|digits| self.exact(digits, scale));
            }
            DataType::Float64 => {
                array.as_primitive::<Float64Type>().iter().flatten().for_each(|double| self.double(double));
            }
            _ => (0..array.len()).for_each(|row| match value_at(array, row) {
                Value::Int(int) => self.exact(int.into(), 0),
                Value::Decimal(decimal) => self.exact(decimal.digits, decimal.scale),
                Value::Double(double) => self.double(double),
                _ => {}
            }),
        }
    }

    /// Adds a number of the column's one scale.
    fn exact(&mut self, digits: i128, scale: u8) {
        *self = match self {
            Self::Nothing => Self::Exact { digits, scale },
            Self::Exact { digits: sum, .. } => {
                sum.checked_add(digits).map_or(Self::TooLarge, |digits| Self::Exact { digits, scale })
            }
            _ => Self::TooLarge,
        };
    }

    /// Adds a double.
    pub(super) fn double(&mut self, value: f64) {
        let (before, lost) = match self {
            Self::Double { sum, lost } => (*sum, *lost),
            _ => (0.0, 0.0),
        };
        let sum = before + value;
        let rest = if before.abs() >= value.abs() { (before - sum) + value } else { (value - sum) + before };
        *self = Self::Double { sum, lost: lost + rest };
    }

    /// The sum so far; no value where there was none, or more than 38 digits.
    pub(super) fn value(&self) -> Value {
        match self {
            Self::Nothing => Value::Null,
            Self::Exact { digits, scale: 0 } if i64::try_from(*digits).is_ok() => {
                Value::Int(i64::try_from(*digits).unwrap_or_default())
            }
            Self::Exact { digits, scale } => Value::Decimal(Decimal { digits: *digits, scale: *scale }),
            Self::Double { sum, lost } => Value::Double(sum + lost),
            Self::TooLarge => Value::Null,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Decimal128Array, Float64Array, Int64Array};
    use proptest::prelude::*;

    use super::*;

    fn sum(arrays: impl IntoIterator<Item = ArrayRef>) -> Sum {
        let mut sum = Sum::Nothing;
        arrays.into_iter().for_each(|array| sum.add(&array));
        sum
    }

    #[test]
    fn decimals_are_summed_exactly_and_nulls_are_nothing() {
        let decimals = |values: Vec<Option<i128>>| -> ArrayRef {
            Arc::new(Decimal128Array::from(values).with_precision_and_scale(38, 2).expect("fits"))
        };
        let total = sum([decimals(vec![Some(10), None]), decimals(vec![Some(20)])]);
        assert_eq!(total.value(), Value::Decimal(Decimal { digits: 30, scale: 2 }));
        assert_eq!(sum([decimals(vec![None])]).value(), Value::Null);
        let whole: ArrayRef = Arc::new(Int64Array::from(vec![i64::MAX, 1]));
        assert_eq!(sum([whole]).value(), Value::Decimal(Decimal { digits: i128::from(i64::MAX) + 1, scale: 0 }));
        let most: ArrayRef = Arc::new(Decimal128Array::from(vec![i128::MAX, 1]));
        assert_eq!(sum([most]), Sum::TooLarge);
    }

    proptest! {
        #[test]
        fn doubles_lose_nothing_to_their_order(cents in prop::collection::vec(-1_000_000_i64..1_000_000, 0..200)) {
            let values: Vec<f64> = cents.iter().map(|c| *c as f64 / 100.0).collect();
            let mut forward = Sum::Nothing;
            let mut backward = Sum::Nothing;
            values.iter().for_each(|v| forward.double(*v));
            values.iter().rev().for_each(|v| backward.double(*v));
            let exact = cents.iter().sum::<i64>() as f64 / 100.0;
            for sum in [forward, backward] {
                if let Value::Double(total) = sum.value() {
                    prop_assert!((total - exact).abs() < 1e-9);
                }
            }
            let array: ArrayRef = Arc::new(Float64Array::from(values));
            prop_assert_eq!(sum([array]).value() == Value::Null, cents.is_empty());
        }
    }
}
