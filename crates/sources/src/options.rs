//! Reading a source's options, and what the database servers among the types share:
//! where the server is, who logs in, and how the line is protected.

use std::path::PathBuf;

use punctual_data::source::{SourceConfig, SourceError};
use punctual_model::{
    kinds::{OptionSpec, OptionType},
    server_url::ServerUrl,
};

use crate::context::config_error;

/// The words for `sslmode`, the same for every server.
pub(crate) const SSL_MODES: &[&str] = &["disable", "prefer", "require", "verify-ca", "verify-full"];

/// `url`
pub(crate) const URL: OptionSpec = OptionSpec {
    name: "url",
    summary: "Where the server is and who logs in, in one line such as postgres://reader@db.example:5432/sales; with a password in it only as a reference such as env:WAREHOUSE_URL. Give it or `host`.",
    value: OptionType::Url,
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
    value: OptionType::Port,
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

/// Where the server is and who logs in, whether it was written as one URL or in parts.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    /// The server's name or address.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
    /// The database.
    pub(crate) database: Option<String>,
    /// The user.
    pub(crate) user: Option<String>,
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
pub(crate) struct ServerOptions {
    /// Where it is.
    pub(crate) address: Address,
    /// The password.
    pub(crate) password: Option<String>,
    /// How the line is protected.
    pub(crate) ssl_mode: Option<SslMode>,
    /// The authority that signed its certificate.
    pub(crate) ssl_root_cert: Option<PathBuf>,
}

impl ServerOptions {
    /// Reads them; a `url` has one of these schemes, and `port` is the usual one.
    pub(crate) fn read(config: &SourceConfig, schemes: &[&str], usual_port: u16) -> Result<Self, SourceError> {
        let refuse = |message: String| config_error(&config.name, message);
        let owned = |name: &str| text(config, name).map(|value| value.map(str::to_owned));
        match (text(config, "url")?, owned("host")?) {
            (Some(_), Some(_)) => Err(refuse("give `url` or `host`, not both".to_owned())),
            (None, None) => Err(refuse("give `url`, or `host` with `database` and `user`".to_owned())),
            (Some(url), None) => {
                if let Some(extra) = ["port", "database", "user"].iter().find(|o| config.options.contains_key(**o)) {
                    return Err(refuse(format!("`{extra}` belongs into the `url`")));
                }
                let url = ServerUrl::parse(url).map_err(|fault| refuse(format!("`url` cannot be read: {fault}")))?;
                Self::of_url(config, url, schemes, usual_port)
            }
            (None, Some(host)) => Ok(Self {
                address: Address {
                    host,
                    port: port(config)?.unwrap_or(usual_port),
                    database: owned("database")?,
                    user: owned("user")?,
                },
                password: owned("password")?,
                ssl_mode: ssl_mode(config)?,
                ssl_root_cert: ssl_root_cert(config, text(config, "sslrootcert")?)?,
            }),
        }
    }

    /// Takes a URL apart. What it asks for that is not known here is refused, not passed over.
    fn of_url(config: &SourceConfig, url: ServerUrl, schemes: &[&str], usual_port: u16) -> Result<Self, SourceError> {
        let refuse = |message: String| config_error(&config.name, message);
        if !schemes.contains(&url.scheme.as_str()) {
            return Err(refuse(format!("`url` begins with {}://, where {}:// belongs", url.scheme, schemes[0])));
        }
        let (mut mode, mut root_cert) = (ssl_mode(config)?, text(config, "sslrootcert")?);
        for (key, value) in &url.query {
            match key.as_str() {
                "sslmode" | "ssl-mode" => {
                    let word = value.to_lowercase().replace('_', "-");
                    let asked = SslMode::named(&word)
                        .ok_or_else(|| refuse(format!("`sslmode` in the `url` is one of {}", SSL_MODES.join(", "))))?;
                    mode = mode.or(Some(asked));
                }
                "sslrootcert" | "ssl-ca" => root_cert = root_cert.or(Some(value.as_str())),
                other => {
                    let message = format!("the `url` asks for `{other}`, which is not known; leave it out");
                    return Err(refuse(message));
                }
            }
        }
        Ok(Self {
            ssl_root_cert: ssl_root_cert(config, root_cert)?,
            ssl_mode: mode,
            password: text(config, "password")?.map(str::to_owned).or(url.password),
            address: Address {
                host: url.host,
                port: url.port.unwrap_or(usual_port),
                database: url.database,
                user: url.user,
            },
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

impl SslMode {
    fn named(word: &str) -> Option<Self> {
        Some(match word {
            "disable" | "disabled" => Self::Disable,
            "prefer" | "preferred" => Self::Prefer,
            "require" | "required" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" | "verify-identity" => Self::VerifyFull,
            _ => return None,
        })
    }
}

fn ssl_mode(config: &SourceConfig) -> Result<Option<SslMode>, SourceError> {
    let Some(word) = text(config, "sslmode")? else { return Ok(None) };
    let mode = SslMode::named(word).filter(|_| SSL_MODES.contains(&word));
    let known = || config_error(&config.name, format!("`sslmode` is one of {}, not `{word}`", SSL_MODES.join(", ")));
    mode.map(Some).ok_or_else(known)
}

fn ssl_root_cert(config: &SourceConfig, shown: Option<&str>) -> Result<Option<PathBuf>, SourceError> {
    let Some(shown) = shown else { return Ok(None) };
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
