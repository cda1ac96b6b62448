//! What goes wrong in each step of a transaction, and what it means.

use std::{path::Path, time::Duration};

use punctual_channels::smtp::{SmtpChannel, Timeouts};
use punctual_delivery::{Phase, ReplyClass, outcome};
use punctual_model::state::DeliveryState;
use punctual_testkit::mail::{Fault, MailSink, PhaseLog, Step};
use serde_json::json;

use punctual_delivery::Channel;

use crate::support::{channel, config, large_message, message, options, send, timeouts, try_channel};

const SUPPRESS: ReplyClass = ReplyClass::Permanent { suppress: true };
const KEEP: ReplyClass = ReplyClass::Permanent { suppress: false };

/// A fault, and what has to follow: the class, the last phase on record, and how many were taken.
struct Case(Fault, ReplyClass, Option<Phase>, usize);

async fn judge(cases: Vec<Case>) {
    for Case(fault, class, phase, taken) in cases {
        let sink = MailSink::start();
        sink.inject(fault.clone());
        let phases = PhaseLog::new();
        let refusal = channel(&sink).send(&message("d1", "ana@acme.example"), &phases).await.unwrap_err();
        assert_eq!(refusal.class, class, "{fault:?}: {refusal}");
        assert_eq!(phases.last(), phase, "{fault:?}");
        assert_eq!(sink.messages().len(), taken, "{fault:?}");
        let in_doubt = outcome(&Err(refusal)) == DeliveryState::InDoubt;
        assert!(taken == 0 || in_doubt, "{fault:?}: taken, and yet said not to be");
        assert!(!in_doubt || phase == Some(Phase::FinalSent), "{fault:?}: in doubt without a reason");
    }
}

#[tokio::test]
async fn a_connection_that_ends_early_is_tried_again() {
    judge(vec![
        Case(Fault::at(Step::Connected).disconnect(), ReplyClass::Transient, None, 0),
        Case(Fault::at(Step::Hello).disconnect(), ReplyClass::Transient, None, 0),
        Case(Fault::at(Step::Sender).disconnect(), ReplyClass::Transient, Some(Phase::Connected), 0),
        Case(Fault::at(Step::Recipient).disconnect(), ReplyClass::Transient, Some(Phase::Connected), 0),
        Case(Fault::at(Step::Data).disconnect(), ReplyClass::Transient, Some(Phase::BodyStarted), 0),
    ])
    .await;
}

#[tokio::test]
async fn a_connection_that_ends_after_the_final_dot_leaves_doubt() {
    judge(vec![
        Case(Fault::at(Step::FinalDot).disconnect(), ReplyClass::InDoubt, Some(Phase::FinalSent), 0),
        Case(Fault::at(Step::Taken).disconnect(), ReplyClass::InDoubt, Some(Phase::FinalSent), 1),
        Case(Fault::at(Step::Taken).reply("what?"), ReplyClass::InDoubt, Some(Phase::FinalSent), 1),
        Case(Fault::at(Step::Taken).reply("354 go ahead"), ReplyClass::InDoubt, Some(Phase::FinalSent), 1),
    ])
    .await;
}

#[tokio::test]
async fn replies_are_judged_by_step_and_code() {
    judge(vec![
        Case(Fault::at(Step::Connected).reply("421 4.3.2 busy"), ReplyClass::Transient, None, 0),
        Case(Fault::at(Step::Connected).reply("554 no mail service here"), ReplyClass::HaltChannel, None, 0),
        Case(Fault::at(Step::Connected).reply("SSH-2.0-OpenSSH_9.9"), ReplyClass::Transient, None, 0),
        Case(Fault::at(Step::Hello).reply("502 5.5.1 no"), ReplyClass::HaltChannel, None, 0),
        Case(
            Fault::at(Step::Sender).reply("550 5.7.1 not yours"),
            ReplyClass::SenderProblem,
            Some(Phase::Connected),
            0,
        ),
        Case(Fault::at(Step::Sender).reply("530 5.7.0 log in"), ReplyClass::HaltChannel, Some(Phase::Connected), 0),
        Case(Fault::at(Step::Recipient).reply("550 5.1.1 no such user"), SUPPRESS, Some(Phase::Connected), 0),
        Case(Fault::at(Step::Recipient).reply("452 4.2.2 full"), ReplyClass::Transient, Some(Phase::Connected), 0),
        Case(
            Fault::at(Step::Recipient).reply("421 4.3.2 shutting down"),
            ReplyClass::Transient,
            Some(Phase::Connected),
            0,
        ),
        Case(Fault::at(Step::Data).reply("451 4.3.0 no room"), ReplyClass::Transient, Some(Phase::BodyStarted), 0),
        Case(Fault::at(Step::Data).reply("250 2.0.0 out of step"), ReplyClass::Transient, Some(Phase::BodyStarted), 0),
        Case(
            Fault::at(Step::Data).reply("354 go ahead\r\n552 5.3.4 on second thoughts, no"),
            ReplyClass::TooLarge,
            Some(Phase::BodyStarted),
            0,
        ),
        Case(Fault::at(Step::FinalDot).reply("554 5.6.0 refused"), KEEP, Some(Phase::FinalSent), 0),
        Case(Fault::at(Step::FinalDot).reply("552 5.3.4 too big"), ReplyClass::TooLarge, Some(Phase::FinalSent), 0),
        Case(
            Fault::at(Step::FinalDot).reply("550 5.7.26 unauthenticated"),
            ReplyClass::SenderProblem,
            Some(Phase::FinalSent),
            0,
        ),
        Case(Fault::at(Step::FinalDot).reply("452 4.3.1 no room"), ReplyClass::Transient, Some(Phase::FinalSent), 0),
        Case(Fault::at(Step::FinalDot).reply("421 4.3.2 bye"), ReplyClass::Transient, Some(Phase::FinalSent), 0),
    ])
    .await;
}

#[tokio::test]
async fn the_servers_words_are_kept() {
    let sink = MailSink::start();
    sink.inject(Fault::at(Step::Recipient).reply("550-5.1.1 The account does not exist.\r\n550 5.1.1 Ask the owner."));
    let refusal = send(&channel(&sink), &message("d1", "ana@acme.example")).await.unwrap_err();
    assert_eq!(refusal.reply, "550 5.1.1 The account does not exist. Ask the owner.");
    assert_eq!(refusal.code, Some(550));
    assert_eq!(refusal.enhanced.unwrap().to_string(), "5.1.1");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_not_in_doubt() {
    let sink = MailSink::start();
    sink.inject(Fault::at(Step::Body).disconnect());
    let phases = PhaseLog::new();
    let channel = try_channel(&sink, json!({"max_size_mb": 100})).unwrap();
    let refusal = channel.send(&large_message("d1"), &phases).await.unwrap_err();
    assert_eq!(refusal.class, ReplyClass::Transient, "{refusal}");
    assert_eq!(phases.last(), Some(Phase::BodyStarted));
    assert!(sink.messages().is_empty());
}

#[tokio::test]
async fn a_server_that_is_silent_after_the_final_dot_leaves_doubt() {
    for (step, taken) in [(Step::FinalDot, 0), (Step::Taken, 1)] {
        let sink = MailSink::start();
        sink.inject(Fault::at(step).hang());
        let impatient = Timeouts { final_dot: Duration::from_millis(50), ..timeouts() };
        let channel = SmtpChannel::new(&config(Path::new("/"), options(&sink, json!({}))), impatient).unwrap();
        let refusal = send(&channel, &message("d1", "ana@acme.example")).await.unwrap_err();
        assert_eq!(refusal.class, ReplyClass::InDoubt, "{refusal}");
        assert!(refusal.reply.contains("no answer within 0.05 s, while waiting for the reply"), "{refusal}");
        assert_eq!(sink.messages().len(), taken, "{step:?}");
    }
}

#[tokio::test]
async fn a_slow_server_is_waited_for() {
    let sink = MailSink::start();
    sink.inject(Fault::at(Step::Taken).hang());
    let channel = channel(&sink);
    let message = message("d1", "ana@acme.example");
    let sending = send(&channel, &message);
    let release = async {
        sink.reached(Step::Taken, 1).await;
        sink.release();
    };
    let (accepted, ()) = tokio::join!(sending, release);
    assert_eq!(accepted.unwrap().reply, "250 2.0.0 taken");
}

#[tokio::test]
async fn an_attempt_cut_off_while_waiting_for_the_reply_is_in_doubt_and_taken_at_most_once() {
    for (step, taken) in [(Step::FinalDot, 0), (Step::Taken, 1)] {
        let sink = MailSink::start();
        sink.inject(Fault::at(step).hang());
        let (channel, phases, message) = (channel(&sink), PhaseLog::new(), message("d1", "ana@acme.example"));
        tokio::select! {
            result = channel.send(&message, &phases) => panic!("{step:?}: {result:?}"),
            () = sink.reached(step, 1) => {}
        }
        assert_eq!(phases.last(), Some(Phase::FinalSent), "{step:?}");
        assert_eq!(sink.messages().len(), taken, "{step:?}");
    }
}

#[tokio::test]
async fn of_twelve_recipients_one_is_refused_and_only_that_one_is_left() {
    let sink = MailSink::start();
    sink.inject(Fault::at(Step::Recipient).reply("550 5.1.1 no such user here").recipient("p7@client7.example"));
    let channel = channel(&sink);
    let messages: Vec<_> = (1..=12).map(|n| message(&format!("d{n}"), &format!("p{n}@client{n}.example"))).collect();
    let mut refused = Vec::new();
    for message in &messages {
        if let Err(refusal) = send(&channel, message).await {
            refused.push((message, refusal));
        }
    }
    let [(left, refusal)] = refused.as_slice() else { panic!("{} refused", refused.len()) };
    assert_eq!((left.to.address.as_str(), refusal.class), ("p7@client7.example", SUPPRESS));
    assert_eq!(refusal.reply, "550 5.1.1 no such user here");
    assert_eq!(sink.messages().len(), 11);
    sink.heal();
    send(&channel, left).await.unwrap();
    let taken = sink.taken();
    assert_eq!((taken.len(), taken.values().sum::<usize>()), (12, 12), "nobody twice");
    assert!(sink.messages().iter().all(|message| message.to.len() == 1), "one recipient in each transaction");
}
