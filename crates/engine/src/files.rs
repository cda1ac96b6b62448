//! The files that sources name, before anything is extracted: which columns they have, as far as their first line
//! tells, and that none of them lies in the data folder. Rows are not read here.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
};

use punctual_data::source::{SourceConfig, SourceKind};
use punctual_model::{definition::Source, diagnostic::Diagnostic, project::Project, yaml::Step};

/// The option that names a source's file.
const PATH: &str = "path";
/// What a name in a first line may have; who reads the rows allows more.
const LONGEST_NAME: usize = 64 * 1024;

/// The columns of the datasets that are read whole from files, by template and dataset. What cannot be told is
/// left out: whoever extracts it says why.
#[derive(Debug, Clone, Default)]
pub struct FileColumns(BTreeMap<(String, String), Vec<String>>);

impl FileColumns {
    /// Reads the first lines of the files of a project in `root`.
    pub fn read(project: &Project, root: &Path, kinds: &[SourceKind]) -> Self {
        let mut columns = BTreeMap::new();
        for (template, located) in &project.templates {
            for (name, dataset) in &located.value.query.datasets {
                let source = project.sources.get(dataset.source.as_str()).map(|source| &source.value);
                let source = source.and_then(|source| Some((source, whole(source, kinds)?)));
                let Some((source, kind)) = source else { continue };
                let Ok(opened) = (kind.open)(SourceConfig {
                    name: source.name.to_string(),
                    timezone: source.timezone.clone(),
                    time_encoding: source.time_encoding.clone(),
                    timeout: source.timeout.duration(),
                    cell_bytes: LONGEST_NAME,
                    options: source.options.clone(),
                    project: root.to_owned(),
                }) else {
                    continue;
                };
                let found = opened.columns_at_a_glance(&dataset.columns);
                columns.extend(found.map(|found| ((template.clone(), name.to_string()), found)));
            }
        }
        Self(columns)
    }

    pub(crate) fn of(&self, template: &str, dataset: &str) -> Option<&Vec<String>> {
        self.0.get(&(template.to_owned(), dataset.to_owned()))
    }
}

/// The type of a source that is read whole.
fn whole<'k>(source: &Source, kinds: &'k [SourceKind]) -> Option<&'k SourceKind> {
    kinds.iter().find(|kind| kind.spec.name == source.source_type && kind.spec.sql.is_none())
}

/// The sources whose file lies in the data folder, each a fault where it stands.
pub fn data_folder_faults(project: &Project, root: &Path) -> Vec<Diagnostic> {
    let data = root.join(&project.settings.data);
    let sources = project.sources.values();
    let faults = sources.filter_map(|source| {
        let message = lies_in_data_folder(&source.value, root, &data)?;
        let at = [Step::Key(PATH.to_owned())];
        let help = "put the file somewhere else in the project, and name it there".to_owned();
        Some(project.error_at(&source.place, &at, message).with_help(help))
    });
    faults.collect()
}

/// The words for a source whose file lies in the data folder.
pub(crate) fn lies_in_data_folder(source: &Source, project: &Path, data: &Path) -> Option<String> {
    let written = source.options.get(PATH)?.as_str()?;
    let (project, data) = (real(project), real(data));
    let inside = !project.starts_with(&data) && real(&project.join(written)).starts_with(&data);
    inside.then(|| format!("`{written}` lies in the data folder, where Punctual keeps its own files"))
}

/// Where a path leads: without links as far as it exists, and without steps back behind that.
fn real(path: &Path) -> PathBuf {
    let mut rest: Vec<OsString> = Vec::new();
    let mut known = path.to_owned();
    loop {
        if let Ok(mut real) = known.canonicalize() {
            for part in rest.iter().rev() {
                if part == ".." {
                    real.pop();
                } else {
                    real.push(part);
                }
            }
            return real;
        }
        let last = known.components().next_back().map(|part| part.as_os_str().to_owned());
        match last {
            Some(last) if known.pop() => rest.push(last),
            _ => return path.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str) -> Source {
        let source = serde_json::json!({"kind": "source", "name": "files", "type": "csv", "path": path});
        let mut source = source.as_object().expect("keys").clone();
        source.remove("kind");
        serde_json::from_value(source.into()).expect("a source")
    }

    #[test]
    fn a_file_in_the_data_folder_is_found_however_it_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        std::fs::create_dir_all(root.join(".punctual/artifacts")).expect("folders");
        std::fs::create_dir(root.join("data")).expect("a folder");
        std::os::unix::fs::symlink(root.join(".punctual"), root.join("link")).expect("a link");
        let inside = |path: &str, data: &str| lies_in_data_folder(&source(path), root, &root.join(data)).is_some();
        let absolute = root.join(".punctual/state.sqlite").display().to_string();
        for path in [
            ".punctual/state.sqlite",
            "./.punctual/x.csv",
            "data/../.punctual/artifacts/a",
            "no-folder/../.punctual/x.csv",
            "link/x.csv",
            &absolute,
        ] {
            assert!(inside(path, ".punctual"), "{path}");
        }
        for path in ["orders.csv", "data/orders.csv", ".punctual.csv", ".punctual/../orders.csv", "../elsewhere.csv"] {
            assert!(!inside(path, ".punctual"), "{path}");
        }
        // A data folder that holds the whole project says nothing of its files.
        assert!(!inside("orders.csv", "."));
    }
}
