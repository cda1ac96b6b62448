//! Scripts that the shipped font lacks: set in the fonts that a document brings, or shown as codes
//! and told. The fonts are three small ones of Debian's.

use std::{collections::BTreeSet, sync::Arc};

use arrow::array::StringArray;
use punctual_document::{
    content::{Body, ChartKind, Document},
    fonts::{FontData, Fonts, ShippedOnly},
    format::Format as _,
    write::Style,
};
use punctual_formats::pdf::PDF;
use punctual_model::value::Value;

use super::Written;
use crate::fixtures as f;

const NAMES: [&str; 5] = ["山田太郎 株式会社", "شركة النخيل", "हिन्दी कंपनी", "Łódź, Größe, Москва", "Party 🎉 shop"];

/// Fonts of Debian's packages, each for one script.
#[derive(Debug)]
struct Installed;

impl Installed {
    const FILES: [(&str, std::ops::RangeInclusive<char>); 3] = [
        ("/usr/share/fonts/opentype/fonts-hosny-amiri/Amiri-Regular.ttf", '\u{600}'..='\u{6ff}'),
        ("/usr/share/fonts/truetype/lohit-devanagari/Lohit-Devanagari.ttf", '\u{900}'..='\u{97f}'),
        ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", '\u{3000}'..='\u{9fff}'),
    ];
}

impl Fonts for Installed {
    fn covering(&self, character: char) -> Option<FontData> {
        let rank = Self::FILES.iter().position(|(_, range)| range.contains(&character))?;
        let path = Self::FILES[rank].0;
        let bytes = std::fs::read(path)
            .unwrap_or_else(|error| panic!("{path} is needed (scripts/install-packages.sh): {error}"));
        Some(FontData { rank, name: path.to_owned(), bytes: Arc::new(bytes) })
    }
}

fn document(fonts: Arc<dyn Fonts>, names: &[&str]) -> Document {
    let x = names.iter().map(|name| f::cell(&f::writer(Style::Text), Value::Text((*name).to_owned()))).collect();
    let points = (1..=names.len()).map(|n| Some(n as f64)).collect();
    let bars = vec![f::series("n", "売上", "#1d4ed8", points, f::number(0))];
    let columns = vec![f::column("name", "नाम", Style::Text), f::column("again", "Again", Style::Text)];
    let texts = || Arc::new(StringArray::from(names.to_vec()));
    let mut document = f::document(vec![
        f::section("bars", None, Body::Chart(f::chart(ChartKind::Bar, "Name", x, bars))),
        f::section("rows", Some("नमस्ते"), Body::Table(f::table(columns, vec![texts(), texts()]))),
    ]);
    document.head.title = "売上レポート (sales)".into();
    document.fonts = fonts;
    document
}

fn bytes(document: &Document) -> (Vec<u8>, BTreeSet<char>) {
    let mut bytes = Vec::new();
    let written = PDF.write(document, &mut bytes).expect("the document can be written");
    (bytes, written.without_glyph)
}

#[test]
fn other_scripts_are_set_in_the_fonts_that_a_document_brings() {
    let document = document(Arc::new(Installed), &NAMES);
    let pdf = Written::new(&document);
    let fonts = pdf.run("pdffonts", &[], &[]);
    for font in ["Inter", "Amiri", "Lohit", "WenQuanYi"] {
        assert!(fonts.contains(font), "{font}: {fonts}");
    }
    let text = pdf.pages().concat();
    for name in ["山田太郎 株式会社", "売上レポート", "Москва"] {
        assert!(text.contains(name), "{name}: {text}");
    }
    // Only the emoji is in none of these fonts.
    assert_eq!(bytes(&document).1, BTreeSet::from(['🎉']));
}

#[test]
fn letters_join_and_stack_as_their_script_does() {
    let width = |text: &str| {
        let column = vec![f::column("name", "Name", Style::Text)];
        let table = f::table(column, vec![Arc::new(StringArray::from(vec![text]))]);
        let mut document = f::document(vec![f::section("rows", None, Body::Table(table))]);
        document.fonts = Arc::new(Installed);
        let first = text.chars().next().expect("a letter");
        let pages = Written::new(&document).words();
        let words = pages.iter().flat_map(|page| &page.words).filter(|word| word.text.contains(first));
        words.map(|word| word.right - word.left).fold(0.0_f32, f32::max)
    };
    // A non-joiner keeps letters apart, which takes more room.
    for (joined, apart) in [("ببببب", "ب\u{200c}ب\u{200c}ب\u{200c}ب\u{200c}ب"), ("क्षक्ष", "क्\u{200c}षक्\u{200c}ष")]
    {
        let (joined, apart) = (width(joined), width(apart));
        assert!(joined > 5.0 && joined < apart - 1.0, "{joined} {apart}");
    }
}

#[test]
fn equal_documents_have_equal_bytes_with_other_fonts_too() {
    let of = |names: &[&str]| bytes(&document(Arc::new(Installed), names)).0;
    assert_eq!(of(&NAMES), of(&NAMES));
    // Fonts that nothing is set in leave no trace.
    let latin = |fonts: Arc<dyn Fonts>| {
        let mut document = f::typical();
        document.fonts = fonts;
        bytes(&document).0
    };
    assert_eq!(latin(Arc::new(Installed)), latin(Arc::new(ShippedOnly)));
}

#[test]
fn what_has_no_glyph_is_told_and_two_names_stay_two() {
    let mut document = document(Arc::new(ShippedOnly), &["山田太郎", "山田花子"]);
    document.sections.remove(0);
    let (bytes, without_glyph) = bytes(&document);
    assert!("山田太郎花子नमस्ते".chars().all(|c| without_glyph.contains(&c)), "{without_glyph:?}");
    assert!(!without_glyph.contains(&'A'));
    // What is drawn are digits and brackets, which the shipped font has; what is copied are the names.
    let text = Written::new(&document).pages().concat();
    assert!(text.contains("山田太郎") && text.contains("山田花子"), "{text}");
    assert!(text.contains("U+5C71"), "{text}");
    let fonts = Written::new(&document).run("pdffonts", &[], &[]);
    assert_eq!(fonts.lines().filter(|line| line.contains("Inter")).count(), fonts.lines().count() - 2, "{fonts}");
    assert!(!bytes.is_empty());
}
