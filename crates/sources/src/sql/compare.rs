//! Which columns the parameters of a SELECT are compared with: `<`, `<=`, `>`, `>=`, `=`, `<>`,
//! BETWEEN and IN, between a parameter and a plain column.

use std::{collections::HashSet, ops::ControlFlow};

use sqlparser::ast::{BinaryOperator, Expr, Query, Select, Value, Visit, Visitor};

use super::{
    Catalog, TableName,
    scope::{ColumnRef, Found, Scope, common_table_expressions},
};

/// A parameter that is compared with a column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compared {
    /// The parameter's number, from 1.
    pub(crate) parameter: usize,
    /// The column's table.
    pub(crate) table: TableName,
    /// The column's name as written.
    pub(crate) column: String,
}

/// All comparisons whose column is certain.
pub(super) fn compared<C>(query: &Query, catalog: &Catalog<C>) -> Vec<Compared> {
    let mut finder =
        Finder { expressions: common_table_expressions(query), scopes: Vec::new(), catalog, found: Vec::new() };
    let _ = query.visit(&mut finder);
    finder.found
}

/// The column that a parameter is compared with, by name alone.
pub(super) fn compared_name(query: &Query, parameter: usize) -> Option<String> {
    struct Name(usize);
    impl Visitor for Name {
        type Break = String;
        fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<String> {
            for (one, other) in pairs(expression) {
                if parameter_number(one) == Some(self.0)
                    && let Some(column) = ColumnRef::of(other)
                {
                    return ControlFlow::Break(column.name);
                }
            }
            ControlFlow::Continue(())
        }
    }
    query.visit(&mut Name(parameter)).break_value()
}

struct Finder<'a, C> {
    expressions: HashSet<String>,
    scopes: Vec<Scope>,
    catalog: &'a Catalog<C>,
    found: Vec<Compared>,
}

impl<C> Finder<'_, C> {
    fn table_of(&self, column: &ColumnRef) -> Option<TableName> {
        for scope in self.scopes.iter().rev() {
            match scope.find(column, self.catalog) {
                Found::Table(table) => return Some(table.clone()),
                Found::Unknown => return None,
                Found::Absent => {}
            }
        }
        None
    }
}

impl<C> Visitor for Finder<'_, C> {
    type Break = ();

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        self.scopes.push(Scope::of(select, &self.expressions));
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &Select) -> ControlFlow<()> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<()> {
        for (parameter, column) in pairs(expression) {
            if let (Some(parameter), Some(column)) = (parameter_number(parameter), ColumnRef::of(column))
                && let Some(table) = self.table_of(&column)
            {
                self.found.push(Compared { parameter, table, column: column.name });
            }
        }
        ControlFlow::Continue(())
    }
}

/// What an expression compares with what, both ways round.
fn pairs(expression: &Expr) -> Vec<(&Expr, &Expr)> {
    let compared: Vec<(&Expr, &Expr)> = match expression {
        Expr::BinaryOp { left, op, right } if compares(op) => vec![(&**left, &**right)],
        Expr::Between { expr, low, high, .. } => vec![(&**expr, &**low), (&**expr, &**high)],
        Expr::InList { expr, list, .. } => list.iter().map(|item| (&**expr, item)).collect(),
        _ => Vec::new(),
    };
    compared.into_iter().flat_map(|(one, other)| [(one, other), (other, one)]).collect()
}

fn compares(op: &BinaryOperator) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq, Spaceship};
    matches!(op, Lt | LtEq | Gt | GtEq | Eq | NotEq | Spaceship)
}

/// The number of `?3` or `$3`.
fn parameter_number(expression: &Expr) -> Option<usize> {
    match expression {
        Expr::Nested(inner) => parameter_number(inner),
        Expr::Value(value) => match &value.value {
            Value::Placeholder(text) => text.get(1..)?.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Catalog, Language, TableName, parse};

    fn catalog() -> Catalog<()> {
        let mut catalog = Catalog::default();
        for (schema, table, column) in [
            (None, "traffic", "day"),
            (None, "traffic", "client_id"),
            (None, "tickets", "opened_at"),
            (Some("crm"), "calls", "at"),
        ] {
            catalog.insert(TableName { schema: schema.map(str::to_owned), table: table.to_owned() }, column, ());
        }
        catalog
    }

    fn compared(sql: &str) -> Vec<(usize, String)> {
        [Language::MySql, Language::Sqlite]
            .map(|language| {
                let select = parse(sql, language).expect("SQL that the parser knows");
                let found = select.compared(&catalog());
                found.into_iter().map(|c| (c.parameter, format!("{}.{}", c.table.table, c.column))).collect::<Vec<_>>()
            })
            .into_iter()
            .reduce(|one, other| {
                assert_eq!(one, other);
                one
            })
            .expect("two languages")
    }

    #[test]
    fn columns_are_found_through_names_and_aliases() {
        let two = vec![(1, "traffic.day".to_owned()), (2, "traffic.day".to_owned())];
        assert_eq!(compared("SELECT * FROM traffic WHERE day >= ?1 AND day < ?2"), two);
        assert_eq!(compared("SELECT * FROM traffic AS t WHERE t.day BETWEEN ?1 AND (?2)"), two);
        assert_eq!(compared("SELECT * FROM traffic t JOIN tickets ON ?1 <= `t`.day AND t.day IN (?2, 'x')"), two);
        assert_eq!(compared("SELECT 1 FROM crm.calls c WHERE c.at > ?1"), [(1, "calls.at".to_owned())]);
        assert_eq!(
            compared("SELECT * FROM tickets WHERE EXISTS (SELECT 1 FROM traffic WHERE opened_at > ?1 AND day = ?2)"),
            [(1, "tickets.opened_at".to_owned()), (2, "traffic.day".to_owned())]
        );
        assert_eq!(
            compared("WITH t AS (SELECT day FROM traffic WHERE day > ?1) SELECT * FROM t"),
            [(1, "traffic.day".to_owned())]
        );
    }

    #[test]
    fn what_is_not_certain_is_left_out() {
        for sql in [
            "WITH traffic AS (SELECT 1 AS day) SELECT * FROM traffic WHERE day > ?1",
            "SELECT * FROM (SELECT 1 AS day) d WHERE d.day > ?1",
            "SELECT * FROM elsewhere WHERE day > ?1",
            "SELECT * FROM traffic WHERE date(day) > ?1",
            "SELECT * FROM traffic WHERE day > date(?1)",
            "SELECT * FROM tickets, (SELECT 1 AS day) d WHERE day > ?1",
        ] {
            assert_eq!(compared(sql), [], "{sql}");
        }
    }
}
