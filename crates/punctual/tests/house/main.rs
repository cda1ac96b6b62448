//! Holds the house together: who imports whom, every file's first line, and reference pages that
//! are what the code says.

mod keys_do_something;
mod mistyped_keys;
mod schema;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Who may depend on whom among the workspace's crates, outside of tests.
const ARROWS: [(&str, &[&str]); 13] = [
    ("model", &[]),
    ("data", &["model"]),
    ("document", &["model", "data"]),
    ("delivery", &["model"]),
    ("sources", &["data", "model"]),
    ("formats", &["document", "model"]),
    ("channels", &["delivery", "model"]),
    ("store", &["model"]),
    ("engine", &["model", "data", "document", "delivery", "store"]),
    ("sample", &[]),
    ("testkit", &["model", "delivery", "sources", "formats", "channels", "store", "sample"]),
    ("prebuild", &[]),
    (
        "punctual",
        &["model", "data", "document", "delivery", "sources", "formats", "channels", "store", "engine", "sample"],
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace's folder")
}

/// The workspace's crates among a crate's dependencies, outside of tests.
fn dependencies(name: &str) -> Vec<String> {
    let path = root().join("crates").join(name).join("Cargo.toml");
    let text = fs::read_to_string(&path).expect("a manifest");
    let section = text.split("\n[dependencies]").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    section
        .lines()
        .filter_map(|line| line.strip_prefix("punctual-"))
        .map(|line| line.split(['.', ' ', '=']).next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn crates_import_only_whom_they_may() {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    for entry in fs::read_dir(root().join("crates")).expect("the crates") {
        let name = entry.expect("a folder").file_name().to_string_lossy().into_owned();
        let may = allowed.get(name.as_str()).unwrap_or_else(|| panic!("crate {name} has no place in the house"));
        for dependency in dependencies(&name) {
            assert!(may.contains(&dependency.as_str()), "{name} must not import {dependency}");
        }
    }
}

#[test]
fn every_file_says_what_it_owns() {
    let mut files = Vec::new();
    collect(&root().join("crates"), &mut files);
    assert!(files.len() > 50, "the sources were found");
    for file in files {
        let text = fs::read_to_string(&file).expect("a source file");
        assert!(text.is_empty() || text.starts_with("//!"), "{} does not open with //!", file.display());
    }
}

#[test]
fn only_one_file_writes_to_a_terminal() {
    let mut files = Vec::new();
    collect(&root().join("crates/punctual/src"), &mut files);
    files.retain(|file| !file.ends_with("terminal.rs"));
    for file in files {
        let text = fs::read_to_string(&file).expect("a source file");
        for write in ["println!(", "print!(", "dbg!(", "io::stdout()", "io::stderr().lock"] {
            assert!(!text.contains(write), "{} has `{write}`: control characters from data pass by", file.display());
        }
    }
}

#[test]
fn only_one_file_changes_a_revisions_state() {
    let mut files = Vec::new();
    collect(&root().join("crates/engine/src"), &mut files);
    let changing = |file: &&PathBuf| fs::read_to_string(file).expect("a source file").contains(".advance(");
    let changing: Vec<_> = files.iter().filter(changing).filter_map(|file| file.file_name()).collect();
    assert_eq!(changing, ["revision.rs"]);
}

#[test]
fn what_is_kept_of_columns_beside_their_types_is_named_in_one_file() {
    let mut files = Vec::new();
    for crate_ in ARROWS.map(|(name, _)| name) {
        let folder = root().join("crates").join(crate_).join("src");
        if folder.is_dir() {
            collect(&folder, &mut files);
        }
    }
    // Keys of Arrow metadata begin with the product's name; `punctual.yaml` is a file.
    let named = |text: &str| text.split("\"punctual.").skip(1).any(|rest| !rest.starts_with("yaml"));
    files.retain(|file| named(&fs::read_to_string(file).expect("a source file")));
    assert_eq!(files, [root().join("crates/data/src/facts.rs")], "take the key from punctual_data::facts");
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

#[test]
fn reference_pages_are_what_the_code_says() {
    for page in ["definitions", "commands"] {
        let output = Command::new(env!("CARGO_BIN_EXE_punctual")).args(["reference", page]).output().expect("it runs");
        let written = fs::read_to_string(root().join(format!("docs/reference/{page}.md"))).expect("the page");
        assert!(output.status.success());
        assert_eq!(String::from_utf8_lossy(&output.stdout), written, "run `make reference`");
    }
}
