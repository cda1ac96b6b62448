//! `covers`: every day or month of the period has a row, in all or for each value of a column.
//! Times with zone count in the report's zone.

use std::collections::BTreeSet;

use arrow::{
    array::{ArrayRef, AsArray},
    datatypes::{DataType, Date32Type, TimeUnit},
};
use datafusion::{
    common::{Column, ScalarValue},
    functions_aggregate::expr_fn::count_distinct,
    logical_expr::{Expr, ExprFunctionExt, LogicalPlanBuilder, cast, lit},
};
use futures::StreamExt;
use jiff::{ToSpan, civil::Date};
use punctual_model::{
    definition::{Check, Covers, CoversEvery},
    finding::Finding,
    value::Value,
};

use super::{Context, Days, SAMPLES, Subject, count, marks::fresh};
use crate::{
    error::DataError,
    session::Session,
    sql::error::from_datafusion,
    values::{to_scalar, value_at},
};

/// Values of the `by` column that a message spells out.
const SHOWN: usize = 3;
/// Days that a message spells out for each.
const DAYS_SHOWN: usize = 5;

/// Looks for units of the period without a row.
pub(super) async fn check(
    context: &Context<'_>,
    subject: &Subject<'_>,
    check: &Covers,
) -> Result<Option<Finding>, DataError> {
    let coverage = Coverage::new(context, subject, check)?;
    let found = match &check.by {
        None => coverage.whole().await?,
        Some(by) => coverage.by_value(by).await?,
    };
    Ok(found.map(|(message, samples)| Finding { samples, ..subject.finding("covers", check.otherwise, message) }))
}

struct Coverage<'a> {
    session: &'a Session,
    subject: &'a Subject<'a>,
    describe: String,
    check: &'a Covers,
    /// The day or month of a row.
    unit: Expr,
    expected: BTreeSet<Date>,
}

/// What is missing, and examples.
type Found = Option<(String, Vec<String>)>;

impl<'a> Coverage<'a> {
    fn new(context: &'a Context<'_>, subject: &'a Subject<'_>, check: &'a Covers) -> Result<Self, DataError> {
        let written = Check::Covers(check.clone());
        let field = subject.column(&written, &check.column)?;
        if let Some(by) = &check.by {
            subject.column(&written, by)?;
        }
        let day = day(context.session, Expr::Column(Column::from_name(&check.column)), field.data_type()).ok_or_else(
            || {
                let message = format!("column `{}` holds neither dates nor times", check.column);
                subject.error(&written, message)
            },
        )?;
        let unit = match check.every {
            CoversEvery::Day => day,
            CoversEvery::Month => month(context.session, day),
        };
        let describe = format!("check `covers` of `{}`", subject.name);
        let expected = units(context.days, check.every);
        Ok(Self { session: context.session, subject, describe, check, unit, expected })
    }

    /// Whether a row's unit is one of the expected ones.
    fn expected_unit(&self) -> Expr {
        let literal = |date: &Date| lit(to_scalar(&Value::Date(*date)));
        let (Some(first), Some(last)) = (self.expected.first(), self.expected.last()) else { return lit(false) };
        self.unit.clone().between(literal(first), literal(last))
    }

    async fn whole(&self) -> Result<Found, DataError> {
        let missing = self.missing(None).await?;
        if missing.is_empty() {
            return Ok(None);
        }
        let message = format!(
            "{} of {} no row: {}",
            missing.len(),
            if missing.len() == 1 { format!("{} has", self.count()) } else { format!("{} have", self.count()) },
            self.list(&missing)
        );
        let samples =
            missing.iter().take(SAMPLES).map(|d| format!("{}={}", self.check.column, self.show(*d))).collect();
        Ok(Some((message, samples)))
    }

    async fn by_value(&self, by: &str) -> Result<Found, DataError> {
        let key = || Expr::Column(Column::from_name(by));
        let error = |e| from_datafusion(&self.describe, None, &e);
        let covered =
            count_distinct(self.unit.clone()).distinct().filter(self.expected_unit()).build().map_err(error)?;
        let covered_name = fresh(self.subject.schema(), "covered");
        let plan = self
            .session
            .scan(self.subject.name)?
            .filter(key().is_not_null())
            .and_then(|plan| plan.aggregate([key()], [covered.alias(&covered_name)]))
            .and_then(|plan| {
                plan.filter(Expr::Column(Column::from_name(&covered_name)).lt(lit(self.expected.len() as i64)))
            })
            .and_then(|plan| plan.project([key()]))
            .and_then(|plan| plan.sort([key().sort(true, false)]))
            .and_then(LogicalPlanBuilder::build)
            .map_err(error)?;
        let mut batches = self.session.run_plan(&self.describe, plan).await?;
        let mut values = 0;
        let mut first = Vec::new();
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            values += batch.num_rows() as u64;
            for row in 0..batch.num_rows().min(SHOWN - first.len()) {
                first.push(ScalarValue::try_from_array(batch.column(0), row).map_err(error)?);
            }
        }
        drop(batches);
        if values == 0 { Ok(None) } else { self.describe_values(by, values, first).await.map(Some) }
    }

    async fn describe_values(
        &self,
        by: &str,
        values: u64,
        first: Vec<ScalarValue>,
    ) -> Result<(String, Vec<String>), DataError> {
        let mut parts = Vec::new();
        let mut samples = Vec::new();
        let shown = first.len() as u64;
        for value in first {
            let text = value.to_string();
            let missing = self.missing(Some((by, value))).await?;
            if let Some(first) = missing.first() {
                samples.push(format!("{by}={text}, {}={}", self.check.column, self.show(*first)));
            }
            parts.push(format!("{text} lacks {} of {} ({})", missing.len(), self.count(), self.list(&missing)));
        }
        if values > shown {
            parts.push(format!("{} more", values - shown));
        }
        let lack = if values == 1 { "value of `{by}` lacks" } else { "values of `{by}` lack" }.replace("{by}", by);
        let units = if self.check.every == CoversEvery::Day { "days" } else { "months" };
        Ok((format!("{values} {lack} {units} of the period: {}", parts.join("; ")), samples))
    }

    /// The units without a row, in order, among all rows or those with one value.
    async fn missing(&self, only: Option<(&str, ScalarValue)>) -> Result<Vec<Date>, DataError> {
        let unit = "unit";
        let mut filter = self.expected_unit();
        if let Some((by, value)) = only {
            filter = filter.and(Expr::Column(Column::from_name(by)).eq(lit(value)));
        }
        let plan = self
            .session
            .scan(self.subject.name)?
            .filter(filter)
            .and_then(|plan| plan.project([self.unit.clone().alias(unit)]))
            .and_then(LogicalPlanBuilder::distinct)
            .and_then(LogicalPlanBuilder::build)
            .map_err(|e| from_datafusion(&self.describe, None, &e))?;
        let mut missing = self.expected.clone();
        let mut batches = self.session.run_plan(&self.describe, plan).await?;
        while let Some(batch) = batches.next().await {
            for date in dates(batch?.column(0)) {
                missing.remove(&date);
            }
        }
        Ok(missing.into_iter().collect())
    }

    fn count(&self) -> String {
        let unit = if self.check.every == CoversEvery::Day { "day" } else { "month" };
        count(self.expected.len() as u64, unit)
    }

    fn show(&self, date: Date) -> String {
        match self.check.every {
            CoversEvery::Day => date.to_string(),
            CoversEvery::Month => date.strftime("%Y-%m").to_string(),
        }
    }

    fn list(&self, dates: &[Date]) -> String {
        let mut shown: Vec<String> = dates.iter().take(DAYS_SHOWN).map(|date| self.show(*date)).collect();
        if dates.len() > DAYS_SHOWN {
            shown.push(format!("{} more", dates.len() - DAYS_SHOWN));
        }
        shown.join(", ")
    }
}

/// The civil day of a column: in the report's zone for instants.
fn day(session: &Session, column: Expr, data_type: &DataType) -> Option<Expr> {
    match data_type {
        DataType::Date32 => Some(column),
        DataType::Timestamp(_, None) => Some(cast(column, DataType::Date32)),
        DataType::Timestamp(_, Some(_)) => Some(call(session, "local_date", vec![column])),
        _ => None,
    }
}

/// The first day of a day's month.
fn month(session: &Session, day: Expr) -> Expr {
    let midnight = cast(day, DataType::Timestamp(TimeUnit::Microsecond, None));
    cast(call(session, "date_trunc", vec![lit("month"), midnight]), DataType::Date32)
}

fn call(session: &Session, function: &str, arguments: Vec<Expr>) -> Expr {
    session.state().scalar_functions().get(function).expect("a registered function").call(arguments)
}

/// The days of the period, or the first days of the months that it touches.
fn units(days: Days, every: CoversEvery) -> BTreeSet<Date> {
    match every {
        CoversEvery::Day => days.first.series(1.day()).take_while(|day| *day < days.end).collect(),
        CoversEvery::Month => {
            days.first.first_of_month().series(1.month()).take_while(|month| *month < days.end).collect()
        }
    }
}

fn dates(column: &ArrayRef) -> impl Iterator<Item = Date> {
    let days = column.as_primitive_opt::<Date32Type>().map_or(0, |days| days.len());
    (0..days).filter_map(|row| match value_at(column, row) {
        Ok(Value::Date(date)) => Some(date),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn units_are_those_that_the_period_touches() {
        let days = Days { first: date(2026, 1, 30), end: date(2026, 3, 1) };
        assert_eq!(units(days, CoversEvery::Day).len(), 30);
        let months: Vec<Date> = units(days, CoversEvery::Month).into_iter().collect();
        assert_eq!(months, [date(2026, 1, 1), date(2026, 2, 1)]);
    }
}
