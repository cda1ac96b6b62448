//! What every channel promises, run against every registered kind. A kind without a harness here
//! fails the tests.

use std::{path::Path, sync::Arc};

use mail_parser::{MessageParser, MimeHeaders};
use punctual_channels::KINDS;
use punctual_delivery::{Channel, ChannelKind, Known, Message, Phase, ReplyClass, after_crash, outcome};
use punctual_model::state::DeliveryState;
use punctual_testkit::mail::{Fault, MailSink, PhaseLog, Step};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{bare_id, config, message, options};

/// Where a channel's messages end up.
pub trait Harness {
    fn options(&self) -> Value;
    fn project(&self) -> &Path;
    /// The bytes of every message that was accepted.
    fn delivered(&self) -> Vec<Vec<u8>>;
    /// What makes the other side fail from then on.
    fn breakdown(&self) -> Box<dyn Fn() + Send + Sync>;
    /// The other side works again.
    fn heal(&self);
}

struct Smtp {
    sink: Arc<MailSink>,
}

impl Harness for Smtp {
    fn options(&self) -> Value {
        options(&self.sink, json!({}))
    }

    fn project(&self) -> &Path {
        Path::new("/")
    }

    fn delivered(&self) -> Vec<Vec<u8>> {
        self.sink.messages().into_iter().map(|message| message.raw).collect()
    }

    fn breakdown(&self) -> Box<dyn Fn() + Send + Sync> {
        let sink = Arc::clone(&self.sink);
        Box::new(move || {
            for step in [Step::Connected, Step::Sender, Step::Recipient, Step::Data, Step::FinalDot] {
                sink.inject(Fault::at(step).disconnect());
            }
        })
    }

    fn heal(&self) {
        self.sink.heal();
    }
}

struct Folder {
    project: TempDir,
}

impl Harness for Folder {
    fn options(&self) -> Value {
        json!({"path": "out/box"})
    }

    fn project(&self) -> &Path {
        self.project.path()
    }

    fn delivered(&self) -> Vec<Vec<u8>> {
        let Ok(entries) = std::fs::read_dir(self.project.path().join("out/box")) else { return Vec::new() };
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|e| e == "eml")).map(|p| std::fs::read(p).unwrap()).collect()
    }

    fn breakdown(&self) -> Box<dyn Fn() + Send + Sync> {
        let (folder, gone) = (self.project.path().join("out/box"), self.project.path().join("out/gone"));
        Box::new(move || {
            std::fs::rename(&folder, &gone).unwrap();
            std::fs::write(&folder, "in the way").unwrap();
        })
    }

    fn heal(&self) {
        let (folder, gone) = (self.project.path().join("out/box"), self.project.path().join("out/gone"));
        std::fs::remove_file(&folder).unwrap();
        std::fs::rename(gone, folder).unwrap();
    }
}

/// A kind with its harness and a channel made from it.
pub struct Case {
    pub kind: &'static ChannelKind,
    pub harness: Box<dyn Harness>,
    pub channel: Arc<dyn Channel>,
}

pub fn cases() -> Vec<Case> {
    let case = |kind: &'static ChannelKind| {
        let harness: Box<dyn Harness> = match kind.spec.name {
            "smtp" => Box::new(Smtp { sink: Arc::new(MailSink::start()) }),
            "folder" => Box::new(Folder { project: TempDir::new().unwrap() }),
            other => panic!("the channel type {other} has no harness: write one"),
        };
        let channel = (kind.open)(config(harness.project(), harness.options())).unwrap();
        Case { kind, harness, channel }
    };
    KINDS.iter().map(case).collect()
}

impl Case {
    pub fn name(&self) -> &str {
        self.kind.spec.name
    }

    /// How often this message was accepted.
    fn count(&self, message: &Message) -> usize {
        let id = bare_id(message);
        let is_it = |raw: &Vec<u8>| MessageParser::default().parse(raw).unwrap().message_id() == Some(&id);
        self.harness.delivered().iter().filter(|raw| is_it(raw)).count()
    }
}

#[tokio::test]
async fn a_message_arrives_once_whole_and_through_every_phase_in_order() {
    for case in cases() {
        let (message, phases) = (message("d1", "ana@acme.example"), PhaseLog::new());
        let accepted = case.channel.send(&message, &phases).await.unwrap();
        assert!(!accepted.reply.is_empty(), "{}", case.name());
        assert_eq!(phases.recorded(), Phase::ALL, "{}", case.name());
        let delivered = case.harness.delivered();
        assert_eq!(delivered.len(), 1, "{}", case.name());
        let parsed = MessageParser::default().parse(&delivered[0]).unwrap();
        assert_eq!(parsed.subject(), Some(message.subject.as_str()));
        assert_eq!(parsed.body_text(0).unwrap().replace("\r\n", "\n"), message.text);
        assert_eq!(parsed.body_html(0).unwrap().replace("\r\n", "\n"), message.html);
        let file = parsed.attachment(0).unwrap();
        let content = message.attachments[0].content.read().await.unwrap();
        assert_eq!((file.attachment_name(), file.contents()), (Some("acme.pdf"), content.as_slice()));
    }
}

#[tokio::test]
async fn equal_messages_arrive_as_equal_bytes() {
    for (one, other) in cases().into_iter().zip(cases()) {
        for case in [&one, &other] {
            case.channel.send(&message("d1", "ana@acme.example"), &PhaseLog::new()).await.unwrap();
        }
        assert_eq!(one.harness.delivered(), other.harness.delivered(), "{}", one.name());
    }
}

#[tokio::test]
async fn a_phase_that_cannot_be_recorded_stops_the_attempt() {
    for case in cases() {
        for phase in Phase::ALL {
            let message = message(phase.as_str(), "ana@acme.example");
            let phases = PhaseLog::failing_at(phase);
            let refusal = case.channel.send(&message, &phases).await.unwrap_err();
            assert_eq!(refusal.class, ReplyClass::Transient, "{} {phase:?}", case.name());
            assert!(refusal.reply.contains("could not be recorded"), "{refusal}");
            assert!(phases.recorded().iter().all(|recorded| *recorded < phase), "{} {phase:?}", case.name());
            assert_eq!(case.count(&message), 0, "{} {phase:?}", case.name());
            case.channel.send(&message, &PhaseLog::new()).await.unwrap();
            assert_eq!(case.count(&message), 1, "{} {phase:?}", case.name());
        }
    }
}

#[tokio::test]
async fn an_attempt_cut_off_in_any_phase_can_be_judged_and_made_again() {
    for case in cases() {
        for phase in Phase::ALL {
            let message = message(phase.as_str(), "ana@acme.example");
            let phases = PhaseLog::stopping_after(phase);
            tokio::select! {
                result = case.channel.send(&message, &phases) => panic!("{} went on after {phase:?}: {result:?}", case.name()),
                () = phases.reached(phase) => {}
            }
            let state = after_crash(phases.last());
            let expected = if phase == Phase::FinalSent { DeliveryState::InDoubt } else { DeliveryState::Transient };
            assert_eq!(state, expected, "{} {phase:?}", case.name());
            assert_eq!(case.count(&message), 0, "{} {phase:?}", case.name());
            let known = case.channel.already_accepted(&message.id).await.unwrap();
            assert!(!matches!(known, Known::Accepted(_)), "{} {phase:?}", case.name());
            case.channel.send(&message, &PhaseLog::new()).await.unwrap();
            assert_eq!(case.count(&message), 1, "{} {phase:?}", case.name());
        }
    }
}

#[tokio::test]
async fn a_breakdown_in_any_phase_is_told_as_what_it_is() {
    for case in cases() {
        for phase in Phase::ALL {
            let message = message(phase.as_str(), "ana@acme.example");
            let phases = PhaseLog::doing_after(phase, case.harness.breakdown());
            let refusal = case.channel.send(&message, &phases).await.unwrap_err();
            assert_eq!(phases.last(), Some(phase), "{}: {refusal}", case.name());
            let state = outcome(&Err(refusal.clone()));
            assert!(
                state != DeliveryState::InDoubt || phase == Phase::FinalSent,
                "{} {phase:?}: {refusal}",
                case.name()
            );
            assert_ne!(state, DeliveryState::Permanent, "{} {phase:?}: {refusal}", case.name());
            case.harness.heal();
            assert_eq!(case.count(&message), 0, "{} {phase:?}", case.name());
            case.channel.send(&message, &PhaseLog::new()).await.unwrap();
            assert_eq!(case.count(&message), 1, "{} {phase:?}", case.name());
        }
    }
}

#[tokio::test]
async fn what_a_channel_claims_to_know_is_true() {
    for case in cases() {
        let (sent, unsent) = (message("sent", "ana@acme.example"), message("unsent", "ana@acme.example"));
        case.channel.send(&sent, &PhaseLog::new()).await.unwrap();
        let exact = match case.channel.already_accepted(&sent.id).await.unwrap() {
            Known::Accepted(_) => true,
            Known::Unknown => false,
            Known::NotAccepted => panic!("{} has lost a message", case.name()),
        };
        let expected = if exact { Known::NotAccepted } else { Known::Unknown };
        assert_eq!(case.channel.already_accepted(&unsent.id).await.unwrap(), expected, "{}", case.name());
        if exact {
            let again = case.channel.send(&sent, &PhaseLog::new()).await;
            assert_eq!(outcome(&again), DeliveryState::Accepted, "{}", case.name());
            assert_eq!(case.count(&sent), 1, "{}", case.name());
        }
    }
}

#[tokio::test]
async fn many_messages_arrive_once_each_one_after_another_and_at_once() {
    for case in cases() {
        for number in 0..12 {
            let message = message(&format!("d{number}"), &format!("p{number}@client{number}.example"));
            case.channel.send(&message, &PhaseLog::new()).await.unwrap();
        }
        let at_once: Vec<_> = (12..24)
            .map(|number| {
                let channel = Arc::clone(&case.channel);
                tokio::spawn(async move {
                    let message = message(&format!("d{number}"), &format!("p{number}@client{number}.example"));
                    channel.send(&message, &PhaseLog::new()).await.unwrap();
                })
            })
            .collect();
        for task in at_once {
            task.await.unwrap();
        }
        case.channel.close().await;
        for number in 0..24 {
            let message = message(&format!("d{number}"), "whoever@acme.example");
            assert_eq!(case.count(&message), 1, "{} {number}", case.name());
        }
        assert_eq!(case.harness.delivered().len(), 24, "{}", case.name());
    }
}

#[tokio::test]
async fn a_look_sends_nothing_and_a_closed_channel_opens_again() {
    for case in cases() {
        assert!(!case.channel.probe().await.unwrap().summary.is_empty());
        assert!(case.harness.delivered().is_empty(), "{}", case.name());
        case.channel.close().await;
        case.channel.send(&message("d1", "ana@acme.example"), &PhaseLog::new()).await.unwrap();
        assert_eq!(case.harness.delivered().len(), 1, "{}", case.name());
    }
}

#[test]
fn what_a_kind_says_of_itself_is_usable() {
    for case in cases() {
        let spec = case.kind.spec;
        let Value::Object(options) = case.harness.options() else { panic!("options are a mapping") };
        assert_eq!(spec.faults(&options), [], "{}", spec.name);
        assert!(spec.summary.ends_with('.') && spec.options.iter().all(|option| option.summary.ends_with('.')));
        let mut names: Vec<&str> = spec.options.iter().map(|option| option.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), spec.options.len(), "{}", spec.name);
    }
}
