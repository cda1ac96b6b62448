//! Delivery: recipients are resolved and guarded again, every delivery is a row before anything
//! leaves, each attempt commits its phases, and what cannot be known stays in doubt.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use punctual_delivery::{
    Channel, ChannelConfig, Known, Mailbox, MessageId, Phase, PhaseNotRecorded, Phases, Refusal, ReplyClass,
    after_crash, outcome as state_after, settle,
};
use punctual_model::{
    identity::DeliveryKey,
    project::Resolved,
    recipients::{Recipient, Resolution},
    state::{DeliveryState, Purpose, RevisionState, Stage},
};
use punctual_store::{
    Store, StoreError,
    records::{Attempt, Delivery, Filter, NewDelivery, Run},
};
use serde::Serialize;

use crate::{
    compose::Composer,
    environment::{Clock, Engine, Event},
    job::EditionOutput,
    outcome::EngineError,
    request::RunRequest,
    secret,
};

/// Waits between attempts when the other side cannot be reached; later runs try again anyway.
const WAITS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

/// What a delivery came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DeliveryOutcome {
    /// Accepted now.
    pub accepted: u64,
    /// Accepted by an earlier run, and not sent again.
    pub already: u64,
    /// Not accepted: to be tried again by the next run.
    pub failed: u64,
    /// In doubt: a person decides.
    pub in_doubt: u64,
    /// Not tried, because the channel was halted.
    pub waiting: u64,
    /// Things a person should know.
    pub warnings: Vec<String>,
}

/// How the channel can go on after an attempt.
#[derive(PartialEq)]
enum After {
    GoOn,
    Halt(String),
}

/// What an attempt came to.
struct Attempted {
    state: DeliveryState,
    after: After,
    /// The other side's words, or ours.
    reply: String,
}

impl Engine {
    /// Delivers a revision's editions.
    pub(crate) async fn deliver(
        &self,
        request: &RunRequest<'_>,
        resolved: &Resolved<'_>,
        run: &mut Run,
        editions: &[EditionOutput],
    ) -> Result<DeliveryOutcome, EngineError> {
        let resolution = self.recipients(request, resolved, editions).await?;
        if !resolution.refusals.is_empty() {
            return Err(EngineError::Refused { refusals: resolution.refusals });
        }
        let (name, channel) = self.open_channel(request, resolved)?;
        let composer = self.composer(request, resolved, &name)?;
        let planned = self.plan_deliveries(run, &resolution, &name, &composer.from).await?;
        let due = self.recover(channel.as_ref(), planned).await?;
        let mut outcome = DeliveryOutcome { warnings: resolution.warnings.clone(), ..DeliveryOutcome::default() };
        let (open, settled): (Vec<Delivery>, Vec<Delivery>) = due.into_iter().partition(|d| is_open(d.state));
        outcome.already = settled.iter().filter(|d| d.state != DeliveryState::InDoubt).count() as u64;
        outcome.in_doubt = settled.len() as u64 - outcome.already;
        if !open.is_empty() {
            self.pin_template(resolved).await?;
            self.tell(Event::StageStarted(Stage::Deliver));
            self.become_busy(run, RevisionState::Distributing).await?;
            self.send_all(run, channel.as_ref(), &composer, editions, open, &mut outcome).await?;
        }
        channel.close().await;
        self.conclude(run, &outcome).await?;
        Ok(outcome)
    }

    /// Opens the channel of a report.
    fn open_channel(
        &self,
        request: &RunRequest<'_>,
        resolved: &Resolved<'_>,
    ) -> Result<(String, Arc<dyn Channel>), EngineError> {
        let settings = &request.project.settings;
        let deliver = resolved.report.deliver.as_ref();
        let name = deliver.and_then(|d| d.channel.clone()).or_else(|| settings.default_channel.clone());
        let Some(name) = name else {
            return Err(EngineError::NoDelivery { report: resolved.report.name.to_string() });
        };
        let channel = self.channel(request.project, &name)?;
        Ok((name, channel))
    }

    /// Opens a channel by its name in the settings; nothing is connected yet.
    ///
    /// # Errors
    /// When there is no such channel, a secret has no value, or the options cannot work.
    pub fn channel(
        &self,
        project: &punctual_model::project::Project,
        name: &str,
    ) -> Result<Arc<dyn Channel>, EngineError> {
        let fault = |message: String| EngineError::Channel { channel: name.to_owned(), message };
        let settings = &project.settings;
        let definition = settings
            .channels
            .get(name)
            .ok_or_else(|| fault("it is not in punctual.yaml under `channels:`".to_owned()))?;
        let kind = self
            .parts
            .channels
            .iter()
            .find(|kind| kind.spec.name == definition.channel_type)
            .ok_or_else(|| fault(format!("unknown type `{}`", definition.channel_type)))?;
        let options = secret::resolve(&definition.options, &self.parts.project, &secret::process_environment)
            .map_err(|e| fault(e.to_string()))?;
        let config = ChannelConfig {
            name: name.to_owned(),
            options,
            project: self.parts.project.clone(),
            from: sender(settings, name)?.address,
            installation: None,
        };
        (kind.open)(config).map_err(|e| fault(e.problem))
    }

    fn composer<'a>(
        &'a self,
        request: &RunRequest<'a>,
        resolved: &'a Resolved<'a>,
        channel: &str,
    ) -> Result<Composer<'a>, EngineError> {
        let settings = &request.project.settings;
        let fault = |message: String| EngineError::Channel { channel: channel.to_owned(), message };
        let reply_to = settings.reply_to.as_deref().map(str::parse::<Mailbox>).transpose();
        Ok(Composer {
            settings,
            resolved,
            from: sender(settings, channel)?,
            reply_to: reply_to.map_err(|e| fault(format!("`reply_to` in punctual.yaml: {e}")))?,
            artifacts: &self.parts.artifacts,
            date: self.now(),
        })
    }

    /// Every delivery is a row before anything leaves; rows of an earlier attempt stay as they are.
    async fn plan_deliveries(
        &self,
        run: &Run,
        resolution: &Resolution,
        channel: &str,
        from: &Mailbox,
    ) -> Result<Vec<Delivery>, EngineError> {
        let key = self.parts.key.derive("message-id");
        let new: Vec<NewDelivery> =
            resolution.recipients.iter().map(|recipient| new_delivery(run, recipient, channel, (&key, from))).collect();
        self.parts.store.plan_deliveries(&new, self.now()).await?;
        let filter = Filter { run: Some(run.id.clone()), ..Filter::default() };
        let known = self.parts.store.deliveries(&filter).await?;
        let mut wanted: BTreeMap<String, &NewDelivery> = new.iter().map(|d| (d.key.id(), d)).collect();
        Ok(known
            .into_iter()
            .filter_map(|mut delivery| {
                // The recipient may have moved since it was planned: the address of today counts.
                let new = wanted.remove(&delivery.id)?;
                delivery.email.clone_from(&new.email);
                delivery.name.clone_from(&new.name);
                Some(delivery)
            })
            .collect())
    }

    /// Deliveries that a dead process left under way, or that were in doubt, are settled by what can be known.
    async fn recover(&self, channel: &dyn Channel, deliveries: Vec<Delivery>) -> Result<Vec<Delivery>, EngineError> {
        let mut settled = Vec::with_capacity(deliveries.len());
        for mut delivery in deliveries {
            if delivery.state == DeliveryState::Sending {
                let last = delivery.phase.as_deref().and_then(phase);
                let reply = "the process ended before a reply was recorded";
                let state = after_crash(last);
                let (id, attempt) = (delivery.id.clone(), delivery.attempts);
                self.parts.store.finish_attempt(&id, attempt, (state, reply), self.now()).await?;
                delivery.state = state;
            }
            if delivery.state == DeliveryState::InDoubt {
                delivery.state = self.settle(channel, &delivery).await?;
            }
            settled.push(delivery);
        }
        Ok(settled)
    }

    /// A delivery in doubt whose channel can tell is in doubt no longer.
    async fn settle(&self, channel: &dyn Channel, delivery: &Delivery) -> Result<DeliveryState, EngineError> {
        let Ok(id) = MessageId::try_from(delivery.message_id.clone()) else { return Ok(delivery.state) };
        let known = channel.already_accepted(&id).await.unwrap_or(Known::Unknown);
        match settle(channel.in_doubt_policy(), &known) {
            Some(DeliveryState::Accepted) => {
                let reply = match known {
                    Known::Accepted(accepted) => accepted.reply,
                    Known::NotAccepted | Known::Unknown => String::new(),
                };
                let accepted = (DeliveryState::Accepted, reply.as_str());
                self.parts.store.finish_attempt(&delivery.id, delivery.attempts, accepted, self.now()).await?;
                Ok(DeliveryState::Accepted)
            }
            // To be sent again: `begin_attempt` takes it from `in_doubt`.
            Some(_) => Ok(DeliveryState::Transient),
            None => Ok(DeliveryState::InDoubt),
        }
    }

    async fn send_all(
        &self,
        run: &Run,
        channel: &dyn Channel,
        composer: &Composer<'_>,
        editions: &[EditionOutput],
        open: Vec<Delivery>,
        outcome: &mut DeliveryOutcome,
    ) -> Result<(), EngineError> {
        let artifacts = self.parts.store.artifacts(&run.id, run.revision.number).await?;
        let mut halted: Option<String> = None;
        for delivery in open {
            if halted.is_some() {
                outcome.waiting += 1;
                continue;
            }
            let message = match editions.iter().find(|e| e.key == delivery.key.edition) {
                Some(edition) => composer.message(&delivery, edition, &artifacts),
                None => Err(format!("there is no edition `{}` any more", delivery.key.edition)),
            };
            let Attempted { state, after, reply } = self.attempt(channel, &delivery, message).await?;
            match state {
                DeliveryState::Accepted => outcome.accepted += 1,
                DeliveryState::InDoubt => outcome.in_doubt += 1,
                _ => outcome.failed += 1,
            }
            let (email, edition) = (delivery.email, delivery.key.edition);
            self.tell(Event::Delivered { email, edition, state, reply });
            if let After::Halt(why) = after {
                outcome.warnings.push(format!("the channel was halted: {why}"));
                halted = Some(why);
            }
        }
        Ok(())
    }

    /// Tries one delivery; again after short waits while the other side cannot be reached at all.
    async fn attempt(
        &self,
        channel: &dyn Channel,
        delivery: &Delivery,
        message: Result<punctual_delivery::Message, String>,
    ) -> Result<Attempted, EngineError> {
        let store = &self.parts.store;
        let mut waits = WAITS.into_iter();
        loop {
            let attempt = store.begin_attempt(&delivery.id, &delivery.email, self.now()).await?;
            let message = match &message {
                Ok(message) => message,
                Err(fault) => {
                    let state = DeliveryState::Permanent;
                    store.finish_attempt(&delivery.id, attempt.number, (state, fault), self.now()).await?;
                    return Ok(Attempted { state, after: After::GoOn, reply: fault.clone() });
                }
            };
            let ledger = Ledger::new(store.as_ref(), self.parts.clock.as_ref(), &attempt);
            let result = channel.send(message, &ledger).await;
            let state = state_after(&result);
            let reply = match &result {
                Ok(accepted) => accepted.reply.clone(),
                Err(refusal) => refusal.to_string(),
            };
            store.finish_attempt(&delivery.id, attempt.number, (state, &reply), self.now()).await?;
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

    async fn conclude(&self, run: &mut Run, outcome: &DeliveryOutcome) -> Result<(), EngineError> {
        let open = outcome.failed + outcome.in_doubt + outcome.waiting;
        let done = outcome.accepted + outcome.already;
        let state = match (open, done) {
            (0, _) => RevisionState::Completed,
            (_, 0) => RevisionState::Failed,
            _ => RevisionState::Partial,
        };
        if run.revision.state.may_become(state) {
            let change = (run.revision.state, state);
            let all = open + done;
            let message = (open > 0).then(|| match all {
                1 => "the one delivery is not accepted".to_owned(),
                _ => format!("{open} of {all} deliveries are not accepted"),
            });
            let revision = run.revision.number;
            run.revision = self.parts.store.advance(&run.id, revision, change, message.as_deref(), self.now()).await?;
        }
        Ok(())
    }
}

/// Whether a delivery may be tried now.
fn is_open(state: DeliveryState) -> bool {
    matches!(state, DeliveryState::Planned | DeliveryState::Transient | DeliveryState::Permanent)
}

fn is_halt(result: &Result<punctual_delivery::Accepted, Refusal>) -> bool {
    result.as_ref().is_err_and(|refusal| refusal.class == ReplyClass::HaltChannel)
}

fn phase(text: &str) -> Option<Phase> {
    Phase::ALL.into_iter().find(|phase| phase.as_str() == text)
}

fn sender(settings: &punctual_model::definition::Settings, channel: &str) -> Result<Mailbox, EngineError> {
    let fault = |message: String| EngineError::Channel { channel: channel.to_owned(), message };
    let from = settings.from.as_deref().ok_or_else(|| {
        fault("punctual.yaml needs `from:`, such as `from: Reports <reports@agency.example>`".to_owned())
    })?;
    from.parse().map_err(|e| fault(format!("`from` in punctual.yaml: {e}")))
}

fn new_delivery(run: &Run, recipient: &Recipient, channel: &str, (key, from): (&[u8], &Mailbox)) -> NewDelivery {
    let delivery = DeliveryKey {
        run: run.id.clone(),
        revision: run.revision.number,
        edition: recipient.edition.clone(),
        purpose: Purpose::Report,
        channel: channel.to_owned(),
        recipient: recipient.id.clone(),
        copy: 0,
    };
    let message_id = MessageId::derive(key, &delivery.id(), &from.address);
    NewDelivery {
        message_id: message_id.as_str().to_owned(),
        key: delivery,
        email: recipient.email.clone(),
        name: recipient.name.clone(),
    }
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
