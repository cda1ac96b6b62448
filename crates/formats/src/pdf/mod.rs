//! The PDF: a flow layout of our own in four phases, each a type of its own. The document becomes
//! `blocks`; `measure` sets their text in lines; `place` puts them on pages; `draw` draws the
//! pages. A phase knows the one before it and nothing of the next.
//!
//! Equal documents give equal bytes: no clock, no random ids, no fonts but the shipped ones and those
//! that the document brings.
//! Rows are read in batches, once to measure and once to draw, and never kept.

use std::{io::Write, sync::Arc};

use punctual_document::{
    content::Document,
    format::{Format, FormatError, FormatKind, Written},
};
use punctual_model::kinds::KindSpec;

use self::{
    blocks::{BlockKind, blocks},
    draw::Setting,
    style::Paper,
    text::Typesetter,
    words::Words,
};

mod blocks;
mod draw;
#[cfg(test)]
mod fixture;
mod fonts;
mod measure;
mod others;
mod place;
mod shape;
mod style;
mod text;
mod words;

/// The registered format.
pub const KIND: FormatKind = FormatKind {
    spec: KindSpec {
        name: "pdf",
        summary: "pages to read and print, with key figures, charts and tables",
        options: &[],
        sql: None,
    },
    extension: "pdf",
    media_type: "application/pdf",
    format: &PDF,
};

/// The PDF format.
pub static PDF: Pdf = Pdf;

/// Writes documents as tagged PDF 1.7.
#[derive(Debug, Clone, Copy)]
pub struct Pdf;

impl Format for Pdf {
    fn write(&self, document: &Document, out: &mut (dyn Write + Send)) -> Result<Written, FormatError> {
        let head = &document.head;
        let (paper, words) = (Paper::of_locale(&head.locale), Words::of_locale(&head.locale));
        let mut setter = Typesetter::new(Arc::clone(&document.fonts));
        let blocks = blocks(document, words);
        let running = blocks.iter().find_map(|block| match &block.kind {
            BlockKind::Masthead(masthead) => Some(masthead.running()),
            _ => None,
        });
        let measured = measure::measure(&blocks, paper, words, &mut setter)?;
        let sheets = place::place(&measured, paper, &mut setter)?;
        let setting = Setting { head, running: running.unwrap_or_default(), paper, words };
        let bytes = draw::draw(&measured, &sheets, &setting, &mut setter)?;
        out.write_all(&bytes)?;
        Ok(Written { without_glyph: setter.into_missing() })
    }
}
