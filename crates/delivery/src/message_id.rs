//! Message ids (RFC 5322 3.6.4), derived and never random: every attempt of one delivery carries
//! the same, so that a receiver, a folder or a person can tell a repetition from a second message.

use std::fmt;

use punctual_model::identity::hmac_hex;
use serde::{Deserialize, Serialize};

use crate::address::EmailAddress;

/// A message id with its angle brackets: `<hex(HMAC-SHA256(key, delivery id))@domain>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MessageId(String);

/// A stored text that is no message id of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a message id: expected <64 hexadecimal digits@domain>")]
pub struct MessageIdError(String);

const DIGITS: usize = 64;

impl MessageId {
    /// The id of a delivery; the domain is that of the sender. Without the key nobody can foretell it.
    pub fn derive(key: &[u8], delivery: &str, from: &EmailAddress) -> Self {
        Self(format!("<{}@{}>", hmac_hex(key, delivery.as_bytes()), from.domain()))
    }

    /// The id as it stands in the header.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The 64 hexadecimal digits, safe in file names and MIME boundaries.
    pub fn digits(&self) -> &str {
        &self.0[1..=DIGITS]
    }
}

impl TryFrom<String> for MessageId {
    type Error = MessageIdError;

    fn try_from(text: String) -> Result<Self, MessageIdError> {
        let valid =
            text.strip_prefix('<').and_then(|t| t.strip_suffix('>')).and_then(|t| t.split_once('@')).is_some_and(
                |(digits, domain)| {
                    digits.len() == DIGITS
                        && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
                        && !domain.is_empty()
                        && domain.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
                },
            );
        if valid { Ok(Self(text)) } else { Err(MessageIdError(text)) }
    }
}

impl From<MessageId> for String {
    fn from(id: MessageId) -> Self {
        id.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from() -> EmailAddress {
        "reports@agency.example".parse().expect("valid")
    }

    #[test]
    fn the_id_depends_on_key_and_delivery_and_on_nothing_else() {
        let id = MessageId::derive(b"key", "delivery", &from());
        // printf delivery | openssl dgst -sha256 -hmac key
        let digits = "9d295e5f03a5f03fc984812207347e356a1214bdddc273528a10933b4a083104";
        assert_eq!(id.as_str(), format!("<{digits}@agency.example>"));
        assert_eq!(id.digits(), digits);
        assert_ne!(id, MessageId::derive(b"key", "delivery2", &from()));
        assert_ne!(id, MessageId::derive(b"key2", "delivery", &from()));
    }

    #[test]
    fn a_stored_id_reads_back_and_nothing_else_does() {
        let id = MessageId::derive(b"key", "delivery", &from());
        assert_eq!(MessageId::try_from(id.to_string()), Ok(id.clone()));
        let text = id.to_string();
        for bad in [
            text.replace('<', ""),
            text.replace("@agency.example", "@"),
            text.replace("example", "ex\r\n"),
            "<a@b>".into(),
        ] {
            assert!(MessageId::try_from(bad.clone()).is_err(), "{bad}");
        }
    }
}
