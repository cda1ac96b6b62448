//! One delivery's attempts: each is on record before a byte leaves, its phases are committed one by one, and how it
//! ended is what the other side said. Which deliveries are meant is not decided here.

use std::time::Duration;

use async_trait::async_trait;
use punctual_delivery::{Phase, PhaseNotRecorded, Phases, Refusal, ReplyClass, outcome as state_after};
use punctual_model::{address::canonical, state::DeliveryState};
use punctual_store::{
    Store, StoreError,
    records::{ArtifactRecord, Attempt, Delivery, Ended, Sending},
};

use crate::{
    compose::Addressed,
    environment::{Clock, Engine},
    job::EditionOutput,
    outcome::EngineError,
    post::Post,
};

/// Waits between attempts when the other side cannot be reached; later runs try again anyway.
const WAITS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

/// How the channel can go on after an attempt.
#[derive(PartialEq)]
pub(crate) enum After {
    GoOn,
    Halt(String),
}

/// What an attempt came to.
pub(crate) struct Attempted {
    pub(crate) state: DeliveryState,
    pub(crate) after: After,
    /// The other side's words, or ours.
    pub(crate) reply: String,
}

impl Engine {
    /// Sends one delivery; again after short waits while the other side cannot be reached at all.
    pub(crate) async fn send(
        &self,
        post: &Post<'_>,
        delivery: &Delivery,
        editions: &[EditionOutput],
        files: &[ArtifactRecord],
    ) -> Result<Attempted, EngineError> {
        let store = &self.parts.store;
        let edition = edition_of(editions, &delivery.key.edition);
        let message = edition.and_then(|edition| post.composer.message(&Addressed::from(delivery), edition, files));
        let sending = Sending {
            channel: post.name.clone(),
            email: delivery.email.clone(),
            address: canonical(&delivery.email),
            subject: message.as_ref().map(|m| m.subject.as_str().to_owned()).unwrap_or_default(),
            attachments: files.to_vec(),
        };
        let mut waits = WAITS.into_iter();
        loop {
            let attempt = match store.begin_attempt(&delivery.id, &sending, self.now()).await {
                Ok(attempt) => attempt,
                // Another process was faster, over another delivery to the same address.
                Err(had @ StoreError::Had { .. }) => {
                    let (state, reply) = (DeliveryState::Held, had.to_string());
                    return Ok(Attempted { state, after: After::GoOn, reply });
                }
                Err(error) => return Err(error.into()),
            };
            self.parts.installation.begun().await?;
            let message = match &message {
                Ok(message) => message,
                Err(fault) => {
                    let ended = Ended { state: DeliveryState::Permanent, reply: fault.clone(), suppress: false };
                    store.finish_attempt(&delivery.id, attempt.number, &ended, self.now()).await?;
                    return Ok(Attempted { state: ended.state, after: After::GoOn, reply: ended.reply });
                }
            };
            let ledger = Ledger::new(store.as_ref(), self.parts.clock.as_ref(), &attempt);
            let result = post.channel.send(message, &ledger).await;
            let ended = ended(&result);
            store.finish_attempt(&delivery.id, attempt.number, &ended, self.now()).await?;
            let Ended { state, reply, .. } = ended;
            let unreached = state == DeliveryState::Transient && !ledger.connected();
            let wait = if unreached && !is_halt(&result) { waits.next() } else { None };
            match wait {
                Some(wait) => self.parts.clock.sleep(wait).await,
                None if unreached || is_halt(&result) => {
                    return Ok(Attempted { state, after: After::Halt(reply.clone()), reply });
                }
                None => return Ok(Attempted { state, after: After::GoOn, reply }),
            }
        }
    }

    /// Sends an explicit copy, which is on record, and returns what it came to.
    pub(crate) async fn send_copy(
        &self,
        post: &Post<'_>,
        delivery: &Delivery,
        edition: &EditionOutput,
        files: &[ArtifactRecord],
    ) -> Result<(DeliveryState, String), EngineError> {
        let sent = self.send(post, delivery, std::slice::from_ref(edition), files).await?;
        Ok((sent.state, sent.reply))
    }
}

pub(crate) fn edition_of<'a>(editions: &'a [EditionOutput], key: &str) -> Result<&'a EditionOutput, String> {
    editions.iter().find(|e| e.key == key).ok_or_else(|| format!("there is no edition `{key}` any more"))
}

fn ended(result: &Result<punctual_delivery::Accepted, Refusal>) -> Ended {
    let (reply, suppress) = match result {
        Ok(accepted) => (accepted.reply.clone(), false),
        Err(refusal) => (refusal.to_string(), matches!(refusal.class, ReplyClass::Permanent { suppress: true })),
    };
    Ended { state: state_after(result), reply, suppress }
}

fn is_halt(result: &Result<punctual_delivery::Accepted, Refusal>) -> bool {
    result.as_ref().is_err_and(|refusal| refusal.class == ReplyClass::HaltChannel)
}

/// Commits the phases of one attempt.
struct Ledger<'a> {
    store: &'a dyn Store,
    clock: &'a dyn Clock,
    attempt: &'a Attempt,
    connected: std::sync::atomic::AtomicBool,
}

impl<'a> Ledger<'a> {
    fn new(store: &'a dyn Store, clock: &'a dyn Clock, attempt: &'a Attempt) -> Self {
        Self { store, clock, attempt, connected: false.into() }
    }

    /// Whether the other side was reached at all.
    fn connected(&self) -> bool {
        self.connected.load(std::sync::atomic::Ordering::Relaxed)
    }
}

#[async_trait]
impl Phases for Ledger<'_> {
    async fn reached(&self, phase: Phase) -> Result<(), PhaseNotRecorded> {
        self.connected.store(true, std::sync::atomic::Ordering::Relaxed);
        let Attempt { delivery, number, .. } = self.attempt;
        let recorded = self.store.reach_phase(delivery, *number, phase.as_str(), self.clock.now()).await;
        recorded.map_err(|error: StoreError| PhaseNotRecorded { phase, reason: error.to_string() })
    }
}
