//! Columns that SQL names without quotes: it reads such names in lower case, and finds no column whose name has
//! capitals. Told from the text alone, before anything runs.

use std::{collections::BTreeSet, ops::ControlFlow};

use datafusion::sql::sqlparser::{
    ast::{Expr, Ident, Query, Select, SelectItem, SetExpr, Statement, TableAlias, TableFactor, Visit, Visitor},
    tokenizer::Location,
};
use punctual_model::sql_text::SqlText;

use crate::{error::Place, sql::parse::parse};

/// A column that an SQL text names without quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The name as it is written.
    pub name: String,
    /// Where.
    pub place: Option<Place>,
}

/// The way out, in words.
pub fn help(column: &str) -> String {
    format!("write `\"{column}\"`, because a name without quotes is read in lower case")
}

/// The columns that a query names without quotes, each once. Names that the query itself gives
/// to columns of subqueries are none; nothing is said of an order, which may name the query's own columns.
pub fn unquoted(sql: &SqlText) -> Vec<Named> {
    let Ok(parsed) = parse("", sql) else { return Vec::new() };
    let Statement::Query(query) = &parsed.statement else { return Vec::new() };
    let mut inner = Inner::default();
    let mut columns = Columns::default();
    let _ = query.visit(&mut inner);
    of_query(query, &mut columns);
    let mut seen = BTreeSet::new();
    columns
        .found
        .into_iter()
        .filter(|(name, _)| !inner.aliases.contains(&name.to_lowercase()) && seen.insert(name.clone()))
        .map(|(name, at)| Named { name, place: parsed.rendered.place(at.line, at.column) })
        .collect()
}

fn of_query(query: &Query, columns: &mut Columns) {
    if let Some(with) = &query.with {
        let _ = with.visit(columns);
    }
    of_set(&query.body, columns);
}

fn of_set(set: &SetExpr, columns: &mut Columns) {
    match set {
        SetExpr::Select(select) => of_select(select, columns),
        SetExpr::Query(query) => of_query(query, columns),
        SetExpr::SetOperation { left, right, .. } => {
            of_set(left, columns);
            of_set(right, columns);
        }
        _ => {}
    }
}

fn of_select(select: &Select, columns: &mut Columns) {
    let _ = select.projection.visit(columns);
    let _ = select.from.visit(columns);
    let _ = select.selection.visit(columns);
}

/// Collects the columns of expressions.
#[derive(Default)]
struct Columns {
    found: Vec<(String, Location)>,
}

impl Visitor for Columns {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let column: Option<&Ident> = match expr {
            Expr::Identifier(ident) => Some(ident),
            Expr::CompoundIdentifier(parts) => parts.last(),
            _ => None,
        };
        if let Some(ident) = column.filter(|ident| ident.quote_style.is_none()) {
            self.found.push((ident.value.clone(), ident.span.start));
        }
        ControlFlow::Continue(())
    }
}

/// Collects the names that subqueries give to their columns.
#[derive(Default)]
struct Inner {
    depth: usize,
    aliases: BTreeSet<String>,
}

impl Inner {
    /// Of `t (a, b)`.
    fn of_alias(&mut self, alias: &TableAlias) {
        self.aliases.extend(alias.columns.iter().map(|column| column.name.value.to_lowercase()));
    }
}

impl Visitor for Inner {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.depth += 1;
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.of_alias(&cte.alias);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Derived { alias: Some(alias), .. }
            | TableFactor::Table { alias: Some(alias), .. }
            | TableFactor::UNNEST { alias: Some(alias), .. } => self.of_alias(alias),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        if self.depth > 1 {
            for item in &select.projection {
                if let SelectItem::ExprWithAlias { alias, .. } = item {
                    self.aliases.insert(alias.value.to_lowercase());
                }
            }
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sql: &str) -> Vec<String> {
        unquoted(&SqlText::plain(sql)).into_iter().map(|named| named.name).collect()
    }

    #[test]
    fn columns_without_quotes_are_found_and_names_that_the_query_gives_are_not() {
        assert_eq!(of("SELECT Customer, sum(Amount) AS Amount FROM x GROUP BY Customer"), ["Customer", "Amount"]);
        assert_eq!(of("SELECT \"Customer\", amount AS Total FROM x ORDER BY Total"), ["amount"]);
        assert_eq!(of("WITH t AS (SELECT sum(\"A\") AS Sum1 FROM x) SELECT Sum1, t.B FROM t"), ["B"]);
        assert_eq!(of("SELECT a FROM x WHERE x.City = 'Rome' AND \"Zip\" > 1"), ["a", "City"]);
        assert_eq!(
            of("WITH t(Sum1) AS (SELECT 1) SELECT Sum1, u.Two FROM t, (SELECT 2) AS u(Two)"),
            Vec::<String>::new()
        );
        assert_eq!(of("no sql"), Vec::<String>::new());
    }

    #[test]
    fn each_is_told_where_it_stands() {
        let named = unquoted(&SqlText::plain("SELECT a,\n  Customer FROM x"));
        let place = named[1].place.clone().expect("a place");
        assert_eq!((place.line, place.column), (2, 3));
    }
}
