//! The row of totals: one pass over a table's rows adds up what its columns ask for. Totals are of exact values
//! and are rounded once, when they are written; amounts of different currencies have none.

use std::{borrow::Cow, collections::BTreeSet};

use arrow::array::{Array as _, RecordBatch};
use punctual_model::{
    currency::Currency,
    value::{Decimal, Value},
};

use super::{
    AssembleError, Place,
    columns::{Projection, column_error},
    projected::{ProjectedRows, double_at, doubles},
    sum::Sum,
};
use crate::{
    arrow_value::value_at,
    content::{Column, Rows as _, RowsError, Total},
    formula::Formula,
    totals::Totalled,
    write::{Style, Writer},
};

/// More currencies than this are told as so many.
const MOST_NAMED: usize = 6;

/// The totals of a table's columns, and remarks on those that have none although they were asked for.
pub(super) fn totals(
    place: &Place<'_>,
    projection: &Projection,
    rows: &ProjectedRows,
) -> Result<(Vec<Total>, Vec<String>), AssembleError> {
    let mut tallies = Tallies::new(projection);
    for batch in rows.batches().map_err(|source| place.unreadable(source))? {
        let batch = batch.map_err(|source| place.unreadable(source))?;
        tallies.add(projection, &batch).map_err(|source| place.unreadable(source))?;
    }
    if let Some(index) = tallies.too_large() {
        let column = &projection.columns[index].field;
        return Err(column_error(place, column, "has a sum of more than 38 digits", "leave `totals` out"));
    }
    let mut totals = Vec::with_capacity(projection.columns.len());
    let mut remarks = Vec::new();
    let mut unrounded = false;
    for (index, column) in projection.columns.iter().enumerate() {
        let value = tallies.total(index, column);
        let mixed = column.total.as_ref().and_then(|total| tallies.mixed(index, total));
        let value = match mixed {
            Some(currencies) => {
                remarks.push(apart(place, column, currencies));
                Value::Null
            }
            None => value,
        };
        let writer = tallies.writer(index, column);
        if let (Some(Totalled::Sum), Some(shown)) = (&column.total, tallies.columns[index].shown) {
            unrounded |= writer.shown_units(&value).is_some_and(|total| total != shown);
        }
        totals.push(Total::new(value, writer.into_owned()));
    }
    if unrounded {
        remarks.push(place.edition.locale.words.unrounded.to_owned());
    }
    // The first column says what the row is, unless it has a total of its own.
    if let Some(first) = totals.first_mut().filter(|total| total.value == Value::Null) {
        let words = place.edition.locale.words.total;
        let writer = Writer { style: Style::Text, locale: place.edition.locale };
        *first = Total::new(Value::Text(words.to_owned()), writer);
    }
    Ok((totals, remarks))
}

/// "Amount: amounts in EUR and JPY are not added up".
fn apart(place: &Place<'_>, column: &Column, currencies: &Currencies) -> String {
    let locale = place.edition.locale;
    format!("{}: {}", column.label, locale.words.not_added_up.replace("{list}", &list(locale, currencies)))
}

/// Currencies in words, with a dash for amounts that have none.
pub(super) fn list(locale: &'static crate::locale::Locale, currencies: &Currencies) -> String {
    let mut names: Vec<&str> =
        currencies.iter().take(MOST_NAMED).map(|c| c.as_ref().map_or("–", Currency::code)).collect();
    if currencies.len() > MOST_NAMED {
        names.push("…");
        return names.join(", ");
    }
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} {} {last}", rest.join(", "), locale.words.and),
        _ => names.concat(),
    }
}

/// The currencies of amounts; `None` for an amount without one.
pub(super) type Currencies = BTreeSet<Option<Currency>>;

/// What is added up of each column.
struct Tallies {
    columns: Vec<Tally>,
    /// Expressions whose rows are added up, because ratios ask for them.
    expressions: Vec<(Formula, Sum)>,
    currencies: Vec<Currencies>,
}

/// What is known of a column's rows so far.
struct Tally {
    wanted: bool,
    sum: Sum,
    rows: u64,
    least: Value,
    largest: Value,
    /// The sum of what the rows show, in units of their last digit; `None` where nobody can tell.
    shown: Option<i128>,
}

impl Tallies {
    fn new(projection: &Projection) -> Self {
        let (mut sums, mut expressions) = (Vec::new(), Vec::new());
        for column in &projection.columns {
            if let Some(Totalled::Ratio(ratio)) = &column.total {
                ratio.operands(&mut sums, &mut expressions);
            }
        }
        let tally = |(index, column): (usize, &Column)| Tally {
            wanted: sums.contains(&index)
                || matches!(&column.total, Some(total) if !matches!(total, Totalled::Ratio(_))),
            sum: Sum::Nothing,
            rows: 0,
            least: Value::Null,
            largest: Value::Null,
            shown: Some(0),
        };
        Self {
            columns: projection.columns.iter().enumerate().map(tally).collect(),
            expressions: expressions.into_iter().map(|formula| (formula.clone(), Sum::Nothing)).collect(),
            currencies: vec![Currencies::new(); projection.columns.len()],
        }
    }

    fn add(&mut self, projection: &Projection, batch: &RecordBatch) -> Result<(), RowsError> {
        for (index, tally) in self.columns.iter_mut().enumerate().filter(|(_, tally)| tally.wanted) {
            let array = batch.column(index);
            tally.sum.add(array);
            tally.rows += (array.len() - array.null_count()) as u64;
            let column = &projection.columns[index];
            if column.total == Some(Totalled::Sum) {
                tally.show(column, batch, index);
            }
            if matches!(column.total, Some(Totalled::Min | Totalled::Max)) {
                (0..array.len()).for_each(|row| tally.compare(value_at(array, row)));
            }
        }
        for (formula, sum) in &mut self.expressions {
            let operands = formula.columns();
            let arrays = operands.iter().map(|index| doubles(batch.column(*index))).collect::<Result<Vec<_>, _>>()?;
            let operand = |row: usize, index: usize| {
                double_at(&arrays[operands.iter().position(|operand| *operand == index)?], row)
            };
            let values = (0..batch.num_rows()).filter_map(|row| formula.evaluate(&|index| operand(row, index)));
            values.for_each(|value| sum.double(value));
        }
        for (index, column) in projection.columns.iter().enumerate() {
            let Some(currency) = &column.currency else { continue };
            let amounts = batch.column(index);
            for row in (0..batch.num_rows()).filter(|row| amounts.is_valid(*row)) {
                let found = currency.in_row(batch, row);
                if !self.currencies[index].contains(&found) {
                    self.currencies[index].insert(found);
                }
            }
        }
        Ok(())
    }

    fn too_large(&self) -> Option<usize> {
        self.columns.iter().position(|tally| tally.sum == Sum::TooLarge)
    }

    fn total(&self, index: usize, column: &Column) -> Value {
        let tally = &self.columns[index];
        let value = match &column.total {
            None => Value::Null,
            Some(Totalled::Sum) => tally.sum.value(),
            Some(Totalled::Mean) => tally.mean(),
            Some(Totalled::Min) => tally.least.clone(),
            Some(Totalled::Max) => tally.largest.clone(),
            Some(Totalled::Ratio(ratio)) => {
                let of = |formula: &Formula| {
                    let (_, sum) = self.expressions.iter().find(|(known, _)| known == formula)?;
                    double(&sum.value())
                };
                let value = ratio.evaluate(&|index| double(&self.columns[index].sum.value()), &of);
                value.map_or(Value::Null, Value::Double)
            }
        };
        match value {
            Value::Double(double) if !double.is_finite() => Value::Null,
            value => value,
        }
    }

    /// The currencies of what counts in a column's total, when they are several.
    fn mixed(&self, index: usize, total: &Totalled) -> Option<&Currencies> {
        let columns = match total {
            Totalled::Ratio(ratio) => ratio.columns(),
            _ => vec![index],
        };
        columns.into_iter().map(|index| &self.currencies[index]).find(|currencies| currencies.len() > 1)
    }

    /// How the total is written: in the one currency of its column's amounts.
    fn writer<'c>(&self, index: usize, column: &'c Column) -> Cow<'c, Writer> {
        match (&column.currency, self.currencies[index].first()) {
            (Some(currency), Some(one)) if self.currencies[index].len() == 1 => {
                Cow::Owned(currency.writer(one.as_ref(), &column.writer))
            }
            _ => Cow::Borrowed(&column.writer),
        }
    }
}

impl Tally {
    /// Adds what the rows of a batch show.
    fn show(&mut self, column: &Column, batch: &RecordBatch, index: usize) {
        let array = batch.column(index);
        for row in (0..array.len()).filter(|row| array.is_valid(*row)) {
            let Some(sum) = self.shown else { return };
            let units = column.writer_at(batch, row).shown_units(&value_at(array, row));
            self.shown = units.and_then(|units| sum.checked_add(units));
        }
    }

    fn compare(&mut self, value: Value) {
        let Some(number) = double(&value).filter(|number| !number.is_nan()) else { return };
        if double(&self.least).is_none_or(|least| number < least) {
            self.least = value.clone();
        }
        if double(&self.largest).is_none_or(|largest| number > largest) {
            self.largest = value;
        }
    }

    /// The mean of the rows that have a value.
    fn mean(&self) -> Value {
        match double(&self.sum.value()) {
            Some(sum) if self.rows > 0 => Value::Double(sum / self.rows as f64),
            _ => Value::Null,
        }
    }
}

/// A number as a double.
pub(super) fn double(value: &Value) -> Option<f64> {
    match value {
        Value::Int(int) => Some(*int as f64),
        Value::Decimal(decimal) => Some(Decimal::to_f64(*decimal)),
        Value::Double(double) => Some(*double),
        _ => None,
    }
}
