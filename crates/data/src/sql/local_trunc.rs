//! `date_trunc` of an instant: the beginning of the hour, day, week and so on, as the clocks of the
//! report's zone show it, and still an instant. When clocks go back, the hour that comes twice
//! begins twice, so that groups by it are two. Of times without a zone it is DataFusion's.

use std::{collections::BTreeSet, sync::Arc};

use arrow::{
    array::{ArrayRef, AsArray, TimestampMicrosecondArray, types::TimestampMicrosecondType},
    datatypes::{DataType, Field, FieldRef, TimeUnit},
};
use datafusion::{
    common::{Result, ScalarValue, exec_err, plan_err},
    logical_expr::{
        ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
    },
};
use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Time},
    tz::{Offset, TimeZone},
};

use punctual_model::zone::Zone;

use super::local_time::{Clock, ReportZone, argument_zone, out_of_range};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// `date_trunc`, which asks `theirs` about times without a zone.
pub(super) fn function(theirs: Arc<ScalarUDF>, zone: ReportZone) -> ScalarUDF {
    let signature = Signature::user_defined(Volatility::Immutable);
    ScalarUDF::new_from_impl(LocalTrunc { theirs, zone, signature })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct LocalTrunc {
    theirs: Arc<ScalarUDF>,
    zone: ReportZone,
    signature: Signature,
}

/// What a time is cut to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// So many microseconds, an hour at most.
    Micros(i64),
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Unit {
    fn of(argument: Option<&ScalarValue>) -> Result<Self> {
        let name = argument.and_then(|value| value.try_as_str().flatten()).map(str::to_lowercase);
        Ok(match name.as_deref() {
            Some("microsecond") => Self::Micros(1),
            Some("millisecond") => Self::Micros(1_000),
            Some("second") => Self::Micros(SECOND),
            Some("minute") => Self::Micros(60 * SECOND),
            Some("hour") => Self::Micros(3_600 * SECOND),
            Some("day") => Self::Day,
            Some("week") => Self::Week,
            Some("month") => Self::Month,
            Some("quarter") => Self::Quarter,
            Some("year") => Self::Year,
            _ => {
                return plan_err!(
                    "date_trunc takes a unit such as 'hour' or 'month' first: microsecond, millisecond, second, \
                     minute, hour, day, week, month, quarter or year"
                );
            }
        })
    }

    /// The first day of the unit that holds a day.
    fn first_day(self, day: Date) -> Option<Date> {
        Some(match self {
            Self::Micros(_) | Self::Day => day,
            Self::Week => day.checked_sub(i64::from(day.weekday().to_monday_zero_offset()).days()).ok()?,
            Self::Month => day.first_of_month(),
            Self::Quarter => Date::new(day.year(), (day.month() - 1) / 3 * 3 + 1, 1).ok()?,
            Self::Year => day.first_of_year(),
        })
    }
}

/// Cuts instants by a zone's clock.
struct Cutter<'a> {
    clock: Clock<'a>,
    rules: &'a TimeZone,
    unit: Unit,
    /// The day that was cut last, and the instant that it gave.
    last: Option<(i64, i64)>,
}

impl Cutter<'_> {
    fn cut(&mut self, micros: i64) -> Result<i64> {
        let span = self.clock.span(micros)?;
        let local = micros + span.offset;
        match self.unit {
            // Where clocks change within an hour, the hour begins with the change.
            Unit::Micros(length) => Ok((local - local.rem_euclid(length) - span.offset).max(span.from)),
            unit => self.day(unit, local.div_euclid(DAY)),
        }
    }

    fn day(&mut self, unit: Unit, day: i64) -> Result<i64> {
        if let Some((known, cut)) = self.last
            && known == day
        {
            return Ok(cut);
        }
        let cut = self.first_instant(unit, day).ok_or_else(|| out_of_range(day.saturating_mul(DAY)))?;
        self.last = Some((day, cut));
        Ok(cut)
    }

    fn first_instant(&self, unit: Unit, day: i64) -> Option<i64> {
        let date = Offset::UTC.to_datetime(Timestamp::from_second(day.checked_mul(86_400)?).ok()?).date();
        let first = unit.first_day(date)?.to_datetime(Time::midnight());
        // Where midnight does not exist, the day begins when the clocks have gone forward.
        self.rules.to_timestamp(first).ok().map(|instant| instant.as_microsecond())
    }
}

/// The beginnings of the hours from one instant to before another, by a zone's clock.
pub(crate) fn hours(zone: &Zone, from: Timestamp, until: Timestamp) -> Result<BTreeSet<Timestamp>> {
    // Clocks differ by quarters of an hour.
    const STEP: i64 = 900 * SECOND;
    let rules = zone.rules();
    let unit = Unit::Micros(3_600 * SECOND);
    let mut cutter = Cutter { clock: Clock::new(rules), rules, unit, last: None };
    let mut hours = BTreeSet::new();
    let mut micros = from.as_microsecond();
    while micros < until.as_microsecond() {
        let hour = cutter.cut(micros)?.max(from.as_microsecond());
        hours.insert(Timestamp::from_microsecond(hour).map_err(|_| out_of_range(hour))?);
        micros += STEP;
    }
    Ok(hours)
}

impl LocalTrunc {
    fn zoned(arguments: &[DataType]) -> bool {
        matches!(arguments.get(1), Some(DataType::Timestamp(_, Some(_))))
    }

    fn convert(&self, array: &ArrayRef, unit: Unit, zone: &TimeZone) -> Result<ArrayRef> {
        let instants = array.as_primitive::<TimestampMicrosecondType>();
        let mut cutter = Cutter { clock: Clock::new(zone), rules: zone, unit, last: None };
        let cut: TimestampMicrosecondArray =
            instants.iter().map(|micros| micros.map(|micros| cutter.cut(micros)).transpose()).collect::<Result<_>>()?;
        Ok(Arc::new(cut.with_timezone("UTC")))
    }
}

fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

impl ScalarUDFImpl for LocalTrunc {
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
            [_, DataType::Timestamp(_, Some(_))] => Ok(vec![DataType::Utf8, instant()]),
            [_, DataType::Timestamp(_, Some(_)), zone] if zone.is_string() => {
                Ok(vec![DataType::Utf8, instant(), DataType::Utf8])
            }
            [_, time @ (DataType::Timestamp(_, None) | DataType::Time32(_) | DataType::Time64(_))] => {
                Ok(vec![DataType::Utf8, time.clone()])
            }
            [_, other]
                if other.is_string() || other.is_null() || matches!(other, DataType::Date32 | DataType::Date64) =>
            {
                Ok(vec![DataType::Utf8, DataType::Timestamp(TimeUnit::Microsecond, None)])
            }
            _ => plan_err!("date_trunc takes a unit and a time, and for an instant, if need be, a zone's name"),
        }
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        if Self::zoned(arguments) { Ok(instant()) } else { self.theirs.return_type(arguments) }
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let types: Vec<DataType> = args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        if !Self::zoned(&types) {
            return self.theirs.return_field_from_args(args);
        }
        // A wrong unit or zone is told when the query is planned, not when it has run for a while.
        Unit::of(args.scalar_arguments[0])?;
        if types.len() == 3 {
            argument_zone("date_trunc", &self.zone, Some(args.scalar_arguments[2].unwrap_or(&ScalarValue::Null)))?;
        }
        Ok(Arc::new(Field::new(self.name(), instant(), true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let types: Vec<DataType> = args.args.iter().map(ColumnarValue::data_type).collect();
        if !Self::zoned(&types) {
            return self.theirs.invoke_with_args(args);
        }
        let constant = |index: usize| match args.args.get(index) {
            Some(ColumnarValue::Scalar(value)) => Ok(Some(value)),
            Some(ColumnarValue::Array(_)) => exec_err!("date_trunc takes one unit and one zone for all rows"),
            None => Ok(None),
        };
        let unit = Unit::of(constant(0)?)?;
        let zone = argument_zone("date_trunc", &self.zone, constant(2)?)?;
        match &args.args[1] {
            ColumnarValue::Array(array) => Ok(ColumnarValue::Array(self.convert(array, unit, zone.rules())?)),
            ColumnarValue::Scalar(scalar) => {
                let array = self.convert(&scalar.to_array()?, unit, zone.rules())?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?))
            }
        }
    }
}
