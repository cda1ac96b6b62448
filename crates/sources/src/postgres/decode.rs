//! PostgreSQL's binary values into columns: one decoder for each column, chosen once.

use punctual_data::source::SourceError;
use punctual_model::{column_type::ColumnType, value::Decimal};
use sqlx::{
    Row, ValueRef,
    postgres::{PgRow, PgTypeInfo, PgTypeKind},
};

use super::{
    numeric::{NotDecimal, Numeric},
    oid,
};
use crate::{
    batch::{Batcher, Equality},
    context::Context,
    sink::{Misfit, Sink, inexact},
};

/// Microseconds from 1970 to 2000, where PostgreSQL's time begins.
pub(super) const EPOCH_MICROS: i64 = 946_684_800_000_000;
/// Days from 1970 to 2000.
pub(super) const EPOCH_DAYS: i32 = 10_957;

/// How a type's values look on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire {
    Bool,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    Numeric,
    Date,
    Timestamp,
    Timestamptz,
    Text,
    Jsonb,
    Uuid,
}

impl Wire {
    /// The decoder for a type.
    ///
    /// # Errors
    /// The cast to write in the SQL, for types that a report has no column type for.
    pub(super) fn of(type_info: &PgTypeInfo) -> Result<Self, &'static str> {
        Ok(match oid::of(type_info) {
            oid::BOOL => Self::Bool,
            oid::INT2 => Self::Int2,
            oid::INT4 => Self::Int4,
            oid::INT8 => Self::Int8,
            oid::OID => Self::Oid,
            oid::FLOAT4 => Self::Float4,
            oid::FLOAT8 => Self::Float8,
            oid::NUMERIC => Self::Numeric,
            oid::DATE => Self::Date,
            oid::TIMESTAMP => Self::Timestamp,
            oid::TIMESTAMPTZ => Self::Timestamptz,
            oid::TEXT | oid::VARCHAR | oid::BPCHAR | oid::NAME | oid::CHAR | oid::UNKNOWN | oid::JSON => Self::Text,
            oid::JSONB => Self::Jsonb,
            oid::UUID => Self::Uuid,
            oid::BYTEA => return Err("encode(COLUMN, 'hex')"),
            oid::MONEY => return Err("COLUMN::numeric"),
            oid::INTERVAL => return Err("extract(epoch FROM COLUMN)"),
            _ => match type_info.kind() {
                PgTypeKind::Enum(_) => Self::Text,
                PgTypeKind::Domain(base) => return Self::of(base),
                PgTypeKind::Array(_) => return Err("array_to_string(COLUMN, ', ')"),
                PgTypeKind::Simple if oid::is_citext(type_info) => Self::Text,
                _ => return Err("COLUMN::text"),
            },
        })
    }

    /// The column type that such values have by themselves; `None` for a NUMERIC, which has
    /// no scale of its own.
    pub(super) fn column_type(self) -> Option<ColumnType> {
        Some(match self {
            Self::Bool => ColumnType::Bool,
            Self::Int2 | Self::Int4 | Self::Int8 | Self::Oid => ColumnType::Int,
            Self::Float4 | Self::Float8 => ColumnType::Double,
            Self::Numeric => return None,
            Self::Date => ColumnType::Date,
            Self::Timestamp => ColumnType::Timestamp,
            Self::Timestamptz => ColumnType::Timestamptz,
            Self::Text | Self::Jsonb | Self::Uuid => ColumnType::Text,
        })
    }

    #[inline]
    fn decode(self, bytes: &[u8], sink: &mut Sink) -> Result<(), Misfit> {
        match self {
            Self::Bool => sink.push_bool(fixed::<1>(bytes)? != [0]),
            Self::Int2 => sink.push_int(i16::from_be_bytes(fixed(bytes)?).into()),
            Self::Int4 => sink.push_int(i32::from_be_bytes(fixed(bytes)?).into()),
            Self::Int8 => sink.push_int(i64::from_be_bytes(fixed(bytes)?)),
            Self::Oid => sink.push_int(u32::from_be_bytes(fixed(bytes)?).into()),
            Self::Float4 => sink.push_float(f32::from_be_bytes(fixed(bytes)?)),
            Self::Float8 => sink.push_double(f64::from_be_bytes(fixed(bytes)?)),
            Self::Numeric => decode_numeric(bytes, sink),
            Self::Date => sink.push_date(days(i32::from_be_bytes(fixed(bytes)?))?),
            Self::Timestamp => sink.push_local(micros(i64::from_be_bytes(fixed(bytes)?))?),
            Self::Timestamptz => sink.push_instant(micros(i64::from_be_bytes(fixed(bytes)?))?),
            Self::Text => sink.push_text(utf8(bytes)?),
            Self::Jsonb => sink.push_text(utf8(bytes.get(1..).unwrap_or_default())?),
            Self::Uuid => sink.push_text(&uuid(fixed(bytes)?)),
        }
    }
}

#[inline]
fn decode_numeric(bytes: &[u8], sink: &mut Sink) -> Result<(), Misfit> {
    let refuse = |why| match why {
        NotDecimal::Special(name) => Misfit::new(format!(
            "{name} is not a number that can be reported; leave it out with NULLIF(COLUMN, '{name}')"
        )),
        NotDecimal::Malformed => Misfit::new("the server sent a malformed numeric"),
        NotDecimal::Inexact(_) => {
            Misfit::new("the number has more than 38 digits; round it in the SQL or cast it to text")
        }
    };
    let numeric = Numeric::read(bytes).map_err(refuse)?;
    match sink.scale() {
        Some(scale) => match numeric.at_scale(scale) {
            Ok(digits) => sink.push_decimal(digits, scale),
            Err(NotDecimal::Inexact(why)) => {
                let (ColumnType::Decimal { precision, .. }, shown) = (sink.column_type(), written(&numeric)) else {
                    return Err(refuse(NotDecimal::Inexact(why)));
                };
                Err(inexact(why, &shown, precision, scale))
            }
            Err(why) => Err(refuse(why)),
        },
        None => {
            let scale = u8::try_from(numeric.display_scale()).ok().filter(|scale| *scale <= 38);
            let scale = scale.ok_or_else(|| refuse(NotDecimal::Inexact(crate::decimal::Inexact::Scale)))?;
            sink.push_decimal(numeric.at_scale(scale).map_err(refuse)?, scale)
        }
    }
}

/// The number for a message.
fn written(numeric: &Numeric<'_>) -> String {
    let scale = u8::try_from(numeric.display_scale()).unwrap_or(u8::MAX);
    match numeric.at_scale(scale) {
        Ok(digits) => Decimal { digits, scale }.to_string(),
        Err(_) => "a number".to_owned(),
    }
}

#[inline]
fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Misfit> {
    bytes.try_into().map_err(|_| Misfit::new(format!("the server sent {} bytes where {N} belong", bytes.len())))
}

#[inline]
fn utf8(bytes: &[u8]) -> Result<&str, Misfit> {
    std::str::from_utf8(bytes).map_err(|error| Misfit::new(format!("the text is not UTF-8: {error}")))
}

#[inline]
fn days(since_2000: i32) -> Result<i32, Misfit> {
    match since_2000 {
        i32::MAX | i32::MIN => Err(infinite(since_2000 > 0)),
        days => days.checked_add(EPOCH_DAYS).ok_or_else(|| Misfit::new("the date is out of range")),
    }
}

#[inline]
fn micros(since_2000: i64) -> Result<i64, Misfit> {
    match since_2000 {
        i64::MAX | i64::MIN => Err(infinite(since_2000 > 0)),
        micros => micros.checked_add(EPOCH_MICROS).ok_or_else(|| Misfit::new("the time is out of range")),
    }
}

fn infinite(positive: bool) -> Misfit {
    let name = if positive { "infinity" } else { "-infinity" };
    Misfit::new(format!("{name} is not a time that can be reported; leave it out with NULLIF(COLUMN, '{name}')"))
}

fn uuid(bytes: [u8; 16]) -> String {
    let number = format!("{:032x}", u128::from_be_bytes(bytes));
    format!("{}-{}-{}-{}-{}", &number[..8], &number[8..12], &number[12..16], &number[16..20], &number[20..])
}

/// Which texts of a type the server calls equal: `char(n)` is filled up with blanks that do not count, and
/// `citext` has no case.
pub(super) fn equality(type_info: &PgTypeInfo) -> Equality {
    if let PgTypeKind::Domain(base) = type_info.kind() {
        return equality(base);
    }
    let fills = oid::of(type_info) == oid::BPCHAR;
    Equality { folds: oid::is_citext(type_info), pads: fills, fills }
}

/// Puts a row's values into the columns; returns their bytes.
#[inline]
pub(super) fn row(row: &PgRow, wires: &[Wire], batcher: &mut Batcher, context: &Context) -> Result<usize, SourceError> {
    let mut total = 0;
    for (place, wire) in wires.iter().enumerate() {
        let value = row.try_get_raw(place).map_err(|e| context.query(e.to_string()))?;
        if value.is_null() {
            batcher.sinks()[place].push_null();
            continue;
        }
        let bytes = value.as_bytes().map_err(|e| context.query(e.to_string()))?;
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
    fn a_uuid_is_written_in_its_usual_groups() {
        let bytes = 0x00112233_4455_6677_8899_aabbccddeeff_u128.to_be_bytes();
        assert_eq!(uuid(bytes), "00112233-4455-6677-8899-aabbccddeeff");
    }

    #[test]
    fn infinity_is_refused_by_name() {
        assert!(days(i32::MAX).expect_err("infinite").into_message().starts_with("infinity is not"));
        assert!(micros(i64::MIN).expect_err("infinite").into_message().starts_with("-infinity is not"));
        assert_eq!(days(0), Ok(10_957));
        assert_eq!(micros(0), Ok(EPOCH_MICROS));
    }
}
