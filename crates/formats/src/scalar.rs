//! One typed value of a batch or of a document's cell, for formats that keep values typed.
//! What people read comes from the document's writers, not from here.

use std::borrow::Cow;

use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch},
    datatypes::DataType,
};
use jiff::{Timestamp, civil};
use punctual_document::{
    arrow_value::value_at,
    content::{RowsError, Table},
};
use punctual_model::value::{Decimal, Value};

/// A typed value; its text is borrowed from where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar<'a> {
    /// NULL.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// An exact decimal.
    Decimal(Decimal),
    /// A binary floating-point number.
    Double(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// A civil date.
    Date(civil::Date),
    /// A civil date and time.
    Local(civil::DateTime),
    /// A point in time.
    Instant(Timestamp),
}

impl<'a> From<&'a Value> for Scalar<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Text(text) => Self::Text(Cow::Borrowed(text)),
            other => Scalar::from(other.clone()),
        }
    }
}

impl From<Value> for Scalar<'_> {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Int(value) => Self::Int(value),
            Value::Decimal(value) => Self::Decimal(value),
            Value::Double(value) => Self::Double(value),
            Value::Text(text) => Self::Text(Cow::Owned(text)),
            Value::Date(date) => Self::Date(date),
            Value::Local(at) => Self::Local(at),
            Value::Instant(at) => Self::Instant(at),
        }
    }
}

impl From<Scalar<'_>> for Value {
    fn from(scalar: Scalar<'_>) -> Self {
        match scalar {
            Scalar::Null => Self::Null,
            Scalar::Bool(value) => Self::Bool(value),
            Scalar::Int(value) => Self::Int(value),
            Scalar::Decimal(value) => Self::Decimal(value),
            Scalar::Double(value) => Self::Double(value),
            Scalar::Text(text) => Self::Text(text.into_owned()),
            Scalar::Date(date) => Self::Date(date),
            Scalar::Local(at) => Self::Local(at),
            Scalar::Instant(at) => Self::Instant(at),
        }
    }
}

/// The value of one cell of a batch. Text is not copied.
pub(crate) fn scalar_at(array: &ArrayRef, row: usize) -> Scalar<'_> {
    if array.is_null(row) {
        return Scalar::Null;
    }
    match array.data_type() {
        DataType::Utf8 => Scalar::Text(Cow::Borrowed(array.as_string::<i32>().value(row))),
        DataType::Utf8View => Scalar::Text(Cow::Borrowed(array.as_string_view().value(row))),
        DataType::LargeUtf8 => Scalar::Text(Cow::Borrowed(array.as_string::<i64>().value(row))),
        _ => Scalar::from(value_at(array, row)),
    }
}

/// Refuses a batch that does not have the table's columns.
///
/// # Errors
/// When their numbers differ.
pub(crate) fn check_columns(batch: &RecordBatch, table: &Table) -> Result<(), RowsError> {
    if batch.num_columns() == table.width() {
        return Ok(());
    }
    Err(RowsError(format!("a batch has {} columns, the table {}", batch.num_columns(), table.width())))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Decimal128Array, DictionaryArray, LargeStringArray, StringViewArray};
    use arrow::datatypes::Int8Type;

    use super::*;

    fn read(array: impl Array + 'static, row: usize) -> String {
        let array: ArrayRef = Arc::new(array);
        format!("{:?}", scalar_at(&array, row))
    }

    #[test]
    fn every_kind_of_text_is_text() {
        assert_eq!(read(StringViewArray::from(vec!["a"]), 0), "Text(\"a\")");
        assert_eq!(read(LargeStringArray::from(vec!["a", "b"]), 1), "Text(\"b\")");
        let words: DictionaryArray<Int8Type> = vec!["x", "y"].into_iter().collect();
        assert_eq!(read(words, 1), "Text(\"y\")");
        assert_eq!(read(StringViewArray::from(vec![None::<&str>]), 0), "Null");
    }

    #[test]
    fn numbers_keep_all_their_digits() {
        let exact = Decimal128Array::from(vec![1_234_500]).with_precision_and_scale(18, 3).expect("fits");
        assert_eq!(read(exact, 0), "Decimal(Decimal { digits: 1234500, scale: 3 })");
    }
}
