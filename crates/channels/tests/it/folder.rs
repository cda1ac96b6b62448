//! What is particular to the channel that writes files.

use std::{fs, path::Path, sync::Arc};

use punctual_channels::folder;
use punctual_delivery::{Channel, ChannelConfig, HeaderText, Known, Phase, ReplyClass, Trace};
use punctual_testkit::mail::PhaseLog;
use serde_json::json;
use tempfile::TempDir;

use crate::support::{config, message, send};

fn channel(project: &Path) -> Arc<dyn Channel> {
    (folder::KIND.open)(config(project, json!({}))).unwrap()
}

/// The names in a folder, without the marker of its installation.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name != ".punctual-outbox");
    names.sort();
    names
}

#[tokio::test]
async fn names_sort_by_date_and_say_what_is_inside() {
    let project = TempDir::new().unwrap();
    let accepted = send(&*channel(project.path()), &message("d1", "ana@acme.example")).await.unwrap();
    let [name] = names(&project.path().join("outbox")).try_into().unwrap();
    let digits = &message("d1", "x@y.example").id.digits()[..16].to_owned();
    assert_eq!(name, format!("2026-11-01-7-ana@acme.example-{digits}.eml"));
    assert!(accepted.reply.ends_with(&name), "{accepted:?}");
}

#[tokio::test]
async fn no_edition_and_no_recipient_leads_out_of_the_folder() {
    let project = TempDir::new().unwrap();
    let mut message = message("d1", "/etc/x@acme.example");
    let edition = HeaderText::new("../../../tmp/évil\\..").unwrap();
    message.trace = Trace { edition, ..message.trace };
    send(&*channel(project.path()), &message).await.unwrap();
    assert_eq!(names(project.path()), ["outbox"]);
    let [name] = names(&project.path().join("outbox")).try_into().unwrap();
    assert!(name.contains("évil") && !name.contains(['/', '\\']), "{name}");
}

#[tokio::test]
async fn a_message_that_moved_to_another_date_and_address_is_still_the_same() {
    let project = TempDir::new().unwrap();
    let channel = channel(project.path());
    let first = send(&*channel, &message("d1", "ana@acme.example")).await.unwrap();
    let mut later = message("d1", "new@acme.example");
    later.date = "2026-11-05T06:00:00Z".parse().unwrap();
    assert_eq!(send(&*channel, &later).await.unwrap(), first);
    assert_eq!(names(&project.path().join("outbox")).len(), 1);
}

#[tokio::test]
async fn what_a_crash_left_half_written_counts_for_nothing_and_is_overwritten() {
    let project = TempDir::new().unwrap();
    let (channel, message, phases) =
        (channel(project.path()), message("d1", "ana@acme.example"), PhaseLog::stopping_after(Phase::FinalSent));
    tokio::select! {
        result = channel.send(&message, &phases) => panic!("went on: {result:?}"),
        () = phases.reached(Phase::FinalSent) => {}
    }
    let outbox = project.path().join("outbox");
    let [part] = names(&outbox).try_into().unwrap();
    assert!(part.starts_with('.') && part.ends_with(".part"), "{part}");
    assert_eq!(channel.already_accepted(&message.id).await.unwrap(), Known::NotAccepted);
    fs::write(outbox.join(&part), "half a mess").unwrap();
    fs::write(outbox.join(part.replace(".part", "7.part")), "more of it").unwrap();
    send(&*channel, &message).await.unwrap();
    let [name] = names(&outbox).try_into().unwrap();
    assert!(fs::read_to_string(outbox.join(name)).unwrap().starts_with("Date: "));
}

#[tokio::test]
async fn a_file_of_the_same_name_is_never_written_over() {
    let project = TempDir::new().unwrap();
    let (channel, message) = (channel(project.path()), message("d1", "ana@acme.example"));
    let phases = PhaseLog::stopping_after(Phase::FinalSent);
    tokio::select! {
        result = channel.send(&message, &phases) => panic!("went on: {result:?}"),
        () = phases.reached(Phase::FinalSent) => {}
    }
    // Another process comes to the end first.
    let outbox = project.path().join("outbox");
    let taken = outbox.join(format!("2026-11-01-7-ana@acme.example-{}.eml", &message.id.digits()[..16]));
    fs::write(&taken, "theirs").unwrap();
    let accepted = send(&*channel, &message).await.unwrap();
    assert!(accepted.reply.ends_with(".eml"), "it is found: {accepted:?}");
    assert_eq!(fs::read_to_string(&taken).unwrap(), "theirs");
}

#[tokio::test]
async fn an_outbox_belongs_to_one_installation() {
    let project = TempDir::new().unwrap();
    let of = |id: &str| {
        let config = ChannelConfig { installation: Some(id.to_owned()), ..config(project.path(), json!({})) };
        (folder::KIND.open)(config).unwrap()
    };
    send(&*of("one"), &message("d1", "ana@acme.example")).await.unwrap();
    let copy = of("two");
    let first = message("d1", "ana@acme.example");
    for refusal in [
        send(&*copy, &message("d2", "ana@acme.example")).await.unwrap_err(),
        copy.probe().await.unwrap_err(),
        copy.already_accepted(&first.id).await.unwrap_err(),
    ] {
        assert_eq!(refusal.class, ReplyClass::HaltChannel, "{refusal}");
        assert!(refusal.reply.contains("another installation (one)"), "{refusal}");
        assert!(refusal.reply.contains("`path`") && refusal.reply.contains(".punctual-outbox"), "{refusal}");
    }
    assert_eq!(names(&project.path().join("outbox")).len(), 1);
    of("one").probe().await.unwrap();
    fs::remove_file(project.path().join("outbox/.punctual-outbox")).unwrap();
    send(&*copy, &message("d2", "ana@acme.example")).await.unwrap();
    assert!(of("one").probe().await.is_err(), "it was taken over");
}

#[tokio::test]
async fn a_folder_that_cannot_be_is_a_refusal() {
    let project = TempDir::new().unwrap();
    fs::write(project.path().join("outbox"), "a file").unwrap();
    let channel = channel(project.path());
    let refusal = send(&*channel, &message("d1", "ana@acme.example")).await.unwrap_err();
    assert!(matches!(refusal.class, ReplyClass::Transient | ReplyClass::HaltChannel), "{refusal}");
    assert!(refusal.reply.contains("outbox"), "{refusal}");
    assert!(channel.probe().await.is_err());
}
