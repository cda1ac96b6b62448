//! Every call but those of the ledger, on both databases: what is told is remembered, also by who
//! opens the store next, and what must not be is refused.

use punctual_model::{
    identity::ContentHash,
    state::{RevisionState, Stage, StageState},
};
use punctual_store::{
    StageDone, StoreError,
    records::{ArtifactRecord, Filter, NewDelivery, Owner, Run},
};

use crate::{
    on_both,
    places::Place,
    reports::{advance, artifact, at, delivery, distributing, extract, finding, key, month, open, sending},
};

on_both!(
    the_first_content_of_a_template_stays,
    a_run_is_opened_once,
    runs_are_found_by_the_start_of_their_id,
    filters_narrow_and_never_widen,
    a_wildcard_in_what_is_looked_for_stands_for_itself,
    a_definition_is_replaced_until_it_is_frozen,
    a_state_changes_only_from_what_the_caller_believes,
    a_stage_keeps_what_it_made_while_its_input_is_the_same,
    rows_that_were_set_aside_belong_to_no_edition,
    a_failed_stage_keeps_only_why,
    a_stage_that_never_started_cannot_end,
    extracts_are_replaced_one_by_one_and_forgotten_together,
    a_revision_that_was_delivered_is_never_made_again,
    text_that_no_database_takes_is_kept_in_other_words,
    everything_is_there_after_opening_again,
);

async fn the_first_content_of_a_template_stays(place: &dyn Place) {
    let store = place.open().await;
    let (first, second) = (ContentHash::of(b"one"), ContentHash::of(b"two"));
    let pinned = store.pin_template("performance@1", &first, "one", at(1)).await.unwrap();
    assert_eq!(pinned.content, first);
    let again = store.pin_template("performance@1", &second, "two", at(2)).await.unwrap();
    assert_eq!(again, pinned);
    store.pin_template("Performance@1", &second, "two", at(3)).await.unwrap();
    // By bytes on every server: capitals first.
    let names: Vec<String> = store.pinned_templates().await.unwrap().into_iter().map(|t| t.name).collect();
    assert_eq!(names, ["Performance@1", "performance@1"]);
}

async fn a_run_is_opened_once(place: &dyn Place) {
    let store = place.open().await;
    assert_eq!(store.find_run(&key("monthly", "2026-10")).await.unwrap(), None);
    let run = open(store.as_ref(), "monthly", 10).await;
    assert_eq!((run.id.as_str(), run.revision.number), (run.key.id().as_str(), 1));
    assert_eq!(run.revision.state, RevisionState::Queued);
    assert_eq!(run.revision.definition_hash, ContentHash::of(b"{\"v\":1}"));
    assert_eq!((run.period_start, run.period_end), (month(10), month(11)));
    let mut moved = run.clone();
    advance(store.as_ref(), &mut moved, &[RevisionState::Generating]).await;
    assert_eq!(open(store.as_ref(), "monthly", 10).await, moved);
    assert_eq!(store.find_run(&run.key).await.unwrap(), Some(moved));
}

async fn runs_are_found_by_the_start_of_their_id(place: &dyn Place) {
    let store = place.open().await;
    let mut ids = Vec::new();
    for n in 0..40 {
        ids.push(open(store.as_ref(), &format!("report-{n}"), 10).await.id);
    }
    let id = &ids[7];
    let found = |run: Option<Run>| run.map(|run| run.id);
    assert_eq!(found(store.run_by_id(id).await.unwrap()).as_ref(), Some(id));
    assert_eq!(found(store.run_by_id(&id[..10]).await.unwrap()).as_ref(), Some(id));
    assert_eq!(found(store.run_by_id(&id[..10].to_uppercase()).await.unwrap()).as_ref(), Some(id));
    // Too short, and nothing that an id can start with.
    for text in [&id[..3], "", "%%%%", "____", "zzzz", "nothing"] {
        assert_eq!(found(store.run_by_id(text).await.unwrap()), None, "{text}");
    }
    for (id_of_another, report) in [("abcd000000000001", "a"), ("abcd000000000002", "b")] {
        place
            .run(&format!(
                "INSERT INTO run SELECT '{id_of_another}', '{report}', period, variant, period_start, period_end,
                     created_at FROM run WHERE id = '{id}';
                 INSERT INTO revision SELECT '{id_of_another}', 1, state, message, definition_hash, definition,
                     created_at, changed_at, frozen_at FROM revision WHERE run = '{id}'"
            ))
            .await;
    }
    let error = store.run_by_id("abcd0000").await.unwrap_err();
    assert_eq!(error.to_string(), "`abcd0000` names more than one run; write more of its id");
}

async fn filters_narrow_and_never_widen(place: &dyn Place) {
    let store = place.open().await;
    for report in ["monthly", "Weekly"] {
        for of in [8, 9, 10] {
            let run = open(store.as_ref(), report, of).await;
            let planned = ["b", "a", "B"].map(|recipient| delivery(&run, "10", recipient));
            store.plan_deliveries(&planned, at(1)).await.unwrap();
        }
    }
    let runs = async |filter: Filter| -> Vec<(String, String)> {
        let runs = store.runs(&filter).await.unwrap();
        runs.into_iter().map(|run| (run.key.report, run.key.period)).collect()
    };
    let all = runs(Filter::default()).await;
    let expected = [
        ("Weekly", "2026-10"),
        ("monthly", "2026-10"),
        ("Weekly", "2026-09"),
        ("monthly", "2026-09"),
        ("Weekly", "2026-08"),
        ("monthly", "2026-08"),
    ];
    assert_eq!(all, expected.map(|(report, period)| (report.to_owned(), period.to_owned())));
    assert_eq!(runs(Filter { limit: 2, ..Filter::default() }).await, all[..2]);
    let monthly = Filter { report: Some("monthly".into()), ..Filter::default() };
    assert_eq!(runs(monthly.clone()).await.len(), 3);
    let october = Filter { period: Some("2026-10".into()), ..monthly };
    assert_eq!(runs(october.clone()).await.len(), 1);
    for report in ["", "%", "MONTHLY", "month"] {
        assert_eq!(runs(Filter { report: Some(report.into()), ..Filter::default() }).await.len(), 0, "{report}");
    }
    let id = key("monthly", "2026-10").id();
    for (run, count) in [(id.as_str(), 1), (&id[..8], 1), ("", 6), ("%", 0), ("--", 0), ("zz", 0)] {
        assert_eq!(runs(Filter { run: Some(run.into()), ..Filter::default() }).await.len(), count, "`{run}`");
    }
    let deliveries = store.deliveries(&october).await.unwrap();
    let recipients: Vec<&str> = deliveries.iter().map(|d| d.key.recipient.as_str()).collect();
    assert_eq!(recipients, ["B", "a", "b"]);
    assert!(deliveries.iter().all(|d| d.report == "monthly" && d.period == "2026-10"));
    let of_run = Filter { run: Some(id), limit: 2, ..Filter::default() };
    assert_eq!(store.deliveries(&of_run).await.unwrap().len(), 2);
    let none = Filter { run: Some("%".into()), ..Filter::default() };
    assert_eq!(store.deliveries(&none).await.unwrap().len(), 0);
    assert_eq!(store.deliveries(&Filter::default()).await.unwrap().len(), 18);
}

async fn a_wildcard_in_what_is_looked_for_stands_for_itself(place: &dyn Place) {
    let store = place.open().await;
    let run = open(store.as_ref(), "monthly", 10).await;
    let planned = ["sales", "s_les", "100%", "wow!", "back\\slash"].map(|name| NewDelivery {
        name: Some(name.to_uppercase()),
        ..delivery(&run, "10", &name.replace(['%', '!', '\\'], "-"))
    });
    store.plan_deliveries(&planned, at(1)).await.unwrap();
    for (to, found) in
        [("s_les", 1), ("S_LES", 1), ("sales", 1), ("0%", 1), ("%", 1), ("w!", 1), ("k\\s", 1), ("a_", 0)]
    {
        let filter = Filter { to: Some(to.into()), ..Filter::default() };
        assert_eq!(store.deliveries(&filter).await.unwrap().len(), found, "{to}");
    }
    for filter in [
        Filter { subject: Some("%".into()), ..Filter::default() },
        Filter { file: Some("_".into()), ..Filter::default() },
        Filter { message: Some("%".into()), ..Filter::default() },
    ] {
        assert_eq!(store.deliveries(&filter).await.unwrap().len(), 0, "{filter:?}");
    }
}

async fn a_definition_is_replaced_until_it_is_frozen(place: &dyn Place) {
    let store = place.open().await;
    let mut run = open(store.as_ref(), "monthly", 10).await;
    store.redefine(&run.id, 1, "{\"v\":2}", (run.period_start, run.period_end), at(5)).await.unwrap();
    let found = store.find_run(&run.key).await.unwrap().unwrap().revision;
    assert_eq!((found.definition.as_str(), found.changed_at), ("{\"v\":2}", at(5)));
    assert_eq!(found.definition_hash, ContentHash::of(b"{\"v\":2}"));
    let refused = async |run: &Run, found: &str| {
        let error =
            store.redefine(&run.id, 1, "{\"v\":3}", (run.period_start, run.period_end), at(6)).await.unwrap_err();
        assert!(matches!(&error, StoreError::Conflict { found: was, .. } if was == found), "{error}");
    };
    let to_review = [RevisionState::Generating, RevisionState::Formatting, RevisionState::Reviewing];
    advance(store.as_ref(), &mut run, &to_review).await;
    store.redefine(&run.id, 1, "{\"v\":4}", (run.period_start, run.period_end), at(6)).await.unwrap();
    // Nothing was sent so far, so it may be made again.
    for state in [RevisionState::Distributing, RevisionState::Failed] {
        advance(store.as_ref(), &mut run, &[state]).await;
        store.redefine(&run.id, 1, "{\"v\":5}", (run.period_start, run.period_end), at(7)).await.unwrap();
    }
    advance(store.as_ref(), &mut run, &[RevisionState::Cancelled]).await;
    refused(&run, "cancelled").await;
    let missing = store.redefine(&run.id, 2, "{}", (run.period_start, run.period_end), at(7)).await.unwrap_err();
    assert!(matches!(missing, StoreError::Conflict { found, .. } if found == "missing"));
}

async fn a_state_changes_only_from_what_the_caller_believes(place: &dyn Place) {
    let store = place.open().await;
    let run = open(store.as_ref(), "monthly", 10).await;
    let change = (RevisionState::Queued, RevisionState::Waiting);
    let changed = store.advance(&run.id, 1, change, Some("the warehouse is down"), at(9)).await.unwrap();
    assert_eq!((changed.state, changed.changed_at), (RevisionState::Waiting, at(9)));
    assert_eq!(changed.message.as_deref(), Some("the warehouse is down"));
    let error = store.advance(&run.id, 1, change, None, at(10)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("run {}, revision 1 is waiting, not queued; another process may be at work on it", run.id)
    );
    assert!(!error.is_transient());
    assert_eq!(store.find_run(&run.key).await.unwrap().unwrap().revision, changed);
    let missing = store.advance("0000000000000000", 1, change, None, at(10)).await.unwrap_err();
    assert!(matches!(missing, StoreError::Conflict { found, .. } if found == "missing"));
}

fn done(stage: Stage) -> StageDone<'static> {
    StageDone { stage, output: "{\"tables\":2}", findings: &[], artifacts: None }
}

async fn a_stage_keeps_what_it_made_while_its_input_is_the_same(place: &dyn Place) {
    let store = place.open().await;
    let run = open(store.as_ref(), "monthly", 10).await;
    let (id, stage) = (run.id.as_str(), Stage::Generate);
    let (input, other) = (ContentHash::of(b"input"), ContentHash::of(b"other"));
    store.start_stage(id, 1, stage, &input, at(1)).await.unwrap();
    let findings = [finding("3 rows left out"), finding("a gap of 2 days")];
    // Neither by name nor by format: as they were given.
    let artifacts = [artifact("9", "pdf"), artifact("10", "pdf"), artifact("10", "csv")];
    let made = StageDone { findings: &findings, artifacts: Some(&artifacts), ..done(stage) };
    store.finish_stage(id, 1, made, at(2)).await.unwrap();
    store.start_stage(id, 1, Stage::Extract, &other, at(2)).await.unwrap();

    let stages = store.stages(id, 1).await.unwrap();
    assert_eq!(stages.iter().map(|s| s.stage).collect::<Vec<_>>(), [Stage::Extract, stage]);
    let kept = &stages[1];
    assert_eq!((kept.state, &kept.input, kept.output.as_deref()), (StageState::Done, &input, Some("{\"tables\":2}")));
    assert_eq!((kept.started_at, kept.ended_at), (at(1), Some(at(2))));
    let found: Vec<_> = store.findings(id, 1).await.unwrap();
    assert_eq!(found, findings.clone().map(|finding| (stage, finding)));
    assert_eq!(store.artifacts(id, 1).await.unwrap(), artifacts);

    // Again with the same input: what is there stays until there is something new.
    store.start_stage(id, 1, stage, &input, at(3)).await.unwrap();
    let again = &store.stages(id, 1).await.unwrap()[1];
    assert_eq!((again.state, again.ended_at), (StageState::Running, None));
    assert!(again.output.is_some());
    assert_eq!(store.artifacts(id, 1).await.unwrap().len(), 3);
    store.finish_stage(id, 1, done(stage), at(4)).await.unwrap();
    assert_eq!(store.artifacts(id, 1).await.unwrap().len(), 3, "`None` leaves the artifacts");
    assert_eq!(store.findings(id, 1).await.unwrap(), []);

    // With another input nothing of it counts any more.
    store.start_stage(id, 1, stage, &other, at(5)).await.unwrap();
    assert_eq!(store.stages(id, 1).await.unwrap()[1].output, None);
    assert_eq!(store.artifacts(id, 1).await.unwrap(), []);
}

/// A burst key may read like a dataset's name: what checks set aside never becomes that client's file.
async fn rows_that_were_set_aside_belong_to_no_edition(place: &dyn Place) {
    let store = place.open().await;
    let run = open(store.as_ref(), "monthly", 10).await;
    let aside = ArtifactRecord { owner: Owner::Dataset("orders".to_owned()), ..artifact("orders", "rejected") };
    let report = artifact("orders", "csv");
    for (stage, file) in [(Stage::Transform, &aside), (Stage::Generate, &report)] {
        store.start_stage(&run.id, 1, stage, &ContentHash::of(b"input"), at(1)).await.unwrap();
        let files = std::slice::from_ref(file);
        store.finish_stage(&run.id, 1, StageDone { artifacts: Some(files), ..done(stage) }, at(2)).await.unwrap();
    }
    let kept = store.artifacts(&run.id, 1).await.unwrap();
    assert_eq!(kept, [aside, report.clone()]);
    assert_eq!(kept.iter().filter(|a| a.is_of("orders")).collect::<Vec<_>>(), [&report]);
    let shown = serde_json::to_value(&kept).unwrap();
    assert_eq!((&shown[0]["dataset"], &shown[0]["edition"]), (&"orders".into(), &serde_json::Value::Null));
    assert_eq!(shown[1]["edition"], "orders");
}

async fn a_failed_stage_keeps_only_why(place: &dyn Place) {
    let store = place.open().await;
    let run = open(store.as_ref(), "monthly", 10).await;
    let (id, stage) = (run.id.as_str(), Stage::Generate);
    store.start_stage(id, 1, stage, &ContentHash::of(b"input"), at(1)).await.unwrap();
    let artifacts = [artifact("1", "pdf")];
    store.finish_stage(id, 1, StageDone { artifacts: Some(&artifacts), ..done(stage) }, at(2)).await.unwrap();
    store.start_stage(id, 1, stage, &ContentHash::of(b"input"), at(3)).await.unwrap();
    let why = ("rows: expected 300, found 2", &[finding("2 rows")][..]);
    store.fail_stage(id, 1, stage, why, at(4)).await.unwrap();
    let failed = store.stages(id, 1).await.unwrap().remove(0);
    assert_eq!((failed.state, failed.output), (StageState::Failed, None));
    assert_eq!((failed.message.as_deref(), failed.ended_at), (Some(why.0), Some(at(4))));
    assert_eq!(store.findings(id, 1).await.unwrap(), [(stage, finding("2 rows"))]);
    assert_eq!(store.artifacts(id, 1).await.unwrap(), []);
    // It may start again, and then says nothing of the failure.
    store.start_stage(id, 1, stage, &ContentHash::of(b"input"), at(5)).await.unwrap();
    assert_eq!(store.stages(id, 1).await.unwrap()[0].message, None);
    // A stage can fail before its input has a name.
    store.fail_stage(id, 1, Stage::Extract, ("no such source", &[]), at(6)).await.unwrap();
    assert_eq!(store.stages(id, 1).await.unwrap()[0].state, StageState::Failed);
}

async fn a_stage_that_never_started_cannot_end(place: &dyn Place) {
    let store = place.open().await;
    let run = open(store.as_ref(), "monthly", 10).await;
    let error = store.finish_stage(&run.id, 1, done(Stage::Extract), at(1)).await.unwrap_err();
    assert!(matches!(&error, StoreError::Conflict { found, .. } if found == "not started"), "{error}");
    for revision in [0, 2] {
        let input = ContentHash::of(b"input");
        let error = store.start_stage(&run.id, revision, Stage::Extract, &input, at(1)).await.unwrap_err();
        assert!(matches!(&error, StoreError::Conflict { found, .. } if found == "missing"), "{error}");
    }
    assert_eq!(store.stages(&run.id, 1).await.unwrap(), []);
}

async fn extracts_are_replaced_one_by_one_and_forgotten_together(place: &dyn Place) {
    let store = place.open().await;
    let run = open(store.as_ref(), "monthly", 10).await;
    for record in [extract("traffic", "a", 100), extract("Clients", "b", 12), extract("traffic@previous", "c", 0)] {
        store.record_extract(&run.id, 1, &record).await.unwrap();
    }
    let newer = extract("traffic", "d", u64::try_from(i64::MAX / 12).unwrap());
    store.record_extract(&run.id, 1, &newer).await.unwrap();
    let expected = [extract("Clients", "b", 12), newer, extract("traffic@previous", "c", 0)];
    assert_eq!(store.extracts(&run.id, 1).await.unwrap(), expected);
    assert_eq!(store.extracts(&run.id, 2).await.unwrap(), []);
    store.forget_extracts(&run.id, 1).await.unwrap();
    assert_eq!(store.extracts(&run.id, 1).await.unwrap(), []);
}

async fn a_revision_that_was_delivered_is_never_made_again(place: &dyn Place) {
    let store = place.open().await;
    let mut run = distributing(store.as_ref(), "monthly", 10).await;
    let planned = delivery(&run, "1", "ana");
    store.plan_deliveries(std::slice::from_ref(&planned), at(2)).await.unwrap();
    store.begin_attempt(&planned.key.id(), &sending("ana@client.example"), at(3)).await.unwrap();
    store.reach_phase(&planned.key.id(), 1, "body_started", at(3)).await.unwrap();
    let id = run.id.clone();
    advance(store.as_ref(), &mut run, &[RevisionState::Failed]).await;
    let input = ContentHash::of(b"input");
    let mut refusals = Vec::new();
    for stage in [Stage::Extract, Stage::Transform, Stage::Generate] {
        refusals.push(store.start_stage(&id, 1, stage, &input, at(4)).await);
        refusals.push(store.finish_stage(&id, 1, done(stage), at(4)).await);
        refusals.push(store.fail_stage(&id, 1, stage, ("no", &[]), at(4)).await);
    }
    refusals.push(store.redefine(&id, 1, "{}", (run.period_start, run.period_end), at(4)).await);
    refusals.push(store.record_extract(&id, 1, &extract("traffic", "a", 1)).await);
    refusals.push(store.forget_extracts(&id, 1).await);
    for to in [RevisionState::Generating, RevisionState::Formatting] {
        let change = (RevisionState::Failed, to);
        refusals.push(store.advance(&id, 1, change, None, at(4)).await.map(|_| ()));
    }
    for refusal in refusals {
        let error = refusal.unwrap_err();
        assert!(
            matches!(&error, StoreError::Conflict { found, .. } if found == "frozen by what was sent of it"),
            "{error}"
        );
    }
    // What delivers goes on.
    store.start_stage(&id, 1, Stage::Deliver, &input, at(5)).await.unwrap();
    advance(store.as_ref(), &mut run, &[RevisionState::Distributing]).await;
}

async fn text_that_no_database_takes_is_kept_in_other_words(place: &dyn Place) {
    let store = place.open().await;
    let mut run = open(store.as_ref(), "monthly", 10).await;
    store.start_stage(&run.id, 1, Stage::Extract, &ContentHash::of(b"input"), at(1)).await.unwrap();
    store.fail_stage(&run.id, 1, Stage::Extract, ("bad \0 byte", &[finding("a \0 too")]), at(2)).await.unwrap();
    assert_eq!(store.stages(&run.id, 1).await.unwrap()[0].message.as_deref(), Some("bad \u{fffd} byte"));
    assert_eq!(store.findings(&run.id, 1).await.unwrap()[0].1, finding("a \0 too"), "JSON has a way to write it");
    let states = [RevisionState::Generating, RevisionState::Formatting, RevisionState::Reviewing];
    advance(store.as_ref(), &mut run, &states).await;
    let change = (RevisionState::Reviewing, RevisionState::Distributing);
    let changed = store.advance(&run.id, 1, change, Some("\0"), at(3)).await.unwrap();
    assert_eq!(changed.message.as_deref(), Some("\u{fffd}"));
}

async fn everything_is_there_after_opening_again(place: &dyn Place) {
    let store = place.open().await;
    let mut run = open(store.as_ref(), "monthly", 10).await;
    let id = run.id.clone();
    store.pin_template("performance@1", &ContentHash::of(b"one"), "one", at(0)).await.unwrap();
    store.record_extract(&id, 1, &extract("traffic", "a", 5)).await.unwrap();
    store.start_stage(&id, 1, Stage::Generate, &ContentHash::of(b"input"), at(1)).await.unwrap();
    let (findings, artifacts) = ([finding("late")], [artifact("1", "pdf")]);
    let made = StageDone { findings: &findings, artifacts: Some(&artifacts), ..done(Stage::Generate) };
    store.finish_stage(&id, 1, made, at(2)).await.unwrap();
    let states =
        [RevisionState::Generating, RevisionState::Formatting, RevisionState::Reviewing, RevisionState::Distributing];
    advance(store.as_ref(), &mut run, &states).await;
    let planned = delivery(&run, "1", "ana");
    store.plan_deliveries(std::slice::from_ref(&planned), at(3)).await.unwrap();
    let delivery = planned.key.id();
    store.begin_attempt(&delivery, &sending("ana@client.example"), at(4)).await.unwrap();
    store.reach_phase(&delivery, 1, "final_sent", at(5)).await.unwrap();
    let all = async |store: &dyn punctual_store::Store| {
        (
            (store.pinned_templates().await.unwrap(), store.runs(&Filter::default()).await.unwrap()),
            (store.stages(&id, 1).await.unwrap(), store.extracts(&id, 1).await.unwrap()),
            (store.findings(&id, 1).await.unwrap(), store.artifacts(&id, 1).await.unwrap()),
            (store.deliveries(&Filter::default()).await.unwrap(), store.attempts(&delivery).await.unwrap()),
        )
    };
    let before = all(store.as_ref()).await;
    drop(store);
    let after = all(place.open().await.as_ref()).await;
    assert_eq!(after, before);
    assert_eq!(after.3.0[0].phase.as_deref(), Some("final_sent"));
}
