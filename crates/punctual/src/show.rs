//! How answers look: diagnostics through miette, tables, JSON. What reaches a terminal is made harmless
//! by `terminal`, whoever wrote it.

use comfy_table::{Cell, CellAlignment, LineStyle, Table, TableStyle};
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceSpan};
use punctual_engine::EngineError;
use punctual_model::diagnostic::{Diagnostic, Severity, covered};
use serde::Serialize;

use crate::{folder::Loaded, terminal};

/// A diagnostic as miette draws it.
#[derive(Debug)]
struct Drawn {
    diagnostic: Diagnostic,
    source: NamedSource<String>,
}

impl std::fmt::Display for Drawn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.diagnostic.message)
    }
}

impl std::error::Error for Drawn {}

impl miette::Diagnostic for Drawn {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.diagnostic.help.as_ref().map(|help| Box::new(help) as Box<dyn std::fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span: SourceSpan = self.diagnostic.span.clone().into();
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(None, span))))
    }
}

/// Draws what is wrong with a project, on standard error; with `--json` on standard output.
pub fn diagnostics(loaded: &Loaded, as_json: bool) {
    if as_json {
        return json(&serde_json::json!({ "diagnostics": loaded.diagnostics }));
    }
    let handler = handler();
    for diagnostic in &loaded.diagnostics {
        let text = loaded
            .unread
            .iter()
            .chain(&loaded.project.files)
            .find(|f| f.path == diagnostic.file)
            .map(|f| terminal::excerpt(&f.text));
        let diagnostic = Diagnostic {
            file: terminal::value(&diagnostic.file).into_owned(),
            message: terminal::lines(&diagnostic.message).into_owned(),
            help: diagnostic.help.as_ref().map(|help| terminal::lines(help).into_owned()),
            ..diagnostic.clone()
        };
        let source = NamedSource::new(&diagnostic.file, covered(&text.unwrap_or_default()));
        let mut drawn = String::new();
        let report = Drawn { diagnostic, source };
        if handler.render_report(&mut drawn, &report).is_err() {
            let Diagnostic { file, line, column, message, .. } = report.diagnostic;
            drawn = format!("{file}:{line}:{column}: {message}\n");
        }
        terminal::drawn(&drawn);
    }
}

/// Colours and box characters on a terminal, plain text otherwise.
fn handler() -> GraphicalReportHandler {
    use std::io::IsTerminal;
    let plain = std::env::var_os("NO_COLOR").is_some() || !std::io::stderr().is_terminal();
    let theme = if plain { GraphicalTheme::unicode_nocolor() } else { GraphicalTheme::unicode() };
    GraphicalReportHandler::new_themed(theme).with_width(110)
}

/// Draws an error, with its causes.
pub fn error(error: &anyhow::Error, as_json: bool) {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    if as_json {
        let mut answer = serde_json::json!({ "error": causes.join(": ") });
        if let Some(EngineError::Stage { stage, findings, .. }) = error.downcast_ref() {
            answer["stage"] = serde_json::json!(stage);
            answer["findings"] = serde_json::json!(findings);
        }
        if let Some(crate::exit::Coded { diagnostics, .. }) = error.downcast_ref()
            && !diagnostics.is_empty()
        {
            answer["diagnostics"] = serde_json::json!(diagnostics);
        }
        json(&answer);
    }
    tell(&format!("error: {}", causes.join(": ")));
}

/// A number of things in words: `1 source`, `2 sources`.
pub fn count(number: usize, thing: &str) -> String {
    match (number, thing.strip_suffix('y')) {
        (1, _) => format!("1 {thing}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {thing}s"),
    }
}

/// Prints a value as JSON.
pub fn json<T: Serialize>(value: &T) {
    let text = serde_json::to_string_pretty(value).expect("answers have only text keys");
    terminal::answer(&terminal::json(&text));
}

/// Prints one line to standard output, after empty ones if it begins with line breaks; what is in it from
/// elsewhere makes no line of its own.
pub fn print(line: &str) {
    let text = line.trim_start_matches('\n');
    let (empty, _) = line.split_at(line.len() - text.len());
    terminal::answer(&format!("{empty}{}", terminal::value(text)));
}

/// Prints a text of several lines to standard output.
pub fn print_lines(text: &str) {
    terminal::answer(&terminal::lines(text));
}

/// Tells something on standard error: a warning, an error, what is going on.
pub fn tell(text: &str) {
    terminal::tell(text);
}

/// One line under the header, and nothing between rows.
const LINES: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// What stands in a cell of a table.
pub enum Shown {
    /// A text.
    Text(String),
    /// Several texts, below each other.
    List(Vec<String>),
}

impl From<String> for Shown {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl Shown {
    fn cell(self) -> Cell {
        match self {
            Self::Text(text) => Cell::new(terminal::value(&text)),
            Self::List(texts) => Cell::new(texts.iter().map(|t| terminal::value(t)).collect::<Vec<_>>().join("\n")),
        }
    }
}

/// A table with a header; columns in `right` stand right.
pub fn table<S: Into<Shown>>(header: &[&str], right: &[usize], rows: impl IntoIterator<Item = Vec<S>>) {
    let mut table = Table::new();
    table.load_style(LINES).set_header(header);
    for row in rows {
        table.add_row(row.into_iter().enumerate().map(|(index, shown)| {
            let cell = shown.into().cell();
            if right.contains(&index) { cell.set_alignment(CellAlignment::Right) } else { cell }
        }));
    }
    terminal::answer(&table.to_string());
}
