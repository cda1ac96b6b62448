//! SqlStore: the Store on SQLite or PostgreSQL from one SQL text. The table of contents of its calls;
//! each family of calls has a file.

mod attempts;
mod decisions;
mod deliveries;
mod extracts;
mod fault;
mod filter;
mod installation;
mod open;
mod rows;
mod runs;
mod schema;
mod stages;

use async_trait::async_trait;
use jiff::Timestamp;
use punctual_model::{
    finding::Finding,
    identity::{ContentHash, RunKey},
    state::{DeliveryState, RevisionState, Stage},
};
use sqlx::{Any, AnyPool, Transaction};

use self::fault::{Dialect, Place};
use crate::{
    NewRun, StageDone, Store, StoreError,
    records::{
        ArtifactRecord, Attempt, Decision, Delivery, Ended, ExtractRecord, Filter, Findings, LastRecipients,
        NewDelivery, PinnedTemplate, Revision, Run, Sending, StageRecord, Suppression,
    },
};

/// The store on SQLite or PostgreSQL.
#[derive(Debug, Clone)]
pub struct SqlStore {
    pool: AnyPool,
    place: Place,
}

/// A transaction of the store. What changes state reads, decides and writes in one; it is rolled back when dropped.
type Work = Transaction<'static, Any>;

impl SqlStore {
    async fn begin(&self) -> Result<Work, StoreError> {
        let begun = self.pool.begin_with(open::begin_statement(self.place.dialect)).await;
        begun.map_err(|e| self.failed(&e))
    }

    async fn commit(&self, work: Work) -> Result<(), StoreError> {
        work.commit().await.map_err(|e| self.failed(&e))
    }

    fn failed(&self, error: &sqlx::Error) -> StoreError {
        self.place.failed(error)
    }

    /// Ends a SELECT whose rows others may read but not change until the transaction ends. On SQLite
    /// a transaction has the whole database to itself.
    fn held(&self) -> &'static str {
        match self.place.dialect {
            Dialect::Sqlite => "",
            Dialect::Postgres => " FOR NO KEY UPDATE",
        }
    }

    /// The same, when others may hold them likewise.
    fn shared(&self) -> &'static str {
        match self.place.dialect {
            Dialect::Sqlite => "",
            Dialect::Postgres => " FOR SHARE",
        }
    }

    /// Follows a column in ORDER BY: text sorts by its bytes, whatever the server's locale.
    fn by_bytes(&self) -> &'static str {
        match self.place.dialect {
            Dialect::Sqlite => "",
            Dialect::Postgres => " COLLATE \"C\"",
        }
    }
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
        self.run_of(key).await
    }

    async fn run_by_id(&self, id: &str) -> Result<Option<Run>, StoreError> {
        self.run_with_prefix(id).await
    }

    async fn open_run(&self, run: NewRun<'_>, now: Timestamp) -> Result<Run, StoreError> {
        self.insert_run(run, now).await
    }

    async fn redefine(
        &self,
        run: &str,
        revision: u32,
        definition: &str,
        period: (Timestamp, Timestamp),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.replace_definition((run, revision), definition, period, now).await
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
        self.stage_started((run, revision, stage), input, now).await
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
        self.stage_failed((run, revision, stage), failure, now).await
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
        self.put_deliveries(deliveries, now).await
    }

    async fn deliveries(&self, filter: &Filter) -> Result<Vec<Delivery>, StoreError> {
        self.list_deliveries(filter).await
    }

    async fn doubt_extracts(&self, run: &str, revision: u32, datasets: &[String], why: &str) -> Result<(), StoreError> {
        self.extracts_doubted((run, revision), datasets, why).await
    }

    async fn hold_others(
        &self,
        run: &str,
        revision: u32,
        keep: &[String],
        why: &str,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.others_held((run, revision), keep, why, now).await
    }

    async fn begin_attempt(&self, delivery: &str, sending: &Sending, now: Timestamp) -> Result<Attempt, StoreError> {
        self.attempt_begun(delivery, sending, now).await
    }

    async fn reach_phase(&self, delivery: &str, attempt: u32, phase: &str, now: Timestamp) -> Result<(), StoreError> {
        self.phase_reached(delivery, attempt, phase, now).await
    }

    async fn finish_attempt(
        &self,
        delivery: &str,
        attempt: u32,
        ended: &Ended,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.attempt_finished((delivery, attempt), None, ended, now).await
    }

    async fn settle_attempt(
        &self,
        delivery: &str,
        attempt: u32,
        phase: Option<&str>,
        ended: &Ended,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.attempt_finished((delivery, attempt), Some(phase), ended, now).await
    }

    async fn resolve(&self, delivery: &str, to: DeliveryState, decision: &Decision) -> Result<(), StoreError> {
        self.resolved(delivery, to, decision).await
    }

    async fn decide(&self, decision: &Decision) -> Result<(), StoreError> {
        self.decided(decision).await
    }

    async fn decisions(&self, run: Option<&str>) -> Result<Vec<Decision>, StoreError> {
        self.list_decisions(run).await
    }

    async fn suppressions(&self) -> Result<Vec<Suppression>, StoreError> {
        self.list_suppressions().await
    }

    async fn unsuppress(&self, address: &str, decision: &Decision) -> Result<bool, StoreError> {
        self.unsuppressed(address, decision).await
    }

    async fn attachments(&self, delivery: &str) -> Result<Vec<ArtifactRecord>, StoreError> {
        self.list_attachments(delivery).await
    }

    async fn attempts(&self, delivery: &str) -> Result<Vec<Attempt>, StoreError> {
        self.list_attempts(delivery).await
    }

    async fn last_recipients(&self, report: &str, before: Timestamp) -> Result<LastRecipients, StoreError> {
        self.recipients_before(report, before).await
    }
}
