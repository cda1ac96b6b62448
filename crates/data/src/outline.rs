//! The columns that a SELECT names, as far as its text alone tells. Serves checks of definitions in
//! dialects that only the source understands: what cannot be told is `None`, never a guess.

use datafusion::sql::sqlparser::{
    ast::{Expr, Query, Select, SelectItem, SetExpr, Statement},
    dialect::GenericDialect,
    parser::Parser,
    tokenizer::Tokenizer,
};
use punctual_model::sql_text::SqlText;

use crate::sql::depth::too_deep;

/// The names of a query's columns in order; `None` when a star, an expression without a name, or
/// a construct of the source's own hides them.
pub fn columns(sql: &SqlText) -> Option<Vec<String>> {
    let text = sql.with_placeholders(|_| "NULL".to_owned());
    let dialect = GenericDialect {};
    let tokens = Tokenizer::new(&dialect, &text).tokenize_with_location().ok()?;
    if too_deep(&tokens).is_some() {
        return None;
    }
    let mut statements = Parser::new(&dialect).with_tokens_with_locations(tokens).parse_statements().ok()?;
    match (statements.pop()?, statements.is_empty()) {
        (Statement::Query(query), true) => of_query(&query),
        _ => None,
    }
}

fn of_query(query: &Query) -> Option<Vec<String>> {
    of_set(&query.body)
}

fn of_set(set: &SetExpr) -> Option<Vec<String>> {
    match set {
        SetExpr::Select(select) => of_select(select),
        SetExpr::Query(query) => of_query(query),
        // The first branch of a UNION names the columns.
        SetExpr::SetOperation { left, .. } => of_set(left),
        _ => None,
    }
}

fn of_select(select: &Select) -> Option<Vec<String>> {
    select
        .projection
        .iter()
        .map(|item| match item {
            SelectItem::ExprWithAlias { alias, .. } => Some(name(alias)),
            SelectItem::UnnamedExpr(Expr::Identifier(ident)) => Some(name(ident)),
            SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => parts.last().map(name),
            _ => None,
        })
        .collect()
}

fn name(ident: &datafusion::sql::sqlparser::ast::Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sql: &str) -> Option<Vec<String>> {
        columns(&SqlText::plain(sql))
    }

    #[test]
    fn names_are_told_and_never_guessed() {
        let names = |names: &[&str]| Some(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        assert_eq!(of("SELECT a, t.b, sum(c) AS C, d \"D\" FROM t"), names(&["a", "b", "c", "D"]));
        assert_eq!(of("WITH x AS (SELECT 1) SELECT a FROM x UNION ALL SELECT b FROM y"), names(&["a"]));
        assert_eq!(of("SELECT * FROM t"), None);
        assert_eq!(of("SELECT sum(a) FROM t"), None);
        assert_eq!(of("not sql"), None);
    }
}
