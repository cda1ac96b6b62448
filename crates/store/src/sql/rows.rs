//! Between rows of the state database and records. A value that this build cannot read is `Corrupt`.

use std::{borrow::Cow, str::FromStr};

use jiff::Timestamp;
use punctual_model::identity::ContentHash;
use sqlx::{Row, any::AnyRow};

use crate::StoreError;

/// Reads columns of a row by name.
pub(super) struct Reader<'a>(pub(super) &'a AnyRow);

impl Reader<'_> {
    pub(super) fn text(&self, column: &str) -> Result<String, StoreError> {
        self.0.try_get(column).map_err(|e| corrupt(column, &e.to_string()))
    }

    pub(super) fn maybe_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        self.0.try_get(column).map_err(|e| corrupt(column, &e.to_string()))
    }

    pub(super) fn number(&self, column: &str) -> Result<i64, StoreError> {
        self.0.try_get(column).map_err(|e| corrupt(column, &e.to_string()))
    }

    pub(super) fn count(&self, column: &str) -> Result<u64, StoreError> {
        u64::try_from(self.number(column)?).map_err(|e| corrupt(column, &e.to_string()))
    }

    pub(super) fn small(&self, column: &str) -> Result<u32, StoreError> {
        u32::try_from(self.number(column)?).map_err(|e| corrupt(column, &e.to_string()))
    }

    pub(super) fn instant(&self, column: &str) -> Result<Timestamp, StoreError> {
        Timestamp::from_microsecond(self.number(column)?).map_err(|e| corrupt(column, &e.to_string()))
    }

    pub(super) fn maybe_instant(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        let micros: Option<i64> = self.0.try_get(column).map_err(|e| corrupt(column, &e.to_string()))?;
        micros.map(|m| Timestamp::from_microsecond(m).map_err(|e| corrupt(column, &e.to_string()))).transpose()
    }

    pub(super) fn content(&self, column: &str) -> Result<ContentHash, StoreError> {
        let text = self.text(column)?;
        ContentHash::from_hex(&text).ok_or_else(|| corrupt(column, &format!("`{text}` is not a hash")))
    }

    /// A word of one of the model's lists of states.
    pub(super) fn word<T: FromStr>(&self, column: &str) -> Result<T, StoreError>
    where
        T::Err: std::fmt::Display,
    {
        self.text(column)?.parse().map_err(|e: T::Err| StoreError::Corrupt(e.to_string()))
    }

    /// Such a word, or nothing.
    pub(super) fn maybe_word<T: FromStr>(&self, column: &str) -> Result<Option<T>, StoreError>
    where
        T::Err: std::fmt::Display,
    {
        let word = self.maybe_text(column)?;
        word.map(|word| word.parse().map_err(|e: T::Err| StoreError::Corrupt(e.to_string()))).transpose()
    }
}

fn corrupt(column: &str, message: &str) -> StoreError {
    StoreError::Corrupt(format!("column `{column}`: {message}"))
}

/// A count as the database holds it.
pub(super) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// An instant as it is read back: databases keep microseconds.
pub(super) fn as_kept(instant: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(instant.as_microsecond()).expect("an instant is one to the microsecond, too")
}

/// Text from outside (a server's reply, an error) that PostgreSQL takes as well: it has no zero character,
/// and refusing one would lose the outcome that comes with it.
pub(super) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}
