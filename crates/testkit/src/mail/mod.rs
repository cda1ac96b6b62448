//! A mail server for tests: it keeps what it accepts, fails as it is told, and says how far each
//! conversation has come. It runs in a thread of its own, so tests may block.

mod authority;
mod conversation;
mod fault;
mod phases;
mod received;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use tokio::sync::watch;

pub use self::{
    authority::Authority,
    fault::{Fault, FaultAt, Step},
    phases::PhaseLog,
    received::Received,
};
use self::{conversation::Conversation, fault::Action};

/// A test that waits longer than this for a step has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// How the sink encrypts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encryption {
    /// It cannot.
    #[default]
    None,
    /// After STARTTLS.
    StartTls,
    /// From the first byte.
    Implicit,
}

/// What a sink is like; start it with [`MailSinkBuilder::start`].
#[derive(Debug, Default)]
pub struct MailSinkBuilder {
    encryption: Encryption,
    login: Option<(String, String)>,
    mechanisms: &'static str,
    size: Option<usize>,
}

impl MailSinkBuilder {
    /// Encrypts this way.
    pub fn encryption(mut self, encryption: Encryption) -> Self {
        self.encryption = encryption;
        self
    }

    /// Takes messages only after this login.
    pub fn login(mut self, user: &str, password: &str) -> Self {
        self.login = Some((user.to_owned(), password.to_owned()));
        self.mechanisms = "PLAIN LOGIN";
        self
    }

    /// Offers these mechanisms for the login: `PLAIN`, `LOGIN` or anything else.
    pub fn mechanisms(mut self, mechanisms: &'static str) -> Self {
        self.mechanisms = mechanisms;
        self
    }

    /// Announces this largest size, in bytes, and refuses more.
    pub fn size(mut self, bytes: usize) -> Self {
        self.size = Some(bytes);
        self
    }

    /// Starts the sink on a free port of 127.0.0.1.
    pub fn start(self) -> MailSink {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port on loopback");
        let port = listener.local_addr().expect("a bound listener").port();
        let shared = Arc::new(Shared {
            encryption: self.encryption,
            login: self.login,
            mechanisms: self.mechanisms,
            size: self.size,
            authority: Authority::new(),
            faults: Mutex::default(),
            messages: Mutex::default(),
            steps: watch::Sender::default(),
            releases: watch::Sender::default(),
            stopped: watch::Sender::default(),
        });
        let thread = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || serve(listener, &shared)
        });
        MailSink { port, shared, thread: Some(thread) }
    }
}

/// A running mail server.
pub struct MailSink {
    port: u16,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl MailSink {
    /// A sink without encryption and login.
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// A sink to configure.
    pub fn builder() -> MailSinkBuilder {
        MailSinkBuilder::default()
    }

    /// Its name: `localhost`, which its certificate has too.
    pub fn host(&self) -> &'static str {
        "localhost"
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificate of the authority that signed the sink's certificate, as a PEM file.
    pub fn ca_file(&self) -> &Path {
        self.shared.authority.ca_file()
    }

    /// From now on this goes wrong.
    pub fn inject(&self, fault: Fault) {
        self.shared.faults().push(fault);
    }

    /// From now on all is well again; what hangs goes on.
    pub fn heal(&self) {
        self.shared.faults().clear();
        self.release();
    }

    /// Lets go on what hangs now.
    pub fn release(&self) {
        self.shared.releases.send_modify(|n| *n += 1);
    }

    /// Waits until so many conversations have come to this step.
    ///
    /// # Panics
    /// When that does not happen within 30 seconds.
    pub async fn reached(&self, step: Step, times: usize) {
        let mut steps = self.shared.steps.subscribe();
        let reached = steps.wait_for(|steps| steps.get(&step).is_some_and(|n| *n >= times));
        let in_time = tokio::time::timeout(PATIENCE, reached).await;
        assert!(in_time.is_ok(), "the mail sink never came to {step:?} {times} times: {:?}", self.steps());
    }

    /// How often each step was come to.
    pub fn steps(&self) -> BTreeMap<Step, usize> {
        self.shared.steps.borrow().clone()
    }

    /// How often this step was come to.
    pub fn count(&self, step: Step) -> usize {
        self.steps().get(&step).copied().unwrap_or_default()
    }

    /// Every message that was taken, in order; the client need not have seen the reply.
    pub fn messages(&self) -> Vec<Received> {
        self.shared.messages().clone()
    }

    /// How often each message id was taken.
    pub fn taken(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for message in self.shared.messages().iter() {
            *counts.entry(message.message_id()).or_insert(0) += 1;
        }
        counts
    }
}

impl Drop for MailSink {
    fn drop(&mut self) {
        self.shared.stopped.send_replace(true);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the mail sink panicked; its message is above");
        }
    }
}

/// What all conversations share.
struct Shared {
    encryption: Encryption,
    login: Option<(String, String)>,
    mechanisms: &'static str,
    size: Option<usize>,
    authority: Authority,
    faults: Mutex<Vec<Fault>>,
    messages: Mutex<Vec<Received>>,
    steps: watch::Sender<BTreeMap<Step, usize>>,
    releases: watch::Sender<usize>,
    stopped: watch::Sender<bool>,
}

impl Shared {
    fn faults(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn messages(&self) -> MutexGuard<'_, Vec<Received>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a step and says what goes wrong in it, if anything does.
    fn come_to(&self, step: Step, recipient: Option<&str>) -> Option<Action> {
        let action = self.faults().iter_mut().find_map(|fault| fault.strike(step, recipient));
        self.steps.send_modify(|steps| *steps.entry(step).or_default() += 1);
        action
    }
}

/// Takes connections until the sink is dropped; conversations end with the runtime.
fn serve(listener: TcpListener, shared: &Arc<Shared>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        listener.set_nonblocking(true).expect("a listener that can be polled");
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener in a runtime");
        let mut stopped = shared.stopped.subscribe();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let (stream, _) = accepted.expect("a connection");
                    tokio::spawn(Conversation::new(Arc::clone(shared), stream).run());
                }
                _ = stopped.wait_for(|stopped| *stopped) => break,
            }
        }
    });
}
