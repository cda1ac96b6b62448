//! The ledger of deliveries, on both databases.

use punctual_model::{
    identity::DeliveryKey,
    recipients::Recipient,
    state::{DeliveryState, Purpose, RevisionState},
};
use punctual_store::{
    Store, StoreError,
    records::{Delivery, Filter},
};

use crate::{
    on_both,
    places::Place,
    reports::{advance, at, delivery, distributing, ended, message, month, open, sending},
};

on_both!(
    a_delivery_is_planned_once,
    one_message_id_never_serves_two_deliveries,
    an_attempt_is_on_record_before_anything_leaves,
    report_deliveries_start_only_while_distributing,
    phases_go_forward_only,
    what_was_in_doubt_settles_to_accepted,
    an_outcome_belongs_to_the_newest_attempt,
    the_last_recipients_are_those_who_got_the_newest_earlier_period,
);

async fn the_only(store: &dyn Store) -> Delivery {
    let mut deliveries = store.deliveries(&Filter::default()).await.unwrap();
    assert_eq!(deliveries.len(), 1);
    deliveries.remove(0)
}

fn found(error: &StoreError) -> &str {
    match error {
        StoreError::Conflict { found, .. } => found,
        other => panic!("not a conflict: {other}"),
    }
}

async fn a_delivery_is_planned_once(place: &dyn Place) {
    let store = place.open().await;
    let run = open(store.as_ref(), "monthly", 10).await;
    let (ana, ben) = (delivery(&run, "1", "ana"), delivery(&run, "2", "ben"));
    assert_eq!(store.plan_deliveries(std::slice::from_ref(&ana), at(1)).await.unwrap(), 1);
    let mut moved = ana.clone();
    moved.email = "ana@elsewhere.example".to_owned();
    moved.name = None;
    assert_eq!(store.plan_deliveries(&[ben, moved], at(2)).await.unwrap(), 1);
    let known = store.deliveries(&Filter::default()).await.unwrap();
    assert_eq!(known.len(), 2);
    assert_eq!((known[0].id.clone(), known[0].key.clone()), (ana.key.id(), ana.key));
    let now = (known[0].email.as_str(), known[0].name.as_deref());
    assert_eq!(now, ("ana@elsewhere.example", None), "nothing has left, so the address of today counts");
    assert_eq!((known[0].state, known[0].attempts, known[0].planned_at), (DeliveryState::Planned, 0, at(1)));
    let mut nowhere = delivery(&run, "3", "cleo");
    nowhere.key.revision = 2;
    let nowhere = message(nowhere.key, "cleo@client.example");
    let error = store.plan_deliveries(&[nowhere], at(3)).await.unwrap_err();
    assert!(found(&error).ends_with("revision 2, which is missing"), "{error}");
}

async fn one_message_id_never_serves_two_deliveries(place: &dyn Place) {
    let store = place.open().await;
    let run = open(store.as_ref(), "monthly", 10).await;
    let ana = delivery(&run, "1", "ana");
    let mut ben = delivery(&run, "2", "ben");
    ben.message_id.clone_from(&ana.message_id);
    let cleo = delivery(&run, "3", "cleo");
    let error = store.plan_deliveries(&[ana, cleo, ben], at(1)).await.unwrap_err();
    assert!(found(&error).contains("which another delivery has"), "{error}");
    assert_eq!(store.deliveries(&Filter::default()).await.unwrap(), [], "all or none");
}

async fn an_attempt_is_on_record_before_anything_leaves(place: &dyn Place) {
    let store = place.open().await;
    let run = distributing(store.as_ref(), "monthly", 10).await;
    let planned = delivery(&run, "1", "ana");
    store.plan_deliveries(std::slice::from_ref(&planned), at(1)).await.unwrap();
    let id = planned.key.id();
    let attempt = store.begin_attempt(&id, &sending("ana@new.example"), at(2)).await.unwrap();
    assert_eq!((attempt.number, attempt.outcome, attempt.started_at), (1, None, at(2)));
    assert_eq!(store.attempts(&id).await.unwrap(), [attempt]);
    let under_way = the_only(store.as_ref()).await;
    assert_eq!((under_way.state, under_way.attempts, under_way.changed_at), (DeliveryState::Sending, 1, at(2)));
    assert_eq!(under_way.email, "ana@new.example", "the address used is the one on record");
    let error = store.begin_attempt(&id, &sending("ana@new.example"), at(3)).await.unwrap_err();
    assert_eq!(found(&error), "sending");

    store.finish_attempt(&id, 1, &ended(DeliveryState::Transient, "450 later \0"), at(4)).await.unwrap();
    let waiting = the_only(store.as_ref()).await;
    assert_eq!((waiting.state, waiting.reply.as_deref()), (DeliveryState::Transient, Some("450 later \u{fffd}")));
    assert_eq!(store.begin_attempt(&id, &sending("ana@new.example"), at(5)).await.unwrap().number, 2);
    let again = the_only(store.as_ref()).await;
    assert_eq!((again.phase, again.reply, again.attempts), (None, None, 2), "nothing is left of the attempt before");
    store.reach_phase(&id, 2, "body_started", at(6)).await.unwrap();
    store.finish_attempt(&id, 2, &ended(DeliveryState::Accepted, "250 taken"), at(7)).await.unwrap();
    let attempts = store.attempts(&id).await.unwrap();
    let outcomes: Vec<_> = attempts.iter().map(|a| (a.number, a.outcome, a.ended_at)).collect();
    let expected = [(1, DeliveryState::Transient, 4), (2, DeliveryState::Accepted, 7)];
    assert_eq!(outcomes, expected.map(|(number, outcome, end)| (number, Some(outcome), Some(at(end)))));
    assert_eq!(attempts[1].phase.as_deref(), Some("body_started"));
    assert_eq!(attempts[1].reply.as_deref(), Some("250 taken"));
    let error = store.begin_attempt(&id, &sending("ana@new.example"), at(8)).await.unwrap_err();
    assert_eq!(found(&error), "accepted", "never sent twice");
    let missing = store.begin_attempt("0", &sending("ana@new.example"), at(8)).await.unwrap_err();
    assert_eq!(found(&missing), "missing");
    assert_eq!(store.attempts("0").await.unwrap(), []);
}

async fn report_deliveries_start_only_while_distributing(place: &dyn Place) {
    let store = place.open().await;
    let mut run = open(store.as_ref(), "monthly", 10).await;
    let planned = delivery(&run, "1", "ana");
    let preview = DeliveryKey { purpose: Purpose::Preview, recipient: "owner".to_owned(), ..planned.key.clone() };
    let preview = message(preview, "owner@agency.example");
    store.plan_deliveries(&[planned.clone(), preview.clone()], at(1)).await.unwrap();
    let (planned, preview) = (planned.key.id(), preview.key.id());
    let states = [RevisionState::Generating, RevisionState::Formatting, RevisionState::Reviewing];
    advance(store.as_ref(), &mut run, &states).await;
    let error = store.begin_attempt(&planned, &sending("ana@client.example"), at(2)).await.unwrap_err();
    assert_eq!(found(&error), "reviewing");
    assert_eq!(store.attempts(&planned).await.unwrap(), []);
    // The owner sees it before, and that freezes nothing.
    store.begin_attempt(&preview, &sending("owner@agency.example"), at(2)).await.unwrap();
    store.finish_attempt(&preview, 1, &ended(DeliveryState::Accepted, "250"), at(3)).await.unwrap();
    store.redefine(&run.id, 1, "{\"v\":2}", (run.period_start, run.period_end), at(4)).await.unwrap();
    advance(store.as_ref(), &mut run, &[RevisionState::Distributing]).await;
    store.begin_attempt(&planned, &sending("ana@client.example"), at(5)).await.unwrap();
}

async fn phases_go_forward_only(place: &dyn Place) {
    let store = place.open().await;
    let run = distributing(store.as_ref(), "monthly", 10).await;
    let planned = delivery(&run, "1", "ana");
    store.plan_deliveries(std::slice::from_ref(&planned), at(1)).await.unwrap();
    let id = planned.key.id();
    let error = store.reach_phase(&id, 0, "connected", at(1)).await.unwrap_err();
    assert_eq!(found(&error), "at attempt 0");
    store.begin_attempt(&id, &sending("ana@client.example"), at(2)).await.unwrap();
    // A dead connection is replaced within an attempt.
    for phase in ["connected", "connected", "body_started", "final_sent", "final_sent"] {
        store.reach_phase(&id, 1, phase, at(3)).await.unwrap();
    }
    for (attempt, phase, was) in [
        (1, "connected", "at phase final_sent"),
        (1, "body_started", "at phase final_sent"),
        (1, "posted", "told of a phase `posted`"),
        (2, "final_sent", "at attempt 1"),
    ] {
        let error = store.reach_phase(&id, attempt, phase, at(4)).await.unwrap_err();
        assert_eq!(found(&error), was);
    }
    let delivery = the_only(store.as_ref()).await;
    assert_eq!((delivery.phase.as_deref(), delivery.changed_at), (Some("final_sent"), at(3)));
    store.finish_attempt(&id, 1, &ended(DeliveryState::InDoubt, "silence"), at(5)).await.unwrap();
    let error = store.reach_phase(&id, 1, "final_sent", at(6)).await.unwrap_err();
    assert_eq!(found(&error), "in_doubt");
}

async fn what_was_in_doubt_settles_to_accepted(place: &dyn Place) {
    let store = place.open().await;
    let run = distributing(store.as_ref(), "monthly", 10).await;
    let planned = delivery(&run, "1", "ana");
    store.plan_deliveries(std::slice::from_ref(&planned), at(1)).await.unwrap();
    let id = planned.key.id();
    store.begin_attempt(&id, &sending("ana@client.example"), at(2)).await.unwrap();
    store.reach_phase(&id, 1, "final_sent", at(3)).await.unwrap();
    store.finish_attempt(&id, 1, &ended(DeliveryState::InDoubt, "the connection was lost"), at(4)).await.unwrap();
    // An attempt does not end as one that is under way: a new one is begun.
    let error = store.finish_attempt(&id, 1, &ended(DeliveryState::Sending, ""), at(5)).await.unwrap_err();
    assert_eq!(found(&error), "told that an attempt ended as sending");
    let error = store.finish_attempt(&id, 1, &ended(DeliveryState::Transient, ""), at(5)).await.unwrap_err();
    assert_eq!(found(&error), "in_doubt");
    store.finish_attempt(&id, 1, &ended(DeliveryState::Accepted, "found in the outbox"), at(6)).await.unwrap();
    let settled = the_only(store.as_ref()).await;
    assert_eq!((settled.state, settled.attempts), (DeliveryState::Accepted, 1));
    assert_eq!((settled.reply.as_deref(), settled.phase.as_deref()), (Some("found in the outbox"), Some("final_sent")));
    let attempt = store.attempts(&id).await.unwrap().remove(0);
    assert_eq!((attempt.outcome, attempt.ended_at), (Some(DeliveryState::Accepted), Some(at(6))));
    let error = store.finish_attempt(&id, 1, &ended(DeliveryState::Delivered, ""), at(7)).await.unwrap_err();
    assert_eq!(found(&error), "accepted", "what a provider reports is not the end of an attempt");
}

async fn an_outcome_belongs_to_the_newest_attempt(place: &dyn Place) {
    let store = place.open().await;
    let run = distributing(store.as_ref(), "monthly", 10).await;
    let planned = delivery(&run, "1", "ana");
    store.plan_deliveries(std::slice::from_ref(&planned), at(1)).await.unwrap();
    let id = planned.key.id();
    // Without an attempt there is no outcome, though the table lets what is planned fail for good.
    let error = store.finish_attempt(&id, 0, &ended(DeliveryState::Permanent, "no"), at(2)).await.unwrap_err();
    assert_eq!(found(&error), "planned");
    store.begin_attempt(&id, &sending("ana@client.example"), at(2)).await.unwrap();
    store.finish_attempt(&id, 1, &ended(DeliveryState::Transient, "died"), at(3)).await.unwrap();
    store.begin_attempt(&id, &sending("ana@client.example"), at(4)).await.unwrap();
    // The first attempt's process lives after all, and is too late.
    let late = store.finish_attempt(&id, 1, &ended(DeliveryState::Accepted, "250"), at(5)).await.unwrap_err();
    assert_eq!(found(&late), "at attempt 2");
    let late = store.reach_phase(&id, 1, "final_sent", at(5)).await.unwrap_err();
    assert_eq!(found(&late), "at attempt 2");
    assert_eq!(the_only(store.as_ref()).await.state, DeliveryState::Sending);
    assert_eq!(store.attempts(&id).await.unwrap()[0].outcome, Some(DeliveryState::Transient));
}

async fn the_last_recipients_are_those_who_got_the_newest_earlier_period(place: &dyn Place) {
    let store = place.open().await;
    let send = async |report: &str, of: i8, recipients: &[(&str, &str, DeliveryState)]| {
        let run = distributing(store.as_ref(), report, of).await;
        for (edition, recipient, outcome) in recipients {
            let planned = delivery(&run, edition, recipient);
            store.plan_deliveries(std::slice::from_ref(&planned), at(1)).await.unwrap();
            let (id, email) = (planned.key.id(), format!("{recipient}@{of}.example"));
            store.begin_attempt(&id, &sending(&email), at(2)).await.unwrap();
            store.finish_attempt(&id, 1, &ended(*outcome, ""), at(3)).await.unwrap();
        }
        run
    };
    use DeliveryState::{Accepted, InDoubt, Permanent, Transient};
    assert_eq!(store.last_recipients("monthly", month(10)).await.unwrap(), []);
    send("monthly", 7, &[("1", "old", Accepted)]).await;
    let september = send(
        "monthly",
        8,
        &[
            ("2", "ben", Accepted),
            ("1", "ana", Accepted),
            ("1", "cleo", Permanent),
            ("1", "dora", Transient),
            ("1", "emil", InDoubt),
            ("1", "fritz", Accepted),
            ("1", "gina", Accepted),
        ],
    )
    .await;
    // Nobody has got it: not the last one that anybody did get.
    send("monthly", 9, &[("1", "ana", Permanent)]).await;
    send("weekly", 9, &[("1", "zoe", Accepted)]).await;
    send("monthly", 10, &[("1", "next", Accepted)]).await;
    place.run("UPDATE delivery SET state = 'bounced' WHERE recipient = 'fritz'").await;
    place.run("UPDATE delivery SET state = 'complained' WHERE recipient = 'gina'").await;
    // A copy to a new address.
    let mut copy = delivery(&september, "1", "ana").key;
    copy.copy = 1;
    let copy = message(copy, "ana@copy.example");
    store.plan_deliveries(std::slice::from_ref(&copy), at(5)).await.unwrap();
    store.begin_attempt(&copy.key.id(), &sending("ana@copy.example"), at(6)).await.unwrap();
    store.finish_attempt(&copy.key.id(), 1, &ended(Accepted, ""), at(7)).await.unwrap();

    let got = |edition: &str, id: &str, email: &str| Recipient {
        edition: edition.to_owned(),
        id: id.to_owned(),
        email: email.to_owned(),
        name: Some("Ana Ruiz".to_owned()),
    };
    let expected =
        [got("1", "ana", "ana@copy.example"), got("1", "gina", "gina@8.example"), got("2", "ben", "ben@8.example")];
    assert_eq!(store.last_recipients("monthly", month(10)).await.unwrap(), expected);
    assert_eq!(store.last_recipients("monthly", month(7)).await.unwrap(), []);
    assert_eq!(store.last_recipients("monthly", month(8)).await.unwrap(), [got("1", "old", "old@7.example")]);
}
