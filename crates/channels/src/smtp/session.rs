//! One conversation with a mail server: greeting, EHLO, STARTTLS, login, then one transaction per
//! message with one recipient each. Knows steps and replies; which phase is recorded when is the
//! channel's business.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use punctual_delivery::{Accepted, EmailAddress, Refusal, ReplyClass, Step};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

use super::{
    settings::{Login, Security, Settings, Timeouts},
    tls::Tls,
    wire::{DotStuffer, Reply, Stream, Wire, WireError},
};
use crate::mime::fits;

/// How many bytes of a message are sent under one time limit.
const BLOCK: usize = 64 * 1024;
/// A server that is about to close says so with this code at any step (RFC 5321 3.8).
const CLOSING: u16 = 421;

/// What the server said it can do, in answer to EHLO.
#[derive(Debug, Default)]
struct Abilities {
    starttls: bool,
    plain: bool,
    login: bool,
    /// The largest message it takes; `None` when it does not say.
    size: Option<u64>,
    /// Whether it understands the parameter SIZE of MAIL (RFC 1870).
    knows_size: bool,
}

/// A conversation that is ready for a transaction.
pub(super) struct Session {
    wire: Wire,
    endpoint: String,
    timeouts: Timeouts,
    abilities: Abilities,
    encrypted: bool,
    broken: bool,
}

impl Session {
    /// Connects, encrypts and logs in.
    pub(super) async fn open(settings: &Settings) -> Result<Self, Refusal> {
        let stream: Box<dyn Stream> = Box::new(connect(settings).await?);
        let stream = match &settings.security {
            Security::Tls(tls) => shake_hands(settings, tls.handshake(stream)).await?,
            Security::StartTls(_) | Security::None => stream,
        };
        let mut session = Self {
            wire: Wire::new(stream),
            endpoint: settings.endpoint(),
            timeouts: settings.timeouts,
            abilities: Abilities::default(),
            encrypted: matches!(settings.security, Security::Tls(_)),
            broken: false,
        };
        let greeting = session.wire.reply(settings.timeouts.greeting).await;
        session.expect(Step::Connect, 220, greeting)?;
        session.hello(&settings.helo).await?;
        if let Security::StartTls(tls) = &settings.security {
            session = session.start_tls(settings, tls).await?;
        }
        match &settings.login {
            Some(login) => session.log_in(login).await,
            None => Ok(session),
        }
    }

    /// The largest message that the server takes, if it says so.
    pub(super) fn largest(&self) -> Option<u64> {
        self.abilities.size
    }

    /// Whether the conversation is encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Whether nothing more can come of this conversation.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Forgets a transaction that was begun (RSET); also shows whether the server is still there.
    pub(super) async fn reset(&mut self) -> Result<(), Refusal> {
        if !self.wire.is_quiet().await {
            return Err(self.lost(Step::Hello, &WireError::Closed));
        }
        self.command(Step::Hello, 250, "RSET", self.timeouts.courtesy).await.map(drop)
    }

    /// Names the sender and the one recipient of a message that is not larger than the server takes.
    pub(super) async fn envelope(&mut self, from: &EmailAddress, to: &EmailAddress, size: u64) -> Result<(), Refusal> {
        fits(size, self.abilities.size)?;
        let size = if self.abilities.knows_size { format!(" SIZE={size}") } else { String::new() };
        let limit = self.timeouts.command;
        self.command(Step::Sender, 250, &format!("MAIL FROM:<{from}>{size}"), limit).await?;
        self.command(Step::Recipient, 250, &format!("RCPT TO:<{to}>"), limit).await?;
        Ok(())
    }

    /// Sends everything but the final dot: a server that has not seen it takes nothing. One that has
    /// hung up or spoken by then is not given the dot, so nothing comes in doubt.
    pub(super) async fn body(&mut self, message: &[u8]) -> Result<(), Refusal> {
        self.command(Step::Data, 354, "DATA", self.timeouts.data).await?;
        let mut stuffer = DotStuffer::new();
        for block in message.chunks(BLOCK) {
            let written = self.wire.write(&stuffer.stuff(block), self.timeouts.block).await;
            if let Err(error) = written {
                return Err(self.interrupted(&error).await);
            }
        }
        if self.wire.is_quiet().await { Ok(()) } else { Err(self.interrupted(&WireError::Closed).await) }
    }

    /// Sends the final dot and waits for the reply. Whatever is no clear answer is in doubt.
    pub(super) async fn finish(mut self) -> Result<(Accepted, Self), Refusal> {
        let reply = self.command(Step::FinalDot, 250, ".", self.timeouts.final_dot).await?;
        Ok((Accepted::new(&format!("{} {}", reply.code, reply.text())), self))
    }

    /// Takes leave. A failure changes nothing: what was accepted stays accepted.
    pub(super) async fn quit(mut self) {
        if !self.broken {
            let _ = self.wire.command("QUIT", self.timeouts.courtesy).await;
        }
    }

    async fn hello(&mut self, helo: &str) -> Result<(), Refusal> {
        let reply = self.command(Step::Hello, 250, &format!("EHLO {helo}"), self.timeouts.command).await?;
        self.abilities = abilities(&reply);
        Ok(())
    }

    /// Encrypts, or gives up: there is no way on in clear text.
    async fn start_tls(mut self, settings: &Settings, tls: &Tls) -> Result<Self, Refusal> {
        if !self.abilities.starttls {
            return Err(Refusal::unanswered(
                ReplyClass::HaltChannel,
                format!(
                    "{} does not offer STARTTLS; nothing was sent; compare `port`, or use `security: tls`",
                    self.endpoint
                ),
            ));
        }
        self.command(Step::Encrypt, 220, "STARTTLS", self.timeouts.command).await?;
        let stream = self.wire.into_stream().map_err(|_| {
            Refusal::unanswered(
                ReplyClass::HaltChannel,
                format!(
                    "{} sent something ahead of the TLS handshake, as attackers do; nothing was sent",
                    self.endpoint
                ),
            )
        })?;
        self.wire = Wire::new(shake_hands(settings, tls.handshake(stream)).await?);
        self.encrypted = true;
        self.hello(&settings.helo).await?;
        Ok(self)
    }

    /// Logs in with PLAIN (RFC 4616) or LOGIN, whichever the server offers.
    async fn log_in(mut self, login: &Login) -> Result<Self, Refusal> {
        let limit = self.timeouts.command;
        if self.abilities.plain {
            let answer = BASE64.encode(format!("\0{}\0{}", login.user, login.password));
            self.command(Step::Login, 235, &format!("AUTH PLAIN {answer}"), limit).await?;
        } else if self.abilities.login {
            self.command(Step::Login, 334, "AUTH LOGIN", limit).await?;
            self.command(Step::Login, 334, &BASE64.encode(&login.user), limit).await?;
            self.command(Step::Login, 235, &BASE64.encode(&login.password), limit).await?;
        } else {
            return Err(Refusal::unanswered(
                ReplyClass::HaltChannel,
                format!(
                    "{} offers no login with a password; remove `user` and `password` if it needs none",
                    self.endpoint
                ),
            ));
        }
        Ok(self)
    }

    async fn command(&mut self, step: Step, expected: u16, line: &str, limit: Duration) -> Result<Reply, Refusal> {
        let reply = self.wire.command(line, limit).await;
        self.expect(step, expected, reply)
    }

    /// The reply if it is the expected one; success of another shade (251) counts.
    fn expect(&mut self, step: Step, expected: u16, reply: Result<Reply, WireError>) -> Result<Reply, Refusal> {
        let reply = reply.map_err(|error| self.lost(step, &error))?;
        self.broken |= reply.code == CLOSING;
        match reply.code {
            code if code / 100 == expected / 100 => Ok(reply),
            400..=599 => Err(Refusal::answered(step, reply.code, &reply.text())),
            code => {
                self.broken = true;
                Err(self.without_answer(step, &format!("out of step: {code} {}", reply.text())))
            }
        }
    }

    fn lost(&mut self, step: Step, error: &WireError) -> Refusal {
        self.broken = true;
        self.without_answer(step, &error.to_string())
    }

    fn without_answer(&self, step: Step, what: &str) -> Refusal {
        let class = if step == Step::FinalDot { ReplyClass::InDoubt } else { ReplyClass::Transient };
        Refusal::unanswered(class, format!("{}: {what}, while {}", self.endpoint, step.doing()))
    }

    /// The body could not be sent to its end. The server may have said why before it hung up.
    async fn interrupted(&mut self, error: &WireError) -> Refusal {
        let refusal = self.lost(Step::Body, error);
        match self.wire.reply(self.timeouts.courtesy).await {
            Ok(reply) if (400..=599).contains(&reply.code) => Refusal::answered(Step::Body, reply.code, &reply.text()),
            _ => refusal,
        }
    }
}

/// Tries the server's addresses in turn.
async fn connect(settings: &Settings) -> Result<TcpStream, Refusal> {
    let failed = |why: String| {
        Refusal::unanswered(ReplyClass::Transient, format!("{} can't be reached: {why}", settings.endpoint()))
    };
    let addresses =
        lookup_host((settings.host.as_str(), settings.port)).await.map_err(|error| failed(error.to_string()))?;
    let mut why = "its name has no address".to_owned();
    for address in addresses {
        match timeout(settings.timeouts.connect, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Commands are short and wait for replies; a stream that can't be told so still works.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => why = error.to_string(),
            Err(_) => why = format!("no answer within {} s", settings.timeouts.connect.as_secs_f64()),
        }
    }
    Err(failed(why))
}

async fn shake_hands(
    settings: &Settings,
    handshake: impl Future<Output = Result<Box<dyn Stream>, Refusal>>,
) -> Result<Box<dyn Stream>, Refusal> {
    let name = |words: &str| format!("{}: {words}", settings.endpoint());
    match timeout(settings.timeouts.connect, handshake).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(refusal)) => Err(Refusal { reply: name(&refusal.reply), ..refusal }),
        Err(_) => Err(Refusal::unanswered(ReplyClass::Transient, name("no answer to the TLS handshake in time"))),
    }
}

/// Reads the lines after the first of an EHLO reply (RFC 5321 4.1.1.1).
fn abilities(reply: &Reply) -> Abilities {
    let mut abilities = Abilities::default();
    for line in reply.lines.iter().skip(1) {
        let mut words = line.split_whitespace().map(str::to_ascii_uppercase);
        match words.next().as_deref() {
            Some("STARTTLS") => abilities.starttls = true,
            Some("SIZE") => {
                abilities.knows_size = true;
                // 0 means no limit (RFC 1870 4).
                abilities.size = words.next().and_then(|size| size.parse().ok()).filter(|size| *size > 0);
            }
            Some("AUTH") => {
                for mechanism in words {
                    abilities.plain |= mechanism == "PLAIN";
                    abilities.login |= mechanism == "LOGIN";
                }
            }
            _ => {}
        }
    }
    abilities
}
