//! `unique`: the columns together hold no value twice. NULL counts as a value among several
//! columns, but rows where all of them are NULL are left alone; `not_null` refuses those.

use datafusion::{
    common::{Column, JoinType, NullEquality},
    functions_aggregate::expr_fn::count,
    logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit},
};
use punctual_model::definition::{Check, Unique};

use super::{
    Context, Subject,
    marks::{Mark, fresh},
    quoted,
};
use crate::{error::DataError, snapshot::Snapshot, sql::error::from_datafusion, tables};

/// Joins the rows with the values that occur twice, and marks those that have one. `rows` are the
/// rows to mark, `among` those in which repetitions count.
pub(super) async fn mark(
    context: &mut Context<'_>,
    subject: &Subject<'_>,
    (written, check): (&Check, &Unique),
    rows: LogicalPlan,
    among: LogicalPlan,
    repeated_name: &str,
) -> Result<(LogicalPlan, Mark), DataError> {
    let columns = check.columns();
    for name in columns {
        subject.column(written, name)?;
    }
    let describe = format!("check `unique` of `{}`", subject.name);
    let error = |e| from_datafusion(&describe, None, &e);
    let times = fresh(subject.schema(), "times");
    let repeated = repeated(context, (&describe, columns, &times), among, repeated_name).await?;
    let (rows, violated) = if repeated.rows == 0 {
        (rows, lit(false))
    } else {
        context.session.register(repeated_name, &repeated)?;
        let right = context.session.scan(repeated_name)?.build().map_err(error)?;
        let left_keys: Vec<Column> = columns.iter().map(Column::from_name).collect();
        let right_keys: Vec<Column> = columns.iter().map(|name| Column::new(Some(repeated_name), name)).collect();
        let joined = LogicalPlanBuilder::from(rows)
            .join_detailed(right, JoinType::Left, (left_keys, right_keys), None, NullEquality::NullEqualsNull)
            .and_then(LogicalPlanBuilder::build)
            .map_err(error)?;
        (joined, Expr::Column(Column::new(Some(repeated_name), times)).is_not_null())
    };
    let in_columns = quoted(columns);
    let mark = Mark {
        violated,
        columns: columns.to_vec(),
        message: Box::new(move |rows| match rows {
            1 => format!("1 row repeats a value of {in_columns}"),
            _ => format!("{rows} rows repeat a value of {in_columns}"),
        }),
    };
    Ok((rows, mark))
}

/// The values that occur more than once.
async fn repeated(
    context: &Context<'_>,
    (describe, columns, times): (&str, &[String], &str),
    among: LogicalPlan,
    name: &str,
) -> Result<Snapshot, DataError> {
    let column = |name: &String| Expr::Column(Column::from_name(name));
    let any_value =
        columns.iter().map(|name| column(name).is_not_null()).reduce(Expr::or).unwrap_or_else(|| lit(false));
    let plan = LogicalPlanBuilder::from(among)
        .filter(any_value)
        .and_then(|plan| plan.aggregate(columns.iter().map(column), [count(lit(1)).alias(times)]))
        .and_then(|plan| plan.filter(Expr::Column(Column::from_name(times)).gt(lit(1_i64))))
        .and_then(LogicalPlanBuilder::build)
        .map_err(|e| from_datafusion(describe, None, &e))?;
    tables::store(context.session, describe, plan, &[], &context.folder.join(format!("{name}.parquet"))).await
}
