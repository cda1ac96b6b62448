//! Whose query it is: the names that every error of one extraction carries.
//! It knows no type of source.

use std::time::Duration;

use punctual_data::source::{SourceConfig, SourceError};

/// The source and the dataset of one extraction, for messages.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    source: String,
    dataset: String,
    timeout: Duration,
}

impl Context {
    /// For one dataset of a source.
    pub(crate) fn new(config: &SourceConfig, dataset: &str) -> Self {
        Self { source: config.name.clone(), dataset: dataset.to_owned(), timeout: config.timeout }
    }

    /// The dataset's name.
    pub(crate) fn dataset(&self) -> &str {
        &self.dataset
    }

    /// The source's `timeout`.
    pub(crate) fn patience(&self) -> Duration {
        self.timeout
    }

    /// The definition's options cannot work.
    pub(crate) fn config(&self, message: impl Into<String>) -> SourceError {
        config_error(&self.source, message)
    }

    /// No connection could be made.
    pub(crate) fn unreachable(&self, message: impl Into<String>) -> SourceError {
        SourceError::Unreachable { name: self.source.clone(), message: message.into() }
    }

    /// The server refused the user or password.
    pub(crate) fn login(&self, message: impl Into<String>) -> SourceError {
        SourceError::Login { name: self.source.clone(), message: message.into() }
    }

    /// The source, or we on its behalf, refused the query.
    pub(crate) fn query(&self, message: impl Into<String>) -> SourceError {
        SourceError::Query { name: self.source.clone(), dataset: self.dataset.clone(), message: message.into() }
    }

    /// The query took longer than the source's `timeout`.
    pub(crate) fn timeout(&self) -> SourceError {
        SourceError::Timeout {
            name: self.source.clone(),
            dataset: self.dataset.clone(),
            seconds: self.timeout.as_secs_f64().ceil() as u64,
        }
    }

    /// The rows stopped coming.
    pub(crate) fn interrupted(&self, rows: u64, message: impl Into<String>) -> SourceError {
        SourceError::Interrupted {
            name: self.source.clone(),
            dataset: self.dataset.clone(),
            rows,
            message: message.into(),
        }
    }

    /// A value does not fit.
    pub(crate) fn data(&self, place: impl Into<String>, message: impl Into<String>) -> SourceError {
        SourceError::Data { dataset: self.dataset.clone(), place: place.into(), message: message.into() }
    }
}

/// The definition's options cannot work.
pub(crate) fn config_error(source: &str, message: impl Into<String>) -> SourceError {
    SourceError::Config { name: source.to_owned(), message: message.into() }
}
