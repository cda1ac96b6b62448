//! A message as the bytes that leave, with the hash that proves them later.

use punctual_model::identity::ContentHash;

/// A message composed to its last byte, as a channel sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    bytes: Vec<u8>,
    hash: ContentHash,
}

impl Prepared {
    /// The message that is these bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { hash: ContentHash::of(&bytes), bytes }
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes, taken.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// How many there are.
    pub fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Their SHA-256.
    pub fn hash(&self) -> &ContentHash {
        &self.hash
    }
}
