//! Children that answer what nobody asked for, without end, or not at all: each is one failed job with words that
//! say what it did. The child is a shell script, because a shell started with `__sandbox` reads a file of that
//! name in the job's folder.

use std::{path::PathBuf, time::Instant};

use punctual_model::{definition::Limits, length::Length};
use serde_json::Value;

use super::{CHILD_ARGUMENT, Sandbox, SandboxError};

/// The words of a job that a script answers.
async fn answer(script: &str) -> Result<Value, String> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(CHILD_ARGUMENT), script).expect("written");
    let limits = Limits { elapsed: Length::from_secs(20), ..Limits::default() };
    let sandbox = Sandbox::new(PathBuf::from("/bin/sh"), limits);
    sandbox.run::<_, Value>(&"a job", &[], folder.path()).await.map_err(|error: SandboxError| error.to_string())
}

#[tokio::test]
async fn an_answer_is_read_to_its_end() {
    assert_eq!(answer("echo '{\"Ok\": [1]}'").await, Ok(serde_json::json!([1])));
    assert_eq!(answer("cat >/dev/null & echo '{\"Err\": \"no such column\"}'").await, Err("no such column".to_owned()));
}

#[tokio::test]
async fn hostile_answers_are_failed_jobs() {
    let deep = "[".repeat(100_000);
    let cases = [
        ("exit 0", "it is unreadable"),
        ("echo nonsense", "it is unreadable"),
        ("printf '{\"Ok\": 1}{\"Ok\": 2}'", "it is unreadable"),
        ("printf '{\"Ok\": \"\\377\\376\"}'", "it is unreadable"),
        ("printf '\\000\\000'", "it is unreadable"),
        (&format!("printf '{{\"Ok\": {deep}'"), "it is unreadable"),
        ("while :; do printf '%01000d' 0; done", "it has no end"),
        ("echo '{\"Ok\": 1}'; exit 7", "died (exit code 7)"),
        ("echo broken >&2; kill -9 $$", "killed by the system"),
        ("echo '{\"Ok\": 1}'; kill -11 $$", "signal 11"),
        // Something it started goes on talking after its end.
        ("echo '{\"Ok\": 1}'; (sleep 10; echo more) & exit 0", "goes on writing it after its process ended"),
    ];
    for (script, words) in cases {
        let found = answer(script).await.expect_err(script);
        assert!(found.contains(words), "{script}: {found}");
    }
}

#[tokio::test]
async fn a_child_that_says_nothing_ends_when_its_time_is_up() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(CHILD_ARGUMENT), "while :; do :; done").expect("written");
    let limits = Limits { elapsed: Length::from_secs(1), ..Limits::default() };
    let sandbox = Sandbox::new(PathBuf::from("/bin/sh"), limits);
    let started = Instant::now();
    let error = sandbox.run::<_, Value>(&"a job", &[], folder.path()).await.expect_err("too slow");
    assert!(error.to_string().contains("took longer than 1s"), "{error}");
    assert!(error.to_string().contains("`limits: elapsed`"), "{error}");
    assert!(started.elapsed().as_secs() < 15);
}
