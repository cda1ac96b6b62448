//! Locales: how numbers, amounts, dates and the few words that documents say themselves
//! read in one language and country. Facts are CLDR's; which value is written how is `write`'s business.

mod currency;
mod data;
mod pattern;
mod period;

pub use currency::minor_units;
use jiff::civil::DateTime;
use punctual_model::value::{Decimal, Value};

use crate::write::{Style, Writer};

/// The rules of one locale, after the Unicode CLDR.
#[derive(Debug, PartialEq, Eq)]
pub struct Locale {
    /// BCP 47 tag.
    pub tag: &'static str,
    /// Stands between whole number and fraction.
    pub decimal: char,
    /// Stands between groups of three digits.
    pub group: char,
    /// How many digits must stand before the first separator for any to be written:
    /// 2 in Spanish, where 1234 has none and 12.345 has one.
    pub minimum_grouping: u8,
    /// What follows a percentage, with its space.
    pub percent: &'static str,
    /// Where the currency symbol stands.
    pub currency: CurrencyPosition,
    /// Symbols by ISO 4217 code; a currency that is not listed is written with its code.
    pub symbols: &'static [(&'static str, &'static str)],
    /// January to December, in full.
    pub months: [&'static str; 12],
    /// January to December, short.
    pub months_short: [&'static str; 12],
    /// Monday to Sunday, in full.
    pub days: [&'static str; 7],
    /// Monday to Sunday, short.
    pub days_short: [&'static str; 7],
    /// The patterns of dates and times.
    pub patterns: Patterns,
    /// The words that documents say themselves.
    pub words: Words,
}

/// Where the currency symbol stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CurrencyPosition {
    /// `$12`; a symbol that ends in a letter is set apart: `CHF 12`.
    Before,
    /// `12 €`, with a no-break space.
    After,
}

/// Date and time patterns in CLDR's letters (UTS #35): `d`, `dd`, `M`, `MM`, `MMM`, `MMMM`, `y`,
/// `EEE`, `EEEE`, `h`, `H`, `HH`, `mm`, `a` and text in quotes.
#[derive(Debug, PartialEq, Eq)]
pub struct Patterns {
    /// `Oct 5, 2026`.
    pub date: &'static str,
    /// `October 5, 2026`.
    pub date_long: &'static str,
    /// `2:03 PM`.
    pub time: &'static str,
    /// `October 2026`.
    pub month_year: &'static str,
    /// `Oct 2026`.
    pub month_year_short: &'static str,
    /// `Oct 5`.
    pub month_day: &'static str,
}

/// The words that documents say themselves.
#[derive(Debug, PartialEq, Eq)]
pub struct Words {
    /// A true value.
    pub yes: &'static str,
    /// A false value.
    pub no: &'static str,
    /// A week; `{week}` and `{year}` stand for its ISO 8601 number and year.
    pub week: &'static str,
    /// A quarter; `{quarter}` and `{year}` stand for its number and year.
    pub quarter: &'static str,
    /// The label of a row of sums.
    pub total: &'static str,
    /// A section that has nothing to show.
    pub no_data: &'static str,
    /// One row was set aside by checks.
    pub row_left_out: &'static str,
    /// Several rows were; `{n}` stands for how many.
    pub rows_left_out: &'static str,
    /// Between the last two of a list.
    pub and: &'static str,
    /// The change of a percentage; `{n}` stands for the points.
    pub points: &'static str,
    /// The change of a figure that was zero.
    pub from_zero: &'static str,
    /// A figure that has nothing before it.
    pub not_compared: &'static str,
    /// A figure that was in another currency, `{code}`.
    pub other_currency: &'static str,
    /// Amounts without a total; `{list}` stands for their currencies.
    pub not_added_up: &'static str,
    /// Amounts without a drawing; `{list}` stands for their currencies.
    pub not_drawn: &'static str,
    /// A total that differs from the sum of what its rows show.
    pub unrounded: &'static str,
    /// Good news, for readers who do not see colours.
    pub good: &'static str,
    /// Bad news.
    pub bad: &'static str,
}

impl Locale {
    /// Every locale.
    pub const ALL: [&'static Locale; 5] = [&data::EN_US, &data::EN_GB, &data::DE_DE, &data::FR_FR, &data::ES_ES];

    /// The locale of a BCP 47 tag, in any case; a bare language (`de`) finds its first locale.
    pub fn by_tag(tag: &str) -> Option<&'static Locale> {
        let exact = Self::ALL.into_iter().find(|l| l.tag.eq_ignore_ascii_case(tag));
        exact.or_else(|| Self::ALL.into_iter().find(|l| l.language().eq_ignore_ascii_case(tag)))
    }

    /// The language of the tag: `en`.
    pub fn language(&self) -> &'static str {
        self.tag.split_once('-').map_or(self.tag, |(language, _)| language)
    }

    /// The symbol of a currency, or its code.
    pub fn symbol<'a>(&self, code: &'a str) -> &'a str {
        self.symbols.iter().find(|(known, _)| *known == code).map_or(code, |(_, symbol)| symbol)
    }

    /// How many rows checks set aside, in words: "12 rows left out".
    pub fn rows_left_out(&'static self, count: u64) -> String {
        if count == 1 {
            return self.words.row_left_out.to_owned();
        }
        let writer = Writer { style: Style::Number { decimals: 0 }, locale: self };
        let count = Value::Decimal(Decimal { digits: count.into(), scale: 0 });
        self.words.rows_left_out.replace("{n}", &writer.write(&count))
    }

    /// A civil date and time by one of the `patterns`.
    pub fn format(&self, pattern: &str, at: DateTime) -> String {
        let mut out = String::with_capacity(16);
        pattern::write(self, pattern, at, &mut out);
        out
    }

    /// As [`Locale::format`], at the end of `out`.
    pub fn format_into(&self, pattern: &str, at: DateTime, out: &mut String) {
        pattern::write(self, pattern, at, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_found_in_any_case_and_by_language() {
        for locale in Locale::ALL {
            assert_eq!(Locale::by_tag(locale.tag), Some(locale));
            assert_eq!(Locale::by_tag(&locale.tag.to_uppercase()), Some(locale));
        }
        assert_eq!(Locale::by_tag("en").map(|l| l.tag), Some("en-US"));
        assert_eq!(Locale::by_tag("de").map(|l| l.tag), Some("de-DE"));
        assert_eq!(Locale::by_tag("en-CA"), None);
        assert_eq!(Locale::by_tag(""), None);
    }

    #[test]
    fn dates_follow_cldr() {
        let at = jiff::civil::date(2026, 9, 1).at(0, 5, 0, 0);
        let afternoon = jiff::civil::date(2026, 10, 5).at(14, 3, 9, 0);
        let expected = [
            ("en-US", "Sep 1, 2026", "October 5, 2026", "12:05 AM", "2:03 PM", "October 2026", "Oct 5"),
            ("en-GB", "1 Sept 2026", "5 October 2026", "00:05", "14:03", "October 2026", "5 Oct"),
            ("de-DE", "01.09.2026", "5. Oktober 2026", "00:05", "14:03", "Oktober 2026", "5. Okt."),
            ("fr-FR", "1 sept. 2026", "5 octobre 2026", "00:05", "14:03", "octobre 2026", "5 oct."),
            ("es-ES", "1 sept 2026", "5 de octubre de 2026", "0:05", "14:03", "octubre de 2026", "5 oct"),
        ];
        for (tag, date, long, early, late, month, day) in expected {
            let locale = Locale::by_tag(tag).expect("known");
            let p = &locale.patterns;
            assert_eq!(locale.format(p.date, at), date);
            assert_eq!(locale.format(p.date_long, afternoon), long);
            assert_eq!(locale.format(p.time, at), early);
            assert_eq!(locale.format(p.time, afternoon), late);
            assert_eq!(locale.format(p.month_year, afternoon), month);
            assert_eq!(locale.format(p.month_day, afternoon), day);
        }
    }
}
