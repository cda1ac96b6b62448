//! The formats: a document becomes bytes, one file or folder for each kind. They know documents
//! and nothing else: no store, no engine, no clock. A new format is its file and a line below.

use punctual_document::format::FormatKind;

mod csv;
mod html;
mod json;
pub mod pdf;
mod plain;
mod scalar;
mod words;
mod xlsx;

/// Every format that a report can ask for.
pub const KINDS: &[FormatKind] = &[
    pdf::KIND,
    xlsx::KIND, //
    csv::KIND,
    json::KIND,
    html::KIND,
];
