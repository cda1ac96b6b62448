//! `accepted`: the column holds only these values. NULL is accepted.

use datafusion::{
    common::Column,
    logical_expr::{Expr, in_list, lit},
};
use punctual_model::definition::{Accepted, Check};

use super::{Subject, marks::Mark};
use crate::{
    error::DataError,
    values::{from_json, to_scalar},
};

/// Marks rows with another value.
pub(super) fn mark(subject: &Subject<'_>, written: &Check, check: &Accepted) -> Result<Mark, DataError> {
    const SHOWN: usize = 8;
    let field = subject.column(written, &check.column)?;
    let values = check
        .values
        .iter()
        .map(|json| from_json(json, field.data_type()).map(|value| lit(to_scalar(&value))))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| subject.error(written, format!("column `{}`: {e}", check.column)))?;
    let column = || Expr::Column(Column::from_name(&check.column));
    let violated = match values.is_empty() {
        true => column().is_not_null(),
        false => column().is_not_null().and(in_list(column(), values, true)),
    };
    let mut listed: Vec<String> = check.values.iter().take(SHOWN).map(plain).collect();
    if check.values.len() > SHOWN {
        listed.push(format!("{} more", check.values.len() - SHOWN));
    }
    let (name, listed) = (check.column.clone(), listed.join(", "));
    Ok(Mark {
        violated,
        columns: vec![check.column.clone()],
        message: Box::new(move |rows| match rows {
            1 => format!("1 row has a value in `{name}` other than {listed}"),
            _ => format!("{rows} rows have a value in `{name}` other than {listed}"),
        }),
    })
}

fn plain(json: &serde_json::Value) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}
