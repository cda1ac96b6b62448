//! Stages of a revision with their findings and artifacts.

use jiff::Timestamp;
use punctual_model::{
    finding::Finding,
    identity::ContentHash,
    state::{Stage, StageState},
};
use sqlx::{Any, Transaction, any::AnyRow};

use super::{
    SqlStore,
    rows::{Reader, signed},
};
use crate::{
    StageDone, StoreError,
    records::{ArtifactRecord, Findings, StageRecord},
};

impl SqlStore {
    pub(super) async fn stage_started(
        &self,
        run: &str,
        revision: u32,
        stage: Stage,
        input: &ContentHash,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO stage (run, revision, stage, state, input, started_at) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (run, revision, stage) DO UPDATE SET state = excluded.state,
                 output = CASE WHEN stage.input = excluded.input THEN stage.output ELSE NULL END,
                 input = excluded.input, message = NULL, started_at = excluded.started_at, ended_at = NULL",
        )
        .bind(run)
        .bind(i64::from(revision))
        .bind(stage.as_str())
        .bind(StageState::Running.as_str())
        .bind(input.as_str())
        .bind(now.as_microsecond())
        .execute(&self.pool)
        .await
        .map_err(|e| self.failed(&e))?;
        Ok(())
    }

    pub(super) async fn stage_finished(
        &self,
        run: &str,
        revision: u32,
        done: StageDone<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let changed = sqlx::query(
            "UPDATE stage SET state = $1, output = $2, message = NULL, ended_at = $3
             WHERE run = $4 AND revision = $5 AND stage = $6 AND state = $7",
        )
        .bind(StageState::Done.as_str())
        .bind(done.output)
        .bind(now.as_microsecond())
        .bind(run)
        .bind(i64::from(revision))
        .bind(done.stage.as_str())
        .bind(StageState::Running.as_str())
        .execute(&mut *transaction)
        .await
        .map_err(|e| self.failed(&e))?;
        if changed.rows_affected() != 1 {
            return Err(StoreError::Conflict {
                subject: format!("stage {} of run {run}", done.stage),
                found: "not running".to_owned(),
                expected: StageState::Running.to_string(),
            });
        }
        self.put_findings(&mut transaction, (run, revision, done.stage), done.findings).await?;
        if let Some(artifacts) = done.artifacts {
            self.put_artifacts(&mut transaction, (run, revision, done.stage), artifacts).await?;
        }
        transaction.commit().await.map_err(|e| self.failed(&e))
    }

    pub(super) async fn stage_failed(
        &self,
        run: &str,
        revision: u32,
        stage: Stage,
        (message, findings): (&str, &[Finding]),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        sqlx::query(
            "INSERT INTO stage (run, revision, stage, state, input, message, started_at, ended_at)
             VALUES ($1, $2, $3, $4, '', $5, $6, $6)
             ON CONFLICT (run, revision, stage) DO UPDATE SET state = excluded.state, output = NULL,
                 message = excluded.message, ended_at = excluded.ended_at",
        )
        .bind(run)
        .bind(i64::from(revision))
        .bind(stage.as_str())
        .bind(StageState::Failed.as_str())
        .bind(message)
        .bind(now.as_microsecond())
        .execute(&mut *transaction)
        .await
        .map_err(|e| self.failed(&e))?;
        self.put_findings(&mut transaction, (run, revision, stage), findings).await?;
        transaction.commit().await.map_err(|e| self.failed(&e))
    }

    async fn put_findings(
        &self,
        transaction: &mut Transaction<'static, Any>,
        (run, revision, stage): (&str, u32, Stage),
        findings: &[Finding],
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM finding WHERE run = $1 AND revision = $2 AND stage = $3")
            .bind(run)
            .bind(i64::from(revision))
            .bind(stage.as_str())
            .execute(&mut **transaction)
            .await
            .map_err(|e| self.failed(&e))?;
        for (position, finding) in findings.iter().enumerate() {
            sqlx::query("INSERT INTO finding (run, revision, stage, position, finding) VALUES ($1, $2, $3, $4, $5)")
                .bind(run)
                .bind(i64::from(revision))
                .bind(stage.as_str())
                .bind(signed(position as u64))
                .bind(punctual_model::identity::canonical_json(finding))
                .execute(&mut **transaction)
                .await
                .map_err(|e| self.failed(&e))?;
        }
        Ok(())
    }

    async fn put_artifacts(
        &self,
        transaction: &mut Transaction<'static, Any>,
        (run, revision, stage): (&str, u32, Stage),
        artifacts: &[ArtifactRecord],
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM artifact WHERE run = $1 AND revision = $2 AND stage = $3")
            .bind(run)
            .bind(i64::from(revision))
            .bind(stage.as_str())
            .execute(&mut **transaction)
            .await
            .map_err(|e| self.failed(&e))?;
        for (position, artifact) in artifacts.iter().enumerate() {
            sqlx::query(
                "INSERT INTO artifact (run, revision, stage, position, edition, format, file_name, media_type, content,
                     bytes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            )
            .bind(run)
            .bind(i64::from(revision))
            .bind(stage.as_str())
            .bind(signed(position as u64))
            .bind(&artifact.edition)
            .bind(&artifact.format)
            .bind(&artifact.file_name)
            .bind(&artifact.media_type)
            .bind(artifact.content.as_str())
            .bind(signed(artifact.bytes))
            .execute(&mut **transaction)
            .await
            .map_err(|e| self.failed(&e))?;
        }
        Ok(())
    }

    pub(super) async fn list_stages(&self, run: &str, revision: u32) -> Result<Vec<StageRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT stage, state, input, output, message, started_at, ended_at FROM stage
             WHERE run = $1 AND revision = $2",
        )
        .bind(run)
        .bind(i64::from(revision))
        .fetch_all(&self.pool)
        .await
        .map_err(|e| self.failed(&e))?;
        let mut stages = rows.iter().map(stage).collect::<Result<Vec<_>, _>>()?;
        stages.sort_by_key(|s| s.stage);
        Ok(stages)
    }

    pub(super) async fn list_findings(&self, run: &str, revision: u32) -> Result<Findings, StoreError> {
        let rows = sqlx::query(
            "SELECT stage, finding FROM finding WHERE run = $1 AND revision = $2 ORDER BY stage, position",
        )
        .bind(run)
        .bind(i64::from(revision))
        .fetch_all(&self.pool)
        .await
        .map_err(|e| self.failed(&e))?;
        let finding = |row: &AnyRow| {
            let read = Reader(row);
            let finding = serde_json::from_str(&read.text("finding")?);
            Ok((read.word::<Stage>("stage")?, finding.map_err(|e| StoreError::Corrupt(e.to_string()))?))
        };
        let mut findings = rows.iter().map(finding).collect::<Result<Findings, StoreError>>()?;
        findings.sort_by_key(|(stage, _)| *stage);
        Ok(findings)
    }

    pub(super) async fn list_artifacts(&self, run: &str, revision: u32) -> Result<Vec<ArtifactRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT edition, format, file_name, media_type, content, bytes FROM artifact
             WHERE run = $1 AND revision = $2 ORDER BY stage, position",
        )
        .bind(run)
        .bind(i64::from(revision))
        .fetch_all(&self.pool)
        .await
        .map_err(|e| self.failed(&e))?;
        rows.iter().map(artifact).collect()
    }
}

fn stage(row: &AnyRow) -> Result<StageRecord, StoreError> {
    let read = Reader(row);
    Ok(StageRecord {
        stage: read.word("stage")?,
        state: read.word("state")?,
        // A stage that failed before it started has no input.
        input: read.content("input").unwrap_or_else(|_| ContentHash::of(b"")),
        output: read.maybe_text("output")?,
        message: read.maybe_text("message")?,
        started_at: read.instant("started_at")?,
        ended_at: read.maybe_instant("ended_at")?,
    })
}

fn artifact(row: &AnyRow) -> Result<ArtifactRecord, StoreError> {
    let read = Reader(row);
    Ok(ArtifactRecord {
        edition: read.text("edition")?,
        format: read.text("format")?,
        file_name: read.text("file_name")?,
        media_type: read.text("media_type")?,
        content: read.content("content")?,
        bytes: read.count("bytes")?,
    })
}
