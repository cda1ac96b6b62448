//! How one CSV file is written: what its options say, checked once when the source is opened.

use std::path::PathBuf;

use encoding_rs::Encoding;
use punctual_data::source::{SourceConfig, SourceError};
use punctual_model::kinds::{OptionSpec, OptionType};

use super::numbers::NumberStyle;
use crate::{context::config_error, options};

/// Encodings by the names that the web gives them; `utf-16` looks at the file's first bytes.
const ENCODINGS: &[&str] = &[
    "utf-8",
    "utf-16",
    "utf-16le",
    "utf-16be",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1254",
    "iso-8859-1",
    "iso-8859-2",
    "iso-8859-15",
    "shift_jis",
    "euc-jp",
    "euc-kr",
    "gbk",
    "gb18030",
    "big5",
];

const fn option(name: &'static str, summary: &'static str, value: OptionType) -> OptionSpec {
    OptionSpec { name, summary, value, required: false }
}

/// The options of the type `csv`.
pub(super) const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        name: "path",
        summary: "The file, relative to the project's folder.",
        value: OptionType::Text,
        required: true,
    },
    option("delimiter", "The character between fields, or the word tab. Default: a comma.", OptionType::Text),
    option(
        "quote",
        "The character around fields that hold delimiters or line breaks, or the word none: quotes are text like any other character. Default: the double quote.",
        OptionType::Text,
    ),
    option(
        "stray_quotes",
        "What a quote inside a field without quotes is: refuse (default), or text. One that follows the closing quote is always refused.",
        OptionType::Choice(&["refuse", "text"]),
    ),
    option(
        "multiline",
        "true: a quoted field may hold line breaks, whatever else is in it. Default: false, which refuses one that has swallowed what looks like rows.",
        OptionType::Bool,
    ),
    option(
        "header",
        "false: the first line is a row, and the columns are column_1, column_2 and so on. Default: true.",
        OptionType::Bool,
    ),
    option(
        "unnamed",
        "What becomes of columns whose name in the header is empty and that `columns:` does not name: refuse (default), or skip.",
        OptionType::Choice(&["refuse", "skip"]),
    ),
    option(
        "numbers",
        "How numbers are written: plain (1234.56, default) or one of these examples; groups of three digits are all written or none.",
        OptionType::Choice(NumberStyle::WORDS),
    ),
    option("trim", "true: blanks around fields do not belong to them. Default: false.", OptionType::Bool),
    option("encoding", "How the file's text is encoded. Default: utf-8.", OptionType::Choice(ENCODINGS)),
    option("null", "The field that stands for no value. Default: the empty field.", OptionType::Text),
];

/// The file and how to read it.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) path: PathBuf,
    /// The path as written, for messages.
    pub(super) shown: String,
    pub(super) dialect: Dialect,
    pub(super) has_header: bool,
    pub(super) skip_unnamed: bool,
    pub(super) numbers: NumberStyle,
    pub(super) trim: bool,
    /// `None` for UTF-8, which needs no conversion.
    pub(super) encoding: Option<TextEncoding>,
    pub(super) null: String,
}

/// What ends fields and rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    pub(super) quote: Option<u8>,
    pub(super) stray_quotes_are_text: bool,
    pub(super) multiline: bool,
}

/// An encoding other than UTF-8.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextEncoding {
    pub(super) encoding: &'static Encoding,
    /// Whether the file's first bytes say in which order its bytes come.
    pub(super) by_mark: bool,
}

impl File {
    /// Reads the options.
    pub(super) fn of(config: &SourceConfig) -> Result<Self, SourceError> {
        let shown = options::required_text(config, "path")?.to_owned();
        let delimiter = character(config, "delimiter", ("tab", Some(b'\t')))?.unwrap_or(Some(b','));
        let quote = character(config, "quote", ("none", None))?.unwrap_or(Some(b'"'));
        if delimiter == quote {
            return Err(config_error(&config.name, "`delimiter` and `quote` are the same character"));
        }
        let numbers = choice(config, "numbers", NumberStyle::WORDS)?.unwrap_or("plain");
        Ok(Self {
            path: config.project.join(&shown),
            shown,
            dialect: Dialect {
                delimiter: delimiter.unwrap_or(b','),
                quote,
                stray_quotes_are_text: choice(config, "stray_quotes", &["refuse", "text"])? == Some("text"),
                multiline: options::flag(config, "multiline", false)?,
            },
            has_header: options::flag(config, "header", true)?,
            skip_unnamed: choice(config, "unnamed", &["refuse", "skip"])? == Some("skip"),
            numbers: NumberStyle::of(numbers).unwrap_or_default(),
            trim: options::flag(config, "trim", false)?,
            encoding: encoding(config)?,
            null: options::text(config, "null")?.unwrap_or_default().to_owned(),
        })
    }
}

/// An option that is one ASCII character, or a word for one; `None` when it is not given.
fn character(
    config: &SourceConfig,
    name: &str,
    (word, meaning): (&str, Option<u8>),
) -> Result<Option<Option<u8>>, SourceError> {
    match options::text(config, name)? {
        None => Ok(None),
        Some(text) if text == word => Ok(Some(meaning)),
        Some(text) => match text.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'\r' | b'\n' | 0) && (name == "quote" || *byte != b'"') => {
                Ok(Some(Some(*byte)))
            }
            _ => {
                let message = format!("`{name}` is one ASCII character or the word {word}, not `{text}`");
                Err(config_error(&config.name, message))
            }
        },
    }
}

fn choice<'c>(config: &'c SourceConfig, name: &str, words: &[&str]) -> Result<Option<&'c str>, SourceError> {
    match options::text(config, name)? {
        Some(word) if !words.contains(&word) => {
            let message = format!("`{name}` is one of {}, not `{word}`", words.join(", "));
            Err(config_error(&config.name, message))
        }
        chosen => Ok(chosen),
    }
}

fn encoding(config: &SourceConfig) -> Result<Option<TextEncoding>, SourceError> {
    let Some(name) = choice(config, "encoding", ENCODINGS)?.filter(|name| *name != "utf-8") else { return Ok(None) };
    let encoding = Encoding::for_label(name.as_bytes()).ok_or_else(|| {
        config_error(&config.name, format!("`encoding: {name}` is not known; convert the file to UTF-8"))
    })?;
    Ok(Some(TextEncoding { encoding, by_mark: name == "utf-16" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_encoding_is_known() {
        for name in ENCODINGS {
            assert!(Encoding::for_label(name.as_bytes()).is_some(), "{name}");
        }
    }
}
