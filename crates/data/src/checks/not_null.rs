//! `not_null`: the columns hold no NULL.

use datafusion::{
    common::Column,
    logical_expr::{Expr, lit},
};
use punctual_model::definition::{Check, NotNull};

use super::{Subject, marks::Mark, quoted};
use crate::error::DataError;

/// Marks rows with a NULL in one of the columns.
pub(super) fn mark(subject: &Subject<'_>, written: &Check, check: &NotNull) -> Result<Mark, DataError> {
    let columns = check.columns();
    for name in columns {
        subject.column(written, name)?;
    }
    let violated = columns
        .iter()
        .map(|name| Expr::Column(Column::from_name(name)).is_null())
        .reduce(Expr::or)
        .unwrap_or_else(|| lit(false));
    let in_columns = quoted(columns);
    Ok(Mark {
        violated,
        columns: columns.to_vec(),
        message: Box::new(move |rows| match rows {
            1 => format!("1 row has no value in {in_columns}"),
            _ => format!("{rows} rows have no value in {in_columns}"),
        }),
    })
}
