//! Values as bind parameters. The server infers no types for them, so a boundary's place is looked
//! up: the column that it is compared with, and that column's type.

use bigdecimal::{BigDecimal, num_bigint::BigInt};
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use punctual_data::source::SourceError;
use punctual_model::{
    sql_text::Bind,
    value::{Decimal, Value},
};
use sqlx::{Arguments, error::BoxDynError, mysql::MySqlArguments};

use super::catalog::TableColumn;
use crate::{
    boundary::{self, Boundary, Temporal},
    context::Context,
    time::{TimeRules, Written},
};

/// A column that a parameter meets.
pub(super) struct Place<'a> {
    pub(super) name: &'a str,
    pub(super) column: &'a TableColumn,
}

/// The arguments for a statement. `place` tells what a parameter, counted from 1, is compared with.
///
/// # Errors
/// A boundary of the wrong kind, or a value that the protocol cannot carry.
pub(super) fn arguments<'b, 'p>(
    binds: impl Iterator<Item = &'b Bind>,
    rules: &TimeRules,
    context: &Context,
    place: &dyn Fn(usize) -> Option<Place<'p>>,
) -> Result<MySqlArguments, SourceError> {
    let mut arguments = MySqlArguments::default();
    for (number, bind) in (1..).zip(binds) {
        let place = place(number);
        if let Some(place) = &place
            && let Some(meets) = temporal(place.column, &bind.expression, rules)
        {
            boundary::check(context.dataset(), &bind.expression, Some(place.name), meets)?;
        }
        let native = place.is_some_and(|place| place.column.temporal().is_some());
        add(&mut arguments, &bind.value, native, rules)
            .map_err(|error| context.query(format!("`{}`: {error}", bind.expression.trim())))?;
    }
    Ok(arguments)
}

/// The kind of boundary that belongs to a column; `None` where any will do.
fn temporal(column: &TableColumn, expression: &str, rules: &TimeRules) -> Option<Temporal> {
    if column.is_text() {
        // A text column may hold dates in a source whose format tells times.
        let date = Boundary::of(expression).is_some_and(|b| b.kind == Temporal::Date);
        return rules.text_tells().filter(|_| !date);
    }
    if column.is_int() && rules.is_epoch() {
        return Some(Temporal::Instant);
    }
    column.temporal()
}

/// Adds one value. Next to a column of the database's own types a time is bound as such,
/// elsewhere as the source's encoding writes it.
fn add(arguments: &mut MySqlArguments, value: &Value, native: bool, rules: &TimeRules) -> Result<(), BoxDynError> {
    let written = if native { None } else { rules.written(value) };
    match written {
        Some(Written::Text(text)) => return arguments.add(text),
        Some(Written::Count(count)) => return arguments.add(count),
        None => {}
    }
    match value {
        Value::Null => arguments.add(None::<String>),
        Value::Bool(flag) => arguments.add(*flag),
        Value::Int(number) => arguments.add(*number),
        Value::Double(number) => arguments.add(*number),
        Value::Decimal(Decimal { digits, scale }) => {
            arguments.add(BigDecimal::new(BigInt::from(*digits), i64::from(*scale)))
        }
        Value::Text(text) => arguments.add(text.as_str()),
        Value::Date(date) => arguments.add(naive_date(*date)?),
        Value::Local(local) => arguments.add(naive_time(*local)?),
        Value::Instant(instant) => {
            let instant = DateTime::from_timestamp_micros(instant.as_microsecond());
            arguments.add(instant.ok_or("the time is out of range")?)
        }
    }
}

fn naive_date(date: jiff::civil::Date) -> Result<NaiveDate, &'static str> {
    let (month, day) = (date.month().unsigned_abs().into(), date.day().unsigned_abs().into());
    NaiveDate::from_ymd_opt(date.year().into(), month, day).ok_or("the date is out of range")
}

fn naive_time(local: jiff::civil::DateTime) -> Result<NaiveDateTime, &'static str> {
    let [hour, minute, second] =
        [local.hour(), local.minute(), local.second()].map(|part| u32::from(part.unsigned_abs()));
    let micros = local.subsec_nanosecond().unsigned_abs() / 1_000;
    naive_date(local.date())?.and_hms_micro_opt(hour, minute, second, micros).ok_or("the time is out of range")
}
