//! Advertising spend: one row for each client, day and campaign, with names and units
//! of its own. It knows no file format.

use jiff::civil::Date;

use crate::calendar::Day;
use crate::clients::Client;
use crate::events;
use crate::random::{Random, scale};

/// One row of the advertising table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpendRow {
    /// The client's slug.
    pub account_ref: &'static str,
    /// The day in the agency's zone.
    pub spend_date: Date,
    /// The campaign's name.
    pub campaign: &'static str,
    /// Where the advertisements were shown.
    pub platform: &'static str,
    /// What they cost, in hundredths of the client's currency.
    pub cost_cents: i64,
    /// How often they were clicked.
    pub clicks: i64,
    /// How often they were shown.
    pub impressions: i64,
}

/// Marks the random sequences of this table.
const TABLE: u64 = 2;

/// What always runs: name, platform, thousandths of the client's budget, cents for a
/// click, impressions for a click.
const ALWAYS: [(&str, &str, i64, i64, i64); 2] =
    [("brand", "search", 620, 65, 22), ("remarketing", "display", 380, 41, 180)];
const CAMPAIGN_CLICK: (i64, i64) = (52, 75);

/// The rows of one client and day. `size` is in millionths.
pub(crate) fn rows(seed: u64, size: u64, client: &Client, day: &Day) -> Vec<SpendRow> {
    let mut random = Random::at(seed, [TABLE, u64::from(client.id), u64::from(day.number)]);
    let budget = scale(client.traits.budget, &[client.traits.week.factor(day.weekday), day.season]);
    let (click_cents, click_impressions) = CAMPAIGN_CLICK;
    let extra =
        events::campaigns(client.id, day.date).map(|c| (c.name, c.platform, c.budget, click_cents, click_impressions));
    let mut rows = Vec::new();
    for (campaign, platform, share, click_cents, click_impressions) in ALWAYS.into_iter().chain(extra) {
        for _ in 0..random.round(size) {
            let cost_cents = scale(budget, &[share, random.noise(250)]) + random.between(0, 99);
            let clicks = scale(cost_cents / click_cents, &[random.noise(200)]);
            rows.push(SpendRow {
                account_ref: client.slug,
                spend_date: day.date,
                campaign,
                platform,
                cost_cents,
                clicks,
                impressions: scale(clicks * click_impressions, &[random.noise(300)]),
            });
        }
    }
    rows
}
