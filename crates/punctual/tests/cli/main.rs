//! The binary as people use it: each test starts `punctual` in a folder of its own and looks at its
//! exit code, its words and its JSON. Knows nothing of the crates behind it.

mod bad_input;
mod check;
mod files;
mod help;
mod init;
mod lists;
mod next;
mod sandbox;
mod state;
mod words;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

/// Exit codes, as `punctual --help` promises them.
const OK: i32 = 0;
const DEFINITIONS: i32 = 1;
const USAGE: i32 = 2;
const STAGE: i32 = 3;
const REFUSED: i32 = 4;
const INTERNAL: i32 = 70;

/// The week that the starter's data covers.
const WEEK: &str = "2026-W43";

/// What one start of the binary came to.
struct Answer {
    code: i32,
    out: String,
    err: String,
}

impl Answer {
    /// Demands an exit code.
    #[track_caller]
    fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "standard output:\n{}\nstandard error:\n{}", self.out, self.err);
        self
    }

    /// Demands words on standard error.
    #[track_caller]
    fn says(self, words: &str) -> Self {
        assert!(self.err.contains(words), "no `{words}` in standard error:\n{}", self.err);
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in:\n{}\n{}", self.out, self.err))
    }
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().expect("the binary was not killed"),
            out: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
            err: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
        }
    }
}

/// The binary in a folder, without the environment's settings.
fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_punctual"));
    command.current_dir(folder).args(arguments).env("COLUMNS", "100").env("NO_COLOR", "1");
    for name in ["PUNCTUAL_PROJECT", "PUNCTUAL_LOG", "PGPASSWORD", "PGPASSFILE", "PGSSLMODE"] {
        command.env_remove(name);
    }
    command
}

/// Starts the binary where there is no project.
fn punctual(arguments: &[&str]) -> Answer {
    let folder = tempfile::tempdir().expect("a temporary folder");
    command(folder.path(), arguments).output().expect("the binary starts").into()
}

/// A project in a temporary folder.
struct Project {
    folder: TempDir,
}

impl Project {
    /// An empty folder.
    fn empty() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// What `punctual init` writes.
    fn started() -> Self {
        let project = Self::empty();
        project.punctual(&["init"]).exits(OK);
        project
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn write(&self, file: &str, text: impl AsRef<[u8]>) -> &Self {
        let path = self.path(file);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the folder is made");
        fs::write(path, text).expect("the file is written");
        self
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).expect("the file is there")
    }

    /// Replaces text that must be in the file once.
    #[track_caller]
    fn edit(&self, file: &str, from: &str, to: &str) -> &Self {
        let text = self.read(file);
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {file}");
        self.write(file, text.replace(from, to))
    }

    fn punctual(&self, arguments: &[&str]) -> Answer {
        command(self.folder.path(), arguments).output().expect("the binary starts").into()
    }

    /// Runs the starter's report up to review, giving up on a failing source at once.
    fn run(&self) -> Answer {
        self.punctual(&["run", "weekly-orders", "--period", WEEK, "--retry-for", "0s"])
    }

    /// The same, answered in JSON.
    fn run_json(&self) -> Answer {
        self.punctual(&["run", "weekly-orders", "--period", WEEK, "--retry-for", "0s", "--json"])
    }
}
