//! The sandbox: everything that a definition's author wrote and that runs on our side runs in a
//! child process of the same binary, under limits on memory, CPU time, output, files and network.
//! One child does one job; its death is one failed run with a clear message, never more.

mod beneath;
mod confine;
mod death;
#[cfg(test)]
mod hostile;
mod report;
mod talk;
mod watch;

pub(crate) use beneath::Beneath;
pub use confine::{Confinement, Layer, LayerState, confine};
pub use report::sandbox_report;

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use punctual_model::definition::Limits;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use self::talk::{Broken, Heard, talk};
use crate::zones::Database;

/// The first argument that makes the binary a sandboxed child.
pub const CHILD_ARGUMENT: &str = "__sandbox";

/// Starts children.
#[derive(Debug, Clone)]
pub struct Sandbox {
    program: PathBuf,
    limits: Limits,
    without: Vec<Layer>,
}

/// What a child is told before its job: how to confine itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    /// Limits on memory, CPU time and output.
    pub limits: Limits,
    /// Files and folders that may be read.
    pub read: Vec<PathBuf>,
    /// The folder that may be written.
    pub write: PathBuf,
    /// The tz database that the parent uses.
    pub zones: Database,
    /// Layers that are left out, to prove that the others hold.
    pub without: Vec<Layer>,
}

/// Why a job gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SandboxError {
    /// The job ran and says what is wrong with what the author wrote.
    #[error("{0}")]
    Job(String),
    /// A limit ended the child.
    #[error("{what} {limit}; {help}")]
    Limit {
        /// What went over.
        what: String,
        /// The limit, with its unit.
        limit: String,
        /// The way out.
        help: &'static str,
    },
    /// The child died of something else.
    #[error("the sandboxed process died ({how}){words}")]
    Died {
        /// Exit status or signal.
        how: String,
        /// Its last words, if it had any.
        words: String,
    },
    /// The child answered, but not what it was asked. Nothing of it is kept.
    #[error("the answer of the sandboxed process cannot be trusted: {0}; nothing of it was kept")]
    Untrusted(String),
    /// The child could not be started or spoken to.
    #[error("the sandboxed process cannot be started: {0}; try `punctual doctor`")]
    Start(String),
}

impl Sandbox {
    /// A sandbox whose children are `program __sandbox`.
    pub fn new(program: PathBuf, limits: Limits) -> Self {
        Self { program, limits, without: Vec::new() }
    }

    /// The same without a layer, to prove that the others hold.
    #[must_use]
    pub fn without(mut self, layer: Layer) -> Self {
        self.without.push(layer);
        self
    }

    /// The limits of each child.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Runs one job and reads its answer: it may read `inputs` and write into `folder`, which must exist.
    ///
    /// # Errors
    /// What was wrong with the job, or which limit ended it.
    pub async fn run<J, A>(&self, job: &J, inputs: &[PathBuf], folder: &Path) -> Result<A, SandboxError>
    where
        J: Serialize + Sync,
        A: DeserializeOwned,
    {
        answered(&self.answer(job, inputs, folder).await?)
    }

    /// The same, with the answer as the child wrote it.
    pub(crate) async fn answer<J: Serialize + Sync>(
        &self,
        job: &J,
        inputs: &[PathBuf],
        folder: &Path,
    ) -> Result<Vec<u8>, SandboxError> {
        let zones = Database::in_use();
        let orders = Orders {
            limits: self.limits.clone(),
            read: inputs.iter().cloned().chain(zones.path().map(Path::to_owned)).collect(),
            zones,
            write: folder.to_owned(),
            without: self.without.clone(),
        };
        let start = |error: std::io::Error| SandboxError::Start(error.to_string());
        let mut request = serde_json::to_vec(&orders).map_err(|e| SandboxError::Start(e.to_string()))?;
        request.push(b'\n');
        serde_json::to_writer(&mut request, job).map_err(|e| SandboxError::Start(e.to_string()))?;
        request.push(b'\n');
        let mut child = self.spawn(folder).map_err(start)?;
        let heard = talk(&mut child, &request, self.limits.elapsed.duration()).await;
        let Heard { status, answer, words } = heard.map_err(|broken| match broken {
            Broken::Io(error) => start(error),
            Broken::TooSlow => death::too_slow(&self.limits),
            Broken::TooLong => SandboxError::Untrusted("it has no end".to_owned()),
            Broken::Held => SandboxError::Untrusted("something goes on writing it after its process ended".to_owned()),
        })?;
        if !status.success() {
            return Err(death::explain(status, &String::from_utf8_lossy(&words), &self.limits));
        }
        Ok(answer)
    }

    fn spawn(&self, folder: &Path) -> std::io::Result<tokio::process::Child> {
        tokio::process::Command::new(&self.program)
            .arg(CHILD_ARGUMENT)
            .env_clear()
            // Each of malloc's arenas reserves address space, which the memory limit counts.
            .env("MALLOC_ARENA_MAX", "2")
            .env("TMPDIR", folder)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    }
}

/// The answer that a child wrote: what was asked for, or what is wrong with the job.
pub(crate) fn answered<A: DeserializeOwned>(text: &[u8]) -> Result<A, SandboxError> {
    let answer: Result<A, String> =
        serde_json::from_slice(text).map_err(|e| SandboxError::Untrusted(format!("it is unreadable: {e}")))?;
    answer.map_err(SandboxError::Job)
}

/// A child after it confined itself.
#[derive(Debug, Clone)]
pub struct Confined {
    /// The folder that it may write.
    pub folder: PathBuf,
    /// Which layers hold.
    pub layers: Confinement,
}

/// The child's side: reads the orders, confines itself, does the job, answers, ends.
/// `work` gets the job's text only after the limits are in place.
pub fn child_main(work: impl FnOnce(&str, &Confined) -> Result<serde_json::Value, String>) -> i32 {
    let mut line = String::new();
    if std::io::stdin().read_line(&mut line).is_err() {
        return 2;
    }
    let orders: Orders = match serde_json::from_str(&line) {
        Ok(orders) => orders,
        Err(error) => {
            eprintln!("unreadable orders: {error}");
            return 2;
        }
    };
    let layers = match confine(&orders) {
        Ok(layers) => layers,
        Err(error) => {
            eprintln!("cannot confine: {error}");
            return 2;
        }
    };
    orders.zones.clone().install();
    line.clear();
    if std::io::stdin().read_line(&mut line).is_err() {
        return 2;
    }
    die_with_parent();
    watch::texts(orders.limits.text.duration());
    let answer = work(&line, &Confined { folder: orders.write, layers });
    let mut stdout = std::io::stdout().lock();
    let written = serde_json::to_writer(&mut stdout, &answer).map_err(std::io::Error::from);
    match written.and_then(|()| std::io::Write::flush(&mut stdout)) {
        Ok(()) => 0,
        Err(_) => 2,
    }
}

/// The parent holds the input open; its end means that the parent is gone.
fn die_with_parent() {
    let watch = || {
        let mut byte = [0];
        while let Ok(1) = std::io::Read::read(&mut std::io::stdin(), &mut byte) {}
        std::process::exit(3);
    };
    // Without the watcher the child still ends by its own limits.
    let _ = std::thread::Builder::new().name("parent-watch".into()).stack_size(64 * 1024).spawn(watch);
}
