//! Where a child puts its files, beneath its folder: parent and child know the names, so none crosses the pipe.

use std::path::PathBuf;

/// The period that tables are computed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    /// The report's own.
    Period,
    /// The one before, to compare with.
    Previous,
}

impl Pass {
    /// The folder of a pass.
    pub(crate) const fn folder(self) -> &'static str {
        match self {
            Self::Period => "period",
            Self::Previous => "previous",
        }
    }
}

/// A dataset or table; `name` is a slug.
pub(crate) fn table(pass: Pass, name: &str) -> PathBuf {
    PathBuf::from("tables").join(pass.folder()).join(format!("{name}.parquet"))
}

/// Rows that were set aside of a dataset or table.
pub(crate) fn rejected(name: &str) -> PathBuf {
    PathBuf::from("rejected").join(format!("{name}.parquet"))
}

/// A file of the edition with this number, from 0.
pub(crate) fn file(edition: usize, extension: &str) -> PathBuf {
    PathBuf::from("files").join(format!("{edition}.{extension}"))
}
