//! Time zones by IANA name, from the one tz database of this process: the one that is bundled with the product,
//! or a newer one that whoever starts the process found and installed. Which, and how it is read, is not known here.

use std::{
    borrow::Cow,
    collections::HashMap,
    fmt,
    str::FromStr,
    sync::{Mutex, OnceLock, PoisonError},
};

use jiff::tz::{TimeZone, TimeZoneDatabase};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A time zone that the database knows, by its IANA name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

/// Why a text is not a time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone `{name}`{}", nearest.as_ref().map(|n| format!(": did you mean `{n}`?")).unwrap_or_default())]
pub struct ZoneError {
    name: String,
    nearest: Option<String>,
}

fn bundled() -> &'static TimeZoneDatabase {
    static DATABASE: OnceLock<TimeZoneDatabase> = OnceLock::new();
    DATABASE.get_or_init(TimeZoneDatabase::bundled)
}

/// A tz database that is used in place of the bundled one.
pub trait Zones: Send + Sync {
    /// Which it is, and its version: what is computed with another one is computed again.
    fn version(&self) -> &str;
    /// The rules of a zone (TZif) with the zone's name as the database spells it.
    fn read(&self, name: &str) -> Option<(String, Vec<u8>)>;
}

static INSTALLED: OnceLock<Box<dyn Zones>> = OnceLock::new();

/// Takes another database for the rest of this process's life. The first that is installed stays.
pub fn install(zones: Box<dyn Zones>) {
    // A second one would give two answers in one run.
    let _ = INSTALLED.set(zones);
}

/// The version of the installed database; `None` while it is the bundled one.
pub fn installed_version() -> Option<&'static str> {
    INSTALLED.get().map(|zones| zones.version())
}

/// A zone of the installed database. One that it lacks, such as a legacy name, is the bundled one's.
fn installed(name: &str) -> Option<Zone> {
    static READ: Mutex<Option<HashMap<String, Option<Zone>>>> = Mutex::new(None);
    let zones = INSTALLED.get()?;
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    let zone = || {
        let (name, rules) = zones.read(name)?;
        let zone = TimeZone::tzif(&name, &rules).ok()?;
        Some(Zone { name, zone })
    };
    read.get_or_insert_default().entry(name.to_owned()).or_insert_with(zone).clone()
}

impl Zone {
    /// Coordinated Universal Time.
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), zone: TimeZone::UTC }
    }

    /// The IANA name, such as `America/Chicago`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The zone's rules.
    pub fn rules(&self) -> &TimeZone {
        &self.zone
    }
}

impl FromStr for Zone {
    type Err = ZoneError;

    fn from_str(name: &str) -> Result<Self, ZoneError> {
        if let Some(zone) = installed(name) {
            return Ok(zone);
        }
        match bundled().get(name) {
            Ok(zone) => {
                let name = zone.iana_name().unwrap_or(name).to_owned();
                Ok(Self { name, zone })
            }
            Err(_) => {
                let known: Vec<String> = bundled().available().map(|n| n.as_str().to_owned()).collect();
                Err(ZoneError { name: name.to_owned(), nearest: nearest(name, &known).map(str::to_owned) })
            }
        }
    }
}

/// The zone that may have been meant: a city stands for its zone.
fn nearest<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    let written = name.trim().replace(' ', "_");
    // The zones of `Etc` count hours the other way round: `GMT+2` is no slip for `Etc/GMT+2`.
    let city = |zone: &'a String| match zone.rsplit_once('/') {
        Some((region, city)) if region != "Etc" => Some((city, zone.as_str())),
        _ => None,
    };
    let of_city = |wanted: &str| {
        let zones = known.iter().filter_map(city).filter(|(city, _)| city.eq_ignore_ascii_case(wanted));
        zones.map(|(_, zone)| zone).min_by_key(|zone| (zone.len(), *zone))
    };
    let near = |zones: &mut dyn Iterator<Item = &'a str>| crate::nearest::nearest(&written, zones);
    of_city(&written)
        .or_else(|| near(&mut known.iter().map(String::as_str)))
        .or_else(|| near(&mut known.iter().filter_map(city).map(|(city, _)| city)).and_then(of_city))
}

impl TryFrom<String> for Zone {
    type Error = ZoneError;

    fn try_from(text: String) -> Result<Self, ZoneError> {
        text.parse()
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl JsonSchema for Zone {
    fn schema_name() -> Cow<'static, str> {
        "Zone".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "An IANA time zone name, such as America/Chicago" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_zone_names_the_nearest() {
        let error = "America/Chicgo".parse::<Zone>().expect_err("unknown");
        assert_eq!(error.to_string(), "unknown time zone `America/Chicgo`: did you mean `America/Chicago`?");
    }

    #[test]
    fn a_city_stands_for_its_zone() {
        let said = |name: &str| name.parse::<Zone>().expect_err("unknown").to_string();
        for (written, zone) in [
            ("London", "Europe/London"),
            ("new york", "America/New_York"),
            ("Chicgo", "America/Chicago"),
            ("Europe/Lodnon", "Europe/London"),
        ] {
            assert_eq!(said(written), format!("unknown time zone `{written}`: did you mean `{zone}`?"));
        }
        assert!(!said("GMT+2").contains("Etc/GMT+2"), "{}", said("GMT+2"));
    }
}
