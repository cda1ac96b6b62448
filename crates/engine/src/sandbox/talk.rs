//! One conversation with a child: its job in, its answer out, and an end to it, whatever the child does. An
//! answer has a length, a job has a time, and what goes on talking after its process has ended is not heard.

use std::{process::ExitStatus, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::Child,
    time::timeout,
};

/// A child's answer may be this long; files go through its folder instead.
const MAX_ANSWER: usize = 64 * 1024 * 1024;
/// Only the end of what a child says on its way down is kept.
const MAX_LAST_WORDS: usize = 4 * 1024;
/// So long what a child has said may still be under way after its end.
const ECHO: Duration = Duration::from_secs(2);

/// What was heard of a child until its end.
pub(super) struct Heard {
    pub(super) status: ExitStatus,
    pub(super) answer: Vec<u8>,
    pub(super) words: Vec<u8>,
}

/// Why a conversation was broken off.
pub(super) enum Broken {
    /// The child's pipes failed.
    Io(std::io::Error),
    /// Its time was up.
    TooSlow,
    /// Its answer has no end.
    TooLong,
    /// Something holds its output open although it has ended.
    Held,
}

impl From<std::io::Error> for Broken {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// Gives a child its request and hears it out. Whatever comes of it, the child has ended afterwards.
pub(super) async fn talk(child: &mut Child, request: &[u8], patience: Duration) -> Result<Heard, Broken> {
    let heard = match timeout(patience, converse(child, request)).await {
        Ok(heard) => heard,
        Err(_) => Err(Broken::TooSlow),
    };
    if heard.is_err() {
        // It may have ended by itself meanwhile.
        let _ = child.kill().await;
    }
    heard
}

async fn converse(child: &mut Child, request: &[u8]) -> Result<Heard, Broken> {
    let mut stdin = child.stdin.take().expect("the child's input is piped");
    let mut stdout = child.stdout.take().expect("the child's output is piped");
    let mut stderr = child.stderr.take().expect("the child's errors are piped");
    let (mut answer, mut words) = (Vec::new(), Vec::new());
    let mut exchange = Box::pin(async {
        let send = async {
            // A child that dies early closes its end; its status says more than the broken pipe.
            let _ = stdin.write_all(request).await;
            let _ = stdin.flush().await;
            Ok(())
        };
        let hear = read_answer(&mut stdout, &mut answer);
        let listen = async {
            read_end(&mut stderr, &mut words).await;
            Ok(())
        };
        tokio::try_join!(send, hear, listen).map(|_| ())
    });
    let status = tokio::select! {
        exchanged = &mut exchange => {
            exchanged?;
            child.wait().await?
        }
        status = child.wait() => {
            let status = status?;
            timeout(ECHO, &mut exchange).await.map_err(|_| Broken::Held)??;
            status
        }
    };
    drop(exchange);
    // The child notices a vanished parent by the end of its input, so the input stays open until here.
    drop(stdin);
    Ok(Heard { status, answer, words })
}

async fn read_answer(from: &mut (impl AsyncRead + Unpin), into: &mut Vec<u8>) -> Result<(), Broken> {
    let mut part = vec![0; 64 * 1024];
    loop {
        match from.read(&mut part).await? {
            0 => return Ok(()),
            n if into.len() + n > MAX_ANSWER => return Err(Broken::TooLong),
            n => into.extend_from_slice(&part[..n]),
        }
    }
}

/// Reads to the end and keeps the last part.
async fn read_end(from: &mut (impl AsyncRead + Unpin), into: &mut Vec<u8>) {
    let mut part = [0; 1024];
    while let Ok(n) = from.read(&mut part).await {
        if n == 0 {
            break;
        }
        into.extend_from_slice(&part[..n]);
        if into.len() > MAX_LAST_WORDS * 2 {
            into.drain(..into.len() - MAX_LAST_WORDS);
        }
    }
}
