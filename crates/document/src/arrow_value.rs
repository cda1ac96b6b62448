//! One cell of an Arrow array as a value that can always be shown.

use arrow::{
    array::ArrayRef,
    util::display::{ArrayFormatter, FormatOptions},
};
use punctual_model::value::Value;

/// The value of one cell. What the model has no type for (a list, a date beyond the calendar) becomes its text.
pub fn value_at(array: &ArrayRef, row: usize) -> Value {
    punctual_data::values::value_at(array, row).unwrap_or_else(|_| {
        let formatter = ArrayFormatter::try_new(array, &FormatOptions::default());
        Value::Text(formatter.map_or_else(|error| error.to_string(), |shown| shown.value(row).to_string()))
    })
}
