//! Templates in use, runs and their revisions.

use jiff::Timestamp;
use punctual_model::{
    identity::{ContentHash, RunKey},
    state::RevisionState,
};
use sqlx::{Row, any::AnyRow};

use super::{SqlStore, rows::Reader};
use crate::{
    NewRun, StoreError,
    records::{Filter, PinnedTemplate, Revision, Run},
};

/// Every run with its newest revision.
const RUNS: &str = "SELECT run.id, run.report, run.period, run.params_hash, run.period_start, run.period_end,
        revision.number, revision.state, revision.message, revision.definition_hash, revision.definition,
        revision.created_at, revision.changed_at
    FROM run JOIN revision ON revision.run = run.id
    WHERE revision.number = (SELECT max(r.number) FROM revision r WHERE r.run = run.id)";

fn run(row: &AnyRow) -> Result<Run, StoreError> {
    let read = Reader(row);
    let id = read.text("id")?;
    Ok(Run {
        key: RunKey {
            report: read.text("report")?,
            period: read.text("period")?,
            params_hash: read.content("params_hash")?,
        },
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
    })
}

impl SqlStore {
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
        let rows = sqlx::query("SELECT name, content, first_used_at FROM template ORDER BY name")
            .fetch_all(&self.pool)
            .await
            .map_err(|e| self.failed(&e))?;
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

    pub(super) async fn run_with_prefix(&self, id: &str) -> Result<Option<Run>, StoreError> {
        if let Some(run) = self.run_with_id(id).await? {
            return Ok(Some(run));
        }
        if id.len() < 4 || !id.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Ok(None);
        }
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("{RUNS} AND run.id LIKE $1 LIMIT 2")))
            .bind(format!("{id}%"))
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
        let id = new.key.id();
        if let Some(run) = self.run_with_id(&id).await? {
            return Ok(run);
        }
        let failed = |e: sqlx::Error| self.failed(&e);
        let mut transaction = self.begin().await?;
        sqlx::query(
            "INSERT INTO run (id, report, period, params_hash, period_start, period_end, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING",
        )
        .bind(&id)
        .bind(&new.key.report)
        .bind(&new.key.period)
        .bind(new.key.params_hash.as_str())
        .bind(new.period_start.as_microsecond())
        .bind(new.period_end.as_microsecond())
        .bind(now.as_microsecond())
        .execute(&mut *transaction)
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
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        self.run_with_id(&id).await?.ok_or_else(|| StoreError::Corrupt(format!("run {id} is not there after it was made")))
    }

    pub(super) async fn replace_definition(
        &self,
        run: &str,
        number: u32,
        definition: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let changed = sqlx::query(
            "UPDATE revision SET definition = $1, definition_hash = $2, changed_at = $3
             WHERE run = $4 AND number = $5 AND state NOT IN ('distributing', 'partial')
               AND NOT EXISTS (SELECT 1 FROM delivery d
                               WHERE d.run = revision.run AND d.revision = revision.number AND d.attempts > 0)",
        )
        .bind(definition)
        .bind(ContentHash::of(definition.as_bytes()).as_str())
        .bind(now.as_microsecond())
        .bind(run)
        .bind(i64::from(number))
        .execute(&self.pool)
        .await
        .map_err(|e| self.failed(&e))?;
        if changed.rows_affected() == 1 {
            return Ok(());
        }
        Err(StoreError::Conflict {
            subject: format!("run {run}, revision {number}"),
            found: "frozen by its deliveries".to_owned(),
            expected: "one that delivered nothing".to_owned(),
        })
    }

    pub(super) async fn list_runs(&self, filter: &Filter) -> Result<Vec<Run>, StoreError> {
        let sql = format!(
            "{RUNS} AND ($1 = '' OR run.report = $1) AND ($2 = '' OR run.period = $2) AND ($3 = '' OR run.id LIKE $3)
             ORDER BY run.period_start DESC, run.report, run.id LIMIT $4"
        );
        let limit = if filter.limit == 0 { i64::MAX } else { i64::from(filter.limit) };
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(filter.report.as_deref().unwrap_or_default())
            .bind(filter.period.as_deref().unwrap_or_default())
            .bind(super::runs::prefix(filter.run.as_deref()))
            .bind(limit)
            .fetch_all(&self.pool)
            .await
            .map_err(|e| self.failed(&e))?;
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
        let conflict = |found: String, expected: &str| StoreError::Conflict {
            subject: format!("run {run}, revision {number}"),
            found,
            expected: expected.to_owned(),
        };
        if !from.may_become(to) {
            return Err(conflict(from.to_string(), &format!("a state that may become {to}")));
        }
        let row = sqlx::query(
            "UPDATE revision SET state = $1, message = $2, changed_at = $3 WHERE run = $4 AND number = $5 AND state = $6
             RETURNING number, state, message, definition_hash, definition, created_at, changed_at",
        )
        .bind(to.as_str())
        .bind(message)
        .bind(now.as_microsecond())
        .bind(run)
        .bind(i64::from(number))
        .bind(from.as_str())
        .fetch_optional(&self.pool)
        .await
        .map_err(|e| self.failed(&e))?;
        if let Some(row) = row {
            return revision(&Reader(&row), run.to_owned());
        }
        let found = sqlx::query("SELECT state FROM revision WHERE run = $1 AND number = $2")
            .bind(run)
            .bind(i64::from(number))
            .fetch_optional(&self.pool)
            .await
            .map_err(|e| self.failed(&e))?;
        let found = found.map_or_else(|| "missing".to_owned(), |row| row.try_get(0).unwrap_or_default());
        Err(conflict(found, from.as_str()))
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

/// A pattern for ids that start with a text; empty for all. Ids are hexadecimal digits.
pub(super) fn prefix(id: Option<&str>) -> String {
    let digits: String = id.unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).collect();
    if digits.is_empty() { digits } else { format!("{digits}%") }
}
