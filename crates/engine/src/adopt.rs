//! From a child's folder into the artifacts: inputs are whole before a child sees them, outputs are read under
//! names that the engine made, and nothing of the child's is kept but bytes and what its answer was asked for.

use std::{collections::BTreeMap, path::PathBuf};

use punctual_document::format::FormatKind;
use punctual_model::{identity::ContentHash, state::Stage};
use punctual_store::{
    artifacts::Stored,
    records::{ArtifactRecord, Owner},
};
use serde::de::DeserializeOwned;

use crate::{
    environment::Engine,
    extract::{Extracted, previous_name},
    job::{
        EditionOutput, Job, TableMade, Transformed,
        places::{self, Pass},
    },
    outcome::EngineError,
    runner::ask,
    sandbox::Beneath,
    stages::{KeptTable, Workplace},
};

/// So many files are open at a time.
const AT_A_TIME: usize = 128;

/// A stage's own folder, for its child alone.
pub(crate) struct StageFolder {
    stage: Stage,
    beneath: Beneath,
}

impl Workplace<'_> {
    /// The folder of a stage's child.
    pub(crate) fn of(&self, stage: Stage) -> Result<StageFolder, EngineError> {
        let path = self.folder.join(stage.as_str());
        let beneath = Beneath::make(path.clone()).map_err(|error| EngineError::folder(&path, &error))?;
        Ok(StageFolder { stage, beneath })
    }
}

impl Engine {
    /// The paths of contents whose bytes are what their names say.
    pub(crate) fn whole<'a>(
        &self,
        made_by: Stage,
        contents: impl Iterator<Item = (&'a str, &'a ContentHash)>,
    ) -> Result<Vec<PathBuf>, EngineError> {
        let whole = |(name, content): (&str, &ContentHash)| {
            let path = self.parts.artifacts.path_of_whole(content);
            path.map_err(|error| EngineError::Damaged {
                what: name.to_owned(),
                message: format!("{error} (`--from {made_by}`)"),
            })
        };
        contents.map(whole).collect()
    }

    /// Has a child do a stage's job.
    pub(crate) async fn child<A: DeserializeOwned>(
        &self,
        stage: Stage,
        job: &Job,
        inputs: &[PathBuf],
        folder: &StageFolder,
    ) -> Result<A, EngineError> {
        let done = ask(&*self.parts.runner, job, inputs, folder.beneath.path()).await;
        done.map_err(|error| EngineError::of_job(stage, &error))
    }

    /// The registered formats of these names, in this order.
    pub(crate) fn formats(&self, stage: Stage, names: &[String]) -> Result<Vec<&'static FormatKind>, EngineError> {
        let known = |name: &String| {
            let format = self.parts.formats.iter().find(|format| format.spec.name == name);
            let message = format!("unknown format `{name}`");
            format.ok_or(EngineError::Stage { stage, message, findings: Vec::new() })
        };
        names.iter().map(known).collect()
    }

    /// Takes files in, many at once: the disk is waited for less often. Their bytes are copied, because whoever
    /// made them may hold them open still.
    fn adopt(&self, folder: &StageFolder, names: &[PathBuf]) -> Result<Vec<Stored>, EngineError> {
        let mut stored = Vec::with_capacity(names.len());
        for some in names.chunks(AT_A_TIME) {
            let open = |name: &PathBuf| folder.beneath.file(name);
            let opened = some.iter().map(open).collect::<Result<Vec<_>, String>>();
            let mut opened = opened.map_err(|why| EngineError::untrusted(folder.stage, why))?;
            let taken = self.parts.artifacts.copy_in(&mut opened);
            stored.extend(taken.map_err(|error| EngineError::Stage {
                stage: folder.stage,
                message: format!("its files cannot be kept: {error}"),
                findings: Vec::new(),
            })?);
        }
        Ok(stored)
    }

    pub(crate) fn adopt_tables(
        &self,
        folder: &StageFolder,
        pass: Pass,
        tables: &BTreeMap<String, TableMade>,
        extracted: &Extracted,
    ) -> Result<BTreeMap<String, KeptTable>, EngineError> {
        let written = tables.iter().filter(|(_, made)| !made.as_given).map(|(name, _)| places::table(pass, name));
        let mut stored = self.adopt(folder, &written.collect::<Vec<_>>())?.into_iter();
        let keep = |(name, made): (&String, &TableMade)| {
            let content = match made.as_given {
                true => given(pass, name, extracted),
                false => stored.next().map(|stored| stored.content),
            };
            let content =
                content.ok_or_else(|| EngineError::untrusted(folder.stage, format!("`{name}` is missing")))?;
            let (rows, left_out, by_key) = (made.rows, made.left_out, made.left_out_by_key.clone());
            Ok((name.clone(), KeptTable::new(content, rows, left_out, by_key)))
        };
        tables.iter().map(keep).collect()
    }

    pub(crate) fn adopt_rejected(
        &self,
        folder: &StageFolder,
        child: &Transformed,
    ) -> Result<Vec<ArtifactRecord>, EngineError> {
        let files: Vec<PathBuf> = child.rejected.iter().map(|name| places::rejected(name)).collect();
        let stored = self.adopt(folder, &files)?;
        let records = child.rejected.iter().zip(stored).map(|(name, Stored { content, bytes })| ArtifactRecord {
            owner: Owner::Dataset(name.clone()),
            format: "rejected".to_owned(),
            file_name: format!("{name}-rejected.parquet"),
            media_type: "application/vnd.apache.parquet".to_owned(),
            content,
            bytes,
        });
        Ok(records.collect())
    }

    pub(crate) fn adopt_files(
        &self,
        folder: &StageFolder,
        formats: &[&FormatKind],
        editions: &[EditionOutput],
    ) -> Result<Vec<ArtifactRecord>, EngineError> {
        let of_edition = |index: usize| formats.iter().map(move |format| places::file(index, format.extension));
        let names: Vec<PathBuf> = (0..editions.len()).flat_map(of_edition).collect();
        let stored = self.adopt(folder, &names)?;
        let all = editions.iter().flat_map(|edition| edition.files.iter().map(move |file| (edition, file)));
        let records = all.zip(stored).map(|((edition, file), Stored { content, bytes })| ArtifactRecord {
            owner: Owner::Edition(edition.key.clone()),
            format: file.format.clone(),
            file_name: file.file_name.clone(),
            media_type: file.media_type.clone(),
            content,
            bytes,
        });
        Ok(records.collect())
    }
}

/// The snapshot that a dataset was given as.
fn given(pass: Pass, name: &str, extracted: &Extracted) -> Option<ContentHash> {
    let record = |name: &str| extracted.records.iter().find(|r| r.dataset == name);
    let before = (pass == Pass::Previous).then(|| record(&previous_name(name))).flatten();
    before.or_else(|| record(name)).map(|record| record.snapshot.clone())
}
