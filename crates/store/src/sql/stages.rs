//! Stages of a revision with their findings and artifacts. What a stage made belongs to its input:
//! a stage that starts with another one, or fails, keeps nothing of what it made before.

use jiff::Timestamp;
use punctual_model::{
    finding::Finding,
    identity::{ContentHash, canonical_json},
    state::{Stage, StageState},
};
use sqlx::any::AnyRow;

use super::{
    SqlStore, Work,
    rows::{Reader, signed, storable},
};
use crate::{
    StageDone, StoreError,
    records::{ArtifactRecord, Findings, Owner, StageRecord},
};

/// One stage of one revision.
type At<'a> = (&'a str, u32, Stage);

/// A stage as it was found.
struct Found {
    state: StageState,
    input: ContentHash,
}

impl SqlStore {
    pub(super) async fn stage_started(
        &self,
        at: At<'_>,
        input: &ContentHash,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        let found = self.stage_that_may_become(&mut work, at, StageState::Running).await?;
        if found.is_some_and(|found| found.input != *input) {
            self.drop_output(&mut work, at).await?;
        }
        self.put_stage(&mut work, at, input, now).await?;
        self.commit(work).await
    }

    pub(super) async fn stage_finished(
        &self,
        run: &str,
        revision: u32,
        done: StageDone<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let at = (run, revision, done.stage);
        let mut work = self.begin().await?;
        if self.stage_that_may_become(&mut work, at, StageState::Done).await?.is_none() {
            return Err(not_on_record(at));
        }
        self.end_stage(&mut work, at, StageState::Done, (Some(done.output), None), now).await?;
        self.put_findings(&mut work, at, done.findings).await?;
        if let Some(artifacts) = done.artifacts {
            self.put_artifacts(&mut work, at, artifacts).await?;
        }
        self.commit(work).await
    }

    pub(super) async fn stage_failed(
        &self,
        at: At<'_>,
        (message, findings): (&str, &[Finding]),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        if self.stage_that_may_become(&mut work, at, StageState::Failed).await?.is_none() {
            // It failed before its input had a name.
            self.put_stage(&mut work, at, &ContentHash::of(b""), now).await?;
        }
        self.drop_output(&mut work, at).await?;
        self.end_stage(&mut work, at, StageState::Failed, (None, Some(message)), now).await?;
        self.put_findings(&mut work, at, findings).await?;
        self.commit(work).await
    }

    /// The stage, if it is on record, when the model's table allows the change; and only in a revision that
    /// may still be made, unless the stage delivers what was made.
    async fn stage_that_may_become(
        &self,
        work: &mut Work,
        at: At<'_>,
        to: StageState,
    ) -> Result<Option<Found>, StoreError> {
        let (run, revision, stage) = at;
        let held = self.hold(work, (run, revision), false).await?;
        if stage < Stage::Review {
            held.must_not_be_frozen()?;
        }
        let row = sqlx::query("SELECT state, input FROM stage WHERE run = $1 AND revision = $2 AND stage = $3")
            .bind(run)
            .bind(i64::from(revision))
            .bind(stage.as_str())
            .fetch_optional(&mut **work)
            .await
            .map_err(|e| self.failed(&e))?;
        let Some(row) = row else { return Ok(None) };
        let read = Reader(&row);
        let found = Found { state: read.word("state")?, input: read.content("input")? };
        if found.state.may_become(to) {
            return Ok(Some(found));
        }
        let expected = format!("a state that may become {to}");
        Err(StoreError::Conflict { subject: subject(at), found: found.state.to_string(), expected })
    }

    async fn put_stage(
        &self,
        work: &mut Work,
        (run, revision, stage): At<'_>,
        input: &ContentHash,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO stage (run, revision, stage, state, input, started_at) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (run, revision, stage) DO UPDATE SET state = excluded.state, input = excluded.input,
                 message = NULL, started_at = excluded.started_at, ended_at = NULL",
        )
        .bind(run)
        .bind(i64::from(revision))
        .bind(stage.as_str())
        .bind(StageState::Running.as_str())
        .bind(input.as_str())
        .bind(now.as_microsecond())
        .execute(&mut **work)
        .await
        .map_err(|e| self.failed(&e))?;
        Ok(())
    }

    async fn end_stage(
        &self,
        work: &mut Work,
        (run, revision, stage): At<'_>,
        state: StageState,
        (output, message): (Option<&str>, Option<&str>),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE stage SET state = $1, output = $2, message = $3, ended_at = $4
             WHERE run = $5 AND revision = $6 AND stage = $7",
        )
        .bind(state.as_str())
        .bind(output)
        .bind(message.map(storable).as_deref())
        .bind(now.as_microsecond())
        .bind(run)
        .bind(i64::from(revision))
        .bind(stage.as_str())
        .execute(&mut **work)
        .await
        .map_err(|e| self.failed(&e))?;
        Ok(())
    }

    /// What a stage made with an input that no longer counts.
    async fn drop_output(&self, work: &mut Work, at: At<'_>) -> Result<(), StoreError> {
        let (run, revision, stage) = at;
        sqlx::query("UPDATE stage SET output = NULL WHERE run = $1 AND revision = $2 AND stage = $3")
            .bind(run)
            .bind(i64::from(revision))
            .bind(stage.as_str())
            .execute(&mut **work)
            .await
            .map_err(|e| self.failed(&e))?;
        self.put_findings(work, at, &[]).await?;
        self.put_artifacts(work, at, &[]).await
    }

    async fn put_findings(
        &self,
        work: &mut Work,
        (run, revision, stage): At<'_>,
        findings: &[Finding],
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM finding WHERE run = $1 AND revision = $2 AND stage = $3")
            .bind(run)
            .bind(i64::from(revision))
            .bind(stage.as_str())
            .execute(&mut **work)
            .await
            .map_err(|e| self.failed(&e))?;
        for (position, finding) in findings.iter().enumerate() {
            sqlx::query("INSERT INTO finding (run, revision, stage, position, finding) VALUES ($1, $2, $3, $4, $5)")
                .bind(run)
                .bind(i64::from(revision))
                .bind(stage.as_str())
                .bind(signed(position as u64))
                .bind(canonical_json(finding))
                .execute(&mut **work)
                .await
                .map_err(|e| self.failed(&e))?;
        }
        Ok(())
    }

    async fn put_artifacts(
        &self,
        work: &mut Work,
        (run, revision, stage): At<'_>,
        artifacts: &[ArtifactRecord],
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM artifact WHERE run = $1 AND revision = $2 AND stage = $3")
            .bind(run)
            .bind(i64::from(revision))
            .bind(stage.as_str())
            .execute(&mut **work)
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
            .bind(artifact.owner.name())
            .bind(&artifact.format)
            .bind(&artifact.file_name)
            .bind(&artifact.media_type)
            .bind(artifact.content.as_str())
            .bind(signed(artifact.bytes))
            .execute(&mut **work)
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
        let rows = sqlx::query("SELECT stage, finding FROM finding WHERE run = $1 AND revision = $2 ORDER BY position")
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
            "SELECT stage, edition, format, file_name, media_type, content, bytes FROM artifact
             WHERE run = $1 AND revision = $2 ORDER BY position",
        )
        .bind(run)
        .bind(i64::from(revision))
        .fetch_all(&self.pool)
        .await
        .map_err(|e| self.failed(&e))?;
        let mut artifacts = rows.iter().map(artifact).collect::<Result<Vec<_>, _>>()?;
        artifacts.sort_by_key(|(stage, _)| *stage);
        Ok(artifacts.into_iter().map(|(_, artifact)| artifact).collect())
    }
}

fn subject((run, revision, stage): At<'_>) -> String {
    format!("stage {stage} of run {run}, revision {revision}")
}

fn not_on_record(at: At<'_>) -> StoreError {
    let expected = StageState::Running.to_string();
    StoreError::Conflict { subject: subject(at), found: "not started".to_owned(), expected }
}

fn stage(row: &AnyRow) -> Result<StageRecord, StoreError> {
    let read = Reader(row);
    Ok(StageRecord {
        stage: read.word("stage")?,
        state: read.word("state")?,
        input: read.content("input")?,
        output: read.maybe_text("output")?,
        message: read.maybe_text("message")?,
        started_at: read.instant("started_at")?,
        ended_at: read.maybe_instant("ended_at")?,
    })
}

fn artifact(row: &AnyRow) -> Result<(Stage, ArtifactRecord), StoreError> {
    let read = Reader(row);
    let stage: Stage = read.word("stage")?;
    let name = read.text("edition")?;
    let record = ArtifactRecord {
        // Editions are made by generate; what the stages before it keep belongs to datasets and tables.
        owner: if stage < Stage::Generate { Owner::Dataset(name) } else { Owner::Edition(name) },
        format: read.text("format")?,
        file_name: read.text("file_name")?,
        media_type: read.text("media_type")?,
        content: read.content("content")?,
        bytes: read.count("bytes")?,
    };
    Ok((stage, record))
}
