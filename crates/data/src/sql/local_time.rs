//! `local_date` and `local_datetime`: an instant's civil date or time in the report's zone, by the
//! product's own tz database. Transitions are looked up once per span, not per row.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use arrow::{
    array::{
        Array, ArrayRef, AsArray, Date32Array, PrimitiveArray, TimestampMicrosecondArray,
        types::TimestampMicrosecondType,
    },
    datatypes::{ArrowPrimitiveType, DataType, Date32Type, Field, FieldRef, TimeUnit},
};
use datafusion::{
    common::{DataFusionError, Result, ScalarValue, exec_err, plan_err},
    logical_expr::{
        ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
    },
};
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use punctual_model::zone::Zone;

use super::times::describe;

const DAY: i64 = 86_400_000_000;

/// `local_date(instant [, zone])` and `local_datetime(instant [, zone])`; without a zone they
/// answer in `zone`.
pub(crate) fn functions(zone: &Zone) -> [ScalarUDF; 2] {
    [("local_date", Civil::Date), ("local_datetime", Civil::DateTime)].map(|(name, civil)| {
        ScalarUDF::new_from_impl(LocalTime {
            name,
            civil,
            zone: ReportZone(zone.clone()),
            signature: Signature::user_defined(Volatility::Immutable),
        })
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Civil {
    Date,
    DateTime,
}

impl Civil {
    fn data_type(self) -> DataType {
        match self {
            Self::Date => DataType::Date32,
            Self::DateTime => DataType::Timestamp(TimeUnit::Microsecond, None),
        }
    }
}

/// A zone that hashes by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReportZone(pub Zone);

impl Hash for ReportZone {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.name().hash(state);
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct LocalTime {
    name: &'static str,
    civil: Civil,
    zone: ReportZone,
    signature: Signature,
}

/// The zone of a call of a function: its last argument, or the report's.
pub(super) fn argument_zone(function: &str, report: &ReportZone, argument: Option<&ScalarValue>) -> Result<Zone> {
    let Some(argument) = argument else { return Ok(report.0.clone()) };
    let text = argument.try_as_str().flatten().filter(|text| !text.is_empty());
    match text.map(str::parse::<Zone>) {
        Some(Ok(zone)) => Ok(zone),
        Some(Err(error)) => plan_err!("{function}: {error}"),
        None => plan_err!("{function} takes a time zone's name as its last argument"),
    }
}

impl LocalTime {
    fn zone(&self, argument: Option<&ScalarValue>) -> Result<Zone> {
        argument_zone(self.name, &self.zone, argument)
    }

    fn convert(&self, array: &ArrayRef, zone: &Zone) -> Result<ArrayRef> {
        let instants = array.as_primitive::<TimestampMicrosecondType>();
        let mut clock = Clock::new(zone.rules());
        Ok(match self.civil {
            Civil::Date => {
                let days: Date32Array = map::<Date32Type>(instants, |micros| {
                    let days = clock.local(micros)?.div_euclid(DAY);
                    i32::try_from(days).map_err(|_| out_of_range(micros))
                })?;
                Arc::new(days)
            }
            Civil::DateTime => {
                let local: TimestampMicrosecondArray =
                    map::<TimestampMicrosecondType>(instants, |micros| clock.local(micros))?;
                Arc::new(local)
            }
        })
    }
}

impl ScalarUDFImpl for LocalTime {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        match arguments {
            [first] | [first, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View] => match first {
                DataType::Timestamp(_, Some(_)) | DataType::Null => {
                    Ok([instant, DataType::Utf8].into_iter().take(arguments.len()).collect())
                }
                other => plan_err!(
                    "{} takes an instant, not {}, which has no zone to convert from",
                    self.name,
                    describe(other)
                ),
            },
            _ => plan_err!("{} takes an instant and, if need be, a zone's name", self.name),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.civil.data_type())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        if args.arg_fields.len() == 2 {
            // A wrong zone is told when the query is planned, not when it has run for a while.
            self.zone(Some(args.scalar_arguments[1].unwrap_or(&ScalarValue::Null)))?;
        }
        Ok(Arc::new(Field::new(self.name, self.civil.data_type(), true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let zone = match args.args.get(1) {
            None => self.zone(None)?,
            Some(ColumnarValue::Scalar(name)) => self.zone(Some(name))?,
            Some(ColumnarValue::Array(_)) => return exec_err!("{} takes one zone for all rows", self.name),
        };
        match &args.args[0] {
            ColumnarValue::Array(array) => Ok(ColumnarValue::Array(self.convert(array, &zone)?)),
            ColumnarValue::Scalar(scalar) => {
                let array = self.convert(&scalar.to_array()?, &zone)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?))
            }
        }
    }
}

fn map<T: ArrowPrimitiveType>(
    instants: &PrimitiveArray<TimestampMicrosecondType>,
    mut convert: impl FnMut(i64) -> Result<T::Native>,
) -> Result<PrimitiveArray<T>> {
    if instants.null_count() == 0 {
        let values: Vec<T::Native> = instants.values().iter().map(|&micros| convert(micros)).collect::<Result<_>>()?;
        return Ok(PrimitiveArray::new(values.into(), None));
    }
    instants.iter().map(|micros| micros.map(&mut convert).transpose()).collect()
}

pub(super) fn out_of_range(micros: i64) -> DataFusionError {
    DataFusionError::Execution(format!(
        "the instant {micros} microseconds after 1970-01-01 lies outside of the years -9999 to 9999"
    ))
}

/// A zone's clock that remembers the spans between transitions it has met.
pub(super) struct Clock<'a> {
    rules: &'a TimeZone,
    /// Sorted and disjoint.
    spans: Vec<Span>,
    last: usize,
}

/// While one offset holds, in microseconds since 1970.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub from: i64,
    until: i64,
    pub offset: i64,
}

impl Span {
    fn holds(&self, micros: i64) -> bool {
        self.from <= micros && micros < self.until
    }
}

impl<'a> Clock<'a> {
    pub fn new(rules: &'a TimeZone) -> Self {
        Self { rules, spans: Vec::new(), last: 0 }
    }

    /// What the zone's clocks show at an instant, in microseconds since 1970-01-01T00:00 on them.
    fn local(&mut self, micros: i64) -> Result<i64> {
        Ok(micros + self.span(micros)?.offset)
    }

    /// The span between two transitions that holds an instant.
    pub fn span(&mut self, micros: i64) -> Result<Span> {
        if let Some(span) = self.spans.get(self.last)
            && span.holds(micros)
        {
            return Ok(*span);
        }
        let next = self.spans.partition_point(|span| span.from <= micros);
        if let Some(found) = next.checked_sub(1)
            && self.spans[found].holds(micros)
        {
            self.last = found;
        } else {
            let span = self.look_up(micros)?;
            self.spans.insert(next, span);
            self.last = next;
        }
        Ok(self.spans[self.last])
    }

    fn look_up(&self, micros: i64) -> Result<Span> {
        let instant = Timestamp::from_microsecond(micros).map_err(|_| out_of_range(micros))?;
        let offset = i64::from(self.rules.to_offset(instant).seconds()) * 1_000_000;
        // `preceding` leaves out a transition at the instant itself, where the new offset holds already.
        let just_after = instant.checked_add(1.nanosecond()).unwrap_or(instant);
        let from = self.rules.preceding(just_after).next().map(|t| t.timestamp().as_microsecond());
        let until = self.rules.following(instant).next().map(|t| t.timestamp().as_microsecond());
        let (first, last) = (Timestamp::MIN.as_microsecond(), Timestamp::MAX.as_microsecond());
        Ok(Span { from: from.unwrap_or(first), until: until.unwrap_or(last + 1), offset })
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::Offset;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_clock_agrees_with_the_tz_database(
            zone in prop::sample::select(vec![
                "America/Chicago", "Europe/Lisbon", "Pacific/Apia", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC",
                "Africa/Monrovia", "America/Sao_Paulo",
            ]),
            seconds in prop::collection::vec(-5_000_000_000_i64..5_000_000_000, 1..50),
        ) {
            let zone: Zone = zone.parse().expect("a zone");
            let mut clock = Clock::new(zone.rules());
            for second in seconds {
                let instant = Timestamp::from_second(second).expect("in range");
                let civil = zone.rules().to_datetime(instant);
                let local = clock.local(instant.as_microsecond()).expect("in range");
                let shown = Offset::UTC.to_datetime(Timestamp::from_microsecond(local).expect("in range"));
                prop_assert_eq!(shown, civil);
            }
        }
    }

    #[test]
    fn the_offset_changes_at_the_transition_and_not_a_microsecond_before() {
        let zone: Zone = "America/Chicago".parse().expect("a zone");
        let forward: Timestamp = "2026-03-08T08:00:00Z".parse().expect("an instant");
        let at = forward.as_microsecond();
        let show =
            |local: i64| Offset::UTC.to_datetime(Timestamp::from_microsecond(local).expect("in range")).to_string();
        for order in [[at - 1, at], [at, at - 1]] {
            let mut clock = Clock::new(zone.rules());
            let mut shown: Vec<String> = order.iter().map(|&m| show(clock.local(m).expect("in range"))).collect();
            shown.sort();
            assert_eq!(shown, ["2026-03-08T01:59:59.999999", "2026-03-08T03:00:00"]);
        }
    }

    #[test]
    fn instants_beyond_the_calendar_are_an_error() {
        let zone = Zone::utc();
        assert!(Clock::new(zone.rules()).local(i64::MAX).is_err());
        assert!(Clock::new(zone.rules()).local(i64::MIN).is_err());
    }
}
