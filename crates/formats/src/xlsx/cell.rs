//! Puts one typed value into a cell, as the type that its column has in Excel.

use jiff::civil;
use punctual_document::{
    content::Align,
    format::FormatError,
    write::{Style, Writer, repeated_hour},
};
use punctual_model::{
    value::{Decimal, Value},
    zone::Zone,
};
use rust_xlsxwriter::{Format, Worksheet, XlsxError};

use super::{number_format, styles, xlsx};
use crate::{plain, scalar::Scalar};

/// The most UTF-16 units of one cell.
const MAX_TEXT: usize = 32_767;

/// Excel keeps 15 significant digits.
const MAX_DIGITS: u32 = 15;

/// How the values of one column become cells.
pub(super) struct CellWriter {
    writer: Writer,
    shape: Shape,
    /// The number format's code.
    code: String,
}

enum Shape {
    /// Numbers, shown with so many decimals (of the ratio, for percent).
    Number(u8),
    Date,
    DateTime(Zone),
    Text,
}

/// What a cell became.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    /// Nothing, for NULL and empty text.
    Nothing,
    /// The value as it is.
    Typed,
    /// A number as text: the column is text, or Excel would show other digits.
    NumberAsText,
    /// Text that was cut at the limit.
    CutText,
}

impl CellWriter {
    /// # Errors
    /// When the style names a time zone that does not exist.
    pub(super) fn new(writer: &Writer) -> Result<Self, FormatError> {
        let shape = match &writer.style {
            Style::Number { decimals } | Style::Currency { decimals, .. } => Shape::Number(*decimals),
            Style::Percent { decimals } => Shape::Number(decimals.saturating_add(2)),
            Style::Date => Shape::Date,
            Style::DateTime { .. } => Shape::DateTime(plain::zone_of(&writer.style)?),
            Style::Text | Style::Bool => Shape::Text,
        };
        Ok(Self { writer: writer.clone(), shape, code: number_format::code(writer) })
    }

    /// The format of the column's cells, on top of `base`.
    pub(super) fn format(&self, base: Format) -> Format {
        base.set_num_format(&self.code)
    }

    /// Puts a value; without a `format` the column's applies. A value that the column's style does
    /// not fit stands as the text that people read elsewhere.
    pub(super) fn put(
        &self,
        cell: &mut Cell<'_>,
        value: Scalar<'_>,
        format: Option<&Format>,
    ) -> Result<Put, FormatError> {
        let number = match (&self.shape, &value) {
            (_, Scalar::Null) => return cell.blank(format),
            (_, Scalar::Bool(value)) => return cell.bool(*value, format),
            (_, Scalar::Text(text)) => return cell.text(text, format),
            (Shape::Number(decimals), Scalar::Int(value)) => number(i128::from(*value), 0, *decimals),
            (Shape::Number(decimals), Scalar::Decimal(value)) => number(value.digits, value.scale, *decimals),
            (Shape::Number(_), Scalar::Double(value)) if value.is_finite() => Some(*value),
            (Shape::Date, Scalar::Date(date)) => serial(date.to_datetime(civil::Time::midnight())),
            (Shape::Date, Scalar::Local(at)) => serial(at.date().to_datetime(civil::Time::midnight())),
            (Shape::DateTime(_), Scalar::Local(at)) => serial(*at),
            (Shape::DateTime(zone), Scalar::Instant(at)) => serial(zone.rules().to_datetime(*at)),
            _ => None,
        };
        if let (Shape::DateTime(zone), Scalar::Instant(at), Some(serial)) = (&self.shape, &value, number)
            && let Some(which) = repeated_hour(zone, *at)
        {
            // The cell stays a time; which of the two it is stands in its format.
            let base = format.cloned().unwrap_or_else(|| styles::body(Align::Left));
            return cell.number(serial, Some(&base.set_num_format(number_format::followed_by(&self.code, &which))));
        }
        if let Some(number) = number {
            return cell.number(number, format);
        }
        let is_number = matches!(value, Scalar::Int(_) | Scalar::Decimal(_) | Scalar::Double(_));
        cell.text(&self.writer.write(&Value::from(value)), format)?;
        Ok(if is_number { Put::NumberAsText } else { Put::Typed })
    }
}

/// A number whose shown digits Excel can hold.
fn number(digits: i128, scale: u8, decimals: u8) -> Option<f64> {
    let hidden = u32::from(scale.saturating_sub(decimals));
    let mut shown = 10_u128.checked_pow(hidden).map_or(0, |tens| digits.unsigned_abs() / tens);
    while shown >= 10_u128.pow(MAX_DIGITS) && shown.is_multiple_of(10) {
        shown /= 10;
    }
    (shown < 10_u128.pow(MAX_DIGITS)).then(|| to_f64(digits, scale))
}

/// The nearest double. Both parts of a short decimal are exact doubles, so one division rounds once.
fn to_f64(digits: i128, scale: u8) -> f64 {
    const EXACT: u128 = 1 << 53;
    if digits.unsigned_abs() <= EXACT && scale <= 22 {
        return digits as f64 / 10_f64.powi(i32::from(scale));
    }
    Decimal { digits, scale }.to_f64()
}

/// Days since 1899-12-30, which agrees with Excel's calendar from March 1900 on; Excel knows no
/// earlier days (it counts a 29 February 1900) and none after the year 9999.
fn serial(at: civil::DateTime) -> Option<f64> {
    const FIRST: civil::Date = civil::date(1900, 3, 1);
    const EPOCH: civil::Date = civil::date(1899, 12, 30);
    if at.date() < FIRST || at.year() > 9_999 {
        return None;
    }
    let days = EPOCH.until(at.date()).ok()?.get_days();
    let time = at.time();
    let seconds = i32::from(time.hour()) * 3_600 + i32::from(time.minute()) * 60 + i32::from(time.second());
    let fraction = (f64::from(seconds) + f64::from(time.subsec_nanosecond()) / 1e9) / 86_400.0;
    Some(f64::from(days) + fraction)
}

/// A place on a worksheet.
pub(super) struct Cell<'a> {
    pub(super) sheet: &'a mut Worksheet,
    pub(super) row: u32,
    pub(super) col: u16,
}

impl Cell<'_> {
    fn blank(&mut self, format: Option<&Format>) -> Result<Put, FormatError> {
        if let Some(format) = format {
            self.sheet.write_blank(self.row, self.col, format).map_err(xlsx)?;
        }
        Ok(Put::Nothing)
    }

    fn bool(&mut self, value: bool, format: Option<&Format>) -> Result<Put, FormatError> {
        let Self { sheet, row, col } = self;
        typed(match format {
            Some(format) => sheet.write_boolean_with_format(*row, *col, value, format),
            None => sheet.write_boolean(*row, *col, value),
        })
    }

    fn number(&mut self, value: f64, format: Option<&Format>) -> Result<Put, FormatError> {
        let Self { sheet, row, col } = self;
        typed(match format {
            Some(format) => sheet.write_number_with_format(*row, *col, value, format),
            None => sheet.write_number(*row, *col, value),
        })
    }

    /// Writes text as a typed string, cut where a cell ends.
    pub(super) fn text(&mut self, text: &str, format: Option<&Format>) -> Result<Put, FormatError> {
        if text.is_empty() {
            return self.blank(format);
        }
        let (shown, cut) = fitting(text);
        let Self { sheet, row, col } = self;
        typed(match format {
            Some(format) => sheet.write_string_with_format(*row, *col, shown.as_ref(), format),
            None => sheet.write_string(*row, *col, shown.as_ref()),
        })?;
        Ok(if cut { Put::CutText } else { Put::Typed })
    }
}

fn typed(result: Result<&mut Worksheet, XlsxError>) -> Result<Put, FormatError> {
    result.map(|_| Put::Typed).map_err(xlsx)
}

/// The text, or as much of it as fits a cell, with an ellipsis; and whether it was cut.
pub(super) fn fitting(text: &str) -> (std::borrow::Cow<'_, str>, bool) {
    // No text has more UTF-16 units than bytes.
    if text.len() <= MAX_TEXT || text.encode_utf16().count() <= MAX_TEXT {
        return (text.into(), false);
    }
    let mut units = 0;
    let end = text.char_indices().find(|(_, c)| {
        units += c.len_utf16();
        units >= MAX_TEXT
    });
    let end = end.map_or(text.len(), |(index, _)| index);
    (format!("{}…", &text[..end]).into(), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_more_digits_than_excel_keeps_are_told_apart() {
        assert_eq!(number(999_999_999_999_999, 0, 0), Some(999_999_999_999_999.0));
        assert_eq!(number(1_234_567_890_123_456, 0, 0), None);
        assert_eq!(number(-1_234_567_890_123_456, 0, 0), None);
        assert_eq!(number(1_234_567_890_123_450, 0, 0), Some(1_234_567_890_123_450.0));
        // A third with 30 decimals, of which two are shown.
        assert_eq!(number(333_333_333_333_333_333_333_333_333_333, 30, 2), Some(1.0 / 3.0));
        assert_eq!(number(333_333_333_333_333_333_333_333_333_333, 30, 20), None);
        assert_eq!(number(i128::MIN, 38, 2), Some(-1.701_411_834_604_692_3));
        assert_eq!(number(i128::MAX, 200, 2), Some(Decimal { digits: i128::MAX, scale: 200 }.to_f64()));
    }

    #[test]
    fn decimals_become_the_nearest_double() {
        assert_eq!(to_f64(1, 1), 0.1);
        assert_eq!(to_f64(123_456_789_012_345, 2), 1_234_567_890_123.45);
        assert_eq!(to_f64(-5, 22), -5e-22);
    }

    #[test]
    fn days_are_excel_s() {
        let at = |y, m, d, h| civil::date(y, m, d).at(h, 0, 0, 0);
        assert_eq!(serial(at(1900, 3, 1, 0)), Some(61.0));
        assert_eq!(serial(at(2026, 10, 5, 18)), Some(46_300.75));
        assert_eq!(serial(at(9999, 12, 31, 0)), Some(2_958_465.0));
        assert_eq!(serial(at(1900, 2, 28, 0)), None);
        assert_eq!(serial(at(-1, 1, 1, 0)), None);
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let (text, cut) = fitting("short");
        assert_eq!((text.as_ref(), cut), ("short", false));
        let exactly = "a".repeat(MAX_TEXT);
        assert_eq!(fitting(&exactly), (exactly.as_str().into(), false));
        let long = "👾".repeat(20_000);
        let (text, cut) = fitting(&long);
        assert!(cut);
        assert_eq!(text.encode_utf16().count(), MAX_TEXT);
        assert!(text.ends_with("👾…"));
    }
}
