//! Whose query it is: the names that every error of one extraction carries.
//! It knows no type of source.

use std::{io, time::Duration};

use punctual_data::source::{SourceConfig, SourceError};

use crate::words;

/// The source and the dataset of one extraction, for messages.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    source: String,
    /// Where the source is: host and port; empty for a file, whose path stands in its messages.
    place: String,
    dataset: String,
    timeout: Duration,
    cell_bytes: usize,
}

impl Context {
    /// For one dataset of a source.
    pub(crate) fn new(config: &SourceConfig, dataset: &str) -> Self {
        Self {
            source: config.name.clone(),
            place: String::new(),
            dataset: dataset.to_owned(),
            timeout: config.timeout,
            cell_bytes: config.cell_bytes,
        }
    }

    /// For a server at this host and port.
    pub(crate) fn at(mut self, host: &str, port: u16) -> Self {
        self.place = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        self
    }

    /// The dataset's name.
    pub(crate) fn dataset(&self) -> &str {
        &self.dataset
    }

    /// The source's `timeout`.
    pub(crate) fn patience(&self) -> Duration {
        self.timeout
    }

    /// The longest value, in bytes.
    pub(crate) fn cell_bytes(&self) -> usize {
        self.cell_bytes
    }

    /// The definition's options cannot work.
    pub(crate) fn config(&self, message: impl AsRef<str>) -> SourceError {
        config_error(&self.source, message)
    }

    /// No connection could be made.
    pub(crate) fn unreachable(&self, message: impl AsRef<str>) -> SourceError {
        let message = words::plain(message.as_ref());
        let message = if self.place.is_empty() { message } else { format!("{}: {message}", self.place) };
        SourceError::Unreachable { name: self.source.clone(), message }
    }

    /// A file cannot be opened or read. One that is not there will not come by itself; a disk may.
    pub(crate) fn unreadable(&self, shown: &str, error: &io::Error) -> SourceError {
        use io::ErrorKind::{InvalidFilename, IsADirectory, NotADirectory, NotFound, PermissionDenied};
        let message = match error.kind() {
            NotFound => format!("there is no file `{shown}`"),
            _ => format!("`{shown}`: {error}"),
        };
        match error.kind() {
            NotFound | PermissionDenied | NotADirectory | IsADirectory | InvalidFilename => self.config(message),
            _ => self.unreachable(message),
        }
    }

    /// The server refused the user or password.
    pub(crate) fn login(&self, message: impl AsRef<str>) -> SourceError {
        let message = format!("{}: {}", self.place, words::plain(message.as_ref()));
        SourceError::Login { name: self.source.clone(), message }
    }

    /// The source, or we on its behalf, refused the query.
    pub(crate) fn query(&self, message: impl AsRef<str>) -> SourceError {
        let message = words::plain(message.as_ref());
        SourceError::Query { name: self.source.clone(), dataset: self.dataset.clone(), message }
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
    pub(crate) fn interrupted(&self, rows: u64, message: impl AsRef<str>) -> SourceError {
        SourceError::Interrupted {
            name: self.source.clone(),
            dataset: self.dataset.clone(),
            rows,
            message: words::plain(message.as_ref()),
        }
    }

    /// The line to the server was cut, or what came over it made no sense.
    pub(crate) fn cut(&self, rows: u64, why: &str) -> SourceError {
        self.interrupted(rows, format!("the connection to {} was lost ({why})", self.place))
    }

    /// A value does not fit.
    pub(crate) fn data(&self, place: impl AsRef<str>, message: impl AsRef<str>) -> SourceError {
        SourceError::Data {
            dataset: self.dataset.clone(),
            place: words::plain(place.as_ref()),
            message: words::plain(message.as_ref()),
        }
    }

    /// A value is longer than the source's `cell_kib`.
    pub(crate) fn too_long(&self, place: impl AsRef<str>, bytes: usize) -> SourceError {
        let (kib, limit) = (bytes.div_ceil(1024), self.cell_bytes / 1024);
        self.data(
            place,
            format!("the value has {kib} KiB, more than the {limit} KiB of `cell_kib` on source `{}`; leave it out or cut it in the SQL, or raise `cell_kib`", self.source),
        )
    }
}

/// The definition's options cannot work.
pub(crate) fn config_error(source: &str, message: impl AsRef<str>) -> SourceError {
    SourceError::Config { name: source.to_owned(), message: words::plain(message.as_ref()) }
}
