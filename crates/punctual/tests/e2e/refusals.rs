//! Mail that must not be sent is refused before anybody connects.

use std::fmt::Write as _;

use punctual_sample::{Agency, DEFAULT_SEED};
use punctual_testkit::mail::MailSink;

use crate::project::Project;

#[tokio::test]
async fn a_list_of_144_where_12_belong_sends_nothing_at_all() {
    let sink = MailSink::start();
    let project = Project::mailing(sink.port()).await;
    project.write("contacts.yaml", &twelve_contacts_for_each_client());

    let answer = project.deliver();
    assert_eq!(answer.code, 4, "{}", answer.words());
    assert!(answer.err.contains("expected 12 recipients, found 144"), "{}", answer.words());
    assert_eq!(sink.steps(), [].into(), "nobody even connected");
    assert_eq!(project.deliveries().len(), 0);
}

fn twelve_contacts_for_each_client() -> String {
    let agency = Agency::new(DEFAULT_SEED, 0.2).expect("a size in range");
    let mut list = "kind: list\nname: client-contacts\nmembers:\n".to_owned();
    for contact in agency.contacts() {
        for desk in 1..=12 {
            writeln!(list, "  - {{key: {}, email: desk{desk}@{}}}", contact.key, contact.domain).expect("memory");
        }
    }
    list.push_str("domains:\n");
    for contact in agency.contacts() {
        writeln!(list, "  {}: [{}]", contact.key, contact.domain).expect("memory");
    }
    list
}
