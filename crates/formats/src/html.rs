//! HTML: one file that holds everything. It asks for nothing from outside and runs nothing: no
//! scripts, no remote fonts or images, and a content security policy that would stop any.
//!
//! Text is escaped where it is written, drawings stand inline with a title for those who hear the
//! page, tables have header cells, and the same file prints well. Rows are streamed.

mod escape;

use std::io::{BufWriter, Write};

use jiff::ToSpan as _;
use punctual_document::{
    arrow_value::value_at,
    content::{Align, Body, Chart, Direction, Document, Figure, Head, Section, Table, Tone},
    format::{Format, FormatError, FormatKind},
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

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

struct Html;

impl Format for Html {
    fn write(&self, document: &Document, out: &mut (dyn Write + Send)) -> Result<(), FormatError> {
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
        page.foot(head)
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

    fn head(&mut self, head: &Head) -> Result<(), FormatError> {
        self.wrapped("<!DOCTYPE html>\n<html lang=\"", &head.locale, "\">\n<head>\n<meta charset=\"utf-8\">\n")?;
        self.wrapped("<meta http-equiv=\"Content-Security-Policy\" content=\"", POLICY, "\">\n")?;
        self.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")?;
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
                    self.wrapped("<p>", paragraph, "</p>\n")?;
                }
            }
        }
        self.raw("</section>\n")
    }

    fn no_data(&mut self) -> Result<(), FormatError> {
        self.wrapped("<p class=\"remark\">", self.locale.words.no_data, "</p>\n")
    }

    fn figures(&mut self, figures: &[Figure]) -> Result<(), FormatError> {
        self.raw("<dl class=\"figures\">\n")?;
        for figure in figures {
            self.wrapped("<div><dt>", &figure.label, "</dt>")?;
            self.wrapped("<dd class=\"value\">", &figure.cell.text, "</dd>")?;
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

    /// The drawing, and in words what it shows.
    fn chart(&mut self, section: &Section, chart: &Chart) -> Result<(), FormatError> {
        let svg = drawing(&chart.svg).ok_or_else(|| FormatError::Content {
            place: format!("section `{}`", section.name),
            message: "the chart has no drawing; generate the document again".to_owned(),
        })?;
        self.raw("<figure class=\"chart\">\n")?;
        self.raw(svg)?;
        self.wrapped("\n<figcaption>", &self.words.chart(chart), "</figcaption>\n</figure>\n")
    }

    fn table(&mut self, section: &Section, table: &Table) -> Result<(), FormatError> {
        self.raw("<div class=\"scroll\" tabindex=\"0\"><table>\n")?;
        self.wrapped("<caption>", section.title.as_deref().unwrap_or(&section.name), "</caption>\n<thead><tr>")?;
        for column in &table.columns {
            self.raw(if column.align == Align::Right {
                "<th scope=\"col\" class=\"n\">"
            } else {
                "<th scope=\"col\">"
            })?;
            self.wrapped("", &column.label, "</th>")?;
        }
        self.raw("</tr></thead>\n<tbody>\n")?;
        self.rows(table)?;
        self.raw("</tbody>\n")?;
        if let Some(totals) = &table.totals {
            self.raw("<tfoot><tr>")?;
            for (column, total) in table.columns.iter().zip(totals) {
                self.wrapped(data_cell(column.align), &total.text, "</td>")?;
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

    fn rows(&mut self, table: &Table) -> Result<(), FormatError> {
        let mut text = String::new();
        for batch in table.rows.batches()? {
            let batch = batch?;
            check_columns(&batch, table)?;
            for row in 0..batch.num_rows() {
                self.raw("<tr>")?;
                for (column, array) in table.columns.iter().zip(batch.columns()) {
                    text.clear();
                    column.writer_at(&batch, row).write_at_into(array, row, &mut text);
                    let tone = column.better.map_or(Tone::Neutral, |_| column.tone(&value_at(array, row)));
                    match self.news(tone).0 {
                        "" => self.raw(data_cell(column.align))?,
                        class => self.raw(&format!("<td class=\"n{class}\">"))?,
                    }
                    self.wrapped("", &text, "</td>")?;
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
            self.wrapped("<li>", note, "</li>\n")?;
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

fn data_cell(align: Align) -> &'static str {
    if align == Align::Right { "<td class=\"n\">" } else { "<td>" }
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
