//! Identities: content hashes, canonical JSON, and the names of runs, editions and deliveries.

use std::{collections::BTreeMap, fmt};

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::state::Purpose;

/// The SHA-256 of some bytes, written as 64 hexadecimal digits (FIPS 180-4).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentHash(String);

impl ContentHash {
    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex::encode(Sha256::digest(bytes)))
    }

    /// The hash of a value's canonical JSON.
    pub fn of_json<T: Serialize>(value: &T) -> Self {
        Self::of(canonical_json(value).as_bytes())
    }

    /// A hash that was computed while bytes streamed by; 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let valid = text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        valid.then(|| Self(text.to_owned()))
    }

    /// The 64 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first 12 digits, for people.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// JSON with sorted keys and no white space, so that equal values give equal text.
pub fn canonical_json<T: Serialize>(value: &T) -> String {
    // serde_json's map is sorted by key unless a feature keeps the order of insertion;
    // a test below holds that.
    let value = serde_json::to_value(value).expect("definitions have only text keys");
    value.to_string()
}

/// A run: one report over one period, in one variant. The definition and its defaults are no part of it: editing
/// a report never makes a second run of a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunKey {
    /// The report's name.
    pub report: String,
    /// The period's key.
    pub period: String,
    /// What the request overrode, as [`variant`] names it; empty when it overrode nothing.
    pub variant: String,
}

/// The name of what a request overrode: a hash of the overridden parameters as canonical JSON, and
/// empty when there are none.
pub fn variant<V: Serialize>(overridden: &BTreeMap<String, V>) -> String {
    if overridden.is_empty() { String::new() } else { ContentHash::of_json(overridden).as_str()[..16].to_owned() }
}

impl RunKey {
    /// The run's id: 16 hexadecimal digits that depend on nothing else.
    pub fn id(&self) -> String {
        ContentHash::of_json(self).as_str()[..16].to_owned()
    }
}

/// A delivery: one edition of one revision to one recipient for one purpose. The address and the channel are
/// recorded with each attempt and are no part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryKey {
    /// The run's id.
    pub run: String,
    /// The revision's number, from 1.
    pub revision: u32,
    /// The edition's key.
    pub edition: String,
    /// What the delivery is for.
    pub purpose: Purpose,
    /// The recipient's id in the list.
    pub recipient: String,
    /// 0, and more only by an explicit resend.
    pub copy: u32,
}

impl DeliveryKey {
    /// The delivery's id: 32 hexadecimal digits that depend on nothing else.
    pub fn id(&self) -> String {
        ContentHash::of_json(self).as_str()[..32].to_owned()
    }
}

/// HMAC-SHA256 (RFC 2104) in hexadecimal digits.
pub fn hmac_hex(key: &[u8], message: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(message);
    hex::encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_json_sorts_keys_at_every_depth() {
        let value: serde_json::Value =
            serde_json::from_str(r#"{"b": {"z": 1, "a": [2, 1]}, "a": null}"#).expect("json");
        assert_eq!(canonical_json(&value), r#"{"a":null,"b":{"a":[2,1],"z":1}}"#);
    }

    #[test]
    fn ids_differ_when_anything_differs() {
        let key = RunKey { report: "r".into(), period: "2026-10".into(), variant: String::new() };
        let other = RunKey { period: "2026-11".into(), ..key.clone() };
        assert_eq!(key.id(), key.clone().id());
        assert_ne!(key.id(), other.id());
        assert_eq!(key.id().len(), 16);
        let nothing: BTreeMap<String, i32> = BTreeMap::new();
        assert_eq!(variant(&nothing), "", "a request that overrides nothing has no variant");
        let one = BTreeMap::from([("top".to_owned(), 5)]);
        assert_ne!(variant(&one), variant(&BTreeMap::from([("top".to_owned(), 6)])));
        assert_ne!(RunKey { variant: variant(&one), ..key.clone() }.id(), key.id());
    }

    #[test]
    fn hmac_matches_rfc_4231_case_2() {
        let mac = hmac_hex(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(mac, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
