//! Messages that are too large for their channel or their server, and files that are as good as empty:
//! the one is refused in words before anything is connected, the other arrives.

use punctual_testkit::mail::{MailSink, Step};

use crate::project::{Project, text};

const MONTH: [&str; 2] = ["--period", "2026-10"];

/// A project whose report has so many rows in a CSV file, sent through a channel with these options.
fn project(rows: usize, port: u16, more: &str) -> Project {
    let project = Project::empty();
    project.write(
        "punctual.yaml",
        &format!(
            "title: Sizes\nfrom: reports@agency.example\ndefault_channel: mail\nchannels:\n  \
             mail: {{type: smtp, host: localhost, port: {port}, security: none{more}}}\n"
        ),
    );
    let lines: String = (0..rows).map(|row| format!("{row},a line of forty characters, no more\n")).collect();
    project.write("rows.csv", &format!("number,words,rest\n{lines}"));
    project.write(
        "all.yaml",
        "kind: source\nname: files\ntype: csv\npath: rows.csv\n---\n\
         kind: template\nname: rows\nversion: 1\nquery:\n  datasets:\n    rows: {source: files}\n\
         layout:\n  title: Rows\n  sections:\n    - {name: rows, type: table, data: rows}\n---\n\
         kind: report\nname: rows\ntitle: Rows\ntemplate: rows@1\ntimezone: UTC\nperiod: month\nformats: [csv]\n\
         deliver: {to: team}\n---\nkind: list\nname: team\nmembers: [{email: team@agency.example}]\n",
    );
    project
}

#[test]
fn a_message_over_the_channels_limit_is_refused_before_anything_is_connected() {
    let sink = MailSink::start();
    let project = project(20_000, sink.port(), ", max_size_mb: 1");
    let answer = project.punctual(&[&["run", "rows", "--deliver"], &MONTH[..]].concat());
    assert_ne!(answer.code, 0, "{}", answer.words());
    assert!(answer.words().contains("but at most 1000000 are taken"), "{}", answer.words());
    assert_eq!(sink.count(Step::Connected), 0, "it is known without asking");
}

#[test]
fn a_message_over_the_servers_limit_is_not_offered() {
    let sink = MailSink::builder().size(100_000).start();
    let project = project(5_000, sink.port(), "");
    let answer = project.punctual(&[&["run", "rows", "--deliver"], &MONTH[..]].concat());
    assert_eq!(answer.code, 5, "{}", answer.words());
    let record = &project.deliveries()[0];
    assert_eq!(record["state"], "permanent");
    assert!(text(&record["reply"]).contains("but at most 100000 are taken"), "{record}");
    assert_eq!(sink.count(Step::Sender), 0);
}

#[test]
fn a_file_without_rows_arrives() {
    let sink = MailSink::start();
    let project = project(0, sink.port(), "");
    let answer = project.punctual(&[&["run", "rows", "--deliver"], &MONTH[..]].concat());
    assert_eq!(answer.code, 0, "{}", answer.words());
    let [(name, content)] = sink.messages()[0].attachments().try_into().expect("one file");
    assert_eq!(name, "rows-2026-10.csv");
    assert!(content.len() < 100, "{content:?}");
}
