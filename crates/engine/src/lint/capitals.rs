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

/// The columns of each dataset and table as far as they are known, with their capitals.
pub(super) fn spelled(
    project: &Project,
    catalog: &Catalog,
    query: &Query,
    known: &Known,
) -> BTreeMap<String, Vec<String>> {
    let whole = |source: &str| {
        let kind = project.sources.get(source).map(|source| source.value.source_type.as_str());
        catalog.sources.iter().any(|k| Some(k.name) == kind && k.sql.is_none())
    };
    let mut spelled: BTreeMap<String, Vec<String>> =
        known.iter().filter_map(|(name, columns)| Some((name.clone(), columns.clone()?))).collect();
    for (name, dataset) in query.datasets.iter().filter(|(_, dataset)| whole(dataset.source.as_str())) {
        spelled.entry(name.to_string()).or_default().extend(dataset.columns.keys().cloned());
    }
    spelled
}

/// The columns that this SQL names without quotes though they have capitals: place, message and help.
pub(super) fn faults(
    sql: &SqlText,
    reads: &[String],
    spelled: &BTreeMap<String, Vec<String>>,
) -> Vec<(Option<Place>, String, String)> {
    let columns: Vec<&String> = reads.iter().filter_map(|name| spelled.get(name)).flatten().collect();
    capitals::unquoted(sql)
        .into_iter()
        .filter_map(|named| {
            let lower = named.name.to_lowercase();
            let column = columns.iter().find(|column| column.to_lowercase() == lower && ***column != lower)?;
            let found = columns.iter().any(|column| **column == lower);
            let message = format!("`{}` is read as `{lower}`, but the column is `{column}`", named.name);
            (!found).then(|| (named.place, message, capitals::help(column)))
        })
        .collect()
}
