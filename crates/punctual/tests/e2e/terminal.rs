//! What a terminal would obey never reaches it, wherever it comes from: a client's name, a key that names
//! a file, a server's reply, a source's error, a definition. JSON says the same, escaped.

use punctual_testkit::mail::{Fault, MailSink, Step};

use crate::project::{Answer, Project};

const EVIL: &str = "\u{1b}[2J\u{9b}31m\u{7}\u{202e}x";

/// Whether everything that was said is harmless; line breaks are the product's own.
fn assert_harmless(answer: &Answer) {
    for text in [&answer.out, &answer.err] {
        let obeyed = text.chars().find(|c| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{202e}').contains(c));
        assert_eq!(obeyed, None, "{}", answer.words().escape_debug());
    }
}

fn project(port: u16, rows: &str) -> Project {
    let project = Project::empty();
    project.mail_through("localhost", port);
    project.write("clients.csv", &format!("code,name,amount\n{rows}"));
    project.write(
        "all.yaml",
        "kind: source\nname: files\ntype: csv\npath: clients.csv\n---\n\
         kind: template\nname: clients\nversion: 1\n\
         query:\n  datasets:\n    clients:\n      source: files\n      columns: {amount: \"decimal(12,2)\"}\n      \
         checks: [{unique: {columns: [name], otherwise: warn}}]\n\
         layout:\n  title: \"For {{ client.name }}\"\n  sections:\n    - {name: rows, type: table, data: clients}\n---\n\
         kind: report\nname: each\ntitle: Each\ntemplate: clients@1\ntimezone: UTC\nperiod: month\nformats: [csv]\n\
         burst: {by: code, from: clients, as: client}\ndeliver: {to: people}\n---\n\
         kind: list\nname: people\nmembers:\n  - {key: a, email: a@acme.example}\n  - {key: b, email: b@acme.example}\n  \
         - {key: \"c\\e[2J\\x9b31m\\a\\u202ex\", email: c@acme.example}\n",
    );
    project
}

#[test]
fn nothing_of_data_or_servers_is_obeyed() {
    let sink = MailSink::start();
    let refused = format!("550 5.1.1 no {EVIL} such\tuser");
    sink.inject(Fault::at(Step::Recipient).reply(&refused).recipient("b@acme.example"));
    let project =
        project(sink.port(), &format!("a,Acme {EVIL},1\nb,Acme {EVIL},2\nc{EVIL},{},3\n", "long ".repeat(200)));
    let month = ["--period", "2026-10"];
    let mut said = String::new();
    for (command, more) in [
        ("plan", &["each"][..]),
        ("run", &["each"]),
        ("run", &["each", "--deliver"]),
        ("run", &["each", "--deliver"]),
        ("runs", &[]),
        ("deliveries", &[]),
    ] {
        let mut arguments = [&[command], more].concat();
        if matches!(command, "plan" | "run") {
            arguments.extend(month);
        }
        let answer = project.punctual(&arguments);
        assert_harmless(&answer);
        said.push_str(&answer.words());
        arguments.push("--json");
        assert_harmless(&project.punctual(&arguments));
    }
    let run = project.run_id();
    for command in [&["show", &run][..], &["artifacts", &run], &["show", &run, "--json"]] {
        let answer = project.punctual(command);
        assert_harmless(&answer);
        said.push_str(&answer.words());
    }
    assert!(said.contains(r"\u{1b}"), "it is shown, not hidden: {said}");
    assert!(said.contains("3 editions have subjects that are changed before they are sent"), "{said}");
    let messages = sink.messages();
    assert!(messages.iter().all(|message| !message.subject().contains(char::is_control)), "nor in a subject");
    let of_c = messages.iter().find(|message| message.to == ["c@acme.example"]).expect("its key is no obstacle");
    assert!(of_c.subject().starts_with("For long long") && of_c.subject().chars().count() <= 200);
}

#[test]
fn nothing_of_a_sources_error_is_obeyed() {
    let project = project(1, &format!("a,Acme,1{EVIL}\n"));
    let answer = project.punctual(&["run", "each", "--period", "2026-10"]);
    assert_eq!(answer.code, 3, "{}", answer.words());
    assert_harmless(&answer);
    assert!(answer.err.contains("error: "), "{}", answer.words());
}

#[test]
fn nothing_of_a_definition_is_obeyed() {
    let project = project(1, "a,Acme,1\n");
    project.write(
        "evil.yaml",
        "kind: list\nname: evil\nmembers:\n  - {email: \"\\e[2Ja@acme.example\", name: \"\\e]0;x\\a\"}\n  - {\"\\e[31mkey\": 1}\n",
    );
    let answer = project.punctual(&["check"]);
    assert_eq!(answer.code, 1, "{}", answer.words());
    assert_harmless(&answer);
    project.write("evil.yaml", "kind: list\nname: \u{1b}[2J\nmembers: [\u{9b}31m]\n");
    let answer = project.punctual(&["check"]);
    assert_eq!(answer.code, 1, "{}", answer.words());
    assert_harmless(&answer);
    assert_harmless(&project.punctual(&["check", "--json"]));
    project.write("all.yaml", "kind: report\nname: each\n");
    let answer = project.punctual(&["run", "each", "--period", "2026-10", "--json"]);
    assert_harmless(&answer);
    let one = answer.json();
    assert!(one["error"].is_string() && one["diagnostics"].is_array(), "one document says all: {one}");
    assert_harmless(&project.punctual(&["run", "\u{1b}[2J", "--period", "2026-10"]));
}
