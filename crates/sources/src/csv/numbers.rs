//! Numbers as people write them in files: with a decimal comma, with digits in groups. Groups are
//! taken only where they are whole, so that `1,5` is never read as fifteen.

use std::borrow::Cow;

/// How a file writes numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum NumberStyle {
    /// `1234.56`
    #[default]
    Plain,
    /// With these characters between groups, and this one before the fraction.
    Grouped { groups: &'static [char], point: char },
}

const BLANKS: &[char] = &[' ', '\u{a0}', '\u{202f}'];
const APOSTROPHES: &[char] = &['\'', '\u{2019}'];

const STYLES: [(&str, NumberStyle); 6] = [
    ("plain", NumberStyle::Plain),
    ("1,234.56", NumberStyle::Grouped { groups: &[','], point: '.' }),
    ("1.234,56", NumberStyle::Grouped { groups: &['.'], point: ',' }),
    ("1 234,56", NumberStyle::Grouped { groups: BLANKS, point: ',' }),
    ("1'234.56", NumberStyle::Grouped { groups: APOSTROPHES, point: '.' }),
    ("1234,56", NumberStyle::Grouped { groups: &[], point: ',' }),
];

impl NumberStyle {
    /// The words that name the styles.
    pub(super) const WORDS: &'static [&'static str] =
        &[STYLES[0].0, STYLES[1].0, STYLES[2].0, STYLES[3].0, STYLES[4].0, STYLES[5].0];

    /// The style of this word.
    pub(super) fn of(word: &str) -> Option<Self> {
        STYLES.iter().find(|(name, _)| *name == word).map(|(_, style)| *style)
    }

    /// The number as `1234.56`; `None` for what is not written in this style.
    pub(super) fn plain(self, text: &str) -> Option<Cow<'_, str>> {
        let Self::Grouped { groups, point } = self else { return Some(Cow::Borrowed(text)) };
        let (sign, unsigned) = match text.strip_prefix(['-', '+', '\u{2212}']) {
            Some(rest) if text.starts_with('+') => ("", rest),
            Some(rest) => ("-", rest),
            None => ("", text),
        };
        let (whole, fraction) = match unsigned.split_once(point) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (unsigned, None),
        };
        let mut parts = whole.split(groups);
        let first = parts.next().unwrap_or_default();
        let mut plain = format!("{sign}{first}");
        let mut grouped = false;
        for part in parts {
            grouped = true;
            if part.len() != 3 {
                return None;
            }
            plain.push_str(part);
        }
        if grouped && !(1..=3).contains(&first.len()) || first.is_empty() && fraction.is_none() {
            return None;
        }
        if let Some(fraction) = fraction {
            plain.push('.');
            plain.push_str(fraction);
        }
        let points = usize::from(fraction.is_some());
        let others = plain.trim_start_matches('-').bytes().filter(|b| !b.is_ascii_digit());
        let only_points = others.clone().all(|b| b == b'.') && others.count() == points;
        only_points.then_some(Cow::Owned(plain))
    }

    /// The word for a style in which this text would be a number, for the way out of an error.
    pub(super) fn that_reads(text: &str) -> Option<&'static str> {
        let text = text.trim();
        let holds_digits = text.bytes().any(|b| b.is_ascii_digit());
        STYLES[1..].iter().find(|(_, style)| holds_digits && style.plain(text).is_some()).map(|(word, _)| *word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_style_reads_its_own_and_nothing_else() {
        for (word, good, plain) in [
            ("1,234.56", "1,234.56", "1234.56"),
            ("1,234.56", "-12,345,678", "-12345678"),
            ("1,234.56", "+1234.5", "1234.5"),
            ("1.234,56", "1.234,56", "1234.56"),
            ("1.234,56", "0,5", "0.5"),
            ("1 234,56", "1\u{a0}234\u{202f}567,8", "1234567.8"),
            ("1'234.56", "1\u{2019}234.56", "1234.56"),
            ("1234,56", "1234,56", "1234.56"),
            ("1234,56", "\u{2212}7", "-7"),
        ] {
            assert_eq!(NumberStyle::of(word).and_then(|s| s.plain(good)).as_deref(), Some(plain), "{word}: {good}");
        }
        for (word, bad) in [
            ("1,234.56", "1,5"),
            ("1,234.56", "1,23,456"),
            ("1,234.56", "1234,567"),
            ("1,234.56", ",123"),
            ("1,234.56", "1.234,56"),
            ("1.234,56", "1.5"),
            ("1.234,56", "12 %"),
            ("1 234,56", "1  234"),
            ("1234,56", "1.234,56"),
            ("1234,56", ""),
            ("1234,56", "-"),
            ("1234,56", "1,2,3"),
        ] {
            assert_eq!(NumberStyle::of(word).and_then(|s| s.plain(bad)), None, "{word}: {bad}");
        }
    }

    #[test]
    fn the_way_out_names_a_style_that_fits() {
        assert_eq!(NumberStyle::that_reads("1,234.56"), Some("1,234.56"));
        assert_eq!(NumberStyle::that_reads("1.234,56"), Some("1.234,56"));
        assert_eq!(NumberStyle::that_reads("abc"), None);
        assert_eq!(NumberStyle::that_reads("12%"), None);
    }
}
