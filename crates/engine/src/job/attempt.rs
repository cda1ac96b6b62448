//! What no job may manage, tried on purpose: with layers of the sandbox left out, tests see that each of
//! the others holds alone. No run makes an attempt, and a definition has no words for one.

use std::{
    fs::File,
    io::Write,
    net::{SocketAddr, TcpStream, UdpSocket},
    path::{Path, PathBuf},
    process::Command,
};

use serde::{Deserialize, Serialize};

const MIB: usize = 1024 * 1024;

/// Something that the sandbox must prevent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attempt {
    /// Reads a file.
    Read(PathBuf),
    /// Writes a file anywhere.
    Write(PathBuf),
    /// Connects by TCP.
    Connect(SocketAddr),
    /// Sends a packet by UDP.
    Send(SocketAddr),
    /// Starts a program.
    Start(PathBuf),
    /// Fills this much memory, in MiB.
    Fill(usize),
    /// Writes this much into one file of its own folder, in MiB.
    Grow(usize),
    /// Computes for ever.
    Spin,
}

impl Attempt {
    /// Makes it.
    ///
    /// # Errors
    /// What the system said.
    pub(super) fn make(&self, folder: &Path) -> Result<(), String> {
        let done = match self {
            Self::Read(path) => std::fs::read(path).map(drop),
            Self::Write(path) => std::fs::write(path, b"written"),
            Self::Connect(address) => TcpStream::connect(address).map(drop),
            Self::Send(address) => send(*address),
            Self::Start(program) => Command::new(program).status().map(drop),
            Self::Fill(mib) => {
                std::hint::black_box(vec![1_u8; mib * MIB]);
                Ok(())
            }
            Self::Grow(mib) => grow(&folder.join("grown"), *mib),
            Self::Spin => loop {
                std::hint::spin_loop();
            },
        };
        done.map_err(|error| error.to_string())
    }
}

fn send(address: SocketAddr) -> std::io::Result<()> {
    UdpSocket::bind("127.0.0.1:0")?.send_to(b"sent", address).map(drop)
}

fn grow(path: &Path, mib: usize) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    let block = vec![0; MIB];
    (0..mib).try_for_each(|_| file.write_all(&block))
}
