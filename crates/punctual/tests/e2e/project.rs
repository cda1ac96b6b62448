//! A project in a temporary folder and the binary run in it. It knows the example's files and the
//! command line, and nothing of what reports must show.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use punctual_sample::{Agency, DEFAULT_SEED, write};
use serde_json::Value;

/// The example's report.
pub const REPORT: &str = "monthly-client-report";
/// The month that tests report on.
pub const PERIOD: &str = "2026-10";

/// What the binary said.
pub struct Answer {
    /// Its exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Answer {
    /// Everything it said, for a failed assertion.
    pub fn words(&self) -> String {
        format!("exit code {}\n{}\n{}", self.code, self.out, self.err)
    }

    /// The answer to `--json`.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("no JSON ({e}): {}", self.words()))
    }
}

/// A folder with definitions.
pub struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    /// An empty folder.
    pub fn empty() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// The example's definitions, without data.
    pub fn example() -> Self {
        let project = Self::empty();
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/monthly-client-reports");
        for name in ["punctual.yaml", "sources.yaml", "template.yaml", "report.yaml", "contacts.yaml"] {
            std::fs::copy(example.join(name), project.path(name)).expect("the example is complete");
        }
        std::fs::create_dir(project.path("data")).expect("an empty folder");
        project
    }

    /// The example with data, a fifth of its usual size, sending through the mail server at `port`.
    pub async fn mailing(port: u16) -> Self {
        let project = Self::example();
        let agency = Agency::new(DEFAULT_SEED, 0.2).expect("a size in range");
        write::files(&agency, &project.path("data")).await.expect("the example's data");
        project.mail_through("localhost", port);
        project
    }

    /// Messages leave through this mail server from now on.
    pub fn mail_through(&self, host: &str, port: u16) {
        self.write(
            "punctual.yaml",
            &format!(
                "title: Lakeside Analytics\n\
                 from: Lakeside Analytics <reports@lakeside-analytics.example>\n\
                 default_channel: mail\n\
                 channels:\n  mail: {{type: smtp, host: {host}, port: {port}, security: none}}\n"
            ),
        );
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("a folder to write into");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_punctual"));
        command
            .env_remove("PUNCTUAL_PROJECT")
            .arg("--project")
            .arg(self.folder.path())
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    /// Runs the binary to its end.
    pub fn punctual(&self, arguments: &[&str]) -> Answer {
        let output = self.command(arguments).output().expect("the binary starts");
        Answer {
            code: output.status.code().expect("the binary ends by itself"),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// Runs the report and delivers it.
    pub fn deliver(&self) -> Answer {
        self.punctual(&["run", REPORT, "--period", PERIOD, "--deliver"])
    }

    /// The same, without waiting for the end.
    pub fn start_delivering(&self) -> Child {
        self.command(&["run", REPORT, "--period", PERIOD, "--deliver"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts")
    }

    /// What is on record of every delivery.
    pub fn deliveries(&self) -> Vec<Value> {
        let answer = self.punctual(&["deliveries", "--json", "--limit", "0"]).json();
        answer["deliveries"].as_array().expect("a list").clone()
    }

    /// How many deliveries are in each state.
    pub fn states(&self) -> BTreeMap<String, usize> {
        let mut states = BTreeMap::new();
        for delivery in self.deliveries() {
            *states.entry(text(&delivery["state"])).or_insert(0) += 1;
        }
        states
    }

    /// The id of the one run there is.
    pub fn run_id(&self) -> String {
        let answer = self.punctual(&["runs", "--json"]).json();
        let runs = answer["runs"].as_array().expect("a list");
        assert_eq!(runs.len(), 1, "{answer}");
        text(&runs[0]["id"])
    }

    /// Copies the run's artifacts of a format out of the project and gives the folder.
    pub fn artifacts(&self, format: &str) -> PathBuf {
        let folder = self.path(&format!("out-{format}"));
        let to = folder.to_str().expect("a path in UTF-8");
        let answer = self.punctual(&["artifacts", &self.run_id(), "--format", format, "--out", to]);
        assert_eq!(answer.code, 0, "{}", answer.words());
        folder
    }
}

/// A JSON string.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// The files in a folder with this extension, by name.
pub fn files(folder: &Path, extension: &str) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    entries
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .map(|path| {
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            (name, std::fs::read(&path).expect("a readable file"))
        })
        .collect()
}
