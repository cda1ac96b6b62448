//! Exact decimals as 128-bit whole numbers with a scale: reading them from text, changing
//! the scale without losing a digit, and rounding the noise of binary floating point away.

/// Powers of ten up to the largest that 38 digits need.
pub(crate) const POW10: [i128; 39] = {
    let mut powers = [1i128; 39];
    let mut i = 1;
    while i < 39 {
        powers[i] = powers[i - 1] * 10;
        i += 1;
    }
    powers
};

/// Why a number has no exact place in a decimal column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inexact {
    /// More digits behind the point than the scale.
    Scale,
    /// More digits than the precision.
    Precision,
    /// Not a number at all.
    Syntax,
}

/// The same number with another scale.
pub(crate) fn rescale(digits: i128, from: u8, to: u8) -> Result<i128, Inexact> {
    if to >= from {
        let factor = POW10.get(usize::from(to - from)).ok_or(Inexact::Precision)?;
        return digits.checked_mul(*factor).ok_or(Inexact::Precision);
    }
    match POW10.get(usize::from(from - to)) {
        Some(divisor) if digits % divisor == 0 => Ok(digits / divisor),
        None if digits == 0 => Ok(0),
        _ => Err(Inexact::Scale),
    }
}

/// Refuses more digits than `precision`.
#[inline]
pub(crate) fn within(digits: i128, precision: u8) -> Result<i128, Inexact> {
    if digits.unsigned_abs() < POW10[usize::from(precision)].unsigned_abs() {
        Ok(digits)
    } else {
        Err(Inexact::Precision)
    }
}

/// Reads `-123.450` as a whole number of units of `10^-scale`. No exponents, no blanks.
pub(crate) fn parse_at_scale(text: &str, scale: u8) -> Result<i128, Inexact> {
    let (negative, unsigned) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        all => (false, all),
    };
    let point = unsigned.iter().position(|b| *b == b'.').unwrap_or(unsigned.len());
    let whole = &unsigned[..point];
    let fraction = unsigned.get(point + 1..).unwrap_or_default();
    if whole.is_empty() && fraction.is_empty() || !whole.iter().chain(fraction).all(u8::is_ascii_digit) {
        return Err(Inexact::Syntax);
    }
    let kept = fraction.len().min(usize::from(scale));
    if fraction[kept..].iter().any(|b| *b != b'0') {
        return Err(Inexact::Scale);
    }
    let mut digits: i128 = 0;
    for byte in whole.iter().chain(&fraction[..kept]) {
        digits =
            digits.checked_mul(10).and_then(|d| d.checked_add(i128::from(byte - b'0'))).ok_or(Inexact::Precision)?;
    }
    let digits = rescale(digits, kept as u8, scale)?;
    Ok(if negative { -digits } else { digits })
}

/// Reads a decimal with the scale that it is written with.
pub(crate) fn parse(text: &str) -> Result<(i128, u8), Inexact> {
    let fraction = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let scale = u8::try_from(fraction).ok().filter(|s| *s <= 38).ok_or(Inexact::Scale)?;
    let digits = parse_at_scale(text, scale)?;
    Ok((within(digits, 38)?, scale))
}

/// The decimal that a binary floating-point number stands for: sums such as 0.1 + 0.2 miss
/// it by a little, so a hundredth of the last digit is taken as noise; anything more is
/// a digit that the scale has no room for.
pub(crate) fn from_double(value: f64, scale: u8) -> Result<i128, Inexact> {
    let scaled = value * 10f64.powi(i32::from(scale));
    let rounded = scaled.round_ties_even();
    // Beyond 2^53 a double has no digits behind the point, and its spacing is not noise.
    let noise = (scaled.abs() * 4.0 * f64::EPSILON).clamp(0.01, 0.25);
    if (scaled - rounded).abs() > noise {
        return Err(Inexact::Scale);
    }
    if rounded.abs() >= 1e38 {
        return Err(Inexact::Precision);
    }
    Ok(rounded as i128)
}

/// The nearest binary floating-point number.
pub(crate) fn to_double(digits: i128, scale: u8) -> f64 {
    // Both sides exact, so one division rounds once, correctly.
    if digits.unsigned_abs() < (1 << 53) && scale <= 22 {
        return digits as f64 / 10f64.powi(i32::from(scale));
    }
    punctual_model::value::Decimal { digits, scale }.to_f64()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use punctual_model::value::Decimal;

    use super::*;

    #[test]
    fn text_is_read_exactly_or_not_at_all() {
        assert_eq!(parse_at_scale("12.34", 2), Ok(1234));
        assert_eq!(parse_at_scale("-0.05", 2), Ok(-5));
        assert_eq!(parse_at_scale(".5", 1), Ok(5));
        assert_eq!(parse_at_scale("7", 2), Ok(700));
        assert_eq!(parse_at_scale("1.2300", 2), Ok(123));
        assert_eq!(parse_at_scale("1.235", 2), Err(Inexact::Scale));
        assert_eq!(parse_at_scale("170141183460469231731687303715884105728", 0), Err(Inexact::Precision));
        for bad in ["", "-", ".", "1e5", " 1", "1,5", "0x1", "1.2.3", "--1"] {
            assert_eq!(parse_at_scale(bad, 2), Err(Inexact::Syntax), "{bad:?}");
        }
        assert_eq!(parse("99999999999999999999999999999999999999"), Ok((10i128.pow(38) - 1, 0)));
        assert_eq!(parse("100000000000000000000000000000000000000"), Err(Inexact::Precision));
    }

    #[test]
    fn noise_goes_and_digits_stay() {
        assert_eq!(from_double(0.1 + 0.2, 2), Ok(30));
        assert_eq!(from_double(19.99, 2), Ok(1999));
        assert_eq!(from_double(-12.340_000_000_000_002, 2), Ok(-1_234));
        assert_eq!(from_double(1.005, 2), Err(Inexact::Scale));
        assert_eq!(from_double(1e40, 2), Err(Inexact::Precision));
    }

    proptest! {
        #[test]
        fn a_decimal_written_down_is_read_back(digits in -(10i128.pow(38) - 1)..10i128.pow(38), scale in 0u8..=38) {
            let text = Decimal { digits, scale }.to_string();
            prop_assert_eq!(parse_at_scale(&text, scale), Ok(digits));
            prop_assert_eq!(parse(&text), Ok((digits, scale)));
        }

        #[test]
        fn money_survives_binary_floating_point(cents in -1_000_000_000_000i64..1_000_000_000_000) {
            prop_assert_eq!(from_double(cents as f64 / 100.0, 2), Ok(i128::from(cents)));
        }

        #[test]
        fn a_double_is_the_nearest(digits in any::<i64>(), scale in 0u8..=30) {
            let expected: f64 = Decimal { digits: digits.into(), scale }.to_string().parse().expect("a number");
            prop_assert_eq!(to_double(digits.into(), scale), expected);
        }
    }
}
