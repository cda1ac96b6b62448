//! Lines to and from an SMTP server: bounded replies (RFC 5321 4.2, 4.5.3.1), a time limit on
//! every step, dot stuffing (4.5.2), and an upgrade to TLS that trusts nothing read before it.

use std::{io, time::Duration};

use punctual_delivery::EnhancedStatus;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    time::timeout,
};

/// A connection, encrypted or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

/// The longest reply line that is read; RFC 5321 asks for 512, servers send more.
const LONGEST_LINE: usize = 2048;
/// The most lines that one reply may have.
const MOST_LINES: usize = 128;

/// Why a step came to no reply.
#[derive(Debug, thiserror::Error)]
pub(super) enum WireError {
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(#[from] io::Error),
    /// The other side closed it.
    #[error("the server closed the connection")]
    Closed,
    /// Nothing came in time.
    #[error("no answer within {} s", .0.as_secs_f64())]
    Silent(Duration),
    /// What came is not SMTP.
    #[error("the server does not answer in SMTP: {0:?}")]
    NotSmtp(String),
}

/// A server's reply.
#[derive(Debug)]
pub(super) struct Reply {
    /// Its code.
    pub(super) code: u16,
    /// The text of each line, without the code.
    pub(super) lines: Vec<String>,
}

impl Reply {
    /// All lines as one; an enhanced status that every line repeats is kept once.
    pub(super) fn text(&self) -> String {
        let Some((first, rest)) = self.lines.split_first() else { return String::new() };
        let status = EnhancedStatus::leading(first).map(|status| status.to_string());
        let mut text = first.clone();
        for line in rest {
            let line = status.as_deref().and_then(|status| line.strip_prefix(status)).unwrap_or(line);
            text.push(' ');
            text.push_str(line.trim_start());
        }
        text
    }
}

/// One connection to a server.
pub(super) struct Wire {
    stream: BufReader<Box<dyn Stream>>,
}

impl Wire {
    pub(super) fn new(stream: Box<dyn Stream>) -> Self {
        Self { stream: BufReader::new(stream) }
    }

    /// The bare stream, to be encrypted. Whatever was sent ahead of the handshake came from anybody.
    pub(super) fn into_stream(self) -> Result<Box<dyn Stream>, WireError> {
        if !self.stream.buffer().is_empty() {
            let unread = String::from_utf8_lossy(self.stream.buffer()).into_owned();
            return Err(WireError::NotSmtp(unread));
        }
        Ok(self.stream.into_inner())
    }

    /// Whether the server says nothing, as it should while a message is being sent. Does not wait.
    pub(super) async fn is_quiet(&mut self) -> bool {
        timeout(Duration::ZERO, self.stream.fill_buf()).await.is_err()
    }

    /// Sends a command line and reads the reply.
    pub(super) async fn command(&mut self, line: &str, limit: Duration) -> Result<Reply, WireError> {
        self.write(format!("{line}\r\n").as_bytes(), limit).await?;
        self.reply(limit).await
    }

    /// Sends bytes as they are.
    pub(super) async fn write(&mut self, bytes: &[u8], limit: Duration) -> Result<(), WireError> {
        let write = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        Ok(within(limit, write).await??)
    }

    /// Reads one reply.
    pub(super) async fn reply(&mut self, limit: Duration) -> Result<Reply, WireError> {
        within(limit, self.read_reply()).await?
    }

    async fn read_reply(&mut self) -> Result<Reply, WireError> {
        let mut lines = Vec::new();
        let mut code = None;
        while lines.len() < MOST_LINES {
            let line = self.read_line().await?;
            let (this, last, text) = parse_line(&line).ok_or_else(|| WireError::NotSmtp(line.clone()))?;
            if *code.get_or_insert(this) != this {
                return Err(WireError::NotSmtp(line));
            }
            lines.push(text.to_owned());
            if last {
                return Ok(Reply { code: this, lines });
            }
        }
        Err(WireError::NotSmtp(format!("a reply of more than {MOST_LINES} lines")))
    }

    /// One line without its end, at most [`LONGEST_LINE`] bytes of it.
    async fn read_line(&mut self) -> Result<String, WireError> {
        let mut line = Vec::new();
        loop {
            let available = self.stream.fill_buf().await?;
            if available.is_empty() {
                return Err(WireError::Closed);
            }
            let end = available.iter().position(|b| *b == b'\n');
            let taken = end.map_or(available.len(), |at| at + 1);
            line.extend_from_slice(&available[..taken]);
            self.stream.consume(taken);
            if line.len() > LONGEST_LINE {
                line.truncate(80);
                return Err(WireError::NotSmtp(String::from_utf8_lossy(&line).into_owned()));
            }
            if end.is_some() {
                return Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned());
            }
        }
    }
}

async fn within<T>(limit: Duration, step: impl Future<Output = T>) -> Result<T, WireError> {
    timeout(limit, step).await.map_err(|_| WireError::Silent(limit))
}

/// `250-text` or `250 text` or `250` as its code, whether it is the last line, and its text.
fn parse_line(line: &str) -> Option<(u16, bool, &str)> {
    let code = line.get(..3).filter(|code| code.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()?;
    match line.as_bytes().get(3) {
        None => Some((code, true, "")),
        Some(b' ') => Some((code, true, &line[4..])),
        Some(b'-') => Some((code, false, &line[4..])),
        Some(_) => None,
    }
}

/// Doubles the dot at the start of a line (RFC 5321 4.5.2), across blocks. A bare CR or LF counts
/// as the end of a line too: servers that think so must not find the end of a message in its midst.
pub(super) struct DotStuffer {
    at_line_start: bool,
}

impl DotStuffer {
    pub(super) fn new() -> Self {
        Self { at_line_start: true }
    }

    pub(super) fn stuff(&mut self, block: &[u8]) -> Vec<u8> {
        let mut stuffed = Vec::with_capacity(block.len() + 16);
        for &byte in block {
            if byte == b'.' && self.at_line_start {
                stuffed.push(b'.');
            }
            stuffed.push(byte);
            self.at_line_start = matches!(byte, b'\r' | b'\n');
        }
        stuffed
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::duplex;

    use super::*;

    const SOON: Duration = Duration::from_secs(30);

    async fn replies(sent: &[u8]) -> Result<Reply, WireError> {
        let (ours, mut theirs) = duplex(1 << 20);
        theirs.write_all(sent).await.expect("fits");
        drop(theirs);
        Wire::new(Box::new(ours)).reply(SOON).await
    }

    #[tokio::test]
    async fn replies_of_one_and_more_lines_are_read() {
        let reply = replies(b"250-mail.example\r\n250-SIZE 1000\r\n250 HELP\r\n").await.expect("a reply");
        assert_eq!((reply.code, reply.lines.len()), (250, 3));
        assert_eq!(replies(b"250\r\n").await.expect("a reply").text(), "");
        let refused = replies(b"550-5.1.1 no\r\n550-5.1.1 such\r\n550 5.1.1 user\r\n").await.expect("a reply");
        assert_eq!(refused.text(), "5.1.1 no such user");
        assert_eq!(replies(b"550 \xff\xfe\n").await.expect("a reply").text(), "\u{fffd}\u{fffd}");
    }

    #[tokio::test]
    async fn what_is_no_reply_is_an_error_and_bounded() {
        for sent in [&b"hello\r\n"[..], b"25\r\n", b"250_x\r\n", b"250-a\r\n550 b\r\n", b"2\xc3\xa90 x\r\n"] {
            assert!(matches!(replies(sent).await, Err(WireError::NotSmtp(_))), "{sent:?}");
        }
        assert!(matches!(replies(b"250-a\r\n").await, Err(WireError::Closed)));
        assert!(matches!(replies(&vec![b'2'; 1 << 19]).await, Err(WireError::NotSmtp(_))));
        assert!(matches!(replies(&b"250-a\r\n".repeat(1000)).await, Err(WireError::NotSmtp(_))));
    }

    #[tokio::test]
    async fn silence_ends_with_the_time_limit() {
        let (ours, _theirs) = duplex(64);
        let error = Wire::new(Box::new(ours)).reply(Duration::from_millis(1)).await.expect_err("silent");
        assert!(matches!(error, WireError::Silent(_)), "{error}");
    }

    fn unstuff(stuffed: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        let mut at_line_start = true;
        for &byte in stuffed {
            if !(byte == b'.' && at_line_start) {
                plain.push(byte);
                at_line_start = matches!(byte, b'\r' | b'\n');
            } else {
                at_line_start = false;
            }
        }
        plain
    }

    proptest! {
        #[test]
        fn a_stuffed_body_has_no_final_dot_and_loses_nothing(blocks in prop::collection::vec("[.\r\na]{0,12}", 0..6)) {
            let mut stuffer = DotStuffer::new();
            let stuffed: Vec<u8> = blocks.iter().flat_map(|block| stuffer.stuff(block.as_bytes())).collect();
            let text = format!("\n{}", String::from_utf8_lossy(&stuffed).replace('\r', "\n"));
            prop_assert!(!text.contains("\n.\n"));
            prop_assert_eq!(unstuff(&stuffed), blocks.concat().into_bytes());
        }
    }
}
