//! Mailboxes: an address with the name that people read. What an address is, and when two are the
//! same, is the model's knowledge.

use std::{fmt, str::FromStr};

pub use punctual_model::address::{AddressError, EmailAddress, canonical, canonical_domain, is_same};

use crate::header::{HeaderError, HeaderText};

/// Why a text is not a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailboxError {
    /// The address is none.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The name in front of the address cannot stand in a header.
    #[error("the name in {mailbox:?} can't be used: {source}")]
    Name {
        /// The whole text.
        mailbox: String,
        /// What is wrong with the name.
        source: HeaderError,
    },
}

/// An address with the name people read: `Reports <reports@agency.example>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mailbox {
    /// The name people read.
    pub name: Option<HeaderText>,
    /// The address.
    pub address: EmailAddress,
}

impl Mailbox {
    /// A mailbox from its parts; an empty name is none.
    ///
    /// # Errors
    /// When the address is none, or the name cannot stand in a header.
    pub fn new(name: Option<&str>, address: &str) -> Result<Self, MailboxError> {
        let name = match name.map(str::trim).filter(|name| !name.is_empty()) {
            None => None,
            Some(name) => Some(
                HeaderText::new(name)
                    .map_err(|source| MailboxError::Name { mailbox: format!("{name} <{address}>"), source })?,
            ),
        };
        Ok(Self { name, address: address.parse()? })
    }
}

impl FromStr for Mailbox {
    type Err = MailboxError;

    /// Reads `address`, `<address>`, `Name <address>` or `"Name" <address>`.
    fn from_str(text: &str) -> Result<Self, MailboxError> {
        let trimmed = text.trim();
        let Some(inner) = trimmed.strip_suffix('>') else {
            return Self::new(None, trimmed);
        };
        let (name, address) = inner.rsplit_once('<').ok_or_else(|| AddressError::Incomplete(text.to_owned()))?;
        let name = name.trim();
        match name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(quoted) => Self::new(Some(&unquote(quoted)), address),
            None => Self::new(Some(name), address),
        }
    }
}

/// The text of a quoted string without its escapes (RFC 5322 3.2.4).
fn unquote(quoted: &str) -> String {
    let mut text = String::with_capacity(quoted.len());
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.extend(chars.next()),
            _ => text.push(c),
        }
    }
    text
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} <{}>", self.address),
            None => self.address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes_are_read_with_plain_quoted_and_missing_names() {
        let read = |text: &str| text.parse::<Mailbox>().expect("valid");
        assert_eq!(read("reports@agency.example").name, None);
        assert_eq!(read("<reports@agency.example>").name, None);
        assert_eq!(read("Reports <reports@agency.example>").to_string(), "Reports <reports@agency.example>");
        let quoted = read(r#""Reports, \"North\"" <reports@agency.example>"#);
        assert_eq!(quoted.name.as_ref().map(HeaderText::as_str), Some(r#"Reports, "North""#));
        assert!("Reports reports@agency.example>".parse::<Mailbox>().is_err());
        assert!("Reports\r\nBcc: x <reports@agency.example>".parse::<Mailbox>().is_err());
    }
}
