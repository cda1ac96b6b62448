//! Connecting to MySQL or MariaDB, its errors in our words, and killing a query from a second
//! connection: the protocol has no other way to stop one.

use std::time::Duration;

use punctual_data::source::{SourceConfig, SourceError};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, MySqlConnection,
    mysql::{MySqlConnectOptions, MySqlDatabaseError, MySqlSslMode},
};

use crate::{
    context::Context,
    options::{Address, ServerOptions, SslMode},
};

/// How long to wait for a connection, or less if the source's `timeout` is shorter.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long the second connection may take to kill.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);

/// A server and how to log in there.
#[derive(Clone)]
pub(super) struct Server {
    options: MySqlConnectOptions,
    host: String,
    port: u16,
}

impl Server {
    /// The names that errors of one extraction from here carry.
    pub(super) fn context(&self, config: &SourceConfig, dataset: &str) -> Context {
        Context::new(config, dataset).at(&self.host, self.port)
    }
}

/// The server from the source's options. The session's zone is UTC, in which TIMESTAMP columns are
/// sent; named zones are unknown to servers without their tables.
pub(super) fn server(config: &SourceConfig) -> Result<Server, SourceError> {
    let server = ServerOptions::read(config, &["mysql", "mariadb"], 3306)?;
    let Address { host, port, database, user } = server.address;
    let mut options = MySqlConnectOptions::new().host(&host).port(port);
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
            SslMode::Disable => MySqlSslMode::Disabled,
            SslMode::Prefer => MySqlSslMode::Preferred,
            SslMode::Require => MySqlSslMode::Required,
            SslMode::VerifyCa => MySqlSslMode::VerifyCa,
            SslMode::VerifyFull => MySqlSslMode::VerifyIdentity,
        });
    }
    if let Some(path) = server.ssl_root_cert {
        options = options.ssl_ca(path);
    }
    // `||` keeps the meaning that it has on the server.
    let options = options.timezone(Some("+00:00".to_owned())).pipes_as_concat(false).disable_statement_logging();
    Ok(Server { options, host, port })
}

/// Connects.
pub(super) async fn connect(server: &Server, context: &Context) -> Result<MySqlConnection, SourceError> {
    let patience = CONNECT_TIMEOUT.min(context.patience());
    match tokio::time::timeout(patience, server.options.connect()).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => Err(connect_error(&error, context)),
        Err(_) => Err(context.unreachable(format!("no answer within {} s", patience.as_secs_f64()))),
    }
}

fn connect_error(error: &sqlx::Error, context: &Context) -> SourceError {
    match database_error(error) {
        // No access to the database, access denied (two ways), no such database, no such user.
        Some(refusal) if matches!(refusal.number(), 1044 | 1045 | 1049 | 1698 | 4151) => {
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
        Some(refusal) => match refusal.number() {
            // MariaDB's max_statement_time, MySQL's max_execution_time.
            1969 | 3024 => context.timeout(),
            // Killed by someone, the server shuts down, the line is gone.
            1053 | 1077 | 1079 | 1152..=1161 | 1317 | 1927 | 2006 | 2013 | 3169 => {
                context.interrupted(rows, refusal.message())
            }
            _ => context.query(refusal.message()),
        },
        None => match error {
            sqlx::Error::Io(why) => context.cut(rows, &why.to_string()),
            sqlx::Error::Protocol(why) => context.cut(rows, why),
            other => context.query(other.to_string()),
        },
    }
}

fn database_error(error: &sqlx::Error) -> Option<&MySqlDatabaseError> {
    error.as_database_error()?.try_downcast_ref::<MySqlDatabaseError>()
}

/// Kills what a connection runs, from a connection of its own. When that fails too, the server's
/// time limit is what remains.
pub(super) async fn cancel(server: &Server, connection_id: u64) {
    let work = async {
        let mut connection = server.options.connect().await?;
        sqlx::raw_sql(AssertSqlSafe(format!("KILL QUERY {connection_id}"))).execute(&mut connection).await?;
        connection.close().await
    };
    let _ = tokio::time::timeout(CANCEL_TIMEOUT, work).await;
}
