//! `percentile_cont` and `median`, exact: the values of a group are kept as they are, and what lies
//! between two of them is computed without rounding. Memory is a group's values, counted by the
//! session's pool, and states spill.

use std::{cmp::Ordering, fmt, mem, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, ListArray, PrimitiveArray, RecordBatch},
    buffer::OffsetBuffer,
    datatypes::{DataType, Decimal128Type, Decimal256Type, Field, FieldRef, Float64Type, Int64Type, i256},
};
use datafusion::{
    common::{Result, ScalarValue, exec_err, plan_err},
    logical_expr::{
        Accumulator, AggregateUDF, AggregateUDFImpl, ColumnarValue, EmitTo, GroupsAccumulator, Signature, Volatility,
        function::{AccumulatorArgs, StateFieldsArgs},
        utils::format_state_name,
    },
};

use super::{
    gather::passes,
    kinds::{Family, WIDE, WIDE_SCALE, computed, decimal_of, digits},
    operate::TOO_LARGE,
    wide,
};

/// `percentile_cont(0.9) WITHIN GROUP (ORDER BY x)`, also `percentile_cont(x, 0.9)` and `quantile_cont`.
pub(super) fn percentile_cont() -> AggregateUDF {
    AggregateUDF::new_from_impl(Percentile {
        name: "percentile_cont",
        aliases: vec!["quantile_cont".to_owned()],
        signature: Signature::user_defined(Volatility::Immutable),
    })
}

/// `median(x)`.
pub(super) fn median() -> AggregateUDF {
    AggregateUDF::new_from_impl(Percentile {
        name: "median",
        aliases: Vec::new(),
        signature: Signature::user_defined(Volatility::Immutable),
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Percentile {
    name: &'static str,
    aliases: Vec<String>,
    signature: Signature,
}

impl Percentile {
    fn is_median(&self) -> bool {
        self.name == "median"
    }

    fn share(&self, args: &AccumulatorArgs) -> Result<Share> {
        if self.is_median() {
            return Ok(Share { part: 5, whole: 10 });
        }
        let empty = RecordBatch::new_empty(Arc::new(args.schema.clone()));
        let value = match args.exprs[1].evaluate(&empty)? {
            ColumnarValue::Scalar(ScalarValue::Float64(Some(value))) if (0.0..=1.0).contains(&value) => value,
            _ => return exec_err!("{} takes one number from 0 to 1, such as 0.9", self.name),
        };
        let Some(ScalarValue::Decimal128(Some(part), _, scale)) = decimal_of(value) else {
            return exec_err!("{} takes a number with at most 18 decimals, not {value}", self.name);
        };
        let whole = 10_i128.pow(u32::from(scale.unsigned_abs()));
        let descending = args.order_bys.first().is_some_and(|order| order.options.descending);
        Ok(Share { part: if descending { whole - part } else { part }, whole })
    }

    fn groups(&self, args: &AccumulatorArgs) -> Result<Box<dyn Values>> {
        let share = self.share(args)?;
        let input = args.expr_fields[0].data_type().clone();
        let spec = Spec { share, distinct: args.is_distinct, scale: digits(&input).1, input, name: self.name };
        Ok(match &spec.input {
            DataType::Int64 => Box::new(Groups::<Int64Type>::new(spec)),
            DataType::Decimal128(..) => Box::new(Groups::<Decimal128Type>::new(spec)),
            DataType::Float64 => Box::new(Groups::<Float64Type>::new(spec)),
            _ => Box::new(Groups::<Decimal256Type>::new(spec)),
        })
    }
}

impl AggregateUDFImpl for Percentile {
    fn name(&self) -> &str {
        self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        match (self.is_median(), arguments) {
            (true, [value]) => Ok(vec![computed(value)?]),
            (false, [value, share]) if Family::of(share).is_some() => Ok(vec![computed(value)?, DataType::Float64]),
            (true, _) => plan_err!("median takes one column of numbers"),
            (false, _) => plan_err!("{0} takes a share and a column: {0}(0.9) WITHIN GROUP (ORDER BY x)", self.name),
        }
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(if arguments[0] == DataType::Float64 { DataType::Float64 } else { WIDE })
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let values = Field::new_list_field(args.input_fields[0].data_type().clone(), true);
        let name = format_state_name(args.name, "values");
        Ok(vec![Arc::new(Field::new(name, DataType::List(Arc::new(values)), true))])
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(One { groups: self.groups(&args)? }))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Many { groups: self.groups(&args)? }))
    }

    fn supports_within_group_clause(&self) -> bool {
        !self.is_median()
    }
}

/// A share of the way through the sorted values, as a fraction.
#[derive(Debug, Clone, Copy)]
struct Share {
    part: i128,
    whole: i128,
}

#[derive(Debug, Clone)]
struct Spec {
    share: Share,
    distinct: bool,
    scale: i8,
    input: DataType,
    name: &'static str,
}

/// A type whose values have an order and a point between two of them.
trait Between: ArrowPrimitiveType {
    type Result: ArrowPrimitiveType;
    fn order(a: &Self::Native, b: &Self::Native) -> Ordering;
    /// `low` and then `part` of `whole` of the way to `high`.
    fn between(
        low: Self::Native,
        high: Self::Native,
        part: i128,
        whole: i128,
        scale: i8,
    ) -> Option<<Self::Result as ArrowPrimitiveType>::Native>;
}

impl Between for Float64Type {
    type Result = Self;

    fn order(a: &f64, b: &f64) -> Ordering {
        a.total_cmp(b)
    }

    fn between(low: f64, high: f64, part: i128, whole: i128, _: i8) -> Option<f64> {
        if part == 0 || low == high {
            return Some(low);
        }
        let share = part as f64 / whole as f64;
        // The difference of two large numbers need not fit.
        Some(low * (1.0 - share) + high * share)
            .filter(|_| (high - low).is_infinite())
            .or(Some((high - low).mul_add(share, low)))
    }
}

macro_rules! exact_between {
    ($type:ty, $wide:expr) => {
        impl Between for $type {
            type Result = Decimal256Type;

            fn order(a: &Self::Native, b: &Self::Native) -> Ordering {
                a.cmp(b)
            }

            fn between(low: Self::Native, high: Self::Native, part: i128, whole: i128, scale: i8) -> Option<i256> {
                let low = wide::rescale($wide(low), scale, WIDE_SCALE)?;
                let high = wide::rescale($wide(high), scale, WIDE_SCALE)?;
                let way = wide::share(high.checked_sub(low)?, i256::from_i128(part), i256::from_i128(whole))?;
                low.checked_add(way)
            }
        }
    };
}

exact_between!(Int64Type, |value: i64| i256::from_i128(value.into()));
exact_between!(Decimal128Type, i256::from_i128);
exact_between!(Decimal256Type, |value: i256| value);

/// The values of groups, whatever their type.
trait Values: Send + Sync + fmt::Debug {
    fn resize(&mut self, groups: usize);
    fn add(&mut self, values: &ArrayRef, groups: &mut dyn Iterator<Item = (usize, usize)>);
    fn add_list(&mut self, group: usize, values: &ArrayRef);
    /// Takes values away that leave a window.
    fn remove(&mut self, group: usize, values: &ArrayRef) -> Result<()>;
    fn take_lists(&mut self, emit: EmitTo) -> ListArray;
    fn evaluate(&mut self, emit: EmitTo, keep: bool) -> Result<ArrayRef>;
    fn size(&self) -> usize;
}

struct Groups<T: ArrowPrimitiveType> {
    values: Vec<Vec<T::Native>>,
    /// Room for values, over all groups.
    room: usize,
    spec: Spec,
}

impl<T: ArrowPrimitiveType> fmt::Debug for Groups<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Groups").field("spec", &self.spec).finish_non_exhaustive()
    }
}

impl<T: Between> Groups<T> {
    fn new(spec: Spec) -> Self {
        Self { values: Vec::new(), room: 0, spec }
    }

    fn push(&mut self, group: usize, value: T::Native) {
        let values = &mut self.values[group];
        let before = values.capacity();
        values.push(value);
        self.room += values.capacity() - before;
    }

    fn taken(&mut self, emit: EmitTo) -> Vec<Vec<T::Native>> {
        let taken = emit.take_needed(&mut self.values);
        self.room = self.values.iter().map(Vec::capacity).sum();
        taken
    }

    /// Sorts as little as is needed.
    fn percentile(&self, values: &mut Vec<T::Native>) -> Option<<T::Result as ArrowPrimitiveType>::Native> {
        if self.spec.distinct {
            values.sort_unstable_by(T::order);
            values.dedup_by(|a, b| T::order(a, b) == Ordering::Equal);
        }
        let Share { part, whole } = self.spec.share;
        let position = part * i128::try_from(values.len() - 1).unwrap_or(i128::MAX);
        let index = usize::try_from(position / whole).unwrap_or_default();
        let rest = position % whole;
        let (_, low, above) = values.select_nth_unstable_by(index, T::order);
        let low = *low;
        let high = if rest == 0 { low } else { above.iter().copied().min_by(T::order).unwrap_or(low) };
        T::between(low, high, rest, whole, self.spec.scale)
    }
}

impl<T: Between> Values for Groups<T> {
    fn resize(&mut self, groups: usize) {
        self.values.resize(groups, Vec::new());
    }

    fn add(&mut self, values: &ArrayRef, groups: &mut dyn Iterator<Item = (usize, usize)>) {
        let values = values.as_primitive::<T>();
        for (row, group) in groups {
            if values.is_valid(row) {
                self.push(group, values.value(row));
            }
        }
    }

    fn add_list(&mut self, group: usize, values: &ArrayRef) {
        for value in values.as_primitive::<T>().iter().flatten() {
            self.push(group, value);
        }
    }

    fn remove(&mut self, group: usize, values: &ArrayRef) -> Result<()> {
        for value in values.as_primitive::<T>().iter().flatten() {
            let kept = &mut self.values[group];
            let Some(place) = kept.iter().position(|other| T::order(other, &value) == Ordering::Equal) else {
                return exec_err!("{}: a value left a window that it had not entered", self.spec.name);
            };
            kept.swap_remove(place);
        }
        Ok(())
    }

    fn take_lists(&mut self, emit: EmitTo) -> ListArray {
        let groups = self.taken(emit);
        let offsets = OffsetBuffer::from_lengths(groups.iter().map(Vec::len));
        let values =
            PrimitiveArray::<T>::from_iter_values(groups.into_iter().flatten()).with_data_type(self.spec.input.clone());
        let field = Arc::new(Field::new_list_field(self.spec.input.clone(), true));
        ListArray::new(field, offsets, Arc::new(values), None)
    }

    fn evaluate(&mut self, emit: EmitTo, keep: bool) -> Result<ArrayRef> {
        let mut groups = self.taken(emit);
        let mut results = Vec::with_capacity(groups.len());
        for values in &mut groups {
            results.push(match values.is_empty() {
                true => None,
                false => match self.percentile(values) {
                    None => return exec_err!("`{}` {TOO_LARGE}", self.spec.name),
                    found => found,
                },
            });
        }
        if keep {
            self.values = groups;
            self.room = self.values.iter().map(Vec::capacity).sum();
        }
        let result = if self.spec.input == DataType::Float64 { DataType::Float64 } else { WIDE };
        Ok(Arc::new(results.into_iter().collect::<PrimitiveArray<T::Result>>().with_data_type(result)))
    }

    fn size(&self) -> usize {
        self.room * size_of::<T::Native>() + self.values.capacity() * size_of::<Vec<T::Native>>()
    }
}

/// One group, as for windows and aggregates without groups.
#[derive(Debug)]
struct One {
    groups: Box<dyn Values>,
}

impl Accumulator for One {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.groups.resize(1);
        self.groups.add(&values[0], &mut (0..values[0].len()).map(|row| (row, 0)));
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.groups.resize(1);
        self.groups.remove(0, &values[0])
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.groups.resize(1);
        // A window goes on after it was asked.
        ScalarValue::try_from_array(&self.groups.evaluate(EmitTo::All, true)?, 0)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.groups.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.groups.resize(1);
        Ok(vec![ScalarValue::List(Arc::new(self.groups.take_lists(EmitTo::All)))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.groups.resize(1);
        states[0].as_list::<i32>().iter().flatten().for_each(|values| self.groups.add_list(0, &values));
        Ok(())
    }
}

#[derive(Debug)]
struct Many {
    groups: Box<dyn Values>,
}

impl GroupsAccumulator for Many {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        filter: Option<&BooleanArray>,
        groups: usize,
    ) -> Result<()> {
        self.groups.resize(groups);
        let mut rows = group_indices.iter().copied().enumerate().filter(|(row, _)| passes(filter, *row));
        self.groups.add(&values[0], &mut rows);
        Ok(())
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        self.groups.evaluate(emit, false)
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![Arc::new(self.groups.take_lists(emit))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef], group_indices: &[usize], groups: usize) -> Result<()> {
        self.groups.resize(groups);
        for (values, &group) in states[0].as_list::<i32>().iter().zip(group_indices) {
            if let Some(values) = values {
                self.groups.add_list(group, &values);
            }
        }
        Ok(())
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let values = &values[0];
        let kept = |row: usize| values.is_valid(row) && passes(filter, row);
        let lengths = (0..values.len()).map(|row| usize::from(kept(row)));
        let offsets = OffsetBuffer::from_lengths(lengths);
        let mask: BooleanArray = (0..values.len()).map(|row| Some(kept(row))).collect();
        let kept = arrow::compute::filter(values, &mask)?;
        let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
        Ok(vec![Arc::new(ListArray::new(field, offsets, kept, None))])
    }

    fn size(&self) -> usize {
        mem::size_of_val(self) + self.groups.size()
    }
}
