//! Against a real Postfix, which `scripts/services.sh` starts. It takes mail for every address into
//! one maildir, and refuses two addresses.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use mail_parser::{MessageParser, MimeHeaders};
use punctual_channels::smtp::SmtpChannel;
use punctual_delivery::{Channel, Message, Phase, ReplyClass};
use punctual_testkit::mail::PhaseLog;
use serde_json::json;

use crate::support::{bare_id, config, message, send, timeouts};

#[expect(clippy::disallowed_methods, reason = "only the environment says where the test's server is")]
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run `scripts/services.sh start DIR` and `set -a; . DIR/env`, or `make test`")
    })
}

fn channel() -> SmtpChannel {
    let port: u16 = variable("PUNCTUAL_TEST_SMTP_PORT").parse().unwrap();
    let options = json!({"host": variable("PUNCTUAL_TEST_SMTP_HOST"), "port": port, "security": "none"});
    SmtpChannel::new(&config(Path::new("/"), options), timeouts()).unwrap()
}

/// A delivery that no other run of the tests has made: the maildir is shared.
#[expect(clippy::disallowed_methods, reason = "the maildir outlives this run")]
fn unique(test: &str, to: &str) -> Message {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    message(&format!("{test} {} {}", now.as_nanos(), std::process::id()), to)
}

/// The messages with this id that Postfix has put into its maildir.
fn arrived(message: &Message) -> Vec<PathBuf> {
    let new = Path::new(&variable("PUNCTUAL_TEST_MAILDIR")).join("new");
    let Ok(entries) = fs::read_dir(new) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let id = bare_id(message);
    let is_it = |path: &PathBuf| {
        let raw = fs::read(path).unwrap();
        MessageParser::default().parse(&raw).and_then(|m| m.message_id().map(str::to_owned)) == Some(id.clone())
    };
    paths.filter(is_it).collect()
}

/// Postfix answers before it delivers, and tells nobody: look until it is there.
async fn wait_for(message: &Message) -> Vec<u8> {
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    loop {
        tick.tick().await;
        if let [path] = arrived(message).as_slice() {
            return fs::read(path).unwrap();
        }
        assert!(Instant::now() < deadline, "the message has not arrived within 30 s");
    }
}

#[tokio::test]
async fn postfix_takes_a_message_and_delivers_it_whole() {
    let (channel, phases) = (channel(), PhaseLog::new());
    let message = unique("whole", "ana@bücher.example");
    let accepted = channel.send(&message, &phases).await.unwrap();
    assert!(accepted.reply.starts_with("250 2.0.0 Ok: queued as "), "{accepted:?}");
    assert_eq!(phases.recorded(), Phase::ALL);
    let raw = wait_for(&message).await;
    let parsed = MessageParser::default().parse(&raw).unwrap();
    assert_eq!(parsed.subject(), Some(message.subject.as_str()));
    assert_eq!(parsed.body_text(0).unwrap().replace("\r\n", "\n"), message.text);
    assert_eq!(parsed.body_html(0).unwrap().replace("\r\n", "\n"), message.html);
    let file = parsed.attachment(0).unwrap();
    assert_eq!(file.attachment_name(), Some("acme.pdf"));
    assert_eq!(file.contents(), message.attachments[0].content.read().await.unwrap());
    assert_eq!(arrived(&message).len(), 1);
}

#[tokio::test]
async fn postfix_refuses_one_for_good_and_one_for_now_on_one_connection() {
    let channel = channel();
    let refused = send(&channel, &unique("refused", &variable("PUNCTUAL_TEST_SMTP_REJECTED"))).await.unwrap_err();
    assert_eq!(refused.class, ReplyClass::Permanent { suppress: true }, "{refused}");
    assert!(refused.reply.starts_with("550 5.1.1 ") && refused.reply.contains("no such mailbox here"), "{refused}");
    let deferred = send(&channel, &unique("deferred", &variable("PUNCTUAL_TEST_SMTP_DEFERRED"))).await.unwrap_err();
    assert_eq!(deferred.class, ReplyClass::Transient, "{deferred}");
    let taken = unique("after refusals", "ben@acme.example");
    send(&channel, &taken).await.unwrap();
    wait_for(&taken).await;
    channel.close().await;
}

#[tokio::test]
async fn postfix_drops_a_message_whose_final_dot_never_came() {
    let channel = channel();
    let message = unique("cut off", "ana@acme.example");
    let phases = PhaseLog::stopping_after(Phase::FinalSent);
    tokio::select! {
        result = channel.send(&message, &phases) => panic!("went on: {result:?}"),
        () = phases.reached(Phase::FinalSent) => {}
    }
    let next = unique("next", "ana@acme.example");
    send(&channel, &next).await.unwrap();
    wait_for(&next).await;
    assert!(arrived(&message).is_empty());
    send(&channel, &message).await.unwrap();
    wait_for(&message).await;
    assert_eq!(arrived(&message).len(), 1);
}

#[tokio::test]
async fn postfix_answers_a_look() {
    let summary = channel().probe().await.unwrap().summary;
    assert!(summary.ends_with("answers, not encrypted; messages up to 10000000 bytes"), "{summary}");
}
