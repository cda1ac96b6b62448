//! What a dead process left: deliveries under way are settled by how far they had come, those in doubt by what
//! their channel knows. It looks at every delivery of a run, also of recipients that are gone.

use std::collections::BTreeSet;

use punctual_delivery::{Channel, Known, MessageId, Phase, after_crash, settle};
use punctual_model::{frozen::Frozen, project::Project, state::DeliveryState};
use punctual_store::records::{Delivery, Ended, Filter};

use crate::{environment::Engine, outcome::EngineError, post::Channels};

impl Engine {
    /// Settles a run's interrupted deliveries, and returns the ids of those in doubt that their channel's policy
    /// sends again.
    pub(crate) async fn settle_interrupted(
        &self,
        run: &str,
        project: &Project,
        definition: &Frozen,
    ) -> Result<BTreeSet<String>, EngineError> {
        let mut channels = Channels::new(self, project, definition);
        let mut again = BTreeSet::new();
        for mut delivery in self.deliveries_of(run).await? {
            if delivery.state == DeliveryState::Sending {
                let state = after_crash(delivery.phase.as_deref().and_then(phase));
                let reply = "the process ended before a reply was recorded".to_owned();
                let ended = Ended { state, reply, suppress: false };
                let (number, phase) = (delivery.attempts, delivery.phase.as_deref());
                self.parts.store.settle_attempt(&delivery.id, number, phase, &ended, self.now()).await?;
                delivery.state = state;
            }
            if delivery.state != DeliveryState::InDoubt {
                continue;
            }
            if let Some(channel) = channels.get(&delivery.channel)
                && self.settle_doubt(channel.as_ref(), &delivery).await?
            {
                again.insert(delivery.id);
            }
        }
        channels.close().await;
        Ok(again)
    }

    /// A delivery in doubt whose channel can tell is in doubt no longer. Whether it is to be sent again.
    async fn settle_doubt(&self, channel: &dyn Channel, delivery: &Delivery) -> Result<bool, EngineError> {
        let Ok(id) = MessageId::try_from(delivery.message_id.clone()) else { return Ok(false) };
        let known = channel.already_accepted(&id).await.unwrap_or(Known::Unknown);
        match settle(channel.in_doubt_policy(), &known) {
            Some(DeliveryState::Accepted) => {
                let reply = match known {
                    Known::Accepted(accepted) => accepted.reply,
                    Known::NotAccepted | Known::Unknown => String::new(),
                };
                self.end(delivery, Ended { state: DeliveryState::Accepted, reply, suppress: false }).await?;
                Ok(false)
            }
            // `begin_attempt` takes it from `in_doubt`.
            Some(_) => Ok(true),
            None => Ok(false),
        }
    }

    async fn end(&self, delivery: &Delivery, ended: Ended) -> Result<(), EngineError> {
        Ok(self.parts.store.finish_attempt(&delivery.id, delivery.attempts, &ended, self.now()).await?)
    }

    /// All deliveries of a run.
    pub(crate) async fn deliveries_of(&self, run: &str) -> Result<Vec<Delivery>, EngineError> {
        let filter = Filter { run: Some(run.to_owned()), ..Filter::default() };
        Ok(self.parts.store.deliveries(&filter).await?)
    }
}

fn phase(text: &str) -> Option<Phase> {
    Phase::ALL.into_iter().find(|phase| phase.as_str() == text)
}
