//! A mistyped key is an error wherever it stands: in every shape that a definition or the settings can have, by
//! the reader and by the JSON Schema. The shapes come from the schema, so that a new one cannot be forgotten.

use std::process::Command;

use punctual_model::{
    diagnostic::{Diagnostic, SourceFile},
    kinds::Catalog,
    project,
};
use serde_json::Value;

use crate::schema::{is_valid, places, renamed, samples};

fn catalog() -> Catalog {
    Catalog {
        sources: punctual_sources::KINDS.iter().map(|kind| kind.spec).collect(),
        formats: punctual_formats::KINDS.iter().map(|kind| kind.spec).collect(),
        channels: punctual_channels::KINDS.iter().map(|kind| kind.spec).collect(),
        locales: punctual_document::locale::Locale::ALL.iter().map(|locale| locale.tag).collect(),
    }
}

fn printed(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_punctual")).args(arguments).output().expect("it runs");
    serde_json::from_slice(&output.stdout).expect("a schema")
}

/// What the reader and `check` say of a document.
fn told(document: &Value, settings: bool) -> (String, Vec<Diagnostic>) {
    let text = document.to_string();
    let file = SourceFile { path: "x.yaml".to_owned(), text: text.clone() };
    let (project, mut faults) =
        if settings { project::read(Some(file), vec![]) } else { project::read(None, vec![file]) };
    faults.extend(project::check(&project, &catalog()));
    (text, faults)
}

/// Whether a fault is about keys; what the samples refer to is not there, and that is not asked here.
fn is_about_keys(fault: &Diagnostic) -> bool {
    ["unknown key", "has no option", " is missing", "must be"].iter().any(|words| fault.message.contains(words))
}

fn mistype_all(schema: &Value, settings: bool) -> usize {
    let mut mistyped = std::collections::BTreeSet::new();
    for sample in samples(schema, schema) {
        let (_, faults) = told(&sample, settings);
        let about: Vec<_> = faults.iter().filter(|fault| is_about_keys(fault)).collect();
        assert!(about.is_empty(), "a sample of the schema is not read:\n{sample:#}\n{about:#?}");
        assert!(is_valid(schema, schema, &sample), "a sample of the schema is not valid:\n{sample:#}");
        for path in places(&sample) {
            let shape: Vec<&String> = path.iter().filter(|step| step.parse::<usize>().is_err()).collect();
            let known = format!("{shape:?} {} {}", sample["kind"], sample["type"]);
            if mistyped.insert((known, path.len())) {
                mistype(schema, &sample, &path, settings);
            }
        }
    }
    mistyped.len()
}

fn mistype(schema: &Value, sample: &Value, path: &[String], settings: bool) {
    let key = path.last().expect("a path has an end");
    let wrong = format!("{key}{}", key.chars().last().expect("a key has letters"));
    let document = renamed(sample, path, &wrong);
    assert!(!is_valid(schema, schema, &document), "the schema takes `{wrong}` at {path:?}");
    let (text, faults) = told(&document, settings);
    let named = |fault: &&Diagnostic| fault.message.contains(&format!("`{wrong}`"));
    let fault = faults.iter().find(named).unwrap_or_else(|| panic!("`{wrong}` at {path:?} is taken: {faults:#?}"));
    assert!(text[fault.span.clone()].contains(wrong.as_str()), "{} is not told at the key: {path:?}", fault.message);
    let help = fault.help.clone().unwrap_or_default();
    assert!(help.contains(&format!("did you mean `{key}`?")), "{path:?}: {}: {help}", fault.message);
}

#[test]
fn a_mistyped_key_is_an_error_in_every_shape_of_a_definition() {
    let count = mistype_all(&printed(&["schema"]), false);
    assert!(count > 120, "{count} keys were mistyped");
}

#[test]
fn a_mistyped_key_is_an_error_in_every_shape_of_the_settings() {
    let count = mistype_all(&printed(&["schema", "--settings"]), true);
    assert!(count > 25, "{count} keys were mistyped");
}
