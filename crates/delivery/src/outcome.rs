//! Which state a delivery has after an attempt: pure, total, and never a guess.

use punctual_model::state::DeliveryState;
use serde::{Deserialize, Serialize};

use crate::{
    channel::{Accepted, Known, Phase},
    reply::{Refusal, ReplyClass},
};

/// What a channel does with deliveries in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InDoubtPolicy {
    /// A person or an event of the provider decides.
    #[default]
    Hold,
    /// Send again: two copies are better than none.
    Resend,
    /// Wait for the provider's event.
    Reconcile,
}

/// The state after an attempt that came to an end.
///
/// A channel that has to be halted says nothing about the delivery, which waits as `transient`.
/// A message that is too large is `permanent` in this form; one with fewer files is a new attempt.
pub fn outcome(result: &Result<Accepted, Refusal>) -> DeliveryState {
    match result {
        Ok(_) => DeliveryState::Accepted,
        Err(refusal) => match refusal.class {
            ReplyClass::Transient | ReplyClass::HaltChannel => DeliveryState::Transient,
            ReplyClass::Permanent { .. } | ReplyClass::TooLarge | ReplyClass::SenderProblem => DeliveryState::Permanent,
            ReplyClass::InDoubt => DeliveryState::InDoubt,
        },
    }
}

/// The state of a delivery that was `sending` when its worker died; `last` is the last phase on record.
///
/// Until `FinalSent` is recorded the final dot cannot have left, and without it no server takes a
/// message (RFC 5321 4.1.1.4). Afterwards nobody can know (RFC 1047).
pub fn after_crash(last: Option<Phase>) -> DeliveryState {
    match last {
        None | Some(Phase::Connected | Phase::BodyStarted) => DeliveryState::Transient,
        Some(Phase::FinalSent) => DeliveryState::InDoubt,
    }
}

/// What becomes of a delivery in doubt, given what the channel knows; `None` leaves it in doubt.
pub fn settle(policy: InDoubtPolicy, known: &Known) -> Option<DeliveryState> {
    match (known, policy) {
        (Known::Accepted(_), _) => Some(DeliveryState::Accepted),
        (Known::NotAccepted, _) | (Known::Unknown, InDoubtPolicy::Resend) => Some(DeliveryState::Sending),
        (Known::Unknown, InDoubtPolicy::Hold | InDoubtPolicy::Reconcile) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASSES: [ReplyClass; 7] = [
        ReplyClass::Transient,
        ReplyClass::Permanent { suppress: true },
        ReplyClass::Permanent { suppress: false },
        ReplyClass::TooLarge,
        ReplyClass::HaltChannel,
        ReplyClass::SenderProblem,
        ReplyClass::InDoubt,
    ];

    fn refused(class: ReplyClass) -> Result<Accepted, Refusal> {
        Err(Refusal::unanswered(class, "no"))
    }

    #[test]
    fn every_outcome_may_follow_sending() {
        let accepted = Ok(Accepted { reply: "250 2.0.0 queued".to_owned() });
        for result in CLASSES.map(refused).into_iter().chain([accepted]) {
            assert!(DeliveryState::Sending.may_become(outcome(&result)), "{result:?}");
        }
        for last in [None].into_iter().chain(Phase::ALL.map(Some)) {
            assert!(DeliveryState::Sending.may_become(after_crash(last)), "{last:?}");
        }
    }

    #[test]
    fn only_an_answer_accepts_and_only_doubt_is_in_doubt() {
        for class in CLASSES {
            let state = outcome(&refused(class));
            assert_eq!(state == DeliveryState::InDoubt, class == ReplyClass::InDoubt);
            assert_ne!(state, DeliveryState::Accepted);
        }
        let states = CLASSES.map(|class| outcome(&refused(class)).as_str());
        let expected = ["transient", "permanent", "permanent", "permanent", "transient", "permanent", "in_doubt"];
        assert_eq!(states, expected);
    }

    #[test]
    fn a_crash_leaves_doubt_only_when_the_last_bytes_may_have_left() {
        assert_eq!(after_crash(None), DeliveryState::Transient);
        assert_eq!(after_crash(Some(Phase::Connected)), DeliveryState::Transient);
        assert_eq!(after_crash(Some(Phase::BodyStarted)), DeliveryState::Transient);
        assert_eq!(after_crash(Some(Phase::FinalSent)), DeliveryState::InDoubt);
    }

    #[test]
    fn doubt_is_settled_by_knowledge_and_otherwise_by_the_policy() {
        let accepted = Known::Accepted(Accepted { reply: "there".to_owned() });
        for policy in [InDoubtPolicy::Hold, InDoubtPolicy::Resend, InDoubtPolicy::Reconcile] {
            assert_eq!(settle(policy, &accepted), Some(DeliveryState::Accepted));
            assert_eq!(settle(policy, &Known::NotAccepted), Some(DeliveryState::Sending));
            let expected = (policy == InDoubtPolicy::Resend).then_some(DeliveryState::Sending);
            assert_eq!(settle(policy, &Known::Unknown), expected);
            for known in [&accepted, &Known::NotAccepted, &Known::Unknown] {
                assert!(settle(policy, known).is_none_or(|to| DeliveryState::InDoubt.may_become(to)));
            }
        }
    }
}
