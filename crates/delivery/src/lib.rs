//! What leaves and how: messages, the `Channel` trait with its phases, reply classes, and which
//! state follows which answer. Nothing here knows which channels exist, the store, the engine or
//! a clock; nothing here does I/O.

pub mod address;
pub mod body;
pub mod channel;
pub mod header;
mod html;
pub mod media_type;
pub mod message;
pub mod message_id;
pub mod outcome;
pub mod prepared;
pub mod reply;
pub mod subject;

pub use address::{AddressError, EmailAddress, Mailbox, MailboxError};
pub use body::{BodyWords, Change, Figure, FileLine, ReportBody, Tone, WebLink};
pub use channel::{
    Accepted, Channel, ChannelConfig, ChannelConfigError, ChannelKind, Known, Phase, PhaseNotRecorded, Phases, Probe,
};
pub use header::{FileName, HeaderError, HeaderText};
pub use media_type::MediaType;
pub use message::{Attachment, AttachmentContent, Message, Trace};
pub use message_id::{MessageId, MessageIdError};
pub use outcome::{InDoubtPolicy, after_crash, outcome, settle};
pub use prepared::Prepared;
pub use reply::{EnhancedStatus, Refusal, ReplyClass, Step, classify};
pub use subject::Subject;
