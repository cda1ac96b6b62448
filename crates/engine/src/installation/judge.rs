//! Whether a ledger, a data folder and artifacts belong together: pure. Everything that could make somebody get
//! a report twice because the ledger does not know of the first is told apart here.

use punctual_store::installation::Identity;

use super::mark::{Mark, Place};

/// What was found beside the ledger.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// The mark in the data folder.
    pub(super) mark: Option<Mark>,
    /// Why the mark cannot be read, if so.
    pub(super) unreadable: Option<String>,
    /// The id in the artifacts' folder.
    pub(super) artifacts: Option<String>,
    /// Whether there are artifacts at all.
    pub(super) has_artifacts: bool,
    /// Where the data folder is now.
    pub(super) here: Place,
    /// Whether several machines share the ledger: then a data folder is one of several, and may come and go.
    pub(super) shared: bool,
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// They belong together.
    Ours(String),
    /// Nothing was ever sent: the ledger gets this id, or a new one.
    New(Option<String>),
    /// They do not; what happened, in words.
    Estranged(String),
}

/// Compares a ledger with what was found beside it.
pub(super) fn judge(ledger: &Identity, found: &Found) -> Verdict {
    let estranged = |words: String| Verdict::Estranged(words);
    let Found { mark, unreadable, artifacts, has_artifacts, here, shared } = found;
    if let Some(why) = unreadable {
        return estranged(why.clone());
    }
    let known = mark.as_ref().map_or(0, |mark| mark.begun);
    let nothing_sent = ledger.begun == 0 && ledger.attempts == 0 && known == 0;
    if known > ledger.begun {
        return estranged(if ledger.begun == 0 {
            format!(
                "the state database is new or was emptied: it knows of no delivery, and {known} were begun from here"
            )
        } else {
            format!(
                "the state database is older than what was sent: it knows of {} deliveries that were begun, and {known} \
                 were begun from here",
                ledger.begun
            )
        });
    }
    if ledger.attempts < ledger.begun {
        return estranged(format!(
            "deliveries are missing in the state database: {} were begun and {} are on record",
            ledger.begun, ledger.attempts
        ));
    }
    let moved = mark.as_ref().filter(|mark| !shared && !mark.place.is(here));
    match (&ledger.id, mark) {
        // A ledger of a version that gave no names has attempts, or nothing was kept beside it.
        (None, None) if ledger.attempts == 0 && (artifacts.is_some() || *has_artifacts) => estranged(
            "the state database is new, but there are artifacts of an earlier one: what was sent is not known"
                .to_owned(),
        ),
        (None, None) => Verdict::New(None),
        (_, Some(_)) if nothing_sent && moved.is_some() => Verdict::New(None),
        (None, Some(mark)) => match moved {
            Some(mark) => estranged(elsewhere(mark)),
            None => Verdict::New(Some(mark.installation.clone())),
        },
        (Some(id), None) if *shared || ledger.begun == 0 => Verdict::Ours(id.clone()),
        (Some(_), None) => estranged(
            "the state database was made elsewhere, or its mark beside it was removed: whether another copy of it \
             delivers is not known"
                .to_owned(),
        ),
        (Some(id), Some(mark)) if *id != mark.installation && nothing_sent => {
            Verdict::New(Some(mark.installation.clone()))
        }
        (Some(id), Some(mark)) if *id != mark.installation => estranged(format!(
            "the state database belongs to installation {id} and the data folder to {}",
            mark.installation
        )),
        (Some(id), Some(_)) => match (moved, artifacts) {
            (Some(mark), _) => estranged(elsewhere(mark)),
            (None, Some(other)) if other != id && !nothing_sent => {
                estranged(format!("the artifacts belong to installation {other} and the state database to {id}"))
            }
            _ => Verdict::Ours(id.clone()),
        },
    }
}

fn elsewhere(mark: &Mark) -> String {
    format!("this data folder is a copy: the one that delivered is {}", mark.place.path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(made: u64, path: &str) -> Place {
        Place { path: path.into(), made: Some(made), inode: made, device: 1, machine: Some("m".repeat(32)) }
    }

    fn ledger(id: &str, begun: u64, attempts: u64) -> Identity {
        let id = Some(id.to_owned()).filter(|id| !id.is_empty());
        Identity { runs: begun.max(u64::from(id.is_some())), id, begun, attempts }
    }

    fn found(mark: Option<(&str, u64, u64)>) -> Found {
        Found {
            mark: mark.map(|(id, begun, made)| Mark {
                installation: id.to_owned(),
                begun,
                place: place(made, "/srv/reports/.punctual"),
            }),
            unreadable: None,
            artifacts: mark.map(|(id, ..)| id.to_owned()),
            has_artifacts: mark.is_some(),
            here: place(1, "/srv/reports/.punctual"),
            shared: false,
        }
    }

    #[test]
    fn each_way_in_which_state_can_be_wrong_has_its_verdict() {
        let ours = Verdict::Ours("a".to_owned());
        let new = |id: Option<&str>| Verdict::New(id.map(str::to_owned));
        // The ledger, the mark (id, begun, made), the verdict or a word of it.
        let cases: Vec<(Identity, Option<(&str, u64, u64)>, Result<Verdict, &str>)> = vec![
            (ledger("", 0, 0), None, Ok(new(None))),
            (ledger("a", 5, 5), Some(("a", 5, 1)), Ok(ours.clone())),
            // Killed after the ledger and before the mark.
            (ledger("a", 6, 6), Some(("a", 5, 1)), Ok(ours.clone())),
            (ledger("a", 5, 5), Some(("a", 6, 1)), Err("older than what was sent")),
            (ledger("", 0, 0), Some(("a", 6, 1)), Err("is new or was emptied: it knows of no delivery, and 6")),
            (ledger("a", 5, 0), Some(("a", 5, 1)), Err("5 were begun and 0 are on record")),
            (ledger("a", 5, 5), Some(("a", 5, 2)), Err("is a copy")),
            (ledger("a", 5, 5), Some(("b", 5, 1)), Err("belongs to installation a and the data folder to b")),
            (ledger("a", 5, 5), None, Err("its mark beside it was removed")),
            // Killed in the middle of the first start, and an update of a ledger that had no id.
            (ledger("", 0, 0), Some(("a", 0, 1)), Ok(new(Some("a")))),
            (ledger("", 7, 7), Some(("a", 7, 1)), Ok(new(Some("a")))),
            (ledger("", 7, 7), None, Ok(new(None))),
            (ledger("", 7, 7), Some(("a", 7, 2)), Err("is a copy")),
            // A copy of what has never sent anything is a beginning of its own.
            (ledger("a", 0, 0), Some(("a", 0, 2)), Ok(new(None))),
            (ledger("a", 0, 0), None, Ok(ours.clone())),
            (ledger("a", 0, 0), Some(("b", 0, 1)), Ok(new(Some("b")))),
        ];
        for (ledger, mark, verdict) in cases {
            match (judge(&ledger, &found(mark)), verdict) {
                (Verdict::Estranged(words), Err(expected)) => assert!(words.contains(expected), "{words}"),
                (found, expected) => assert_eq!(Ok(found), expected, "{ledger:?} {mark:?}"),
            }
        }
    }

    #[test]
    fn artifacts_of_somebody_else_are_found() {
        let empty = Found { has_artifacts: true, ..found(None) };
        // A plan puts a run on record: that is no more than nothing.
        for runs in [0, 1] {
            let ledger = Identity { runs, ..ledger("", 0, 0) };
            assert!(matches!(judge(&ledger, &empty), Verdict::Estranged(words) if words.contains("is new")), "{runs}");
        }
        let swapped = Found { artifacts: Some("b".to_owned()), ..found(Some(("a", 5, 1))) };
        assert!(
            matches!(judge(&ledger("a", 5, 5), &swapped), Verdict::Estranged(words) if words.contains("artifacts"))
        );
    }

    #[test]
    fn a_mark_that_cannot_be_read_is_no_mark_to_go_by() {
        let broken = Found { mark: None, unreadable: Some("no JSON".to_owned()), ..found(Some(("a", 5, 1))) };
        assert_eq!(judge(&ledger("a", 5, 5), &broken), Verdict::Estranged("no JSON".to_owned()));
    }

    #[test]
    fn machines_that_share_a_ledger_come_and_go() {
        let node = Found { shared: true, ..found(None) };
        assert_eq!(judge(&ledger("a", 5, 5), &node), Verdict::Ours("a".to_owned()));
        let moved = Found { shared: true, ..found(Some(("a", 5, 2))) };
        assert_eq!(judge(&ledger("a", 9, 9), &moved), Verdict::Ours("a".to_owned()));
        let behind = Found { shared: true, ..found(Some(("a", 5, 1))) };
        assert!(matches!(judge(&ledger("a", 4, 4), &behind), Verdict::Estranged(_)));
    }

    #[test]
    fn a_folder_that_was_renamed_or_mounted_again_is_the_same() {
        let here = place(1, "/srv/a");
        assert!(here.is(&place(1, "/srv/b")), "moved");
        assert!(!here.is(&place(2, "/srv/a")), "restored from a backup");
        assert!(!here.is(&Place { machine: Some("n".repeat(32)), ..here.clone() }), "a disk that was cloned");
        assert!(here.is(&Place { machine: None, device: 9, inode: 7, ..here.clone() }), "mounted again");
        let unknown = Place { made: None, ..here.clone() };
        assert!(unknown.is(&Place { device: 9, ..here.clone() }));
        assert!(!unknown.is(&Place { inode: 8, ..here.clone() }));
        assert!(!unknown.is(&Place { path: "/srv/b".into(), device: 9, ..here }));
    }
}
