//! What in a layout does not fit its data.

use punctual_model::nearest::nearest;

use crate::{content::RowsError, formula::FormulaError, text::TextError};

/// What in a layout does not fit its data.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// A section names a table that does not exist.
    #[error("section `{section}`: there is no dataset or table `{table}`")]
    UnknownTable {
        /// The section.
        section: String,
        /// The name as written.
        table: String,
        /// The name that may be meant.
        nearest: Option<String>,
    },
    /// A section names a column that its table does not have.
    #[error("section `{section}`: `{table}` has no column `{column}`")]
    UnknownColumn {
        /// The section.
        section: String,
        /// The table.
        table: String,
        /// The name as written.
        column: String,
        /// The name that may be meant.
        nearest: Option<String>,
        /// The columns that there are.
        columns: Vec<String>,
    },
    /// A table for key figures has several rows.
    #[error("section `{section}`: key figures are one row, but `{table}` has {rows} in edition `{edition}`{period}")]
    ManyRows {
        /// The section.
        section: String,
        /// The table.
        table: String,
        /// How many rows it has.
        rows: u64,
        /// The edition's key.
        edition: String,
        /// Which period they are of, when it is the one before.
        period: &'static str,
    },
    /// A chart has more positions than can be drawn.
    #[error("section `{section}`: a chart of {rows} rows cannot be read; the most is {most}")]
    LargeChart {
        /// The section.
        section: String,
        /// How many rows its table has.
        rows: u64,
        /// How many a chart can have.
        most: u64,
    },
    /// A column cannot be shown that way.
    #[error("section `{section}`: column `{column}` {message}")]
    Column {
        /// The section.
        section: String,
        /// The column.
        column: String,
        /// Why not.
        message: String,
        /// The way out.
        help: String,
    },
    /// A computed column's formula is wrong.
    #[error("section `{section}`: the formula of `{column}`: {source}")]
    Formula {
        /// The section.
        section: String,
        /// The computed column.
        column: String,
        /// What is wrong, and where.
        source: Box<FormulaError>,
    },
    /// A text template cannot be rendered.
    #[error("{place}{}: {source}", at(source))]
    Text {
        /// `title`, `subtitle` or the section's name.
        place: String,
        /// What is wrong, and where.
        source: Box<TextError>,
    },
    /// The rows cannot be read.
    #[error("section `{section}`: {source}")]
    Rows {
        /// The section.
        section: String,
        /// Why not.
        source: RowsError,
    },
}

/// The line and column in a text of several lines.
fn at(source: &TextError) -> String {
    match (source.line, source.column) {
        (Some(line), Some(column)) => format!(" (line {line}, column {column})"),
        (Some(line), None) => format!(" (line {line})"),
        _ => String::new(),
    }
}

impl AssembleError {
    pub(super) fn unknown_table<'a>(section: &str, table: &str, known: impl Iterator<Item = &'a str>) -> Self {
        let nearest = nearest(table, known).map(str::to_owned);
        Self::UnknownTable { section: section.to_owned(), table: table.to_owned(), nearest }
    }

    /// The way out, where one is known.
    pub fn help(&self) -> Option<String> {
        let did_you_mean = |name: &String| format!("did you mean `{name}`?");
        match self {
            Self::UnknownTable { nearest, .. } => nearest.as_ref().map(did_you_mean),
            Self::UnknownColumn { nearest, columns, .. } => {
                Some(nearest.as_ref().map_or_else(|| format!("its columns are {}", columns.join(", ")), did_you_mean))
            }
            Self::ManyRows { table, .. } => {
                Some(format!("aggregate `{table}` to one row for each edition, or show it as a table"))
            }
            Self::LargeChart { .. } => Some("aggregate it to fewer rows in the table's SQL".to_owned()),
            Self::Column { help, .. } => Some(help.clone()),
            Self::Formula { source, .. } => source.help.clone(),
            Self::Text { source, .. } => source.help.clone(),
            Self::Rows { .. } => None,
        }
    }

    /// Whether trying again may help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Rows { .. })
    }
}
