//! Reading a source's options, and what the database servers among the types share:
//! where the server is, who logs in, and how the line is protected.

use std::path::PathBuf;

use punctual_data::source::{SourceConfig, SourceError};
use punctual_model::kinds::{OptionSpec, OptionType};

use crate::context::config_error;

/// The words for `sslmode`, the same for every server.
pub(crate) const SSL_MODES: &[&str] = &["disable", "prefer", "require", "verify-ca", "verify-full"];

/// `url`
pub(crate) const URL: OptionSpec = OptionSpec {
    name: "url",
    summary: "Where the server is and who logs in, in one line; may be a reference such as env:WAREHOUSE_URL. Give it or `host`.",
    value: OptionType::Text,
    required: false,
};
/// `host`
pub(crate) const HOST: OptionSpec = OptionSpec {
    name: "host",
    summary: "The server's name or address. Give it or `url`.",
    value: OptionType::Text,
    required: false,
};
/// `port`
pub(crate) const PORT: OptionSpec = OptionSpec {
    name: "port",
    summary: "The server's port. Default: the one that is usual for its type.",
    value: OptionType::Int,
    required: false,
};
/// `database`
pub(crate) const DATABASE: OptionSpec =
    OptionSpec { name: "database", summary: "The database on the server.", value: OptionType::Text, required: false };
/// `user`
pub(crate) const USER: OptionSpec = OptionSpec {
    name: "user",
    summary: "The user who logs in; one that can only read is best.",
    value: OptionType::Text,
    required: false,
};
/// `password`
pub(crate) const PASSWORD: OptionSpec = OptionSpec {
    name: "password",
    summary: "The user's password, as a reference: env:NAME or file:PATH. Also goes with a `url` that has none.",
    value: OptionType::Secret,
    required: false,
};
/// `sslmode`
pub(crate) const SSL_MODE: OptionSpec = OptionSpec {
    name: "sslmode",
    summary: "How the line is protected: disable, prefer (TLS if the server has it), require, verify-ca or verify-full (certificate and name are checked). Default: prefer.",
    value: OptionType::Choice(SSL_MODES),
    required: false,
};
/// `sslrootcert`
pub(crate) const SSL_ROOT_CERT: OptionSpec = OptionSpec {
    name: "sslrootcert",
    summary: "A PEM file with the authority that signed the server's certificate, relative to the project's folder. Default: the system's authorities.",
    value: OptionType::Text,
    required: false,
};

/// Where the server is: as one URL or in parts.
pub(crate) enum Address<'a> {
    /// As one URL.
    Url(&'a str),
    /// In parts.
    Parts {
        /// The server's name or address.
        host: &'a str,
        /// Its port.
        port: Option<u16>,
        /// The database.
        database: Option<&'a str>,
        /// The user.
        user: Option<&'a str>,
    },
}

/// How the line is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SslMode {
    /// No TLS.
    Disable,
    /// TLS if the server has it.
    Prefer,
    /// TLS, whoever answers.
    Require,
    /// TLS, and the certificate is checked.
    VerifyCa,
    /// TLS, and certificate and name are checked.
    VerifyFull,
}

/// The options that every database server has.
pub(crate) struct ServerOptions<'a> {
    /// Where it is.
    pub(crate) address: Address<'a>,
    /// The password, unless the URL carries it.
    pub(crate) password: Option<&'a str>,
    /// How the line is protected.
    pub(crate) ssl_mode: Option<SslMode>,
    /// The authority that signed its certificate.
    pub(crate) ssl_root_cert: Option<PathBuf>,
}

impl<'a> ServerOptions<'a> {
    /// Reads them.
    pub(crate) fn read(config: &'a SourceConfig) -> Result<Self, SourceError> {
        let url = text(config, "url")?;
        let host = text(config, "host")?;
        let address = match (url, host) {
            (Some(_), Some(_)) => return Err(config_error(&config.name, "give `url` or `host`, not both")),
            (None, None) => {
                return Err(config_error(&config.name, "give `url`, or `host` with `database` and `user`"));
            }
            (Some(url), None) => {
                if let Some(extra) = ["port", "database", "user"].iter().find(|o| config.options.contains_key(**o)) {
                    return Err(config_error(&config.name, format!("`{extra}` belongs into the `url`")));
                }
                Address::Url(url)
            }
            (None, Some(host)) => Address::Parts {
                host,
                port: port(config)?,
                database: text(config, "database")?,
                user: text(config, "user")?,
            },
        };
        Ok(Self {
            address,
            password: text(config, "password")?,
            ssl_mode: ssl_mode(config)?,
            ssl_root_cert: ssl_root_cert(config)?,
        })
    }
}

fn port(config: &SourceConfig) -> Result<Option<u16>, SourceError> {
    let Some(value) = config.options.get("port") else { return Ok(None) };
    value
        .as_u64()
        .and_then(|port| u16::try_from(port).ok())
        .filter(|port| *port > 0)
        .map(Some)
        .ok_or_else(|| config_error(&config.name, format!("`port` must be from 1 to 65535, not {value}")))
}

fn ssl_mode(config: &SourceConfig) -> Result<Option<SslMode>, SourceError> {
    Ok(match text(config, "sslmode")? {
        None => None,
        Some("disable") => Some(SslMode::Disable),
        Some("prefer") => Some(SslMode::Prefer),
        Some("require") => Some(SslMode::Require),
        Some("verify-ca") => Some(SslMode::VerifyCa),
        Some("verify-full") => Some(SslMode::VerifyFull),
        Some(other) => {
            let known = SSL_MODES.join(", ");
            return Err(config_error(&config.name, format!("`sslmode` is one of {known}, not `{other}`")));
        }
    })
}

fn ssl_root_cert(config: &SourceConfig) -> Result<Option<PathBuf>, SourceError> {
    let Some(shown) = text(config, "sslrootcert")? else { return Ok(None) };
    let path = config.project.join(shown);
    match path.is_file() {
        true => Ok(Some(path)),
        false => Err(config_error(&config.name, format!("`sslrootcert`: there is no file `{shown}`"))),
    }
}

/// An option that is text.
pub(crate) fn text<'a>(config: &'a SourceConfig, name: &str) -> Result<Option<&'a str>, SourceError> {
    match config.options.get(name) {
        None => Ok(None),
        Some(serde_json::Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(config_error(&config.name, format!("`{name}` must be text"))),
    }
}

/// An option that is text and must be given.
pub(crate) fn required_text<'a>(config: &'a SourceConfig, name: &str) -> Result<&'a str, SourceError> {
    text(config, name)?.ok_or_else(|| config_error(&config.name, format!("the option `{name}` is missing")))
}

/// An option that is `true` or `false`.
pub(crate) fn flag(config: &SourceConfig, name: &str, default: bool) -> Result<bool, SourceError> {
    match config.options.get(name) {
        None => Ok(default),
        Some(serde_json::Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(config_error(&config.name, format!("`{name}` must be true or false"))),
    }
}
