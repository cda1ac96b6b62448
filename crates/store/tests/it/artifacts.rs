//! Artifacts: kept whole or not at all, also when the disk is full or a process dies.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use punctual_model::identity::ContentHash;
use punctual_store::artifacts::{ArtifactError, Artifacts, Disk, SystemDisk};

/// A disk that takes so many more steps, and then is full.
#[derive(Debug)]
struct Filling {
    left: AtomicI64,
    /// Whether files come from another device.
    elsewhere: bool,
}

impl Filling {
    fn after(steps: i64, elsewhere: bool) -> Arc<Self> {
        Arc::new(Self { left: AtomicI64::new(steps), elsewhere })
    }

    fn step(&self) -> io::Result<()> {
        if self.left.fetch_sub(1, Ordering::Relaxed) > 0 { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
    }
}

impl Disk for Filling {
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        self.step()?;
        SystemDisk.make_folder(folder)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        SystemDisk.sync(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step()?;
        if self.elsewhere && !from.components().any(|part| part.as_os_str() == "incoming") {
            return Err(io::ErrorKind::CrossesDevices.into());
        }
        SystemDisk.rename(from, to)
    }

    fn copy(&self, from: &Path, to: &Path) -> io::Result<()> {
        let bytes = fs::read(from)?;
        if let Err(full) = self.step() {
            // What a full disk leaves of a copy.
            fs::write(to, &bytes[..bytes.len() / 2])?;
            return Err(full);
        }
        fs::write(to, bytes)
    }
}

/// Files to be kept, in a folder of their own.
fn files(folder: &Path, count: usize) -> Vec<PathBuf> {
    let written = |n: usize| {
        let path = folder.join(format!("made-{n}"));
        // One that a full disk left behind is read-only by now.
        let _ = fs::remove_file(&path);
        fs::write(&path, format!("report {n} {}", "x".repeat(n * 100))).unwrap();
        path
    };
    (0..count).map(written).collect()
}

/// Everything that has a name in the store, apart from what is coming in.
fn kept(root: &Path) -> Vec<PathBuf> {
    let shards = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let shards = shards.filter(|path| path.is_dir() && path.file_name().unwrap() != "incoming");
    shards.flat_map(|shard| fs::read_dir(shard).unwrap().map(|entry| entry.unwrap().path())).collect()
}

fn leftovers(root: &Path) -> usize {
    fs::read_dir(root.join("incoming")).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir()).count()
}

/// The artifact folder is full, at every step in turn: the error says so and what to do, nothing half-written
/// has a name, no file is lost, and it works again when there is space.
#[test]
fn a_full_disk_loses_nothing_and_shows_nothing_half_written() {
    for elsewhere in [false, true] {
        let mut steps = 0;
        loop {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().join("artifacts");
            drop(Artifacts::open(&root).unwrap());
            let made = files(folder.path(), 5);
            let contents: Vec<ContentHash> = made.iter().map(|f| ContentHash::of(&fs::read(f).unwrap())).collect();
            // One step opens it.
            let full = Artifacts::open_on(&root, Filling::after(steps + 1, elsewhere)).unwrap();
            let result = full.put_files(&made);
            for path in kept(&root) {
                let content = ContentHash::from_hex(path.file_name().unwrap().to_str().unwrap()).unwrap();
                full.verify(&content).unwrap();
            }
            assert_eq!(leftovers(&root), 0);
            for (file, content) in made.iter().zip(&contents) {
                assert!(file.exists() || full.contains(content), "{} is lost", file.display());
            }
            let Err(error) = result else { break };
            assert!(error.is_full());
            let words = error.to_string();
            assert!(words.contains("artifacts") || words.contains("made-"), "{words}");
            assert!(words.ends_with("; free some space, then run again: nothing is lost"), "{words}");

            let space = Artifacts::open(&root).unwrap();
            // A stage that runs again makes the same files again.
            let again = files(folder.path(), 5);
            let stored = space.put_files(&again).unwrap();
            assert_eq!(stored.into_iter().map(|s| s.content).collect::<Vec<_>>(), contents);
            assert!(contents.iter().all(|content| space.verify(content).is_ok()));
            steps += 1;
        }
        assert!(steps > 12, "only {steps} steps could fail");
    }
}

#[test]
fn many_files_at_once_are_those_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let (one, many) = (folder.path().join("one"), folder.path().join("many"));
    let artifacts = Artifacts::open(&one).unwrap();
    let mut made = files(folder.path(), 12);
    // One content twice.
    fs::copy(&made[3], folder.path().join("twin")).unwrap();
    made.push(folder.path().join("twin"));
    let one_by_one: Vec<_> = made.iter().map(|file| artifacts.put_file(file).unwrap()).collect();
    let artifacts = Artifacts::open(&many).unwrap();
    let made: Vec<PathBuf> = {
        let again = files(folder.path(), 12);
        fs::copy(&again[3], folder.path().join("twin")).unwrap();
        again.into_iter().chain([folder.path().join("twin")]).collect()
    };
    let at_once = artifacts.put_files(&made).unwrap();
    assert_eq!(at_once, one_by_one);
    assert_eq!(kept(&many).len(), 12);
    assert!(made.iter().all(|file| !file.exists()));
    for stored in at_once {
        let file = fs::metadata(artifacts.path(&stored.content)).unwrap();
        assert_eq!((file.len(), file.permissions().mode() & 0o777), (stored.bytes, 0o440));
    }
    assert_eq!(artifacts.put_files(&[]).unwrap(), []);
}

#[test]
fn equal_content_is_stored_once_and_damage_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let artifacts = Artifacts::open(&folder.path().join("a")).unwrap();
    let file = |name: &str| {
        let path = folder.path().join(name);
        fs::write(&path, "the same").unwrap();
        path
    };
    let first = artifacts.put_file(&file("1")).unwrap();
    assert_eq!(artifacts.put_file(&file("2")).unwrap(), first);
    assert!(!folder.path().join("2").exists());
    artifacts.verify(&first.content).unwrap();
    let path = artifacts.path(&first.content);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    fs::write(&path, "another!").unwrap();
    assert!(matches!(artifacts.verify(&first.content), Err(ArtifactError::Damaged { .. })));
    // What was cut short is replaced by the whole.
    fs::write(&path, "the").unwrap();
    assert_eq!(artifacts.adopt(&file("3"), &first.content).unwrap(), 8);
    artifacts.verify(&first.content).unwrap();
}

/// A kept file with one bit of it flipped, its size and its times as they were.
fn flip(path: &Path) {
    let before = fs::metadata(path).unwrap();
    let mut bytes = fs::read(path).unwrap();
    bytes[0] ^= 1;
    fs::set_permissions(path, fs::Permissions::from_mode(0o640)).unwrap();
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, before.permissions()).unwrap();
    fs::File::open(path).unwrap().set_modified(before.modified().unwrap()).unwrap();
}

#[test]
fn a_flipped_bit_is_found_by_whoever_reads_and_healed_by_making_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let artifacts = Artifacts::open(&folder.path().join("a")).unwrap();
    let made = |name: &str| {
        let path = folder.path().join(name);
        fs::write(&path, "470.00").unwrap();
        path
    };
    let content = artifacts.put_file(&made("1")).unwrap().content;
    let path = artifacts.path_of_whole(&content).unwrap();
    assert_eq!(artifacts.read_verified(&content).unwrap(), b"470.00");
    let placed = folder.path().join("report.csv");
    assert_eq!(artifacts.place_verified(&content, &placed).unwrap(), 6);

    flip(&path);
    // Also by who has seen it whole before.
    let found = [
        artifacts.path_of_whole(&content).map(drop),
        artifacts.read_verified(&content).map(drop),
        artifacts.place_verified(&content, &placed).map(drop),
        artifacts.verify(&content),
    ];
    for damaged in found {
        let error = damaged.unwrap_err();
        assert!(matches!(error, ArtifactError::Damaged { .. }), "{error}");
        let words = error.to_string();
        assert!(
            words.contains(content.as_str()) && words.contains("run again with `--from` the stage that made it"),
            "{words}"
        );
    }
    assert_eq!(fs::read(&placed).unwrap(), b"470.00", "what was there stays");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no part of a copy is left");

    assert_eq!(artifacts.put_file(&made("2")).unwrap().content, content);
    assert_eq!(artifacts.read_verified(&content).unwrap(), b"470.00");
    artifacts.path_of_whole(&content).unwrap();
}

#[test]
fn a_link_in_the_place_of_a_content_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let artifacts = Artifacts::open(&folder.path().join("a")).unwrap();
    let elsewhere = folder.path().join("elsewhere");
    fs::write(&elsewhere, "the same").unwrap();
    let content = ContentHash::of(b"the same");
    let path = artifacts.path(&content);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    assert!(matches!(artifacts.path_of_whole(&content), Err(ArtifactError::NotAFile { .. })));
    assert!(matches!(artifacts.read_verified(&content), Err(ArtifactError::NotAFile { .. })));
}

#[test]
fn bytes_of_open_files_are_copied_and_the_files_stay_their_owners() {
    let folder = tempfile::tempdir().unwrap();
    let artifacts = Artifacts::open(&folder.path().join("a")).unwrap();
    let made = files(folder.path(), 3);
    let mut open: Vec<_> = made.iter().map(|path| (fs::File::open(path).unwrap(), path.clone())).collect();
    let stored = artifacts.copy_in(&mut open).unwrap();
    // Whoever still holds one writes into nothing that is kept.
    fs::write(&made[1], "other").unwrap();
    assert!(stored.iter().all(|s| artifacts.read_verified(&s.content).unwrap().len() as u64 == s.bytes));
    assert_eq!(leftovers(&folder.path().join("a")), 0);
    assert!(made.iter().all(|file| file.exists()));
}

#[test]
fn only_plain_files_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let artifacts = Artifacts::open(&folder.path().join("a")).unwrap();
    let secret = folder.path().join("master.key");
    fs::write(&secret, "secret").unwrap();
    let link = folder.path().join("made.pdf");
    std::os::unix::fs::symlink(&secret, &link).unwrap();
    for path in [link.as_path(), folder.path()] {
        assert!(matches!(artifacts.put_file(path), Err(ArtifactError::NotAFile { .. })));
        assert!(matches!(artifacts.adopt(path, &ContentHash::of(b"secret")), Err(ArtifactError::NotAFile { .. })));
    }
    assert!(matches!(artifacts.put_file(&folder.path().join("none")), Err(ArtifactError::Io { .. })));
    assert_eq!(kept(&folder.path().join("a")), Vec::<PathBuf>::new());
    assert_eq!(fs::read_to_string(&secret).unwrap(), "secret");
}

#[test]
fn what_a_dead_process_left_is_cleared_and_what_a_living_one_writes_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let artifacts = Artifacts::open(folder.path()).unwrap();
    let living = artifacts.incoming().unwrap();
    fs::write(living.path().join("half"), "half").unwrap();
    let dead = folder.path().join("incoming/job-dead");
    fs::create_dir(&dead).unwrap();
    fs::write(dead.join("half"), "half").unwrap();
    fs::write(dead.join("lock"), "").unwrap();
    let unborn = folder.path().join("incoming/job-unborn");
    fs::create_dir(&unborn).unwrap();
    Artifacts::open(folder.path()).unwrap();
    assert!(living.path().join("half").exists());
    assert!(!dead.exists() && !unborn.exists());
    let path = living.path().to_owned();
    drop(living);
    assert!(!path.exists());
}

#[test]
fn folders_that_are_made_while_others_are_cleared_stay() {
    let folder = tempfile::tempdir().unwrap();
    let artifacts = Artifacts::open(folder.path()).unwrap();
    std::thread::scope(|scope| {
        let makers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let incoming = artifacts.incoming().unwrap();
                        fs::write(incoming.path().join("half"), "half").unwrap();
                    }
                })
            })
            .collect();
        let folder = &folder;
        scope.spawn(move || {
            while makers.iter().any(|maker| !maker.is_finished()) {
                drop(Artifacts::open(folder.path()).unwrap());
            }
        });
    });
    assert_eq!(leftovers(folder.path()), 0);
}

#[test]
fn a_probe_says_whether_files_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let artifacts = Artifacts::open(folder.path()).unwrap();
    assert!(artifacts.probe().unwrap().ends_with(" can be written"));
    let full = Artifacts::open_on(folder.path(), Filling::after(1, false)).unwrap();
    assert!(full.probe().unwrap_err().is_full());
    assert_eq!(leftovers(folder.path()), 0);
}
