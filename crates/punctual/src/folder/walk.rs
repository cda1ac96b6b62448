//! The walk through a project's folder. Links are followed while they stay within the project, as Kubernetes
//! mounts its files (`report.yaml -> ..data/report.yaml`); one that leads out, or nowhere, is refused in words.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::Context;
use punctual_model::{
    diagnostic::{Diagnostic, SourceFile, Subject},
    yaml,
};

use super::SETTINGS;

/// The largest file of members, in bytes.
const MAX_MEMBERS_BYTES: u64 = 32 * 1024 * 1024;
/// So many entries of a linked folder are looked at for definitions.
const MAX_LOOKED_AT: usize = 2_000;

/// What was read on the way, and what could not be.
pub(super) struct Walk {
    /// The folder as it was named.
    named: PathBuf,
    /// The same without links.
    root: PathBuf,
    /// Files and folders that were visited, without links: a link to one of them brings nothing new.
    seen: BTreeSet<PathBuf>,
    /// The files of definitions.
    pub(super) files: Vec<SourceFile>,
    /// What could not be read.
    pub(super) faults: Vec<Diagnostic>,
    /// The files of the faults, as far as they have a text.
    pub(super) unread: Vec<SourceFile>,
}

impl Walk {
    /// A walk that has not begun.
    ///
    /// # Errors
    /// When the folder cannot be opened.
    pub(super) fn of(root: &Path) -> anyhow::Result<Self> {
        let real = root.canonicalize().with_context(|| format!("{} cannot be opened", root.display()))?;
        Ok(Self {
            named: root.to_owned(),
            root: real,
            seen: BTreeSet::new(),
            files: Vec::new(),
            faults: Vec::new(),
            unread: Vec::new(),
        })
    }

    /// The settings' text; empty, and a fault of the settings, when it cannot be read.
    pub(super) fn settings(&mut self) -> SourceFile {
        let path = self.named.join(SETTINGS);
        match self.real(&path).and_then(|real| self.read(&path, &real, yaml::MAX_BYTES as u64)) {
            Ok(file) => file,
            Err(fault) => {
                let about = Subject { kind: "settings", name: String::new() };
                let file = fault.file(self.shown(&path));
                self.faults.push(fault.told(&file).about(Some(about)));
                let settings = SourceFile { path: file.path.clone(), text: String::new() };
                self.unread.push(file);
                settings
            }
        }
    }

    /// Every `.yaml` and `.yml` below the folder, but not in folders whose name starts with a dot, and not the
    /// settings of this project or the files of others inside it.
    pub(super) fn definitions(&mut self) {
        self.seen.insert(self.root.clone());
        let folder = self.named.clone();
        self.folder(&folder);
    }

    /// A file that a list names for its members.
    ///
    /// # Errors
    /// Why it is not read, in words.
    pub(super) fn member_file(&self, written: &str) -> Result<SourceFile, String> {
        let relative = Path::new(written);
        if relative.is_absolute() || written.is_empty() {
            return Err(format!("`{written}` is not a path within the project's folder"));
        }
        let path = self.named.join(relative);
        let read = self.real(&path).and_then(|real| self.read(&path, &real, MAX_MEMBERS_BYTES));
        read.map_err(|fault| {
            format!("{written}: {}{}", fault.message, fault.help.map(|h| format!("; {h}")).unwrap_or_default())
        })
    }

    fn folder(&mut self, folder: &Path) {
        let entries = match fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
            Ok(entries) => entries,
            Err(error) => return self.fault(folder, Fault::of(format!("the folder cannot be read ({error})"))),
        };
        let mut entries: Vec<(bool, PathBuf)> = entries
            .into_iter()
            .map(|entry| (entry.file_type().is_ok_and(|kind| kind.is_symlink()), entry.path()))
            .collect();
        // A file comes before a link to it.
        entries.sort();
        for (link, path) in entries {
            let name = path.file_name().unwrap_or_default();
            let hidden = name.as_encoded_bytes().starts_with(b".");
            if !hidden && name != "node_modules" && (path.parent() != Some(&self.named) || name != SETTINGS) {
                self.entry(&path, link);
            }
        }
    }

    fn entry(&mut self, path: &Path, link: bool) {
        let yaml = is_yaml(path.file_name().unwrap_or_default());
        let real = match self.real(path) {
            Ok(real) => real,
            // Any link may lead out of the project, unless it brings definitions.
            Err(_) if link && !yaml && !holds_definitions(path) => return,
            Err(fault) => return self.fault(path, fault),
        };
        let kind = match fs::metadata(&real) {
            Ok(kind) => kind,
            Err(error) => return self.fault(path, Fault::of(format!("it cannot be read ({error})"))),
        };
        if kind.is_dir() {
            if yaml {
                let help = "definitions are files; rename the folder";
                self.fault(path, Fault::of("this is a folder named like a file of definitions").with_help(help));
            }
            if !path.join(SETTINGS).exists() && self.seen.insert(real) {
                self.folder(path);
            }
        } else if yaml && path.file_name() != Some(OsStr::new(SETTINGS)) && self.seen.insert(real.clone()) {
            match self.read(path, &real, yaml::MAX_BYTES as u64) {
                Ok(file) => self.files.push(file),
                Err(fault) => self.fault(path, fault),
            }
        }
    }

    /// Where a path leads, within the project.
    fn real(&self, path: &Path) -> Result<PathBuf, Fault> {
        let real = path.canonicalize().map_err(|error| match fs::read_link(path) {
            Ok(target) => {
                Fault::of(format!("this is a link to {}, which cannot be opened ({error})", target.display()))
                    .with_help("let the link lead to a file within the project, or remove it")
            }
            Err(_) => Fault::of(format!("it cannot be opened ({error})")),
        })?;
        if real.starts_with(&self.root) {
            return Ok(real);
        }
        Err(Fault::of(format!("this leads to {}, outside of the project's folder", real.display()))
            .with_help("copy it into the project's folder"))
    }

    fn read(&self, path: &Path, real: &Path, most: u64) -> Result<SourceFile, Fault> {
        let unreadable = |error: std::io::Error| Fault::of(format!("it cannot be read ({error})"));
        let metadata = fs::metadata(real).map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(Fault::of("this is no file that could be read").with_help("put a file in its place"));
        }
        if metadata.len() > most {
            let message = format!("the file has {} bytes; {most} are the most", metadata.len());
            return Err(Fault::of(message).with_help("split it"));
        }
        let mut bytes = Vec::new();
        fs::File::open(real).and_then(|file| file.take(most).read_to_end(&mut bytes)).map_err(unreadable)?;
        match String::from_utf8(bytes) {
            Ok(text) => Ok(SourceFile { path: self.shown(path), text }),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let fault = Fault::of("the file is not UTF-8").with_help("save it as UTF-8");
                Err(Fault { at, text, ..fault })
            }
        }
    }

    fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.named).unwrap_or(path).to_string_lossy().replace('\\', "/")
    }

    fn fault(&mut self, path: &Path, fault: Fault) {
        let file = fault.file(self.shown(path));
        self.faults.push(fault.told(&file));
        self.unread.push(file);
    }
}

/// Why a file is not read.
struct Fault {
    message: String,
    help: Option<&'static str>,
    /// The byte of the text that it is about.
    at: usize,
    text: String,
}

impl Fault {
    fn of(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, at: 0, text: String::new() }
    }

    fn with_help(self, help: &'static str) -> Self {
        Self { help: Some(help), ..self }
    }

    fn file(&self, path: String) -> SourceFile {
        SourceFile { path, text: self.text.clone() }
    }

    fn told(&self, file: &SourceFile) -> Diagnostic {
        let error = Diagnostic::error(file, self.at..self.at, self.message.as_str());
        match self.help {
            Some(help) => error.with_help(help),
            None => error,
        }
    }
}

fn is_yaml(name: &OsStr) -> bool {
    let extension = Path::new(name).extension();
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("yaml") || extension.eq_ignore_ascii_case("yml"))
}

/// Whether a linked folder holds files of definitions.
fn holds_definitions(folder: &Path) -> bool {
    let mut folders = vec![folder.to_owned()];
    let mut left = MAX_LOOKED_AT;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            left = left.saturating_sub(1);
            let kind = entry.file_type();
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if kind.as_ref().is_ok_and(|kind| kind.is_file()) && is_yaml(&entry.file_name()) {
                return true;
            }
            if kind.is_ok_and(|kind| kind.is_dir()) && !hidden && left > 0 {
                folders.push(entry.path());
            }
        }
        if left == 0 {
            break;
        }
    }
    false
}
