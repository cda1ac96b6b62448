//! What a mail sink has taken.

use mail_parser::{MessageParser, MimeHeaders};

/// A message that was taken, with its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The address of MAIL FROM.
    pub from: String,
    /// The addresses of RCPT TO.
    pub to: Vec<String>,
    /// The bytes between DATA and the final dot, unstuffed.
    pub raw: Vec<u8>,
    /// Whether the conversation was encrypted.
    pub encrypted: bool,
    /// Who had logged in.
    pub login: Option<String>,
}

impl Received {
    /// The message, parsed.
    ///
    /// # Panics
    /// When it is no message.
    pub fn parsed(&self) -> mail_parser::Message<'_> {
        MessageParser::default().parse(&self.raw).expect("a message")
    }

    /// Its id, without the angle brackets.
    ///
    /// # Panics
    /// When it has none.
    pub fn message_id(&self) -> String {
        self.parsed().message_id().expect("a message id").to_owned()
    }

    /// Its subject, decoded.
    pub fn subject(&self) -> String {
        self.parsed().subject().unwrap_or_default().to_owned()
    }

    /// The names and bytes of its attachments, decoded.
    pub fn attachments(&self) -> Vec<(String, Vec<u8>)> {
        let parsed = self.parsed();
        let named = |part: &mail_parser::MessagePart<'_>| {
            (part.attachment_name().unwrap_or_default().to_owned(), part.contents().to_vec())
        };
        parsed.attachments().map(named).collect()
    }
}
