//! From SQL text to a syntax tree that is one query and nothing else, with the names it refers
//! to. Refuses what would change or reach beyond the data, and functions that depend on the clock.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::{
    ast::{
        Expr, Ident, ObjectName, ObjectNamePart, Query, Select, SetExpr, Spanned, Statement, TableFactor, Visit,
        Visitor,
    },
    dialect::GenericDialect,
    parser::{Parser, ParserError},
    tokenizer::{Location, Token, TokenWithSpan, Tokenizer},
};
use punctual_model::sql_text::SqlText;

use super::{
    LEXIS,
    depth::{TOO_DEEP, too_deep},
    functions::refusal,
    text::Rendered,
};
use crate::error::{DataError, Place};

/// Nesting of expressions and queries that the parser follows.
const DEPTH: usize = 64;

/// A query, ready to be planned.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// The text, for positions and parameters.
    pub rendered: Rendered,
    /// The one query.
    pub statement: Statement,
    /// The tables it reads, once each, in order of appearance. Names of its own (WITH) are not among them.
    pub tables: Vec<TableName>,
}

/// A table as a query names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableName {
    /// The name, in lower case unless it was quoted.
    pub name: String,
    /// Where it is named first.
    pub place: Option<Place>,
}

/// Parses one query.
///
/// # Errors
/// A syntax error or a construct that is not allowed, with its place.
pub(crate) fn parse(subject: &str, sql: &SqlText) -> Result<Parsed, DataError> {
    let error = |place: Option<Place>, message: String| DataError::Sql { subject: subject.to_owned(), place, message };
    sql.check_placement(LEXIS).map_err(|e| error(None, e.to_string()))?;
    let rendered = Rendered::new(sql);
    let at = |location: Location| rendered.place(location.line, location.column);

    let dialect = GenericDialect {};
    let tokens = Tokenizer::new(&dialect, &rendered.text)
        .tokenize_with_location()
        .map_err(|e| error(at(e.location), lower_first(&e.message)))?;
    if let Some(place) = too_deep(&tokens) {
        return Err(error(at(place), TOO_DEEP.to_owned()));
    }
    check_placeholders(&rendered, &tokens).map_err(|(location, message)| error(at(location), message))?;
    let statements = Parser::new(&dialect)
        .with_recursion_limit(DEPTH)
        .with_tokens_with_locations(tokens)
        .parse_statements()
        .map_err(|e| {
            let (message, location) = syntax_error(&e);
            error(location.and_then(at), rendered.name_binds(&message))
        })?;
    let statement = one_query(statements).map_err(|message| error(None, message))?;

    let mut names = Names::default();
    if let ControlFlow::Break((location, message)) = statement.visit(&mut names) {
        return Err(error(at(location), message));
    }
    let tables = names.tables.into_iter().map(|(name, location)| TableName { name, place: at(location) }).collect();
    Ok(Parsed { rendered, statement, tables })
}

/// Every placeholder in the token stream is one of ours, and all of ours are there: a second
/// proof, beside the scan of the text, that no parameter stands inside a string or a comment.
fn check_placeholders(rendered: &Rendered, tokens: &[TokenWithSpan]) -> Result<(), (Location, String)> {
    let mut slots = rendered.slots();
    for token in tokens {
        if let Token::Placeholder(written) = &token.token {
            let start = token.span.start;
            if slots.next() != Some((written.as_str(), start.line, start.column)) {
                return Err((start, format!("`{written}` is not a parameter: write values as `{{{{ ... }}}}`")));
            }
        }
    }
    slots.next().map_or(Ok(()), |(placeholder, line, column)| {
        let bind = rendered.name_binds(placeholder);
        let message = format!("`{bind}` stands inside a string, a name or a comment, where it is no parameter");
        Err((Location { line, column }, message))
    })
}

fn one_query(mut statements: Vec<Statement>) -> Result<Statement, String> {
    if statements.len() > 1 {
        return Err(format!("one statement is allowed, not {}", statements.len()));
    }
    match statements.pop() {
        None => Err("the SQL is empty: write one SELECT".to_owned()),
        Some(statement @ Statement::Query(_)) => Ok(statement),
        Some(other) => Err(only_queries(&other.to_string())),
    }
}

fn only_queries(text: &str) -> String {
    let verb: String = text.chars().take_while(|c| c.is_alphabetic()).collect();
    format!("only a SELECT is allowed here, not {}", verb.to_uppercase())
}

/// "Expected: an expression, found: FROM at Line: 1, Column: 8" in parts.
fn syntax_error(error: &ParserError) -> (String, Option<Location>) {
    let text = match error {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text.as_str(),
        ParserError::RecursionLimitExceeded => return ("the SQL is nested too deeply".to_owned(), None),
    };
    let Some((message, location)) = text.rsplit_once(" at Line: ") else {
        return (format!("syntax error: {}", lower_first(text)), None);
    };
    let location = location.split_once(", Column: ").and_then(|(line, column)| {
        let column: String = column.chars().take_while(char::is_ascii_digit).collect();
        Some(Location { line: line.parse().ok()?, column: column.parse().ok()? })
    });
    (format!("syntax error: {}", lower_first(message)), location)
}

pub(super) fn lower_first(text: &str) -> String {
    let mut chars = text.trim().trim_end_matches('.').chars();
    match (chars.next(), chars.clone().next()) {
        // An acronym keeps its capitals.
        (Some(first), second) if !second.is_some_and(char::is_uppercase) => first.to_lowercase().chain(chars).collect(),
        _ => text.trim().trim_end_matches('.').to_owned(),
    }
}

/// Collects table names and refuses what a query must not hold.
#[derive(Default)]
struct Names {
    tables: Vec<(String, Location)>,
    /// Names that the query defines itself (WITH), innermost last.
    own: Vec<String>,
}

type Refused = (Location, String);

impl Visitor for Names {
    type Break = Refused;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Refused> {
        let refuse = |what: &str| ControlFlow::Break((query.span().start, format!("{what} is not allowed")));
        if !query.locks.is_empty() {
            return refuse("FOR UPDATE or FOR SHARE");
        }
        if query.settings.is_some() || query.format_clause.is_some() || query.for_clause.is_some() {
            return refuse("SETTINGS, FORMAT or FOR");
        }
        only_reads(&query.body)?;
        if let Some(with) = &query.with {
            for cte in &with.cte_tables {
                // A name is not yet its own inside of the query that defines it, unless it is recursive.
                if !with.recursive {
                    cte.visit(self)?;
                }
                self.own.push(normal(&cte.alias.name));
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<Refused> {
        let defined = query.with.as_ref().map_or(0, |with| with.cte_tables.len());
        self.own.truncate(self.own.len() - defined);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Refused> {
        match select.into {
            Some(_) => ControlFlow::Break((select.span().start, "SELECT INTO is not allowed".to_owned())),
            None => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Refused> {
        if let TableFactor::Table { name, args, sample, version, .. } = factor {
            let start = name.span().start;
            if sample.is_some() || version.is_some() {
                return ControlFlow::Break((start, "a sample or version of a table is not allowed".to_owned()));
            }
            if args.is_none() {
                return self.add_table(name, start);
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Refused> {
        if let Expr::Function(function) = expr {
            let name = function.name.to_string().to_lowercase();
            if let Some(why) = refusal(&name) {
                return ControlFlow::Break((function.name.span().start, format!("`{name}` is not available: {why}")));
            }
        }
        ControlFlow::Continue(())
    }
}

impl Names {
    fn add_table(&mut self, name: &ObjectName, start: Location) -> ControlFlow<Refused> {
        let [ObjectNamePart::Identifier(ident)] = name.0.as_slice() else {
            let message = format!("`{name}`: datasets and tables have plain names, without a dot");
            return ControlFlow::Break((start, message));
        };
        let name = normal(ident);
        if !self.own.contains(&name) && self.tables.iter().all(|(known, _)| *known != name) {
            self.tables.push((name, start));
        }
        ControlFlow::Continue(())
    }
}

fn only_reads(body: &SetExpr) -> ControlFlow<Refused> {
    match body {
        SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) => ControlFlow::Continue(()),
        SetExpr::SetOperation { left, right, .. } => {
            only_reads(left)?;
            only_reads(right)
        }
        other => ControlFlow::Break((other.span().start, only_queries(&other.to_string()))),
    }
}

/// An identifier as the planner reads it: in lower case unless it is quoted.
fn normal(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() }
}

#[cfg(test)]
mod tests {
    use punctual_model::{
        sql_text::{Bind, Fragment},
        value::Value,
    };

    use super::*;

    fn refused(sql: &str) -> String {
        parse("table `t`", &SqlText::plain(sql)).expect_err(sql).to_string()
    }

    #[test]
    fn names_are_those_that_the_query_does_not_define() {
        let sql = "WITH a AS (SELECT * FROM a JOIN Orders USING (id)), b AS (SELECT * FROM a) \
                   SELECT * FROM b, \"Big\" WHERE x IN (SELECT x FROM (SELECT * FROM c) q) AND y > (SELECT max(y) FROM b)";
        let parsed = parse("table `t`", &SqlText::plain(sql)).expect("parses");
        let names: Vec<&str> = parsed.tables.iter().map(|t| t.name.as_str()).collect();
        assert_eq!(names, ["a", "orders", "Big", "c"]);
        let recursive = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT i FROM n";
        assert!(parse("table `t`", &SqlText::plain(recursive)).expect("parses").tables.is_empty());
        let series = "SELECT * FROM generate_series(1, 3), d";
        assert_eq!(parse("table `t`", &SqlText::plain(series)).expect("parses").tables.len(), 1);
    }

    #[test]
    fn syntax_errors_tell_line_and_column() {
        assert_eq!(
            refused("SELECT a\n  FROM t WHERE ) b"),
            "table `t`, line 2, column 16 (`FROM t WHERE ) b`): syntax error: expected: an expression, found: )"
        );
        assert!(refused("SELECT 'open").contains("line 1, column 8"), "{}", refused("SELECT 'open"));
        assert!(refused(&format!("SELECT {}1{}", "(".repeat(500), ")".repeat(500))).contains("nested too deeply"));
    }

    #[test]
    fn only_one_query_is_allowed() {
        for (sql, word) in [
            ("INSERT INTO t VALUES (1)", "not INSERT"),
            ("WITH x AS (INSERT INTO t VALUES (1) RETURNING id) SELECT * FROM x", "not INSERT"),
            ("DROP TABLE t", "not DROP"),
            ("SET a = 1", "not SET"),
            ("EXPLAIN SELECT 1", "not EXPLAIN"),
            ("SHOW TABLES", "not SHOW"),
            ("COPY t TO 'file'", "not COPY"),
            ("SELECT 1; SELECT 2", "one statement"),
            ("", "is empty"),
            (" ; ", "is empty"),
            ("SELECT * INTO x FROM t", "SELECT INTO"),
            ("SELECT * FROM t FOR UPDATE", "FOR UPDATE"),
            ("SELECT * FROM information_schema.tables", "plain names"),
            ("SELECT now()", "`now` is not available"),
            ("SELECT current_date", "`current_date` is not available"),
            ("SELECT * FROM (SELECT Random() AS r)", "`random` is not available"),
        ] {
            assert!(refused(sql).contains(word), "{sql}: {}", refused(sql));
        }
    }

    #[test]
    fn parameters_are_written_with_braces_and_stand_alone() {
        assert!(refused("SELECT $1").contains("`$1` is not a parameter"), "{}", refused("SELECT $1"));
        assert!(refused("SELECT ?").contains("is not a parameter"));
        let bind = Fragment::Bind(Bind { expression: "a.b".into(), value: Value::Int(1) });
        let text = |before: &str, after: &str| SqlText {
            fragments: vec![Fragment::Sql(before.into()), bind.clone(), Fragment::Sql(after.into())],
        };
        parse("t", &text("SELECT 1 WHERE 1=", "AND 2=2")).expect("the word after is not swallowed");
        for (before, after) in [
            ("SELECT '", "'"),
            ("SELECT 1 -- ", "\n"),
            ("SELECT $$", "$$"),
            ("SELECT q'[", "]'"),
            ("SELECT /* /* */ ", "*/ 1"),
        ] {
            assert!(parse("t", &text(before, after)).is_err(), "{before}");
        }
    }
}
