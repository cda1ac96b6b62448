//! Processes that meet: two stores on one database never lose or double anything.

use std::sync::Arc;

use punctual_model::state::{DeliveryState, RevisionState};
use punctual_store::{
    Store, StoreError,
    records::{Filter, NewDelivery},
};

use crate::{
    on_both,
    places::Place,
    reports::{at, delivery, distributing, extract, open, sending},
};

on_both!(
    of_two_that_begin_an_attempt_one_does,
    of_two_that_advance_a_revision_one_does,
    two_that_open_a_run_open_one,
    two_that_plan_the_same_deliveries_plan_each_once,
    nothing_is_lost_when_two_write_at_once,
);

/// Does the same in two stores at once, and gives both answers.
async fn both<T, F>(place: &dyn Place, work: impl Fn(usize, Arc<dyn Store>) -> F) -> [T; 2]
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let first = tokio::spawn(work(0, place.open().await));
    let second = tokio::spawn(work(1, place.open().await));
    [first.await.unwrap(), second.await.unwrap()]
}

async fn of_two_that_begin_an_attempt_one_does(place: &dyn Place) {
    let store = place.open().await;
    let run = distributing(store.as_ref(), "monthly", 10).await;
    let planned: Vec<NewDelivery> = (0..40).map(|n| delivery(&run, "1", &format!("recipient-{n}"))).collect();
    store.plan_deliveries(&planned, at(1)).await.unwrap();
    let begun = both(place, |_, store| {
        let planned = planned.clone();
        async move {
            let mut begun = 0;
            for delivery in planned {
                match store.begin_attempt(&delivery.key.id(), &sending(&delivery.email), at(2)).await {
                    Ok(attempt) => {
                        assert_eq!(attempt.number, 1);
                        begun += 1;
                    }
                    Err(StoreError::Conflict { .. }) => {}
                    Err(other) => panic!("{other}"),
                }
            }
            begun
        }
    })
    .await;
    assert_eq!(begun.iter().sum::<usize>(), planned.len());
    for delivery in store.deliveries(&Filter::default()).await.unwrap() {
        assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Sending, 1));
        assert_eq!(store.attempts(&delivery.id).await.unwrap().len(), 1);
    }
}

async fn of_two_that_advance_a_revision_one_does(place: &dyn Place) {
    let store = place.open().await;
    let mut runs = Vec::new();
    for n in 0..20 {
        runs.push(open(store.as_ref(), &format!("report-{n}"), 10).await);
    }
    let won = both(place, |n, store| {
        let runs = runs.clone();
        async move {
            // One of them skips what the other makes.
            let to = [RevisionState::Generating, RevisionState::Skipped][n];
            let mut won = 0;
            for run in runs {
                match store.advance(&run.id, 1, (RevisionState::Queued, to), None, at(1)).await {
                    Ok(_) => won += 1,
                    Err(StoreError::Conflict { found, .. }) => assert_ne!(found, "queued"),
                    Err(other) => panic!("{other}"),
                }
            }
            won
        }
    })
    .await;
    assert_eq!(won.iter().sum::<usize>(), runs.len());
}

async fn two_that_open_a_run_open_one(place: &dyn Place) {
    let opened = both(place, |_, store| async move {
        let mut runs = Vec::new();
        for n in 0..20 {
            runs.push(open(store.as_ref(), &format!("report-{n}"), 10).await);
        }
        runs
    })
    .await;
    assert_eq!(opened[0], opened[1]);
    assert_eq!(place.number("SELECT count(*) FROM revision").await, 20);
}

async fn two_that_plan_the_same_deliveries_plan_each_once(place: &dyn Place) {
    let store = place.open().await;
    let run = open(store.as_ref(), "monthly", 10).await;
    let planned: Vec<NewDelivery> = (0..60).map(|n| delivery(&run, "1", &format!("recipient-{n}"))).collect();
    let new = both(place, |n, store| {
        let mut planned = planned.clone();
        // In opposite orders, which must not end in each waiting for the other.
        if n == 1 {
            planned.reverse();
        }
        async move { store.plan_deliveries(&planned, at(1)).await.unwrap() }
    })
    .await;
    assert_eq!(new.iter().sum::<u64>(), 60);
    assert_eq!(store.deliveries(&Filter::default()).await.unwrap().len(), 60);
}

async fn nothing_is_lost_when_two_write_at_once(place: &dyn Place) {
    let store = place.open().await;
    let run = open(store.as_ref(), "monthly", 10).await;
    let id = run.id.clone();
    both(place, |n, store| {
        let id = id.clone();
        async move {
            for dataset in 0..25 {
                let record = extract(&format!("dataset-{n}-{dataset:02}"), "content", 1);
                store.record_extract(&id, 1, &record).await.unwrap();
            }
        }
    })
    .await;
    assert_eq!(store.extracts(&id, 1).await.unwrap().len(), 50);
}
