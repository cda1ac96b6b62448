//! E-mail addresses: what can be one, and when two texts are the same. One reading for definitions,
//! for the plan, for the ledger and for the send. Stricter than RFC 5321 where its freedom only helps
//! attackers and typing errors: no quoted local parts, no address literals, no comments.
//!
//! Domains may be written in any script; they are kept as A-labels (RFC 5891), which every server
//! takes. A local part outside ASCII would need SMTPUTF8 (RFC 6531) on every server of the way, so
//! it is refused here rather than bounced later.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The longest local part in bytes (RFC 5321 4.5.3.1.1).
const LONGEST_LOCAL_PART: usize = 64;
/// The longest address in bytes: a path of 256 (RFC 5321 4.5.3.1.3) less its angle brackets.
const LONGEST_ADDRESS: usize = 254;
/// So much of a text that is no address is repeated in the error.
const LONGEST_SHOWN: usize = 120;

/// An address that a message can be sent to: `local-part@domain`, both in ASCII.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress {
    text: String,
    at: usize,
}

/// Why a text is not an address. The text is kept shortened, and is shown escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// There is no `@` with something on both sides.
    #[error("{0:?} is not an e-mail address: write it as name@domain")]
    Incomplete(String),
    /// A space, a line break, or a character that nobody sees.
    #[error(
        "{0:?} can't be used as an e-mail address: it holds a space or an invisible character (U+{1:04X}); remove it"
    )]
    Invisible(String, u32),
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

/// The one spelling of an address: two texts with the same one reach the same mailbox, and one of them
/// is written to. The domain is taken as A-labels without a dot at its end. The part before the `@`
/// counts in lower case, because no provider gives `Ana@` and `ana@` to two people; quotes that change
/// nothing are taken off. Any text has one, also one that is no address.
pub fn canonical(address: &str) -> String {
    let address = address.trim();
    let Some((local, domain)) = address.rsplit_once('@') else { return address.to_lowercase() };
    let unquoted = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).filter(|text| is_dot_atom(text));
    format!("{}@{}", unquoted.unwrap_or(local).to_lowercase(), canonical_domain(domain))
}

/// The one spelling of a domain: lower case, A-labels, no dot at its end. Any text has one.
pub fn canonical_domain(domain: &str) -> String {
    let domain = domain.trim_start().trim_end_matches(|c: char| c == '.' || c.is_whitespace());
    ascii_domain(domain).unwrap_or_else(|| domain.to_lowercase())
}

/// Whether two texts are the same address.
pub fn is_same(one: &str, other: &str) -> bool {
    canonical(one) == canonical(other)
}

/// Letters of an atom (RFC 5322 3.2.3).
fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
}

fn is_dot_atom(text: &str) -> bool {
    text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

/// White space, control characters and what only steers how text is shown: none of them is seen by
/// whoever compares two addresses.
fn is_invisible(c: char) -> bool {
    let steers = matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    c.is_control() || c.is_whitespace() || steers
}

/// The domain as A-labels; one made of digits only would be read as an IP address.
fn ascii_domain(domain: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii_strict(domain).ok()?;
    let top = ascii.rsplit('.').next()?;
    (!top.is_empty() && !top.bytes().all(|b| b.is_ascii_digit())).then_some(ascii)
}

/// As much of a text as an error repeats.
fn shown(text: &str) -> String {
    match text.char_indices().nth(LONGEST_SHOWN) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

impl FromStr for EmailAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if let Some(c) = text.chars().find(|c| is_invisible(*c)) {
            return Err(AddressError::Invisible(shown(text), u32::from(c)));
        }
        let (local, domain) = text
            .rsplit_once('@')
            .filter(|(local, domain)| !local.is_empty() && !domain.is_empty())
            .ok_or_else(|| AddressError::Incomplete(shown(text)))?;
        if local.len() > LONGEST_LOCAL_PART || !is_dot_atom(local) {
            return Err(AddressError::LocalPart(shown(text)));
        }
        // What is too long is not worth a conversion of its domain.
        if domain.len() > 4 * LONGEST_ADDRESS {
            return Err(AddressError::TooLong(shown(text)));
        }
        let domain = ascii_domain(domain).ok_or_else(|| AddressError::Domain(shown(text), shown(domain)))?;
        let address = Self { text: format!("{local}@{domain}"), at: local.len() };
        if address.text.len() > LONGEST_ADDRESS {
            return Err(AddressError::TooLong(shown(text)));
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_keep_the_local_part_and_lower_the_domain() {
        let address: EmailAddress = "Ana.Lima+Reports@Acme.EXAMPLE".parse().expect("valid");
        assert_eq!(address.as_str(), "Ana.Lima+Reports@acme.example");
        assert_eq!((address.local_part(), address.domain()), ("Ana.Lima+Reports", "acme.example"));
        assert!("x@localhost".parse::<EmailAddress>().is_ok());
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
        for text in [
            "a b@acme.example",
            "a\r\nBcc: x@acme.example",
            "a\0@acme.example",
            "a\u{1b}[2J@acme.example",
            "a\u{202e}b@acme.example",
            "a@acme\u{200b}.example",
            "a@acme.example\r\nX: y",
            "a@acme example",
            "a@acme.example ",
            "\u{feff}a@acme.example",
        ] {
            let error = text.parse::<EmailAddress>().expect_err(text);
            assert!(matches!(error, AddressError::Invisible(..)), "{text}: {error}");
            assert!(error.to_string().chars().all(|c| !is_invisible(c) || c == ' '), "{error}");
        }
        let long = "a".repeat(65) + "@acme.example";
        for text in [
            ".a@acme.example",
            "a..b@acme.example",
            "a.@acme.example",
            "ü@acme.example",
            "\"ab\"@acme.example",
            "a@b@acme.example",
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
            "a@acme.example>",
            "a@acme.example.",
            "a@.",
        ] {
            assert!(matches!(text.parse::<EmailAddress>(), Err(AddressError::Domain(..))), "{text}");
        }
        let domain = ["a".repeat(63), "b".repeat(63), "c".repeat(63)].join(".");
        for text in [format!("{}@{domain}", "l".repeat(64)), format!("a@{}", "b.".repeat(1 << 20))] {
            let error = text.parse::<EmailAddress>().expect_err("too long");
            assert!(matches!(error, AddressError::TooLong(_)), "{error}");
            assert!(error.to_string().len() < 500);
        }
    }

    #[test]
    fn one_mailbox_has_one_spelling() {
        let same = [
            "ana.lima@xn--bcher-kva.example",
            "Ana.Lima@bücher.example",
            "ANA.LIMA@BÜCHER.EXAMPLE",
            "ana.lima@bücher.example.",
            " ana.lima@Bücher.example ",
            "\"ana.lima\"@bücher.example",
            "ana.lima@bu\u{308}cher.example",
            "ana.lima@ｂücher.example",
        ];
        for text in same {
            assert!(is_same(text, same[0]), "{text}");
        }
        for other in ["ana.lima+x@bücher.example", "analima@bücher.example", "ana.lima@bucher.example", "ana.lima"] {
            assert!(!is_same(other, same[0]), "{other}");
        }
        assert_eq!(canonical_domain("BÜCHER.example."), "xn--bcher-kva.example");
    }

    proptest! {
        #[test]
        fn no_text_that_is_taken_can_leave_its_command_or_header(text in "\\PC{0,12}@\\PC{0,12}|[ -~\r\n\0]{0,30}") {
            if let Ok(address) = text.parse::<EmailAddress>() {
                prop_assert!(address.as_str().bytes().all(|b| b.is_ascii_graphic()));
                prop_assert!(!address.as_str().contains(['<', '>', ',', ';', ':', '"', '\\', '(', ')', '[', ']']));
                prop_assert_eq!(address.as_str().parse::<EmailAddress>(), Ok(address.clone()));
                prop_assert!(is_same(address.as_str(), &text));
            }
            prop_assert_eq!(canonical(&canonical(&text)), canonical(&text));
        }
    }
}
