//! The sandbox: everything that a definition's author wrote and that runs on our side runs in a
//! child process of the same binary, under limits on memory, CPU time, output, files and network.
//! One child does one job; its death is one failed run with a clear message, never more.

mod confine;
mod death;
mod report;

pub use confine::{Confinement, Layer, LayerState, confine};
pub use report::sandbox_report;

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use punctual_model::definition::Limits;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The first argument that makes the binary a sandboxed child.
pub const CHILD_ARGUMENT: &str = "__sandbox";

/// A child's answer may be this long; files go through its folder instead.
const MAX_ANSWER: u64 = 64 * 1024 * 1024;
/// Only the end of what a child says on its way down is kept.
const MAX_LAST_WORDS: usize = 4 * 1024;

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
        what: &'static str,
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

    /// Runs one job: it may read `inputs` and write into `folder`, which must exist.
    ///
    /// # Errors
    /// What was wrong with the job, or which limit ended it.
    pub async fn run<J, A>(&self, job: &J, inputs: &[PathBuf], folder: &Path) -> Result<A, SandboxError>
    where
        J: Serialize + Sync,
        A: DeserializeOwned,
    {
        let orders = Orders {
            limits: self.limits.clone(),
            read: inputs.to_vec(),
            write: folder.to_owned(),
            without: self.without.clone(),
        };
        let start = |error: std::io::Error| SandboxError::Start(error.to_string());
        let mut request = serde_json::to_vec(&orders).map_err(|e| SandboxError::Start(e.to_string()))?;
        request.push(b'\n');
        serde_json::to_writer(&mut request, job).map_err(|e| SandboxError::Start(e.to_string()))?;
        request.push(b'\n');
        let mut child = self.spawn(folder).map_err(start)?;
        let mut stdin = child.stdin.take().expect("the child's input is piped");
        let mut stdout = child.stdout.take().expect("the child's output is piped");
        let mut stderr = child.stderr.take().expect("the child's errors are piped");
        let mut answer = Vec::new();
        let mut words = Vec::new();
        // The child notices a vanished parent by the end of its input, so the input stays open until it answers.
        let talk = async {
            let send = async {
                // A child that dies early closes its end; its status says more than the broken pipe.
                let _ = stdin.write_all(&request).await;
                let _ = stdin.flush().await;
            };
            let hear = async { (&mut stdout).take(MAX_ANSWER).read_to_end(&mut answer).await };
            let listen = async { read_end(&mut stderr, &mut words).await };
            let ((), heard, ()) = tokio::join!(send, hear, listen);
            heard?;
            child.wait().await
        };
        let patience = self.limits.cpu.duration() * 3 + Duration::from_secs(30);
        let status = match tokio::time::timeout(patience, talk).await {
            Ok(status) => status.map_err(start)?,
            Err(_) => return Err(death::too_slow(&self.limits)),
        };
        drop(stdin);
        if !status.success() {
            return Err(death::explain(status, &String::from_utf8_lossy(&words), &self.limits));
        }
        let answer: Result<A, String> = serde_json::from_slice(&answer)
            .map_err(|e| SandboxError::Died { how: format!("unreadable answer: {e}"), words: String::new() })?;
        answer.map_err(SandboxError::Job)
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

/// Reads to the end and keeps the last part.
async fn read_end(from: &mut (impl AsyncReadExt + Unpin), into: &mut Vec<u8>) {
    let mut part = [0; 1024];
    while let Ok(n) = from.read(&mut part).await {
        if n == 0 {
            break;
        }
        into.extend_from_slice(&part[..n]);
        if into.len() > MAX_LAST_WORDS * 2 {
            into.drain(..into.len() - MAX_LAST_WORDS);
        }
    }
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
    line.clear();
    if std::io::stdin().read_line(&mut line).is_err() {
        return 2;
    }
    die_with_parent();
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
