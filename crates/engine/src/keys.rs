//! The master key and the keys derived from it by HKDF-SHA256 (RFC 5869), one for each purpose.

use std::{io::Write, path::Path};

use hkdf::Hkdf;
use rand::TryRngCore;
use sha2::Sha256;

/// The key that all others are derived from.
#[derive(Clone)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// A key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads the key of a data folder, or makes one at first start, readable by its owner alone.
    ///
    /// # Errors
    /// When the file cannot be read or made, or does not hold 64 hexadecimal digits.
    pub fn open(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let mut bytes = [0; 32];
                hex::decode_to_slice(text.trim(), &mut bytes)
                    .map_err(|_| format!("{shown} does not hold a key of 64 hexadecimal digits"))?;
                Ok(Self(bytes))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Self::create(path).map_err(|e| format!("{shown}: {e}"))?;
                Self::open(path)
            }
            Err(error) => Err(format!("{shown}: {error}")),
        }
    }

    /// Makes a key. A second process that makes one at the same time loses, and reads the first one's.
    fn create(path: &Path) -> std::io::Result<()> {
        let mut bytes = [0; 32];
        rand::rngs::OsRng.try_fill_bytes(&mut bytes).map_err(std::io::Error::other)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new()
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .tempfile_in(folder)?;
        writeln!(file, "{}", hex::encode(bytes))?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(path) {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error.error),
        }
    }

    /// The key for one purpose.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut key = [0; 32];
        Hkdf::<Sha256>::new(None, &self.0)
            .expand(purpose.as_bytes(), &mut key)
            .expect("32 bytes are within what HKDF-SHA256 can give");
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_read_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("master.key");
        let first = MasterKey::open(&path).expect("made");
        let second = MasterKey::open(&path).expect("read");
        assert_eq!(first.0, second.0);
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).expect("a file").permissions());
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn purposes_have_different_keys() {
        let key = MasterKey::new([7; 32]);
        assert_ne!(key.derive("message-id"), key.derive("links"));
    }
}
