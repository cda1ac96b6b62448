//! A process is killed by the system at every point of a delivery, before and after each call of the store, with
//! nothing but what is on disk left behind. The next process settles what the dead one left and goes on: nobody gets a
//! second copy, and what nobody can know is in doubt and nothing else.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use punctual_engine::Resolution;
use punctual_model::state::{DeliveryState, Stage};
use punctual_store::sql::SqlStore;
use tempfile::TempDir;

use crate::app::{AFTER, Ask, Death, Definitions, Fate, Manner, TestApp, World, engine, request};

/// Tells the test's own program that it is the process that is to be killed: the point and the folder.
const ORDERS: &str = "PUNCTUAL_TEST_KILLED_AT";

#[expect(clippy::disallowed_methods, reason = "this is how a test's program knows that it is to be killed")]
fn orders() -> Option<String> {
    env::var(ORDERS).ok()
}

/// What the process is asked for.
fn ask(work: &str) -> Ask {
    let until = if work == "run" { Stage::Review } else { Stage::Deliver };
    Ask { until, ..Ask::default() }
}

/// The process that is killed: it says how many points it passed, if it comes to an end.
async fn be_killed(orders: &str) {
    let mut words = orders.splitn(3, ' ');
    let mut word = || words.next().expect("three orders");
    let (work, point, root) = (word().to_owned(), word().parse().expect("a point"), PathBuf::from(word()));
    let world = World::around(&root, AFTER.parse().expect("an instant"));
    let store = Arc::new(SqlStore::sqlite(&root.join("state.sqlite")).await.expect("a ledger"));
    let death = Death::at(Some(point), Manner::Killed);
    let project = Definitions::default().project();
    let engine = engine(&root, &world, &store, &death).await.expect("an engine");
    let ask = ask(&work);
    let request = request(&project, &ask);
    match work.as_str() {
        "plan" => drop(engine.plan(&request).await.expect("a plan")),
        _ => drop(engine.run(&request).await.expect("a run")),
    }
    fs::write(root.join("passed"), death.passed().to_string()).expect("a file");
}

/// Has a process killed at a point; whether it came to its end first, and how many points it passed then.
fn kill(test: &str, work: &str, point: u64, root: &Path) -> Option<u64> {
    let passed = root.join("passed");
    let _ = fs::remove_file(&passed);
    let mut program = Command::new(env::current_exe().expect("this program"));
    let ended = program
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(ORDERS, format!("{work} {point} {}", root.display()))
        .output()
        .expect("it starts");
    let words = String::from_utf8_lossy(&ended.stderr);
    assert!(!words.contains("panicked"), "point {point}: {words}");
    assert_eq!(passed.exists(), ended.status.success(), "point {point}: {:?}: {words}", ended.status);
    fs::read_to_string(&passed).ok().map(|text| text.parse().expect("a number"))
}

/// What must hold after a kill, whatever the point was.
async fn comes_right(point: u64, folder: TempDir) -> bool {
    let app = TestApp::at(folder).await;
    let left = app.world.taken().len();
    let delivery = match app.run_until(&Ask::default(), &Death::never()).await {
        Fate::Ended(Ok(outcome)) => outcome.delivery.expect("it was asked for"),
        other => panic!("point {point}: {other:?}"),
    };
    let deliveries = app.deliveries().await;
    let doubt: Vec<_> = deliveries.iter().filter(|d| d.state == DeliveryState::InDoubt).collect();
    assert!(doubt.len() <= 1, "point {point}: one message is under way at a time: {doubt:?}");
    assert_eq!(delivery.in_doubt, doubt.len() as u64, "point {point}");
    for delivery in &doubt {
        let there = app.world.taken().iter().any(|taken| taken.delivery == delivery.id);
        let to = if there { Resolution::Accepted } else { Resolution::SendAgain };
        let fate = app.resolve_until(&delivery.id, to, &Death::never()).await;
        assert!(matches!(fate, Fate::Ended(Ok(_))), "point {point}: {fate:?}");
    }
    app.run(&Ask::default()).await.unwrap_or_else(|error| panic!("point {point}: {error}"));
    let mut has: Vec<String> = app.world.taken().into_iter().map(|taken| taken.to).collect();
    has.sort();
    let all = ["ana@one.example", "bea@two.example", "ben@two.example", "cid@three.example"];
    assert_eq!(has, all, "point {point}, of which {left} had left before the kill");
    !doubt.is_empty()
}

/// Kills at each of every `of` points from `first` on until the work comes to its end. Returns how many kills there
/// were, and after how many of them something was in doubt.
async fn walk(test: &str, work: &str, (first, of): (u64, u64)) -> (u64, u64) {
    let (mut kills, mut doubts) = (0, 0);
    for point in (first..).step_by(usize::try_from(of).expect("small")) {
        let folder = TempDir::new().expect("a folder");
        let came_to_its_end = kill(test, work, point, folder.path()).is_some();
        doubts += u64::from(comes_right(point, folder).await);
        if came_to_its_end {
            return (kills, doubts);
        }
        kills += 1;
    }
    unreachable!("the work has an end")
}

/// A test that is also the program that it has killed.
macro_rules! killed {
    ($($(#[$doc:meta])* $name:ident($test:ident) $body:block)*) => {
        $($(#[$doc])*
        #[tokio::test]
        async fn $name() {
            if let Some(orders) = orders() {
                return be_killed(&orders).await;
            }
            let $test = concat!("kills::", stringify!($name));
            $body
        })*
    };
}

killed! {
    killed_at_every_even_point_of_a_delivery(test) {
        let (kills, doubts) = walk(test, "deliver", (0, 2)).await;
        assert!(kills >= 50 && doubts >= 4, "{kills} kills, {doubts} in doubt");
    }
    killed_at_every_odd_point_of_a_delivery(test) {
        let (kills, doubts) = walk(test, "deliver", (1, 2)).await;
        assert!(kills >= 50 && doubts >= 4, "{kills} kills, {doubts} in doubt");
    }
    killed_at_every_point_of_a_plan(test) {
        let (kills, doubts) = walk(test, "plan", (0, 1)).await;
        assert!(kills >= 30 && doubts == 0, "{kills} kills, {doubts} in doubt");
    }
    killed_twice_in_one_period(test) {
        // A second process dies at the points around those at which it settles what the first one left.
        let mut doubts = 0;
        for (first, second) in (70..110).step_by(5).flat_map(|first| [(first, 6), (first, 14), (first, 22), (first, 30)]) {
            let folder = TempDir::new().expect("a folder");
            kill(test, "deliver", first, folder.path());
            kill(test, "deliver", second, folder.path());
            doubts += u64::from(comes_right(first * 1000 + second, folder).await);
        }
        assert!(doubts > 0, "a kill between last byte and reply leaves doubt");
    }
}
