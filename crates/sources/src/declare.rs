//! Declared columns against the columns that a source has: names, renames, and what is missing.

use punctual_model::{column_type::ColumnType, definition::Columns, nearest::nearest};

/// A column that the source has, with what the dataset declares of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Declared {
    /// Its name in the dataset.
    pub(crate) name: String,
    /// The declared type, which wins over the source's own.
    pub(crate) column_type: Option<ColumnType>,
}

/// Matches the source's columns, in their order, with the declarations.
///
/// # Errors
/// The words for a column that is declared and missing, or a name that comes twice.
pub(crate) fn resolve(found: &[&str], declared: &Columns) -> Result<Vec<Declared>, String> {
    let mut columns: Vec<Declared> =
        found.iter().map(|name| Declared { name: (*name).to_owned(), column_type: None }).collect();
    for (name, declaration) in declared {
        let in_source = declaration.from().unwrap_or(name);
        let mut places = found.iter().enumerate().filter(|(_, f)| **f == in_source).map(|(place, _)| place);
        let place = places.next().ok_or_else(|| missing(in_source, found))?;
        columns[place] = Declared { name: name.clone(), column_type: Some(declaration.column_type()) };
    }
    for (place, column) in columns.iter().enumerate() {
        if columns[..place].iter().any(|earlier| earlier.name == column.name) {
            return Err(format!("two columns are named `{}`; give one of them another name", column.name));
        }
    }
    Ok(columns)
}

fn missing(name: &str, found: &[&str]) -> String {
    match nearest(name, found.iter().copied()) {
        Some(near) => format!("there is no column `{name}`, which `columns:` declares; did you mean `{near}`?"),
        None => format!("there is no column `{name}`, which `columns:` declares; there are {}", found.join(", ")),
    }
}

/// The line to add where a column's type cannot be known.
pub(crate) fn undeclared(name: &str, why: &str, example: &str) -> String {
    format!("the type of column `{name}` is not known: {why}; add `columns: {{{name}: {example}}}` to the dataset")
}

#[cfg(test)]
mod tests {
    use punctual_model::definition::{ColumnDecl, ColumnFacts};

    use super::*;

    fn columns(declared: &[(&str, ColumnDecl)]) -> Columns {
        declared.iter().map(|(name, decl)| ((*name).to_owned(), decl.clone())).collect()
    }

    #[test]
    fn declared_names_and_types_win() {
        let from = ColumnDecl::With(ColumnFacts { from: Some("Ad Cost".into()), ..ColumnFacts::new(ColumnType::Int) });
        let declared = columns(&[("cost", from), ("day", ColumnDecl::Type(ColumnType::Date))]);
        let resolved = resolve(&["day", "Ad Cost", "note"], &declared).expect("all there");
        let named: Vec<_> = resolved.iter().map(|c| (c.name.as_str(), c.column_type)).collect();
        assert_eq!(named, [("day", Some(ColumnType::Date)), ("cost", Some(ColumnType::Int)), ("note", None)]);
    }

    #[test]
    fn what_is_missing_or_comes_twice_is_named() {
        let declared = columns(&[("revenu", ColumnDecl::Type(ColumnType::Double))]);
        let error = resolve(&["day", "revenue"], &declared).expect_err("a slip");
        assert_eq!(error, "there is no column `revenu`, which `columns:` declares; did you mean `revenue`?");
        let error = resolve(&["id", "id"], &Columns::default()).expect_err("twice");
        assert_eq!(error, "two columns are named `id`; give one of them another name");
    }
}
