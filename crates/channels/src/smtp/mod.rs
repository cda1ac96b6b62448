//! The channel type `smtp`: one transaction per message and recipient (RFC 5321), each phase on
//! record before its step.
//!
//! The conversation is our own and not a library's, because the final dot has to be a step of its
//! own: a client that sends the message and the dot in one go cannot tell "not taken" from "in
//! doubt" when it is interrupted in the midst of ten megabytes.

mod session;
mod settings;
mod tls;
mod wire;

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use punctual_delivery::{
    Accepted, Channel, ChannelConfig, ChannelConfigError, ChannelKind, InDoubtPolicy, Known, Message, MessageId, Phase,
    Phases, Prepared, Probe, Refusal,
};

pub use self::settings::Timeouts;
use self::{session::Session, settings::Settings};
use crate::{mime, record};

/// The registration of `smtp`.
pub const KIND: ChannelKind = ChannelKind { spec: settings::SPEC, open };

fn open(config: ChannelConfig) -> Result<Arc<dyn Channel>, ChannelConfigError> {
    Ok(Arc::new(SmtpChannel::new(&config, Timeouts::default())?))
}

/// Sends messages to one mail server. Connections are kept between messages.
pub struct SmtpChannel {
    settings: Settings,
    idle: Mutex<Vec<Session>>,
}

impl SmtpChannel {
    /// A channel with time limits of its own; everybody but tests wants the default ones.
    ///
    /// # Errors
    /// When the options contradict each other or the certificates can't be read.
    pub fn new(config: &ChannelConfig, timeouts: Timeouts) -> Result<Self, ChannelConfigError> {
        Ok(Self { settings: Settings::read(config, timeouts)?, idle: Mutex::default() })
    }

    fn take_idle(&self) -> Option<Session> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, session: Session) {
        if !session.is_broken() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
        }
    }

    /// A conversation that is ready: one that was kept and still answers, or a new one.
    async fn session(&self) -> Result<(Session, Origin), Refusal> {
        if let Some(mut session) = self.take_idle()
            && session.reset().await.is_ok()
        {
            return Ok((session, Origin::Kept));
        }
        Ok((Session::open(&self.settings).await?, Origin::New))
    }

    /// A conversation in which sender and recipient are named. A kept one that breaks on the way is
    /// replaced once: servers close after a number of messages, and that is nobody's fault.
    async fn addressed(&self, message: &Message, size: u64, phases: &dyn Phases) -> Result<Session, Refusal> {
        let (from, to) = (&message.from.address, &message.to.address);
        let (mut session, origin) = self.session().await?;
        record(phases, Phase::Connected).await?;
        let mut named = session.envelope(from, to, size).await;
        if named.is_err() && session.is_broken() && origin == Origin::Kept {
            session = Session::open(&self.settings).await?;
            named = session.envelope(from, to, size).await;
        }
        match named {
            Ok(()) => Ok(session),
            Err(refusal) => {
                self.keep(session);
                Err(refusal)
            }
        }
    }
}

/// Where a conversation comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Kept,
    New,
}

#[async_trait]
impl Channel for SmtpChannel {
    async fn prepare(&self, message: &Message) -> Result<Prepared, Refusal> {
        mime::prepare(message, Some(self.settings.largest)).await
    }

    async fn send(&self, message: &Message, phases: &dyn Phases) -> Result<Accepted, Refusal> {
        let prepared = self.prepare(message).await?;
        let mut session = self.addressed(message, prepared.size(), phases).await?;
        record(phases, Phase::BodyStarted).await?;
        session.body(prepared.bytes()).await?;
        // Returning early drops the connection without the final dot: the server takes nothing.
        record(phases, Phase::FinalSent).await?;
        let (accepted, session) = session.finish().await?;
        self.keep(session);
        Ok(accepted)
    }

    async fn probe(&self) -> Result<Probe, Refusal> {
        let session = Session::open(&self.settings).await?;
        let security = if session.is_encrypted() { "encrypted" } else { "not encrypted" };
        let login = match &self.settings.login {
            Some(login) => format!(", logged in as {}", login.user),
            None => String::new(),
        };
        let largest = session.largest().map_or(self.settings.largest, |size| size.min(self.settings.largest));
        session.quit().await;
        let endpoint = self.settings.endpoint();
        Ok(Probe { summary: format!("{endpoint} answers, {security}{login}; messages up to {largest} bytes") })
    }

    /// A mail server can't be asked.
    async fn already_accepted(&self, _: &MessageId) -> Result<Known, Refusal> {
        Ok(Known::Unknown)
    }

    fn in_doubt_policy(&self) -> InDoubtPolicy {
        self.settings.in_doubt
    }

    fn largest_message(&self) -> Option<u64> {
        Some(self.settings.largest)
    }

    async fn close(&self) {
        while let Some(session) = self.take_idle() {
            session.quit().await;
        }
    }
}
