//! What a delivery would do, before it does it: who gets which edition with which files, what speaks
//! against it, and how that differs from last time. It sends nothing.

use punctual_model::{
    project::Resolved,
    recipients::{Comparison, Guard, Recipient, Resolution, compare, resolve},
    state::{DeliveryState, Stage},
};
use punctual_store::records::{ExtractRecord, Filter, Run};
use serde::Serialize;

use crate::{
    environment::Engine,
    job::EditionOutput,
    outcome::{EngineError, RunOutcome},
    request::{RunRequest, run_facts},
};

/// What a delivery would do.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// The run.
    pub run: Run,
    /// The queries as they were sent.
    pub queries: Vec<ExtractRecord>,
    /// The editions.
    pub editions: Vec<PlannedEdition>,
    /// The messages that would leave.
    pub messages: Vec<PlannedMessage>,
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
        let resolved = request.resolved()?;
        let resolution = self.recipients(request, &resolved, &outcome.editions).await?;
        let store = &self.parts.store;
        let (id, number) = (outcome.run.id.clone(), outcome.run.revision.number);
        let queries = store.extracts(&id, number).await?;
        let mut last = store.last_recipients(request.report, outcome.run.period_start).await?;
        // Whoever was not asked for is not gone.
        last.retain(|r| request.editions.is_empty() || request.editions.contains(&r.edition));
        let changes = (!last.is_empty()).then(|| compare(&resolution.recipients, &last));
        let messages = self.planned_messages(&outcome, &resolved, &resolution).await?;
        let editions = outcome.editions.iter().map(planned_edition).collect();
        let Resolution { refusals, warnings, .. } = resolution;
        Ok(Plan { run: outcome.run, queries, editions, messages, refusals, warnings, changes })
    }

    async fn planned_messages(
        &self,
        outcome: &RunOutcome,
        resolved: &Resolved<'_>,
        resolution: &Resolution,
    ) -> Result<Vec<PlannedMessage>, EngineError> {
        let filter = Filter { run: Some(outcome.run.id.clone()), ..Filter::default() };
        let known = self.parts.store.deliveries(&filter).await?;
        let deliver = resolved.report.deliver.as_ref();
        let attach = deliver.and_then(|d| d.attach.as_ref()).unwrap_or(&resolved.report.formats);
        let message = |recipient: &Recipient| {
            let edition = outcome.editions.iter().find(|e| e.key == recipient.edition)?;
            let files = edition.files.iter().filter(|f| attach.contains(&f.format)).map(|f| f.file_name.clone());
            let state = known
                .iter()
                .find(|d| d.key.edition == recipient.edition && d.key.recipient == recipient.id)
                .map(|d| d.state);
            Some(PlannedMessage {
                recipient: recipient.clone(),
                subject: edition.subject.clone(),
                files: files.collect(),
                state,
            })
        };
        Ok(resolution.recipients.iter().filter_map(message).collect())
    }

    /// Resolves the recipients and guards the answer; the same for a plan and for a send.
    pub(crate) async fn recipients(
        &self,
        request: &RunRequest<'_>,
        resolved: &Resolved<'_>,
        editions: &[EditionOutput],
    ) -> Result<Resolution, EngineError> {
        let report = resolved.report;
        let (Some(deliver), Some(list)) = (&report.deliver, resolved.list) else {
            return Err(EngineError::NoDelivery { report: report.name.to_string() });
        };
        let keys: Vec<String> = editions.iter().map(|e| e.key.clone()).collect();
        let guard = Guard {
            burst: report.burst.is_some(),
            expect: &report.expect,
            confirm_over: request.project.settings.confirm_over,
            confirmed: request.confirmed,
        };
        let only = (!request.editions.is_empty()).then_some(request.editions.as_slice());
        let facts = || run_facts(resolved, &request.period).map(|(facts, _)| facts);
        let list = self.with_members(request.project, list, facts).await?;
        let mut resolution = resolve(&list, &keys, only, guard);
        if request.period.end_instant()? > self.now() && !request.confirmed {
            resolution.refusals.push(format!(
                "period {} has not ended: its last day is {}; --confirm sends it all the same, and what is sent stays",
                request.period,
                request.period.end_date().yesterday().unwrap_or(request.period.end_date()),
            ));
        }
        if let Some(only_if) = &deliver.only_if {
            let empty: Vec<&str> = editions.iter().filter(|e| e.rows < only_if.rows).map(|e| e.key.as_str()).collect();
            resolution.recipients.retain(|r| !empty.contains(&r.edition.as_str()));
            resolution.warnings.extend(
                empty
                    .iter()
                    .map(|key| format!("edition {key} has fewer than {} rows and is not sent (only_if)", only_if.rows)),
            );
        }
        Ok(resolution)
    }
}

fn planned_edition(edition: &EditionOutput) -> PlannedEdition {
    PlannedEdition {
        key: edition.key.clone(),
        title: edition.title.clone(),
        rows: edition.rows,
        files: edition.files.iter().map(|f| f.file_name.clone()).collect(),
    }
}
