//! A whole installation in a test: a ledger and artifacts in a folder, a world around it that the test scripts, and
//! processes that come and go. Nothing of the engine is replaced; what is around it is.

pub mod adapters;
pub mod definitions;
pub mod dying;
pub mod world;

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use jiff::Timestamp;
use punctual_engine::{
    Clock, Copied, Engine, EngineError, FontFolders, Installation, Judgement, MasterKey, Parts, Plan, Resolution,
    RetryPolicy, RunOutcome, RunRequest,
};
use punctual_model::{
    period::Period,
    state::{DeliveryState, Stage},
    zone::Zone,
};
use punctual_store::{
    Store, StoreError,
    artifacts::Artifacts,
    records::{Delivery, Ended, Filter},
    sql::SqlStore,
};
use tempfile::TempDir;

pub use self::{
    definitions::{Definitions, Member, REPORT},
    dying::{Death, DyingStore, Manner},
    world::{Answer, Source, Taken, World},
};

/// The period that tests report on, and an hour after its end.
pub const PERIOD: &str = "2026-10";
/// An hour after its end.
pub const AFTER: &str = "2026-11-01T01:00:00Z";

/// What a process was asked for.
#[derive(Debug, Clone)]
pub struct Ask {
    pub period: &'static str,
    pub until: Stage,
    pub from: Option<Stage>,
    pub editions: Vec<String>,
    pub confirmed: bool,
    pub now: bool,
    pub channel: Option<&'static str>,
    pub top: Option<i64>,
}

impl Default for Ask {
    /// A delivery of everything.
    fn default() -> Self {
        Self {
            period: PERIOD,
            until: Stage::Deliver,
            from: None,
            editions: Vec::new(),
            confirmed: false,
            now: false,
            channel: None,
            top: None,
        }
    }
}

/// What became of a process.
#[derive(Debug)]
pub enum Fate<T> {
    /// It ended by itself.
    Ended(Result<T, EngineError>),
    /// It died in the midst.
    Died,
}

/// An installation with the world around it.
pub struct TestApp {
    folder: TempDir,
    /// The world.
    pub world: Arc<World>,
    /// What the project's files say now.
    pub definitions: Definitions,
    /// The ledger, for looking into it.
    pub store: Arc<SqlStore>,
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.world.end();
    }
}

/// A folder that is as fast as there is one: what is on disk is for tests of the store.
fn folder() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).expect("a folder")
}

impl TestApp {
    /// A new installation, an hour after the period's end.
    pub async fn new() -> Self {
        Self::at(folder()).await
    }

    /// The installation in a folder, an hour after the period's end.
    pub async fn at(folder: TempDir) -> Self {
        let world = World::around(folder.path(), AFTER.parse().expect("an instant"));
        let store = Arc::new(SqlStore::sqlite(&folder.path().join("state.sqlite")).await.expect("a ledger"));
        Self { folder, world, definitions: Definitions::default(), store }
    }

    /// The installation's folder.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// A process of this installation.
    pub async fn engine(&self, death: &Arc<Death>) -> Result<Engine, EngineError> {
        engine(self.root(), &self.world, &self.store, death).await
    }

    /// Asks a new process for a run.
    pub async fn run(&self, ask: &Ask) -> Result<RunOutcome, EngineError> {
        match self.run_until(ask, &Death::never()).await {
            Fate::Ended(result) => result,
            Fate::Died => panic!("nobody killed it"),
        }
    }

    /// The same, in a process that may die.
    pub async fn run_until(&self, ask: &Ask, death: &Arc<Death>) -> Fate<RunOutcome> {
        let project = self.definitions.project();
        let work = async { self.engine(death).await?.run(&request(&project, ask)).await };
        until(death, work).await
    }

    /// Asks a process that may die for a plan.
    pub async fn plan_until(&self, ask: &Ask, death: &Arc<Death>) -> Fate<Plan> {
        let project = self.definitions.project();
        let work = async { self.engine(death).await?.plan(&request(&project, ask)).await };
        until(death, work).await
    }

    /// Somebody settles a delivery in doubt.
    pub async fn resolve_until(&self, delivery: &str, to: Resolution, death: &Arc<Death>) -> Fate<Delivery> {
        let project = self.definitions.project();
        let work = async { self.engine(death).await?.resolve(&project, delivery, to, &judgement()).await };
        until(death, work).await
    }

    /// Somebody has a delivery's files sent once more.
    pub async fn resend_until(&self, delivery: &str, to: Option<&str>, death: &Arc<Death>) -> Fate<Copied> {
        let project = self.definitions.project();
        let work = async { self.engine(death).await?.resend(&project, delivery, to, &judgement()).await };
        until(death, work).await
    }

    /// The ledger's deliveries.
    pub async fn deliveries(&self) -> Vec<Delivery> {
        self.store.deliveries(&Filter::default()).await.expect("the ledger")
    }

    /// When runs froze, by id.
    pub async fn frozen(&self) -> BTreeMap<String, Timestamp> {
        let runs = self.store.runs(&Filter::default()).await.expect("the ledger");
        runs.into_iter().filter_map(|run| Some((run.id, run.revision.frozen_at?))).collect()
    }

    /// The addresses that are not written to.
    pub async fn suppressions(&self) -> Vec<String> {
        let known = self.store.suppressions().await.expect("the ledger");
        known.into_iter().map(|suppression| suppression.address).collect()
    }

    /// Somebody says that an address exists.
    pub async fn unsuppress(&self, address: &str) {
        let engine = self.engine(&Death::never()).await.expect("an engine");
        engine.unsuppress(address, &judgement()).await.expect("the ledger");
    }

    /// A new installation with the same project and the same time.
    pub async fn twin(&self) -> Self {
        let mut twin = Self::new().await;
        twin.definitions = self.definitions.clone();
        twin.world.set(&self.world.now().to_string());
        twin
    }

    /// Flips the bytes of the newest run's files whose names end so.
    pub async fn damage(&self, ending: &str) {
        let runs = self.store.runs(&Filter::default()).await.expect("the ledger");
        let kept = self.store.artifacts(&runs[0].id, 1).await.expect("the ledger");
        let artifacts = Artifacts::open(&self.root().join("artifacts")).expect("artifacts");
        for file in kept.iter().filter(|file| file.file_name.ends_with(ending)) {
            let path = artifacts.path(&file.content);
            std::fs::remove_file(&path).expect("a file");
            std::fs::write(&path, b"flipped").expect("a file");
        }
    }

    /// The ledger and its mark are gone; the artifacts are not.
    pub async fn lose_the_ledger(&mut self) {
        for file in std::fs::read_dir(self.root()).expect("the folder").flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            if name.starts_with("state.sqlite") || name == "ledger.mark" {
                std::fs::remove_file(file.path()).expect("a file");
            }
        }
        self.store = Arc::new(SqlStore::sqlite(&self.root().join("state.sqlite")).await.expect("a ledger"));
    }

    /// A process that is still at work notes a phase.
    pub async fn reach(&self, delivery: &str, attempt: u32, phase: &str) {
        self.store.reach_phase(delivery, attempt, phase, self.world.now()).await.expect("it is under way");
    }

    /// Another process judges an attempt by the phase that it saw.
    pub async fn settle(&self, delivery: &str, attempt: u32, seen: Option<&str>) -> Result<(), StoreError> {
        let ended = Ended { state: DeliveryState::Transient, reply: String::new(), suppress: false };
        self.store.settle_attempt(delivery, attempt, seen, &ended, self.world.now()).await
    }
}

/// A process of the installation in a folder.
pub async fn engine(
    root: &Path,
    world: &Arc<World>,
    store: &Arc<SqlStore>,
    death: &Arc<Death>,
) -> Result<Engine, EngineError> {
    let store = Arc::new(DyingStore { store: store.clone(), death: death.clone() });
    let kept = root.join("artifacts");
    let artifacts = Artifacts::open(&kept).expect("artifacts");
    let installation = Installation::open(store.clone(), root, &kept, false).await?;
    let retry = RetryPolicy {
        for_at_most: Duration::from_secs(60),
        first_wait: Duration::from_secs(10),
        longest_wait: Duration::from_secs(30),
    };
    Ok(Engine::new(Parts {
        store,
        artifacts: Arc::new(artifacts),
        sources: adapters::SOURCES,
        formats: adapters::FORMATS,
        channels: adapters::CHANNELS,
        runner: Arc::new(adapters::InProcess(punctual_model::definition::Limits::default())),
        clock: world.clone(),
        progress: world.clone(),
        key: MasterKey::new([7; 32]),
        installation,
        retry,
        fonts: FontFolders { project: root.to_owned(), ..FontFolders::default() },
        project: root.to_owned(),
        data: root.to_owned(),
        build: "test".to_owned(),
    }))
}

/// Works until it is done, or the process dies.
async fn until<T>(death: &Death, work: impl Future<Output = Result<T, EngineError>>) -> Fate<T> {
    tokio::select! {
        biased;
        () = death.struck() => Fate::Died,
        result = work => Fate::Ended(result),
    }
}

fn judgement() -> Judgement {
    Judgement { who: "tester".to_owned(), why: "as scripted".to_owned() }
}

/// A request to the engine.
pub fn request<'a>(project: &'a punctual_model::project::Project, ask: &Ask) -> RunRequest<'a> {
    let (report, located) = project.reports.iter().next().expect("a report");
    RunRequest {
        project,
        report,
        period: Period::parse(ask.period, &located.value.timezone).expect("a period"),
        parameters: ask.top.map(|top| ("top".to_owned(), top.into())).into_iter().collect(),
        editions: ask.editions.clone(),
        from: ask.from,
        until: ask.until,
        confirmed: ask.confirmed,
        now: ask.now,
        channel: ask.channel.map(str::to_owned),
        who: "tester".to_owned(),
    }
}

/// A period in UTC.
pub fn period(text: &str) -> Period {
    Period::parse(text, &Zone::utc()).expect("a period")
}

/// The first instant after a period.
pub fn end_of(text: &str) -> Timestamp {
    period(text).end_instant().expect("in range")
}
