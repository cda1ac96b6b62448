//! One message to one recipient, complete and typed, before any encoding.

use std::{fmt, io, sync::Arc};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{
    address::Mailbox,
    header::{FileName, HeaderText},
    media_type::MediaType,
    message_id::MessageId,
};

/// One message to one recipient. Equal messages give equal bytes: the date and the id are given.
#[derive(Debug, Clone)]
pub struct Message {
    /// The same on every attempt.
    pub id: MessageId,
    /// Who it comes from; also where refusals go (RFC 5321 reverse-path).
    pub from: Mailbox,
    /// Where answers go, when that is not `from`.
    pub reply_to: Option<Mailbox>,
    /// Who it is for.
    pub to: Mailbox,
    /// The subject.
    pub subject: HeaderText,
    /// The `Date` header (RFC 5322 3.6.1): given, never read from a clock.
    pub date: Timestamp,
    /// Which delivery this is.
    pub trace: Trace,
    /// The body for people who read HTML.
    pub html: String,
    /// The same for everybody else.
    pub text: String,
    /// The files that come with it.
    pub attachments: Vec<Attachment>,
}

/// Which delivery a message belongs to: `X-Punctual-*` headers, so that a message in an inbox
/// leads back to the run that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// The run's id.
    pub run: HeaderText,
    /// The revision's number.
    pub revision: u32,
    /// The edition's key.
    pub edition: HeaderText,
    /// The delivery's id.
    pub delivery: HeaderText,
}

/// A file that comes with a message.
#[derive(Debug, Clone)]
pub struct Attachment {
    /// The name it has for the recipient.
    pub name: FileName,
    /// What it is.
    pub media_type: MediaType,
    /// Its bytes.
    pub content: Arc<dyn AttachmentContent>,
}

/// Where an attachment's bytes are: read only when the message leaves.
#[async_trait]
pub trait AttachmentContent: fmt::Debug + Send + Sync {
    /// The number of bytes, known without reading them.
    fn size(&self) -> u64;

    /// The bytes.
    async fn read(&self) -> io::Result<Vec<u8>>;
}

#[async_trait]
impl AttachmentContent for Vec<u8> {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    async fn read(&self) -> io::Result<Vec<u8>> {
        Ok(self.clone())
    }
}

/// Base64 in lines of 76 (RFC 2045 6.8): 57 bytes become 78, and the last line is as long as it must be.
fn base64_size(bytes: u64) -> u64 {
    bytes / 57 * 78 + (bytes % 57).div_ceil(3) * 4
}

impl Message {
    /// So many bytes the message has at least when it is encoded, known before an attachment is read.
    pub fn least_size(&self) -> u64 {
        self.attachments.iter().map(|attachment| base64_size(attachment.content.size())).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_lines_hold_57_bytes() {
        assert_eq!([0, 1, 57, 58, 114].map(base64_size), [0, 4, 78, 82, 156]);
    }
}
