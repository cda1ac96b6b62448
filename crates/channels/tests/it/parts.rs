//! What is attached arrives as it was: every channel with every kind of name, type and content, read
//! back by a parser that shares no code with ours.

use std::{collections::BTreeMap, sync::Arc};

use mail_parser::{MessageParser, MimeHeaders};
use punctual_delivery::{Attachment, FileName, HeaderText, Mailbox, MediaType, Message, ReplyClass, Subject};
use punctual_testkit::mail::PhaseLog;

use crate::{conformance::cases, support::message};

fn names() -> Vec<String> {
    let mut names: Vec<String> = [
        "report.csv",
        "two words.pdf",
        "Umsätze Oktober.xlsx",
        "東京 2026年10月.html",
        "📈👩‍👧.json",
        "cafe\u{301}.csv",
        "שלום.pdf",
        "q\"uote.csv",
        "it's 100% (a;b), c=d.csv",
        "=?utf-8?q?x?=.csv",
        "a%20b*0=x.csv",
        "trailing. ",
        "  lead.csv",
        "a@b<c>[d]:e.csv",
    ]
    .map(str::to_owned)
    .to_vec();
    names.extend([format!("{}.csv", "x".repeat(196)), format!("{}.pdf", "ü".repeat(98)), "日".repeat(66)]);
    names
}

const TYPES: [&str; 6] = [
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/json",
    "text/csv; charset=utf-8; header=present",
    "text/html; charset=utf-8",
    "text/plain; charset=utf-8; note=\"a; b\\\"c\"",
];

fn contents() -> Vec<Vec<u8>> {
    vec![
        Vec::new(),
        b"x".to_vec(),
        "\u{feff}Größe;Straße\r\n1;2\r\n".into(),
        b".\r\n..\r\n.\n\rFrom me\r--mixed--\r\n\n".to_vec(),
        (0..=255).collect(),
        vec![b'a'; 57 * 3],
        b"long line ".repeat(5000),
    ]
}

/// A message with every name, every type and every content, each with each at least once.
fn full() -> Message {
    let (names, contents) = (names(), contents());
    let count = names.len().max(TYPES.len() * contents.len());
    let attachments = (0..count).filter_map(|at| {
        let content = contents[at % contents.len()].clone();
        let media_type = MediaType::new(TYPES[at % TYPES.len()]).unwrap();
        let possible = !media_type.is_text() || std::str::from_utf8(&content).is_ok();
        let name = FileName::new(names[at % names.len()].clone()).unwrap();
        possible.then(|| Attachment { name, media_type, content: Arc::new(content) })
    });
    Message { attachments: attachments.collect(), ..message("full", "ana@acme.example") }
}

/// The type of a part as one text, with its parameters in order.
fn type_of(part: &mail_parser::MessagePart<'_>) -> (String, BTreeMap<String, String>) {
    let content_type = part.content_type().expect("a type");
    let parameters = content_type.attributes().into_iter().flatten();
    let parameters = parameters.map(|a| (a.name.to_string(), a.value.to_string())).collect();
    (format!("{}/{}", content_type.ctype(), content_type.subtype().unwrap_or_default()), parameters)
}

fn type_wanted(media_type: &MediaType) -> (String, BTreeMap<String, String>) {
    let mut parameters = BTreeMap::new();
    if let Some(charset) = media_type.charset() {
        parameters.insert("charset".to_owned(), charset.to_owned());
    }
    if media_type.as_str().contains("header=present") {
        parameters.insert("header".to_owned(), "present".to_owned());
    }
    if media_type.as_str().contains("note=") {
        parameters.insert("note".to_owned(), "a; b\"c".to_owned());
    }
    (media_type.essence().to_owned(), parameters)
}

#[tokio::test]
async fn every_name_type_and_content_arrives_over_every_channel() {
    let message = full();
    for case in cases() {
        case.channel.send(&message, &PhaseLog::new()).await.unwrap();
        let [raw] = case.harness.delivered().try_into().unwrap();
        let parsed = MessageParser::default().parse(&raw).unwrap();
        assert_eq!(parsed.attachment_count(), message.attachments.len(), "{}", case.name());
        for (part, sent) in parsed.attachments().zip(&message.attachments) {
            assert_eq!(part.attachment_name(), Some(sent.name.as_str()), "{}", case.name());
            assert_eq!(type_of(part), type_wanted(&sent.media_type), "{}: {}", case.name(), sent.name);
            assert_eq!(part.contents(), sent.content.read().await.unwrap(), "{}: {}", case.name(), sent.name);
        }
    }
}

#[tokio::test]
async fn what_is_prepared_is_what_leaves() {
    for case in cases() {
        let message = full();
        let prepared = case.channel.prepare(&message).await.unwrap();
        assert!(case.harness.delivered().is_empty(), "{} sent what it should prepare", case.name());
        case.channel.send(&message, &PhaseLog::new()).await.unwrap();
        assert_eq!(case.harness.delivered(), [prepared.bytes()], "{}", case.name());
        assert_eq!(case.channel.prepare(&message).await, Ok(prepared), "{}", case.name());
    }
}

#[tokio::test]
async fn what_is_larger_than_the_channel_takes_is_refused_before_anything_is_connected() {
    for case in cases() {
        let Some(largest) = case.channel.largest_message() else { continue };
        let mut message = message("d1", "ana@acme.example");
        let empty = case.channel.prepare(&Message { attachments: Vec::new(), ..message.clone() }).await.unwrap();
        let room = (largest - empty.size()) / 78 * 57;
        let mut of = |bytes: u64| {
            let content = vec![7; usize::try_from(bytes).unwrap()];
            message.attachments = vec![crate::support::attachment("x.bin", "application/octet-stream", content)];
            message.clone()
        };
        let (under, over) = (of(room - 1000), of(room + 1000));
        let size = case.channel.prepare(&under).await.unwrap().size();
        assert!(size <= largest && size > largest - 3000, "{size}");
        case.channel.send(&under, &PhaseLog::new()).await.unwrap();
        let phases = PhaseLog::new();
        for refusal in
            [case.channel.prepare(&over).await.unwrap_err(), case.channel.send(&over, &phases).await.unwrap_err()]
        {
            assert_eq!(refusal.class, ReplyClass::TooLarge, "{}: {refusal}", case.name());
            assert!(refusal.reply.contains(&largest.to_string()), "{refusal}");
        }
        assert_eq!(phases.last(), None, "{}", case.name());
        assert_eq!(case.harness.delivered().len(), 1, "{}", case.name());
    }
}

#[tokio::test]
async fn every_title_becomes_a_subject_that_reads_back() {
    let titles = [
        "Acme: October 2026".to_owned(),
        "Größe — 東京 📈".to_owned(),
        "=?utf-8?q?=0D=0ABcc:_x@y.example?=".to_owned(),
        "two  spaces and a\ttab\r\nBcc: x@y.example".to_owned(),
        " edges ".to_owned(),
        String::new(),
        "x".repeat(5000),
        "東京".repeat(500),
        "word ".repeat(100),
    ];
    for case in cases() {
        for (number, title) in titles.iter().enumerate() {
            let subject = Subject::of(title);
            let name = HeaderText::new(subject.text().as_str()).unwrap();
            let mut message = message(&format!("d{number}"), "ana@acme.example");
            message.subject = subject.text().clone();
            message.trace.edition = name;
            message.to = Mailbox::new(Some(subject.text().as_str()), "ana@acme.example").unwrap();
            case.channel.send(&message, &PhaseLog::new()).await.unwrap();
            let delivered = case.harness.delivered();
            let raw = delivered.iter().find(|raw| has_id(raw, &message)).unwrap();
            let parsed = MessageParser::default().parse(raw).unwrap();
            assert_eq!(parsed.subject().unwrap_or_default(), subject.text().as_str(), "{}", case.name());
            assert!(parsed.header("Bcc").is_none());
            let name = parsed.to().and_then(|to| to.first()).and_then(|to| to.name());
            assert_eq!(name.unwrap_or_default(), subject.text().as_str().trim(), "{}", case.name());
            let text = String::from_utf8(raw.clone()).unwrap();
            assert!(text.split("\r\n").all(|line| line.len() <= 998), "{}", case.name());
            let (head, _) = text.split_once("\r\n\r\n").unwrap();
            let may_be_long = |line: &str| line.starts_with("Message-ID: ");
            assert!(head.split("\r\n").all(|line| line.len() <= 78 || may_be_long(line)), "{}: {head}", case.name());
        }
    }
}

fn has_id(raw: &[u8], message: &Message) -> bool {
    let id = crate::support::bare_id(message);
    MessageParser::default().parse(raw).is_some_and(|parsed| parsed.message_id() == Some(&id))
}
