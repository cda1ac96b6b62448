//! `sum(DISTINCT x)` and `avg(DISTINCT x)`: each value once, also in windows.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, Decimal256Array, Float64Array, ListArray},
    buffer::OffsetBuffer,
    datatypes::{DataType, Field, i256},
};
use datafusion::{
    common::{Result, ScalarValue},
    logical_expr::Accumulator,
};

use super::{
    average::{DIGITS_ALONE, Finish, Finished},
    gather::{Double, Exact, double_at, exact_at},
};

/// Each value once, with how often it stands in a window.
#[derive(Debug)]
pub(super) struct Distinct {
    /// By the exact digits, or the bits of a double.
    values: BTreeMap<i256, i64>,
    finish: Finish,
}

impl Distinct {
    pub fn new(finish: Finish) -> Self {
        Self { values: BTreeMap::new(), finish }
    }

    fn is_double(&self) -> bool {
        self.finish.result == DataType::Float64
    }

    fn key(&self, array: &ArrayRef, row: usize) -> Option<i256> {
        // Adding zero takes the sign from -0.
        if self.is_double() {
            double_at(array, row).map(|value| i256::from_i128((value + 0.0).to_bits().into()))
        } else {
            exact_at(array, row)
        }
    }

    fn rows(&mut self, array: &ArrayRef, by: i64) {
        for row in 0..array.len() {
            if let Some(key) = self.key(array, row) {
                let times = self.values.entry(key).or_insert(0);
                *times += by;
                if *times == 0 {
                    self.values.remove(&key);
                }
            }
        }
    }

    fn array(&self) -> ArrayRef {
        let keys = self.values.keys().copied();
        if self.is_double() {
            let double = |key: i256| f64::from_bits(u64::try_from(key.as_i128()).unwrap_or_default());
            Arc::new(Float64Array::from_iter_values(keys.map(double)))
        } else {
            Arc::new(Decimal256Array::from_iter_values(keys).with_data_type(DIGITS_ALONE))
        }
    }

    fn finish<T: Finished>(&self) -> Result<ScalarValue> {
        let array = self.array();
        let total = (0..array.len()).try_fold(T::default(), |total, row| total.take(&array, row, false));
        let Some(total) = total else { return self.finish.too_large() };
        let count = i64::try_from(array.len()).unwrap_or(i64::MAX);
        ScalarValue::try_from_array(&T::results(&[total], &[count], &self.finish)?, 0)
    }
}

impl Accumulator for Distinct {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.rows(&values[0], 1);
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.rows(&values[0], -1);
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        if self.is_double() { self.finish::<Double>() } else { self.finish::<Exact>() }
    }

    fn size(&self) -> usize {
        // A tree's nodes are two thirds full.
        size_of_val(self) + self.values.len() * (size_of::<i256>() + size_of::<i64>()) * 3 / 2
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values = self.array();
        let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
        let list = ListArray::new(field, OffsetBuffer::from_lengths([values.len()]), values, None);
        Ok(vec![ScalarValue::List(Arc::new(list))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for values in states[0].as_list::<i32>().iter().flatten() {
            self.rows(&values, 1);
        }
        Ok(())
    }
}
