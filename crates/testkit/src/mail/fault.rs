//! What goes wrong in a mail sink: at which step, for whom, how often.

/// How far a conversation has come. A step is counted when it is come to, before it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// A connection was made; no greeting yet.
    Connected,
    /// EHLO.
    Hello,
    /// STARTTLS.
    StartTls,
    /// AUTH with its answers.
    Login,
    /// MAIL FROM.
    Sender,
    /// RCPT TO.
    Recipient,
    /// DATA; not answered yet.
    Data,
    /// The first line of the message has come.
    Body,
    /// The final dot has come; the message is not taken yet.
    FinalDot,
    /// The message is taken; the client does not know yet.
    Taken,
    /// The client was told.
    Answered,
    /// RSET.
    Reset,
    /// QUIT.
    Quit,
}

/// What a fault does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    /// Answers with this in place of doing the step. In the midst of a message it also hangs up.
    Reply(String),
    /// Hangs up.
    Disconnect,
    /// Does nothing until released, then goes on as if nothing had been.
    Hang,
}

/// One thing that goes wrong.
#[derive(Debug, Clone)]
pub struct Fault {
    step: Step,
    recipient: Option<String>,
    action: Action,
    skip: usize,
    left: Option<usize>,
}

/// A step that is to go wrong: say how.
#[derive(Debug, Clone, Copy)]
pub struct FaultAt(Step);

impl Fault {
    /// Something goes wrong at this step, every time until said otherwise.
    pub fn at(step: Step) -> FaultAt {
        FaultAt(step)
    }

    /// Only for this recipient; from RCPT on.
    pub fn recipient(mut self, address: &str) -> Self {
        self.recipient = Some(address.to_owned());
        self
    }

    /// Only this many times.
    pub fn times(mut self, times: usize) -> Self {
        self.left = Some(times);
        self
    }

    /// Only once.
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Not the first so many times.
    pub fn after(mut self, times: usize) -> Self {
        self.skip = times;
        self
    }

    /// What happens now, if this fault is due.
    pub(super) fn strike(&mut self, step: Step, recipient: Option<&str>) -> Option<Action> {
        let due = self.step == step
            && self.left != Some(0)
            && self.recipient.as_deref().is_none_or(|wanted| recipient == Some(wanted));
        if !due {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        self.left = self.left.map(|left| left - 1);
        Some(self.action.clone())
    }
}

impl FaultAt {
    /// The server answers with this, such as `550 5.1.1 no such user`.
    pub fn reply(self, reply: &str) -> Fault {
        self.fault(Action::Reply(reply.to_owned()))
    }

    /// The server hangs up.
    pub fn disconnect(self) -> Fault {
        self.fault(Action::Disconnect)
    }

    /// The server does nothing until [`super::MailSink::release`].
    pub fn hang(self) -> Fault {
        self.fault(Action::Hang)
    }

    fn fault(self, action: Action) -> Fault {
        Fault { step: self.0, recipient: None, action, skip: 0, left: None }
    }
}
