//! A job's folder as its parent reads it: by names that the parent made, opened one step at a time beneath the
//! folder, never through a link. What the child put there is a plain file of its own, or it is refused.

use std::{
    fs::File,
    os::{fd::OwnedFd, unix::fs::MetadataExt},
    path::{Component, Path, PathBuf},
};

use rustix::{
    fs::{CWD, Mode, OFlags, openat},
    io::Errno,
};

/// A folder, held open since before its child started: whatever is done to its name, it stays this one.
#[derive(Debug)]
pub(crate) struct Beneath {
    folder: OwnedFd,
    path: PathBuf,
}

impl Beneath {
    /// Makes a folder and opens it.
    pub(crate) fn make(path: PathBuf) -> std::io::Result<Self> {
        std::fs::create_dir_all(&path)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = openat(CWD, &path, flags, Mode::empty())?;
        Ok(Self { folder, path })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A file that the child was told to write; in words what stands there instead. `name` is the parent's own.
    pub(crate) fn file(&self, name: &Path) -> Result<(File, PathBuf), String> {
        let wrong = |what: &str| Err(format!("`{}` {what}", name.display()));
        let mut parts = name.components().peekable();
        let mut folder = None::<OwnedFd>;
        while let Some(part) = parts.next() {
            let Component::Normal(part) = part else { return wrong("is no name beneath the job's folder") };
            let last = parts.peek().is_none();
            let kind = if last { OFlags::NONBLOCK | OFlags::NOCTTY } else { OFlags::DIRECTORY };
            let at = folder.as_ref().unwrap_or(&self.folder);
            let opened = openat(at, part, OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | kind, Mode::empty());
            match opened {
                Ok(opened) => folder = Some(opened),
                Err(Errno::NOENT) => return wrong("is missing"),
                Err(Errno::LOOP) => return wrong("is a link"),
                Err(Errno::NOTDIR) => return wrong("does not lie in a folder of its own"),
                Err(Errno::NXIO) => return wrong("is a socket or a device"),
                Err(error) => return wrong(&format!("cannot be opened: {error}")),
            }
        }
        let Some(file) = folder.map(File::from) else { return wrong("is no name") };
        let Ok(found) = file.metadata() else { return wrong("cannot be looked at") };
        if !found.is_file() {
            return wrong("is no plain file");
        }
        if found.nlink() != 1 {
            return wrong("has another name elsewhere");
        }
        Ok((file, self.path.join(name)))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::{fs::symlink, net::UnixListener};

    use super::*;

    /// A job's folder beside a secret.
    fn place() -> (tempfile::TempDir, Beneath) {
        let all = tempfile::tempdir().expect("a folder");
        std::fs::write(all.path().join("secret"), "secret").expect("written");
        let beneath = Beneath::make(all.path().join("job")).expect("made");
        std::fs::create_dir(beneath.path().join("files")).expect("made");
        (all, beneath)
    }

    #[track_caller]
    fn refused(beneath: &Beneath, name: &str, words: &str) {
        let error = beneath.file(Path::new(name)).map(drop).expect_err(name);
        assert!(error.contains(words), "{name}: {error}");
    }

    #[test]
    fn a_plain_file_is_read_also_when_the_folder_has_moved() {
        let (all, beneath) = place();
        std::fs::write(beneath.path().join("files/0.csv"), "a,b").expect("written");
        std::fs::rename(beneath.path(), all.path().join("moved")).expect("moved");
        std::fs::create_dir(beneath.path()).expect("made");
        let (file, _) = beneath.file(Path::new("files/0.csv")).expect("there");
        assert_eq!(std::io::read_to_string(file).expect("read"), "a,b");
    }

    #[test]
    fn names_that_lead_out_are_refused() {
        let (all, beneath) = place();
        refused(&beneath, "../secret", "is no name beneath");
        refused(&beneath, "files/../../secret", "is no name beneath");
        refused(&beneath, &all.path().join("secret").display().to_string(), "is no name beneath");
        refused(&beneath, "", "is no name");
    }

    #[test]
    fn whatever_is_no_plain_file_is_refused() {
        let (all, beneath) = place();
        let at = |name: &str| beneath.path().join("files").join(name);
        refused(&beneath, "files/none", "is missing");
        symlink(all.path().join("secret"), at("link")).expect("linked");
        refused(&beneath, "files/link", "is a link");
        symlink("/dev/zero", at("zero")).expect("linked");
        refused(&beneath, "files/zero", "is a link");
        symlink(all.path(), beneath.path().join("out")).expect("linked");
        refused(&beneath, "out/secret", "does not lie in a folder");
        std::fs::hard_link(all.path().join("secret"), at("twin")).expect("linked");
        refused(&beneath, "files/twin", "has another name elsewhere");
        let _socket = UnixListener::bind(at("socket")).expect("bound");
        refused(&beneath, "files/socket", "is a socket or a device");
        std::fs::create_dir(at("folder")).expect("made");
        refused(&beneath, "files/folder", "is no plain file");
        let pipe = std::process::Command::new("mkfifo").arg(at("pipe")).status().expect("mkfifo runs");
        assert!(pipe.success());
        refused(&beneath, "files/pipe", "is no plain file");
    }
}
