//! Encryption that is never given up, logins that are never sent in clear text, and options that
//! contradict each other.

use std::path::Path;

use punctual_channels::smtp::SmtpChannel;
use punctual_delivery::{Channel, InDoubtPolicy, ReplyClass};
use punctual_testkit::mail::{Authority, Encryption, Fault, MailSink, Step};
use serde_json::{Value, json};

use crate::support::{config, message, send, timeouts, try_channel};

fn encrypted(encryption: Encryption) -> MailSink {
    MailSink::builder().encryption(encryption).start()
}

fn trusting(sink: &MailSink, security: &str) -> Value {
    json!({"security": security, "ca_file": sink.ca_file()})
}

fn with(mut options: Value, more: Value) -> Value {
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    options
}

#[tokio::test]
async fn messages_travel_encrypted_both_ways() {
    for (encryption, security) in [(Encryption::StartTls, "starttls"), (Encryption::Implicit, "tls")] {
        let sink = encrypted(encryption);
        let channel = try_channel(&sink, trusting(&sink, security)).unwrap();
        for delivery in ["d1", "d2"] {
            send(&channel, &message(delivery, "ana@acme.example")).await.unwrap();
        }
        assert!(sink.messages().iter().all(|message| message.encrypted), "{security}");
        assert!(channel.probe().await.unwrap().summary.contains(", encrypted;"));
    }
}

#[tokio::test]
async fn starttls_is_the_default_and_never_given_up() {
    let plain = MailSink::builder().login("agency", "secret").start();
    let credentials = json!({"security": "starttls", "user": "agency", "password": "secret"});
    let channel = try_channel(&plain, credentials).unwrap();
    let refusal = send(&channel, &message("d1", "ana@acme.example")).await.unwrap_err();
    assert_eq!(refusal.class, ReplyClass::HaltChannel, "{refusal}");
    assert!(refusal.reply.contains("does not offer STARTTLS"), "{refusal}");
    assert_eq!((plain.count(Step::Login), plain.count(Step::Sender)), (0, 0), "nothing went in clear text");

    for (reply, class) in
        [("454 4.7.0 not available", ReplyClass::Transient), ("502 5.5.1 no", ReplyClass::HaltChannel)]
    {
        let sink = encrypted(Encryption::StartTls);
        sink.inject(Fault::at(Step::StartTls).reply(reply));
        let channel = try_channel(&sink, trusting(&sink, "starttls")).unwrap();
        let refusal = send(&channel, &message("d1", "ana@acme.example")).await.unwrap_err();
        assert_eq!(refusal.class, class, "{refusal}");
        assert_eq!(sink.count(Step::Sender), 0, "{reply}");
    }
}

#[tokio::test]
async fn words_slipped_in_ahead_of_the_handshake_end_the_conversation() {
    let sink = encrypted(Encryption::StartTls);
    sink.inject(Fault::at(Step::StartTls).reply("220 go ahead\r\n250-sink.example\r\n250 AUTH PLAIN"));
    let channel = try_channel(&sink, trusting(&sink, "starttls")).unwrap();
    let refusal = send(&channel, &message("d1", "ana@acme.example")).await.unwrap_err();
    assert_eq!(refusal.class, ReplyClass::HaltChannel, "{refusal}");
    assert!(refusal.reply.contains("ahead of the TLS handshake"), "{refusal}");
}

#[tokio::test]
async fn a_server_that_is_not_who_it_should_be_halts_the_channel() {
    let stranger = Authority::new();
    for (encryption, security) in [(Encryption::StartTls, "starttls"), (Encryption::Implicit, "tls")] {
        for ca_file in [Some(stranger.ca_file()), None] {
            let sink = encrypted(encryption);
            let mut options = json!({"security": security});
            if let Some(ca_file) = ca_file {
                options["ca_file"] = json!(ca_file);
            }
            let channel = try_channel(&sink, options).unwrap();
            let refusal = send(&channel, &message("d1", "ana@acme.example")).await.unwrap_err();
            assert_eq!(refusal.class, ReplyClass::HaltChannel, "{security}: {refusal}");
            assert!(refusal.reply.contains("certificate is not trusted"), "{refusal}");
            assert!(sink.messages().is_empty());
        }
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_not_trusted() {
    let sink = encrypted(Encryption::Implicit);
    // The sink is there too, but its certificate says `localhost`.
    let options = with(trusting(&sink, "tls"), json!({"host": "127.0.0.1"}));
    let channel = try_channel(&sink, options).unwrap();
    let refusal = send(&channel, &message("d1", "ana@acme.example")).await.unwrap_err();
    assert_eq!(refusal.class, ReplyClass::HaltChannel, "{refusal}");
    assert!(refusal.reply.contains("certificate is not trusted"), "{refusal}");
    assert!(sink.messages().is_empty());
}

#[tokio::test]
async fn tls_against_a_server_without_it_halts_the_channel() {
    let sink = MailSink::start();
    let channel = try_channel(&sink, json!({"security": "tls"})).unwrap();
    let refusal = send(&channel, &message("d1", "ana@acme.example")).await.unwrap_err();
    assert_eq!(refusal.class, ReplyClass::HaltChannel, "{refusal}");
    assert!(refusal.reply.contains("compare `security` and `port`"), "{refusal}");
}

#[tokio::test]
async fn a_login_works_with_whichever_mechanism_is_offered() {
    for mechanisms in ["PLAIN LOGIN", "PLAIN", "LOGIN", "CRAM-MD5 LOGIN"] {
        let builder = MailSink::builder().encryption(Encryption::StartTls).login("agency@mail.example", "pässwörd ");
        let sink = builder.mechanisms(mechanisms).start();
        let login = json!({"user": "agency@mail.example", "password": "pässwörd "});
        let channel = try_channel(&sink, with(trusting(&sink, "starttls"), login)).unwrap();
        send(&channel, &message("d1", "ana@acme.example")).await.unwrap();
        let messages = sink.messages();
        assert_eq!(messages[0].login.as_deref(), Some("agency@mail.example"), "{mechanisms}");
        assert!(messages[0].encrypted, "{mechanisms}");
    }
}

#[tokio::test]
async fn a_refused_login_halts_the_channel_and_tells_no_password() {
    for (mechanisms, words) in [("PLAIN", "535 5.7.8"), ("LOGIN", "535 5.7.8"), ("CRAM-MD5", "offers no login")] {
        let sink = MailSink::builder()
            .encryption(Encryption::Implicit)
            .login("agency", "secret")
            .mechanisms(mechanisms)
            .start();
        let login = json!({"user": "agency", "password": "hunter2"});
        let channel = try_channel(&sink, with(trusting(&sink, "tls"), login)).unwrap();
        let refusal = send(&channel, &message("d1", "ana@acme.example")).await.unwrap_err();
        assert_eq!(refusal.class, ReplyClass::HaltChannel, "{refusal}");
        assert!(refusal.reply.contains(words) && !refusal.reply.contains("hunter2"), "{refusal}");
        assert_eq!(sink.count(Step::Sender), 0);
    }
}

#[tokio::test]
async fn a_server_that_wants_a_login_it_did_not_get_halts_the_channel() {
    let sink = MailSink::builder().login("agency", "secret").start();
    let refusal = send(&try_channel(&sink, json!({})).unwrap(), &message("d1", "ana@acme.example")).await.unwrap_err();
    assert_eq!((refusal.class, refusal.code), (ReplyClass::HaltChannel, Some(530)), "{refusal}");
}

#[test]
fn options_that_make_no_sense_are_refused_with_the_way_out() {
    let missing = json!({"security": "tls", "ca_file": "/no/such/file.pem"});
    let empty = tempfile::NamedTempFile::new().unwrap();
    for (options, words) in [
        (json!({"user": "agency", "password": "x"}), "password would be readable"),
        (json!({"security": "tls", "user": "agency"}), "belong together"),
        (json!({"security": "tls", "password": "x"}), "belong together"),
        (json!({"security": "tls", "user": "a\0b", "password": "x"}), "NUL"),
        (json!({"security": "ssl3"}), "not one of starttls, tls, none"),
        (json!({"port": 0}), "`port: 0`"),
        (json!({"port": 70000}), "`port: 70000`"),
        (json!({"helo": "a\r\nMAIL FROM:<x@y.example>"}), "not a host's name"),
        (json!({"security": "tls", "host": "not a host"}), "not a name or an address"),
        (json!({"host": ""}), "`host`"),
        (json!({"in_doubt": "guess"}), "not one of hold, resend"),
        (missing, "/no/such/file.pem"),
        (json!({"security": "tls", "ca_file": empty.path()}), "no certificate in PEM"),
    ] {
        let sink = MailSink::start();
        let Err(error) = try_channel(&sink, options.clone()) else { panic!("{options} was taken") };
        assert!(error.to_string().starts_with("channel `mail`: "), "{error}");
        assert!(error.problem.contains(words), "{error}");
    }
    assert!(SmtpChannel::new(&config(Path::new("/"), json!({})), timeouts()).is_err());
}

#[test]
fn the_policy_in_doubt_is_to_hold_unless_told_otherwise() {
    let sink = MailSink::start();
    assert_eq!(try_channel(&sink, json!({})).unwrap().in_doubt_policy(), InDoubtPolicy::Hold);
    assert_eq!(try_channel(&sink, json!({"in_doubt": "resend"})).unwrap().in_doubt_policy(), InDoubtPolicy::Resend);
}
