//! What happens to a period that was delivered, planned or begun when something is renamed, edited or mended:
//! nobody gets a second copy, nobody gets data of the wrong moment, and whoever decides is on record.

use punctual_testkit::mail::{Fault, MailSink, Step};
use serde_json::Value;

use crate::project::{PERIOD, Project, REPORT, files, text};

const SETTINGS: &str = "from: Agency <reports@agency.example>\ndefault_channel: outbox\nchannels:\n  outbox: {type: folder, path: outbox}\n";
const ORDERS: &str = "day,amount\n2026-10-01,100.00\n2026-10-02,370.00\n";
const SOURCE: &str = "kind: source\nname: shop\ntype: csv\npath: orders.csv\nfresh_for: FRESH\n";
const TEMPLATE: &str = "kind: template
name: orders
version: 1
query:
  datasets:
    orders: {source: shop, columns: {day: date, amount: 'decimal(18,2)'}, checks: [{rows: {min: 2}}]}
  tables:
    total: {sql: \"SELECT sum(amount) AS amount FROM orders\"}
layout:
  title: Orders
  sections: [{name: total, type: figures, data: total, values: [{field: amount, format: currency}]}]
";
const REPORT_FILE: &str = "kind: report
name: orders
title: Orders
template: orders@1
timezone: UTC
period: month
formats: [json]
deliver: {to: team}
";
const LIST: &str = "kind: list\nname: team\nmembers:\n  - {email: ana@agency.example}\n";

/// A report of one CSV file to one address, whose snapshots serve an hour.
fn orders() -> Project {
    let project = Project::empty();
    project.write("punctual.yaml", SETTINGS);
    project.write("orders.csv", ORDERS);
    project.write("source.yaml", &SOURCE.replace("FRESH", "1h"));
    project.write("template.yaml", TEMPLATE);
    project.write("report.yaml", REPORT_FILE);
    project.write("list.yaml", LIST);
    project
}

fn run(project: &Project, more: &[&str]) -> crate::project::Answer {
    project.punctual(&[&["run", "orders", "--period", PERIOD], more].concat())
}

/// Runs and expects an exit code.
#[track_caller]
fn gives(project: &Project, more: &[&str], code: i32, says: &str) {
    let answer = run(project, more);
    assert_eq!(answer.code, code, "{}", answer.words());
    assert!(answer.words().contains(says), "no `{says}`: {}", answer.words());
}

fn messages(project: &Project, outbox: &str) -> usize {
    if project.path(outbox).exists() { files(&project.path(outbox), "eml").len() } else { 0 }
}

#[test]
fn a_renamed_channel_an_id_or_another_spelling_sends_nothing_again() {
    let project = orders();
    gives(&project, &["--deliver"], 0, "1 accepted");
    let edits = [
        (
            "punctual.yaml",
            SETTINGS.replace("outbox:", "box:").replace("default_channel: outbox", "default_channel: box"),
        ),
        ("list.yaml", LIST.replace("{email: ana@", "{id: ana, email: ana@")),
        ("list.yaml", LIST.replace("ana@agency.example", "Ana@AGENCY.example")),
        ("list.yaml", LIST.replace("ana@agency.example", "ANA@agency.example.").replace("ample.", "ample")),
        ("report.yaml", REPORT_FILE.replace("[json]", "[json, csv]")),
        ("template.yaml", TEMPLATE.replace("version: 1", "version: 2\nparameters: {top: {type: int, default: 5}}")),
    ];
    for (file, edited) in edits {
        project.write(file, &edited);
        if file == "template.yaml" {
            project.write("report.yaml", &REPORT_FILE.replace("orders@1", "orders@2"));
        }
        gives(&project, &["--deliver"], 0, "nothing was sent: the one delivery was accepted before");
        assert_eq!(messages(&project, "outbox"), 1, "after {file}: {edited}");
    }
    assert_eq!(project.punctual(&["runs", "--json"]).json()["runs"].as_array().map(Vec::len), Some(1), "one run");
}

#[test]
fn when_a_report_runs_is_no_change_of_what_it_delivers() {
    let project = orders();
    gives(&project, &["--deliver"], 0, "1 accepted");
    let changed = "the definition has changed since the first message left";
    for (edit, told) in [("schedules: [{cron: '0 8 2 * *'}]\n", false), ("currency: EUR\n", true)] {
        project.write("report.yaml", &format!("{REPORT_FILE}{edit}"));
        let answer = run(&project, &["--deliver"]);
        assert_eq!(answer.words().contains(changed), told, "{edit}: {}", answer.words());
        assert_eq!(messages(&project, "outbox"), 1);
    }
}

#[test]
fn what_a_request_overrides_is_another_run() {
    let project = orders();
    project.write(
        "template.yaml",
        &TEMPLATE.replace("version: 1", "version: 1\nparameters: {top: {type: int, default: 5}}"),
    );
    gives(&project, &["--deliver"], 0, "1 accepted");
    gives(&project, &["--deliver", "--param", "top=7"], 0, "1 accepted");
    gives(&project, &["--deliver", "--param", "top=7"], 0, "accepted before");
    gives(&project, &["--param", "tops=7"], 1, "there is no parameter `tops`; known: top");
    assert_eq!(messages(&project, "outbox"), 2);
}

#[test]
fn what_a_plan_saw_is_asked_again_when_it_is_no_longer_fresh() {
    for (fresh, amount) in [("1h", "$470.00"), ("0s", "$970.00")] {
        let project = orders();
        project.write("source.yaml", &SOURCE.replace("FRESH", fresh));
        let plan = project.punctual(&["plan", "orders", "--period", PERIOD]);
        assert_eq!(plan.code, 0, "{}", plan.words());
        project.write("orders.csv", &format!("{ORDERS}2026-10-31,500.00\n"));
        let says =
            if fresh == "0s" { "orders is asked again: its snapshot is of" } else { "extract: done before, kept" };
        gives(&project, &["--deliver"], 0, says);
        let message = files(&project.path("outbox"), "eml").into_values().next().expect("one message");
        assert!(String::from_utf8_lossy(&message).contains(amount), "{fresh}");
    }
}

#[test]
fn what_a_failed_check_looked_at_is_asked_again() {
    let project = orders();
    project.write("orders.csv", "day,amount\n2026-10-01,100.00\n");
    gives(&project, &["--deliver"], 3, "transform failed");
    project.write("orders.csv", ORDERS);
    gives(&project, &["--deliver"], 0, "what was made of its snapshot failed");
    assert_eq!(messages(&project, "outbox"), 1);
}

#[test]
fn before_its_time_nothing_leaves_and_now_is_on_record() {
    let project = orders();
    project.write("report.yaml", &REPORT_FILE.replace("{to: team}", "{to: team, after: {days: 2, at: '08:00'}}"));
    // A time that no machine's clock has come to, so the period has not ended either.
    let of_later =
        |command: &str, more: &[&str]| project.punctual(&[&[command, "orders", "--period", "2190-10"], more].concat());
    let plan = of_later("plan", &[]);
    assert!(plan.out.contains("waits: nothing leaves before 2190-11-03 08:00 UTC"), "{}", plan.words());
    let waits = of_later("run", &["--deliver", "--confirm"]);
    assert_eq!(waits.code, 7, "{}", waits.words());
    assert!(waits.out.contains("nothing was sent: it leaves at 2190-11-03 08:00 UTC"), "{}", waits.words());
    assert_eq!(messages(&project, "outbox"), 0);
    let held = &project.deliveries()[0];
    assert_eq!(text(&held["state"]), "held");
    assert!(text(&held["reply"]).contains("it leaves at 2190-11-03 08:00 UTC"), "{held}");
    let now = of_later("run", &["--deliver", "--confirm", "--now"]);
    assert_eq!(now.code, 0, "{}", now.words());
    assert_eq!(messages(&project, "outbox"), 1);
    let shown = project.punctual(&["show", &project.run_id(), "--json"]).json();
    let decisions = shown["decisions"].as_array().expect("a list");
    let what: Vec<String> = decisions.iter().map(|d| text(&d["what"])).collect();
    assert!(what.contains(&"deliver now".to_owned()) && what.contains(&"confirm".to_owned()), "{shown}");
    assert!(decisions.iter().all(|d| !text(&d["who"]).is_empty()), "{shown}");
}

#[test]
fn what_a_condition_or_a_key_holds_back_is_on_record_and_has_its_exit_code() {
    let project = orders();
    project.write("report.yaml", &REPORT_FILE.replace("{to: team}", "{to: team, only_if: {rows: 9}}"));
    gives(&project, &["--deliver"], 7, "nothing was sent: 1 held back");
    let held = project.deliveries();
    assert!(text(&held[0]["reply"]).contains("`only_if` asks for"), "{held:?}");
    let shown = project.punctual(&["show", &project.run_id()]);
    assert!(shown.words().contains("nothing was sent: 1 held back"), "{}", shown.words());
    // The condition is gone, and so is the reason.
    project.write("report.yaml", REPORT_FILE);
    gives(&project, &["--deliver"], 0, "1 accepted");
}

#[test]
fn a_refused_delivery_is_on_record_with_every_reason() {
    let project = orders();
    let refused = project.punctual(&["run", "orders", "--period", "2190-10", "--deliver"]);
    assert_eq!(refused.code, 4, "{}", refused.words());
    let words = "period 2190-10 has not ended: its last day is 2190-10-31";
    assert!(refused.err.contains(words), "{}", refused.words());
    let shown = project.punctual(&["show", &project.run_id(), "--json"]).json();
    let says = |finding: &Value| text(&finding[1]["message"]).starts_with(words);
    assert!(shown["findings"].as_array().expect("a list").iter().any(says), "{shown}");
    assert_eq!(messages(&project, "outbox"), 0);
}

#[test]
fn a_copy_goes_only_when_a_person_asks_and_with_the_files_that_were_kept() {
    let project = orders();
    project.write("list.yaml", &LIST.replace("members:", "domains: {}\nmembers:").replace("domains: {}\n", ""));
    gives(&project, &["--deliver"], 0, "1 accepted");
    project.write("orders.csv", "day,amount\n2026-10-01,1.00\n2026-10-02,1.00\n");
    let id = text(&project.deliveries()[0]["id"]);
    let copied = project.punctual(&["resend", &id[..12], "--to", "ben@agency.example", "--why", "ben asked"]);
    assert_eq!(copied.code, 0, "{}", copied.words());
    let sent = files(&project.path("outbox"), "eml");
    assert_eq!(sent.len(), 2);
    assert!(sent.values().all(|message| String::from_utf8_lossy(message).contains("$470.00")), "as it was sent");
    let found = project.punctual(&["deliveries", "--to", "ben@agency.example", "--json"]).json();
    let copy = text(&found["deliveries"][0]["id"]);
    let shown = project.punctual(&["show", &copy, "--json"]).json();
    assert_eq!(text(&shown["decisions"][0]["why"]), "ben asked");
    assert_eq!(text(&shown["attachments"][0]["file_name"]), "orders-2026-10.json");
    assert_eq!(shown["attempts"].as_array().map(Vec::len), Some(1));
    let nothing = project.punctual(&["resend", "feedfeed", "--why", "x"]);
    assert_eq!(nothing.code, 1, "{}", nothing.words());
}

#[tokio::test]
async fn what_is_left_of_a_delivery_goes_as_it_was_made_whatever_was_edited() {
    let sink = MailSink::start();
    let project = Project::mailing(sink.port()).await;
    sink.inject(Fault::at(Step::Recipient).reply("451 4.3.0 later").recipient("reports@quillmark.example"));
    let first = project.deliver();
    assert_eq!(first.code, 5, "{}", first.words());
    let report = std::fs::read_to_string(project.path("report.yaml")).expect("the example's report");
    project.write(
        "report.yaml",
        &report.replace("attach: [pdf, xlsx]", "attach: [csv]").replace("your report", "a report"),
    );
    sink.heal();
    let plan = project.punctual(&["plan", REPORT, "--period", PERIOD]);
    assert!(
        plan.out.contains("the definition has changed since the first message left: the report (deliver)"),
        "{}",
        plan.words()
    );
    let rest = project.deliver();
    assert_eq!(rest.code, 0, "{}", rest.words());
    let sent = project.punctual(&["deliveries", "--to", "quillmark", "--json"]).json();
    let shown = project.punctual(&["show", &text(&sent["deliveries"][0]["id"]), "--json"]).json();
    let names: Vec<String> =
        shown["attachments"].as_array().expect("a list").iter().map(|a| text(&a["format"])).collect();
    assert_eq!(names, ["pdf", "xlsx"]);
    assert!(text(&shown["delivery"]["subject"]).contains("your report"), "{shown}");
}

#[tokio::test]
async fn a_partial_run_stays_partial_until_the_ledger_says_otherwise() {
    let sink = MailSink::start();
    let project = Project::mailing(sink.port()).await;
    sink.inject(Fault::at(Step::Recipient).reply("451 4.3.0 later").recipient("reports@quillmark.example"));
    assert_eq!(project.deliver().code, 5);
    let one = project.punctual(&["run", REPORT, "--period", PERIOD, "--edition", "5", "--deliver"]);
    assert_eq!(one.code, 0, "what was asked for is there: {}", one.words());
    assert!(one.out.contains("revision 1: partial"), "{}", one.words());
    sink.heal();
    let all = project.deliver();
    assert!(all.out.contains("revision 1: completed"), "{}", all.words());
}

#[tokio::test]
async fn a_person_settles_what_is_in_doubt() {
    for (word, code, sent) in [("--accepted", 0, 12), ("--send-again", 0, 13)] {
        let sink = MailSink::start();
        let project = Project::mailing(sink.port()).await;
        sink.inject(Fault::at(Step::FinalDot).disconnect().after(4).once());
        assert_eq!(project.deliver().code, 5);
        sink.heal();
        let doubtful = project.deliveries().into_iter().find(|d| d["state"] == "in_doubt").expect("one in doubt");
        let settled = project.punctual(&["resolve", &text(&doubtful["id"]), word, "--why", "they called"]);
        assert_eq!(settled.code, 0, "{}", settled.words());
        let answer = project.deliver();
        assert_eq!(answer.code, code, "{}", answer.words());
        assert_eq!(project.states(), [("accepted".to_owned(), 12)].into(), "{word}");
        let taken = sink.count(Step::FinalDot);
        assert_eq!(taken, sent, "{word}: final dots seen");
        let again = project.punctual(&["resolve", &text(&doubtful["id"]), word, "--why", "they called"]);
        assert_ne!(again.code, 0, "it is no longer in doubt: {}", again.words());
    }
}

#[test]
fn a_renamed_report_is_refused_until_somebody_confirms() {
    let project = orders();
    gives(&project, &["--deliver"], 0, "1 accepted");
    project.write("report.yaml", &REPORT_FILE.replace("name: orders", "name: orders-monthly"));
    let renamed = |command: &str, more: &[&str]| {
        project.punctual(&[&[command, "orders-monthly", "--period", PERIOD], more].concat())
    };
    let says = "was sent as report `orders`, which the project no longer has";
    let refused = renamed("run", &["--deliver"]);
    assert_eq!(refused.code, 4, "{}", refused.words());
    for answer in [refused, renamed("plan", &[])] {
        assert!(answer.words().contains(says), "{}", answer.words());
    }
    assert_eq!(messages(&project, "outbox"), 1);
    let confirmed = renamed("run", &["--deliver", "--confirm"]);
    assert_eq!(confirmed.code, 0, "{}", confirmed.words());
    assert_eq!(messages(&project, "outbox"), 2);
}

#[test]
fn a_list_of_nobody_is_no_success() {
    let project = orders();
    project.write("list.yaml", "kind: list\nname: team\nmembers: []\n");
    gives(&project, &["--deliver"], 7, "nothing was sent: nobody is to get it");
    project.write("list.yaml", LIST);
    gives(&project, &["--deliver"], 0, "1 accepted");
}
