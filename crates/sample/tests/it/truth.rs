//! The figures that reports are compared with: they add up, they tell right from wrong
//! boundaries, and they hold the events that make a report worth reading.

use jiff::civil::{Date, date};
use jiff::tz::{TimeZone, offset};
use jiff::{Timestamp, ToSpan};

use punctual_sample::truth::{self, Figures, Spend, Traffic};
use punctual_sample::{ACCEPTED_CHANNELS, END, FIRST_DAY, TrafficRow};

use crate::agency;

const OCTOBER: (Date, Date) = (date(2026, 10, 1), date(2026, 11, 1));

fn sum<'a>(parts: impl IntoIterator<Item = &'a Traffic>) -> Traffic {
    parts.into_iter().fold(Traffic::default(), |sum, part| Traffic {
        rows: sum.rows + part.rows,
        visits: sum.visits + part.visits,
        orders: sum.orders + part.orders,
        revenue_cents: sum.revenue_cents + part.revenue_cents,
    })
}

fn cost<'a>(parts: impl IntoIterator<Item = &'a Spend>) -> i64 {
    parts.into_iter().map(|spend| spend.cost_cents).sum()
}

/// How many clients' traffic of October is another when its days are those of `zone`.
fn clients_that_differ(zone: &TimeZone) -> usize {
    let agency = agency();
    let right = truth::between(&agency, OCTOBER.0, OCTOBER.1);
    let wrong = truth::between_in(zone, &agency, OCTOBER.0, OCTOBER.1);
    right.iter().filter(|(id, right)| wrong[id].traffic != right.traffic).count()
}

#[test]
fn a_utc_month_has_other_sums_for_every_client() {
    assert_eq!(clients_that_differ(&TimeZone::UTC), 12);
}

#[test]
fn a_month_in_winter_time_all_year_has_other_sums_for_every_client() {
    assert_eq!(clients_that_differ(&TimeZone::fixed(offset(-6))), 12);
}

#[test]
fn channels_and_days_each_add_up_to_the_whole() {
    for figures in truth::between(&agency(), OCTOBER.0, OCTOBER.1).values() {
        assert_eq!(sum(figures.by_channel.values()), figures.traffic);
        assert_eq!(sum(figures.by_day.values()), figures.traffic);
        assert_eq!(cost(figures.by_campaign.values()), figures.spend.cost_cents);
        assert_eq!(cost(figures.by_platform.values()), figures.spend.cost_cents);
        assert_eq!(figures.by_channel.len(), ACCEPTED_CHANNELS.len());
        assert_eq!(figures.by_day.len(), 31);
        assert_eq!(figures.tickets.by_status.values().sum::<u64>(), figures.tickets.opened);
        assert_eq!(figures.tickets.by_priority.values().sum::<u64>(), figures.tickets.opened);
    }
}

#[test]
fn months_add_up_to_all_rows() {
    let agency = agency();
    let mut counted = Traffic::default();
    let mut excluded = 0;
    let mut tickets = 0;
    for start in FIRST_DAY.series(1.month()).take_while(|start| *start < END) {
        for figures in truth::between(&agency, start, start + 1.month()).values() {
            counted = sum([&counted, &figures.traffic]);
            excluded += figures.excluded_rows();
            tickets += figures.tickets.opened;
        }
    }
    assert_eq!(counted.rows + excluded, agency.traffic().count() as u64);
    assert_eq!(tickets, agency.tickets().count() as u64);
    let clean = agency.traffic().filter(|row| ACCEPTED_CHANNELS.contains(&row.channel));
    assert_eq!(counted.revenue_cents, clean.map(|row| row.revenue_cents).sum::<i64>());
}

#[test]
fn a_month_comes_with_the_month_before() {
    let agency = agency();
    let october = truth::month(&agency, 2026, 10);
    let september = truth::month(&agency, 2026, 9);
    let ids: Vec<u32> = october.iter().map(|month| month.client.id).collect();
    assert_eq!(ids, (1..=12).collect::<Vec<u32>>());
    for (october, september) in october.iter().zip(&september) {
        assert_eq!(october.previous, september.current);
        assert_ne!(october.current.traffic, october.previous.traffic);
    }
}

#[test]
fn before_the_first_month_there_is_nothing() {
    for month in truth::month(&agency(), 2024, 11) {
        assert_eq!(month.previous, nothing_like(&month.previous));
        assert!(month.current.traffic.rows > 0);
    }
}

/// The figures of the same period without any row.
fn nothing_like(figures: &Figures) -> Figures {
    Figures {
        traffic: Traffic::default(),
        by_channel: figures.by_channel.keys().map(|key| (*key, Traffic::default())).collect(),
        by_day: figures.by_day.keys().map(|key| (*key, Traffic::default())).collect(),
        excluded: Default::default(),
        spend: Spend::default(),
        by_campaign: Default::default(),
        by_platform: Default::default(),
        tickets: Default::default(),
        ..figures.clone()
    }
}

#[test]
fn october_has_dirty_rows_of_several_clients() {
    let october = truth::between(&agency(), OCTOBER.0, OCTOBER.1);
    let dirty: Vec<u64> = october.values().map(Figures::excluded_rows).filter(|rows| *rows > 0).collect();
    assert!((2..12).contains(&dirty.len()), "{dirty:?}");
    assert!(dirty.iter().all(|rows| *rows < 10), "{dirty:?}");
}

#[test]
fn october_has_an_outage_a_campaign_and_tickets() {
    // 14 October, from 08:00 to 20:00 at UTC-5, for client 3.
    let instant = |text: &str| text.parse::<Timestamp>().unwrap().as_microsecond();
    let hours = instant("2026-10-14T13:00:00Z")..instant("2026-10-15T01:00:00Z");
    let in_hours = |client| {
        let counted = |row: &TrafficRow| row.client_id == client && ACCEPTED_CHANNELS.contains(&row.channel);
        agency().traffic().filter(counted).filter(|row| hours.contains(&row.occurred_at_us)).count()
    };
    assert_eq!(in_hours(3), 0);
    assert!(in_hours(4) > 0);

    let agency = agency();
    let october = truth::between(&agency, OCTOBER.0, OCTOBER.1);
    let opened = |client| october[client].tickets.opened;
    assert!([1, 2, 4, 5, 6].iter().all(|client| opened(&3) > opened(client)));
    for (client, figures) in &october {
        let launched = figures.by_campaign.contains_key("autumn-launch");
        assert_eq!(launched, [2, 4, 9, 12].contains(client));
        assert!(figures.tickets.opened > 0 && figures.tickets.response_median_doubled.is_some());
    }
}

#[test]
fn figures_serialize_with_their_days_as_keys() {
    let october = truth::month(&agency(), 2026, 10);
    let value = serde_json::to_value(&october[6]).expect("plain structs serialize");
    assert_eq!(value["client"]["slug"], "juniper-pine");
    assert_eq!(
        value["current"]["by_day"]["2026-10-31"]["visits"],
        october[6].current.by_day[&date(2026, 10, 31)].visits
    );
}
