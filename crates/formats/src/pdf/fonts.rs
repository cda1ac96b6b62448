//! The fonts that ship with the program, loaded once: Inter in three weights, with Latin, Greek
//! and Cyrillic. For characters that need no shaping it keeps glyph and advance by character.
//! What they do not have is asked for in `others`.
//! Line breaking and pages are not known here.

use std::{
    borrow::Cow,
    sync::{Arc, OnceLock},
};

use krilla::text::Font;
use parley::{
    FontContext, FontFeature, FontFeatures, FontWeight, LayoutContext, StyleProperty,
    fontique::{Blob, Charmap, Collection, CollectionOptions, SourceCache},
    setting::Tag,
};

/// The family's name, as style sheets give it.
pub(super) const FAMILY: &str = "Inter";

/// How heavy a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// Running text and cells.
    Regular,
    /// Headings and the heads of tables.
    SemiBold,
    /// The title and key figures.
    Bold,
}

impl Weight {
    const ALL: [Self; 3] = [Self::Regular, Self::SemiBold, Self::Bold];

    /// The weight as OpenType counts it.
    pub(super) fn value(self) -> f32 {
        match self {
            Self::Regular => 400.0,
            Self::SemiBold => 600.0,
            Self::Bold => 700.0,
        }
    }

    fn data(self) -> &'static [u8] {
        match self {
            Self::Regular => include_bytes!("../../assets/fonts/Inter-Regular.ttf"),
            Self::SemiBold => include_bytes!("../../assets/fonts/Inter-SemiBold.ttf"),
            Self::Bold => include_bytes!("../../assets/fonts/Inter-Bold.ttf"),
        }
    }
}

/// One glyph of a character that needs no shaping.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SimpleGlyph {
    /// The glyph in the font; 0 means that there is none.
    pub(super) id: u16,
    /// How far the pen moves, in em.
    pub(super) advance: f32,
}

/// Glyphs by character.
pub(super) struct GlyphMap {
    dense: Box<[SimpleGlyph]>,
    sparse: Vec<(char, SimpleGlyph)>,
}

/// Characters below this are looked up by index: Latin, Greek, Cyrillic.
const DENSE: usize = 0x530;
const NO_GLYPH: SimpleGlyph = SimpleGlyph { id: 0, advance: 0.0 };

impl GlyphMap {
    /// The glyph of a character, or `None` when it has to be shaped or has no glyph.
    #[inline]
    pub(super) fn get(&self, c: char) -> Option<SimpleGlyph> {
        let glyph = match self.dense.get(c as usize) {
            Some(glyph) => *glyph,
            None => match self.sparse.binary_search_by_key(&c, |(known, _)| *known) {
                Ok(at) => self.sparse[at].1,
                Err(_) => NO_GLYPH,
            },
        };
        (glyph.id != 0).then_some(glyph)
    }

    fn insert(&mut self, c: char, glyph: SimpleGlyph) {
        match self.dense.get_mut(c as usize) {
            Some(slot) => *slot = glyph,
            None => self.sparse.push((c, glyph)),
        }
    }
}

/// One font file and what is known of its glyphs.
pub(super) struct Face {
    /// For drawing.
    pub(super) font: Font,
    /// Distance from the baseline to the top of the font's box, in em.
    pub(super) ascent: f32,
    /// Distance from the baseline to the bottom of the font's box, in em.
    pub(super) descent: f32,
    blob: u64,
    proportional: GlyphMap,
    tabular: GlyphMap,
}

/// The shipped fonts.
pub(super) struct Fonts {
    faces: [Face; 3],
    context: FontContext,
    characters: Charmap<'static>,
    /// The same fonts for charts.
    pub(super) database: Arc<fontdb::Database>,
}

impl Fonts {
    /// The fonts, loaded at the first call.
    pub(super) fn get() -> &'static Self {
        static FONTS: OnceLock<Fonts> = OnceLock::new();
        FONTS.get_or_init(Self::load)
    }

    /// The face of a weight.
    #[inline]
    pub(super) fn face(&self, weight: Weight) -> &Face {
        &self.faces[weight as usize]
    }

    /// The glyphs of a weight, with digits of one width or not.
    #[inline]
    pub(super) fn glyphs(&self, weight: Weight, tabular: bool) -> &GlyphMap {
        let face = self.face(weight);
        if tabular { &face.tabular } else { &face.proportional }
    }

    /// Whether the fonts have a glyph for a character. All weights have the same ones.
    pub(super) fn covers(&self, c: char) -> bool {
        self.characters.map(c).is_some_and(|glyph| glyph != 0)
    }

    /// The weight whose file a shaped run was set in; `None` when it is none of these.
    pub(super) fn weight_of(&self, blob: u64) -> Option<Weight> {
        Weight::ALL.into_iter().find(|w| self.face(*w).blob == blob)
    }

    /// A context for shaping that knows only these fonts.
    pub(super) fn context(&self) -> FontContext {
        self.context.clone()
    }

    fn load() -> Self {
        let mut context = FontContext {
            collection: Collection::new(CollectionOptions { shared: false, system_fonts: false }),
            source_cache: SourceCache::default(),
        };
        let mut database = fontdb::Database::new();
        let mut characters = None;
        let blobs = Weight::ALL.map(|weight| {
            let data: Arc<dyn AsRef<[u8]> + Send + Sync> = Arc::new(weight.data());
            database.load_font_source(fontdb::Source::Binary(Arc::clone(&data)));
            let blob = Blob::new(data);
            let registered = context.collection.register_fonts(blob.clone(), None);
            let info = registered.iter().flat_map(|(_, fonts)| fonts).next();
            characters = info.and_then(|info| info.charmap_index().charmap(weight.data()));
            blob
        });
        // A chart may name any family: all of them lead here.
        database.set_serif_family(FAMILY);
        database.set_sans_serif_family(FAMILY);
        database.set_cursive_family(FAMILY);
        database.set_fantasy_family(FAMILY);
        database.set_monospace_family(FAMILY);
        let mut layouts = LayoutContext::new();
        let faces = Weight::ALL.map(|weight| {
            let blob = blobs[weight as usize].id();
            load_face(weight, blob, &mut context, &mut layouts)
        });
        let characters = characters.expect("the shipped fonts can be read");
        Self { faces, context, characters, database: Arc::new(database) }
    }
}

fn load_face(weight: Weight, blob: u64, context: &mut FontContext, layouts: &mut LayoutContext<()>) -> Face {
    let (proportional, ascent, descent) = simple_glyphs(weight, false, context, layouts);
    let (tabular, ..) = simple_glyphs(weight, true, context, layouts);
    let font = Font::new(weight.data().into(), 0).expect("the shipped fonts can be read");
    Face { font, ascent, descent, blob, proportional, tabular }
}

/// Shapes every simple character on its own. With `tabular`, digits have one width; points and
/// commas keep theirs, which reads better and lines up as long as columns have fixed decimals.
fn simple_glyphs(
    weight: Weight,
    tabular: bool,
    context: &mut FontContext,
    layouts: &mut LayoutContext<()>,
) -> (GlyphMap, f32, f32) {
    let mut map = GlyphMap { dense: vec![NO_GLYPH; DENSE].into_boxed_slice(), sparse: Vec::new() };
    let text: String = simple_characters().collect();
    let digits = text.find('0').zip(text.find('9')).map(|(first, last)| first..=last).expect("digits are simple");
    let mut builder = layouts.ranged_builder(context, &text, 1.0, false);
    builder.push_default(StyleProperty::FontFamily(FAMILY.into()));
    builder.push_default(StyleProperty::FontSize(1.0));
    builder.push_default(StyleProperty::FontWeight(FontWeight::new(weight.value())));
    builder.push_default(features(&[(b"kern", 0), (b"calt", 0), (b"liga", 0), (b"clig", 0)]));
    if tabular {
        builder.push(
            features(&[(b"kern", 0), (b"calt", 0), (b"liga", 0), (b"clig", 0), (b"tnum", 1)]),
            *digits.start()..*digits.end() + 1,
        );
    }
    let mut layout = builder.build(&text);
    layout.break_all_lines(None);
    let (mut ascent, mut descent) = (0.0_f32, 0.0_f32);
    for run in layout.lines().flat_map(|line| line.runs()) {
        ascent = ascent.max(run.font_metrics().ascent);
        descent = descent.max(run.font_metrics().descent);
        for cluster in run.clusters() {
            let mut characters = text[cluster.text_range()].chars();
            let mut glyphs = cluster.glyphs();
            let (Some(c), None, Some(glyph), None) =
                (characters.next(), characters.next(), glyphs.next(), glyphs.next())
            else {
                continue;
            };
            let plain = glyph.x == 0.0 && glyph.y == 0.0 && !cluster.is_ligature_continuation();
            if let (true, Ok(id @ 1..)) = (plain, u16::try_from(glyph.id)) {
                map.insert(c, SimpleGlyph { id, advance: glyph.advance });
            }
        }
    }
    map.sparse.sort_unstable_by_key(|(c, _)| *c);
    (map, ascent, descent)
}

/// The characters that stand for themselves whatever stands beside them: no marks, no joiners, no
/// right-to-left scripts, nothing invisible. In ascending order.
fn simple_characters() -> impl Iterator<Item = char> {
    const RANGES: &[(u32, u32)] = &[
        (0x20, 0x7e),
        (0xa0, 0xac),
        (0xae, 0x24f),
        (0x370, 0x482),
        (0x48a, 0x52f),
        (0x1e00, 0x1fff),
        (0x2010, 0x2027),
        (0x202f, 0x205e),
        (0x2070, 0x209c),
        (0x20a0, 0x20bf),
        (0x2100, 0x214f),
        (0x2150, 0x218b),
        (0x2190, 0x22ff),
        (0x2460, 0x2468),
        (0x25a0, 0x25ff),
        (0x2605, 0x2606),
        (0x2713, 0x2717),
    ];
    RANGES.iter().flat_map(|(first, last)| *first..=*last).filter_map(char::from_u32)
}

/// Font features as parley takes them.
pub(super) fn features(list: &[(&[u8; 4], u16)]) -> StyleProperty<'static, ()> {
    let features = list.iter().map(|(tag, value)| FontFeature::new(Tag::new(tag), *value)).collect();
    StyleProperty::FontFeatures(FontFeatures::List(Cow::Owned(features)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_characters_have_glyphs_in_every_weight() {
        let fonts = Fonts::get();
        for weight in Weight::ALL {
            for c in "AZaz09 .,;:!?%€£$-–—+()[]/&@#\u{a0}\u{202f}ÄÖÜßéèçñøåłőžșΑΩαωάЖяіїґЂ−▲▼→≥…•".chars()
            {
                for tabular in [false, true] {
                    let glyph = fonts.glyphs(weight, tabular).get(c);
                    assert!(glyph.is_some_and(|g| g.advance > 0.0), "{c:?} in {weight:?}, tabular {tabular}");
                }
            }
        }
    }

    #[test]
    fn tabular_digits_have_one_width_and_other_digits_do_not() {
        let fonts = Fonts::get();
        for weight in Weight::ALL {
            let widths = |tabular| {
                let mut widths: Vec<f32> =
                    ('0'..='9').filter_map(|c| fonts.glyphs(weight, tabular).get(c)).map(|g| g.advance).collect();
                assert_eq!(widths.len(), 10);
                widths.dedup();
                widths.len()
            };
            assert_eq!(widths(true), 1);
            assert!(widths(false) > 1);
            let point = |tabular| fonts.glyphs(weight, tabular).get('.').map(|g| g.advance);
            assert_eq!(point(true), point(false));
        }
    }

    #[test]
    fn what_has_to_be_shaped_is_not_simple() {
        let glyphs = Fonts::get().glyphs(Weight::Regular, false);
        for c in ['\u{301}', '\u{ad}', '\u{200b}', '\u{200d}', '\n', '\t', '\0', 'ש', '日', '\u{fffd}'] {
            assert_eq!(glyphs.get(c), None, "{c:?}");
        }
    }

    #[test]
    fn coverage_is_the_same_in_every_weight() {
        let fonts = Fonts::get();
        assert!(fonts.covers('A') && fonts.covers('Ж') && fonts.covers('□') && fonts.covers('\u{301}'));
        assert!(!fonts.covers('日') && !fonts.covers('ש') && !fonts.covers('\u{fffd}'));
        for c in simple_characters() {
            let known = Weight::ALL.map(|weight| fonts.glyphs(weight, false).get(c).is_some());
            assert_eq!(known, [fonts.covers(c); 3], "{c:?}");
        }
    }

    #[test]
    fn the_font_box_is_known_and_weights_are_told_apart() {
        let fonts = Fonts::get();
        for weight in Weight::ALL {
            let face = fonts.face(weight);
            assert!((0.9..1.1).contains(&face.ascent), "{}", face.ascent);
            assert!((0.2..0.3).contains(&face.descent), "{}", face.descent);
            assert_eq!(fonts.weight_of(face.blob), Some(weight));
        }
    }
}
