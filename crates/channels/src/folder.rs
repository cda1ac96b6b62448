//! The channel type `folder`: each message becomes a file, complete or not there at all, and the
//! same message never becomes a second one.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use jiff::tz::TimeZone;
use punctual_delivery::{
    Accepted, Channel, ChannelConfig, ChannelConfigError, ChannelKind, Known, Message, MessageId, Phase, Phases, Probe,
    Refusal, ReplyClass,
};
use punctual_model::kinds::{KindSpec, OptionSpec, OptionType};

use crate::{mime, options::Options, record};

/// The registration of `folder`.
pub const KIND: ChannelKind = ChannelKind {
    spec: KindSpec {
        name: "folder",
        summary: "Writes each message into a folder as an .eml file, which every mail program opens. Sends nothing.",
        options: &[OptionSpec {
            name: "path",
            summary: "The folder, relative to the project. Default: outbox.",
            value: OptionType::Text,
            required: false,
        }],
        sql: None,
    },
    open,
};

const DEFAULT_PATH: &str = "outbox";
const EXTENSION: &str = ".eml";
/// So many digits of the message id are in a file's name: 64 bits.
const DIGITS_IN_NAME: usize = 16;

fn open(config: ChannelConfig) -> Result<Arc<dyn Channel>, ChannelConfigError> {
    let path = Options(&config).path("path")?.unwrap_or_else(|| config.project.join(DEFAULT_PATH));
    Ok(Arc::new(FolderChannel { path }))
}

struct FolderChannel {
    path: PathBuf,
}

impl FolderChannel {
    /// Runs file work where it blocks nobody.
    async fn blocking<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        let path = self.path.clone();
        let done = tokio::task::spawn_blocking(move || work(&path)).await;
        done.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(|error| self.refusal(doing, &error))
    }

    fn refusal(&self, doing: &str, error: &io::Error) -> Refusal {
        let class = match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::NotADirectory | io::ErrorKind::ReadOnlyFilesystem => {
                ReplyClass::HaltChannel
            }
            _ => ReplyClass::Transient,
        };
        Refusal::unanswered(class, format!("{doing} {} failed: {error}", self.path.display()))
    }

    async fn find(&self, id: &MessageId) -> Result<Option<Accepted>, Refusal> {
        let ending = name_ending(id);
        let found = self.blocking("looking into folder", move |folder| find(folder, &ending)).await?;
        Ok(found.map(accepted))
    }
}

#[async_trait]
impl Channel for FolderChannel {
    async fn send(&self, message: &Message, phases: &dyn Phases) -> Result<Accepted, Refusal> {
        let encoded = mime::encode(message, None).await?;
        self.blocking("making folder", |folder| fs::create_dir_all(folder)).await?;
        record(phases, Phase::Connected).await?;
        if let Some(accepted) = self.find(&message.id).await? {
            return Ok(accepted);
        }
        record(phases, Phase::BodyStarted).await?;
        let part = part_name(&message.id);
        self.blocking("writing into folder", move |folder| write_part(&folder.join(part), &encoded)).await?;
        record(phases, Phase::FinalSent).await?;
        let (part, name) = (part_name(&message.id), file_name(message));
        self.blocking("writing into folder", move |folder| publish(folder, &part, &name)).await.map(accepted)
    }

    async fn probe(&self) -> Result<Probe, Refusal> {
        self.blocking("writing into folder", |folder| {
            fs::create_dir_all(folder)?;
            let trial = folder.join(".punctual-trial");
            File::create(&trial)?;
            fs::remove_file(&trial)
        })
        .await?;
        Ok(Probe { summary: format!("{} can be written to", self.path.display()) })
    }

    async fn already_accepted(&self, id: &MessageId) -> Result<Known, Refusal> {
        Ok(self.find(id).await?.map_or(Known::NotAccepted, Known::Accepted))
    }
}

fn accepted(path: PathBuf) -> Accepted {
    Accepted { reply: format!("written to {}", path.display()) }
}

/// How the names of all files of one message end, whatever its date and recipient are now.
fn name_ending(id: &MessageId) -> String {
    format!("-{}{EXTENSION}", &id.digits()[..DIGITS_IN_NAME])
}

/// Where a message is written before it is complete: hidden, and the same on every attempt.
fn part_name(id: &MessageId) -> String {
    format!(".{}.part", id.digits())
}

/// `<date>-<edition>-<recipient>-<digits of the id>.eml`.
fn file_name(message: &Message) -> String {
    let date = message.date.to_zoned_datetime(TimeZone::UTC).date();
    let edition = harmless(message.trace.edition.as_str(), 40);
    let recipient = harmless(message.to.address.as_str(), 80);
    format!("{date}-{edition}-{recipient}{}", name_ending(&message.id))
}

/// At most so many characters that mean nothing to a file system or a shell.
fn harmless(text: &str, longest: usize) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "@._+".contains(c) { c } else { '_' };
    text.chars().take(longest).map(safe).collect()
}

/// The file of a message, by the ending of its name. The folder is read anew each time, because
/// another process may write into it.
fn find(folder: &Path, ending: &str) -> io::Result<Option<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| !name.starts_with('.') && name.ends_with(ending)) {
            return Ok(Some(entry.path()));
        }
    }
    Ok(None)
}

/// Writes the whole message to disk under a name that counts for nothing.
fn write_part(part: &Path, encoded: &[u8]) -> io::Result<()> {
    let written = File::create(part).and_then(|mut file| {
        file.write_all(encoded)?;
        file.sync_all()
    });
    if written.is_err() {
        // A full disk stays full while half a message lies on it.
        let _ = fs::remove_file(part);
    }
    written
}

/// Gives the message its name, durably.
fn publish(folder: &Path, part: &str, name: &str) -> io::Result<PathBuf> {
    let path = folder.join(name);
    fs::rename(folder.join(part), &path)?;
    File::open(folder)?.sync_all()?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hold_nothing_that_a_file_system_minds() {
        assert_eq!(harmless("Größe/../7 €", 40), "Gr__e_.._7__");
        assert_eq!(harmless("ana+x@acme.example", 80), "ana+x@acme.example");
        assert_eq!(harmless(&"x".repeat(500), 40).len(), 40);
    }
}
