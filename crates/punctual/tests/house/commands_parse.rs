//! Every command that a text names can be typed: those in the words of errors and those in the documents are read by
//! the command line's own parser. A word in capitals stands for a value, `a|b` for either, brackets for what may be
//! left out. A command without anything after it is only named, and has to be there.

use std::{collections::BTreeSet, fs, path::Path};

use clap::{CommandFactory, Parser};

#[allow(dead_code, missing_docs)]
#[path = "../../src/cli.rs"]
mod cli;

use crate::{collect, root};

/// What is printed by a command that is only named where it is made, and never typed.
const NOT_TYPED: [&str; 1] = ["->"];

/// A value for a word in capitals, or a place that code fills.
fn sample(word: &str) -> String {
    match word {
        "STAGE" => "extract",
        "LENGTH" => "5m",
        "WHEN" => "2026-11-01",
        "NAME=VALUE" => "top=5",
        "WHAT" => "moved",
        word if word.starts_with('{') && word.ends_with('}') => "sample",
        word => word,
    }
    .to_owned()
}

/// The words of a command, as a shell takes them apart.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quote) = (None::<String>, None);
    for character in text.chars() {
        match (character, quote) {
            ('\'' | '"', None) => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (c, Some(open)) if c == open => quote = None,
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Each way to read a text with alternatives.
fn readings(text: &str) -> Vec<Vec<String>> {
    let plain = text.replace(['[', ']'], "");
    words(&plain).into_iter().fold(vec![Vec::new()], |readings, word| {
        let choices: Vec<String> = word.split('|').map(sample).collect();
        readings
            .iter()
            .flat_map(|before| choices.iter().map(|choice| [before.clone(), vec![choice.clone()]].concat()))
            .collect()
    })
}

/// Why a command cannot be typed.
fn fault(words: &[String]) -> Option<String> {
    let mut command = cli::Cli::command();
    let mut rest = words.iter();
    while let Some(below) = rest.as_slice().first().and_then(|word| command.find_subcommand(word)) {
        command = below.clone();
        rest.next();
    }
    if rest.as_slice().is_empty() && !words.is_empty() {
        return None;
    }
    let typed = std::iter::once("punctual").chain(words.iter().map(String::as_str));
    match cli::Cli::try_parse_from(typed) {
        Err(error) if error.use_stderr() => Some(error.to_string().lines().next().unwrap_or_default().to_owned()),
        _ => None,
    }
}

/// Texts in backticks that begin with the program's name.
fn in_backticks(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').filter_map(|part| part.strip_prefix("punctual ")).filter(|part| !part.contains("\n\n"))
}

/// Lines of a document's shell blocks that start the program, wherever it lies.
fn in_blocks(text: &str) -> impl Iterator<Item = &str> {
    let blocks = text.split("\n```").skip(1).step_by(2);
    blocks.flat_map(str::lines).filter_map(|line| {
        let at = line.find("punctual ").filter(|at| *at == 0 || line[..*at].ends_with('/'))?;
        let command = &line[at + "punctual ".len()..];
        let end = [" #", "  #", " >"].iter().filter_map(|end| command.find(end)).min();
        Some(&command[..end.unwrap_or(command.len())])
    })
}

fn documents() -> Vec<std::path::PathBuf> {
    fn below(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                below(&path, found);
            } else if path.extension().is_some_and(|e| e == "md") {
                found.push(path);
            }
        }
    }
    let mut found: Vec<_> = ["README.md", "ARCHITECTURE.md", "DESIGN.md", "CONTRIBUTING.md", "CHANGELOG.md"]
        .map(|page| root().join(page))
        .to_vec();
    below(&root().join("docs"), &mut found);
    below(&root().join("examples"), &mut found);
    found
}

#[test]
fn every_command_that_a_text_names_can_be_typed() {
    let mut sources = Vec::new();
    collect(&root().join("crates"), &mut sources);
    sources.retain(|path| path.components().any(|part| part.as_os_str() == "src"));
    let mut commands = BTreeSet::new();
    for path in sources.iter().chain(&documents()) {
        let text = fs::read_to_string(path).expect("a text file");
        let shown = path.strip_prefix(root()).expect("below the root").display().to_string();
        let in_document = path.extension().is_some_and(|e| e == "md");
        if in_document {
            commands.extend(in_blocks(&text).map(|command| (command.to_owned(), shown.clone())));
        }
        // A long text goes on in the next line; in code a backslash says so.
        let joined = text.replace("\\\n", "\n");
        commands.extend(in_backticks(&joined).map(|command| (command.replace('\n', " "), shown.clone())));
    }
    commands.retain(|(command, _)| !NOT_TYPED.iter().any(|not| command.starts_with(not)));
    assert!(commands.len() > 40, "the commands were found: {commands:#?}");
    let faults: Vec<String> = commands
        .iter()
        .flat_map(|(command, place)| readings(command).into_iter().map(move |words| (words, command, place)))
        .filter_map(|(words, command, place)| Some(format!("{place}: `punctual {command}`: {}", fault(&words)?)))
        .collect();
    assert!(faults.is_empty(), "commands that cannot be typed:\n{}", faults.join("\n"));
}

#[test]
fn a_command_that_lacks_something_is_told() {
    let told = |text: &str| readings(text).iter().find_map(|words| fault(words));
    assert!(told("unsuppress ana@acme.example").is_some_and(|fault| fault.contains("required")));
    assert!(told("state adopt --as moved|lent --why TEXT").is_some());
    assert!(told("nope").is_some());
    assert_eq!(told("unsuppress {email} --why TEXT"), None);
    assert_eq!(told("resend DELIVERY [--to ADDRESS] --why TEXT"), None);
    assert_eq!(told("resolve"), None);
}
