//! What `Artifacts` asks of a file system, as a seam: a test puts a full disk in its place.

use std::{fmt, fs, fs::File, io, path::Path};

/// The steps that put a file in its place. Each is done, or leaves things as they were and says why.
pub trait Disk: fmt::Debug + Send + Sync {
    /// Makes a folder and those above it; one that is there is fine.
    ///
    /// # Errors
    /// What the file system says.
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)
    }

    /// Waits until a file's bytes, or a folder's names, outlive a power failure.
    ///
    /// # Errors
    /// What the file system says.
    fn sync(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    /// Gives a file another name, in place of what has it now.
    ///
    /// # Errors
    /// What the file system says; `CrossesDevices` when the names are on different ones.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    /// Copies a file's bytes.
    ///
    /// # Errors
    /// What the file system says; part of the copy may be there.
    fn copy(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::copy(from, to).map(|_| ())
    }
}

/// The machine's file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemDisk;

impl Disk for SystemDisk {}
