//! The process is killed in the midst of the fifth message, at each step of the conversation. The
//! next run goes on; whoever may have got a message never gets a second one.

use punctual_testkit::mail::{Fault, MailSink, Step};

use crate::project::Project;

/// How many messages are through when the process is killed.
const BEFORE: usize = 4;

/// Delivers, kills the process (SIGKILL) when the fifth message has come to `step`, and lets the
/// server finish what it has.
async fn killed_at(step: Step) -> (MailSink, Project) {
    let sink = MailSink::start();
    let project = Project::mailing(sink.port()).await;
    sink.inject(Fault::at(step).hang().after(BEFORE).once());
    let mut process = project.start_delivering();
    sink.reached(step, BEFORE + 1).await;
    process.kill().expect("a running process");
    let status = process.wait().expect("our own child");
    assert_eq!(status.code(), None, "killed by a signal");
    sink.heal();
    (sink, project)
}

/// Nothing of the message can have been taken: it is sent again, once.
async fn is_sent_again_after(step: Step) {
    let (sink, project) = killed_at(step).await;
    let answer = project.deliver();
    assert_eq!(answer.code, 0, "{}", answer.words());
    assert_eq!(project.states(), [("accepted".to_owned(), 12)].into());
    assert_eq!(sink.messages().len(), 12);
    assert!(sink.taken().values().all(|times| *times == 1), "{:?}", sink.taken());
}

/// The message may have been taken (here it was): a person decides, and nobody gets it twice.
async fn is_in_doubt_after(step: Step) {
    let (sink, project) = killed_at(step).await;
    sink.reached(Step::Taken, BEFORE + 1).await;
    for _ in 0..2 {
        let answer = project.deliver();
        assert_eq!(answer.code, 5, "{}", answer.words());
        assert_eq!(project.states(), [("accepted".to_owned(), 11), ("in_doubt".to_owned(), 1)].into());
        assert_eq!(sink.messages().len(), 12, "accepted and in doubt");
        assert!(sink.taken().values().all(|times| *times == 1), "{:?}", sink.taken());
    }
}

#[tokio::test]
async fn killed_while_naming_the_sender() {
    is_sent_again_after(Step::Sender).await;
}

#[tokio::test]
async fn killed_while_naming_the_recipient() {
    is_sent_again_after(Step::Recipient).await;
}

#[tokio::test]
async fn killed_before_the_message_may_start() {
    is_sent_again_after(Step::Data).await;
}

#[tokio::test]
async fn killed_after_the_final_dot() {
    is_in_doubt_after(Step::FinalDot).await;
}

#[tokio::test]
async fn killed_before_the_reply_to_a_taken_message() {
    is_in_doubt_after(Step::Taken).await;
}
