//! The fonts that documents may be set in beside the shipped ones: those of the project's folder,
//! then the system's, each with what tells that it is still the same file. Their names and marks are
//! part of what the generate stage is made from; the child opens only these files.

use std::{
    fs,
    path::{Component, Path, PathBuf},
    time::UNIX_EPOCH,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Where fonts are looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FontFolders {
    /// The project's folder.
    pub project: PathBuf,
    /// The folder of fonts in it, if it has one.
    pub own: Option<String>,
    /// The system's; asked after the project's. Those that do not exist are passed over.
    pub system: Vec<PathBuf>,
}

/// A font file that a document may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FontFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it is: a project's file by its content, a system's by its size and date.
    pub mark: String,
}

/// More files than this are not fonts for reports.
const MOST_FILES: usize = 5_000;
const DEEPEST: usize = 8;

impl FontFolders {
    /// The files in the order in which they are asked for a character.
    ///
    /// # Errors
    /// When the project's folder cannot be read or has no font.
    pub(crate) fn files(&self) -> Result<Vec<FontFile>, String> {
        let mut files = match &self.own {
            Some(folder) => project_fonts(&self.project, folder)?,
            None => Vec::new(),
        };
        let mut system = Vec::new();
        for folder in &self.system {
            // A folder of the system that cannot be read has no fonts for us.
            let _ = walk(folder, 0, &mut system);
        }
        system.sort_by_cached_key(|path| (unlikeness(path), path.clone()));
        system.dedup();
        files.extend(system.into_iter().filter_map(|path| Some(FontFile { mark: size_and_date(&path)?, path })));
        files.truncate(MOST_FILES);
        Ok(files)
    }
}

/// The fonts of a project's folder, in the order of their names.
///
/// # Errors
/// When the folder lies outside of the project, cannot be read or has no font.
pub fn project_fonts(project: &Path, folder: &str) -> Result<Vec<FontFile>, String> {
    let below = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    if !Path::new(folder).components().all(below) {
        return Err(format!("fonts: `{folder}` leads out of the project; put the folder into it"));
    }
    let folder = &project.join(folder);
    let unreadable = |path: &Path, error: std::io::Error| format!("fonts: {} cannot be read: {error}", path.display());
    let mut paths = Vec::new();
    walk(folder, 0, &mut paths).map_err(|error| unreadable(folder, error))?;
    if paths.is_empty() {
        return Err(format!("fonts: {} has no .ttf, .otf or .ttc file; put one into it", folder.display()));
    }
    paths.sort();
    let file = |path: PathBuf| {
        let bytes = fs::read(&path).map_err(|error| unreadable(&path, error))?;
        Ok(FontFile { mark: hex::encode(Sha256::digest(bytes)), path })
    };
    paths.into_iter().map(file).collect()
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        if found.len() >= MOST_FILES {
            break;
        }
        if path.is_dir() {
            if depth < DEEPEST {
                // What is below and cannot be read is passed over; the folder itself was readable.
                let _ = walk(&path, depth + 1, found);
            }
        } else if is_font(&path) {
            found.push(path);
        }
    }
    Ok(())
}

fn is_font(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    matches!(ending.as_deref(), Some("ttf" | "otf" | "ttc" | "otc")) && path.is_file()
}

/// How little a system's font is like running text without serifs, by its file's name: 0 is plain.
/// The Noto families cover the most scripts in one style, so they are asked first.
fn unlikeness(path: &Path) -> u32 {
    let name = path.file_stem().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let slanted = ["italic", "oblique", "slanted"].iter().any(|word| name.contains(word));
    let heavy = ["bold", "black", "heavy", "thin", "light", "medium"].iter().any(|word| name.contains(word));
    let other = ["mono", "condensed", "serif", "math", "quran", "display", "looped"].iter();
    let other = other.filter(|word| name.contains(*word)).count() as u32;
    let family = if name.starts_with("notosans") { 0 } else { 1 };
    32 * u32::from(slanted) + 16 * u32::from(heavy) + 4 * other + family
}

fn size_and_date(path: &Path) -> Option<String> {
    let file = fs::metadata(path).ok()?;
    let changed = file.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(format!("{:x}.{:x}", file.len(), changed.as_micros()))
}

impl FontFile {
    /// The file as a stage is named by it: a project's font is its content, wherever the project lies.
    pub(crate) fn named(&self, folders: &FontFolders) -> Self {
        let path = self.path.strip_prefix(&folders.project).unwrap_or(&self.path);
        Self { path: path.to_owned(), mark: self.mark.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for name in names {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("it has a folder")).expect("made");
            fs::write(path, name).expect("written");
        }
        folder
    }

    fn names(files: &[FontFile]) -> Vec<String> {
        files.iter().map(|f| f.path.file_name().expect("a name").to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn the_project_s_fonts_come_first_and_plain_ones_before_slanted_and_heavy_ones() {
        let project = folder(&["b.ttf", "a.otf", "README.md"]);
        let system = folder(&["x/DejaVuSans-Bold.ttf", "x/DejaVuSans.ttf", "NotoSansThai.ttf", "AItalic.ttf", "c.pfb"]);
        let folders = FontFolders {
            project: project.path().to_owned(),
            own: Some(".".to_owned()),
            system: vec![system.path().to_owned(), PathBuf::from("/no/such/folder")],
        };
        let files = folders.files().expect("readable");
        let expected = ["a.otf", "b.ttf", "NotoSansThai.ttf", "DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "AItalic.ttf"];
        assert_eq!(names(&files), expected);
    }

    #[test]
    fn a_project_s_font_is_its_content_wherever_the_project_lies() {
        let named = |project: &Path| {
            let folders =
                FontFolders { project: project.to_owned(), own: Some("fonts".to_owned()), system: Vec::new() };
            folders.files().expect("readable").iter().map(|file| file.named(&folders)).collect::<Vec<_>>()
        };
        let (one, two) = (folder(&["fonts/a.ttf"]), folder(&["fonts/a.ttf"]));
        assert_eq!(named(one.path()), named(two.path()));
        fs::write(two.path().join("fonts/a.ttf"), "other").expect("written");
        assert_ne!(named(one.path()), named(two.path()));
    }

    #[test]
    fn a_folder_without_fonts_is_told() {
        let empty = folder(&["README.md"]);
        let told = |folder: &str| project_fonts(empty.path(), folder).expect_err("no font");
        assert!(told(".").ends_with("put one into it"));
        assert!(told("fonts").contains("cannot be read"));
        for outside in ["..", "/usr/share/fonts", "fonts/../.."] {
            assert!(told(outside).ends_with("put the folder into it"), "{outside}");
        }
    }
}
