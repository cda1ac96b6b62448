//! Where a store can be: a file, or a schema of its own on the server of `scripts/services.sh`.

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use punctual_model::identity::ContentHash;
use punctual_store::{Store, StoreError, sql::SqlStore};
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor, Row};

/// A place where a store keeps what it is told, also when it is opened again.
#[async_trait]
pub trait Place: Send + Sync {
    /// Opens it.
    async fn try_open(&self) -> Result<SqlStore, StoreError>;

    /// A connection past the store.
    async fn connection(&self) -> AnyConnection;

    /// Opens it, which is expected to work.
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.try_open().await.unwrap())
    }

    /// Runs statements past the store.
    async fn run(&self, sql: &str) {
        let mut connection = self.connection().await;
        connection.execute(AssertSqlSafe(sql)).await.unwrap();
        connection.close().await.unwrap();
    }

    /// One number, read past the store.
    async fn number(&self, sql: &str) -> i64 {
        let mut connection = self.connection().await;
        let row = connection.fetch_one(AssertSqlSafe(sql)).await.unwrap();
        connection.close().await.unwrap();
        row.get(0)
    }
}

/// A file in a folder that goes away.
pub struct Sqlite {
    folder: tempfile::TempDir,
}

impl Sqlite {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("state.sqlite")
    }
}

#[async_trait]
impl Place for Sqlite {
    async fn try_open(&self) -> Result<SqlStore, StoreError> {
        SqlStore::sqlite(&self.file()).await
    }

    async fn connection(&self) -> AnyConnection {
        sqlx::any::install_default_drivers();
        AnyConnection::connect(&format!("sqlite://{}", self.file().display())).await.unwrap()
    }
}

/// A schema of its own, made anew.
pub struct Postgres {
    url: String,
}

impl Postgres {
    pub async fn new(test: &str) -> Self {
        // Names of tests are longer than those of schemas may be.
        let schema = format!("store_{}", ContentHash::of(test.as_bytes()).short());
        let server = server();
        sqlx::any::install_default_drivers();
        let mut admin = AnyConnection::connect(&server).await.unwrap();
        for statement in [format!("DROP SCHEMA IF EXISTS {schema} CASCADE"), format!("CREATE SCHEMA {schema}")] {
            admin.execute(AssertSqlSafe(statement)).await.unwrap();
        }
        admin.close().await.unwrap();
        Self { url: format!("{server}?options[search_path]={schema}") }
    }
}

#[async_trait]
impl Place for Postgres {
    async fn try_open(&self) -> Result<SqlStore, StoreError> {
        SqlStore::postgres(&self.url).await
    }

    async fn connection(&self) -> AnyConnection {
        AnyConnection::connect(&self.url).await.unwrap()
    }
}

/// The server's URL. A test that needs it fails without it.
#[expect(clippy::disallowed_methods, reason = "the one place where these tests read their environment")]
pub fn server() -> String {
    std::env::var("PUNCTUAL_TEST_PG_URL")
        .expect("PUNCTUAL_TEST_PG_URL is not set: run `scripts/services.sh start DIR`, then `set -a; . DIR/env`")
}
