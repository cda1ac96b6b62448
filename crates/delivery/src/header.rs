//! Text that may stand in a header: the one place that keeps CR, LF, NUL and every other control
//! character out of messages (header injection). Encoding (RFC 2047, RFC 2231) is the channels' work.

use std::fmt;

/// Text of one header line, of any script, without control characters and not longer than
/// [`HeaderText::LONGEST`] bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HeaderText(String);

/// The name that an attachment has for its recipient.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileName(String);

/// Why a text may not stand in a header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// A line break or another control character, or one that turns the direction of what follows.
    #[error("{text:?} has the control character U+{code:04X}; remove it")]
    Control {
        /// The text, shortened.
        text: String,
        /// The first such character's code point.
        code: u32,
    },
    /// More than any header needs.
    #[error("{0:?} is too long for a message's header: it has {1} bytes, and {max} are possible", max = HeaderText::LONGEST)]
    TooLong(String, usize),
    /// A name that a file can't have everywhere.
    #[error("{0:?} can't be an attachment's name: use 1 to 200 bytes without / and \\, and no dot in front")]
    FileName(String),
    /// Not a media type.
    #[error("{0:?} is not a media type: write it as type/subtype, with parameters as `; name=value`")]
    MediaType(String),
}

/// The longest file name in bytes: file systems take 255, and some clients add to it.
const LONGEST_FILE_NAME: usize = 200;

/// So much of a refused text is repeated in the error.
const LONGEST_SHOWN: usize = 120;

/// What may not stand in a header: line breaks and other control characters, and the characters that
/// turn the direction of whatever follows them (`evil\u{202e}fdp.exe` reads `evilexe.pdf`).
pub(crate) fn is_forbidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn without_controls(text: String) -> Result<String, HeaderError> {
    match text.chars().find(|c| is_forbidden(*c)) {
        None => Ok(text),
        Some(c) => Err(HeaderError::Control { code: u32::from(c), text: shown(&text) }),
    }
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(LONGEST_SHOWN) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

impl HeaderText {
    /// The most bytes that a text may have.
    pub const LONGEST: usize = 2000;

    /// Takes a text that has no control character.
    ///
    /// # Errors
    /// On CR, LF, NUL and every other control character, on Unicode's line and paragraph separators,
    /// on characters that turn the direction of text, and on more than [`Self::LONGEST`] bytes.
    pub fn new(text: impl Into<String>) -> Result<Self, HeaderError> {
        let text = without_controls(text.into())?;
        if text.len() > Self::LONGEST { Err(HeaderError::TooLong(shown(&text), text.len())) } else { Ok(Self(text)) }
    }

    /// A text that only says which thing a message is about, such as an edition's key: what may not stand
    /// in a header is shown as `\u{1b}`, and the whole is cut after 200 characters.
    pub fn showing(text: &str) -> Self {
        const LONGEST: usize = 200;
        let mut shown = String::new();
        for c in text.chars().take(LONGEST) {
            if is_forbidden(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) }
        }
        if text.chars().nth(LONGEST).is_some() {
            shown.push('…');
        }
        Self(shown)
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
            return Err(HeaderError::FileName(shown(&name)));
        }
        Ok(Self(name))
    }

    /// The name.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_takes_every_script_and_no_control_character() {
        assert!(HeaderText::new("Bericht für Oktober — 東京 📈").is_ok());
        for text in [
            "a\r\nBcc: x@y.example",
            "a\nb",
            "a\rb",
            "a\0b",
            "a\tb",
            "a\u{85}b",
            "a\u{2028}b",
            "a\u{7f}",
            "a\u{1b}[1mb",
            "a\u{202e}b",
            "a\u{2066}b",
        ] {
            let error = HeaderText::new(text).expect_err("refused");
            assert!(matches!(error, HeaderError::Control { .. }), "{error}");
            assert!(!error.to_string().contains(is_forbidden), "the message itself is harmless");
        }
        assert!(HeaderText::new("x".repeat(HeaderText::LONGEST)).is_ok());
        let error = HeaderText::new("x".repeat(HeaderText::LONGEST + 1)).expect_err("refused").to_string();
        assert!(error.contains("it has 2001 bytes, and 2000 are possible") && error.len() < 300, "{error}");
    }

    #[test]
    fn a_key_of_any_text_can_be_shown_in_a_header() {
        assert_eq!(HeaderText::showing("tab\t\u{202e}x").as_str(), r"tab\u{9}\u{202e}x");
        assert_eq!(HeaderText::showing("日本").as_str(), "日本");
        let long = HeaderText::showing(&"\u{1b}".repeat(5000));
        assert!(HeaderText::new(long.as_str()).is_ok(), "{long}");
    }

    #[test]
    fn a_file_name_has_no_folder() {
        assert!(FileName::new("Umsätze Oktober.pdf").is_ok());
        for name in ["", "../x.pdf", "a/b.pdf", "a\\b.pdf", ".hidden", &"x".repeat(201)] {
            assert!(matches!(FileName::new(name), Err(HeaderError::FileName(_))), "{name}");
        }
        assert!(matches!(FileName::new("a\r\n.pdf"), Err(HeaderError::Control { .. })));
    }
}
