//! Why data could not be stored, read back, queried, checked or split, in words for the author
//! of a definition. It knows DataFusion's errors only as far as telling limits from mistakes.

use std::{fmt, path::Path};

/// Where in an SQL text something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: u64,
    /// The column in characters, from 1. A parameter counts as `{{ expression }}`.
    pub column: u64,
    /// The line's text, with parameters written as `{{ expression }}`.
    pub text: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {} (`{}`)", self.line, self.column, self.text.trim())
    }
}

/// Why a step over data did not succeed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DataError {
    /// An SQL text is not one that can run: syntax, names, types, or a value on the way.
    #[error("{subject}{}: {message}", place.as_ref().map(|p| format!(", {p}")).unwrap_or_default())]
    Sql {
        /// What the text belongs to: "table `daily`".
        subject: String,
        /// Where in the text, when known.
        place: Option<Place>,
        /// What is wrong and the way out.
        message: String,
    },
    /// The query needs more memory than its limit, and cannot go on on disk.
    #[error(
        "{subject}: the query needs more than {limit} of memory: {message}; join or group fewer rows, or raise `limits: memory_mib` in punctual.yaml"
    )]
    Memory {
        /// What was computed.
        subject: String,
        /// The limit as text.
        limit: String,
        /// What needed it.
        message: String,
    },
    /// The query needs more temporary disk space than its limit.
    #[error(
        "{subject}: the query needs more than {limit} of temporary disk space; join or sort fewer rows, or raise `limits: memory_mib` in punctual.yaml"
    )]
    Disk {
        /// What was computed.
        subject: String,
        /// The limit as text.
        limit: String,
    },
    /// The query took longer than its limit.
    #[error(
        "{subject}: the query took longer than {seconds} s; make it read fewer rows, or raise `limits: query` in punctual.yaml"
    )]
    Time {
        /// What was computed.
        subject: String,
        /// The limit in seconds.
        seconds: f64,
    },
    /// A column's type cannot be kept, or a value does not fit it.
    #[error("{subject}: column `{column}`: {message}")]
    Column {
        /// What was read or written.
        subject: String,
        /// The column.
        column: String,
        /// What is wrong and the way out.
        message: String,
    },
    /// A check cannot be evaluated as it is written.
    #[error("`{subject}`: check `{check}`: {message}")]
    Check {
        /// The dataset or table.
        subject: String,
        /// The check as written.
        check: String,
        /// What is wrong and the way out.
        message: String,
    },
    /// The editions of a table do not add up to the table. This is never the author's fault.
    #[error("table `{table}` could not be split by `{key}`: {message}; nothing is rendered, please report this")]
    Proof {
        /// The table.
        table: String,
        /// The key column.
        key: String,
        /// What does not add up.
        message: String,
    },
    /// A definition refers to what is not there.
    #[error("{subject}: {message}")]
    Name {
        /// Who refers.
        subject: String,
        /// What is missing and the nearest known name.
        message: String,
    },
    /// A file cannot be written or read.
    #[error("{}: {message}", path.display())]
    File {
        /// The file or folder.
        path: std::path::PathBuf,
        /// What the system or the file's format said.
        message: String,
    },
}

impl DataError {
    /// Whether the same step may succeed later without a change of the definition.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::File { .. })
    }

    /// A file's error.
    pub(crate) fn file(path: &Path, error: impl fmt::Display) -> Self {
        Self::File { path: path.to_owned(), message: error.to_string() }
    }

    /// An unknown name, with the nearest known one or a list of those there are.
    pub(crate) fn unknown<'a>(
        subject: impl Into<String>,
        kind: &str,
        name: &str,
        known: impl Iterator<Item = &'a str> + Clone,
    ) -> Self {
        Self::Name { subject: subject.into(), message: unknown_name(kind, name, known) }
    }
}

/// "unknown column `vists`: did you mean `visits`?", or the names there are when none is near.
pub(crate) fn unknown_name<'a>(kind: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    const LISTED: usize = 12;
    let head = format!("unknown {kind} `{name}`");
    if let Some(nearest) = punctual_model::nearest::nearest(name, known.clone()) {
        return format!("{head}: did you mean `{nearest}`?");
    }
    let all: Vec<String> = known.map(|n| format!("`{n}`")).collect();
    match all.len() {
        0 => head,
        n if n <= LISTED => format!("{head}: there is {}", all.join(", ")),
        n => format!("{head}: there is {} and {} more", all[..LISTED].join(", "), n - LISTED),
    }
}

/// Bytes as people read them: `256 MiB`.
pub(crate) fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = "bytes";
    for next in UNITS {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    if value.fract() == 0.0 { format!("{value:.0} {unit}") } else { format!("{value:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_names_point_to_known_ones() {
        let known = ["visits", "day"];
        assert_eq!(
            unknown_name("column", "vists", known.into_iter()),
            "unknown column `vists`: did you mean `visits`?"
        );
        assert_eq!(
            unknown_name("column", "banana", known.into_iter()),
            "unknown column `banana`: there is `visits`, `day`"
        );
        assert_eq!(unknown_name("table", "x", std::iter::empty()), "unknown table `x`");
    }

    #[test]
    fn bytes_read_well() {
        assert_eq!(human_bytes(512), "512 bytes");
        assert_eq!(human_bytes(256 * 1024 * 1024), "256 MiB");
        assert_eq!(human_bytes(1536), "1.5 KiB");
    }
}
