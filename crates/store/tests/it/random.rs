//! Random sequences of calls against the model's transition tables: what they allow is done, what
//! they do not is refused and changes nothing.

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use punctual_model::{
    identity::ContentHash,
    state::{DeliveryState, RevisionState, Stage, StageState},
};
use punctual_store::{StageDone, Store, StoreError, records::Filter};

use crate::{
    on_both,
    places::Place,
    reports::{at, delivery, distributing, ended, open, sending},
};

on_both!(revisions_follow_their_table, stages_follow_their_table, deliveries_follow_their_table);

/// So many sequences; each on a run of its own in one store.
const SEQUENCES: u32 = 32;

/// Runs sequences of steps, each sequence with a name of its own.
async fn sequences<S, C>(steps: S, check: C)
where
    S: Strategy,
    C: AsyncFn(&str, Vec<S::Value>) -> Result<(), TestCaseError>,
{
    let config = Config { failure_persistence: None, max_shrink_iters: 50, ..Config::with_cases(SEQUENCES) };
    let mut runner = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let sequence = std::cell::Cell::new(0);
    let handle = tokio::runtime::Handle::current();
    let result = tokio::task::block_in_place(|| {
        runner.run(&prop::collection::vec(steps, 1..14), |steps| {
            sequence.set(sequence.get() + 1);
            handle.block_on(check(&format!("report-{}", sequence.get()), steps))
        })
    });
    result.unwrap();
}

/// A call was done exactly when the table allows it; a refusal is a conflict.
fn as_the_table_says<T>(allowed: bool, result: &Result<T, StoreError>) -> Result<(), TestCaseError> {
    match result {
        Ok(_) => prop_assert!(allowed, "done, though the table does not allow it"),
        Err(StoreError::Conflict { .. }) => prop_assert!(!allowed, "refused, though the table allows it"),
        Err(other) => prop_assert!(false, "{other}"),
    }
    Ok(())
}

async fn revisions_follow_their_table(place: &dyn Place) {
    let store = place.open().await;
    let state = || prop::sample::select(RevisionState::ALL);
    // Mostly from the state that it has: else almost nothing would be allowed.
    let step = (prop::option::weighted(0.2, state()), state());
    sequences(step, async |report, steps| {
        let run = open(store.as_ref(), report, 10).await;
        let mut is = RevisionState::Queued;
        for (from, to) in steps {
            let from = from.unwrap_or(is);
            let result = store.advance(&run.id, 1, (from, to), None, at(1)).await;
            let allowed = from == is && is.may_become(to);
            as_the_table_says(allowed, &result)?;
            is = if allowed { to } else { is };
            let stored = store.find_run(&run.key).await.unwrap().unwrap().revision;
            prop_assert_eq!(stored.state, is);
        }
        Ok(())
    })
    .await;
}

async fn stages_follow_their_table(place: &dyn Place) {
    let store = place.open().await;
    let step = (prop::sample::select(&Stage::ALL[..]), prop::sample::select(StageState::ALL), "[ab]");
    sequences(step, async |report, steps| {
        let run = open(store.as_ref(), report, 10).await;
        let mut model: std::collections::BTreeMap<Stage, (StageState, Option<String>)> = Default::default();
        for (stage, to, input) in steps {
            let before = model.get(&stage).cloned();
            let is = before.as_ref().map(|(state, _)| *state);
            // What is not on record may start, or fail to start.
            let allowed = is.map_or(to != StageState::Done, |is| is.may_become(to));
            let result = call(store.as_ref(), &run.id, stage, to, &input).await;
            as_the_table_says(allowed, &result)?;
            if allowed {
                let stored = store.stages(&run.id, 1).await.unwrap();
                let stored = stored.into_iter().find(|s| s.stage == stage).unwrap();
                prop_assert_eq!(stored.state, to);
                model.insert(stage, (to, stored.output));
            }
            let stored = store.stages(&run.id, 1).await.unwrap();
            let stored: Vec<_> = stored.into_iter().map(|s| (s.stage, (s.state, s.output))).collect();
            prop_assert_eq!(&stored, &model.clone().into_iter().collect::<Vec<_>>());
        }
        for (state, output) in model.values() {
            prop_assert!(*state != StageState::Done || output.is_some());
            prop_assert!(*state != StageState::Failed || output.is_none());
        }
        Ok(())
    })
    .await;
}

async fn call(store: &dyn Store, run: &str, stage: Stage, to: StageState, input: &str) -> Result<(), StoreError> {
    match to {
        StageState::Running => store.start_stage(run, 1, stage, &ContentHash::of(input.as_bytes()), at(1)).await,
        StageState::Done => {
            let done = StageDone { stage, output: "{}", findings: &[], artifacts: None };
            store.finish_stage(run, 1, done, at(2)).await
        }
        StageState::Failed => store.fail_stage(run, 1, stage, ("no", &[]), at(2)).await,
    }
}

/// A call that concerns one delivery.
#[derive(Debug, Clone)]
enum Step {
    Begin,
    /// A phase, told by the newest attempt or by one before.
    Reach(usize, bool),
    /// An outcome, likewise.
    Finish(DeliveryState, bool),
}

const PHASES: [&str; 3] = ["connected", "body_started", "final_sent"];

async fn deliveries_follow_their_table(place: &dyn Place) {
    let store = place.open().await;
    let newest = || prop::bool::weighted(0.9);
    let step = prop_oneof![
        2 => Just(Step::Begin),
        2 => (0..PHASES.len(), newest()).prop_map(|(phase, newest)| Step::Reach(phase, newest)),
        4 => (prop::sample::select(DeliveryState::ALL), newest()).prop_map(|(to, newest)| Step::Finish(to, newest)),
    ];
    sequences(step, async |report, steps| {
        let run = distributing(store.as_ref(), report, 10).await;
        let planned = delivery(&run, "1", report);
        store.plan_deliveries(std::slice::from_ref(&planned), at(1)).await.unwrap();
        let id = planned.key.id();
        let (mut is, mut attempts, mut phase) = (DeliveryState::Planned, 0_u32, None);
        for step in steps {
            match step {
                Step::Begin => {
                    let allowed = is.may_become(DeliveryState::Sending);
                    let result = store.begin_attempt(&id, &sending("ana@client.example"), at(2)).await;
                    as_the_table_says(allowed, &result)?;
                    if allowed {
                        (is, attempts, phase) = (DeliveryState::Sending, attempts + 1, None);
                    }
                }
                Step::Reach(reached, newest) => {
                    let attempt = if newest { attempts } else { attempts.saturating_sub(1) };
                    let allowed = is == DeliveryState::Sending && attempt == attempts && Some(reached) >= phase;
                    let result = store.reach_phase(&id, attempt, PHASES[reached], at(3)).await;
                    as_the_table_says(allowed, &result)?;
                    phase = if allowed { Some(reached) } else { phase };
                }
                Step::Finish(to, newest) => {
                    let attempt = if newest { attempts } else { attempts.saturating_sub(1) };
                    let open = matches!(is, DeliveryState::Sending | DeliveryState::InDoubt);
                    let begins = matches!(to, DeliveryState::Sending | DeliveryState::Planned);
                    let allowed = open && attempt == attempts && !begins && is.may_become(to);
                    let result = store.finish_attempt(&id, attempt, &ended(to, "words"), at(4)).await;
                    as_the_table_says(allowed, &result)?;
                    is = if allowed { to } else { is };
                }
            }
            let filter = Filter { run: Some(run.id.clone()), ..Filter::default() };
            let stored = store.deliveries(&filter).await.unwrap().remove(0);
            prop_assert_eq!((stored.state, stored.attempts), (is, attempts));
            prop_assert_eq!(stored.phase.as_deref(), phase.map(|phase| PHASES[phase]));
        }
        prop_assert_eq!(store.attempts(&id).await.unwrap().len(), attempts as usize);
        Ok(())
    })
    .await;
}
