//! From a decimal to the nearest double: what a table keeps of a quotient. Arrow's cast divides two
//! rounded doubles, which may miss by one in the last digit.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, AsArray, Float64Array},
    datatypes::{DataType, Decimal256Type, i256},
};
use datafusion::{
    common::{Result, ScalarValue, exec_err},
    logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, cast},
};

use super::{kinds::WIDE, wide};
use crate::values::decimal_text;

/// A wide expression as the nearest double.
pub(crate) fn nearest_double(expr: Expr) -> Expr {
    let signature = Signature::exact(vec![WIDE], Volatility::Immutable);
    ScalarUDF::new_from_impl(NearestDouble { signature }).call(vec![cast(expr, WIDE)])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct NearestDouble {
    signature: Signature,
}

impl NearestDouble {
    fn convert(array: &ArrayRef) -> Result<ArrayRef> {
        let DataType::Decimal256(_, scale) = array.data_type() else {
            return exec_err!("a decimal of 256 bits is needed, not {}", array.data_type());
        };
        let doubles: Float64Array = array.as_primitive::<Decimal256Type>().unary(|value| of(value, *scale));
        Ok(Arc::new(doubles))
    }
}

/// The double nearest to `value * 10^-scale`.
pub(crate) fn of(value: i256, scale: i8) -> f64 {
    const EXACT_POWERS: i8 = 22;
    const EXACT_DIGITS: u64 = 1 << 53;
    // Where digits and power are doubles themselves, one division rounds once.
    for places in [0, scale - 2, scale - 6, scale - 12] {
        let left = scale - places;
        let whole = wide::ten(u32::from(places.max(0).unsigned_abs()))
            .filter(|power| value.wrapping_rem(*power) == i256::ZERO)
            .and_then(|power| value.wrapping_div(power).to_i128());
        if let Some(whole) = whole
            && (0..=EXACT_POWERS).contains(&left)
            && places >= 0
            && whole.unsigned_abs() <= u128::from(EXACT_DIGITS)
        {
            return whole as f64 / 10_f64.powi(i32::from(left));
        }
    }
    decimal_text(value, scale).parse().unwrap_or(f64::NAN)
}

impl ScalarUDFImpl for NearestDouble {
    fn name(&self) -> &str {
        "nearest_double"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match &args.args[0] {
            ColumnarValue::Array(array) => Ok(ColumnarValue::Array(Self::convert(array)?)),
            ColumnarValue::Scalar(scalar) => {
                let array = Self::convert(&scalar.to_array()?)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_double_is_the_one_that_the_text_says(digits in any::<i128>(), scale in 0_i8..=38) {
            let value = i256::from_i128(digits);
            let text: f64 = decimal_text(value, scale).parse().expect("a number");
            prop_assert_eq!(of(value, scale).to_bits(), (text + 0.0).to_bits());
        }

        #[test]
        fn amounts_come_back_as_they_were_written(cents in -1_000_000_000_000_i64..1_000_000_000_000) {
            let wide = wide::rescale(i256::from_i128(cents.into()), 2, 38).expect("fits");
            prop_assert_eq!(of(wide, 38).to_bits(), (cents as f64 / 100.0).to_bits());
        }
    }
}
