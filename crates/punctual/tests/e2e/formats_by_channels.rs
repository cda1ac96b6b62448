//! Every registered format over every registered channel, with nothing said about either: what leaves is
//! read back by a parser of others and is, byte for byte, what was made. A new format or channel is in
//! here by being registered; a channel without a way to read it back fails.

use std::{collections::BTreeMap, path::Path};

use mail_parser::{MessageParser, MimeHeaders};
use punctual_delivery::MediaType;
use punctual_testkit::mail::MailSink;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::project::{Project, files, text};

/// The keys of the editions, which their files are named after.
const KEYS: [&str; 5] = ["日本", "ü", "café", "A/B", "plain"];

/// Where a channel's messages can be read back.
enum Inbox {
    Sink(MailSink),
    Folder,
}

impl Inbox {
    /// The settings of the channel with as few options as it takes, and where its messages will be.
    fn of(kind: &str) -> (String, Self) {
        match kind {
            "smtp" => {
                let sink = MailSink::start();
                let port = sink.port();
                (format!("{{type: smtp, host: localhost, port: {port}, security: none}}"), Self::Sink(sink))
            }
            "folder" => ("{type: folder}".to_owned(), Self::Folder),
            other => panic!("the channel type {other} can't be read back: say how"),
        }
    }

    /// The messages by the report that they carry in their subject.
    fn messages(&self, project: &Path) -> Vec<Vec<u8>> {
        match self {
            Self::Sink(sink) => sink.messages().into_iter().map(|message| message.raw).collect(),
            Self::Folder => files(&project.join("outbox"), "eml").into_values().collect(),
        }
    }
}

fn formats() -> Vec<&'static str> {
    punctual_formats::KINDS.iter().map(|kind| kind.spec.name).collect()
}

/// A project with a report in all formats for each key, and one report for each format alone; the list
/// of the first has a member for each key. No report says what to attach.
fn project(channel: &str) -> Project {
    let project = Project::empty();
    project.write(
        "punctual.yaml",
        &format!(
            "title: Größe & Söhne\nfrom: \"Berichte, Größe <reports@agency.example>\"\n\
             default_channel: out\nchannels:\n  out: {channel}\n"
        ),
    );
    let rows: String = KEYS.iter().map(|key| format!("{key},\"{key}, \"\"quoted\"\"\",1.50\n")).collect();
    project.write("sales.csv", &format!("code,name,amount\n{rows}"));
    let mut definitions = String::from(
        "kind: source\nname: files\ntype: csv\npath: sales.csv\n---\n\
         kind: template\nname: sales\nversion: 1\n\
         query:\n  datasets:\n    sales: {source: files, columns: {amount: \"decimal(12,2)\"}}\n\
         layout:\n  title: \"{{ report.title }} — Übersicht\"\n  sections:\n    - {name: rows, type: table, data: sales}\n",
    );
    let report = |name: &str, formats: &[&str], burst: &str, list: &str| {
        format!(
            "---\nkind: report\nname: {name}\ntitle: {name}\ntemplate: sales@1\ntimezone: UTC\nperiod: month\n\
             formats: [{}]\n{burst}deliver: {{to: {list}}}\n",
            formats.join(", ")
        )
    };
    definitions.push_str(&report("every", &formats(), "burst: {by: code, from: sales, as: sale}\n", "clients"));
    for format in formats() {
        definitions.push_str(&report(&format!("only-{format}"), &[format], "", "team"));
    }
    definitions.push_str("---\nkind: list\nname: team\nmembers: [{email: team@agency.example}]\n");
    definitions.push_str("---\nkind: list\nname: clients\nmembers:\n");
    for (number, key) in KEYS.iter().enumerate() {
        definitions.push_str(&format!("  - {{key: {key}, email: p{number}@agency.example, name: \"Für {key}\"}}\n"));
    }
    project.write("all.yaml", &definitions);
    project
}

/// What one file is: its name, its type as registered, the hash of its bytes.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Sent {
    name: String,
    media_type: String,
    content: String,
}

/// What the ledger says was made by a report's one run, by edition.
fn made(project: &Project, report: &str) -> BTreeMap<String, Vec<Sent>> {
    let runs = project.punctual(&["runs", "--json", "--report", report]).json();
    let run = text(&runs["runs"][0]["id"]);
    let answer = project.punctual(&["artifacts", &run, "--json"]).json();
    let mut made: BTreeMap<String, Vec<Sent>> = BTreeMap::new();
    for artifact in answer["artifacts"].as_array().expect("a list") {
        let format = text(&artifact["format"]);
        let Some(kind) = punctual_formats::KINDS.iter().find(|kind| kind.spec.name == format) else { continue };
        let media_type = MediaType::new(kind.media_type).expect("a format's media type");
        assert!(!media_type.is_text() || media_type.charset() == Some("utf-8"), "{format} is text of no charset");
        let file = Sent {
            name: text(&artifact["file_name"]),
            media_type: media_type.as_str().to_owned(),
            content: text(&artifact["content"]),
        };
        assert!(file.name.ends_with(&format!(".{}", kind.extension)), "{file:?}");
        made.entry(text(&artifact["edition"])).or_default().push(file);
    }
    made.values_mut().for_each(|files| files.sort());
    made
}

/// The files in a message, sorted.
fn sent(message: &mail_parser::Message<'_>) -> Vec<Sent> {
    let mut files: Vec<Sent> = message
        .attachments()
        .map(|part| {
            let content_type = part.content_type().expect("a type");
            let mut media_type = format!("{}/{}", content_type.ctype(), content_type.subtype().expect("a subtype"));
            for parameter in content_type.attributes().into_iter().flatten() {
                media_type.push_str(&format!("; {}={}", parameter.name, parameter.value));
            }
            Sent {
                name: part.attachment_name().expect("a name").to_owned(),
                media_type,
                content: hex::encode(Sha256::digest(part.contents())),
            }
        })
        .collect();
    files.sort();
    files
}

/// The edition that a message says it carries.
fn edition(message: &mail_parser::Message<'_>) -> String {
    let header = message.header_as("X-Punctual-Edition", mail_parser::HeaderForm::Text);
    header.into_iter().next().and_then(|value| value.into_text()).expect("the edition's header").into_owned()
}

#[test]
fn every_format_arrives_over_every_channel_with_nothing_said_about_either() {
    for kind in punctual_channels::KINDS {
        let (channel, inbox) = Inbox::of(kind.spec.name);
        let project = project(&channel);
        let answer = project.punctual(&["check"]);
        assert_eq!(answer.code, 0, "{}", answer.words());
        let reports =
            formats().iter().map(|format| format!("only-{format}")).chain(["every".to_owned()]).collect::<Vec<_>>();
        let mut seen = 0;
        for report in &reports {
            let answer = project.punctual(&["run", report, "--period", "2026-10", "--deliver"]);
            assert_eq!(answer.code, 0, "{report} over {}: {}", kind.spec.name, answer.words());
            let made = made(&project, report);
            let all = inbox.messages(&project.path(""));
            let of_report = |raw: &&Vec<u8>| {
                let subject = format!("{report} — Übersicht");
                MessageParser::default().parse(*raw).is_some_and(|m| m.subject() == Some(&subject))
            };
            let messages: Vec<&Vec<u8>> = all.iter().filter(of_report).collect();
            assert_eq!(messages.len(), made.len(), "{report} over {}", kind.spec.name);
            let wanted = if report == "every" { formats().len() } else { 1 };
            for raw in messages {
                let message = MessageParser::default().parse(raw).expect("a message");
                let edition = edition(&message);
                let files = sent(&message);
                assert_eq!(files.len(), wanted, "{report}, edition {edition}, over {}", kind.spec.name);
                assert_eq!(Some(&files), made.get(&edition), "{report}, edition {edition}, over {}", kind.spec.name);
                seen += files.len();
            }
            names_lead_to_one_edition_each(&made);
        }
        assert_eq!(seen, formats().len() * (1 + KEYS.len()), "{}", kind.spec.name);
        let records: Vec<Value> = project.deliveries();
        assert!(records.iter().all(|record| record["state"] == "accepted"), "{records:?}");
    }
}

fn names_lead_to_one_edition_each(made: &BTreeMap<String, Vec<Sent>>) {
    let mut names: Vec<&str> = made.values().flatten().map(|file| file.name.as_str()).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "two editions have a file of one name");
}
