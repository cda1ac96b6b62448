//! How a workbook looks: the few cell formats and the page setup.

use punctual_document::content::{Align, Tone};
use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, Worksheet};

/// Titles and figures.
const INK: Color = Color::RGB(0x11_18_27);
/// What stands beside: labels, notes, axes.
pub(super) const MUTED: Color = Color::RGB(0x5B_64_73);
/// Lines between rows, and grids.
pub(super) const LINE: Color = Color::RGB(0xD3_D9_E0);
/// Behind headers.
const PANEL: Color = Color::RGB(0xF1_F4_F8);
const LINK: Color = Color::RGB(0x1D_4E_D8);
/// Good and bad news.
const GOOD: Color = Color::RGB(0x04_78_57);
const BAD: Color = Color::RGB(0xB9_1C_1C);

fn aligned(format: Format, align: Align) -> Format {
    let format = format.set_align(FormatAlign::VerticalCenter);
    match align {
        Align::Left => format.set_align(FormatAlign::Left),
        Align::Right => format.set_align(FormatAlign::Right),
    }
}

/// The document's title.
pub(super) fn title() -> Format {
    Format::new().set_bold().set_font_size(18).set_font_color(INK)
}

/// The lines below the title.
pub(super) fn subtitle() -> Format {
    Format::new().set_font_size(11).set_font_color(MUTED)
}

/// A section's heading.
pub(super) fn heading() -> Format {
    Format::new().set_bold().set_font_size(13).set_font_color(INK)
}

/// A column's header.
pub(super) fn header(align: Align) -> Format {
    let format = Format::new().set_bold().set_font_color(INK).set_background_color(PANEL);
    aligned(format.set_border_bottom(FormatBorder::Thin).set_border_bottom_color(LINE), align)
}

/// A value in a table.
pub(super) fn body(align: Align) -> Format {
    aligned(Format::new(), align)
}

/// A value among the figures.
pub(super) fn figure(align: Align) -> Format {
    let format = Format::new().set_font_color(INK).set_border_bottom(FormatBorder::Thin);
    aligned(format.set_border_bottom_color(LINE), align)
}

/// The colour of news.
pub(super) fn news(format: Format, tone: Tone) -> Format {
    match tone {
        Tone::Good => format.set_font_color(GOOD),
        Tone::Bad => format.set_font_color(BAD),
        Tone::Neutral => format,
    }
}

/// A total below a table.
pub(super) fn total(align: Align) -> Format {
    let format = Format::new().set_bold().set_border_top(FormatBorder::Thin).set_border_top_color(MUTED);
    aligned(format, align)
}

/// A paragraph over several columns.
pub(super) fn paragraph() -> Format {
    Format::new().set_text_wrap().set_align(FormatAlign::Left).set_align(FormatAlign::Top).set_font_color(INK)
}

/// A remark that readers must see.
pub(super) fn note() -> Format {
    Format::new().set_italic().set_font_color(MUTED)
}

/// A link to another sheet.
pub(super) fn link() -> Format {
    Format::new().set_font_color(LINK).set_underline(rust_xlsxwriter::FormatUnderline::Single)
}

/// Prints one page wide, on the paper of the locale's country, with page numbers.
pub(super) fn print_setup(sheet: &mut Worksheet, locale: &str) {
    const LETTER: u8 = 1;
    const A4: u8 = 9;
    let paper = if matches!(locale, "en-US" | "en-CA") { LETTER } else { A4 };
    sheet.set_paper_size(paper).set_print_fit_to_pages(1, 0).set_footer("&R&P / &N");
}
