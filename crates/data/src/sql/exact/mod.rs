//! Exact arithmetic. Whole numbers stay whole and decimals stay decimals, a quotient has 38 digits
//! behind the point, and what does not fit is an error that names the expression; nothing wraps,
//! and nothing becomes infinite. This module puts its functions in the place of the operators.
//!
//! Inside of a query a quotient is a [`kinds::WIDE`] decimal; a table keeps it as the nearest
//! double, which has 15 digits whatever its size.

mod average;
mod distinct;
mod double;
mod gather;
mod kinds;
mod operate;
mod percentile;
mod rounding;
mod scalar;
mod wide;

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::{
    common::{
        DFSchema, Result, ScalarValue,
        tree_node::{Transformed, TransformedResult, TreeNode},
    },
    logical_expr::{
        AggregateUDF, Expr, ExprSchemable, LogicalPlan, Operator, ScalarUDF,
        expr_rewriter::NamePreserver,
        planner::{ExprPlanner, PlannerResult, RawBinaryExpr},
        utils::merge_schema,
    },
    sql::sqlparser::ast::BinaryOperator,
};

pub(crate) use double::nearest_double;
use kinds::Family;
use operate::{Arithmetic, Operation};

/// Turns operators on numbers into exact functions, and a number that is written out into a
/// decimal where it meets exact numbers.
#[derive(Debug)]
pub(crate) struct ExactPlanner;

impl ExprPlanner for ExactPlanner {
    fn plan_binary_op(&self, raw: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let RawBinaryExpr { op, left, right } = raw;
        // What has no type is told later, with its place.
        let (Ok(a), Ok(b)) = (left.get_type(schema), right.get_type(schema)) else {
            return Ok(PlannerResult::Original(RawBinaryExpr { op, left, right }));
        };
        let families = (Family::of(&a), Family::of(&b));
        if let Some(operation) = Operation::of(&op)
            && families.0.zip(families.1).is_some()
        {
            let (left, right) = (written(left, families.1), written(right, families.0));
            return Ok(PlannerResult::Planned(call(operation, left, right)));
        }
        if compares(&op)
            && let (Some(x), Some(y)) = families
            && (x == Family::Float) != (y == Family::Float)
        {
            return Ok(PlannerResult::Original(alike(op, left, right, (x, y))));
        }
        Ok(PlannerResult::Original(RawBinaryExpr { op, left, right }))
    }
}

/// An expression as its author wrote it, for messages.
pub(crate) fn label(expr: &Expr) -> String {
    operate::label(expr, false)
}

/// The operator that one of our functions stands for.
pub(crate) fn operator(function: &str) -> Option<Operator> {
    Operation::ALL.into_iter().find(|operation| operation.function() == function).map(Operation::operator)
}

/// Aggregates that replace DataFusion's of the same names.
pub(crate) fn aggregates() -> Vec<Arc<AggregateUDF>> {
    vec![
        Arc::new(average::sum()),
        Arc::new(average::avg()),
        Arc::new(percentile::percentile_cont()),
        Arc::new(percentile::median()),
    ]
}

/// Scalar functions: those that replace DataFusion's of the same names, and `integer_divide`.
pub(crate) fn scalars() -> Vec<Arc<ScalarUDF>> {
    rounding::functions().into_iter().chain([scalar::integer_divide()]).map(Arc::new).collect()
}

/// Replaces each `-x` of whole numbers, which wraps, by `0 - x`, which fails. The planner has no
/// hook for it.
pub(crate) fn negations(plan: LogicalPlan) -> Result<LogicalPlan> {
    let rewritten = plan.transform_up_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        let names = NamePreserver::new(&node);
        let mapped = node.map_expressions(|expr| {
            let name = names.save(&expr);
            let rewritten = expr.transform_up(|part| match part {
                Expr::Negative(inner) if inner.get_type(&schema).is_ok_and(|t| t.is_integer()) => {
                    Ok(Transformed::yes(negated(*inner)))
                }
                other => Ok(Transformed::no(other)),
            })?;
            Ok(rewritten.update_data(|expr| name.restore(expr)))
        })?;
        if mapped.transformed { mapped.map_data(LogicalPlan::recompute_schema) } else { Ok(mapped) }
    });
    rewritten.data()
}

fn negated(expr: Expr) -> Expr {
    let zero = Expr::Literal(ScalarValue::Int64(Some(0)), None);
    let label = format!("-{}", operate::label(&expr, true));
    ScalarUDF::new_from_impl(Arithmetic::labelled(Operation::Minus, label)).call(vec![zero, expr])
}

fn call(operation: Operation, left: Expr, right: Expr) -> Expr {
    ScalarUDF::new_from_impl(Arithmetic::new(operation, &left, &right)).call(vec![left, right])
}

fn compares(op: &BinaryOperator) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq, Spaceship};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq | Spaceship)
}

/// An exact number is compared with a double as a double, and with a written number as a decimal.
fn alike(op: BinaryOperator, left: Expr, right: Expr, (x, y): (Family, Family)) -> RawBinaryExpr {
    let (left, right) = (written(left, Some(y)), written(right, Some(x)));
    let double = |expr: Expr, family: Family, other: &Expr| {
        let other_is_double = matches!(other, Expr::Literal(ScalarValue::Decimal128(..), _));
        if family == Family::Float || other_is_double {
            expr
        } else {
            datafusion::logical_expr::cast(expr, DataType::Float64)
        }
    };
    let (left, right) = (double(left.clone(), x, &right), double(right, y, &left));
    RawBinaryExpr { op, left, right }
}

/// A number such as `1.19`, which the parser reads as a double, as the decimal that its author
/// wrote; but not beside doubles.
fn written(expr: Expr, other: Option<Family>) -> Expr {
    match &expr {
        Expr::Literal(ScalarValue::Float64(Some(value)), _) if other != Some(Family::Float) => {
            match kinds::decimal_of(*value) {
                Some(decimal) => Expr::Literal(decimal, None),
                None => expr,
            }
        }
        _ => expr,
    }
}
