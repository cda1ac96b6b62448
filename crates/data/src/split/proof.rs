//! The proof of a split: what was written is read back edition by edition and compared with the
//! whole table, in keys, in numbers of rows and in sums of numbers.

use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch},
    datatypes::{DataType, Decimal128Type, Float64Type, Int64Type, Schema, i256},
};

use super::{SplitInput, SplitTable};
use crate::{error::DataError, snapshot::Rows, values::key_at};

/// How far sums of floating-point numbers may differ, against the sum of their magnitudes.
const TOLERANCE: f64 = 1e-9;

/// Proves a split. `rest` are the sums of rows without an edition, taken while splitting.
pub(super) fn prove(
    input: &SplitInput<'_>,
    (key, index): (&str, usize),
    split: &SplitTable,
    rest: Sums,
) -> Result<(), DataError> {
    let fail = |message: String| Err(DataError::Proof { table: input.name.to_owned(), key: key.to_owned(), message });
    let mut editions = rest;
    for edition in split.keys() {
        let rows = split.edition(edition);
        let mut read = 0;
        for batch in rows.batches()? {
            let batch = batch?;
            read += batch.num_rows() as u64;
            if let Some(stranger) = stranger(&batch, index, edition) {
                return fail(format!("the edition of {edition} holds a row of {stranger}"));
            }
            editions.add(&batch);
        }
        if read != rows.count() {
            return fail(format!("the edition of {edition} has {read} rows, {} were written", rows.count()));
        }
    }
    let mut whole = Sums::new(&input.rows.schema);
    for batch in Rows::open(input.rows)?.batches()? {
        whole.add(&batch?);
    }
    if whole.rows != input.rows.rows {
        return fail(format!("the table has {} rows, {} were recorded", whole.rows, input.rows.rows));
    }
    if editions.rows != whole.rows {
        return fail(format!("the editions have {} rows, the table has {}", editions.rows, whole.rows));
    }
    match whole.difference(&editions) {
        Some(column) => fail(format!("the sums of `{}` differ", input.rows.schema.field(column).name())),
        None => Ok(()),
    }
}

/// The key of the first row that does not belong to the edition.
fn stranger(batch: &RecordBatch, index: usize, edition: &str) -> Option<String> {
    let keys = batch.column(index);
    (0..batch.num_rows()).find_map(|row| match key_at(keys, row) {
        Ok(Some(found)) if found == edition => None,
        Ok(found) => Some(found.unwrap_or_else(|| "NULL".to_owned())),
        Err(error) => Some(error.to_string()),
    })
}

/// Numbers of rows and of values, and sums of the numeric columns.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sums {
    rows: u64,
    columns: Vec<ColumnSum>,
}

#[derive(Debug, Clone, PartialEq)]
struct ColumnSum {
    values: u64,
    sum: Sum,
}

#[derive(Debug, Clone, PartialEq)]
enum Sum {
    /// Whole numbers and decimals, exact.
    Exact(i256),
    Double(DoubleSum),
    /// Not a number: only counted.
    Counted,
}

impl Sums {
    /// Nothing yet, for rows with this schema.
    pub fn new(schema: &Schema) -> Self {
        let sum = |data_type: &DataType| match data_type {
            DataType::Int64 | DataType::Decimal128(_, _) => Sum::Exact(i256::ZERO),
            DataType::Float64 => Sum::Double(DoubleSum::default()),
            _ => Sum::Counted,
        };
        let columns = schema.fields().iter().map(|f| ColumnSum { values: 0, sum: sum(f.data_type()) }).collect();
        Self { rows: 0, columns }
    }

    /// Adds the rows of a batch.
    pub fn add(&mut self, batch: &RecordBatch) {
        self.rows += batch.num_rows() as u64;
        for (column, array) in self.columns.iter_mut().zip(batch.columns()) {
            column.add(array);
        }
    }

    /// The first column that differs.
    fn difference(&self, other: &Self) -> Option<usize> {
        self.columns.iter().zip(&other.columns).position(|(a, b)| a.values != b.values || !a.sum.equals(&b.sum))
    }
}

impl ColumnSum {
    fn add(&mut self, array: &ArrayRef) {
        self.values += (array.len() - array.logical_null_count()) as u64;
        match &mut self.sum {
            Sum::Exact(sum) => {
                // 2^63 rows of 38 digits stay below 2^255.
                if let Some(numbers) = array.as_primitive_opt::<Int64Type>() {
                    let batch: i128 = numbers.iter().flatten().map(i128::from).sum();
                    *sum = sum.wrapping_add(i256::from_i128(batch));
                } else {
                    for digits in array.as_primitive::<Decimal128Type>().iter().flatten() {
                        *sum = sum.wrapping_add(i256::from_i128(digits));
                    }
                }
            }
            Sum::Double(sum) => array.as_primitive::<Float64Type>().iter().flatten().for_each(|number| sum.add(number)),
            Sum::Counted => {}
        }
    }
}

impl Sum {
    fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Double(a), Self::Double(b)) => a.equals(b),
            _ => self == other,
        }
    }
}

/// A compensated sum (Neumaier), with what has no sum counted beside it.
#[derive(Debug, Clone, Default, PartialEq)]
struct DoubleSum {
    sum: f64,
    compensation: f64,
    magnitude: f64,
    not_a_number: u64,
    infinite: [u64; 2],
}

impl DoubleSum {
    fn add(&mut self, number: f64) {
        if number.is_nan() {
            self.not_a_number += 1;
        } else if number.is_infinite() {
            self.infinite[usize::from(number > 0.0)] += 1;
        } else {
            let sum = self.sum + number;
            self.compensation +=
                if self.sum.abs() >= number.abs() { (self.sum - sum) + number } else { (number - sum) + self.sum };
            self.sum = sum;
            self.magnitude += number.abs();
        }
    }

    fn equals(&self, other: &Self) -> bool {
        let (a, b) = (self.sum + self.compensation, other.sum + other.compensation);
        let close = (a - b).abs() <= TOLERANCE * self.magnitude.max(other.magnitude);
        // Finite numbers can add up to infinity; then only the counts can be compared.
        let overflown = !self.magnitude.is_finite() || !other.magnitude.is_finite();
        (close || overflown) && self.not_a_number == other.not_a_number && self.infinite == other.infinite
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::{
        array::{Decimal128Array, Float64Array, Int64Array},
        datatypes::Field,
    };

    use super::*;

    fn batch(ints: Vec<Option<i64>>, decimals: Vec<i128>, doubles: Vec<f64>) -> RecordBatch {
        let schema = Schema::new(vec![
            Field::new("i", DataType::Int64, true),
            Field::new("d", DataType::Decimal128(38, 2), true),
            Field::new("f", DataType::Float64, true),
        ]);
        let decimals = Decimal128Array::from(decimals).with_data_type(DataType::Decimal128(38, 2));
        let columns: Vec<ArrayRef> =
            vec![Arc::new(Int64Array::from(ints)), Arc::new(decimals), Arc::new(Float64Array::from(doubles))];
        RecordBatch::try_new(Arc::new(schema), columns).expect("a batch")
    }

    fn sums(batches: &[RecordBatch]) -> Sums {
        let mut sums = Sums::new(&batches[0].schema());
        batches.iter().for_each(|batch| sums.add(batch));
        sums
    }

    #[test]
    fn sums_do_not_depend_on_the_order_and_notice_one_changed_digit() {
        let a = batch(vec![Some(i64::MAX), None], vec![10_i128.pow(37), 1], vec![1e16, 1.0]);
        let b = batch(vec![Some(i64::MAX), Some(-1)], vec![10_i128.pow(37), 2], vec![-1e16, f64::NAN]);
        let whole = sums(&[a.clone(), b.clone()]);
        assert_eq!(whole.difference(&sums(&[b.clone(), a.clone()])), None);
        let other_int = batch(vec![Some(i64::MAX), Some(-2)], vec![10_i128.pow(37), 2], vec![-1e16, f64::NAN]);
        assert_eq!(whole.difference(&sums(&[a.clone(), other_int])), Some(0));
        let null = batch(vec![Some(i64::MAX - 1), None], vec![10_i128.pow(37), 2], vec![-1e16, f64::NAN]);
        assert_eq!(whole.difference(&sums(&[a.clone(), null])), Some(0), "the sum is the same, a value is missing");
        let other_digit = batch(vec![Some(i64::MAX), Some(-1)], vec![10_i128.pow(37), 3], vec![-1e16, f64::NAN]);
        assert_eq!(whole.difference(&sums(&[a.clone(), other_digit])), Some(1));
        let number = batch(vec![Some(i64::MAX), Some(-1)], vec![10_i128.pow(37), 2], vec![-1e16, 0.0]);
        assert_eq!(whole.difference(&sums(&[a, number])), Some(2), "NaN is counted");
    }

    #[test]
    fn sums_of_doubles_are_compared_against_their_magnitude() {
        let one = |values: Vec<f64>| sums(&[batch(vec![None; values.len()], vec![0; values.len()], values)]);
        let tenths = one(vec![0.1; 100_000]);
        let mut far = vec![0.1; 100_000];
        far[0] += 1e-3;
        assert_eq!(tenths.difference(&one(far)), Some(2));
        let mut near = vec![0.1; 100_000];
        near[0] += 1e-9;
        assert_eq!(tenths.difference(&one(near)), None);
    }
}
