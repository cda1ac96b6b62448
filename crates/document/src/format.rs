//! The Format trait: a document becomes bytes. Formats implement it; which exist is the registry's knowledge.

use std::io::Write;

use punctual_model::kinds::KindSpec;

use crate::content::{Document, RowsError};

/// A registered format.
#[derive(Clone, Copy)]
pub struct FormatKind {
    /// Its name (as in `formats:`) and summary.
    pub spec: KindSpec,
    /// The file name's ending, without the dot.
    pub extension: &'static str,
    /// The media type (RFC 6838).
    pub media_type: &'static str,
    /// The format itself.
    pub format: &'static dyn Format,
}

/// A document becomes bytes. Equal documents give equal bytes: no clock, no random ids.
pub trait Format: Send + Sync {
    /// Writes the document.
    ///
    /// # Errors
    /// Why the bytes could not be made.
    fn write(&self, document: &Document, out: &mut (dyn Write + Send)) -> Result<(), FormatError>;
}

/// Why a document could not be written in a format.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The bytes could not be written.
    #[error("the file cannot be written: {0}")]
    Io(#[from] std::io::Error),
    /// The rows could not be read.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// The format cannot hold this document.
    #[error("{place}: {message}")]
    Content {
        /// The section, row or column.
        place: String,
        /// What does not fit and the way out.
        message: String,
    },
}
