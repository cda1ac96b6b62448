//! Bytes by content: a folder whose files are named by the SHA-256 of what they hold. A file is
//! complete and on disk before its name exists, and never changes afterwards.

mod disk;
mod incoming;
mod verified;

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use punctual_model::identity::ContentHash;

use self::verified::{Seen, measure, open_plain, stream};
pub use self::{
    disk::{Disk, SystemDisk},
    incoming::Incoming,
};

/// A folder of files by content: `ab/ab12...`, by the first two digits.
#[derive(Debug, Clone)]
pub struct Artifacts {
    root: PathBuf,
    disk: Arc<dyn Disk>,
    seen: Seen,
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
    /// A link, a folder or a device stands where a file should be.
    #[error("{}: this is not a plain file, so it is not kept", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The bytes are not the ones that were stored.
    #[error(
        "{}: the content is damaged: its hash is {found}; run again with `--from` the stage that made it, or restore the file from a backup",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The hash of what is there now.
        found: ContentHash,
    },
}

impl ArtifactError {
    /// Whether the disk, or what may be used of it, is full.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Io { source, .. } if is_full(source))
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn way_out(error: &io::Error) -> &'static str {
    match error.kind() {
        _ if is_full(error) => "; free some space, then run again: nothing is lost",
        io::ErrorKind::PermissionDenied => "; let the user that runs punctual write there",
        io::ErrorKind::NotFound => {
            "; run again with `--from` the stage that made it, or restore the file from a backup"
        }
        _ => "",
    }
}

impl Artifacts {
    /// Opens or makes the folder, and clears what dead processes left half-written.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn open(root: &Path) -> Result<Self, ArtifactError> {
        Self::open_on(root, Arc::new(SystemDisk))
    }

    /// The same on a given file system.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn open_on(root: &Path, disk: Arc<dyn Disk>) -> Result<Self, ArtifactError> {
        let incoming = root.join("incoming");
        disk.make_folder(&incoming).map_err(at(&incoming))?;
        let root = root.canonicalize().map_err(at(root))?;
        incoming::clear_abandoned(&root.join("incoming"));
        Ok(Self { root, disk, seen: Seen::default() })
    }

    /// A private folder on the same file system, for files that will be adopted.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn incoming(&self) -> Result<Incoming, ArtifactError> {
        let all = self.root.join("incoming");
        Incoming::make(&all).map_err(at(&all))
    }

    /// Where a content is, or would be.
    pub fn path(&self, content: &ContentHash) -> PathBuf {
        self.shard(content).join(content.as_str())
    }

    fn shard(&self, content: &ContentHash) -> PathBuf {
        self.root.join(&content.as_str()[..2])
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
        let bytes = size_of(file)?;
        self.take_in(&[(file, Stored { content: content.clone(), bytes })])?;
        Ok(bytes)
    }

    /// Takes a finished file; its hash is computed here.
    ///
    /// # Errors
    /// When it cannot be read or moved in; the file then stays where it was.
    pub fn put_file(&self, file: &Path) -> Result<Stored, ArtifactError> {
        let stored = measure(file)?;
        self.take_in(&[(file, stored.clone())])?;
        Ok(stored)
    }

    /// Takes many finished files, in the order given. It waits for the disk far less often than taking
    /// them one by one.
    ///
    /// # Errors
    /// When one cannot be read or moved in. Each file then is where it was, or kept whole.
    pub fn put_files(&self, files: &[PathBuf]) -> Result<Vec<Stored>, ArtifactError> {
        let measured = files.iter().map(|file| measure(file)).collect::<Result<Vec<_>, _>>()?;
        let files: Vec<_> = files.iter().map(PathBuf::as_path).zip(measured.iter().cloned()).collect();
        self.take_in(&files)?;
        Ok(measured)
    }

    /// Takes the bytes of open files that somebody else may still write to, or may have linked elsewhere: they
    /// are copied, so that nobody but this process ever holds what is kept. `from` is each file's name, for errors.
    ///
    /// # Errors
    /// When one cannot be read or kept.
    pub fn copy_in(&self, files: &mut [(File, PathBuf)]) -> Result<Vec<Stored>, ArtifactError> {
        let incoming = self.incoming()?;
        let mut copies = Vec::with_capacity(files.len());
        for (index, (file, from)) in files.iter_mut().enumerate() {
            let part = incoming.path().join(format!("{index}"));
            let mut out = File::create_new(&part).map_err(at(&part))?;
            copies.push((stream(file, from, Some((&mut out, part.as_path())))?, part));
        }
        let copied: Vec<_> = copies.iter().map(|(stored, part)| (part.as_path(), stored.clone())).collect();
        self.take_in(&copied)?;
        Ok(copies.into_iter().map(|(stored, _)| stored).collect())
    }

    /// First all bytes are on disk, then the files get their names, then the names are on disk: a file system
    /// with a journal writes it about once for each of the three, not for each file.
    fn take_in(&self, files: &[(&Path, Stored)]) -> Result<(), ArtifactError> {
        let shards: BTreeSet<PathBuf> = files.iter().map(|(_, stored)| self.shard(&stored.content)).collect();
        for shard in &shards {
            self.disk.make_folder(shard).map_err(at(shard))?;
        }
        for (file, _) in files.iter().filter(|(_, stored)| !self.has(stored)) {
            let opened = File::open(file).map_err(at(file))?;
            opened.set_permissions(fs::Permissions::from_mode(0o440)).map_err(at(file))?;
            self.disk.sync(file).map_err(at(file))?;
        }
        for (file, stored) in files {
            if **file == *self.path(&stored.content) {
                // A kept file that is handed in again stays where it is.
            } else if self.has(stored) {
                fs::remove_file(file).map_err(at(file))?;
            } else {
                self.move_in(file, &self.path(&stored.content))?;
            }
        }
        // Also of files that were there already: whoever brought them may have died before this.
        for folder in shards.iter().chain([&self.root]) {
            self.disk.sync(folder).map_err(at(folder))?;
        }
        Ok(())
    }

    /// Whether a content is there as it was; a file that was cut short or damaged is replaced.
    fn has(&self, stored: &Stored) -> bool {
        self.path_of_whole(&stored.content).is_ok()
    }

    fn move_in(&self, file: &Path, to: &Path) -> Result<(), ArtifactError> {
        match self.disk.rename(file, to) {
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                let incoming = self.incoming()?;
                let part = incoming.path().join("copy");
                self.disk.copy(file, &part).map_err(at(&part))?;
                self.disk.sync(&part).map_err(at(&part))?;
                self.disk.rename(&part, to).map_err(at(to))?;
                fs::remove_file(file).map_err(at(file))
            }
            moved => moved.map_err(at(to)),
        }
    }

    /// Whether files can be written, in a line for people.
    ///
    /// # Errors
    /// When they cannot.
    pub fn probe(&self) -> Result<String, ArtifactError> {
        let incoming = self.incoming()?;
        let file = incoming.path().join("probe");
        fs::write(&file, b"probe").map_err(at(&file))?;
        self.disk.sync(&file).map_err(at(&file))?;
        Ok(format!("{} can be written", self.root.display()))
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> ArtifactError + use<> {
    let path = path.to_owned();
    move |source| ArtifactError::Io { path: path.clone(), source }
}

/// The size of a plain file. A link could lead anywhere, and would be kept in the file's place.
fn size_of(file: &Path) -> Result<u64, ArtifactError> {
    Ok(open_plain(file)?.metadata().map_err(at(file))?.len())
}
