//! What a registered type of source, format or channel says of itself. `check` reads it for
//! unknown options, `schema` and the reference pages print it. Which types exist is not known here.

use crate::{
    nearest::nearest,
    server_url::{ServerUrl, carries_password},
    sql_text::SqlLexis,
};

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
    /// A server's address without a password, or a reference to one that may have one.
    Url,
    /// A whole number.
    Int,
    /// A port: a whole number from 1 to 65535.
    Port,
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
            Self::Url => "an address without a password, or a reference: env:NAME or file:PATH".to_owned(),
            Self::Int => "a whole number".to_owned(),
            Self::Port => "a whole number from 1 to 65535".to_owned(),
            Self::Bool => "true or false".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
        }
    }

    /// Whether a value has this type.
    pub fn accepts(self, value: &serde_json::Value) -> bool {
        match self {
            Self::Text => value.is_string() && !is_reference(value),
            Self::Secret => is_reference(value),
            Self::Url => {
                let harmless = |url: &str| ServerUrl::parse(url).is_ok_and(|url| !url.has_secret());
                is_reference(value) || value.as_str().is_some_and(harmless)
            }
            Self::Int => value.is_u64() || value.is_i64(),
            Self::Port => value.as_u64().is_some_and(|port| (1..=65_535).contains(&port)),
            Self::Bool => value.is_boolean(),
            Self::Choice(words) => value.as_str().is_some_and(|s| words.contains(&s)),
        }
    }

    /// Whether its value is secret: only there is a reference read, and the value is never stored or shown.
    pub fn is_secret(self) -> bool {
        matches!(self, Self::Secret | Self::Url)
    }
}

/// Whether a value refers to the environment or to a file.
pub fn is_reference(value: &serde_json::Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with("env:") || text.starts_with("file:"))
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
                Some(option) if !option.value.accepts(value) => faults.push(self.misfit(option, value)),
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
    /// The words for a value that is not of its option's type; a value that may be secret is not repeated.
    fn misfit(&self, option: &OptionSpec, value: &serde_json::Value) -> OptionFault {
        let key = option.name;
        let (message, help) = match option.value {
            OptionType::Secret if value.is_string() => (
                format!("`{key}` is secret and cannot stand in a definition"),
                format!("write `{key}: env:NAME` or `{key}: file:PATH`, and put the value there"),
            ),
            OptionType::Url if value.as_str().is_some_and(carries_password) => (
                format!("the `{key}` carries a password, which cannot stand in a definition"),
                format!(
                    "leave the password out and add `password: env:NAME`, or write `{key}: env:NAME` and put all of it there"
                ),
            ),
            OptionType::Url if value.is_string() => {
                let fault = value.as_str().and_then(|url| ServerUrl::parse(url).err());
                let why = fault.map(|fault| fault.to_string()).unwrap_or_default();
                (format!("the `{key}` cannot be read: {why}"), option.summary.to_owned())
            }
            kind if !kind.is_secret() && is_reference(value) => {
                let secret: Vec<&str> = self.options.iter().filter(|o| o.value.is_secret()).map(|o| o.name).collect();
                let help = match secret.as_slice() {
                    [] => format!("write the value itself; `{}` has no secret options", self.name),
                    names => format!("write the value itself; references are read in {}", names.join(", ")),
                };
                (format!("`{key}` is not secret, and only secret options take a reference such as env: or file:"), help)
            }
            kind => (format!("`{key}` must be {}", kind.expected()), option.summary.to_owned()),
        };
        OptionFault { key: Some(key.to_owned()), message, help }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const fn option(name: &'static str, value: OptionType) -> OptionSpec {
        OptionSpec { name, summary: "what it means", value, required: false }
    }

    const KIND: KindSpec = KindSpec {
        name: "db",
        summary: "",
        options: &[
            option("host", OptionType::Text),
            option("port", OptionType::Port),
            option("tls", OptionType::Bool),
            option("mode", OptionType::Choice(&["a", "b"])),
            option("rows", OptionType::Int),
            option("url", OptionType::Url),
            option("password", OptionType::Secret),
        ],
        sql: None,
    };

    fn fault(key: &str, value: serde_json::Value) -> Option<(String, String)> {
        let options = [(key.to_owned(), value)].into_iter().collect();
        KIND.faults(&options).into_iter().next().map(|fault| (fault.message, fault.help))
    }

    #[test]
    fn references_stand_only_where_secrets_do() {
        for reference in ["env:NAME", "file:secrets/x"] {
            for key in ["url", "password"] {
                assert_eq!(fault(key, json!(reference)), None, "{key}");
            }
            for key in ["host", "port", "tls", "mode", "rows"] {
                let (message, help) = fault(key, json!(reference)).expect("a fault");
                assert!(message.contains("only secret options take a reference"), "{key}: {message}");
                assert_eq!(help, "write the value itself; references are read in url, password", "{key}");
            }
        }
    }

    #[test]
    fn a_secret_in_a_definition_is_refused_and_not_repeated() {
        for (key, value) in [
            ("password", json!("canary")),
            ("url", json!("postgres://u:canary@h/d")),
            ("url", json!("postgres://h/d?password=canary")),
        ] {
            let (message, help) = fault(key, value).expect("a fault");
            assert!(message.contains("cannot stand in a definition") && help.contains("env:NAME"), "{message}: {help}");
            assert!(!format!("{message}{help}").contains("canary"), "{message}: {help}");
        }
        assert_eq!(fault("url", json!("postgres://u@h:1/d")), None);
        let (message, _) = fault("url", json!("postgres://h:99999/d")).expect("a fault");
        assert_eq!(message, "the `url` cannot be read: its port is not a number from 1 to 65535");
    }

    #[test]
    fn a_port_is_one_that_can_be() {
        for good in [1, 5432, 65_535] {
            assert_eq!(fault("port", json!(good)), None, "{good}");
        }
        for bad in [json!(0), json!(65_536), json!(99_999), json!(-1), json!("5432"), json!(1.5)] {
            assert_eq!(fault("port", bad.clone()).expect("a fault").0, "`port` must be a whole number from 1 to 65535");
        }
    }
}
