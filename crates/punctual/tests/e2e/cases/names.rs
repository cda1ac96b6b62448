//! Keys and names: an edition's key is the text as it is written, in YAML as in data, and its file has a name
//! that people recognise, that no other edition has on any system.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Case, run, says};
use crate::project::{Project, files, text};

/// Texts that YAML, or whoever reads numbers, would take for something else.
const KEYS: [&str; 16] = [
    "007",
    "7",
    "1e3",
    "1000",
    "true",
    "null",
    "~",
    "2026-01-01",
    "0x10",
    "1_000.5",
    "1_000",
    "NO",
    "1.10",
    "0o7",
    "12:30",
    "-5",
];

fn clients(keys: &[&str]) -> String {
    let rows: Vec<String> = keys.iter().map(|key| format!("('{}')", key.replace('\'', "''"))).collect();
    format!("CREATE TABLE t (code text); INSERT INTO t VALUES {};", rows.join(", "))
}

/// One edition for each key; `members` get their own.
async fn burst(keys: &[&str], members: &str) -> Project {
    let case = Case {
        datasets: "clients: {source: data, sql: 'SELECT code FROM t'}, \
                   rows: {source: data, sql: 'SELECT code, code AS shown FROM t'}",
        title: "For {{ client.code }}",
        report: if members.is_empty() {
            "burst: {by: code, from: clients, as: client}"
        } else {
            "burst: {by: code, from: clients, as: client}\ndeliver: {to: team}"
        },
        members,
        ..Case::default()
    };
    case.sqlite(&clients(keys)).await
}

#[tokio::test]
async fn a_key_in_a_list_is_the_text_as_it_is_written_with_quotes_and_without() {
    for quote in ["", "'", "\""] {
        let key = |key: &str| match key {
            // No value at all, without quotes: see below.
            "null" | "~" if quote.is_empty() => format!("'{key}'"),
            key => format!("{quote}{key}{quote}"),
        };
        let members: Vec<String> = KEYS
            .iter()
            .enumerate()
            .map(|(number, text)| format!("{{key: {}, email: p{number}@agency.example}}", key(text)))
            .collect();
        let project = burst(&KEYS, &members.join(", ")).await;
        says(&run(&project, &["--deliver"]), 0, &["delivered: 16 accepted"]);
        let got: BTreeMap<String, String> = project
            .deliveries()
            .iter()
            .map(|delivery| (text(&delivery["key"]["edition"]), text(&delivery["email"])))
            .collect();
        let wanted = KEYS.iter().enumerate().map(|(n, key)| ((*key).to_owned(), format!("p{n}@agency.example")));
        assert_eq!(got, wanted.collect(), "in {quote}");
    }
}

#[tokio::test]
async fn a_key_that_is_no_value_is_refused_where_it_stands() {
    for key in ["null", "~", "Null"] {
        let project = burst(&[key], &format!("{{key: {key}, email: a@agency.example}}")).await;
        let way = format!("leave `key` out, or write `\"{key}\"` for the edition of that name");
        says(&run(&project, &["--deliver"]), 1, &["the key is empty", "all.yaml:29:17", &way]);
    }
    let project = burst(&[".inf"], "{key: .inf, email: a@agency.example}").await;
    says(&project.punctual(&["check"]), 1, &["all.yaml:29:17", ".inf"]);
}

#[tokio::test]
async fn a_key_never_gets_the_edition_of_a_number_that_it_might_mean() {
    for (edition, key) in
        [("1000", "1_000"), ("16", "0x10"), ("1000", "1e3"), ("7", "007"), ("1.1", "1.10"), ("8", "0o10")]
    {
        let project = burst(&[edition], &format!("{{key: {key}, email: a@agency.example}}")).await;
        let answer = run(&project, &["--deliver"]);
        says(&answer, 7, &["nothing was sent: 1 held back", &format!("the run has no edition {key}")]);
        assert!(!project.path("outbox").exists() || files(&project.path("outbox"), "eml").is_empty(), "{key}");
    }
}

/// The files by their edition.
async fn names(keys: &[&str]) -> BTreeMap<String, String> {
    let project = burst(keys, "").await;
    super::made(&project);
    let found: BTreeMap<String, String> = files(&project.artifacts("json"), "json")
        .into_iter()
        .map(|(name, bytes)| {
            let report: Value = serde_json::from_slice(&bytes).expect("JSON");
            let edition = text(&report["edition"]);
            assert_eq!(report["title"], format!("For {edition}"), "{name}");
            assert_eq!(super::column(&report, "rows", "shown"), [edition.as_str()], "{name}: its own row");
            let whose = name.strip_prefix("case-2026-10-").and_then(|n| n.strip_suffix(".json")).expect("the base");
            (edition, whose.to_owned())
        })
        .collect();
    assert_eq!(found.len(), keys.len(), "a file for each: {found:?}");
    found
}

#[tokio::test]
async fn a_file_is_named_after_its_edition_in_any_script() {
    let long = "x".repeat(300);
    let found = names(&["日本", "ü", "café", "😀", "A/B", "end.", " lead", "tab\tx", "q\"uote", &long]).await;
    for (key, name) in [
        ("日本", "日本"),
        ("ü", "ü"),
        ("café", "café"),
        ("😀", "😀"),
        ("A/B", "A-B"),
        ("end.", "end"),
        (" lead", "lead"),
        ("tab\tx", "tab-x"),
        ("q\"uote", "q-uote"),
    ] {
        assert_eq!(found[key], name);
    }
    assert!(found[&long].starts_with("xxxx") && found[&long].len() < 200, "{}", found[&long]);
}

#[tokio::test]
async fn names_that_some_system_takes_for_one_are_told_apart() {
    let keys =
        ["Acme", "ACME", "café", "cafe\u{301}", "A/B", "A:B", "A-B", "end", "end.", "end..", "ß", "SS", "ﬁ", "fi"];
    let found = names(&keys).await;
    // Neither capitals nor normal forms nor anything that is no letter tells two files apart.
    let folded: BTreeSet<String> = found.values().map(|name| name.to_uppercase().replace("E\u{301}", "É")).collect();
    assert_eq!(folded.len(), keys.len(), "{found:?}");
    assert_eq!((found["Acme"].as_str(), found["ACME"].as_str()), ("Acme", "ACME-2"));
    assert_eq!((found["café"].as_str(), found["cafe\u{301}"].as_str()), ("café", "café-2"));
    assert_eq!((found["end"].as_str(), found["end."].as_str(), found["end.."].as_str()), ("end", "end-2", "end-3"));
}

#[tokio::test]
async fn no_name_is_a_device_leaves_its_folder_ends_in_a_dot_or_hides() {
    let keys =
        ["CON", "nul", "com1.txt", "LPT9", "..", ".", "../../etc", "-rf", "a\\b", "\u{202e}gpj", "\u{200b}", "*"];
    for name in names(&keys).await.values() {
        let whole = format!("case-2026-10-{name}.json");
        let stem = whole.split('.').next().expect("a stem");
        assert!(stem.len() > 4 && stem.starts_with("case-2026-10-"), "a device has three or four letters: {whole}");
        assert_eq!(whole.matches('.').count(), 1, "{whole}");
        let odd = |c: char| c.is_control() || "/\\:*?\"<>|\u{202e}\u{200b} ".contains(c);
        assert!(!whole.contains(odd) && !name.ends_with(['.', ' ']) && !name.is_empty(), "{whole}");
    }
}

#[tokio::test]
async fn a_key_without_a_letter_never_borrows_the_name_of_another() {
    // The third edition has nothing that can stand in a name; there is a client 3.
    let found = names(&["1", "2", "*", "3"]).await;
    assert_eq!((found["3"].as_str(), found["*"].as_str()), ("3", "edition-3"));
}
