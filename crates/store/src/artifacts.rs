//! Bytes by content: a folder whose files are named by the SHA-256 of what they hold. A file is
//! complete and on disk before its name exists, and never changes afterwards.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use punctual_model::identity::ContentHash;
use sha2::{Digest, Sha256};

/// A folder of files by content.
#[derive(Debug, Clone)]
pub struct Artifacts {
    root: PathBuf,
}

/// What was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The content's hash.
    pub content: ContentHash,
    /// Its bytes.
    pub bytes: u64,
}

/// Why bytes could not be kept or read back.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// The file system refused.
    #[error("{}: {source}{}", path.display(), way_out(source))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The bytes are not the ones that were stored.
    #[error("{}: the content is damaged: its hash is {found}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The hash of what is there now.
        found: ContentHash,
    },
}

fn way_out(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "; free some space, then run again: nothing is lost",
        io::ErrorKind::PermissionDenied => "; let the user that runs punctual write there",
        _ => "",
    }
}

/// A private folder for files that are being written; gone when it is dropped.
#[derive(Debug)]
pub struct Incoming {
    folder: PathBuf,
    lock: File,
}

impl Incoming {
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

impl Artifacts {
    /// Opens or makes the folder, and clears what dead processes left half-written.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn open(root: &Path) -> Result<Self, ArtifactError> {
        let incoming = root.join("incoming");
        fs::create_dir_all(&incoming).map_err(at(&incoming))?;
        let root = root.canonicalize().map_err(at(root))?;
        let artifacts = Self { root };
        artifacts.clear_abandoned()?;
        Ok(artifacts)
    }

    /// A living process holds the lock of its folder.
    fn clear_abandoned(&self) -> Result<(), ArtifactError> {
        let incoming = self.root.join("incoming");
        for entry in fs::read_dir(&incoming).map_err(at(&incoming))?.flatten() {
            let Ok(lock) = File::open(entry.path().join("lock")) else { continue };
            match lock.try_lock() {
                Ok(()) => drop(fs::remove_dir_all(entry.path())),
                Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {}
            }
        }
        Ok(())
    }

    /// A private folder on the same file system, for files that will be adopted.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn incoming(&self) -> Result<Incoming, ArtifactError> {
        let incoming = self.root.join("incoming");
        let folder = tempfile::Builder::new().prefix("job-").tempdir_in(&incoming).map_err(at(&incoming))?.keep();
        let lock = File::create(folder.join("lock")).map_err(at(&folder))?;
        lock.try_lock().map_err(|e| at(&folder)(io::Error::other(e.to_string())))?;
        Ok(Incoming { folder, lock })
    }

    /// Where a content is, or would be.
    pub fn path(&self, content: &ContentHash) -> PathBuf {
        self.root.join(&content.as_str()[..2]).join(content.as_str())
    }

    /// Whether a content is there.
    pub fn contains(&self, content: &ContentHash) -> bool {
        self.path(content).is_file()
    }

    /// Takes a finished file whose hash its writer computed, and returns its size.
    ///
    /// # Errors
    /// When it cannot be moved in; the file then stays where it was.
    pub fn adopt(&self, file: &Path, content: &ContentHash) -> Result<u64, ArtifactError> {
        let bytes = fs::metadata(file).map_err(at(file))?.len();
        if self.contains(content) {
            fs::remove_file(file).map_err(at(file))?;
            return Ok(bytes);
        }
        let to = self.path(content);
        let folder = to.parent().expect("a content's path has a folder");
        fs::create_dir_all(folder).map_err(at(folder))?;
        let opened = File::open(file).map_err(at(file))?;
        opened.set_permissions(fs::Permissions::from_mode(0o440)).map_err(at(file))?;
        opened.sync_all().map_err(at(file))?;
        match fs::rename(file, &to) {
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => self.copy_in(file, &to)?,
            moved => moved.map_err(at(&to))?,
        }
        // The name must outlive a power failure, too.
        File::open(folder).and_then(|f| f.sync_all()).map_err(at(folder))?;
        Ok(bytes)
    }

    fn copy_in(&self, file: &Path, to: &Path) -> Result<(), ArtifactError> {
        let incoming = self.incoming()?;
        let part = incoming.path().join("copy");
        fs::copy(file, &part).map_err(at(&part))?;
        File::open(&part).and_then(|f| f.sync_all()).map_err(at(&part))?;
        fs::rename(&part, to).map_err(at(to))?;
        fs::remove_file(file).map_err(at(file))
    }

    /// Takes a finished file; its hash is computed here.
    ///
    /// # Errors
    /// When it cannot be read or moved in.
    pub fn put_file(&self, file: &Path) -> Result<Stored, ArtifactError> {
        let content = hash_of(file)?;
        let bytes = self.adopt(file, &content)?;
        Ok(Stored { content, bytes })
    }

    /// Reads a content through and compares it with its name.
    ///
    /// # Errors
    /// When it cannot be read, or is damaged.
    pub fn verify(&self, content: &ContentHash) -> Result<(), ArtifactError> {
        let path = self.path(content);
        let found = hash_of(&path)?;
        if found == *content { Ok(()) } else { Err(ArtifactError::Damaged { path, found }) }
    }

    /// Whether files can be written, in a line for people.
    ///
    /// # Errors
    /// When they cannot.
    pub fn probe(&self) -> Result<String, ArtifactError> {
        let incoming = self.incoming()?;
        let file = incoming.path().join("probe");
        fs::write(&file, b"probe").map_err(at(&file))?;
        Ok(format!("{} can be written", self.root.display()))
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> ArtifactError + use<> {
    let path = path.to_owned();
    move |source| ArtifactError::Io { path: path.clone(), source }
}

fn hash_of(path: &Path) -> Result<ContentHash, ArtifactError> {
    let mut file = File::open(path).map_err(at(path))?;
    let mut hash = Sha256::new();
    let mut block = vec![0; 128 * 1024];
    loop {
        match file.read(&mut block).map_err(at(path))? {
            0 => break,
            n => hash.update(&block[..n]),
        }
    }
    let digits = hex::encode(hash.finalize());
    Ok(ContentHash::from_hex(&digits).expect("a SHA-256 has 64 hexadecimal digits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_content_is_stored_once_and_damage_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let artifacts = Artifacts::open(&folder.path().join("a")).expect("opened");
        let file = |name: &str| {
            let path = folder.path().join(name);
            fs::write(&path, "the same").expect("written");
            path
        };
        let first = artifacts.put_file(&file("1")).expect("stored");
        let second = artifacts.put_file(&file("2")).expect("stored");
        assert_eq!(first, second);
        assert!(!folder.path().join("2").exists());
        artifacts.verify(&first.content).expect("sound");
        let path = artifacts.path(&first.content);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("writable");
        fs::write(&path, "other").expect("damaged");
        assert!(matches!(artifacts.verify(&first.content), Err(ArtifactError::Damaged { .. })));
    }

    #[test]
    fn what_a_dead_process_left_is_cleared_and_what_a_living_one_writes_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let artifacts = Artifacts::open(folder.path()).expect("opened");
        let living = artifacts.incoming().expect("made");
        let dead = folder.path().join("incoming/job-dead");
        fs::create_dir(&dead).expect("made");
        File::create(dead.join("lock")).expect("made");
        Artifacts::open(folder.path()).expect("opened again");
        assert!(living.path().exists());
        assert!(!dead.exists());
    }
}
