//! A password is in one place: where the reference points to. It is not in the state database, the artifacts,
//! the jobs' folders, the answers, the errors or the log, whatever goes well or wrong.

use std::path::Path;

use crate::{
    project::{Answer, Project},
    servers::variable,
};

const TEMPLATE: &str = "
kind: template
name: sales
version: 1
query:
  datasets:
    orders: {source: warehouse, sql: \"SELECT 1 AS id, 9.50::numeric(9,2) AS amount WHERE {{ period.start_date }} < {{ period.end_date }}\"}
    visits: {source: ads, sql: \"SELECT 2 AS id\"}
layout:
  title: Sales
  sections:
    - {name: rows, type: table, data: orders}
    - {name: visits, type: table, data: visits}
---
kind: report
name: sales
title: Sales
template: sales@1
timezone: UTC
period: month
formats: [csv, json]
deliver: {to: people}
---
kind: list
name: people
members: [{email: ana@acme.example}]
";

const SETTINGS: &str = "
title: Acme
from: Reports <reports@acme.example>
default_channel: outbox
channels:
  outbox: {type: folder, path: outbox}
";

/// User, password and the rest of a server's URL.
fn apart(url: &str) -> (String, String, String) {
    let (login, rest) = url.split_once("://").and_then(|(_, rest)| rest.split_once('@')).expect("a URL with a login");
    let (user, password) = login.split_once(':').expect("a password");
    (user.to_owned(), password.to_owned(), rest.to_owned())
}

fn sources(mysql: &str) -> String {
    let (user, _, rest) = apart(mysql);
    let (address, database) = rest.split_once('/').expect("a database");
    let (host, port) = address.split_once(':').expect("a port");
    format!(
        "kind: source\nname: warehouse\ntype: postgres\nurl: env:WAREHOUSE_URL\n---\n\
         kind: source\nname: ads\ntype: mysql\nhost: {host}\nport: {port}\ndatabase: {database}\nuser: {user}\n\
         password: file:ads.password\n"
    )
}

/// Everything that an answer says.
fn said(answer: &Answer) -> String {
    format!("{}{}", answer.out, answer.err)
}

/// Files below a folder that hold the text, apart from those that are meant to.
fn holding(folder: &Path, text: &str, meant: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(holding(&path, text, meant));
        } else if !meant.iter().any(|name| path.ends_with(name)) {
            let bytes = std::fs::read(&path).expect("a file");
            if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

#[test]
fn a_password_stays_where_its_reference_points() {
    let postgres = variable("PUNCTUAL_TEST_PG_PASSWORD_URL");
    let mysql = variable("PUNCTUAL_TEST_MARIADB_URL");
    let password = apart(&postgres).1;
    assert_eq!(apart(&mysql).1, password, "one canary for both");
    let project = Project::empty();
    project.write("punctual.yaml", SETTINGS);
    project.write("sales.yaml", TEMPLATE);
    project.write("sources.yaml", &sources(&mysql));
    project.write("ads.password", &format!("{password}\n"));
    let with = |url: &str, arguments: &[&str]| {
        let answer = project.punctual_with(&[("WAREHOUSE_URL", url), ("PUNCTUAL_LOG", "trace")], arguments);
        assert!(!said(&answer).contains(&password), "{arguments:?}: {}", said(&answer));
        answer
    };
    let run = ["run", "sales", "--period", "2026-09"];

    // Wrong in every way first, so that what is kept of failures is looked at too.
    let (user, _, rest) = apart(&postgres);
    for (url, code) in [
        (format!("postgres://{user}:{password}wrong@{rest}"), 3),
        (format!("postgres://{user}:{password}@127.0.0.1:1/x"), 3),
        (format!("postgres://{user}:{password}@[::1/x"), 3),
        (format!("{user}:{password}"), 3),
        (format!("postgres://{user}:{password}@{rest}?sslmode={password}"), 3),
    ] {
        let failed = with(&url, &[&run[..], &["--retry-for", "0s"]].concat());
        assert_eq!(failed.code, code, "{}", failed.words());
    }
    let good = postgres.as_str();
    for arguments in [
        &["check"][..],
        &["check", "--json"],
        &[&run[..], &["--json"]].concat(),
        &["plan", "sales", "--period", "2026-09"],
        &["plan", "sales", "--period", "2026-09", "--json"],
        &[&run[..], &["--deliver"]].concat(),
        &["doctor"],
    ] {
        assert_eq!(with(good, arguments).code, 0, "{arguments:?}");
    }
    let runs = with(good, &["runs", "--json"]);
    let id = runs.json()["runs"][0]["id"].as_str().expect("a run").to_owned();
    let id = id.as_str();
    for arguments in [&["show", id][..], &["show", id, "--json"], &["deliveries", "--json"]] {
        with(good, arguments);
    }
    assert_eq!(holding(&project.path(""), &password, &["ads.password"]), Vec::<String>::new());
}

#[test]
fn a_password_in_a_definition_is_refused_and_covered() {
    const CANARY: &str = "hunter2-canary";
    let project = Project::empty();
    project.write("punctual.yaml", SETTINGS);
    for (options, says) in [
        (format!("url: postgres://u:{CANARY}@h/d"), "the `url` carries a password"),
        (format!("url: postgres://h/d?password={CANARY}"), "the `url` carries a password"),
        (format!("host: h\npassword: {CANARY}"), "`password` is secret and cannot stand in a definition"),
        (format!("host: env:HOST\npassword: {CANARY}"), "`host` is not secret"),
        (format!("host: h\nport: 99999\npassword: {CANARY}"), "`port` must be a whole number from 1 to 65535"),
    ] {
        project.write("source.yaml", &format!("kind: source\nname: db\ntype: postgres\n{options}\n"));
        for arguments in [&["check"][..], &["check", "--json"], &["plan", "x"]] {
            let answer = project.punctual(arguments);
            assert_eq!(answer.code, 1, "{}", answer.words());
            let said = said(&answer);
            assert!(!said.contains(CANARY), "{said}");
            // A plan says only that it has no such report, and where the faults are shown.
            assert!(said.contains(if arguments[0] == "check" { says } else { "`punctual check`" }), "{said}");
        }
    }
}
