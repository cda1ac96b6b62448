//! Tables of a section: their columns, their rows (read lazily) and the row of sums.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray as _},
    datatypes::{DataType, Decimal128Type, Float64Type, Int64Type},
};
use punctual_model::{
    definition::{FieldSpec, TableSection},
    value::{Decimal, Value},
};

use super::{
    AssembleError, Place,
    columns::{Projection, Source},
    projected::ProjectedRows,
};
use crate::{
    arrow_value::value_at,
    content::{Cell, Rows as _, Table},
    locale::Locale,
    write::Style,
};

/// The table of a section.
pub(super) fn build(place: &Place<'_>, spec: &TableSection) -> Result<Table, AssembleError> {
    let table = place.table(spec.data.as_str())?;
    let key = place.edition.burst.as_ref().map(|burst| burst.column.as_str());
    let all: Vec<FieldSpec> = match spec.columns.is_empty() {
        true => {
            let names = table.schema.fields().iter().map(|field| field.name());
            names.filter(|name| Some(name.as_str()) != key).cloned().map(FieldSpec::Name).collect()
        }
        false => spec.columns.clone(),
    };
    let projection = Arc::new(Projection::new(place, spec.data.as_str(), table, &all)?);
    let rows = ProjectedRows { rows: Arc::clone(&table.rows), projection: Arc::clone(&projection) };
    let totals = match spec.totals && rows.count() > 0 {
        true => Some(totals(place, &projection, &rows)?),
        false => None,
    };
    Ok(Table { columns: projection.columns.clone(), rows: Arc::new(rows), totals, left_out: table.left_out })
}

/// The sum of a column so far. Whole numbers and decimals are exact.
#[derive(Debug, Clone, PartialEq)]
enum Sum {
    /// The column is not summed.
    No,
    /// Only NULLs so far.
    Nothing,
    Exact {
        digits: i128,
        scale: u8,
    },
    /// With the error that the additions made (Neumaier).
    Double {
        sum: f64,
        lost: f64,
    },
    /// More than 38 digits.
    TooLarge,
}

impl Sum {
    fn add(&mut self, array: &ArrayRef) {
        match array.data_type() {
            _ if *self == Self::No => {}
            DataType::Int64 => {
                array.as_primitive::<Int64Type>().iter().flatten().for_each(|int| self.exact(int.into(), 0));
            }
            DataType::Decimal128(_, scale) if *scale >= 0 => {
                let scale = scale.unsigned_abs();
                array.as_primitive::<Decimal128Type>().iter().flatten().for_each(|digits| self.exact(digits, scale));
            }
            DataType::Float64 => {
                array.as_primitive::<Float64Type>().iter().flatten().for_each(|double| self.double(double));
            }
            _ => (0..array.len()).for_each(|row| match value_at(array, row) {
                Value::Int(int) => self.exact(int.into(), 0),
                Value::Decimal(decimal) => self.exact(decimal.digits, decimal.scale),
                Value::Double(double) => self.double(double),
                _ => {}
            }),
        }
    }

    /// Adds a number of the column's one scale.
    fn exact(&mut self, digits: i128, scale: u8) {
        *self = match self {
            Self::Nothing => Self::Exact { digits, scale },
            Self::Exact { digits: sum, .. } => {
                sum.checked_add(digits).map_or(Self::TooLarge, |digits| Self::Exact { digits, scale })
            }
            _ => Self::TooLarge,
        };
    }

    fn double(&mut self, value: f64) {
        let (before, lost) = match self {
            Self::Double { sum, lost } => (*sum, *lost),
            _ => (0.0, 0.0),
        };
        let sum = before + value;
        let rest = if before.abs() >= value.abs() { (before - sum) + value } else { (value - sum) + before };
        *self = Self::Double { sum, lost: lost + rest };
    }

    fn value(&self) -> Value {
        match self {
            Self::No | Self::Nothing => Value::Null,
            Self::Exact { digits, scale: 0 } if i64::try_from(*digits).is_ok() => {
                Value::Int(i64::try_from(*digits).unwrap_or_default())
            }
            Self::Exact { digits, scale } => Value::Decimal(Decimal { digits: *digits, scale: *scale }),
            Self::Double { sum, lost } => Value::Double(sum + lost),
            Self::TooLarge => Value::Null,
        }
    }
}

/// The row of sums. Ratios cannot be added; a computed column is computed from the sums.
fn totals(place: &Place<'_>, projection: &Projection, rows: &ProjectedRows) -> Result<Vec<Cell>, AssembleError> {
    let summed = projection.columns.iter().zip(&projection.sources).map(|(column, source)| {
        let adds_up = matches!(column.writer.style, Style::Number { .. } | Style::Currency { .. });
        if adds_up && !matches!(source, Source::Formula(_)) { Sum::Nothing } else { Sum::No }
    });
    let mut sums: Vec<Sum> = summed.collect();
    for batch in rows.batches().map_err(|source| place.unreadable(source))? {
        let batch = batch.map_err(|source| place.unreadable(source))?;
        sums.iter_mut().zip(batch.columns()).for_each(|(sum, array)| sum.add(array));
    }
    if let Some(index) = sums.iter().position(|sum| *sum == Sum::TooLarge) {
        return Err(AssembleError::Column {
            section: place.section.to_owned(),
            column: projection.columns[index].field.clone(),
            message: "has a sum of more than 38 digits".to_owned(),
            help: "leave `totals` out".to_owned(),
        });
    }
    let mut values: Vec<Value> = sums.iter().map(Sum::value).collect();
    for (index, source) in projection.sources.iter().enumerate() {
        if let Source::Formula(formula) = source {
            let value = formula.evaluate(&|operand| double(&values[operand]));
            values[index] = value.map_or(Value::Null, Value::Double);
        }
    }
    Ok(cells(projection, values, place.edition.locale))
}

fn cells(projection: &Projection, values: Vec<Value>, locale: &Locale) -> Vec<Cell> {
    let cell = |(column, value): (&crate::content::Column, Value)| Cell { text: column.writer.write(&value), value };
    let mut cells: Vec<Cell> = projection.columns.iter().zip(values).map(cell).collect();
    // The first column says what the row is, unless it has a sum of its own.
    if let Some(first) = cells.first_mut().filter(|cell| cell.value == Value::Null) {
        *first = Cell { value: Value::Text(locale.words.total.to_owned()), text: locale.words.total.to_owned() };
    }
    cells
}

fn double(value: &Value) -> Option<f64> {
    match value {
        Value::Int(int) => Some(*int as f64),
        Value::Decimal(decimal) => Some(decimal.to_f64()),
        Value::Double(double) => Some(*double),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Decimal128Array, Float64Array, Int64Array};
    use proptest::prelude::*;

    use super::*;

    fn sum(arrays: impl IntoIterator<Item = ArrayRef>) -> Sum {
        let mut sum = Sum::Nothing;
        arrays.into_iter().for_each(|array| sum.add(&array));
        sum
    }

    #[test]
    fn decimals_are_summed_exactly_and_nulls_are_nothing() {
        let decimals = |values: Vec<Option<i128>>| -> ArrayRef {
            Arc::new(Decimal128Array::from(values).with_precision_and_scale(38, 2).expect("fits"))
        };
        let total = sum([decimals(vec![Some(10), None]), decimals(vec![Some(20)])]);
        assert_eq!(total.value(), Value::Decimal(Decimal { digits: 30, scale: 2 }));
        assert_eq!(sum([decimals(vec![None])]).value(), Value::Null);
        let whole: ArrayRef = Arc::new(Int64Array::from(vec![i64::MAX, 1]));
        assert_eq!(sum([whole]).value(), Value::Decimal(Decimal { digits: i128::from(i64::MAX) + 1, scale: 0 }));
        let most: ArrayRef = Arc::new(Decimal128Array::from(vec![i128::MAX, 1]));
        assert_eq!(sum([most]), Sum::TooLarge);
    }

    proptest! {
        #[test]
        fn doubles_lose_nothing_to_their_order(cents in prop::collection::vec(-1_000_000_i64..1_000_000, 0..200)) {
            let values: Vec<f64> = cents.iter().map(|c| *c as f64 / 100.0).collect();
            let mut forward = Sum::Nothing;
            let mut backward = Sum::Nothing;
            values.iter().for_each(|v| forward.double(*v));
            values.iter().rev().for_each(|v| backward.double(*v));
            let exact = cents.iter().sum::<i64>() as f64 / 100.0;
            for sum in [forward, backward] {
                if let Value::Double(total) = sum.value() {
                    prop_assert!((total - exact).abs() < 1e-9);
                }
            }
            let array: ArrayRef = Arc::new(Float64Array::from(values));
            prop_assert_eq!(sum([array]).value() == Value::Null, cents.is_empty());
        }
    }
}
