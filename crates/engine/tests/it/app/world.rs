//! The world around the engine, as a test scripts it: the time, what the database holds, how the other side of a
//! channel answers, and what it was given. It outlives every process that the engine runs in.

use std::{
    collections::{BTreeMap, VecDeque},
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;
use punctual_engine::{Clock, Event, Progress};
use serde::{Deserialize, Serialize};

/// How the source answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// With its rows.
    Answers,
    /// Not at all, for now.
    IsDown,
    /// With a refusal.
    Refuses,
    /// With no clients, so that a check fails.
    IsEmpty,
}

/// How the other side answers one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It takes the message.
    Takes,
    /// It cannot be reached.
    Unreached,
    /// It is there, and refuses before a byte of the message left: try again later.
    Later,
    /// It is there, and refuses before a byte left: the address does not exist.
    NoSuchAddress,
    /// It refuses the login: no message can leave over this channel.
    LockedOut,
    /// It refuses the message after it got all of it.
    RefusesWhole,
    /// It takes the message, and its reply is lost.
    TakesInSilence,
    /// The connection breaks with the last byte: it has nothing, and nobody can know.
    LosesIt,
}

/// A message that the other side took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// The channel's name.
    pub channel: String,
    /// The delivery's id.
    pub delivery: String,
    /// The run's id.
    pub run: String,
    /// The edition's key.
    pub edition: String,
    /// Who it is for.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The attached files by name, with their text.
    pub files: BTreeMap<String, String>,
    /// When.
    pub at: Timestamp,
}

impl Taken {
    /// The figures of the one text that all its files are: `key=value` by key.
    pub fn figures(&self) -> BTreeMap<&str, &str> {
        let text = self.files.values().next().expect("a message has a file");
        text.lines().flat_map(|line| line.split(' ')).filter_map(|word| word.split_once('=')).collect()
    }

    /// When the database was asked for what the message says.
    pub fn asked(&self) -> Timestamp {
        Timestamp::from_second(self.figures()["asked"].parse().expect("a second")).expect("in range")
    }
}

struct State {
    now: Timestamp,
    source: Source,
    version: i64,
    answers: VecDeque<Answer>,
    asked: u64,
    told: Vec<Event>,
}

/// Everything around the engine.
pub struct World {
    root: PathBuf,
    state: Mutex<State>,
}

static WORLDS: LazyLock<Mutex<BTreeMap<PathBuf, Arc<World>>>> = LazyLock::new(Mutex::default);

/// The keys of the clients that the database knows.
pub const CLIENTS: [&str; 3] = ["c1", "c2", "c3"];

impl World {
    /// The world around a project's folder, at an instant.
    pub fn around(root: &Path, now: Timestamp) -> Arc<Self> {
        let state =
            State { now, source: Source::Answers, version: 1, answers: VecDeque::new(), asked: 0, told: Vec::new() };
        let world = Arc::new(Self { root: root.to_owned(), state: Mutex::new(state) });
        WORLDS.lock().expect("no panic under the lock").insert(root.to_owned(), world.clone());
        world
    }

    /// The world around a project's folder that adapters find themselves in.
    pub fn of(root: &Path) -> Arc<Self> {
        WORLDS.lock().expect("no panic under the lock")[root].clone()
    }

    /// Takes it from the memory of all worlds.
    pub fn end(&self) {
        WORLDS.lock().expect("no panic under the lock").remove(&self.root);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic under the lock")
    }

    /// Lets time pass.
    pub fn pass(&self, length: Duration) {
        self.state().now += length;
    }

    /// Makes it this instant.
    pub fn set(&self, now: &str) {
        self.state().now = now.parse().expect("an instant");
    }

    /// The database holds other figures from now on.
    pub fn change_data(&self) {
        self.state().version += 1;
    }

    /// What the database holds now.
    pub fn version(&self) -> i64 {
        self.state().version
    }

    /// The database answers like this from now on.
    pub fn source(&self, source: Source) {
        self.state().source = source;
    }

    /// How the database answers; each question is counted.
    pub fn question(&self) -> Source {
        let mut state = self.state();
        state.asked += 1;
        state.source
    }

    /// How often the database was asked.
    pub fn questions(&self) -> u64 {
        self.state().asked
    }

    /// The other side answers the next messages like this, then takes all.
    pub fn answers(&self, answers: &[Answer]) {
        self.state().answers = answers.iter().copied().collect();
    }

    /// How the other side answers the next message.
    pub fn answer(&self) -> Answer {
        self.state().answers.pop_front().unwrap_or(Answer::Takes)
    }

    /// What the engine told.
    pub fn told(&self) -> Vec<Event> {
        self.state().told.clone()
    }

    /// The other side takes a message. It is with the recipient whatever becomes of the sender.
    pub fn take(&self, taken: &Taken) {
        let line = serde_json::to_string(taken).expect("plain values");
        let file = OpenOptions::new().create(true).append(true).open(self.inbox());
        writeln!(file.expect("the inbox"), "{line}").expect("the inbox");
    }

    /// Everything that the other side took, in order.
    pub fn taken(&self) -> Vec<Taken> {
        let text = fs::read_to_string(self.inbox()).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("what was written")).collect()
    }

    fn inbox(&self) -> PathBuf {
        self.root.join("inbox.jsonl")
    }
}

#[async_trait]
impl Clock for World {
    fn now(&self) -> Timestamp {
        self.state().now
    }

    /// A wait takes no time of the test.
    async fn sleep(&self, length: Duration) {
        self.pass(length);
    }
}

impl Progress for World {
    fn tell(&self, event: Event) {
        self.state().told.push(event);
    }
}
