//! The example as an agency has it: traffic in PostgreSQL, spend in MariaDB, tickets in SQLite, clients
//! in a CSV file, mail through Postfix. The servers are those of `scripts/services.sh`. What the reports
//! must show is the same as from files, so the figures are compared by what the other tests use.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use mail_parser::MessageParser;
use punctual_sample::{Agency, DEFAULT_SEED, load, write};
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection};

use crate::{
    figures::assert_folder_is_true,
    project::{Project, files, text},
};

#[expect(clippy::disallowed_methods, reason = "only the environment says where the servers are")]
pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run `scripts/services.sh start DIR` and `set -a; . DIR/env`, or `make test`")
    })
}

/// A server's URL with another database in it.
fn in_database(url: &str, name: &str) -> String {
    let (server, _) = url.rsplit_once('/').expect("the URL names a database");
    format!("{server}/{name}")
}

/// An empty PostgreSQL database; what an earlier test left under the name is gone.
pub async fn postgres_database(name: &str) -> String {
    let url = variable("PUNCTUAL_TEST_PG_URL");
    let mut admin = PgConnection::connect(&url).await.expect("PostgreSQL answers");
    for statement in [format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"), format!("CREATE DATABASE {name}")] {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut admin).await.expect("a new database");
    }
    in_database(&url, name)
}

/// The same in MariaDB.
pub async fn mariadb_database(name: &str) -> String {
    let url = variable("PUNCTUAL_TEST_MARIADB_URL");
    let mut admin = MySqlConnection::connect(&url).await.expect("MariaDB answers");
    let statement = format!("CREATE OR REPLACE DATABASE {name}");
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut admin).await.expect("a new database");
    in_database(&url, name)
}

/// Where the project's sources find a server's address: in a file, because it may carry a password.
pub fn secret(project: &Project, name: &str, url: &str) -> String {
    project.write(name, url);
    format!("file:{name}")
}

/// The example's sources with traffic in one server and spend in another; clients and tickets stay files.
pub fn sources(traffic: &str, spend: &str) -> String {
    format!(
        "kind: source\nname: warehouse\ntype: postgres\nurl: {traffic}\n---\n\
         kind: source\nname: ads\n{spend}\n---\n\
         kind: source\nname: helpdesk\ntype: sqlite\npath: data/tickets.sqlite\ntimezone: America/Chicago\n\
         time_encoding: text(%Y-%m-%d %H:%M:%S)\n---\n\
         kind: source\nname: crm\ntype: csv\npath: data/clients.csv\n"
    )
}

/// Puts numeric and zoned columns back to what the servers themselves know of them.
fn without_declared_columns(project: &Project) {
    let template = fs::read_to_string(project.path("template.yaml")).expect("the example's template");
    let traffic = "      columns: {occurred_at: timestamptz, revenue: \"decimal(12,2)\"}\n";
    let spend = "      columns: {spend_date: date}\n";
    assert!(template.contains(traffic) && template.contains(spend), "the example declares what SQLite cannot");
    project.write("template.yaml", &template.replace(traffic, "").replace(spend, ""));
}

#[tokio::test]
async fn three_databases_and_a_file_reach_twelve_inboxes_with_every_figure_right() {
    let agency = Agency::new(DEFAULT_SEED, 1.0).expect("a size in range");
    let traffic = postgres_database("e2e_servers").await;
    let spend = mariadb_database("e2e_servers").await;
    load::postgres(&agency, &traffic).await.expect("traffic");
    load::mariadb(&agency, &spend).await.expect("spend");

    let project = Project::example();
    write::clients_file(&agency, &project.path("data")).expect("clients");
    write::tickets_sqlite(&agency, &project.path("data/tickets.sqlite")).await.expect("tickets");
    let spend = format!("type: mysql\nurl: {}", secret(&project, "spend.url", &spend));
    project.write("sources.yaml", &sources(&secret(&project, "traffic.url", &traffic), &spend));
    without_declared_columns(&project);
    let port = variable("PUNCTUAL_TEST_SMTP_PORT").parse().expect("a port");
    project.mail_through(&variable("PUNCTUAL_TEST_SMTP_HOST"), port);

    let answer = project.deliver();
    assert_eq!(answer.code, 0, "{}", answer.words());
    assert_folder_is_true(&project.artifacts("json"), &agency);
    assert_same_as_from_files(&project, &agency).await;

    let sent = message_ids(&project);
    assert_eq!(sent.len(), 12);
    let arrived = wait_for(&sent).await;
    assert_eq!(arrived.len(), 12, "one message each, and none twice");

    let again = project.deliver();
    assert_eq!(again.code, 0, "{}", again.words());
    assert!(again.out.contains("nothing was sent: all 12 deliveries were accepted before"), "{}", again.words());
}

/// Where the rows came from changes no byte of a report.
async fn assert_same_as_from_files(project: &Project, agency: &Agency) {
    let plain = Project::example();
    write::files(agency, &plain.path("data")).await.expect("the example's data");
    let answer = plain.punctual(&["run", crate::project::REPORT, "--period", crate::project::PERIOD]);
    assert_eq!(answer.code, 0, "{}", answer.words());
    assert_eq!(files(&project.artifacts("json"), "json"), files(&plain.artifacts("json"), "json"));
}

/// The ids of the messages that the ledger says were accepted.
fn message_ids(project: &Project) -> BTreeSet<String> {
    let accepted = project.deliveries().into_iter().filter(|delivery| delivery["state"] == "accepted");
    accepted.map(|delivery| text(&delivery["message_id"]).trim_matches(['<', '>']).to_owned()).collect()
}

/// The files of the messages with these ids in the maildir that every test shares. Postfix answers before
/// it delivers, and tells nobody: look until they are there.
async fn wait_for(ids: &BTreeSet<String>) -> Vec<String> {
    let folder = Path::new(&variable("PUNCTUAL_TEST_MAILDIR")).join("new");
    let mut tick = tokio::time::interval(Duration::from_millis(50));
    for _ in 0..600 {
        tick.tick().await;
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        let raw = entries.map(|entry| fs::read(entry.expect("an entry").path()).expect("a message"));
        let found: Vec<String> = raw
            .filter_map(|raw| MessageParser::default().parse(&raw)?.message_id().map(str::to_owned))
            .filter(|id| ids.contains(id))
            .collect();
        if found.iter().collect::<BTreeSet<_>>().len() == ids.len() {
            return found;
        }
    }
    panic!("the messages have not arrived within 30 s");
}
