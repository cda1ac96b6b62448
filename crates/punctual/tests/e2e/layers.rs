//! Each layer of the sandbox holds while the others are left out, and with all of them left out nothing
//! does; a child ends with its parent. Drives the real child process; knows nothing of reports.

use std::{
    io::Write as _,
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    path::PathBuf,
    process::{Command, Stdio},
};

use punctual_engine::{
    job::{Attempt, Job},
    sandbox::{CHILD_ARGUMENT, Layer, LayerState, Orders, Sandbox, SandboxError},
};
use punctual_model::{definition::Limits, length::Length};

const BINARY: &str = env!("CARGO_BIN_EXE_punctual");
const ALL: [Layer; 3] = [Layer::Limits, Layer::Landlock, Layer::Seccomp];

/// The folder of a child, and beside it a file that is none of its business.
struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join("job")).expect("an empty folder");
        std::fs::write(folder.path().join("secret"), "moonlight").expect("the folder is there");
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().expect("the folder is there").join(name)
    }

    /// Makes an attempt in a child that has these layers and no others.
    async fn attempt(&self, layers: &[Layer], attempt: Attempt) -> Result<(), SandboxError> {
        let sandbox = sandbox(layers);
        // The layer under test is in force here: a kernel without it must not make the test pass.
        let held = sandbox.examine(&self.path("job")).await.expect("a child");
        for layer in ALL {
            let missing = matches!(held[&layer], LayerState::Missing(_));
            assert_eq!(missing, !layers.contains(&layer), "{layer:?}: {:?}", held[&layer]);
        }
        sandbox.run(&Job::Attempt(attempt), &[], &self.path("job")).await
    }
}

fn limits() -> Limits {
    Limits { memory_mib: 128, cpu: Length::from_secs(1), output_mib: 8, ..Limits::default() }
}

fn sandbox(layers: &[Layer]) -> Sandbox {
    let left_out = ALL.into_iter().filter(|layer| !layers.contains(layer));
    left_out.fold(Sandbox::new(PathBuf::from(BINARY), limits()), Sandbox::without)
}

/// Somebody who listens.
struct Server {
    tcp: TcpListener,
    udp: UdpSocket,
}

impl Server {
    fn new() -> Self {
        let any = (Ipv4Addr::LOCALHOST, 0);
        Self { tcp: TcpListener::bind(any).expect("a free port"), udp: UdpSocket::bind(any).expect("a free port") }
    }

    fn tcp(&self) -> SocketAddr {
        self.tcp.local_addr().expect("it is bound")
    }

    fn udp(&self) -> SocketAddr {
        self.udp.local_addr().expect("it is bound")
    }
}

/// A program that every machine has.
fn program() -> PathBuf {
    PathBuf::from("/bin/true")
}

/// The system refused.
#[track_caller]
fn refused(result: Result<(), SandboxError>) {
    let error = result.expect_err("the sandbox holds");
    assert!(
        matches!(&error, SandboxError::Job(words) if words.contains("denied") || words.contains("not permitted")),
        "{error}"
    );
}

/// A limit ended the child, with these words.
#[track_caller]
fn ended(result: Result<(), SandboxError>, words: &str) {
    let error = result.expect_err("the limit holds");
    assert!(matches!(error, SandboxError::Limit { .. }) && error.to_string().contains(words), "{error}");
}

#[tokio::test]
async fn without_any_layer_every_attempt_succeeds() {
    let (scene, server) = (Scene::new(), Server::new());
    for attempt in [
        Attempt::Read(scene.path("secret")),
        Attempt::Write(scene.path("left-behind")),
        Attempt::Connect(server.tcp()),
        Attempt::Send(server.udp()),
        Attempt::Start(program()),
        Attempt::Fill(256),
        Attempt::Grow(16),
    ] {
        let made = scene.attempt(&[], attempt.clone()).await;
        assert_eq!(made, Ok(()), "{attempt:?}");
    }
}

#[tokio::test]
async fn with_every_layer_a_job_keeps_what_it_needs() {
    let scene = Scene::new();
    for attempt in [Attempt::Write(scene.path("job/own")), Attempt::Read(scene.path("job/own")), Attempt::Fill(16)] {
        let made = scene.attempt(&ALL, attempt.clone()).await;
        assert_eq!(made, Ok(()), "{attempt:?}");
    }
}

#[tokio::test]
async fn the_limits_alone_hold_memory() {
    ended(Scene::new().attempt(&[Layer::Limits], Attempt::Fill(256)).await, "more memory than 128 MiB");
}

#[tokio::test]
async fn the_limits_alone_hold_cpu_time() {
    ended(Scene::new().attempt(&[Layer::Limits], Attempt::Spin).await, "more CPU time than 1s");
}

#[tokio::test]
async fn the_limits_alone_hold_output() {
    ended(Scene::new().attempt(&[Layer::Limits], Attempt::Grow(16)).await, "grew larger than 8 MiB");
}

#[tokio::test]
async fn landlock_alone_holds_files() {
    let (scene, layers) = (Scene::new(), [Layer::Landlock]);
    refused(scene.attempt(&layers, Attempt::Read(scene.path("secret"))).await);
    refused(scene.attempt(&layers, Attempt::Write(scene.path("left-behind"))).await);
    assert!(!scene.path("left-behind").exists());
    refused(scene.attempt(&layers, Attempt::Start(program())).await);
}

#[tokio::test]
async fn landlock_alone_holds_connections() {
    let (scene, server) = (Scene::new(), Server::new());
    refused(scene.attempt(&[Layer::Landlock], Attempt::Connect(server.tcp())).await);
}

#[tokio::test]
async fn seccomp_alone_holds_the_network() {
    let (scene, server) = (Scene::new(), Server::new());
    refused(scene.attempt(&[Layer::Seccomp], Attempt::Connect(server.tcp())).await);
    refused(scene.attempt(&[Layer::Seccomp], Attempt::Send(server.udp())).await);
}

#[tokio::test]
async fn seccomp_alone_holds_other_programs() {
    refused(Scene::new().attempt(&[Layer::Seccomp], Attempt::Start(program())).await);
}

/// A killed parent closes the child's input. Without that the child would end by its limit, in other words.
#[test]
fn a_child_ends_with_its_parent() {
    let scene = Scene::new();
    let orders = Orders {
        limits: limits(),
        read: Vec::new(),
        write: scene.path("job"),
        zones: punctual_engine::zones::Database::Bundled,
        without: Vec::new(),
    };
    let [orders, job] = [serde_json::to_string(&orders), serde_json::to_string(&Job::Attempt(Attempt::Spin))];
    let mut child = Command::new(BINARY)
        .arg(CHILD_ARGUMENT)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the child starts");
    let mut parent = child.stdin.take().expect("its input is piped");
    writeln!(parent, "{}\n{}", orders.expect("JSON"), job.expect("JSON")).expect("the child listens");
    drop(parent);
    let status = child.wait().expect("our own child");
    assert_eq!(status.code(), Some(3), "{status}");
}
