//! One run, one direction: extract, transform, generate, review, deliver. A run goes on from where it
//! stopped; what is done stays done. How a revision's state changes is for `revision`.

use std::path::{Path, PathBuf};

use punctual_model::{
    finding::Finding,
    frozen::Frozen,
    identity::{ContentHash, RunKey, canonical_json},
    project::Resolved,
    recipients::WHOLE,
    state::{RevisionState, Stage},
};
use punctual_store::{
    NewRun,
    records::{ExtractRecord, Run},
};

use crate::{
    decide::definition_of,
    environment::{Engine, Event},
    extract::Serving,
    hold::Hold,
    input,
    job::Facts,
    outcome::{EngineError, RunOutcome},
    request::RunRequest,
    stages::{Editions, Workplace},
};

/// A run under way: its record, and what was done now.
struct Progressed {
    run: Run,
    findings: Vec<Finding>,
    data: Vec<ExtractRecord>,
    warnings: Vec<String>,
    worked: Vec<Stage>,
}

impl Engine {
    /// Runs a report over a period, up to and including `request.until`.
    ///
    /// # Errors
    /// Why it stopped; the run can be run again and goes on from there.
    pub async fn run(&self, request: &RunRequest<'_>) -> Result<RunOutcome, EngineError> {
        let resolved = request.resolved()?;
        let (facts, key) = request.facts(&resolved)?;
        let _hold = Hold::take(&self.parts.data, &key.id())?;
        let now = Frozen::of(request.project, &resolved);
        let run = self.open(&now, &key, request).await?;
        let mut progressed =
            Progressed { run, findings: Vec::new(), data: Vec::new(), warnings: Vec::new(), worked: Vec::new() };
        let (definition, editions) = if progressed.run.revision.frozen_at.is_some() {
            self.keep_frozen(request, &now, &mut progressed).await?
        } else {
            self.refuse_changed_template(&now).await?;
            match self.make(request, &resolved, &facts, &mut progressed).await {
                Ok(editions) => (now, editions),
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
        let delivery = self.deliver(request, &definition, &mut progressed.run, &editions.editions).await?;
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
        self.become_busy(&mut progressed.run, RevisionState::Generating).await?;
        self.parts.store.start_stage(&id, revision, Stage::Extract, &name, self.now()).await?;
        let asked = (facts, progressed.run.period_end);
        let extractions = self.extractions(request.project, resolved, asked, folder.path()).await?;
        let extracted = self.extract(&progressed.run, extractions, serving(request)).await?;
        let done = punctual_store::StageDone { stage: Stage::Extract, output: "{}", findings: &[], artifacts: None };
        self.parts.store.finish_stage(&id, revision, done, self.now()).await?;
        progressed.data.clone_from(&extracted.records);
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

    /// A revision of which something may have left is not made again: it goes on by what it froze, whatever the
    /// project says by now.
    async fn keep_frozen(
        &self,
        request: &RunRequest<'_>,
        now: &Frozen,
        progressed: &mut Progressed,
    ) -> Result<(Frozen, Option<Editions>), EngineError> {
        let (id, number) = (progressed.run.id.clone(), progressed.run.revision.number);
        let definition = definition_of(&progressed.run)?;
        if let Some(stage) = request.from.filter(|stage| *stage < Stage::Deliver) {
            let restored = self.restore_files(request, &definition, &progressed.run).await?;
            if restored == 0 && request.until < Stage::Deliver {
                return Err(EngineError::Frozen { stage });
            }
            progressed.warnings.push(match restored {
                0 => format!(
                    "what was sent of this run stays, so its {stage} stage is not run again; what is left of it is sent as it was made"
                ),
                restored => format!("{restored} damaged files were made again, with the same bytes as before"),
            });
        }
        for stage in [Stage::Extract, Stage::Transform, Stage::Generate] {
            self.tell(Event::StageKept(stage));
        }
        let found = self.parts.store.findings(&id, number).await?;
        progressed.findings = found.into_iter().filter(|(s, _)| *s < Stage::Generate).map(|(_, f)| f).collect();
        progressed.data = self.parts.store.extracts(&id, number).await?;
        let changes = definition.changes(now);
        if !changes.is_empty() {
            progressed.warnings.push(format!(
                "the definition has changed since the first message left: {}; what was sent stays, and what is left of this run goes by what it was made by",
                changes.join(", ")
            ));
        }
        let editions = self.generated_before(&progressed.run).await?;
        Ok((definition.or(now.clone()), Some(editions)))
    }

    /// Files of a frozen revision whose bytes are gone are made again as they were; how many.
    async fn restore_files(
        &self,
        request: &RunRequest<'_>,
        definition: &Frozen,
        run: &Run,
    ) -> Result<usize, EngineError> {
        let resolved = Resolved { report: &definition.report, template: &definition.template, list: None };
        let (facts, _) = request.facts(&resolved)?;
        let folder = JobFolder::make(&self.parts.data, &run.id)?;
        let place = Workplace { run, folder: folder.path(), again: true };
        self.restore(place, &resolved, &facts).await
    }

    /// Content of a used template version never changes.
    async fn refuse_changed_template(&self, definition: &Frozen) -> Result<(), EngineError> {
        let name = definition.report.template.to_string();
        let content = ContentHash::of(canonical_json(&definition.template).as_bytes());
        let pinned = self.parts.store.pinned_templates().await?;
        if pinned.iter().any(|pin| pin.name == name && pin.content != content) {
            return Err(EngineError::ChangedTemplate { template: name });
        }
        Ok(())
    }

    /// A template version is used when something that it made is about to leave. Until then its author may
    /// mend it: a run that failed, or that was only looked at, pins nothing.
    pub(crate) async fn pin_template(&self, definition: &Frozen) -> Result<(), EngineError> {
        let name = definition.report.template.to_string();
        let template = canonical_json(&definition.template);
        let content = ContentHash::of(template.as_bytes());
        let pinned = self.parts.store.pin_template(&name, &content, &template, self.now()).await?;
        if pinned.content != content {
            return Err(EngineError::ChangedTemplate { template: name });
        }
        Ok(())
    }

    async fn open(&self, now: &Frozen, key: &RunKey, request: &RunRequest<'_>) -> Result<Run, EngineError> {
        let definition = now.to_json();
        let new = NewRun {
            key,
            period_start: request.period.start_instant()?,
            period_end: request.period.end_instant()?,
            definition: &definition,
        };
        let mut run = self.parts.store.open_run(new.clone(), self.now()).await?;
        if run.revision.definition != definition && run.revision.frozen_at.is_none() {
            let revision = run.revision.number;
            let period = (new.period_start, new.period_end);
            self.parts.store.redefine(&run.id, revision, &definition, period, self.now()).await?;
            (run.period_start, run.period_end) = period;
            run.revision.definition_hash = ContentHash::of(definition.as_bytes());
            run.revision.definition = definition;
        }
        Ok(run)
    }
}

/// Which snapshots may serve a request.
fn serving(request: &RunRequest<'_>) -> Serving {
    match request.from {
        Some(Stage::Extract) => Serving::Nothing,
        Some(_) if request.until < Stage::Deliver => Serving::Any,
        _ => Serving::Fresh,
    }
}

/// A folder for a run's children. Whoever holds the run owns it: what a dead process left is cleared.
struct JobFolder(PathBuf);

impl JobFolder {
    fn make(data: &Path, run: &str) -> Result<Self, EngineError> {
        let path = data.join("jobs").join(run);
        let failed = |e: std::io::Error| EngineError::folder(&path, &e);
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
        data: progressed.data,
        warnings: progressed.warnings,
        worked: progressed.worked,
        delivery: None,
    }
}
