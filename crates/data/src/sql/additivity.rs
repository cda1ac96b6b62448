//! What adds up: for each column of a query, whether the sum of its rows is the figure of the
//! whole. Told from the plan alone: sums and counts do, keys, averages and ratios do not, and a
//! join keeps it only where it cannot repeat a row. What cannot be told stays unknown.

use std::collections::BTreeSet;

use datafusion::{
    common::{Column, DFSchema},
    logical_expr::{BinaryExpr, Expr, JoinType, LogicalPlan, Operator, expr::AggregateFunction},
};

use super::{adds::of_expr, plan::Tables};
use crate::facts;

/// Whether the values of a column add up over the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Adds {
    /// Their sum is the figure of the whole.
    Sum,
    /// Their sum means nothing.
    No,
    /// It cannot be told.
    Unknown,
}

/// What is known of a plan's rows.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// For each column.
    pub columns: Vec<Adds>,
    /// Sets of columns whose values are different in every row; an empty one says that there is
    /// one row at most.
    pub unique: Vec<BTreeSet<usize>>,
}

impl Known {
    fn nothing(schema: &DFSchema) -> Self {
        Self { columns: vec![Adds::Unknown; schema.fields().len()], unique: Vec::new() }
    }
}

/// Columns that are equal in every row, by a condition above.
type Equal = Vec<(Column, Column)>;

/// Looks through a plan.
pub(crate) fn analyze(plan: &LogicalPlan, tables: &Tables) -> Known {
    Analysis { tables }.plan(plan, &Equal::new())
}

struct Analysis<'a> {
    tables: &'a Tables,
}

impl Analysis<'_> {
    fn plan(&self, plan: &LogicalPlan, equal: &Equal) -> Known {
        let nothing = || Known::nothing(plan.schema());
        match plan {
            LogicalPlan::TableScan(scan) => self.scan(scan),
            LogicalPlan::Projection(projection) => {
                let below = self.plan(&projection.input, &Equal::new());
                project(&projection.expr, projection.input.schema(), &below)
            }
            LogicalPlan::Filter(filter) => {
                let mut equal = equal.clone();
                equalities(&filter.predicate, &mut equal);
                self.plan(&filter.input, &equal)
            }
            // The names change here, so conditions above say nothing below.
            LogicalPlan::SubqueryAlias(alias) => self.plan(&alias.input, &Equal::new()),
            LogicalPlan::Sort(sort) => self.plan(&sort.input, equal),
            LogicalPlan::Limit(limit) => self.plan(&limit.input, equal),
            LogicalPlan::Distinct(datafusion::logical_expr::Distinct::All(input)) => {
                let mut known = self.plan(input, &Equal::new());
                known.unique.push((0..known.columns.len()).collect());
                known
            }
            LogicalPlan::Aggregate(aggregate) => grouped(aggregate),
            LogicalPlan::Window(window) => {
                let mut known = self.plan(&window.input, &Equal::new());
                known.columns.resize(plan.schema().fields().len(), Adds::No);
                known
            }
            LogicalPlan::Join(join) => self.join(join, equal),
            LogicalPlan::Union(union) => {
                let inputs = union.inputs.iter().map(|input| self.plan(input, &Equal::new()).columns);
                let columns = inputs.reduce(|all, one| all.into_iter().zip(one).map(both).collect());
                Known { columns: columns.unwrap_or_default(), unique: Vec::new() }
            }
            LogicalPlan::EmptyRelation(_) => Known { unique: vec![BTreeSet::new()], ..nothing() },
            _ => nothing(),
        }
    }

    fn scan(&self, scan: &datafusion::logical_expr::TableScan) -> Known {
        let schema = &scan.projected_schema;
        let Some(table) = self.tables.get(scan.table_name.table()) else { return Known::nothing(schema) };
        let field = |name: &str| table.facts.field_with_name(name).ok();
        let columns = schema.fields().iter().map(|column| {
            match field(column.name()).and_then(|field| field.metadata().get(facts::ADDS_UP)).map(String::as_str) {
                Some(facts::ADDS_UP_SUM) => Adds::Sum,
                Some(facts::ADDS_UP_NO) => Adds::No,
                _ => Adds::Unknown,
            }
        });
        let index = |name: &String| schema.index_of_column_by_name(Some(&scan.table_name), name);
        let unique = facts::unique(&table.facts).into_iter().filter_map(|set| set.iter().map(index).collect());
        Known { columns: columns.collect(), unique: unique.collect() }
    }

    /// A side's values still add up when no row of the other side can meet two of its rows.
    fn join(&self, join: &datafusion::logical_expr::Join, above: &Equal) -> Known {
        let mut left = self.plan(&join.left, &Equal::new());
        let right = self.plan(&join.right, &Equal::new());
        match join.join_type {
            JoinType::LeftSemi | JoinType::LeftAnti => return left,
            JoinType::RightSemi | JoinType::RightAnti => return right,
            JoinType::LeftMark | JoinType::RightMark => return Known::nothing(&join.schema),
            JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full => {}
        }
        let mut equal: Equal = join
            .on
            .iter()
            .filter_map(|pair| match pair {
                (Expr::Column(a), Expr::Column(b)) => Some((a.clone(), b.clone())),
                _ => None,
            })
            .collect();
        if join.join_type == JoinType::Inner {
            equal.extend(above.iter().cloned());
        }
        if let Some(filter) = &join.filter {
            equalities(filter, &mut equal);
        }
        let (left_keys, right_keys) = sides(&equal, join.left.schema(), join.right.schema());
        let one_left = left.unique.iter().any(|set| set.is_subset(&left_keys));
        let one_right = right.unique.iter().any(|set| set.is_subset(&right_keys));
        let width = left.columns.len();
        let shifted = |set: &BTreeSet<usize>| set.iter().map(|index| index + width).collect::<BTreeSet<_>>();
        let mut unique = Vec::new();
        if one_right {
            unique.extend(left.unique.iter().cloned());
        }
        if one_left {
            unique.extend(right.unique.iter().map(shifted));
        }
        for set in &left.unique {
            unique.extend(right.unique.iter().map(|other| set.union(&shifted(other)).copied().collect()));
        }
        let kept = |columns: Vec<Adds>, once: bool| {
            columns.into_iter().map(move |adds| if adds == Adds::Sum && !once { Adds::Unknown } else { adds })
        };
        left.columns = kept(left.columns, one_right).chain(kept(right.columns, one_left)).collect();
        // An outer join's empty rows differ in the keys of the other side only.
        if join.join_type != JoinType::Inner {
            let outer = join.join_type;
            unique.retain(|set| match outer {
                JoinType::Left => set.iter().any(|index| *index < width) || set.is_empty(),
                JoinType::Right => set.iter().any(|index| *index >= width) || set.is_empty(),
                _ => set.iter().any(|index| *index < width) && set.iter().any(|index| *index >= width),
            });
        }
        Known { columns: left.columns, unique }
    }
}

fn both((a, b): (Adds, Adds)) -> Adds {
    if a == b {
        a
    } else if a == Adds::No || b == Adds::No {
        Adds::No
    } else {
        Adds::Unknown
    }
}

fn project(exprs: &[Expr], schema: &DFSchema, below: &Known) -> Known {
    let columns = exprs.iter().map(|expr| of_expr(expr, schema, &below.columns)).collect();
    // Where a column of the input stands in the output.
    let place = |index: &usize| exprs.iter().position(|expr| column_index(expr, schema) == Some(*index));
    let unique = below.unique.iter().filter_map(|set| set.iter().map(place).collect()).collect();
    Known { columns, unique }
}

/// Group keys do not add up; sums and counts of disjoint groups do.
fn grouped(aggregate: &datafusion::logical_expr::Aggregate) -> Known {
    let width = aggregate.schema.fields().len();
    let keys = width - aggregate.aggr_expr.len();
    // ROLLUP and its kin give subtotals beside their parts.
    let subtotals = matches!(aggregate.group_expr.as_slice(), [Expr::GroupingSet(_)]);
    let aggregates = aggregate.aggr_expr.iter().map(|expr| match (subtotals, unaliased(expr)) {
        (false, Expr::AggregateFunction(function)) => of_aggregate(function),
        _ => Adds::No,
    });
    let columns = std::iter::repeat_n(Adds::No, keys).chain(aggregates).collect();
    let unique = if subtotals { Vec::new() } else { vec![(0..keys).collect()] };
    Known { columns, unique }
}

fn of_aggregate(function: &AggregateFunction) -> Adds {
    let adds = matches!(function.func.name(), "sum" | "count") && !function.params.distinct;
    if adds { Adds::Sum } else { Adds::No }
}

fn unaliased(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => unaliased(&alias.expr),
        other => other,
    }
}

/// The input column that an expression passes on as it is.
fn column_index(expr: &Expr, schema: &DFSchema) -> Option<usize> {
    match unaliased(expr) {
        Expr::Column(column) => schema.maybe_index_of_column(column),
        _ => None,
    }
}

fn equalities(predicate: &Expr, found: &mut Equal) {
    if let Expr::BinaryExpr(BinaryExpr { left, op, right }) = predicate {
        match (op, left.as_ref(), right.as_ref()) {
            (Operator::And, left, right) => {
                equalities(left, found);
                equalities(right, found);
            }
            (Operator::Eq, Expr::Column(a), Expr::Column(b)) => found.push((a.clone(), b.clone())),
            _ => {}
        }
    }
}

/// The columns of each side that a join compares with one of the other.
fn sides(equal: &Equal, left: &DFSchema, right: &DFSchema) -> (BTreeSet<usize>, BTreeSet<usize>) {
    let pairs = equal.iter().filter_map(|(a, b)| {
        let straight = left.maybe_index_of_column(a).zip(right.maybe_index_of_column(b));
        straight.or_else(|| left.maybe_index_of_column(b).zip(right.maybe_index_of_column(a)))
    });
    pairs.unzip()
}
