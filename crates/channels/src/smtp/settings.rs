//! The options of the channel type `smtp`, and its time limits.

use std::time::Duration;

use punctual_delivery::{ChannelConfig, ChannelConfigError, InDoubtPolicy};
use punctual_model::kinds::{KindSpec, OptionSpec, OptionType};

use super::tls::Tls;
use crate::options::{IN_DOUBT, Options};

const fn option(name: &'static str, summary: &'static str, value: OptionType) -> OptionSpec {
    OptionSpec { name, summary, value, required: false }
}

/// What `smtp` says of itself.
pub(super) const SPEC: KindSpec = KindSpec {
    name: "smtp",
    summary: "Sends each message to a mail server (RFC 5321), one recipient at a time.",
    options: &[
        OptionSpec { name: "host", summary: "The mail server's name.", value: OptionType::Text, required: true },
        option("port", "Its port. Default: 587 for starttls, 465 for tls, 25 for none.", OptionType::Port),
        option(
            "security",
            "`starttls` (default) encrypts after the greeting and sends nothing if the server can't; `tls` \
             encrypts from the first byte; `none` is for a server on the same machine.",
            OptionType::Choice(&["starttls", "tls", "none"]),
        ),
        option("user", "The name to log in with. Default: no login.", OptionType::Text),
        option("password", "The password to log in with.", OptionType::Secret),
        option("helo", "The name this machine gives itself. Default: the sender's domain.", OptionType::Text),
        option(
            "ca_file",
            "A file of certificates (PEM): only these authorities are trusted. Default: the system's.",
            OptionType::Text,
        ),
        option(
            "max_size_mb",
            "The largest message in millions of encoded bytes, unless the server takes less. Default: 10.",
            OptionType::Int,
        ),
        option(
            "in_doubt",
            "When the connection is lost after the last byte: `hold` (default) waits for a person, `resend` \
             sends again and risks a second copy.",
            OptionType::Choice(IN_DOUBT),
        ),
    ],
    sql: None,
};

/// The largest message by default, in encoded bytes.
const LARGEST_MESSAGE_MB: u64 = 10;

/// How long to wait at each step (RFC 5321 4.5.3.2). A shorter wait after the final dot would only
/// put more deliveries in doubt.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For a connection to one of the server's addresses, and for the handshake.
    pub connect: Duration,
    /// For the greeting.
    pub greeting: Duration,
    /// For EHLO, STARTTLS, AUTH, MAIL and RCPT.
    pub command: Duration,
    /// For the reply to DATA.
    pub data: Duration,
    /// For each block of the message to be taken.
    pub block: Duration,
    /// For the reply to the final dot.
    pub final_dot: Duration,
    /// For the reply to RSET and QUIT, on which nothing depends.
    pub courtesy: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        const MINUTE: u64 = 60;
        Self {
            connect: Duration::from_secs(30),
            greeting: Duration::from_secs(5 * MINUTE),
            command: Duration::from_secs(5 * MINUTE),
            data: Duration::from_secs(2 * MINUTE),
            block: Duration::from_secs(3 * MINUTE),
            final_dot: Duration::from_secs(10 * MINUTE),
            courtesy: Duration::from_secs(10),
        }
    }
}

/// How the connection is encrypted.
#[derive(Clone)]
pub(super) enum Security {
    /// After the greeting, or not at all.
    StartTls(Tls),
    /// From the first byte.
    Tls(Tls),
    /// Never.
    None,
}

/// Who logs in.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: String,
}

/// Everything that is needed to send.
pub(super) struct Settings {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: Security,
    pub(super) login: Option<Login>,
    pub(super) helo: String,
    pub(super) largest: u64,
    pub(super) in_doubt: InDoubtPolicy,
    pub(super) timeouts: Timeouts,
}

impl Settings {
    pub(super) fn read(config: &ChannelConfig, timeouts: Timeouts) -> Result<Self, ChannelConfigError> {
        let options = Options(config);
        let host = options.text("host")?.ok_or_else(|| options.error("`host` is missing"))?.to_owned();
        let ca_file = options.path("ca_file")?;
        let tls = || Tls::new(&host, ca_file.as_deref()).map_err(|problem| options.error(problem));
        let (security, port) = match options.text("security")? {
            None | Some("starttls") => (Security::StartTls(tls()?), 587),
            Some("tls") => (Security::Tls(tls()?), 465),
            Some("none") => (Security::None, 25),
            Some(other) => return Err(options.error(format!("`security: {other}` is not one of starttls, tls, none"))),
        };
        let helo = options.text("helo")?.unwrap_or_else(|| config.from.domain());
        if !helo.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._[]:".contains(&b)) {
            return Err(options.error(format!("`helo: {helo}` is not a host's name")));
        }
        Ok(Self {
            port: options.int("port")?.unwrap_or(port),
            login: login(&options, &security)?,
            helo: helo.to_owned(),
            largest: options.int("max_size_mb")?.unwrap_or(LARGEST_MESSAGE_MB).saturating_mul(1_000_000),
            in_doubt: options.in_doubt()?,
            host,
            security,
            timeouts,
        })
    }

    /// `host:port`, for messages.
    pub(super) fn endpoint(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

fn login(options: &Options<'_>, security: &Security) -> Result<Option<Login>, ChannelConfigError> {
    match (options.text("user")?, options.text("password")?) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) if matches!(security, Security::None) => {
            Err(options.error("with `security: none` the password would be readable on its way; use starttls or tls"))
        }
        (Some(user), Some(password)) if !user.contains('\0') && !password.contains('\0') => {
            Ok(Some(Login { user: user.to_owned(), password: password.to_owned() }))
        }
        (Some(_), Some(_)) => Err(options.error("`user` and `password` can't hold a NUL character")),
        _ => Err(options.error("`user` and `password` belong together: give both or none")),
    }
}
