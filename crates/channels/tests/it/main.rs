//! The channels against servers and folders that misbehave.
#![allow(clippy::unwrap_used, missing_docs)]

mod conformance;
mod folder;
mod parts;
mod postfix;
mod smtp_hostile;
mod smtp_phases;
mod smtp_security;
mod smtp_sessions;
mod support;
