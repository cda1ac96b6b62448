//! The first phase: a document becomes a row of blocks from top to bottom. It decides what is
//! said and what stays together; sizes and pages are not known here.

use std::borrow::Cow;

use punctual_document::{
    content::{Body, Chart, Document, Figure, Head, Section, Table},
    locale::Locale,
};

use super::words::Words;

/// One block of the flow.
#[derive(Debug)]
pub(super) struct Block<'d> {
    /// What it shows.
    pub(super) kind: BlockKind<'d>,
    /// Whether the page must not end right below it.
    pub(super) keep_with_next: bool,
}

/// What a block shows.
#[derive(Debug)]
pub(super) enum BlockKind<'d> {
    /// The top of the first page.
    Masthead(Masthead<'d>),
    /// The heading of a section.
    Heading(&'d str),
    /// Cards with key figures.
    Figures(&'d [Figure]),
    /// A chart, and what it says for readers who do not see it.
    Chart {
        /// The section's name, for errors.
        place: &'d str,
        /// The chart.
        chart: &'d Chart,
        /// The alternative text.
        alt: String,
    },
    /// A table; its rows stay where they are.
    Table {
        /// The section's name, for errors.
        place: &'d str,
        /// The table.
        table: &'d Table,
    },
    /// A paragraph.
    Paragraph(&'d str),
    /// A section that has nothing to show.
    Empty(&'static str),
    /// Small print: rows left out, remarks.
    Note(Cow<'d, str>),
    /// A line above the document's remarks.
    Rule,
}

/// The words at the top. A part that the title already says is left out.
#[derive(Debug, PartialEq)]
pub(super) struct Masthead<'d> {
    /// Whom it is about.
    pub(super) about: Option<&'d str>,
    /// The period.
    pub(super) period: Option<&'d str>,
    /// The title.
    pub(super) title: &'d str,
    /// The line below it.
    pub(super) subtitle: Option<&'d str>,
}

impl<'d> Masthead<'d> {
    fn new(head: &'d Head) -> Self {
        let new = |text: &&str| !text.trim().is_empty() && !head.title.contains(*text);
        Self {
            about: head.about.as_deref().filter(new),
            period: Some(head.period.as_str()).filter(new),
            title: &head.title,
            subtitle: head.subtitle.as_deref().filter(|s| !s.trim().is_empty()),
        }
    }

    /// The line that tells later pages apart: whom, title, period.
    pub(super) fn running(&self) -> String {
        let parts = [self.about, Some(self.title), self.period];
        parts.into_iter().flatten().filter(|p| !p.is_empty()).collect::<Vec<_>>().join("  ·  ")
    }
}

/// The blocks of a document.
pub(super) fn blocks<'d>(document: &'d Document, words: &Words) -> Vec<Block<'d>> {
    let locale = Locale::by_tag(&document.head.locale);
    let nothing = locale.unwrap_or(Locale::ALL[0]).words.no_data;
    let mut blocks = Blocks { list: Vec::new(), nothing, locale, words };
    blocks.push(BlockKind::Masthead(Masthead::new(&document.head)), true);
    for section in &document.sections {
        blocks.section(section);
    }
    if document.sections.is_empty() {
        blocks.push(BlockKind::Empty(nothing), false);
    }
    if !document.notes.is_empty() {
        blocks.push(BlockKind::Rule, true);
        for note in &document.notes {
            blocks.push(BlockKind::Note(Cow::Borrowed(note)), false);
        }
    }
    blocks.list
}

struct Blocks<'d, 'w> {
    list: Vec<Block<'d>>,
    nothing: &'static str,
    locale: Option<&'static Locale>,
    words: &'w Words,
}

impl<'d> Blocks<'d, '_> {
    fn push(&mut self, kind: BlockKind<'d>, keep_with_next: bool) {
        self.list.push(Block { kind, keep_with_next });
    }

    fn section(&mut self, section: &'d Section) {
        if let Some(title) = section.title.as_deref().filter(|t| !t.trim().is_empty()) {
            self.push(BlockKind::Heading(title), true);
        }
        match &section.body {
            Body::Figures(figures) if figures.is_empty() => self.push(BlockKind::Empty(self.nothing), false),
            Body::Figures(figures) => self.push(BlockKind::Figures(figures), false),
            Body::Chart(chart) => self.chart(&section.name, chart),
            Body::Table(table) => self.table(&section.name, table),
            Body::Text(paragraphs) => {
                let said = self.list.len();
                for paragraph in paragraphs.iter().filter(|p| !p.trim().is_empty()) {
                    self.push(BlockKind::Paragraph(paragraph.trim_end()), false);
                }
                if self.list.len() == said {
                    self.push(BlockKind::Empty(self.nothing), false);
                }
            }
        }
    }

    fn chart(&mut self, place: &'d str, chart: &'d Chart) {
        if chart.x.is_empty() {
            return self.push(BlockKind::Empty(self.nothing), false);
        }
        let series: Vec<&str> = chart.series.iter().map(|s| s.label.as_str()).collect();
        let line = matches!(chart.kind, punctual_document::content::ChartKind::Line);
        let alt = self.words.chart(line, &series.join(", "), &chart.x_label);
        self.push(BlockKind::Chart { place, chart, alt }, false);
    }

    fn table(&mut self, place: &'d str, table: &'d Table) {
        let noted = table.left_out > 0;
        if table.rows.count() == 0 || table.columns.is_empty() {
            self.push(BlockKind::Empty(self.nothing), noted);
        } else {
            self.push(BlockKind::Table { place, table }, noted);
        }
        if noted {
            let note = crate::words::rows_left_out(self.locale, table.left_out);
            self.push(BlockKind::Note(Cow::Owned(note)), false);
        }
    }
}
