//! What the values of a column mean, beside their type: whether they add up, and the currency of amounts.
//! It travels as metadata of a schema's fields, from declared columns through table SQL to documents.

use std::{collections::HashMap, sync::Arc};

use arrow::datatypes::{Field, Schema, SchemaRef};
use punctual_model::definition::{AddsUp, ColumnFacts, Columns};

use crate::facts::{ADDS_UP, ADDS_UP_NO, ADDS_UP_SUM, CURRENCY, CURRENCY_COLUMN};

/// What is known of a column's values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meaning {
    /// Whether they add up; `None` where nobody knows.
    pub adds_up: Option<bool>,
    /// The currency of all amounts.
    pub currency: Option<String>,
    /// The column that holds each amount's currency.
    pub currency_column: Option<String>,
}

impl Meaning {
    /// What a field's metadata says.
    pub fn of(field: &Field) -> Self {
        let metadata = field.metadata();
        Self {
            adds_up: metadata.get(ADDS_UP).map(|word| word == ADDS_UP_SUM),
            currency: metadata.get(CURRENCY).cloned(),
            currency_column: metadata.get(CURRENCY_COLUMN).cloned(),
        }
    }

    fn declared(facts: &ColumnFacts) -> Self {
        Self {
            adds_up: facts.total.map(|total| total == AddsUp::Sum),
            currency: facts.currency.as_ref().map(|currency| currency.code().to_owned()),
            currency_column: facts.currency_column.clone(),
        }
    }

    /// The metadata that says this.
    pub fn metadata(&self) -> HashMap<String, String> {
        let adds_up = self.adds_up.map(|adds_up| if adds_up { ADDS_UP_SUM } else { ADDS_UP_NO }.to_owned());
        [(ADDS_UP, adds_up), (CURRENCY, self.currency.clone()), (CURRENCY_COLUMN, self.currency_column.clone())]
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)))
            .collect()
    }
}

/// A dataset's schema with what its declared columns say.
pub fn declared(schema: &SchemaRef, columns: &Columns) -> SchemaRef {
    let field = |field: &Arc<Field>| match columns.get(field.name()).and_then(|column| column.facts()) {
        Some(facts) => {
            let mut metadata = field.metadata().clone();
            metadata.extend(Meaning::declared(facts).metadata());
            Arc::new(field.as_ref().clone().with_metadata(metadata))
        }
        None => Arc::clone(field),
    };
    let fields: Vec<_> = schema.fields().iter().map(field).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::DataType;

    use super::*;

    #[test]
    fn what_is_declared_is_read_back() {
        let columns: Columns = serde_json::from_value(serde_json::json!({
            "amount": {"type": "decimal(12,2)", "total": "sum", "currency_column": "currency"},
            "year": {"type": "int", "total": "none"},
            "fee": {"type": "int", "currency": "JPY"},
            "day": "date",
        }))
        .expect("columns");
        let field = |name: &str| Field::new(name, DataType::Int64, true);
        let schema = Arc::new(Schema::new(["amount", "year", "fee", "day", "other"].map(field).to_vec()));
        let said = declared(&schema, &columns);
        let of = |index: usize| Meaning::of(said.field(index));
        let column = Some("currency".to_owned());
        assert_eq!(of(0), Meaning { adds_up: Some(true), currency: None, currency_column: column });
        assert_eq!(of(1), Meaning { adds_up: Some(false), ..Meaning::default() });
        assert_eq!(of(2).currency.as_deref(), Some("JPY"));
        assert_eq!((of(3), of(4)), (Meaning::default(), Meaning::default()));
    }
}
