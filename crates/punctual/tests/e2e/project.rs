//! A project in a temporary folder and the binary run in it. It knows the example's files and the
//! command line, and nothing of what reports must show.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
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

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().expect("the binary ends by itself"),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
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
        self.command(arguments).output().expect("the binary starts").into()
    }

    /// Runs the binary with these variables besides.
    pub fn punctual_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Answer {
        self.command(arguments).envs(variables.iter().copied()).output().expect("the binary starts").into()
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

    /// Delivers, kills the process (SIGKILL) when it says `line` on standard error, and waits until its
    /// children are gone too. Returns what it said.
    pub fn deliver_killed_at(&self, line: &str) -> String {
        // Descriptor 3 is held by the process and, through it, by each of its children.
        let mut process = self
            .in_shell("exec \"$@\" 3>&1 >/dev/null", &["run", REPORT, "--period", PERIOD, "--deliver"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the shell starts");
        let mut said = String::new();
        let mut lines = BufReader::new(process.stderr.take().expect("its errors are piped"));
        let mut last = String::new();
        while !last.trim_end().ends_with(line) {
            last.clear();
            assert!(lines.read_line(&mut last).expect("UTF-8") > 0, "it never said `{line}`:\n{said}");
            said.push_str(&last);
        }
        process.kill().expect("our own child");
        let status = process.wait().expect("our own child");
        assert_eq!(status.code(), None, "killed by a signal:\n{said}");
        lines.read_to_string(&mut said).expect("UTF-8");
        let mut held = process.stdout.take().expect("descriptor 3 is piped");
        held.read_to_end(&mut Vec::new()).expect("the last child ends");
        said
    }

    /// Delivers while no file may be larger than this: writing more fails, as on a full disk.
    pub fn deliver_with_files_of_at_most(&self, kib: u32) -> Answer {
        // The signal is ignored so that the write itself fails; children set limits of their own.
        let script = format!("trap '' XFSZ; ulimit -S -f {kib}; exec \"$@\"");
        self.in_shell(&script, &["run", REPORT, "--period", PERIOD, "--deliver"])
            .output()
            .expect("the shell starts")
            .into()
    }

    /// Whether this machine lets a process mount a disk that only it sees.
    pub fn can_mount(&self) -> bool {
        let mut mount = Command::new("unshare");
        mount.args(["--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none"]).arg(self.path("data"));
        mount.output().is_ok_and(|output| output.status.success())
    }

    /// Delivers with the artifacts on a disk of this size, and copies what is on it at the end to `copy`.
    pub fn deliver_with_artifacts_on_disk_of(&self, kib: u32, copy: &str) -> Answer {
        let artifacts = self.path(".punctual/artifacts");
        std::fs::create_dir_all(&artifacts).expect("a folder to mount on");
        let script = format!(
            "mount -t tmpfs -o size={kib}k none '{from}' || exit 99\n\"$@\"\ncode=$?\ncp -r '{from}' '{to}'\nexit $code",
            from = artifacts.display(),
            to = self.path(copy).display(),
        );
        let shell = self.in_shell(&script, &["run", REPORT, "--period", PERIOD, "--deliver"]);
        let mut alone = Command::new("unshare");
        alone.args(["--user", "--map-root-user", "--mount"]).arg(shell.get_program()).args(shell.get_args());
        alone.env_remove("PUNCTUAL_PROJECT").stdin(Stdio::null()).output().expect("unshare starts").into()
    }

    /// The binary as `"$@"` of a shell script.
    fn in_shell(&self, script: &str, arguments: &[&str]) -> Command {
        let binary = self.command(arguments);
        let mut shell = Command::new("bash");
        shell.args(["-c", script, "bash"]).arg(binary.get_program()).args(binary.get_args());
        shell.env_remove("PUNCTUAL_PROJECT").stdin(Stdio::null());
        shell
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
