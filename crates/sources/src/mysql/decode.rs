//! MySQL's binary values into columns: one decoder for each column, chosen once.

use jiff::civil::Date;
use punctual_data::source::SourceError;
use punctual_model::column_type::ColumnType;
use sqlx::{
    Column, Decode, MySql, Row, TypeInfo,
    mysql::{MySqlRow, MySqlTypeInfo},
};

use crate::{
    batch::Batcher,
    context::Context,
    decimal,
    sink::{Misfit, Sink},
    time::{days_of, local_of_day},
};

const MICROS_PER_SECOND: i64 = 1_000_000;

/// How a type's values look on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire {
    Int,
    Unsigned,
    Float,
    Double,
    Decimal,
    Date,
    Datetime,
    Timestamp,
    Text,
    Bit,
}

/// A column's decoder, and the type that it has by itself; a decimal's comes from its table.
///
/// # Errors
/// The cast to write in the SQL, for types that a report has no column type for.
pub(super) fn wire_of(type_info: &MySqlTypeInfo) -> Result<(Wire, Option<ColumnType>), &'static str> {
    Ok(match type_info.name() {
        "BOOLEAN" => (Wire::Int, Some(ColumnType::Bool)),
        "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => (Wire::Int, Some(ColumnType::Int)),
        "TINYINT UNSIGNED" | "SMALLINT UNSIGNED" | "MEDIUMINT UNSIGNED" | "INT UNSIGNED" | "BIGINT UNSIGNED"
        | "YEAR" => (Wire::Unsigned, Some(ColumnType::Int)),
        "BIT" => (Wire::Bit, Some(ColumnType::Int)),
        "FLOAT" => (Wire::Float, Some(ColumnType::Double)),
        "DOUBLE" => (Wire::Double, Some(ColumnType::Double)),
        "DECIMAL" => (Wire::Decimal, None),
        "DATE" => (Wire::Date, Some(ColumnType::Date)),
        "DATETIME" => (Wire::Datetime, Some(ColumnType::Timestamp)),
        "TIMESTAMP" => (Wire::Timestamp, Some(ColumnType::Timestamptz)),
        "TIME" => return Err("TIME_TO_SEC(COLUMN)"),
        "GEOMETRY" => return Err("ST_AsText(COLUMN)"),
        // Text with a binary collation is marked like bytes, so what is not UTF-8 is seen by its values.
        _ => (Wire::Text, Some(ColumnType::Text)),
    })
}

impl Wire {
    #[inline]
    fn decode(self, bytes: &[u8], sink: &mut Sink) -> Result<(), Misfit> {
        match self {
            Self::Int => sink.push_int(signed(bytes)?),
            Self::Unsigned => push_unsigned(unsigned(bytes)?, sink),
            Self::Bit => {
                let value = bytes.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
                push_unsigned(value, sink)
            }
            Self::Float => sink.push_float(f32::from_le_bytes(fixed(bytes)?)),
            Self::Double => sink.push_double(f64::from_le_bytes(fixed(bytes)?)),
            Self::Decimal => decode_decimal(utf8(bytes)?, sink),
            Self::Date => sink.push_date(moment(bytes)?.0),
            Self::Datetime => sink.push_local(micros(bytes)?),
            Self::Timestamp => sink.push_instant(micros(bytes)?),
            Self::Text => sink.push_text(utf8(bytes)?),
        }
    }
}

#[inline]
fn signed(bytes: &[u8]) -> Result<i64, Misfit> {
    Ok(match bytes.len() {
        1 => i8::from_le_bytes(fixed(bytes)?).into(),
        2 => i16::from_le_bytes(fixed(bytes)?).into(),
        4 => i32::from_le_bytes(fixed(bytes)?).into(),
        _ => i64::from_le_bytes(fixed(bytes)?),
    })
}

#[inline]
fn unsigned(bytes: &[u8]) -> Result<u64, Misfit> {
    Ok(match bytes.len() {
        1 => u8::from_le_bytes(fixed(bytes)?).into(),
        2 => u16::from_le_bytes(fixed(bytes)?).into(),
        4 => u32::from_le_bytes(fixed(bytes)?).into(),
        _ => u64::from_le_bytes(fixed(bytes)?),
    })
}

#[inline]
fn push_unsigned(value: u64, sink: &mut Sink) -> Result<(), Misfit> {
    match i64::try_from(value) {
        Ok(value) => sink.push_int(value),
        Err(_) if sink.column_type() == ColumnType::Int => {
            Err(Misfit::new(format!("{value} is larger than int can hold; declare \"decimal(20,0)\" or text")))
        }
        Err(_) => sink.push_decimal(value.into(), 0),
    }
}

/// A decimal is text on the wire. One of more than 38 digits can still be taken as text.
fn decode_decimal(text: &str, sink: &mut Sink) -> Result<(), Misfit> {
    if sink.scale().is_some() || sink.column_type() == ColumnType::Text {
        return sink.push_text(text);
    }
    match decimal::parse(text) {
        Ok((digits, scale)) => sink.push_decimal(digits, scale),
        Err(_) => Err(Misfit::new(format!("{text} has more than 38 digits; round it in the SQL or declare text"))),
    }
}

#[inline]
fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Misfit> {
    bytes.try_into().map_err(|_| Misfit::new(format!("the server sent {} bytes where {N} belong", bytes.len())))
}

#[inline]
fn utf8(bytes: &[u8]) -> Result<&str, Misfit> {
    std::str::from_utf8(bytes).map_err(|_| Misfit::new("the bytes are not UTF-8 text; write HEX(COLUMN) in the SQL"))
}

/// Days since 1970, and microseconds within the day. The wire leaves trailing zeros out.
#[inline]
fn moment(bytes: &[u8]) -> Result<(i32, i64), Misfit> {
    let malformed = || Misfit::new("the server sent a malformed time");
    let (length, fields) = bytes.split_first().ok_or_else(malformed)?;
    if fields.len() != usize::from(*length) {
        return Err(malformed());
    }
    let (year, month, day) = match fields {
        [] => (0, 0, 0),
        [low, high, month, day, ..] => (i16::from_le_bytes([*low, *high]), *month, *day),
        _ => return Err(malformed()),
    };
    let date = Date::new(year, month as i8, day as i8).map_err(|_| {
        Misfit::new(format!(
            "{year:04}-{month:02}-{day:02} is not a date; leave it out with NULLIF(COLUMN, '0000-00-00')"
        ))
    })?;
    let seconds = match fields.get(4..7) {
        Some([hour, minute, second]) => i64::from(*hour) * 3_600 + i64::from(*minute) * 60 + i64::from(*second),
        _ => 0,
    };
    let micros = match fields.get(7..11) {
        Some(micros) => i64::from(u32::from_le_bytes(fixed(micros)?)),
        None => 0,
    };
    Ok((days_of(date), seconds * MICROS_PER_SECOND + micros))
}

#[inline]
fn micros(bytes: &[u8]) -> Result<i64, Misfit> {
    let (days, micros) = moment(bytes)?;
    Ok(local_of_day(days) + micros)
}

/// The decoders for the columns as they come with the rows: a parameter in the SELECT list
/// gets its type only then.
pub(super) fn wires_of_row(row: &MySqlRow, context: &Context) -> Result<Vec<Wire>, SourceError> {
    row.columns()
        .iter()
        .map(|column| match wire_of(column.type_info()) {
            Ok((wire, _)) => Ok(wire),
            Err(cast) => Err(unsupported(column.name(), column.type_info(), cast, context)),
        })
        .collect()
}

/// The error for a type that a report has no column type for.
pub(super) fn unsupported(name: &str, type_info: &MySqlTypeInfo, cast: &str, context: &Context) -> SourceError {
    let type_name = type_info.name().to_lowercase();
    let cast = cast.replace("COLUMN", name);
    context.query(format!("column `{name}` is {type_name}, which has no place in a report; write {cast} in the SQL"))
}

/// Puts a row's values into the columns; returns their bytes.
#[inline]
pub(super) fn row(
    row: &MySqlRow,
    wires: &[Wire],
    batcher: &mut Batcher,
    context: &Context,
) -> Result<usize, SourceError> {
    let mut total = 0;
    for (place, wire) in wires.iter().enumerate() {
        let value = row.try_get_raw(place).map_err(|e| context.query(e.to_string()))?;
        // Only NULL has no bytes; `is_null` would take zero dates for it too.
        let Ok(bytes) = <&[u8] as Decode<MySql>>::decode(value) else {
            batcher.sinks()[place].push_null();
            continue;
        };
        total += bytes.len();
        if bytes.len() > context.cell_bytes() {
            let place = format!("row {}, column `{}`", batcher.total() + 1, batcher.name(place));
            return Err(context.too_long(place, bytes.len()));
        }
        if let Err(misfit) = wire.decode(bytes, &mut batcher.sinks()[place]) {
            let name = batcher.name(place);
            let message = misfit.into_message().replace("COLUMN", name);
            return Err(context.data(format!("row {}, column `{name}`", batcher.total() + 1), message));
        }
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_in_four_lengths() {
        assert_eq!(moment(&[4, 0xEA, 0x07, 10, 31]).expect("a date"), (20_757, 0));
        let time = [7, 0xEA, 0x07, 10, 31, 23, 59, 58];
        assert_eq!(micros(&time).expect("a time"), 20_757 * 86_400_000_000 + 86_398_000_000);
        let fraction = [11, 0xEA, 0x07, 10, 31, 0, 0, 0, 0x40, 0xE2, 0x01, 0];
        assert_eq!(micros(&fraction).expect("a time"), 20_757 * 86_400_000_000 + 123_456);
        assert!(moment(&[0]).expect_err("a zero date").into_message().starts_with("0000-00-00 is not a date"));
        assert!(moment(&[4, 0xEA]).is_err());
    }

    #[test]
    fn whole_numbers_come_in_four_widths() {
        assert_eq!(signed(&[0xFF]).expect("a number"), -1);
        assert_eq!(unsigned(&[0xFF, 0xFF]).expect("a number"), 65_535);
        assert_eq!(signed(&[0, 0, 0, 0x80]).expect("a number"), i64::from(i32::MIN));
        assert_eq!(unsigned(&[0xFF; 8]).expect("a number"), u64::MAX);
    }
}
