//! Random histories of an installation: edits, renames, plans, deaths, changed data, refusals and runs again, in any
//! order. Whatever happens, no address gets a period's edition twice, no figure is of before the period's end, nobody
//! gets an edition that the list does not give them, the ledger says what the other side knows, and the installation
//! can always go on.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::Timestamp;
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use punctual_engine::{EngineError, Resolution};
use punctual_model::{
    address::canonical,
    state::{DeliveryState, Stage},
};
use punctual_store::StoreError;

use crate::app::{Answer, Ask, Death, Fate, Manner, Member, PERIOD, Source, Taken, TestApp, end_of};

/// Something that happens to an installation.
#[derive(Debug, Clone)]
enum Happening {
    /// A process is asked for a run, and may die at a point.
    Run(Ask, Option<u64>),
    /// Two processes are asked for it at once.
    Twice(Ask),
    /// A process is asked for a plan.
    Plan(Ask, Option<u64>),
    /// A person settles what is in doubt as the other side knows it.
    Resolve(Option<u64>),
    /// A person has something sent once more.
    Resend(usize, Option<u64>),
    /// Somebody edits the project.
    Edit(Edit),
    /// The database holds other figures.
    DataChange,
    /// The database answers in another way.
    Source(Source),
    /// The other side answers the next messages like this.
    Answers(Vec<Answer>),
    /// Time passes.
    Pass(Duration),
}

/// An edit of the project.
#[derive(Debug, Clone, Copy)]
enum Edit {
    RenameChannel,
    TemplateWithNewVersion,
    TemplateWithoutNewVersion,
    ParameterWithDefault,
    Formats,
    Subject,
    Ids,
    Spelling,
    Leaves(usize),
    Comes(usize),
    Moves(usize),
    After,
    OnlyIf,
    FreshFor,
}

fn happening() -> impl Strategy<Value = Happening> {
    let minutes = |n: u64| Duration::from_secs(n * 60);
    let pass = [1, 20, 40, 70, 300, 1500, 4500].map(minutes).to_vec();
    prop_oneof![
        10 => (ask(), death()).prop_map(|(ask, death)| Happening::Run(ask, death)),
        1 => ask().prop_map(Happening::Twice),
        2 => (ask(), death()).prop_map(|(ask, death)| Happening::Plan(ask, death)),
        2 => death().prop_map(Happening::Resolve),
        1 => (0_usize..8, death()).prop_map(|(which, death)| Happening::Resend(which, death)),
        6 => edit().prop_map(Happening::Edit),
        2 => Just(Happening::DataChange),
        2 => prop_oneof![
            4 => Just(Source::Answers),
            1 => Just(Source::IsDown),
            1 => Just(Source::Refuses),
            2 => Just(Source::IsEmpty),
        ]
        .prop_map(Happening::Source),
        3 => proptest::collection::vec(answer(), 1..5).prop_map(Happening::Answers),
        4 => proptest::sample::select(pass).prop_map(Happening::Pass),
    ]
}

fn ask() -> impl Strategy<Value = Ask> {
    let until = prop_oneof![6 => Just(Stage::Deliver), 1 => Just(Stage::Review), 1 => Just(Stage::Extract)];
    let from = prop_oneof![
        8 => Just(None),
        1 => Just(Some(Stage::Extract)),
        1 => Just(Some(Stage::Transform)),
        1 => Just(Some(Stage::Generate)),
    ];
    let editions = prop_oneof![4 => Just(Vec::new()), 1 => Just(vec!["c2".to_owned()])];
    let period = prop_oneof![8 => Just(PERIOD), 1 => Just("2026-09")];
    let channel = prop_oneof![6 => Just(None), 1 => Just(Some("other"))];
    let top = prop_oneof![8 => Just(None), 1 => Just(Some(5)), 1 => Just(Some(7))];
    let flags = (prop::bool::weighted(0.1), prop::bool::weighted(0.3));
    (until, from, editions, period, channel, top, flags).prop_map(
        |(until, from, editions, period, channel, top, (confirmed, now))| Ask {
            period,
            until,
            from: from.filter(|from| *from <= until),
            editions,
            confirmed,
            now,
            channel,
            top,
        },
    )
}

/// A point that most processes reach, or none.
fn death() -> impl Strategy<Value = Option<u64>> {
    prop_oneof![3 => Just(None), 1 => (0_u64..40).prop_map(Some), 1 => (20_u64..120).prop_map(Some)]
}

fn edit() -> impl Strategy<Value = Edit> {
    let fixed = [
        Edit::RenameChannel,
        Edit::TemplateWithNewVersion,
        Edit::TemplateWithoutNewVersion,
        Edit::ParameterWithDefault,
        Edit::Formats,
        Edit::Subject,
        Edit::Ids,
        Edit::Spelling,
        Edit::After,
        Edit::OnlyIf,
        Edit::FreshFor,
    ];
    prop_oneof![
        11 => proptest::sample::select(fixed.to_vec()),
        1 => (0_usize..4).prop_map(Edit::Leaves),
        1 => (0_usize..4).prop_map(Edit::Comes),
        1 => (0_usize..4).prop_map(Edit::Moves),
    ]
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        3 => Just(Answer::Takes),
        1 => Just(Answer::Unreached),
        1 => Just(Answer::Later),
        1 => Just(Answer::NoSuchAddress),
        1 => Just(Answer::LockedOut),
        1 => Just(Answer::RefusesWhole),
        1 => Just(Answer::TakesInSilence),
        1 => Just(Answer::LosesIt),
    ]
}

/// An installation with what is known of its past.
struct History {
    app: TestApp,
    /// Messages that were looked at.
    seen: usize,
    /// First copies that an address has of a run's edition.
    copies: BTreeMap<(String, String, String), u32>,
    /// When runs froze, by id.
    frozen: BTreeMap<String, Timestamp>,
    /// Runs that froze when a person had them sent although their data was not complete.
    confirmed: BTreeSet<String>,
    /// What the first message of a run said, by run.
    said: BTreeMap<String, Taken>,
}

/// What is going on, as far as it changes what may leave.
#[derive(Clone, Copy, Default)]
struct Doing {
    confirmed: bool,
    resends: bool,
}

impl History {
    async fn new() -> Self {
        let app = TestApp::new().await;
        // Half an hour before the period ends.
        app.world.set("2026-10-31T23:30:00Z");
        let (frozen, confirmed) = (BTreeMap::new(), BTreeSet::new());
        Self { app, seen: 0, copies: BTreeMap::new(), frozen, confirmed, said: BTreeMap::new() }
    }

    async fn happens(&mut self, happening: &Happening) {
        let dying = |point: &Option<u64>| Death::at(*point, Manner::Dropped);
        let mut doing = Doing::default();
        match happening {
            Happening::Run(ask, point) => {
                doing.confirmed = ask.confirmed;
                is_told(self.app.run_until(&self.possible(ask), &dying(point)).await);
            }
            Happening::Twice(ask) => {
                doing.confirmed = ask.confirmed;
                let (ask, never) = (self.possible(ask), Death::never());
                let both = futures::join!(self.app.run_until(&ask, &never), self.app.run_until(&ask, &never));
                for fate in [both.0, both.1] {
                    if !matches!(fate, Fate::Ended(Err(EngineError::Busy { .. }))) {
                        is_told(fate);
                    }
                }
            }
            Happening::Plan(ask, point) => {
                let ask = Ask { until: Stage::Deliver, ..self.possible(ask) };
                is_told(self.app.plan_until(&ask, &dying(point)).await);
            }
            Happening::Resolve(point) => self.resolve(&dying(point)).await,
            Happening::Resend(which, point) => {
                doing.resends = true;
                let deliveries = self.app.deliveries().await;
                if let Some(delivery) = deliveries.get(which % deliveries.len().max(1)) {
                    is_told(self.app.resend_until(&delivery.id, None, &dying(point)).await);
                }
            }
            Happening::Edit(edit) => self.edit(*edit),
            Happening::DataChange => self.app.world.change_data(),
            Happening::Source(source) => self.app.world.source(*source),
            Happening::Answers(answers) => self.app.world.answers(answers),
            Happening::Pass(length) => self.app.world.pass(*length),
        }
        self.look(doing).await;
    }

    /// A parameter can be given only while the template has it.
    fn possible(&self, ask: &Ask) -> Ask {
        Ask { top: ask.top.filter(|_| self.app.definitions.parameter), ..ask.clone() }
    }

    /// Settles what is in doubt by what the other side has.
    async fn resolve(&self, death: &std::sync::Arc<Death>) {
        for delivery in self.app.deliveries().await {
            if delivery.state != DeliveryState::InDoubt {
                continue;
            }
            let there = self.app.world.taken().iter().any(|taken| taken.delivery == delivery.id);
            let to = if there { Resolution::Accepted } else { Resolution::SendAgain };
            match self.app.resolve_until(&delivery.id, to, death).await {
                Fate::Died => return,
                fate => is_told(fate),
            }
        }
    }

    fn edit(&mut self, edit: Edit) {
        let it = &mut self.app.definitions;
        match edit {
            Edit::RenameChannel => it.channel = if it.channel == "post" { "letters" } else { "post" },
            Edit::TemplateWithNewVersion => {
                it.version += 1;
                it.heading = format!("Orders{}", it.version);
            }
            Edit::TemplateWithoutNewVersion => it.heading.push('x'),
            Edit::ParameterWithDefault => {
                it.version += 1;
                it.parameter = !it.parameter;
            }
            Edit::Formats => it.formats = if it.formats.len() == 1 { &["note", "txt"] } else { &["txt"] },
            Edit::Subject => it.subject.push('!'),
            Edit::Ids => {
                for (member, id) in it.members.iter_mut().zip(["m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8"]) {
                    member.id = if member.id.is_none() { Some(id) } else { None };
                }
            }
            Edit::Spelling => {
                for member in &mut it.members {
                    let (user, domain) = member.email.split_once('@').expect("an address");
                    let upper = domain.chars().any(char::is_uppercase);
                    let domain = if upper { domain.to_lowercase() } else { domain.to_uppercase() };
                    member.email = format!("{user}@{domain}");
                }
            }
            Edit::Leaves(which) => {
                // Each edition keeps a recipient: without one the guards refuse, and nothing more is seen.
                let of_key = |key: &str| it.members.iter().filter(|m| m.key == key).count();
                if it.members.get(which).is_some_and(|member| of_key(member.key) > 1) {
                    it.members.remove(which);
                }
            }
            Edit::Comes(which) => {
                let (key, name) = [("c1", "dan"), ("c2", "eve"), ("c3", "fay"), ("c1", "gus")][which];
                let email = format!("{name}@new.example");
                if !it.members.iter().any(|m| canonical(&m.email) == canonical(&email)) {
                    it.members.push(Member { key, id: None, email });
                }
            }
            Edit::Moves(which) => {
                let of_key = |key: &str| it.members.iter().filter(|m| m.key == key).count();
                if it.members.get(which).is_some_and(|member| of_key(member.key) > 1) {
                    let member = &mut it.members[which];
                    member.key = match member.key {
                        "c1" => "c2",
                        "c2" => "c3",
                        _ => "c1",
                    };
                }
            }
            Edit::After => {
                it.after = if it.after.is_none() { Some("{days: 2, at: '08:00'}") } else { None };
            }
            Edit::OnlyIf => {
                it.only_if = match it.only_if {
                    None => Some(1),
                    Some(1) => Some(2),
                    Some(_) => None,
                }
            }
            Edit::FreshFor => it.fresh_for = if it.fresh_for == "1h" { "10m" } else { "1h" },
        }
    }

    /// Looks at what left since the last look, and at what the ledger says.
    async fn look(&mut self, doing: Doing) {
        let taken = self.app.world.taken();
        let frozen = self.app.frozen().await;
        if doing.confirmed {
            // What a person had sent early goes on as it is.
            let now = frozen.keys().filter(|run| !self.frozen.contains_key(*run));
            self.confirmed.extend(now.cloned());
        }
        self.frozen = frozen;
        for message in &taken[self.seen..] {
            self.look_at(message, doing);
        }
        self.seen = taken.len();
        for delivery in self.app.deliveries().await {
            let there = taken.iter().any(|message| message.delivery == delivery.id);
            let may_be = |state: DeliveryState| match there {
                true => state.was_taken() || matches!(state, DeliveryState::InDoubt | DeliveryState::Sending),
                false => !state.was_taken(),
            };
            assert!(may_be(delivery.state), "the other side has it: {there}; the ledger says {delivery:?}");
        }
    }

    fn look_at(&mut self, message: &Taken, doing: Doing) {
        let address = canonical(&message.to);
        let (run, edition) = (message.run.clone(), message.edition.clone());
        if !doing.resends {
            let copies = self.copies.entry((address.clone(), run.clone(), edition.clone())).or_default();
            *copies += 1;
            assert_eq!(*copies, 1, "a second copy: {message:?}");
            let meant = |m: &Member| m.key == edition && canonical(&m.email) == address;
            assert!(self.app.definitions.members.iter().any(meant), "the list does not say so: {message:?}");
        }
        let of_period = message.files.keys().next().expect("a file").split('-').skip(1).take(2);
        let period = of_period.collect::<Vec<_>>().join("-");
        let early = message.asked() < end_of(&period);
        assert!(!early || self.confirmed.contains(&run), "figures of before the period's end: {message:?}");
        assert_eq!(message.figures()["client"], edition, "another client's figures: {message:?}");
        let age = self.frozen[&run].duration_since(message.asked());
        // Waits of the run itself may lie between.
        assert!(age.as_secs() < 3600 + 300, "stale figures: {message:?}");
        let first = self.said.entry(run).or_insert_with(|| message.clone());
        assert_eq!(message.figures()["version"], first.figures()["version"], "other figures than {first:?}");
        assert_eq!(message.asked(), first.asked(), "other data than {first:?}");
        assert_eq!(message.subject, first.subject, "another subject than {first:?}");
        let endings = |taken: &Taken| -> Vec<String> {
            taken.files.keys().filter_map(|name| Some(name.rsplit_once('.')?.1.to_owned())).collect()
        };
        assert_eq!(endings(message), endings(first), "other files than {first:?}");
    }

    /// Once everything works again and its faults are mended, everybody has what they are to have.
    async fn comes_right(mut self) {
        self.app.world.source(Source::Answers);
        self.app.world.answers(&[]);
        self.app.world.set("2027-01-15T00:00:00Z");
        let it = &mut self.app.definitions;
        it.version += 1;
        (it.after, it.only_if) = (None, None);
        for _ in 0..2 {
            self.resolve(&Death::never()).await;
            for suppression in self.app.suppressions().await {
                self.app.unsuppress(&suppression).await;
            }
            let outcome = self.app.run(&Ask { now: true, ..Ask::default() }).await.expect("it goes on");
            assert!(outcome.delivery.is_some());
            self.look(Doing::default()).await;
        }
        let states = self.app.deliveries().await;
        let run = self.app.run(&Ask::default()).await.expect("it goes on").run.id;
        let taken = self.app.world.taken();
        for Member { key, email, .. } in &self.app.definitions.members {
            let is_theirs = |m: &Taken| canonical(&m.to) == canonical(email) && m.run == run && m.edition == *key;
            assert!(taken.iter().any(is_theirs), "{email} has no copy of {key}: {states:#?}");
        }
    }
}

/// Nothing that a process says is about its own making.
fn is_told<T: std::fmt::Debug>(fate: Fate<T>) {
    let Fate::Ended(Err(error)) = fate else { return };
    let ours = matches!(
        error,
        EngineError::Busy { .. }
            | EngineError::Store(StoreError::Conflict { .. } | StoreError::Corrupt(_) | StoreError::Database { .. })
            | EngineError::Unreadable { .. }
            | EngineError::Damaged { .. }
            | EngineError::Definition { .. }
            | EngineError::Estranged(_)
    );
    assert!(!ours, "{error:?}: {error}");
}

async fn live(happenings: &[Happening]) {
    let mut history = History::new().await;
    for happening in happenings {
        history.happens(happening).await;
    }
    history.comes_right().await;
}

/// So many histories a test lives through; `PUNCTUAL_SEED` leads to others.
const HISTORIES: u32 = 250;

#[expect(clippy::disallowed_methods, reason = "whoever looks for faults chooses other histories")]
fn seed() -> u8 {
    std::env::var("PUNCTUAL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_default()
}

fn histories(number: u8) {
    let seed = seed();
    let mut bytes = [seed; 32];
    bytes[0] = number;
    let config = Config { cases: HISTORIES, max_shrink_iters: 400, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let lived = runner.run(&proptest::collection::vec(happening(), 4..16), |happenings| {
        runtime.block_on(live(&happenings));
        Ok(())
    });
    if let Err(fault) = lived {
        panic!("{fault}");
    }
}

macro_rules! histories {
    ($($name:ident: $number:literal),*) => {
        $(#[test]
        fn $name() {
            histories($number);
        })*
    };
}

histories! {
    once_and_right_in_histories_1_to_250: 1,
    once_and_right_in_histories_251_to_500: 2,
    once_and_right_in_histories_501_to_750: 3,
    once_and_right_in_histories_751_to_1000: 4,
    once_and_right_in_histories_1001_to_1250: 5,
    once_and_right_in_histories_1251_to_1500: 6,
    once_and_right_in_histories_1501_to_1750: 7,
    once_and_right_in_histories_1751_to_2000: 8
}
