//! What goes wrong outside the definitions: files, databases, secrets, names and folders. Each
//! refusal names the input; what was extracted before a failure stays.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
};

use serde_json::Value;

use crate::{DEFINITIONS, INTERNAL, OK, Project, STAGE, WEEK, command};

const CSV: &str = "data/orders.csv";

/// Demands that a run of the starter stops with these words after its data was changed.
#[track_caller]
fn stops(change: impl FnOnce(String) -> Vec<u8>, words: &[&str]) {
    let project = Project::started();
    let data = change(project.read(CSV));
    project.write(CSV, data);
    let answer = project.run().exits(STAGE);
    for words in words {
        assert!(answer.err.contains(words), "no `{words}` in:\n{}", answer.err);
    }
    assert!(!answer.out.contains("reviewing"), "{}", answer.out);
}

fn with_line(line: &'static [u8]) -> impl FnOnce(String) -> Vec<u8> {
    move |text| [text.as_bytes(), line].concat()
}

#[test]
fn a_missing_file_names_the_source_and_the_path() {
    let project = Project::started();
    std::fs::remove_file(project.path(CSV)).expect("the file was there");
    project.run().exits(STAGE).says("extract failed").says("source `shop`").says("`data/orders.csv`");
}

#[test]
fn lines_that_do_not_fit_are_named_with_their_number() {
    stops(with_line(b"2026-10-20,Pen\n"), &["dataset `orders`", "line 93: found 2 fields, the header has 4"]);
    stops(with_line(b"2026-10-20,Pen,1,2.00,5\n"), &["dataset `orders`", "line 93: found 5 fields, the header has 4"]);
}

#[test]
fn values_that_do_not_fit_are_named_with_line_and_column() {
    stops(
        with_line(b"2026-10-20,P\xff\xfen,1,2.00\n"),
        &["line 93, column `product`", "not UTF-8", "say how the file is encoded with `encoding:`"],
    );
    stops(with_line(b"2026-13-20,Pen,1,2.00\n"), &["line 93, column `day`", "`2026-13-20` is not a date"]);
    stops(with_line(b"2026-10-20,Pen,many,2.00\n"), &["line 93, column `quantity`", "`many`"]);
}

#[test]
fn a_missing_column_is_named_beside_those_that_are_there() {
    stops(
        |text| text.replacen("quantity", "qty", 1).into_bytes(),
        &["line 1: there is no column `quantity`", "there are day, product, qty, amount"],
    );
}

#[test]
fn a_file_without_a_header_is_refused() {
    stops(|_| Vec::new(), &["line 1: the file begins with nothing; it needs a header line"]);
}

#[test]
fn an_empty_result_stops_before_anything_is_rendered() {
    let project = Project::started();
    let header = project.read(CSV).lines().next().expect("a header").to_owned();
    project.write(CSV, header + "\n");
    let arguments = ["run", "weekly-orders", "--period", WEEK, "--deliver"];
    let answer = project.punctual(&arguments).exits(STAGE);
    assert!(answer.err.contains("failed: this_week (rows): there are 0 rows, at least 1 expected"), "{}", answer.err);
    let run = only_run(&project);
    assert_eq!(run["artifacts"], serde_json::json!([]));
    assert_eq!(run["deliveries"], serde_json::json!([]));
    assert_eq!(run["run"]["revision"]["state"], "failed");
    assert!(run["findings"].to_string().contains("this_week"), "{}", run["findings"]);
    assert!(!project.path("outbox").exists());
}

/// What `show` answers of the project's only run.
#[track_caller]
fn only_run(project: &Project) -> Value {
    let runs = project.punctual(&["runs", "--json"]).exits(OK).json();
    assert_eq!(runs["runs"].as_array().map(Vec::len), Some(1), "{runs}");
    let id = runs["runs"][0]["id"].as_str().expect("a run has an id").to_owned();
    project.punctual(&["show", &id, "--json"]).exits(OK).json()
}

/// The starter with a second dataset, `clients`, from a second source with these options.
fn with_second_source(options: &str, dataset: &str) -> Project {
    let project = Project::started();
    let text = project.read("orders.yaml");
    project.write("orders.yaml", format!("{text}---\nkind: source\nname: crm\n{options}"));
    project.edit("orders.yaml", "  tables:\n", &format!("    clients: {{source: crm{dataset}}}\n  tables:\n"));
    project
}

fn postgres(port: u16, password: &str) -> Project {
    let options = format!(
        "type: postgres\nhost: 127.0.0.1\nport: {port}\ndatabase: crm\nuser: reports\npassword: {password}\nsslmode: disable\n"
    );
    with_second_source(&options, ", sql: SELECT id FROM clients")
}

/// A port that nothing listens on: it was free a moment ago.
fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it is bound").port()
}

#[test]
fn a_database_that_does_not_answer_is_named_and_the_rest_is_kept() {
    let project = postgres(closed_port(), "file:password");
    project.write("password", "right");
    project.run().exits(STAGE).says("extract failed: source `crm` cannot be reached");
    let run = only_run(&project);
    let datasets = run["datasets"].as_array().expect("a list");
    assert_eq!(datasets.iter().map(|d| d["dataset"].as_str()).collect::<Vec<_>>(), [Some("orders")]);
    project.punctual(&["doctor"]).exits(STAGE);
}

#[test]
fn after_mending_only_the_failed_source_is_asked() {
    let project = with_second_source("type: csv\npath: data/clients.csv\n", "");
    project.run().exits(STAGE).says("source `crm`").says("data/clients.csv");
    let orders = only_run(&project)["datasets"][0].clone();
    assert_eq!((&orders["dataset"], &orders["rows"]), (&"orders".into(), &91.into()));

    // Changed rows show that the file is not read again.
    let changed = project.read(CSV) + "2026-10-20,Pen,1,2.00\n";
    project.write(CSV, changed).write("data/clients.csv", "id,name\n1,Acme\n");
    let mended = project.run().exits(OK);
    assert!(mended.err.contains("extract: clients, 1 rows"), "{}", mended.err);
    assert!(!mended.err.contains("extract: orders"), "{}", mended.err);
    let run = only_run(&project);
    let datasets = run["datasets"].as_array().expect("a list");
    assert_eq!(datasets.len(), 2);
    assert!(datasets.contains(&orders), "{run}");
}

#[test]
fn extracting_again_reads_what_changed() {
    let project = Project::started();
    assert_eq!(project.run_json().exits(OK).json()["worked"], serde_json::json!(["extract", "transform", "generate"]));
    let changed = project.read(CSV) + "2026-10-20,Pen,1,2.00\n";
    project.write(CSV, changed);
    let arguments = ["run", "weekly-orders", "--period", WEEK, "--from", "extract", "--json"];
    let again = project.punctual(&arguments).exits(OK).json();
    assert_eq!(again["worked"], serde_json::json!(["extract", "transform", "generate"]));
    assert_eq!(only_run(&project)["datasets"][0]["rows"], 92);
}

/// Reads one message whose length, itself included, stands in its first four bytes.
fn read_counted(stream: &mut TcpStream) -> Vec<u8> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).expect("a length comes");
    let mut body = vec![0; u32::from_be_bytes(length) as usize - 4];
    stream.read_exact(&mut body).expect("the message comes");
    body
}

/// A PostgreSQL server that asks one client for its password, refuses it and returns it.
fn refusing_server(listener: &TcpListener) -> String {
    let (mut stream, _) = listener.accept().expect("a client comes");
    let startup = read_counted(&mut stream);
    assert_eq!(startup[..4], [0, 3, 0, 0], "protocol 3.0");
    stream.write_all(b"R\0\0\0\x08\0\0\0\x03").expect("the client waits for the question");
    let mut kind = [0];
    stream.read_exact(&mut kind).expect("the client answers");
    assert_eq!(kind, *b"p");
    let password = read_counted(&mut stream);
    let fields = b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user \"reports\"\0\0";
    let length = u32::try_from(fields.len() + 4).expect("it is short").to_be_bytes();
    stream.write_all(&[b"E", &length[..], fields].concat()).expect("the client waits for the answer");
    String::from_utf8(password).expect("it is text").trim_end_matches('\0').to_owned()
}

#[test]
fn a_wrong_password_is_the_databases_word_and_never_shown() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let project = postgres(listener.local_addr().expect("it is bound").port(), "env:CRM_PASSWORD");
    let server = std::thread::spawn(move || refusing_server(&listener));
    // No retry limit is given: a refused password is not asked again.
    let answer: crate::Answer = command(project.folder.path(), &["run", "weekly-orders", "--period", WEEK])
        .env("CRM_PASSWORD", "moonlight-7")
        .output()
        .expect("the binary starts")
        .into();
    let answer = answer.exits(STAGE).says("`crm`").says("password authentication failed for user");
    assert_eq!(server.join().expect("the server ends well"), "moonlight-7");
    assert!(!answer.err.contains("moonlight"), "{}", answer.err);
}

#[test]
fn a_secret_that_is_not_there_is_named_and_nothing_is_asked() {
    let project = postgres(closed_port(), "env:CRM_PASSWORD");
    project.punctual(&["check"]).exits(OK);
    project.run().exits(STAGE).says("source `crm`").says("`CRM_PASSWORD` is not set").says("`password` refers to it");
    project.edit("orders.yaml", "env:CRM_PASSWORD", "file:no-such-file");
    project.run().exits(STAGE).says("source `crm`").says("no-such-file");
}

#[test]
fn an_unknown_report_brings_the_nearest_name() {
    let project = Project::started();
    for arguments in [
        ["run", "weekly-order", "--period", WEEK].as_slice(),
        &["plan", "weekly-order", "--period", WEEK],
        &["explain", "weekly-order"],
    ] {
        project.punctual(arguments).exits(DEFINITIONS).says("no report `weekly-order`; did you mean `weekly-orders`?");
    }
    project.punctual(&["run", "zebra"]).exits(DEFINITIONS).says("known: weekly-orders");
}

#[test]
fn an_unknown_form_of_period_lists_the_known_ones() {
    let project = Project::started();
    for period in ["2026-13", "soon", "2026-W54", "2026-Q5", "2026-02-30", "W43", ""] {
        let answer = project.punctual(&["run", "weekly-orders", "--period", period]).exits(DEFINITIONS);
        assert!(answer.err.contains(&format!("`{period}` is not a period: write 2026-10, 2026-W43")), "{}", answer.err);
    }
    let backwards = ["run", "weekly-orders", "--period", "2026-10-26..2026-10-19"];
    project.punctual(&backwards).exits(DEFINITIONS).says("2026-10-26..2026-10-19 is empty");
}

#[test]
fn an_unknown_run_says_where_runs_are_listed() {
    let project = Project::started();
    for (command, what) in [("show", "run or delivery"), ("artifacts", "run")] {
        let words = format!("there is no {what} `feed`; `punctual runs` and `punctual deliveries` list them");
        project.punctual(&[command, "feed"]).exits(DEFINITIONS).says(&words);
    }
}

#[test]
fn a_file_in_the_data_folders_way_is_named() {
    let project = Project::started();
    project.write(".punctual", "in the way");
    project.run().exits(INTERNAL).says(".punctual cannot be made");
    assert_eq!(project.read(".punctual"), "in the way");
}
