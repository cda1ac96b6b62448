//! Transform and generate, from the parent's side: the job is put together, a finished one with the
//! same input is kept, and the child's files become artifacts. Each takes the previous stage's value.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use punctual_model::{
    definition::Otherwise,
    finding::Finding,
    identity::ContentHash,
    project::Resolved,
    state::{Stage, StageState},
};
use punctual_store::{
    StageDone,
    records::{ArtifactRecord, ExtractRecord, Run, StageRecord},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    environment::{Engine, Event},
    extract::{Extracted, previous_name},
    fonts::FontFile,
    input,
    job::{
        DatasetInput, EditionOutput, Facts, Generate, Generated, Job, TableInput, Transform, Transformed, answer,
        places::Pass,
    },
    outcome::EngineError,
    zones::Database,
};

const MIB: u64 = 1024 * 1024;

/// What transform made, as it is kept: files by content.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tables {
    pub(crate) tables: BTreeMap<String, KeptTable>,
    pub(crate) previous: BTreeMap<String, KeptTable>,
    pub(crate) findings: Vec<Finding>,
}

/// One dataset or table by content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptTable {
    content: ContentHash,
    rows: u64,
    left_out: u64,
    left_out_by_key: BTreeMap<String, u64>,
}

/// What generate made, as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Editions {
    pub(crate) editions: Vec<EditionOutput>,
    pub(crate) findings: Vec<Finding>,
}

/// Which run a stage belongs to, and where its child may write.
#[derive(Clone, Copy)]
pub(crate) struct Workplace<'a> {
    pub(crate) run: &'a Run,
    pub(crate) folder: &'a Path,
    pub(crate) again: bool,
}

impl Engine {
    /// Snapshots become checked datasets and tables.
    pub(crate) async fn transform(
        &self,
        place: Workplace<'_>,
        resolved: &Resolved<'_>,
        facts: &Facts,
        extracted: &Extracted,
    ) -> Result<(Tables, bool), EngineError> {
        let stage = Stage::Transform;
        let job = |path: &dyn Fn(&ContentHash) -> PathBuf| self.transform_job(resolved, facts, extracted, path);
        let name = input::name(stage, &self.parts.build, &job(&by_content));
        if let Some(kept) = self.kept::<Tables>(place, stage, &name).await?
            && kept.files().all(|(_, content)| self.parts.artifacts.contains(content))
        {
            return Ok((kept, false));
        }
        self.start(place, stage, &name).await?;
        let inputs = extracted.records.iter().map(|record| (record.dataset.as_str(), &record.snapshot));
        let inputs = self.whole(Stage::Extract, inputs)?;
        let files = |content: &ContentHash| self.parts.artifacts.path(content);
        let asked = job(&files);
        let folder = place.of(stage)?;
        let child: Transformed = self.child(stage, &Job::Transform(asked.clone()), &inputs, &folder).await?;
        answer::transformed(&asked, &child).map_err(|why| EngineError::untrusted(stage, why))?;
        let rejected = self.adopt_rejected(&folder, &child)?;
        if let Some(message) = failed_checks(&child.findings) {
            return Err(EngineError::Stage { stage, message, findings: child.findings });
        }
        let tables = Tables {
            tables: self.adopt_tables(&folder, Pass::Period, &child.tables, extracted)?,
            previous: self.adopt_tables(&folder, Pass::Previous, &child.previous, extracted)?,
            findings: child.findings,
        };
        self.finish(place, stage, &tables, &tables.findings, &rejected).await?;
        Ok((tables, true))
    }

    fn transform_job(
        &self,
        resolved: &Resolved<'_>,
        facts: &Facts,
        extracted: &Extracted,
        path: &dyn Fn(&ContentHash) -> PathBuf,
    ) -> Transform {
        let query = &resolved.template.query;
        let record = |name: &str| extracted.records.iter().find(|r: &&ExtractRecord| r.dataset == name);
        let mut datasets = Vec::new();
        let mut previous = Vec::new();
        let compare = input::needs_previous(resolved.template);
        for (name, dataset) in &query.datasets {
            let Some(now) = record(name.as_str()) else { continue };
            let checks = dataset.checks.clone();
            let columns = dataset.columns.clone();
            datasets.push(DatasetInput {
                name: name.to_string(),
                path: path(&now.snapshot),
                columns: columns.clone(),
                checks: checks.clone(),
            });
            if compare {
                // A dataset that does not depend on the period is the same in both.
                let before = record(&previous_name(name.as_str())).unwrap_or(now);
                previous.push(DatasetInput { name: name.to_string(), path: path(&before.snapshot), columns, checks });
            }
        }
        let limits = self.parts.runner.limits();
        Transform {
            facts: facts.clone(),
            datasets,
            previous,
            tables: query.tables.iter().map(|(name, table)| (name.to_string(), table.clone())).collect(),
            burst: resolved.report.burst.clone(),
            memory: limits.memory_mib * MIB / 2,
            query_timeout_ms: u64::try_from(limits.query.duration().as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Tables become documents and artifacts.
    pub(crate) async fn generate(
        &self,
        place: Workplace<'_>,
        resolved: &Resolved<'_>,
        facts: &Facts,
        tables: &Tables,
    ) -> Result<(Editions, bool), EngineError> {
        let stage = Stage::Generate;
        let fonts = self.fonts(stage)?;
        let named = fonts.iter().map(|font| font.named(&self.parts.fonts)).collect();
        let job = |path: &dyn Fn(&ContentHash) -> PathBuf, fonts: Vec<FontFile>| {
            self.generate_job(resolved, facts, tables, path, fonts)
        };
        let name = input::name(stage, &self.parts.build, &job(&by_content, named));
        let artifacts = self.parts.store.artifacts(&place.run.id, place.run.revision.number).await?;
        if let Some(kept) = self.kept::<Editions>(place, stage, &name).await?
            && artifacts.iter().all(|a| self.parts.artifacts.contains(&a.content))
        {
            return Ok((kept, false));
        }
        self.start(place, stage, &name).await?;
        let inputs = self.whole(Stage::Transform, tables.files())?;
        let font_files: Vec<PathBuf> = fonts.iter().map(|font| font.path.clone()).collect();
        let files = |content: &ContentHash| self.parts.artifacts.path(content);
        let asked = job(&files, fonts);
        let formats = self.formats(stage, &asked.formats)?;
        let folder = place.of(stage)?;
        let inputs: Vec<PathBuf> = inputs.into_iter().chain(font_files).collect();
        let child: Generated = self.child(stage, &Job::Generate(asked.clone()), &inputs, &folder).await?;
        answer::generated(&asked, &child, &formats).map_err(|why| EngineError::untrusted(stage, why))?;
        if let Some(message) = failed_checks(&child.findings) {
            return Err(EngineError::Stage { stage, message, findings: child.findings });
        }
        let artifacts = self.adopt_files(&folder, &formats, &child.editions)?;
        let editions = Editions { editions: child.editions, findings: child.findings };
        self.finish(place, stage, &editions, &editions.findings, &artifacts).await?;
        Ok((editions, true))
    }

    /// Makes the files of a frozen revision again whose bytes are gone or damaged, from the tables and by the
    /// definition that made them. Only the same bytes are taken: what was sent stays what it was. Returns how many
    /// were made again.
    pub(crate) async fn restore(
        &self,
        place: Workplace<'_>,
        resolved: &Resolved<'_>,
        facts: &Facts,
    ) -> Result<usize, EngineError> {
        let stage = Stage::Generate;
        let kept = self.parts.store.artifacts(&place.run.id, place.run.revision.number).await?;
        let is_damaged = |file: &&ArtifactRecord| self.parts.artifacts.path_of_whole(&file.content).is_err();
        let damaged: Vec<&ArtifactRecord> = kept.iter().filter(is_damaged).collect();
        if damaged.is_empty() {
            return Ok(0);
        }
        let tables: Tables = self.output(place.run, Stage::Transform).await?;
        let fonts = self.fonts(stage)?;
        let inputs = self.whole(Stage::Transform, tables.files())?;
        let inputs: Vec<PathBuf> = inputs.into_iter().chain(fonts.iter().map(|font| font.path.clone())).collect();
        let files = |content: &ContentHash| self.parts.artifacts.path(content);
        let asked = self.generate_job(resolved, facts, &tables, &files, fonts);
        let formats = self.formats(stage, &asked.formats)?;
        let folder = place.of(stage)?;
        let child: Generated = self.child(stage, &Job::Generate(asked.clone()), &inputs, &folder).await?;
        answer::generated(&asked, &child, &formats).map_err(|why| EngineError::untrusted(stage, why))?;
        self.adopt_files(&folder, &formats, &child.editions)?;
        match damaged.iter().find(|file| is_damaged(file)) {
            None => Ok(damaged.len()),
            Some(file) => Err(EngineError::Damaged {
                what: file.file_name.clone(),
                message: "what is made now has other bytes, because another version of punctual, other fonts or other \
                          zones made it; restore the file from a backup"
                    .to_owned(),
            }),
        }
    }

    fn fonts(&self, stage: Stage) -> Result<Vec<FontFile>, EngineError> {
        let findings = Vec::new();
        self.parts.fonts.files().map_err(|message| EngineError::Stage { stage, message, findings })
    }

    fn generate_job(
        &self,
        resolved: &Resolved<'_>,
        facts: &Facts,
        tables: &Tables,
        path: &dyn Fn(&ContentHash) -> PathBuf,
        fonts: Vec<FontFile>,
    ) -> Generate {
        let (report, query) = (resolved.report, &resolved.template.query);
        let place = |kept: &BTreeMap<String, KeptTable>| -> BTreeMap<String, TableInput> {
            kept.iter().map(|(name, table)| (name.clone(), table.placed(path))).collect()
        };
        // A finding is about the whole: its words may name other clients' keys and values. Documents of one
        // client count what was left out of their own rows; findings are for whoever runs the report.
        let shown = |finding: &&Finding| report.burst.is_none() && finding.severity == Otherwise::Warn;
        let warnings = tables.findings.iter().filter(shown);
        Generate {
            facts: facts.clone(),
            layout: resolved.template.layout.clone(),
            burst: report.burst.clone(),
            formats: report.formats.clone(),
            declared: query
                .datasets
                .iter()
                .map(|(name, dataset)| (name.to_string(), dataset.columns.clone()))
                .collect(),
            tables: place(&tables.tables),
            previous: place(&tables.previous),
            order_by: query.tables.iter().map(|(name, table)| (name.to_string(), table.order_by.clone())).collect(),
            subject: report.deliver.as_ref().and_then(|d| d.subject.clone()),
            summary: report.deliver.as_ref().and_then(|d| d.summary.clone()),
            notes: warnings.map(|f| f.message.clone()).collect(),
            fonts,
            memory: self.parts.runner.limits().memory_mib * MIB / 2,
        }
    }

    /// The output of a stage that is done with this very input.
    async fn kept<T: DeserializeOwned>(
        &self,
        place: Workplace<'_>,
        stage: Stage,
        name: &ContentHash,
    ) -> Result<Option<T>, EngineError> {
        if place.again {
            return Ok(None);
        }
        let stages = self.parts.store.stages(&place.run.id, place.run.revision.number).await?;
        let done = stages.into_iter().find(|s| s.stage == stage && s.state == StageState::Done && s.input == *name);
        let Some(output) = done.and_then(|record| record.output) else { return Ok(None) };
        // An output of another shape was made by another build: it is made again.
        let kept = serde_json::from_str(&output).ok();
        if kept.is_some() {
            self.tell(Event::StageKept(stage));
        }
        Ok(kept)
    }

    async fn start(&self, place: Workplace<'_>, stage: Stage, name: &ContentHash) -> Result<(), EngineError> {
        self.tell(Event::StageStarted(stage));
        let revision = place.run.revision.number;
        Ok(self.parts.store.start_stage(&place.run.id, revision, stage, name, self.now()).await?)
    }

    async fn finish<T: Serialize + Sync>(
        &self,
        place: Workplace<'_>,
        stage: Stage,
        output: &T,
        findings: &[Finding],
        artifacts: &[ArtifactRecord],
    ) -> Result<(), EngineError> {
        let zones = Some(Database::in_use().in_words());
        let output = punctual_model::identity::canonical_json(&Recorded { zones, made: output });
        let done = StageDone { stage, output: &output, findings, artifacts: Some(artifacts) };
        self.parts.store.finish_stage(&place.run.id, place.run.revision.number, done, self.now()).await?;
        self.tell(Event::StageDone(stage));
        Ok(())
    }

    /// What generate made earlier, for a revision whose artifacts stay as they are.
    pub(crate) async fn generated_before(&self, run: &Run) -> Result<Editions, EngineError> {
        self.output(run, Stage::Generate).await
    }

    /// What a stage of a revision made, whatever it was made from.
    async fn output<T: DeserializeOwned>(&self, run: &Run, stage: Stage) -> Result<T, EngineError> {
        let stages = self.parts.store.stages(&run.id, run.revision.number).await?;
        let output = stages.into_iter().find(|s| s.stage == stage).and_then(|record| record.output);
        let output = output.ok_or(EngineError::Unreadable { stage, message: "there is none".to_owned() })?;
        serde_json::from_str(&output).map_err(|e| EngineError::Unreadable { stage, message: e.to_string() })
    }
}

/// A stage's output with the tz database that its times were computed by.
#[derive(Serialize, Deserialize)]
struct Recorded<T> {
    #[serde(default)]
    zones: Option<String>,
    #[serde(flatten)]
    made: T,
}

/// The tz databases that a revision's stages were made by, in words and each once; none where a stage of an earlier
/// version did not keep it.
pub fn zones_of(stages: &[StageRecord]) -> Vec<String> {
    let mut found = Vec::new();
    for output in stages.iter().filter_map(|stage| stage.output.as_deref()) {
        let recorded = serde_json::from_str::<Recorded<serde_json::Value>>(output);
        found.extend(recorded.ok().and_then(|recorded| recorded.zones).filter(|zones| !found.contains(zones)));
    }
    found
}

/// For naming a job: a file is its content, wherever it lies.
fn by_content(content: &ContentHash) -> PathBuf {
    PathBuf::from(content.as_str())
}

impl KeptTable {
    /// A table with what is known of it.
    pub(crate) fn new(content: ContentHash, rows: u64, left_out: u64, left_out_by_key: BTreeMap<String, u64>) -> Self {
        Self { content, rows, left_out, left_out_by_key }
    }

    fn placed(&self, path: &dyn Fn(&ContentHash) -> PathBuf) -> TableInput {
        TableInput {
            path: path(&self.content),
            rows: self.rows,
            left_out: self.left_out,
            left_out_by_key: self.left_out_by_key.clone(),
        }
    }
}

impl Tables {
    fn files(&self) -> impl Iterator<Item = (&str, &ContentHash)> {
        self.tables.iter().chain(&self.previous).map(|(name, table)| (name.as_str(), &table.content))
    }
}

/// What the failed checks say, together; `None` when none failed.
fn failed_checks(findings: &[Finding]) -> Option<String> {
    let failed: Vec<&str> =
        findings.iter().filter(|f| f.severity == Otherwise::Fail).map(|f| f.message.as_str()).collect();
    if failed.is_empty() {
        return None;
    }
    Some(failed.join("; "))
}
