//! How answers look: diagnostics through miette, tables, JSON.

use comfy_table::{Cell, CellAlignment, LineStyle, Table, TableStyle};
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceSpan};
use punctual_engine::EngineError;
use punctual_model::diagnostic::{Diagnostic, Severity};
use serde::Serialize;

use crate::folder::Loaded;

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
        let text = loaded.project.files.iter().find(|f| f.path == diagnostic.file).map(|f| f.text.clone());
        let source = NamedSource::new(&diagnostic.file, text.unwrap_or_default());
        let mut drawn = String::new();
        let report = Drawn { diagnostic: diagnostic.clone(), source };
        if handler.render_report(&mut drawn, &report).is_err() {
            let Diagnostic { file, line, column, message, .. } = diagnostic;
            drawn = format!("{file}:{line}:{column}: {message}\n");
        }
        eprintln!("{drawn}");
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
        json(&answer);
    }
    eprintln!("error: {}", causes.join(": "));
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
    print(&text);
}

/// Prints a line to standard output; a reader that has gone away ends the program quietly.
pub fn print(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{text}").is_err() {
        std::process::exit(i32::from(crate::exit::OK));
    }
}

/// One line under the header, and nothing between rows.
const LINES: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// A table with a header; columns in `right` stand right.
pub fn table(header: &[&str], right: &[usize], rows: impl IntoIterator<Item = Vec<String>>) {
    let mut table = Table::new();
    table.load_style(LINES).set_header(header);
    for row in rows {
        table.add_row(row.into_iter().enumerate().map(|(index, text)| {
            let cell = Cell::new(text);
            if right.contains(&index) { cell.set_alignment(CellAlignment::Right) } else { cell }
        }));
    }
    print(&table.to_string());
}
