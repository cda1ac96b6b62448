//! Fonts that a document brings, for characters that the shipped ones lack. Each is loaded when a
//! character asks for it, and stands behind the shipped fonts in the document's order, whichever
//! character came first: equal documents look equal. Lines and pages are not known here.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    rc::Rc,
    sync::Arc,
};

use krilla::text::{Font, Tag};
use parley::{
    FontContext,
    fontique::{Blob, FontInfoOverride},
};
use punctual_document::fonts::{FontData, Fonts as Library};

use super::fonts::{FAMILY, Fonts, Weight};

/// A font that glyphs are drawn in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FontId {
    /// One that ships with the program.
    Shipped(Weight),
    /// One of the document's, by its place among the faces.
    Other(usize),
}

/// Where a face comes from: the file in memory, the font in it, and where on its axes.
type Origin = (u64, u32, Vec<([u8; 4], u32)>);

/// The faces that were used so far; shared by whoever sets text and whoever draws it.
#[derive(Clone, Default)]
pub(super) struct Faces(Rc<RefCell<Used>>);

#[derive(Default)]
struct Used {
    faces: Vec<(Origin, Font)>,
    /// The glyph of a space, by file in memory and font in it.
    spaces: HashMap<(u64, u32), u32>,
}

impl Faces {
    /// The font of a face; `None` for shipped ones.
    pub(super) fn font(&self, id: FontId) -> Option<Font> {
        let FontId::Other(index) = id else { return None };
        self.0.borrow().faces.get(index).map(|(_, font)| font.clone())
    }

    /// The glyph of a space in a face.
    pub(super) fn space(&self, id: FontId) -> Option<u32> {
        let FontId::Other(index) = id else { return None };
        let used = self.0.borrow();
        let ((file, font, _), _) = used.faces.get(index)?;
        used.spaces.get(&(*file, *font)).copied()
    }

    fn of(&self, origin: Origin, data: &Blob<u8>) -> Option<FontId> {
        let faces = &mut self.0.borrow_mut().faces;
        if let Some(known) = faces.iter().position(|(known, _)| *known == origin) {
            return Some(FontId::Other(known));
        }
        let axes: Vec<(Tag, f32)> = origin.2.iter().map(|(axis, at)| (Tag::new(axis), f32::from_bits(*at))).collect();
        let bytes: Arc<dyn AsRef<[u8]> + Send + Sync> = Arc::new(data.clone());
        let font = Font::new_variable(bytes.into(), origin.1, &axes)?;
        faces.push((origin, font));
        Some(FontId::Other(faces.len() - 1))
    }
}

/// The document's fonts, and what is known of them.
pub(super) struct Others {
    library: Arc<dyn Library>,
    /// Characters that were asked for: whether a font has them.
    asked: HashMap<char, bool>,
    /// The fonts that are loaded, by rank; `None` for a file that cannot be used.
    loaded: BTreeMap<usize, Option<Arc<Vec<u8>>>>,
    /// The families of all fonts that text is set in, as a style sheet lists them.
    families: String,
    /// The shipped fonts and the loaded ones, for charts.
    database: Option<Arc<fontdb::Database>>,
    faces: Faces,
}

impl Others {
    pub(super) fn new(library: Arc<dyn Library>) -> Self {
        Self {
            library,
            asked: HashMap::new(),
            loaded: BTreeMap::new(),
            families: FAMILY.to_owned(),
            database: None,
            faces: Faces::default(),
        }
    }

    /// Whether a font has the character; it is loaded when it has.
    pub(super) fn cover(&mut self, c: char, context: &mut FontContext) -> bool {
        if let Some(known) = self.asked.get(&c) {
            return *known;
        }
        let covered = match self.library.covering(c) {
            Some(font) => self.load(&font, context),
            None => false,
        };
        self.asked.insert(c, covered);
        covered
    }

    fn load(&mut self, font: &FontData, context: &mut FontContext) -> bool {
        if let Some(known) = self.loaded.get(&font.rank) {
            return known.is_some();
        }
        let readable = Font::new(Arc::clone(&font.bytes).into(), 0).is_some();
        let blob = Blob::new(Arc::clone(&font.bytes) as Arc<dyn AsRef<[u8]> + Send + Sync>);
        let name = family(font.rank);
        let named = FontInfoOverride { family_name: Some(&name), ..FontInfoOverride::default() };
        let registered = match readable {
            true => context.collection.register_fonts(blob.clone(), Some(named)),
            false => Vec::new(),
        };
        let usable = !registered.is_empty();
        for info in registered.iter().flat_map(|(_, fonts)| fonts) {
            let space = info.charmap_index().charmap(blob.as_ref()).and_then(|map| map.map(' '));
            if let Some(space) = space.filter(|glyph| *glyph != 0) {
                self.faces.0.borrow_mut().spaces.insert((blob.id(), info.index()), space);
            }
        }
        self.loaded.insert(font.rank, usable.then(|| Arc::clone(&font.bytes)));
        let ranks = self.loaded.iter().filter(|(_, bytes)| bytes.is_some()).map(|(rank, _)| family(*rank));
        self.families = std::iter::once(FAMILY.to_owned()).chain(ranks).collect::<Vec<_>>().join(", ");
        self.database = None;
        usable
    }

    /// The families of all fonts, the shipped ones first.
    pub(super) fn families(&self) -> &str {
        &self.families
    }

    /// The faces that were used so far.
    pub(super) fn faces(&self) -> Faces {
        self.faces.clone()
    }

    /// The face of a run that was set in none of the shipped fonts.
    pub(super) fn face_of(
        &self,
        data: &Blob<u8>,
        index: u32,
        axes: impl Iterator<Item = ([u8; 4], f32)>,
    ) -> Option<FontId> {
        let axes = axes.map(|(axis, at)| (axis, at.to_bits())).collect();
        self.faces.of((data.id(), index, axes), data)
    }

    /// All fonts for charts, in the order that they are asked in.
    pub(super) fn database(&mut self, shipped: &Fonts) -> Arc<fontdb::Database> {
        let loaded: Vec<_> = self.loaded.values().flatten().cloned().collect();
        if loaded.is_empty() {
            return Arc::clone(&shipped.database);
        }
        let database = self.database.get_or_insert_with(|| {
            let mut all = fontdb::Database::clone(&shipped.database);
            for bytes in loaded {
                all.load_font_source(fontdb::Source::Binary(bytes));
            }
            Arc::new(all)
        });
        Arc::clone(database)
    }
}

/// A name that no font has for itself.
fn family(rank: usize) -> String {
    format!("Other-{rank}")
}
