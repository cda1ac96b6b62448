//! Connecting to PostgreSQL, its errors in our words, and cancelling a query from a second
//! connection: the driver has no cancel request, and a dropped connection alone leaves the server
//! at work until it next writes.

use std::time::Duration;

use punctual_data::source::{SourceConfig, SourceError};
use sqlx::{
    ConnectOptions, Connection, PgConnection,
    postgres::{PgConnectOptions, PgDatabaseError, PgErrorPosition, PgSslMode},
};

use crate::{
    context::Context,
    options::{Address, ServerOptions, SslMode},
};

/// How long to wait for a connection, or less if the source's `timeout` is shorter.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long the second connection may take to cancel.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);

/// A server and how to log in there.
#[derive(Clone)]
pub(super) struct Server {
    options: PgConnectOptions,
    host: String,
    port: u16,
}

impl Server {
    /// The names that errors of one extraction from here carry.
    pub(super) fn context(&self, config: &SourceConfig, dataset: &str) -> Context {
        Context::new(config, dataset).at(&self.host, self.port)
    }
}

/// The server from the source's options. No password file is read: the definition says where the
/// password is.
pub(super) fn server(config: &SourceConfig) -> Result<Server, SourceError> {
    let server = ServerOptions::read(config, &["postgres", "postgresql"], 5432)?;
    let Address { host, port, database, user } = server.address;
    let mut options = PgConnectOptions::new_without_pgpass().host(&host).port(port);
    if let Some(database) = database {
        options = options.database(&database);
    }
    if let Some(user) = user {
        options = options.username(&user);
    }
    if let Some(password) = &server.password {
        options = options.password(password);
    }
    if let Some(mode) = server.ssl_mode {
        options = options.ssl_mode(match mode {
            SslMode::Disable => PgSslMode::Disable,
            SslMode::Prefer => PgSslMode::Prefer,
            SslMode::Require => PgSslMode::Require,
            SslMode::VerifyCa => PgSslMode::VerifyCa,
            SslMode::VerifyFull => PgSslMode::VerifyFull,
        });
    }
    if let Some(path) = server.ssl_root_cert {
        options = options.ssl_root_cert(path);
    }
    // Values come in binary, so the text form of floats is of no matter; poolers refuse the setting.
    let options = options.application_name("punctual").extra_float_digits(None).disable_statement_logging();
    Ok(Server { options, host, port })
}

/// Connects.
pub(super) async fn connect(server: &Server, context: &Context) -> Result<PgConnection, SourceError> {
    let patience = CONNECT_TIMEOUT.min(context.patience());
    match tokio::time::timeout(patience, server.options.connect()).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => Err(connect_error(&error, context)),
        Err(_) => Err(context.unreachable(format!("no answer within {} s", patience.as_secs_f64()))),
    }
}

fn connect_error(error: &sqlx::Error, context: &Context) -> SourceError {
    match database_error(error) {
        // Invalid authorization, wrong password, no such database, no permission to connect.
        Some(refusal) if matches!(refusal.code(), "28000" | "28P01" | "3D000" | "42501") => {
            context.login(refusal.message())
        }
        Some(refusal) => context.unreachable(refusal.message()),
        None => match error {
            sqlx::Error::Configuration(why) => context.config(why.to_string()),
            sqlx::Error::Io(why) => context.unreachable(why.to_string()),
            sqlx::Error::Tls(why) => context.unreachable(format!("no protected line: {why}")),
            other => context.unreachable(other.to_string()),
        },
    }
}

/// An error of a query, after so many rows.
pub(super) fn query_error(error: &sqlx::Error, rows: u64, context: &Context) -> SourceError {
    match database_error(error) {
        Some(refusal) => match refusal.code() {
            "57014" if refusal.message().contains("statement timeout") => context.timeout(),
            // Cancelled by someone, the server shuts down or crashed, the line is gone.
            "57014" | "57P01" | "57P02" | "57P03" | "57P05" => context.interrupted(rows, refusal.message()),
            code if code.starts_with("08") => context.interrupted(rows, refusal.message()),
            _ => context.query(words(refusal)),
        },
        None => match error {
            sqlx::Error::Io(why) => context.cut(rows, &why.to_string()),
            sqlx::Error::Protocol(why) => context.cut(rows, why),
            other => context.query(other.to_string()),
        },
    }
}

/// An error while the session is set up: the server may not know the source's zone.
pub(super) fn setup_error(error: &sqlx::Error, context: &Context) -> SourceError {
    match database_error(error) {
        Some(refusal) if refusal.code() == "22023" => {
            context.config(format!("the server does not take the source's settings: {}", refusal.message()))
        }
        _ => query_error(error, 0, context),
    }
}

pub(super) fn database_error(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    error.as_database_error()?.try_downcast_ref::<PgDatabaseError>()
}

/// The server's words: message, detail, hint, and where in the query.
fn words(refusal: &PgDatabaseError) -> String {
    let mut words = refusal.message().to_owned();
    for more in [refusal.detail(), refusal.hint()].into_iter().flatten() {
        words.push_str("; ");
        words.push_str(more.trim_end_matches('.'));
    }
    if let Some(PgErrorPosition::Original(position)) = refusal.position() {
        words.push_str(&format!(" (at character {position} of the query)"));
    }
    words
}

/// Cancels what the backend runs, from a connection of its own. When that fails too, the server's
/// statement timeout is what remains.
pub(super) async fn cancel(server: &Server, backend: i32) {
    let work = async {
        let mut connection = server.options.connect().await?;
        sqlx::query("SELECT pg_cancel_backend($1)").bind(backend).persistent(false).execute(&mut connection).await?;
        connection.close().await
    };
    let _ = tokio::time::timeout(CANCEL_TIMEOUT, work).await;
}
