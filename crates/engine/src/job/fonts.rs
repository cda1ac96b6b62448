//! The fonts that a job may use, from the child's side: which of them has a character. Of a font that
//! is only asked, its table of characters is read and nothing else.

use std::{
    collections::HashMap,
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::Path,
    sync::{Arc, Mutex, OnceLock},
};

use punctual_document::fonts::{FontData, Fonts};

use crate::fonts::FontFile;

/// A font that is larger than this is not loaded.
const LARGEST: u64 = 64 * 1024 * 1024;
/// A table of characters has far fewer bytes.
const LARGEST_MAP: u32 = 8 * 1024 * 1024;

/// The offered fonts. Documents that are made at the same time share what was read.
pub(super) struct OfferedFonts {
    fonts: Vec<Offered>,
    /// Which font has a character.
    asked: Mutex<HashMap<char, Option<usize>>>,
}

struct Offered {
    file: FontFile,
    coverage: OnceLock<Coverage>,
    bytes: OnceLock<Option<Arc<Vec<u8>>>>,
}

/// Ranges of code points, in order; none for a font that cannot be used.
#[derive(Debug, Default, PartialEq, Eq)]
struct Coverage(Vec<(u32, u32)>);

impl std::fmt::Debug for OfferedFonts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OfferedFonts").field("fonts", &self.fonts.len()).finish_non_exhaustive()
    }
}

impl OfferedFonts {
    pub(super) fn new(files: &[FontFile]) -> Self {
        let offered =
            |file: &FontFile| Offered { file: file.clone(), coverage: OnceLock::new(), bytes: OnceLock::new() };
        Self { fonts: files.iter().map(offered).collect(), asked: Mutex::new(HashMap::new()) }
    }

    fn rank_of(&self, character: char) -> Option<usize> {
        // A thread that died while it held the answers leaves them whole.
        let mut asked = self.asked.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *asked.entry(character).or_insert_with(|| {
            let has = |font: &Offered| font.coverage().has(character) && font.bytes().is_some();
            self.fonts.iter().position(has)
        })
    }
}

impl Fonts for OfferedFonts {
    fn covering(&self, character: char) -> Option<FontData> {
        let rank = self.rank_of(character)?;
        let font = self.fonts.get(rank)?;
        let name = font.file.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Some(FontData { rank, name, bytes: font.bytes()? })
    }
}

impl Offered {
    fn coverage(&self) -> &Coverage {
        // A file that is no font, or gone since it was offered, has no characters.
        self.coverage.get_or_init(|| Coverage::read(&self.file.path).unwrap_or_default())
    }

    fn bytes(&self) -> Option<Arc<Vec<u8>>> {
        self.bytes
            .get_or_init(|| {
                let small = std::fs::metadata(&self.file.path).is_ok_and(|file| file.len() <= LARGEST);
                small.then(|| std::fs::read(&self.file.path).ok().map(Arc::new)).flatten()
            })
            .clone()
    }
}

impl Coverage {
    fn has(&self, character: char) -> bool {
        let code = u32::from(character);
        let after = self.0.partition_point(|(first, _)| *first <= code);
        after > 0 && self.0[after - 1].1 >= code
    }

    /// Reads the characters of a file's first font. `None` when it has no outlines: a font of pictures
    /// alone cannot be set in a PDF.
    fn read(path: &Path) -> Option<Self> {
        let mut file = File::open(path).ok()?;
        let mut start = 0;
        let mut head = read(&mut file, 0, 16)?;
        if head.starts_with(b"ttcf") {
            start = number(&head, 12)?;
            head = read(&mut file, start, 16)?;
        }
        let tables = u32::from(u16::from_be_bytes(head.get(4..6)?.try_into().ok()?));
        let records = read(&mut file, start + 12, tables * 16)?;
        let table = |tag: &[u8; 4]| records.chunks_exact(16).find(|record| record.starts_with(tag));
        table(b"glyf").or_else(|| table(b"CFF ")).or_else(|| table(b"CFF2"))?;
        let map = table(b"cmap")?;
        let (offset, length) = (number(map, 8)?, number(map, 12)?);
        if length > LARGEST_MAP {
            return None;
        }
        let bytes = read(&mut file, offset, length)?;
        let map = ttf_parser::cmap::Table::parse(&bytes)?;
        let mut codes = Vec::new();
        for subtable in map.subtables.into_iter().filter(ttf_parser::cmap::Subtable::is_unicode) {
            subtable.codepoints(|code| {
                if subtable.glyph_index(code).is_some_and(|glyph| glyph.0 != 0) {
                    codes.push(code);
                }
            });
        }
        codes.sort_unstable();
        Some(Self(ranges(&codes)))
    }
}

/// Sorted numbers as ranges.
fn ranges(codes: &[u32]) -> Vec<(u32, u32)> {
    let runs = codes.chunk_by(|a, b| *b - *a <= 1);
    runs.filter_map(|run| Some((*run.first()?, *run.last()?))).collect()
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn read(file: &mut File, at: u32, length: u32) -> Option<Vec<u8>> {
    file.seek(SeekFrom::Start(at.into())).ok()?;
    let mut bytes = vec![0; usize::try_from(length).ok()?];
    file.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_share_a_range() {
        let coverage = Coverage(ranges(&[1, 2, 2, 3, 7, 9, 10]));
        assert_eq!(coverage.0, [(1, 3), (7, 7), (9, 10)]);
        let known: Vec<u32> = (0..12).filter(|code| coverage.has(char::from_u32(*code).expect("ASCII"))).collect();
        assert_eq!(known, [1, 2, 3, 7, 9, 10]);
    }

    #[test]
    fn what_is_no_font_has_no_characters() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        for bytes in [&b""[..], b"wOF2", b"ttcf\0\0\0\0\0\0\0\0\xff\xff\xff\xff", b"\0\x01\0\0\xff\xff\0\0\0\0\0\0"] {
            std::fs::write(file.path(), bytes).expect("written");
            assert_eq!(Coverage::read(file.path()), None, "{bytes:?}");
        }
        let gone = FontFile { path: "/no/such/font.ttf".into(), mark: String::new() };
        assert!(OfferedFonts::new(&[gone]).covering('a').is_none());
    }

    #[test]
    fn the_first_font_that_has_a_character_is_the_character_s() {
        let inter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../formats/assets/fonts/Inter-Regular.ttf");
        let text = tempfile::NamedTempFile::new().expect("a file");
        let files = [text.path().to_owned(), inter].map(|path| FontFile { path, mark: String::new() });
        let fonts = OfferedFonts::new(&files);
        let font = fonts.covering('Ж').expect("it has Cyrillic");
        assert_eq!((font.rank, font.name.as_str()), (1, "Inter-Regular.ttf"));
        assert!(fonts.covering('日').is_none());
    }
}
