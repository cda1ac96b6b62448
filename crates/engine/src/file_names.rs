//! The names that files have for people: report, period and whose it is, in the letters of any
//! script; unique in a run and safe on every system that a recipient may have. Formats and stores
//! are not known here.

use std::collections::HashMap;

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Without its ending a name has at most so many bytes: file systems take 255 in all, attachments
/// 200, and mail programs and archives add to what they are given.
const LONGEST: usize = 180;

/// The names of a run's files without their endings, one for each edition. A run that is not burst
/// has one edition and `None` for it; the others say whose each edition is.
///
/// Names that a system might take for the same (it may not tell `A` from `a`, or `é` from `e` with
/// an accent) are numbered in the order of the editions.
pub(crate) fn file_names<'a>(
    report: &str,
    period: &str,
    editions: impl IntoIterator<Item = Option<&'a str>>,
) -> Vec<String> {
    let base = format!("{report}-{period}");
    // How often a name was asked for already, by what all systems agree on.
    let mut asked: HashMap<String, usize> = HashMap::new();
    let mut name = |index: usize, edition: Option<&str>| {
        let room = LONGEST.saturating_sub(base.len() + 1);
        let whose = match edition.map(safe) {
            None => return base.clone(),
            // Nothing of it can stand in a name, and a number alone might be another edition's key.
            Some(whose) if whose.is_empty() => format!("edition-{}", index + 1),
            Some(whose) => whose,
        };
        let mut number = asked.get(&folded(&shortened(&whose, room))).copied().unwrap_or(0);
        loop {
            let suffix = if number == 0 { String::new() } else { format!("-{}", number + 1) };
            let taken = format!("{}{suffix}", shortened(&whose, room.saturating_sub(suffix.len())));
            number += 1;
            if let std::collections::hash_map::Entry::Vacant(free) = asked.entry(folded(&taken)) {
                free.insert(1);
                asked.insert(folded(&shortened(&whose, room)), number);
                return format!("{base}-{taken}");
            }
        }
    };
    editions.into_iter().enumerate().map(|(index, edition)| name(index, edition)).collect()
}

/// Letters, digits and marks of every script, emoji, `-` and `_`; anything else becomes `-`.
/// No separators, no dots, no spaces, nothing invisible, nothing that turns the direction of text.
fn safe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.nfc() {
        let carried = safe.chars().next_back().is_some_and(|last| last != '-');
        match c {
            c if is_invisible(c) => {}
            c if is_combining_mark(c) && carried => safe.push(c),
            c if is_combining_mark(c) => {}
            c if c.is_alphanumeric() || c == '_' || is_emoji(c) => safe.push(c),
            _ if carried => safe.push('-'),
            _ => {}
        }
    }
    // Marks that lost what they stood on may compose with what is before them now.
    safe.trim_matches('-').nfc().collect()
}

/// Joiners, selectors, fillers: a name would be told from another one by nothing that can be seen.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
    )
}

fn is_emoji(c: char) -> bool {
    matches!(c, '\u{2600}'..='\u{27bf}' | '\u{1f300}'..='\u{1faff}')
}

/// As much of a text as fits so many bytes, cut before no mark.
fn shortened(text: &str, room: usize) -> String {
    if text.len() <= room {
        return text.to_owned();
    }
    let whole = |at: &usize| {
        text.is_char_boundary(*at) && !text[*at..].starts_with(|c: char| is_combining_mark(c) || is_modifier(c))
    };
    let end = (1..=room).rev().find(whole).unwrap_or_else(|| text.floor_char_boundary(room));
    text[..end].trim_end_matches('-').to_owned()
}

/// The colours of skin, which stand behind an emoji.
fn is_modifier(c: char) -> bool {
    ('\u{1f3fb}'..='\u{1f3ff}').contains(&c)
}

/// What is the same for two names that some system takes for one.
fn folded(name: &str) -> String {
    name.nfd().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfd().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use punctual_delivery::FileName;

    use super::*;

    fn names(editions: &[&str]) -> Vec<String> {
        file_names("names", "2026-10", editions.iter().map(|edition| Some(*edition)))
            .into_iter()
            .map(|name| name.strip_prefix("names-2026-10-").expect("the base").to_owned())
            .collect()
    }

    #[test]
    fn people_recognise_their_names() {
        let editions =
            ["acme-bicycles", "日本", "ü", "café", "हिन्दी कंपनी", "شركة النخيل", "Łódź & Söhne", "한국", "😀"];
        let expected = ["acme-bicycles", "日本", "ü", "café", "हिन्दी-कंपनी", "شركة-النخيل", "Łódź-Söhne", "한국", "😀"];
        assert_eq!(names(&editions), expected);
    }

    #[test]
    fn what_some_system_takes_for_the_same_is_numbered() {
        let editions = ["A/B", "A:B", "A B", "A_B", "A-B", "a-b", "café", "cafe\u{301}", "CAFÉ", "straße", "STRASSE"];
        let expected =
            ["A-B", "A-B-2", "A-B-3", "A_B", "A-B-4", "a-b-5", "café", "café-2", "CAFÉ-3", "straße", "STRASSE-2"];
        assert_eq!(names(&editions), expected);
        // A number that somebody has as a name is not taken twice.
        assert_eq!(names(&["a-2", "a", "A"]), ["a-2", "a", "A-3"]);
        assert_eq!(names(&["a", "a", "a-2"]), ["a", "a-2", "a-2-2"]);
    }

    #[test]
    fn nothing_leaves_its_folder_and_nothing_hides() {
        assert_eq!(
            names(&["../../etc/passwd", "..", "end.", "tab\tx", "q\"uote", " lead"]),
            ["etc-passwd", "edition-2", "end", "tab-x", "q-uote", "lead"]
        );
        // A right-to-left override makes `exe.pdf` of `fdp.exe`.
        assert_eq!(
            names(&["a\u{202e}fdp.exe", "x\u{200b}y\u{3164}", "／∕：", "\u{301}a"]),
            ["afdp-exe", "xy", "edition-3", "a"]
        );
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        let long = "x".repeat(300);
        let [first, second] = &names(&[&long, &long])[..] else { panic!("two names") };
        assert_eq!(first.len() + "names-2026-10-".len(), LONGEST);
        assert!(second.ends_with("x-2"));
        let marks = "e\u{302}\u{323}".repeat(200);
        assert!(!names(&[&marks])[0].ends_with('e'), "no mark is lost");
    }

    #[test]
    fn a_report_that_is_not_burst_has_no_name_behind_its_period() {
        assert_eq!(file_names("con", "2026-10", [None]), ["con-2026-10"]);
    }

    /// Text of the kinds that go wrong.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            ".{0,40}",
            "[aA\u{e4}\u{c4}ßſıİκΚςσ\u{301}\u{308}\u{200d}\u{202e} ./:-]{0,6}",
            "(a|A|a-2|-|\\.|日|本|é|e\u{301}){0,4}",
            "\\PC{150,260}",
            prop::sample::select(vec!["CON", "nul", "COM1", "..", ".", "", "~", "-", "a b", "a\0b", "a\nb"])
                .prop_map(str::to_owned),
        ]
    }

    proptest! {
        #[test]
        fn names_are_unique_and_safe_everywhere(editions in prop::collection::vec(text(), 0..40)) {
            let names = file_names("con", "2026-10-05..2026-11-02", editions.iter().map(|e| Some(e.as_str())));
            prop_assert_eq!(names.len(), editions.len());
            let (mut upper, mut lower) = (HashSet::new(), HashSet::new());
            for name in &names {
                prop_assert!(upper.insert(name.nfd().collect::<String>().to_uppercase()), "{name:?} of {names:?}");
                prop_assert!(lower.insert(name.nfc().collect::<String>().to_lowercase()), "{name:?} of {names:?}");
                prop_assert!(name.len() <= LONGEST, "{name:?}");
                prop_assert_eq!(name.nfc().collect::<String>(), name.as_str());
                let whose = name.strip_prefix("con-2026-10-05..2026-11-02-").expect("report and period come first");
                prop_assert!(!whose.is_empty() && !whose.starts_with(['-', '.', ' ']), "{name:?}");
                prop_assert!(!whose.ends_with(['-', '.', ' ']), "{name:?}");
                let unsafe_ = |c: char| c.is_control() || c.is_whitespace() || "<>:\"/\\|?*'`$&;.".contains(c);
                prop_assert!(!whose.contains(unsafe_), "{name:?}");
                prop_assert!(!whose.contains(is_invisible), "{name:?}");
                prop_assert!(FileName::new(format!("{name}.xlsx")).is_ok(), "{name:?}");
            }
        }

        #[test]
        fn a_name_of_letters_and_digits_stays_itself(edition in "[a-z0-9äöüßéñ日本कж][a-z0-9äöüßéñ日本कж_]{0,30}") {
            let name = file_names("r", "2026", [Some(edition.as_str())]).remove(0);
            prop_assert_eq!(name, format!("r-2026-{edition}"));
        }
    }
}
