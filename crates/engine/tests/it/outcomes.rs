//! What a period comes to, as tables: what happens to an installation, how its last process ends, and who has what.

use std::{collections::BTreeSet, pin::Pin, time::Duration};

use punctual_engine::{EngineError, Event, Resolution, RunOutcome};
use punctual_model::state::{DeliveryState, Stage};

use crate::app::{Answer::*, Ask, Death, Definitions, Fate, Manner, Member, REPORT, Source, TestApp};

/// One thing that happens.
enum Step {
    /// A process is asked for a run.
    Run(Ask),
    /// A process is asked for a plan.
    Plan,
    /// A process dies at the last byte of its first message: the other side has it, and no reply is on record.
    DiesAtLastByte,
    /// Somebody edits the project.
    Edit(fn(&mut Definitions)),
    /// Something else in the world changes.
    World(fn(&TestApp)),
    /// Somebody settles the one delivery in doubt.
    Resolve(Resolution),
    /// Somebody settles the first delivery, whatever its state.
    ResolveFirst(Resolution),
    /// Something holds.
    Expect(for<'a> fn(&'a TestApp) -> Pin<Box<dyn Future<Output = ()> + 'a>>),
    /// Somebody has what an address got sent once more, or to another address.
    Resend(&'static str, Option<&'static str>),
    /// Somebody says that an address exists.
    Unsuppress(&'static str),
}

use Step::{DiesAtLastByte, Edit, Expect, Plan, Resend, Resolve, ResolveFirst, Run, Unsuppress, World};

fn deliver() -> Step {
    Run(Ask::default())
}

/// How a process ended, in a line.
fn line(ended: &Result<RunOutcome, EngineError>) -> String {
    let outcome = match ended {
        Err(error) => return error.to_string(),
        Ok(outcome) => outcome,
    };
    let Some(delivery) = &outcome.delivery else { return outcome.run.revision.state.to_string() };
    let counts = [
        (delivery.accepted, "accepted"),
        (delivery.already, "before"),
        (delivery.failed, "failed"),
        (delivery.in_doubt, "in doubt"),
        (delivery.waiting, "waiting"),
        (delivery.held.len() as u64, "held"),
        (delivery.gone, "gone"),
    ];
    let counts: Vec<String> =
        counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    let held = if delivery.is_held_back() { " (held back)" } else { "" };
    format!("{}: {}{held}", outcome.run.revision.state, counts.join(", "))
}

/// Lives through the steps; how the last process ended.
async fn play(app: &mut TestApp, steps: Vec<Step>) -> String {
    let never = Death::never();
    let mut last = String::new();
    for step in steps {
        match step {
            Run(ask) => last = line(&app.run(&ask).await),
            Plan => {
                let fate = app.plan_until(&Ask::default(), &never).await;
                let Fate::Ended(plan) = fate else { panic!("nobody killed it") };
                last = match plan {
                    Err(error) => error.to_string(),
                    Ok(plan) => format!("{} planned, refused: {}", plan.messages.len(), plan.refusals.join("; ")),
                };
            }
            DiesAtLastByte => last = dies_at_last_byte(app).await,
            Edit(edit) => edit(&mut app.definitions),
            World(change) => change(app),
            Resolve(to) => {
                let deliveries = app.deliveries().await;
                let doubt = deliveries.iter().find(|d| d.state == DeliveryState::InDoubt).expect("one in doubt");
                let Fate::Ended(done) = app.resolve_until(&doubt.id, to, &never).await else { panic!("died") };
                last = done.map_or_else(|error| error.to_string(), |delivery| delivery.state.to_string());
            }
            ResolveFirst(to) => {
                let first = app.deliveries().await.remove(0);
                let Fate::Ended(done) = app.resolve_until(&first.id, to, &never).await else { panic!("died") };
                last = done.expect_err("nothing to resolve").to_string();
            }
            Expect(holds) => holds(app).await,
            Resend(email, to) => {
                let deliveries = app.deliveries().await;
                let which = deliveries.iter().find(|d| d.email == email && d.key.copy == 0).expect("a delivery");
                let Fate::Ended(done) = app.resend_until(&which.id, to, &never).await else { panic!("died") };
                last = done.map_or_else(|error| error.to_string(), |copy| format!("copy {}", copy.state));
            }
            Unsuppress(address) => app.unsuppress(address).await,
        }
    }
    last
}

/// The process dies at the first call that follows the first message's last byte.
async fn dies_at_last_byte(app: &TestApp) -> String {
    for point in 0.. {
        let twin = app.twin().await;
        let Fate::Died = twin.run_until(&Ask::default(), &Death::at(point, Manner::Dropped)).await else {
            panic!("no message left before it ended")
        };
        if !twin.world.taken().is_empty() {
            let fate = app.run_until(&Ask::default(), &Death::at(point, Manner::Dropped)).await;
            assert!(matches!(fate, Fate::Died));
            return "died".to_owned();
        }
    }
    unreachable!("a run has an end")
}

/// Who has which version of the database's figures of which edition: `ana c1 v1`.
fn inbox(app: &TestApp) -> Vec<String> {
    let mut has: Vec<String> = app
        .world
        .taken()
        .iter()
        .map(|message| {
            let name = message.to.split('@').next().unwrap_or_default();
            format!("{name} {} v{}", message.edition, message.figures()["version"])
        })
        .collect();
    has.sort();
    has
}

/// What happens, how the last process ends (a part of its line), and who has what in the end.
type Case = (&'static str, Vec<Step>, &'static str, &'static [&'static str]);

const ALL: &[&str] = &["ana c1 v1", "bea c2 v1", "ben c2 v1", "cid c3 v1"];

const TWICE: &[&str] =
    &["ana c1 v1", "ana c1 v1", "bea c2 v1", "bea c2 v1", "ben c2 v1", "ben c2 v1", "cid c3 v1", "cid c3 v1"];

async fn hold(cases: Vec<Case>) {
    let mut wrong = Vec::new();
    for (what, steps, ends, has) in cases {
        let mut app = TestApp::new().await;
        let ended = play(&mut app, steps).await;
        if !ended.contains(ends) {
            wrong.push(format!("{what}: ended `{ended}`, not `{ends}`"));
        }
        if inbox(&app) != has {
            wrong.push(format!("{what}: {:?}, not {has:?}", inbox(&app)));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_period_is_sent_once_whatever_was_renamed() {
    let all_before = "completed: 4 before";
    hold(vec![
        ("asked once", vec![deliver()], "completed: 4 accepted", ALL),
        ("asked twice", vec![deliver(), deliver()], all_before, ALL),
        ("a renamed channel", vec![deliver(), Edit(|it| it.channel = "letters"), deliver()], all_before, ALL),
        ("another channel", vec![deliver(), Run(Ask { channel: Some("other"), ..Ask::default() })], all_before, ALL),
        (
            "ids for members",
            vec![
                deliver(),
                Edit(|it| it.members.iter_mut().for_each(|m| m.id = Some(m.key))),
                Edit(unique_ids),
                deliver(),
            ],
            all_before,
            ALL,
        ),
        (
            "another spelling of the domains",
            vec![deliver(), Edit(|it| it.members.iter_mut().for_each(shout)), deliver()],
            all_before,
            ALL,
        ),
        (
            "a template with a parameter that has a default",
            vec![deliver(), Edit(|it| (it.version, it.parameter) = (2, true)), deliver()],
            all_before,
            ALL,
        ),
        (
            "other formats, another subject",
            vec![deliver(), Edit(|it| it.formats = &["note"]), Edit(|it| it.subject.push('!')), deliver()],
            all_before,
            ALL,
        ),
        (
            "made again from the start",
            vec![deliver(), Run(Ask { from: Some(Stage::Extract), ..Ask::default() })],
            all_before,
            ALL,
        ),
        (
            "a renamed report",
            vec![deliver(), Edit(|it| it.report = "monthly-orders"), deliver()],
            "period 2026-10 was sent as report `monthly`, which the project no longer has",
            ALL,
        ),
        (
            "a renamed report, in a later period",
            vec![
                deliver(),
                Edit(|it| it.report = "monthly-orders"),
                World(|app| app.world.set("2026-12-01T01:00:00Z")),
                Run(Ask { period: "2026-11", ..Ask::default() }),
            ],
            "completed: 4 accepted",
            TWICE,
        ),
        (
            "a renamed report, confirmed",
            vec![
                deliver(),
                Edit(|it| it.report = "monthly-orders"),
                Run(Ask { confirmed: true, ..Ask::default() }),
                deliver(),
            ],
            "completed: 4 before",
            TWICE,
        ),
        (
            "a parameter that the request gives is another run",
            vec![
                Edit(|it| it.parameter = true),
                deliver(),
                Run(Ask { top: Some(7), ..Ask::default() }),
                Run(Ask { top: Some(7), ..Ask::default() }),
            ],
            all_before,
            TWICE,
        ),
    ])
    .await;
}

fn unique_ids(it: &mut Definitions) {
    for (member, id) in it.members.iter_mut().zip(["a", "b", "c", "d"]) {
        member.id = Some(id);
    }
}

fn shout(member: &mut Member) {
    let (user, domain) = member.email.split_once('@').expect("an address");
    member.email = format!("{user}@{}", domain.to_uppercase());
}

fn leaves(it: &mut Definitions) {
    it.members.retain(|member| !member.email.starts_with("bea"));
}

#[tokio::test]
async fn data_is_of_the_right_moment() {
    // Whatever is asked for at one of two such instants is fresh at the other.
    let early = |app: &TestApp| app.world.set("2026-10-31T23:40:00Z");
    let v2: &[&str] = &["ana c1 v2", "bea c2 v2", "ben c2 v2", "cid c3 v2"];
    let review = || Run(Ask { until: Stage::Review, ..Ask::default() });
    let to_end = |app: &TestApp| {
        app.world.change_data();
        app.world.set("2026-11-01T00:20:00Z");
    };
    hold(vec![
        ("a plan of before the end", vec![World(early), Plan, World(to_end), deliver()], "4 accepted", v2),
        ("a run of before the end", vec![World(early), review(), World(to_end), deliver()], "4 accepted", v2),
        (
            "a fresh plan of after the end",
            vec![Plan, World(|app| app.world.change_data()), deliver()],
            "4 accepted",
            ALL,
        ),
        (
            "a plan that is not fresh any more",
            vec![
                Plan,
                World(|app| {
                    app.world.change_data();
                    app.world.pass(Duration::from_secs(3600));
                }),
                deliver(),
            ],
            "4 accepted",
            v2,
        ),
        (
            "a source that settles",
            vec![
                Edit(|it| it.settle = "2h"),
                World(|app| app.world.set("2026-11-01T01:40:00Z")),
                Plan,
                World(|app| {
                    app.world.change_data();
                    app.world.set("2026-11-01T02:20:00Z");
                }),
                deliver(),
            ],
            "4 accepted",
            v2,
        ),
        (
            "a source that has not settled",
            vec![Edit(|it| it.settle = "2h"), deliver()],
            "the data of period 2026-10 is complete at 2026-11-01 02:00 UTC",
            &[],
        ),
        ("a period that has not ended", vec![World(early), deliver()], "period 2026-10 has not ended", &[]),
        (
            "the same, confirmed",
            vec![World(early), Run(Ask { confirmed: true, ..Ask::default() })],
            "completed: 4 accepted",
            ALL,
        ),
        (
            "a failed check, then mended data",
            vec![
                World(|app| app.world.source(Source::IsEmpty)),
                deliver(),
                World(|app| app.world.source(Source::Answers)),
                deliver(),
            ],
            "completed: 4 accepted",
            ALL,
        ),
        (
            "a source that was down",
            vec![
                World(|app| app.world.source(Source::IsDown)),
                deliver(),
                World(|app| app.world.source(Source::Answers)),
                deliver(),
            ],
            "completed: 4 accepted",
            ALL,
        ),
        (
            "a source that is down",
            vec![World(|app| app.world.source(Source::IsDown)), deliver()],
            "extract failed",
            &[],
        ),
    ])
    .await;
}

#[tokio::test]
async fn what_has_begun_to_leave_goes_on_as_it_began() {
    let half = || World(|app| app.world.answers(&[Takes, Later, Later, Later]));
    let later = || {
        World(|app| {
            app.world.change_data();
            app.world.pass(Duration::from_secs(90_000));
        })
    };
    hold(vec![
        ("a part was sent", vec![half(), deliver()], "partial: 1 accepted, 3 failed", &["ana c1 v1"]),
        ("the rest, a day later", vec![half(), deliver(), later(), deliver()], "completed: 3 accepted, 1 before", ALL),
        (
            "the rest, after edits",
            vec![
                half(),
                deliver(),
                Edit(|it| (it.formats, it.channel, it.heading) = (&["note"], "letters", "Other".to_owned())),
                Edit(|it| it.after = Some("{days: 30, at: '08:00'}")),
                deliver(),
            ],
            "completed: 3 accepted, 1 before",
            ALL,
        ),
        (
            "one edition, then all",
            vec![half(), deliver(), Run(Ask { editions: vec!["c3".to_owned()], ..Ask::default() })],
            "partial: 1 accepted",
            &["ana c1 v1", "cid c3 v1"],
        ),
        (
            "a refused connection freezes nothing",
            vec![World(|app| app.world.answers(&[Unreached; 3])), deliver(), later(), deliver()],
            "completed: 4 accepted",
            &["ana c1 v2", "bea c2 v2", "ben c2 v2", "cid c3 v2"],
        ),
        (
            "made again although it began",
            vec![half(), deliver(), Run(Ask { from: Some(Stage::Extract), until: Stage::Review, ..Ask::default() })],
            "this run has been delivered, so its extract stage is not run again",
            &["ana c1 v1"],
        ),
        (
            "a template edited under its version before anything left",
            vec![Plan, Edit(|it| it.heading.push('!')), deliver()],
            "completed: 4 accepted",
            ALL,
        ),
        (
            "a template edited under its version after something left",
            vec![deliver(), Edit(|it| it.heading.push('!')), Run(Ask { period: "2026-09", ..Ask::default() })],
            "was changed after its first delivery; give it a new version",
            ALL,
        ),
    ])
    .await;
}

#[tokio::test]
async fn the_ledger_says_what_a_revision_has_come_to() {
    let answers = |answers: fn(&TestApp)| World(answers);
    hold(vec![
        (
            "one does not exist",
            vec![answers(|app| app.world.answers(&[Takes, NoSuchAddress])), deliver()],
            "partial: 3 accepted, 1 failed",
            &["ana c1 v1", "ben c2 v1", "cid c3 v1"],
        ),
        (
            "and is not written to again",
            vec![answers(|app| app.world.answers(&[Takes, NoSuchAddress])), deliver(), deliver()],
            "completed: 3 before, 1 held (held back)",
            &["ana c1 v1", "ben c2 v1", "cid c3 v1"],
        ),
        (
            "until somebody says that it exists",
            vec![
                answers(|app| app.world.answers(&[Takes, NoSuchAddress])),
                deliver(),
                Unsuppress("bea@two.example"),
                deliver(),
            ],
            "completed: 1 accepted, 3 before",
            ALL,
        ),
        (
            "the login is refused",
            vec![answers(|app| app.world.answers(&[LockedOut])), deliver()],
            "failed: 1 failed, 3 waiting",
            &[],
        ),
        (
            "a whole message is refused",
            vec![answers(|app| app.world.answers(&[RefusesWhole])), deliver()],
            "partial: 3 accepted, 1 failed",
            &["bea c2 v1", "ben c2 v1", "cid c3 v1"],
        ),
        (
            "a reply is lost",
            vec![answers(|app| app.world.answers(&[TakesInSilence])), deliver()],
            "partial: 3 accepted, 1 in doubt",
            ALL,
        ),
        (
            "and nobody guesses",
            vec![answers(|app| app.world.answers(&[TakesInSilence])), deliver(), deliver()],
            "partial: 3 before, 1 in doubt",
            ALL,
        ),
        (
            "a channel that sends again what is in doubt, and is in doubt again",
            vec![
                Edit(|it| it.channel_type = "eager"),
                answers(|app| app.world.answers(&[Takes, LosesIt])),
                deliver(),
                answers(|app| app.world.answers(&[LosesIt])),
                deliver(),
            ],
            "partial: 3 before, 1 in doubt",
            &["ana c1 v1", "ben c2 v1", "cid c3 v1"],
        ),
        (
            "a channel that sends again what is in doubt",
            vec![
                Edit(|it| it.channel_type = "eager"),
                answers(|app| app.world.answers(&[Takes, LosesIt])),
                deliver(),
                deliver(),
            ],
            "completed: 1 accepted, 3 before",
            ALL,
        ),
        ("dead at the last byte", vec![DiesAtLastByte, deliver()], "partial: 3 accepted, 1 in doubt", ALL),
        (
            "dead at the last byte, and the recipient left the list",
            vec![DiesAtLastByte, Edit(|it| it.members[0].email = "amy@one.example".to_owned()), deliver()],
            "partial: 4 accepted, 1 in doubt",
            &["amy c1 v1", "ana c1 v1", "bea c2 v1", "ben c2 v1", "cid c3 v1"],
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_person_decides() {
    let doubt = |answer: fn(&TestApp)| vec![World(answer), deliver()];
    let with = |mut steps: Vec<Step>, more: Vec<Step>| {
        steps.extend(more);
        steps
    };
    let silent = || doubt(|app| app.world.answers(&[TakesInSilence]));
    let lost = || doubt(|app| app.world.answers(&[LosesIt]));
    hold(vec![
        ("it arrived", with(silent(), vec![Resolve(Resolution::Accepted), deliver()]), "completed: 4 before", ALL),
        (
            "it did not arrive",
            with(lost(), vec![Resolve(Resolution::SendAgain), deliver()]),
            "completed: 1 accepted, 3 before",
            ALL,
        ),
        (
            "once more",
            vec![deliver(), Resend("ana@one.example", None)],
            "copy accepted",
            &["ana c1 v1", "ana c1 v1", "bea c2 v1", "ben c2 v1", "cid c3 v1"],
        ),
        (
            "once more, and then the period",
            vec![deliver(), Resend("ana@one.example", Some("amy@one.example")), deliver()],
            "completed: 4 before",
            &["amy c1 v1", "ana c1 v1", "bea c2 v1", "ben c2 v1", "cid c3 v1"],
        ),
        (
            "what is not in doubt",
            vec![deliver(), ResolveFirst(Resolution::SendAgain)],
            "is accepted, not in doubt: there is nothing to resolve",
            ALL,
        ),
        (
            "a copy to what is no address",
            vec![deliver(), Resend("ana@one.example", Some("amy at home"))],
            "amy at home cannot be written to",
            ALL,
        ),
        (
            "a copy that one address refuses, and another for another address",
            vec![
                deliver(),
                World(|app| app.world.answers(&[NoSuchAddress])),
                Resend("ana@one.example", Some("ann@one.example")),
                Resend("ana@one.example", Some("amy@one.example")),
                Expect(|app| {
                    Box::pin(async {
                        let copies: Vec<_> = app.deliveries().await.into_iter().filter(|d| d.key.copy > 0).collect();
                        let each: BTreeSet<_> = copies.iter().map(|d| (d.key.copy, d.email.as_str())).collect();
                        assert_eq!(each, [(1, "ann@one.example"), (2, "amy@one.example")].into());
                    })
                }),
            ],
            "copy accepted",
            &["amy c1 v1", "ana c1 v1", "bea c2 v1", "ben c2 v1", "cid c3 v1"],
        ),
        (
            "a copy of what never left",
            vec![World(|app| app.world.answers(&[LockedOut])), deliver(), Resend("ana@one.example", None)],
            "was never sent, so there is nothing to send again; `run --deliver` sends it",
            &[],
        ),
        (
            "a copy in place of what was refused whole",
            vec![
                World(|app| app.world.answers(&[RefusesWhole])),
                deliver(),
                Resend("ana@one.example", None),
                deliver(),
            ],
            "completed: 4 before",
            ALL,
        ),
    ])
    .await;
}

#[tokio::test]
async fn nothing_sent_is_never_good_news() {
    let late = || Edit(|it| it.after = Some("{days: 2, at: '08:00'}"));
    hold(vec![
        ("its time has not come", vec![late(), deliver()], "(held back)", &[]),
        (
            "its time has come",
            vec![late(), deliver(), World(|app| app.world.set("2026-11-03T08:00:00Z")), deliver()],
            "completed: 4 accepted",
            ALL,
        ),
        ("now, all the same", vec![late(), Run(Ask { now: true, ..Ask::default() })], "completed: 4 accepted", ALL),
        (
            "now is for what was asked for",
            vec![late(), Run(Ask { now: true, editions: vec!["c3".to_owned()], ..Ask::default() }), deliver()],
            "(held back)",
            &["cid c3 v1"],
        ),
        (
            "editions without the rows that they must have",
            vec![Edit(|it| it.only_if = Some(2)), deliver()],
            "completed: 4 held (held back)",
            &[],
        ),
        ("a list of nobody", vec![Edit(|it| it.members = Vec::new()), deliver()], "completed:  (held back)", &[]),
        (
            "somebody left the list in between",
            vec![World(|app| app.world.answers(&[Takes, Later])), deliver(), Edit(leaves), deliver()],
            "completed: 3 before, 1 gone (held back)",
            &["ana c1 v1", "ben c2 v1", "cid c3 v1"],
        ),
        (
            "no such edition",
            vec![Run(Ask { editions: vec!["c9".to_owned()], ..Ask::default() })],
            "no edition `c9`",
            &[],
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_run_says_when_a_source_is_asked_again() {
    let app = TestApp::new().await;
    app.world.set("2026-10-31T22:00:00Z");
    app.run(&Ask { until: Stage::Review, ..Ask::default() }).await.expect("a run");
    app.world.set("2026-11-01T01:00:00Z");
    app.run(&Ask::default()).await.expect("a delivery");
    let again: BTreeSet<String> = app
        .world
        .told()
        .into_iter()
        .filter_map(|event| match event {
            Event::AskedAgain { dataset, why } => Some(format!("{dataset}: {why}")),
            _ => None,
        })
        .collect();
    let why = "its snapshot is of 2026-10-31 22:00:00Z, before the period's data was complete at 2026-11-01 00:00:00Z";
    assert_eq!(again, [format!("clients: {why}"), format!("orders: {why}")].into());
    assert_eq!(app.world.questions(), 4, "two datasets, twice");
}

#[tokio::test]
async fn a_period_that_moves_with_the_reports_zone_ends_when_it_ends_there() {
    let mut app = TestApp::new().await;
    app.run(&Ask { until: Stage::Review, ..Ask::default() }).await.expect("a run");
    app.definitions.timezone = "Pacific/Honolulu";
    let refused = app.run(&Ask::default()).await.expect_err("October is not over there");
    assert!(refused.to_string().contains("period 2026-10 has not ended"), "{refused}");
    app.world.set("2026-11-01T10:00:00Z");
    app.run(&Ask::default()).await.expect("a delivery");
    assert_eq!(inbox(&app), ALL);
}

#[tokio::test]
async fn damaged_files_of_what_began_to_leave_are_made_again_as_they_were() {
    let app = TestApp::new().await;
    app.world.answers(&[Takes, Later, Later, Later]);
    let first = app.run(&Ask::default()).await.expect("a part");
    app.world.change_data();
    app.damage(".txt").await;
    let refused = app.run(&Ask::default()).await.expect_err("damaged");
    assert!(refused.to_string().contains("run again with `--from` the stage that made it"), "{refused}");
    let again = app.run(&Ask { from: Some(Stage::Generate), ..Ask::default() }).await.expect("the rest");
    assert_eq!(again.run.id, first.run.id);
    assert!(
        again.warnings.iter().any(|words| words.contains("3 damaged files were made again")),
        "{:?}",
        again.warnings
    );
    assert_eq!(inbox(&app), ALL);
}

#[tokio::test]
async fn a_ledger_that_was_lost_with_its_mark_sends_nothing_after_a_plan_either() {
    let mut app = TestApp::new().await;
    assert_eq!(app.run(&Ask::default()).await.expect("a delivery").run.key.report, REPORT);
    app.lose_the_ledger().await;
    for _ in 0..2 {
        let plan = play(&mut app, vec![Plan]).await;
        assert!(plan.contains("what was sent is not known"), "{plan}");
        let refused = app.run(&Ask::default()).await.expect_err("refused");
        assert!(matches!(refused, EngineError::Estranged(_)), "{refused}");
    }
    assert_eq!(inbox(&app), ALL);
}

#[tokio::test]
async fn an_attempt_whose_process_is_alive_is_not_settled_by_another() {
    let app = TestApp::new().await;
    let fate = app.run_until(&Ask::default(), &Death::at(before_last_byte(&app).await, Manner::Dropped)).await;
    assert!(matches!(fate, Fate::Died));
    let deliveries = app.deliveries().await;
    let sending = deliveries.iter().find(|d| d.state == DeliveryState::Sending).expect("one under way");
    app.reach(&sending.id, sending.attempts, "final_sent").await;
    let judged = app.settle(&sending.id, sending.attempts, sending.phase.as_deref()).await;
    let refused = judged.expect_err("it went on since it was looked at");
    assert!(refused.to_string().contains("at phase final_sent, not at phase body_started"), "{refused}");
}

/// The point after which the first message's `body_started` is on record and nothing more.
async fn before_last_byte(app: &TestApp) -> u64 {
    for point in 0.. {
        let twin = app.twin().await;
        let _ = twin.run_until(&Ask::default(), &Death::at(point, Manner::Dropped)).await;
        let started = |d: &punctual_store::records::Delivery| d.phase.as_deref() == Some("body_started");
        if twin.deliveries().await.iter().any(started) {
            return point;
        }
    }
    unreachable!("a run has an end")
}
