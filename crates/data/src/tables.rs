//! SQL tables: one query each, stored as a snapshot with kept types and in a total order, so that
//! computing it twice gives the same bytes. Which tables there are is the job's business.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use arrow::datatypes::{DataType, Schema};
use datafusion::{
    common::Column,
    logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, SortExpr, cast},
};
use punctual_model::sql_text::SqlText;

use crate::{
    error::{DataError, unknown_name},
    money,
    session::Session,
    snapshot::{Snapshot, StreamError, write_stream},
    sql::{error::from_datafusion, exact::nearest_double},
    values::{column_type, data_type},
};

/// Runs a query and stores its rows at `path`: sorted by `order_by` (`-column` descending), then by
/// all other columns ascending, NULLs last, so that equal rows in give equal bytes out.
///
/// # Errors
/// A mistake in the text with its place, a column whose type cannot be kept, a limit, or a file
/// that cannot be written.
pub async fn create_table(
    session: &Session,
    name: &str,
    sql: &SqlText,
    order_by: &[String],
    path: &Path,
) -> Result<Snapshot, DataError> {
    let subject = format!("table `{name}`");
    let plan = session.plan(&subject, sql)?;
    money::verify(session, &subject, &plan).await?;
    store(session, &subject, plan, order_by, path).await
}

/// Runs a plan and stores its rows in a total order.
pub(crate) async fn store(
    session: &Session,
    subject: &str,
    plan: LogicalPlan,
    order_by: &[String],
    path: &Path,
) -> Result<Snapshot, DataError> {
    let ordered = ordered(subject, kept(subject, plan.clone())?, order_by)?;
    let rows = session.run_plan(subject, ordered).await?;
    let schema = Arc::new(session.told(rows.schema(), &plan));
    write_stream(path, schema, rows).await.map_err(|error| match error {
        StreamError::Source(error) | StreamError::Data(error) => error,
    })
}

/// The schema that [`create_table`] would store.
///
/// # Errors
/// As [`create_table`], as far as it can be told without rows.
pub(crate) fn stored_schema(subject: &str, plan: LogicalPlan, order_by: &[String]) -> Result<Schema, DataError> {
    Ok(ordered(subject, kept(subject, plan)?, order_by)?.schema().as_arrow().clone())
}

/// Casts every column to the type it is kept as, under its bare name.
fn kept(subject: &str, plan: LogicalPlan) -> Result<LogicalPlan, DataError> {
    let mut names = BTreeSet::new();
    let mut columns = Vec::new();
    for (qualifier, field) in plan.schema().iter() {
        let name = field.name();
        let error = |message: String| DataError::Column { subject: subject.to_owned(), column: name.clone(), message };
        if !names.insert(name.clone()) {
            return Err(error("two columns have this name: give one another with AS".to_owned()));
        }
        let stored = data_type(column_type(field.data_type()).map_err(|e| error(e.to_string()))?);
        let column = Expr::Column(Column::new(qualifier.cloned(), name));
        let column = match field.data_type() {
            same if *same == stored => column,
            DataType::Decimal256(..) if stored == DataType::Float64 => nearest_double(column),
            _ => cast(column, stored),
        };
        columns.push(column.alias(name));
    }
    if columns.is_empty() {
        return Err(DataError::Sql {
            subject: subject.to_owned(),
            place: None,
            message: "the query selects no column".to_owned(),
        });
    }
    LogicalPlanBuilder::from(plan)
        .project(columns)
        .and_then(LogicalPlanBuilder::build)
        .map_err(|e| from_datafusion(subject, None, &e))
}

fn ordered(subject: &str, plan: LogicalPlan, order_by: &[String]) -> Result<LogicalPlan, DataError> {
    let keys = total_order(subject, plan.schema().as_arrow(), order_by)?;
    LogicalPlanBuilder::from(plan)
        .sort(keys)
        .and_then(LogicalPlanBuilder::build)
        .map_err(|e| from_datafusion(subject, None, &e))
}

/// The given columns first, then all others ascending; NULLs last throughout.
pub(crate) fn total_order(subject: &str, schema: &Schema, order_by: &[String]) -> Result<Vec<SortExpr>, DataError> {
    let known = || schema.fields().iter().map(|field| field.name().as_str());
    let mut seen = BTreeSet::new();
    let mut keys = Vec::new();
    for written in order_by {
        // A column may itself be named with a dash.
        let (name, ascending) = match written.strip_prefix('-') {
            Some(name) if !known().any(|column| column == written) => (name, false),
            _ => (written.as_str(), true),
        };
        if !known().any(|column| column == name) {
            let message = format!("order_by: {}", unknown_name("column", name, known()));
            return Err(DataError::Name { subject: subject.to_owned(), message });
        }
        if seen.insert(name.to_owned()) {
            keys.push(by(name, ascending));
        }
    }
    keys.extend(known().filter(|name| !seen.contains(*name)).map(|name| by(name, true)));
    Ok(keys)
}

fn by(name: &str, ascending: bool) -> SortExpr {
    const NULLS_FIRST: bool = false;
    Expr::Column(Column::from_name(name)).sort(ascending, NULLS_FIRST)
}
