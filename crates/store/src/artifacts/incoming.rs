//! Folders for files that are being written. A living process holds the lock of each of its own;
//! what a dead one left half-written is cleared by whoever opens the artifacts next.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

/// A private folder for files that are being written; gone when it is dropped.
#[derive(Debug)]
pub struct Incoming {
    folder: PathBuf,
    lock: File,
}

impl Incoming {
    /// Makes one in `all`.
    pub(super) fn make(all: &Path) -> io::Result<Self> {
        // Nobody clears while a folder has no lock yet.
        let gate = gate(all)?;
        gate.lock_shared()?;
        let folder = tempfile::Builder::new().prefix("job-").tempdir_in(all)?;
        let lock = File::create(folder.path().join("lock"))?;
        lock.try_lock().map_err(io::Error::from)?;
        Ok(Self { folder: folder.keep(), lock })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // What cannot be removed now is removed at the next start.
        let _ = fs::remove_dir_all(&self.folder);
        let _ = self.lock.unlock();
    }
}

/// Clears what dead processes left in `all`. It only tidies up: who cannot do it goes on without.
pub(super) fn clear_abandoned(all: &Path) {
    let Ok(gate) = gate(all) else { return };
    // Somebody makes a folder this very moment; the next start clears.
    let Ok(()) = gate.try_lock() else { return };
    let Ok(entries) = fs::read_dir(all) else { return };
    for folder in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()) {
        let alive = match File::open(folder.join("lock")) {
            Ok(lock) => matches!(lock.try_lock(), Err(TryLockError::WouldBlock)),
            // It died between making the folder and locking it.
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        };
        if !alive {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// The lock between making folders (shared) and clearing them (exclusive).
fn gate(all: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(all.join("gate"))
}
