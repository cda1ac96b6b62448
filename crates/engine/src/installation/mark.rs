//! The mark beside a ledger: which installation the data folder belongs to, how many attempts had been begun
//! when this machine last sent, and which folder it is. It is written after the ledger and before anything
//! leaves, so it never knows more than a ledger that is whole.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use serde::{Deserialize, Serialize};

/// The file in the data folder.
pub(super) const MARK: &str = "ledger.mark";
/// The file in the artifacts' folder: the id alone.
pub(super) const ARTIFACTS_MARK: &str = "installation";

/// What stands in the mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// The installation's id.
    pub(super) installation: String,
    /// Attempts that had been begun.
    pub(super) begun: u64,
    /// The folder in which it was written.
    pub(super) place: Place,
}

/// How a folder is told from its copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// Its path.
    pub(super) path: PathBuf,
    /// When it was made, in nanoseconds since 1970, where the file system knows.
    pub(super) made: Option<u64>,
    /// Its number in its file system.
    pub(super) inode: u64,
    /// Its file system.
    pub(super) device: u64,
    /// The machine, where it has an id.
    pub(super) machine: Option<String>,
}

impl Place {
    /// The place of a folder.
    pub(super) fn of(folder: &Path, machine_id: &Path) -> io::Result<Self> {
        let path = folder.canonicalize()?;
        let found = fs::metadata(&path)?;
        let made = found.created().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let machine = fs::read_to_string(machine_id).ok().map(|id| id.trim().to_owned());
        Ok(Self {
            path,
            made: made.and_then(|made| u64::try_from(made.as_nanos()).ok()),
            inode: found.ino(),
            device: found.dev(),
            machine: machine.filter(|id| id.len() == 32),
        })
    }

    /// Whether this is the same folder, perhaps under another name. A device may have another number after the
    /// machine was started again; a copy is a folder that was made later.
    pub(super) fn is(&self, other: &Self) -> bool {
        if let (Some(a), Some(b)) = (&self.machine, &other.machine)
            && a != b
        {
            return false;
        }
        match (self.made, other.made) {
            (Some(a), Some(b)) => a == b,
            _ => self.inode == other.inode && (self.path == other.path || self.device == other.device),
        }
    }
}

/// The mark of a data folder; in words why there is one that cannot be read.
pub(super) fn read(data: &Path) -> Result<Option<Mark>, String> {
    let path = data.join(MARK);
    let unreadable = |why: String| format!("the mark {} cannot be read: {why}", path.display());
    match fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text).map(Some).map_err(|e| unreadable(e.to_string())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(error.to_string())),
    }
}

/// Puts a mark in the place of another; on disk when it returns.
pub(super) fn write(data: &Path, mark: &Mark) -> io::Result<()> {
    let text = serde_json::to_string_pretty(mark).map_err(io::Error::other)?;
    replace(data, MARK, &format!("{text}\n"))
}

/// The id in the artifacts' folder.
pub(super) fn of_artifacts(artifacts: &Path) -> Option<String> {
    let text = fs::read_to_string(artifacts.join(ARTIFACTS_MARK)).ok()?;
    Some(text.trim().to_owned()).filter(|id| !id.is_empty())
}

/// Writes the id into the artifacts' folder.
pub(super) fn mark_artifacts(artifacts: &Path, id: &str) -> io::Result<()> {
    replace(artifacts, ARTIFACTS_MARK, &format!("{id}\n"))
}

fn replace(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    let mut part = tempfile::Builder::new().prefix(".mark-").tempfile_in(folder)?;
    part.write_all(text.as_bytes())?;
    part.as_file().sync_all()?;
    part.persist(folder.join(name)).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

/// Held while a mark is read and written: runs that send at the same time, in this process or in another, do not
/// take back each other's. It is waited for beside the threads that work, whose next step may be to let it go.
pub(super) async fn lock(data: &Path) -> io::Result<File> {
    let file = OpenOptions::new().create(true).append(true).open(data.join("ledger.lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::Error(error)) => Err(error),
        Err(TryLockError::WouldBlock) => {
            let waited = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await;
            waited.map_err(io::Error::other)?
        }
    }
}
