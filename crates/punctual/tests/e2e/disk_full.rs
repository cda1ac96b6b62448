//! The artifact folder has no room: the run fails and says where and why, nothing half-written has the
//! name of a content, and the next run, with room, completes. Knows how artifacts are named.

use std::path::{Path, PathBuf};

use punctual_sample::{Agency, DEFAULT_SEED, write};
use sha2::{Digest, Sha256};

use crate::{
    figures::assert_folder_is_true,
    project::{Answer, PERIOD, Project, REPORT, text},
};

async fn example() -> (Project, Agency) {
    let project = Project::example();
    let agency = Agency::new(DEFAULT_SEED, 1.0).expect("a size in range");
    write::files(&agency, &project.path("data")).await.expect("the example's data");
    (project, agency)
}

/// The files below a folder.
fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    paths.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect()
}

/// Every file that has a content's name holds that content. Returns how many there are.
fn whole(artifacts: &Path) -> usize {
    let kept =
        |path: &PathBuf| !path.starts_with(artifacts.join("incoming")) && *path != artifacts.join("installation");
    let named = below(artifacts).into_iter().filter(kept);
    named
        .inspect(|path| {
            let hash = hex::encode(Sha256::digest(std::fs::read(path).expect("a readable file")));
            assert_eq!(path.file_name().and_then(|name| name.to_str()), Some(hash.as_str()), "{}", path.display());
        })
        .count()
}

/// The one run on record failed.
fn assert_failed(project: &Project) {
    let answer = project.punctual(&["runs", "--json"]).json();
    assert_eq!(text(&answer["runs"][0]["revision"]["state"]), "failed", "{answer}");
}

/// The run with room: it completes, and its figures are right.
fn assert_completes(project: &Project, agency: &Agency) {
    let answer = project.punctual(&["run", REPORT, "--period", PERIOD]);
    assert_eq!(answer.code, 0, "{}", answer.words());
    assert_folder_is_true(&project.artifacts("json"), agency);
    assert!(whole(&project.path(".punctual/artifacts")) > 60, "all editions are kept");
}

/// It failed, and says which folder is full, and of what.
fn assert_full(answer: &Answer, project: &Project, words: &[&str]) {
    assert_eq!(answer.code, 3, "{}", answer.words());
    let folder = project.path(".punctual/artifacts").canonicalize().expect("it was made");
    for words in words.iter().chain([&folder.to_str().expect("UTF-8")]) {
        assert!(answer.err.contains(words), "no `{words}`: {}", answer.words());
    }
    assert_failed(project);
}

/// Works on every machine: no file may be larger than the snapshot of the clients will be.
#[tokio::test]
async fn a_snapshot_that_finds_no_room() {
    let (project, agency) = example().await;
    let clients = std::fs::read_to_string(project.path("data/clients.csv")).expect("the example's data");
    project.write("data/clients.csv", &with_long_notes(&clients));

    let answer = project.deliver_with_files_of_at_most(MOST_KIB);
    assert_full(&answer, &project, &["extract failed: ", "File too large"]);
    whole(&project.path(".punctual/artifacts"));
    assert_completes(&project, &agency);
}

/// Larger than the state database and its log will be.
const MOST_KIB: u32 = 2048;

/// Each line with a note, and all notes together twice `MOST_KIB` when packed: digits without a pattern.
fn with_long_notes(csv: &str) -> String {
    let mut lines = csv.lines();
    let mut noted = format!("{},note\n", lines.next().expect("a header"));
    for (number, line) in lines.enumerate() {
        noted.push_str(line);
        noted.push(',');
        for block in 0..12_000 {
            noted.push_str(&hex::encode(Sha256::digest(format!("{number} {block}"))));
        }
        noted.push('\n');
    }
    noted
}

/// A truly full disk, where mounting is allowed: the snapshots and tables find room, the editions do not.
/// Elsewhere the test above stands for it.
#[tokio::test]
async fn editions_that_find_no_room() {
    let (project, agency) = example().await;
    if !project.can_mount() {
        return;
    }
    // The small disk is gone with the process; what it held then is copied.
    let answer = project.deliver_with_artifacts_on_disk_of(DISK_KIB, "held");
    assert_full(&answer, &project, &["generate failed: ", "No space left on device", "free some space"]);
    assert!(whole(&project.path("held")) > 10, "snapshots and tables are kept");
    assert_completes(&project, &agency);
}

/// More than the snapshots and tables, less than they and the editions.
const DISK_KIB: u32 = 1024;
