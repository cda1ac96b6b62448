//! Support tickets: opened at local times of the agency that carry no zone, some not
//! answered yet. It knows no file format.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::calendar::Day;
use crate::clients::{CLIENTS, Client, Week};
use crate::events;
use crate::random::{Random, scale};

/// One row of the tickets table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketRow {
    /// Counts from 1 in the order of opening.
    pub id: u64,
    /// The client's number; the table holds [`TicketRow::customer`].
    pub client_id: u32,
    /// Local time in Chicago, to the second. In the hour that comes twice each
    /// autumn it doesn't say which of the two is meant.
    pub opened_at: DateTime,
    /// `open`, `pending`, `solved` or `closed`.
    pub status: &'static str,
    /// Minutes to the first answer; none if there was no answer.
    pub first_response_minutes: Option<i64>,
    /// `low`, `normal`, `high` or `urgent`.
    pub priority: &'static str,
}

impl TicketRow {
    /// The client as the table names it, `C-007`.
    #[must_use]
    pub fn customer(&self) -> String {
        format!("C-{:03}", self.client_id)
    }

    /// The time of opening as the table holds it, `2026-10-31 23:59:58`.
    #[must_use]
    pub fn opened_at_text(&self) -> String {
        self.opened_at.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }
}

/// Marks the random sequences of this table.
const TABLE: u64 = 3;

/// A priority with its usual minutes to an answer, and how common it is.
const PRIORITIES: [((&str, i64), u64); 4] =
    [(("low", 410), 22), (("normal", 170), 55), (("high", 65), 17), (("urgent", 18), 6)];
/// Tickets of the last days before the data's end may still be open.
const RECENT_DAYS: usize = 4;
/// How many times the usual number of tickets an outage brings.
const OUTAGE_TICKETS: i64 = 9;

/// The tickets of all clients opened on one day, by time; the ids follow `last_id`.
/// `size` is in millionths, `days` is how many days the data has.
pub(crate) fn rows((seed, size): (u64, u64), zone: &TimeZone, days: usize, day: &Day, last_id: u64) -> Vec<TicketRow> {
    let mut tickets: Vec<(i64, TicketRow)> = Vec::new();
    for client in &CLIENTS {
        let mut random = Random::at(seed, [TABLE, u64::from(client.id), u64::from(day.number)]);
        let average = expected(client, day).unsigned_abs() * size / 1000;
        // From none to twice the average: tickets come in bursts.
        let burst = random.below(2001);
        for _ in 0..random.round(average * burst / 1000) {
            let second = random.between(0, 86_399);
            let at = day.instant(second * 1_000_000) / 1_000_000 * 1_000_000;
            let recent = day.before_end(days) <= RECENT_DAYS;
            tickets.push((at, ticket(&mut random, client, local(zone, at), recent)));
        }
    }
    tickets.sort_by_key(|(at, ticket)| (*at, ticket.client_id));
    (last_id + 1..).zip(tickets).map(|(id, (_, ticket))| TicketRow { id, ..ticket }).collect()
}

/// Tickets to expect of a client on a day at size 1, in thousandths.
fn expected(client: &Client, day: &Day) -> i64 {
    let traits = &client.traits;
    let usual = scale(traits.tickets, &[Week::Businesses.factor(day.weekday), day.season]);
    match events::outage(client.id, day) {
        Some(_) => usual * OUTAGE_TICKETS,
        None => usual,
    }
}

fn local(zone: &TimeZone, microseconds: i64) -> DateTime {
    let instant = Timestamp::from_microsecond(microseconds).expect("instants of this century are in jiff's range");
    zone.to_datetime(instant)
}

fn ticket(random: &mut Random, client: &Client, opened_at: DateTime, recent: bool) -> TicketRow {
    let (priority, usual) = random.pick(&PRIORITIES);
    let slow = if random.one_in(9) { random.between(1000, 6000) } else { 0 };
    let answered = if recent { !random.one_in(3) } else { !random.one_in(25) };
    let minutes = scale(usual, &[random.noise(700) + slow]).max(1);
    TicketRow {
        id: 0,
        client_id: client.id,
        opened_at,
        status: match (recent, answered) {
            (true, false) => "open",
            (true, true) => "pending",
            (false, false) => random.pick(&[("closed", 2), ("open", 1)]),
            (false, true) => random.pick(&[("solved", 10), ("closed", 4), ("pending", 1)]),
        },
        first_response_minutes: answered.then_some(minutes),
        priority,
    }
}
