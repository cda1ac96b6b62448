//! What a refusal means: reply codes (RFC 5321 4.2) and enhanced status codes (RFC 3463) sorted
//! into classes by what has to happen next. One table, used by every channel that speaks SMTP and
//! by whatever reads bounces.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What a refusal means for the delivery and for the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "class", rename_all = "snake_case")]
pub enum ReplyClass {
    /// Not now: try again later.
    Transient,
    /// Never in this form.
    Permanent {
        /// The address does not exist: write to it no more.
        suppress: bool,
    },
    /// The message is larger than the other side takes: attach fewer formats.
    TooLarge,
    /// The channel itself does not work (login, certificate, encryption): stop it and tell a
    /// person; trying other recipients would only do harm.
    HaltChannel,
    /// The sender is not liked here (policy, reputation, authentication of the domain): tell a
    /// person; the address is not to blame.
    SenderProblem,
    /// The last byte may have left and no reply was read: nobody can know.
    InDoubt,
}

/// The step of a conversation that a reply answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// The connection and its greeting.
    Connect,
    /// EHLO.
    Hello,
    /// STARTTLS and the handshake.
    Encrypt,
    /// AUTH.
    Login,
    /// MAIL FROM.
    Sender,
    /// RCPT TO.
    Recipient,
    /// DATA.
    Data,
    /// The message, up to its final dot.
    Body,
    /// The final dot and its reply.
    FinalDot,
}

impl Step {
    /// All steps in order.
    pub const ALL: [Self; 9] = [
        Self::Connect,
        Self::Hello,
        Self::Encrypt,
        Self::Login,
        Self::Sender,
        Self::Recipient,
        Self::Data,
        Self::Body,
        Self::FinalDot,
    ];

    /// What was being done, for messages.
    pub const fn doing(self) -> &'static str {
        match self {
            Self::Connect => "connecting",
            Self::Hello => "saying EHLO",
            Self::Encrypt => "starting TLS",
            Self::Login => "logging in",
            Self::Sender => "naming the sender",
            Self::Recipient => "naming the recipient",
            Self::Data => "asking to send the message",
            Self::Body => "sending the message",
            Self::FinalDot => "waiting for the reply to the message",
        }
    }
}

/// An enhanced status code: class, subject, detail (RFC 3463 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EnhancedStatus {
    /// 2 success, 4 not now, 5 never.
    pub class: u16,
    /// 1 address, 2 mailbox, 3 system, 4 network, 5 protocol, 6 content, 7 security and policy.
    pub subject: u16,
    /// The detail within the subject.
    pub detail: u16,
}

/// A text that is no enhanced status code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an enhanced status code: expected class.subject.detail such as 5.1.1")]
pub struct EnhancedStatusError(String);

impl FromStr for EnhancedStatus {
    type Err = EnhancedStatusError;

    fn from_str(text: &str) -> Result<Self, EnhancedStatusError> {
        let number = |part: Option<&str>| {
            part.filter(|p| (1..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))?.parse::<u16>().ok()
        };
        let mut parts = text.split('.');
        let numbers = (number(parts.next()), number(parts.next()), number(parts.next()), parts.next());
        match numbers {
            (Some(class @ (2 | 4 | 5)), Some(subject), Some(detail), None) => Ok(Self { class, subject, detail }),
            _ => Err(EnhancedStatusError(text.to_owned())),
        }
    }
}

impl TryFrom<String> for EnhancedStatus {
    type Error = EnhancedStatusError;

    fn try_from(text: String) -> Result<Self, EnhancedStatusError> {
        text.parse()
    }
}

impl From<EnhancedStatus> for String {
    fn from(status: EnhancedStatus) -> Self {
        status.to_string()
    }
}

impl fmt::Display for EnhancedStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl EnhancedStatus {
    /// The status that a reply's text begins with (RFC 2034 3).
    pub fn leading(text: &str) -> Option<Self> {
        text.split_whitespace().next()?.parse().ok()
    }
}

/// What a refusing reply to one message for one recipient means.
///
/// The enhanced status wins where it says more: `552 5.2.2` is a full mailbox, `552` alone a message
/// that is too large. A code outside 400 to 599 is no refusal at all; it is out of step, so try again.
pub fn classify(code: u16, enhanced: Option<EnhancedStatus>) -> ReplyClass {
    let status = enhanced.map(|e| (e.class, e.subject, e.detail));
    match (code, status) {
        (530 | 534 | 535 | 538, _) | (500..=599, Some((5, 7, 8))) => ReplyClass::HaltChannel,
        (0..=499 | 600.., _) | (_, Some((4, ..))) => ReplyClass::Transient,
        (_, Some((5, 1, 1 | 2 | 10))) => ReplyClass::Permanent { suppress: true },
        (_, Some((5, 2, 2))) => ReplyClass::Transient,
        (_, Some((5, 2, 3) | (5, 3, 4))) => ReplyClass::TooLarge,
        (_, Some((5, 1, 7 | 8) | (5, 7, _))) => ReplyClass::SenderProblem,
        (552, _) => ReplyClass::TooLarge,
        _ => ReplyClass::Permanent { suppress: false },
    }
}

/// What a refusing reply means, given the step that it answers: before a recipient is named no
/// refusal can be the recipient's fault.
pub fn classify_at(step: Step, code: u16, enhanced: Option<EnhancedStatus>) -> ReplyClass {
    match (step, classify(code, enhanced)) {
        (_, class @ (ReplyClass::Transient | ReplyClass::HaltChannel)) => class,
        (Step::Connect | Step::Hello | Step::Encrypt | Step::Login, _) => ReplyClass::HaltChannel,
        (Step::Sender, ReplyClass::Permanent { .. }) => ReplyClass::SenderProblem,
        (_, class) => class,
    }
}

/// Why a message was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{reply}")]
pub struct Refusal {
    /// What it means.
    #[serde(flatten)]
    pub class: ReplyClass,
    /// The reply code, when the other side answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// The enhanced status, when the other side gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enhanced: Option<EnhancedStatus>,
    /// The other side's words, or ours when it said nothing.
    pub reply: String,
}

/// The longest reply that is kept, in characters.
const LONGEST_REPLY: usize = 1000;

impl Refusal {
    /// The other side answered with a refusing code; `text` is the reply without the code.
    pub fn answered(step: Step, code: u16, text: &str) -> Self {
        let enhanced = EnhancedStatus::leading(text);
        Self {
            class: classify_at(step, code, enhanced),
            code: Some(code),
            enhanced,
            reply: one_line(&format!("{code} {text}")),
        }
    }

    /// The other side gave no usable reply; the words are ours.
    pub fn unanswered(class: ReplyClass, words: impl AsRef<str>) -> Self {
        Self { class, code: None, enhanced: None, reply: one_line(words.as_ref()) }
    }

    /// Whether the same message may be accepted later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        self.class == ReplyClass::Transient
    }

    /// Whether the address must not be written to again.
    pub fn suppresses(&self) -> bool {
        self.class == ReplyClass::Permanent { suppress: true }
    }
}

/// A text that is safe to store and show: no control characters, bounded.
pub(crate) fn one_line(text: &str) -> String {
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    clean.take(LONGEST_REPLY).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{ReplyClass::*, *};

    const SUPPRESS: ReplyClass = Permanent { suppress: true };
    const KEEP: ReplyClass = Permanent { suppress: false };

    #[test]
    fn replies_are_classed_by_the_table() {
        let table: &[(&str, ReplyClass)] = &[
            ("421 4.3.2 shutting down", Transient),
            ("421 no words", Transient),
            ("450 mailbox busy", Transient),
            ("451 4.7.1 greylisted", Transient),
            ("452 4.2.2 over quota", Transient),
            ("454 4.7.0 login is down", Transient),
            ("450 5.1.1 the code wins over a status that contradicts it", Transient),
            ("554 4.7.1 try later", Transient),
            ("550 5.1.1 no such user", SUPPRESS),
            ("550 5.1.2 no such domain", SUPPRESS),
            ("556 5.1.10 the domain takes no mail", SUPPRESS),
            ("550 5.1.3 bad syntax", KEEP),
            ("550 5.1.6 moved", KEEP),
            ("550 5.1.8 bad sender", SenderProblem),
            ("552 5.2.2 mailbox full", Transient),
            ("550 5.2.2 mailbox full", Transient),
            ("552 5.2.3 longer than the mailbox takes", TooLarge),
            ("552 5.3.4 message too big", TooLarge),
            ("554 5.3.4 message too big", TooLarge),
            ("552 message size exceeds the limit", TooLarge),
            ("550 5.2.4 list expansion", KEEP),
            ("550 5.3.3 not capable", KEEP),
            ("550 5.2.1 disabled", KEEP),
            ("530 5.7.0 log in first", HaltChannel),
            ("530 log in first", HaltChannel),
            ("534 5.7.9 mechanism too weak", HaltChannel),
            ("535 5.7.8 wrong password", HaltChannel),
            ("538 5.7.11 encryption required", HaltChannel),
            ("550 5.7.8 credentials", HaltChannel),
            ("550 5.7.1 not allowed", SenderProblem),
            ("550 5.7.26 SPF and DKIM failed", SenderProblem),
            ("554 5.7.5 policy", SenderProblem),
            ("550 no words", KEEP),
            ("554 transaction failed", KEEP),
            ("503 5.5.1 bad sequence", KEEP),
            ("250 2.0.0 out of step", Transient),
            ("354 out of step", Transient),
            ("600 no such code", Transient),
        ];
        for (reply, class) in table {
            let (code, text) = reply.split_once(' ').expect("code and text");
            let code = code.parse().expect("a number");
            assert_eq!(classify(code, EnhancedStatus::leading(text)), *class, "{reply}");
        }
    }

    #[test]
    fn only_an_address_that_does_not_exist_is_ever_suppressed() {
        let mut suppressing = Vec::new();
        for code in 400..=599 {
            for class in [4, 5] {
                for subject in 0..=9 {
                    for detail in 0..=99 {
                        let enhanced = EnhancedStatus { class, subject, detail };
                        if classify(code, Some(enhanced)) == SUPPRESS && !suppressing.contains(&enhanced) {
                            suppressing.push(enhanced);
                        }
                    }
                }
            }
            assert_ne!(classify(code, None), SUPPRESS, "{code} without an enhanced status");
        }
        let suppressing: Vec<String> = suppressing.iter().map(ToString::to_string).collect();
        assert_eq!(suppressing, ["5.1.1", "5.1.2", "5.1.10"]);
    }

    #[test]
    fn the_page_on_delivery_says_what_the_table_does() {
        let page = include_str!("../../../docs/concepts/delivery.md");
        let codes = |words: &str| -> Vec<&str> {
            let row = page.lines().find(|line| line.starts_with('|') && line.contains(words)).expect("a row");
            let cell = row.split('|').nth(1).expect("a cell");
            cell.split('`').filter(|code| code.starts_with('5')).collect()
        };
        let class_of = |code: &str| match code.parse() {
            Ok(code) => classify(code, None),
            Err(_) => classify(550, EnhancedStatus::leading(code)),
        };
        for (words, class) in [
            ("is not written to again", SUPPRESS),
            ("the mailbox is full", Transient),
            ("the message is too large", TooLarge),
            ("login or encryption is wrong", HaltChannel),
        ] {
            let codes = codes(words);
            assert!(!codes.is_empty(), "{words}");
            for code in codes {
                assert_eq!(class_of(code), class, "{code}: {words}");
            }
        }
        assert_eq!(codes("is not written to again"), ["5.1.1", "5.1.2", "5.1.10"]);
    }

    #[test]
    fn before_the_recipient_is_named_nothing_is_the_recipients_fault() {
        for step in Step::ALL.into_iter().filter(|s| *s < Step::Recipient) {
            for reply in ["550 5.1.1 no", "554 5.7.1 blocked", "550 no", "554 no SMTP service here"] {
                let (code, text) = reply.split_once(' ').expect("code and text");
                let class = Refusal::answered(step, code.parse().expect("a number"), text).class;
                let expected = if step == Step::Sender { SenderProblem } else { HaltChannel };
                assert_eq!(class, expected, "{reply} at {step:?}");
            }
            assert_eq!(Refusal::answered(step, 421, "later").class, Transient, "{step:?}");
        }
        assert_eq!(Refusal::answered(Step::Sender, 552, "5.3.4 too big").class, TooLarge);
        assert_eq!(Refusal::answered(Step::Recipient, 550, "5.1.1 no such user").class, SUPPRESS);
    }

    #[test]
    fn statuses_are_read_strictly() {
        assert_eq!(EnhancedStatus::leading("5.1.10 gone").map(|s| s.to_string()).as_deref(), Some("5.1.10"));
        for text in ["", "5.1", "5.1.1.1 x", "3.1.1 x", "5.1.1000 x", "5.+1.1 x", "a5.1.1", "5..1"] {
            assert_eq!(EnhancedStatus::leading(text), None, "{text}");
        }
    }

    #[test]
    fn a_refusal_keeps_the_servers_words_on_one_bounded_line() {
        let refusal = Refusal::answered(Step::Recipient, 550, "5.1.1 no such user\r\nat \u{7}all");
        assert_eq!(refusal.reply, "550 5.1.1 no such user  at  all");
        assert!(Refusal::answered(Step::Recipient, 550, &"x".repeat(5000)).reply.len() <= LONGEST_REPLY);
        let json = serde_json::to_string(&refusal).expect("json");
        assert_eq!(serde_json::from_str::<Refusal>(&json).expect("reads back"), refusal);
        assert!(json.contains(r#""class":"permanent","suppress":true,"code":550,"enhanced":"5.1.1""#), "{json}");
    }
}
