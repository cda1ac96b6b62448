//! A project's folder: which files are definitions, and their text. What they mean is the model's business.
//! What cannot be read is told as a fault of that file; nothing that looks like a definition is passed over.

mod walk;

use std::path::{Path, PathBuf};

use punctual_engine::{FileColumns, data_folder_faults};
use punctual_model::{
    diagnostic::{Diagnostic, Severity, SourceFile},
    project::{self, Project},
};

use self::walk::Walk;
use crate::{exit, registry, show, terminal};

/// The settings file of a project.
pub const SETTINGS: &str = "punctual.yaml";

/// A project with what is wrong with it.
pub struct Loaded {
    /// The folder.
    pub root: PathBuf,
    /// The definitions.
    pub project: Project,
    /// Files that are no text.
    pub unread: Vec<SourceFile>,
    /// What is wrong, in the order of files and lines.
    pub diagnostics: Vec<Diagnostic>,
}

impl Loaded {
    /// Leaves only what stops the wanted work among the diagnostics; returns how many errors were left out.
    fn narrow(&mut self, stops: impl Fn(&Project, &Diagnostic) -> bool) -> Vec<Diagnostic> {
        let (stopping, other) =
            std::mem::take(&mut self.diagnostics).into_iter().partition(|d| stops(&self.project, d));
        self.diagnostics = stopping;
        other
    }
}

/// Reads and checks a project.
///
/// # Errors
/// When the folder holds no project.
pub fn load(root: &Path) -> anyhow::Result<Loaded> {
    read(root, true)
}

/// The same; whether `files` of sources are looked at too.
fn read(root: &Path, files: bool) -> anyhow::Result<Loaded> {
    if root.join(SETTINGS).symlink_metadata().is_err() {
        let message = format!(
            "{} holds no {SETTINGS}; name the project's folder with --project, or make one with `punctual init`",
            root.display()
        );
        return Err(exit::coded(exit::DEFINITIONS, message));
    }
    let mut walk = Walk::of(root)?;
    let settings = walk.settings();
    walk.definitions();
    let Walk { files: definitions, mut faults, unread, .. } = walk;
    let (mut project, mut diagnostics) = project::read(Some(settings), definitions);
    diagnostics.append(&mut faults);
    diagnostics.extend(read_members(root, &mut project)?);
    diagnostics.extend(project::check(&project, &registry::catalog()));
    let mut columns = FileColumns::default();
    if files {
        let faults = data_folder_faults(&project, root);
        // Nothing in the data folder is read, not even to check it.
        if faults.is_empty() {
            columns = FileColumns::read(&project, root, punctual_sources::KINDS);
        }
        diagnostics.extend(faults);
    }
    diagnostics.extend(punctual_engine::lint(&project, &registry::catalog(), &columns));
    diagnostics.sort_by(|a, b| (&a.file, a.span.start, &a.message).cmp(&(&b.file, b.span.start, &b.message)));
    diagnostics.dedup();
    Ok(Loaded { root: root.to_owned(), project, unread, diagnostics })
}

/// The files that lists name for their members.
fn read_members(root: &Path, project: &mut Project) -> anyhow::Result<Vec<Diagnostic>> {
    let mut faults = Vec::new();
    for (list, path) in project.member_files() {
        match Walk::of(root)?.member_file(&path) {
            Ok(file) => faults.extend(project.read_members(&list, file)),
            Err(message) => faults.extend(project.member_file_error(&list, message)),
        }
    }
    Ok(faults)
}

/// Reads a project whose settings must be without errors, for what needs no definition.
///
/// # Errors
/// When the settings have errors; they are shown.
pub fn load_settings(root: &Path, json: bool) -> anyhow::Result<Loaded> {
    let mut loaded = read(root, false)?;
    loaded.narrow(|_, diagnostic| Project::stops_all(diagnostic));
    refuse_errors(loaded, json)
}

/// Reads a project for one report: what is wrong with others is told in a line and stops nothing.
///
/// # Errors
/// When the settings, the report or something that it refers to has errors; they are shown.
pub fn load_for(root: &Path, report: &str, json: bool) -> anyhow::Result<Loaded> {
    let mut loaded = load(root)?;
    let others = loaded.narrow(|project, diagnostic| project.stops(report, diagnostic));
    let mut files: Vec<&str> =
        others.iter().filter(|d| d.severity == Severity::Error).map(|d| d.file.as_str()).collect();
    files.dedup();
    if !files.is_empty() && loaded.diagnostics.is_empty() {
        let has = if files.len() == 1 { "has" } else { "have" };
        terminal::tell(&format!("warning: {} {has} errors, which `punctual check` shows", files.join(", ")));
    }
    refuse_errors(loaded, json)
}

fn refuse_errors(loaded: Loaded, json: bool) -> anyhow::Result<Loaded> {
    let errors = loaded.diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
    if errors > 0 {
        let what = if errors == 1 { "an error".to_owned() } else { format!("{errors} errors") };
        let message = format!("the definitions have {what}; nothing was run");
        if !json {
            show::diagnostics(&loaded, json);
        }
        // As JSON they are one answer with the error: whoever reads it parses one document.
        let diagnostics = if json { loaded.diagnostics } else { Vec::new() };
        return Err(exit::Coded { code: exit::DEFINITIONS, message, diagnostics }.into());
    }
    Ok(loaded)
}
