//! Everything that is written to a terminal goes through here. Text comes from data, from servers and
//! from files, and a terminal obeys what is in it: an escape sequence clears the screen, writes over a
//! line, sets the clipboard; a line break forges a line of ours; a bidirectional override turns a name
//! round. None of it reaches the terminal: it is shown as `\u{1b}`, `\n`, `\u{202e}`.

use std::{borrow::Cow, fmt::Write as _, io::Write as _};

/// Whether a terminal would do something other than show this character.
fn is_obeyed(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text from outside within a line of ours: line breaks are shown too.
pub fn value(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// A whole answer: its line breaks are ours.
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c == '\n')
}

fn escaped(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    let shown_otherwise = |c: char| is_obeyed(c) && !keep(c);
    if !text.contains(shown_otherwise) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            c if !shown_otherwise(c) => shown.push(c),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c => {
                let _ = write!(shown, "{}", c.escape_unicode());
            }
        }
    }
    Cow::Owned(shown)
}

/// The text of a file with as many bytes, for excerpts that point into it: line breaks and tabs stay.
pub fn excerpt(text: &str) -> String {
    let kept = |c: char| !is_obeyed(c) || matches!(c, '\n' | '\t');
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if kept(c) => shown.push(c),
            // A carriage return before a line break is no news; anywhere else it moves the cursor.
            '\r' => shown.push(' '),
            c if c.len_utf8() == 3 => shown.push('\u{fffd}'),
            c => shown.extend(std::iter::repeat_n('?', c.len_utf8())),
        }
    }
    shown
}

/// JSON in which nothing is obeyed either: serde escapes what ASCII has, this the rest. Outside of its
/// strings JSON has no such characters.
pub fn json(text: &str) -> Cow<'_, str> {
    if !text.contains(|c| is_obeyed(c) && c != '\n') {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_obeyed(c) && c != '\n' {
            let _ = write!(shown, "\\u{:04x}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Writes an answer to standard output; a reader that has gone away ends the program quietly.
pub fn answer(text: &str) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{text}").is_err() {
        std::process::exit(i32::from(crate::exit::OK));
    }
}

/// Tells something on standard error. What text from outside adds as further lines stands indented, so
/// that none of them passes for one of ours.
pub fn tell(text: &str) {
    let text = text.trim_end_matches('\n');
    drawn(&lines(&indented(text)));
}

/// A text whose further lines all begin with spaces.
fn indented(text: &str) -> String {
    let mut lines = text.split('\n');
    let mut shown = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        shown.push_str(if line.starts_with("  ") { "\n" } else { "\n    " });
        shown.push_str(line);
    }
    shown
}

/// Writes what was drawn for a terminal, colours and all, to standard error. Whoever is not there to read it
/// is not told.
pub fn drawn(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVIL: &str = "a\u{1b}[2J\u{9b}31m\u{7}\u{8}\u{7f}\u{202e}b\u{2066}\r\nerror: c\td\u{2028}";

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        let shown = value(EVIL);
        assert_eq!(shown, r"a\u{1b}[2J\u{9b}31m\u{7}\u{8}\u{7f}\u{202e}b\u{2066}\r\nerror: c\td\u{2028}");
        assert!(!lines(EVIL).contains(|c| is_obeyed(c) && c != '\n'));
        assert!(!excerpt(EVIL).contains(|c| is_obeyed(c) && !matches!(c, '\n' | '\t')));
    }

    #[test]
    fn what_is_harmless_stays_as_it_is() {
        for text in ["", "Größe 7 €", "東京 📈 👩‍👧", "\u{200f}שלום", "a\u{a0}b"] {
            assert!(matches!(value(text), Cow::Borrowed(same) if same == text));
            assert_eq!(excerpt(text), text);
        }
        assert!(matches!(lines("two\nlines"), Cow::Borrowed("two\nlines")));
    }

    #[test]
    fn a_line_from_outside_does_not_pass_for_one_of_ours() {
        assert_eq!(indented("error: no\nrefused: x\n  ^ here"), "error: no\n    refused: x\n  ^ here");
    }

    #[test]
    fn an_excerpt_keeps_every_place() {
        assert_eq!(excerpt(EVIL).len(), EVIL.len());
        assert_eq!(excerpt(EVIL).find("error"), EVIL.find("error"));
    }

    #[test]
    fn json_reads_back_as_it_was() {
        let text = serde_json::to_string_pretty(&serde_json::json!({ "name": EVIL })).expect("JSON");
        let shown = json(&text);
        assert!(!shown.contains(|c| is_obeyed(c) && c != '\n'));
        let read: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
        assert_eq!(read["name"], EVIL);
    }
}
