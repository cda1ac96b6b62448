//! Names in a SELECT: which table a column belongs to. Common table expressions, subqueries
//! and table functions are relations whose columns are not known.

use std::{collections::HashSet, ops::ControlFlow};

use sqlparser::ast::{Expr, Ident, ObjectName, Query, Select, TableFactor, Visit, Visitor};

use super::{Catalog, TableName};

/// The relations of one SELECT's FROM clause.
#[derive(Debug, Default)]
pub(super) struct Scope {
    tables: Vec<(String, TableName)>,
    /// Names of relations whose columns are not known; the empty name for one without.
    opaque: Vec<String>,
}

/// Where a column was found.
pub(super) enum Found<'a> {
    /// In this table.
    Table(&'a TableName),
    /// It cannot be known here, nor further out.
    Unknown,
    /// Not here; an outer SELECT may have it.
    Absent,
}

impl Scope {
    /// The relations of a SELECT, in which these names are common table expressions.
    pub(super) fn of(select: &Select, expressions: &HashSet<String>) -> Self {
        let mut scope = Self::default();
        for item in &select.from {
            scope.add(&item.relation, expressions);
            for join in &item.joins {
                scope.add(&join.relation, expressions);
            }
        }
        scope
    }

    fn add(&mut self, factor: &TableFactor, expressions: &HashSet<String>) {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let alias_name = alias.as_ref().map(|a| a.name.value.to_lowercase());
                match table_name(name, expressions) {
                    Some(table) if alias.as_ref().is_none_or(|a| a.columns.is_empty()) => {
                        self.tables.push((alias_name.unwrap_or_else(|| table.table.clone()), table));
                    }
                    _ => self.opaque.push(alias_name.unwrap_or_else(|| last_part(name))),
                }
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                self.add(&table_with_joins.relation, expressions);
                for join in &table_with_joins.joins {
                    self.add(&join.relation, expressions);
                }
            }
            TableFactor::Table { alias, .. } | TableFactor::Derived { alias, .. } => {
                self.opaque.push(alias.as_ref().map(|a| a.name.value.to_lowercase()).unwrap_or_default());
            }
            _ => self.opaque.push(String::new()),
        }
    }

    /// Looks a column up. A name without qualifier that a table of this FROM clause has is that
    /// table's, or else the database would call it ambiguous.
    pub(super) fn find<C>(&self, column: &ColumnRef, catalog: &Catalog<C>) -> Found<'_> {
        if let Some(qualifier) = &column.qualifier {
            if let Some((_, table)) = self.tables.iter().find(|(name, _)| name == qualifier) {
                return if catalog.column(table, &column.name).is_some() {
                    Found::Table(table)
                } else {
                    Found::Unknown
                };
            }
            return if self.opaque.contains(qualifier) { Found::Unknown } else { Found::Absent };
        }
        match self.tables.iter().find(|(_, table)| catalog.column(table, &column.name).is_some()) {
            Some((_, table)) => Found::Table(table),
            None if self.opaque.is_empty() => Found::Absent,
            None => Found::Unknown,
        }
    }
}

/// A column as an expression names it.
#[derive(Debug, PartialEq)]
pub(super) struct ColumnRef {
    /// The table or alias before the point, in lower case.
    pub(super) qualifier: Option<String>,
    /// The column's name as written.
    pub(super) name: String,
}

impl ColumnRef {
    /// The column that an expression is; `None` for anything else.
    pub(super) fn of(expression: &Expr) -> Option<Self> {
        match expression {
            Expr::Identifier(name) => Some(Self { qualifier: None, name: name.value.clone() }),
            Expr::CompoundIdentifier(parts) => {
                let [.., qualifier, name] = parts.as_slice() else { return None };
                Some(Self { qualifier: Some(qualifier.value.to_lowercase()), name: name.value.clone() })
            }
            Expr::Nested(inner) => Self::of(inner),
            _ => None,
        }
    }
}

/// The names of a query's common table expressions, in lower case, at any depth.
pub(super) fn common_table_expressions(query: &Query) -> HashSet<String> {
    struct Names(HashSet<String>);
    impl Visitor for Names {
        type Break = ();
        fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
            if let Some(with) = &query.with {
                self.0.extend(with.cte_tables.iter().map(|cte| cte.alias.name.value.to_lowercase()));
            }
            ControlFlow::Continue(())
        }
    }
    let mut names = Names(HashSet::new());
    let _ = query.visit(&mut names);
    names.0
}

/// All tables that a query reads.
pub(super) fn tables(query: &Query) -> Vec<TableName> {
    struct Tables {
        expressions: HashSet<String>,
        found: Vec<TableName>,
    }
    impl Visitor for Tables {
        type Break = ();
        fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<()> {
            if let Some(table) = table_name(name, &self.expressions)
                && !self.found.contains(&table)
            {
                self.found.push(table);
            }
            ControlFlow::Continue(())
        }
    }
    let mut tables = Tables { expressions: common_table_expressions(query), found: Vec::new() };
    let _ = query.visit(&mut tables);
    tables.found
}

/// A table's name; `None` for a common table expression, or a name of more than two parts.
fn table_name(name: &ObjectName, expressions: &HashSet<String>) -> Option<TableName> {
    let parts: Option<Vec<&Ident>> = name.0.iter().map(|part| part.as_ident()).collect();
    let lower = |ident: &Ident| ident.value.to_lowercase();
    match parts?.as_slice() {
        [table] if !expressions.contains(&lower(table)) => Some(TableName { schema: None, table: lower(table) }),
        [schema, table] => Some(TableName { schema: Some(lower(schema)), table: lower(table) }),
        _ => None,
    }
}

fn last_part(name: &ObjectName) -> String {
    name.0.last().and_then(|part| part.as_ident()).map(|ident| ident.value.to_lowercase()).unwrap_or_default()
}
