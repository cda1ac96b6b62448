//! What can go wrong when the agency's data is made or written.

use std::io;
use std::path::PathBuf;

/// A failure to make or write the agency's data.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// The size factor is no usable number.
    #[error("size {0} is out of range: give a number above 0 and at most 10000")]
    Size(f64),
    /// A file could not be written.
    #[error("could not write {}: check that the folder exists and has room", path.display())]
    File {
        /// The file that was being written.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// Text could not be written to a writer that the caller gave.
    #[error("could not write the sample data: check where it goes")]
    Text(#[from] io::Error),
    /// A SQLite file could not be written.
    #[error("could not write the SQLite file {}: check that the folder exists and has room", path.display())]
    Sqlite {
        /// The file that was being written.
        path: PathBuf,
        /// SQLite's answer.
        source: sqlx::Error,
    },
    /// A database server refused the data.
    #[error("could not load the sample data into {server}: check that it runs and that the URL is right")]
    Server {
        /// The kind of server, `PostgreSQL` or `MariaDB`.
        server: &'static str,
        /// The server's answer.
        source: sqlx::Error,
    },
}

impl SampleError {
    /// Whether trying again later, with nothing changed, can succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Server { source, .. } => {
                matches!(source, sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut)
            }
            Self::Size(_) | Self::File { .. } | Self::Text(_) | Self::Sqlite { .. } => false,
        }
    }

    /// Names the file in an operating system's error.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
