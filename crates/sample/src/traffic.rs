//! Traffic and revenue: several rows a day for each client, at instants spread over
//! the agency's local day. A few rows are dirty, as in life: their channel is one
//! that no report may count. It knows no file format.

use crate::calendar::Day;
use crate::clients::Client;
use crate::events;
use crate::random::{MILLION, Random, scale};

/// The channels that reports count. Every other value is dirt.
pub const ACCEPTED_CHANNELS: [&str; 3] = ["web", "shop", "partner"];

/// One row of the traffic table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficRow {
    /// The client's number.
    pub client_id: u32,
    /// Microseconds since 1970 UTC.
    pub occurred_at_us: i64,
    /// One of [`ACCEPTED_CHANNELS`], rarely something else.
    pub channel: &'static str,
    /// Visits counted in this row.
    pub visits: i64,
    /// Orders placed in these visits.
    pub orders: i64,
    /// What was ordered, in hundredths of the client's currency.
    pub revenue_cents: i64,
}

/// Marks the random sequences of this table.
const TABLE: u64 = 1;

/// A channel's share of a client's rows, and its visits and orders against the
/// client's average, all in thousandths.
struct Channel {
    name: &'static str,
    rows: i64,
    visits: i64,
    conversion: i64,
}

const CHANNELS: [Channel; 3] = [
    Channel { name: "web", rows: 520, visits: 1250, conversion: 880 },
    Channel { name: "shop", rows: 320, visits: 700, conversion: 1400 },
    Channel { name: "partner", rows: 160, visits: 540, conversion: 950 },
];

/// What testers and half-finished integrations leave behind.
const DIRT: [(&str, u64); 2] = [("test", 3), ("n/a", 1)];
const ONE_DIRTY_ROW_IN: u64 = 400;

/// How many times more visits a row of the day has than one of the night.
const NIGHT: i64 = 8;

/// How often each hour of the day sees a row, from midnight on.
const HOURS: [u64; 24] = [22, 12, 8, 6, 7, 12, 24, 38, 50, 58, 62, 64, 66, 62, 58, 56, 58, 62, 68, 74, 78, 70, 52, 36];

/// The rows of one client and day, by time. `size` is in millionths.
pub(crate) fn rows(seed: u64, size: u64, client: &Client, day: &Day) -> Vec<TrafficRow> {
    let mut random = Random::at(seed, [TABLE, u64::from(client.id), u64::from(day.number)]);
    let traits = &client.traits;
    let visits = scale(
        traits.visits * 1000,
        &[
            traits.week.factor(day.weekday),
            day.season,
            1000 + traits.growth * i64::from(day.number) / 30,
            events::campaigns(client.id, day.date).map(|c| c.visits).fold(1000, i64::max),
        ],
    );
    let outage = events::outage(client.id, day);
    let mut rows = Vec::new();
    for channel in &CHANNELS {
        let average = scale(traits.rows, &[channel.rows]).unsigned_abs() * size / 1000;
        for _ in 0..random.round(average) {
            let at = somewhen(&mut random, day);
            if outage.as_ref().is_some_and(|outage| outage.contains(&at)) {
                continue;
            }
            rows.push(row(&mut random, client, channel, visits, at));
            if random.one_in(ONE_DIRTY_ROW_IN) {
                rows.push(dirty_row(&mut random, client, day));
            }
        }
    }
    for at in fixed_instants(day) {
        rows.push(row(&mut random, client, &CHANNELS[0], visits / NIGHT, at));
    }
    // Where the outage ends, and on a day that is left without a row of its own.
    let noon = rows.is_empty().then(|| day.instant(43_200_000_000));
    if let Some(at) = outage.map(|outage| outage.end).or(noon) {
        rows.push(row(&mut random, client, &CHANNELS[0], visits, at));
    }
    rows.sort_by_key(|row| (row.occurred_at_us, row.channel, row.revenue_cents));
    rows
}

/// An instant of the day, by how busy its hours are.
fn somewhen(random: &mut Random, day: &Day) -> i64 {
    let hour = i64::try_from(random.weighted(HOURS)).expect("a day has few hours");
    day.instant(hour * 3_600_000_000 + random.between(0, 3_599_999_999))
}

/// Instants at which there is a small row whatever the dice say: both ends of every
/// month to the microsecond, and around each change of the clocks. A boundary that is
/// off by an hour, or closed where it should be open, moves one of them into another
/// month.
fn fixed_instants(day: &Day) -> Vec<i64> {
    const HALF_HOUR: i64 = 1_800_000_000;
    let mut instants = Vec::new();
    if day.date == day.date.first_of_month() {
        instants.push(day.start_us);
    }
    if day.date == day.date.last_of_month() {
        instants.push(day.end_us - 1);
    }
    if day.clocks_change() {
        instants.extend([3, 4, 5].map(|halves| day.start_us + halves * HALF_HOUR));
    }
    instants
}

/// A row of `channel`, where an average row of the day has `visits` thousandths of a visit.
fn row(random: &mut Random, client: &Client, channel: &Channel, visits: i64, occurred_at_us: i64) -> TrafficRow {
    let visits = (scale(visits, &[channel.visits, random.noise(600)]) / 1000).max(1);
    let conversion = scale(client.traits.conversion, &[channel.conversion, random.noise(300)]);
    let expected = (visits * conversion).unsigned_abs();
    let orders = i64::try_from(random.round(expected)).expect("orders are fewer than visits");
    let basket = scale(client.traits.basket, &[random.noise(350)]);
    TrafficRow {
        client_id: client.id,
        occurred_at_us,
        channel: channel.name,
        visits,
        orders,
        revenue_cents: if orders == 0 { 0 } else { orders * basket + random.between(0, 99) },
    }
}

/// Large enough that a report which counts it is visibly wrong.
fn dirty_row(random: &mut Random, client: &Client, day: &Day) -> TrafficRow {
    TrafficRow {
        client_id: client.id,
        occurred_at_us: somewhen(random, day),
        channel: random.pick(&DIRT),
        visits: random.between(1, 9),
        orders: random.between(1, 3),
        revenue_cents: random.between(100_000, 999_999),
    }
}

// A count of rows is formed in millionths, so that a size of 10,000 stays exact.
const _: () = assert!(10_000 * MILLION < u64::MAX / 100_000);
