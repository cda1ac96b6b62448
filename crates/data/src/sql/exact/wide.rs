//! Arithmetic on 256-bit digits: rounding, quotients and products at a scale, without a wrong
//! digit where the result fits and `None` where it does not.

use std::sync::LazyLock;

use arrow::datatypes::i256;

/// How many powers of ten fit 255 bits.
const POWERS: usize = 77;

static TENS: LazyLock<[i256; POWERS]> = LazyLock::new(|| {
    let ten = i256::from_i128(10);
    std::array::from_fn(|exponent| ten.wrapping_pow(u32::try_from(exponent).expect("a small number")))
});

/// 10 to this power.
pub(super) fn ten(exponent: u32) -> Option<i256> {
    TENS.get(usize::try_from(exponent).ok()?).copied()
}

/// Whether a number has no more digits than this.
pub(super) fn fits(value: i256, digits: u8) -> bool {
    ten(u32::from(digits)).is_none_or(|limit| value < limit && value > limit.wrapping_neg())
}

/// Half away from zero: the quotient of two numbers without digits behind the point.
pub(super) fn round_div(dividend: i256, divisor: i256) -> Option<i256> {
    let quotient = dividend.checked_div(divisor)?;
    let rest = dividend.checked_rem(divisor)?.checked_abs()?;
    Some(away(quotient, rest, divisor.checked_abs()?, dividend.is_negative() != divisor.is_negative()))
}

/// The whole quotient, one further from zero when the rest is half of the divisor or more.
fn away(quotient: i256, rest: i256, divisor: i256, negative: bool) -> i256 {
    if rest < divisor.wrapping_sub(rest) {
        quotient
    } else if negative {
        quotient.wrapping_sub(i256::ONE)
    } else {
        quotient.wrapping_add(i256::ONE)
    }
}

/// `dividend * 10^places / divisor`, half away from zero.
pub(super) fn divide(dividend: i256, divisor: i256, places: u32) -> Option<i256> {
    if let Some(raised) = ten(places).and_then(|power| dividend.checked_mul(power)) {
        return round_div(raised, divisor);
    }
    // Digit by digit, as on paper: the raised dividend would not fit, its quotient may.
    let negative = dividend.is_negative() != divisor.is_negative();
    let (dividend, mut divisor) = (dividend.checked_abs()?, divisor.checked_abs()?);
    let mut quotient = dividend.checked_div(divisor)?;
    let mut rest = dividend.checked_rem(divisor)?;
    let ten = i256::from_i128(10);
    for _ in 0..places {
        if rest.checked_mul(ten).is_none() {
            // Beyond the 75th digit of the divisor.
            rest = rest.wrapping_div(ten);
            divisor = divisor.wrapping_div(ten);
        }
        rest = rest.checked_mul(ten)?;
        quotient = quotient.checked_mul(ten)?.checked_add(rest.wrapping_div(divisor))?;
        rest = rest.wrapping_rem(divisor);
    }
    let quotient = away(quotient, rest, divisor, false);
    Some(if negative { quotient.wrapping_neg() } else { quotient })
}

/// `a * b / 10^places`, half away from zero.
pub(super) fn multiply(a: i256, b: i256, places: u32) -> Option<i256> {
    let power = ten(places)?;
    if let Some(product) = a.checked_mul(b) {
        return round_div(product, power);
    }
    // (A + x)(B + y) with whole A and B and fractions x and y.
    let negative = a.is_negative() != b.is_negative();
    let (a, b) = (a.checked_abs()?, b.checked_abs()?);
    let (whole_a, part_a) = (a.wrapping_div(power), a.wrapping_rem(power));
    let (whole_b, part_b) = (b.wrapping_div(power), b.wrapping_rem(power));
    let product = whole_a
        .checked_mul(b)?
        .checked_add(part_a.checked_mul(whole_b)?)?
        .checked_add(round_div(part_a.checked_mul(part_b)?, power)?)?;
    Some(if negative { product.wrapping_neg() } else { product })
}

/// `a * part / whole` for a part between zero and the whole, half away from zero.
pub(super) fn share(a: i256, part: i256, whole: i256) -> Option<i256> {
    let quotient = a.checked_div(whole)?.checked_mul(part)?;
    quotient.checked_add(round_div(a.checked_rem(whole)?.checked_mul(part)?, whole)?)
}

/// The digits at another scale, half away from zero where some are cut.
pub(super) fn rescale(value: i256, from: i8, to: i8) -> Option<i256> {
    let places = u32::from(from.abs_diff(to));
    if to >= from { value.checked_mul(ten(places)?) } else { round_div(value, ten(places)?) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn big(value: i128) -> i256 {
        i256::from_i128(value)
    }

    #[test]
    fn halves_go_away_from_zero() {
        for (a, b, quotient) in [(5, 2, 3), (-5, 2, -3), (5, -2, -3), (-5, -2, 3), (4, 3, 1), (-5, 3, -2), (0, 7, 0)] {
            assert_eq!(round_div(big(a), big(b)), Some(big(quotient)), "{a} / {b}");
        }
        assert_eq!(round_div(big(1), big(0)), None);
        assert_eq!(divide(big(2), big(3), 5), Some(big(66_667)));
        assert_eq!(rescale(big(1_005), 3, 2), Some(big(101)));
    }

    proptest! {
        /// Both ways of dividing give the same digits.
        #[test]
        fn long_division_agrees_with_short(a in any::<i64>(), b in any::<i64>().prop_filter("zero", |b| *b != 0)) {
            let short = divide(big(a.into()), big(b.into()), 38);
            // Raised by 10^57 on both sides, the dividend no longer fits.
            let far = ten(57).expect("a power");
            let long = divide(big(i128::from(a)).wrapping_mul(far), big(i128::from(b)).wrapping_mul(far), 38);
            prop_assume!(big(i128::from(a)).checked_mul(far).is_some() && big(i128::from(b)).checked_mul(far).is_some());
            prop_assert_eq!(short, long);
        }

        /// Products that do not fit are computed by parts, without a wrong digit.
        #[test]
        fn products_by_parts_are_exact(a in any::<i64>(), b in any::<i64>()) {
            let (a, b) = (big(a.into()), big(b.into()));
            let raised = |value: i256, places| value.wrapping_mul(ten(places).expect("a power"));
            let product = multiply(raised(a, 28), raised(b, 28), 38);
            prop_assert_eq!(product, Some(raised(a.wrapping_mul(b), 18)));
        }
    }
}
