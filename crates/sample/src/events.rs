//! What happened in the two years besides the seasons: campaigns that brought
//! visitors and cost money, and an outage. It makes no rows.

use jiff::civil::{Date, date};

use crate::calendar::Day;

/// A limited time of more advertising and more visits for some clients.
#[derive(Debug)]
pub(crate) struct Campaign {
    pub(crate) name: &'static str,
    pub(crate) platform: &'static str,
    pub(crate) clients: &'static [u32],
    pub(crate) start: Date,
    pub(crate) end: Date,
    /// Thousandths of the usual visits.
    pub(crate) visits: i64,
    /// Thousandths of the usual budget, spent beside it.
    pub(crate) budget: i64,
}

static CAMPAIGNS: [Campaign; 3] = [
    Campaign {
        name: "spring-sale",
        platform: "social",
        clients: &[1, 4, 6, 8],
        start: date(2025, 4, 7),
        end: date(2025, 4, 21),
        visits: 1450,
        budget: 900,
    },
    Campaign {
        name: "holiday-2025",
        platform: "video",
        clients: &[1, 2, 4, 6, 7, 9, 11],
        start: date(2025, 11, 24),
        end: date(2025, 12, 22),
        visits: 1350,
        budget: 1200,
    },
    // In the month that the demonstration reports on, and over its end.
    Campaign {
        name: "autumn-launch",
        platform: "social",
        clients: &[2, 4, 9, 12],
        start: date(2026, 10, 12),
        end: date(2026, 11, 3),
        visits: 1700,
        budget: 1600,
    },
];

/// The campaigns that run for `client` on `day`.
pub(crate) fn campaigns(client: u32, day: Date) -> impl Iterator<Item = &'static Campaign> {
    CAMPAIGNS.iter().filter(move |c| c.start <= day && day < c.end && c.clients.contains(&client))
}

/// The client whose shop was down, the day, and the hours of that day, end excluded.
const OUTAGE: (u32, Date, [i64; 2]) = (3, date(2026, 10, 14), [8, 20]);

/// The instants between which `client` had no traffic on `day`, if it had an outage.
pub(crate) fn outage(client: u32, day: &Day) -> Option<std::ops::Range<i64>> {
    let (whose, when, [start, end]) = OUTAGE;
    let hour = |hour: i64| day.instant(hour * 3_600_000_000);
    (client == whose && day.date == when).then(|| hour(start)..hour(end))
}
