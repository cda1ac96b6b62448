//! Holds the house together: who imports whom, every file's first line, and reference pages that
//! are what the code says.

mod commands_parse;
mod keys_do_something;
mod mistyped_keys;
mod schema;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

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

/// Who may depend on whom among the workspace's crates, outside of tests: the list in ARCHITECTURE.md.
fn arrows() -> BTreeMap<String, Vec<String>> {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the page");
    let section = page.split("## Who may import whom").nth(1).expect("the section");
    let list = section.split("```").nth(1).expect("the list");
    list.lines()
        .filter_map(|line| line.split_once("->"))
        .map(|(name, may)| {
            let may = may.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
            (name.trim().to_owned(), may)
        })
        .collect()
}

#[test]
fn crates_import_only_whom_they_may() {
    let arrows = arrows();
    let mut crates = Vec::new();
    for entry in fs::read_dir(root().join("crates")).expect("the crates") {
        let name = entry.expect("a folder").file_name().to_string_lossy().into_owned();
        let may = arrows.get(&name).unwrap_or_else(|| panic!("crate {name} has no place in the house"));
        let mut imports = dependencies(&name);
        imports.sort();
        assert_eq!(&imports, may, "what {name} imports, and what ARCHITECTURE.md says");
        crates.push(name);
    }
    crates.sort();
    assert_eq!(crates, arrows.into_keys().collect::<Vec<_>>(), "ARCHITECTURE.md names crates that are not there");
}

/// The outside dependencies of a manifest, also those of tests.
fn outside(manifest: &str) -> Vec<String> {
    let sections =
        manifest.split("\n[").filter(|s| s.starts_with("dependencies]") || s.starts_with("dev-dependencies]"));
    sections
        .flat_map(|section| section.lines().skip(1))
        .filter_map(|line| Some(line.split_once(['.', ' ', '='])?.0))
        .filter(|name| !name.is_empty() && !name.starts_with("punctual") && !name.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_dependency_has_its_line_in_the_design_and_somebody_who_uses_it() {
    let page = fs::read_to_string(root().join("DESIGN.md")).expect("the page");
    let table = page.split("## Libraries").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("the table");
    let named: Vec<&str> =
        table.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '_').filter(|word| !word.is_empty()).collect();
    let mut used = Vec::new();
    for entry in fs::read_dir(root().join("crates")).expect("the crates") {
        let path = entry.expect("a folder").path();
        let manifest = fs::read_to_string(path.join("Cargo.toml")).expect("a manifest");
        for dependency in outside(&manifest) {
            assert!(named.contains(&dependency.as_str()), "DESIGN.md has no line for `{dependency}`");
            if !path.ends_with("prebuild") {
                used.push(dependency);
            }
        }
    }
    let workspace = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace's manifest");
    let list = workspace.split("[workspace.dependencies]").nth(1).and_then(|rest| rest.split("\n[").next());
    for line in list.expect("the dependencies").lines().filter(|line| line.contains(" = ") && !line.starts_with(' ')) {
        let name = line.split(' ').next().expect("a name");
        let known = name.starts_with("punctual-") || used.iter().any(|used| used == name);
        assert!(known, "no crate uses `{name}`");
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
    for crate_ in arrows().into_keys() {
        let folder = root().join("crates").join(&crate_).join("src");
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
