//! Diagnostics: what is wrong with a definition, where, and the way out. How they are drawn is
//! the binary's business.

use std::ops::Range;

use serde::Serialize;

/// How much a diagnostic matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing runs until it is mended.
    Error,
    /// Worth a look.
    Warning,
}

/// The definition that a diagnostic is about: its fault stops what depends on it, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Subject {
    /// `source`, `template`, `report`, `list`, or `settings`.
    pub kind: &'static str,
    /// Its name; of a template `name@version`, or `name@` where the version is what is wrong.
    pub name: String,
}

/// Something wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// The way out.
    pub help: Option<String>,
    /// The file, relative to the project.
    pub file: String,
    /// The bytes in the file that it is about.
    pub span: Range<usize>,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The definition it is about, where that is known: a file that is no YAML may hold any.
    pub definition: Option<Subject>,
}

impl Diagnostic {
    /// An error about a span of a file's text.
    pub fn error(file: &SourceFile, span: Range<usize>, message: impl Into<String>) -> Self {
        let (line, column) = file.position(span.start);
        Self {
            severity: Severity::Error,
            message: message.into(),
            help: None,
            file: file.path.clone(),
            span,
            line,
            column,
            definition: None,
        }
    }

    /// The same as something worth a look, that stops nothing.
    #[must_use]
    pub fn as_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// The same about a definition.
    #[must_use]
    pub fn about(mut self, definition: Option<Subject>) -> Self {
        self.definition = definition;
        self
    }

    /// The same with a way out.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// A file of definitions: its text and its path relative to the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The path, with `/` between folders.
    pub path: String,
    /// The text.
    pub text: String,
}

impl SourceFile {
    /// The line and column (in characters), both from 1, of a byte offset.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &self.text[..offset];
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |i| i + 1);
        (line, before[start..].chars().count() + 1)
    }
}
