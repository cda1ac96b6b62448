//! A project's folder: which files are definitions, and their text. What they mean is the model's business.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use punctual_model::{
    diagnostic::{Diagnostic, Severity, SourceFile},
    project::{self, Project},
};

use crate::{exit, registry, show};

/// The settings file of a project.
pub const SETTINGS: &str = "punctual.yaml";

/// A project with what is wrong with it.
pub struct Loaded {
    /// The folder.
    pub root: PathBuf,
    /// The definitions.
    pub project: Project,
    /// What is wrong, in the order of files and lines.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads and checks a project.
///
/// # Errors
/// When the folder holds no project or a file cannot be read.
pub fn load(root: &Path) -> anyhow::Result<Loaded> {
    let settings = root.join(SETTINGS);
    if !settings.is_file() {
        let message = format!(
            "{} holds no {SETTINGS}; name the project's folder with --project, or make one with `punctual init`",
            root.display()
        );
        return Err(exit::coded(exit::DEFINITIONS, message));
    }
    let settings = read(root, &settings)?;
    let mut files = Vec::new();
    collect(root, root, &mut files)?;
    let (project, mut diagnostics) = project::read(Some(settings), files);
    diagnostics.extend(project::check(&project, &registry::catalog()));
    diagnostics.extend(punctual_engine::lint(&project, &registry::catalog()));
    diagnostics.sort_by(|a, b| (&a.file, a.span.start, &a.message).cmp(&(&b.file, b.span.start, &b.message)));
    diagnostics.dedup();
    Ok(Loaded { root: root.to_owned(), project, diagnostics })
}

/// Reads a project that must be without errors.
///
/// # Errors
/// When it has errors; they are shown.
pub fn load_valid(root: &Path, json: bool) -> anyhow::Result<Loaded> {
    let loaded = load(root)?;
    let errors = loaded.diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
    if errors > 0 {
        show::diagnostics(&loaded, json);
        let what = if errors == 1 { "an error".to_owned() } else { format!("{errors} errors") };
        return Err(exit::coded(exit::DEFINITIONS, format!("the definitions have {what}; nothing was run")));
    }
    Ok(loaded)
}

fn read(root: &Path, path: &Path) -> anyhow::Result<SourceFile> {
    let shown = path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
    let bytes = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
        exit::coded(exit::DEFINITIONS, format!("{shown}, line {line}: the file is not UTF-8; save it as UTF-8"))
    })?;
    Ok(SourceFile { path: shown, text })
}

/// Files of definitions: every `.yaml` and `.yml` below the folder, but not in folders whose name
/// starts with a dot, and not the settings of this project or of others inside it.
fn collect(root: &Path, folder: &Path, files: &mut Vec<SourceFile>) -> anyhow::Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let kind = entry.file_type()?;
        if kind.is_dir() && !name.starts_with('.') && name != "node_modules" && !path.join(SETTINGS).exists() {
            collect(root, &path, files)?;
        } else if kind.is_file() && (name.ends_with(".yaml") || name.ends_with(".yml")) && name != SETTINGS {
            files.push(read(root, &path)?);
        }
    }
    Ok(())
}
