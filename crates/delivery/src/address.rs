//! E-mail addresses and mailboxes. Stricter than RFC 5321 where its freedom only helps attackers
//! and typing errors: no quoted local parts, no address literals, no comments.
//!
//! Domains may be written in any script; they are kept as A-labels (RFC 5891), which every server
//! takes. A local part outside ASCII would need SMTPUTF8 (RFC 6531) on every server of the way, so
//! it is refused here rather than bounced later.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::header::{HeaderError, HeaderText};

/// The longest local part in bytes (RFC 5321 4.5.3.1.1).
const LONGEST_LOCAL_PART: usize = 64;
/// The longest address in bytes: a path of 256 (RFC 5321 4.5.3.1.3) less its angle brackets.
const LONGEST_ADDRESS: usize = 254;

/// An address that a message can be sent to: `local-part@domain`, both in ASCII.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress {
    text: String,
    at: usize,
}

/// Why a text is not an address, or not a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// There is no `@` with something on both sides.
    #[error("{0:?} is not an e-mail address: write it as name@domain")]
    Incomplete(String),
    /// The part before the `@` is not a dot-atom (RFC 5321 4.1.2).
    #[error(
        "{0:?} can't be used as an e-mail address: before the @ only ASCII letters, digits, single dots and \
         !#$%&'*+-/=?^_`{{|}}~ are possible, 64 at most; ask for another spelling of it"
    )]
    LocalPart(String),
    /// The domain is not one (RFC 1035, RFC 5891).
    #[error("{0:?} can't be used as an e-mail address: {1:?} is not a domain name")]
    Domain(String, String),
    /// The whole is too long.
    #[error("{0:?} can't be used as an e-mail address: it is longer than 254 characters")]
    TooLong(String),
    /// The name in front of the address cannot stand in a header.
    #[error("the name in {mailbox:?} can't be used: {source}")]
    Name {
        /// The whole text.
        mailbox: String,
        /// What is wrong with the name.
        source: HeaderError,
    },
}

impl EmailAddress {
    /// The address as it is sent: the domain in lower case and as A-labels.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part before the `@`, as it was written.
    pub fn local_part(&self) -> &str {
        &self.text[..self.at]
    }

    /// The domain, in lower case and as A-labels.
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }
}

/// Letters of an atom (RFC 5322 3.2.3).
fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
}

fn is_dot_atom(text: &str) -> bool {
    text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

/// The domain as A-labels; one made of digits only would be read as an IP address.
fn ascii_domain(domain: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii_strict(domain).ok()?;
    let top = ascii.rsplit('.').next()?;
    (!top.is_empty() && !top.bytes().all(|b| b.is_ascii_digit())).then_some(ascii)
}

impl FromStr for EmailAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (local, domain) = text
            .rsplit_once('@')
            .filter(|(local, domain)| !local.is_empty() && !domain.is_empty())
            .ok_or_else(|| AddressError::Incomplete(text.to_owned()))?;
        if local.len() > LONGEST_LOCAL_PART || !is_dot_atom(local) {
            return Err(AddressError::LocalPart(text.to_owned()));
        }
        let domain = ascii_domain(domain).ok_or_else(|| AddressError::Domain(text.to_owned(), domain.to_owned()))?;
        let address = Self { text: format!("{local}@{domain}"), at: local.len() };
        if address.text.len() > LONGEST_ADDRESS {
            return Err(AddressError::TooLong(text.to_owned()));
        }
        Ok(address)
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.text
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
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
    pub fn new(name: Option<&str>, address: &str) -> Result<Self, AddressError> {
        let name = match name.map(str::trim).filter(|name| !name.is_empty()) {
            None => None,
            Some(name) => Some(
                HeaderText::new(name)
                    .map_err(|source| AddressError::Name { mailbox: format!("{name} <{address}>"), source })?,
            ),
        };
        Ok(Self { name, address: address.parse()? })
    }
}

impl FromStr for Mailbox {
    type Err = AddressError;

    /// Reads `address`, `<address>`, `Name <address>` or `"Name" <address>`.
    fn from_str(text: &str) -> Result<Self, AddressError> {
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_keep_the_local_part_and_lower_the_domain() {
        let address: EmailAddress = "Ana.Lima+Reports@Acme.EXAMPLE".parse().expect("valid");
        assert_eq!(address.as_str(), "Ana.Lima+Reports@acme.example");
        assert_eq!((address.local_part(), address.domain()), ("Ana.Lima+Reports", "acme.example"));
    }

    #[test]
    fn domains_of_any_script_become_a_labels() {
        let address: EmailAddress = "kontakt@bücher.example".parse().expect("valid");
        assert_eq!(address.as_str(), "kontakt@xn--bcher-kva.example");
        assert_eq!("kontakt@xn--bcher-kva.example".parse(), Ok(address));
    }

    #[test]
    fn what_is_no_address_is_refused_with_its_reason() {
        for text in ["", "ana", "@acme.example", "ana@"] {
            assert!(matches!(text.parse::<EmailAddress>(), Err(AddressError::Incomplete(_))), "{text}");
        }
        let long = "a".repeat(65) + "@acme.example";
        for text in [
            "a b@acme.example",
            ".a@acme.example",
            "a..b@acme.example",
            "a.@acme.example",
            "ü@acme.example",
            "\"a b\"@acme.example",
            "a@b@acme.example",
            "a\r\nBcc: x@acme.example",
            "a\0@acme.example",
            "<a@acme.example",
            &long,
        ] {
            assert!(matches!(text.parse::<EmailAddress>(), Err(AddressError::LocalPart(_))), "{text}");
        }
        for text in [
            "a@acme..example",
            "a@-acme.example",
            "a@acme_x.example",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a@acme.example\r\nX: y",
            "a@acme.example>",
            "a@acme example",
            "a@acme.example ",
            "a@.",
        ] {
            assert!(matches!(text.parse::<EmailAddress>(), Err(AddressError::Domain(..))), "{text}");
        }
        let domain = ["a".repeat(63), "b".repeat(63), "c".repeat(63)].join(".");
        let text = format!("{}@{domain}", "l".repeat(64));
        assert!(matches!(text.parse::<EmailAddress>(), Err(AddressError::TooLong(_))));
    }

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

    proptest! {
        #[test]
        fn no_text_that_is_taken_can_leave_its_command_or_header(text in "\\PC{0,12}@\\PC{0,12}|[ -~\r\n\0]{0,30}") {
            if let Ok(address) = text.parse::<EmailAddress>() {
                prop_assert!(address.as_str().bytes().all(|b| b.is_ascii_graphic()));
                prop_assert!(!address.as_str().contains(['<', '>', ',', ';', ':', '"', '\\', '(', ')', '[', ']']));
                prop_assert_eq!(address.as_str().parse::<EmailAddress>(), Ok(address.clone()));
            }
        }
    }
}
