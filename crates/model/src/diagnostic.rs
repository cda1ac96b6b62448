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

/// A file's text with what must stay unknown covered by as many asterisks as it has bytes, so that places keep
/// their places: someone may have written a password down, which is an error, and errors are shown with their text.
pub fn covered(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let body = line.trim_end_matches(['\n', '\r']);
        let mut secrets: Vec<Range<usize>> =
            [secret_value(body), password_of_url(body)].into_iter().flatten().collect();
        secrets.sort_by_key(|secret| secret.start);
        let mut at = 0;
        for secret in secrets {
            let start = secret.start.max(at);
            shown.push_str(&body[at..start]);
            shown.extend(std::iter::repeat_n('*', secret.end.max(start) - start));
            at = secret.end.max(start);
        }
        shown.push_str(&line[at..]);
    }
    shown
}

/// The value of a key such as `password:`, unless it is a reference.
fn secret_value(line: &str) -> Option<Range<usize>> {
    const KEYS: [&str; 4] = ["password", "passwd", "secret", "token"];
    let lower = line.to_ascii_lowercase();
    let key = KEYS.iter().filter_map(|key| lower.find(key).map(|at| at + key.len())).min()?;
    let colon = key + line[key..].find([':', '='])? + 1;
    let behind = line[key..colon - 1].trim_matches(['"', '\'', ' ']);
    let value = colon + line[colon..].len() - line[colon..].trim_start().len();
    let named = value < line.len() && behind.chars().all(|c| c.is_alphanumeric() || c == '_');
    let reference = ["env:", "file:"].iter().any(|r| line[value..].trim_start_matches(['"', '\'']).starts_with(r));
    (named && !reference).then(|| {
        let quoted = line[value..].starts_with(['"', '\'']);
        // In a mapping on one line the value ends before the next key.
        let end = if quoted { None } else { line[value..].find([',', '}', '&']) };
        value..end.map_or(line.len(), |end| value + end)
    })
}

/// The password in `scheme://user:password@host`.
fn password_of_url(line: &str) -> Option<Range<usize>> {
    let login = line.find("://")? + 3;
    let end = login + line[login..].split([' ', '/', '"', '\'']).next()?.rfind('@')?;
    let colon = login + line[login..end].find(':')? + 1;
    Some(colon..end)
}

#[cfg(test)]
mod tests {
    use super::covered;

    #[test]
    fn secrets_are_covered_and_places_stay() {
        for (text, shown) in [
            ("password: hunter2\nhost: h\n", "password: *******\nhost: h\n"),
            ("  password: \"hünter, 2\"\r\n", "  password: ************\r\n"),
            ("smtp: {type: smtp, password: hunter2, host: h}", "smtp: {type: smtp, password: *******, host: h}"),
            ("url: postgres://u:hunter2@h:1/d", "url: postgres://u:*******@h:1/d"),
            ("url: \"mysql://u:hun@ter2@h/d\"", "url: \"mysql://u:********@h/d\""),
            ("url: postgres://h/d?password=hunter2&x=y", "url: postgres://h/d?password=*******&x=y"),
            (
                "password: env:PG\nurl: env:URL\nurl: postgres://u@h:5432/d",
                "password: env:PG\nurl: env:URL\nurl: postgres://u@h:5432/d",
            ),
            ("title: the password: a story", "title: the password: *******"),
        ] {
            assert_eq!(covered(text), shown);
            assert_eq!(covered(text).len(), text.len());
        }
    }
}
