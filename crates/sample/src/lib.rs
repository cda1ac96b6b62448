//! The example agency: a seeded generator of two years of made-up client data,
//! the writers that put it into files and databases, and the figures a correct
//! report must show, computed from the rows alone.
//!
//! The agency has twelve clients and three systems that don't agree on anything:
//!
//! | what | where in the full variant | client | time | money |
//! |---|---|---|---|---|
//! | traffic and revenue | PostgreSQL | number `7` | instant | decimal units |
//! | advertising spend | MariaDB | slug `juniper-pine` | civil date | cents |
//! | support tickets | SQLite | text `C-007` | local time as text | |
//! | clients | CSV | all three | | currency |
//!
//! Equal seed and size give equal bytes on every machine: there is no clock, no
//! floating-point function and no random source from outside. This crate knows
//! nothing of the product; that is what makes [`truth`] worth comparing with.

mod agency;
mod calendar;
mod clients;
mod error;
mod events;
pub mod load;
mod random;
mod spend;
mod tickets;
mod traffic;
pub mod truth;
pub mod write;

pub use agency::{Agency, DEFAULT_SEED};
pub use calendar::{END, FIRST_DAY, ZONE};
pub use clients::{Client, Contact};
pub use error::SampleError;
pub use spend::SpendRow;
pub use tickets::TicketRow;
pub use traffic::{ACCEPTED_CHANNELS, TrafficRow};
