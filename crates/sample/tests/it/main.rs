//! Tests of the sample data from outside: its rows, its files, its figures, and what
//! real servers make of it.
#![expect(clippy::unwrap_used, reason = "a test tells what went wrong by failing")]

mod files;
mod golden;
mod rows;
mod servers;
mod truth;

use punctual_sample::{Agency, DEFAULT_SEED};

/// The agency of the example, at the size of the example.
fn agency() -> Agency {
    Agency::new(DEFAULT_SEED, 1.0).expect("size 1 is in range")
}
