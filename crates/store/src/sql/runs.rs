//! Templates in use, runs and their revisions.

use jiff::Timestamp;
use punctual_model::{
    identity::{ContentHash, RunKey},
    state::RevisionState,
};
use sqlx::any::AnyRow;

use super::{
    SqlStore, Work,
    filter::{Conditions, ids_from},
    rows::{Reader, storable},
};
use crate::{
    NewRun, StoreError,
    records::{Filter, PinnedTemplate, Revision, Run},
};

/// Every run with its newest revision.
const RUNS: &str = "SELECT run.id, run.report, run.period, run.variant, run.period_start, run.period_end,
        revision.number, revision.state, revision.message, revision.definition_hash, revision.definition,
        revision.created_at, revision.changed_at, revision.frozen_at
    FROM run JOIN revision ON revision.run = run.id
    WHERE revision.number = (SELECT max(r.number) FROM revision r WHERE r.run = run.id)";

fn run(row: &AnyRow) -> Result<Run, StoreError> {
    let read = Reader(row);
    let id = read.text("id")?;
    Ok(Run {
        key: RunKey { report: read.text("report")?, period: read.text("period")?, variant: read.text("variant")? },
        period_start: read.instant("period_start")?,
        period_end: read.instant("period_end")?,
        revision: revision(&read, id.clone())?,
        id,
    })
}

fn revision(read: &Reader<'_>, run: String) -> Result<Revision, StoreError> {
    Ok(Revision {
        run,
        number: read.small("number")?,
        state: read.word("state")?,
        message: read.maybe_text("message")?,
        definition_hash: read.content("definition_hash")?,
        definition: read.text("definition")?,
        created_at: read.instant("created_at")?,
        changed_at: read.instant("changed_at")?,
        frozen_at: read.maybe_instant("frozen_at")?,
    })
}

/// A revision that a transaction holds: until it ends, nobody else changes the state or starts a delivery.
pub(super) struct Held {
    /// `run ID, revision N`, for messages.
    subject: String,
    state: RevisionState,
    /// Whether a message of purpose `report` may have left.
    frozen: bool,
}

impl Held {
    /// A revision freezes when the first byte of a report may have left; one that was skipped or cancelled is
    /// never made either.
    pub(super) fn must_not_be_frozen(&self) -> Result<(), StoreError> {
        let may_be_made = self.state == RevisionState::Generating || self.state.may_become(RevisionState::Generating);
        let found = match (self.frozen, may_be_made) {
            (true, _) => "frozen by what was sent of it".to_owned(),
            (false, false) => self.state.to_string(),
            (false, true) => return Ok(()),
        };
        Err(self.conflict(found, "one that may still be made"))
    }

    /// Report deliveries start only while their revision is `distributing`.
    pub(super) fn must_be_distributing(&self) -> Result<(), StoreError> {
        let expected = RevisionState::Distributing;
        if self.state == expected { Ok(()) } else { Err(self.conflict(self.state.to_string(), expected.as_str())) }
    }

    fn conflict(&self, found: String, expected: &str) -> StoreError {
        StoreError::Conflict { subject: self.subject.clone(), found, expected: expected.to_owned() }
    }
}

impl SqlStore {
    /// Holds a revision until the transaction ends; others may hold it likewise when `shared`.
    pub(super) async fn hold(
        &self,
        work: &mut Work,
        (run, number): (&str, u32),
        shared: bool,
    ) -> Result<Held, StoreError> {
        let subject = format!("run {run}, revision {number}");
        let lock = if shared { self.shared() } else { self.held() };
        let sql = format!("SELECT state, frozen_at FROM revision WHERE run = $1 AND number = $2{lock}");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(run)
            .bind(i64::from(number))
            .fetch_optional(&mut **work)
            .await
            .map_err(|e| self.failed(&e))?;
        let Some(row) = row else {
            let (found, expected) = ("missing".to_owned(), "on record".to_owned());
            return Err(StoreError::Conflict { subject, found, expected });
        };
        let read = Reader(&row);
        Ok(Held { subject, state: read.word("state")?, frozen: read.maybe_instant("frozen_at")?.is_some() })
    }

    pub(super) async fn pin(
        &self,
        name: &str,
        content: &ContentHash,
        definition: &str,
        now: Timestamp,
    ) -> Result<PinnedTemplate, StoreError> {
        let failed = |e: sqlx::Error| self.failed(&e);
        sqlx::query(
            "INSERT INTO template (name, content, definition, first_used_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (name) DO NOTHING",
        )
        .bind(name)
        .bind(content.as_str())
        .bind(definition)
        .bind(now.as_microsecond())
        .execute(&self.pool)
        .await
        .map_err(failed)?;
        let row = sqlx::query("SELECT name, content, first_used_at FROM template WHERE name = $1")
            .bind(name)
            .fetch_one(&self.pool)
            .await
            .map_err(failed)?;
        pinned(&row)
    }

    pub(super) async fn pins(&self) -> Result<Vec<PinnedTemplate>, StoreError> {
        let sql = format!("SELECT name, content, first_used_at FROM template ORDER BY name{}", self.by_bytes());
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&self.pool).await.map_err(|e| self.failed(&e))?;
        rows.iter().map(pinned).collect()
    }

    pub(super) async fn run_with_id(&self, id: &str) -> Result<Option<Run>, StoreError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{RUNS} AND run.id = $1")))
            .bind(id)
            .fetch_optional(&self.pool)
            .await
            .map_err(|e| self.failed(&e))?;
        row.as_ref().map(run).transpose()
    }

    /// By what it is, not by its id: ids of earlier versions were made of more.
    pub(super) async fn run_of(&self, key: &RunKey) -> Result<Option<Run>, StoreError> {
        let sql = format!("{RUNS} AND run.report = $1 AND run.period = $2 AND run.variant = $3");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(&key.report)
            .bind(&key.period)
            .bind(&key.variant)
            .fetch_optional(&self.pool)
            .await
            .map_err(|e| self.failed(&e))?;
        row.as_ref().map(run).transpose()
    }

    pub(super) async fn run_with_prefix(&self, id: &str) -> Result<Option<Run>, StoreError> {
        if let Some(run) = self.run_with_id(id).await? {
            return Ok(Some(run));
        }
        let Some((first, beyond)) = ids_from(id).filter(|_| id.len() >= 4) else { return Ok(None) };
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("{RUNS} AND run.id >= $1 AND run.id < $2 LIMIT 2")))
            .bind(first)
            .bind(beyond)
            .fetch_all(&self.pool)
            .await
            .map_err(|e| self.failed(&e))?;
        match rows.as_slice() {
            [] => Ok(None),
            [row] => run(row).map(Some),
            _ => Err(StoreError::Ambiguous(id.to_owned())),
        }
    }

    pub(super) async fn insert_run(&self, new: NewRun<'_>, now: Timestamp) -> Result<Run, StoreError> {
        if let Some(run) = self.run_of(new.key).await? {
            return Ok(run);
        }
        let id = new.key.id();
        let failed = |e: sqlx::Error| self.failed(&e);
        let mut work = self.begin().await?;
        // The id says the same as the other key, and PostgreSQL may meet another process at either.
        sqlx::query(
            "INSERT INTO run (id, report, period, variant, period_start, period_end, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        )
        .bind(&id)
        .bind(&new.key.report)
        .bind(&new.key.period)
        .bind(&new.key.variant)
        .bind(new.period_start.as_microsecond())
        .bind(new.period_end.as_microsecond())
        .bind(now.as_microsecond())
        .execute(&mut *work)
        .await
        .map_err(failed)?;
        sqlx::query(
            "INSERT INTO revision (run, number, state, definition_hash, definition, created_at, changed_at)
             VALUES ($1, 1, $2, $3, $4, $5, $5) ON CONFLICT (run, number) DO NOTHING",
        )
        .bind(&id)
        .bind(RevisionState::Queued.as_str())
        .bind(ContentHash::of(new.definition.as_bytes()).as_str())
        .bind(new.definition)
        .bind(now.as_microsecond())
        .execute(&mut *work)
        .await
        .map_err(failed)?;
        self.commit(work).await?;
        self.run_of(new.key)
            .await?
            .ok_or_else(|| StoreError::Corrupt(format!("run {id} is not there after it was made")))
    }

    pub(super) async fn replace_definition(
        &self,
        (run, number): (&str, u32),
        definition: &str,
        (period_start, period_end): (Timestamp, Timestamp),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        self.hold(&mut work, (run, number), false).await?.must_not_be_frozen()?;
        sqlx::query(
            "UPDATE revision SET definition = $1, definition_hash = $2, changed_at = $3 WHERE run = $4 AND number = $5",
        )
        .bind(definition)
        .bind(ContentHash::of(definition.as_bytes()).as_str())
        .bind(now.as_microsecond())
        .bind(run)
        .bind(i64::from(number))
        .execute(&mut *work)
        .await
        .map_err(|e| self.failed(&e))?;
        sqlx::query("UPDATE run SET period_start = $1, period_end = $2 WHERE id = $3")
            .bind(period_start.as_microsecond())
            .bind(period_end.as_microsecond())
            .bind(run)
            .execute(&mut *work)
            .await
            .map_err(|e| self.failed(&e))?;
        self.commit(work).await
    }

    pub(super) async fn list_runs(&self, filter: &Filter) -> Result<Vec<Run>, StoreError> {
        let Some(conditions) = Conditions::of_runs(filter) else { return Ok(Vec::new()) };
        let (and, limit, bytes) = (conditions.sql("AND"), conditions.limit(), self.by_bytes());
        let sql = format!("{RUNS} {and} ORDER BY run.period_start DESC, run.report{bytes}, run.id{bytes} {limit}");
        let rows = conditions.bind(sql).fetch_all(&self.pool).await.map_err(|e| self.failed(&e))?;
        rows.iter().map(run).collect()
    }

    pub(super) async fn change_state(
        &self,
        run: &str,
        number: u32,
        (from, to): (RevisionState, RevisionState),
        message: Option<&str>,
        now: Timestamp,
    ) -> Result<Revision, StoreError> {
        let mut work = self.begin().await?;
        let held = self.hold(&mut work, (run, number), false).await?;
        if held.state != from {
            return Err(held.conflict(held.state.to_string(), from.as_str()));
        }
        if !from.may_become(to) {
            return Err(held.conflict(from.to_string(), &format!("a state that may become {to}")));
        }
        if matches!(to, RevisionState::Generating | RevisionState::Formatting) {
            held.must_not_be_frozen()?;
        }
        let row = sqlx::query(
            "UPDATE revision SET state = $1, message = $2, changed_at = $3 WHERE run = $4 AND number = $5
             RETURNING number, state, message, definition_hash, definition, created_at, changed_at, frozen_at",
        )
        .bind(to.as_str())
        .bind(message.map(storable).as_deref())
        .bind(now.as_microsecond())
        .bind(run)
        .bind(i64::from(number))
        .fetch_one(&mut *work)
        .await
        .map_err(|e| self.failed(&e))?;
        // With a commit of its own: a failed commit after a fetched row would go unnoticed.
        self.commit(work).await?;
        revision(&Reader(&row), run.to_owned())
    }
}

fn pinned(row: &AnyRow) -> Result<PinnedTemplate, StoreError> {
    let read = Reader(row);
    Ok(PinnedTemplate {
        name: read.text("name")?,
        content: read.content("content")?,
        first_used_at: read.instant("first_used_at")?,
    })
}
