//! A new project from `init` to its second delivery, through every command that reads it.

use serde_json::{Value, json};

use crate::{Answer, DEFINITIONS, OK, Project, WEEK, punctual};

impl Project {
    /// Runs the starter's report and delivers.
    fn deliver(&self) -> Answer {
        self.punctual(&["run", "weekly-orders", "--period", WEEK, "--deliver", "--json"])
    }

    fn messages(&self) -> Vec<std::ffi::OsString> {
        let folder = std::fs::read_dir(self.path("outbox")).expect("the folder channel made it");
        let names = folder.map(|entry| entry.expect("an entry").file_name());
        names.filter(|name| name.to_string_lossy().ends_with(".eml")).collect()
    }
}

#[test]
fn init_writes_a_project_and_never_over_one() {
    let project = Project::empty();
    let written = project.punctual(&["init", "new", "--json"]).exits(OK).json();
    for file in written["written"].as_array().expect("a list") {
        assert!(project.path("new").join(file.as_str().expect("a path")).is_file(), "{file}");
    }
    let settings = project.path("new/punctual.yaml");
    std::fs::write(&settings, "title: Mine\n").expect("the file is there");
    project.punctual(&["init", "new"]).exits(DEFINITIONS).says("new/punctual.yaml is there already");
    assert_eq!(project.read("new/punctual.yaml"), "title: Mine\n");
    project.punctual(&["--project", "new", "check"]).exits(DEFINITIONS);
}

#[test]
fn from_a_new_project_to_one_delivery_and_never_a_second() {
    let project = Project::started();
    project.punctual(&["check"]).exits(OK);

    let plan = project.punctual(&["plan", "weekly-orders", "--period", WEEK]).exits(OK);
    assert!(plan.out.contains("1 edition, 1 recipient; nothing was sent"), "{}", plan.out);
    assert!(!project.path("outbox").exists());

    let first = project.deliver().exits(OK).json();
    assert_eq!(first["delivery"]["accepted"], 1, "{first}");
    let messages = project.messages();
    assert_eq!(messages.len(), 1);

    let second = project.deliver().exits(OK).json();
    assert_eq!((&second["delivery"]["accepted"], &second["delivery"]["already"]), (&json!(0), &json!(1)), "{second}");
    assert_eq!(second["run"], first["run"]);
    assert_eq!(project.messages(), messages);

    let text = project.punctual(&["run", "weekly-orders", "--period", WEEK, "--deliver"]).exits(OK).out;
    assert!(text.contains("nothing was sent: the one delivery was accepted before"), "{text}");
}

#[test]
fn the_delivered_message_holds_what_was_attached() {
    let project = Project::started();
    project.deliver().exits(OK);
    let path = project.path("outbox").join(&project.messages()[0]);
    let bytes = std::fs::read(path).expect("the message is there");
    let message = mail_parser::MessageParser::default().parse(&bytes).expect("it is a message");
    assert_eq!(message.subject(), Some("Orders, Week 43, 2026"));
    let to = message.to().and_then(|to| to.first()).and_then(|to| to.address());
    assert_eq!(to, Some("team@company.example"));
    let summary = message.body_text(0).expect("it has text");
    assert!(summary.contains(" orders worth £"), "{summary}");

    let run =
        project.punctual(&["runs", "--json"]).exits(OK).json()["runs"][0]["id"].as_str().expect("an id").to_owned();
    project.punctual(&["artifacts", &run, "--out", "out"]).exits(OK);
    let attached: Vec<(&str, &[u8])> = message
        .attachments()
        .map(|part| (mail_parser::MimeHeaders::attachment_name(part).expect("it has a name"), part.contents()))
        .collect();
    assert_eq!(
        attached.iter().map(|a| a.0).collect::<Vec<_>>(),
        ["weekly-orders-2026-W43.pdf", "weekly-orders-2026-W43.xlsx"]
    );
    for (name, contents) in attached {
        let kept = std::fs::read(project.path("out").join(name)).expect("it was copied out");
        assert_eq!(kept, contents, "{name}");
    }
}

#[test]
fn what_was_done_can_be_read_back_as_json() {
    let project = Project::started();
    let plan = project.punctual(&["plan", "weekly-orders", "--period", WEEK, "--json"]).exits(OK).json();
    assert_eq!(plan["messages"][0]["recipient"]["email"], "team@company.example");
    let run = project.deliver().exits(OK).json()["run"].as_str().expect("a run has an id").to_owned();

    let runs = project.punctual(&["runs", "--report", "weekly-orders", "--json"]).exits(OK).json();
    assert_eq!(runs["runs"].as_array().map(Vec::len), Some(1));
    assert_eq!((&runs["runs"][0]["id"], &runs["runs"][0]["revision"]["state"]), (&json!(run), &json!("completed")));
    let none = project.punctual(&["runs", "--period", "2026-W42", "--json"]).exits(OK).json();
    assert_eq!(none["runs"], json!([]));

    // The start of an id is enough.
    let shown = project.punctual(&["show", &run[..6], "--json"]).exits(OK).json();
    assert_eq!(shown["datasets"][0]["rows"], 91);
    assert_eq!(shown["artifacts"].as_array().map(Vec::len), Some(5));

    let deliveries = project.punctual(&["deliveries", "--run", &run, "--json"]).exits(OK).json();
    assert_eq!(deliveries["deliveries"], shown["deliveries"]);
    let delivery = &deliveries["deliveries"][0];
    assert_eq!((&delivery["state"], &delivery["attempts"]), (&json!("accepted"), &json!(1)));

    let pdf = project.punctual(&["artifacts", &run, "--format", "pdf", "--out", "out", "--json"]).exits(OK).json();
    assert_eq!(pdf["artifacts"].as_array().map(Vec::len), Some(1));
    let bytes = std::fs::read(project.path("out/weekly-orders-2026-W43.pdf")).expect("it was copied out");
    assert_eq!(pdf["artifacts"][0]["bytes"], bytes.len());
    assert!(bytes.starts_with(b"%PDF-"));
    assert!(!project.path("out/weekly-orders-2026-W43.xlsx").exists());
}

#[test]
fn doctor_looks_at_everything() {
    let project = Project::started();
    let answer = project.punctual(&["doctor", "--json"]).exits(OK).json();
    assert_eq!(answer["good"], true, "{answer}");
    let examined: Vec<&str> =
        answer["examined"].as_array().expect("a list").iter().filter_map(|e| e["what"].as_str()).collect();
    for what in ["data folder", "source shop", "channel outbox"] {
        assert!(examined.contains(&what), "{examined:?}");
    }
    assert_eq!(examined.iter().filter(|what| what.starts_with("sandbox: ")).count(), 3, "{examined:?}");
    std::fs::remove_file(project.path("data/orders.csv")).expect("it was there");
    let broken = project.punctual(&["doctor"]).exits(crate::STAGE);
    assert!(broken.out.contains("FAIL source shop"), "{}", broken.out);
}

#[test]
fn explain_shows_what_a_report_refers_to() {
    let project = Project::started();
    let answer = project.punctual(&["explain", "weekly-orders", "--json"]).exits(OK).json();
    assert_eq!(answer["report"]["template"], "orders@1");
    assert_eq!(answer["list"]["members"][0]["email"], "team@company.example");
    assert_eq!(answer["schedules"][0]["timezone"], "Europe/London");
    let text = project.punctual(&["explain", "weekly-orders"]).exits(OK).out;
    assert!(text.contains("template: orders@1") && text.contains("by_product:"), "{text}");
}

#[test]
fn schemas_are_json_schemas_and_completions_are_a_shells() {
    for arguments in [["schema"].as_slice(), &["schema", "--settings"]] {
        let schema: Value = punctual(arguments).exits(OK).json();
        let dialect = schema["$schema"].as_str().expect("a schema names its dialect");
        assert!(dialect.contains("json-schema.org"), "{dialect}");
    }
    let bash = punctual(&["completions", "bash"]).exits(OK).out;
    assert!(bash.contains("complete -F _punctual"), "{bash}");
}

/// The period that a run came to, in the JSON of a run that stops after its extraction.
fn period_of(project: &Project, period: &str) -> String {
    let arguments = ["run", "weekly-orders", "--period", period, "--until", "extract", "--json"];
    project.punctual(&arguments).exits(OK).json()["period"].as_str().expect("a period").to_owned()
}

#[test]
fn periods_are_named_by_their_calendar_unit() {
    let project = Project::started();
    for (written, name) in [
        ("2026-W43", "2026-W43"),
        ("2026-10-12..2026-10-19", "2026-W42"),
        ("2026-10-12..2026-10-20", "2026-10-12..2026-10-20"),
        ("2026-10-05", "2026-10-05"),
        ("2026-10", "2026-10"),
        ("2026-Q4", "2026-Q4"),
        ("2026", "2026"),
    ] {
        assert_eq!(period_of(&project, written), name, "{written}");
    }
}

#[test]
fn the_last_period_is_the_one_that_explain_names() {
    let project = Project::started();
    let last =
        || project.punctual(&["explain", "weekly-orders", "--json"]).exits(OK).json()["last_period"]["name"].clone();
    let (before, run, after) = (last(), period_of(&project, "last"), last());
    assert!(json!(run) == before || json!(run) == after, "{run} is neither {before} nor {after}");
    assert!(run.contains("-W"), "{run} is not a week");
}

#[test]
fn a_week_written_as_two_days_is_the_same_run() {
    let project = Project::started();
    let week = project.punctual(&["run", "weekly-orders", "--period", "2026-W42", "--json"]).exits(OK).json();
    let days =
        project.punctual(&["run", "weekly-orders", "--period", "2026-10-12..2026-10-19", "--json"]).exits(OK).json();
    assert_eq!(week["run"], days["run"]);
    assert_eq!(week["editions"], days["editions"]);
}
