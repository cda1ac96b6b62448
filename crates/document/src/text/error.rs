//! Why a template cannot be rendered, in words for its author: what, where and the way out.

use minijinja::{Environment, Error, ErrorKind};
use punctual_model::nearest::nearest;

use super::{FUEL, context::TextContext, filters, period::PeriodFacts, rewrite::Rewritten};

/// Why a template cannot be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TextError {
    /// What is wrong.
    pub message: String,
    /// The line in the template, from 1.
    pub line: Option<usize>,
    /// The column in that line, in characters from 1.
    pub column: Option<usize>,
    /// The way out, where one is known.
    pub help: Option<String>,
}

impl TextError {
    /// An error at a byte of the template.
    pub(super) fn at(template: &str, offset: usize, message: impl Into<String>, help: Option<String>) -> Self {
        let before = &template[..template.floor_char_boundary(offset)];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { message: message.into(), line: Some(line), column: Some(column), help }
    }

    /// An error of the template as it was written.
    pub(super) fn of_syntax(error: &Error, template: &str) -> Self {
        let message = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        match error.range() {
            Some(range) => Self::at(template, range.start, message, None),
            None => Self { message, line: error.line(), column: None, help: None },
        }
    }
}

/// What is known when an error is to be explained.
pub(super) struct Explain<'a> {
    pub(super) template: &'a str,
    pub(super) rewritten: &'a Rewritten,
    pub(super) context: &'a TextContext,
    pub(super) environment: &'a Environment<'a>,
}

impl Explain<'_> {
    /// The error in words for the template's author.
    pub(super) fn error(&self, error: &Error) -> TextError {
        let innermost = innermost(error);
        let (message, help) = self.words(innermost);
        match innermost.range() {
            Some(range) => TextError::at(self.template, self.place(innermost, range), message, help),
            None => TextError { message, line: innermost.line(), column: None, help },
        }
    }

    /// Where the error is. The engine points at the filter that met an undefined value, not at the value.
    fn place(&self, error: &Error, range: std::ops::Range<usize>) -> usize {
        let offset = self.rewritten.original_offset(range.start);
        let before = &self.template[..self.template.floor_char_boundary(offset)];
        match undefined_path(error.detail().unwrap_or_default()) {
            Some(path) if !self.template[before.len()..].starts_with(path) => before.rfind(path).unwrap_or(offset),
            _ => offset,
        }
    }

    fn words(&self, error: &Error) -> (String, Option<String>) {
        let detail = error.detail().unwrap_or_default();
        // "filter x is unknown", "x is unknown"
        let unknown = || detail.trim_end_matches(" is unknown").rsplit(' ').next().unwrap_or_default();
        match error.kind() {
            ErrorKind::OutOfFuel => {
                let message = format!("the template takes more than {FUEL} steps");
                (message, Some("shorten its loops, or compute the values in SQL".to_owned()))
            }
            ErrorKind::UnknownFilter => unknown_filter(unknown()),
            ErrorKind::UnknownTest => (format!("unknown test `{}`", unknown()), None),
            ErrorKind::UnknownFunction => {
                let known = self.environment.globals().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
                (format!("unknown function `{}`", unknown()), suggestion(unknown(), known.iter().map(String::as_str)))
            }
            _ => match undefined_path(detail) {
                Some(path) => (format!("`{path}` is not known here"), self.known_instead(path)),
                None if detail.is_empty() => (error.kind().to_string(), None),
                None => (detail.to_owned(), None),
            },
        }
    }

    /// What the author may have meant by a path that leads nowhere.
    fn known_instead(&self, path: &str) -> Option<String> {
        if let Some(help) = PeriodFacts::bare_boundary(path) {
            return Some(help);
        }
        match path.split_once('.') {
            Some((name, field)) => {
                let fields = self.context.fields(name);
                let near = nearest(field, fields.iter().copied()).map(|near| format!("did you mean `{name}.{near}`?"));
                near.or_else(|| (!fields.is_empty()).then(|| format!("`{name}` has {}", fields.join(", "))))
            }
            None => {
                let names: Vec<&str> = self.context.names().collect();
                let near = suggestion(path, names.iter().copied());
                near.or_else(|| (!names.is_empty()).then(|| format!("known names are {}", names.join(", "))))
            }
        }
    }
}

/// What is said of a filter that is not there.
pub(super) fn unknown_filter(name: &str) -> (String, Option<String>) {
    let known = filters::NAMES.into_iter().chain(BUILT_IN_FILTERS);
    (format!("unknown filter `{name}`"), suggestion(name, known))
}

/// The error that was there first: an error inside a macro is wrapped by the call's.
fn innermost(error: &Error) -> &Error {
    let mut found = error;
    while let Some(source) = std::error::Error::source(found).and_then(|s| s.downcast_ref::<Error>()) {
        found = source;
    }
    found
}

/// The engine's words are "`path` is undefined", alone or after others in parentheses.
fn undefined_path(detail: &str) -> Option<&str> {
    let end = detail.find("` is undefined")?;
    let start = detail[..end].rfind('`')? + 1;
    Some(&detail[start..end])
}

fn suggestion<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    nearest(written, known).map(|near| format!("did you mean `{near}`?"))
}

/// The engine's own filters that reports have a use for.
const BUILT_IN_FILTERS: [&str; 20] = [
    "abs",
    "capitalize",
    "default",
    "first",
    "float",
    "int",
    "join",
    "last",
    "length",
    "lower",
    "map",
    "max",
    "min",
    "replace",
    "round",
    "sort",
    "sum",
    "title",
    "trim",
    "upper",
];
