//! SQL templates: each `{{ expression }}` becomes a parameter. The text that reaches the database
//! is the template's own; what an expression gives goes beside it, whatever the template does.
//!
//! Values pass through the `__bind` filter, which keeps them and gives a marker. The formatter
//! writes markers and refuses everything else; a marker that was captured as text by a macro or a
//! set block is refused when that text is used.

use std::sync::{Arc, Mutex, PoisonError};

use minijinja::{Environment, Error, ErrorKind, Value as Dynamic, value::ValueKind};
use punctual_model::sql_text::{Bind, Fragment, MisplacedBind, SqlLexis, SqlText};

use super::{
    context::TextContext,
    error::{Explain, TextError},
    rewrite::Rewritten,
    typed,
};

/// The filter that takes a value out of the text.
pub(super) const BIND: &str = "__bind";

/// Stands around a marker's number. No SQL text can hold it.
const MARK: char = '\0';

/// What one `{{ ... }}` gave: one parameter, or several from a list.
#[derive(Debug)]
struct Bound {
    expression: usize,
    binds: Vec<Bind>,
}

/// The place of a `Bound` in the output.
#[derive(Debug)]
struct Marker(usize);

impl minijinja::value::Object for Marker {
    fn repr(self: &Arc<Self>) -> minijinja::value::ObjectRepr {
        minijinja::value::ObjectRepr::Plain
    }
}

type Kept = Arc<Mutex<Vec<Bound>>>;

/// Renders a SQL template.
pub(super) fn render(
    mut environment: Environment<'_>,
    template: &str,
    context: &TextContext,
    lexis: SqlLexis,
) -> Result<SqlText, TextError> {
    if let Some(offset) = template.find(MARK) {
        return Err(TextError::at(template, offset, "the SQL holds a NUL character", None));
    }
    let rewritten = Rewritten::sql(template)?;
    let kept = Kept::default();
    add_binding(&mut environment, &rewritten, &kept);
    let output = environment.render_str(rewritten.source(), context.to_value());
    let output = output.map_err(|error| {
        Explain { template, rewritten: &rewritten, context, environment: &environment }.error(&error)
    })?;
    drop(environment);
    let kept = std::mem::take(&mut *kept.lock().unwrap_or_else(PoisonError::into_inner));
    let (sql, places) = assembled(&output, kept);
    match sql.check_placement(lexis) {
        Ok(()) => Ok(sql),
        Err(misplaced) => Err(place_of(&misplaced, &sql, &places, lexis, &rewritten, template)),
    }
}

fn add_binding(environment: &mut Environment<'_>, rewritten: &Rewritten, kept: &Kept) {
    let texts: Vec<String> = rewritten.expressions().iter().map(|e| e.text.clone()).collect();
    let kept = Arc::clone(kept);
    environment.add_filter(BIND, move |value: Dynamic, expression: usize| -> Result<Dynamic, Error> {
        let text = texts.get(expression).map(String::as_str).unwrap_or_default();
        let binds = binds(text, value)?;
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(Bound { expression, binds });
        Ok(Dynamic::from_object(Marker(kept.len() - 1)))
    });
    environment.set_formatter(|out, _, value| match value.downcast_object_ref::<Marker>() {
        Some(Marker(number)) => write!(out, "{MARK}{number}{MARK}").map_err(Error::from),
        None => Err(refused("SQL cannot come from a filter block or a call block; write it in place".to_owned())),
    });
}

fn refused(message: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

/// The parameters that a value becomes.
fn binds(expression: &str, value: Dynamic) -> Result<Vec<Bind>, Error> {
    let list = matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable);
    if !list {
        return Ok(vec![bind(expression, &value)?]);
    }
    let binds: Vec<Bind> = value.try_iter()?.map(|item| bind(expression, &item)).collect::<Result<_, _>>()?;
    match binds.is_empty() {
        false => Ok(binds),
        true => Err(refused(format!(
            "`{expression}` is an empty list, which SQL cannot hold; choose other SQL for it with `{{% if {expression} %}}`"
        ))),
    }
}

fn bind(expression: &str, value: &Dynamic) -> Result<Bind, Error> {
    if value.is_undefined() {
        value.get_attr("")?;
    }
    if value.is_safe() || value.as_str().is_some_and(|text| text.contains(MARK)) {
        return Err(refused(format!(
            "`{expression}` is text made by a macro, a set block or `safe`; a value cannot become SQL, write the SQL in place"
        )));
    }
    match typed::to_value(value) {
        Some(value) => Ok(Bind { expression: expression.to_owned(), value }),
        None if value.downcast_object_ref::<Marker>().is_some() => {
            Err(refused(format!("`{expression}` is bound already")))
        }
        None => Err(refused(format!("`{expression}` is a {}, not a value; name one of its fields", value.kind()))),
    }
}

/// The text with its parameters, and for each parameter the number of its expression.
fn assembled(output: &str, kept: Vec<Bound>) -> (SqlText, Vec<usize>) {
    let mut fragments = Vec::new();
    let mut places = Vec::new();
    let sql = |text: &str, fragments: &mut Vec<Fragment>| {
        if !text.is_empty() {
            fragments.push(Fragment::Sql(text.to_owned()));
        }
    };
    // Text and numbers of markers take turns.
    for (index, piece) in output.split(MARK).enumerate() {
        if index % 2 == 0 {
            sql(piece, &mut fragments);
            continue;
        }
        let number: usize = piece.parse().expect("only the formatter writes marks");
        let bound = &kept[number];
        for (index, bind) in bound.binds.iter().enumerate() {
            if index > 0 {
                sql(", ", &mut fragments);
            }
            fragments.push(Fragment::Bind(bind.clone()));
            places.push(bound.expression);
        }
    }
    (SqlText { fragments }, places)
}

/// The error for a parameter that stands where it is none: the first whose text before it says so.
fn place_of(
    misplaced: &MisplacedBind,
    sql: &SqlText,
    places: &[usize],
    lexis: SqlLexis,
    rewritten: &Rewritten,
    template: &str,
) -> TextError {
    let ends = sql.fragments.iter().enumerate().filter(|(_, f)| matches!(f, Fragment::Bind(_))).map(|(i, _)| i + 1);
    let failing = ends.zip(places).find(|(end, _)| {
        let prefix = SqlText { fragments: sql.fragments[..*end].to_vec() };
        prefix.check_placement(lexis).is_err()
    });
    let offset = failing.map_or(0, |(_, place)| rewritten.expressions()[*place].offset);
    TextError::at(template, offset, misplaced.to_string(), None)
}
