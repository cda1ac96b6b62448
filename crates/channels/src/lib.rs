//! The types of channels, one module each, and the registry that lists them. A channel knows
//! messages and the other side; it knows neither the store, nor the engine, nor another channel.

pub mod folder;
mod headers;
mod mime;
mod options;
pub mod smtp;

use punctual_delivery::{ChannelKind, Phase, Phases, Refusal, ReplyClass};

/// Every registered type of channel.
pub const KINDS: &[ChannelKind] = &[smtp::KIND, folder::KIND];

/// Puts a phase on record; when that fails, the attempt ends here and can be made again.
async fn record(phases: &dyn Phases, phase: Phase) -> Result<(), Refusal> {
    phases.reached(phase).await.map_err(|error| Refusal::unanswered(ReplyClass::Transient, error.to_string()))
}
