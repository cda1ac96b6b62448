//! PostgreSQL's NUMERIC on the wire: digits to the base of 10,000 with a weight, to and from
//! 128-bit decimals, without text in between.
//!
//! The format is that of `numeric_send` and `numeric_recv`: four 16-bit words (number of digits,
//! weight of the first, sign, digits behind the point as displayed), then the digits.

use crate::decimal::{Inexact, POW10};

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const POSITIVE_INFINITY: u16 = 0xD000;
const NEGATIVE_INFINITY: u16 = 0xF000;
const BASE: i128 = 10_000;

/// Why a NUMERIC is no decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotDecimal {
    /// It is NaN or infinite, by this name.
    Special(&'static str),
    /// It has more digits than fit.
    Inexact(Inexact),
    /// The bytes are not a NUMERIC.
    Malformed,
}

/// A NUMERIC on the wire.
#[derive(Clone, Copy)]
pub(super) struct Numeric<'a> {
    digits: &'a [u8],
    weight: i16,
    negative: bool,
    display_scale: u16,
}

impl<'a> Numeric<'a> {
    /// Reads the header.
    #[inline]
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, NotDecimal> {
        let (header, digits) = bytes.split_first_chunk::<8>().ok_or(NotDecimal::Malformed)?;
        let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
        let negative = match word(4) {
            0 => false,
            NEGATIVE => true,
            NAN => return Err(NotDecimal::Special("NaN")),
            POSITIVE_INFINITY => return Err(NotDecimal::Special("Infinity")),
            NEGATIVE_INFINITY => return Err(NotDecimal::Special("-Infinity")),
            _ => return Err(NotDecimal::Malformed),
        };
        if digits.len() != usize::from(word(0)) * 2 {
            return Err(NotDecimal::Malformed);
        }
        Ok(Self { digits, weight: word(2) as i16, negative, display_scale: word(6) })
    }

    /// Digits behind the point, as displayed.
    pub(super) fn display_scale(&self) -> u16 {
        self.display_scale
    }

    /// The number in units of `10^-scale`.
    #[inline]
    pub(super) fn at_scale(&self, scale: u8) -> Result<i128, NotDecimal> {
        let count = self.digits.len() / 2;
        if count == 0 {
            return Ok(0);
        }
        // The power of ten of the last digit, in units of the scale.
        let last = 4 * (i32::from(self.weight) - count as i32 + 1) + i32::from(scale);
        // Four digits of 10,000 are below 2^54, so small numbers need no wide arithmetic.
        let magnitude = if count <= 4 {
            let whole = self.words().fold(0u64, |sum, digit| sum * 10_000 + u64::from(digit));
            shift(i128::from(whole), last)
        } else {
            self.wide(last)
        };
        let magnitude = magnitude.map_err(NotDecimal::Inexact)?;
        Ok(if self.negative { -magnitude } else { magnitude })
    }

    #[inline]
    fn words(&self) -> impl Iterator<Item = u16> {
        self.digits.chunks_exact(2).map(|word| u16::from_be_bytes([word[0], word[1]]))
    }

    /// Many digits: the last one may reach beyond the scale by up to three zeros, which have
    /// to go before they overflow.
    fn wide(&self, last: i32) -> Result<i128, Inexact> {
        let count = self.digits.len() / 2;
        let mut magnitude: i128 = 0;
        for (place, digit) in self.words().enumerate() {
            let exponent = last + 4 * (count - 1 - place) as i32;
            let digit = i128::from(digit);
            magnitude = if exponent >= 0 {
                magnitude.checked_mul(BASE).and_then(|m| m.checked_add(digit))
            } else if exponent > -4 {
                let rest = POW10[exponent.unsigned_abs() as usize];
                if digit % rest != 0 {
                    return Err(Inexact::Scale);
                }
                magnitude.checked_mul(BASE / rest).and_then(|m| m.checked_add(digit / rest))
            } else if digit == 0 {
                Some(magnitude)
            } else {
                return Err(Inexact::Scale);
            }
            .ok_or(Inexact::Precision)?;
        }
        shift(magnitude, last.max(0))
    }
}

/// `value * 10^power`, exactly.
#[inline]
fn shift(value: i128, power: i32) -> Result<i128, Inexact> {
    let factor = POW10.get(power.unsigned_abs() as usize).copied();
    if power >= 0 {
        return factor.and_then(|f| value.checked_mul(f)).ok_or(Inexact::Precision);
    }
    match factor {
        Some(divisor) if value % divisor == 0 => Ok(value / divisor),
        None if value == 0 => Ok(0),
        _ => Err(Inexact::Scale),
    }
}

/// Writes `digits * 10^-scale` as a NUMERIC.
pub(super) fn write(digits: i128, scale: u8, out: &mut Vec<u8>) {
    let text = digits.unsigned_abs().to_string();
    let scale_digits = usize::from(scale);
    let padded = format!("{text:0>width$}", width = scale_digits + 1);
    let (whole, fraction) = padded.split_at(padded.len() - scale_digits);
    let whole_groups = whole.len().div_ceil(4);
    let whole = format!("{whole:0>width$}", width = whole_groups * 4);
    let fraction = format!("{fraction:0<width$}", width = fraction.len().div_ceil(4) * 4);
    let groups: Vec<u16> = whole
        .as_bytes()
        .chunks(4)
        .chain(fraction.as_bytes().chunks(4))
        .map(|group| group.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')))
        .collect();
    let sign = if digits < 0 { NEGATIVE } else { 0 };
    for word in [groups.len() as u16, whole_groups as u16 - 1, sign, u16::from(scale)] {
        out.extend_from_slice(&word.to_be_bytes());
    }
    for group in groups {
        out.extend_from_slice(&group.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wire(words: &[u16]) -> Vec<u8> {
        words.iter().flat_map(|w| w.to_be_bytes()).collect()
    }

    fn at_scale(bytes: &[u8], scale: u8) -> Result<i128, NotDecimal> {
        Numeric::read(bytes)?.at_scale(scale)
    }

    #[test]
    fn digits_are_read_at_any_scale() {
        // 12345.6789 as the server sends it: 1 2345 . 6789
        let bytes = wire(&[3, 1, 0, 4, 1, 2345, 6789]);
        assert_eq!(at_scale(&bytes, 4), Ok(123_456_789));
        assert_eq!(at_scale(&bytes, 6), Ok(12_345_678_900));
        assert_eq!(at_scale(&bytes, 2), Err(NotDecimal::Inexact(Inexact::Scale)));
        // -0.05: the first digit stands behind the point
        assert_eq!(at_scale(&wire(&[1, 0xFFFF, NEGATIVE, 2, 500]), 2), Ok(-5));
        // 1000000: trailing zero digits are not sent
        assert_eq!(at_scale(&wire(&[1, 1, 0, 0, 100]), 2), Ok(100_000_000));
        assert_eq!(at_scale(&wire(&[0, 0, 0, 2]), 2), Ok(0));
    }

    #[test]
    fn what_is_no_decimal_is_named() {
        assert_eq!(at_scale(&wire(&[0, 0, NAN, 0]), 2), Err(NotDecimal::Special("NaN")));
        assert_eq!(at_scale(&wire(&[0, 0, NEGATIVE_INFINITY, 0]), 2), Err(NotDecimal::Special("-Infinity")));
        assert_eq!(at_scale(&[0, 1, 0], 2), Err(NotDecimal::Malformed));
        assert_eq!(at_scale(&wire(&[2, 0, 0, 0, 7]), 2), Err(NotDecimal::Malformed));
        assert_eq!(at_scale(&wire(&[1, 9, 0, 0, 9999]), 2), Err(NotDecimal::Inexact(Inexact::Precision)));
    }

    #[test]
    fn thirty_eight_digits_and_a_ragged_end() {
        // 9 x 38 with 37 digits behind the point: ten digits of 10,000, the last padded with zeros.
        let mut bytes = Vec::new();
        write(10i128.pow(38) - 1, 37, &mut bytes);
        assert_eq!(at_scale(&bytes, 37), Ok(10i128.pow(38) - 1));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(digits in -(10i128.pow(38) - 1)..10i128.pow(38), scale in 0u8..=38) {
            let mut bytes = Vec::new();
            write(digits, scale, &mut bytes);
            prop_assert_eq!(at_scale(&bytes, scale), Ok(digits));
        }
    }
}
