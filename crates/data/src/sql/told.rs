//! What a query's columns are known to be, as metadata of its schema: whether they add up, what
//! tells its rows apart, and what its columns bring along from the tables that they come from.

use std::collections::BTreeSet;

use arrow::datatypes::Schema;
use datafusion::logical_expr::LogicalPlan;

use super::{
    additivity::{Adds, analyze},
    plan::Tables,
    trace::{Money, Traced, trace},
};
use crate::facts;

/// The schema of a plan's rows with what is known of its columns.
pub(crate) fn told(schema: &Schema, plan: &LogicalPlan, tables: &Tables) -> Schema {
    let known = analyze(plan, tables);
    let traced = trace(plan, tables);
    let name = |index: &usize| schema.fields().get(*index).map(|field| field.name().clone());
    let fields = schema.fields().iter().enumerate().map(|(index, field)| {
        let mut metadata = field.metadata().clone();
        let mut say = |key: &str, value: String| metadata.insert(key.to_owned(), value);
        match known.columns.get(index) {
            Some(Adds::Sum) => say(facts::ADDS_UP, facts::ADDS_UP_SUM.to_owned()),
            Some(Adds::No) => say(facts::ADDS_UP, facts::ADDS_UP_NO.to_owned()),
            Some(Adds::Unknown) | None => None,
        };
        let of = traced.get(index).cloned().unwrap_or_default();
        if let Some(collation) = collation(&of, tables) {
            say(facts::COLLATION, collation);
        }
        match of.money {
            Some(Money::Code(code)) => say(facts::CURRENCY, code),
            Some(Money::Column(origin)) => traced
                .iter()
                .position(|other| other.origin.as_ref() == Some(&origin))
                .and_then(|index| name(&index))
                .and_then(|column| say(facts::CURRENCY_COLUMN, column)),
            None => None,
        };
        field.as_ref().clone().with_metadata(metadata)
    });
    let fields: Vec<_> = fields.collect();
    let unique: Vec<BTreeSet<String>> = known.unique.iter().filter_map(|set| set.iter().map(name).collect()).collect();
    facts::with_unique(Schema::new(fields), &unique)
}

fn collation(of: &Traced, tables: &Tables) -> Option<String> {
    let origin = of.origin.as_ref()?;
    tables.get(&origin.table)?.facts.field_with_name(&origin.column).ok()?.metadata().get(facts::COLLATION).cloned()
}
