//! The states of revisions, stages and deliveries, and the one table of transitions for each.
//! The store mirrors these tables in CHECK constraints; nothing else decides what may follow what.

use serde::{Deserialize, Serialize};

/// Declares an enum with its written form, and its transition table.
macro_rules! states {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal => [$($next:ident),*],)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// All states in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The state as it is stored and shown.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The states that may follow.
            pub const fn next(self) -> &'static [Self] {
                match self { $(Self::$variant => &[$(Self::$next,)*],)+ }
            }

            /// Whether `to` may follow.
            pub fn may_become(self, to: Self) -> bool {
                self.next().contains(&to)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = UnknownState;

            fn from_str(text: &str) -> Result<Self, UnknownState> {
                Self::ALL.iter().copied().find(|s| s.as_str() == text).ok_or_else(|| UnknownState(text.to_owned()))
            }
        }
    };
}

/// A stored state that this build does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown state `{0}`: the data folder was written by another version of punctual")]
pub struct UnknownState(pub String);

states! {
    /// The state of a revision of a run.
    RevisionState {
        /// Created, no stage has started.
        Queued = "queued" => [Waiting, Generating, Skipped, Cancelled],
        /// Waits for an upstream signal or for a failing source.
        Waiting = "waiting" => [Generating, Failed, Skipped, Cancelled],
        /// Extract and transform are under way, or may go on.
        Generating = "generating" => [Waiting, Formatting, Failed, Cancelled],
        /// Documents and artifacts are being made.
        Formatting = "formatting" => [Generating, Reviewing, Completed, Failed, Cancelled],
        /// Artifacts are ready; nothing has been delivered.
        Reviewing = "reviewing" => [Generating, Formatting, Distributing, Completed, Failed, Cancelled],
        /// Deliveries of purpose `report` are under way. The revision is frozen from the moment at which the first
        /// byte of a message may have left; until then it may be made again.
        Distributing = "distributing" => [Generating, Completed, Partial, Failed],
        /// Everything that was asked for is done.
        Completed = "completed" => [Generating, Formatting, Distributing],
        /// Some deliveries were accepted, some not.
        Partial = "partial" => [Distributing],
        /// A stage failed; it may be tried again.
        Failed = "failed" => [Generating, Formatting, Distributing, Cancelled],
        /// Not run on purpose (overlap, condition).
        Skipped = "skipped" => [],
        /// Stopped by a person.
        Cancelled = "cancelled" => [],
    }
}

states! {
    /// The state of a delivery: one recipient, one edition, one purpose.
    DeliveryState {
        /// Committed before anything leaves.
        Planned = "planned" => [Sending, Permanent, Held],
        /// Not sent on purpose: its condition, its key, its address or its list speaks against it.
        Held = "held" => [Planned],
        /// An attempt is under way; nothing has certainly left.
        Sending = "sending" => [Accepted, Transient, Permanent, InDoubt],
        /// The other side took it.
        Accepted = "accepted" => [Delivered, Bounced, Complained],
        /// The other side asked to try again later, or could not be reached.
        Transient = "transient" => [Sending, Permanent, Held],
        /// Refused for good.
        Permanent = "permanent" => [Sending, Held],
        /// The last byte may have left and no reply was recorded: never guessed.
        InDoubt = "in_doubt" => [Accepted, Planned, Sending, Delivered, Bounced, Complained],
        /// The provider reports delivery.
        Delivered = "delivered" => [Bounced, Complained],
        /// The provider reports a bounce.
        Bounced = "bounced" => [Delivered, Complained],
        /// The recipient complained.
        Complained = "complained" => [],
    }
}

impl DeliveryState {
    /// Whether nothing of the message can have been taken: it may still be sent, held or sent elsewhere.
    pub const fn is_unsent(self) -> bool {
        matches!(self, Self::Planned | Self::Held | Self::Transient | Self::Permanent)
    }

    /// Whether the other side took the message, whatever became of it afterwards.
    pub const fn was_taken(self) -> bool {
        matches!(self, Self::Accepted | Self::Delivered | Self::Bounced | Self::Complained)
    }

    /// Whether it waits to be sent.
    pub const fn is_due(self) -> bool {
        matches!(self, Self::Planned | Self::Transient | Self::Permanent)
    }
}

states! {
    /// The state of one stage of a revision.
    StageState {
        /// Under way, or interrupted.
        Running = "running" => [Running, Done, Failed],
        /// Finished; its output is kept.
        Done = "done" => [Running],
        /// Failed; the message says why.
        Failed = "failed" => [Running],
    }
}

/// The stages of a run, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Sources to snapshots.
    Extract,
    /// Snapshots to tables.
    Transform,
    /// Tables to documents and artifacts.
    Generate,
    /// Preview and hold.
    Review,
    /// Messages to recipients.
    Deliver,
}

impl Stage {
    /// All stages in order.
    pub const ALL: [Self; 5] = [Self::Extract, Self::Transform, Self::Generate, Self::Review, Self::Deliver];

    /// The stage as it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Extract => "extract",
            Self::Transform => "transform",
            Self::Generate => "generate",
            Self::Review => "review",
            Self::Deliver => "deliver",
        }
    }
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Stage {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(|| UnknownState(text.to_owned()))
    }
}

/// What a delivery is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The owner sees it first.
    Preview,
    /// The report itself.
    Report,
    /// A word about a report: late, corrected, failed.
    Notice,
}

impl Purpose {
    /// The purpose as it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Preview => "preview",
            Self::Report => "report",
            Self::Notice => "notice",
        }
    }
}

impl std::str::FromStr for Purpose {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        [Self::Preview, Self::Report, Self::Notice]
            .into_iter()
            .find(|p| p.as_str() == text)
            .ok_or_else(|| UnknownState(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_written_state_reads_back() {
        for state in RevisionState::ALL {
            assert_eq!(state.as_str().parse::<RevisionState>(), Ok(*state));
        }
        for state in DeliveryState::ALL {
            assert_eq!(state.as_str().parse::<DeliveryState>(), Ok(*state));
        }
    }

    #[test]
    fn what_was_sent_is_never_made_or_sent_again() {
        assert!(!RevisionState::Partial.may_become(RevisionState::Generating));
        assert!(!DeliveryState::Accepted.may_become(DeliveryState::Sending));
        assert!(!DeliveryState::Delivered.may_become(DeliveryState::Sending));
    }
}
