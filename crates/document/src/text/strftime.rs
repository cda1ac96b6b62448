//! `strftime` patterns in a locale: names of months and days come from the locale,
//! everything else from jiff.

use jiff::fmt::strtime::BrokenDownTime;

use crate::locale::Locale;

/// Writes a date or time by a `strftime` pattern.
///
/// # Errors
/// When the pattern is wrong or asks for what the value has not, in words.
pub(super) fn format(pattern: &str, time: &BrokenDownTime, locale: &Locale) -> Result<String, String> {
    time.to_string(with_names(pattern, time, locale)).map_err(|error| error.to_string())
}

/// The pattern with `%B`, `%b`, `%h`, `%A` and `%a` replaced by names.
fn with_names(pattern: &str, time: &BrokenDownTime, locale: &Locale) -> String {
    let index = |from_one: i8| usize::try_from(from_one - 1).ok();
    let month = time.month().and_then(index);
    let day = time.weekday().or_else(|| time.to_date().ok().map(|date| date.weekday()));
    let day = day.and_then(|day| index(day.to_monday_one_offset()));
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(start) = rest.find('%') {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let directive = rest[1..].trim_start_matches(['^', '#', '-', '_', '0']);
        let length = rest.len() - directive.len() + directive.chars().next().map_or(0, char::len_utf8);
        let name = match directive.chars().next() {
            Some('B') => month.map(|m| locale.months[m]),
            Some('b' | 'h') => month.map(|m| locale.months_short[m]),
            Some('A') => day.map(|d| locale.days[d]),
            Some('a') => day.map(|d| locale.days_short[d]),
            _ => None,
        };
        match name {
            Some(name) if rest[..length].contains('^') => out.push_str(&name.to_uppercase()),
            Some(name) => out.push_str(name),
            None => out.push_str(&rest[..length]),
        }
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}
