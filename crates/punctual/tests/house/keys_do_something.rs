//! Every key of a definition does something: it is read by code beyond the definitions, their checks and their
//! reference. The keys come from the code itself; a new one has to be read, or to say here why it is not.

use std::{collections::BTreeMap, fs, path::Path};

use punctual_model::definition::{Definition, Settings};
use serde_json::Value;

use crate::{collect, root};

/// Keys that no run reads, and why they are there.
const UNREAD: [(&str, &str); 5] = [
    ("Settings.title", "names the project for people; `explain` and editors show it"),
    ("Source.title", "names the source for people; `explain` shows it"),
    ("Template.title", "names the template for people; `explain` shows it"),
    ("Parameter.title", "names the parameter for people; `explain` shows it"),
    ("Deliver.preview", "`check` and every run refuse it until previews are there"),
];

/// What reads a key whose name in the code is another one, or stands in several shapes.
const READ_AS: [(&str, &str); 81] = [
    ("Accepted.column", "check.column"),
    ("Accepted.otherwise", "check.otherwise()"),
    ("Accepted.values", ".values"),
    ("Burst.as", ".alias"),
    ("Burst.by", "burst.by"),
    ("Burst.from", "burst.from"),
    ("Channel.type", ".channel_type"),
    ("ChartSection.data", "spec.data"),
    ("ChartSection.name", "section.name"),
    ("ChartSection.shared", ".shared()"),
    ("ChartSection.title", "section.title"),
    ("ColumnFacts.currency", "facts.currency"),
    ("ColumnFacts.currency_column", "facts.currency_column"),
    ("ColumnFacts.from", "declaration.from()"),
    ("ColumnFacts.total", "facts.total"),
    ("ColumnFacts.type", "declaration.column_type()"),
    ("Covers.by", "check.by"),
    ("Covers.column", "check.column"),
    ("Covers.otherwise", "check.otherwise()"),
    ("Dataset.checks", "dataset.checks"),
    ("Dataset.columns", "dataset.columns"),
    ("Dataset.source", "dataset.source"),
    ("Dataset.sql", "dataset.sql"),
    ("Deliver.to", "deliver.to"),
    ("Expect.editions", "expect.editions"),
    ("Expect.recipients", "expect.recipients"),
    ("DeliverAfter.at", "rule.at"),
    ("DeliverAfter.days", "rule.days"),
    ("Field.currency", "spec.currency()"),
    ("Field.currency_column", "spec.currency_column()"),
    ("Field.format", ".format()"),
    ("Field.total", "spec.total()"),
    ("FiguresSection.data", "spec.data"),
    ("FiguresSection.name", "section.name"),
    ("FiguresSection.shared", ".shared()"),
    ("FiguresSection.title", "section.title"),
    ("FiguresSection.values", "spec.values"),
    ("Layout.title", "layout.title"),
    ("Limits.query", "limits.query"),
    ("Limits.text", "limits.text"),
    ("List.name", "list.name"),
    ("Member.id", "member.id"),
    ("Member.key", "member.key"),
    ("Member.name", "member.name"),
    ("MembersQuery.source", "query.source"),
    ("MembersQuery.sql", "query.sql"),
    ("NotNull.columns", "check.columns()"),
    ("NotNull.otherwise", "check.otherwise()"),
    ("OnlyIf.rows", "only_if.rows"),
    ("Parameter.type", ".parameter_type"),
    ("PeriodRule.rolling_days", "{ rolling_days }"),
    ("Report.currency", "report.currency"),
    ("Report.name", "report.name"),
    ("Report.parameters", "report.parameters"),
    ("Report.timezone", "report.timezone"),
    ("Report.title", "report.title"),
    ("RowsCheck.otherwise", "check.otherwise()"),
    ("RowsCheck.min", ".min"),
    ("Schedule.timezone", "schedule.timezone"),
    ("Settings.data", "settings.data"),
    ("Settings.from", "settings.from"),
    ("Source.name", "definition.name"),
    ("TextSection.text", "spec.text"),
    ("Source.timezone", ".timezone"),
    ("Source.type", ".source_type"),
    ("SqlCheck.otherwise", "check.otherwise()"),
    ("SqlCheck.sql", ".sql()"),
    ("Table.checks", "table.checks"),
    ("Table.sql", "table.sql"),
    ("TableSection.columns", "spec.columns"),
    ("TableSection.data", "spec.data"),
    ("TableSection.name", "section.name"),
    ("TableSection.shared", ".shared()"),
    ("TableSection.title", "section.title"),
    ("Template.name", "value.name"),
    ("Template.parameters", ".parameters"),
    ("Template.query", "template.query"),
    ("TextSection.name", "section.name"),
    ("TextSection.title", "section.title"),
    ("Unique.otherwise", "check.otherwise()"),
    ("Unique.columns", "check.columns()"),
];

/// The code that a run goes through, without tests, comments, definitions and what only checks them.
fn code() -> String {
    let mut files = Vec::new();
    collect(&root().join("crates"), &mut files);
    let checks = [
        "crates/model/src/definition",
        "crates/model/src/project/check.rs",
        "crates/model/src/project/limits.rs",
        "crates/engine/src/lint",
    ];
    let of_a_run = |path: &Path| {
        let path = path.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
        let aside = ["/tests/", "/examples/", "/benches/", "/testkit/", "/sample/", "/tests.rs"];
        !checks.iter().any(|check| path.starts_with(check)) && !aside.iter().any(|part| path.contains(part))
    };
    let mut code = String::new();
    for file in files.iter().filter(|path| of_a_run(path)) {
        let text = fs::read_to_string(file).expect("a source file");
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        // A chain of calls may be broken anywhere before a dot.
        for line in text.lines().map(str::trim_start).filter(|line| !line.starts_with("//")) {
            if !line.starts_with('.') {
                code.push('\n');
            }
            code.push_str(line);
        }
    }
    code
}

/// Whether code holds these words, and not only as the start of longer ones.
fn holds(code: &str, words: &str) -> bool {
    code.match_indices(words).any(|(at, _)| {
        let next = code[at + words.len()..].chars().next();
        !next.is_some_and(|c| c.is_alphanumeric() || c == '_') || words.ends_with(['(', ')'])
    })
}

/// Every key, by the shape that has it; shapes that are told apart by a word have that word's name.
fn keys() -> BTreeMap<String, Vec<String>> {
    let mut keys: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let definitions = schemars::schema_for!(Definition).to_value();
    let settings = schemars::schema_for!(Settings).to_value();
    for kind in definitions["oneOf"].as_array().expect("kinds") {
        let kind_name = kind["properties"]["kind"]["const"].as_str().expect("a kind");
        add(&mut keys, &capital(kind_name), kind);
    }
    add(&mut keys, "Settings", &settings);
    for schema in [&definitions, &settings] {
        for (name, part) in schema["$defs"].as_object().expect("parts") {
            add(&mut keys, name, part);
            for choice in ["oneOf", "anyOf"].iter().filter_map(|of| part[*of].as_array()).flatten() {
                match choice["properties"]["type"]["const"].as_str() {
                    Some(word) => add(&mut keys, &format!("{}{name}", capital(word)), choice),
                    None => add(&mut keys, name, choice),
                }
            }
        }
    }
    // What tells shapes apart is read to tell them apart.
    keys.remove("Check");
    for keys in keys.values_mut() {
        keys.sort();
        keys.dedup();
    }
    keys
}

fn add(keys: &mut BTreeMap<String, Vec<String>>, shape: &str, part: &Value) {
    for (key, of) in part["properties"].as_object().into_iter().flatten() {
        if of.get("const").is_none() {
            keys.entry(shape.to_owned()).or_default().push(key.clone());
        }
    }
}

fn capital(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}

#[test]
fn every_key_of_a_definition_is_read_by_what_runs() {
    let code = code();
    let keys = keys();
    let mut shapes_of: BTreeMap<&str, usize> = BTreeMap::new();
    for key in keys.values().flatten() {
        *shapes_of.entry(key).or_default() += 1;
    }
    let mut unread = Vec::new();
    for (shape, key) in keys.iter().flat_map(|(shape, keys)| keys.iter().map(move |key| (shape, key))) {
        let name = format!("{shape}.{key}");
        if UNREAD.iter().any(|(unread, _)| *unread == name) {
            continue;
        }
        match READ_AS.iter().find(|(read, _)| *read == name) {
            Some((_, words)) if holds(&code, words) => {}
            Some((_, words)) => unread.push(format!("{name}: nothing says `{words}` any more")),
            None if shapes_of[key.as_str()] > 1 => {
                unread.push(format!("{name}: other shapes have a `{key}` too; say in READ_AS what reads this one"));
            }
            None if holds(&code, &format!(".{key}")) || holds(&code, &format!(".{key}()")) => {}
            None => unread.push(format!("{name}: nothing reads it")),
        }
    }
    assert!(keys.values().map(Vec::len).sum::<usize>() > 90, "{keys:#?}");
    assert!(unread.is_empty(), "keys that do nothing:\n{}", unread.join("\n"));
}

#[test]
fn what_is_said_of_keys_is_said_of_keys_that_are_there() {
    let keys = keys();
    let there = |name: &str| {
        name.split_once('.').is_some_and(|(s, k)| keys.get(s).is_some_and(|keys| keys.iter().any(|key| key == k)))
    };
    let said: Vec<&str> = UNREAD.iter().chain(&READ_AS).map(|(name, _)| *name).filter(|name| !there(name)).collect();
    assert!(said.is_empty(), "no such keys: {said:?}");
}
