//! Amounts of different currencies are never added up in silence: where a table or check aggregates
//! amounts whose currency another column says, each group must hold one currency. The data decide,
//! so that groups by client pass when each client has one.

use std::collections::BTreeSet;

use arrow::array::RecordBatch;
use datafusion::{
    common::{Column, tree_node::TreeNodeRecursion},
    functions_aggregate::expr_fn::{max, min},
    logical_expr::{Aggregate, BinaryExpr, Expr, ExprFunctionExt, LogicalPlan, LogicalPlanBuilder, Operator},
};
use futures::StreamExt;

use crate::{
    error::DataError,
    session::Session,
    sql::{
        error::from_datafusion,
        exact,
        trace::{Money, Origin, Reading, Traced, amounts},
    },
    values::value_at,
};

/// Looks at every aggregate of amounts in a plan.
///
/// # Errors
/// Amounts of several currencies in one group, or added to one another; both currencies and the
/// column that says them are named.
pub(crate) async fn verify(session: &Session, subject: &str, plan: &LogicalPlan) -> Result<(), DataError> {
    if !session.knows_money() {
        return Ok(());
    }
    let mut aggregates = Vec::new();
    let mut mixed = None;
    let walked = plan.apply_with_subqueries(|node| {
        if let LogicalPlan::Aggregate(aggregate) = node {
            aggregates.push(aggregate.clone());
        }
        mixed = mixed.take().or_else(|| added(session, node));
        Ok(TreeNodeRecursion::Continue)
    });
    walked.map_err(|e| from_datafusion(subject, None, &e))?;
    if let Some(message) = mixed {
        return Err(refused(subject, message));
    }
    for aggregate in &aggregates {
        verify_aggregate(session, subject, aggregate).await?;
    }
    Ok(())
}

fn refused(subject: &str, message: String) -> DataError {
    DataError::Sql { subject: subject.to_owned(), place: None, message }
}

async fn verify_aggregate(session: &Session, subject: &str, aggregate: &Aggregate) -> Result<(), DataError> {
    let columns = session.trace(&aggregate.input);
    let reading = Reading { schema: aggregate.input.schema(), columns: &columns };
    let mut seen = BTreeSet::new();
    for expr in &aggregate.aggr_expr {
        let Expr::AggregateFunction(call) = unaliased(expr) else { continue };
        let Some(argument) = call.params.args.first().filter(|_| amounts(call.func.name())) else { continue };
        let Some(Money::Column(origin)) = reading.of(argument).money else { continue };
        let grouped = aggregate.group_expr.iter().any(|key| reading.of(key).origin.as_ref() == Some(&origin));
        if grouped || !seen.insert((origin.clone(), call.params.filter.is_some())) {
            continue;
        }
        let filter = call.params.filter.as_deref();
        if let Some((one, other)) = several(session, subject, aggregate, (&columns, &origin), filter).await? {
            let what = format!("{}({})", call.func.name(), exact::label(argument));
            let message = format!(
                "`{what}` takes amounts in {one} and {other} together (`{}` of `{}` says which is which): group by \
                 `{}`, filter by it, or convert the amounts first",
                origin.column, origin.table, origin.column
            );
            return Err(refused(subject, message));
        }
    }
    Ok(())
}

/// Two currencies that one group holds, if there are such.
async fn several(
    session: &Session,
    subject: &str,
    aggregate: &Aggregate,
    (columns, origin): (&[Traced], &Origin),
    filter: Option<&Expr>,
) -> Result<Option<(String, String)>, DataError> {
    let input = &aggregate.input;
    let error = |e| from_datafusion(subject, None, &e);
    let here = position(columns, origin);
    let (rows, currency, groups) =
        match here.map(|index| (input.as_ref(), index)).or_else(|| below(session, input, origin)) {
            Some((node, index)) => {
                let column = Expr::Column(Column::from(node.schema().qualified_field(index)));
                let groups = if here.is_some() { aggregate.group_expr.clone() } else { Vec::new() };
                (LogicalPlanBuilder::from(node.clone()), column, groups)
            }
            None => (session.scan(&origin.table)?, Expr::Column(Column::from_name(&origin.column)), Vec::new()),
        };
    let (least, most) = (min(currency.clone()), max(currency));
    let filtered = |call: Expr| match filter.filter(|_| here.is_some()) {
        Some(filter) => call.filter(filter.clone()).build(),
        None => Ok(call),
    };
    let (least, most) = (filtered(least).map_err(error)?, filtered(most).map_err(error)?);
    let named = |name: &str| Expr::Column(Column::from_name(name));
    let plan = rows
        .aggregate(groups, [least.alias("least currency"), most.alias("most currency")])
        .and_then(|plan| plan.filter(named("least currency").not_eq(named("most currency"))))
        .and_then(|plan| plan.project([named("least currency"), named("most currency")]))
        .and_then(|plan| {
            plan.sort([named("least currency").sort(true, false), named("most currency").sort(true, false)])
        })
        .and_then(|plan| plan.limit(0, Some(1)))
        .and_then(LogicalPlanBuilder::build)
        .map_err(error)?;
    let mut batches = session.run_plan(subject, plan).await?;
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        if batch.num_rows() > 0 {
            return Ok(Some((text(&batch, 0), text(&batch, 1))));
        }
    }
    Ok(None)
}

fn position(columns: &[Traced], origin: &Origin) -> Option<usize> {
    columns.iter().position(|column| column.origin.as_ref() == Some(origin))
}

/// Where a currency that is left out of the rows was still among them: there it must be one for all rows.
fn below<'a>(session: &Session, mut node: &'a LogicalPlan, origin: &Origin) -> Option<(&'a LogicalPlan, usize)> {
    loop {
        if let Some(index) = position(&session.trace(node), origin) {
            return Some((node, index));
        }
        let [one]: [&LogicalPlan; 1] = node.inputs().try_into().ok()?;
        node = one;
    }
}

fn text(batch: &RecordBatch, column: usize) -> String {
    value_at(batch.column(column), 0).ok().and_then(|value| value.as_key()).unwrap_or_default()
}

/// The words for an addition of amounts whose columns are in different currencies.
fn added(session: &Session, node: &LogicalPlan) -> Option<String> {
    let [input]: [&LogicalPlan; 1] = node.inputs().try_into().ok()?;
    let columns = session.trace(input);
    let reading = Reading { schema: input.schema(), columns: &columns };
    let mut found = None;
    // The closure never fails.
    let _ = node.apply_expressions(|expr| {
        use datafusion::common::tree_node::TreeNode;
        expr.apply(|part| {
            let sides = match part {
                Expr::BinaryExpr(BinaryExpr { left, op, right }) => Some((*op, left.as_ref(), right.as_ref())),
                Expr::ScalarFunction(call) => match (exact::operator(call.func.name()), call.args.as_slice()) {
                    (Some(op), [left, right]) => Some((op, left, right)),
                    _ => None,
                },
                _ => None,
            };
            let meets = |op| !matches!(op, Operator::Multiply | Operator::Divide | Operator::Modulo);
            if let Some((_, left, right)) = sides.filter(|(op, ..)| meets(*op))
                && let (Some(Money::Code(a)), Some(Money::Code(b))) = (reading.of(left).money, reading.of(right).money)
                && a != b
            {
                found = Some(format!(
                    "`{}` is in {a} and `{}` in {b}: convert one of them before they meet",
                    exact::label(left),
                    exact::label(right)
                ));
            }
            Ok(TreeNodeRecursion::Continue)
        })
    });
    found
}

fn unaliased(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => unaliased(&alias.expr),
        other => other,
    }
}
