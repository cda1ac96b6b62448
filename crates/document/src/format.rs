//! The Format trait: a document becomes bytes. Formats implement it; which exist is the registry's knowledge.

use std::{collections::BTreeSet, io::Write};

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
    /// Writes the document, and tells what of it could not be shown as it is.
    ///
    /// # Errors
    /// Why the bytes could not be made.
    fn write(&self, document: &Document, out: &mut (dyn Write + Send)) -> Result<Written, FormatError>;
}

/// What somebody has to know of a document that was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Characters that no font has: their codes stand in their place.
    pub without_glyph: BTreeSet<char>,
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
