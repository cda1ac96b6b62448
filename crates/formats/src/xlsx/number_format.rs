//! Number formats (ECMA-376 part 1, 18.8.31) that read like the document's writers. Their text is
//! taken from what the writer really writes, so the two cannot drift apart.
//!
//! Codes are written the American way; Excel shows them with the separators of its reader's
//! system. Symbols, decimals, order and the language of months are the document's.

use punctual_document::{
    locale::Locale,
    write::{Style, Writer},
};
use punctual_model::value::Value;

/// The format code of a writer.
pub(super) fn code(writer: &Writer) -> String {
    let locale = writer.locale;
    match &writer.style {
        Style::Number { decimals } | Style::Percent { decimals } => number(writer, *decimals, quoted),
        Style::Currency { code, decimals } => {
            let symbol = locale.symbol(code);
            number(writer, *decimals, |affix| amount(affix, symbol, locale))
        }
        Style::Date => in_language(locale, &pattern(locale.patterns.date)),
        Style::DateTime { .. } => {
            let code = format!("{}\\,\\ {}", pattern(locale.patterns.date), pattern(locale.patterns.time));
            in_language(locale, &code)
        }
        // With the text format, a text stays text when somebody edits its cell.
        Style::Text => "@".to_owned(),
        // Excel has its own words for truth values; LibreOffice takes these.
        Style::Bool => format!("\"{0}\";\"{0}\";\"{1}\"", locale.words.yes, locale.words.no),
    }
}

/// The format code of changes: a ratio as percent, always with its sign.
pub(super) fn signed_percent(locale: &'static Locale, decimals: u8) -> String {
    let writer = Writer { style: Style::Percent { decimals }, locale };
    let code = number(&writer, decimals, quoted);
    format!("+{code};\\-{code};{code}")
}

/// The format code of changes of percentages: a number of points, always with its sign.
pub(super) fn signed_points(locale: &'static Locale, decimals: u8) -> String {
    let digits = number(&Writer { style: Style::Number { decimals }, locale }, decimals, quoted);
    let (before, behind) = locale.words.points.split_once("{n}").unwrap_or(("", ""));
    let (before, behind) = (quoted(before), quoted(behind));
    format!("{before}+{digits}{behind};{before}\\-{digits}{behind};{before}{digits}{behind}")
}

/// A format code with a word behind the value.
pub(super) fn followed_by(code: &str, word: &str) -> String {
    let word: String = word.chars().map(|c| format!("\\{c}")).collect();
    format!("{code}\\ {word}")
}

/// The format code of a day along an axis, where there is little room.
pub(super) fn short_day(locale: &'static Locale) -> String {
    in_language(locale, &pattern(locale.patterns.month_day))
}

/// What stands before and behind the digits, by `affix`, around the code of the digits.
fn number(writer: &Writer, decimals: u8, affix: impl Fn(&str) -> String) -> String {
    let sample = writer.write(&Value::Int(1_234_567));
    let is_digit = |c: char| c.is_ascii_digit();
    let (Some(first), Some(last)) = (sample.find(is_digit), sample.rfind(is_digit)) else {
        unreachable!("a written number has digits");
    };
    let mut digits = "#,##0".to_owned();
    if decimals > 0 {
        digits.push('.');
        digits.extend(std::iter::repeat_n('0', decimals.into()));
    }
    affix(&sample[..first]) + &digits + &affix(&sample[last + 1..])
}

/// A percent sign keeps its meaning, everything else is text.
fn quoted(affix: &str) -> String {
    affix.chars().map(|c| if c == '%' { "%".to_owned() } else { format!("\\{c}") }).collect()
}

/// The currency symbol in the notation by which Excel knows an amount: `[$€-407]`.
fn amount(affix: &str, symbol: &str, locale: &Locale) -> String {
    match affix.split_once(symbol) {
        None => quoted(affix),
        Some((before, behind)) => {
            let language = language_id(locale).map(|id| format!("-{id}")).unwrap_or_default();
            format!("{}[${symbol}{language}]{}", quoted(before), quoted(behind))
        }
    }
}

/// CLDR's letters as Excel's; other characters as text.
fn pattern(cldr: &str) -> String {
    let mut code = String::new();
    let mut in_quotes = false;
    for letter in cldr.chars() {
        match letter {
            '\'' => in_quotes = !in_quotes,
            _ if in_quotes => code.extend(['\\', letter]),
            'y' => code.push_str("yyyy"),
            'M' => code.push('m'),
            'E' => code.push('d'),
            'H' => code.push('h'),
            'a' => code.push_str("AM/PM"),
            'd' | 'h' | 'm' | ':' => code.push(letter),
            other => code.extend(['\\', other]),
        }
    }
    code
}

fn in_language(locale: &Locale, code: &str) -> String {
    match language_id(locale) {
        Some(id) => format!("[$-{id}]{code}"),
        None => code.to_owned(),
    }
}

/// Windows' language identifiers (MS-LCID). Without one, the reader's language is used.
fn language_id(locale: &Locale) -> Option<&'static str> {
    Some(match locale.tag {
        "en-US" => "409",
        "en-GB" => "809",
        "de-DE" => "407",
        "fr-FR" => "40C",
        "es-ES" => "C0A",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tag: &str, style: Style) -> String {
        code(&Writer { style, locale: Locale::by_tag(tag).expect("known") })
    }

    #[test]
    fn numbers_amounts_and_ratios_read_like_the_writer() {
        assert_eq!(of("en-US", Style::Number { decimals: 0 }), "#,##0");
        assert_eq!(of("de-DE", Style::Number { decimals: 2 }), "#,##0.00");
        assert_eq!(of("en-US", Style::Percent { decimals: 1 }), "#,##0.0%");
        assert_eq!(of("de-DE", Style::Percent { decimals: 1 }), "#,##0.0\\\u{a0}%");
        let amount = |code: &str, decimals| Style::Currency { code: code.into(), decimals };
        assert_eq!(of("en-US", amount("USD", 2)), "[$$-409]#,##0.00");
        assert_eq!(of("de-DE", amount("EUR", 2)), "#,##0.00\\\u{a0}[$€-407]");
        assert_eq!(of("en-US", amount("CHF", 2)), "[$CHF-409]\\\u{a0}#,##0.00");
        assert_eq!(of("fr-FR", amount("JPY", 0)), "#,##0\\\u{a0}[$JPY-40C]");
    }

    #[test]
    fn truth_values_read_in_the_document_s_language() {
        assert_eq!(of("de-DE", Style::Bool), "\"Ja\";\"Ja\";\"Nein\"");
    }

    #[test]
    fn dates_follow_the_locale_s_patterns() {
        assert_eq!(of("en-US", Style::Date), "[$-409]mmm\\ d\\,\\ yyyy");
        assert_eq!(of("de-DE", Style::Date), "[$-407]dd\\.mm\\.yyyy");
        let time = |tag| of(tag, Style::DateTime { zone: "Europe/Berlin".into() });
        assert_eq!(time("en-US"), "[$-409]mmm\\ d\\,\\ yyyy\\,\\ h:mm\\ AM/PM");
        assert_eq!(pattern("d 'de' MMMM"), "d\\ \\d\\e\\ mmmm");
    }

    #[test]
    fn changes_always_have_a_sign() {
        let english = Locale::by_tag("en-US").expect("known");
        assert_eq!(signed_percent(english, 1), "+#,##0.0%;\\-#,##0.0%;#,##0.0%");
    }

    #[test]
    fn points_are_a_number_with_a_word() {
        let english = Locale::by_tag("en-US").expect("known");
        let word = "\\ \\p\\o\\i\\n\\t\\s";
        assert_eq!(signed_points(english, 1), format!("+#,##0.0{word};\\-#,##0.0{word};#,##0.0{word}"));
    }

    #[test]
    fn the_writer_puts_its_minus_where_excel_does() {
        for locale in Locale::ALL {
            for style in [
                Style::Number { decimals: 2 },
                Style::Percent { decimals: 1 },
                Style::Currency { code: "USD".into(), decimals: 2 },
            ] {
                let writer = Writer { style, locale };
                let positive = writer.write(&Value::Int(1_234));
                assert_eq!(writer.write(&Value::Int(-1_234)), format!("-{positive}"));
            }
        }
    }

    #[test]
    fn every_locale_has_a_language_id() {
        for locale in Locale::ALL {
            assert!(language_id(locale).is_some(), "{}", locale.tag);
        }
    }
}
