//! The formats from outside: what each writes for documents built by hand.

mod browser;
mod conformance;
mod csv;
mod fixtures;
mod formulas;
mod html;
mod json;
mod memory;
mod pdf;
mod repeated_hour;
mod totals;
mod xlsx;

use punctual_document::{
    content::Document,
    format::{FormatError, FormatKind},
};

/// A format by its name.
fn kind(name: &str) -> &'static FormatKind {
    punctual_formats::KINDS.iter().find(|kind| kind.spec.name == name).expect("a registered format")
}

/// A document's bytes in a format.
fn try_bytes(name: &str, document: &Document) -> Result<Vec<u8>, FormatError> {
    let mut out = Vec::new();
    kind(name).format.write(document, &mut out)?;
    Ok(out)
}

fn bytes(name: &str, document: &Document) -> Vec<u8> {
    try_bytes(name, document).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A document's text in a format that is text.
fn text(name: &str, document: &Document) -> String {
    String::from_utf8(bytes(name, document)).expect("UTF-8")
}
