//! A delivery becomes a message: the edition's words and files, addressed to one recipient.

use std::{fmt, io, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use jiff::Timestamp;
use punctual_delivery::{
    Attachment, AttachmentContent, BodyWords, Change, Figure, FileLine, FileName, HeaderText, Mailbox, MediaType,
    Message, MessageId, ReportBody, Subject, Tone, Trace,
};
use punctual_model::{definition::Settings, project::Resolved};
use punctual_store::{
    artifacts::Artifacts,
    records::{ArtifactRecord, Delivery},
};

use crate::job::EditionOutput;

/// What messages of one report have in common.
pub(crate) struct Composer<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) resolved: &'a Resolved<'a>,
    pub(crate) from: Mailbox,
    pub(crate) reply_to: Option<Mailbox>,
    pub(crate) artifacts: &'a Artifacts,
    pub(crate) date: Timestamp,
}

/// A stored artifact, read only when the message leaves.
struct Stored {
    path: PathBuf,
    bytes: u64,
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.path.display(), self.bytes)
    }
}

#[async_trait]
impl AttachmentContent for Stored {
    fn size(&self) -> u64 {
        self.bytes
    }

    async fn read(&self) -> io::Result<Vec<u8>> {
        tokio::fs::read(&self.path).await
    }
}

impl Composer<'_> {
    /// The files that go with an edition.
    pub(crate) fn attached<'a>(&self, artifacts: &'a [ArtifactRecord], edition: &str) -> Vec<&'a ArtifactRecord> {
        let deliver = self.resolved.report.deliver.as_ref();
        let formats = deliver.and_then(|d| d.attach.as_ref()).unwrap_or(&self.resolved.report.formats);
        let of_format = |format: &String| artifacts.iter().find(move |a| a.edition == edition && a.format == *format);
        formats.iter().filter_map(of_format).collect()
    }

    /// The message of one delivery.
    ///
    /// # Errors
    /// What cannot stand in a message, in words.
    pub(crate) fn message(
        &self,
        delivery: &Delivery,
        edition: &EditionOutput,
        artifacts: &[ArtifactRecord],
    ) -> Result<Message, String> {
        let text = |text: &str| HeaderText::new(text).map_err(|e| e.to_string());
        let files = self.attached(artifacts, &edition.key);
        let body = self.body(edition, &files)?;
        let attachments = files
            .iter()
            .map(|file| {
                Ok(Attachment {
                    name: FileName::new(file.file_name.as_str()).map_err(|e| e.to_string())?,
                    media_type: MediaType::new(file.media_type.as_str()).map_err(|e| e.to_string())?,
                    content: Arc::new(Stored { path: self.artifacts.path(&file.content), bytes: file.bytes }),
                })
            })
            .collect::<Result<Vec<_>, String>>()?;
        Ok(Message {
            id: MessageId::try_from(delivery.message_id.clone()).map_err(|e| e.to_string())?,
            from: self.from.clone(),
            reply_to: self.reply_to.clone(),
            to: Mailbox::new(delivery.name.as_deref(), &delivery.email).map_err(|e| e.to_string())?,
            subject: Subject::of(&edition.subject).text().clone(),
            date: self.date,
            trace: Trace {
                run: text(&delivery.key.run)?,
                revision: delivery.key.revision,
                edition: HeaderText::showing(&delivery.key.edition),
                delivery: text(&delivery.id)?,
            },
            html: body.html(),
            text: body.text(),
            attachments,
        })
    }

    fn body(&self, edition: &EditionOutput, files: &[&ArtifactRecord]) -> Result<ReportBody, String> {
        let report = self.resolved.report;
        let sender = self.settings.title.clone().unwrap_or_else(|| report.title.clone());
        let list = self.resolved.list.map(|list| list.name.to_string()).unwrap_or_default();
        let files = files
            .iter()
            .map(|file| {
                Ok(FileLine {
                    name: FileName::new(file.file_name.as_str()).map_err(|e| e.to_string())?,
                    detail: format!("{}, {}", file.format.to_uppercase(), size(file.bytes)),
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
            reason: format!(
                "You get this report because your address is on the list \u{201c}{list}\u{201d} of {sender}."
            ),
            words: BodyWords::default(),
        })
    }
}

fn figure(figure: &crate::job::FigureOutput) -> Figure {
    Figure {
        label: figure.label.clone(),
        value: figure.value.clone(),
        // Whether more is better depends on the figure, which nobody has said.
        change: figure.change.clone().map(|text| Change { text, tone: Tone::Neutral }),
    }
}

/// A size as people read it (SI units, as mail programs show it).
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_read_like_in_a_mail_program() {
        assert_eq!(size(999), "999 B");
        assert_eq!(size(1_001), "2 kB");
        assert_eq!(size(2_340_000), "2.3 MB");
    }
}
