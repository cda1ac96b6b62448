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
        Self { period: Some(period), entries: IndexMap::new() }
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
        let entries = self.entries.iter().map(|(name, entry)| (name.clone(), entry.to_value()));
        Dynamic::from_pairs(entries.chain(period))
    }
}

impl Entry {
    fn to_value(&self) -> Dynamic {
        match self {
            Self::Value(value) => typed::to_dynamic(value),
            Self::List(values) => values.iter().map(typed::to_dynamic).collect(),
            Self::Row(row) => {
                Dynamic::from_pairs(row.iter().map(|(name, value)| (name.clone(), typed::to_dynamic(value))))
            }
        }
    }
}
