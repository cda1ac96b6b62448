//! A source, a channel, two formats and a runner that play by the world's script.

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow::{
    array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray},
    datatypes::{DataType, Int64Type},
};
use async_trait::async_trait;
use futures::{StreamExt, stream};
use punctual_data::source::{ExtractRequest, Extraction, Source, SourceConfig, SourceError, SourceKind};
use punctual_delivery::{
    Accepted, Channel, ChannelConfig, ChannelConfigError, ChannelKind, InDoubtPolicy, Known, Message, MessageId, Phase,
    PhaseNotRecorded, Phases, Prepared, Probe, Refusal, ReplyClass,
};
use punctual_document::{
    content::{Body, Document, Table},
    format::{Format, FormatError, FormatKind, Written},
};
use punctual_engine::{
    Clock, Runner,
    job::{self, Job},
    sandbox::{Confined, SandboxError},
};
use punctual_model::{definition::Limits, kinds::KindSpec, sql_text::SqlLexis};

use super::world::{Answer, CLIENTS, Source as Mood, Taken, World};

/// The source of the tests.
pub const SOURCES: &[SourceKind] = &[SourceKind {
    spec: KindSpec { name: "scripted", summary: "", options: &[], sql: Some(SqlLexis::STANDARD) },
    open: |config: SourceConfig| Ok(Arc::new(Database { world: World::of(&config.project), name: config.name })),
}];

/// The channels of the tests: one leaves doubt to a person, one sends again.
pub const CHANNELS: &[ChannelKind] = &[
    ChannelKind {
        spec: KindSpec { name: "scripted", summary: "", options: &[], sql: None },
        open: |config| Post::open(&config, InDoubtPolicy::Hold),
    },
    ChannelKind {
        spec: KindSpec { name: "eager", summary: "", options: &[], sql: None },
        open: |config| Post::open(&config, InDoubtPolicy::Resend),
    },
];

/// The formats of the tests: two names for one text.
pub const FORMATS: &[FormatKind] = &[plain("txt"), plain("note")];

const fn plain(name: &'static str) -> FormatKind {
    FormatKind {
        spec: KindSpec { name, summary: "", options: &[], sql: None },
        extension: name,
        media_type: "text/plain",
        format: &Plain,
    }
}

struct Database {
    world: Arc<World>,
    name: String,
}

#[async_trait]
impl Source for Database {
    async fn probe(&self) -> Result<String, SourceError> {
        Ok("scripted".to_owned())
    }

    /// Clients by their keys, or for each of them what the database holds and when it was asked.
    async fn extract(&self, request: ExtractRequest) -> Result<Extraction, SourceError> {
        let (name, dataset) = (self.name.clone(), request.dataset);
        let mood = self.world.question();
        let message = "as scripted".to_owned();
        let keys: Vec<&str> = match mood {
            Mood::IsDown => return Err(SourceError::Unreachable { name, message }),
            Mood::Refuses => return Err(SourceError::Query { name, dataset, message }),
            Mood::IsEmpty if !dataset.starts_with("orders") => Vec::new(),
            Mood::Answers | Mood::IsEmpty => CLIENTS.to_vec(),
        };
        let statement = request.sql.map(|sql| format!("{sql:?}")).unwrap_or_default();
        let numbers = |number: i64| -> ArrayRef { Arc::new(Int64Array::from(vec![number; keys.len()])) };
        let client: ArrayRef = Arc::new(StringArray::from(keys.clone()));
        let mut columns = vec![("client", client)];
        if dataset.starts_with("orders") {
            columns.push(("version", numbers(self.world.version())));
            columns.push(("asked", numbers(self.world.now().as_second())));
        }
        let batch = RecordBatch::try_from_iter(columns).expect("columns of one length");
        Ok(Extraction { schema: batch.schema(), statement, batches: stream::iter([Ok(batch)]).boxed() })
    }
}

struct Post {
    world: Arc<World>,
    name: String,
    in_doubt: InDoubtPolicy,
}

impl Post {
    fn open(config: &ChannelConfig, in_doubt: InDoubtPolicy) -> Result<Arc<dyn Channel>, ChannelConfigError> {
        Ok(Arc::new(Self { world: World::of(&config.project), name: config.name.clone(), in_doubt }))
    }

    async fn text(message: &Message) -> Result<BTreeMap<String, String>, Refusal> {
        let mut files = BTreeMap::new();
        for attachment in &message.attachments {
            let read = attachment.content.read().await;
            let bytes =
                read.map_err(|e| Refusal::unanswered(ReplyClass::Permanent { suppress: false }, e.to_string()))?;
            files.insert(attachment.name.to_string(), String::from_utf8(bytes).expect("a text"));
        }
        Ok(files)
    }
}

#[async_trait]
impl Channel for Post {
    async fn prepare(&self, message: &Message) -> Result<Prepared, Refusal> {
        let files = Self::text(message).await?;
        Ok(Prepared::new(format!("{} {files:?}", message.subject.as_str()).into_bytes()))
    }

    async fn send(&self, message: &Message, phases: &dyn Phases) -> Result<Accepted, Refusal> {
        let answer = self.world.answer();
        let refused = |class, words| Err(Refusal::unanswered(class, words));
        let unrecorded = |error: PhaseNotRecorded| Refusal::unanswered(ReplyClass::Transient, error.to_string());
        if answer == Answer::Unreached {
            return refused(ReplyClass::Transient, "nobody is there");
        }
        phases.reached(Phase::Connected).await.map_err(unrecorded)?;
        match answer {
            Answer::LockedOut => return refused(ReplyClass::HaltChannel, "535 no"),
            Answer::Later => return refused(ReplyClass::Transient, "451 later"),
            Answer::NoSuchAddress => return refused(ReplyClass::Permanent { suppress: true }, "550 5.1.1 unknown"),
            _ => {}
        }
        phases.reached(Phase::BodyStarted).await.map_err(unrecorded)?;
        let files = Self::text(message).await?;
        phases.reached(Phase::FinalSent).await.map_err(unrecorded)?;
        match answer {
            Answer::RefusesWhole => return refused(ReplyClass::Permanent { suppress: false }, "554 no"),
            Answer::LosesIt => return refused(ReplyClass::InDoubt, "the connection broke"),
            _ => {}
        }
        self.world.take(&Taken {
            channel: self.name.clone(),
            delivery: message.trace.delivery.as_str().to_owned(),
            run: message.trace.run.as_str().to_owned(),
            edition: message.trace.edition.as_str().to_owned(),
            to: message.to.address.as_str().to_owned(),
            subject: message.subject.as_str().to_owned(),
            files,
            at: self.world.now(),
        });
        match answer {
            Answer::TakesInSilence => refused(ReplyClass::InDoubt, "no reply came"),
            _ => Ok(Accepted::new("250 taken")),
        }
    }

    async fn probe(&self) -> Result<Probe, Refusal> {
        Ok(Probe { summary: "scripted".to_owned() })
    }

    fn in_doubt_policy(&self) -> InDoubtPolicy {
        self.in_doubt
    }

    async fn already_accepted(&self, _: &MessageId) -> Result<Known, Refusal> {
        Ok(Known::Unknown)
    }
}

struct Plain;

impl Format for Plain {
    fn write(&self, document: &Document, out: &mut (dyn Write + Send)) -> Result<Written, FormatError> {
        for section in &document.sections {
            if let Body::Table(table) = &section.body {
                lines(table, out)?;
            }
        }
        Ok(Written::default())
    }
}

fn lines(table: &Table, out: &mut (dyn Write + Send)) -> Result<(), FormatError> {
    for batch in table.rows.batches()? {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            let words: Vec<String> = table
                .columns
                .iter()
                .zip(batch.columns())
                .map(|(c, cells)| format!("{}={}", c.field, cell(cells, row)))
                .collect();
            writeln!(out, "{}", words.join(" "))?;
        }
    }
    Ok(())
}

fn cell(cells: &ArrayRef, row: usize) -> String {
    match cells.data_type() {
        DataType::Int64 => cells.as_primitive::<Int64Type>().value(row).to_string(),
        _ => cells.as_string::<i32>().value(row).to_owned(),
    }
}

/// Does jobs for real, on a thread of the test's own process.
pub struct InProcess(pub Limits);

#[async_trait]
impl Runner for InProcess {
    fn limits(&self) -> &Limits {
        &self.0
    }

    async fn run(&self, job: &Job, _: &[PathBuf], folder: &Path) -> Result<Vec<u8>, SandboxError> {
        let request = serde_json::to_string(job).expect("plain values");
        let confined = Confined { folder: folder.to_owned(), layers: BTreeMap::default() };
        let done = tokio::task::spawn_blocking(move || job::work(&request, &confined, FORMATS)).await;
        Ok(serde_json::to_vec(&done.expect("the job's thread")).expect("plain values"))
    }
}
