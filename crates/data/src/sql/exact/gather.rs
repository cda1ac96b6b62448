//! Columns of numbers as aggregates read them: exact ones as 256-bit digits of one scale, and
//! doubles that are added up without losing what each addition rounds off.

use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray},
    datatypes::{DataType, Decimal128Type, Decimal256Type, Float64Type, Int64Type, i256},
};

/// One row of an exact column.
pub(super) fn exact_at(array: &ArrayRef, row: usize) -> Option<i256> {
    if array.is_null(row) {
        return None;
    }
    Some(match array.data_type() {
        DataType::Int64 => i256::from_i128(array.as_primitive::<Int64Type>().value(row).into()),
        DataType::Decimal128(..) => i256::from_i128(array.as_primitive::<Decimal128Type>().value(row)),
        DataType::Decimal256(..) => array.as_primitive::<Decimal256Type>().value(row),
        _ => return None,
    })
}

/// One row of a column of doubles.
pub(super) fn double_at(array: &ArrayRef, row: usize) -> Option<f64> {
    array.as_primitive_opt::<Float64Type>().filter(|doubles| doubles.is_valid(row)).map(|doubles| doubles.value(row))
}

/// Whether an aggregate's FILTER lets a row pass.
pub(super) fn passes(filter: Option<&BooleanArray>, row: usize) -> bool {
    filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
}

/// What an aggregate adds up.
pub(super) trait Total: Copy + Default + Send + Sync + std::fmt::Debug + 'static {
    /// Adds a row, or takes it away again; `None` when the total does not fit.
    fn take(self, array: &ArrayRef, row: usize, away: bool) -> Option<Self>;
    /// Adds another total.
    fn join(self, other: Self) -> Option<Self>;
}

/// An exact total of digits.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Exact(pub i256);

impl Total for Exact {
    fn take(self, array: &ArrayRef, row: usize, away: bool) -> Option<Self> {
        let Some(value) = exact_at(array, row) else { return Some(self) };
        if away { self.0.checked_sub(value) } else { self.0.checked_add(value) }.map(Self)
    }

    fn join(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }
}

/// A sum of doubles, with the error that the additions made (Neumaier).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Double {
    pub sum: f64,
    pub lost: f64,
}

impl Double {
    fn add(self, value: f64) -> Self {
        let sum = self.sum + value;
        let rest = if self.sum.abs() >= value.abs() { (self.sum - sum) + value } else { (value - sum) + self.sum };
        Self { sum, lost: if rest.is_finite() { self.lost + rest } else { self.lost } }
    }

    pub fn value(self) -> f64 {
        self.sum + self.lost
    }
}

impl Total for Double {
    fn take(self, array: &ArrayRef, row: usize, away: bool) -> Option<Self> {
        let Some(value) = double_at(array, row) else { return Some(self) };
        let added = self.add(if away { -value } else { value });
        (added.sum.is_finite() || !value.is_finite() || !self.sum.is_finite()).then_some(added)
    }

    fn join(self, other: Self) -> Option<Self> {
        let added = self.add(other.sum);
        (added.sum.is_finite() || !other.sum.is_finite() || !self.sum.is_finite())
            .then_some(Self { lost: added.lost + other.lost, ..added })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::Float64Array;

    use super::*;

    #[test]
    fn doubles_keep_what_additions_round_off() {
        let array: ArrayRef = Arc::new(Float64Array::from(vec![1e16, 1.0, 1.0, -1e16]));
        let total = (0..4).try_fold(Double::default(), |total, row| total.take(&array, row, false));
        assert!((total.expect("finite").value() - 2.0).abs() < f64::EPSILON);
        let array: ArrayRef = Arc::new(Float64Array::from(vec![f64::MAX, f64::MAX]));
        assert!((0..2).try_fold(Double::default(), |total, row| total.take(&array, row, false)).is_none());
    }
}
