//! Mail that a server does not take: one recipient of twelve, all of them, the login. What was accepted
//! is never sent again, and what was not is on record with the server's words.

use punctual_testkit::mail::{Fault, MailSink, Step};

use crate::project::{Project, text};

const REFUSED: &str = "reports@quillmark.example";

#[tokio::test]
async fn one_of_twelve_is_refused_and_the_next_run_sends_only_that_one() {
    let sink = MailSink::start();
    let project = Project::mailing(sink.port()).await;
    sink.inject(Fault::at(Step::Recipient).reply("550 5.1.1 no such mailbox here").recipient(REFUSED));

    let answer = project.deliver();
    assert_eq!(answer.code, 5, "{}", answer.words());
    assert!(answer.out.contains("11 accepted, 1 not accepted"), "{}", answer.words());
    assert!(answer.out.contains("save addresses that do not exist"), "{}", answer.words());
    assert_eq!(project.states(), [("accepted".to_owned(), 11), ("permanent".to_owned(), 1)].into());
    let refused = project.deliveries().into_iter().find(|d| d["state"] == "permanent").expect("it is on record");
    assert_eq!(refused["email"], REFUSED);
    assert!(text(&refused["reply"]).contains("550 5.1.1 no such mailbox here"), "{refused}");
    assert_eq!(sink.messages().len(), 11);

    sink.heal();
    let recipients = sink.count(Step::Recipient);
    // The address does not exist, the server said: it is not written to again until a person says otherwise.
    for _ in 0..2 {
        let answer = project.deliver();
        assert_eq!(answer.code, 7, "{}", answer.words());
        assert!(answer.out.contains("nothing was sent: 11 accepted before, 1 held back"), "{}", answer.words());
        assert!(answer.err.contains("550 5.1.1 no such mailbox here"), "{}", answer.words());
    }
    assert_eq!(sink.count(Step::Recipient), recipients, "nobody is even named");
    let suppressed = project.punctual(&["suppressed"]);
    assert!(suppressed.out.contains(REFUSED), "{}", suppressed.words());
    let lifted = project.punctual(&["unsuppress", "Reports@QUILLMARK.example", "--why", "they made the mailbox"]);
    assert_eq!(lifted.code, 0, "{}", lifted.words());
    let answer = project.deliver();
    assert_eq!(answer.code, 0, "{}", answer.words());
    assert!(answer.out.contains("1 accepted, 11 accepted before"), "{}", answer.words());
    assert_eq!(sink.count(Step::Recipient), recipients + 1, "nobody else is even named");
    assert_eq!(sink.messages().len(), 12);
    assert!(sink.taken().values().all(|times| *times == 1), "{:?}", sink.taken());
}

#[tokio::test]
async fn a_server_that_is_down_loses_nothing() {
    let project = Project::mailing(closed_port()).await;
    let answer = project.deliver();
    assert_eq!(answer.code, 5, "{}", answer.words());
    assert!(answer.err.contains("the channel was halted") && answer.err.contains("can't be reached"), "{}", answer.err);
    assert_eq!(project.deliveries().len(), 12, "every delivery is on record");
    assert!(!project.states().contains_key("accepted"));

    let sink = MailSink::start();
    project.mail_through("localhost", sink.port());
    let answer = project.deliver();
    assert_eq!(answer.code, 0, "{}", answer.words());
    assert_eq!(project.states(), [("accepted".to_owned(), 12)].into());
    assert_eq!(sink.messages().len(), 12);
}

#[tokio::test]
async fn a_refused_sender_halts_the_channel_without_a_try_for_each_recipient() {
    let sink = MailSink::start();
    let project = Project::mailing(sink.port()).await;
    sink.inject(Fault::at(Step::Sender).reply("530 5.7.0 authentication required"));
    let answer = project.deliver();
    assert_eq!(answer.code, 5, "{}", answer.words());
    assert!(answer.err.contains("530 5.7.0 authentication required"), "{}", answer.words());
    assert_eq!(sink.count(Step::Sender), 1, "one try says enough");

    sink.heal();
    assert_eq!(project.deliver().code, 0);
    assert_eq!(sink.messages().len(), 12);
}

fn closed_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it is bound").port()
}
