//! Times that nobody means: a year of three digits, or one centuries from now, in a column whose other times are of
//! today. Someone typed 0202 for 2020, and the row falls out of every period without a word. A finding says so;
//! nothing is changed. Columns of history, and the dates that stand for "never", are left alone.

use std::collections::BTreeMap;

use arrow::datatypes::{DataType, Field};
use futures::TryStreamExt;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use punctual_model::{
    definition::Otherwise,
    finding::Finding,
    sql_text::{Bind, Fragment, SqlText},
    value::Value,
};

use crate::{checks::Subject, error::DataError, session::Session, values::value_at};

/// Times before the first of these years, or from the second one on, are far.
const FAR: [i16; 2] = [1000, 2200];
/// Times of today lie between these years.
const TODAY: [i16; 2] = [1970, 2100];
/// A value that comes more often stands for something, such as "never".
const BY_MISTAKE: u64 = 2;
/// With more values than these it is no mistake that one looks at.
const MANY: usize = 100;
/// Examples that a finding carries.
const SAMPLES: usize = 5;

/// What is to be said of the times of a dataset.
///
/// # Errors
/// A limit, or a file.
pub(crate) async fn of_rows(session: &Session, subject: &Subject<'_>) -> Result<Vec<Finding>, DataError> {
    let mut findings = Vec::new();
    for field in subject.snapshot.schema.fields() {
        if matches!(field.data_type(), DataType::Date32 | DataType::Timestamp(..)) {
            findings.extend(of_column(session, subject.name, field).await?);
        }
    }
    Ok(findings)
}

async fn of_column(session: &Session, table: &str, field: &Field) -> Result<Option<Finding>, DataError> {
    let Some(far) = far(session, table, field).await? else { return Ok(None) };
    let rows: u64 = far.iter().map(|(_, rows)| rows).sum();
    if rows == 0 || today(session, table, field).await? < rows {
        return Ok(None);
    }
    let mut years: Vec<String> = far.iter().map(|(time, _)| time.year().to_string()).collect();
    years.dedup();
    if years.len() > 3 {
        years.truncate(3);
        years.push("others".to_owned());
    }
    let (last, first) = years.split_last().expect("there is a far time");
    let years = if first.is_empty() { last.clone() } else { format!("{} and {last}", first.join(", ")) };
    let times = if rows == 1 { "1 value lies".to_owned() } else { format!("{rows} values lie") };
    let years = if far.len() == 1 { format!("year {years}") } else { format!("years {years}") };
    let message = format!(
        "of `{}` {times} in the {years}, the others in times of today; mend what was mistyped where it comes from, or \
         leave it out of the dataset",
        field.name()
    );
    Ok(Some(Finding {
        subject: table.to_owned(),
        check: "times".to_owned(),
        severity: Otherwise::Warn,
        message,
        rows,
        samples: far.iter().take(SAMPLES).map(|(time, _)| format!("{}={time}", field.name())).collect(),
    }))
}

/// The far times that may be mistakes, each with its rows, in order; `None` where there are none, or many.
async fn far(session: &Session, table: &str, field: &Field) -> Result<Option<Vec<(DateTime, u64)>>, DataError> {
    let mut batches = session.run(table, &query(table, field, "", ["<", " OR", ">="], FAR)).await?;
    let mut found: BTreeMap<DateTime, u64> = BTreeMap::new();
    while let Some(batch) = batches.try_next().await? {
        for row in 0..batch.num_rows() {
            let value = value_at(batch.column(0), row).ok();
            if let Some(time) = value.as_ref().and_then(clock).filter(|time| !stands_for_never(*time)) {
                *found.entry(time).or_default() += 1;
            }
        }
        if found.len() > MANY {
            return Ok(None);
        }
    }
    found.retain(|_, rows| *rows <= BY_MISTAKE);
    Ok((!found.is_empty()).then(|| found.into_iter().collect()))
}

/// How many times are of today.
async fn today(session: &Session, table: &str, field: &Field) -> Result<u64, DataError> {
    let batches: Vec<_> =
        session.run(table, &query(table, field, "count", [">=", " AND", "<"], TODAY)).await?.try_collect().await?;
    let count = batches.first().and_then(|batch| value_at(batch.column(0), 0).ok());
    Ok(match count {
        Some(Value::Int(count)) => count.unsigned_abs(),
        _ => 0,
    })
}

/// `SELECT function(column) FROM table WHERE column < year OR column >= year`, with such words between.
fn query(table: &str, field: &Field, function: &str, words: [&str; 3], years: [i16; 2]) -> SqlText {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let (column, [before, between, behind]) = (quoted(field.name()), words);
    let first = |year: i16| Fragment::Bind(Bind { expression: "year".to_owned(), value: first_of(year, field) });
    let sql = |text: String| Fragment::Sql(text);
    SqlText {
        fragments: vec![
            sql(format!("SELECT {function}({column}) AS v FROM {} WHERE {column} {before} ", quoted(table))),
            first(years[0]),
            sql(format!("{between} {column} {behind} ")),
            first(years[1]),
        ],
    }
}

/// The first moment of a year, as the column has it.
fn first_of(year: i16, field: &Field) -> Value {
    let day = jiff::civil::date(year, 1, 1);
    match field.data_type() {
        DataType::Date32 => Value::Date(day),
        DataType::Timestamp(_, Some(_)) => {
            let midnight = day.to_datetime(jiff::civil::Time::midnight());
            Value::Instant(TimeZone::UTC.to_timestamp(midnight).unwrap_or(Timestamp::UNIX_EPOCH))
        }
        _ => Value::Local(day.to_datetime(jiff::civil::Time::midnight())),
    }
}

fn clock(value: &Value) -> Option<DateTime> {
    match value {
        Value::Date(day) => Some(day.to_datetime(jiff::civil::Time::midnight())),
        Value::Local(time) => Some(*time),
        Value::Instant(instant) => Some(TimeZone::UTC.to_datetime(*instant)),
        _ => None,
    }
}

/// The first and last days of a year, in any zone, and all of the first and the last year that there is.
fn stands_for_never(time: DateTime) -> bool {
    let day = (time.month(), time.day());
    matches!(time.year(), 0 | 1 | 9999) || matches!(day, (12, 30 | 31) | (1, 1 | 2))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn days_that_stand_for_never_are_no_mistakes() {
        for (year, month, day, never) in [
            (9999, 12, 31, true),
            (9999, 6, 1, true),
            (1, 1, 3, true),
            (2999, 12, 31, true),
            (3000, 1, 1, true),
            (202, 10, 6, false),
            (3023, 10, 6, false),
        ] {
            assert_eq!(stands_for_never(date(year, month, day).at(0, 0, 0, 0)), never, "{year}-{month}-{day}");
        }
    }
}
