//! The writer's behaviour by locale, and as properties.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array, StringArray,
    TimestampMicrosecondArray, UInt64Array,
};
use jiff::civil::date;
use proptest::prelude::*;
use punctual_model::value::Decimal;

use super::*;

fn writer(tag: &str, style: Style) -> Writer {
    Writer { style, locale: Locale::by_tag(tag).expect("known") }
}

fn number(tag: &str, decimals: u8, value: f64) -> String {
    writer(tag, Style::Number { decimals }).write(&Value::Double(value))
}

fn amount(tag: &str, code: &str, value: f64) -> String {
    let decimals = crate::locale::minor_units(code);
    writer(tag, Style::Currency { code: code.to_owned(), decimals }).write(&Value::Double(value))
}

#[test]
fn numbers_follow_cldr() {
    let cases = [
        ("en-US", "1,234.50", "-1,234,567.89"),
        ("en-GB", "1,234.50", "-1,234,567.89"),
        ("de-DE", "1.234,50", "-1.234.567,89"),
        ("fr-FR", "1\u{202f}234,50", "-1\u{202f}234\u{202f}567,89"),
        ("es-ES", "1234,50", "-1.234.567,89"),
    ];
    for (tag, small, large) in cases {
        assert_eq!(number(tag, 2, 1234.5), small);
        assert_eq!(number(tag, 2, -1_234_567.891), large);
    }
    assert_eq!(number("es-ES", 0, 12_345.0), "12.345");
    assert_eq!(number("en-US", 0, 999.5), "1,000");
    assert_eq!(number("en-US", 0, f64::NEG_INFINITY), "-∞");
    assert_eq!(number("en-US", 0, f64::NAN), "NaN");
}

#[test]
fn amounts_follow_cldr_and_iso_4217() {
    let cases = [
        ("en-US", ["-$12,345.67", "-€12,345.67", "-£12,345.67", "-¥12,346", "-CHF\u{a0}12,345.67"]),
        ("en-GB", ["-US$12,345.67", "-€12,345.67", "-£12,345.67", "-JP¥12,346", "-CHF\u{a0}12,345.67"]),
        (
            "de-DE",
            ["-12.345,67\u{a0}$", "-12.345,67\u{a0}€", "-12.345,67\u{a0}£", "-12.346\u{a0}¥", "-12.345,67\u{a0}CHF"],
        ),
        (
            "es-ES",
            [
                "-12.345,67\u{a0}US$",
                "-12.345,67\u{a0}€",
                "-12.345,67\u{a0}GBP",
                "-12.346\u{a0}JPY",
                "-12.345,67\u{a0}CHF",
            ],
        ),
    ];
    for (tag, expected) in cases {
        assert_eq!(["USD", "EUR", "GBP", "JPY", "CHF"].map(|code| amount(tag, code, -12_345.67)), expected);
    }
    assert_eq!(amount("fr-FR", "USD", 1.0), "1,00\u{a0}$US");
    assert_eq!(amount("en-US", "KWD", 1.5), "KWD\u{a0}1.500");
}

#[test]
fn percentages_are_exact_on_decimals() {
    let percent = |tag, value| writer(tag, Style::Percent { decimals: 1 }).write(&value);
    assert_eq!(percent("en-US", Value::Decimal(Decimal { digits: 12345, scale: 5 })), "12.3%");
    assert_eq!(percent("en-US", Value::Decimal(Decimal { digits: -1235, scale: 4 })), "-12.4%");
    assert_eq!(percent("de-DE", Value::Double(0.25)), "25,0\u{a0}%");
    assert_eq!(percent("es-ES", Value::Int(12)), "1200,0\u{a0}%");
    assert_eq!(percent("en-US", Value::Double(-0.0004)), "0.0%");
}

#[test]
fn dates_and_instants_are_written_in_the_zone_given() {
    let at: Timestamp = "2026-11-01T04:30:00Z".parse().expect("an instant");
    let chicago = Style::DateTime { zone: "America/Chicago".to_owned() };
    assert_eq!(writer("en-US", chicago).write(&Value::Instant(at)), "Oct 31, 2026, 11:30 PM");
    assert_eq!(writer("en-GB", Style::Date).write(&Value::Instant(at)), "1 Nov 2026, 04:30 UTC");
    assert_eq!(writer("de-DE", Style::Date).write(&Value::Date(date(2026, 10, 5))), "05.10.2026");
    let local = Value::Local(date(2026, 10, 5).at(9, 0, 0, 0));
    assert_eq!(writer("fr-FR", Style::Date).write(&local), "5 oct. 2026");
    assert_eq!(writer("fr-FR", Style::DateTime { zone: "UTC".to_owned() }).write(&local), "5 oct. 2026, 09:00");
}

#[test]
fn text_is_left_as_it_is() {
    let text = writer("de-DE", Style::Text);
    assert_eq!(text.write(&Value::Int(-1_234_567)), "-1234567");
    assert_eq!(text.write(&Value::Decimal(Decimal { digits: 120, scale: 2 })), "1.20");
    assert_eq!(text.write(&Value::Double(-0.0)), "0");
    assert_eq!(text.write(&Value::Date(date(2026, 10, 5))), "2026-10-05");
    assert_eq!(text.write(&Value::Bool(true)), "true");
    assert_eq!(writer("de-DE", Style::Bool).write(&Value::Bool(true)), "Ja");
    assert_eq!(writer("de-DE", Style::Number { decimals: 2 }).write(&Value::Text("n/a".into())), "n/a");
    assert_eq!(writer("de-DE", Style::Date).write(&Value::Int(1500)), "1500");
    assert_eq!(text.write(&Value::Null), "");
}

#[test]
fn cells_of_every_type_are_written_as_their_values() {
    let decimals: ArrayRef =
        Arc::new(Decimal128Array::from(vec![Some(-123_456), None]).with_precision_and_scale(18, 2).expect("fits"));
    let n = writer("en-US", Style::Number { decimals: 1 });
    assert_eq!(n.write_at(&decimals, 0), "-1,234.6");
    assert_eq!(n.write_at(&decimals, 1), "");
    let cases: [(ArrayRef, &str); 7] = [
        (Arc::new(Int64Array::from(vec![1234])), "1,234.0"),
        (Arc::new(Int32Array::from(vec![-7])), "-7.0"),
        (Arc::new(UInt64Array::from(vec![7_000])), "7,000.0"),
        (Arc::new(Float64Array::from(vec![0.25])), "0.3"),
        (Arc::new(StringArray::from(vec!["web"])), "web"),
        (Arc::new(Date32Array::from(vec![20_731])), "Oct 5, 2026"),
        (Arc::new(TimestampMicrosecondArray::from(vec![1_000_000])), "Jan 1, 1970, 12:00 AM"),
    ];
    for (array, expected) in cases {
        assert_eq!(n.write_at(&array, 0), expected);
    }
}

#[test]
fn a_type_has_its_writer() {
    let zone: Zone = "Europe/Berlin".parse().expect("known");
    let locale = Locale::by_tag("de-DE").expect("known");
    let style = |kind: DataType| Writer::for_type(&kind, locale, &zone).style;
    assert_eq!(style(DataType::Int64), Style::Number { decimals: 0 });
    assert_eq!(style(DataType::Decimal128(18, 4)), Style::Number { decimals: 4 });
    assert_eq!(style(DataType::Float64), Style::Number { decimals: 2 });
    assert_eq!(style(DataType::Date32), Style::Date);
    assert_eq!(style(DataType::Utf8View), Style::Text);
    let zoned = DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, Some("UTC".into()));
    assert_eq!(style(zoned), Style::DateTime { zone: "Europe/Berlin".to_owned() });
}

fn ungrouped(text: &str, locale: &Locale) -> String {
    text.chars().filter(|c| *c != locale.group).map(|c| if c == locale.decimal { '.' } else { c }).collect()
}

proptest! {
    #[test]
    fn a_decimal_reads_back_as_it_was(digits in any::<i128>(), scale in 0_u8..=38, locale in 0_usize..5) {
        let locale = Locale::ALL[locale];
        let decimal = Decimal { digits, scale };
        let text = Writer { style: Style::Number { decimals: scale }, locale }.write(&Value::Decimal(decimal));
        prop_assert_eq!(ungrouped(&text, locale), decimal.to_string());
    }

    #[test]
    fn groups_hold_three_digits(value in any::<i64>(), locale in 0_usize..5) {
        let locale = Locale::ALL[locale];
        let text = Writer { style: Style::Number { decimals: 0 }, locale }.write(&Value::Int(value));
        let groups: Vec<&str> = text.trim_start_matches('-').split(locale.group).collect();
        if groups.len() > 1 {
            prop_assert!((1..=3).contains(&groups[0].len()));
            prop_assert!(groups[1..].iter().all(|g| g.len() == 3));
        } else {
            prop_assert!(groups[0].len() < 3 + usize::from(locale.minimum_grouping));
        }
    }

    #[test]
    fn rounding_errs_by_half_a_unit_at_most(digits in -1_000_000_000_i128..1_000_000_000, decimals in 0_u8..6) {
        let writer = writer("en-US", Style::Number { decimals });
        let text = ungrouped(&writer.write(&Value::Decimal(Decimal { digits, scale: 6 })), writer.locale);
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let written: i128 = format!("{whole}{fraction}").parse().expect("digits");
        let unit = 10_i128.pow(6 - u32::from(decimals));
        prop_assert!((written * unit - digits).abs() * 2 <= unit);
        prop_assert!(!text.starts_with("-0") || written != 0);
    }

    #[test]
    fn a_double_reads_as_the_decimal_with_the_same_digits(cents in -1_000_000_000_i64..1_000_000_000, decimals in 0_u8..4) {
        let writer = writer("en-US", Style::Number { decimals });
        let exact = Value::Decimal(Decimal { digits: cents.into(), scale: 3 });
        prop_assert_eq!(writer.write(&Value::Double(cents as f64 / 1000.0)), writer.write(&exact));
    }
}

#[test]
fn what_a_text_shows_is_known_as_a_number() {
    let units = |style: Style, value: Value| {
        let locale = Locale::by_tag("en-US").expect("known");
        Writer { style, locale }.shown_units(&value)
    };
    let number = |decimals| Style::Number { decimals };
    assert_eq!(units(number(2), Value::Double(-12.345)), Some(-1235));
    assert_eq!(units(number(0), Value::Double(0.4)), Some(0));
    assert_eq!(units(number(2), Value::Double(0.056)), Some(6));
    assert_eq!(units(number(2), Value::Int(120)), Some(12_000));
    assert_eq!(units(number(1), Value::Decimal(Decimal { digits: 1_995, scale: 2 })), Some(200));
    assert_eq!(units(Style::Percent { decimals: 1 }, Value::Double(0.1256)), Some(126));
    assert_eq!(units(Style::Text, Value::Int(1)), None);
}
