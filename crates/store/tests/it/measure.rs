//! What things cost here. A busy disk says nothing about the code, so the best of several tries counts,
//! and these run only when asked for: `cargo nextest run -p punctual-store --run-ignored only --no-capture`.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use punctual_store::{artifacts::Artifacts, sql::SqlStore};

fn report(what: &str, mut times: Vec<Duration>) -> Duration {
    times.sort();
    println!("{what}: best {:?}, median {:?} of {}", times[0], times[times.len() / 2], times.len());
    times[0]
}

#[tokio::test]
#[ignore = "measures; run it alone"]
async fn a_state_database_opens_within_10_ms() {
    let folder = tempfile::tempdir().unwrap();
    let mut made = Vec::new();
    for n in 0..20 {
        let start = Instant::now();
        let store = SqlStore::sqlite(&folder.path().join(format!("state-{n}"))).await.unwrap();
        made.push(start.elapsed());
        drop(store);
    }
    report("made", made);
    let path = folder.path().join("state-0");
    let mut opened = Vec::new();
    for _ in 0..20 {
        let start = Instant::now();
        let store = SqlStore::sqlite(&path).await.unwrap();
        opened.push(start.elapsed());
        drop(store);
    }
    assert!(report("opened", opened) < Duration::from_millis(10));
}

#[test]
#[ignore = "measures; run it alone"]
fn sixty_small_files_are_kept_within_100_ms() {
    let folder = tempfile::tempdir().unwrap();
    let artifacts = Artifacts::open(&folder.path().join("artifacts")).unwrap();
    let files = |round: usize| -> Vec<PathBuf> {
        (0..60)
            .map(|n| {
                let path = folder.path().join(format!("made-{n}"));
                fs::write(&path, format!("{round} {n} ").repeat(5000)).unwrap();
                path
            })
            .collect()
    };
    let mut one_by_one = Vec::new();
    let mut at_once = Vec::new();
    for round in 0..6 {
        let made = files(round * 2);
        let start = Instant::now();
        for file in &made {
            artifacts.put_file(file).unwrap();
        }
        one_by_one.push(start.elapsed());
        let made = files(round * 2 + 1);
        let start = Instant::now();
        artifacts.put_files(&made).unwrap();
        at_once.push(start.elapsed());
    }
    report("one by one", one_by_one);
    assert!(report("at once", at_once) < Duration::from_millis(100));
}
