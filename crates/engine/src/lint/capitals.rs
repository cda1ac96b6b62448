//! Names with capitals in the SQL of tables: told where they stand, with the way out, as far as columns are declared.

use std::collections::BTreeMap;

use punctual_data::{capitals, error::Place};
use punctual_model::{definition::Query, kinds::Catalog, project::Project, sql_text::SqlText};

use super::Known;

/// The columns of a source's query, where their spelling is sure: whether a source reads `Customer` in lower case
/// is its own business.
pub(super) fn sure(sql: &str, columns: Vec<String>) -> Option<Vec<String>> {
    let words = sql.split(|c: char| !c.is_alphanumeric() && c != '_');
    let spelled_otherwise = |word: &str| columns.iter().any(|column| column != word && *column == word.to_lowercase());
    (!words.into_iter().any(spelled_otherwise)).then_some(columns)
}

/// What is known of the columns of a dataset or table, with their capitals.
#[derive(Debug, Default)]
pub(super) struct Spelled {
    columns: Vec<String>,
    /// Whether it has no others.
    whole: bool,
}

/// The columns of each dataset and table as far as they are known; `first_line` tells those of a file.
pub(super) fn spelled<'f>(
    (project, catalog): (&Project, &Catalog),
    query: &Query,
    known: &Known,
    first_line: impl Fn(&str) -> Option<&'f Vec<String>>,
) -> BTreeMap<String, Spelled> {
    let is_file = |source: &str| {
        let kind = project.sources.get(source).map(|source| source.value.source_type.as_str());
        catalog.sources.iter().any(|k| Some(k.name) == kind && k.sql.is_none())
    };
    let mut spelled: BTreeMap<String, Spelled> = known
        .iter()
        .map(|(name, columns)| {
            let columns = columns.clone();
            (name.clone(), Spelled { whole: columns.is_some(), columns: columns.unwrap_or_default() })
        })
        .collect();
    for (name, dataset) in query.datasets.iter().filter(|(_, dataset)| is_file(dataset.source.as_str())) {
        let of_file = match first_line(name.as_str()) {
            Some(columns) => Spelled { columns: columns.clone(), whole: true },
            None => Spelled { columns: dataset.columns.keys().cloned().collect(), whole: false },
        };
        spelled.insert(name.to_string(), of_file);
    }
    spelled
}

/// The columns that this SQL names without quotes though they have capitals: place, message and help. Nothing is
/// said where something else that it reads may have the column in lower case.
pub(super) fn faults(
    sql: &SqlText,
    reads: &[String],
    spelled: &BTreeMap<String, Spelled>,
) -> Vec<(Option<Place>, String, String)> {
    let reads: Vec<&Spelled> = reads.iter().filter_map(|name| spelled.get(name)).collect();
    capitals::unquoted(sql)
        .into_iter()
        .filter_map(|named| {
            let lower = named.name.to_lowercase();
            let meant = |column: &&String| column.to_lowercase() == lower && **column != lower;
            let (at, column) =
                reads.iter().enumerate().find_map(|(at, read)| Some((at, read.columns.iter().find(meant)?)))?;
            let others = reads.iter().enumerate().filter(|(other, _)| *other != at).all(|(_, read)| read.whole);
            let found = reads.iter().any(|read| read.columns.contains(&lower));
            let message = if named.name == lower {
                format!("there is no column `{lower}`, but one named `{column}`")
            } else {
                format!("`{}` is read as `{lower}`, but the column is `{column}`", named.name)
            };
            (!found && others).then(|| (named.place, message, capitals::help(column)))
        })
        .collect()
}
