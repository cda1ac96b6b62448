//! To whom an outbox belongs. The messages in it prove what one installation has sent, so another one
//! (a copied project, a restored machine) must neither add to it nor take it for its own.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

/// The file in an outbox that names its installation.
pub(super) const MARKER: &str = ".punctual-outbox";

/// To whom a folder belongs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// To nobody yet.
    Nobody,
    /// To this installation, or to whoever asks without having an id.
    Us,
    /// To the installation with this id.
    Another(String),
}

/// Reads to whom a folder belongs.
pub(super) fn read(folder: &Path, installation: Option<&str>) -> io::Result<Owner> {
    let text = match fs::read_to_string(folder.join(MARKER)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Owner::Nobody),
        text => text?,
    };
    let id = text.lines().next().unwrap_or_default().trim();
    match installation {
        // A marker is written whole; one without an id was emptied by hand.
        _ if id.is_empty() => Ok(Owner::Nobody),
        Some(ours) if ours != id => Ok(Owner::Another(id.to_owned())),
        _ => Ok(Owner::Us),
    }
}

/// Makes a folder ours if it belongs to nobody, and says to whom it belongs now.
pub(super) fn claim(folder: &Path, installation: Option<&str>) -> io::Result<Owner> {
    let owner = read(folder, installation)?;
    let (Owner::Nobody, Some(ours)) = (&owner, installation) else { return Ok(owner) };
    let text = format!("{ours}\nThe messages in this folder were sent by the Punctual installation with this id.\n");
    let part = folder.join(format!("{MARKER}.{}.part", std::process::id()));
    File::create(&part).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    })?;
    // Whoever is first keeps it; whoever is second reads who was.
    let linked = match fs::hard_link(&part, folder.join(MARKER)) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && read(folder, Some(ours))? != Owner::Nobody => {
            Ok(())
        }
        Err(_) => fs::rename(&part, folder.join(MARKER)),
        linked => linked,
    };
    let _ = fs::remove_file(&part);
    linked?;
    read(folder, Some(ours))
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn the_first_installation_keeps_a_folder() {
        let folder = TempDir::new().expect("a folder");
        assert_eq!(read(folder.path(), Some("one")).expect("read"), Owner::Nobody);
        assert_eq!(claim(folder.path(), None).expect("claimed"), Owner::Nobody);
        assert_eq!(claim(folder.path(), Some("one")).expect("claimed"), Owner::Us);
        assert_eq!(claim(folder.path(), Some("one")).expect("claimed"), Owner::Us);
        assert_eq!(claim(folder.path(), Some("two")).expect("claimed"), Owner::Another("one".to_owned()));
        assert_eq!(claim(folder.path(), None).expect("claimed"), Owner::Us);
        let names: Vec<_> =
            fs::read_dir(folder.path()).expect("a folder").map(|e| e.expect("a file").file_name()).collect();
        assert_eq!(names, [MARKER], "no part is left");
    }

    #[test]
    fn an_emptied_marker_is_written_anew() {
        let folder = TempDir::new().expect("a folder");
        fs::write(folder.path().join(MARKER), "\n").expect("written");
        assert_eq!(claim(folder.path(), Some("two")).expect("claimed"), Owner::Us);
    }
}
