//! `round`, `trunc`, `floor` and `ceil`: of decimals and quotients they give a decimal with the
//! digits that are asked for, which a table keeps as it is. A double counts as the number that is
//! meant by it, so that 1.005 is rounded to 1.01.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, Decimal128Array, Decimal256Array, Float64Array, Int64Array},
    datatypes::{DataType, Field, FieldRef, Int64Type, i256},
};
use datafusion::{
    common::{DataFusionError, Result, ScalarValue, internal_err, plan_err},
    logical_expr::{
        ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
    },
};

use super::{
    gather::{double_at, exact_at},
    kinds::{DIGITS, Family, WIDE, computed, digits},
    operate::TOO_LARGE,
    wide,
};

/// The four functions.
pub(super) fn functions() -> Vec<ScalarUDF> {
    [Mode::Round, Mode::Trunc, Mode::Floor, Mode::Ceil]
        .into_iter()
        .map(|mode| {
            ScalarUDF::new_from_impl(Rounding { mode, signature: Signature::user_defined(Volatility::Immutable) })
        })
        .collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Mode {
    /// Half away from zero.
    Round,
    /// Towards zero.
    Trunc,
    /// Down.
    Floor,
    /// Up.
    Ceil,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Rounding {
    mode: Mode,
    signature: Signature,
}

impl Mode {
    fn takes_places(self) -> bool {
        matches!(self, Self::Round | Self::Trunc)
    }

    /// A whole number of units, from digits and the digits of a unit.
    fn units(self, value: i256, unit: i256) -> Option<i256> {
        let cut = value.checked_div(unit)?;
        let inexact = value.checked_rem(unit)? != i256::ZERO;
        match self {
            Self::Round => wide::round_div(value, unit),
            Self::Floor if inexact && value.is_negative() => cut.checked_sub(i256::ONE),
            Self::Ceil if inexact && !value.is_negative() => cut.checked_add(i256::ONE),
            _ => Some(cut),
        }
    }

    fn double(self, value: f64, places: i64) -> f64 {
        const MOST: i64 = 300;
        let power = 10_f64.powi(i32::try_from(places.abs().min(MOST)).unwrap_or_default());
        let units = if places < 0 { value / power } else { value * power };
        if !units.is_finite() {
            return value;
        }
        // What lies a few bits below a half, or above a whole number, is meant to be it.
        let bits = 4.0 * f64::EPSILON;
        let near = units.round();
        let whole = if (units - near).abs() <= near.abs() * bits { near } else { units };
        let cut = match self {
            Self::Round => (whole * (1.0 + bits)).round(),
            Self::Trunc => whole.trunc(),
            Self::Floor => whole.floor(),
            Self::Ceil => whole.ceil(),
        };
        if places < 0 { cut * power } else { cut / power }
    }
}

/// How many digits behind the point are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Places {
    /// The same for all rows.
    All(i64),
    /// A column says, or NULL.
    Each,
}

/// The type of a number that is cut to so many places.
fn result(input: &DataType, places: Places) -> DataType {
    const MOST: i64 = 18;
    let (precision, scale) = digits(input);
    match (input, places) {
        (DataType::Decimal128(..), Places::All(places)) => {
            let kept = i8::try_from(places.clamp(0, scale.into())).unwrap_or(scale);
            let whole = precision - i16::from(scale) + i16::from(kept) + 1;
            DataType::Decimal128(u8::try_from(whole.clamp(1, DIGITS.into())).unwrap_or(DIGITS), kept)
        }
        (DataType::Decimal128(..), Places::Each) => DataType::Decimal128(DIGITS, scale),
        (DataType::Decimal256(..), Places::All(places)) if places <= MOST => {
            DataType::Decimal128(DIGITS, i8::try_from(places.max(0)).unwrap_or_default())
        }
        (DataType::Decimal256(..), _) => WIDE,
        _ => input.clone(),
    }
}

impl Rounding {
    fn compute(&self, values: &ArrayRef, places: Option<&ArrayRef>, output: &DataType) -> Result<ArrayRef> {
        let places_at = |row: usize| match places {
            None => Some(0),
            Some(array) => {
                let array = array.as_primitive::<Int64Type>();
                array.is_valid(row).then(|| array.value(row))
            }
        };
        let rows = 0..values.len();
        if *output == DataType::Float64 {
            let cut = |row| Some(self.mode.double(double_at(values, row)?, places_at(row)?));
            return Ok(Arc::new(rows.map(cut).collect::<Float64Array>()));
        }
        let (from, to) = (digits(values.data_type()).1, digits(output).1);
        let precision = match output {
            DataType::Int64 => DIGITS,
            other => u8::try_from(digits(other).0).unwrap_or(DIGITS),
        };
        let mut cut: Vec<Option<i256>> = Vec::with_capacity(values.len());
        for row in rows {
            let Some((value, places)) = exact_at(values, row).zip(places_at(row)) else {
                cut.push(None);
                continue;
            };
            let value = self.cut(value, (from, to), places).filter(|value| wide::fits(*value, precision));
            cut.push(Some(value.ok_or_else(|| self.too_large())?));
        }
        let narrow = |value: &Option<i256>| value.map(|value| value.as_i128());
        Ok(match output {
            DataType::Int64 => {
                let whole = cut.iter().map(|value| narrow(value).map(i64::try_from).transpose());
                Arc::new(whole.collect::<Result<Int64Array, _>>().map_err(|_| self.too_large())?)
            }
            DataType::Decimal128(..) => {
                Arc::new(cut.iter().map(narrow).collect::<Decimal128Array>().with_data_type(output.clone()))
            }
            _ => Arc::new(cut.into_iter().collect::<Decimal256Array>().with_data_type(output.clone())),
        })
    }

    /// Cuts digits of scale `from` to so many places, as digits of scale `to`.
    fn cut(&self, value: i256, (from, to): (i8, i8), places: i64) -> Option<i256> {
        let scale = i64::from(from);
        if places >= scale {
            return wide::rescale(value, from, to);
        }
        let Some(unit) = u32::try_from(scale - places).ok().and_then(wide::ten) else {
            return Some(i256::ZERO);
        };
        let units = self.mode.units(value, unit)?;
        let raise = u32::try_from(i64::from(to) - places).ok()?;
        units.checked_mul(wide::ten(raise)?)
    }

    fn too_large(&self) -> DataFusionError {
        DataFusionError::Execution(format!("`{}` {TOO_LARGE}", self.name()))
    }
}

impl ScalarUDFImpl for Rounding {
    fn name(&self) -> &str {
        match self.mode {
            Mode::Round => "round",
            Mode::Trunc => "trunc",
            Mode::Floor => "floor",
            Mode::Ceil => "ceil",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        let whole = |data_type| matches!(Family::of(data_type), Some(Family::Null | Family::Whole));
        match arguments {
            [value] => Ok(vec![computed(value)?]),
            [value, places] if self.mode.takes_places() && whole(places) => Ok(vec![computed(value)?, DataType::Int64]),
            _ if self.mode.takes_places() => {
                plan_err!("{} takes a number and, if need be, how many digits behind the point are left", self.name())
            }
            _ => plan_err!("{} takes one number", self.name()),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("the type of `{}` depends on its arguments", self.name())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let places = match args.scalar_arguments.get(1) {
            None => Places::All(0),
            Some(Some(ScalarValue::Int64(Some(places)))) => Places::All(*places),
            Some(_) => Places::Each,
        };
        let input = computed(args.arg_fields[0].data_type())?;
        Ok(Arc::new(Field::new(self.name(), result(&input, places), true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let cut = self.compute(&arrays[0], arrays.get(1), args.return_field.data_type())?;
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&cut, 0)?));
        }
        Ok(ColumnarValue::Array(cut))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_cut_as_the_numbers_that_they_mean() {
        for (mode, value, places, cut) in [
            (Mode::Round, 1.005, 2, 1.01),
            (Mode::Round, -2.675, 2, -2.68),
            (Mode::Round, 2.5, 0, 3.0),
            (Mode::Round, 1250.0, -2, 1300.0),
            (Mode::Trunc, 2.29, 2, 2.29),
            (Mode::Floor, 0.1 + 0.2 + 2.7, 0, 3.0),
            (Mode::Floor, -2.5, 0, -3.0),
            (Mode::Ceil, 2.1, 0, 3.0),
            (Mode::Round, 1e300, 20, 1e300),
        ] {
            assert!((mode.double(value, places) - cut).abs() <= cut.abs() * f64::EPSILON, "{mode:?} {value} {places}");
        }
        assert!(Mode::Round.double(f64::NAN, 2).is_nan());
    }

    #[test]
    fn results_have_the_digits_that_are_asked_for() {
        let decimal = DataType::Decimal128(12, 4);
        assert_eq!(result(&decimal, Places::All(2)), DataType::Decimal128(11, 2));
        assert_eq!(result(&decimal, Places::All(9)), DataType::Decimal128(13, 4));
        assert_eq!(result(&decimal, Places::All(-1)), DataType::Decimal128(9, 0));
        assert_eq!(result(&WIDE, Places::All(2)), DataType::Decimal128(38, 2));
        assert_eq!(result(&WIDE, Places::Each), WIDE);
        assert_eq!(result(&DataType::Int64, Places::All(2)), DataType::Int64);
    }
}
