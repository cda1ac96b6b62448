//! Text that may stand in a header: the one place that keeps CR, LF, NUL and every other control
//! character out of messages (header injection). Encoding (RFC 2047, RFC 2231) is the channels' work.

use std::fmt;

/// Text of one header line, of any script and without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HeaderText(String);

/// The name that an attachment has for its recipient.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileName(String);

/// A media type without parameters, such as `application/pdf` (RFC 6838 4.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MediaType(String);

/// Why a text may not stand in a header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// A line break or another control character.
    #[error("{text:?} has the control character U+{code:04X}; remove it")]
    Control {
        /// The text.
        text: String,
        /// The first such character's code point.
        code: u32,
    },
    /// A name that a file can't have everywhere.
    #[error("{0:?} can't be an attachment's name: use 1 to 200 bytes without / and \\, and no dot in front")]
    FileName(String),
    /// Not a media type.
    #[error("{0:?} is not a media type: write it as type/subtype")]
    MediaType(String),
}

/// The longest file name in bytes: file systems take 255, and some clients add to it.
const LONGEST_FILE_NAME: usize = 200;

fn without_controls(text: String) -> Result<String, HeaderError> {
    match text.chars().find(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        None => Ok(text),
        Some(c) => Err(HeaderError::Control { code: u32::from(c), text }),
    }
}

impl HeaderText {
    /// Takes a text that has no control character.
    ///
    /// # Errors
    /// On CR, LF, NUL and every other control character, and on Unicode's line and paragraph separators.
    pub fn new(text: impl Into<String>) -> Result<Self, HeaderError> {
        without_controls(text.into()).map(Self)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FileName {
    /// Takes a name without folders and control characters that does not hide itself.
    ///
    /// # Errors
    /// On control characters, separators of folders, a leading dot, nothing, and more than 200 bytes.
    pub fn new(name: impl Into<String>) -> Result<Self, HeaderError> {
        let name = without_controls(name.into())?;
        if name.is_empty() || name.len() > LONGEST_FILE_NAME || name.starts_with('.') || name.contains(['/', '\\']) {
            return Err(HeaderError::FileName(name));
        }
        Ok(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl MediaType {
    /// Takes `type/subtype`.
    ///
    /// # Errors
    /// When the text is something else.
    pub fn new(text: impl Into<String>) -> Result<Self, HeaderError> {
        let text = text.into();
        let is_name = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_alphanumeric())
                && name.len() <= 127
                && name.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c))
        };
        if text.split_once('/').is_some_and(|(main, sub)| is_name(main) && is_name(sub)) {
            Ok(Self(text))
        } else {
            Err(HeaderError::MediaType(text))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HeaderText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_takes_every_script_and_no_control_character() {
        assert!(HeaderText::new("Bericht für Oktober — 東京 📈").is_ok());
        for text in ["a\r\nBcc: x@y.example", "a\nb", "a\rb", "a\0b", "a\tb", "a\u{85}b", "a\u{2028}b", "a\u{7f}"] {
            let error = HeaderText::new(text).expect_err("refused");
            assert!(matches!(error, HeaderError::Control { .. }), "{error}");
            assert!(!error.to_string().contains(['\r', '\n', '\0']), "the message itself stays on one line");
        }
    }

    #[test]
    fn a_file_name_has_no_folder() {
        assert!(FileName::new("Umsätze Oktober.pdf").is_ok());
        for name in ["", "../x.pdf", "a/b.pdf", "a\\b.pdf", ".hidden", &"x".repeat(201)] {
            assert!(matches!(FileName::new(name), Err(HeaderError::FileName(_))), "{name}");
        }
        assert!(matches!(FileName::new("a\r\n.pdf"), Err(HeaderError::Control { .. })));
    }

    #[test]
    fn a_media_type_has_two_parts_and_no_parameters() {
        assert!(MediaType::new("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet").is_ok());
        for text in ["pdf", "text/", "/csv", "text/csv; charset=utf-8", "text/csv\r\nX: y", "a/b/c"] {
            assert!(MediaType::new(text).is_err(), "{text}");
        }
    }
}
