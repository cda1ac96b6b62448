//! The last phase: placed pages become a PDF. Every page is drawn once, from top to bottom, and
//! nothing is measured or moved any more.

use std::num::NonZeroU16;

use krilla::{
    Document, SerializeSettings,
    destination::XyzDestination,
    geom::{Point, Rect},
    metadata::{DateTime, Metadata},
    outline::{Outline, OutlineNode},
    page::PageSettings,
    tagging::{Tag, TagGroup, TagTree},
};
use punctual_document::{content::Head, format::FormatError};

use self::{
    canvas::{Canvas, Spot},
    table::TableDrawer,
};
use super::{
    measure::{EMPTY_HEIGHT, Measured, MeasuredKind, MeasuredMasthead, cards},
    place::{Item, Part, Sheet},
    style::{
        ABOUT, ACCENT, BODY, FOOTER, FOOTER_RISE, HAIRLINE, HEADING, INK, MARGIN, MUTED, NOTE, PANEL, Paper, SUBTITLE,
        TEXT, TITLE, line_height,
    },
    text::{Set, Typesetter},
    words::Words,
};

mod canvas;
mod join;
mod table;

/// What drawing needs beside the pages.
pub(super) struct Setting<'a> {
    /// Title, language and date.
    pub(super) head: &'a Head,
    /// The line in the footer.
    pub(super) running: String,
    /// The paper.
    pub(super) paper: Paper,
    /// The language's words.
    pub(super) words: &'static Words,
}

/// Draws all pages and returns the file.
///
/// # Errors
/// When rows cannot be read or the file cannot be put together.
pub(super) fn draw(
    blocks: &[Measured<'_>],
    sheets: &[Sheet],
    setting: &Setting<'_>,
    setter: &mut Typesetter,
) -> Result<Vec<u8>, FormatError> {
    let mut document = Document::new_with(SerializeSettings::default());
    document.set_metadata(metadata(setting.head));
    let mut drawer = Drawer { blocks, setting, setter, table: None, tags: TagTree::new(), outline: Outline::new() };
    for (number, sheet) in sheets.iter().enumerate() {
        let (width, height) = (setting.paper.width(sheet.landscape), setting.paper.height(sheet.landscape));
        let settings = PageSettings::from_wh(width, height).expect("paper has a size");
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        let mut canvas = Canvas::new(&mut surface, drawer.setter.others.faces());
        for item in &sheet.items {
            drawer.item(item, number, sheet.landscape, &mut canvas)?;
        }
        drawer.footer(number, sheets.len(), sheet.landscape, &mut canvas);
        surface.finish();
        page.finish();
    }
    drawer.end_table();
    document.set_tag_tree(drawer.tags.with_lang(Some(setting.head.locale.clone())));
    document.set_outline(drawer.outline);
    document.finish().map_err(|error| FormatError::Content {
        place: "pdf".to_owned(),
        message: format!("the file cannot be put together: {error}; report fewer rows or use another format"),
    })
}

/// Title, language and date. The date is the period's end and no clock's.
fn metadata(head: &Head) -> Metadata {
    let day = head.end_day;
    let date = DateTime::new(u16::try_from(day.year()).unwrap_or(0))
        .month(day.month().unsigned_abs())
        .day(day.day().unsigned_abs())
        .hour(0)
        .minute(0)
        .second(0);
    let metadata = Metadata::new()
        .title(plain(&head.title))
        .description(plain(head.subtitle.as_deref().unwrap_or_default()))
        .language(head.locale.clone())
        .creator("Punctual".to_owned())
        .producer("Punctual".to_owned())
        .creation_date(date);
    match &head.about {
        Some(about) => metadata.keywords(vec![plain(about), plain(&head.period)]),
        None => metadata.keywords(vec![plain(&head.period)]),
    }
}

/// Text on one line, of characters that XML can hold (the metadata is XML).
fn plain(text: &str) -> String {
    let kept = text.chars().filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}'));
    kept.map(|c| if c.is_control() { ' ' } else { c }).collect()
}

struct Drawer<'a, 'm, 'd> {
    blocks: &'m [Measured<'d>],
    setting: &'a Setting<'a>,
    setter: &'a mut Typesetter,
    /// The table whose rows are being read, by its block.
    table: Option<(usize, TableDrawer<'m, 'd>)>,
    tags: TagTree,
    outline: Outline,
}

impl Drawer<'_, '_, '_> {
    fn item(
        &mut self,
        item: &Item,
        page: usize,
        landscape: bool,
        canvas: &mut Canvas<'_, '_>,
    ) -> Result<(), FormatError> {
        let block = &self.blocks[item.block];
        if self.table.as_ref().is_some_and(|(index, _)| *index != item.block) {
            self.end_table();
        }
        let width = self.setting.paper.text_width(landscape);
        let spot = |style, color| Spot { x: MARGIN, y: item.y, line: line_height(style), color };
        match (&block.kind, &item.part) {
            (MeasuredKind::Table(table), part) => {
                if self.table.is_none() {
                    self.table = Some((item.block, TableDrawer::new(table)?));
                }
                if let Some((_, drawer)) = &mut self.table {
                    drawer.draw(part, item.y, canvas, self.setter)?;
                }
            }
            (MeasuredKind::Masthead(head), _) => self.masthead(head, item.y, width, canvas),
            (MeasuredKind::Heading(set), _) => {
                let mark = canvas.tagged(|canvas| canvas.text(set, HEADING, spot(HEADING, INK)));
                self.tags.push(TagGroup::with_children(heading(2, &set.text), vec![mark.into()]));
                let destination = XyzDestination::new(page, Point::from_xy(0.0, (item.y - 12.0).max(0.0)));
                self.outline.push_child(OutlineNode::new(set.text.clone(), destination));
            }
            (MeasuredKind::Cards(cards), Part::Cards(row)) => self.cards(cards, *row, item.y, canvas),
            (MeasuredKind::Chart(chart), _) => {
                let x = MARGIN + (width - chart.width) / 2.0;
                let mark = canvas.tagged(|canvas| canvas.drawing(&chart.tree, x, item.y, chart.width, chart.height));
                self.tags.push(TagGroup::with_children(Tag::Figure(Some(chart.alt.clone())), vec![mark.into()]));
            }
            (MeasuredKind::Paragraph(set), Part::Lines(lines)) => {
                let mark = canvas.tagged(|canvas| {
                    for (at, line) in set.lines[lines.clone()].iter().enumerate() {
                        let spot = spot(BODY, TEXT);
                        canvas.line(set, line, BODY, Spot { y: spot.y + at as f32 * spot.line, ..spot });
                    }
                });
                self.tags.push(TagGroup::with_children(Tag::P, vec![mark.into()]));
            }
            (MeasuredKind::Empty(set), _) => self.empty(set, item.y, width, canvas),
            (MeasuredKind::Note(set), _) => {
                let mark = canvas.tagged(|canvas| canvas.text(set, NOTE, spot(NOTE, MUTED)));
                self.tags.push(TagGroup::with_children(Tag::P, vec![mark.into()]));
            }
            (MeasuredKind::Rule, _) => {
                canvas.decoration(|canvas| canvas.rules(&[(MARGIN, MARGIN + width, item.y)], HAIRLINE, 0.75));
            }
            (MeasuredKind::Cards(_) | MeasuredKind::Paragraph(_), _) => unreachable!("placed in rows and lines"),
        }
        Ok(())
    }

    fn end_table(&mut self) {
        if let Some((_, drawer)) = self.table.take() {
            self.tags.push(drawer.into_tags());
        }
    }

    fn masthead(&mut self, head: &MeasuredMasthead, y: f32, width: f32, canvas: &mut Canvas<'_, '_>) {
        canvas.decoration(|canvas| {
            if let Some(bar) = Rect::from_xywh(MARGIN, y, 34.0, 3.0) {
                canvas.fill(bar, ACCENT);
            }
        });
        let mut y = y + MeasuredMasthead::BAR;
        let mut push = |canvas: &mut Canvas<'_, '_>, set: &Set, style, color, x, y, tag: krilla::tagging::TagKind| {
            let spot = Spot { x, y, line: line_height(style), color };
            let mark = canvas.tagged(|canvas| canvas.text(set, style, spot));
            self.tags.push(TagGroup::with_children(tag, vec![mark.into()]));
        };
        if let Some(about) = &head.about {
            push(canvas, about, ABOUT, ACCENT, MARGIN, y, Tag::P.into());
        }
        if let Some(period) = &head.period {
            let x = if head.about.is_some() { MARGIN + width - period.width() } else { MARGIN };
            push(canvas, period, SUBTITLE, MUTED, x, y, Tag::P.into());
        }
        y += head.names_height();
        push(canvas, &head.title, TITLE, INK, MARGIN, y, heading(1, &head.title.text));
        y += head.title.lines.len() as f32 * line_height(TITLE);
        if let Some(subtitle) = &head.subtitle {
            push(canvas, subtitle, SUBTITLE, MUTED, MARGIN, y + 3.0, Tag::P.into());
            y += 3.0 + subtitle.lines.len() as f32 * line_height(SUBTITLE);
        }
        let rule = y + MeasuredMasthead::FOOT;
        canvas.decoration(|canvas| canvas.rules(&[(MARGIN, MARGIN + width, rule)], HAIRLINE, 0.75));
    }

    fn cards(&mut self, cards: &cards::Cards, row: usize, y: f32, canvas: &mut Canvas<'_, '_>) {
        let row = &cards.rows[row];
        for (index, card) in row.cards.iter().enumerate() {
            let x = MARGIN + index as f32 * (cards.width + cards::GAP);
            canvas.decoration(|canvas| {
                if let Some(area) = Rect::from_xywh(x, y, cards.width, row.height) {
                    canvas.panel(area, 4.0, PANEL, Some(HAIRLINE));
                }
            });
            let mark = canvas.tagged(|canvas| {
                for piece in &card.pieces {
                    let spot = Spot { x: x + piece.x, y: y + piece.y, line: piece.line, color: piece.color };
                    canvas.text(&piece.set, piece.style, spot);
                }
            });
            self.tags.push(TagGroup::with_children(Tag::P, vec![mark.into()]));
        }
    }

    fn empty(&mut self, set: &Set, y: f32, width: f32, canvas: &mut Canvas<'_, '_>) {
        canvas.decoration(|canvas| {
            if let Some(area) = Rect::from_xywh(MARGIN, y, width, EMPTY_HEIGHT) {
                canvas.panel(area, 4.0, PANEL, None);
            }
        });
        let line = line_height(BODY);
        let spot = Spot { x: MARGIN + cards::PAD, y: y + (EMPTY_HEIGHT - line) / 2.0, line, color: MUTED };
        let mark = canvas.tagged(|canvas| canvas.text(set, BODY, spot));
        self.tags.push(TagGroup::with_children(Tag::P, vec![mark.into()]));
    }

    fn footer(&mut self, number: usize, total: usize, landscape: bool, canvas: &mut Canvas<'_, '_>) {
        let setting = self.setting;
        let width = setting.paper.text_width(landscape);
        let page = self.setter.set_new(&setting.words.page(number + 1, total), FOOTER, None);
        let running = self.setter.set_shortened(&setting.running, FOOTER, width - page.width() - 24.0);
        let line = line_height(FOOTER);
        let y = setting.paper.height(landscape) - FOOTER_RISE - line;
        canvas.footer(|canvas| {
            canvas.text(&running, FOOTER, Spot { x: MARGIN, y, line, color: MUTED });
            canvas.text(&page, FOOTER, Spot { x: MARGIN + width - page.width(), y, line, color: MUTED });
        });
    }
}

fn heading(level: u16, title: &str) -> krilla::tagging::TagKind {
    Tag::Hn(NonZeroU16::new(level).unwrap_or(NonZeroU16::MIN), Some(title.to_owned())).into()
}
