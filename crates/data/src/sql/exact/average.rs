//! `sum` and `avg`: exact totals of whole numbers and decimals in 256 bits, compensated ones of
//! doubles. A sum that does not fit its type is an error; an average of exact numbers is a quotient.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray, Decimal256Array, Float64Array, Int64Array, PrimitiveArray},
    buffer::NullBuffer,
    datatypes::{DataType, Decimal128Type, Decimal256Type, Field, FieldRef, Float64Type, Int64Type, i256},
};
use datafusion::{
    common::{Result, ScalarValue, exec_err, plan_err},
    functions_aggregate::{average::avg_udaf, sum::sum_udaf},
    logical_expr::{
        Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, ReversedUDAF, Signature, Volatility,
        function::{AccumulatorArgs, StateFieldsArgs},
        utils::{AggregateOrderSensitivity, format_state_name},
    },
};

use super::{
    distinct::Distinct,
    gather::{Double, Exact, Total, double_at, exact_at, passes},
    kinds::{DIGITS, Family, WIDE, WIDE_SCALE, computed, digits},
    operate::TOO_LARGE,
    wide,
};

/// `sum`.
pub(super) fn sum() -> AggregateUDF {
    AggregateUDF::new_from_impl(Adding { what: What::Sum, theirs: sum_udaf(), signature: signature() })
}

/// `avg`, also called `mean`.
pub(super) fn avg() -> AggregateUDF {
    AggregateUDF::new_from_impl(Adding { what: What::Average, theirs: avg_udaf(), signature: signature() })
}

fn signature() -> Signature {
    Signature::user_defined(Volatility::Immutable)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum What {
    Sum,
    Average,
}

/// One of the two aggregates; DataFusion's own does what is no number: durations.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Adding {
    what: What,
    theirs: Arc<AggregateUDF>,
    signature: Signature,
}

impl AggregateUDFImpl for Adding {
    fn name(&self) -> &str {
        self.theirs.name()
    }

    fn aliases(&self) -> &[String] {
        self.theirs.aliases()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        match arguments {
            [DataType::Duration(_) | DataType::Interval(_)] => Ok(arguments.to_vec()),
            [one] if Family::of(one).is_some() => Ok(vec![computed(one)?]),
            [other] => {
                plan_err!(
                    "{} takes numbers, not {}: cast it to a number",
                    self.name(),
                    crate::sql::times::describe(other)
                )
            }
            _ => plan_err!("{} takes one argument", self.name()),
        }
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        const MORE_DIGITS: u8 = 10;
        Ok(match (self.what, &arguments[0]) {
            (_, DataType::Float64) => DataType::Float64,
            (_, other) if Family::of(other).is_none() => return self.theirs.return_type(arguments),
            (What::Average, _) => WIDE,
            (What::Sum, DataType::Decimal128(p, s)) => DataType::Decimal128(DIGITS.min(p + MORE_DIGITS), *s),
            (What::Sum, other) => other.clone(),
        })
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let input = args.input_fields[0].data_type();
        if Family::of(input).is_none() {
            return self.theirs.state_fields(args);
        }
        let named = |name: &str, data_type: DataType| -> FieldRef {
            Arc::new(Field::new(format_state_name(args.name, name), data_type, true))
        };
        let double = *input == DataType::Float64;
        let kept = if double { DataType::Float64 } else { DIGITS_ALONE };
        if args.is_distinct {
            return Ok(vec![named("values", DataType::List(Arc::new(Field::new_list_field(kept, true))))]);
        }
        let mut fields = vec![named("sum", kept)];
        if double {
            fields.push(named("lost", DataType::Float64));
        }
        fields.push(named("count", DataType::Int64));
        Ok(fields)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let input = args.expr_fields[0].data_type().clone();
        if Family::of(&input).is_none() {
            return self.theirs.accumulator(args);
        }
        let finish = self.finish(&args);
        Ok(match (args.is_distinct, input) {
            (true, _) => Box::new(Distinct::new(finish)),
            (false, DataType::Float64) => Box::new(One::<Double> { total: Double::default(), count: 0, finish }),
            (false, _) => Box::new(One::<Exact> { total: Exact::default(), count: 0, finish }),
        })
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if Family::of(args.expr_fields[0].data_type()).is_none() {
            return self.theirs.create_sliding_accumulator(args);
        }
        self.accumulator(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        !args.is_distinct && Family::of(args.expr_fields[0].data_type()).is_some()
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        let finish = self.finish(&args);
        Ok(match args.expr_fields[0].data_type() {
            DataType::Float64 => Box::new(Groups::<Double> { totals: Vec::new(), counts: Vec::new(), finish }),
            _ => Box::new(Groups::<Exact> { totals: Vec::new(), counts: Vec::new(), finish }),
        })
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

impl Adding {
    fn finish(&self, args: &AccumulatorArgs) -> Finish {
        Finish {
            what: self.what,
            scale: digits(args.expr_fields[0].data_type()).1,
            result: args.return_field.data_type().clone(),
            label: plain(args.name),
        }
    }
}

/// The call without the names of tables: `sum(links.bytes_sent)` as people write it.
fn plain(name: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for c in name.chars() {
        if c == '.' && !word.is_empty() && !word.bytes().all(|b| b.is_ascii_digit()) {
            word.clear();
        } else if c.is_alphanumeric() || c == '_' {
            word.push(c);
        } else {
            out.push_str(&std::mem::take(&mut word));
            out.push(c);
        }
    }
    out + &word
}

/// Digits without a type of their own, as states keep them.
pub(super) const DIGITS_ALONE: DataType = DataType::Decimal256(76, 0);

/// From a total to the result.
#[derive(Debug, Clone)]
pub(super) struct Finish {
    what: What,
    /// Digits behind the point of exact totals.
    scale: i8,
    pub result: DataType,
    label: String,
}

impl Finish {
    pub fn too_large<T>(&self) -> Result<T> {
        exec_err!("`{}` {TOO_LARGE}", self.label)
    }

    fn exact(&self, total: i256, count: i64) -> Result<i256> {
        let value = match self.what {
            What::Sum => Some(total),
            What::Average => wide::divide(
                total,
                i256::from_i128(count.into()),
                u32::try_from(WIDE_SCALE - self.scale).unwrap_or_default(),
            ),
        };
        let fits = value.filter(|value| match &self.result {
            DataType::Int64 => value.to_i128().is_some_and(|value| i64::try_from(value).is_ok()),
            DataType::Decimal128(p, _) | DataType::Decimal256(p, _) => wide::fits(*value, *p),
            _ => false,
        });
        fits.map_or_else(|| self.too_large(), Ok)
    }

    fn double(&self, total: Double, count: i64) -> f64 {
        match self.what {
            What::Sum => total.value(),
            What::Average => total.value() / count as f64,
        }
    }
}

/// How totals of a kind become states and results.
pub(super) trait Finished: Total {
    fn state(totals: &[Self]) -> Vec<ArrayRef>;
    fn from_state(states: &[ArrayRef], row: usize) -> Self;
    /// One result for each total; NULL where nothing was counted.
    fn results(totals: &[Self], counts: &[i64], finish: &Finish) -> Result<ArrayRef>;
}

impl Finished for Exact {
    fn state(totals: &[Self]) -> Vec<ArrayRef> {
        let digits = totals.iter().map(|total| total.0);
        vec![Arc::new(Decimal256Array::from_iter_values(digits).with_data_type(DIGITS_ALONE))]
    }

    fn from_state(states: &[ArrayRef], row: usize) -> Self {
        Self(exact_at(&states[0], row).unwrap_or_default())
    }

    fn results(totals: &[Self], counts: &[i64], finish: &Finish) -> Result<ArrayRef> {
        let values: Vec<i256> = totals
            .iter()
            .zip(counts)
            .map(|(total, &count)| if count == 0 { Ok(i256::ZERO) } else { finish.exact(total.0, count) })
            .collect::<Result<_>>()?;
        let nulls = Some(counted(counts));
        let narrow = |value: &i256| value.as_i128();
        Ok(match &finish.result {
            DataType::Int64 => {
                let whole = values.iter().map(|value| i64::try_from(narrow(value)).expect("checked to fit")).collect();
                Arc::new(PrimitiveArray::<Int64Type>::new(whole, nulls))
            }
            DataType::Decimal128(..) => {
                let digits = values.iter().map(narrow).collect();
                Arc::new(PrimitiveArray::<Decimal128Type>::new(digits, nulls).with_data_type(finish.result.clone()))
            }
            _ => Arc::new(
                PrimitiveArray::<Decimal256Type>::new(values.into(), nulls).with_data_type(finish.result.clone()),
            ),
        })
    }
}

impl Finished for Double {
    fn state(totals: &[Self]) -> Vec<ArrayRef> {
        vec![
            Arc::new(totals.iter().map(|total| Some(total.sum)).collect::<Float64Array>()),
            Arc::new(totals.iter().map(|total| Some(total.lost)).collect::<Float64Array>()),
        ]
    }

    fn from_state(states: &[ArrayRef], row: usize) -> Self {
        Self { sum: double_at(&states[0], row).unwrap_or(0.0), lost: double_at(&states[1], row).unwrap_or(0.0) }
    }

    fn results(totals: &[Self], counts: &[i64], finish: &Finish) -> Result<ArrayRef> {
        let values = totals.iter().zip(counts).map(|(total, &count)| finish.double(*total, count.max(1))).collect();
        Ok(Arc::new(PrimitiveArray::<Float64Type>::new(values, Some(counted(counts)))))
    }
}

fn counted(counts: &[i64]) -> NullBuffer {
    counts.iter().map(|count| *count > 0).collect()
}

fn count_at(states: &[ArrayRef], row: usize) -> i64 {
    let counts = states[states.len() - 1].as_primitive::<Int64Type>();
    if counts.is_valid(row) { counts.value(row) } else { 0 }
}

/// One total.
#[derive(Debug)]
struct One<T> {
    total: T,
    count: i64,
    finish: Finish,
}

impl<T: Finished> One<T> {
    fn rows(&mut self, values: &ArrayRef, away: bool) -> Result<()> {
        for row in (0..values.len()).filter(|row| values.is_valid(*row)) {
            let Some(total) = self.total.take(values, row, away) else { return self.finish.too_large() };
            self.total = total;
            self.count += if away { -1 } else { 1 };
        }
        Ok(())
    }
}

impl<T: Finished> Accumulator for One<T> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.rows(&values[0], false)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.rows(&values[0], true)
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        ScalarValue::try_from_array(&T::results(&[self.total], &[self.count], &self.finish)?, 0)
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let totals = T::state(&[self.total]);
        let mut state: Vec<ScalarValue> =
            totals.iter().map(|array| ScalarValue::try_from_array(array, 0)).collect::<Result<_>>()?;
        state.push(ScalarValue::Int64(Some(self.count)));
        Ok(state)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for row in 0..states[0].len() {
            let Some(total) = self.total.join(T::from_state(states, row)) else { return self.finish.too_large() };
            self.total = total;
            self.count += count_at(states, row);
        }
        Ok(())
    }
}

/// A total for each group.
#[derive(Debug)]
struct Groups<T> {
    totals: Vec<T>,
    counts: Vec<i64>,
    finish: Finish,
}

impl<T: Finished> Groups<T> {
    fn resize(&mut self, groups: usize) {
        self.totals.resize(groups, T::default());
        self.counts.resize(groups, 0);
    }
}

impl<T: Finished> GroupsAccumulator for Groups<T> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        filter: Option<&BooleanArray>,
        groups: usize,
    ) -> Result<()> {
        self.resize(groups);
        let values = &values[0];
        for (row, &group) in group_indices.iter().enumerate() {
            if values.is_null(row) || !passes(filter, row) {
                continue;
            }
            let Some(total) = self.totals[group].take(values, row, false) else { return self.finish.too_large() };
            self.totals[group] = total;
            self.counts[group] += 1;
        }
        Ok(())
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let (totals, counts) = (emit.take_needed(&mut self.totals), emit.take_needed(&mut self.counts));
        T::results(&totals, &counts, &self.finish)
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let (totals, counts) = (emit.take_needed(&mut self.totals), emit.take_needed(&mut self.counts));
        let mut state = T::state(&totals);
        state.push(Arc::new(Int64Array::from(counts)));
        Ok(state)
    }

    fn merge_batch(&mut self, states: &[ArrayRef], group_indices: &[usize], groups: usize) -> Result<()> {
        self.resize(groups);
        for (row, &group) in group_indices.iter().enumerate() {
            let joined = self.totals[group].join(T::from_state(states, row));
            let Some(total) = joined else { return self.finish.too_large() };
            self.totals[group] = total;
            self.counts[group] += count_at(states, row);
        }
        Ok(())
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let values = &values[0];
        let mut each = Self { totals: Vec::new(), counts: Vec::new(), finish: self.finish.clone() };
        let rows: Vec<usize> = (0..values.len()).collect();
        each.update_batch(std::slice::from_ref(values), &rows, filter, values.len())?;
        each.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        self.totals.capacity() * size_of::<T>() + self.counts.capacity() * size_of::<i64>()
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn calls_are_named_without_tables() {
        assert_eq!(plain("sum(links.bytes_sent)"), "sum(bytes_sent)");
        assert_eq!(plain("sum(links.units * links.price)"), "sum(units * price)");
        assert_eq!(plain("avg(x * Float64(1.5))"), "avg(x * Float64(1.5))");
    }
}
