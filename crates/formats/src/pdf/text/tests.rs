//! Line breaking of simple and shaped text.

use proptest::prelude::*;

use super::*;
use crate::pdf::fonts::Weight;

const CELL: Style = Style::cell(Weight::Regular, 8.5);
const FINE: Style = Style::fine(Weight::Regular, 8.5);

fn lines(text: &str, style: Style, width: Option<f32>) -> Vec<String> {
    let set = Typesetter::shipped().set_new(text, style, width);
    lines_of(&set)
}

/// The text of every line, as its glyphs name it.
fn lines_of(set: &Set) -> Vec<String> {
    let glyphs = |line: &Line| set.runs[line.runs.clone()].iter().flat_map(|run| &set.glyphs[run.glyphs.clone()]);
    let text = |line: &Line| glyphs(line).map(|g| &set.text[g.start as usize..g.end as usize]).collect();
    set.lines.iter().map(text).collect()
}

#[test]
fn words_wrap_after_spaces_and_inside_hyphenated_words() {
    for style in [CELL, FINE] {
        assert_eq!(lines("one two three", style, Some(38.0)), ["one two ", "three"]);
        assert_eq!(lines("one two three", style, None), ["one two three"]);
        assert_eq!(lines("one-two-three", style, Some(38.0)), ["one-two-", "three"]);
        assert_eq!(lines("", style, Some(38.0)), [""]);
        assert_eq!(lines("a\n\nb", style, Some(38.0)).len(), 3);
    }
}

#[test]
fn numbers_and_dates_stay_whole_as_long_as_they_can() {
    assert_eq!(lines("from -12 to 2026-10-31", CELL, Some(60.0)), ["from -12 to ", "2026-10-31"]);
    assert_eq!(lines("1/2 and/or", CELL, Some(30.0)), ["1/2 ", "and/or"]);
}

#[test]
fn a_word_wider_than_its_column_is_broken_anywhere() {
    for style in [CELL, FINE] {
        let set = Typesetter::shipped().set_new(&"W".repeat(60), style, Some(40.0));
        assert!(set.lines.len() > 10);
        assert!(set.width() <= 40.1);
        assert_eq!(lines_of(&set).concat(), "W".repeat(60));
    }
}

#[test]
fn nothing_fits_into_no_width_and_still_nothing_is_lost() {
    for style in [CELL, FINE] {
        assert_eq!(lines("abc def", style, Some(0.0)).concat().replace(' ', ""), "abcdef");
    }
}

#[test]
fn simple_and_shaped_cells_take_the_same_room() {
    let mut setter = Typesetter::shipped();
    for text in ["1,234,567.89", "Ünïcødé", "Ελλάδα", "Москва", "$9.50", "-12%"] {
        let simple = setter.set_new(text, CELL, None);
        let mut shaped = Set::default();
        setter.shape(text, CELL, None, &mut shaped);
        // Shaping kerns and gives points the width of digits: close, not the same.
        assert!((simple.width() - shaped.width()).abs() < 0.15 * simple.width(), "{text}");
        let extent = setter.extent(text, Weight::Regular);
        assert!((extent.widest * CELL.size - simple.width()).abs() < 0.01, "{text}");
    }
}

#[test]
fn marks_are_shaped_onto_their_letters() {
    let mut setter = Typesetter::shipped();
    let composed = setter.set_new("é", CELL, None);
    let marked = setter.set_new("e\u{301}", CELL, None);
    assert_eq!(marked.lines.len(), 1);
    assert!((composed.width() - marked.width()).abs() < 0.5, "{} {}", composed.width(), marked.width());
    assert!(setter.missing().is_empty());
}

#[test]
fn characters_without_a_glyph_are_remembered_once() {
    let mut setter = Typesetter::shipped();
    for _ in 0..2 {
        let set = setter.set_new("日本 and ש", CELL, None);
        assert!(set.width() > 0.0);
        assert_eq!(set.text, "日本 and ש");
        let _ = setter.extent("本日\u{200b}\u{feff}\t", Weight::SemiBold);
    }
    assert_eq!(setter.missing().iter().collect::<String>(), "ש日本");
}

#[test]
fn a_character_without_a_glyph_is_drawn_as_its_code_and_copied_as_itself() {
    let mut setter = Typesetter::shipped();
    let one = setter.set_new("日本x", CELL, None);
    let other = setter.set_new("日木x", CELL, None);
    let drawn = |set: &Set| set.glyphs.iter().map(|glyph| glyph.id).collect::<Vec<_>>();
    assert_ne!(drawn(&one), drawn(&other), "two names look like two");
    let code = setter.set_new("[65E5 672C]x", CELL, None);
    assert!((one.width() - code.width()).abs() < 0.5, "{} {}", one.width(), code.width());
    // Each glyph stands for the whole character that it is a part of.
    let pieces: Vec<&str> = one.glyphs.iter().map(|g| &one.text[g.start as usize..g.end as usize]).collect();
    assert_eq!(pieces, ["日", "日", "日", "日", "日", "本", "本", "本", "本", "本", "本", "x"]);
}

#[test]
fn control_characters_are_spaces() {
    let set = Typesetter::shipped().set_new("a\tb\u{0}c\r\nd\u{2028}e", CELL, None);
    assert_eq!(set.text, "a b c\nd\ne");
    assert_eq!(set.lines.len(), 3);
    assert!(set.glyphs.iter().all(|g| g.id != 0), "{:?}", set.glyphs);
}

#[test]
fn shortened_text_ends_with_an_ellipsis() {
    let mut setter = Typesetter::shipped();
    let whole = setter.set_shortened("short", FINE, 100.0);
    assert_eq!(whole.text, "short");
    let cut = setter.set_shortened(&"Ein langer Titel ".repeat(20), FINE, 100.0);
    assert!(cut.text.starts_with("Ein langer") && cut.text.ends_with('…'), "{}", cut.text);
    assert!(cut.width() <= 100.0 && cut.width() > 85.0, "{}", cut.width());
    assert_eq!(setter.set_shortened("anything", FINE, 0.0).text, "…");
}

proptest! {
    #[test]
    fn simple_text_is_kept_and_fits(text in "[ -~äßéΩЖ–\n]{0,120}", width in 5.0_f32..200.0) {
        let set = Typesetter::shipped().set_new(&text, CELL, Some(width));
        prop_assert_eq!(lines_of(&set).concat(), text.replace('\n', ""));
        prop_assert_eq!(set.lines.len() > text.matches('\n').count(), true);
        for line in &set.lines {
            let visible = set.runs[line.runs.clone()]
                .iter()
                .flat_map(|run| &set.glyphs[run.glyphs.clone()])
                .filter(|g| &set.text[g.start as usize..g.end as usize] != " ")
                .count();
            prop_assert!(line.width <= width + 0.02 || visible <= 1, "{} > {width}", line.width);
        }
        let extent = Typesetter::shipped().extent(&text, Weight::Regular);
        let unbroken = Typesetter::shipped().set_new(&text, CELL, None);
        prop_assert!((extent.widest * CELL.size - unbroken.width()).abs() < 0.05);
        prop_assert_eq!(extent.breaks, text.contains('\n'));
        let roomy = Typesetter::shipped().set_new(&text, CELL, Some(extent.widest * CELL.size));
        prop_assert_eq!(roomy.lines.len(), unbroken.lines.len());
    }

    #[test]
    fn any_text_at_all_can_be_set(text in "\\PC{0,40}", raw in any::<String>(), width in 0.0_f32..80.0) {
        let mut setter = Typesetter::shipped();
        for text in [&text, &raw] {
            for style in [CELL, FINE] {
                let set = setter.set_new(text, style, Some(width));
                prop_assert!(!set.lines.is_empty());
                for glyph in &set.glyphs {
                    prop_assert!(set.text.get(glyph.start as usize..glyph.end as usize).is_some());
                    prop_assert!(glyph.advance.is_finite() && glyph.dx.is_finite() && glyph.dy.is_finite());
                }
            }
        }
    }
}
