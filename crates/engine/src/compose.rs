//! A delivery becomes a message: the edition's words and files, addressed to one recipient.

use std::{io, sync::Arc};

use async_trait::async_trait;
use jiff::Timestamp;
use punctual_delivery::{
    Attachment, AttachmentContent, BodyWords, Change, Figure, FileLine, FileName, HeaderText, Mailbox, MediaType,
    Message, MessageId, ReportBody, Subject, Tone, Trace,
};
use punctual_model::{
    frozen::Frozen,
    identity::{ContentHash, DeliveryKey},
};
use punctual_store::{
    artifacts::Artifacts,
    records::{ArtifactRecord, Delivery, NewDelivery},
};

use crate::job::EditionOutput;

/// What messages of one report have in common.
pub(crate) struct Composer<'a> {
    pub(crate) definition: &'a Frozen,
    pub(crate) from: Mailbox,
    pub(crate) reply_to: Option<Mailbox>,
    pub(crate) artifacts: &'a Artifacts,
    pub(crate) date: Timestamp,
}

/// One delivery as its message needs it, planned or on record.
pub(crate) struct Addressed<'a> {
    id: String,
    key: &'a DeliveryKey,
    email: &'a str,
    name: Option<&'a str>,
    message_id: &'a str,
}

impl<'a> From<&'a Delivery> for Addressed<'a> {
    fn from(delivery: &'a Delivery) -> Self {
        let Delivery { id, key, email, name, message_id, .. } = delivery;
        Self { id: id.clone(), key, email, name: name.as_deref(), message_id }
    }
}

impl<'a> From<&'a NewDelivery> for Addressed<'a> {
    fn from(delivery: &'a NewDelivery) -> Self {
        let NewDelivery { key, email, name, message_id, .. } = delivery;
        Self { id: key.id(), key, email, name: name.as_deref(), message_id }
    }
}

/// A stored artifact, read only when the message leaves, and compared with its hash then.
#[derive(Debug)]
struct Stored {
    artifacts: Artifacts,
    content: ContentHash,
    bytes: u64,
}

#[async_trait]
impl AttachmentContent for Stored {
    fn size(&self) -> u64 {
        self.bytes
    }

    async fn read(&self) -> io::Result<Vec<u8>> {
        let (artifacts, content) = (self.artifacts.clone(), self.content.clone());
        let read = tokio::task::spawn_blocking(move || artifacts.read_verified(&content)).await;
        read.map_err(io::Error::other)?.map_err(io::Error::other)
    }
}

impl Composer<'_> {
    /// The files that go with an edition.
    pub(crate) fn attached(&self, artifacts: &[ArtifactRecord], edition: &str) -> Vec<ArtifactRecord> {
        let report = &self.definition.report;
        let formats = report.deliver.as_ref().and_then(|d| d.attach.as_ref()).unwrap_or(&report.formats);
        let of_format = |format: &String| artifacts.iter().find(move |a| a.is_of(edition) && a.format == *format);
        formats.iter().filter_map(of_format).cloned().collect()
    }

    /// The message of one delivery with these files.
    ///
    /// # Errors
    /// What cannot stand in a message, in words.
    pub(crate) fn message(
        &self,
        to: &Addressed<'_>,
        edition: &EditionOutput,
        files: &[ArtifactRecord],
    ) -> Result<Message, String> {
        let text = |text: &str| HeaderText::new(text).map_err(|e| e.to_string());
        let body = self.body(edition, files)?;
        let attachments = files
            .iter()
            .map(|file| {
                Ok(Attachment {
                    name: FileName::new(file.file_name.as_str()).map_err(|e| e.to_string())?,
                    media_type: MediaType::new(file.media_type.as_str()).map_err(|e| e.to_string())?,
                    content: Arc::new(Stored {
                        artifacts: self.artifacts.clone(),
                        content: file.content.clone(),
                        bytes: file.bytes,
                    }),
                })
            })
            .collect::<Result<Vec<_>, String>>()?;
        Ok(Message {
            id: MessageId::try_from(to.message_id.to_owned()).map_err(|e| e.to_string())?,
            from: self.from.clone(),
            reply_to: self.reply_to.clone(),
            to: Mailbox::new(to.name, to.email).map_err(|e| e.to_string())?,
            subject: Subject::of(&edition.subject).text().clone(),
            date: self.date,
            trace: Trace {
                run: text(&to.key.run)?,
                revision: to.key.revision,
                edition: HeaderText::showing(&to.key.edition),
                delivery: text(&to.id)?,
            },
            html: body.html(),
            text: body.text(),
            attachments,
        })
    }

    fn body(&self, edition: &EditionOutput, files: &[ArtifactRecord]) -> Result<ReportBody, String> {
        let Frozen { report, guards, sender, .. } = self.definition;
        let sender = sender.title.clone().unwrap_or_else(|| report.title.clone());
        let words = BodyWords::of_locale(&report.locale);
        let list = guards.as_ref().map(|guards| guards.list.as_str());
        let files = files
            .iter()
            .map(|file| {
                Ok(FileLine {
                    name: FileName::new(file.file_name.as_str()).map_err(|e| e.to_string())?,
                    detail: words.file(&file.format, file.bytes),
                    link: None,
                })
            })
            .collect::<Result<Vec<_>, String>>()?;
        Ok(ReportBody {
            language: report.locale.clone(),
            sender: sender.clone(),
            title: edition.title.clone(),
            about: edition.about.clone(),
            period: edition.period_label.clone(),
            summary: edition.summary.clone(),
            figures: edition.figures.iter().map(figure).collect(),
            notes: edition.notes.clone(),
            files,
            reason: words.reason(list, &sender),
            words,
        })
    }
}

fn figure(figure: &crate::job::FigureOutput) -> Figure {
    Figure {
        label: figure.label.clone(),
        value: figure.value.clone(),
        change: figure.change.clone().map(|text| Change { text, tone: tone(figure.tone) }),
    }
}

/// A change is good news in a message where it is in the document.
fn tone(tone: punctual_document::content::Tone) -> Tone {
    match tone {
        punctual_document::content::Tone::Good => Tone::Good,
        punctual_document::content::Tone::Bad => Tone::Bad,
        punctual_document::content::Tone::Neutral => Tone::Neutral,
    }
}
