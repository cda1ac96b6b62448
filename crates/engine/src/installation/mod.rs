//! The installation: one ledger, one data folder, one artifacts' folder that belong together. Before anything is
//! sent they are compared, because a ledger that is gone, older than what was sent, or one of two copies would
//! send everybody the same again. Only a person can say which of them counts.

mod judge;
mod mark;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use punctual_store::installation::{Adoption, Identified};
use rand::TryRngCore;

use self::{
    judge::{Found, Verdict, judge},
    mark::{Mark, Place},
};
use crate::outcome::EngineError;

/// Where systemd and D-Bus keep the machine's id.
const MACHINE_ID: &str = "/etc/machine-id";
/// What to do when the parts do not belong together.
const WAY_OUT: &str = "nothing is sent until that is settled: restore the newest backup, or say what is meant with \
                       `punctual state adopt --as moved|copied|restored|lost --why TEXT`";

/// A ledger with the folders that belong to it.
#[derive(Clone)]
pub struct Installation {
    ledger: Arc<dyn Identified>,
    data: PathBuf,
    artifacts: PathBuf,
    shared: bool,
    id: String,
}

/// What a person says has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// The project was moved here; where it was, nothing delivers any more.
    Moved,
    /// This is a copy that goes its own way; it gets an id of its own.
    Copied,
    /// The newest backup there is was restored.
    Restored,
    /// What was sent is lost and cannot be restored.
    Lost,
}

impl Happened {
    /// The word that people write.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Moved => "moved",
            Self::Copied => "copied",
            Self::Restored => "restored",
            Self::Lost => "lost",
        }
    }
}

/// An installation as people see it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct InstallationReport {
    /// The id; empty while the parts do not belong together and none is known.
    pub id: String,
    /// Attempts that the ledger knows of.
    pub begun: u64,
    /// Attempts that were begun from this data folder.
    pub begun_here: u64,
    /// Why nothing can be sent, if so.
    pub estranged: Option<String>,
}

impl Installation {
    /// Opens an installation; one that is new gets an id. `shared`: the ledger serves several machines.
    ///
    /// # Errors
    /// When the ledger or the folders cannot be read, or the marks cannot be written.
    pub async fn open(
        ledger: Arc<dyn Identified>,
        data: &Path,
        artifacts: &Path,
        shared: bool,
    ) -> Result<Self, EngineError> {
        let (data, artifacts) = (data.to_owned(), artifacts.to_owned());
        let mut opened = Self { ledger, data, artifacts, shared, id: String::new() };
        let _lock = opened.lock().await?;
        let ledger = opened.ledger.identity().await?;
        let found = opened.found()?;
        opened.id = match judge(&ledger, &found) {
            Verdict::Ours(id) => {
                opened.remember(&id, ledger.begun, &found)?;
                id
            }
            Verdict::New(id) => {
                let id = id.map_or_else(new_id, Ok)?;
                // The marks first: a ledger that has a name has its mark.
                opened.remember(&id, ledger.begun, &found)?;
                opened.ledger.name(ledger.id.as_deref(), &id).await?
            }
            Verdict::Estranged(_) => ledger.id.or(found.mark.map(|mark| mark.installation)).unwrap_or_default(),
        };
        Ok(opened)
    }

    /// The id; empty when the parts do not belong together and none is known.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Why nothing may be sent from here, in words with the way out.
    ///
    /// # Errors
    /// When the ledger or the folders cannot be read.
    pub async fn estranged(&self) -> Result<Option<String>, EngineError> {
        let ledger = self.ledger.identity().await?;
        Ok(match judge(&ledger, &self.found()?) {
            Verdict::Estranged(words) => Some(format!("{words}; {WAY_OUT}")),
            Verdict::Ours(_) | Verdict::New(_) => None,
        })
    }

    /// Remembers beside the ledger that an attempt was begun. It is on record already, and nothing has left: a
    /// ledger that does not know of it later is older than what was sent.
    ///
    /// # Errors
    /// When it cannot be written; then nothing may leave.
    pub async fn begun(&self) -> Result<(), EngineError> {
        let (Some(id), begun) = self.ledger.begun().await? else { return Ok(()) };
        let _lock = self.lock().await?;
        self.remember(&id, begun, &self.found()?)
    }

    /// The installation as people see it.
    ///
    /// # Errors
    /// When the ledger or the folders cannot be read.
    pub async fn report(&self) -> Result<InstallationReport, EngineError> {
        let ledger = self.ledger.identity().await?;
        let found = self.found()?;
        let begun_here = found.mark.as_ref().map_or(0, |mark| mark.begun);
        Ok(InstallationReport {
            id: self.id.clone(),
            begun: ledger.begun,
            begun_here,
            estranged: self.estranged().await?,
        })
    }

    /// Takes a person's word that this ledger counts from now on, and puts it on record. Returns the id.
    ///
    /// # Errors
    /// When there is nothing to say, or it cannot be written.
    pub async fn adopt(
        &self,
        happened: Happened,
        (who, why): (&str, &str),
        now: Timestamp,
    ) -> Result<String, EngineError> {
        let _lock = self.lock().await?;
        let ledger = self.ledger.identity().await?;
        let found = self.found()?;
        if happened != Happened::Copied && !matches!(judge(&ledger, &found), Verdict::Estranged(_)) {
            return Err(EngineError::NothingToAdopt);
        }
        let known = ledger.id.clone().or_else(|| found.mark.as_ref().map(|mark| mark.installation.clone()));
        let id = match (happened, known) {
            (Happened::Copied, _) | (_, None) => new_id()?,
            (_, Some(id)) => id,
        };
        let adoption = Adoption {
            id: id.clone(),
            who: who.to_owned(),
            what: happened.as_str().to_owned(),
            why: why.to_owned(),
            at: now,
        };
        self.ledger.adopt(&adoption).await?;
        let ledger = self.ledger.identity().await?;
        self.put_mark(&id, ledger.begun, found.here)?;
        mark::mark_artifacts(&self.artifacts, &id).map_err(|e| folder(&self.artifacts, &e))?;
        Ok(id)
    }

    fn found(&self) -> Result<Found, EngineError> {
        let (mark, unreadable) = match mark::read(&self.data) {
            Ok(mark) => (mark, None),
            Err(why) => (None, Some(why)),
        };
        Ok(Found {
            mark,
            unreadable,
            artifacts: mark::of_artifacts(&self.artifacts),
            has_artifacts: has_artifacts(&self.artifacts),
            here: Place::of(&self.data, Path::new(MACHINE_ID)).map_err(|e| folder(&self.data, &e))?,
            shared: self.shared,
        })
    }

    /// Brings the marks up to what the ledger knows; a mark never goes back.
    fn remember(&self, id: &str, begun: u64, found: &Found) -> Result<(), EngineError> {
        let known = found.mark.as_ref().filter(|mark| mark.installation == id).map_or(0, |mark| mark.begun);
        let begun = begun.max(known);
        let is_so = |mark: &Mark| mark.installation == id && mark.begun == begun && mark.place == found.here;
        if !found.mark.as_ref().is_some_and(is_so) {
            self.put_mark(id, begun, found.here.clone())?;
        }
        if found.artifacts.as_deref() != Some(id) {
            mark::mark_artifacts(&self.artifacts, id).map_err(|e| folder(&self.artifacts, &e))?;
        }
        Ok(())
    }

    fn put_mark(&self, id: &str, begun: u64, place: Place) -> Result<(), EngineError> {
        let mark = Mark { installation: id.to_owned(), begun, place };
        mark::write(&self.data, &mark).map_err(|e| folder(&self.data, &e))
    }

    async fn lock(&self) -> Result<fs::File, EngineError> {
        mark::lock(&self.data).await.map_err(|e| folder(&self.data, &e))
    }
}

fn folder(path: &Path, error: &io::Error) -> EngineError {
    EngineError::folder(path, error)
}

/// Whether anything was kept there: folders by the first two digits.
fn has_artifacts(artifacts: &Path) -> bool {
    let Ok(entries) = fs::read_dir(artifacts) else { return false };
    entries.flatten().any(|entry| entry.file_name().len() == 2)
}

fn new_id() -> Result<String, EngineError> {
    let mut bytes = [0; 16];
    let filled = rand::rngs::OsRng.try_fill_bytes(&mut bytes);
    filled.map_err(|error| EngineError::Folder { path: PathBuf::from("/dev/urandom"), message: error.to_string() })?;
    Ok(hex::encode(bytes))
}
