//! Extraction: each dataset's query runs in its source and becomes an immutable snapshot. A source
//! that fails for a passing reason is asked again with growing waits; the other datasets go on.

use std::{path::Path, sync::Arc, time::Duration};

use futures::{StreamExt, stream};
use jiff::Timestamp;
use punctual_data::{
    error::DataError,
    snapshot::{StreamError, write_stream},
    source::{ExtractRequest, Source, SourceConfig, SourceError},
};
use punctual_model::{
    definition::{Dataset, Retry, Source as SourceDefinition},
    identity::{ContentHash, canonical_json},
    project::{Project, Resolved},
    sql_text::SqlText,
    state::Stage,
};
use punctual_store::records::{ExtractRecord, Run};
use tokio::sync::watch;

use crate::{
    environment::{Engine, Event},
    files::lies_in_data_folder,
    freshness::Moment,
    input::needs_previous,
    job::{Facts, Job, RenderSql, RenderedSql, SqlTemplate, answer},
    outcome::EngineError,
    runner::ask,
};

/// So many datasets are extracted at a time.
const AT_A_TIME: usize = 4;

/// How a failing source is asked again: each wait is twice the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Give up when the waits add up to this.
    pub for_at_most: Duration,
    /// The first wait.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
}

impl From<&Retry> for RetryPolicy {
    fn from(retry: &Retry) -> Self {
        Self {
            for_at_most: retry.for_at_most.duration(),
            first_wait: retry.first_wait.duration(),
            longest_wait: retry.longest_wait.duration(),
        }
    }
}

impl RetryPolicy {
    /// The waits in order.
    pub fn waits(self) -> impl Iterator<Item = Duration> {
        let mut next = self.first_wait;
        let mut left = self.for_at_most;
        std::iter::from_fn(move || {
            let wait = next.min(self.longest_wait).min(left);
            if wait.is_zero() {
                return None;
            }
            left -= wait;
            next = next.saturating_mul(2);
            Some(wait)
        })
    }
}

/// One dataset to be extracted, ready to go.
pub(crate) struct Extraction {
    /// The dataset's name; `NAME@previous` for the period before.
    pub(crate) name: String,
    source: Arc<dyn Source>,
    source_name: String,
    request: ExtractRequest,
    /// What is asked, as canonical JSON: only a snapshot of the same question can serve.
    question: String,
    /// When its data is the right one.
    moment: Moment,
}

/// Which of the snapshots that are there may serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Serving {
    /// Those with the data of the right moment.
    Fresh,
    /// Each, whatever its age: a person asked to go on from there, and nothing is sent.
    Any,
    /// None.
    Nothing,
}

/// The snapshots of a revision.
#[derive(Debug, Clone)]
pub struct Extracted {
    /// One record for each dataset.
    pub records: Vec<ExtractRecord>,
    /// Whether any source was asked.
    pub asked: bool,
}

/// The name of a dataset of the period before.
pub(crate) fn previous_name(dataset: &str) -> String {
    format!("{dataset}@previous")
}

impl Engine {
    /// Extracts what is not there, or no longer serves. On failure the snapshots that came in are kept.
    pub(crate) async fn extract(
        &self,
        run: &Run,
        extractions: Vec<Extraction>,
        serving: Serving,
    ) -> Result<Extracted, EngineError> {
        let store = &self.parts.store;
        let revision = run.revision.number;
        if serving == Serving::Nothing {
            store.forget_extracts(&run.id, revision).await?;
        }
        let known = store.extracts(&run.id, revision).await?;
        let mut records = Vec::new();
        let mut missing = Vec::new();
        for extraction in extractions {
            match self.kept_snapshot(&known, &extraction, serving) {
                Some(record) => records.push(record),
                None => missing.push(extraction),
            }
        }
        let asked = !missing.is_empty();
        if asked {
            self.tell(Event::StageStarted(Stage::Extract));
        }
        let hopeless = watch::Sender::new(false);
        let hopeless = &hopeless;
        let results: Vec<Result<ExtractRecord, (String, SnapshotFailure)>> = stream::iter(missing)
            .map(|extraction| async move {
                let result = self.extract_one(&extraction, hopeless).await;
                let record = result.map_err(|failure| (extraction.name.clone(), failure))?;
                let stored = store.record_extract(&run.id, revision, &record).await;
                stored.map_err(|error| (extraction.name.clone(), SnapshotFailure::Store(error.to_string())))?;
                self.tell(Event::DatasetDone { dataset: record.dataset.clone(), rows: record.rows, kept: false });
                Ok(record)
            })
            .buffer_unordered(AT_A_TIME)
            .collect()
            .await;
        let mut failures: Vec<String> =
            results.iter().filter_map(|r| r.as_ref().err()).map(|(_, f)| f.to_string()).collect();
        if failures.is_empty() {
            records.extend(results.into_iter().filter_map(Result::ok));
            records.sort_by(|a, b| a.dataset.cmp(&b.dataset));
            self.tell(if asked { Event::StageDone(Stage::Extract) } else { Event::StageKept(Stage::Extract) });
            return Ok(Extracted { records, asked });
        }
        failures.sort();
        failures.dedup();
        Err(EngineError::Stage { stage: Stage::Extract, message: failures.join("; "), findings: Vec::new() })
    }

    /// The snapshot that serves an extraction. When there is one of the same question that does not, the run says so.
    fn kept_snapshot(
        &self,
        known: &[ExtractRecord],
        extraction: &Extraction,
        serving: Serving,
    ) -> Option<ExtractRecord> {
        let same = |k: &&ExtractRecord| k.dataset == extraction.name && k.binds == extraction.question;
        let record = known.iter().find(same).filter(|k| self.parts.artifacts.contains(&k.snapshot))?;
        if serving == Serving::Fresh
            && let Err(why) = extraction.moment.serves(record)
        {
            self.tell(Event::AskedAgain { dataset: record.dataset.clone(), why });
            return None;
        }
        self.tell(Event::DatasetDone { dataset: record.dataset.clone(), rows: record.rows, kept: true });
        Some(record.clone())
    }

    /// Asks until there is an answer. Once another dataset has failed for good, the run fails in any case: nobody
    /// waits for a source that may come back.
    async fn extract_one(
        &self,
        extraction: &Extraction,
        hopeless: &watch::Sender<bool>,
    ) -> Result<ExtractRecord, SnapshotFailure> {
        let mut waits = self.parts.retry.waits();
        let mut told = hopeless.subscribe();
        loop {
            let error = match self.ask(extraction).await {
                Ok(record) => return Ok(record),
                Err(error) => error,
            };
            if !error.is_transient() {
                hopeless.send_replace(true);
                return Err(error);
            }
            let Some(wait) = waits.next().filter(|_| !*told.borrow()) else { return Err(error) };
            self.tell(Event::SourceRetry { dataset: extraction.name.clone(), error: error.to_string(), wait });
            tokio::select! {
                () = self.parts.clock.sleep(wait) => {}
                _ = told.wait_for(|hopeless| *hopeless) => return Err(error),
            }
        }
    }

    async fn ask(&self, extraction: &Extraction) -> Result<ExtractRecord, SnapshotFailure> {
        let asked_at = self.now();
        let answer = extraction.source.extract(extraction.request.clone()).await?;
        let folder = self.parts.artifacts.incoming().map_err(|e| SnapshotFailure::Store(e.to_string()))?;
        let kept = |message: String| SnapshotFailure::Store(message);
        let path = folder.path().join("snapshot.parquet");
        let snapshot = write_stream(&path, answer.schema, answer.batches).await.map_err(|error| match error {
            StreamError::Source(error) => SnapshotFailure::Source(error),
            StreamError::Data(error) => SnapshotFailure::Data(error),
        })?;
        let content =
            ContentHash::from_hex(&snapshot.sha256).ok_or_else(|| kept("its hash is unreadable".to_owned()))?;
        let bytes = self.parts.artifacts.adopt(&snapshot.path, &content).map_err(|e| kept(e.to_string()))?;
        Ok(ExtractRecord {
            dataset: extraction.name.clone(),
            source: extraction.source_name.clone(),
            statement: answer.statement,
            binds: extraction.question.clone(),
            snapshot: content,
            rows: snapshot.rows,
            bytes,
            asked_at,
            extracted_at: self.now(),
            doubt: None,
        })
    }

    /// Renders the datasets' SQL in the sandbox and opens their sources.
    pub(crate) async fn extractions(
        &self,
        project: &Project,
        resolved: &Resolved<'_>,
        (facts, period_end): (&Facts, Timestamp),
        folder: &Path,
    ) -> Result<Vec<Extraction>, EngineError> {
        let compare = needs_previous(resolved.template);
        let mut asked: Vec<(String, &Dataset, &SourceDefinition, bool)> = Vec::new();
        for (name, dataset) in &resolved.template.query.datasets {
            let source = project
                .sources
                .get(dataset.source.as_str())
                .ok_or_else(|| EngineError::Unresolved { report: facts.report.clone() })?;
            asked.push((name.to_string(), dataset, &source.value, false));
            let by_period = dataset.sql.as_deref().is_some_and(|sql| sql.contains("period"));
            if compare && by_period {
                asked.push((previous_name(name.as_str()), dataset, &source.value, true));
            }
        }
        let rendered = self.render(&asked, facts, folder).await?;
        let mut rendered = rendered.into_iter();
        asked
            .into_iter()
            .map(|(name, dataset, source, _)| {
                let sql = if dataset.sql.is_some() { rendered.next() } else { None };
                self.extraction(name, dataset, source, sql, period_end)
            })
            .collect()
    }

    async fn render(
        &self,
        asked: &[(String, &Dataset, &SourceDefinition, bool)],
        facts: &Facts,
        folder: &Path,
    ) -> Result<RenderedSql, EngineError> {
        let texts: Vec<SqlTemplate> = asked
            .iter()
            .filter_map(|(name, dataset, source, previous)| {
                Some(SqlTemplate {
                    subject: format!("dataset `{name}`"),
                    text: dataset.sql.clone()?,
                    lexis: self.source_kind(&source.source_type)?.spec.sql?,
                    source_zone: source.timezone.clone(),
                    previous: *previous,
                })
            })
            .collect();
        let stage = Stage::Extract;
        let asked = RenderSql { facts: facts.clone(), texts };
        let job = Job::RenderSql(asked.clone());
        let done = ask(&*self.parts.runner, &job, &[], folder).await;
        let rendered: RenderedSql = done.map_err(|e| EngineError::of_job(stage, &e))?;
        answer::rendered(&asked, &rendered).map_err(|why| EngineError::untrusted(stage, why))?;
        Ok(rendered)
    }

    fn source_kind(&self, name: &str) -> Option<&'static punctual_data::source::SourceKind> {
        self.parts.sources.iter().find(|kind| kind.spec.name == name)
    }

    fn extraction(
        &self,
        name: String,
        dataset: &Dataset,
        definition: &SourceDefinition,
        sql: Option<SqlText>,
        period_end: Timestamp,
    ) -> Result<Extraction, EngineError> {
        let stage = |message: String| EngineError::Stage { stage: Stage::Extract, message, findings: Vec::new() };
        let question = canonical_json(&serde_json::json!({
            "sql": sql, "columns": dataset.columns, "source": definition,
        }));
        let source = self.open_source(definition).map_err(|e| stage(e.to_string()))?;
        let request = ExtractRequest { dataset: name.clone(), sql, columns: dataset.columns.clone() };
        let moment = Moment::of(definition, period_end, self.now());
        Ok(Extraction { name, source, source_name: definition.name.to_string(), request, question, moment })
    }

    /// Opens a source: its secrets are resolved now, and nothing is connected yet.
    ///
    /// # Errors
    /// When a secret has no value or the options cannot work.
    pub fn open_source(&self, definition: &SourceDefinition) -> Result<Arc<dyn Source>, SourceError> {
        let name = definition.name.to_string();
        let config = |message: String| SourceError::Config { name: name.clone(), message };
        let kind = self
            .source_kind(&definition.source_type)
            .ok_or_else(|| config(format!("unknown type `{}`", definition.source_type)))?;
        if let Some(message) = lies_in_data_folder(definition, &self.parts.project, &self.parts.data) {
            return Err(config(message));
        }
        let options = self.resolver().resolve(&kind.spec, &definition.options).map_err(|e| config(e.to_string()))?;
        (kind.open)(SourceConfig {
            name: name.clone(),
            timezone: definition.timezone.clone(),
            time_encoding: definition.time_encoding.clone(),
            timeout: definition.timeout.duration(),
            cell_bytes: definition.cell_kib as usize * 1024,
            options,
            project: self.parts.project.clone(),
        })
    }
}

/// Why a dataset did not become a snapshot.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SnapshotFailure {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error("the snapshot cannot be kept: {0}")]
    Store(String),
}

impl SnapshotFailure {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Source(error) if error.is_transient())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_add_up_to_the_limit() {
        let policy = RetryPolicy {
            for_at_most: Duration::from_secs(30),
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(8),
        };
        let waits: Vec<u64> = policy.waits().map(|w| w.as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 8, 7]);
        let none = RetryPolicy { for_at_most: Duration::ZERO, ..policy };
        assert_eq!(none.waits().count(), 0);
    }
}
