//! Servers that mean harm, at every step: nothing of them is believed, kept or waited for without bound,
//! and what is said of the delivery stays true.

use std::{path::Path, time::Duration};

use punctual_channels::smtp::{SmtpChannel, Timeouts};
use punctual_delivery::{Channel, Phase, Refusal, ReplyClass, outcome};
use punctual_model::state::DeliveryState;
use punctual_testkit::mail::{Fault, MailSink, PhaseLog, Step};
use serde_json::json;

use crate::support::{channel, config, message, options, send, timeouts};

/// The steps of a transaction, and the last phase that may be on record when it ends there.
const STEPS: [(Step, Option<Phase>); 7] = [
    (Step::Connected, None),
    (Step::Hello, None),
    (Step::Sender, Some(Phase::Connected)),
    (Step::Recipient, Some(Phase::Connected)),
    (Step::Data, Some(Phase::BodyStarted)),
    (Step::FinalDot, Some(Phase::FinalSent)),
    (Step::Taken, Some(Phase::FinalSent)),
];

/// What a refusal says must be short, on one line and harmless, whatever the server sent.
fn is_modest(refusal: &Refusal) -> bool {
    refusal.reply.chars().count() <= 1000 && !refusal.reply.contains(char::is_control)
}

/// Whether the words are true: in doubt exactly when the last bytes may have left, never accepted.
fn judge(what: &str, step: Step, refusal: &Refusal, phases: &PhaseLog, expected: Option<Phase>) {
    assert_eq!(phases.last(), expected, "{what} at {step:?}");
    let state = outcome(&Err(refusal.clone()));
    let wanted = match expected {
        Some(Phase::FinalSent) => DeliveryState::InDoubt,
        _ => DeliveryState::Transient,
    };
    assert_eq!(state, wanted, "{what} at {step:?}: {refusal}");
    assert!(is_modest(refusal), "{what} at {step:?}: {refusal}");
}

#[tokio::test]
async fn what_is_no_reply_is_believed_at_no_step() {
    let endless_line = "2".repeat(8 << 20);
    let endless_reply = "250-more to come\r\n".repeat(100_000);
    let kinds = [
        ("an endless line", endless_line.as_str()),
        ("an endless reply", &endless_reply),
        ("codes that contradict each other", "250-yes\r\n550-no\r\n250 yes"),
        ("a code that changes on the last line", "250-yes\r\n354 go ahead"),
        ("an empty line", ""),
        ("another protocol", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"),
        ("escape sequences", "\u{1b}[2J\u{1b}]52;c;eA==\u{7} 250 ok"),
        ("a code with a sign", "+50 ok"),
        ("digits of another script", "٢٥٠ ok"),
        ("a NUL", "250\0 ok"),
    ];
    for (what, reply) in kinds {
        for (step, expected) in STEPS {
            let sink = MailSink::start();
            sink.inject(Fault::at(step).reply(reply));
            let (channel, phases) = (channel(&sink), PhaseLog::new());
            let refusal = channel.send(&message("d1", "ana@acme.example"), &phases).await.unwrap_err();
            judge(what, step, &refusal, &phases, expected);
            assert_eq!(sink.messages().len(), usize::from(step == Step::Taken), "{what} at {step:?}");
        }
    }
}

#[tokio::test]
async fn a_line_of_a_hundred_megabytes_is_not_read() {
    let sink = MailSink::start();
    sink.inject(Fault::at(Step::Recipient).reply(&format!("550 5.1.1 {}", "x".repeat(100 << 20))));
    let refusal = send(&channel(&sink), &message("d1", "ana@acme.example")).await.unwrap_err();
    assert_eq!(refusal.class, ReplyClass::Transient, "no word of it counts: {refusal}");
    assert!(is_modest(&refusal), "{refusal}");
}

#[tokio::test]
async fn a_reply_that_comes_before_its_question_ends_the_conversation_without_doubt() {
    for (step, reply) in [
        (Step::Sender, "250 2.1.0 ok\r\n250 2.1.5 ok\r\n354 go ahead\r\n250 2.0.0 taken"),
        (Step::Recipient, "250 2.1.5 ok\r\n354 go ahead\r\n250 2.0.0 taken"),
        (Step::Data, "354 go ahead\r\n250 2.0.0 taken"),
    ] {
        let sink = MailSink::start();
        sink.inject(Fault::at(step).reply(reply));
        let phases = PhaseLog::new();
        let refusal = channel(&sink).send(&message("d1", "ana@acme.example"), &phases).await.unwrap_err();
        assert_eq!(refusal.class, ReplyClass::Transient, "{step:?}: {refusal}");
        assert!(phases.last() <= Some(Phase::BodyStarted), "{step:?}: the final dot is not given to a liar");
        assert!(sink.messages().is_empty(), "{step:?}");
    }
}

#[tokio::test]
async fn silence_is_waited_for_as_long_as_the_step_allows_and_no_longer() {
    let short = Duration::from_millis(50);
    for (step, expected) in STEPS {
        let sink = MailSink::start();
        sink.inject(Fault::at(step).hang());
        let impatient = Timeouts { greeting: short, command: short, data: short, final_dot: short, ..timeouts() };
        let config = config(Path::new("/"), options(&sink, json!({})));
        let (channel, phases) = (SmtpChannel::new(&config, impatient).unwrap(), PhaseLog::new());
        let refusal = channel.send(&message("d1", "ana@acme.example"), &phases).await.unwrap_err();
        judge("silence", step, &refusal, &phases, expected);
        assert!(refusal.reply.contains("no answer within 0.05 s"), "{refusal}");
    }
}

#[tokio::test]
async fn a_greeting_that_comes_late_is_still_a_greeting() {
    let sink = MailSink::start();
    sink.inject(Fault::at(Step::Connected).hang());
    let (channel, message) = (channel(&sink), message("d1", "ana@acme.example"));
    let release = async {
        sink.reached(Step::Connected, 1).await;
        sink.release();
    };
    let (accepted, ()) = tokio::join!(send(&channel, &message), release);
    assert_eq!(accepted.unwrap().reply, "250 2.0.0 taken");
}

#[tokio::test]
async fn a_servers_words_reach_the_ledger_without_what_terminals_obey() {
    let sink = MailSink::start();
    sink.inject(Fault::at(Step::Recipient).reply("550 5.1.1 \u{1b}[31mno\u{9b}2J such\tuser\u{7}"));
    let refusal = send(&channel(&sink), &message("d1", "ana@acme.example")).await.unwrap_err();
    assert_eq!(refusal.class, ReplyClass::Permanent { suppress: true });
    assert_eq!(refusal.reply, "550 5.1.1  [31mno 2J such user");
    let sink = MailSink::start();
    sink.inject(Fault::at(Step::Taken).reply("250 2.0.0 \u{1b}[2Jtaken"));
    let accepted = send(&channel(&sink), &message("d1", "ana@acme.example")).await.unwrap();
    assert_eq!(accepted.reply, "250 2.0.0  [2Jtaken");
}
