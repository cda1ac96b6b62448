//! The guard over the ledger, freezing, and what persons decide, on both databases.

use punctual_model::state::{DeliveryState, RevisionState};
use punctual_store::{
    Store, StoreError,
    records::{Delivery, Filter, NewDelivery, Run},
};

use crate::{
    on_both,
    places::Place,
    reports::{at, decision, delivery, distributing, ended, open, sending},
};

on_both!(
    one_address_gets_an_edition_once_under_any_id,
    an_attempt_that_was_not_taken_gives_the_address_free,
    an_explicit_copy_is_no_concern_of_the_guard,
    the_first_byte_freezes_a_revision_and_a_refused_connection_does_not,
    unsent_deliveries_are_held_and_let_go_and_others_stay,
    a_person_settles_what_is_in_doubt_and_nothing_else,
    an_address_that_does_not_exist_is_suppressed_until_a_person_lifts_it,
    deliveries_are_found_by_whom_when_and_what,
    doubted_extracts_keep_the_reason_until_they_are_taken_again,
    an_attempt_is_settled_only_by_the_phase_that_it_is_at,
    the_instants_of_a_period_move_until_the_first_byte,
);

/// A delivery to ana@client.example under some id.
fn to_ana(run: &Run, edition: &str, id: &str) -> NewDelivery {
    let mut planned = delivery(run, edition, id);
    planned.email = "Ana@client.example".to_owned();
    planned.address = "ana@client.example".to_owned();
    planned
}

async fn plan(store: &dyn Store, deliveries: &[NewDelivery]) -> Vec<String> {
    store.plan_deliveries(deliveries, at(1)).await.unwrap();
    deliveries.iter().map(|d| d.key.id()).collect()
}

async fn with_id(store: &dyn Store, id: &str) -> Delivery {
    let found = store.deliveries(&Filter { message: Some(id.to_owned()), ..Filter::default() }).await.unwrap();
    assert_eq!(found.len(), 1, "{id}");
    found.into_iter().next().unwrap()
}

async fn an_attempt_is_settled_only_by_the_phase_that_it_is_at(place: &dyn Place) {
    let store = place.open().await;
    let run = distributing(store.as_ref(), "monthly", 10).await;
    let id = plan(store.as_ref(), &[delivery(&run, "1", "ana")]).await.remove(0);
    store.begin_attempt(&id, &sending("ana@client.example"), at(2)).await.unwrap();
    let not_taken = ended(DeliveryState::Transient, "the process ended");
    for (reached, judged) in
        [("connected", None), ("body_started", Some("connected")), ("final_sent", Some("body_started"))]
    {
        store.reach_phase(&id, 1, reached, at(3)).await.unwrap();
        let error = store.settle_attempt(&id, 1, judged, &not_taken, at(4)).await.unwrap_err();
        let (found, expected) = (format!("at phase {reached}"), format!("at phase {}", judged.unwrap_or("none")));
        let words = error.to_string();
        assert!(words.contains(&format!("{found}, not {expected}")), "{words}");
        assert_eq!(with_id(store.as_ref(), &id).await.state, DeliveryState::Sending, "nothing was settled");
    }
    store.settle_attempt(&id, 1, Some("final_sent"), &ended(DeliveryState::InDoubt, "no reply"), at(5)).await.unwrap();
    let settled = with_id(store.as_ref(), &id).await;
    assert_eq!((settled.state, settled.reply.as_deref()), (DeliveryState::InDoubt, Some("no reply")));
}

async fn the_instants_of_a_period_move_until_the_first_byte(place: &dyn Place) {
    let store = place.open().await;
    let run = distributing(store.as_ref(), "monthly", 10).await;
    let moved = (at(100), at(200));
    store.redefine(&run.id, 1, "{\"v\":2}", moved, at(2)).await.unwrap();
    let read = || async { store.run_by_id(&run.id).await.unwrap().unwrap() };
    assert_eq!((read().await.period_start, read().await.period_end), moved);
    let id = plan(store.as_ref(), &[delivery(&run, "1", "ana")]).await.remove(0);
    store.begin_attempt(&id, &sending("ana@client.example"), at(3)).await.unwrap();
    store.reach_phase(&id, 1, "body_started", at(4)).await.unwrap();
    store.redefine(&run.id, 1, "{\"v\":3}", (at(300), at(400)), at(5)).await.unwrap_err();
    assert_eq!((read().await.period_start, read().await.period_end), moved, "what was sent stays of its period");
}

async fn one_address_gets_an_edition_once_under_any_id(place: &dyn Place) {
    let store = place.open().await;
    let run = distributing(store.as_ref(), "monthly", 10).await;
    let planned = [to_ana(&run, "1", "ana"), to_ana(&run, "1", "ana-ruiz"), to_ana(&run, "2", "ana")];
    let ids = plan(store.as_ref(), &planned).await;
    store.begin_attempt(&ids[0], &sending("ana@client.example"), at(2)).await.unwrap();
    // Under way, in doubt or taken: it may have it.
    for state in [DeliveryState::Sending, DeliveryState::InDoubt, DeliveryState::Accepted] {
        if state != DeliveryState::Sending {
            store.finish_attempt(&ids[0], 1, &ended(state, "words"), at(3)).await.unwrap();
        }
        let error = store.begin_attempt(&ids[1], &sending("ANA@client.example"), at(4)).await.unwrap_err();
        let StoreError::Had { by, edition, .. } = error else { panic!("not a refusal of the guard: {error}") };
        assert_eq!((by, edition.as_str()), (ids[0].clone(), "1"));
        assert_eq!(with_id(store.as_ref(), &ids[1]).await.attempts, 0, "nothing is on record of it");
    }
    store.begin_attempt(&ids[2], &sending("ana@client.example"), at(5)).await.unwrap();
    let november = distributing(store.as_ref(), "monthly", 9).await;
    let other = plan(store.as_ref(), &[to_ana(&november, "1", "ana-ruiz")]).await.remove(0);
    store.begin_attempt(&other, &sending("ana@client.example"), at(6)).await.unwrap();
}

async fn an_attempt_that_was_not_taken_gives_the_address_free(place: &dyn Place) {
    let store = place.open().await;
    let run = distributing(store.as_ref(), "monthly", 10).await;
    let ids = plan(store.as_ref(), &[to_ana(&run, "1", "ana"), to_ana(&run, "1", "ana-ruiz")]).await;
    for (attempt, state) in [(1, DeliveryState::Transient), (2, DeliveryState::Permanent)] {
        store.begin_attempt(&ids[0], &sending("ana@client.example"), at(2)).await.unwrap();
        store.finish_attempt(&ids[0], attempt, &ended(state, "no"), at(3)).await.unwrap();
    }
    store.begin_attempt(&ids[1], &sending("ana@client.example"), at(4)).await.unwrap();
    let error = store.begin_attempt(&ids[0], &sending("ana@client.example"), at(5)).await.unwrap_err();
    assert!(matches!(error, StoreError::Had { .. }), "{error}");
    store.begin_attempt(&ids[0], &sending("ana@elsewhere.example"), at(6)).await.unwrap();
}

async fn an_explicit_copy_is_no_concern_of_the_guard(place: &dyn Place) {
    let store = place.open().await;
    let mut run = distributing(store.as_ref(), "monthly", 10).await;
    let first = to_ana(&run, "1", "ana");
    let mut copy = to_ana(&run, "1", "ana");
    copy.key.copy = 1;
    copy.message_id = "copy@agency.example".to_owned();
    let ids = plan(store.as_ref(), &[first, copy]).await;
    store.begin_attempt(&ids[0], &sending("ana@client.example"), at(2)).await.unwrap();
    store.finish_attempt(&ids[0], 1, &ended(DeliveryState::Accepted, "250"), at(3)).await.unwrap();
    // Also when the revision is done.
    crate::reports::advance(store.as_ref(), &mut run, &[RevisionState::Completed]).await;
    store.begin_attempt(&ids[1], &sending("ana@client.example"), at(4)).await.unwrap();
}

async fn the_first_byte_freezes_a_revision_and_a_refused_connection_does_not(place: &dyn Place) {
    let store = place.open().await;
    let mut run = distributing(store.as_ref(), "monthly", 10).await;
    let id = plan(store.as_ref(), &[delivery(&run, "1", "ana")]).await.remove(0);
    store.begin_attempt(&id, &sending("ana@client.example"), at(2)).await.unwrap();
    store.reach_phase(&id, 1, "connected", at(3)).await.unwrap();
    store.finish_attempt(&id, 1, &ended(DeliveryState::Transient, "421"), at(4)).await.unwrap();
    store.redefine(&run.id, 1, "{\"v\":2}", (run.period_start, run.period_end), at(5)).await.unwrap();
    let back = [RevisionState::Generating, RevisionState::Formatting, RevisionState::Reviewing];
    crate::reports::advance(store.as_ref(), &mut run, &back).await;
    crate::reports::advance(store.as_ref(), &mut run, &[RevisionState::Distributing]).await;
    assert_eq!(run.revision.frozen_at, None);

    store.begin_attempt(&id, &sending("ana@client.example"), at(6)).await.unwrap();
    store.reach_phase(&id, 2, "body_started", at(7)).await.unwrap();
    store.reach_phase(&id, 2, "final_sent", at(8)).await.unwrap();
    let frozen = store.run_by_id(&run.id).await.unwrap().unwrap().revision;
    assert_eq!(frozen.frozen_at, Some(at(7)), "from the first byte, and for good");
    let error = store.redefine(&run.id, 1, "{\"v\":3}", (run.period_start, run.period_end), at(9)).await.unwrap_err();
    assert!(error.to_string().contains("frozen by what was sent of it"), "{error}");
    let change = (RevisionState::Distributing, RevisionState::Generating);
    store.advance(&run.id, 1, change, None, at(10)).await.unwrap_err();
}

async fn unsent_deliveries_are_held_and_let_go_and_others_stay(place: &dyn Place) {
    let store = place.open().await;
    let run = distributing(store.as_ref(), "monthly", 10).await;
    let mut quiet = delivery(&run, "1", "ana");
    quiet.held = Some("its edition has 0 rows".to_owned());
    let (ben, cleo) = (delivery(&run, "2", "ben"), delivery(&run, "3", "cleo"));
    let ids = plan(store.as_ref(), &[quiet.clone(), ben.clone(), cleo]).await;
    let held = with_id(store.as_ref(), &ids[0]).await;
    assert_eq!((held.state, held.reply.as_deref()), (DeliveryState::Held, Some("its edition has 0 rows")));
    let error = store.begin_attempt(&ids[0], &sending("ana@client.example"), at(2)).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { .. }), "{error}");

    store.begin_attempt(&ids[1], &sending("ben@client.example"), at(2)).await.unwrap();
    store.finish_attempt(&ids[1], 1, &ended(DeliveryState::Accepted, "250"), at(3)).await.unwrap();
    // Today the first has rows, and nobody but the first is on the list.
    quiet.held = None;
    plan(store.as_ref(), &[quiet]).await;
    let gone = store.hold_others(&run.id, 1, &ids[..1], "not on the list", at(4)).await.unwrap();
    let states: Vec<_> = [&ids[0], &ids[1], &ids[2]].to_vec();
    let mut found = Vec::new();
    for id in states {
        let delivery = with_id(store.as_ref(), id).await;
        found.push((delivery.state, delivery.reply));
    }
    let expected = [
        (DeliveryState::Planned, None),
        (DeliveryState::Accepted, Some("250".to_owned())),
        (DeliveryState::Held, Some("not on the list".to_owned())),
    ];
    assert_eq!((gone, found), (1, expected.to_vec()));
    let mut moved = ben;
    moved.email = "ben@elsewhere.example".to_owned();
    moved.held = Some("never".to_owned());
    plan(store.as_ref(), &[moved]).await;
    let kept = with_id(store.as_ref(), &ids[1]).await;
    assert_eq!((kept.state, kept.email.as_str()), (DeliveryState::Accepted, "ben@client.example"));
}

async fn a_person_settles_what_is_in_doubt_and_nothing_else(place: &dyn Place) {
    let store = place.open().await;
    let run = distributing(store.as_ref(), "monthly", 10).await;
    let ids = plan(store.as_ref(), &[to_ana(&run, "1", "ana"), delivery(&run, "2", "ben")]).await;
    let resolve = decision("resolve accepted", &run, &ids[0]);
    store.resolve(&ids[0], DeliveryState::Accepted, &resolve).await.unwrap_err();
    assert_eq!(store.decisions(None).await.unwrap(), [], "a refused decision is none");
    for id in &ids {
        store.begin_attempt(id, &sending(&format!("{id}@client.example")), at(2)).await.unwrap();
        store.finish_attempt(id, 1, &ended(DeliveryState::InDoubt, "silence"), at(3)).await.unwrap();
    }
    store.resolve(&ids[0], DeliveryState::Accepted, &resolve).await.unwrap();
    let again = decision("resolve send-again", &run, &ids[1]);
    store.resolve(&ids[1], DeliveryState::Planned, &again).await.unwrap();
    let settled = with_id(store.as_ref(), &ids[0]).await;
    let words = "resolve accepted by ana: she called";
    assert_eq!((settled.state, settled.reply.as_deref()), (DeliveryState::Accepted, Some(words)));
    assert_eq!(store.attempts(&ids[0]).await.unwrap()[0].outcome, Some(DeliveryState::InDoubt), "as it was");
    store.begin_attempt(&ids[1], &sending("ben@client.example"), at(9)).await.unwrap();
    assert_eq!(store.decisions(Some(&run.id)).await.unwrap().len(), 2);
    assert_eq!(store.decisions(Some("0")).await.unwrap(), []);
}

async fn an_address_that_does_not_exist_is_suppressed_until_a_person_lifts_it(place: &dyn Place) {
    let store = place.open().await;
    let run = distributing(store.as_ref(), "monthly", 10).await;
    let id = plan(store.as_ref(), &[to_ana(&run, "1", "ana")]).await.remove(0);
    store.begin_attempt(&id, &sending("Ana@client.example"), at(2)).await.unwrap();
    let mut gone = ended(DeliveryState::Permanent, "550 5.1.1 no such user");
    gone.suppress = true;
    store.finish_attempt(&id, 1, &gone, at(3)).await.unwrap();
    let known = store.suppressions().await.unwrap();
    assert_eq!((known[0].address.as_str(), known[0].email.as_str()), ("ana@client.example", "Ana@client.example"));
    assert_eq!((known[0].reason.as_str(), known[0].since), ("550 5.1.1 no such user", at(3)));
    let lift = decision("unsuppress", &run, &id);
    assert!(!store.unsuppress("ben@client.example", &lift).await.unwrap());
    assert!(store.unsuppress("ana@client.example", &lift).await.unwrap());
    assert_eq!((store.suppressions().await.unwrap(), store.decisions(None).await.unwrap()), (vec![], vec![lift]));
}

async fn deliveries_are_found_by_whom_when_and_what(place: &dyn Place) {
    let store = place.open().await;
    let run = distributing(store.as_ref(), "monthly", 10).await;
    let ids = plan(store.as_ref(), &[to_ana(&run, "1", "ana"), delivery(&run, "2", "ben")]).await;
    store.begin_attempt(&ids[0], &sending("Ana@client.example"), at(20)).await.unwrap();
    let by = |change: fn(&mut Filter)| {
        let mut filter = Filter::default();
        change(&mut filter);
        filter
    };
    for (filter, expected) in [
        (by(|f| f.to = Some("ANA@client.example".into())), 1),
        (by(|f| f.to = Some("@client".into())), 2),
        (by(|f| f.to = Some("ben".into())), 1),
        (by(|f| f.to = Some("zoe".into())), 0),
        (by(|f| f.since = Some(at(20))), 1),
        (by(|f| f.since = Some(at(21))), 0),
        (by(|f| f.subject = Some("OCTOBER".into())), 1),
        (by(|f| f.file = Some("1.PDF".into())), 1),
        (by(|f| f.file = Some("1.csv".into())), 0),
        (by(|f| f.message = Some("agency.example".into())), 2),
    ] {
        assert_eq!(store.deliveries(&filter).await.unwrap().len(), expected, "{filter:?}");
    }
    let content = store.attachments(&ids[0]).await.unwrap()[1].content.clone();
    let by_hash = Filter { file: Some(content.as_str()[..16].to_owned()), ..Filter::default() };
    assert_eq!(store.deliveries(&by_hash).await.unwrap()[0].id, ids[0]);
}

async fn doubted_extracts_keep_the_reason_until_they_are_taken_again(place: &dyn Place) {
    let store = place.open().await;
    let run = open(store.as_ref(), "monthly", 10).await;
    for dataset in ["orders", "clients"] {
        store.record_extract(&run.id, 1, &crate::reports::extract(dataset, dataset, 11)).await.unwrap();
    }
    store.doubt_extracts(&run.id, 1, &["orders".to_owned()], "11 rows").await.unwrap();
    let doubts = async || -> Vec<_> {
        store.extracts(&run.id, 1).await.unwrap().into_iter().map(|e| (e.dataset, e.doubt)).collect()
    };
    let clients = ("clients".to_owned(), None);
    assert_eq!(doubts().await, [clients.clone(), ("orders".to_owned(), Some("11 rows".to_owned()))]);
    store.record_extract(&run.id, 1, &crate::reports::extract("orders", "new", 12)).await.unwrap();
    assert_eq!(doubts().await, [clients, ("orders".to_owned(), None)]);
}
