//! A message as bytes (RFC 5322, RFC 2045 to 2049, RFC 2231): 7-bit, lines ended by CRLF, and the
//! same bytes for the same message, because date, id and boundaries are given and never drawn.

use std::{io, time::SystemTime};

use jiff::Timestamp;
use lettre::{
    address::Envelope,
    message::{Message as LettreMessage, MultiPart, MultiPartKind, SinglePart, header::ContentTransferEncoding},
};
use punctual_delivery::{Attachment, EmailAddress, Message, Prepared, Refusal, ReplyClass};

use crate::headers::{self, AttachmentName, AttachmentType};

/// Composes a message to its last byte; attachments are read now.
///
/// # Errors
/// `TooLarge` before anything is read when the message cannot fit into `largest` bytes, and again
/// when it turns out not to; `Permanent` when an attachment cannot be read: the other messages can
/// still leave, and whoever calls may try this one again once the file is back.
pub(crate) async fn prepare(message: &Message, largest: Option<u64>) -> Result<Prepared, Refusal> {
    fits(message.least_size(), largest)?;
    let mut contents = Vec::with_capacity(message.attachments.len());
    for attachment in &message.attachments {
        contents.push(read(attachment).await.map_err(|error| unreadable(attachment, &error))?);
    }
    let message = message.clone();
    let composed = tokio::task::spawn_blocking(move || build(&message, contents).map(Prepared::new)).await;
    let prepared = composed.map_err(|_| {
        Refusal::unanswered(ReplyClass::Transient, "the message could not be encoded: out of resources")
    })??;
    fits(prepared.size(), largest)?;
    Ok(prepared)
}

/// Refuses a message that is larger than the other side takes.
pub(crate) fn fits(size: u64, largest: Option<u64>) -> Result<(), Refusal> {
    match largest {
        Some(largest) if size > largest => Err(Refusal::unanswered(
            ReplyClass::TooLarge,
            format!(
                "the message has {size} bytes or more, but at most {largest} are taken; attach fewer formats, or raise `max_size_mb` if the server takes more"
            ),
        )),
        _ => Ok(()),
    }
}

async fn read(attachment: &Attachment) -> io::Result<Vec<u8>> {
    let bytes = attachment.content.read().await?;
    if bytes.len() as u64 == attachment.content.size() {
        Ok(bytes)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidData, "it is not as long as it was when the message was made"))
    }
}

fn unreadable(attachment: &Attachment, error: &io::Error) -> Refusal {
    Refusal::unanswered(
        ReplyClass::Permanent { suppress: false },
        format!("attachment {:?} can't be read: {error}", attachment.name.as_str()),
    )
}

fn build(message: &Message, contents: Vec<Vec<u8>>) -> Result<Vec<u8>, Refusal> {
    let (from, to) = (lettre_address(&message.from.address)?, lettre_address(&message.to.address)?);
    let date = SystemTime::try_from(message.date.max(Timestamp::UNIX_EPOCH)).unwrap_or(SystemTime::UNIX_EPOCH);
    let mut builder = LettreMessage::builder()
        .date(date)
        .raw_header(headers::mailbox("From", &message.from))
        .raw_header(headers::mailbox("To", &message.to))
        .raw_header(headers::text("Subject", message.subject.as_str()))
        .envelope(Envelope::new(Some(from), vec![to]).map_err(unencodable)?)
        .message_id(Some(message.id.as_str().to_owned()));
    if let Some(reply_to) = &message.reply_to {
        builder = builder.raw_header(headers::mailbox("Reply-To", reply_to));
    }
    for (name, value) in further_headers(message) {
        builder = builder.raw_header(headers::text(name, &value));
    }
    let built = builder.multipart(parts(message, contents)).map_err(unencodable)?;
    Ok(built.formatted())
}

/// Headers that RFC 5322 does not know: no automatic answers (RFC 3834 5, and Exchange's own word
/// for it), and which delivery this is.
fn further_headers(message: &Message) -> [(&'static str, String); 6] {
    let trace = &message.trace;
    [
        ("Auto-Submitted", "auto-generated".to_owned()),
        ("X-Auto-Response-Suppress", "OOF, AutoReply".to_owned()),
        ("X-Punctual-Run", trace.run.as_str().to_owned()),
        ("X-Punctual-Revision", trace.revision.to_string()),
        ("X-Punctual-Edition", trace.edition.as_str().to_owned()),
        ("X-Punctual-Delivery", trace.delivery.as_str().to_owned()),
    ]
}

fn parts(message: &Message, contents: Vec<Vec<u8>>) -> MultiPart {
    let bodies = multipart(MultiPartKind::Alternative, message)
        .singlepart(SinglePart::plain(message.text.clone()))
        .singlepart(SinglePart::html(message.html.clone()));
    if message.attachments.is_empty() {
        return bodies;
    }
    let mut mixed = multipart(MultiPartKind::Mixed, message).multipart(bodies);
    for (attachment, content) in message.attachments.iter().zip(contents) {
        let part = SinglePart::builder()
            .header(AttachmentType(attachment.media_type.clone()))
            .header(AttachmentName(attachment.name.clone()))
            .header(ContentTransferEncoding::Base64)
            .body(content);
        mixed = mixed.singlepart(part);
    }
    mixed
}

/// A multipart whose boundary follows from the message's id.
fn multipart(kind: MultiPartKind, message: &Message) -> MultiPart {
    let name = if matches!(kind, MultiPartKind::Mixed) { "mixed" } else { "bodies" };
    let boundary = format!("{name}-{}", &message.id.digits()[..32]);
    MultiPart::builder().kind(kind).boundary(boundary).build()
}

fn lettre_address(address: &EmailAddress) -> Result<lettre::Address, Refusal> {
    address.as_str().parse().map_err(unencodable)
}

fn unencodable(error: impl std::error::Error) -> Refusal {
    Refusal::unanswered(
        ReplyClass::Permanent { suppress: false },
        format!("the message could not be encoded: {error}; please report this"),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mail_parser::{HeaderForm, MessageParser, MimeHeaders};
    use proptest::prelude::*;
    use punctual_delivery::{FileName, HeaderText, Mailbox, MediaType, MessageId, Trace};

    use super::*;

    fn text(text: &str) -> HeaderText {
        HeaderText::new(text).expect("no control characters")
    }

    fn message() -> Message {
        let from = Mailbox::new(Some("Agentur „Nord“, Berichte"), "reports@agency.example").expect("valid");
        Message {
            id: MessageId::derive(b"key", "delivery", &from.address),
            reply_to: Some("owner@agency.example".parse().expect("valid")),
            to: Mailbox::new(Some("Ana \"A\" Lima <x>"), "ana@bücher.example").expect("valid"),
            subject: text(
                "Bücher: Oktober 2026 — 東京 📈 and a subject so long that it has to be folded at least once",
            ),
            date: "2026-11-01T06:00:00Z".parse().expect("valid"),
            trace: Trace { run: text("run"), revision: 1, edition: text("Größe 7"), delivery: text("delivery") },
            html: "<p>Größe</p>\n.\n".to_owned(),
            text: format!("Größe\n.\n..two\nFrom me\n{}\n", "long ".repeat(500)),
            attachments: vec![attachment("Umsätze \"Oktober\" 2026.csv", "text/csv", "a,b\n1,2\n".into())],
            from,
        }
    }

    fn attachment(name: &str, media_type: &str, content: Vec<u8>) -> Attachment {
        Attachment {
            name: FileName::new(name).expect("valid"),
            media_type: MediaType::new(media_type).expect("valid"),
            content: Arc::new(content),
        }
    }

    fn encoded(message: &Message) -> String {
        let contents = vec![b"a,b\n1,2\n".to_vec(); message.attachments.len()];
        String::from_utf8(build(message, contents).expect("encodes")).expect("7-bit")
    }

    fn edition(parsed: &mail_parser::Message<'_>) -> Option<String> {
        let value = parsed.header_as("X-Punctual-Edition", HeaderForm::Text).into_iter().next()?;
        value.into_text().map(String::from)
    }

    /// The names of the headers of the whole message, in order.
    fn header_names(encoded: &str) -> Vec<&str> {
        let (head, _) = encoded.split_once("\r\n\r\n").expect("a blank line");
        let lines = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
        lines.map(|line| line.split_once(':').expect("a header").0).collect()
    }

    const HEADERS: [&str; 14] = [
        "Date",
        "From",
        "To",
        "Subject",
        "Message-ID",
        "Reply-To",
        "Auto-Submitted",
        "X-Auto-Response-Suppress",
        "X-Punctual-Run",
        "X-Punctual-Revision",
        "X-Punctual-Edition",
        "X-Punctual-Delivery",
        "MIME-Version",
        "Content-Type",
    ];

    #[test]
    fn a_message_reads_back_as_it_was_meant() {
        let message = message();
        let encoded = encoded(&message);
        let parsed = MessageParser::default().parse(encoded.as_bytes()).expect("a message");
        assert_eq!(parsed.subject(), Some(message.subject.as_str()));
        assert_eq!(parsed.message_id(), Some(message.id.as_str().trim_matches(['<', '>'])));
        assert_eq!(parsed.date().map(mail_parser::DateTime::to_rfc3339).as_deref(), Some("2026-11-01T06:00:00Z"));
        let to = parsed.to().and_then(|to| to.first()).expect("a recipient");
        assert_eq!((to.name(), to.address()), (Some("Ana \"A\" Lima <x>"), Some("ana@xn--bcher-kva.example")));
        let from = parsed.from().and_then(|from| from.first()).expect("a sender");
        assert_eq!(from.name(), Some("Agentur „Nord“, Berichte"));
        assert_eq!(parsed.body_text(0).expect("text").replace("\r\n", "\n"), message.text);
        assert_eq!(parsed.body_html(0).expect("html").replace("\r\n", "\n"), message.html);
        let file = parsed.attachment(0).expect("an attachment");
        assert_eq!(file.attachment_name(), Some("Umsätze \"Oktober\" 2026.csv"));
        assert_eq!(file.contents(), b"a,b\n1,2\n");
        assert_eq!(parsed.header_raw("Auto-Submitted").map(str::trim), Some("auto-generated"));
        assert_eq!(edition(&parsed), Some("Größe 7".to_owned()));
        assert_eq!(header_names(&encoded), HEADERS);
    }

    #[test]
    fn equal_messages_are_equal_bytes_and_fit_every_server() {
        let encoded = encoded(&message());
        assert_eq!(encoded, super::tests::encoded(&message()));
        assert!(encoded.is_ascii() && encoded.ends_with("\r\n"));
        assert!(encoded.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])));
    }

    #[test]
    fn without_attachments_there_are_only_the_bodies() {
        let encoded = encoded(&Message { attachments: Vec::new(), ..message() });
        let parsed = MessageParser::default().parse(encoded.as_bytes()).expect("a message");
        assert_eq!((parsed.attachment_count(), parsed.text_body_count(), parsed.html_body_count()), (0, 1, 1));
    }

    #[tokio::test]
    async fn what_is_too_large_is_refused_before_it_is_read() {
        #[derive(Debug)]
        struct Unread;

        #[async_trait::async_trait]
        impl punctual_delivery::AttachmentContent for Unread {
            fn size(&self) -> u64 {
                8_000_000
            }

            async fn read(&self) -> io::Result<Vec<u8>> {
                Err(io::Error::other("the disk is gone"))
            }
        }

        let file = Attachment { content: Arc::new(Unread), ..attachment("x.pdf", "application/pdf", Vec::new()) };
        let message = Message { attachments: vec![file], ..message() };
        let refusal = prepare(&message, Some(10_000_000)).await.expect_err("8 MB are 11 MB in base64");
        assert_eq!(refusal.class, ReplyClass::TooLarge);
        let refusal = prepare(&message, None).await.expect_err("can't be read");
        assert_eq!(refusal.class, ReplyClass::Permanent { suppress: false });
        assert!(refusal.reply.contains("\"x.pdf\"") && refusal.reply.contains("the disk is gone"), "{refusal}");
    }

    #[tokio::test]
    async fn the_limit_holds_for_the_very_last_byte() {
        for size in [0, 1, 57, 58, 1000, 1_000_000] {
            let file = attachment("x.pdf", "application/pdf", vec![7; size]);
            let message = Message { attachments: vec![file], ..message() };
            let prepared = prepare(&message, None).await.expect("no limit");
            assert!(message.least_size() <= prepared.size(), "what is foretold is never too much");
            assert_eq!(prepare(&message, Some(prepared.size())).await.as_ref(), Ok(&prepared));
            let refusal = prepare(&message, Some(prepared.size() - 1)).await.expect_err("one byte too many");
            assert_eq!(refusal.class, ReplyClass::TooLarge);
            assert!(refusal.reply.contains(&prepared.size().to_string()), "{refusal}");
        }
    }

    proptest! {
        #[test]
        fn no_text_adds_or_removes_a_header_and_every_text_reads_back(
            subject in "\\PC{0,120}|( |=\\?|\\?=|[ab\"\\\\<>,]){0,30}|x{0,1200}",
            name in "\\PC{0,60}|( |=\\?|[ab\"\\\\<>,@]){0,30}",
            file in "\\PC{1,60}|( |%2|[ab\"*';=]){1,30}",
            edition in "\\PC{0,40}",
        ) {
            let (Ok(subject), Ok(edition), Ok(file)) =
                (HeaderText::new(subject), HeaderText::new(edition), FileName::new(file)) else { return Ok(()) };
            let Ok(to) = Mailbox::new(Some(&name), "ana@acme.example") else { return Ok(()) };
            let base = message();
            let trace = Trace { edition: edition.clone(), ..base.trace.clone() };
            let attachments = vec![Attachment { name: file.clone(), ..base.attachments[0].clone() }];
            let encoded = encoded(&Message { subject: subject.clone(), to: to.clone(), trace, attachments, ..base });
            prop_assert_eq!(header_names(&encoded), HEADERS);
            prop_assert!(encoded.is_ascii());
            let (head, _) = encoded.split_once("\r\n\r\n").expect("a blank line");
            prop_assert!(head.split("\r\n").all(|line| line.len() <= 78 || line.starts_with("Message-ID: ")));
            let parsed = MessageParser::default().parse(encoded.as_bytes()).expect("a message");
            prop_assert_eq!(parsed.attachment_count(), 1);
            prop_assert_eq!(parsed.subject().unwrap_or_default(), subject.as_str());
            prop_assert_eq!(super::tests::edition(&parsed).unwrap_or_default(), edition.as_str());
            prop_assert_eq!(parsed.attachment(0).and_then(MimeHeaders::attachment_name), Some(file.as_str()));
            let read = parsed.to().and_then(|to| to.first()).expect("a recipient");
            prop_assert_eq!(read.address(), Some("ana@acme.example"));
            prop_assert_eq!(read.name(), to.name.as_ref().map(HeaderText::as_str));
        }
    }
}
