//! Schedules in the older form, `schedule_type` with `schedule_config`, turned into cron when they
//! are saved. Owns the two fields' meaning; nothing keeps them afterwards.

use serde_json::{Map, Value};

use super::CronExpr;
use crate::nearest::nearest;

/// Why a schedule in the older form is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LegacyError {
    /// A type that never existed.
    #[error("unknown schedule_type `{given}`; give daily, weekly or monthly, or a cron expression")]
    UnknownType {
        /// What was given.
        given: String,
    },
    /// The configuration is a list, a text or the like.
    #[error("schedule_config is not an object; write it as {{\"hour\": 8, \"minute\": 0}}")]
    NotAnObject,
    /// A field that this type needs.
    #[error("schedule_config of a {schedule_type} schedule lacks `{field}`; give {min} to {max}")]
    Missing {
        /// The schedule's type.
        schedule_type: &'static str,
        /// The missing field.
        field: &'static str,
        /// The smallest value.
        min: i64,
        /// The largest value.
        max: i64,
    },
    /// A field that this type does not have.
    #[error(
        "schedule_config of a {schedule_type} schedule has no field `{field}`; {}",
        nearest.map_or_else(|| "take it out".to_owned(), |known| format!("did you mean `{known}`?"))
    )]
    UnknownField {
        /// The schedule's type.
        schedule_type: &'static str,
        /// The unknown field.
        field: String,
        /// The field that was probably meant.
        nearest: Option<&'static str>,
    },
    /// A value that is no whole number, or out of range.
    #[error("schedule_config.{field} is `{given}`; give a whole number from {min} to {max}{note}")]
    BadValue {
        /// The field.
        field: &'static str,
        /// The value as JSON.
        given: String,
        /// The smallest value.
        min: i64,
        /// The largest value.
        max: i64,
        /// What the numbers stand for, if that is not plain.
        note: &'static str,
    },
}

/// One field of a configuration.
#[derive(Clone, Copy)]
struct Field {
    name: &'static str,
    min: i64,
    max: i64,
    /// The value of a field that is left out; `None` when it may not be.
    default: Option<i64>,
    note: &'static str,
}

const HOUR: Field = Field { name: "hour", min: 0, max: 23, default: None, note: "" };
const MINUTE: Field = Field { name: "minute", min: 0, max: 59, default: Some(0), note: "" };
const DAY_OF_WEEK: Field =
    Field { name: "day_of_week", min: 0, max: 6, default: None, note: ", where 0 is Monday and 6 is Sunday" };
const DAY_OF_MONTH: Field = Field { name: "day_of_month", min: 1, max: 31, default: None, note: "" };

/// The cron expression of a schedule in the older form.
///
/// `daily` takes `hour` and `minute`; `weekly` also `day_of_week`, where 0 is Monday and 6 is Sunday;
/// `monthly` also `day_of_month`, and does not fire in months that lack the day. `minute` may be left
/// out and is then 0.
///
/// # Errors
/// An unknown type, and a field that is missing, unknown, not a whole number or out of range.
pub fn from_legacy(schedule_type: &str, config: &Value) -> Result<CronExpr, LegacyError> {
    let (schedule_type, day): (&'static str, Option<Field>) = match schedule_type {
        "daily" => ("daily", None),
        "weekly" => ("weekly", Some(DAY_OF_WEEK)),
        "monthly" => ("monthly", Some(DAY_OF_MONTH)),
        _ => return Err(LegacyError::UnknownType { given: schedule_type.to_owned() }),
    };
    let config = config.as_object().ok_or(LegacyError::NotAnObject)?;
    let known: Vec<Field> = [HOUR, MINUTE].into_iter().chain(day).collect();
    if let Some(field) = config.keys().find(|key| known.iter().all(|field| field.name != key.as_str())) {
        let nearest = nearest(field, known.iter().map(|field| field.name));
        let nearest = known.iter().map(|field| field.name).find(|name| Some(*name) == nearest);
        return Err(LegacyError::UnknownField { schedule_type, field: field.clone(), nearest });
    }
    let (hour, minute) = (HOUR.read(config, schedule_type)?, MINUTE.read(config, schedule_type)?);
    let day = day.map(|field| field.read(config, schedule_type)).transpose()?;
    let text = match (schedule_type, day) {
        ("weekly", Some(from_monday)) => format!("{minute} {hour} * * {}", (from_monday + 1) % 7),
        (_, Some(day_of_month)) => format!("{minute} {hour} {day_of_month} * *"),
        (_, None) => format!("{minute} {hour} * * *"),
    };
    Ok(CronExpr::parse(&text).expect("numbers within their fields make an expression that fires"))
}

impl Field {
    fn read(self, config: &Map<String, Value>, schedule_type: &'static str) -> Result<i64, LegacyError> {
        let Self { name: field, min, max, default, note } = self;
        let Some(value) = config.get(field) else {
            return default.ok_or(LegacyError::Missing { schedule_type, field, min, max });
        };
        let in_range = value.as_i64().filter(|number| (min..=max).contains(number));
        in_range.ok_or_else(|| LegacyError::BadValue { field, given: value.to_string(), min, max, note })
    }
}
