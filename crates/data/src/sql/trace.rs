//! Where the columns of a query come from: the dataset's or table's column that each passes on as
//! it is, and the currency of amounts on their way through arithmetic and aggregates.

use datafusion::{
    common::DFSchema,
    logical_expr::{BinaryExpr, Expr, JoinType, LogicalPlan, Operator},
};

use super::{exact, plan::Tables};
use crate::facts;

/// A column of a dataset or table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Origin {
    pub table: String,
    pub column: String,
}

/// The currency of amounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Money {
    /// ISO 4217.
    Code(String),
    /// What this column says, row by row.
    Column(Origin),
}

/// What is known of a column of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Traced {
    pub origin: Option<Origin>,
    pub money: Option<Money>,
}

/// Traces every column that a plan gives.
pub(crate) fn trace(plan: &LogicalPlan, tables: &Tables) -> Vec<Traced> {
    let unknown = || vec![Traced::default(); plan.schema().fields().len()];
    match plan {
        LogicalPlan::TableScan(scan) => {
            let table = scan.table_name.table();
            let fields = scan.projected_schema.fields().iter();
            fields.map(|field| scanned(table, field.name(), tables)).collect()
        }
        LogicalPlan::Projection(projection) => {
            let input = trace(&projection.input, tables);
            let reading = Reading { schema: projection.input.schema(), columns: &input };
            projection.expr.iter().map(|expr| reading.of(expr)).collect()
        }
        LogicalPlan::Aggregate(aggregate) => {
            let input = trace(&aggregate.input, tables);
            let reading = Reading { schema: aggregate.input.schema(), columns: &input };
            let keys = plan.schema().fields().len() - aggregate.aggr_expr.len();
            let groups = aggregate.group_expr.iter().map(|expr| reading.of(expr));
            let padded = groups.chain(std::iter::repeat(Traced::default())).take(keys);
            padded.chain(aggregate.aggr_expr.iter().map(|expr| reading.of(expr))).collect()
        }
        LogicalPlan::Window(window) => {
            let input = trace(&window.input, tables);
            let reading = Reading { schema: window.input.schema(), columns: &input };
            let windows: Vec<Traced> = window.window_expr.iter().map(|expr| reading.of(expr)).collect();
            input.into_iter().chain(windows).collect()
        }
        LogicalPlan::Join(join) => {
            let (left, right) = (trace(&join.left, tables), trace(&join.right, tables));
            match join.join_type {
                JoinType::LeftSemi | JoinType::LeftAnti => left,
                JoinType::RightSemi | JoinType::RightAnti => right,
                JoinType::LeftMark | JoinType::RightMark => unknown(),
                _ => left.into_iter().chain(right).collect(),
            }
        }
        LogicalPlan::Union(union) => {
            let inputs = union.inputs.iter().map(|input| trace(input, tables));
            let same = |(a, b): (Traced, Traced)| Traced {
                origin: a.origin.filter(|origin| b.origin.as_ref() == Some(origin)),
                money: a.money.filter(|money| b.money.as_ref() == Some(money)),
            };
            inputs.reduce(|all, one| all.into_iter().zip(one).map(same).collect()).unwrap_or_default()
        }
        LogicalPlan::Filter(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Limit(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Distinct(datafusion::logical_expr::Distinct::All(_)) => trace(plan.inputs()[0], tables),
        _ => unknown(),
    }
}

fn scanned(table: &str, column: &str, tables: &Tables) -> Traced {
    let origin = Origin { table: table.to_owned(), column: column.to_owned() };
    let field = tables.get(table).and_then(|known| known.facts.field_with_name(column).ok());
    let said = |key: &str| field.and_then(|field| field.metadata().get(key)).cloned();
    let by_column =
        said(facts::CURRENCY_COLUMN).map(|column| Money::Column(Origin { table: table.to_owned(), column }));
    Traced { money: by_column.or_else(|| said(facts::CURRENCY).map(Money::Code)), origin: field.map(|_| origin) }
}

/// Expressions over traced columns.
pub(crate) struct Reading<'a> {
    pub schema: &'a DFSchema,
    pub columns: &'a [Traced],
}

impl Reading<'_> {
    /// What is known of an expression.
    pub fn of(&self, expr: &Expr) -> Traced {
        match expr {
            Expr::Column(column) => {
                let index = self.schema.maybe_index_of_column(column);
                index.and_then(|index| self.columns.get(index)).cloned().unwrap_or_default()
            }
            Expr::Alias(alias) => self.of(&alias.expr),
            _ => Traced { origin: None, money: self.money(expr) },
        }
    }

    fn money(&self, expr: &Expr) -> Option<Money> {
        let first = |exprs: &[&Expr]| exprs.iter().find_map(|expr| self.of(expr).money);
        match expr {
            Expr::Negative(inner) => self.of(inner).money,
            Expr::Cast(cast) if cast.field.data_type().is_numeric() => self.of(&cast.expr).money,
            Expr::TryCast(cast) if cast.field.data_type().is_numeric() => self.of(&cast.expr).money,
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => self.operation(*op, left, right),
            Expr::Case(case) => {
                let branches = case.when_then_expr.iter().map(|(_, then)| then.as_ref());
                first(&branches.chain(case.else_expr.as_deref()).collect::<Vec<_>>())
            }
            Expr::ScalarFunction(call) => match (exact::operator(call.func.name()), call.args.as_slice()) {
                (Some(op), [left, right]) => self.operation(op, left, right),
                _ if KEEPS.contains(&call.func.name()) => first(&call.args.iter().collect::<Vec<_>>()),
                _ => None,
            },
            Expr::AggregateFunction(call) if amounts(call.func.name()) => {
                first(&call.params.args.iter().take(1).collect::<Vec<_>>())
            }
            Expr::WindowFunction(call) if amounts(call.fun.name()) => {
                first(&call.params.args.iter().take(1).collect::<Vec<_>>())
            }
            _ => None,
        }
    }

    fn operation(&self, op: Operator, left: &Expr, right: &Expr) -> Option<Money> {
        let (a, b) = (self.of(left).money, self.of(right).money);
        match op {
            Operator::Plus | Operator::Minus => a.or(b),
            Operator::Multiply if a.is_none() || b.is_none() => a.or(b),
            // An amount for each of something; of two amounts, a ratio.
            Operator::Divide if b.is_none() => a,
            Operator::Modulo => a,
            _ => None,
        }
    }
}

/// Functions of amounts that give amounts.
const KEEPS: [&str; 10] = ["coalesce", "nvl", "ifnull", "nullif", "round", "trunc", "floor", "ceil", "abs", "greatest"];

/// Aggregates of amounts that give amounts; those that count or take the value of one row are not among them.
pub(crate) fn amounts(function: &str) -> bool {
    const AMOUNTS: [&str; 11] = [
        "sum",
        "avg",
        "min",
        "max",
        "median",
        "percentile_cont",
        "approx_median",
        "approx_percentile_cont",
        "stddev",
        "stddev_pop",
        "lag",
    ];
    AMOUNTS.contains(&function)
}
