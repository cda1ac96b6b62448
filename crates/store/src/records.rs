//! The records that the store keeps, as values. All times are instants given by the caller.

use jiff::Timestamp;
use punctual_model::{
    finding::Finding,
    identity::{ContentHash, DeliveryKey, RunKey},
    recipients::Recipient,
    state::{DeliveryState, RevisionState, Stage, StageState},
};
use serde::{Deserialize, Serialize};

/// A run and its newest revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Run {
    /// The run's id (`RunKey::id`).
    pub id: String,
    /// What the run is.
    pub key: RunKey,
    /// The first instant of the period.
    pub period_start: Timestamp,
    /// The first instant after the period.
    pub period_end: Timestamp,
    /// The newest revision.
    pub revision: Revision,
}

/// A revision of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Revision {
    /// The run's id.
    pub run: String,
    /// The number, from 1.
    pub number: u32,
    /// The state.
    pub state: RevisionState,
    /// Why it failed, or what else there is to say.
    pub message: Option<String>,
    /// The hash of the frozen definition.
    pub definition_hash: ContentHash,
    /// The definition that it is made and delivered by, as JSON: report, template, the guards of its list, sources,
    /// channel and sender (`Frozen`).
    pub definition: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its state last changed.
    pub changed_at: Timestamp,
    /// When the first byte of a message of it may have left: from then on it stays as it is.
    pub frozen_at: Option<Timestamp>,
}

/// One stage of a revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StageRecord {
    /// The stage.
    pub stage: Stage,
    /// Its state.
    pub state: StageState,
    /// The name of its input: equal names give equal outputs.
    pub input: ContentHash,
    /// What it made, as JSON that only the stage reads.
    pub output: Option<String>,
    /// Why it failed.
    pub message: Option<String>,
    /// When it last started.
    pub started_at: Timestamp,
    /// When it last ended.
    pub ended_at: Option<Timestamp>,
}

/// What one dataset's extraction gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtractRecord {
    /// The dataset; `NAME@previous` for the period before.
    pub dataset: String,
    /// The source's name.
    pub source: String,
    /// The statement as it was sent.
    pub statement: String,
    /// The whole question as JSON: SQL with its parameters, declared columns, source. The same one is not asked twice.
    pub binds: String,
    /// The snapshot's content.
    pub snapshot: ContentHash,
    /// Its rows.
    pub rows: u64,
    /// Its bytes.
    pub bytes: u64,
    /// When the source was asked: nothing that came into it later can be in the snapshot.
    pub asked_at: Timestamp,
    /// When the extraction ended.
    pub extracted_at: Timestamp,
    /// Why the source is to be asked again: what was made of this snapshot failed.
    pub doubt: Option<String>,
}

/// Whose a file is. An edition's key is data and may read like a dataset's name; the two never meet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// An edition, by its key: its recipients may have the file.
    Edition(String),
    /// A dataset or table, by its name: rows that checks set aside, for whoever runs the report.
    Dataset(String),
}

impl Owner {
    /// The key or the name.
    pub fn name(&self) -> &str {
        match self {
            Self::Edition(name) | Self::Dataset(name) => name,
        }
    }
}

/// One file of one edition, or of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ArtifactRecord {
    /// Whose it is.
    #[serde(flatten)]
    pub owner: Owner,
    /// The format's name; `rejected` for rows that checks set aside.
    pub format: String,
    /// The name that people see.
    pub file_name: String,
    /// The media type.
    pub media_type: String,
    /// The content.
    pub content: ContentHash,
    /// Its bytes.
    pub bytes: u64,
}

impl ArtifactRecord {
    /// Whether it is a file of this edition.
    pub fn is_of(&self, edition: &str) -> bool {
        matches!(&self.owner, Owner::Edition(key) if key == edition)
    }
}

/// A delivery as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// The delivery's id (`DeliveryKey::id`).
    pub id: String,
    /// What is delivered to whom.
    pub key: DeliveryKey,
    /// The report's name.
    pub report: String,
    /// The period's key.
    pub period: String,
    /// The channel of the newest attempt; before the first, the one that is meant.
    pub channel: String,
    /// The address as it was written, of the newest attempt; before the first, the one that is meant.
    pub email: String,
    /// What two spellings of one address have in common.
    pub address: String,
    /// The recipient's name.
    pub name: Option<String>,
    /// The Message-ID, without angle brackets.
    pub message_id: String,
    /// The subject of the newest attempt.
    pub subject: Option<String>,
    /// The state.
    pub state: DeliveryState,
    /// The last phase of the last attempt that was committed: `connected`, `body_started`, `final_sent`.
    pub phase: Option<String>,
    /// The words of the other side, or why nothing was sent.
    pub reply: Option<String>,
    /// Attempts so far.
    pub attempts: u32,
    /// When it was planned.
    pub planned_at: Timestamp,
    /// When its state last changed.
    pub changed_at: Timestamp,
}

/// A delivery to be planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// What is delivered to whom.
    pub key: DeliveryKey,
    /// The channel's name.
    pub channel: String,
    /// The address.
    pub email: String,
    /// What two spellings of one address have in common.
    pub address: String,
    /// The recipient's name.
    pub name: Option<String>,
    /// The Message-ID, without angle brackets.
    pub message_id: String,
    /// Why it is not sent for now.
    pub held: Option<String>,
}

/// What an attempt is about to send, committed before anything leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// The channel's name.
    pub channel: String,
    /// The address.
    pub email: String,
    /// What two spellings of it have in common.
    pub address: String,
    /// The subject.
    pub subject: String,
    /// The attached files in order.
    pub attachments: Vec<ArtifactRecord>,
}

/// How an attempt ended, or how one in doubt was settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The state of the delivery from now on.
    pub state: DeliveryState,
    /// The words of the other side, or why nothing was sent.
    pub reply: String,
    /// The address does not exist: it is not written to again.
    pub suppress: bool,
}

/// An address that is not written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suppression {
    /// What two spellings of the address have in common.
    pub address: String,
    /// The address as it was written.
    pub email: String,
    /// The other side's words.
    pub reason: String,
    /// The delivery that they answered.
    pub delivery: String,
    /// Since when.
    pub since: Timestamp,
}

/// What a person decided, with who and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// When.
    pub at: Timestamp,
    /// Who, as the system names them.
    pub who: String,
    /// What: `resolve accepted`, `resolve send-again`, `resend`, `unsuppress`, `deliver now`, `confirm`.
    pub what: String,
    /// Why, in their words.
    pub why: String,
    /// The run that it is about.
    pub run: Option<String>,
    /// The delivery that it is about.
    pub delivery: Option<String>,
    /// The address that it is about.
    pub address: Option<String>,
}

/// One attempt to deliver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// The delivery's id.
    pub delivery: String,
    /// The number, from 1.
    pub number: u32,
    /// The channel used.
    pub channel: String,
    /// The address used.
    pub email: String,
    /// The last phase that was committed.
    pub phase: Option<String>,
    /// The state it ended in; `None` while it is under way, or when the process died.
    pub outcome: Option<DeliveryState>,
    /// The words of the other side.
    pub reply: Option<String>,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// Which runs or deliveries to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only of this report.
    pub report: Option<String>,
    /// Only of this period.
    pub period: Option<String>,
    /// Only of this run, or of the runs whose ids start with this text.
    pub run: Option<String>,
    /// Only deliveries to this address, or to addresses or names that hold this text.
    pub to: Option<String>,
    /// Only what changed at or after this instant.
    pub since: Option<Timestamp>,
    /// Only deliveries whose subject holds this text.
    pub subject: Option<String>,
    /// Only deliveries with an attached file whose name holds this text, or whose hash starts with it.
    pub file: Option<String>,
    /// Only the delivery whose Message-ID holds this text, or whose id starts with it.
    pub message: Option<String>,
    /// At most so many, newest first; 0 for all.
    pub limit: u32,
}

/// A template version as it was first used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PinnedTemplate {
    /// `name@version`.
    pub name: String,
    /// The hash of the resolved template.
    pub content: ContentHash,
    /// When it was first used.
    pub first_used_at: Timestamp,
}

/// Recipients of the last run before a period, for comparison.
pub type LastRecipients = Vec<Recipient>;

/// Findings of one stage.
pub type Findings = Vec<(Stage, Finding)>;
