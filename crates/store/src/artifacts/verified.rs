//! Bytes are compared with their name where they are read: a flipped bit on a disk never becomes a figure
//! in a document or an attachment of a mail. A file is read through once in a process's life for each reader
//! that only needs its path; whoever takes the bytes compares exactly those.

use std::{
    collections::HashMap,
    fs::{File, Metadata, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use punctual_model::identity::ContentHash;
use sha2::{Digest, Sha256};

use super::{ArtifactError, Artifacts, Stored, at};

/// Which files were compared with their names, and how they looked then. A file that looks otherwise now is
/// read again.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen(Arc<Mutex<HashMap<ContentHash, Look>>>);

/// What changes whenever a file's bytes do, as far as a file system tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    place: (u64, u64),
    bytes: u64,
    written: (i64, i64),
    changed: (i64, i64),
}

impl Look {
    fn of(file: &Metadata) -> Self {
        Self {
            place: (file.dev(), file.ino()),
            bytes: file.len(),
            written: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }
}

impl Artifacts {
    /// The path of a content whose bytes are those of its name. They are compared at the first call of this
    /// process, and again when the file looks otherwise than then.
    ///
    /// # Errors
    /// When it is missing, cannot be read, or is damaged.
    pub fn path_of_whole(&self, content: &ContentHash) -> Result<PathBuf, ArtifactError> {
        let path = self.path(content);
        let mut file = open_plain(&path)?;
        let look = Look::of(&file.metadata().map_err(at(&path))?);
        let seen = || self.seen.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen().get(content) == Some(&look) {
            return Ok(path);
        }
        expect(content, &path, stream(&mut file, &path, None)?.content)?;
        seen().insert(content.clone(), look);
        Ok(path)
    }

    /// Reads a content through and compares it with its name, whatever was seen of it before.
    ///
    /// # Errors
    /// When it is missing, cannot be read, or is damaged.
    pub fn verify(&self, content: &ContentHash) -> Result<(), ArtifactError> {
        let path = self.path(content);
        expect(content, &path, measure(&path)?.content)
    }

    /// The bytes of a content; those that are returned are those that were compared.
    ///
    /// # Errors
    /// When it is missing, cannot be read, or is damaged.
    pub fn read_verified(&self, content: &ContentHash) -> Result<Vec<u8>, ArtifactError> {
        let path = self.path(content);
        let mut bytes = Vec::new();
        open_plain(&path)?.read_to_end(&mut bytes).map_err(at(&path))?;
        expect(content, &path, ContentHash::of(&bytes))?;
        Ok(bytes)
    }

    /// Copies a content to a file, in place of what is there, and compares what it copies: a damaged one leaves
    /// the file as it was. Returns the size.
    ///
    /// # Errors
    /// When it is missing or damaged, or the file cannot be written.
    pub fn place_verified(&self, content: &ContentHash, to: &Path) -> Result<u64, ArtifactError> {
        let path = self.path(content);
        let mut file = open_plain(&path)?;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let part = tempfile::Builder::new()
            .prefix(".punctual-")
            .permissions(std::fs::Permissions::from_mode(0o666))
            .tempfile_in(folder);
        let mut part = part.map_err(at(to))?;
        let stored = stream(&mut file, &path, Some((part.as_file_mut(), to)))?;
        expect(content, &path, stored.content)?;
        part.persist(to).map_err(|error| ArtifactError::Io { path: to.to_owned(), source: error.error })?;
        Ok(stored.bytes)
    }
}

fn expect(content: &ContentHash, path: &Path, found: ContentHash) -> Result<(), ArtifactError> {
    if found == *content { Ok(()) } else { Err(ArtifactError::Damaged { path: path.to_owned(), found }) }
}

/// Opens a plain file without following a link and without waiting for a pipe's other end.
pub(super) fn open_plain(path: &Path) -> Result<File, ArtifactError> {
    let not_a_file = || ArtifactError::NotAFile { path: path.to_owned() };
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path);
    let file = file.map_err(|error| match error.raw_os_error() {
        // A link; a socket, or a device without a driver.
        Some(libc::ELOOP | libc::ENXIO) => not_a_file(),
        _ => at(path)(error),
    })?;
    if file.metadata().map_err(at(path))?.is_file() { Ok(file) } else { Err(not_a_file()) }
}

/// The hash and the size of a plain file.
pub(super) fn measure(path: &Path) -> Result<Stored, ArtifactError> {
    stream(&mut open_plain(path)?, path, None)
}

/// Reads a file through, copies it if told to, and says what it held.
pub(super) fn stream(
    file: &mut File,
    from: &Path,
    mut copy: Option<(&mut File, &Path)>,
) -> Result<Stored, ArtifactError> {
    let mut hash = Sha256::new();
    let mut bytes = 0;
    let mut block = vec![0; 128 * 1024];
    loop {
        let read = match file.read(&mut block) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read.map_err(at(from))?,
        };
        if read == 0 {
            break;
        }
        hash.update(&block[..read]);
        bytes += read as u64;
        if let Some((out, to)) = &mut copy {
            out.write_all(&block[..read]).map_err(at(to))?;
        }
    }
    let digits = hex::encode(hash.finalize());
    let content = ContentHash::from_hex(&digits).expect("a SHA-256 has 64 hexadecimal digits");
    Ok(Stored { content, bytes })
}
