//! The channels against servers and folders that misbehave.
#![allow(clippy::unwrap_used, missing_docs)]

mod conformance;
mod folder;
mod postfix;
mod smtp_phases;
mod smtp_security;
mod smtp_sessions;
mod support;
