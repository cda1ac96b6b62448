//! Counts since 1970-01-01T00:00:00Z in one of four units, and whether a count makes sense in the unit
//! that its source declares. One read in the wrong unit is off by a factor of 1,000: a report over
//! such times is empty, and nobody is told.

/// What one count is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

const UNITS: [Unit; 4] = [Unit::Seconds, Unit::Millis, Unit::Micros, Unit::Nanos];

/// Seconds of the years between which a time makes sense, and of those between which a guess at the unit does.
const YEAR_1900: i128 = -2_208_988_800;
const APRIL_1970: i128 = 7_776_000;
const YEAR_1980: i128 = 315_532_800;
const YEAR_2100: i128 = 4_102_444_800;
const YEAR_2200: i128 = 7_258_118_400;
/// The year that stands for "never" in many databases.
const YEAR_9999: i128 = 253_370_764_800;
const YEAR_10000: i128 = 253_402_300_800;

impl Unit {
    /// The word for `time_encoding`.
    fn word(self) -> &'static str {
        match self {
            Self::Seconds => "epoch_s",
            Self::Millis => "epoch_ms",
            Self::Micros => "epoch_us",
            Self::Nanos => "epoch_ns",
        }
    }

    fn nanos(self) -> i128 {
        match self {
            Self::Seconds => 1_000_000_000,
            Self::Millis => 1_000_000,
            Self::Micros => 1_000,
            Self::Nanos => 1,
        }
    }

    /// Microseconds of a count; what is finer than a microsecond is cut off.
    pub(crate) fn micros(self, count: i64) -> i128 {
        (i128::from(count) * self.nanos()).div_euclid(1_000)
    }

    /// The count of microseconds; the last or first one where it has no room.
    pub(crate) fn count(self, micros: i64) -> i64 {
        let count = (i128::from(micros) * 1_000).div_euclid(self.nanos());
        count.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }

    fn seconds(self, count: i64) -> i128 {
        (i128::from(count) * self.nanos()).div_euclid(1_000_000_000)
    }
}

/// Whether a count makes sense in this unit: it lies between 1900 and 2200 or in 9999, and it is not one of the
/// first weeks of 1970 that would be a time of today in a coarser unit.
///
/// # Errors
/// The words for one that makes none, with the unit that would.
pub(crate) fn check(count: i64, unit: Unit) -> Result<(), String> {
    let seconds = unit.seconds(count);
    let today = |other: &Unit| *other != unit && (YEAR_1980..YEAR_2100).contains(&other.seconds(count));
    let better = UNITS.iter().find(|other| today(other));
    let never = (YEAR_9999..YEAR_10000).contains(&seconds) && better.is_none();
    let sensible = (YEAR_1900..YEAR_2200).contains(&seconds) || never;
    let too_early = (0..APRIL_1970).contains(&seconds) && better.is_some_and(|other| other.nanos() > unit.nanos());
    if sensible && !too_early {
        return Ok(());
    }
    let (year, word) = (year_of(seconds), unit.word());
    Err(match better {
        Some(better) => format!(
            "{count} lies in the year {year} as {word} and in {} as {}; set `time_encoding: {}` on the source",
            year_of(better.seconds(count)),
            better.word(),
            better.word()
        ),
        None => format!(
            "{count} lies in the year {year} as {word}, which is no time that can be reported; leave it out in the SQL"
        ),
    })
}

fn year_of(seconds: i128) -> i128 {
    const SECONDS_IN_400_YEARS: i128 = 146_097 * 86_400;
    1970 + (seconds * 400).div_euclid(SECONDS_IN_400_YEARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-09-06T12:00:00Z.
    const NOW: i64 = 1_788_696_000;

    #[test]
    fn a_count_in_the_wrong_unit_names_the_right_one() {
        for (at, right) in UNITS.iter().enumerate() {
            let count = NOW * 1_000i64.pow(at as u32);
            for unit in UNITS {
                match check(count, unit) {
                    Ok(()) => assert_eq!(unit, *right),
                    Err(why) => {
                        assert_ne!(unit, *right, "{why}");
                        let way = format!("in 2026 as {}; set `time_encoding: {}`", right.word(), right.word());
                        assert!(why.contains(&way), "{why}");
                    }
                }
            }
        }
    }

    #[test]
    fn usual_times_make_sense() {
        for (count, unit) in [
            (0, Unit::Seconds),
            (0, Unit::Nanos),
            (1, Unit::Millis),
            (-2_208_988_800, Unit::Seconds),
            (-86_400_000, Unit::Millis),
            (4_102_444_799, Unit::Seconds),
            (86_400_000, Unit::Millis),
            (253_402_207_199_000_000, Unit::Micros),
        ] {
            assert_eq!(check(count, unit), Ok(()), "{count} {unit:?}");
        }
        for (count, unit) in [(i64::MAX, Unit::Seconds), (i64::MIN, Unit::Seconds), (-62_135_596_800, Unit::Seconds)] {
            let why = check(count, unit).expect_err("no sense");
            assert!(why.contains("no time that can be reported"), "{why}");
        }
    }

    #[test]
    fn counts_and_microseconds_go_both_ways() {
        for unit in UNITS {
            let count = unit.count(NOW * 1_000_000);
            assert_eq!(unit.micros(count), i128::from(NOW) * 1_000_000, "{unit:?}");
        }
        assert_eq!(Unit::Nanos.micros(1_999), 1);
        assert_eq!(Unit::Nanos.count(i64::MAX), i64::MAX);
    }
}
