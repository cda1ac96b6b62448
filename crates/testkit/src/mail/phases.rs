//! A ledger of phases in memory, which can fail, or stop an attempt as a crash would.

use async_trait::async_trait;
use punctual_delivery::{Phase, PhaseNotRecorded, Phases};
use tokio::sync::watch;

/// What happens right after a phase is recorded.
type Deed = Box<dyn Fn() + Send + Sync>;

/// Records phases.
#[derive(Default)]
pub struct PhaseLog {
    recorded: watch::Sender<Vec<Phase>>,
    fails_at: Option<Phase>,
    stops_after: Option<Phase>,
    does_after: Option<(Phase, Deed)>,
}

impl PhaseLog {
    /// One that works.
    pub fn new() -> Self {
        Self::default()
    }

    /// One that cannot record this phase.
    pub fn failing_at(phase: Phase) -> Self {
        Self { fails_at: Some(phase), ..Self::default() }
    }

    /// One that records this phase and never returns, so that an attempt can be cut off right there.
    pub fn stopping_after(phase: Phase) -> Self {
        Self { stops_after: Some(phase), ..Self::default() }
    }

    /// One that does something once this phase is recorded, before the step that it names.
    pub fn doing_after(phase: Phase, deed: impl Fn() + Send + Sync + 'static) -> Self {
        Self { does_after: Some((phase, Box::new(deed))), ..Self::default() }
    }

    /// What was recorded, in order.
    pub fn recorded(&self) -> Vec<Phase> {
        self.recorded.borrow().clone()
    }

    /// The last phase that was recorded.
    pub fn last(&self) -> Option<Phase> {
        self.recorded.borrow().last().copied()
    }

    /// Waits until this phase is recorded.
    pub async fn reached(&self, phase: Phase) {
        let mut recorded = self.recorded.subscribe();
        recorded.wait_for(|recorded| recorded.contains(&phase)).await.expect("the log outlives its readers");
    }
}

#[async_trait]
impl Phases for PhaseLog {
    async fn reached(&self, phase: Phase) -> Result<(), PhaseNotRecorded> {
        if self.fails_at == Some(phase) {
            return Err(PhaseNotRecorded { phase, reason: "the ledger is full".to_owned() });
        }
        self.recorded.send_modify(|recorded| recorded.push(phase));
        if let Some((_, deed)) = self.does_after.as_ref().filter(|(after, _)| *after == phase) {
            deed();
        }
        if self.stops_after == Some(phase) {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}
