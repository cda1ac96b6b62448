//! Who does the engine's jobs: a sandboxed child of the same binary, or a player in a test. The engine
//! hands a job over and reads the answer; it never knows which.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use punctual_model::definition::Limits;
use serde::de::DeserializeOwned;

use crate::{
    job::Job,
    sandbox::{Sandbox, SandboxError, answered},
};

/// Does jobs apart from whoever asks for them.
#[async_trait]
pub trait Runner: Send + Sync {
    /// What one job may use.
    fn limits(&self) -> &Limits;

    /// Does a job that may read `inputs` and write into `folder`, which exists. Returns the answer as JSON
    /// text: `{"Ok": ANSWER}`, or `{"Err": WORDS}` when what the author wrote is at fault.
    ///
    /// # Errors
    /// Why there is no answer at all.
    async fn run(&self, job: &Job, inputs: &[PathBuf], folder: &Path) -> Result<Vec<u8>, SandboxError>;
}

#[async_trait]
impl Runner for Sandbox {
    fn limits(&self) -> &Limits {
        Sandbox::limits(self)
    }

    async fn run(&self, job: &Job, inputs: &[PathBuf], folder: &Path) -> Result<Vec<u8>, SandboxError> {
        self.answer(job, inputs, folder).await
    }
}

/// Has a job done and reads its answer.
pub(crate) async fn ask<A: DeserializeOwned>(
    runner: &dyn Runner,
    job: &Job,
    inputs: &[PathBuf],
    folder: &Path,
) -> Result<A, SandboxError> {
    answered(&runner.run(job, inputs, folder).await?)
}
