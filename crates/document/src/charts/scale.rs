//! Round ticks: whole multiples of 1, 2 or 5 times a power of ten, held exactly.

use punctual_model::value::{Decimal, Value};

/// Ticks at `count × mantissa × 10^exponent` for `count` from `first` to `last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticks {
    mantissa: i64,
    exponent: i32,
    first: i64,
    last: i64,
}

impl Ticks {
    /// The finest ticks that enclose `low` to `high` with at most `most` steps; `whole` keeps them whole numbers.
    pub(super) fn over(low: f64, high: f64, most: i64, whole: bool) -> Self {
        // Steps finer than this share of the numbers could not be told apart.
        let largest = low.abs().max(high.abs());
        let finest = ((high - low) / most as f64).max(largest * 1e-9).max(if whole { 1.0 } else { 1e-290 });
        let start = finest.log10().floor() as i32;
        for exponent in start.. {
            for mantissa in [1, 2, 5] {
                let step = value(mantissa, exponent);
                if step < finest * (1.0 - 1e-12) || (whole && exponent < 0) {
                    continue;
                }
                // A tick that the rounding of the division misses by a hair is the tick.
                let first = (low / step + 1e-9).floor() as i64;
                let last = (high / step - 1e-9).ceil() as i64;
                if last - first <= most {
                    return Self { mantissa, exponent, first, last: last.max(first + 1) };
                }
            }
        }
        unreachable!("some power of ten encloses every range")
    }

    /// The lowest and the highest tick.
    pub(super) fn range(&self) -> (f64, f64) {
        (self.at(self.first), self.at(self.last))
    }

    /// The digits behind the point that the ticks need.
    pub(super) fn decimals(&self) -> u8 {
        u8::try_from(-self.exponent).unwrap_or(0)
    }

    fn at(&self, count: i64) -> f64 {
        value(count * self.mantissa, self.exponent)
    }

    /// The ticks as numbers to place and as exact values to write.
    pub(super) fn iter(&self) -> impl Iterator<Item = (f64, Value)> + use<> {
        let this = *self;
        (this.first..=this.last).map(move |count| (this.at(count), this.exact(count)))
    }

    fn exact(&self, count: i64) -> Value {
        let digits = i128::from(count * self.mantissa);
        match self.exponent {
            0..=18 => Value::Decimal(Decimal { digits: digits * 10_i128.pow(self.exponent.unsigned_abs()), scale: 0 }),
            -38..=-1 => Value::Decimal(Decimal { digits, scale: self.decimals() }),
            _ => Value::Double(self.at(count)),
        }
    }
}

fn value(digits: i64, exponent: i32) -> f64 {
    match exponent {
        0.. => digits as f64 * 10_f64.powi(exponent),
        _ => digits as f64 / 10_f64.powi(-exponent),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(low: f64, high: f64, whole: bool) -> Vec<String> {
        let write = |value: Value| match value {
            Value::Decimal(decimal) => decimal.to_string(),
            other => format!("{other:?}"),
        };
        Ticks::over(low, high, 5, whole).iter().map(|(_, value)| write(value)).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(texts(0.0, 1150.0, true), ["0", "500", "1000", "1500"]);
        assert_eq!(texts(0.0, 1000.0, true), ["0", "200", "400", "600", "800", "1000"]);
        assert_eq!(texts(0.0, 0.7, false), ["0.0", "0.2", "0.4", "0.6", "0.8"]);
        assert_eq!(texts(-3.0, 7.5, false), ["-5", "0", "5", "10"]);
        assert_eq!(texts(0.0, 1.0, true), ["0", "1"]);
        assert_eq!(texts(0.3, 0.4, false), ["0.30", "0.32", "0.34", "0.36", "0.38", "0.40"]);
    }

    proptest! {
        #[test]
        fn ticks_enclose_the_range_in_few_steps(a in -1e12_f64..1e12, b in -1e12_f64..1e12, scale in -30_i32..30) {
            let (a, b) = (a * 10_f64.powi(scale), b * 10_f64.powi(scale));
            let (low, high) = (a.min(b), a.max(b));
            prop_assume!(high > low);
            let ticks = Ticks::over(low, high, 5, false);
            let (first, last) = ticks.range();
            let slack = (high - low).max(low.abs().max(high.abs()) * 1e-9) * 1e-6;
            prop_assert!(first <= low + slack && high <= last + slack, "{ticks:?}");
            prop_assert!((2..=6).contains(&ticks.iter().count()));
        }
    }
}
