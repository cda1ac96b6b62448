//! Delivery: everything is composed and guarded before anything is put on record, and every delivery is a row before
//! anything leaves. How one message leaves is for `send`.

use std::collections::BTreeSet;

use jiff::Timestamp;
use punctual_delivery::{Mailbox, MessageId};
use punctual_model::{
    address::canonical,
    definition::Otherwise,
    finding::Finding,
    frozen::Frozen,
    identity::{ContentHash, DeliveryKey},
    recipients::{Held, Recipient},
    state::{DeliveryState, Purpose, RevisionState, Stage},
};
use punctual_store::{
    StageDone,
    records::{ArtifactRecord, Decision, Delivery, NewDelivery, Run},
};
use serde::Serialize;

use crate::{
    audience::Audience,
    compose::Addressed,
    environment::{Engine, Event},
    job::EditionOutput,
    outcome::EngineError,
    post::Post,
    request::RunRequest,
    send::{After, Attempted, edition_of},
    standing::Standing,
};

/// What a delivery came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DeliveryOutcome {
    /// Accepted now.
    pub accepted: u64,
    /// Accepted earlier, and not sent again.
    pub already: u64,
    /// Not accepted: to be tried again by the next run.
    pub failed: u64,
    /// In doubt: a person decides.
    pub in_doubt: u64,
    /// Not tried, because the channel was halted.
    pub waiting: u64,
    /// Not sent on purpose, each with its reason.
    pub held: Vec<Held>,
    /// Not sent any more, because the list does not name the recipient any more; told by the run that found it.
    pub gone: u64,
    /// Nothing leaves before this instant.
    pub waits_until: Option<Timestamp>,
    /// What the whole revision has come to, also the editions that were not asked for now.
    pub standing: Standing,
    /// Things a person should know.
    pub warnings: Vec<String>,
}

impl DeliveryOutcome {
    /// Whether something that was asked for was not accepted.
    pub fn is_incomplete(&self) -> bool {
        self.failed + self.in_doubt + self.waiting > 0
    }

    /// Whether something was held back: by a condition, a key, an address, the list, or the time.
    pub fn is_held_back(&self) -> bool {
        !self.held.is_empty() || self.gone > 0 || self.waits_until.is_some() || self.is_to_nobody()
    }

    /// Whether nobody was to get what was asked for, so nothing was sent although somebody may wait for it.
    pub fn is_to_nobody(&self) -> bool {
        let Self { accepted, already, failed, in_doubt, waiting, held, .. } = self;
        accepted + already + failed + in_doubt + waiting == 0 && held.is_empty()
    }
}

/// A revision's deliveries, composed and guarded, before anything is on record.
pub(crate) struct Ready<'a> {
    pub(crate) audience: Audience,
    pub(crate) post: Post<'a>,
    /// Everybody who is or was meant, of all editions.
    pub(crate) rows: Vec<NewDelivery>,
    pub(crate) artifacts: Vec<ArtifactRecord>,
}

/// A revision's deliveries, once they are on record.
struct OnRecord {
    /// The rows of those who are meant.
    rows: Vec<Delivery>,
    /// How many others were held now.
    gone: u64,
    /// The editions of others who may have theirs: a person decides.
    doubtful: Vec<String>,
}

impl Engine {
    /// Puts everything together that a delivery needs, and composes every message that would leave to its last
    /// byte. What would be refused later is among the refusals.
    pub(crate) async fn ready<'a>(
        &'a self,
        request: &RunRequest<'_>,
        definition: &'a Frozen,
        run: &Run,
        editions: &[EditionOutput],
    ) -> Result<Ready<'a>, EngineError> {
        let known = self.deliveries_of(&run.id).await?;
        let mut audience = self.audience(request, definition, (run, &known), editions).await?;
        let post = self.post(request, definition)?;
        let artifacts = self.parts.store.artifacts(&run.id, run.revision.number).await?;
        let rows = self.rows(run, &audience, &post, &known);
        for row in rows.iter().filter(|row| row.held.is_none() && asked_for(request, &row.key.edition)) {
            // What was taken, or may have been, is not composed again.
            if known.iter().any(|d| d.key == row.key && !d.state.is_unsent()) {
                continue;
            }
            if let Err(fault) = self.prepare(&post, row, editions, &artifacts).await {
                audience.refusals.push(format!("the message to {}, edition {}: {fault}", row.email, row.key.edition));
            }
        }
        Ok(Ready { audience, post, rows, artifacts })
    }

    async fn prepare(
        &self,
        post: &Post<'_>,
        row: &NewDelivery,
        editions: &[EditionOutput],
        artifacts: &[ArtifactRecord],
    ) -> Result<(), String> {
        let edition = edition_of(editions, &row.key.edition)?;
        let files = post.composer.attached(artifacts, &row.key.edition);
        let message = post.composer.message(&Addressed::from(row), edition, &files)?;
        post.channel.prepare(&message).await.map(drop).map_err(|refusal| refusal.to_string())
    }

    /// A row for everybody: those who are written to, and those who are held with the reason. Whoever has the edition
    /// by another delivery gets no row for that, but one that is there says so.
    fn rows(&self, run: &Run, audience: &Audience, post: &Post<'_>, known: &[Delivery]) -> Vec<NewDelivery> {
        let key = self.parts.key.derive("message-id");
        let row = |recipient: &Recipient, held: Option<String>| {
            let key_of = first_copy(run, recipient);
            new_delivery(key_of, recipient, (&post.name, &post.composer.from), &key, held)
        };
        let written = audience.recipients.iter().map(|recipient| row(recipient, None));
        let held = |held: &Held| row(&held.recipient, Some(held.reason.clone()));
        let there: BTreeSet<String> = known.iter().map(|d| d.key.id()).collect();
        let had = audience.had.iter().map(held).filter(|row| there.contains(&row.key.id()));
        written.chain(audience.held.iter().map(held)).chain(had).collect()
    }

    /// Delivers a revision's editions.
    pub(crate) async fn deliver(
        &self,
        request: &RunRequest<'_>,
        definition: &Frozen,
        run: &mut Run,
        editions: &[EditionOutput],
    ) -> Result<DeliveryOutcome, EngineError> {
        self.refuse_estranged().await?;
        let again = self.settle_interrupted(&run.id, request.project, definition).await?;
        let mut ready = self.ready(request, definition, run, editions).await?;
        let stage_input = ContentHash::of_json(&(definition, &request.editions));
        self.parts.store.start_stage(&run.id, run.revision.number, Stage::Deliver, &stage_input, self.now()).await?;
        if !ready.audience.refusals.is_empty() {
            return self.refuse(run, std::mem::take(&mut ready.audience.refusals)).await;
        }
        self.note_decisions(request, run, &ready.audience).await?;
        if let Some(until) = ready.audience.waits_until {
            let shown = until.to_zoned_datetime(request.period.zone().rules().clone());
            let reason = format!("it leaves at {}", shown.strftime("%Y-%m-%d %H:%M %Z"));
            for row in ready.rows.iter_mut().filter(|row| row.held.is_none()) {
                row.held = Some(reason.clone());
            }
        }
        let OnRecord { rows, gone, doubtful } = self.put_on_record(run, &ready).await?;
        let is_open = |d: &&Delivery| d.state.is_due() || (d.state == DeliveryState::InDoubt && again.contains(&d.id));
        let asked = |d: &&Delivery| asked_for(request, &d.key.edition);
        let (open, rest): (Vec<&Delivery>, Vec<&Delivery>) = rows.iter().filter(asked).partition(is_open);
        let mut outcome = told(request, &ready, &rest);
        outcome.gone = gone;
        outcome.in_doubt += doubtful.iter().filter(|edition| asked_for(request, edition)).count() as u64;
        let open: Vec<Delivery> = open.into_iter().cloned().collect();
        if !open.is_empty() {
            self.pin_template(definition).await?;
            self.tell(Event::StageStarted(Stage::Deliver));
            self.become_busy(run, RevisionState::Distributing).await?;
            self.send_all(&ready, editions, open, &mut outcome).await?;
        }
        ready.post.channel.close().await;
        self.conclude_deliveries(run, &mut outcome).await?;
        Ok(outcome)
    }

    /// Nothing leaves from a state that was lost, restored or copied until a person says what is meant.
    pub(crate) async fn refuse_estranged(&self) -> Result<(), EngineError> {
        match self.parts.installation.estranged().await? {
            Some(why) => Err(EngineError::Estranged(why)),
            None => Ok(()),
        }
    }

    /// A refused delivery is on record with every reason.
    async fn refuse(&self, run: &Run, refusals: Vec<String>) -> Result<DeliveryOutcome, EngineError> {
        let findings: Vec<Finding> = refusals.iter().map(|words| said("guard", Otherwise::Fail, words)).collect();
        let message = refusals.join("; ");
        let failure = (message.as_str(), findings.as_slice());
        let number = run.revision.number;
        self.parts.store.fail_stage(&run.id, number, Stage::Deliver, failure, self.now()).await?;
        Err(EngineError::Refused { refusals })
    }

    /// What a person overrode is on record with who did.
    async fn note_decisions(
        &self,
        request: &RunRequest<'_>,
        run: &Run,
        audience: &Audience,
    ) -> Result<(), EngineError> {
        let mut decisions = Vec::new();
        if let Some(due) = audience.hurried {
            decisions.push(("deliver now", format!("its time was {due}")));
        }
        if !audience.overridden.is_empty() {
            decisions.push(("confirm", audience.overridden.join("; ")));
        }
        for (what, why) in decisions {
            let decision = Decision {
                at: self.now(),
                who: request.who.clone(),
                what: what.to_owned(),
                why,
                run: Some(run.id.clone()),
                delivery: None,
                address: None,
            };
            self.parts.store.decide(&decision).await?;
        }
        Ok(())
    }

    /// Every delivery is a row before anything leaves. Rows of recipients that are gone, and of which nothing can
    /// have left, are held.
    async fn put_on_record(&self, run: &Run, ready: &Ready<'_>) -> Result<OnRecord, EngineError> {
        let store = &self.parts.store;
        store.plan_deliveries(&ready.rows, self.now()).await?;
        let keys: BTreeSet<String> = ready.rows.iter().map(|row| row.key.id()).collect();
        let meant = |d: &Delivery| keys.contains(&d.key.id());
        let (rows, others): (Vec<Delivery>, Vec<Delivery>) =
            self.deliveries_of(&run.id).await?.into_iter().partition(meant);
        let in_doubt = |d: &Delivery| {
            d.state == DeliveryState::InDoubt && d.key.revision == run.revision.number && d.key.copy == 0
        };
        let doubtful = others.into_iter().filter(in_doubt).map(|d| d.key.edition).collect();
        let keep: Vec<String> = rows.iter().map(|d| d.id.clone()).collect();
        let why = "the list does not name this recipient any more";
        let gone = store.hold_others(&run.id, run.revision.number, &keep, why, self.now()).await?;
        Ok(OnRecord { rows, gone, doubtful })
    }

    async fn send_all(
        &self,
        ready: &Ready<'_>,
        editions: &[EditionOutput],
        open: Vec<Delivery>,
        outcome: &mut DeliveryOutcome,
    ) -> Result<(), EngineError> {
        let mut halted = false;
        for delivery in open {
            if halted {
                outcome.waiting += 1;
                continue;
            }
            let files = ready.post.composer.attached(&ready.artifacts, &delivery.key.edition);
            let Attempted { state, after, reply } = self.send(&ready.post, &delivery, editions, &files).await?;
            match state {
                state if state.was_taken() => outcome.accepted += 1,
                DeliveryState::InDoubt => outcome.in_doubt += 1,
                DeliveryState::Held => outcome.already += 1,
                _ => outcome.failed += 1,
            }
            let (email, edition) = (delivery.email, delivery.key.edition);
            self.tell(Event::Delivered { email, edition, state, reply });
            if let After::Halt(why) = after {
                outcome.warnings.push(format!("the channel was halted: {why}"));
                halted = true;
            }
        }
        Ok(())
    }

    /// The delivery's end: the revision stands as the ledger says, and what was told stays on record.
    async fn conclude_deliveries(&self, run: &mut Run, outcome: &mut DeliveryOutcome) -> Result<(), EngineError> {
        outcome.standing = Standing::of(&self.deliveries_of(&run.id).await?, run.revision.number);
        if outcome.waits_until.is_none() {
            self.conclude(run, outcome.standing).await?;
        }
        let held = outcome.held.iter().map(|held| {
            let words = format!("edition {} to {}: {}", held.recipient.edition, held.recipient.email, held.reason);
            said("held", Otherwise::Warn, &words)
        });
        let warnings = outcome.warnings.iter().map(|words| said("delivery", Otherwise::Warn, words));
        let findings: Vec<Finding> = warnings.chain(held).collect();
        let output = punctual_model::identity::canonical_json(&outcome);
        let done = StageDone { stage: Stage::Deliver, output: &output, findings: &findings, artifacts: None };
        self.parts.store.finish_stage(&run.id, run.revision.number, done, self.now()).await?;
        Ok(())
    }
}

/// What is known before the first message leaves; `rest` are the deliveries that were asked for and of which none is
/// tried now.
fn told(request: &RunRequest<'_>, ready: &Ready<'_>, rest: &[&Delivery]) -> DeliveryOutcome {
    let audience = &ready.audience;
    let count = |is: fn(DeliveryState) -> bool| rest.iter().filter(|d| is(d.state)).count() as u64;
    let had = audience.had.iter().filter(|had| asked_for(request, &had.recipient.edition)).count() as u64;
    let held = audience.held.iter().filter(|held| asked_for(request, &held.recipient.edition));
    DeliveryOutcome {
        already: count(DeliveryState::was_taken) + had,
        in_doubt: count(|state| state == DeliveryState::InDoubt),
        held: held.cloned().collect(),
        waits_until: audience.waits_until,
        warnings: audience.warnings.clone(),
        ..DeliveryOutcome::default()
    }
}

fn asked_for(request: &RunRequest<'_>, edition: &str) -> bool {
    request.editions.is_empty() || request.editions.iter().any(|asked| asked == edition)
}

/// A remark about a delivery, as it is kept with the run.
fn said(check: &str, severity: Otherwise, words: &str) -> Finding {
    Finding {
        subject: "delivery".to_owned(),
        check: check.to_owned(),
        severity,
        message: words.to_owned(),
        rows: 0,
        samples: Vec::new(),
    }
}

fn first_copy(run: &Run, recipient: &Recipient) -> DeliveryKey {
    DeliveryKey {
        run: run.id.clone(),
        revision: run.revision.number,
        edition: recipient.edition.clone(),
        purpose: Purpose::Report,
        recipient: recipient.id.clone(),
        copy: 0,
    }
}

/// A delivery to be planned; its Message-ID follows from what it is and the installation's key.
pub(crate) fn new_delivery(
    key: DeliveryKey,
    recipient: &Recipient,
    (channel, from): (&str, &Mailbox),
    secret: &[u8],
    held: Option<String>,
) -> NewDelivery {
    let message_id = MessageId::derive(secret, &key.id(), &from.address);
    NewDelivery {
        message_id: message_id.as_str().to_owned(),
        key,
        channel: channel.to_owned(),
        email: recipient.email.clone(),
        address: canonical(&recipient.email),
        name: recipient.name.clone(),
        held,
    }
}
