//! Times what every run waits for: opening a state database, and keeping sixty small files, one by one
//! beside all at once. A busy disk says nothing about the code, so the best of several tries counts.
//!
//! `make bench` runs it.

use std::{
    error::Error,
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use punctual_store::{artifacts::Artifacts, sql::SqlStore};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let mut made = Vec::new();
    let mut opened = Vec::new();
    for n in 0..20 {
        let path = folder.path().join(format!("state-{n}"));
        for times in [&mut made, &mut opened] {
            let start = Instant::now();
            drop(SqlStore::sqlite(&path).await?);
            times.push(start.elapsed());
        }
    }
    report("a state database made", made);
    report("a state database opened", opened);

    let artifacts = Artifacts::open(&folder.path().join("artifacts"))?;
    let files = |round: usize| -> std::io::Result<Vec<PathBuf>> {
        (0..60)
            .map(|n| {
                let path = folder.path().join(format!("made-{n}"));
                fs::write(&path, format!("{round} {n} ").repeat(5000))?;
                Ok(path)
            })
            .collect()
    };
    let (mut one_by_one, mut at_once) = (Vec::new(), Vec::new());
    for round in 0..6 {
        let made = files(round * 2)?;
        let start = Instant::now();
        for file in &made {
            artifacts.put_file(file)?;
        }
        one_by_one.push(start.elapsed());
        let made = files(round * 2 + 1)?;
        let start = Instant::now();
        artifacts.put_files(&made)?;
        at_once.push(start.elapsed());
    }
    report("60 files kept one by one", one_by_one);
    report("60 files kept at once", at_once);
    Ok(())
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort();
    println!("{what:>26}: best {:.2?}, median {:.2?}", times[0], times[times.len() / 2]);
}
