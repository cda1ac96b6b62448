//! What a registered type of source, format or channel says of itself. `check` reads it for
//! unknown options, `schema` and the reference pages print it. Which types exist is not known here.

use crate::{nearest::nearest, sql_text::SqlLexis};

/// A registered type of source, format or channel.
#[derive(Debug, Clone, Copy)]
pub struct KindSpec {
    /// The name written in `type:` or `formats:`.
    pub name: &'static str,
    /// One sentence for people.
    pub summary: &'static str,
    /// Its options; empty for formats.
    pub options: &'static [OptionSpec],
    /// For sources: the lexis of the SQL that datasets give; `None` when the source is read whole.
    pub sql: Option<SqlLexis>,
}

/// One option of a type.
#[derive(Debug, Clone, Copy)]
pub struct OptionSpec {
    /// The key.
    pub name: &'static str,
    /// What it means, its unit and default.
    pub summary: &'static str,
    /// The type of its value.
    pub value: OptionType,
    /// Whether it must be given.
    pub required: bool,
}

/// The type of an option's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionType {
    /// Text.
    Text,
    /// Text that must be a reference: `env:NAME` or `file:PATH`.
    Secret,
    /// A whole number.
    Int,
    /// `true` or `false`.
    Bool,
    /// One of these words.
    Choice(&'static [&'static str]),
}

impl OptionType {
    /// What is expected, for messages.
    pub fn expected(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Secret => "a reference: env:NAME or file:PATH".to_owned(),
            Self::Int => "a whole number".to_owned(),
            Self::Bool => "true or false".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
        }
    }

    /// Whether a value has this type.
    pub fn accepts(self, value: &serde_json::Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Secret => value.as_str().is_some_and(|s| s.starts_with("env:") || s.starts_with("file:")),
            Self::Int => value.is_u64() || value.is_i64(),
            Self::Bool => value.is_boolean(),
            Self::Choice(words) => value.as_str().is_some_and(|s| words.contains(&s)),
        }
    }
}

/// All registered types, as the definitions' checks need them.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// Types of sources.
    pub sources: Vec<KindSpec>,
    /// Formats.
    pub formats: Vec<KindSpec>,
    /// The locales, by BCP 47 tag.
    pub locales: Vec<&'static str>,
    /// Types of channels.
    pub channels: Vec<KindSpec>,
}

/// What is wrong with the options of one definition; `key` is `None` when an option is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionFault {
    /// The key that is wrong.
    pub key: Option<String>,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub help: String,
}

impl KindSpec {
    /// What is wrong with these options.
    pub fn faults(&self, options: &serde_json::Map<String, serde_json::Value>) -> Vec<OptionFault> {
        let mut faults = Vec::new();
        for (key, value) in options {
            match self.options.iter().find(|o| o.name == key) {
                None => faults.push(OptionFault {
                    key: Some(key.clone()),
                    message: format!("`{}` has no option `{key}`", self.name),
                    help: match nearest(key, self.options.iter().map(|o| o.name)) {
                        Some(name) => format!("did you mean `{name}`?"),
                        None => {
                            format!("known: {}", self.options.iter().map(|o| o.name).collect::<Vec<_>>().join(", "))
                        }
                    },
                }),
                Some(option) if !option.value.accepts(value) => faults.push(OptionFault {
                    key: Some(key.clone()),
                    message: format!("`{key}` must be {}", option.value.expected()),
                    help: option.summary.to_owned(),
                }),
                Some(_) => {}
            }
        }
        for option in self.options.iter().filter(|o| o.required && !options.contains_key(o.name)) {
            faults.push(OptionFault {
                key: None,
                message: format!("`{}` needs the option `{}`", self.name, option.name),
                help: option.summary.to_owned(),
            });
        }
        faults
    }
}
