//! What a correct report shows: every figure of a client and a period, added up from
//! the generator's rows alone, in whole numbers. It shares no code with the product,
//! so that agreeing with it proves something.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::Serialize;

use crate::agency::Agency;
use crate::calendar;
use crate::clients::Client;
use crate::spend::SpendRow;
use crate::tickets::TicketRow;
use crate::traffic::{ACCEPTED_CHANNELS, TrafficRow};

/// Sums over rows of traffic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Traffic {
    /// How many rows were added up.
    pub rows: u64,
    /// Visits.
    pub visits: i64,
    /// Orders.
    pub orders: i64,
    /// Revenue in hundredths of the client's currency.
    pub revenue_cents: i64,
}

/// Sums over rows of advertising spend.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Spend {
    /// How many rows were added up.
    pub rows: u64,
    /// Cost in hundredths of the client's currency.
    pub cost_cents: i64,
    /// Clicks.
    pub clicks: i64,
    /// Impressions.
    pub impressions: i64,
}

/// Counts of support tickets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tickets {
    /// Tickets opened in the period.
    pub opened: u64,
    /// Of these, how many had a first answer.
    pub answered: u64,
    /// Minutes to the first answer, added up over the answered ones.
    pub response_minutes: i64,
    /// Twice the median of the minutes to the first answer: a median of an even count
    /// can end in a half. None when nothing was answered.
    pub response_median_doubled: Option<i64>,
    /// Tickets opened in the period, by status.
    pub by_status: BTreeMap<&'static str, u64>,
    /// Tickets opened in the period, by priority.
    pub by_priority: BTreeMap<&'static str, u64>,
}

/// Everything a report can show of one client and one period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// The first day of the period.
    pub start: Date,
    /// The first day after it.
    pub end: Date,
    /// Traffic of the accepted channels.
    pub traffic: Traffic,
    /// The same by channel; all accepted channels are there.
    pub by_channel: BTreeMap<&'static str, Traffic>,
    /// The same by local day; all days of the period are there.
    pub by_day: BTreeMap<Date, Traffic>,
    /// Traffic that no report may count, by its channel.
    pub excluded: BTreeMap<&'static str, Traffic>,
    /// Advertising spend.
    pub spend: Spend,
    /// The same by campaign.
    pub by_campaign: BTreeMap<&'static str, Spend>,
    /// The same by platform.
    pub by_platform: BTreeMap<&'static str, Spend>,
    /// Support tickets.
    pub tickets: Tickets,
}

/// A client's figures of a month and of the month before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientMonth {
    /// The client.
    pub client: Client,
    /// The month's figures.
    pub current: Figures,
    /// The figures of the month before.
    pub previous: Figures,
}

impl Figures {
    /// How many rows of traffic a report must say it left out.
    #[must_use]
    pub fn excluded_rows(&self) -> u64 {
        self.excluded.values().map(|traffic| traffic.rows).sum()
    }

    fn empty(start: Date, end: Date) -> Self {
        Self {
            start,
            end,
            traffic: Traffic::default(),
            by_channel: ACCEPTED_CHANNELS.map(|channel| (channel, Traffic::default())).into(),
            by_day: start.series(1.day()).take_while(|day| *day < end).map(|day| (day, Traffic::default())).collect(),
            excluded: BTreeMap::new(),
            spend: Spend::default(),
            by_campaign: BTreeMap::new(),
            by_platform: BTreeMap::new(),
            tickets: Tickets::default(),
        }
    }
}

/// The figures of every client for a calendar month in the agency's zone, by client id.
///
/// # Panics
/// When `month` is not in 1..=12 or `year` is beyond what a calendar holds.
#[must_use]
pub fn month(agency: &Agency, year: i16, month: i8) -> Vec<ClientMonth> {
    let start = date(year, month, 1);
    let end = start + 1.month();
    let current = between(agency, start, end);
    let mut previous = between(agency, start - 1.month(), start);
    let pair = |(id, current)| ClientMonth {
        client: agency.clients()[id as usize - 1].clone(),
        current,
        previous: previous.remove(&id).expect("both periods have every client"),
    };
    current.into_iter().map(pair).collect()
}

/// The figures of every client from the start of `start` to the start of `end` in the
/// agency's zone, by client id.
#[must_use]
pub fn between(agency: &Agency, start: Date, end: Date) -> BTreeMap<u32, Figures> {
    between_in(&calendar::zone(), agency, start, end)
}

/// The same as [`between`], with the days of traffic as `zone` sees them: what a report
/// with the wrong zone would show.
#[must_use]
pub fn between_in(zone: &TimeZone, agency: &Agency, start: Date, end: Date) -> BTreeMap<u32, Figures> {
    let mut figures: BTreeMap<u32, Figures> =
        agency.clients().iter().map(|client| (client.id, Figures::empty(start, end))).collect();
    add_traffic(&mut figures, zone, agency.traffic(), start..end);
    add_spend(&mut figures, agency, start..end);
    add_tickets(&mut figures, agency, start..end);
    figures
}

type Period = std::ops::Range<Date>;

fn add_traffic(
    figures: &mut BTreeMap<u32, Figures>,
    zone: &TimeZone,
    rows: impl Iterator<Item = TrafficRow>,
    period: Period,
) {
    let instants = calendar::midnight(zone, period.start)..calendar::midnight(zone, period.end);
    for row in rows.filter(|row| instants.contains(&row.occurred_at_us)) {
        let figures = of(figures, row.client_id);
        if ACCEPTED_CHANNELS.contains(&row.channel) {
            figures.traffic.add(&row);
            figures.by_channel.entry(row.channel).or_default().add(&row);
            figures.by_day.entry(day_in(zone, &row)).or_default().add(&row);
        } else {
            figures.excluded.entry(row.channel).or_default().add(&row);
        }
    }
}

fn day_in(zone: &TimeZone, row: &TrafficRow) -> Date {
    let instant =
        Timestamp::from_microsecond(row.occurred_at_us).expect("instants of this century are in jiff's range");
    zone.to_datetime(instant).date()
}

fn add_spend(figures: &mut BTreeMap<u32, Figures>, agency: &Agency, period: Period) {
    let ids: BTreeMap<&str, u32> = agency.clients().iter().map(|client| (client.slug, client.id)).collect();
    for row in agency.spend().filter(|row| period.contains(&row.spend_date)) {
        let figures = of(figures, ids[row.account_ref]);
        figures.spend.add(&row);
        figures.by_campaign.entry(row.campaign).or_default().add(&row);
        figures.by_platform.entry(row.platform).or_default().add(&row);
    }
}

fn add_tickets(figures: &mut BTreeMap<u32, Figures>, agency: &Agency, period: Period) {
    let local = midnight_of(period.start)..midnight_of(period.end);
    let mut minutes: BTreeMap<u32, Vec<i64>> = BTreeMap::new();
    for row in agency.tickets().filter(|row| local.contains(&row.opened_at)) {
        of(figures, row.client_id).tickets.add(&row);
        minutes.entry(row.client_id).or_default().extend(row.first_response_minutes);
    }
    for (client_id, minutes) in minutes {
        of(figures, client_id).tickets.response_median_doubled = median_doubled(minutes);
    }
}

fn of(figures: &mut BTreeMap<u32, Figures>, client_id: u32) -> &mut Figures {
    figures.get_mut(&client_id).expect("every row belongs to one of the clients")
}

fn midnight_of(day: Date) -> DateTime {
    day.at(0, 0, 0, 0)
}

fn median_doubled(mut values: Vec<i64>) -> Option<i64> {
    values.sort_unstable();
    let upper = values.get(values.len() / 2)?;
    let lower = values.get((values.len() - 1) / 2)?;
    Some(lower + upper)
}

impl Traffic {
    fn add(&mut self, row: &TrafficRow) {
        self.rows += 1;
        self.visits += row.visits;
        self.orders += row.orders;
        self.revenue_cents += row.revenue_cents;
    }
}

impl Spend {
    fn add(&mut self, row: &SpendRow) {
        self.rows += 1;
        self.cost_cents += row.cost_cents;
        self.clicks += row.clicks;
        self.impressions += row.impressions;
    }
}

impl Tickets {
    fn add(&mut self, row: &TicketRow) {
        self.opened += 1;
        self.answered += u64::from(row.first_response_minutes.is_some());
        self.response_minutes += row.first_response_minutes.unwrap_or(0);
        *self.by_status.entry(row.status).or_default() += 1;
        *self.by_priority.entry(row.priority).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_count_lies_between_the_middle_two() {
        assert_eq!(median_doubled(vec![]), None);
        assert_eq!(median_doubled(vec![9]), Some(18));
        assert_eq!(median_doubled(vec![9, 2]), Some(11));
        assert_eq!(median_doubled(vec![1, 100, 7]), Some(14));
    }
}
