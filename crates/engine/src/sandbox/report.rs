//! Which layers of the sandbox hold on this machine, found out by a child that confines itself.

use std::path::Path;

use super::{Confinement, Layer, LayerState, Sandbox, SandboxError};
use crate::{Engine, job::Job, runner::ask};

impl Sandbox {
    /// Starts a child that only confines itself and says which layers hold.
    ///
    /// # Errors
    /// When no child can be started.
    pub async fn examine(&self, folder: &Path) -> Result<Confinement, SandboxError> {
        self.run(&Job::Examine, &[], folder).await
    }
}

/// The layers as `doctor` shows them: what holds, or what does not and why.
pub async fn sandbox_report(engine: &Engine) -> Vec<(String, Result<String, String>)> {
    let examined = match tempfile::tempdir_in(&engine.parts.data) {
        Ok(folder) => {
            let asked: Result<Confinement, _> = ask(&*engine.parts.runner, &Job::Examine, &[], folder.path()).await;
            asked.map_err(|e| e.to_string())
        }
        Err(error) => Err(error.to_string()),
    };
    match examined {
        Err(error) => vec![("child process".to_owned(), Err(error))],
        Ok(layers) => {
            layers.into_iter().map(|(layer, state)| (name(layer).to_owned(), in_words(layer, state))).collect()
        }
    }
}

fn name(layer: Layer) -> &'static str {
    match layer {
        Layer::Limits => "memory, CPU and output limits",
        Layer::Landlock => "files and network (Landlock)",
        Layer::Seccomp => "system calls (seccomp)",
    }
}

/// A kernel without Landlock or seccomp is weaker, not unfit: only the limits must hold.
fn in_words(layer: Layer, state: LayerState) -> Result<String, String> {
    match state {
        LayerState::Active => Ok("active".to_owned()),
        LayerState::Partial => Ok("active as far as this kernel can".to_owned()),
        LayerState::Missing(why) if layer == Layer::Limits => Err(format!("not active: {why}")),
        LayerState::Missing(why) => Ok(format!("not active ({why}); the other layers hold")),
    }
}
