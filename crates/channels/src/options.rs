//! Reads a channel's options. Definitions are checked against the `KindSpec` long before; what is
//! left to refuse here are values that only the channel can judge.

use std::path::PathBuf;

use punctual_delivery::{ChannelConfig, ChannelConfigError, InDoubtPolicy};

/// The words of the option `in_doubt`.
pub(crate) const IN_DOUBT: &[&str] = &["hold", "resend"];

/// The options of one channel.
pub(crate) struct Options<'a>(pub(crate) &'a ChannelConfig);

impl Options<'_> {
    /// An error that names the channel.
    pub(crate) fn error(&self, problem: impl Into<String>) -> ChannelConfigError {
        ChannelConfigError { channel: self.0.name.clone(), problem: problem.into() }
    }

    /// A text, if it is given.
    pub(crate) fn text(&self, key: &str) -> Result<Option<&str>, ChannelConfigError> {
        match self.0.options.get(key) {
            None => Ok(None),
            Some(value) => match value.as_str() {
                Some(text) if !text.is_empty() => Ok(Some(text)),
                _ => Err(self.error(format!("`{key}` must be text that is not empty"))),
            },
        }
    }

    /// A whole number, if it is given.
    pub(crate) fn int<T: TryFrom<u64>>(&self, key: &str) -> Result<Option<T>, ChannelConfigError> {
        let Some(value) = self.0.options.get(key) else { return Ok(None) };
        let number = value.as_u64().filter(|n| *n > 0).and_then(|n| T::try_from(n).ok());
        number.map(Some).ok_or_else(|| self.error(format!("`{key}: {value}` is not a number that is possible here")))
    }

    /// A path, from the project's folder when it is relative.
    pub(crate) fn path(&self, key: &str) -> Result<Option<PathBuf>, ChannelConfigError> {
        Ok(self.text(key)?.map(|path| self.0.project.join(path)))
    }

    /// What to do in doubt.
    pub(crate) fn in_doubt(&self) -> Result<InDoubtPolicy, ChannelConfigError> {
        match self.text("in_doubt")? {
            None | Some("hold") => Ok(InDoubtPolicy::Hold),
            Some("resend") => Ok(InDoubtPolicy::Resend),
            Some(other) => Err(self.error(format!("`in_doubt: {other}` is not one of {}", IN_DOUBT.join(", ")))),
        }
    }
}
