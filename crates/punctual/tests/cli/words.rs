//! What the exit code and the words say of names that are not there, reasons that are empty and files that cannot be
//! used: a script that reads them must not take one for another.

use crate::{DEFINITIONS, OK, Project, USAGE, WEEK};

fn deliver(project: &Project, more: &[&str]) -> crate::Answer {
    project.punctual(&[&["run", "weekly-orders", "--period", WEEK], more].concat())
}

#[test]
fn a_delivered_stage_that_is_asked_for_again_is_a_wrong_request() {
    let project = Project::started();
    deliver(&project, &["--deliver"]).exits(OK);
    deliver(&project, &["--from", "generate"]).exits(DEFINITIONS).says("its generate stage is not run again");
}

#[test]
fn a_channel_that_is_not_there_or_cannot_work_is_a_wrong_definition() {
    let project = Project::started();
    let nowhere = deliver(&project, &["--deliver", "--channel", "post"]).exits(DEFINITIONS);
    nowhere.says("there is no channel `post`; known: outbox");
    let settings = project.read("punctual.yaml");
    project.write(
        "punctual.yaml",
        settings.replace(
            "channels:",
            "channels:\n  post: {type: smtp, host: mail.example, user: u, password: env:NOT_SET}",
        ),
    );
    let broken = deliver(&project, &["--deliver", "--channel", "post"]).exits(DEFINITIONS);
    broken.says("channel `post`").says("NOT_SET");
}

#[test]
fn an_empty_reason_is_refused_before_anything_is_looked_at() {
    let project = Project::started();
    for why in ["", "  \t"] {
        for command in [
            &["resolve", "0123", "--accepted"][..],
            &["resolve", "0123", "--send-again"],
            &["resend", "0123"],
            &["unsuppress", "a@b.example"],
            &["state", "adopt", "--as", "moved"],
        ] {
            let answer = project.punctual(&[command, &["--why", why]].concat()).exits(USAGE);
            answer.says("--why").says("it is put on record");
        }
    }
    assert!(!project.path(".punctual").exists());
}

#[test]
fn a_list_of_nothing_says_whether_the_name_is_there() {
    let project = Project::started();
    for list in ["runs", "deliveries"] {
        let none = project.punctual(&[list, "--report", "weekly-orders"]).exits(OK);
        none.says("report `weekly-orders` has no runs yet");
        let slip = project.punctual(&[list, "--report", "weekly-order"]).exits(DEFINITIONS);
        slip.says("there is no report `weekly-order`").says("did you mean `weekly-orders`?");
        let period = project.punctual(&[list, "--period", "nonsense"]).exits(DEFINITIONS);
        period.says("`nonsense` is not a period: write 2026-10, 2026-W43");
        project.punctual(&[list, "--period", "last"]).exits(DEFINITIONS).says("name it with --report");
        project.punctual(&[list, "--period", "last", "--report", "weekly-orders"]).exits(OK);
        project.punctual(&[list, "--run", "feed"]).exits(DEFINITIONS).says("there is no run `feed`");
    }
    let artifacts = project.punctual(&["artifacts", "weekly-orders"]).exits(DEFINITIONS);
    artifacts.says("that is a report: `punctual runs --report weekly-orders` lists its runs");
    // What ran is found under its name when the project has it no more, and under each spelling of its period.
    deliver(&project, &["--deliver"]).exits(OK);
    let definitions = project.read("orders.yaml");
    project.write("orders.yaml", definitions.replace("name: weekly-orders", "name: orders-by-week"));
    for period in [WEEK, "2026-w43", "2026-10-19..2026-10-26"] {
        let of = ["--report", "weekly-orders", "--period", period, "--json"];
        let runs = project.punctual(&[&["runs"][..], &of].concat()).exits(OK).json();
        assert_eq!(runs["runs"].as_array().map(Vec::len), Some(1), "{period}: {runs}");
    }
}

#[test]
fn a_variant_is_shown_where_there_is_one() {
    let project = Project::started();
    let definitions = project.read("orders.yaml");
    let declared = definitions.replacen("version: 1\n", "version: 1\nparameters: {top: {type: int, default: 3}}\n", 1);
    project.write("orders.yaml", declared);
    deliver(&project, &[]).exits(OK);
    let plain = project.punctual(&["runs"]).exits(OK);
    assert!(!plain.out.contains("variant"), "{}", plain.out);
    // The value is the default's, the run another one all the same.
    let other = deliver(&project, &["--param", "top=3"]).exits(OK);
    let runs = project.punctual(&["runs", "--json"]).exits(OK).json();
    let runs = runs["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 2);
    let run = runs.iter().find(|run| run["key"]["variant"] != "").expect("a variant");
    let short = &run["key"]["variant"].as_str().expect("a text")[..8];
    assert!(other.out.contains(&format!("variant {short}")), "{}", other.out);
    assert!(project.punctual(&["runs"]).exits(OK).out.contains(short));
    let shown = project.punctual(&["show", run["id"].as_str().expect("an id")]).exits(OK);
    assert!(shown.out.contains(&format!("variant {short}")), "{}", shown.out);
}

#[test]
fn doctor_names_no_dataset_where_it_asks_for_none() {
    let project = Project::started();
    project.write("data/orders.csv", "");
    let answer = project.punctual(&["doctor"]);
    assert!(answer.out.contains("FAIL source shop: data/orders.csv line 1"), "{}", answer.out);
    assert!(!answer.out.contains("``"), "{}", answer.out);
}
