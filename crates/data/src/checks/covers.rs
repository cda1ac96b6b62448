//! `covers`: every hour, day or month of the period has a row, in all or for each value of a column.
//! Times with zone count in the report's zone, where a day has 23, 24 or 25 hours.

use std::collections::BTreeSet;

use arrow::{
    array::{Array, ArrayRef},
    datatypes::{DataType, TimeUnit},
};
use datafusion::{
    common::{Column, ScalarValue},
    functions_aggregate::expr_fn::count_distinct,
    logical_expr::{Expr, ExprFunctionExt, LogicalPlanBuilder, cast, lit},
};
use futures::StreamExt;
use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime, Time},
};
use punctual_model::{
    definition::{Check, Covers, CoversEvery},
    finding::Finding,
    value::Value,
    zone::Zone,
};

use super::{Context, Days, SAMPLES, Subject, count, marks::fresh};
use crate::{
    error::DataError,
    session::Session,
    sql::{error::from_datafusion, local_trunc},
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
    /// The hour, day or month of a row.
    unit: Expr,
    expected: BTreeSet<Unit>,
}

/// An hour, or the first day of a day or month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Unit {
    Day(Date),
    Hour(Timestamp),
    /// An hour of a time without zone.
    LocalHour(DateTime),
}

impl Unit {
    fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Date(date) => Self::Day(*date),
            Value::Instant(instant) => Self::Hour(*instant),
            Value::Local(local) => Self::LocalHour(*local),
            _ => return None,
        })
    }

    fn value(self) -> Value {
        match self {
            Self::Day(date) => Value::Date(date),
            Self::Hour(instant) => Value::Instant(instant),
            Self::LocalHour(local) => Value::Local(local),
        }
    }
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
        let column = Expr::Column(Column::from_name(&check.column));
        let kind = field.data_type();
        let day = day(context.session, column.clone(), kind).ok_or_else(|| {
            let message = format!("column `{}` holds neither dates nor times", check.column);
            subject.error(&written, message)
        })?;
        let unit = match check.every {
            CoversEvery::Hour if *kind == DataType::Date32 => {
                let message = format!("column `{}` holds dates, which have no hours", check.column);
                return Err(subject.error(&written, message));
            }
            CoversEvery::Hour => call(context.session, "date_trunc", vec![lit("hour"), column]),
            CoversEvery::Day => day,
            CoversEvery::Month => month(context.session, day),
        };
        let describe = format!("check `covers` of `{}`", subject.name);
        let zone = context.session.zone();
        let expected = match (check.every, kind) {
            (CoversEvery::Hour, DataType::Timestamp(_, Some(_))) => hours(context.days, zone, Unit::Hour),
            (CoversEvery::Hour, _) => hours(context.days, zone, |hour| Unit::LocalHour(zone.rules().to_datetime(hour))),
            (every, _) => Ok(units(context.days, every)),
        };
        let expected = expected.map_err(|message| subject.error(&written, message))?;
        Ok(Self { session: context.session, subject, describe, check, unit, expected })
    }

    /// Whether a row's unit is one of the expected ones.
    fn expected_unit(&self) -> Expr {
        let literal = |unit: &Unit| lit(to_scalar(&unit.value()));
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
        let units = format!("{}s", self.one());
        Ok((format!("{values} {lack} {units} of the period: {}", parts.join("; ")), samples))
    }

    /// The units without a row, in order, among all rows or those with one value.
    async fn missing(&self, only: Option<(&str, ScalarValue)>) -> Result<Vec<Unit>, DataError> {
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
            for unit in read(batch?.column(0)) {
                missing.remove(&unit);
            }
        }
        Ok(missing.into_iter().collect())
    }

    fn count(&self) -> String {
        count(self.expected.len() as u64, self.one())
    }

    fn one(&self) -> &'static str {
        match self.check.every {
            CoversEvery::Hour => "hour",
            CoversEvery::Day => "day",
            CoversEvery::Month => "month",
        }
    }

    fn show(&self, unit: Unit) -> String {
        match (unit, self.check.every) {
            (Unit::Day(date), CoversEvery::Month) => date.strftime("%Y-%m").to_string(),
            (Unit::Day(date), _) => date.to_string(),
            // The zone's abbreviation tells the hours apart that come twice.
            (Unit::Hour(instant), _) => {
                let rules = self.session.zone().rules().clone();
                instant.to_zoned_datetime(rules).strftime("%Y-%m-%d %H:%M %Z").to_string()
            }
            (Unit::LocalHour(local), _) => local.strftime("%Y-%m-%d %H:%M").to_string(),
        }
    }

    fn list(&self, units: &[Unit]) -> String {
        let mut shown: Vec<String> = units.iter().take(DAYS_SHOWN).map(|unit| self.show(*unit)).collect();
        if units.len() > DAYS_SHOWN {
            shown.push(format!("{} more", units.len() - DAYS_SHOWN));
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
fn units(days: Days, every: CoversEvery) -> BTreeSet<Unit> {
    let first = match every {
        CoversEvery::Hour | CoversEvery::Day => days.first.series(1.day()),
        CoversEvery::Month => days.first.first_of_month().series(1.month()),
    };
    first.take_while(|day| *day < days.end).map(Unit::Day).collect()
}

/// The hours of the period in a zone.
fn hours(days: Days, zone: &Zone, unit: impl Fn(Timestamp) -> Unit) -> Result<BTreeSet<Unit>, String> {
    let midnight = |day: Date| {
        zone.rules().to_timestamp(day.to_datetime(Time::midnight())).map_err(|e| format!("{day} has no hours: {e}"))
    };
    let hours = local_trunc::hours(zone, midnight(days.first)?, midnight(days.end)?).map_err(|e| e.to_string())?;
    Ok(hours.into_iter().map(unit).collect())
}

fn read(column: &ArrayRef) -> impl Iterator<Item = Unit> {
    (0..column.len()).filter_map(|row| Unit::of(&value_at(column, row).ok()?))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn units_are_those_that_the_period_touches() {
        let days = Days { first: date(2026, 1, 30), end: date(2026, 3, 1) };
        assert_eq!(units(days, CoversEvery::Day).len(), 30);
        let months: Vec<Unit> = units(days, CoversEvery::Month).into_iter().collect();
        assert_eq!(months, [Unit::Day(date(2026, 1, 1)), Unit::Day(date(2026, 2, 1))]);
    }

    #[test]
    fn days_have_as_many_hours_as_their_clocks_show() {
        for (zone, first, instants, locals) in [
            ("America/Chicago", date(2026, 11, 1), 25, 24),
            ("America/Chicago", date(2026, 3, 8), 23, 23),
            ("America/Chicago", date(2026, 10, 1), 24, 24),
            ("Asia/Kathmandu", date(2026, 10, 1), 24, 24),
            ("Australia/Lord_Howe", date(2026, 4, 5), 25, 25),
        ] {
            let zone: Zone = zone.parse().expect("a zone");
            let days = Days { first, end: first.tomorrow().expect("a day") };
            let count = |unit: &dyn Fn(Timestamp) -> Unit| hours(days, &zone, unit).expect("hours").len();
            assert_eq!(count(&Unit::Hour), instants, "{zone:?} on {first}");
            assert_eq!(count(&|hour| Unit::LocalHour(zone.rules().to_datetime(hour))), locals, "{zone:?} on {first}");
        }
    }
}
