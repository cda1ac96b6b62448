//! What the engine works with: the store, the artifacts, the registered adapters, the sandbox,
//! the clock and a place to say how things go. All of it is given; nothing is looked up here.

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use punctual_data::source::SourceKind;
use punctual_delivery::ChannelKind;
use punctual_document::format::FormatKind;
use punctual_model::state::{DeliveryState, Stage};
use punctual_store::{Store, artifacts::Artifacts};

use crate::{
    extract::RetryPolicy,
    fonts::FontFolders,
    installation::Installation,
    keys::MasterKey,
    runner::Runner,
    secret::{Resolver, process_environment},
};

/// The time, as the engine sees it.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The current instant.
    fn now(&self) -> Timestamp;
    /// Waits.
    async fn sleep(&self, length: Duration);
}

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep(&self, length: Duration) {
        tokio::time::sleep(length).await;
    }
}

/// What happens while a run goes on.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A stage starts.
    StageStarted(Stage),
    /// A stage was found done and is not run again.
    StageKept(Stage),
    /// A stage ended.
    StageDone(Stage),
    /// A dataset is in.
    DatasetDone {
        /// Its name.
        dataset: String,
        /// Its rows.
        rows: u64,
        /// Whether an earlier snapshot was kept.
        kept: bool,
    },
    /// There is a snapshot that does not serve: the source is asked again.
    AskedAgain {
        /// The dataset.
        dataset: String,
        /// Why, in words.
        why: String,
    },
    /// A source failed and is asked again after a wait.
    SourceRetry {
        /// The dataset.
        dataset: String,
        /// What went wrong.
        error: String,
        /// How long it waits.
        wait: Duration,
    },
    /// A delivery ended, one way or another.
    Delivered {
        /// The address.
        email: String,
        /// Its edition.
        edition: String,
        /// The state it reached.
        state: DeliveryState,
        /// The other side's words, or ours.
        reply: String,
    },
}

/// Hears what happens.
pub trait Progress: Send + Sync {
    /// Something happened.
    fn tell(&self, event: Event);
}

/// Everything an engine is made of.
pub struct Parts {
    /// What is remembered.
    pub store: Arc<dyn Store>,
    /// Bytes by content.
    pub artifacts: Arc<Artifacts>,
    /// Registered types of sources.
    pub sources: &'static [SourceKind],
    /// Registered formats.
    pub formats: &'static [FormatKind],
    /// Registered types of channels.
    pub channels: &'static [ChannelKind],
    /// Does what authors wrote, apart from this process.
    pub runner: Arc<dyn Runner>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Hears what happens.
    pub progress: Arc<dyn Progress>,
    /// The key that the others are derived from.
    pub key: MasterKey,
    /// How a failing source is asked again.
    pub retry: RetryPolicy,
    /// Which installation this is; what belongs to it is compared before anything is sent.
    pub installation: Installation,
    /// Where fonts are looked for.
    pub fonts: FontFolders,
    /// The project's folder, which relative paths start from.
    pub project: PathBuf,
    /// The data folder: jobs and locks live in it.
    pub data: PathBuf,
    /// What this build is; stage outputs of another build are made again.
    pub build: String,
}

/// Runs reports.
pub struct Engine {
    pub(crate) parts: Parts,
}

impl Engine {
    /// An engine of these parts.
    pub fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.parts.store
    }

    /// The installation.
    pub fn installation(&self) -> &Installation {
        &self.parts.installation
    }

    /// The artifacts.
    pub fn artifacts(&self) -> &Arc<Artifacts> {
        &self.parts.artifacts
    }

    /// What references in definitions may reach. Whoever runs a command may read the whole environment anyway.
    pub(crate) fn resolver(&self) -> Resolver<'_> {
        Resolver {
            project: &self.parts.project,
            data: &self.parts.data,
            environment: &process_environment,
            allowed: None,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    pub(crate) fn tell(&self, event: Event) {
        self.parts.progress.tell(event);
    }
}
