//! SqlStore: the Store on SQLite or PostgreSQL from one SQL text. Opening, migrating, and the
//! table of contents of its calls; each family of calls has a file.

mod deliveries;
mod extracts;
mod rows;
mod runs;
mod schema;
mod stages;

use std::{path::Path, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use punctual_model::{
    finding::Finding,
    identity::{ContentHash, RunKey},
    state::{DeliveryState, RevisionState, Stage},
};
use sqlx::{Any, AnyPool, Executor, Row, Transaction, any::AnyPoolOptions};

use crate::{
    NewRun, StageDone, Store, StoreError,
    records::{
        ArtifactRecord, Attempt, Delivery, ExtractRecord, Filter, Findings, LastRecipients, NewDelivery,
        PinnedTemplate, Revision, Run, StageRecord,
    },
};

/// The store on SQLite or PostgreSQL.
#[derive(Debug, Clone)]
pub struct SqlStore {
    pool: AnyPool,
    place: String,
    sqlite: bool,
}

impl SqlStore {
    /// Opens or makes a state database in a file: WAL, every commit on disk before it counts.
    ///
    /// # Errors
    /// When the file cannot be used, or was written by a newer version.
    pub async fn sqlite(path: &Path) -> Result<Self, StoreError> {
        let place = path.display().to_string();
        let escaped: String = place.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
        Self::open(format!("sqlite://{escaped}?mode=rwc"), place, true).await
    }

    /// Opens a state database on a PostgreSQL server.
    ///
    /// # Errors
    /// When the server cannot be used, or its schema was written by a newer version.
    pub async fn postgres(url: &str) -> Result<Self, StoreError> {
        // The address can hold a password; what is shown cannot.
        let shown = url.rsplit_once('@').map_or(url, |(_, rest)| rest);
        Self::open(url.to_owned(), format!("postgres://{shown}"), false).await
    }

    async fn open(url: String, place: String, sqlite: bool) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let failed = |e: sqlx::Error| database(&place, &e);
        let pool = AnyPoolOptions::new()
            .max_connections(if sqlite { 2 } else { 8 })
            .acquire_timeout(Duration::from_secs(30))
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    if sqlite {
                        connection.execute("PRAGMA busy_timeout = 30000").await?;
                        connection.execute("PRAGMA journal_mode = WAL").await?;
                        connection.execute("PRAGMA synchronous = FULL").await?;
                        connection.execute("PRAGMA foreign_keys = ON").await?;
                    }
                    Ok(())
                })
            })
            .connect(&url)
            .await
            .map_err(failed)?;
        let store = Self { pool, place, sqlite };
        store.migrate().await?;
        Ok(store)
    }

    /// A transaction that may write. SQLite takes its lock now, so that it never has to be upgraded.
    async fn begin(&self) -> Result<Transaction<'static, Any>, StoreError> {
        let begin = if self.sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" };
        self.pool.begin_with(begin).await.map_err(|e| self.failed(&e))
    }

    fn failed(&self, error: &sqlx::Error) -> StoreError {
        database(&self.place, error)
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        let newest = schema::MIGRATIONS.last().map_or(0, |m| m.number);
        let applied = sqlx::query("SELECT max(number) FROM migration").fetch_one(&self.pool).await;
        match applied.and_then(|row| row.try_get::<Option<i64>, _>(0)) {
            Ok(Some(number)) if number == newest => return self.check_migrations().await,
            Ok(Some(number)) if number > newest => {
                let message = format!("it has schema {number}, but this version knows {newest} at most");
                return Err(StoreError::Corrupt(message));
            }
            // No table, or an older schema.
            _ => {}
        }
        let mut transaction = self.begin().await?;
        let failed = |e: sqlx::Error| self.failed(&e);
        transaction.execute(schema::APPLIED).await.map_err(failed)?;
        // Another process may have been faster.
        let row = sqlx::query("SELECT max(number) FROM migration").fetch_one(&mut *transaction).await.map_err(failed)?;
        let have = row.try_get::<Option<i64>, _>(0).map_err(failed)?.unwrap_or(0);
        for migration in schema::MIGRATIONS.iter().filter(|m| m.number > have) {
            for statement in migration.statements {
                transaction.execute(*statement).await.map_err(failed)?;
            }
            sqlx::query("INSERT INTO migration (number, content, applied_at) VALUES ($1, $2, 0)")
                .bind(migration.number)
                .bind(content_of(migration))
                .execute(&mut *transaction)
                .await
                .map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)
    }

    /// What was applied must be what this version knows: migrations never change.
    async fn check_migrations(&self) -> Result<(), StoreError> {
        let rows = sqlx::query("SELECT number, content FROM migration ORDER BY number").fetch_all(&self.pool).await;
        for row in rows.map_err(|e| self.failed(&e))? {
            let number: i64 = row.try_get(0).map_err(|e| self.failed(&e))?;
            let content: String = row.try_get(1).map_err(|e| self.failed(&e))?;
            let known = schema::MIGRATIONS.iter().find(|m| m.number == number).map(content_of);
            if known.as_deref() != Some(content.as_str()) {
                return Err(StoreError::Corrupt(format!("its schema step {number} is not the one of this version")));
            }
        }
        Ok(())
    }
}

fn content_of(migration: &schema::Migration) -> String {
    ContentHash::of(migration.statements.join(";\n").as_bytes()).as_str().to_owned()
}

fn database(place: &str, error: &sqlx::Error) -> StoreError {
    let text = error.to_string();
    let transient = matches!(error, sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut)
        || text.contains("database is locked")
        || text.contains("connection");
    StoreError::Database { place: place.to_owned(), message: text, transient }
}

#[async_trait]
impl Store for SqlStore {
    async fn pin_template(
        &self,
        name: &str,
        content: &ContentHash,
        definition: &str,
        now: Timestamp,
    ) -> Result<PinnedTemplate, StoreError> {
        self.pin(name, content, definition, now).await
    }

    async fn pinned_templates(&self) -> Result<Vec<PinnedTemplate>, StoreError> {
        self.pins().await
    }

    async fn find_run(&self, key: &RunKey) -> Result<Option<Run>, StoreError> {
        self.run_with_id(&key.id()).await
    }

    async fn run_by_id(&self, id: &str) -> Result<Option<Run>, StoreError> {
        self.run_with_prefix(id).await
    }

    async fn open_run(&self, run: NewRun<'_>, now: Timestamp) -> Result<Run, StoreError> {
        self.insert_run(run, now).await
    }

    async fn redefine(&self, run: &str, revision: u32, definition: &str, now: Timestamp) -> Result<(), StoreError> {
        self.replace_definition(run, revision, definition, now).await
    }

    async fn runs(&self, filter: &Filter) -> Result<Vec<Run>, StoreError> {
        self.list_runs(filter).await
    }

    async fn advance(
        &self,
        run: &str,
        revision: u32,
        change: (RevisionState, RevisionState),
        message: Option<&str>,
        now: Timestamp,
    ) -> Result<Revision, StoreError> {
        self.change_state(run, revision, change, message, now).await
    }

    async fn start_stage(
        &self,
        run: &str,
        revision: u32,
        stage: Stage,
        input: &ContentHash,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.stage_started(run, revision, stage, input, now).await
    }

    async fn finish_stage(
        &self,
        run: &str,
        revision: u32,
        done: StageDone<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.stage_finished(run, revision, done, now).await
    }

    async fn fail_stage(
        &self,
        run: &str,
        revision: u32,
        stage: Stage,
        failure: (&str, &[Finding]),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.stage_failed(run, revision, stage, failure, now).await
    }

    async fn stages(&self, run: &str, revision: u32) -> Result<Vec<StageRecord>, StoreError> {
        self.list_stages(run, revision).await
    }

    async fn record_extract(&self, run: &str, revision: u32, extract: &ExtractRecord) -> Result<(), StoreError> {
        self.put_extract(run, revision, extract).await
    }

    async fn extracts(&self, run: &str, revision: u32) -> Result<Vec<ExtractRecord>, StoreError> {
        self.list_extracts(run, revision).await
    }

    async fn forget_extracts(&self, run: &str, revision: u32) -> Result<(), StoreError> {
        self.drop_extracts(run, revision).await
    }

    async fn findings(&self, run: &str, revision: u32) -> Result<Findings, StoreError> {
        self.list_findings(run, revision).await
    }

    async fn artifacts(&self, run: &str, revision: u32) -> Result<Vec<ArtifactRecord>, StoreError> {
        self.list_artifacts(run, revision).await
    }

    async fn plan_deliveries(&self, deliveries: &[NewDelivery], now: Timestamp) -> Result<u64, StoreError> {
        self.insert_deliveries(deliveries, now).await
    }

    async fn deliveries(&self, filter: &Filter) -> Result<Vec<Delivery>, StoreError> {
        self.list_deliveries(filter).await
    }

    async fn begin_attempt(&self, delivery: &str, email: &str, now: Timestamp) -> Result<Attempt, StoreError> {
        self.attempt_begun(delivery, email, now).await
    }

    async fn reach_phase(&self, delivery: &str, attempt: u32, phase: &str, now: Timestamp) -> Result<(), StoreError> {
        self.phase_reached(delivery, attempt, phase, now).await
    }

    async fn finish_attempt(
        &self,
        delivery: &str,
        attempt: u32,
        outcome: (DeliveryState, &str),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.attempt_finished(delivery, attempt, outcome, now).await
    }

    async fn attempts(&self, delivery: &str) -> Result<Vec<Attempt>, StoreError> {
        self.list_attempts(delivery).await
    }

    async fn last_recipients(&self, report: &str, before: Timestamp) -> Result<LastRecipients, StoreError> {
        self.recipients_before(report, before).await
    }
}
