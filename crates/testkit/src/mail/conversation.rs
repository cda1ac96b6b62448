//! One conversation of the mail sink: strict where a client must be right (order of commands, one
//! encryption, line ends), and at every step ready to go wrong.

use std::{io, sync::Arc};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufStream},
    net::TcpStream,
};

use super::{Encryption, Received, Shared, Step, fault::Action};

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Why a conversation is over.
enum End {
    /// The client left, or the network did.
    Gone,
    /// The sink hung up on purpose.
    HungUp,
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

/// Sender and recipients so far.
#[derive(Default)]
struct Envelope {
    from: Option<String>,
    to: Vec<String>,
}

pub(super) struct Conversation {
    shared: Arc<Shared>,
    stream: Option<BufStream<Box<dyn Stream>>>,
    encrypted: bool,
    login: Option<String>,
    envelope: Envelope,
}

impl Conversation {
    pub(super) fn new(shared: Arc<Shared>, stream: TcpStream) -> Self {
        let stream: Box<dyn Stream> = Box::new(stream);
        let stream = Some(BufStream::new(stream));
        Self { shared, stream, encrypted: false, login: None, envelope: Envelope::default() }
    }

    pub(super) async fn run(mut self) {
        // Either end is fine: the client asserts what it saw, the test what was taken.
        if self.talk().await.is_err()
            && let Some(stream) = &mut self.stream
        {
            let _ = stream.shutdown().await;
        }
    }

    async fn talk(&mut self) -> Result<(), End> {
        if self.shared.encryption == Encryption::Implicit {
            self.encrypt().await?;
        }
        if self.step(Step::Connected).await? {
            self.reply("220 sink.example ready").await?;
        }
        loop {
            let line = self.line().await?;
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            let (verb, rest) = text.split_once(' ').unwrap_or((&text, ""));
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" => self.hello().await?,
                "STARTTLS" => self.start_tls().await?,
                "AUTH" => self.authenticate(rest).await?,
                "MAIL" => self.sender(rest).await?,
                "RCPT" => self.recipient(rest).await?,
                "DATA" => self.data().await?,
                "RSET" => {
                    if self.step(Step::Reset).await? {
                        self.envelope = Envelope::default();
                        self.reply("250 2.0.0 forgotten").await?;
                    }
                }
                "NOOP" => self.reply("250 2.0.0 still here").await?,
                "QUIT" => {
                    if self.step(Step::Quit).await? {
                        self.reply("221 2.0.0 bye").await?;
                    }
                    return Err(End::HungUp);
                }
                _ => self.reply("500 5.5.1 no such command").await?,
            }
        }
    }

    async fn hello(&mut self) -> Result<(), End> {
        if !self.step(Step::Hello).await? {
            return Ok(());
        }
        let mut lines = vec!["sink.example".to_owned(), "8BITMIME".to_owned(), "ENHANCEDSTATUSCODES".to_owned()];
        if self.shared.encryption == Encryption::StartTls && !self.encrypted {
            lines.push("STARTTLS".to_owned());
        }
        if self.shared.login.is_some() && self.may_log_in() {
            lines.push(format!("AUTH {}", self.shared.mechanisms));
        }
        lines.extend(self.shared.size.map(|size| format!("SIZE {size}")));
        let last = lines.len() - 1;
        let mark = |at: usize| if at == last { ' ' } else { '-' };
        let reply: Vec<String> = lines.iter().enumerate().map(|(at, line)| format!("250{}{line}", mark(at))).collect();
        self.reply(&reply.join("\r\n")).await
    }

    /// A password is only asked for where nobody can read it.
    fn may_log_in(&self) -> bool {
        self.encrypted || self.shared.encryption == Encryption::None
    }

    async fn start_tls(&mut self) -> Result<(), End> {
        if !self.step(Step::StartTls).await? {
            return Ok(());
        }
        if self.encrypted || self.shared.encryption != Encryption::StartTls {
            return self.reply("503 5.5.1 not now").await;
        }
        self.reply("220 2.0.0 go ahead").await?;
        self.encrypt().await
    }

    async fn encrypt(&mut self) -> Result<(), End> {
        let plain = self.stream.take().ok_or(End::Gone)?.into_inner();
        let encrypted: Box<dyn Stream> = Box::new(self.shared.authority.acceptor().accept(plain).await?);
        self.stream = Some(BufStream::new(encrypted));
        self.encrypted = true;
        Ok(())
    }

    async fn authenticate(&mut self, rest: &str) -> Result<(), End> {
        if !self.step(Step::Login).await? {
            return Ok(());
        }
        let Some((user, password)) = self.shared.login.clone().filter(|_| self.may_log_in()) else {
            return self.reply("538 5.7.11 encryption required").await;
        };
        let given = match rest.split_once(' ').unwrap_or((rest, "")) {
            ("PLAIN", answer) => decode(answer),
            ("LOGIN", _) => {
                self.reply("334 VXNlcm5hbWU6").await?;
                let user = decode(&self.text_line().await?);
                self.reply("334 UGFzc3dvcmQ6").await?;
                [b"\0", user.as_slice(), b"\0", decode(&self.text_line().await?).as_slice()].concat()
            }
            _ => return self.reply("504 5.5.4 no such mechanism").await,
        };
        if given == format!("\0{user}\0{password}").into_bytes() {
            self.login = Some(user);
            self.reply("235 2.7.0 welcome").await
        } else {
            self.reply("535 5.7.8 wrong name or password").await
        }
    }

    async fn sender(&mut self, rest: &str) -> Result<(), End> {
        if !self.step(Step::Sender).await? {
            return Ok(());
        }
        if self.shared.login.is_some() && self.login.is_none() {
            return self.reply("530 5.7.0 log in first").await;
        }
        if self.envelope.from.is_some() {
            return self.reply("503 5.5.1 the sender is known").await;
        }
        let size = rest.split(" SIZE=").nth(1).and_then(|size| size.trim().parse::<usize>().ok());
        if size.zip(self.shared.size).is_some_and(|(size, largest)| size > largest) {
            return self.reply("552 5.3.4 message too big").await;
        }
        self.envelope.from = Some(path(rest).to_owned());
        self.reply("250 2.1.0 sender ok").await
    }

    async fn recipient(&mut self, rest: &str) -> Result<(), End> {
        let address = path(rest).to_owned();
        if !self.step_for(Step::Recipient, Some(&address)).await? {
            return Ok(());
        }
        if self.envelope.from.is_none() {
            return self.reply("503 5.5.1 MAIL first").await;
        }
        self.envelope.to.push(address);
        self.reply("250 2.1.5 recipient ok").await
    }

    async fn data(&mut self) -> Result<(), End> {
        let recipient = self.envelope.to.first().cloned();
        if !self.step_for(Step::Data, recipient.as_deref()).await? {
            return Ok(());
        }
        if self.envelope.to.is_empty() {
            return self.reply("503 5.5.1 RCPT first").await;
        }
        self.reply("354 go ahead").await?;
        let raw = self.message(recipient.as_deref()).await?;
        let envelope = std::mem::take(&mut self.envelope);
        if !self.step_for(Step::FinalDot, recipient.as_deref()).await? {
            return Ok(());
        }
        let (encrypted, login) = (self.encrypted, self.login.clone());
        let from = envelope.from.unwrap_or_default();
        self.shared.messages().push(Received { from, to: envelope.to, raw, encrypted, login });
        if self.step_for(Step::Taken, recipient.as_deref()).await? {
            self.reply("250 2.0.0 taken").await?;
        }
        self.step_for(Step::Answered, recipient.as_deref()).await.map(drop)
    }

    /// Reads up to the final dot and takes the stuffing out.
    async fn message(&mut self, recipient: Option<&str>) -> Result<Vec<u8>, End> {
        let mut raw = Vec::new();
        let mut begun = false;
        loop {
            let line = self.line().await?;
            if !std::mem::replace(&mut begun, true) && !self.step_for(Step::Body, recipient).await? {
                return Err(End::HungUp);
            }
            match line.as_slice() {
                b".\r\n" => return Ok(raw),
                [b'.', rest @ ..] => raw.extend_from_slice(rest),
                line => raw.extend_from_slice(line),
            }
        }
    }

    async fn step(&mut self, step: Step) -> Result<bool, End> {
        self.step_for(step, None).await
    }

    /// Counts a step and lets it go wrong; `false` when it was answered otherwise already.
    async fn step_for(&mut self, step: Step, recipient: Option<&str>) -> Result<bool, End> {
        let mut releases = self.shared.releases.subscribe();
        match self.shared.come_to(step, recipient) {
            None => Ok(true),
            Some(Action::Disconnect) => Err(End::HungUp),
            Some(Action::Reply(reply)) => {
                self.reply(&reply).await?;
                Ok(false)
            }
            Some(Action::Hang) => {
                releases.changed().await.map_err(|_| End::HungUp)?;
                Ok(true)
            }
        }
    }

    async fn line(&mut self) -> Result<Vec<u8>, End> {
        let mut line = Vec::new();
        let stream = self.stream.as_mut().ok_or(End::Gone)?;
        stream.read_until(b'\n', &mut line).await?;
        if line.ends_with(b"\r\n") { Ok(line) } else { Err(End::Gone) }
    }

    async fn text_line(&mut self) -> Result<String, End> {
        Ok(String::from_utf8_lossy(&self.line().await?).trim_end().to_owned())
    }

    async fn reply(&mut self, reply: &str) -> Result<(), End> {
        let stream = self.stream.as_mut().ok_or(End::Gone)?;
        stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
        Ok(stream.flush().await?)
    }
}

/// What stands between `<` and `>`.
fn path(text: &str) -> &str {
    text.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(path, _)| path)
}

fn decode(base64: &str) -> Vec<u8> {
    mail_parser::decoders::base64::base64_decode(base64.as_bytes()).unwrap_or_default()
}
