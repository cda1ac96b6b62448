//! The subject of a message, made from a title that data wrote: on one line, bounded, and telling
//! what it left out.

use crate::header::{HeaderText, is_forbidden};

/// A subject that fits a header, and how it differs from the title that it was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    text: HeaderText,
    changes: Vec<String>,
}

impl Subject {
    /// The most characters: mail programs show about 70, and some cut at 255.
    pub const LONGEST: usize = 200;

    /// Makes a subject from any text: control characters become a space, characters that turn the
    /// direction of text go, and what is longer than [`Self::LONGEST`] is cut at a word.
    pub fn of(title: &str) -> Self {
        let mut changes = Vec::new();
        let mut text = title.to_owned();
        if let Some(c) = title.chars().find(|c| is_forbidden(*c)) {
            let kept = title.chars().filter(|c| !is_turning(*c));
            let spaced: String = kept.map(|c| if is_forbidden(c) { ' ' } else { c }).collect();
            text = spaced.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
            changes.push(format!("the subject has the control character U+{:04X}, which is left out", u32::from(c)));
        }
        let characters = text.chars().count();
        if characters > Self::LONGEST {
            text = cut(&text, Self::LONGEST - 1);
            changes
                .push(format!("the subject has {characters} characters; it is cut after {}", text.chars().count() - 1));
        }
        Self { text: HeaderText::new(text).expect("200 characters are at most 800 bytes, none forbidden"), changes }
    }

    /// The subject as it is sent.
    pub fn text(&self) -> &HeaderText {
        &self.text
    }

    /// What was changed, in words for the person who runs the report; empty when it is the title as it was.
    pub fn changes(&self) -> &[String] {
        &self.changes
    }
}

fn is_turning(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The first words of at most so many characters, and an ellipsis.
fn cut(text: &str, longest: usize) -> String {
    let end = text.char_indices().nth(longest).map_or(text.len(), |(at, _)| at);
    let head = &text[..end];
    let at_word = head.rfind(' ').filter(|at| *at > head.len() / 2).unwrap_or(head.len());
    format!("{}…", head[..at_word].trim_end())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_title_that_fits_is_the_subject() {
        for title in ["", "Acme: October 2026", "東京: 2026年10月 📈", "two  spaces", &"x".repeat(200)] {
            let subject = Subject::of(title);
            assert_eq!((subject.text().as_str(), subject.changes()), (title, &[][..]));
        }
    }

    #[test]
    fn what_data_slips_into_a_title_is_left_out_and_told() {
        let subject = Subject::of("Acme\r\nBcc: x@y.example\t\u{1b}[31m \u{202e}fdp\u{202c}");
        assert_eq!(subject.text().as_str(), "Acme Bcc: x@y.example [31m fdp");
        assert_eq!(subject.changes(), ["the subject has the control character U+000D, which is left out"]);
    }

    #[test]
    fn a_long_title_is_cut_at_a_word_and_told() {
        let title = "Ünïcödé ".repeat(100);
        let subject = Subject::of(&title);
        let text = subject.text().as_str();
        assert!(text.chars().count() <= Subject::LONGEST && text.ends_with("Ünïcödé…"), "{text}");
        assert_eq!(subject.changes(), ["the subject has 800 characters; it is cut after 191"]);
        assert_eq!(Subject::of(&"x".repeat(300)).text().as_str(), "x".repeat(199) + "…");
    }

    proptest! {
        #[test]
        fn every_title_has_a_bounded_subject_on_one_line(title in "\\PC{0,80}|(.|[\r\n\t\u{202e}\u{1b}]){0,400}|x{190,210}") {
            let subject = Subject::of(&title);
            prop_assert!(subject.text().as_str().chars().count() <= Subject::LONGEST);
            prop_assert!(!subject.text().as_str().contains(is_forbidden));
            prop_assert_eq!(subject.changes().is_empty(), subject.text().as_str() == title);
            let again = Subject::of(subject.text().as_str());
            prop_assert_eq!(again.text(), subject.text());
        }
    }
}
