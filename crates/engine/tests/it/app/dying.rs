//! A store in a process that dies: at the point that a test names, before a call or after it was done, nothing
//! goes on. Calls are counted, so that a test can walk through every pair of neighbours.

use std::{
    future::pending,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use jiff::Timestamp;
use punctual_model::{
    finding::Finding,
    identity::{ContentHash, RunKey},
    state::{DeliveryState, RevisionState, Stage},
};
use punctual_store::{
    NewRun, StageDone, Store, StoreError,
    installation::{Adoption, Identified, Identity},
    records::{
        ArtifactRecord, Attempt, Decision, Delivery, Ended, ExtractRecord, Filter, Findings, LastRecipients,
        NewDelivery, PinnedTemplate, Revision, Run, Sending, StageRecord, Suppression,
    },
    sql::SqlStore,
};
use tokio::sync::watch;

/// How a process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Its work is dropped where it stands, within the test's own process.
    Dropped,
    /// The system kills the process that the test runs in.
    Killed,
}

/// When and how a process dies. Each call of the store has two points: before it, and after it was done.
pub struct Death {
    at: Option<u64>,
    manner: Manner,
    passed: AtomicU64,
    dead: watch::Sender<bool>,
}

impl Death {
    /// Never.
    pub fn never() -> Arc<Self> {
        Self::at(None, Manner::Dropped)
    }

    /// At a point, counted from 0.
    pub fn at(point: impl Into<Option<u64>>, manner: Manner) -> Arc<Self> {
        let (at, passed, dead) = (point.into(), AtomicU64::new(0), watch::Sender::new(false));
        Arc::new(Self { at, manner, passed, dead })
    }

    /// The points that were passed.
    pub fn passed(&self) -> u64 {
        self.passed.load(Ordering::Relaxed)
    }

    /// Returns when the process is dead.
    pub async fn struck(&self) {
        let mut dead = self.dead.subscribe();
        dead.wait_for(|dead| *dead).await.expect("the sender is here");
    }

    async fn point(&self) {
        let here = self.passed.fetch_add(1, Ordering::Relaxed);
        // Whatever works beside the call that died does not go on either.
        if self.at.is_none_or(|at| here < at) {
            return;
        }
        if self.manner == Manner::Killed {
            Command::new("sh").args(["-c", "kill -KILL $PPID"]).status().expect("a shell");
        }
        self.dead.send_replace(true);
        pending::<()>().await;
    }
}

/// The store of a process that may die.
pub struct DyingStore {
    /// The store that remains.
    pub store: Arc<SqlStore>,
    /// When.
    pub death: Arc<Death>,
}

/// A trait whose every call has a point before it and one after.
macro_rules! dying {
    ($of_store:ident: $($name:ident($($arg:ident: $of:ty),*) -> $gives:ty;)*) => {
        #[async_trait]
        impl $of_store for DyingStore {
            $(async fn $name(&self, $($arg: $of),*) -> Result<$gives, StoreError> {
                self.death.point().await;
                let done = self.store.$name($($arg),*).await;
                self.death.point().await;
                done
            })*
        }
    };
}

dying! {
    Store:
        pin_template(name: &str, content: &ContentHash, definition: &str, now: Timestamp) -> PinnedTemplate;
        pinned_templates() -> Vec<PinnedTemplate>;
        find_run(key: &RunKey) -> Option<Run>;
        run_by_id(id: &str) -> Option<Run>;
        open_run(run: NewRun<'_>, now: Timestamp) -> Run;
        redefine(run: &str, revision: u32, definition: &str, period: (Timestamp, Timestamp), now: Timestamp) -> ();
        runs(filter: &Filter) -> Vec<Run>;
        advance(
            run: &str,
            revision: u32,
            change: (RevisionState, RevisionState),
            message: Option<&str>,
            now: Timestamp
        ) -> Revision;
        start_stage(run: &str, revision: u32, stage: Stage, input: &ContentHash, now: Timestamp) -> ();
        finish_stage(run: &str, revision: u32, done: StageDone<'_>, now: Timestamp) -> ();
        fail_stage(run: &str, revision: u32, stage: Stage, failure: (&str, &[Finding]), now: Timestamp) -> ();
        stages(run: &str, revision: u32) -> Vec<StageRecord>;
        record_extract(run: &str, revision: u32, extract: &ExtractRecord) -> ();
        extracts(run: &str, revision: u32) -> Vec<ExtractRecord>;
        forget_extracts(run: &str, revision: u32) -> ();
        findings(run: &str, revision: u32) -> Findings;
        artifacts(run: &str, revision: u32) -> Vec<ArtifactRecord>;
        doubt_extracts(run: &str, revision: u32, datasets: &[String], why: &str) -> ();
        plan_deliveries(deliveries: &[NewDelivery], now: Timestamp) -> u64;
        hold_others(run: &str, revision: u32, keep: &[String], why: &str, now: Timestamp) -> u64;
        deliveries(filter: &Filter) -> Vec<Delivery>;
        begin_attempt(delivery: &str, sending: &Sending, now: Timestamp) -> Attempt;
        reach_phase(delivery: &str, attempt: u32, phase: &str, now: Timestamp) -> ();
        finish_attempt(delivery: &str, attempt: u32, ended: &Ended, now: Timestamp) -> ();
        settle_attempt(delivery: &str, attempt: u32, phase: Option<&str>, ended: &Ended, now: Timestamp) -> ();
        resolve(delivery: &str, to: DeliveryState, decision: &Decision) -> ();
        decide(decision: &Decision) -> ();
        decisions(run: Option<&str>) -> Vec<Decision>;
        suppressions() -> Vec<Suppression>;
        unsuppress(address: &str, decision: &Decision) -> bool;
        attachments(delivery: &str) -> Vec<ArtifactRecord>;
        attempts(delivery: &str) -> Vec<Attempt>;
        last_recipients(report: &str, before: Timestamp) -> LastRecipients;
}

dying! {
    Identified:
        identity() -> Identity;
        begun() -> (Option<String>, u64);
        name(from: Option<&str>, id: &str) -> String;
        adopt(adoption: &Adoption) -> ();
}
