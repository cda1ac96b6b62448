//! Writes a civil date and time by a pattern in CLDR's letters (UTS #35, part 4).

use std::fmt::Write as _;

use jiff::civil::DateTime;

use super::Locale;

/// Writes `at` by `pattern` at the end of `out`.
pub(super) fn write(locale: &Locale, pattern: &str, at: DateTime, out: &mut String) {
    let mut rest = pattern;
    while let Some(letter) = rest.chars().next() {
        if letter == '\'' {
            let quoted = &rest[1..];
            let end = quoted.find('\'').unwrap_or(quoted.len());
            out.push_str(&quoted[..end]);
            rest = quoted.get(end + 1..).unwrap_or_default();
            continue;
        }
        let run = rest.chars().take_while(|c| *c == letter).count();
        if letter.is_ascii_alphabetic() {
            field(locale, letter, run, at, out);
        } else {
            out.extend(std::iter::repeat_n(letter, run));
        }
        rest = &rest[run * letter.len_utf8()..];
    }
}

fn field(locale: &Locale, letter: char, width: usize, at: DateTime, out: &mut String) {
    let month = usize::try_from(at.month() - 1).expect("months count from 1");
    let weekday = usize::try_from(at.weekday().to_monday_zero_offset()).expect("seven days");
    let twelve = (at.hour() + 11) % 12 + 1;
    match (letter, width) {
        ('M', 4) => out.push_str(locale.months[month]),
        ('M', 3) => out.push_str(locale.months_short[month]),
        ('M', _) => number(at.month().into(), width, out),
        ('d', _) => number(at.day().into(), width, out),
        // Four digits, as a period's key has them: `January 7` would be a day.
        ('y', _) => write!(out, "{:04}", at.year()).expect("a String takes everything"),
        ('E', 4) => out.push_str(locale.days[weekday]),
        ('E', _) => out.push_str(locale.days_short[weekday]),
        ('H', _) => number(at.hour().into(), width, out),
        ('h', _) => number(twelve.into(), width, out),
        ('m', _) => number(at.minute().into(), width, out),
        ('a', _) => out.push_str(if at.hour() < 12 { "AM" } else { "PM" }),
        _ => unreachable!("a locale's pattern uses only the letters above"),
    }
}

fn number(value: i64, width: usize, out: &mut String) {
    write!(out, "{value:0>width$}").expect("a String takes everything");
}
