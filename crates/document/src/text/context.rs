//! What a template can see: the period, the parameters, rows by name and single values.

use indexmap::IndexMap;
use minijinja::Value as Dynamic;
use punctual_model::value::Value;
use serde::{Deserialize, Serialize};

use super::{period::PeriodFacts, typed};

/// The names that a template can use, with typed values.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TextContext {
    period: Option<PeriodFacts>,
    entries: IndexMap<String, Entry>,
    /// The currencies of amounts, by the names of row and field.
    #[serde(default)]
    currencies: IndexMap<String, IndexMap<String, String>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Entry {
    Value(Value),
    List(Vec<Value>),
    Row(IndexMap<String, Value>),
}

impl TextContext {
    /// A context that knows the period: `period.label`, `period.start_date`, ...
    pub fn new(period: PeriodFacts) -> Self {
        Self { period: Some(period), entries: IndexMap::new(), currencies: IndexMap::new() }
    }

    /// Adds one value: `{{ name }}`.
    pub fn set_value(&mut self, name: impl Into<String>, value: Value) {
        self.entries.insert(name.into(), Entry::Value(value));
    }

    /// Adds a list; in SQL it becomes several parameters.
    pub fn set_list(&mut self, name: impl Into<String>, values: Vec<Value>) {
        self.entries.insert(name.into(), Entry::List(values));
    }

    /// Adds named values: `{{ name.field }}`.
    pub fn set_row(&mut self, name: impl Into<String>, row: impl IntoIterator<Item = (String, Value)>) {
        self.entries.insert(name.into(), Entry::Row(row.into_iter().collect()));
    }

    /// Says in which currency a field of a row is: `format_currency` writes it so.
    pub fn set_currency(&mut self, name: &str, field: &str, code: impl Into<String>) {
        self.currencies.entry(name.to_owned()).or_default().insert(field.to_owned(), code.into());
    }

    /// The names at the top.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.period.iter().map(|_| "period").chain(self.entries.keys().map(String::as_str))
    }

    /// The names below a name.
    pub(super) fn fields(&self, name: &str) -> Vec<&str> {
        match self.entries.get(name) {
            Some(Entry::Row(row)) => row.keys().map(String::as_str).collect(),
            None if name == "period" && self.period.is_some() => PeriodFacts::FIELDS.to_vec(),
            _ => Vec::new(),
        }
    }

    pub(super) fn to_value(&self) -> Dynamic {
        let period = self.period.iter().map(|facts| ("period".to_owned(), facts.to_value()));
        let currencies = |name: &String| self.currencies.get(name);
        let entries = self.entries.iter().map(|(name, entry)| (name.clone(), entry.to_value(currencies(name))));
        Dynamic::from_pairs(entries.chain(period))
    }
}

impl Entry {
    fn to_value(&self, currencies: Option<&IndexMap<String, String>>) -> Dynamic {
        match self {
            Self::Value(value) => typed::to_dynamic(value),
            Self::List(values) => values.iter().map(typed::to_dynamic).collect(),
            Self::Row(row) => {
                let value = |(name, value): (&String, &Value)| {
                    let code = currencies.and_then(|currencies| currencies.get(name));
                    let value = code.map_or_else(|| typed::to_dynamic(value), |code| typed::to_amount(value, code));
                    (name.clone(), value)
                };
                Dynamic::from_pairs(row.iter().map(value))
            }
        }
    }
}
