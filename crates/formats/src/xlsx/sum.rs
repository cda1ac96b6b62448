//! The sum of a column as a spreadsheet would compute it, so that a live `SUM` is only written
//! where it gives the total that the document shows.

use punctual_model::value::Value;

use crate::scalar::Scalar;

/// A running sum: exact where the values are.
#[derive(Debug, Default)]
pub(super) struct Sum {
    exact: Option<Exact>,
    double: Option<f64>,
    spoiled: bool,
}

/// Digits at a scale.
#[derive(Debug, Clone, Copy)]
struct Exact {
    digits: i128,
    scale: u8,
}

impl Exact {
    /// The same number at a larger scale; `None` when it does not fit.
    fn at(self, scale: u8) -> Option<i128> {
        10_i128.checked_pow(u32::from(scale - self.scale))?.checked_mul(self.digits)
    }

    fn plus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        Some(Self { digits: self.at(scale)?.checked_add(other.at(scale)?)?, scale })
    }

    fn equals(self, other: Self) -> bool {
        let scale = self.scale.max(other.scale);
        matches!((self.at(scale), other.at(scale)), (Some(one), Some(two)) if one == two)
    }
}

impl Sum {
    /// Adds a value; text and NULL count for nothing, as in Excel.
    pub(super) fn add(&mut self, value: &Scalar<'_>) {
        match value {
            Scalar::Int(value) => self.add_exact(Exact { digits: i128::from(*value), scale: 0 }),
            Scalar::Decimal(value) => self.add_exact(Exact { digits: value.digits, scale: value.scale }),
            Scalar::Double(value) => self.double = Some(self.double.unwrap_or(0.0) + value),
            _ => {}
        }
    }

    fn add_exact(&mut self, value: Exact) {
        let sum = self.exact.unwrap_or(Exact { digits: 0, scale: 0 });
        match sum.plus(value) {
            Some(sum) => self.exact = Some(sum),
            None => self.spoiled = true,
        }
    }

    /// A value of the column does not stand as a number: no formula can find the sum.
    pub(super) fn spoil(&mut self) {
        self.spoiled = true;
    }

    /// Whether a value of the column does not stand as a number.
    pub(super) fn is_spoiled(&self) -> bool {
        self.spoiled
    }

    /// The result that `SUM` over the column would have, when it is this total.
    pub(super) fn result(&self, total: &Value) -> Option<String> {
        let agrees = match (total, self.exact, self.double) {
            _ if self.spoiled => false,
            (Value::Int(total), Some(sum), None) => sum.equals(Exact { digits: i128::from(*total), scale: 0 }),
            (Value::Decimal(total), Some(sum), None) => sum.equals(Exact { digits: total.digits, scale: total.scale }),
            (Value::Double(total), None, Some(sum)) => (total - sum).abs() <= 1e-9 * total.abs().max(sum.abs()),
            _ => false,
        };
        agrees.then(|| match total {
            Value::Int(total) => total.to_string(),
            Value::Decimal(total) => total.to_string(),
            Value::Double(total) => total.to_string(),
            _ => unreachable!("only numbers agree"),
        })
    }
}

#[cfg(test)]
mod tests {
    use punctual_model::value::Decimal;

    use super::*;

    fn sum(values: &[Scalar<'_>]) -> Sum {
        let mut sum = Sum::default();
        values.iter().for_each(|value| sum.add(value));
        sum
    }

    fn decimal(digits: i128, scale: u8) -> Decimal {
        Decimal { digits, scale }
    }

    #[test]
    fn a_total_that_is_the_sum_becomes_a_formula() {
        let ints = sum(&[Scalar::Int(2), Scalar::Null, Scalar::Int(3), Scalar::Text("9".into())]);
        assert_eq!(ints.result(&Value::Int(5)).as_deref(), Some("5"));
        let decimals = sum(&[Scalar::Decimal(decimal(150, 2)), Scalar::Decimal(decimal(5, 1))]);
        assert_eq!(decimals.result(&Value::Decimal(decimal(200, 2))).as_deref(), Some("2.00"));
        assert_eq!(decimals.result(&Value::Int(2)).as_deref(), Some("2"));
        let doubles = sum(&[Scalar::Double(0.1), Scalar::Double(0.2)]);
        assert_eq!(doubles.result(&Value::Double(0.3)).as_deref(), Some("0.3"));
    }

    #[test]
    fn any_other_total_does_not() {
        let ints = sum(&[Scalar::Int(2), Scalar::Int(3)]);
        assert_eq!(ints.result(&Value::Int(6)), None);
        assert_eq!(ints.result(&Value::Null), None);
        assert_eq!(ints.result(&Value::Text("Total".into())), None);
        assert_eq!(Sum::default().result(&Value::Int(0)), None);
        let mut spoiled = sum(&[Scalar::Int(2)]);
        spoiled.spoil();
        assert_eq!(spoiled.result(&Value::Int(2)), None);
        let large = sum(&[Scalar::Decimal(decimal(i128::MAX, 0)), Scalar::Int(1)]);
        assert_eq!(large.result(&Value::Decimal(decimal(i128::MAX, 0))), None);
        assert_eq!(sum(&[Scalar::Double(f64::NAN)]).result(&Value::Double(f64::NAN)), None);
    }
}
