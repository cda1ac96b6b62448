//! HTML: one file that holds everything. It asks for nothing from outside and runs nothing: no
//! scripts, no remote fonts or images, and a content security policy that would stop any.
//!
//! Text is escaped where it is written, drawings stand inline with a title for those who hear the
//! page, tables have header cells. The same file reads on a phone and a screen, in light and dark,
//! and on paper (held by a test in a browser): numbers are never broken, and what is too wide
//! scrolls within its own frame. Rows are streamed.

mod escape;

use std::io::{BufWriter, Write};

use jiff::ToSpan as _;
use punctual_document::{
    arrow_value::value_at,
    content::{Align, Body, Chart, Direction, Document, Figure, Head, Section, Table, Tone},
    format::{Format, FormatError, FormatKind, Written},
    locale::Locale,
    write::{Style, Writer},
};
use punctual_model::{kinds::KindSpec, value::Value};

use crate::{
    scalar::check_columns,
    words::{Words, locale_of, rows_left_out, words},
};

/// The registration.
pub(crate) const KIND: FormatKind = FormatKind {
    spec: KindSpec { name: "html", summary: "One HTML page with everything in it.", options: &[], sql: None },
    extension: "html",
    media_type: "text/html; charset=utf-8",
    format: &Html,
};

const CSS: &str = include_str!("html/page.css");

/// A word with digits that is longer than this may be broken: no phone is as wide.
const LONGEST_WHOLE: usize = 32;

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

struct Html;

impl Format for Html {
    fn write(&self, document: &Document, out: &mut (dyn Write + Send)) -> Result<Written, FormatError> {
        let head = &document.head;
        let mut page = Page {
            out: BufWriter::with_capacity(64 * 1024, out),
            locale: locale_of(&head.locale),
            words: words(&head.locale),
        };
        page.head(head)?;
        for section in &document.sections {
            page.section(section)?;
        }
        page.notes(&document.notes)?;
        page.foot(head)?;
        Ok(Written::default())
    }
}

/// The page while it is written.
struct Page<'a> {
    out: BufWriter<&'a mut (dyn Write + Send)>,
    locale: &'static Locale,
    words: &'static Words,
}

impl Page<'_> {
    /// Writes markup as it is.
    fn raw(&mut self, markup: &str) -> Result<(), FormatError> {
        Ok(self.out.write_all(markup.as_bytes())?)
    }

    /// Writes text, escaped.
    fn text(&mut self, text: &str) -> Result<(), FormatError> {
        Ok(escape::text(&mut self.out, text)?)
    }

    /// Writes text between two pieces of markup.
    fn wrapped(&mut self, open: &str, text: &str, close: &str) -> Result<(), FormatError> {
        self.raw(open)?;
        self.text(text)?;
        self.raw(close)
    }

    /// Writes text in which a line may end, but not inside a number, a date or a key: browsers end
    /// lines after the hyphens of `2026-10-05` and `A-1000`.
    fn running(&mut self, text: &str) -> Result<(), FormatError> {
        if !text.contains(['-', '/', '\u{2010}', '–']) || !text.contains(|c: char| c.is_ascii_digit()) {
            return self.text(text);
        }
        for piece in text.split_inclusive(char::is_whitespace) {
            let word = piece.trim_end();
            let (inner, numbered) = (word.trim_matches('-'), word.contains(|c: char| c.is_ascii_digit()));
            if numbered && inner.contains(['-', '/', '\u{2010}', '–']) && word.len() <= LONGEST_WHOLE {
                self.wrapped("<span class=\"v\">", word, "</span>")?;
                self.text(&piece[word.len()..])?;
            } else {
                self.text(piece)?;
            }
        }
        Ok(())
    }

    fn head(&mut self, head: &Head) -> Result<(), FormatError> {
        // Every locale's language runs from left to right; data that does not sets its own direction.
        let open = "\" dir=\"ltr\">\n<head>\n<meta charset=\"utf-8\">\n";
        self.wrapped("<!DOCTYPE html>\n<html lang=\"", &head.locale, open)?;
        self.wrapped("<meta http-equiv=\"Content-Security-Policy\" content=\"", POLICY, "\">\n")?;
        self.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")?;
        self.raw("<meta name=\"color-scheme\" content=\"light dark\">\n")?;
        self.raw("<meta name=\"referrer\" content=\"no-referrer\">\n")?;
        self.wrapped("<title>", &head.title, "</title>\n<style>\n")?;
        self.raw(CSS)?;
        self.raw("</style>\n</head>\n<body>\n<div class=\"page\">\n<header class=\"head\">\n")?;
        if let Some(about) = &head.about {
            self.wrapped("<p class=\"about\">", about, "</p>\n")?;
        }
        self.wrapped("<h1>", &head.title, "</h1>\n")?;
        if let Some(subtitle) = &head.subtitle {
            self.wrapped("<p class=\"subtitle\">", subtitle, "</p>\n")?;
        }
        self.wrapped("<p class=\"period\">", &head.period, "</p>\n</header>\n<main>\n")
    }

    fn section(&mut self, section: &Section) -> Result<(), FormatError> {
        let class = if matches!(section.body, Body::Text(_)) { " class=\"text\"" } else { "" };
        self.raw(&format!("<section{class} id=\""))?;
        self.text(&section.name)?;
        self.raw("\">\n")?;
        if let Some(title) = &section.title {
            self.wrapped("<h2>", title, "</h2>\n")?;
        }
        match &section.body {
            Body::Figures(figures) if figures.is_empty() => self.no_data()?,
            Body::Figures(figures) => self.figures(figures)?,
            Body::Chart(chart) if chart.x.is_empty() => self.no_data()?,
            Body::Chart(chart) => self.chart(section, chart)?,
            Body::Table(table) => self.table(section, table)?,
            Body::Text(paragraphs) => {
                for paragraph in paragraphs {
                    self.raw("<p>")?;
                    self.running(paragraph)?;
                    self.raw("</p>\n")?;
                }
            }
        }
        self.raw("</section>\n")
    }

    fn no_data(&mut self) -> Result<(), FormatError> {
        self.wrapped("<p class=\"remark\">", self.locale.words.no_data, "</p>\n")
    }

    /// Cards that are as wide as their longest number needs: numbers are not broken.
    fn figures(&mut self, figures: &[Figure]) -> Result<(), FormatError> {
        let is_number = |figure: &&Figure| column_class(&figure.writer.style, Align::Right).is_some();
        let longest = figures.iter().filter(is_number).map(|figure| figure.cell.text.chars().count()).max();
        self.raw(&format!("<dl class=\"figures\" style=\"--n:{}\">\n", longest.unwrap_or(0).clamp(1, 200)))?;
        for figure in figures {
            self.wrapped("<div><dt>", &figure.label, "</dt>")?;
            let class = if is_number(&figure) { "<dd class=\"value n\">" } else { "<dd class=\"value\">" };
            self.wrapped(class, &figure.cell.text, "</dd>")?;
            self.compared(figure)?;
            self.raw("</div>\n")?;
        }
        self.raw("</dl>\n")
    }

    /// The change, and the figure before.
    fn compared(&mut self, figure: &Figure) -> Result<(), FormatError> {
        if let Some(change) = &figure.change {
            let arrow = match change.direction {
                Direction::Up => "▲ ",
                Direction::Down => "▼ ",
                Direction::Level => "",
            };
            let (class, word) = self.news(change.tone);
            self.raw(&format!("<dd class=\"change{class}\"><span aria-hidden=\"true\">{arrow}</span>"))?;
            self.text(&change.text)?;
            if !word.is_empty() {
                self.wrapped("<span class=\"said\"> (", word, ")</span>")?;
            }
            self.raw("</dd>")?;
        }
        if let Some(previous) = &figure.previous {
            self.wrapped("<dd class=\"previous\">", &self.words.compared(&previous.text), "</dd>")?;
        }
        if let Some(remark) = &figure.remark {
            self.wrapped("<dd class=\"previous\">", remark, "</dd>")?;
        }
        Ok(())
    }

    /// The class of news, and the word for readers who do not see its colour.
    fn news(&self, tone: Tone) -> (&'static str, &'static str) {
        match tone {
            Tone::Good => (" good", self.locale.words.good),
            Tone::Bad => (" bad", self.locale.words.bad),
            Tone::Neutral => ("", ""),
        }
    }

    /// The drawing, for wide screens and paper and for narrow ones, and in words what it shows.
    fn chart(&mut self, section: &Section, chart: &Chart) -> Result<(), FormatError> {
        self.raw("<figure class=\"chart\">\n")?;
        for (class, svg) in [("wide", &chart.svg), ("narrow", &chart.narrow)] {
            let svg = drawing(svg).ok_or_else(|| FormatError::Content {
                place: format!("section `{}`", section.name),
                message: "the chart has no drawing; generate the document again".to_owned(),
            })?;
            self.raw(&format!("<div class=\"{class}\">"))?;
            self.raw(svg)?;
            self.raw("</div>\n")?;
        }
        self.wrapped("<figcaption>", &self.words.chart(chart), "</figcaption>\n</figure>\n")
    }

    fn table(&mut self, section: &Section, table: &Table) -> Result<(), FormatError> {
        // Paper does not scroll: it is turned, and set smaller, by the number of columns.
        let width = match table.columns.len() {
            0..=7 => "",
            8..=13 => " wide",
            _ => " widest",
        };
        self.raw(&format!("<div class=\"scroll{width}\" tabindex=\"0\"><table>\n"))?;
        self.wrapped("<caption>", section.title.as_deref().unwrap_or(&section.name), "</caption>\n<thead><tr>")?;
        let classes: Vec<Option<char>> =
            table.columns.iter().map(|column| column_class(&column.writer.style, column.align)).collect();
        for (column, class) in table.columns.iter().zip(&classes) {
            self.raw(match class {
                Some('n') => "<th scope=\"col\" class=\"n\">",
                _ => "<th scope=\"col\">",
            })?;
            self.wrapped("", &column.label, "</th>")?;
        }
        self.raw("</tr></thead>\n<tbody>\n")?;
        self.rows(table, &classes)?;
        self.raw("</tbody>\n")?;
        if let Some(totals) = &table.totals {
            self.raw("<tfoot><tr>")?;
            for (class, total) in classes.iter().zip(totals) {
                self.wrapped(data_cell(*class), &total.text, "</td>")?;
            }
            self.raw("</tr></tfoot>\n")?;
        }
        self.raw("</table></div>\n")?;
        if table.rows.count() == 0 {
            self.no_data()?;
        }
        if table.left_out > 0 {
            self.wrapped("<p class=\"remark\">", &rows_left_out(self.locale, table.left_out), "</p>\n")?;
        }
        Ok(())
    }

    fn rows(&mut self, table: &Table, classes: &[Option<char>]) -> Result<(), FormatError> {
        let mut text = String::new();
        for batch in table.rows.batches()? {
            let batch = batch?;
            check_columns(&batch, table)?;
            for row in 0..batch.num_rows() {
                self.raw("<tr>")?;
                for ((column, class), array) in table.columns.iter().zip(classes).zip(batch.columns()) {
                    text.clear();
                    column.writer_at(&batch, row).write_at_into(array, row, &mut text);
                    let tone = column.better.map_or(Tone::Neutral, |_| column.tone(&value_at(array, row)));
                    match self.news(tone).0 {
                        "" => self.raw(data_cell(*class))?,
                        news => self.raw(&format!("<td class=\"n{news}\">"))?,
                    }
                    match class {
                        Some(_) => self.text(&text)?,
                        None => self.running(&text)?,
                    }
                    self.raw("</td>")?;
                }
                self.raw("</tr>\n")?;
            }
        }
        Ok(())
    }

    fn notes(&mut self, notes: &[String]) -> Result<(), FormatError> {
        if notes.is_empty() {
            return Ok(());
        }
        self.wrapped("<aside class=\"notes\">\n<h2>", self.words.notes, "</h2>\n<ul>\n")?;
        for note in notes {
            self.raw("<li>")?;
            self.running(note)?;
            self.raw("</li>\n")?;
        }
        self.raw("</ul>\n</aside>\n")
    }

    /// The days of the period, and the zone whose days they are.
    fn foot(&mut self, head: &Head) -> Result<(), FormatError> {
        let day = Writer { style: Style::Date, locale: self.locale };
        let first = day.write(&Value::Date(head.first_day));
        let last = day.write(&Value::Date(head.end_day.saturating_sub(1.day())));
        let days = if first == last { first } else { format!("{first} – {last}") };
        self.wrapped("</main>\n<footer class=\"foot\">", &format!("{days} ({})", head.timezone), "</footer>\n")?;
        self.raw("</div>\n</body>\n</html>\n")?;
        Ok(self.out.flush()?)
    }
}

/// How a column's values stand: `n` at the right edge and unbroken, `v` unbroken, otherwise as text.
fn column_class(style: &Style, align: Align) -> Option<char> {
    match style {
        Style::Number { .. } | Style::Currency { .. } | Style::Percent { .. } => Some('n'),
        Style::Date | Style::DateTime { .. } | Style::Bool if align == Align::Left => Some('v'),
        _ if align == Align::Right => Some('n'),
        _ => None,
    }
}

fn data_cell(class: Option<char>) -> &'static str {
    match class {
        Some('n') => "<td class=\"n\">",
        Some(_) => "<td class=\"v\">",
        None => "<td>",
    }
}

/// The `svg` element alone: no XML declaration before it, nothing behind. `None` for other text.
fn drawing(svg: &str) -> Option<&str> {
    const END: &str = "</svg>";
    let element = &svg[svg.find("<svg")?..];
    Some(&element[..element.rfind(END)? + END.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_stands_alone() {
        assert_eq!(drawing("<?xml version=\"1.0\"?>\n<svg width='2'><g/></svg>\n"), Some("<svg width='2'><g/></svg>"));
        for text in ["", "<svg", "<svg>", "<svg/>", "text", "</svg><svg>"] {
            assert_eq!(drawing(text), None, "{text}");
        }
    }
}
