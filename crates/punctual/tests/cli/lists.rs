//! Lists: many members, members from a CSV file and from a query, and what is certainly wrong with them before
//! anything runs. The guards stay in the list.

use serde_json::Value;
use sqlx::{Connection, Executor, SqliteConnection};

use crate::{DEFINITIONS, OK, Project, STAGE, WEEK};

/// The list of the starter, replaced.
fn with_list(list: &str) -> Project {
    let project = Project::started();
    let text = project.read("orders.yaml");
    let at = text.find("kind: list").expect("the starter has a list");
    let reports = text[..at].replace("expect: {editions: 1, recipients: 1}\n", "");
    project.write("orders.yaml", format!("{reports}{list}"));
    project
}

fn planned(project: &Project) -> Value {
    project.punctual(&["plan", "weekly-orders", "--period", WEEK, "--json"]).exits(OK).json()
}

fn addresses(plan: &Value) -> Vec<&str> {
    let messages = plan["messages"].as_array().expect("messages");
    messages.iter().map(|message| message["recipient"]["email"].as_str().expect("an address")).collect()
}

#[test]
fn six_thousand_members_fit_into_a_list_and_into_a_file() {
    let members: String = (0..6_000)
        .map(|n| format!("  - {{id: person-{n}, email: first.last{n}@company{n}.example, name: Person {n}}}\n"))
        .collect();
    let listed = with_list(&format!("kind: list\nname: team\nmembers:\n{members}"));
    listed.edit("punctual.yaml", "title: My reports", "title: My reports\nconfirm_over: 10000");
    assert_eq!(addresses(&planned(&listed)).len(), 6_000);

    let rows: String =
        (0..6_000).map(|n| format!("first.last{n}@company{n}.example,person-{n},Person {n}\n")).collect();
    let filed = with_list("kind: list\nname: team\nmembers: {file: members.csv}\n");
    filed.edit("punctual.yaml", "title: My reports", "title: My reports\nconfirm_over: 10000");
    filed.write("members.csv", format!("email,id,name\n{rows}"));
    assert_eq!(planned(&filed)["messages"], planned(&listed)["messages"]);
}

#[test]
fn a_file_of_members_is_read_strictly_and_within_the_project() {
    let project = with_list("kind: list\nname: team\nmembers: {file: lists/team.csv}\n");
    project.punctual(&["check"]).exits(DEFINITIONS).says("lists/team.csv").says("cannot be opened");
    project.write("lists/team.csv", "email,name\nteam@company.example,Team\n");
    assert_eq!(addresses(&planned(&project)), ["team@company.example"]);
    for (csv, words) in [
        ("email,nam\nteam@company.example,Team\n", "did you mean `name`?"),
        ("email\nteam@company.example,Team\n", "this line has 2 fields, the header has 1"),
        ("email\n\"team@company.example\n", "this quote is never closed"),
        ("email\nteam.company.example\n", "is not an e-mail address"),
        ("email\nteam@company.example\nTEAM@Company.example\n", "stands in this list a second time"),
    ] {
        project.write("lists/team.csv", csv);
        project.punctual(&["check"]).exits(DEFINITIONS).says("lists/team.csv:").says(words);
        project.run().exits(DEFINITIONS);
    }
    for outside in ["../team.csv", "/etc/passwd", ""] {
        let project = with_list(&format!("kind: list\nname: team\nmembers: {{file: \"{outside}\"}}\n"));
        project.punctual(&["check"]).exits(DEFINITIONS);
    }
}

async fn people(project: &Project, sql: &str) {
    let url = format!("sqlite://{}?mode=rwc", project.path("crm.sqlite").display());
    let mut database = SqliteConnection::connect(&url).await.expect("a database");
    database.execute(sqlx::AssertSqlSafe(sql.to_owned())).await.expect("the statements are run");
    database.close().await.expect("closed");
}

#[tokio::test]
async fn members_of_a_query_are_asked_when_a_delivery_is_planned() {
    let project = with_list(
        "kind: list\nname: team\nmembers: {source: crm, sql: \"SELECT email, name, id FROM people WHERE since < {{ period.end_date }}\"}\n\
         ---\nkind: source\nname: crm\ntype: sqlite\npath: crm.sqlite\n",
    );
    people(
        &project,
        "CREATE TABLE people (id text, email text, name text, since date);\
         INSERT INTO people VALUES ('p1', 'ana@company.example', 'Ana', '2026-01-01'), ('p2', 'bo@company.example', NULL, '2027-01-01')",
    )
    .await;
    project.punctual(&["check"]).exits(OK);
    assert_eq!(addresses(&planned(&project)), ["ana@company.example"]);
    // Who joins is asked for again; what was extracted for the report stays.
    people(&project, "UPDATE people SET since = '2026-02-02'").await;
    assert_eq!(addresses(&planned(&project)).len(), 2);
    let deliver = ["run", "weekly-orders", "--period", WEEK, "--deliver"];
    people(&project, "UPDATE people SET email = NULL WHERE id = 'p2'").await;
    project.punctual(&deliver).exits(STAGE).says("the members of list `team`: row 2: this member has no `email`");
    people(&project, "DROP TABLE people").await;
    project.punctual(&deliver).exits(STAGE).says("the members of list `team`");
    assert!(!project.path("outbox").exists(), "nothing was sent");
}

#[test]
fn keys_keep_the_text_that_they_are_written_with() {
    for key in ["1_000", "0x10", "007", "1e3", "1.0", "yes", "true", "12:30"] {
        let project = with_list(&format!(
            "kind: list\nname: team\nmembers: [{{key: {key}, email: a@b.example}}]\ndomains: {{{key}: [b.example]}}\n"
        ));
        let text = project.read("orders.yaml");
        let burst = text.replace("formats: [pdf", "burst: {by: product, from: by_product, as: product}\nformats: [pdf");
        project.write("orders.yaml", burst);
        project.punctual(&["check"]).exits(OK);
        let explained = project.punctual(&["explain", "weekly-orders", "--json"]).exits(OK).json();
        assert_eq!(explained["list"]["members"][0]["key"], key);
        assert_eq!(explained["list"]["domains"][key][0], "b.example", "{}", explained["list"]);
    }
    let project = with_list("kind: list\nname: team\nmembers: [{key: ~, email: a@b.example}]\n");
    project.punctual(&["check"]).exits(DEFINITIONS).says("the key is empty").says("write `\"~\"`");
}

#[test]
fn what_the_guards_refuse_at_every_send_is_told_before_one() {
    for (list, words) in [
        ("members: [{email: dee@acme.example, id: d1}, {email: dee@acme.example, id: d2}]", "a second time"),
        ("members: [{email: dee@acme.example}, {email: Dee@ACME.example}]", "a second time"),
        ("members: [{email: dee@bücher.example}, {email: dee@xn--bcher-kva.example}]", "a second time"),
        (
            "members: [{email: a@acme.example, id: d1}, {email: b@acme.example, id: d1}]",
            "the id `d1` stands in this list",
        ),
        ("members: [{email: a@acme.example, key: 7}]", "has no `burst`"),
        ("members: [{email: a@acme.example}]\ndomains: {all: [other.example]}", "may go to other.example"),
        ("members: [{email: a@acme.example}]\ndomains: {all: [acme_example]}", "is not a domain name"),
        ("members: [{email: \"a@acme.example\", name: \"A\\nB\"}]", "the name in"),
        ("members: {source: shop, sql: SELECT 1}", "is read whole and answers no SQL"),
        ("members: {source: shp, sql: SELECT 1}", "did you mean `shop`?"),
        ("members: {source: shop, sql: SELECT mail FROM people}", "members have no column `mail`"),
        ("members: {source: shop, sql: \"SELECT email FROM {{ x\"}", "expected end of variable block"),
    ] {
        let project = with_list(&format!("kind: list\nname: team\n{list}\n"));
        project.punctual(&["check"]).exits(DEFINITIONS).says(words);
    }
}
