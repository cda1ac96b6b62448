//! What a plan says before anything leaves, and what only some editions get.

use punctual_testkit::mail::MailSink;

use crate::project::{PERIOD, Project, REPORT, files};

const QUILLMARK: &str = "{key: 11, email: reports@quillmark.example}";

/// Rewrites the list of contacts.
fn edit_contacts(project: &Project, changes: &[(&str, &str)]) {
    let mut list = std::fs::read_to_string(project.path("contacts.yaml")).expect("the example's contacts");
    for (from, to) in changes {
        assert_eq!(list.matches(from).count(), 1, "{from}");
        list = list.replace(from, to);
    }
    project.write("contacts.yaml", &list);
}

#[tokio::test]
async fn a_plan_shows_who_is_new_gone_or_elsewhere_since_the_last_period_and_sends_nothing() {
    let sink = MailSink::start();
    let project = Project::mailing(sink.port()).await;
    edit_contacts(&project, &[(QUILLMARK, "{key: 11, id: quillmark, email: reports@quillmark.example}")]);
    let september = project.punctual(&["run", REPORT, "--period", "2026-09", "--deliver"]);
    assert_eq!(september.code, 0, "{}", september.words());

    edit_contacts(
        &project,
        &[
            (
                "{key: 11, id: quillmark, email: reports@quillmark.example}",
                "{key: 11, id: quillmark, email: a@q.example}",
            ),
            ("  11: [quillmark.example]", "  11: [q.example]"),
            ("reports@oakline.example", "numbers@oakline.example"),
        ],
    );
    let plan = project.punctual(&["plan", REPORT, "--period", PERIOD]);
    assert_eq!(plan.code, 0, "{}", plan.words());
    for line in [
        "new: numbers@oakline.example (edition 10)",
        "gone: reports@oakline.example (edition 10)",
        "other domain: a@q.example was reports@quillmark.example (edition 11)",
        "12 editions, 12 recipients; nothing was sent",
        "Harborlight Coffee: your report for October 2026",
        "monthly-client-report-2026-10-harborlight.xlsx",
        "WHERE occurred_at >= ",
    ] {
        assert!(plan.out.contains(line), "`{line}` is not in {}", plan.words());
    }
    assert_eq!(sink.messages().len(), 12, "September's");
    let json = project.punctual(&["plan", REPORT, "--period", PERIOD, "--json"]).json();
    assert_eq!(json["messages"].as_array().map(Vec::len), Some(12));
}

#[tokio::test]
async fn some_editions_can_go_first_and_the_others_follow_without_a_second_copy() {
    let sink = MailSink::start();
    let project = Project::mailing(sink.port()).await;
    let some = project.punctual(&["run", REPORT, "--period", PERIOD, "--edition", "9", "--edition", "3", "--deliver"]);
    assert_eq!(some.code, 0, "{}", some.words());
    let to: Vec<String> = sink.taken().into_keys().collect();
    assert_eq!(sink.messages().len(), 2, "{to:?}");

    let all = project.deliver();
    assert_eq!(all.code, 0, "{}", all.words());
    assert!(all.out.contains("10 accepted, 2 accepted before"), "{}", all.words());
    assert_eq!(sink.messages().len(), 12);
    assert!(sink.taken().values().all(|times| *times == 1), "{:?}", sink.taken());
}

#[tokio::test]
async fn an_edition_that_is_not_there_is_named_and_nothing_is_sent() {
    let sink = MailSink::start();
    let project = Project::mailing(sink.port()).await;
    for more in [&["--deliver"][..], &[]] {
        let run = ["run", REPORT, "--period", PERIOD, "--edition", "99"];
        let answer = project.punctual(&[&run, more].concat());
        assert_eq!(answer.code, 1, "{}", answer.words());
        assert!(answer.err.contains("there is no edition `99`; known: 1, 2, 3"), "{}", answer.words());
    }
    assert_eq!(sink.messages().len(), 0);
}

#[tokio::test]
async fn a_period_that_has_not_ended_is_sent_only_when_confirmed() {
    let sink = MailSink::start();
    let project = Project::mailing(sink.port()).await;
    project.write("report.yaml", &UNCHECKED.replace("REPORT", REPORT));
    let run = ["run", REPORT, "--period", "2099-10", "--deliver"];
    let answer = project.punctual(&run);
    assert_eq!(answer.code, 4, "{}", answer.words());
    assert!(answer.err.contains("period 2099-10 has not ended: its last day is 2099-10-31"), "{}", answer.words());
    assert_eq!(sink.messages().len(), 0);
    let answer = project.punctual(&[&run[..], &["--confirm"]].concat());
    assert_eq!(answer.code, 0, "{}", answer.words());
    assert_eq!(sink.messages().len(), 12);
}

#[tokio::test]
async fn a_warning_never_shows_one_client_what_belongs_to_another() {
    let project = Project::mailing(1).await;
    let template = std::fs::read_to_string(project.path("template.yaml")).expect("the example's template");
    let check = "- accepted: {column: channel, values: [web, shop, partner], otherwise: exclude}";
    assert_eq!(template.matches(check).count(), 1);
    let warn = "- sql: {sql: \"SELECT client_id, visits FROM traffic WHERE client_id = 7\", otherwise: warn}";
    project.write("template.yaml", &template.replace(check, &format!("{check}\n        {warn}")));
    let answer = project.punctual(&["run", REPORT, "--period", PERIOD]);
    assert_eq!(answer.code, 0, "{}", answer.words());
    assert!(answer.err.contains("none expected") && answer.err.contains("client_id=7"), "{}", answer.words());
    for (name, report) in files(&project.artifacts("json"), "json") {
        let report = String::from_utf8(report).expect("UTF-8");
        assert!(!report.contains("none expected"), "{name} shows a finding about client 7: {report}");
    }
}

/// Twelve editions without rows: the clients alone.
const UNCHECKED: &str = "\
kind: template
name: names
version: 1
query:
  datasets:
    clients: {source: crm, columns: {client_id: {from: id, type: int}, active: bool}}
layout:
  title: \"{{ client.name }}\"
  sections: [{name: names, type: table, data: clients, columns: [name]}]
---
kind: report
name: REPORT
title: Names
template: names@1
timezone: America/Chicago
period: month
burst: {by: client_id, from: clients, as: client}
formats: [json]
deliver: {to: client-contacts}
";
