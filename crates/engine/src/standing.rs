//! What a revision's deliveries have come to, read from the ledger and from nothing else: pure.

use punctual_model::state::{DeliveryState, Purpose, RevisionState};
use punctual_store::records::Delivery;
use serde::Serialize;

/// How many of a revision's deliveries are where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Taken by the other side.
    pub taken: u64,
    /// To be sent: planned, or not accepted so far.
    pub open: u64,
    /// In doubt, or under way.
    pub in_doubt: u64,
    /// Held on purpose.
    pub held: u64,
}

impl Standing {
    /// Counts the first copies of a revision's report deliveries.
    pub fn of(deliveries: &[Delivery], revision: u32) -> Self {
        let mut standing = Self::default();
        let counted = |d: &&Delivery| d.key.revision == revision && d.key.purpose == Purpose::Report && d.key.copy == 0;
        for delivery in deliveries.iter().filter(counted) {
            let count = match delivery.state {
                state if state.was_taken() => &mut standing.taken,
                DeliveryState::Held => &mut standing.held,
                DeliveryState::InDoubt | DeliveryState::Sending => &mut standing.in_doubt,
                _ => &mut standing.open,
            };
            *count += 1;
        }
        standing
    }

    /// The revision's state, and what there is to say about it.
    pub fn state(self) -> (RevisionState, Option<String>) {
        let Self { taken, open, in_doubt, held } = self;
        let unfinished = open + in_doubt;
        let state = match (unfinished, taken) {
            (0, _) => RevisionState::Completed,
            (_, 0) => RevisionState::Failed,
            _ => RevisionState::Partial,
        };
        let mut words = Vec::new();
        match (unfinished, unfinished + taken) {
            (0, _) => {}
            (1, 1) => words.push("the one delivery is not accepted".to_owned()),
            (unfinished, all) => words.push(format!("{unfinished} of {all} deliveries are not accepted")),
        }
        if in_doubt > 0 && open > 0 {
            words.push(format!("{in_doubt} of them in doubt"));
        }
        match (held, taken + unfinished) {
            (0, 0) => words.push("nobody is to get it".to_owned()),
            (0, _) => {}
            (held, 0) => words.push(format!("nothing was sent: {held} held back")),
            (held, _) => words.push(format!("{held} held back")),
        }
        (state, (!words.is_empty()).then(|| words.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ledger_alone_says_what_a_revision_has_come_to() {
        use RevisionState::{Completed, Failed, Partial};
        // Taken, open, in doubt, held; the state and the words.
        let cases = [
            ((12, 0, 0, 0), Completed, None),
            ((0, 0, 0, 12), Completed, Some("nothing was sent: 12 held back")),
            ((11, 0, 0, 1), Completed, Some("1 held back")),
            ((0, 0, 0, 0), Completed, Some("nobody is to get it")),
            ((2, 10, 0, 0), Partial, Some("10 of 12 deliveries are not accepted")),
            ((11, 0, 1, 0), Partial, Some("1 of 12 deliveries are not accepted")),
            ((10, 1, 1, 0), Partial, Some("2 of 12 deliveries are not accepted; 1 of them in doubt")),
            ((0, 1, 0, 0), Failed, Some("the one delivery is not accepted")),
            ((0, 0, 1, 0), Failed, Some("the one delivery is not accepted")),
        ];
        for ((taken, open, in_doubt, held), state, words) in cases {
            let standing = Standing { taken, open, in_doubt, held };
            assert_eq!(standing.state(), (state, words.map(str::to_owned)), "{standing:?}");
        }
    }
}
