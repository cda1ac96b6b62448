//! What leaves, and what is held back: conditions on rows, files of every format on a mail, one copy for one
//! address, and a channel that only one run goes over.

use std::collections::BTreeMap;

use mail_parser::{MessageParser, MimeHeaders};

use super::{Case, SETTINGS, file, run, says};
use crate::project::{Project, files, text};

const ANA: &str = "{email: ana@agency.example, name: Ana}";
const TEAM: &str = "deliver: {to: team}";

/// A file of a message: its name, type and bytes.
type Attached = (String, String, Vec<u8>);

/// The files of each message in a folder, by their recipient.
fn sent(project: &Project, folder: &str) -> BTreeMap<String, Vec<Attached>> {
    if !project.path(folder).exists() {
        return BTreeMap::new();
    }
    let messages = files(&project.path(folder), "eml").into_values().map(|raw| {
        let message = MessageParser::default().parse(&raw).expect("a message");
        let to = message.to().and_then(|to| to.first()).and_then(|to| to.address()).expect("an address").to_owned();
        let files = message.attachments().map(|part| {
            let kind = part.content_type().expect("a type");
            let name = part.attachment_name().expect("a name").to_owned();
            (name, format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()), part.contents().to_vec())
        });
        (to, files.collect())
    });
    messages.collect()
}

/// Alerts with figures alone, delivered if there are `rows`.
async fn alerts(rows: u32, inserted: &str) -> Project {
    let report = format!("deliver: {{to: team, only_if: {{rows: {rows}}}}}");
    let case = Case {
        datasets: "alerts: {source: data, sql: 'SELECT machine, minutes FROM t'}",
        tables: "summary: {sql: 'SELECT count(*) AS alerts, sum(minutes) AS minutes FROM alerts'}",
        sections: "{name: figures, type: figures, data: summary, values: [alerts, minutes]}",
        report: &report,
        members: ANA,
        ..Case::default()
    };
    case.sqlite(&format!("CREATE TABLE t (machine text, minutes integer); {inserted}")).await
}

#[tokio::test]
async fn one_row_shown_as_figures_alone_meets_the_condition_of_one_row() {
    let project = alerts(1, "INSERT INTO t VALUES ('press 3', 40);").await;
    says(&run(&project, &["--deliver"]), 0, &["delivered: 1 accepted"]);
    assert_eq!(sent(&project, "outbox").len(), 1);
}

#[tokio::test]
async fn what_a_condition_holds_back_is_on_record_with_its_reason() {
    for (rows, inserted, reason) in [
        (1, "", "its edition has 0 of the 1 rows that `only_if` asks for"),
        (2, "INSERT INTO t VALUES ('press 3', 40);", "its edition has 1 of the 2 rows that `only_if` asks for"),
    ] {
        let project = alerts(rows, inserted).await;
        says(&run(&project, &["--deliver"]), 7, &["nothing was sent: 1 held back", reason]);
        let held = &project.deliveries()[0];
        assert_eq!((text(&held["state"]), sent(&project, "outbox").len()), ("held".to_owned(), 0));
        assert!(text(&held["reply"]).contains(reason), "{held}");
    }
}

#[tokio::test]
async fn a_condition_of_no_rows_is_refused_where_it_stands() {
    let project = alerts(0, "").await;
    let answer = project.punctual(&["check"]);
    says(&answer, 1, &["0 rows are always there", "[all.yaml:", "write `rows: 1` to hold back what is empty"]);
}

#[test]
fn a_condition_of_two_rows_counts_the_rows_of_a_table() {
    let case = Case { report: "deliver: {to: team, only_if: {rows: 2}}", members: ANA, ..Case::default() };
    says(&run(&case.csv("n\n1\n2\n"), &["--deliver"]), 0, &["delivered: 1 accepted"]);
    says(&run(&case.csv("n\n1\n"), &["--deliver"]), 7, &["its edition has 1 of the 2 rows"]);
}

#[test]
fn a_report_in_one_format_is_mailed_with_its_file_and_planned_as_it_is_sent() {
    for (format, media_type) in [
        ("csv", "text/csv"),
        ("html", "text/html"),
        ("json", "application/json"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("pdf", "application/pdf"),
    ] {
        let members = format!("{ANA}, {{email: ben@agency.example}}");
        let project = Case { formats: format, report: TEAM, members: &members, ..Case::default() }.csv("n\n1\n");
        says(&project.punctual(&["check"]), 0, &["no errors"]);
        let plan = project.punctual(&["plan", "case", "--period", "2026-10"]);
        says(&plan, 0, &[&format!("case-2026-10.{format}"), "ana@agency.example", "ben@agency.example"]);
        assert!(sent(&project, "outbox").is_empty(), "a plan sends nothing");
        says(&run(&project, &["--deliver"]), 0, &["delivered: 2 accepted"]);
        let wanted = vec![(format!("case-2026-10.{format}"), media_type.to_owned(), file(&project, format))];
        let sent = sent(&project, "outbox");
        assert_eq!(sent.keys().collect::<Vec<_>>(), ["ana@agency.example", "ben@agency.example"]);
        assert!(sent.values().all(|files| *files == wanted), "{format}: {sent:?}");
    }
}

#[test]
fn two_ids_with_one_address_are_refused_where_the_second_stands() {
    let help = "one address is one recipient: remove one of them";
    for second in ["dee@acme.example", "Dee@ACME.Example"] {
        let members = format!("{{email: dee@acme.example, id: d1}}, {{email: '{second}', id: d2}}");
        let project = Case { report: TEAM, members: &members, ..Case::default() }.csv("n\n1\n");
        let answer = run(&project, &["--deliver"]);
        says(&answer, 1, &["stands in this list a second time", "all.yaml:", help]);
        assert!(sent(&project, "outbox").is_empty(), "{second}");
    }
    let members = "{email: dee@acme.example, id: d1}, {email: eve@acme.example, id: d1}";
    let project = Case { report: TEAM, members, ..Case::default() }.csv("n\n1\n");
    let help = "an id names one recipient: give each its own";
    says(&run(&project, &["--deliver"]), 1, &["the id `d1` stands in this list a second time", help]);
}

#[tokio::test]
async fn two_ids_with_one_address_out_of_a_file_or_a_query_are_refused_and_nothing_leaves() {
    let project = Case { report: TEAM, ..Case::default() }.csv("n\n1\n");
    project.write("team.csv", "email,id\ndee@acme.example,d1\ndee@acme.example,d2\n");
    project.write("team.yaml", "kind: list\nname: team\nmembers: {file: team.csv}\n");
    let answer = run(&project, &["--deliver"]);
    says(&answer, 1, &["`dee@acme.example` stands in this list a second time", "team.csv:3:1"]);
    assert!(sent(&project, "outbox").is_empty());

    let rows = "CREATE TABLE t (email text, id text);
        INSERT INTO t VALUES ('dee@acme.example', 'd1'), ('Dee@Acme.example', 'd2');";
    let datasets = "rows: {source: data, sql: 'SELECT email FROM t'}";
    let project = Case { datasets, report: TEAM, ..Case::default() }.sqlite(rows).await;
    project.write("team.yaml", "kind: list\nname: team\nmembers: {source: data, sql: 'SELECT email, id FROM t'}\n");
    let answer = run(&project, &["--deliver"]);
    let words = "names Dee@Acme.example twice for edition all";
    says(&answer, 4, &[words, "one address is one recipient, whatever its id; remove one"]);
    assert!(sent(&project, "outbox").is_empty());
}

#[test]
fn another_channel_delivers_once_is_on_record_and_must_be_known() {
    let project = Case { report: TEAM, members: ANA, ..Case::default() }.csv("n\n1\n");
    project.write("punctual.yaml", &format!("{SETTINGS}  archive: {{type: folder, path: archive}}\n"));
    let unknown = run(&project, &["--deliver", "--channel", "archiv"]);
    says(&unknown, 1, &["there is no channel `archiv`; did you mean `archive`?"]);
    assert!(!unknown.err.contains("extract"), "nothing was run: {}", unknown.words());
    let unknown = run(&project, &["--deliver", "--channel", "fax"]);
    says(&unknown, 1, &["there is no channel `fax`; known: archive, outbox"]);
    assert_eq!(project.deliveries().len(), 0);

    says(&run(&project, &["--deliver", "--channel", "archive"]), 0, &["delivered: 1 accepted"]);
    assert_eq!((sent(&project, "archive").len(), sent(&project, "outbox").len()), (1, 0));
    let id = text(&project.deliveries()[0]["id"]);
    let shown = project.punctual(&["show", &id, "--json"]).json();
    assert_eq!(
        (&shown["attempts"][0]["channel"], &shown["delivery"]["channel"]),
        (&"archive".into(), &"archive".into())
    );

    for more in [&["--deliver"][..], &["--deliver", "--channel", "outbox"], &["--deliver", "--channel", "archive"]] {
        says(&run(&project, more), 0, &["nothing was sent: the one delivery was accepted before"]);
    }
    assert_eq!((sent(&project, "archive").len(), sent(&project, "outbox").len()), (1, 0));
}
