//! Snapshots: immutable Parquet files whose bytes depend on their schema and rows alone. Writing
//! hashes on the way and ends in an atomic rename; reading goes back in batches. Memory is bounded
//! both ways. No SQL here.

mod read;
mod write;

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use arrow::datatypes::SchemaRef;
use sha2::{Digest, Sha256};

pub use read::{Batches, Rows};
pub use write::{Layout, SnapshotWriter, StreamError, write_stream};

use crate::{error::DataError, facts};

/// An immutable Parquet file and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Where it lies.
    pub path: PathBuf,
    /// The SHA-256 of its bytes, in lower-case hexadecimal.
    pub sha256: String,
    /// The number of rows.
    pub rows: u64,
    /// The size in bytes.
    pub bytes: u64,
    /// Its columns, all nullable, with the metadata of [`facts`] alone.
    pub schema: SchemaRef,
}

impl Snapshot {
    /// A snapshot that was written before; its hash is taken from the record, not computed.
    /// [`Snapshot::verify`] computes it.
    ///
    /// # Errors
    /// When the file cannot be read or is not a Parquet file.
    pub fn open(path: impl Into<PathBuf>, sha256: impl Into<String>) -> Result<Self, DataError> {
        let path = path.into();
        let file = File::open(&path).map_err(|e| DataError::file(&path, e))?;
        let bytes = file.metadata().map_err(|e| DataError::file(&path, e))?.len();
        let footer = read::footer(&path, &file)?;
        let rows = u64::try_from(footer.metadata().file_metadata().num_rows()).unwrap_or_default();
        let schema = facts::kept(footer.schema());
        Ok(Self { path, sha256: sha256.into(), rows, bytes, schema })
    }

    /// Reads the file through and compares its hash with the record.
    ///
    /// # Errors
    /// When the file cannot be read or its bytes are not those that were written.
    pub fn verify(&self) -> Result<(), DataError> {
        let found = sha256_of(&self.path)?;
        if found == self.sha256 {
            return Ok(());
        }
        Err(DataError::file(
            &self.path,
            format!("the content changed: sha256 is {found}, recorded was {}", self.sha256),
        ))
    }
}

/// The SHA-256 of a file's bytes, in lower-case hexadecimal.
///
/// # Errors
/// When the file cannot be read.
pub fn sha256_of(path: &Path) -> Result<String, DataError> {
    const BLOCK: usize = 256 * 1024;
    let mut file = File::open(path).map_err(|e| DataError::file(path, e))?;
    let mut hasher = Sha256::new();
    let mut block = vec![0; BLOCK];
    loop {
        let read = file.read(&mut block).map_err(|e| DataError::file(path, e))?;
        if read == 0 {
            return Ok(hex::encode(hasher.finalize()));
        }
        hasher.update(&block[..read]);
    }
}
