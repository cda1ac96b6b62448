//! A layout and the tables of one edition become a `Document`: columns are chosen, values written,
//! figures compared, charts drawn, texts rendered. Where rows come from and what becomes of the
//! document is not known here.

mod chart;
mod columns;
mod error;
mod figures;
mod money;
mod projected;
mod sum;
mod table;
mod tally;

use std::{collections::BTreeMap, sync::Arc};

use arrow::datatypes::SchemaRef;
use indexmap::IndexMap;
use punctual_model::{
    definition::{Layout, Section as SectionSpec},
    value::Value,
    zone::Zone,
};

pub use self::error::AssembleError;
use crate::{
    content::{Body, Document, Head, Rows, RowsError, Section},
    fonts::Fonts,
    locale::Locale,
    text::{PeriodFacts, TextContext, TextRenderer},
    theme::Theme,
};

/// What is known of one edition.
#[derive(Debug, Clone)]
pub struct Edition {
    /// The report's name.
    pub report: String,
    /// What people call the report.
    pub report_title: String,
    /// The edition's key; `all` for a report that is not burst.
    pub key: String,
    /// Whose edition it is.
    pub burst: Option<BurstRow>,
    /// The period.
    pub period: PeriodFacts,
    /// The resolved parameters.
    pub parameters: BTreeMap<String, Value>,
    /// The language and number style.
    pub locale: &'static Locale,
    /// The report's currency (ISO 4217); a burst row's `currency` wins.
    pub currency: String,
    /// The report's zone.
    pub zone: Zone,
    /// The colours.
    pub theme: Theme,
    /// Fonts beside those that formats ship with.
    pub fonts: Arc<dyn Fonts>,
    /// The datasets and tables by name, with the rows of this edition.
    pub tables: BTreeMap<String, EditionTable>,
    /// Remarks that readers must see, besides those that are made here.
    pub notes: Vec<String>,
}

/// The row that an edition is about.
#[derive(Debug, Clone, PartialEq)]
pub struct BurstRow {
    /// The column that holds the key.
    pub column: String,
    /// The row's name in text templates.
    pub alias: String,
    /// Its columns.
    pub row: IndexMap<String, Value>,
}

/// A dataset or table, and the rows of it that belong to the edition.
#[derive(Debug, Clone)]
pub struct EditionTable {
    /// The columns.
    pub schema: SchemaRef,
    /// The rows.
    pub rows: Arc<dyn Rows>,
    /// Rows that checks set aside before.
    pub left_out: u64,
    /// The same over the period before, where it was asked for.
    pub previous: Option<Arc<dyn Rows>>,
}

impl Edition {
    /// The currency of amounts: the burst row's, or the report's.
    pub fn currency(&self) -> &str {
        match self.burst.as_ref().and_then(|burst| burst.row.get("currency")) {
            Some(Value::Text(code)) if !code.trim().is_empty() => code.trim(),
            _ => &self.currency,
        }
    }

    /// The name of whom the edition is about: the burst row's `name`, or the key.
    pub fn about(&self) -> Option<String> {
        let burst = self.burst.as_ref()?;
        match burst.row.get("name") {
            Some(Value::Text(name)) if !name.trim().is_empty() => Some(name.clone()),
            _ => Some(self.key.clone()),
        }
    }

    /// Renders the edition's texts: titles, paragraphs, subjects, summary lines.
    pub fn renderer(&self) -> TextRenderer {
        TextRenderer::new(self.locale, self.currency(), self.zone.clone())
    }

    /// What those texts can see: `period`, `parameters`, `report`, the burst row by its alias, and the
    /// row of each table that the layout shows key figures of, by the table's name.
    ///
    /// # Errors
    /// When the rows of key figures cannot be read or are more than one.
    pub fn context(&self, layout: &Layout) -> Result<TextContext, AssembleError> {
        let mut context = TextContext::new(self.period.clone());
        for section in &layout.sections {
            if let SectionSpec::Figures(figures) = section {
                let section = Place { edition: self, section: figures.name.as_str() };
                let table = section.table(figures.data.as_str())?;
                let row = figures::row_values(&section, &figures.data, table)?;
                for (field, code) in figures::currencies(figures, table, &row) {
                    context.set_currency(figures.data.as_str(), &field, code);
                }
                context.set_row(figures.data.as_str(), row);
            }
        }
        if let Some(burst) = &self.burst {
            context.set_row(&burst.alias, burst.row.clone());
        }
        // Names that every template can rely on win over those of tables.
        context.set_row("parameters", self.parameters.clone());
        context.set_row(
            "report",
            [
                ("name".to_owned(), Value::Text(self.report.clone())),
                ("title".to_owned(), Value::Text(self.report_title.clone())),
                ("edition".to_owned(), Value::Text(self.key.clone())),
                ("currency".to_owned(), Value::Text(self.currency().to_owned())),
            ],
        );
        Ok(context)
    }
}

/// A section of an edition, for lookups whose errors name it.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    edition: &'a Edition,
    section: &'a str,
}

impl<'a> Place<'a> {
    fn table(&self, name: &str) -> Result<&'a EditionTable, AssembleError> {
        let tables = &self.edition.tables;
        tables
            .get(name)
            .ok_or_else(|| AssembleError::unknown_table(self.section, name, tables.keys().map(String::as_str)))
    }

    fn unreadable(&self, source: RowsError) -> AssembleError {
        AssembleError::Rows { section: self.section.to_owned(), source }
    }
}

/// Makes the document of one edition.
///
/// # Errors
/// What in the layout does not fit the data, with the section's name and the way out.
pub fn assemble(layout: &Layout, edition: &Edition) -> Result<Document, AssembleError> {
    let context = edition.context(layout)?;
    let renderer = edition.renderer();
    let text = |place: &str, template: &str| {
        renderer
            .render(template, &context)
            .map_err(|source| AssembleError::Text { place: place.to_owned(), source: Box::new(source) })
    };
    let head = Head {
        report: edition.report.clone(),
        edition: edition.key.clone(),
        title: text("title", &layout.title)?.trim().to_owned(),
        subtitle: layout.subtitle.as_deref().map(|subtitle| text("subtitle", subtitle)).transpose()?,
        about: edition.about(),
        period: edition.period.label.clone(),
        first_day: edition.period.first_day,
        end_day: edition.period.end_day,
        locale: edition.locale.tag.to_owned(),
        timezone: edition.zone.name().to_owned(),
        currency: edition.currency().to_owned(),
    };
    let mut notes = edition.notes.clone();
    // The same remark about several sections is one line.
    let mut remarked: IndexMap<String, Vec<String>> = IndexMap::new();
    let mut sections = Vec::with_capacity(layout.sections.len());
    for spec in &layout.sections {
        let place = Place { edition, section: spec.name().as_str() };
        let mut of_totals = Vec::new();
        let (title, body) = match spec {
            SectionSpec::Figures(spec) => (&spec.title, Body::Figures(figures::build(&place, spec)?)),
            SectionSpec::Chart(spec) => (&spec.title, chart::build(&place, spec)?),
            SectionSpec::Table(spec) => {
                let (table, remarks) = table::build(&place, spec)?;
                of_totals = remarks;
                (&spec.title, Body::Table(table))
            }
            SectionSpec::Text(spec) => (&spec.title, Body::Text(paragraphs(&text(place.section, &spec.text)?))),
        };
        for remark in remarks(&place, spec, &body)?.into_iter().chain(of_totals) {
            let name = title.clone().unwrap_or_else(|| columns::humanized(place.section));
            remarked.entry(remark).or_default().push(name);
        }
        sections.push(Section { name: place.section.to_owned(), title: title.clone(), body });
    }
    notes.extend(remarked.into_iter().map(|(remark, names)| format!("{}: {remark}", names.join(", "))));
    notes.dedup();
    Ok(Document { head, sections, notes, fonts: Arc::clone(&edition.fonts) })
}

/// A table's columns whose total is left out because nobody has said whether they add up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsaidTotals {
    /// The section.
    pub section: String,
    /// The columns.
    pub columns: Vec<String>,
}

/// Where a layout asks for totals of columns that nobody has said anything about: its author should know.
///
/// # Errors
/// As [`assemble`], for what is wrong with the columns of tables.
pub fn unsaid_totals(layout: &Layout, edition: &Edition) -> Result<Vec<UnsaidTotals>, AssembleError> {
    let mut unsaid = Vec::new();
    for spec in &layout.sections {
        let SectionSpec::Table(table) = spec else { continue };
        let place = Place { edition, section: spec.name().as_str() };
        let columns = table::unsaid(&place, table)?;
        if !columns.is_empty() {
            unsaid.push(UnsaidTotals { section: place.section.to_owned(), columns });
        }
    }
    Ok(unsaid)
}

/// What readers must know of figures and charts; tables say it themselves.
fn remarks(place: &Place<'_>, spec: &SectionSpec, body: &Body) -> Result<Vec<String>, AssembleError> {
    let (Some(data), Body::Figures(_) | Body::Chart(_)) = (spec.data(), body) else { return Ok(Vec::new()) };
    let table = place.table(data.as_str())?;
    let (locale, left_out) = (place.edition.locale, table.left_out);
    let mut remarks = Vec::new();
    // An empty chart says so itself.
    if matches!(body, Body::Figures(_)) && table.rows.count() == 0 {
        remarks.push(locale.words.no_data.to_owned());
    }
    if left_out > 0 {
        remarks.push(locale.rows_left_out(left_out));
    }
    Ok(remarks)
}

/// Blank lines separate paragraphs; a single line break is a space.
fn paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    for line in text.lines().map(str::trim) {
        let last = paragraphs.last_mut().expect("never empty");
        match (line.is_empty(), last.is_empty()) {
            (true, true) => {}
            (true, false) => paragraphs.push(String::new()),
            (false, true) => last.push_str(line),
            (false, false) => {
                last.push(' ');
                last.push_str(line);
            }
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs
}

#[cfg(test)]
mod tests {
    use super::paragraphs;

    #[test]
    fn blank_lines_separate_paragraphs() {
        assert_eq!(paragraphs("one\ntwo\n\n\n  three \n"), ["one two", "three"]);
        assert!(paragraphs(" \n\n").is_empty());
    }
}
