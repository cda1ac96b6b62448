//! Between Arrow's columns and the model's values: which types are kept, one cell read as a
//! `Value`, values written as scalars and arrays, burst keys of cells. No file and no SQL here.

mod read;
mod write;

use arrow::datatypes::{DataType, Schema, TimeUnit};
use punctual_model::column_type::ColumnType;

pub(crate) use read::decimal_text;
pub use read::{key_at, value_at};
pub use write::{from_json, to_array, to_scalar};

/// A type or value that has no counterpart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ValueError(pub(crate) String);

/// The Arrow type that columns of this type have everywhere in the product.
pub fn data_type(column_type: ColumnType) -> DataType {
    match column_type {
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Int => DataType::Int64,
        ColumnType::Double => DataType::Float64,
        ColumnType::Decimal { precision, scale } => {
            DataType::Decimal128(precision, i8::try_from(scale).expect("a scale is at most 38"))
        }
        ColumnType::Text => DataType::Utf8,
        ColumnType::Date => DataType::Date32,
        ColumnType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        ColumnType::Timestamptz => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
    }
}

/// The column type that an Arrow type is kept as.
///
/// # Errors
/// When the type has no counterpart: lists, structures, intervals, times of day, bytes.
pub fn column_type(data_type: &DataType) -> Result<ColumnType, ValueError> {
    use DataType::{
        Boolean, Date32, Date64, Decimal32, Decimal64, Decimal128, Decimal256, Dictionary, Float16, Float32, Float64,
        Int8, Int16, Int32, Int64, LargeUtf8, Null, Timestamp, UInt8, UInt16, UInt32, UInt64, Utf8, Utf8View,
    };
    Ok(match data_type {
        Boolean => ColumnType::Bool,
        Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32 | UInt64 => ColumnType::Int,
        Float16 | Float32 | Float64 => ColumnType::Double,
        // A quotient has more digits than a column keeps.
        Decimal256(p, QUOTIENT_SCALE) if *p > MOST_DIGITS => ColumnType::Double,
        Decimal32(p, s) | Decimal64(p, s) | Decimal128(p, s) | Decimal256(p, s) => decimal_type(*p, *s),
        Utf8 | LargeUtf8 | Utf8View | Null => ColumnType::Text,
        Date32 | Date64 => ColumnType::Date,
        Timestamp(_, None) => ColumnType::Timestamp,
        Timestamp(_, Some(_)) => ColumnType::Timestamptz,
        Dictionary(_, values) => column_type(values)?,
        other => return Err(ValueError(format!("is of a type that cannot be kept ({}); {}", other, cast_hint(other)))),
    })
}

/// Digits behind the point of a quotient inside of a query.
pub(crate) const QUOTIENT_SCALE: i8 = 38;
/// Digits of a decimal column, at most.
const MOST_DIGITS: u8 = 38;

/// A negative scale becomes zeros before the point; precision is at most 38.
fn decimal_type(precision: u8, scale: i8) -> ColumnType {
    let zeros = if scale < 0 { scale.unsigned_abs() } else { 0 };
    let precision = precision.saturating_add(zeros).min(MOST_DIGITS);
    ColumnType::Decimal { precision, scale: u8::try_from(scale.max(0)).expect("not negative").min(precision) }
}

fn cast_hint(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Interval(_) | DataType::Duration(_) => {
            "give the seconds or days as a number, as with extract(epoch from ...)"
        }
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(_, _) => {
            "give one value for each row, or join them with array_to_string"
        }
        DataType::Struct(_) | DataType::Map(_, _) => "give each field as a column of its own",
        _ => "cast it to text or a number",
    }
}

/// The columns of a schema by name, as people write their types.
///
/// # Errors
/// The first column whose type has no counterpart.
pub fn column_types(schema: &Schema) -> Result<Vec<(String, ColumnType)>, ValueError> {
    schema
        .fields()
        .iter()
        .map(|field| {
            column_type(field.data_type())
                .map(|kind| (field.name().clone(), kind))
                .map_err(|e| ValueError(format!("column `{}` {e}", field.name())))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::{Field, IntervalUnit};

    #[test]
    fn kept_types_are_their_own_counterparts() {
        for text in ["bool", "int", "double", "text", "date", "timestamp", "timestamptz", "decimal(18,2)"] {
            let kind: ColumnType = text.parse().expect("a type");
            assert_eq!(column_type(&data_type(kind)), Ok(kind), "{text}");
        }
    }

    #[test]
    fn other_types_are_widened_or_refused() {
        let nanos = DataType::Timestamp(TimeUnit::Nanosecond, Some("+02:00".into()));
        assert_eq!(column_type(&nanos), Ok(ColumnType::Timestamptz));
        assert_eq!(column_type(&DataType::UInt64), Ok(ColumnType::Int));
        assert_eq!(column_type(&DataType::Null), Ok(ColumnType::Text));
        let thousands = DataType::Decimal128(5, -3);
        assert_eq!(column_type(&thousands), Ok(ColumnType::Decimal { precision: 8, scale: 0 }));
        let interval = Schema::new(vec![Field::new("gap", DataType::Interval(IntervalUnit::MonthDayNano), true)]);
        let message = column_types(&interval).expect_err("no counterpart").to_string();
        assert!(message.contains("`gap`") && message.contains("extract(epoch"), "{message}");
    }
}
