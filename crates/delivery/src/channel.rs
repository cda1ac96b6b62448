//! The Channel trait: how a message leaves, phase by phase, so that after a crash it is known
//! whether it can have left. Types of channels implement it; nothing here knows which exist.

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use punctual_model::kinds::KindSpec;
use serde::{Deserialize, Serialize};

use crate::{
    address::EmailAddress,
    message::Message,
    message_id::MessageId,
    outcome::InDoubtPolicy,
    prepared::Prepared,
    reply::{Refusal, one_line},
};

/// A registered type of channel.
#[derive(Clone, Copy)]
pub struct ChannelKind {
    /// Its name and options.
    pub spec: KindSpec,
    /// Makes a channel from its configuration; does not connect yet.
    pub open: fn(ChannelConfig) -> Result<Arc<dyn Channel>, ChannelConfigError>,
}

/// A channel's definition with its secrets resolved.
#[derive(Clone)]
pub struct ChannelConfig {
    /// The channel's name, for messages.
    pub name: String,
    /// The type's options, as its `KindSpec` lists them; references are resolved to values.
    pub options: serde_json::Map<String, serde_json::Value>,
    /// The project's folder, which relative paths start from.
    pub project: PathBuf,
    /// Who messages come from.
    pub from: EmailAddress,
    /// The id of the installation that sends, when it has one. A channel that keeps what it was given
    /// takes messages from one installation only.
    pub installation: Option<String>,
}

/// Why a channel cannot be made from its configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("channel `{channel}`: {problem}")]
pub struct ChannelConfigError {
    /// The channel's name.
    pub channel: String,
    /// What is wrong, and what to do.
    pub problem: String,
}

/// How far the attempt to send one message has come. Each is **committed before** the step that
/// it names, so the last one on record says what can have happened at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The other side is ready. Nothing of the message has left.
    Connected,
    /// The message is about to leave, all but its last bytes: the other side cannot take it yet.
    BodyStarted,
    /// The last bytes are about to leave. From here on, no reply means in doubt.
    FinalSent,
}

impl Phase {
    /// All phases in order.
    pub const ALL: [Self; 3] = [Self::Connected, Self::BodyStarted, Self::FinalSent];

    /// The phase as it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::BodyStarted => "body_started",
            Self::FinalSent => "final_sent",
        }
    }
}

/// A phase could not be put on record, so the step was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` could not be recorded, so nothing was sent: {reason}", .phase.as_str())]
pub struct PhaseNotRecorded {
    /// The phase.
    pub phase: Phase,
    /// Why.
    pub reason: String,
}

/// Who puts phases on record: the ledger.
#[async_trait]
pub trait Phases: Send + Sync {
    /// Returns once the phase is durably recorded. All three must be: [`crate::after_crash`] reads
    /// `BodyStarted` as "not taken", which is only true when `FinalSent` is never skipped.
    ///
    /// # Errors
    /// When it could not be recorded; the channel then stops without taking the step.
    async fn reached(&self, phase: Phase) -> Result<(), PhaseNotRecorded>;
}

/// The other side took responsibility for the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// Its words: an SMTP reply, or the path of a file.
    pub reply: String,
}

impl Accepted {
    /// With the other side's words: on one line, bounded, without control characters.
    pub fn new(reply: &str) -> Self {
        Self { reply: one_line(reply) }
    }
}

/// What a channel knows of a message that may have been accepted earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// It was.
    Accepted(Accepted),
    /// It was not.
    NotAccepted,
    /// The channel cannot tell.
    Unknown,
}

/// What a look at a channel found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// One line for people.
    pub summary: String,
}

/// How messages leave.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Composes a message to its last byte and sends nothing; no connection is made. Equal messages
    /// give equal bytes, and [`Self::send`] sends exactly these: what it would refuse for the message's
    /// own sake (its size, an attachment that can't be read, a text that can't be encoded) is refused
    /// here, so a plan that has prepared a message knows that it can leave.
    ///
    /// # Errors
    /// Why the message can't leave over this channel.
    async fn prepare(&self, message: &Message) -> Result<Prepared, Refusal>;

    /// Hands one message over. `phases` is told, and waited for, before each step.
    ///
    /// A message whose id was accepted before may be accepted again by a channel that answers
    /// [`Known::Unknown`]: whoever calls must keep a ledger. Dropping the returned future is a
    /// crash: the last recorded phase says what follows.
    ///
    /// # Errors
    /// With the other side's words and what they mean.
    async fn send(&self, message: &Message, phases: &dyn Phases) -> Result<Accepted, Refusal>;

    /// Looks whether messages could be sent, and sends none.
    ///
    /// # Errors
    /// With what stands in the way.
    async fn probe(&self) -> Result<Probe, Refusal>;

    /// Whether a message with this id was accepted before.
    ///
    /// # Errors
    /// When the channel could tell but can't be asked now.
    async fn already_accepted(&self, id: &MessageId) -> Result<Known, Refusal>;

    /// What to do when it cannot be known whether a message was accepted.
    fn in_doubt_policy(&self) -> InDoubtPolicy {
        InDoubtPolicy::Hold
    }

    /// The largest message that the channel takes, in encoded bytes, as far as is known without asking.
    fn largest_message(&self) -> Option<u64> {
        None
    }

    /// Takes leave of open connections. Never fails: what was accepted stays accepted.
    async fn close(&self) {}
}
