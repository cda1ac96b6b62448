//! The channel type `folder`: each message becomes a file, complete or not there at all; the same
//! message never becomes a second one, and no file is ever written over. A folder takes messages from
//! one installation only.

mod owner;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use jiff::tz::TimeZone;
use punctual_delivery::{
    Accepted, Channel, ChannelConfig, ChannelConfigError, ChannelKind, Known, Message, MessageId, Phase, Phases,
    Prepared, Probe, Refusal, ReplyClass,
};
use punctual_model::kinds::{KindSpec, OptionSpec, OptionType};

use self::owner::Owner;
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
    Ok(Arc::new(FolderChannel { path, installation: config.installation }))
}

struct FolderChannel {
    path: PathBuf,
    installation: Option<String>,
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

    /// Refuses a folder whose messages another installation sent.
    fn ours(&self, owner: Owner) -> Result<(), Refusal> {
        let Owner::Another(id) = owner else { return Ok(()) };
        Err(Refusal::unanswered(
            ReplyClass::HaltChannel,
            format!(
                "folder {} holds what another installation ({id}) has sent, so nothing is written into it; give this \
                 installation a `path` of its own, or remove {} from the folder if it takes over the other's work",
                self.path.display(),
                owner::MARKER
            ),
        ))
    }

    /// Makes the folder, and sees that it is ours.
    async fn enter(&self) -> Result<(), Refusal> {
        let installation = self.installation.clone();
        let enter = move |folder: &Path| {
            make(folder)?;
            owner::claim(folder, installation.as_deref())
        };
        self.ours(self.blocking("making folder", enter).await?)
    }

    async fn find(&self, id: &MessageId) -> Result<Option<Accepted>, Refusal> {
        let ending = name_ending(id);
        let found = self.blocking("looking into folder", move |folder| find(folder, &ending)).await?;
        Ok(found.map(accepted))
    }
}

#[async_trait]
impl Channel for FolderChannel {
    async fn prepare(&self, message: &Message) -> Result<Prepared, Refusal> {
        mime::prepare(message, None).await
    }

    async fn send(&self, message: &Message, phases: &dyn Phases) -> Result<Accepted, Refusal> {
        let prepared = self.prepare(message).await?;
        self.enter().await?;
        record(phases, Phase::Connected).await?;
        if let Some(accepted) = self.find(&message.id).await? {
            return Ok(accepted);
        }
        record(phases, Phase::BodyStarted).await?;
        let id = message.id.clone();
        let write = move |folder: &Path| {
            remove_parts(folder, &id)?;
            write_part(folder, &id, prepared.bytes())
        };
        let part = self.blocking("writing into folder", write).await?;
        record(phases, Phase::FinalSent).await?;
        let name = file_name(message);
        self.blocking("writing into folder", move |folder| publish(folder, &part, &name)).await.map(accepted)
    }

    async fn probe(&self) -> Result<Probe, Refusal> {
        let installation = self.installation.clone();
        let look = move |folder: &Path| {
            make(folder)?;
            let trial = folder.join(".punctual-trial");
            File::create(&trial)?;
            fs::remove_file(&trial)?;
            owner::read(folder, installation.as_deref())
        };
        self.ours(self.blocking("writing into folder", look).await?)?;
        Ok(Probe { summary: format!("{} can be written to", self.path.display()) })
    }

    async fn already_accepted(&self, id: &MessageId) -> Result<Known, Refusal> {
        let installation = self.installation.clone();
        let look = move |folder: &Path| owner::read(folder, installation.as_deref());
        self.ours(self.blocking("looking into folder", look).await?)?;
        Ok(self.find(id).await?.map_or(Known::NotAccepted, Known::Accepted))
    }
}

fn accepted(path: PathBuf) -> Accepted {
    Accepted::new(&format!("written to {}", path.display()))
}

/// How the names of all files of one message end, whatever its date and recipient are now.
fn name_ending(id: &MessageId) -> String {
    format!("-{}{EXTENSION}", &id.digits()[..DIGITS_IN_NAME])
}

/// How the names begin of what was written of a message before it was complete: hidden.
fn part_beginning(id: &MessageId) -> String {
    format!(".{}.", id.digits())
}

/// `<date>-<edition>-<recipient>-<digits of the id>.eml`.
fn file_name(message: &Message) -> String {
    let date = message.date.to_zoned_datetime(TimeZone::UTC).date();
    let edition = harmless(message.trace.edition.as_str(), 100);
    let recipient = harmless(message.to.address.as_str(), 80);
    format!("{date}-{edition}-{recipient}{}", name_ending(&message.id))
}

/// Letters and digits of every script, and nothing else that means something to a file system or a
/// shell; at most so many bytes.
fn harmless(text: &str, longest: usize) -> String {
    let safe = |c: char| if c.is_alphanumeric() || "@._+-".contains(c) { c } else { '_' };
    let mut name = String::new();
    for c in text.chars().map(safe) {
        if name.len() + c.len_utf8() > longest {
            break;
        }
        name.push(c);
    }
    name
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

/// Makes a folder, durably.
fn make(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}

/// Writes the whole message to disk under a name that counts for nothing and that no other attempt uses.
fn write_part(folder: &Path, id: &MessageId, bytes: &[u8]) -> io::Result<PathBuf> {
    static ATTEMPTS: AtomicU64 = AtomicU64::new(0);
    let attempt = ATTEMPTS.fetch_add(1, Ordering::Relaxed);
    let part = folder.join(format!("{}{}-{attempt}.part", part_beginning(id), std::process::id()));
    let written = OpenOptions::new().write(true).create_new(true).open(&part).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    if written.is_err() {
        // A full disk stays full while half a message lies on it.
        let _ = fs::remove_file(&part);
    }
    written.map(|()| part)
}

/// Removes what earlier attempts left of a message.
fn remove_parts(folder: &Path, id: &MessageId) -> io::Result<()> {
    let beginning = part_beginning(id);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(&beginning)) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Gives the message its name, durably, and takes it from no other file.
fn publish(folder: &Path, part: &Path, name: &str) -> io::Result<PathBuf> {
    let path = folder.join(name);
    match fs::hard_link(part, &path) {
        Ok(()) => fs::remove_file(part)?,
        // A link never replaces a file. Some file systems have none: there a name is taken in two steps.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists && path.symlink_metadata().is_err() => {
            fs::rename(part, &path)?;
        }
        Err(_) => {
            let _ = fs::remove_file(part);
            let message = format!("{name} is there already, and no file is written over");
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
        }
    }
    File::open(folder)?.sync_all()?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hold_nothing_that_a_file_system_minds() {
        assert_eq!(harmless("Größe/../7 €", 40), "Größe_.._7__");
        assert_eq!(harmless("日本", 5), "日");
        assert_eq!(harmless("ana+x@acme.example", 80), "ana+x@acme.example");
        assert_eq!(harmless(&"x".repeat(500), 40).len(), 40);
    }

    #[test]
    fn no_file_is_written_over_and_nothing_is_left_of_the_attempt() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let (part, taken) = (folder.path().join(".x.part"), folder.path().join("x.eml"));
        fs::write(&part, "ours").and_then(|()| fs::write(&taken, "theirs")).expect("written");
        let error = publish(folder.path(), &part, "x.eml").expect_err("taken");
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&taken).expect("still there"), "theirs");
        assert!(!part.exists());
    }
}
