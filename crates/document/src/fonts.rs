//! Fonts beside those that a format ships with, for the characters of other scripts. Which files they
//! are, and in which order they are asked, is the knowledge of whoever makes the document.

use std::{fmt::Debug, sync::Arc};

/// A font that has a character.
#[derive(Debug, Clone)]
pub struct FontData {
    /// Its place among the fonts: the first one that has a character is the character's.
    pub rank: usize,
    /// The file's name, for messages.
    pub name: String,
    /// The file: OpenType or TrueType with outlines.
    pub bytes: Arc<Vec<u8>>,
}

/// Fonts that can be asked for a character. Equal questions have equal answers.
pub trait Fonts: Debug + Send + Sync {
    /// The first font that has the character.
    fn covering(&self, character: char) -> Option<FontData>;
}

/// No font but those that a format ships with.
#[derive(Debug, Clone, Copy)]
pub struct ShippedOnly;

impl Fonts for ShippedOnly {
    fn covering(&self, _: char) -> Option<FontData> {
        None
    }
}
