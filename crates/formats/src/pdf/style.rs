//! The look of a page: paper, margins, sizes, colours. Lengths are in points (1/72 inch).
//! Nothing is measured or placed here.

use punctual_document::content::Tone;

use super::{fonts::Weight, text::Style};

/// A colour, red, green, blue.
pub(super) type Color = [u8; 3];

/// Titles and figures.
pub(super) const INK: Color = [0x11, 0x18, 0x27];
/// Running text and cells.
pub(super) const TEXT: Color = [0x1f, 0x29, 0x37];
/// What stands beside: labels, notes, footers.
pub(super) const MUTED: Color = [0x5b, 0x64, 0x73];
/// Whom the report is about, and the bar above it.
pub(super) const ACCENT: Color = [0x1d, 0x4e, 0xd8];
/// Good news.
pub(super) const GOOD: Color = [0x04, 0x78, 0x57];
/// Bad news.
pub(super) const BAD: Color = [0xb9, 0x1c, 0x1c];
/// Lines between rows and around cards.
pub(super) const HAIRLINE: Color = [0xe2, 0xe6, 0xeb];
/// The line below a table's head and above its totals.
pub(super) const RULE: Color = [0x9c, 0xa3, 0xaf];
/// Behind cards and heads of tables.
pub(super) const PANEL: Color = [0xf5, 0xf7, 0xfa];

/// The colour of news, where text is otherwise of `plain` colour.
pub(super) fn news(tone: Tone, plain: Color) -> Color {
    match tone {
        Tone::Good => GOOD,
        Tone::Bad => BAD,
        Tone::Neutral => plain,
    }
}

/// The title.
pub(super) const TITLE: Style = Style::fine(Weight::Bold, 21.0);
/// Whom the report is about.
pub(super) const ABOUT: Style = Style::fine(Weight::SemiBold, 10.0);
/// The period and the subtitle.
pub(super) const SUBTITLE: Style = Style::fine(Weight::Regular, 10.0);
/// The heading of a section.
pub(super) const HEADING: Style = Style::fine(Weight::SemiBold, 12.5);
/// Running text.
pub(super) const BODY: Style = Style::fine(Weight::Regular, 9.5);
/// Notes below tables and at the end.
pub(super) const NOTE: Style = Style::fine(Weight::Regular, 8.0);
/// The footer.
pub(super) const FOOTER: Style = Style::fine(Weight::Regular, 7.5);

/// The height of a line of text set in this style.
pub(super) fn line_height(style: Style) -> f32 {
    let factor = if style.size >= 12.0 { 1.25 } else { 1.45 };
    style.size * factor
}

/// The sheet of paper.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Paper {
    /// The short edge.
    pub(super) short: f32,
    /// The long edge.
    pub(super) long: f32,
}

/// ISO 216 A4.
pub(super) const A4: Paper = Paper { short: 595.28, long: 841.89 };
/// US Letter.
pub(super) const LETTER: Paper = Paper { short: 612.0, long: 792.0 };

/// Left and right of the text.
pub(super) const MARGIN: f32 = 46.0;
/// Above the text.
pub(super) const MARGIN_TOP: f32 = 44.0;
/// Below the text; the footer stands in it.
pub(super) const MARGIN_BOTTOM: f32 = 54.0;
/// From the paper's lower edge to the footer's baseline.
pub(super) const FOOTER_RISE: f32 = 30.0;

impl Paper {
    /// The paper that people of a BCP 47 locale print on: US Letter in the United States, else A4.
    pub(super) fn of_locale(tag: &str) -> Self {
        let american = tag.split(['-', '_']).skip(1).any(|part| part.eq_ignore_ascii_case("US"));
        if american { LETTER } else { A4 }
    }

    /// The sheet's width.
    pub(super) fn width(self, landscape: bool) -> f32 {
        if landscape { self.long } else { self.short }
    }

    /// The sheet's height.
    pub(super) fn height(self, landscape: bool) -> f32 {
        if landscape { self.short } else { self.long }
    }

    /// The width between the margins.
    pub(super) fn text_width(self, landscape: bool) -> f32 {
        self.width(landscape) - 2.0 * MARGIN
    }

    /// The lower end of the text.
    pub(super) fn text_bottom(self, landscape: bool) -> f32 {
        self.height(landscape) - MARGIN_BOTTOM
    }

    /// The height between the margins.
    pub(super) fn text_height(self, landscape: bool) -> f32 {
        self.text_bottom(landscape) - MARGIN_TOP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_americans_print_on_letter() {
        assert_eq!(Paper::of_locale("en-US"), LETTER);
        assert_eq!(Paper::of_locale("es-us"), LETTER);
        for tag in ["en-GB", "de-DE", "en", "", "us"] {
            assert_eq!(Paper::of_locale(tag), A4, "{tag}");
        }
    }
}
