//! Messages and channels for tests.

use std::{path::Path, sync::Arc, time::Duration};

use punctual_channels::smtp::{SmtpChannel, Timeouts};
use punctual_delivery::{
    Accepted, Attachment, Channel, ChannelConfig, ChannelConfigError, FileName, HeaderText, Mailbox, MediaType,
    Message, MessageId, Refusal, Trace,
};
use punctual_testkit::mail::{MailSink, PhaseLog};
use serde_json::{Map, Value, json};

/// A message of the delivery with this name.
pub fn message(delivery: &str, to: &str) -> Message {
    let header = |text: &str| HeaderText::new(text).unwrap();
    let from = Mailbox::new(Some("Reports"), "reports@agency.example").unwrap();
    Message {
        id: MessageId::derive(b"key", delivery, &from.address),
        from,
        reply_to: None,
        to: Mailbox::new(Some("Ana Lima"), to).unwrap(),
        subject: header("Acme: Oktober 2026 — Übersicht"),
        date: "2026-11-01T06:00:00Z".parse().unwrap(),
        trace: Trace { run: header("run"), revision: 1, edition: header("7"), delivery: header(delivery) },
        html: "<p>Hello</p>\n.\n".to_owned(),
        text: "Hello\n.\n..\n".to_owned(),
        attachments: vec![attachment("acme.pdf", "application/pdf", b"%PDF-1.7\n.\r\n\0\xff".to_vec())],
    }
}

/// A message that no socket's buffers can hold, so that a broken connection shows while it is sent.
pub fn large_message(delivery: &str) -> Message {
    let file = attachment("large.bin", "application/octet-stream", vec![7; 40_000_000]);
    Message { attachments: vec![file], ..message(delivery, "ana@acme.example") }
}

pub fn attachment(name: &str, media_type: &str, content: Vec<u8>) -> Attachment {
    Attachment {
        name: FileName::new(name).unwrap(),
        media_type: MediaType::new(media_type).unwrap(),
        content: Arc::new(content),
    }
}

/// The id as parsers give it: without its angle brackets.
pub fn bare_id(message: &Message) -> String {
    message.id.as_str().trim_matches(['<', '>']).to_owned()
}

pub fn config(project: &Path, options: Value) -> ChannelConfig {
    let Value::Object(options) = options else { panic!("options are a mapping") };
    ChannelConfig {
        name: "mail".to_owned(),
        options,
        project: project.to_owned(),
        from: "reports@agency.example".parse().unwrap(),
        installation: Some("this one".to_owned()),
    }
}

/// Options that reach the sink without encryption, and more of them.
pub fn options(sink: &MailSink, more: Value) -> Value {
    let mut options = Map::new();
    options.insert("host".to_owned(), json!(sink.host()));
    options.insert("port".to_owned(), json!(sink.port()));
    options.insert("security".to_owned(), json!("none"));
    options.extend(more.as_object().unwrap().clone());
    Value::Object(options)
}

/// Long enough for a busy machine, and short where a test waits for the end of it.
pub fn timeouts() -> Timeouts {
    Timeouts { courtesy: Duration::from_secs(5), ..Timeouts::default() }
}

pub fn try_channel(sink: &MailSink, more: Value) -> Result<SmtpChannel, ChannelConfigError> {
    SmtpChannel::new(&config(Path::new("/"), options(sink, more)), timeouts())
}

pub fn channel(sink: &MailSink) -> SmtpChannel {
    try_channel(sink, json!({})).unwrap()
}

pub async fn send(channel: &dyn Channel, message: &Message) -> Result<Accepted, Refusal> {
    channel.send(message, &PhaseLog::new()).await
}
