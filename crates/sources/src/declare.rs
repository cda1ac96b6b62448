//! Declared columns against the columns that a source has: names, renames, and what is missing.

use punctual_model::{
    column_type::ColumnType,
    definition::{Collation, ColumnFrom, Columns},
    nearest::nearest,
};

/// A column that the source has, with what the dataset declares of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Declared {
    /// Its name in the dataset.
    pub(crate) name: String,
    /// The declared type, which wins over the source's own.
    pub(crate) column_type: Option<ColumnType>,
    /// Which of its texts are one and the same.
    pub(crate) collation: Option<Collation>,
}

/// What becomes of columns without a name that nothing declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unnamed {
    /// They are an error.
    Refuse,
    /// They are left out.
    Skip,
}

/// Matches the source's columns, in their order, with the declarations; `None` for one that is left out.
///
/// # Errors
/// The words for a column that is declared and missing, or a name that comes twice.
pub(crate) fn resolve(found: &[&str], declared: &Columns, unnamed: Unnamed) -> Result<Vec<Option<Declared>>, String> {
    let mut columns: Vec<Option<Declared>> = vec![None; found.len()];
    for (name, declaration) in declared {
        let place = match declaration.from() {
            Some(ColumnFrom::Place(number)) => by_place(number.get(), found)?,
            Some(ColumnFrom::Name(in_source)) => by_name(in_source, found)?,
            None => by_name(name, found)?,
        };
        if let Some(other) = &columns[place] {
            return Err(format!("`{}` and `{name}` are both declared from column {}", other.name, place + 1));
        }
        columns[place] = Some(Declared {
            name: name.clone(),
            column_type: declaration.column_type(),
            collation: declaration.collation(),
        });
    }
    for (place, name) in found.iter().enumerate() {
        if columns[place].is_none() {
            columns[place] = match (name.is_empty(), unnamed) {
                (false, _) => Some(Declared { name: (*name).to_owned(), column_type: None, collation: None }),
                (true, Unnamed::Skip) => None,
                (true, Unnamed::Refuse) => return Err(nameless(place + 1)),
            };
        }
    }
    for (place, column) in columns.iter().enumerate() {
        let Some(column) = column else { continue };
        if columns[..place].iter().flatten().any(|earlier| earlier.name == column.name) {
            let number = place + 1;
            return Err(format!(
                "two columns are named `{}`; give one of them another name, such as `columns: {{NAME: {{from: {number}}}}}`",
                column.name
            ));
        }
    }
    Ok(columns)
}

/// As [`resolve`], for a source whose columns all have names.
pub(crate) fn resolve_named(found: &[&str], declared: &Columns) -> Result<Vec<Declared>, String> {
    Ok(resolve(found, declared, Unnamed::Refuse)?.into_iter().flatten().collect())
}

fn by_place(number: u32, found: &[&str]) -> Result<usize, String> {
    let place = number as usize - 1;
    if place < found.len() {
        return Ok(place);
    }
    Err(format!("there is no column {number}, which `columns:` declares; there are {}", found.len()))
}

fn by_name(name: &str, found: &[&str]) -> Result<usize, String> {
    let places: Vec<usize> = (0..found.len()).filter(|place| found[*place] == name).collect();
    match places.as_slice() {
        [place] => Ok(*place),
        [] => Err(missing(name, found)),
        [first, second, ..] => {
            let what = if name.is_empty() { "have no name".to_owned() } else { format!("are named `{name}`") };
            let (first, second) = (first + 1, second + 1);
            Err(format!("columns {first} and {second} {what}; say which by its place, such as `from: {first}`"))
        }
    }
}

fn nameless(number: usize) -> String {
    format!(
        "column {number} has no name; give it one with `columns: {{NAME: {{from: {number}, type: text}}}}`, or leave it out with \
         `unnamed: skip` on the source"
    )
}

fn missing(name: &str, found: &[&str]) -> String {
    if name.is_empty() {
        return "every column has a name; `from: \"\"` is for one that has none".to_owned();
    }
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

    fn from(from: ColumnFrom) -> ColumnDecl {
        ColumnDecl::With(ColumnFacts { from: Some(from), ..ColumnFacts::new(ColumnType::Int) })
    }

    fn named(name: &str) -> ColumnDecl {
        from(ColumnFrom::Name(name.to_owned()))
    }

    fn placed(number: u32) -> ColumnDecl {
        from(ColumnFrom::Place(number.try_into().expect("not zero")))
    }

    fn names(found: &[&str], declared: &[(&str, ColumnDecl)], unnamed: Unnamed) -> Result<Vec<Option<String>>, String> {
        let resolved = resolve(found, &columns(declared), unnamed)?;
        Ok(resolved.into_iter().map(|column| column.map(|c| c.name)).collect())
    }

    #[test]
    fn declared_names_and_types_win() {
        let declared = columns(&[("cost", named("Ad Cost")), ("day", ColumnDecl::Type(ColumnType::Date))]);
        let resolved = resolve_named(&["day", "Ad Cost", "note"], &declared).expect("all there");
        let named: Vec<_> = resolved.iter().map(|c| (c.name.as_str(), c.column_type)).collect();
        assert_eq!(named, [("day", Some(ColumnType::Date)), ("cost", Some(ColumnType::Int)), ("note", None)]);
    }

    #[test]
    fn columns_without_a_name_are_named_or_left_out() {
        let some = |names: &[&str]| names.iter().map(|n| Some((*n).to_owned())).collect::<Vec<_>>();
        assert_eq!(names(&["", "a"], &[("index", named(""))], Unnamed::Refuse), Ok(some(&["index", "a"])));
        assert_eq!(names(&["", "a"], &[("index", placed(1))], Unnamed::Refuse), Ok(some(&["index", "a"])));
        assert_eq!(names(&["a", "a"], &[("b", placed(2))], Unnamed::Refuse), Ok(some(&["a", "b"])));
        assert_eq!(
            names(&["", "a", ""], &[("x", placed(3))], Unnamed::Skip),
            Ok(vec![None, Some("a".into()), Some("x".into())])
        );
    }

    #[test]
    fn what_is_missing_or_comes_twice_is_named() {
        for (found, declared, says) in [
            (
                &["day", "revenue"][..],
                &[("revenu", ColumnDecl::Type(ColumnType::Double))][..],
                "there is no column `revenu`, which `columns:` declares; did you mean `revenue`?",
            ),
            (
                &["id", "id"],
                &[],
                "two columns are named `id`; give one of them another name, such as `columns: {NAME: {from: 2}}`",
            ),
            (&["", ""], &[("x", named(""))], "columns 1 and 2 have no name; say which by its place, such as `from: 1`"),
            (
                &["a", "a"],
                &[("x", named("a"))],
                "columns 1 and 2 are named `a`; say which by its place, such as `from: 1`",
            ),
            (&["a"], &[("x", placed(9))], "there is no column 9, which `columns:` declares; there are 1"),
            (&["a"], &[("x", placed(1)), ("y", named("a"))], "`x` and `y` are both declared from column 1"),
            (&["a"], &[("x", named(""))], "every column has a name; `from: \"\"` is for one that has none"),
        ] {
            assert_eq!(names(found, declared, Unnamed::Refuse), Err(says.to_owned()));
        }
        let error = names(&["a", ""], &[], Unnamed::Refuse).expect_err("no name");
        assert!(error.starts_with("column 2 has no name; give it one with `columns: {NAME: {from: 2, type: text}}`"));
    }
}
