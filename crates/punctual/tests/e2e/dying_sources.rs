//! A database whose connection dies in the midst of its rows. What came in from the others is kept, the
//! rows that came before the end are not, and with waits allowed the run gets over it by itself.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use punctual_sample::{Agency, DEFAULT_SEED, load, write};

use crate::{
    figures::assert_folder_is_true,
    project::{PERIOD, Project, REPORT},
    servers::{postgres_database, secret, sources, variable},
};

/// So much of the server's answers comes through before the connection is cut: its greeting and types,
/// and a part of the rows.
const LET_THROUGH: usize = 40_000;

/// Stands between the product and a server, and cuts connections that carry much while cuts are left.
struct Cutter {
    port: u16,
    cuts: Arc<AtomicUsize>,
    made: Arc<AtomicUsize>,
}

impl Cutter {
    fn before(server: &str, cuts: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let (cuts, made) = (Arc::new(AtomicUsize::new(cuts)), Arc::new(AtomicUsize::new(0)));
        let (left, done, server) = (Arc::clone(&cuts), Arc::clone(&made), server.to_owned());
        thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), Ok(to)) = (client, TcpStream::connect(&server)) else { return };
                let (asks, up) = (client.try_clone().expect("a handle"), to.try_clone().expect("a handle"));
                thread::spawn(move || carry(asks, up, None));
                let (left, done) = (Arc::clone(&left), Arc::clone(&done));
                thread::spawn(move || carry(to, client, Some((&left, &done))));
            }
        });
        Self { port, cuts, made }
    }
}

/// Copies bytes until one side ends, or until enough came through and a cut is due.
fn carry(mut from: TcpStream, mut to: TcpStream, cuts: Option<(&AtomicUsize, &AtomicUsize)>) {
    let mut buffer = [0; 4096];
    let mut carried = 0;
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        carried += read;
        let take = |left: usize| left.checked_sub(1);
        if let Some((left, made)) = cuts.filter(|_| carried > LET_THROUGH)
            && left.try_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok()
        {
            made.fetch_add(1, Ordering::SeqCst);
            break;
        }
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

/// The example with traffic in a PostgreSQL database that is reached through a cutter; the rest in files.
async fn project(database: &str, cuts: usize) -> (Project, Cutter, Agency) {
    let agency = Agency::new(DEFAULT_SEED, 1.0).expect("a size in range");
    let url = postgres_database(database).await;
    load::postgres(&agency, &url).await.expect("traffic");
    let server = url.rsplit_once('@').and_then(|(_, rest)| rest.split_once('/')).expect("a URL with a host").0;
    let cutter = Cutter::before(server, cuts);
    let project = Project::example();
    write::files(&agency, &project.path("data")).await.expect("the example's data");
    let through = url.replace(server, &format!("127.0.0.1:{}", cutter.port));
    project.write(
        "sources.yaml",
        &sources(&secret(&project, "traffic.url", &through), "type: sqlite\npath: data/ads.sqlite"),
    );
    (project, cutter, agency)
}

#[tokio::test]
async fn a_connection_that_dies_in_the_midst_of_rows_is_made_again() {
    let (project, cutter, agency) = project("e2e_dying_retry", 2).await;
    project.write("punctual.yaml", &(settings() + "retry: {first_wait: 10ms, longest_wait: 10ms}\n"));
    let answer = project.punctual(&["run", REPORT, "--period", PERIOD]);
    assert_eq!(answer.code, 0, "{}", answer.words());
    assert_eq!(cutter.made.load(Ordering::SeqCst), 2, "the test cuts twice");
    assert_eq!(cutter.cuts.load(Ordering::SeqCst), 0);
    assert_folder_is_true(&project.artifacts("json"), &agency);
}

#[tokio::test]
async fn without_waits_the_run_stops_at_extract_and_the_next_asks_only_the_failed_source() {
    let (project, cutter, agency) = project("e2e_dying_stop", usize::MAX).await;
    let answer = project.punctual(&["run", REPORT, "--period", PERIOD, "--retry-for", "0s"]);
    assert_eq!(answer.code, 3, "{}", answer.words());
    assert!(answer.err.contains("extract failed") && answer.err.contains("`warehouse`"), "{}", answer.words());
    assert!(cutter.made.load(Ordering::SeqCst) > 0);
    assert_eq!(project.punctual(&["runs", "--json"]).json()["runs"][0]["revision"]["state"], "failed");

    // The other sources are gone: whoever asked them again would fail.
    for file in ["ads.sqlite", "tickets.sqlite", "clients.csv"] {
        std::fs::remove_file(project.path("data").join(file)).expect("it was there");
    }
    cutter.cuts.store(0, Ordering::SeqCst);
    let answer = project.punctual(&["run", REPORT, "--period", PERIOD, "--retry-for", "0s"]);
    assert_eq!(answer.code, 0, "{}", answer.words());
    assert_folder_is_true(&project.artifacts("json"), &agency);
}

#[tokio::test]
async fn a_wrong_password_and_a_missing_table_are_told_in_the_servers_words() {
    let (project, _cutter, _) = project("e2e_dying_words", 0).await;
    let url = variable("PUNCTUAL_TEST_PG_PASSWORD_URL");
    let (user, rest) = url.split_once("//").and_then(|(_, rest)| rest.split_once(':')).expect("user and password");
    let wrong = format!("postgres://{user}:wrong@{}", rest.split_once('@').expect("a host").1);
    let run = || project.punctual(&["run", REPORT, "--period", PERIOD, "--retry-for", "0s"]);

    project.write(
        "sources.yaml",
        &sources(&secret(&project, "traffic.url", &wrong), "type: sqlite\npath: data/ads.sqlite"),
    );
    let answer = run();
    assert_eq!(answer.code, 3, "{}", answer.words());
    assert!(
        answer.err.contains("`warehouse`") && answer.err.contains("password authentication failed"),
        "{}",
        answer.err
    );
    assert!(!answer.err.contains(":wrong@"), "the password is not shown");

    let empty = postgres_database("e2e_dying_empty").await;
    project.write(
        "sources.yaml",
        &sources(&secret(&project, "traffic.url", &empty), "type: sqlite\npath: data/ads.sqlite"),
    );
    let answer = run();
    assert_eq!(answer.code, 3, "{}", answer.words());
    assert!(answer.err.contains("`warehouse`") && answer.err.contains("\"traffic\" does not exist"), "{}", answer.err);
}

/// A missing file does not come by itself, and with it the run has failed: nobody waits half an hour for the server.
#[tokio::test]
async fn nobody_waits_for_a_server_once_another_source_has_failed_for_good() {
    let (project, _cutter, _) = project("e2e_dying_hopeless", 0).await;
    let nobody = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
    let gone = format!("postgres://u@127.0.0.1:{nobody}/x");
    project.write("sources.yaml", &sources(&gone, "type: sqlite\npath: data/ads.sqlite"));
    std::fs::remove_file(project.path("data/clients.csv")).expect("it was there");
    let answer = project.punctual(&["run", REPORT, "--period", PERIOD, "--retry-for", "30m"]);
    assert_eq!(answer.code, 3, "{}", answer.words());
    assert!(answer.err.contains("there is no file `data/clients.csv`"), "{}", answer.words());
    assert!(answer.err.contains(&format!("cannot be reached: 127.0.0.1:{nobody}: ")), "{}", answer.words());
}

fn settings() -> String {
    let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/monthly-client-reports");
    std::fs::read_to_string(example.join("punctual.yaml")).expect("the example's settings")
}
