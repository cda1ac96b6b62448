//! How one source writes times down, and what that means: between text or counts on the
//! source's side and days and microseconds since 1970 on ours.
//!
//! Zone-less times belong to the source's `timezone`. Where one has to become an instant and the
//! clocks were changed, the rule is RFC 5545's: a time that occurs twice is the first of the
//! two, a time that was skipped moves forward by the length of the gap.

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime},
    fmt::{strtime, temporal::Pieces},
};
use punctual_data::source::{SourceConfig, SourceError};
use punctual_model::{definition::TimeEncoding, value::Value, zone::Zone};

use crate::{
    boundary::Temporal,
    context::config_error,
    epoch::{self, Unit},
    sink::Misfit,
    words,
};

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
const EPOCH: DateTime = jiff::civil::datetime(1970, 1, 1, 0, 0, 0, 0);
/// 1 January of year 1.
const FIRST_DAY: i32 = -719_162;
/// 31 December 9999.
const LAST_DAY: i32 = 2_932_896;
const ISO_LOCAL: &str = "%Y-%m-%d %H:%M:%S%.f";
const ISO_INSTANT: &str = "%Y-%m-%dT%H:%M:%S%.fZ";

/// The source's zone and encoding, ready to use.
#[derive(Debug)]
pub(crate) struct TimeRules {
    zone: Zone,
    encoding: Encoding,
}

#[derive(Debug)]
enum Encoding {
    Native,
    /// A strftime format, and what it can tell: a date, a zone-less time or an instant.
    Text {
        format: String,
        tells: Temporal,
    },
    /// Counts since 1970-01-01T00:00:00Z.
    Epoch(Unit),
}

/// A temporal value as the source's encoding writes it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Written {
    Text(String),
    Count(i64),
}

impl TimeRules {
    /// Reads zone and encoding, and tries the format once.
    pub(crate) fn new(config: &SourceConfig) -> Result<Self, SourceError> {
        let encoding = match &config.time_encoding {
            TimeEncoding::Native => Encoding::Native,
            TimeEncoding::EpochSeconds => Encoding::Epoch(Unit::Seconds),
            TimeEncoding::EpochMillis => Encoding::Epoch(Unit::Millis),
            TimeEncoding::EpochMicros => Encoding::Epoch(Unit::Micros),
            TimeEncoding::EpochNanos => Encoding::Epoch(Unit::Nanos),
            TimeEncoding::Text(format) => {
                let zoned = config.time_encoding.is_zoned();
                let tells = what_a_format_tells(format, zoned).map_err(|message| {
                    config_error(&config.name, format!("`time_encoding: text({format})` does not work: {message}"))
                })?;
                Encoding::Text { format: format.clone(), tells }
            }
        };
        Ok(Self { zone: config.timezone.clone(), encoding })
    }

    /// The zone of zone-less times.
    pub(crate) fn zone(&self) -> &Zone {
        &self.zone
    }

    /// What a text column holds that was written in the source's format; `None` if there is none.
    pub(crate) fn text_tells(&self) -> Option<Temporal> {
        match &self.encoding {
            Encoding::Text { tells, .. } => Some(*tells),
            Encoding::Native | Encoding::Epoch(_) => None,
        }
    }

    /// Whether whole numbers are points in time.
    pub(crate) fn is_epoch(&self) -> bool {
        matches!(self.encoding, Encoding::Epoch(_))
    }

    /// Microseconds since 1970 of a civil time in the source's zone.
    pub(crate) fn instant_of_local(&self, micros: i64) -> Result<i64, Misfit> {
        let local = civil(micros)?;
        let instant = self.zone.rules().to_timestamp(local).map_err(|_| no_instant(&local.to_string()))?;
        Ok(instant.as_microsecond())
    }

    /// The civil time in the source's zone of microseconds since 1970.
    pub(crate) fn local_of_instant(&self, micros: i64) -> Result<i64, Misfit> {
        let instant = Timestamp::from_microsecond(micros).map_err(|_| out_of_range(&micros))?;
        micros_of_civil(self.zone.rules().to_datetime(instant))
    }

    /// Days since 1970 of a date in text.
    pub(crate) fn date_of_text(&self, text: &str) -> Result<i32, Misfit> {
        let not = |_| self.not("a date", text, Temporal::Date);
        let date = match &self.encoding {
            Encoding::Text { format, tells: Temporal::Date } => {
                strtime::parse(format, text).and_then(|t| t.to_date()).map_err(not)?
            }
            Encoding::Text { format, .. } if iso(text).is_err() => {
                midnight(strtime::parse(format, text).and_then(|t| t.to_datetime()).map_err(not)?)?
            }
            Encoding::Native | Encoding::Text { .. } | Encoding::Epoch(_) => {
                let pieces = iso(text).map_err(not)?;
                if pieces.offset().is_some() {
                    return Err(Misfit::new(format!("`{text}` has an offset; declare `timestamptz`")));
                }
                midnight(pieces.date().to_datetime(pieces.time().unwrap_or_default()))?
            }
        };
        Ok(days_of(date))
    }

    /// Microseconds of a zone-less time in text.
    pub(crate) fn local_of_text(&self, text: &str) -> Result<i64, Misfit> {
        let not = |_| self.not("a time", text, Temporal::Local);
        match &self.encoding {
            Encoding::Epoch(_) => self.local_of_count(count(text)?),
            Encoding::Text { format, tells: Temporal::Local } => {
                micros_of_civil(strtime::parse(format, text).and_then(|t| t.to_datetime()).map_err(not)?)
            }
            Encoding::Text { format, tells: Temporal::Instant } => {
                let instant = strtime::parse(format, text).and_then(|t| t.to_timestamp()).map_err(not)?;
                self.local_of_instant(micros_of(instant)?)
            }
            Encoding::Native | Encoding::Text { .. } => {
                let pieces = iso(text).map_err(not)?;
                if pieces.offset().is_some() {
                    return Err(Misfit::new(format!("`{text}` has an offset; declare `timestamptz`")));
                }
                micros_of_civil(pieces.date().to_datetime(pieces.time().unwrap_or_default()))
            }
        }
    }

    /// Microseconds since 1970 of a point in time in text; text without an offset is a time in the
    /// source's zone.
    pub(crate) fn instant_of_text(&self, text: &str) -> Result<i64, Misfit> {
        let not = |_| self.not("a point in time", text, Temporal::Instant);
        match &self.encoding {
            Encoding::Epoch(_) => self.instant_of_count(count(text)?),
            Encoding::Text { format, tells: Temporal::Instant } => {
                micros_of(strtime::parse(format, text).and_then(|t| t.to_timestamp()).map_err(not)?)
            }
            Encoding::Text { tells: Temporal::Local, .. } => self.instant_of_local(self.local_of_text(text)?),
            Encoding::Native | Encoding::Text { .. } => {
                let pieces = iso(text).map_err(not)?;
                let local = pieces.date().to_datetime(pieces.time().unwrap_or_default());
                match pieces.to_numeric_offset() {
                    Some(offset) => micros_of(offset.to_timestamp(local).map_err(|_| no_instant(text))?),
                    None => self.instant_of_local(micros_of_civil(local)?),
                }
            }
        }
    }

    /// Microseconds since 1970 of a count, which must make sense in the source's unit.
    pub(crate) fn instant_of_count(&self, count: i64) -> Result<i64, Misfit> {
        let Encoding::Epoch(unit) = self.encoding else {
            return Err(Misfit::new(format!(
                "the whole number {count} is not a time; set `time_encoding: epoch_s`, epoch_ms, epoch_us or epoch_ns \
                 on the source"
            )));
        };
        epoch::check(count, unit).map_err(Misfit::new)?;
        let micros = i64::try_from(unit.micros(count)).map_err(|_| out_of_range(&count))?;
        Timestamp::from_microsecond(micros).map_err(|_| out_of_range(&count))?;
        Ok(micros)
    }

    /// Why a count that lies in a column cannot be a time in the source's unit; `None` where it can, or where
    /// counts are no times.
    pub(crate) fn senseless(&self, count: i64) -> Option<String> {
        match self.encoding {
            Encoding::Epoch(unit) => epoch::check(count, unit).err(),
            Encoding::Native | Encoding::Text { .. } => None,
        }
    }

    /// The civil time in the source's zone of a count.
    pub(crate) fn local_of_count(&self, count: i64) -> Result<i64, Misfit> {
        self.local_of_instant(self.instant_of_count(count)?)
    }

    /// The civil date in the source's zone of a count.
    pub(crate) fn date_of_count(&self, count: i64) -> Result<i32, Misfit> {
        let local = self.local_of_count(count)?;
        Ok(local.div_euclid(SECONDS_PER_DAY * MICROS_PER_SECOND) as i32)
    }

    /// A temporal value as the source's encoding writes it; `None` for other values and where
    /// the source has types of its own for times.
    pub(crate) fn written(&self, value: &Value) -> Option<Written> {
        match &self.encoding {
            Encoding::Native => None,
            Encoding::Epoch(unit) => Some(Written::Count(unit.count(self.instant_of(value)?.as_microsecond()))),
            Encoding::Text { format, tells } => {
                let text = match (tells, value) {
                    (Temporal::Date, Value::Date(date)) => strtime::format(format, *date),
                    (Temporal::Local, Value::Local(_) | Value::Instant(_)) => {
                        strtime::format(format, self.local_of(value)?)
                    }
                    (Temporal::Instant, Value::Local(_) | Value::Instant(_)) => {
                        strtime::format(format, &self.instant_of(value)?.to_zoned_datetime(self.zone.rules().clone()))
                    }
                    _ => return iso_text(value).map(Written::Text),
                };
                Some(Written::Text(text.expect("the format was tried when the source was opened")))
            }
        }
    }

    /// The instant of a temporal value; the start of the day for a date.
    pub(crate) fn instant_of(&self, value: &Value) -> Option<Timestamp> {
        match value {
            Value::Instant(instant) => Some(*instant),
            Value::Date(_) | Value::Local(_) => self.zone.rules().to_timestamp(self.local_of(value)?).ok(),
            _ => None,
        }
    }

    /// The civil time in the source's zone of a temporal value; the start of the day for a date.
    pub(crate) fn local_of(&self, value: &Value) -> Option<DateTime> {
        match value {
            Value::Instant(instant) => Some(self.zone.rules().to_datetime(*instant)),
            Value::Date(date) => Some(date.to_datetime(jiff::civil::Time::midnight())),
            Value::Local(local) => Some(*local),
            _ => None,
        }
    }

    /// What a text that lies in a column may be, from one value of it.
    pub(crate) fn recognise(&self, text: &str) -> Option<Temporal> {
        if let Encoding::Text { format, tells } = &self.encoding
            && strtime::parse(format, text).is_ok()
        {
            return Some(*tells);
        }
        let pieces = iso(text).ok()?;
        Some(match (pieces.time(), pieces.offset()) {
            (_, Some(_)) => Temporal::Instant,
            (Some(_), None) => Temporal::Local,
            (None, None) => Temporal::Date,
        })
    }

    /// A text is not what was wanted; with the key that reads it, where that is known.
    fn not(&self, what: &str, text: &str, wanted: Temporal) -> Misfit {
        let misfit = not_a(what, text, self.expected(wanted));
        match &self.encoding {
            Encoding::Epoch(_) => misfit,
            Encoding::Native | Encoding::Text { .. } => match formats_that_read(text, wanted).as_slice() {
                [] => misfit,
                formats => {
                    let formats: Vec<String> = formats.iter().map(|f| format!("`time_encoding: text({f})`")).collect();
                    let way = format!("; if the source writes them so, say {} on the source", formats.join(" or "));
                    Misfit::new(misfit.into_message() + &way)
                }
            },
        }
    }

    fn expected(&self, wanted: Temporal) -> String {
        match &self.encoding {
            Encoding::Text { format, tells } if *tells == wanted => format!("expected {format}"),
            Encoding::Epoch(_) if wanted != Temporal::Date => "expected a whole number".to_owned(),
            _ => match wanted {
                Temporal::Date => "expected 2026-10-31",
                Temporal::Local => "expected 2026-10-31 23:59:59",
                Temporal::Instant => "expected 2026-10-31T23:59:59Z",
            }
            .to_owned(),
        }
    }
}

/// ISO text of a temporal value: `2026-10-31`, `2026-10-31 23:59:59`, `2026-10-31T23:59:59Z`.
pub(crate) fn iso_text(value: &Value) -> Option<String> {
    match value {
        Value::Date(date) => Some(date.to_string()),
        Value::Local(local) => Some(local.strftime(ISO_LOCAL).to_string()),
        Value::Instant(instant) => Some(instant.strftime(ISO_INSTANT).to_string()),
        _ => None,
    }
}

/// ISO text of days since 1970.
pub(crate) fn iso_of_days(days: i32) -> Result<String, Misfit> {
    civil(i64::from(days) * SECONDS_PER_DAY * MICROS_PER_SECOND).map(|local| local.date().to_string())
}

/// ISO text of a civil time in microseconds.
pub(crate) fn iso_of_local(micros: i64) -> Result<String, Misfit> {
    civil(micros).map(|local| local.strftime(ISO_LOCAL).to_string())
}

/// ISO text of microseconds since 1970.
pub(crate) fn iso_of_instant(micros: i64) -> Result<String, Misfit> {
    let instant = Timestamp::from_microsecond(micros).map_err(|_| out_of_range(&micros))?;
    Ok(instant.strftime(ISO_INSTANT).to_string())
}

/// The day of a civil time in microseconds, which must be its midnight.
pub(crate) fn day_of_local(micros: i64) -> Result<i32, Misfit> {
    let day = SECONDS_PER_DAY * MICROS_PER_SECOND;
    if micros.rem_euclid(day) != 0 {
        let time = iso_of_local(micros)?;
        return Err(Misfit::new(format!("{time} has a time of day, which a date has no room for; cast it in the SQL")));
    }
    i32::try_from(micros.div_euclid(day)).map_err(|_| out_of_range(&micros))
}

/// Days since 1970, if they are a date that calendars and documents have: from year 1 to 9999.
pub(crate) fn within_days(days: i32) -> Result<i32, Misfit> {
    match (FIRST_DAY..=LAST_DAY).contains(&days) {
        true => Ok(days),
        false => Err(far_out("date", i64::from(days))),
    }
}

/// Microseconds of a civil time or an instant, if its year is from 1 to 9999.
pub(crate) fn within_micros(micros: i64) -> Result<i64, Misfit> {
    const DAY: i64 = SECONDS_PER_DAY * MICROS_PER_SECOND;
    let days = micros.div_euclid(DAY);
    match (i64::from(FIRST_DAY)..=i64::from(LAST_DAY)).contains(&days) {
        true => Ok(micros),
        false => Err(far_out("time", days)),
    }
}

fn far_out(what: &str, days: i64) -> Misfit {
    let year = year_of(days);
    Misfit::new(format!(
        "the {what} lies about the year {year}, outside of 1 to 9999; leave it out in the SQL, or declare text and cast it there"
    ))
}

/// The Gregorian year that a day since 1970 lies in, however far away: in each era of 400 years, which begins on a
/// 1 March, days and leap days are counted.
fn year_of(days: i64) -> i64 {
    const ERA: i64 = 146_097;
    const FIRST_ERA: i64 = 719_468;
    let day = (days + FIRST_ERA).rem_euclid(ERA);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    // From March on, the 306th day is 1 January.
    let next = i64::from(of_year >= 306);
    (days + FIRST_ERA).div_euclid(ERA) * 400 + year + next
}

/// The midnight that a day begins with, in microseconds.
pub(crate) fn local_of_day(days: i32) -> i64 {
    i64::from(days) * SECONDS_PER_DAY * MICROS_PER_SECOND
}

/// Days since 1970. Civil arithmetic has the whole year 9999, which instants have not.
pub(crate) fn days_of(date: Date) -> i32 {
    (date.duration_since(EPOCH.date()).as_secs() / SECONDS_PER_DAY) as i32
}

/// Microseconds since 1970, of the time as if it were UTC.
pub(crate) fn micros_of_civil(local: DateTime) -> Result<i64, Misfit> {
    whole_micros(local.subsec_nanosecond(), &local)?;
    i64::try_from(local.duration_since(EPOCH).as_micros()).map_err(|_| out_of_range(&local))
}

fn micros_of(instant: Timestamp) -> Result<i64, Misfit> {
    whole_micros(instant.subsec_nanosecond(), &instant)?;
    Ok(instant.as_microsecond())
}

fn whole_micros(nanoseconds: i32, time: &dyn std::fmt::Display) -> Result<(), Misfit> {
    if nanoseconds % 1_000 == 0 {
        return Ok(());
    }
    Err(Misfit::new(format!("{time} has more than microseconds; round it in the SQL")))
}

fn civil(micros: i64) -> Result<DateTime, Misfit> {
    EPOCH.checked_add(SignedDuration::from_micros(micros)).map_err(|_| out_of_range(&micros))
}

fn midnight(local: DateTime) -> Result<Date, Misfit> {
    day_of_local(micros_of_civil(local)?)?;
    Ok(local.date())
}

fn not_a(what: &str, text: &str, expected: String) -> Misfit {
    Misfit::new(format!("`{}` is not {what} ({expected})", words::value(&text)))
}

/// Ways to write a day, in the order in which they are likely.
const DAYS: [&str; 6] = ["%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d-%m-%Y", "%Y%m%d"];
/// Ways to write the time after it.
const CLOCKS: [&str; 4] = ["%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p"];

/// The formats in which a text would be what is wanted; two where day and month could change places.
fn formats_that_read(text: &str, wanted: Temporal) -> Vec<String> {
    let formats = DAYS.into_iter().flat_map(|day| match wanted {
        Temporal::Date => vec![day.to_owned()],
        Temporal::Local | Temporal::Instant => CLOCKS.map(|clock| format!("{day} {clock}")).to_vec(),
    });
    let is_read = |format: &String| {
        strtime::parse(format, text).and_then(|t| t.to_datetime().or_else(|_| Ok(t.to_date()?.into()))).is_ok()
    };
    formats.filter(is_read).collect()
}

fn out_of_range(what: &dyn std::fmt::Display) -> Misfit {
    Misfit::new(format!("{what} is out of range"))
}

/// A clock that no point in time has: the last ones of the year 9999, in most zones.
fn no_instant(text: &str) -> Misfit {
    Misfit::new(format!(
        "`{}` is out of range: points in time end with 9999-12-30T22:00:00Z; declare the column as `timestamp`, which has no zone",
        words::value(&text)
    ))
}

fn count(text: &str) -> Result<i64, Misfit> {
    text.parse().map_err(|_| not_a("a count since 1970", text, "expected a whole number".to_owned()))
}

/// ISO 8601 text, without an annotation such as `[Europe/Paris]`.
fn iso(text: &str) -> Result<Pieces<'_>, jiff::Error> {
    let pieces = Pieces::parse(text)?;
    match pieces.time_zone_annotation() {
        None => Ok(pieces),
        Some(_) => Err(jiff::Error::from_args(format_args!("a zone in brackets is not expected"))),
    }
}

/// Whether a format tells a date, a zone-less time or an instant: found by writing two times with it
/// and reading one back.
fn what_a_format_tells(format: &str, zoned: bool) -> Result<Temporal, String> {
    let noon = jiff::civil::date(2026, 10, 31).at(13, 45, 59, 0);
    let zone = jiff::tz::TimeZone::UTC;
    let sample = zone.to_zoned_datetime(noon).map_err(|e| e.to_string())?;
    let written = strtime::format(format, &sample).map_err(|e| e.to_string())?;
    let parsed = strtime::parse(format, &written).map_err(|e| format!("it cannot be read back: {e}"))?;
    if zoned {
        parsed.to_timestamp().map_err(|e| format!("it does not tell an instant: {e}"))?;
        return Ok(Temporal::Instant);
    }
    let date = parsed.to_date().map_err(|e| format!("it does not tell a date: {e}"))?;
    if date != noon.date() {
        return Err(format!("it tells {date} where {} was written", noon.date()));
    }
    Ok(if parsed.hour().is_some() { Temporal::Local } else { Temporal::Date })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn rules(zone: &str, encoding: &str) -> TimeRules {
        let config = SourceConfig {
            name: "s".into(),
            timezone: zone.parse().expect("a zone"),
            time_encoding: encoding.parse().expect("an encoding"),
            timeout: Duration::from_secs(1),
            cell_bytes: 1 << 20,
            options: serde_json::Map::new(),
            project: "/".into(),
        };
        TimeRules::new(&config).expect("rules")
    }

    fn instant(rules: &TimeRules, text: &str) -> String {
        rules.instant_of_text(text).and_then(iso_of_instant).unwrap_or_else(Misfit::into_message)
    }

    #[test]
    fn a_time_that_occurs_twice_is_the_first_and_a_skipped_one_moves_on() {
        let chicago = rules("America/Chicago", "native");
        assert_eq!(instant(&chicago, "2026-11-01 01:30:00"), "2026-11-01T06:30:00Z");
        assert_eq!(instant(&chicago, "2026-03-08 02:30:00"), "2026-03-08T08:30:00Z");
        assert_eq!(instant(&chicago, "2026-11-01T01:30:00-06:00"), "2026-11-01T07:30:00Z");
        // Samoa left 30 December 2011 out.
        assert_eq!(instant(&rules("Pacific/Apia", "native"), "2011-12-30 12:00"), "2011-12-30T22:00:00Z");
    }

    #[test]
    fn iso_text_is_taken_strictly() {
        let utc = rules("UTC", "native");
        for good in ["2026-10-31", "2026-10-31T01:02", "2026-10-31 01:02:03.123456", "9999-12-31 23:59:59"] {
            assert!(utc.local_of_text(good).is_ok(), "{good}");
        }
        for bad in [
            "31.10.2026",
            "2026-10-32",
            "2026-10-31 25:00",
            "2026-10-31 12:00:00.1234567",
            "2026-10-31T00:00Z",
            "",
            "now",
        ] {
            assert!(utc.local_of_text(bad).is_err(), "{bad}");
        }
        assert!(utc.instant_of_text("2026-10-31T00:00[Europe/Berlin]").is_err());
        assert!(utc.date_of_text("2026-10-31 00:00:01").is_err());
    }

    #[test]
    fn a_date_in_another_form_names_the_key_that_reads_it() {
        let native = rules("UTC", "native");
        let said = |text: &str| native.date_of_text(text).expect_err("no date").into_message();
        assert_eq!(
            said("24.08.2026"),
            "`24.08.2026` is not a date (expected 2026-10-31); if the source writes them so, say \
             `time_encoding: text(%d.%m.%Y)` on the source"
        );
        assert!(said("05/04/2026").contains("`time_encoding: text(%d/%m/%Y)` or `time_encoding: text(%m/%d/%Y)`"));
        assert!(said("31/04/2026").ends_with("(expected 2026-10-31)"), "{}", said("31/04/2026"));
        let time = native.local_of_text("24.08.2026 13:05").expect_err("no time").into_message();
        assert!(time.contains("say `time_encoding: text(%d.%m.%Y %H:%M)` on the source"), "{time}");
        for format in DAYS {
            assert_eq!(rules("UTC", &format!("text({format})")).text_tells(), Some(Temporal::Date), "{format}");
        }
    }

    #[test]
    fn a_format_tells_a_date_a_time_or_an_instant() {
        for (format, tells) in [
            ("%Y%m%d", Temporal::Date),
            ("%d.%m.%Y %H:%M", Temporal::Local),
            ("%b %d, %Y %I:%M:%S %p", Temporal::Local),
            ("%Y-%m-%dT%H:%M:%S%:z", Temporal::Instant),
            ("%s", Temporal::Instant),
        ] {
            assert_eq!(rules("UTC", &format!("text({format})")).text_tells(), Some(tells), "{format}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let time: Timestamp = "2026-11-01T07:30:00Z".parse().expect("a time");
        for encoding in ["epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "text(%Y-%m-%dT%H:%M:%S%:z)", "text(%s)"] {
            let rules = rules("America/Chicago", encoding);
            let read = match rules.written(&Value::Instant(time)).expect("a temporal value") {
                Written::Text(text) => rules.instant_of_text(&text),
                Written::Count(count) => rules.instant_of_count(count),
            };
            assert_eq!(read, Ok(time.as_microsecond()), "{encoding}");
        }
        let local = Value::Local("2026-11-01T01:30:00".parse().expect("a civil time"));
        let rules = rules("America/Chicago", "text(%d.%m.%Y %H:%M)");
        assert_eq!(rules.written(&local), Some(Written::Text("01.11.2026 01:30".into())));
        assert_eq!(rules.written(&Value::Int(1)), None);
    }
}
