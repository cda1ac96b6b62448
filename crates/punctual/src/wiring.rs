//! An engine for a project: the state database and artifacts in its data folder, the registered
//! adapters, the sandbox, the machine's clock.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use punctual_engine::{
    Engine, FontFolders, Installation, MasterKey, Parts, Progress, RetryPolicy, SystemClock, sandbox::Sandbox,
};
use punctual_model::{definition::Settings, length::Length, project::Project};
use punctual_store::{Store, artifacts::Artifacts, sql::SqlStore};

use crate::exit;

/// What this build is: outputs of another build are made again. The program's size and date tell
/// builds of one version apart.
fn build(program: &Path) -> String {
    let of_file = std::fs::metadata(program).ok().and_then(|file| {
        let changed = file.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(format!("{:x}.{:x}", file.len(), changed.as_micros()))
    });
    format!("{}+{}", env!("CARGO_PKG_VERSION"), of_file.unwrap_or_else(|| "unknown".to_owned()))
}

/// What stands in the way of a data folder, and the way out.
fn data_folder(data: &Path, error: &std::io::Error) -> String {
    let way_out = match error.kind() {
        std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => {
            "; let the user that runs punctual write there, or set `data:` in punctual.yaml to a folder that it may write"
        }
        std::io::ErrorKind::StorageFull => "; free some space, then run again: nothing is lost",
        _ => "",
    };
    format!("the data folder {} cannot be made: {error}{way_out}", data.display())
}

/// Where fonts are looked for: the project's folder, then the usual folders of systems (XDG Base Directory
/// Specification, and Apple's).
fn fonts(root: &Path, settings: &Settings) -> FontFolders {
    let home = std::env::home_dir();
    let of_home = |path: &str| home.as_ref().map(|home| home.join(path));
    let own = std::env::var_os("XDG_DATA_HOME").map(|data| PathBuf::from(data).join("fonts"));
    let mut system: Vec<PathBuf> =
        ["/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", "/Library/Fonts"]
            .map(PathBuf::from)
            .to_vec();
    system.extend(
        [own.or_else(|| of_home(".local/share/fonts")), of_home(".fonts"), of_home("Library/Fonts")]
            .into_iter()
            .flatten(),
    );
    FontFolders {
        project: root.to_owned(),
        own: settings.fonts.clone(),
        system: if settings.system_fonts { system } else { Vec::new() },
    }
}

/// Opens a project's data folder and puts an engine together.
///
/// # Errors
/// When the data folder, the key or the state database cannot be used.
pub async fn engine(
    root: &Path,
    project: &Project,
    retry_for: Option<Length>,
    progress: Arc<dyn Progress>,
) -> anyhow::Result<Engine> {
    let root = root.canonicalize().with_context(|| format!("{} cannot be opened", root.display()))?;
    let data = root.join(&project.settings.data);
    std::fs::create_dir_all(&data).map_err(|e| exit::coded(exit::INTERNAL, data_folder(&data, &e)))?;
    let state = data.join("state.sqlite");
    let key = MasterKey::open(&data.join("master.key")).map_err(|e| exit::coded(exit::INTERNAL, e))?;
    let store = Arc::new(SqlStore::sqlite(&state).await?);
    let kept = data.join("artifacts");
    let artifacts = Artifacts::open(&kept)?;
    let installation = Installation::open(store.clone(), &data, &kept, false).await?;
    let store: Arc<dyn Store> = store;
    let mut retry = RetryPolicy::from(&project.settings.retry);
    if let Some(length) = retry_for {
        retry.for_at_most = length.duration();
    }
    let program = std::env::current_exe().context("the program cannot find itself")?;
    let build = build(&program);
    Ok(Engine::new(Parts {
        store,
        artifacts: Arc::new(artifacts),
        sources: punctual_sources::KINDS,
        formats: punctual_formats::KINDS,
        channels: punctual_channels::KINDS,
        runner: Arc::new(Sandbox::new(program, project.settings.limits.clone())),
        clock: Arc::new(SystemClock),
        progress,
        key,
        installation,
        retry,
        fonts: fonts(&root, &project.settings),
        project: root,
        data,
        build,
    }))
}
