//! The agency as a whole: a seed and a size, and the rows that follow from them, made
//! one day at a time while they are read. It keeps no rows.

use jiff::tz::TimeZone;

use crate::calendar::{self, Day};
use crate::clients::{CLIENTS, Client, Contact};
use crate::error::SampleError;
use crate::random::MILLION;
use crate::spend::{self, SpendRow};
use crate::tickets::{self, TicketRow};
use crate::traffic::{self, TrafficRow};

/// The seed of the example and of the golden checksums.
pub const DEFAULT_SEED: u64 = 20_241_101;

/// The agency's data. Equal seed and size give equal rows, on every machine.
///
/// ```
/// let agency = punctual_sample::Agency::new(punctual_sample::DEFAULT_SEED, 0.1)?;
/// assert_eq!(agency.clients().len(), 12);
/// assert!(agency.traffic().all(|row| row.revenue_cents >= 0));
/// # Ok::<(), punctual_sample::SampleError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Agency {
    seed: u64,
    /// In millionths.
    size: u64,
    zone: TimeZone,
    days: Vec<Day>,
}

impl Agency {
    /// The agency of `seed`. `size` is about how many rows there are: at 1, some 60,000
    /// rows of traffic, 19,000 of spend and 4,000 tickets; at 150, ten million. However
    /// small it is, every client has a row of traffic every day.
    ///
    /// # Errors
    /// [`SampleError::Size`] unless `size` is above 0 and at most 10,000.
    pub fn new(seed: u64, size: f64) -> Result<Self, SampleError> {
        if !(size > 0.0 && size <= 10_000.0) {
            return Err(SampleError::Size(size));
        }
        let zone = calendar::zone();
        let days = calendar::days(&zone);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "the range was checked above, and a million is exact"
        )]
        let size = (size * MILLION as f64).round() as u64;
        Ok(Self { seed, size: size.max(1), zone, days })
    }

    /// The clients, by id.
    #[must_use]
    pub fn clients(&self) -> &'static [Client] {
        &CLIENTS
    }

    /// The recipients' list: one role address for each client, by client id.
    pub fn contacts(&self) -> impl Iterator<Item = Contact> {
        self.clients().iter().map(Client::contact)
    }

    /// Traffic and revenue, by day, client and time.
    pub fn traffic(&self) -> impl Iterator<Item = TrafficRow> + Send {
        self.client_days().flat_map(|(day, client)| traffic::rows(self.seed, self.size, client, day))
    }

    /// Advertising spend, by day and client.
    pub fn spend(&self) -> impl Iterator<Item = SpendRow> + Send {
        self.client_days().flat_map(|(day, client)| spend::rows(self.seed, self.size, client, day))
    }

    /// Support tickets, by time.
    pub fn tickets(&self) -> impl Iterator<Item = TicketRow> + Send {
        let mut last_id = 0;
        self.days.iter().flat_map(move |day| {
            let dice = (self.seed, self.size);
            let rows = tickets::rows(dice, &self.zone, self.days.len(), day, last_id);
            last_id += rows.len() as u64;
            rows
        })
    }

    fn client_days(&self) -> impl Iterator<Item = (&Day, &'static Client)> + Send {
        let clients = self.clients();
        self.days.iter().flat_map(move |day| clients.iter().map(move |client| (day, client)))
    }
}
