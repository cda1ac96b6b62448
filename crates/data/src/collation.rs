//! What a server calls equal and this engine does not: columns whose server ignores case or spaces
//! at the end are compared letter by letter here. Where the data hold such texts and a filter, join,
//! grouping or check meets them, a finding says so; nothing is changed.

use std::collections::BTreeSet;

use arrow::{array::RecordBatch, datatypes::Schema};
use datafusion::{
    common::{
        ScalarValue,
        tree_node::{TreeNode, TreeNodeRecursion},
    },
    logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator, expr::InList, utils::merge_schema},
};
use futures::TryStreamExt;
use punctual_model::{
    definition::{Check, Otherwise},
    finding::Finding,
    sql_text::{Bind, Fragment, SqlText},
    value::Value,
};

use crate::{
    checks::Subject,
    error::DataError,
    facts,
    session::Session,
    sql::{
        error::from_datafusion,
        trace::{Origin, Reading, Traced},
    },
    values::value_at,
};

/// What a column is compared with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Other {
    Text(String),
    Column(Origin),
    /// Its own other values: groups, distinct values, `unique`.
    Itself,
}

/// How a server compares texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Collation {
    IgnoresCase,
    IgnoresSpaces,
}

impl Collation {
    fn of(schema: &Schema, column: &str) -> Option<Self> {
        match schema.field_with_name(column).ok()?.metadata().get(facts::COLLATION)?.as_str() {
            facts::COLLATION_CI => Some(Self::IgnoresCase),
            facts::COLLATION_PADDED => Some(Self::IgnoresSpaces),
            _ => None,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::IgnoresCase => "apart from capitals or spaces at the end",
            Self::IgnoresSpaces => "apart from spaces at the end",
        }
    }

    /// The text as the server compares it.
    fn normal(self, expr: &str) -> String {
        match self {
            Self::IgnoresCase => format!("lower(rtrim({expr}))"),
            Self::IgnoresSpaces => format!("rtrim({expr})"),
        }
    }
}

type Compared = BTreeSet<(Origin, Collation, Other)>;

/// Findings of a table's or check's query.
///
/// # Errors
/// A limit, or a file.
pub(crate) async fn of_plan(session: &Session, name: &str, plan: &LogicalPlan) -> Result<Vec<Finding>, DataError> {
    let mut compared = Compared::new();
    if session.knows_collations() {
        let walked = plan.apply_with_subqueries(|node| {
            Collector { session, compared: &mut compared }.node(node)?;
            Ok(TreeNodeRecursion::Continue)
        });
        walked.map_err(|e| from_datafusion(name, None, &e))?;
    }
    look(session, name, "compare", compared).await
}

/// Findings of a subject's `accepted` and `unique` checks.
///
/// # Errors
/// A limit, or a file.
pub(crate) async fn of_checks(session: &Session, subject: &Subject<'_>) -> Result<Vec<Finding>, DataError> {
    let schema = &subject.snapshot.schema;
    let mut compared = Compared::new();
    for input in subject.checks {
        let (columns, others): (Vec<&String>, Vec<Other>) = match &input.check {
            Check::Accepted(accepted) => {
                let texts = accepted.values.iter().filter_map(|value| value.as_str());
                (vec![&accepted.column], texts.map(|text| Other::Text(text.to_owned())).collect())
            }
            Check::Unique(unique) => (unique.columns().iter().collect(), vec![Other::Itself]),
            _ => continue,
        };
        for column in columns {
            let Some(collation) = Collation::of(schema, column) else { continue };
            let origin = Origin { table: subject.name.to_owned(), column: column.clone() };
            compared.extend(others.iter().map(|other| (origin.clone(), collation, other.clone())));
        }
    }
    look(session, subject.name, "compare", compared).await
}

struct Collector<'a> {
    session: &'a Session,
    compared: &'a mut Compared,
}

impl Collector<'_> {
    fn node(&mut self, node: &LogicalPlan) -> datafusion::common::Result<()> {
        let inputs = node.inputs();
        let columns: Vec<Traced> = inputs.iter().flat_map(|input| self.session.trace(input)).collect();
        let schema = merge_schema(&inputs);
        let reading = Reading { schema: &schema, columns: &columns };
        if let LogicalPlan::Aggregate(aggregate) = node {
            aggregate.group_expr.iter().for_each(|key| self.itself(&reading, key));
        }
        if let LogicalPlan::Join(join) = node {
            join.on.iter().for_each(|(left, right)| self.pair(&reading, left, right));
        }
        node.apply_expressions(|expr| {
            expr.apply(|part| {
                match part {
                    Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq | Operator::NotEq, right }) => {
                        self.pair(&reading, left, right);
                    }
                    Expr::InList(InList { expr, list, .. }) => {
                        list.iter().for_each(|item| self.pair(&reading, expr, item));
                    }
                    Expr::AggregateFunction(call) if call.params.distinct => {
                        call.params.args.iter().for_each(|arg| self.itself(&reading, arg));
                    }
                    _ => {}
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })?;
        Ok(())
    }

    fn itself(&mut self, reading: &Reading<'_>, expr: &Expr) {
        if let Some((origin, collation)) = self.collated(reading, expr) {
            self.compared.insert((origin, collation, Other::Itself));
        }
    }

    fn pair(&mut self, reading: &Reading<'_>, left: &Expr, right: &Expr) {
        for (one, other) in [(left, right), (right, left)] {
            let Some((origin, collation)) = self.collated(reading, one) else { continue };
            let other = match (other, reading.of(other).origin) {
                (_, Some(other)) => Other::Column(other),
                (Expr::Literal(ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)), _), _) => {
                    Other::Text(text.clone())
                }
                _ => continue,
            };
            self.compared.insert((origin, collation, other));
        }
    }

    fn collated(&self, reading: &Reading<'_>, expr: &Expr) -> Option<(Origin, Collation)> {
        let origin = reading.of(expr).origin?;
        let collation = Collation::of(self.session.facts(&origin.table)?, &origin.column)?;
        Some((origin, collation))
    }
}

async fn look(session: &Session, name: &str, check: &str, compared: Compared) -> Result<Vec<Finding>, DataError> {
    let mut findings = Vec::new();
    for (origin, collation, other) in compared {
        let column = format!("`{}` of `{}`", origin.column, origin.table);
        let (number, samples) = count(session, name, &probe(&origin, collation, &other)).await?;
        if number == 0 {
            continue;
        }
        let (many, differ) = if number == 1 { ("1 value", "differs") } else { ("values", "differ") };
        let many = if number == 1 { many.to_owned() } else { format!("{number} {many}") };
        let what = match &other {
            Other::Text(text) => format!("{many} of {column} {differ} from '{text}' in nothing"),
            Other::Column(other) => {
                format!("{many} of {column} {differ} from values of `{}` of `{}` in nothing", other.column, other.table)
            }
            Other::Itself => format!("{many} of {column} {differ} from one another in nothing"),
        };
        let message = format!(
            "{what} {}: their server calls them equal, here they are not; declare the column's `collation`, or compare \
             lower(rtrim({}))",
            collation.words(),
            origin.column
        );
        findings.push(Finding {
            subject: name.to_owned(),
            check: check.to_owned(),
            severity: Otherwise::Warn,
            message,
            rows: 0,
            samples,
        });
    }
    Ok(findings)
}

/// A query that gives the values which would be equal on their server.
fn probe(origin: &Origin, collation: Collation, other: &Other) -> SqlText {
    let (table, column) = (quoted(&origin.table), quoted(&origin.column));
    let normal = |expr: &str| collation.normal(expr);
    let sql = |text: String| Fragment::Sql(text);
    let fragments = match other {
        Other::Text(text) => {
            let bind = || Fragment::Bind(Bind { expression: "text".to_owned(), value: Value::Text(text.clone()) });
            vec![
                sql(format!(
                    "SELECT DISTINCT {column} AS v FROM {table} WHERE {} = {}",
                    normal(&column),
                    OPEN[collation as usize]
                )),
                bind(),
                sql(format!("{} AND {column} <> ", CLOSE[collation as usize])),
                bind(),
            ]
        }
        Other::Column(other) => {
            let values =
                format!("SELECT {0} FROM {1} WHERE {0} IS NOT NULL", quoted(&other.column), quoted(&other.table));
            let normals = format!(
                "SELECT {} FROM {} WHERE {} IS NOT NULL",
                normal(&quoted(&other.column)),
                quoted(&other.table),
                quoted(&other.column)
            );
            vec![sql(format!(
                "SELECT DISTINCT {column} AS v FROM {table} WHERE {column} NOT IN ({values}) AND {} IN ({normals})",
                normal(&column)
            ))]
        }
        Other::Itself => vec![sql(format!(
            "SELECT min({column}) AS v FROM {table} WHERE {column} IS NOT NULL GROUP BY {} \
             HAVING count(DISTINCT {column}) > 1",
            normal(&column)
        ))],
    };
    SqlText { fragments }
}

/// What stands around a text that is normalised like a column.
const OPEN: [&str; 2] = ["lower(rtrim(", "rtrim("];
const CLOSE: [&str; 2] = ["))", ")"];

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

async fn count(session: &Session, name: &str, sql: &SqlText) -> Result<(u64, Vec<String>), DataError> {
    const SAMPLES: usize = 5;
    let batches: Vec<RecordBatch> = session.run(name, sql).await?.try_collect().await?;
    let mut samples: Vec<String> = Vec::new();
    let mut number = 0;
    for batch in &batches {
        number += batch.num_rows() as u64;
        for row in 0..batch.num_rows().min(SAMPLES - samples.len()) {
            samples.extend(value_at(batch.column(0), row).ok().and_then(|value| value.as_key()));
        }
    }
    Ok((number, samples))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_normalised_like_columns() {
        for collation in [Collation::IgnoresCase, Collation::IgnoresSpaces] {
            let index = collation as usize;
            assert_eq!(collation.normal("x"), format!("{}x{}", OPEN[index], CLOSE[index]));
        }
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
    }
}
