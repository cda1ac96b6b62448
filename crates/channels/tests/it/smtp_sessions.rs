//! Connections that are kept, replaced and left; sizes.

use punctual_delivery::{Channel, ReplyClass};
use punctual_testkit::mail::{Fault, MailSink, Step};
use serde_json::json;

use crate::support::{attachment, channel, message, send, try_channel};

#[tokio::test]
async fn messages_share_a_connection() {
    let sink = MailSink::start();
    let channel = channel(&sink);
    for number in 0..3 {
        send(&channel, &message(&format!("d{number}"), "ana@acme.example")).await.unwrap();
    }
    assert_eq!((sink.count(Step::Connected), sink.count(Step::Reset)), (1, 2));
    channel.close().await;
    sink.reached(Step::Quit, 1).await;
}

#[tokio::test]
async fn a_refused_recipient_does_not_cost_the_connection() {
    let sink = MailSink::start();
    sink.inject(Fault::at(Step::Recipient).reply("550 5.1.1 no such user").once());
    let channel = channel(&sink);
    send(&channel, &message("d1", "ana@acme.example")).await.unwrap_err();
    send(&channel, &message("d2", "ben@acme.example")).await.unwrap();
    assert_eq!(sink.count(Step::Connected), 1);
    assert_eq!(sink.messages()[0].to, ["ben@acme.example"], "nothing is left over from the refused one");
}

#[tokio::test]
async fn a_kept_connection_that_is_dead_is_replaced() {
    let deaths = [
        Fault::at(Step::Answered).disconnect().once(),
        Fault::at(Step::Answered).reply("421 4.4.2 idle for too long").once(),
        Fault::at(Step::Reset).disconnect().once(),
        Fault::at(Step::Reset).reply("421 4.3.2 enough").once(),
        Fault::at(Step::Sender).disconnect().after(1).once(),
        Fault::at(Step::Sender).reply("421 4.7.0 too many messages").after(1).once(),
        Fault::at(Step::Recipient).disconnect().after(1).once(),
    ];
    for fault in deaths {
        let sink = MailSink::start();
        sink.inject(fault.clone());
        let channel = channel(&sink);
        for delivery in ["d1", "d2"] {
            send(&channel, &message(delivery, "ana@acme.example")).await.unwrap();
        }
        assert_eq!(sink.count(Step::Connected), 2, "{fault:?}");
        assert_eq!(sink.taken().values().copied().collect::<Vec<_>>(), [1, 1], "{fault:?}");
    }
}

#[tokio::test]
async fn a_new_connection_that_dies_is_not_tried_again_at_once() {
    let sink = MailSink::start();
    sink.inject(Fault::at(Step::Sender).disconnect());
    send(&channel(&sink), &message("d1", "ana@acme.example")).await.unwrap_err();
    assert_eq!(sink.count(Step::Connected), 1);
}

#[tokio::test]
async fn a_connection_with_an_open_question_is_never_used_again() {
    for fault in [
        Fault::at(Step::FinalDot).reply("554 5.6.0 refused").once(),
        Fault::at(Step::Data).reply("250 2.0.0 out of step").once(),
        Fault::at(Step::Taken).reply("what?").once(),
    ] {
        let sink = MailSink::start();
        sink.inject(fault.clone());
        let channel = channel(&sink);
        send(&channel, &message("d1", "ana@acme.example")).await.unwrap_err();
        send(&channel, &message("d2", "ana@acme.example")).await.unwrap();
        assert_eq!(sink.count(Step::Connected), 2, "{fault:?}");
    }
}

#[tokio::test]
async fn taking_leave_badly_changes_nothing() {
    for fault in [Fault::at(Step::Quit).disconnect(), Fault::at(Step::Quit).reply("500 what?")] {
        let sink = MailSink::start();
        sink.inject(fault);
        let channel = channel(&sink);
        send(&channel, &message("d1", "ana@acme.example")).await.unwrap();
        channel.close().await;
        assert_eq!(sink.messages().len(), 1);
    }
}

#[tokio::test]
async fn a_server_that_is_down_or_unknown_is_tried_again_later() {
    let sink = MailSink::start();
    let down = channel(&sink);
    drop(sink);
    let refusal = send(&down, &message("d1", "ana@acme.example")).await.unwrap_err();
    assert_eq!(refusal.class, ReplyClass::Transient);
    assert!(refusal.reply.starts_with("localhost:") && refusal.reply.contains("can't be reached"), "{refusal}");

    let sink = MailSink::start();
    let unknown = try_channel(&sink, json!({"host": "no-such-host.invalid"})).unwrap();
    let refusal = send(&unknown, &message("d1", "ana@acme.example")).await.unwrap_err();
    assert_eq!(refusal.class, ReplyClass::Transient, "{refusal}");
    assert!(unknown.probe().await.is_err());
}

#[tokio::test]
async fn a_message_over_the_channels_limit_never_connects() {
    let sink = MailSink::start();
    let channel = try_channel(&sink, json!({"max_size_mb": 1})).unwrap();
    assert_eq!(channel.largest_message(), Some(1_000_000));
    let mut message = message("d1", "ana@acme.example");
    message.attachments = vec![attachment("x.bin", "application/octet-stream", vec![0; 800_000])];
    let refusal = send(&channel, &message).await.unwrap_err();
    assert_eq!(refusal.class, ReplyClass::TooLarge, "{refusal}");
    assert_eq!(sink.count(Step::Connected), 0);
}

#[tokio::test]
async fn a_message_over_the_servers_limit_is_not_offered() {
    let sink = MailSink::builder().size(1000).start();
    let channel = channel(&sink);
    let refusal = send(&channel, &message("d1", "ana@acme.example")).await.unwrap_err();
    assert_eq!(refusal.class, ReplyClass::TooLarge, "{refusal}");
    assert_eq!((sink.count(Step::Hello), sink.count(Step::Sender)), (1, 0));
    assert!(channel.probe().await.unwrap().summary.ends_with("messages up to 1000 bytes"));
}
