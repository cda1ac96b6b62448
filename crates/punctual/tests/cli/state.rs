//! A ledger that is gone, emptied, older than what was sent, or one of two copies sends nothing until a person says
//! what is meant; one that was only moved, or whose process died between any two writes, goes on by itself.

use std::{fs, path::Path, process::Command};

use crate::{Answer, DEFINITIONS, OK, Project, REFUSED, STAGE, WEEK, command};

const DELIVER: [&str; 6] = ["run", "weekly-orders", "--period", WEEK, "--deliver", "--json"];
const STATE: &str = ".punctual/state.sqlite";

/// The starter, delivered once.
fn delivered() -> Project {
    let project = Project::started();
    project.punctual(&DELIVER).exits(OK);
    project
}

fn outbox(project: &Project) -> usize {
    let messages = fs::read_dir(project.path("outbox")).expect("the outbox");
    messages.flatten().filter(|entry| entry.path().extension().is_some_and(|e| e == "eml")).count()
}

/// Demands that nothing is sent, with these words and the way out, and that `plan` says the same.
#[track_caller]
fn refused(project: &Project, words: &str) {
    let before = outbox(project);
    let way_out = "punctual state adopt --as";
    let answer = project.punctual(&["run", "weekly-orders", "--period", WEEK, "--deliver"]).exits(REFUSED);
    answer.says(words).says(way_out);
    let plan = project.punctual(&["plan", "weekly-orders", "--period", WEEK]).exits(REFUSED);
    assert!(plan.out.contains(words), "{}", plan.out);
    let state = project.punctual(&["state"]).exits(REFUSED);
    assert!(state.out.contains(words), "{}", state.out);
    assert_eq!(outbox(project), before, "something was sent");
}

fn remove_state(project: &Project) {
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(project.path(&format!("{STATE}{end}")));
    }
}

/// The state database in one file, as a backup holds it.
fn backup(project: &Project) -> Vec<u8> {
    let copy = project.path("backup.sqlite");
    let _ = fs::remove_file(&copy);
    sqlite(project, &format!("VACUUM INTO '{}'", copy.display()));
    fs::read(copy).expect("the backup")
}

fn restore(project: &Project, backup: &[u8]) {
    remove_state(project);
    project.write(STATE, backup);
}

fn sqlite(project: &Project, sql: &str) {
    let done = Command::new("sqlite3").arg(project.path(STATE)).arg(sql).status().expect("sqlite3 is there");
    assert!(done.success(), "{sql}");
}

fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").arg(from).arg(to).status().expect("cp is there");
    assert!(done.success());
}

#[test]
fn a_state_that_is_gone_or_emptied_sends_nothing() {
    let project = delivered();
    let whole = backup(&project);
    remove_state(&project);
    refused(&project, "is new or was emptied");
    restore(&project, b"");
    refused(&project, "is new or was emptied");
    restore(&project, &whole);
    project.punctual(&DELIVER).exits(OK);
    sqlite(&project, "DELETE FROM attempt; DELETE FROM installation");
    refused(&project, "is new or was emptied");
    restore(&project, &whole);
    sqlite(&project, "DELETE FROM attempt");
    refused(&project, "deliveries are missing in the state database: 1 were begun and 0 are on record");
}

#[test]
fn a_state_that_is_older_than_what_was_sent_sends_nothing() {
    let project = Project::started();
    project.run().exits(OK);
    let older = backup(&project);
    project.punctual(&DELIVER).exits(OK);
    let newest = backup(&project);
    restore(&project, &older);
    refused(&project, "it knows of no delivery, and 1 were begun from here");
    restore(&project, &newest);
    project.punctual(&DELIVER).exits(OK);
    assert_eq!(outbox(&project), 1);
}

#[test]
fn a_copy_of_a_project_sends_nothing_and_the_original_goes_on() {
    let project = delivered();
    let other = Project::empty();
    copy(&project.path("."), &other.path("copy"));
    let copy = |arguments: &[&str]| -> Answer {
        command(&other.path("copy"), arguments).output().expect("the binary starts").into()
    };
    copy(&DELIVER).exits(REFUSED).says("this data folder is a copy");
    project.punctual(&DELIVER).exits(OK);

    // It goes its own way with an id of its own, so that it does not write into an outbox that is not its own.
    copy(&["state", "adopt", "--as", "copied", "--why", "a test installation"]).exits(OK);
    let mine = project.punctual(&["state", "--json"]).exits(OK).json();
    let its = copy(&["state", "--json"]).exits(OK).json();
    assert_ne!(mine["id"], its["id"]);
    assert_eq!(its["begun"], 1);
}

#[test]
fn a_copy_of_what_has_never_sent_anything_begins_anew() {
    let project = Project::started();
    project.run().exits(OK);
    let other = Project::empty();
    copy(&project.path("."), &other.path("copy"));
    let answer: Answer = command(&other.path("copy"), &DELIVER).output().expect("the binary starts").into();
    answer.exits(OK);
    project.punctual(&DELIVER).exits(OK);
}

#[test]
fn a_project_that_was_moved_goes_on() {
    let project = delivered();
    let moved = project.path("moved");
    fs::create_dir(&moved).expect("made");
    for entry in fs::read_dir(project.path(".")).expect("listed").flatten().filter(|e| e.path() != moved) {
        fs::rename(entry.path(), moved.join(entry.file_name())).expect("moved");
    }
    let answer: Answer = command(&moved, &DELIVER).output().expect("the binary starts").into();
    assert_eq!(answer.exits(OK).json()["delivery"]["already"], 1);
}

#[test]
fn a_death_between_the_ledger_and_its_mark_blocks_nothing() {
    let project = Project::started();
    project.run().exits(OK);
    let before = project.read(".punctual/ledger.mark");
    project.punctual(&DELIVER).exits(OK);
    // The mark was not written any more after the ledger.
    project.write(".punctual/ledger.mark", before);
    project.punctual(&DELIVER).exits(OK);
    // What a dead process leaves beside it.
    project.write(".punctual/.mark-x", "{");
    project.punctual(&DELIVER).exits(OK);
    // The first start died before the ledger had its name, or before the artifacts had theirs.
    sqlite(&project, "UPDATE installation SET id = ''");
    fs::remove_file(project.path(".punctual/artifacts/installation")).expect("removed");
    project.punctual(&DELIVER).exits(OK);
    assert_eq!(outbox(&project), 1);
}

#[test]
fn a_person_decides_and_it_is_on_record() {
    let project = delivered();
    let adopt = ["state", "adopt", "--as", "lost", "--why", "the disk died"];
    project.punctual(&adopt).exits(DEFINITIONS).says("there is nothing to adopt");
    fs::remove_file(project.path(".punctual/ledger.mark")).expect("removed");
    refused(&project, "or its mark beside it was removed");
    project.write(".punctual/ledger.mark", "{");
    refused(&project, "cannot be read");
    project.punctual(&adopt).exits(OK);
    assert_eq!(project.punctual(&DELIVER).exits(OK).json()["delivery"]["already"], 1);
    let out = Command::new("sqlite3").arg(project.path(STATE)).arg("SELECT what, why FROM adoption").output();
    assert_eq!(String::from_utf8_lossy(&out.expect("sqlite3 is there").stdout), "lost|the disk died\n");
}

/// Flips a bit in every kept file that `which` picks.
fn damage(project: &Project, which: impl Fn(&[u8]) -> bool) {
    use std::os::unix::fs::PermissionsExt;
    let shards = fs::read_dir(project.path(".punctual/artifacts")).expect("the artifacts").flatten();
    let files =
        shards.filter(|s| s.file_name().len() == 2).flat_map(|s| fs::read_dir(s.path()).expect("a shard").flatten());
    for path in files.map(|file| file.path()) {
        let mut bytes = fs::read(&path).expect("read");
        if which(&bytes) {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("may be written");
            fs::write(&path, bytes).expect("written");
        }
    }
}

#[test]
fn a_flipped_bit_in_a_snapshot_makes_no_documents() {
    let project = Project::started();
    project.run().exits(OK);
    damage(&project, |bytes| bytes.starts_with(b"PAR1"));
    let again = ["run", "weekly-orders", "--period", WEEK, "--from", "transform"];
    project.punctual(&again).exits(STAGE).says("orders cannot be used").says("is damaged").says("--from extract");
    project.punctual(&["run", "weekly-orders", "--period", WEEK, "--from", "extract"]).exits(OK);
    project.punctual(&again).exits(OK);
}

#[test]
fn a_flipped_bit_in_a_report_is_not_mailed_nor_copied_out() {
    let project = Project::started();
    project.run().exits(OK);
    damage(&project, |bytes| bytes.starts_with(b"%PDF"));
    let answer = project.punctual(&["run", "weekly-orders", "--period", WEEK, "--deliver"]);
    assert_ne!(answer.code, OK, "{}", answer.out);
    assert!(format!("{}{}", answer.out, answer.err).contains("is damaged"), "{}{}", answer.out, answer.err);
    assert!(!project.path("outbox").exists() || outbox(&project) == 0);
    let run =
        project.punctual(&["runs", "--json"]).exits(OK).json()["runs"][0]["id"].as_str().expect("an id").to_owned();
    let out = project.punctual(&["artifacts", &run, "--format", "pdf", "--out", "out"]);
    assert_ne!(out.code, OK);
    out.says("is damaged");
    assert_eq!(fs::read_dir(project.path("out")).expect("made").count(), 0);
}

#[test]
fn absurd_texts_are_refused_and_end_no_process() {
    let filters = |n: usize| format!("title: \"{{{{ period.label{} }}}}\"", " | upper".repeat(n));
    for (n, code) in [(40_000, DEFINITIONS), (20_000, DEFINITIONS), (100, OK)] {
        let project = Project::started();
        project.edit("orders.yaml", "title: \"Orders, {{ period.label }}\"", &filters(n));
        for arguments in [&["check"][..], &["explain", "weekly-orders"], &["run", "weekly-orders", "--period", WEEK]] {
            project.punctual(arguments).exits(code);
        }
    }
}

#[test]
fn a_text_that_joins_for_ever_ends_soon_and_says_which_limit() {
    let project = Project::started();
    let settings = project.read("punctual.yaml");
    project.write("punctual.yaml", settings + "limits: {text: 1s}\n");
    let slow = "title: '{% for i in range(100000) %}{% set x = range(100000) | join %}{% endfor %}x'";
    project.edit("orders.yaml", "title: \"Orders, {{ period.label }}\"", slow);
    project
        .run()
        .exits(STAGE)
        .says("the text `{% for i in range(100000) %}")
        .says("took longer than 1s")
        .says("`limits: text`");
}
