//! DataFusion's errors in words for authors: unknown names with the nearest known one, places in
//! their text, limits told apart from mistakes.

use arrow::error::ArrowError;
use datafusion::common::{DataFusionError, SchemaError};

use super::{deadline::TimeUp, parse::lower_first, text::Rendered};
use crate::{
    capitals,
    error::{DataError, unknown_name},
};

/// What a limit of the session refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exhausted {
    /// Memory of the pool.
    Memory,
    /// Temporary files.
    Disk,
    /// Time.
    Time,
}

/// Whether the error comes from a limit. Limits hide inside of Arrow and I/O errors.
pub(crate) fn exhausted(error: &DataFusionError) -> Option<Exhausted> {
    let mut root = error.find_root();
    if let DataFusionError::Shared(inner) = root {
        root = inner.find_root();
    }
    if let DataFusionError::External(inner) = root
        && inner.is::<TimeUp>()
    {
        return Some(Exhausted::Time);
    }
    let text = root.to_string();
    // Spilling writes through Arrow's IPC, so the disk limit arrives as an I/O error with this text.
    if text.contains("used disk space during the spilling process") {
        return Some(Exhausted::Disk);
    }
    matches!(root, DataFusionError::ResourcesExhausted(_)).then_some(Exhausted::Memory)
}

/// A mistake in the text, or a value that could not be computed.
pub(crate) fn from_datafusion(subject: &str, rendered: Option<&Rendered>, error: &DataFusionError) -> DataError {
    let first = error.iter().next().unwrap_or(error);
    let place = first
        .diagnostic()
        .and_then(|diagnostic| diagnostic.span)
        .zip(rendered)
        .and_then(|(span, rendered)| rendered.place(span.start.line, span.start.column));
    let message = words(first);
    let message = rendered.map_or(message.clone(), |rendered| rendered.name_binds(&message));
    DataError::Sql { subject: subject.to_owned(), place, message }
}

fn words(error: &DataFusionError) -> String {
    let root = error.find_root();
    if let DataFusionError::SchemaError(schema, _) = root
        && let SchemaError::FieldNotFound { field, valid_fields } = schema.as_ref()
    {
        let known = valid_fields.iter().map(|column| column.name.as_str());
        let lower = field.name.to_lowercase();
        if let Some(column) = known.clone().find(|column| *column != field.name && column.to_lowercase() == lower) {
            return format!("unknown column `{}`: {}", field.name, capitals::help(column));
        }
        return unknown_name("column", &field.name, known);
    }
    let text = match root {
        DataFusionError::Shared(inner) => inner.strip_backtrace(),
        // The text alone, without "Error during planning".
        DataFusionError::Plan(text) | DataFusionError::Execution(text) | DataFusionError::NotImplemented(text) => {
            text.clone()
        }
        DataFusionError::ArrowError(inner, _) => match inner.as_ref() {
            ArrowError::ComputeError(text) => text.clone(),
            other => other.to_string(),
        },
        other => other.strip_backtrace(),
    };
    if let DataFusionError::Internal(_) = root {
        // Not the author's mistake: all of it may be needed to find the cause.
        return text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    let text = text.split(DataFusionError::BACK_TRACE_SEP).next().unwrap_or_default();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let head = lower_first(lines.next().unwrap_or_default());
    match lines.next() {
        Some(hint) if hint.starts_with("Did you mean") => format!("{head}: {}", lower_first(hint)),
        _ => head,
    }
}
