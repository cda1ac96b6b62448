//! Decimal digits with a point, and their rounding. Every number passes through here on its way
//! to text, so whole numbers, decimals and doubles are rounded by one rule.

use std::fmt::Write as _;

/// A finite number as decimal digits: `0.d₁d₂d₃… × 10^point`.
#[derive(Debug, Clone)]
pub(crate) struct Digits {
    negative: bool,
    digits: [u8; 40],
    len: usize,
    point: i32,
}

impl Digits {
    /// `digits × 10^-scale`.
    pub(crate) fn of_decimal(digits: i128, scale: i32) -> Self {
        let mut this = Self { negative: digits < 0, digits: [0; 40], len: 0, point: 0 };
        let mut rest = digits.unsigned_abs();
        let mut reversed = [0_u8; 40];
        let mut len = 0;
        // 128-bit division is slow; most numbers fit 64 bits.
        while rest > u128::from(u64::MAX) {
            reversed[len] = (rest % 10) as u8;
            rest /= 10;
            len += 1;
        }
        let mut rest = u64::try_from(rest).expect("at most 64 bits are left");
        while rest > 0 {
            reversed[len] = (rest % 10) as u8;
            rest /= 10;
            len += 1;
        }
        for (to, from) in this.digits.iter_mut().zip(reversed[..len].iter().rev()) {
            *to = *from;
        }
        this.len = len;
        this.point = i32::try_from(len).expect("at most 39 digits") - scale;
        this
    }

    /// The decimal that people mean by a double, before it is rounded to `decimals`: its first 15
    /// significant digits, as spreadsheets read it (2.675 is 2.675, though the nearest double lies
    /// below); where more digits than that are to be shown, the shortest text that reads back as
    /// the same double. `None` for NaN and infinities.
    pub(crate) fn of_double(value: f64, decimals: i32) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        let mut text = Scratch::default();
        write!(text, "{value:.14e}").expect("15 digits fit");
        let mut this = Self::of_scientific(text.as_str());
        if this.point + decimals >= 15 {
            text = Scratch::default();
            write!(text, "{value:e}").expect("17 digits fit");
            this = Self::of_scientific(text.as_str());
        }
        Some(this)
    }

    fn of_scientific(text: &str) -> Self {
        let (mantissa, exponent) = text.split_once('e').expect("Rust writes an exponent");
        let mut this = Self { negative: mantissa.starts_with('-'), digits: [0; 40], len: 0, point: 0 };
        for digit in mantissa.bytes().filter(u8::is_ascii_digit) {
            this.digits[this.len] = digit - b'0';
            this.len += 1;
        }
        this.point = exponent.parse::<i32>().expect("Rust writes a whole exponent") + 1;
        this
    }

    /// The number times `10^places`.
    pub(crate) fn shift(&mut self, places: i32) {
        self.point += places;
    }

    /// Rounds to so many digits behind the point, halves away from zero. Zero loses its sign.
    pub(crate) fn round(&mut self, decimals: i32) {
        let keep = self.point + decimals;
        match usize::try_from(keep) {
            Err(_) => self.len = 0,
            Ok(keep) if keep < self.len => {
                let up = self.digits[keep] >= 5;
                self.len = keep;
                if up {
                    self.increment();
                }
            }
            Ok(_) => {}
        }
        if self.digits[..self.len].iter().all(|d| *d == 0) {
            self.len = 0;
            self.negative = false;
        }
    }

    /// Adds one to the last digit kept.
    fn increment(&mut self) {
        for digit in self.digits[..self.len].iter_mut().rev() {
            *digit += 1;
            if *digit < 10 {
                return;
            }
            *digit = 0;
        }
        // All were nines, or none was kept: a one stands before them.
        self.digits.copy_within(0..self.len, 1);
        self.digits[0] = 1;
        self.len += 1;
        self.point += 1;
    }

    /// The number in units of `10^-decimals`, rounded; `None` when 128 bits do not hold it.
    pub(crate) fn units(mut self, decimals: i32) -> Option<i128> {
        self.round(decimals);
        let places = i32::try_from(self.whole_len()).ok()?;
        let mut digits = (1 - places..=decimals).map(|place| self.at(-place).to_digit(10).unwrap_or(0));
        let magnitude = digits.try_fold(0_i128, |sum, digit| sum.checked_mul(10)?.checked_add(digit.into()))?;
        Some(if self.negative { -magnitude } else { magnitude })
    }

    pub(crate) fn is_negative(&self) -> bool {
        self.negative
    }

    /// How many digits stand before the point; 0 below one.
    pub(crate) fn whole_len(&self) -> usize {
        // Leading zeros come from 0.00e0 only, which has no digits once rounded.
        if self.len == 0 { 0 } else { usize::try_from(self.point).unwrap_or(0) }
    }

    /// The digit at a place: 0 is the first before the point, -1 the first behind it.
    pub(crate) fn at(&self, place: i32) -> char {
        let index = usize::try_from(self.point - 1 - place).ok();
        let digit = index.and_then(|i| self.digits[..self.len].get(i)).copied().unwrap_or(0);
        char::from(b'0' + digit)
    }
}

/// Room for a double's text without an allocation.
#[derive(Default)]
struct Scratch {
    bytes: [u8; 32],
    len: usize,
}

impl Scratch {
    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).expect("only whole strs are written")
    }
}

impl std::fmt::Write for Scratch {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.len + text.len();
        self.bytes.get_mut(self.len..end).ok_or(std::fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(mut digits: Digits, decimals: i32) -> String {
        digits.round(decimals);
        let whole = i32::try_from(digits.whole_len().max(1)).expect("short");
        let mut out = String::from(if digits.is_negative() { "-" } else { "" });
        out.extend((0..whole).rev().map(|place| digits.at(place)));
        out.push('.');
        out.extend((1..=decimals).map(|place| digits.at(-place)));
        out
    }

    #[test]
    fn decimals_are_rounded_half_away_from_zero() {
        let of = |digits, scale, decimals| text(Digits::of_decimal(digits, scale), decimals);
        assert_eq!(of(2675, 3, 2), "2.68");
        assert_eq!(of(-2675, 3, 2), "-2.68");
        assert_eq!(of(2665, 3, 2), "2.67");
        assert_eq!(of(5, 1, 0), "1.");
        assert_eq!(of(49, 2, 0), "0.");
        assert_eq!(of(999, 2, 1), "10.0");
        assert_eq!(of(-4, 3, 2), "0.00");
        assert_eq!(of(7, 0, 2), "7.00");
        assert_eq!(of(5, 3, 2), "0.01");
        assert_eq!(of(5, 5, 2), "0.00");
        assert_eq!(of(95, 2, 0), "1.");
        assert_eq!(of(i128::MAX, 0, 0), format!("{}.", i128::MAX));
        assert_eq!(of(i128::MIN, 38, 1), "-1.7");
    }

    #[test]
    fn doubles_are_rounded_as_people_read_them() {
        let of = |value: f64, decimals| text(Digits::of_double(value, decimals).expect("finite"), decimals);
        assert_eq!(of(2.675, 2), "2.68");
        assert_eq!(of(1.005, 2), "1.01");
        assert_eq!(of(-1.005, 2), "-1.01");
        assert_eq!(of(0.1 + 0.2, 1), "0.3");
        assert_eq!(of(0.285 * 100.0, 0), "29.");
        assert_eq!(of(-0.0, 2), "0.00");
        assert_eq!(of(-0.001, 2), "0.00");
        assert_eq!(of(0.5, 0), "1.");
        assert_eq!(of(9_007_199_254_740_993.0, 0), "9007199254740992.");
        assert_eq!(of(1e21, 0), "1000000000000000000000.");
        assert_eq!(of(5e-324, 2), "0.00");
        assert_eq!(of(0.1, 17), "0.10000000000000000");
        assert!(Digits::of_double(f64::NAN, 0).is_none());
    }
}
