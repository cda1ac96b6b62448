//! `integer_divide`, for those who want the whole quotient.

use std::sync::Arc;

use arrow::{
    array::AsArray,
    compute::try_binary,
    datatypes::{DataType, Int64Type},
    error::ArrowError,
};
use datafusion::{
    common::{Result, plan_err},
    logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility},
};

use super::{kinds::Family, operate::TOO_LARGE};

/// `integer_divide(a, b)`.
pub(super) fn integer_divide() -> ScalarUDF {
    ScalarUDF::new_from_impl(IntegerDivide { signature: Signature::user_defined(Volatility::Immutable) })
}

/// The whole quotient of two whole numbers, cut towards zero.
#[derive(Debug, PartialEq, Eq, Hash)]
struct IntegerDivide {
    signature: Signature,
}

impl ScalarUDFImpl for IntegerDivide {
    fn name(&self) -> &str {
        "integer_divide"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        let whole = |data_type| matches!(Family::of(data_type), Some(Family::Null | Family::Whole));
        match arguments {
            [a, b] if whole(a) && whole(b) => Ok(vec![DataType::Int64; 2]),
            _ => plan_err!("integer_divide takes two whole numbers; of others, write floor(a / b)"),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let (a, b) = (arrays[0].as_primitive::<Int64Type>(), arrays[1].as_primitive::<Int64Type>());
        let quotient = try_binary::<_, _, _, Int64Type>(a, b, |a, b| match b {
            0 => Err(ArrowError::ComputeError(
                "`integer_divide` divides by zero: write `nullif(x, 0)` for the divisor to leave such rows empty"
                    .to_owned(),
            )),
            b => a.checked_div(b).ok_or_else(|| ArrowError::ComputeError(format!("`integer_divide` {TOO_LARGE}"))),
        })?;
        Ok(ColumnarValue::Array(Arc::new(quotient)))
    }
}
