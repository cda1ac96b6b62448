//! The process is killed as it comes to each stage. No child outlives it, the next run goes on, and what
//! it makes and sends is what an undisturbed run makes and sends. What happens in the midst of a
//! message is for `crash`.

use std::collections::BTreeMap;

use punctual_sample::{Agency, DEFAULT_SEED};
use punctual_testkit::mail::{Fault, MailSink, Step};

use crate::{
    figures::assert_folder_is_true,
    project::{PERIOD, Project, REPORT, files},
};

const FORMATS: [&str; 5] = ["pdf", "xlsx", "csv", "json", "html"];

/// Every file of the one run, by name.
fn artifacts(project: &Project) -> BTreeMap<String, Vec<u8>> {
    FORMATS.iter().flat_map(|format| files(&project.artifacts(format), format)).collect()
}

/// What a run that nobody disturbs makes.
async fn undisturbed(port: u16) -> BTreeMap<String, Vec<u8>> {
    let project = Project::mailing(port).await;
    let answer = project.punctual(&["run", REPORT, "--period", PERIOD]);
    assert_eq!(answer.code, 0, "{}", answer.words());
    artifacts(&project)
}

/// Kills a delivering run when it says `line`; the next run does what is left. Until the kill the mail
/// server greets nobody, so that even a late one finds the process alive and nothing sent.
async fn goes_on_after(line: &str) {
    let sink = MailSink::start();
    sink.inject(Fault::at(Step::Connected).hang());
    let project = Project::mailing(sink.port()).await;
    let said = project.deliver_killed_at(line);
    assert!(!said.contains("accepted"), "a message was through:\n{said}");
    assert_eq!(sink.messages().len(), 0);
    sink.heal();

    let answer = project.deliver();
    assert_eq!(answer.code, 0, "{}", answer.words());
    let made = artifacts(&project);
    let agency = Agency::new(DEFAULT_SEED, 0.2).expect("a size in range");
    assert_folder_is_true(&project.path("out-json"), &agency);
    let wanted = undisturbed(sink.port()).await;
    assert!(wanted.keys().eq(made.keys()), "{:?}", made.keys());
    for (name, bytes) in &wanted {
        assert!(made[name] == *bytes, "{name} has other bytes");
    }
    assert_eq!(project.states(), [("accepted".to_owned(), 12)].into());
    assert_eq!(sink.messages().len(), 12);
    assert!(sink.taken().values().all(|times| *times == 1), "{:?}", sink.taken());
}

#[tokio::test]
async fn killed_as_it_starts_to_extract() {
    goes_on_after("extract: started").await;
}

#[tokio::test]
async fn killed_with_some_datasets_in() {
    goes_on_after("rows").await;
}

#[tokio::test]
async fn killed_as_it_starts_to_transform() {
    goes_on_after("transform: started").await;
}

#[tokio::test]
async fn killed_as_it_starts_to_generate() {
    goes_on_after("generate: started").await;
}

#[tokio::test]
async fn killed_as_it_comes_to_review() {
    goes_on_after("generate: done").await;
}

#[tokio::test]
async fn killed_as_it_starts_to_deliver() {
    goes_on_after("deliver: started").await;
}
