//! What tests need and the product must not: servers that misbehave on demand, ledgers that fail,
//! fixtures. Everything waits for signals and never sleeps.

pub mod mail;
