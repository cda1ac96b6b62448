//! One column of the dataset while it fills: an Arrow builder that takes values of any wire
//! type and either keeps them without loss or says why it cannot. The builder is chosen once
//! for a column; nothing here knows which database a value came from.

use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder, StringBuilder,
        TimestampMicrosecondBuilder,
    },
    datatypes::{DataType, TimeUnit},
};
use punctual_model::{column_type::ColumnType, value::Decimal};

use crate::{
    decimal::{self, Inexact},
    time::{self, TimeRules},
    words,
};

/// Why a value has no place in its column; the words of a message without its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misfit(String);

impl Misfit {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    pub(crate) fn into_message(self) -> String {
        self.0
    }
}

/// How texts are kept, so that those which count as one are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Normal {
    /// As they are.
    Exact,
    /// Without the blanks at the end.
    Trim,
    /// Without the blanks at the end and in lower case.
    Fold,
}

/// A column that takes values.
pub(crate) struct Sink {
    column: Column,
    rules: Arc<TimeRules>,
}

enum Column {
    Bool(BooleanBuilder),
    Int(Int64Builder),
    Double(Float64Builder),
    Decimal { values: Decimal128Builder, precision: u8, scale: u8 },
    Text { values: StringBuilder, normal: Normal },
    Date(Date32Builder),
    Local(TimestampMicrosecondBuilder),
    Instant(TimestampMicrosecondBuilder),
}

/// The Arrow type that a dataset's column has.
pub(crate) fn arrow_type(column_type: ColumnType) -> DataType {
    match column_type {
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Int => DataType::Int64,
        ColumnType::Double => DataType::Float64,
        ColumnType::Decimal { precision, scale } => DataType::Decimal128(precision, scale as i8),
        ColumnType::Text => DataType::Utf8,
        ColumnType::Date => DataType::Date32,
        ColumnType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        ColumnType::Timestamptz => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
    }
}

type Fit = Result<(), Misfit>;

impl Sink {
    /// An empty column with room for so many rows.
    pub(crate) fn new(column_type: ColumnType, rules: Arc<TimeRules>, normal: Normal, rows: usize) -> Self {
        let column = match column_type {
            ColumnType::Bool => Column::Bool(BooleanBuilder::with_capacity(rows)),
            ColumnType::Int => Column::Int(Int64Builder::with_capacity(rows)),
            ColumnType::Double => Column::Double(Float64Builder::with_capacity(rows)),
            ColumnType::Decimal { precision, scale } => Column::Decimal {
                values: Decimal128Builder::with_capacity(rows).with_data_type(arrow_type(column_type)),
                precision,
                scale,
            },
            ColumnType::Text => Column::Text { values: StringBuilder::with_capacity(rows, rows * 16), normal },
            ColumnType::Date => Column::Date(Date32Builder::with_capacity(rows)),
            ColumnType::Timestamp => Column::Local(TimestampMicrosecondBuilder::with_capacity(rows)),
            ColumnType::Timestamptz => Column::Instant(
                TimestampMicrosecondBuilder::with_capacity(rows).with_data_type(arrow_type(column_type)),
            ),
        };
        Self { column, rules }
    }

    /// What the column keeps.
    pub(crate) fn column_type(&self) -> ColumnType {
        match &self.column {
            Column::Bool(_) => ColumnType::Bool,
            Column::Int(_) => ColumnType::Int,
            Column::Double(_) => ColumnType::Double,
            Column::Decimal { precision, scale, .. } => ColumnType::Decimal { precision: *precision, scale: *scale },
            Column::Text { .. } => ColumnType::Text,
            Column::Date(_) => ColumnType::Date,
            Column::Local(_) => ColumnType::Timestamp,
            Column::Instant(_) => ColumnType::Timestamptz,
        }
    }

    /// The scale that a decimal column wants its digits in; `None` for other columns.
    #[inline]
    pub(crate) fn scale(&self) -> Option<u8> {
        match &self.column {
            Column::Decimal { scale, .. } => Some(*scale),
            _ => None,
        }
    }

    /// The filled column; what follows fills the next one, with room for so many rows.
    pub(crate) fn take(&mut self, rows: usize) -> ArrayRef {
        let normal = if let Column::Text { normal, .. } = self.column { normal } else { Normal::Exact };
        let next = Self::new(self.column_type(), Arc::clone(&self.rules), normal, rows);
        match std::mem::replace(self, next).column {
            Column::Bool(mut b) => Arc::new(b.finish()),
            Column::Int(mut b) => Arc::new(b.finish()),
            Column::Double(mut b) => Arc::new(b.finish()),
            Column::Decimal { mut values, .. } => Arc::new(values.finish()),
            Column::Text { mut values, .. } => Arc::new(values.finish()),
            Column::Date(mut b) => Arc::new(b.finish()),
            Column::Local(mut b) | Column::Instant(mut b) => Arc::new(b.finish()),
        }
    }

    /// SQL NULL.
    #[inline]
    pub(crate) fn push_null(&mut self) {
        match &mut self.column {
            Column::Bool(b) => b.append_null(),
            Column::Int(b) => b.append_null(),
            Column::Double(b) => b.append_null(),
            Column::Decimal { values, .. } => values.append_null(),
            Column::Text { values: b, .. } => b.append_null(),
            Column::Date(b) => b.append_null(),
            Column::Local(b) | Column::Instant(b) => b.append_null(),
        }
    }

    /// A truth value.
    pub(crate) fn push_bool(&mut self, value: bool) -> Fit {
        match &mut self.column {
            Column::Bool(b) => b.append_value(value),
            Column::Int(b) => b.append_value(value.into()),
            Column::Text { values: b, .. } => b.append_value(if value { "true" } else { "false" }),
            _ => return Err(self.misfit(&value)),
        }
        Ok(())
    }

    /// A whole number.
    #[inline]
    pub(crate) fn push_int(&mut self, value: i64) -> Fit {
        match &mut self.column {
            Column::Int(b) => b.append_value(value),
            Column::Double(b) => {
                if value.unsigned_abs() > 1 << 53 {
                    return Err(Misfit::new(format!("{value} has more digits than a double; declare `int`")));
                }
                b.append_value(value as f64);
            }
            Column::Decimal { values, precision, scale } => {
                let digits = decimal::rescale(value.into(), 0, *scale).and_then(|d| decimal::within(d, *precision));
                values.append_value(digits.map_err(|why| inexact(why, &value, *precision, *scale))?);
            }
            Column::Text { values: b, .. } => b.append_value(value.to_string()),
            Column::Bool(b) => match value {
                0 | 1 => b.append_value(value == 1),
                _ => return Err(Misfit::new(format!("{value} is neither 0 nor 1; declare `int`"))),
            },
            Column::Date(b) => b.append_value(self.rules.date_of_count(value)?),
            Column::Local(b) => b.append_value(self.rules.local_of_count(value)?),
            Column::Instant(b) => b.append_value(self.rules.instant_of_count(value)?),
        }
        Ok(())
    }

    /// A binary floating-point number.
    #[inline]
    pub(crate) fn push_double(&mut self, value: f64) -> Fit {
        if !value.is_finite() {
            return Err(Misfit::new(format!("{value} is not a number that can be reported; leave it out in the SQL")));
        }
        match &mut self.column {
            Column::Double(b) => b.append_value(value),
            Column::Decimal { values, precision, scale } => {
                let digits = decimal::from_double(value, *scale).and_then(|d| decimal::within(d, *precision));
                values.append_value(digits.map_err(|why| inexact(why, &value, *precision, *scale))?);
            }
            Column::Text { values: b, .. } => b.append_value(value.to_string()),
            // Whole doubles below 2^63 are exact as integers.
            _ if value.fract() == 0.0 && value.abs() < 9.2e18 => return self.push_int(value as i64),
            _ => return Err(self.misfit(&value)),
        }
        Ok(())
    }

    /// A binary floating-point number of half the width: the decimal digits that tell it from its neighbours,
    /// which are those that servers show, not those of the wider number that is equal to it.
    pub(crate) fn push_float(&mut self, value: f32) -> Fit {
        let digits = value.to_string();
        match &mut self.column {
            Column::Text { values, .. } if value.is_finite() => values.append_value(digits),
            _ => return self.push_double(digits.parse().unwrap_or_else(|_| f64::from(value))),
        }
        Ok(())
    }

    /// An exact decimal: `digits * 10^-scale`.
    #[inline]
    pub(crate) fn push_decimal(&mut self, digits: i128, from: u8) -> Fit {
        match &mut self.column {
            Column::Decimal { values, precision, scale } => {
                let fitted = decimal::rescale(digits, from, *scale).and_then(|d| decimal::within(d, *precision));
                let written = Decimal { digits, scale: from };
                values.append_value(fitted.map_err(|why| inexact(why, &written, *precision, *scale))?);
            }
            Column::Double(b) => b.append_value(decimal::to_double(digits, from)),
            Column::Text { values: b, .. } => b.append_value(Decimal { digits, scale: from }.to_string()),
            _ => {
                let whole = decimal::rescale(digits, from, 0).ok().and_then(|d| i64::try_from(d).ok());
                return match whole {
                    Some(whole) => self.push_int(whole),
                    None => Err(self.misfit(&Decimal { digits, scale: from })),
                };
            }
        }
        Ok(())
    }

    /// Text, which is read as the column's type.
    #[inline]
    pub(crate) fn push_text(&mut self, text: &str) -> Fit {
        match &mut self.column {
            Column::Text { values, normal } => match normal {
                Normal::Exact => values.append_value(text),
                Normal::Trim => values.append_value(text.trim_end_matches(' ')),
                Normal::Fold => values.append_value(folded(text)),
            },
            Column::Int(b) => match text.parse() {
                Ok(value) => b.append_value(value),
                Err(_) => return Err(self.misfit(&text)),
            },
            Column::Double(b) => match text.parse::<f64>() {
                Ok(value) if value.is_finite() => b.append_value(value),
                _ => return Err(self.misfit(&text)),
            },
            Column::Decimal { values, precision, scale } => {
                let digits = decimal::parse_at_scale(text, *scale).and_then(|d| decimal::within(d, *precision));
                values.append_value(digits.map_err(|why| inexact(why, &text, *precision, *scale))?);
            }
            Column::Bool(b) => match text {
                "true" | "TRUE" | "True" | "t" | "1" => b.append_value(true),
                "false" | "FALSE" | "False" | "f" | "0" => b.append_value(false),
                _ => {
                    return Err(Misfit::new(format!(
                        "`{}` is not a bool (expected true or false)",
                        words::value(&text)
                    )));
                }
            },
            Column::Date(b) => b.append_value(self.rules.date_of_text(text)?),
            Column::Local(b) => b.append_value(self.rules.local_of_text(text)?),
            Column::Instant(b) => b.append_value(self.rules.instant_of_text(text)?),
        }
        Ok(())
    }

    /// A civil date, in days since 1970.
    #[inline]
    pub(crate) fn push_date(&mut self, days: i32) -> Fit {
        let days = time::within_days(days)?;
        match &mut self.column {
            Column::Date(b) => b.append_value(days),
            Column::Local(b) => b.append_value(time::local_of_day(days)),
            Column::Text { values: b, .. } => b.append_value(time::iso_of_days(days)?),
            _ => return Err(self.misfit(&time::iso_of_days(days)?)),
        }
        Ok(())
    }

    /// A zone-less time, in microseconds since 1970 as if it were UTC.
    #[inline]
    pub(crate) fn push_local(&mut self, micros: i64) -> Fit {
        let micros = time::within_micros(micros)?;
        match &mut self.column {
            Column::Local(b) => b.append_value(micros),
            Column::Instant(b) => b.append_value(self.rules.instant_of_local(micros)?),
            Column::Date(b) => b.append_value(time::day_of_local(micros)?),
            Column::Text { values: b, .. } => b.append_value(time::iso_of_local(micros)?),
            _ => return Err(self.misfit(&time::iso_of_local(micros)?)),
        }
        Ok(())
    }

    /// A point in time, in microseconds since 1970.
    #[inline]
    pub(crate) fn push_instant(&mut self, micros: i64) -> Fit {
        let micros = time::within_micros(micros)?;
        match &mut self.column {
            Column::Instant(b) => b.append_value(micros),
            Column::Local(b) => b.append_value(self.rules.local_of_instant(micros)?),
            Column::Text { values: b, .. } => b.append_value(time::iso_of_instant(micros)?),
            _ => return Err(self.misfit(&time::iso_of_instant(micros)?)),
        }
        Ok(())
    }

    /// The words for a value that is not of the column's type.
    pub(crate) fn misfit(&self, value: &dyn std::fmt::Display) -> Misfit {
        Misfit::new(format!("`{}` is not {}", words::value(value), self.column_type()))
    }
}

/// Upper case first: it joins letters that only differ in lower case, such as the two small sigmas.
fn folded(text: &str) -> String {
    text.trim_end_matches(' ').to_uppercase().to_lowercase()
}

/// The words for a number that a decimal column cannot keep.
pub(crate) fn inexact(why: Inexact, value: &dyn std::fmt::Display, precision: u8, scale: u8) -> Misfit {
    let (column, value) = (ColumnType::Decimal { precision, scale }, words::value(value));
    Misfit::new(match why {
        Inexact::Scale => {
            format!(
                "{value} has more digits behind the point than {column}; round it in the SQL or declare a larger scale"
            )
        }
        Inexact::Precision => format!("{value} has more digits than {column}; declare a larger precision or `text`"),
        Inexact::Syntax => format!("`{value}` is not {column}"),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use arrow::util::display::array_value_to_string;
    use punctual_data::source::SourceConfig;
    use punctual_model::{definition::TimeEncoding, zone::Zone};

    use super::*;

    fn sink(column_type: &str) -> Sink {
        let config = SourceConfig {
            name: "s".into(),
            timezone: Zone::utc(),
            time_encoding: TimeEncoding::Native,
            timeout: Duration::from_secs(1),
            cell_bytes: 1 << 20,
            options: serde_json::Map::new(),
            project: "/".into(),
        };
        let rules = TimeRules::new(&config).expect("rules");
        Sink::new(column_type.parse().expect("a column type"), Arc::new(rules), Normal::Exact, 1)
    }

    /// What the column keeps of one value, or why it keeps none.
    fn kept(column_type: &str, push: impl Fn(&mut Sink) -> Fit) -> String {
        let mut sink = sink(column_type);
        match push(&mut sink) {
            Ok(()) => array_value_to_string(&sink.take(1), 0).expect("it can be shown"),
            Err(misfit) => misfit.into_message(),
        }
    }

    #[test]
    fn a_value_is_kept_without_loss() {
        assert_eq!(kept("decimal(9,2)", |s| s.push_int(-7)), "-7.00");
        assert_eq!(kept("decimal(9,2)", |s| s.push_decimal(12_300, 4)), "1.23");
        assert_eq!(kept("double", |s| s.push_decimal(1, 1)), "0.1");
        assert_eq!(kept("int", |s| s.push_decimal(700, 2)), "7");
        assert_eq!(kept("int", |s| s.push_double(3.0)), "3");
        assert_eq!(kept("int", |s| s.push_bool(true)), "1");
        assert_eq!(kept("bool", |s| s.push_int(0)), "false");
        assert_eq!(kept("text", |s| s.push_decimal(-5, 2)), "-0.05");
        assert_eq!(kept("text", |s| s.push_date(20_757)), "2026-10-31");
        assert_eq!(kept("text", |s| s.push_instant(1)), "1970-01-01T00:00:00.000001Z");
        assert_eq!(kept("timestamp", |s| s.push_date(-1)), "1969-12-31T00:00:00");
        assert_eq!(kept("date", |s| s.push_local(-86_400_000_000)), "1969-12-31");
    }

    #[test]
    fn a_value_that_would_lose_something_is_refused() {
        for (column_type, push, says) in [
            ("decimal(3,2)", (|s| s.push_int(10)) as fn(&mut Sink) -> Fit, "10 has more digits than decimal(3,2)"),
            ("decimal(9,2)", |s| s.push_decimal(1_234, 3), "1.234 has more digits behind the point"),
            ("double", |s| s.push_int((1 << 53) + 1), "9007199254740993 has more digits than a double"),
            ("double", |s| s.push_double(f64::NAN), "NaN is not a number"),
            ("int", |s| s.push_double(0.5), "`0.5` is not int"),
            ("int", |s| s.push_text("1.0"), "`1.0` is not int"),
            ("bool", |s| s.push_int(2), "2 is neither 0 nor 1"),
            ("date", |s| s.push_local(1), "1970-01-01 00:00:00.000001 has a time of day"),
            ("date", |s| s.push_instant(0), "`1970-01-01T00:00:00Z` is not date"),
            ("timestamptz", |s| s.push_int(1), "the whole number 1 is not a time"),
        ] {
            let why = kept(column_type, push);
            assert!(why.starts_with(says), "{column_type}: {why}");
        }
    }
}
