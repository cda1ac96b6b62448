//! What a delivery would do, before it does it: who gets which edition with which files, what speaks
//! against it, and how that differs from last time. It sends nothing.

use jiff::Timestamp;
use punctual_model::{
    frozen::Frozen,
    recipients::{Comparison, Held, Recipient, compare},
    state::{DeliveryState, Stage},
};
use punctual_store::records::{ArtifactRecord, Delivery, ExtractRecord, Run};
use serde::Serialize;

use crate::{
    decide::definition_of,
    deliver::Ready,
    environment::Engine,
    job::EditionOutput,
    outcome::{EngineError, RunOutcome},
    request::RunRequest,
};

/// What a delivery would do.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// The run.
    pub run: Run,
    /// The queries as they were sent, and when.
    pub queries: Vec<ExtractRecord>,
    /// The editions.
    pub editions: Vec<PlannedEdition>,
    /// The messages that would leave.
    pub messages: Vec<PlannedMessage>,
    /// Who would not be written to, and why.
    pub held: Vec<Held>,
    /// Nothing would leave before this instant.
    pub waits_until: Option<Timestamp>,
    /// Reasons why none would leave.
    pub refusals: Vec<String>,
    /// Things a person should know.
    pub warnings: Vec<String>,
    /// How the recipients differ from last time; `None` when there was no last time.
    pub changes: Option<Comparison>,
}

/// An edition as it would be sent.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedEdition {
    /// The key.
    pub key: String,
    /// The document's title.
    pub title: String,
    /// Rows in its tables.
    pub rows: u64,
    /// Its files.
    pub files: Vec<String>,
}

/// A message as it would be sent.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedMessage {
    /// Who gets it.
    pub recipient: Recipient,
    /// The subject.
    pub subject: String,
    /// The attached files.
    pub files: Vec<String>,
    /// The channel.
    pub channel: String,
    /// What became of it earlier in this period, if anything.
    pub state: Option<DeliveryState>,
}

impl Engine {
    /// Makes the editions and says what a delivery would do.
    ///
    /// # Errors
    /// Why the editions could not be made.
    pub async fn plan(&self, request: &RunRequest<'_>) -> Result<Plan, EngineError> {
        let made = RunRequest { until: Stage::Review, ..request.clone() };
        let outcome = self.run(&made).await?;
        let definition = goes_by(request, &outcome.run)?;
        let ready = self.ready(request, &definition, &outcome.run, &outcome.editions).await?;
        let known = self.deliveries_of(&outcome.run.id).await?;
        let chosen = |edition: &String| request.editions.is_empty() || request.editions.contains(edition);
        let mut now = ready.audience.recipients.clone();
        now.extend(ready.audience.had.iter().map(|had| had.recipient.clone()));
        now.retain(|r| chosen(&r.edition));
        let mut last = self.parts.store.last_recipients(request.report, outcome.run.period_start).await?;
        // Whoever was not asked for is not gone.
        last.retain(|r| chosen(&r.edition));
        let changes = (!last.is_empty()).then(|| compare(&now, &last));
        let messages = planned_messages(&outcome, &ready, &known, &chosen);
        let editions = outcome.editions.iter().map(planned_edition).collect();
        let Ready { mut audience, .. } = ready;
        audience.refusals.extend(self.parts.installation.estranged().await?);
        let found = outcome.findings.iter().map(|f| format!("{} ({}): {}", f.subject, f.check, f.message));
        let mut warnings: Vec<String> = found.collect();
        warnings.extend(outcome.warnings);
        warnings.extend(audience.warnings);
        Ok(Plan {
            run: outcome.run,
            queries: outcome.data,
            editions,
            messages,
            held: audience.held.into_iter().filter(|held| chosen(&held.recipient.edition)).collect(),
            waits_until: audience.waits_until,
            refusals: audience.refusals,
            warnings,
            changes,
        })
    }
}

/// What a delivery of a run would go by.
fn goes_by(request: &RunRequest<'_>, run: &Run) -> Result<Frozen, EngineError> {
    let now = Frozen::of(request.project, &request.resolved()?);
    if run.revision.frozen_at.is_none() {
        return Ok(now);
    }
    Ok(definition_of(run)?.or(now))
}

fn planned_messages(
    outcome: &RunOutcome,
    ready: &Ready<'_>,
    known: &[Delivery],
    chosen: &dyn Fn(&String) -> bool,
) -> Vec<PlannedMessage> {
    let message = |recipient: &Recipient, state: Option<DeliveryState>| {
        let edition = outcome.editions.iter().find(|e| e.key == recipient.edition)?;
        let files = ready.post.composer.attached(&ready.artifacts, &edition.key);
        Some(PlannedMessage {
            recipient: recipient.clone(),
            subject: edition.subject.clone(),
            files: files.into_iter().map(|ArtifactRecord { file_name, .. }| file_name).collect(),
            channel: ready.post.name.clone(),
            state,
        })
    };
    let state_of = |recipient: &Recipient| {
        let its = |row: &&punctual_store::records::NewDelivery| {
            row.key.edition == recipient.edition && row.key.recipient == recipient.id
        };
        let row = ready.rows.iter().find(its)?;
        known.iter().find(|d| d.key == row.key).map(|d| d.state)
    };
    let written = ready.audience.recipients.iter().filter(|r| chosen(&r.edition));
    let had = ready.audience.had.iter().map(|had| &had.recipient).filter(|r| chosen(&r.edition));
    let written = written.filter_map(|recipient| message(recipient, state_of(recipient)));
    written.chain(had.filter_map(|recipient| message(recipient, Some(DeliveryState::Accepted)))).collect()
}

fn planned_edition(edition: &EditionOutput) -> PlannedEdition {
    PlannedEdition {
        key: edition.key.clone(),
        title: edition.title.clone(),
        rows: edition.rows,
        files: edition.files.iter().map(|f| f.file_name.clone()).collect(),
    }
}
