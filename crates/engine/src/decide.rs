//! What a person decides about deliveries: what became of one in doubt, a copy of what was sent, an address that
//! exists after all. Each is on record with who decided and why.

use punctual_model::{
    address::{EmailAddress, canonical},
    frozen::Frozen,
    identity::DeliveryKey,
    project::Project,
    recipients::{Recipient, domain_refusal},
    state::{DeliveryState, RevisionState},
};
use punctual_store::records::{Decision, Delivery, Filter, Run};
use serde::Serialize;

use crate::{
    deliver::new_delivery, environment::Engine, hold::Hold, outcome::EngineError, post::Post, request::RunRequest,
    standing::Standing,
};

/// Who decides, and why.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// Who, as the system names them.
    pub who: String,
    /// Why, in their words.
    pub why: String,
}

/// What became of a delivery in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// The recipient has it.
    Accepted,
    /// The recipient does not have it: the next delivery sends it.
    SendAgain,
}

/// What a copy came to.
#[derive(Debug, Clone, Serialize)]
pub struct Copied {
    /// The copy's delivery.
    pub delivery: String,
    /// The address.
    pub email: String,
    /// Its state.
    pub state: DeliveryState,
    /// The other side's words, or ours.
    pub reply: String,
}

impl Engine {
    /// The delivery with this id or Message-ID, or whose id alone starts with this text (at least 4 digits).
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub async fn find_delivery(&self, text: &str) -> Result<Delivery, EngineError> {
        let filter = Filter { message: Some(text.to_owned()), ..Filter::default() };
        let mut found = self.parts.store.deliveries(&filter).await?;
        let bare = |text: &str| text.trim_matches(['<', '>']).to_owned();
        found.retain(|d| (text.len() >= 4 && d.id.starts_with(text)) || bare(&d.message_id) == bare(text));
        if let Some(exact) = found.iter().position(|d| d.id == text) {
            return Ok(found.swap_remove(exact));
        }
        match found.len() {
            1 => Ok(found.remove(0)),
            0 => Err(EngineError::NoSuchDelivery { text: text.to_owned() }),
            _ => Err(EngineError::AmbiguousDelivery { text: text.to_owned() }),
        }
    }

    /// Settles a delivery in doubt as a person knows it.
    ///
    /// # Errors
    /// When it is not in doubt, or another process works on its run.
    pub async fn resolve(
        &self,
        project: &Project,
        delivery: &str,
        to: Resolution,
        judgement: &Judgement,
    ) -> Result<Delivery, EngineError> {
        let delivery = self.find_delivery(delivery).await?;
        let _hold = Hold::take(&self.parts.data, &delivery.key.run)?;
        let mut run = self.run_of(&delivery).await?;
        self.settle_interrupted(&run.id, project, &definition_of(&run)?).await?;
        let delivery = self.find_delivery(&delivery.id).await?;
        if delivery.state != DeliveryState::InDoubt {
            return Err(EngineError::NotInDoubt { delivery: delivery.id, state: delivery.state });
        }
        let (state, what) = match to {
            Resolution::Accepted => (DeliveryState::Accepted, "resolve accepted"),
            Resolution::SendAgain => (DeliveryState::Planned, "resolve send-again"),
        };
        let decision = self.decision(what, &delivery, judgement);
        self.parts.store.resolve(&delivery.id, state, &decision).await?;
        let standing = Standing::of(&self.deliveries_of(&run.id).await?, run.revision.number);
        if run.revision.number == delivery.key.revision && run.revision.state != RevisionState::Queued {
            self.conclude(&mut run, standing).await?;
        }
        self.find_delivery(&delivery.id).await
    }

    /// Sends a delivery's archived files once more, to the same address or to another one that its edition may go to.
    ///
    /// # Errors
    /// When nothing of it was sent, the guards refuse the address, or the channel cannot be used.
    pub async fn resend(
        &self,
        project: &Project,
        delivery: &str,
        to: Option<&str>,
        judgement: &Judgement,
    ) -> Result<Copied, EngineError> {
        let original = self.find_delivery(delivery).await?;
        let _hold = Hold::take(&self.parts.data, &original.key.run)?;
        self.refuse_estranged().await?;
        let run = self.run_of(&original).await?;
        let definition = definition_of(&run)?;
        self.settle_interrupted(&run.id, project, &definition).await?;
        let email = to.unwrap_or(&original.email);
        self.may_be_resent(project, (&run, &definition), &original, email).await?;
        let editions = self.generated_before(&run).await?.editions;
        let Some(edition) = editions.iter().find(|e| e.key == original.key.edition) else {
            let known = editions.iter().map(|e| e.key.as_str()).collect::<Vec<_>>().join(", ");
            return Err(EngineError::UnknownEdition { edition: original.key.edition, known });
        };
        let files = self.parts.store.attachments(&original.id).await?;
        let request = RunRequest::of_copy(project, &definition, &run, &judgement.who)?;
        let post = self.post(&request, &definition)?;
        let copy = self.plan_copy(&post, &original, email).await?;
        let mut decision = self.decision("resend", &copy, judgement);
        decision.address = Some(email.to_owned());
        self.parts.store.decide(&decision).await?;
        let (state, reply) = self.send_copy(&post, &copy, edition, &files).await?;
        post.channel.close().await;
        Ok(Copied { delivery: copy.id, email: copy.email, state, reply })
    }

    /// Guards stand for copies, too. There is a copy only of what may have left: until then a run makes its
    /// files again, from data of the right moment.
    async fn may_be_resent(
        &self,
        project: &Project,
        (run, definition): (&Run, &Frozen),
        original: &Delivery,
        email: &str,
    ) -> Result<(), EngineError> {
        let mut refusals = Vec::new();
        if original.attempts == 0 || run.revision.frozen_at.is_none() {
            refusals.push(format!(
                "delivery {} was never sent, so there is nothing to send again; `run --deliver` sends it",
                original.id
            ));
        }
        if let Err(fault) = email.parse::<EmailAddress>() {
            refusals.push(format!("{email} cannot be written to: {fault}"));
        }
        let name = definition.guards.as_ref().map(|guards| guards.list.as_str());
        if let Some(list) = name.and_then(|name| project.lists.get(name)) {
            let list = definition.guarded(&list.value);
            refusals.extend(domain_refusal(&list, &original.key.edition, email));
        }
        if let Some(known) = self.parts.store.suppressions().await?.iter().find(|s| s.address == canonical(email)) {
            refusals.push(format!(
                "{email} does not exist, as the server said ({}); once it does, `punctual unsuppress {email} --why TEXT`",
                known.reason
            ));
        }
        if refusals.is_empty() { Ok(()) } else { Err(EngineError::Refused { refusals }) }
    }

    /// The row of the next copy; one that was planned and did not leave is taken up again.
    async fn plan_copy(&self, post: &Post<'_>, original: &Delivery, email: &str) -> Result<Delivery, EngineError> {
        let same =
            |d: &&Delivery| DeliveryKey { copy: 0, ..d.key.clone() } == DeliveryKey { copy: 0, ..original.key.clone() };
        let known = self.deliveries_of(&original.key.run).await?;
        let newest = known.iter().filter(same).max_by_key(|d| d.key.copy).unwrap_or(original);
        // What an address refused stays with that address.
        let is_open = newest.key.copy > 0 && newest.state.is_unsent() && newest.address == canonical(email);
        let number = if is_open { newest.key.copy } else { newest.key.copy + 1 };
        let key = DeliveryKey { copy: number, ..original.key.clone() };
        let recipient = Recipient {
            edition: key.edition.clone(),
            id: key.recipient.clone(),
            email: email.to_owned(),
            name: original.name.clone().filter(|_| email == original.email),
        };
        let secret = self.parts.key.derive("message-id");
        let row = new_delivery(key, &recipient, (&post.name, &post.composer.from), &secret, None);
        let key = row.key.clone();
        self.parts.store.plan_deliveries(&[row], self.now()).await?;
        let planned = self.deliveries_of(&key.run).await?.into_iter().find(|d| d.key == key);
        planned.ok_or_else(|| EngineError::NoSuchDelivery { text: key.id() })
    }

    /// Lets an address be written to again; whether it had been suppressed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn unsuppress(&self, email: &str, judgement: &Judgement) -> Result<bool, EngineError> {
        let address = canonical(email);
        let decision = Decision {
            at: self.now(),
            who: judgement.who.clone(),
            what: "unsuppress".to_owned(),
            why: judgement.why.clone(),
            run: None,
            delivery: None,
            address: Some(address.clone()),
        };
        Ok(self.parts.store.unsuppress(&address, &decision).await?)
    }

    fn decision(&self, what: &str, delivery: &Delivery, judgement: &Judgement) -> Decision {
        Decision {
            at: self.now(),
            who: judgement.who.clone(),
            what: what.to_owned(),
            why: judgement.why.clone(),
            run: Some(delivery.key.run.clone()),
            delivery: Some(delivery.id.clone()),
            address: None,
        }
    }

    async fn run_of(&self, delivery: &Delivery) -> Result<Run, EngineError> {
        let run = self.parts.store.run_by_id(&delivery.key.run).await?;
        run.ok_or_else(|| EngineError::NoSuchDelivery { text: delivery.id.clone() })
    }
}

/// What a run's newest revision was made and is delivered by.
pub(crate) fn definition_of(run: &Run) -> Result<Frozen, EngineError> {
    Frozen::from_json(&run.revision.definition)
        .map_err(|e| EngineError::Definition { run: run.id.clone(), message: e.to_string() })
}
