//! One run, one direction: extract, transform, generate, review, deliver. This file alone writes a
//! revision's state. A run goes on from where it stopped; what is done stays done.

use std::path::{Path, PathBuf};

use punctual_model::{
    finding::Finding,
    identity::{ContentHash, RunKey, canonical_json},
    project::Resolved,
    recipients::WHOLE,
    state::{RevisionState, Stage},
};
use punctual_store::{
    NewRun,
    records::{Filter, Run},
};
use serde::Serialize;

use crate::{
    environment::{Engine, Event},
    hold::Hold,
    input,
    job::Facts,
    outcome::{EngineError, RunOutcome},
    request::{RunRequest, run_facts},
    stages::{Editions, Workplace},
};

/// What a revision freezes: the definition that made it.
#[derive(Serialize)]
struct Frozen<'a> {
    report: &'a punctual_model::definition::Report,
    template: &'a punctual_model::definition::Template,
    list: Option<&'a punctual_model::definition::List>,
}

/// A run under way: its record, and what was done now.
struct Progressed {
    run: Run,
    findings: Vec<Finding>,
    worked: Vec<Stage>,
}

impl Engine {
    /// Runs a report over a period, up to and including `request.until`.
    ///
    /// # Errors
    /// Why it stopped; the run can be run again and goes on from there.
    pub async fn run(&self, request: &RunRequest<'_>) -> Result<RunOutcome, EngineError> {
        let resolved = request.resolved()?;
        let (facts, key) = run_facts(&resolved, &request.period)?;
        let _hold = Hold::take(&self.parts.data, &key.id())?;
        self.refuse_changed_template(&resolved).await?;
        let run = self.open(&resolved, &key, request).await?;
        let frozen = self.is_frozen(&run).await?;
        let mut progressed = Progressed { run, findings: Vec::new(), worked: Vec::new() };
        let editions = if frozen {
            self.keep_frozen(request, &mut progressed).await?
        } else {
            match self.make(request, &resolved, &facts, &mut progressed).await {
                Ok(editions) => editions,
                Err(error) => return Err(self.note_failure(&progressed.run, error).await),
            }
        };
        let Some(editions) = editions else {
            return Ok(outcome(progressed, Editions::default()));
        };
        if let Some(edition) = request.editions.iter().find(|e| !editions.editions.iter().any(|made| made.key == **e)) {
            let known = match editions.editions.as_slice() {
                [only] if only.key == WHOLE => "the report is not burst".to_owned(),
                all => all.iter().map(|made| made.key.as_str()).collect::<Vec<_>>().join(", "),
            };
            return Err(EngineError::UnknownEdition { edition: edition.clone(), known });
        }
        progressed.findings.extend(editions.findings.iter().cloned());
        if request.until < Stage::Deliver {
            return Ok(outcome(progressed, editions));
        }
        let delivery = self.deliver(request, &resolved, &mut progressed.run, &editions.editions).await?;
        progressed.worked.push(Stage::Deliver);
        let mut outcome = outcome(progressed, editions);
        outcome.delivery = Some(delivery);
        Ok(outcome)
    }

    /// Extract, transform and generate; `None` when the request ends before generate.
    async fn make(
        &self,
        request: &RunRequest<'_>,
        resolved: &Resolved<'_>,
        facts: &Facts,
        progressed: &mut Progressed,
    ) -> Result<Option<Editions>, EngineError> {
        let (id, revision) = (progressed.run.id.clone(), progressed.run.revision.number);
        let folder = JobFolder::make(&self.parts.data, &id)?;
        let name = input::name(Stage::Extract, &self.parts.build, &resolved.template.query.datasets);
        self.tell(Event::StageStarted(Stage::Extract));
        self.become_busy(&mut progressed.run, RevisionState::Generating).await?;
        self.parts.store.start_stage(&id, revision, Stage::Extract, &name, self.now()).await?;
        let extractions = self.extractions(request.project, resolved, facts, folder.path()).await?;
        let extracted = self.extract(&progressed.run, extractions, request.again(Stage::Extract)).await?;
        let done = punctual_store::StageDone { stage: Stage::Extract, output: "{}", findings: &[], artifacts: None };
        self.parts.store.finish_stage(&id, revision, done, self.now()).await?;
        self.tell(Event::StageDone(Stage::Extract));
        if extracted.asked {
            progressed.worked.push(Stage::Extract);
        }
        if request.until < Stage::Transform {
            return Ok(None);
        }

        let again = request.again(Stage::Transform);
        let place_of_tables = Workplace { run: &progressed.run, folder: folder.path(), again };
        let (tables, worked) = self.transform(place_of_tables, resolved, facts, &extracted).await?;
        progressed.findings.extend(tables.findings.iter().cloned());
        if worked {
            progressed.worked.push(Stage::Transform);
        }
        if request.until < Stage::Generate {
            return Ok(None);
        }

        self.become_busy(&mut progressed.run, RevisionState::Formatting).await?;
        let again = request.again(Stage::Generate);
        let place_of_editions = Workplace { run: &progressed.run, folder: folder.path(), again };
        let (editions, worked) = self.generate(place_of_editions, resolved, facts, &tables).await?;
        if worked {
            progressed.worked.push(Stage::Generate);
        }
        let next = if resolved.report.deliver.is_some() { RevisionState::Reviewing } else { RevisionState::Completed };
        self.become_busy(&mut progressed.run, next).await?;
        Ok(Some(editions))
    }

    /// A revision that has been delivered is not made again; its artifacts stay what was sent.
    async fn keep_frozen(
        &self,
        request: &RunRequest<'_>,
        progressed: &mut Progressed,
    ) -> Result<Option<Editions>, EngineError> {
        if let Some(stage) = request.from.filter(|stage| *stage < Stage::Deliver) {
            return Err(EngineError::Frozen { stage });
        }
        for stage in [Stage::Extract, Stage::Transform, Stage::Generate] {
            self.tell(Event::StageKept(stage));
        }
        let found = self.parts.store.findings(&progressed.run.id, progressed.run.revision.number).await?;
        progressed.findings = found.into_iter().filter(|(s, _)| *s != Stage::Generate).map(|(_, f)| f).collect();
        self.generated_before(&progressed.run).await.map(Some)
    }

    /// Content of a used template version never changes.
    async fn refuse_changed_template(&self, resolved: &Resolved<'_>) -> Result<(), EngineError> {
        let name = resolved.report.template.to_string();
        let content = ContentHash::of(canonical_json(resolved.template).as_bytes());
        let pinned = self.parts.store.pinned_templates().await?;
        if pinned.iter().any(|pin| pin.name == name && pin.content != content) {
            return Err(EngineError::ChangedTemplate { template: name });
        }
        Ok(())
    }

    /// A template version is used when something that it made is about to leave. Until then its author may
    /// mend it: a run that failed, or that was only looked at, pins nothing.
    pub(crate) async fn pin_template(&self, resolved: &Resolved<'_>) -> Result<(), EngineError> {
        let name = resolved.report.template.to_string();
        let definition = canonical_json(resolved.template);
        let content = ContentHash::of(definition.as_bytes());
        let pinned = self.parts.store.pin_template(&name, &content, &definition, self.now()).await?;
        if pinned.content != content {
            return Err(EngineError::ChangedTemplate { template: name });
        }
        Ok(())
    }

    async fn open(&self, resolved: &Resolved<'_>, key: &RunKey, request: &RunRequest<'_>) -> Result<Run, EngineError> {
        let frozen = Frozen { report: resolved.report, template: resolved.template, list: resolved.list };
        let definition = canonical_json(&frozen);
        let new = NewRun {
            key,
            period_start: request.period.start_instant()?,
            period_end: request.period.end_instant()?,
            definition: &definition,
        };
        let mut run = self.parts.store.open_run(new, self.now()).await?;
        if run.revision.definition != definition && !self.is_frozen(&run).await? {
            let revision = run.revision.number;
            self.parts.store.redefine(&run.id, revision, &definition, self.now()).await?;
            run.revision.definition_hash = ContentHash::of(definition.as_bytes());
            run.revision.definition = definition;
        }
        Ok(run)
    }

    /// Whether anything of the revision may have left.
    pub(crate) async fn is_frozen(&self, run: &Run) -> Result<bool, EngineError> {
        let filter = Filter { run: Some(run.id.clone()), ..Filter::default() };
        let deliveries = self.parts.store.deliveries(&filter).await?;
        Ok(deliveries.iter().any(|d| d.key.revision == run.revision.number && d.attempts > 0))
    }

    /// Moves a revision on. A run that died is found in the state it died in, and goes on from there.
    pub(crate) async fn become_busy(&self, run: &mut Run, to: RevisionState) -> Result<(), EngineError> {
        let from = run.revision.state;
        if from == to {
            return Ok(());
        }
        let store = &self.parts.store;
        run.revision = store.advance(&run.id, run.revision.number, (from, to), None, self.now()).await?;
        Ok(())
    }

    /// Records why a run stopped, so that the next run and everybody who looks knows.
    async fn note_failure(&self, run: &Run, error: EngineError) -> EngineError {
        let store = &self.parts.store;
        let number = run.revision.number;
        let message = error.to_string();
        let noted = async {
            if let EngineError::Stage { stage, findings, .. } = &error {
                store.fail_stage(&run.id, number, *stage, (&message, findings), self.now()).await?;
            }
            let state = store.run_by_id(&run.id).await?.map_or(run.revision.state, |r| r.revision.state);
            if state.may_become(RevisionState::Failed) {
                let change = (state, RevisionState::Failed);
                store.advance(&run.id, number, change, Some(&message), self.now()).await?;
            }
            Ok::<(), punctual_store::StoreError>(())
        };
        match noted.await {
            Ok(()) => error,
            Err(store_error) => store_error.into(),
        }
    }
}

/// A folder for a run's children. Whoever holds the run owns it: what a dead process left is cleared.
struct JobFolder(PathBuf);

impl JobFolder {
    fn make(data: &Path, run: &str) -> Result<Self, EngineError> {
        let path = data.join("jobs").join(run);
        let failed = |e: std::io::Error| EngineError::Folder { path: path.clone(), message: e.to_string() };
        match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        std::fs::create_dir_all(&path).map_err(failed)?;
        let path = path.canonicalize().map_err(failed)?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for JobFolder {
    fn drop(&mut self) {
        // What cannot be cleared now is cleared by the next run.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn outcome(progressed: Progressed, editions: Editions) -> RunOutcome {
    RunOutcome {
        run: progressed.run,
        findings: progressed.findings,
        editions: editions.editions,
        worked: progressed.worked,
        delivery: None,
    }
}
