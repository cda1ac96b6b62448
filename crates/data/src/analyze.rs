//! What can be told of SQL without data: syntax, the tables it reads, and, when their columns are
//! known, the columns and types it gives. This is what `punctual check` asks.

use std::{collections::BTreeMap, sync::Arc};

use arrow::datatypes::SchemaRef;
use datafusion::{
    datasource::empty::EmptyTable,
    execution::{SessionState, SessionStateBuilder},
};
use punctual_model::{sql_text::SqlText, zone::Zone};

use crate::{
    error::{DataError, Place},
    facts,
    sql::{
        functions,
        parse::parse,
        plan::{Table, Tables, plan},
        told::told,
    },
    tables,
};

/// A table that an SQL text reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The name, in lower case unless it is quoted.
    pub name: String,
    /// Where it stands first.
    pub place: Option<Place>,
}

/// The tables that a query reads, in order of appearance, once each.
///
/// # Errors
/// A syntax error, or a construct that tables and checks may not use, with its place.
pub fn references(subject: &str, sql: &SqlText) -> Result<Vec<Reference>, DataError> {
    let parsed = parse(subject, sql)?;
    Ok(parsed.tables.into_iter().map(|table| Reference { name: table.name, place: table.place }).collect())
}

/// Resolves SQL against columns that are known without rows.
pub struct Analyzer {
    state: SessionState,
    tables: Tables,
}

impl Default for Analyzer {
    fn default() -> Self {
        let builder =
            SessionStateBuilder::new().with_session_id("check".to_owned()).with_config(crate::session::config(1 << 20));
        let state = functions::register(builder, &Zone::utc(), 1 << 20).build();
        Self { state, tables: BTreeMap::new() }
    }
}

impl Analyzer {
    /// Makes a dataset's or table's columns known, with what the schema's metadata says of them.
    pub fn know(&mut self, name: &str, schema: SchemaRef) {
        let rows = Arc::new(EmptyTable::new(facts::bare(&schema)));
        self.tables.insert(name.to_owned(), Table { rows, facts: schema });
    }

    /// Notes that no two rows of a dataset or table have the same values in these columns, as its
    /// `unique` check holds.
    pub fn unique(&mut self, name: &str, columns: &[String]) {
        if let Some(table) = self.tables.get_mut(name) {
            table.note_unique(columns);
        }
    }

    /// The columns that a table's SQL gives, as they would be stored, with the metadata of
    /// [`facts`]. Parameters need values of the right types, whatever they are.
    ///
    /// # Errors
    /// An unknown table, column or function with the nearest known name, types that do not fit,
    /// an unknown `order_by` column; with the place where it is known.
    pub fn table(&self, name: &str, sql: &SqlText, order_by: &[String]) -> Result<SchemaRef, DataError> {
        let subject = format!("table `{name}`");
        let planned = plan(&subject, &self.state, &self.tables, parse(&subject, sql)?)?;
        let schema = tables::stored_schema(&subject, planned.clone(), order_by)?;
        Ok(Arc::new(told(&schema, &planned, &self.tables)))
    }

    /// Resolves the SQL of a check.
    ///
    /// # Errors
    /// As [`Analyzer::table`].
    pub fn check(&self, subject: &str, sql: &SqlText) -> Result<(), DataError> {
        plan(subject, &self.state, &self.tables, parse(subject, sql)?).map(|_| ())
    }
}
