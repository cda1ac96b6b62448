//! Opening a state database and bringing its schema up to date. Any number of processes may do so
//! at once: one of them migrates, the others wait and find it done.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use futures::future::BoxFuture;
use punctual_model::identity::ContentHash;
use sqlx::{
    Any, AnyConnection, Connection, Executor, Row, Transaction,
    any::{AnyConnectOptions, AnyPoolOptions},
};

use super::{
    SqlStore,
    fault::{Dialect, Place},
    rows::Reader,
    schema::{self, MIGRATIONS, Migration},
};
use crate::StoreError;

/// So long a process waits for another one's transaction. Ours hold no lock while they wait for anything else.
const PATIENCE: Duration = Duration::from_secs(30);

/// Every commit is on disk before it counts; a lock is waited for.
const SQLITE_SETTINGS: &str = "PRAGMA busy_timeout = 30000; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON";

/// The same on PostgreSQL, whose administrator may have chosen otherwise for other work. A process that
/// stops in mid-transaction does not hold up the others for ever.
const POSTGRES_SETTINGS: &str = "SELECT set_config('lock_timeout', '30s', false),
        set_config('idle_in_transaction_session_timeout', '60s', false),
        set_config('synchronous_commit',
            CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit')
            END, false)";

/// Two processes must not migrate at once. The number is of no importance, but never changes.
const POSTGRES_MIGRATION_LOCK: &str = "SELECT pg_advisory_xact_lock(8104636957719028000)";

impl SqlStore {
    /// Opens or makes a state database in a file: WAL, every commit on disk before it counts. The
    /// file is readable by its owner alone, because it names recipients.
    ///
    /// # Errors
    /// When the file cannot be used, is something else, or was written by a newer version.
    pub async fn sqlite(path: &Path) -> Result<Self, StoreError> {
        let place = Place { shown: path.display().to_string(), dialect: Dialect::Sqlite };
        let file = state_file(path).map_err(|e| {
            place.refused(format!(
                "{e}; check that the folder exists and that the user that runs punctual may write there"
            ))
        })?;
        let Some(file) = file.to_str() else {
            return Err(place.refused("its path is not UTF-8; choose another folder"));
        };
        Self::open(&format!("sqlite://{}?mode=rw", escaped(file)), place).await
    }

    /// Opens a state database on a PostgreSQL server. Its tables are made in the first schema of the
    /// search path, which should hold nothing else.
    ///
    /// # Errors
    /// When the server cannot be used, or the schema was written by a newer version.
    pub async fn postgres(url: &str) -> Result<Self, StoreError> {
        let place = Place { shown: without_secrets(url), dialect: Dialect::Postgres };
        Self::open(url, place).await
    }

    async fn open(url: &str, place: Place) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let failed = |e: sqlx::Error| place.failed(&e);
        let options: AnyConnectOptions = url.parse().map_err(failed)?;
        // The pool would try for its whole patience, and then not say why.
        let mut first = AnyConnection::connect_with(&options).await.map_err(failed)?;
        settle(&mut first, place.dialect).await.map_err(failed)?;
        if place.dialect == Dialect::Sqlite {
            keep_a_log(&mut first, &place).await?;
        }
        migrate(&mut first, &place).await?;
        let dialect = place.dialect;
        let pool = AnyPoolOptions::new()
            .max_connections(match dialect {
                Dialect::Sqlite => 2,
                Dialect::Postgres => 8,
            })
            .acquire_timeout(PATIENCE)
            .after_connect(move |connection, _| Box::pin(settle(connection, dialect)))
            .before_acquire(|connection, _| Box::pin(is_at_rest(connection)))
            .connect_lazy_with(options);
        // The file's last connection would fold the log away, and the next would begin it anew.
        drop(pool.acquire().await.map_err(failed)?);
        first.close().await.map_err(failed)?;
        Ok(Self { pool, place })
    }
}

/// The file's absolute path; an empty file, for its owner alone, if there was none. It gets its name after
/// it was closed: closing a file drops all locks that the same process holds on it, SQLite's among them.
fn state_file(path: &Path) -> io::Result<PathBuf> {
    if !path.exists() {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let empty = tempfile::Builder::new().prefix(".state-").tempfile_in(folder)?.into_temp_path();
        match empty.persist_noclobber(path) {
            Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => return Err(error.error),
            _ => {}
        }
    }
    path.canonicalize()
}

/// A path within a URL: nothing in it is taken for anything else.
fn escaped(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_".contains(&byte);
    path.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// A server's address can hold a password, before the host or among the options. What is shown cannot.
fn without_secrets(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    format!("{scheme}://{}", rest.rsplit_once('@').map_or(rest, |(_, place)| place))
}

async fn settle(connection: &mut AnyConnection, dialect: Dialect) -> Result<(), sqlx::Error> {
    let settings = match dialect {
        Dialect::Sqlite => SQLITE_SETTINGS,
        Dialect::Postgres => POSTGRES_SETTINGS,
    };
    connection.execute(settings).await.map(|_| ())
}

/// Whether a connection has no transaction. When SQLite rolls one back by itself (disk full, I/O error),
/// the driver goes on counting it, and the connection can never begin another.
async fn is_at_rest(connection: &mut AnyConnection) -> Result<bool, sqlx::Error> {
    Ok(!connection.is_in_transaction())
}

/// Switches to a write-ahead log. Of two processes that do this to a new file at once, SQLite refuses
/// one without waiting, whatever the patience.
async fn keep_a_log(connection: &mut AnyConnection, place: &Place) -> Result<(), StoreError> {
    let pause = Duration::from_millis(10);
    let mut waited = Duration::ZERO;
    loop {
        match sqlx::query("PRAGMA journal_mode = WAL").fetch_one(&mut *connection).await {
            Ok(row) => {
                let mode: String = row.try_get(0).map_err(|e| place.failed(&e))?;
                if mode == "wal" {
                    return Ok(());
                }
                let message = "SQLite cannot keep a write-ahead log there; choose a folder on a local disk";
                return Err(place.refused(message));
            }
            Err(error) => {
                let error = place.failed(&error);
                if !error.is_transient() || waited >= PATIENCE {
                    return Err(error);
                }
            }
        }
        tokio::time::sleep(pause).await;
        waited += pause;
    }
}

async fn migrate(connection: &mut AnyConnection, place: &Place) -> Result<(), StoreError> {
    if has_migrations(connection, place).await? && applied(connection, place).await? == MIGRATIONS.len() {
        return Ok(());
    }
    let failed = |e: sqlx::Error| place.failed(&e);
    let mut transaction = begin(connection, place.dialect).await.map_err(failed)?;
    if place.dialect == Dialect::Postgres {
        transaction.execute(POSTGRES_MIGRATION_LOCK).await.map_err(failed)?;
    }
    transaction.execute(schema::APPLIED).await.map_err(failed)?;
    // Another process may have been faster.
    let done = applied(&mut transaction, place).await?;
    for migration in &MIGRATIONS[done..] {
        for statement in migration.statements {
            transaction.execute(*statement).await.map_err(failed)?;
        }
        sqlx::query("INSERT INTO migration (number, content) VALUES ($1, $2)")
            .bind(migration.number)
            .bind(content_of(migration))
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)
}

fn begin(connection: &mut AnyConnection, dialect: Dialect) -> BoxFuture<'_, Result<Transaction<'_, Any>, sqlx::Error>> {
    Box::pin(connection.begin_with(begin_statement(dialect)))
}

/// SQLite takes its lock at once, so that it never has to be upgraded.
pub(super) fn begin_statement(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "BEGIN IMMEDIATE",
        Dialect::Postgres => "BEGIN",
    }
}

async fn has_migrations(connection: &mut AnyConnection, place: &Place) -> Result<bool, StoreError> {
    let sql = match place.dialect {
        Dialect::Sqlite => "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'migration'",
        Dialect::Postgres => {
            "SELECT count(*) FROM pg_catalog.pg_class WHERE oid = to_regclass('migration') AND relkind IN ('r', 'p')"
        }
    };
    let row = sqlx::query(sql).fetch_one(connection).await.map_err(|e| place.failed(&e))?;
    let tables: i64 = row.try_get(0).map_err(|e| place.failed(&e))?;
    Ok(tables > 0)
}

/// How many migrations were applied, in order and as this version knows them: they never change.
async fn applied(connection: &mut AnyConnection, place: &Place) -> Result<usize, StoreError> {
    let rows = sqlx::query("SELECT number, content FROM migration ORDER BY number").fetch_all(connection).await;
    let rows = rows.map_err(|e| place.failed(&e))?;
    for (position, row) in rows.iter().enumerate() {
        let read = Reader(row);
        let (number, content) = (read.number("number")?, read.text("content")?);
        let Some(known) = MIGRATIONS.get(position) else {
            return Err(place.schema(format!(
                "has schema {number}, but this version of punctual knows {} at most; run the newer version",
                MIGRATIONS.len()
            )));
        };
        if known.number != number || content_of(known) != content {
            return Err(place.schema(format!(
                "was made with another schema step {number} than this version of punctual has; run the version that made it"
            )));
        }
    }
    Ok(rows.len())
}

fn content_of(migration: &Migration) -> String {
    ContentHash::of(migration.statements.join(";\n").as_bytes()).as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_an_address_holds_no_password() {
        assert_eq!(without_secrets("postgres://u:p%40ss@host:5432/state?password=x"), "postgres://host:5432/state");
        assert_eq!(without_secrets("postgresql://host/state"), "postgresql://host/state");
        assert_eq!(without_secrets("postgres://u:a@b@host/state"), "postgres://host/state");
    }

    #[test]
    fn a_path_stays_a_path_within_a_url() {
        assert_eq!(escaped("/data/a b?#%/état.sqlite"), "/data/a%20b%3F%23%25/%C3%A9tat%2Esqlite");
    }

    #[test]
    fn migrations_are_numbered_from_one_without_gaps() {
        for (position, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(usize::try_from(migration.number), Ok(position + 1));
        }
    }
}
