//! Keeping long values out of memory: SQLite hands whole rows over, many ahead of whoever reads them, so a
//! value that is too long is exchanged for its length inside SQLite.

use punctual_model::column_type::ColumnType;

use crate::{batch::OutputColumn, sql};

/// What the bytes begin with that stand for a value that is too long; its length in bytes follows.
const MARK: &str = "punctual: too long: ";

/// The author's SELECT with every value of more than `cell_bytes` exchanged.
pub(super) fn bounded(sql: &str, columns: &[OutputColumn], cell_bytes: usize) -> String {
    let inner = sql::first_statement(sql);
    let names: Vec<String> = (1..=columns.len()).map(|number| format!("c{number}")).collect();
    let values = columns.iter().zip(&names).map(|(column, name)| {
        // The length of a number is that of its text, which would have to be made.
        let may_be_long = match column.column_type {
            ColumnType::Text => String::new(),
            _ => format!("typeof({name}) IN ('text', 'blob') AND "),
        };
        format!(
            "CASE WHEN {may_be_long}octet_length({name}) > {cell_bytes} \
             THEN CAST('{MARK}' || octet_length({name}) AS BLOB) ELSE {name} END"
        )
    });
    let values: Vec<String> = values.collect();
    // The line's end ends a comment behind the SELECT.
    format!(
        "WITH rows_asked_for({}) AS (\n{inner}\n) SELECT {} FROM rows_asked_for",
        names.join(", "),
        values.join(", ")
    )
}

/// The length of the value that these bytes stand for.
pub(super) fn too_long(bytes: &[u8]) -> Option<usize> {
    std::str::from_utf8(bytes.strip_prefix(MARK.as_bytes())?).ok()?.parse().ok()
}
