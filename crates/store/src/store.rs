//! The Store trait: every state change is one call and one transaction, and a change that the
//! transition table does not allow is refused. No transaction spans I/O.

use async_trait::async_trait;
use jiff::Timestamp;
use punctual_model::{
    finding::Finding,
    identity::{ContentHash, RunKey},
    state::{DeliveryState, RevisionState, Stage},
};

use crate::records::{
    ArtifactRecord, Attempt, Decision, Delivery, Ended, ExtractRecord, Filter, Findings, LastRecipients, NewDelivery,
    PinnedTemplate, Revision, Run, Sending, StageRecord, Suppression,
};

/// What Punctual remembers.
#[async_trait]
pub trait Store: Send + Sync {
    /// Stores a template version's content on its first use, and returns what was stored first.
    async fn pin_template(
        &self,
        name: &str,
        content: &ContentHash,
        definition: &str,
        now: Timestamp,
    ) -> Result<PinnedTemplate, StoreError>;

    /// All pinned template versions.
    async fn pinned_templates(&self) -> Result<Vec<PinnedTemplate>, StoreError>;

    /// The run of a key with its newest revision, if it exists.
    async fn find_run(&self, key: &RunKey) -> Result<Option<Run>, StoreError>;

    /// The run with this id, or whose id alone starts with this text (at least 4 digits).
    async fn run_by_id(&self, id: &str) -> Result<Option<Run>, StoreError>;

    /// Creates the run if it does not exist, with revision 1 in state `queued`; else returns it as it is.
    async fn open_run(&self, run: NewRun<'_>, now: Timestamp) -> Result<Run, StoreError>;

    /// Replaces the definition of a revision that may still be made, and the first instants of its period and after it,
    /// which move with the report's zone. One of which a message of purpose `report` may
    /// have left, or that was skipped or cancelled is frozen: this call, the stages before `review`, extracts, and a
    /// way back to `generating` or `formatting` are refused.
    /// Recorded stages stay; their input names decide whether they are done.
    async fn redefine(
        &self,
        run: &str,
        revision: u32,
        definition: &str,
        period: (Timestamp, Timestamp),
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Runs, newest period first.
    async fn runs(&self, filter: &Filter) -> Result<Vec<Run>, StoreError>;

    /// Changes a revision's state from what the caller believes it to be, if the transition table allows it.
    async fn advance(
        &self,
        run: &str,
        revision: u32,
        change: (RevisionState, RevisionState),
        message: Option<&str>,
        now: Timestamp,
    ) -> Result<Revision, StoreError>;

    /// Notes that a stage starts (again); earlier output, findings and artifacts of another input are dropped.
    async fn start_stage(
        &self,
        run: &str,
        revision: u32,
        stage: Stage,
        input: &ContentHash,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Notes what a stage made, with its findings and artifacts, in one transaction.
    async fn finish_stage(
        &self,
        run: &str,
        revision: u32,
        done: StageDone<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Notes why a stage failed, with the findings it had; its earlier output and artifacts are dropped.
    /// A stage that is not on record failed before it could start.
    async fn fail_stage(
        &self,
        run: &str,
        revision: u32,
        stage: Stage,
        failure: (&str, &[Finding]),
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The stages of a revision, in order.
    async fn stages(&self, run: &str, revision: u32) -> Result<Vec<StageRecord>, StoreError>;

    /// Notes one dataset's snapshot; an earlier one of the same dataset is replaced.
    async fn record_extract(&self, run: &str, revision: u32, extract: &ExtractRecord) -> Result<(), StoreError>;

    /// The snapshots of a revision, by dataset.
    async fn extracts(&self, run: &str, revision: u32) -> Result<Vec<ExtractRecord>, StoreError>;

    /// Forgets the snapshots of a revision, so that they are extracted again.
    async fn forget_extracts(&self, run: &str, revision: u32) -> Result<(), StoreError>;

    /// The findings of a revision.
    async fn findings(&self, run: &str, revision: u32) -> Result<Findings, StoreError>;

    /// The artifacts of a revision, by stage, in the order in which they were given.
    async fn artifacts(&self, run: &str, revision: u32) -> Result<Vec<ArtifactRecord>, StoreError>;

    /// Notes why what was made of these datasets failed: the sources are asked again.
    async fn doubt_extracts(&self, run: &str, revision: u32, datasets: &[String], why: &str) -> Result<(), StoreError>;

    /// Plans deliveries, all or none, and returns how many are new. Those that exist and of which nothing can have
    /// left get the address, name and channel of today, and are held or no longer held; the others stay as they are.
    /// A Message-ID that another delivery has is refused.
    async fn plan_deliveries(&self, deliveries: &[NewDelivery], now: Timestamp) -> Result<u64, StoreError>;

    /// Holds the unsent first copies of a revision's deliveries of purpose `report` that are not among these, and
    /// returns how many.
    async fn hold_others(
        &self,
        run: &str,
        revision: u32,
        keep: &[String],
        why: &str,
        now: Timestamp,
    ) -> Result<u64, StoreError>;

    /// Deliveries, newest period first, then by edition and recipient.
    async fn deliveries(&self, filter: &Filter) -> Result<Vec<Delivery>, StoreError>;

    /// Starts an attempt: the delivery becomes `sending`. Refused unless the transition table allows it. For the
    /// first copy of purpose `report`, also unless the revision is `distributing`, and ([`StoreError::Had`]) when the
    /// address has, or may have, the edition of this run already: in any revision, over any channel, under any id.
    async fn begin_attempt(&self, delivery: &str, sending: &Sending, now: Timestamp) -> Result<Attempt, StoreError>;

    /// Commits that an attempt reached a phase, before the step that follows it. Phases never go back. A first
    /// copy's `body_started` freezes its revision.
    async fn reach_phase(&self, delivery: &str, attempt: u32, phase: &str, now: Timestamp) -> Result<(), StoreError>;

    /// Ends an attempt: the delivery leaves `sending`, or settles what was `in_doubt`.
    async fn finish_attempt(
        &self,
        delivery: &str,
        attempt: u32,
        ended: &Ended,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Ends an attempt that its process left, which had reached this phase when it was judged. Refused when it has
    /// reached another one since: its process is alive.
    async fn settle_attempt(
        &self,
        delivery: &str,
        attempt: u32,
        phase: Option<&str>,
        ended: &Ended,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Settles a delivery that is `in_doubt` as a person decided: `accepted`, or `planned` to be sent again.
    async fn resolve(&self, delivery: &str, to: DeliveryState, decision: &Decision) -> Result<(), StoreError>;

    /// Puts a decision on record.
    async fn decide(&self, decision: &Decision) -> Result<(), StoreError>;

    /// What persons decided about a run and its deliveries, in order; about everything when none is named.
    async fn decisions(&self, run: Option<&str>) -> Result<Vec<Decision>, StoreError>;

    /// The addresses that are not written to, by address.
    async fn suppressions(&self) -> Result<Vec<Suppression>, StoreError>;

    /// Lifts a suppression, as a person decided; whether there was one.
    async fn unsuppress(&self, address: &str, decision: &Decision) -> Result<bool, StoreError>;

    /// The files of a delivery's newest attempt, in order.
    async fn attachments(&self, delivery: &str) -> Result<Vec<ArtifactRecord>, StoreError>;

    /// The attempts of a delivery, in order.
    async fn attempts(&self, delivery: &str) -> Result<Vec<Attempt>, StoreError>;

    /// Who got deliveries of purpose `report` in the newest period of a report that started before an instant: those
    /// that were accepted and did not bounce, each recipient of an edition once, by edition and id.
    async fn last_recipients(&self, report: &str, before: Timestamp) -> Result<LastRecipients, StoreError>;
}

/// A run to be opened.
#[derive(Debug, Clone)]
pub struct NewRun<'a> {
    /// What the run is.
    pub key: &'a RunKey,
    /// The first instant of the period.
    pub period_start: Timestamp,
    /// The first instant after the period.
    pub period_end: Timestamp,
    /// The frozen definition as JSON.
    pub definition: &'a str,
}

/// What a stage made.
#[derive(Debug, Clone)]
pub struct StageDone<'a> {
    /// The stage.
    pub stage: Stage,
    /// What it made, as JSON that only the stage reads.
    pub output: &'a str,
    /// What its checks found; replaces the stage's earlier findings.
    pub findings: &'a [Finding],
    /// Its files; `Some` replaces the stage's earlier artifacts.
    pub artifacts: Option<&'a [ArtifactRecord]>,
}

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database could not be opened, read or written.
    #[error("the state database {place}: {message}")]
    Database {
        /// The file or server.
        place: String,
        /// What it said.
        message: String,
        /// Whether trying again may help (locked, connection lost).
        transient: bool,
    },
    /// Another process changed the state meanwhile, or the transition is not allowed.
    #[error("{subject} is {found}, not {expected}; another process may be at work on it")]
    Conflict {
        /// The run, stage or delivery.
        subject: String,
        /// The state it has.
        found: String,
        /// The state that was expected.
        expected: String,
    },
    /// The address has the edition already, or may have it.
    #[error("{email} has edition {edition} of this run already, by delivery {by}")]
    Had {
        /// The address.
        email: String,
        /// The edition.
        edition: String,
        /// The delivery that brought it.
        by: String,
    },
    /// The database was written by another version.
    #[error("the state database {place} {message}")]
    Schema {
        /// The file or server.
        place: String,
        /// What it has, and what to do.
        message: String,
    },
    /// What is stored cannot be read by this build.
    #[error("the state database holds something unreadable: {0}")]
    Corrupt(String),
    /// The text names more than one run.
    #[error("`{0}` names more than one run; write more of its id")]
    Ambiguous(String),
}

impl StoreError {
    /// Whether trying again may help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Database { transient: true, .. })
    }
}
