//! The labels of categories: in one or two lines, cut short, or only some of them.

use super::{
    frame::FONT,
    text_width::{fitted, width},
};

/// Narrower than this, a label says nothing.
const NARROWEST: f64 = 42.0;
/// Between neighbouring labels.
const APART: f64 = 8.0;

/// Labels for bands of this width: every how many-th band has one, and their lines.
pub(super) fn of<'a>(texts: impl ExactSizeIterator<Item = &'a str> + Clone, band: f64) -> (usize, Vec<Vec<String>>) {
    let widest = texts.clone().map(|text| width(text, FONT)).fold(0.0, f64::max);
    // Short labels may stand closer than long ones.
    let needed = (widest + APART).min(NARROWEST + APART);
    let every = ((needed / band).ceil() as usize).max(1);
    let room = band * every as f64 - APART;
    let lines = texts.enumerate().map(|(index, text)| match index % every {
        0 => wrapped(text, room),
        _ => Vec::new(),
    });
    (every, lines.collect())
}

/// The text in one line, in two broken at a space, or cut short.
fn wrapped(text: &str, room: f64) -> Vec<String> {
    let text = text.trim();
    if width(text, FONT) <= room {
        return vec![text.to_owned()];
    }
    let breaks = text.match_indices(' ').map(|(at, _)| (&text[..at], text[at..].trim_start()));
    let mut fitting = breaks.filter(|(first, _)| width(first, FONT) <= room);
    match fitting.next_back() {
        Some((first, second)) => vec![first.to_owned(), fitted(second, FONT, room)],
        None => vec![fitted(text, FONT, room)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_wrap_thin_out_and_are_cut() {
        let texts = ["Organic search", "Web", "Pneumonoultramicroscopic"];
        let (every, lines) = of(texts.into_iter(), 70.0);
        assert_eq!(every, 1);
        assert_eq!(lines[0], ["Organic", "search"]);
        assert_eq!(lines[1], ["Web"]);
        assert!(lines[2][0].ends_with('…'));
        let (every, lines) = of(vec!["A name"; 40].into_iter(), 12.0);
        assert!(every > 1);
        assert_eq!(lines.iter().filter(|l| !l.is_empty()).count(), 40_usize.div_ceil(every));
        assert_eq!(of(["1", "2", "3"].into_iter(), 20.0).0, 1);
    }
}
