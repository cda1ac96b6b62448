//! The agency's twelve clients: what the reports show of them, and the traits that
//! shape their data. It knows nothing of days or rows.

use serde::Serialize;

use self::Week::{Businesses, Consumers};

/// One client of the agency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Client {
    /// The number that traffic rows carry, `7`.
    pub id: u32,
    /// The name that advertising rows carry, `juniper-pine`.
    pub slug: &'static str,
    /// The company's name.
    pub name: &'static str,
    /// ISO 4217 code of all of this client's money, spend included.
    pub currency: &'static str,
    /// Where the company sells.
    pub region: &'static str,
    /// Whether the agency still works for it.
    pub active: bool,
    #[serde(skip)]
    pub(crate) traits: Traits,
}

impl Client {
    /// Who gets this client's report.
    #[must_use]
    pub fn contact(&self) -> Contact {
        Contact {
            key: self.id,
            email: format!("reports@{}.example", self.slug),
            domain: format!("{}.example", self.slug),
        }
    }
}

/// A member of the list of recipients: a role address at the client's own domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contact {
    /// The client's number, the key of the only edition this address may get.
    pub key: u32,
    /// The address.
    pub email: String,
    /// The only domain this client's report may be sent to.
    pub domain: String,
}

/// When a client's customers buy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Week {
    /// At weekends.
    Consumers,
    /// On working days.
    Businesses,
}

impl Week {
    /// Thousandths of an average day; Monday is 0.
    pub(crate) fn factor(self, weekday: usize) -> i64 {
        const CONSUMERS: [i64; 7] = [930, 900, 920, 960, 1050, 1170, 1070];
        const BUSINESSES: [i64; 7] = [1190, 1230, 1220, 1190, 1090, 560, 520];
        match self {
            Self::Consumers => CONSUMERS[weekday],
            Self::Businesses => BUSINESSES[weekday],
        }
    }
}

/// What makes one client's numbers differ from another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Traits {
    /// Traffic rows of an average day at size 1, in thousandths.
    pub(crate) rows: i64,
    /// Visits of an average traffic row.
    pub(crate) visits: i64,
    /// Orders in a million visits.
    pub(crate) conversion: i64,
    /// Cents of an average order.
    pub(crate) basket: i64,
    /// Thousandths gained (or lost) every thirty days.
    pub(crate) growth: i64,
    /// Cents of an average day's advertising.
    pub(crate) budget: i64,
    /// Tickets of an average day at size 1, in thousandths.
    pub(crate) tickets: i64,
    /// When its customers buy.
    pub(crate) week: Week,
}

const fn client(
    id: u32,
    (slug, name): (&'static str, &'static str),
    (currency, region): (&'static str, &'static str),
    [rows, visits, conversion, basket, growth, budget, tickets]: [i64; 7],
    week: Week,
) -> Client {
    let traits = Traits { rows, visits, conversion, basket, growth, budget, tickets, week };
    Client { id, slug, name, currency, region, active: true, traits }
}

/// All of them, by id. The names hold what real names hold: a comma, an ampersand,
/// an apostrophe, letters beyond ASCII.
#[rustfmt::skip]
pub(crate) static CLIENTS: [Client; 12] = [
    //                                                                                        rows visits conv. basket growth budget tickets
    client(1, ("harborlight", "Harborlight Coffee"), ("USD", "Midwest"),                     [9_400, 142, 31_000, 3_480, 14, 21_000, 610], Consumers),
    client(2, ("prairie-cycle", "Prairie Cycle Works"), ("USD", "Midwest"),                  [6_800, 118, 12_500, 18_900, 9, 34_000, 540], Consumers),
    client(3, ("northbank-tools", "Northbank Tool & Supply"), ("USD", "Northeast"),          [7_200, 96, 27_000, 11_250, 6, 28_500, 720], Businesses),
    client(4, ("lakeshore-outfitters", "Lakeshore Outfitters"), ("USD", "Midwest"),          [8_300, 171, 18_000, 8_740, 17, 46_000, 830], Consumers),
    client(5, ("brightwater", "Brightwater Pools, Inc."), ("USD", "South"),                  [4_600, 64, 9_000, 42_300, 4, 19_500, 310], Businesses),
    client(6, ("copperleaf", "Copperleaf Kitchen"), ("USD", "West"),                         [7_700, 133, 22_000, 6_190, 22, 31_000, 450], Consumers),
    client(7, ("juniper-pine", "Juniper & Pine"), ("USD", "West"),                           [6_100, 88, 16_500, 9_980, -5, 17_000, 280], Consumers),
    client(8, ("meadowfield", "Meadowfield's Garden Centre"), ("GBP", "Europe"),             [5_400, 75, 24_000, 4_360, 11, 12_500, 260], Consumers),
    client(9, ("zinnober", "Café Zinnober"), ("EUR", "Europe"),                              [5_000, 69, 35_000, 2_710, 19, 9_000, 190], Consumers),
    client(10, ("oakline", "Oakline Office Furniture"), ("USD", "South"),                    [5_900, 82, 7_500, 61_400, 8, 39_000, 370], Businesses),
    client(11, ("quillmark", "Quillmark Books"), ("USD", "Northeast"),                       [8_000, 127, 29_000, 2_940, -8, 14_000, 420], Consumers),
    client(12, ("steelhead-freight", "Steelhead Freight Parts"), ("USD", "West"),            [6_300, 58, 19_000, 27_600, 12, 26_000, 660], Businesses),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_count_from_one_and_slugs_are_unique() {
        let ids: Vec<u32> = CLIENTS.iter().map(|client| client.id).collect();
        assert_eq!(ids, (1..=12).collect::<Vec<u32>>());
        let slugs: std::collections::BTreeSet<_> = CLIENTS.iter().map(|client| client.slug).collect();
        assert_eq!(slugs.len(), 12);
    }

    #[test]
    fn every_contact_is_at_its_own_reserved_domain() {
        for client in &CLIENTS {
            let contact = client.contact();
            assert_eq!(contact.email, format!("reports@{}", contact.domain));
            assert!(contact.domain.ends_with(".example"), "RFC 2606, section 2");
        }
    }
}
