//! What can be known of a SELECT from its text: which tables it reads, which columns its
//! parameters are compared with, and the types of its expressions. What cannot be known is left
//! out; nothing is guessed. Databases that infer parameter types themselves need none of it.

mod compare;
mod infer;
mod scope;
mod single;

use std::collections::HashMap;

use punctual_model::column_type::ColumnType;
use sqlparser::{
    ast::{Query, Statement},
    dialect::{Dialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect},
    parser::Parser,
};

pub(crate) use compare::Compared;
pub(crate) use single::{first_statement, is_single, starts_as_query};

/// The words for a statement that is no query.
pub(crate) const NOT_A_QUERY: &str = "it returns no rows by nature; a dataset's `sql` is one SELECT";

/// Whose SQL it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Postgres,
    MySql,
    Sqlite,
}

impl Language {
    fn dialect(self) -> Box<dyn Dialect> {
        match self {
            Self::Postgres => Box::new(PostgreSqlDialect {}),
            Self::MySql => Box::new(MySqlDialect {}),
            Self::Sqlite => Box::new(SQLiteDialect {}),
        }
    }

    /// How the parameter with this number (from 1) is written for [`parse`].
    pub(crate) fn placeholder(self, number: usize) -> String {
        match self {
            Self::Postgres => format!("${number}"),
            Self::MySql | Self::Sqlite => format!("?{number}"),
        }
    }
}

/// A table by its name, in lower case; the schema only where it was written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct TableName {
    pub(crate) schema: Option<String>,
    pub(crate) table: String,
}

/// The columns of tables: by lower-case name, with what the database knows of each.
#[derive(Debug)]
pub(crate) struct Catalog<C>(HashMap<TableName, HashMap<String, C>>);

impl<C> Default for Catalog<C> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<C> Catalog<C> {
    /// Adds a table's column.
    pub(crate) fn insert(&mut self, table: TableName, column: &str, known: C) {
        self.0.entry(table).or_default().insert(column.to_lowercase(), known);
    }

    /// A column of a table, if there is one.
    pub(crate) fn column(&self, table: &TableName, column: &str) -> Option<&C> {
        self.0.get(table)?.get(&column.to_lowercase())
    }
}

/// A SELECT that could be read.
pub(crate) struct Select {
    query: Box<Query>,
}

/// Reads one SELECT; `None` where the text is more than the parser knows.
pub(crate) fn parse(sql: &str, language: Language) -> Option<Select> {
    let mut statements = Parser::parse_sql(language.dialect().as_ref(), sql).ok()?;
    match (statements.pop(), statements.is_empty()) {
        (Some(Statement::Query(query)), true) => Some(Select { query }),
        _ => None,
    }
}

impl Select {
    /// The tables and views that it reads, anywhere in it.
    pub(crate) fn tables(&self) -> Vec<TableName> {
        scope::tables(&self.query)
    }

    /// Which columns its parameters are compared with, where that is certain.
    pub(crate) fn compared<C>(&self, catalog: &Catalog<C>) -> Vec<Compared> {
        compare::compared(&self.query, catalog)
    }

    /// The name of the column that a parameter is compared with, whatever its table.
    pub(crate) fn compared_name(&self, parameter: usize) -> Option<String> {
        compare::compared_name(&self.query, parameter)
    }

    /// The types of its result's columns, in their order, where the text tells them.
    pub(crate) fn types<C>(
        &self,
        names: &[&str],
        catalog: &Catalog<C>,
        column_type: &dyn Fn(&C) -> Option<ColumnType>,
    ) -> Vec<Option<ColumnType>> {
        infer::types(&self.query, names, catalog, column_type)
    }
}
