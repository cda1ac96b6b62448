//! SQL templates become SQL text with binds. The same context serves datasets, tables and checks.

use punctual_document::{
    locale::Locale,
    text::{PeriodFacts, TextContext, TextError, TextRenderer},
};
use punctual_model::{period::Period, sql_text::SqlLexis, sql_text::SqlText, value::Value, zone::Zone};

use super::{Facts, RenderSql, RenderedSql};

/// Renders a run's texts over one of its periods.
pub(super) struct Texts {
    pub(super) renderer: TextRenderer,
    pub(super) context: TextContext,
}

impl Texts {
    /// Texts over the period, or over the one before; zone-less boundaries are those of `source_zone`.
    pub(super) fn new(facts: &Facts, source_zone: &Zone, previous: bool) -> Result<Self, String> {
        let locale = locale(facts)?;
        let renderer = TextRenderer::new(locale, facts.currency.as_str(), facts.period.zone.clone());
        let context = context(facts, &period(facts, previous)?, source_zone, locale)?;
        Ok(Self { renderer, context })
    }

    /// Renders one SQL text; `subject` is what it is, for messages.
    pub(super) fn sql(&self, subject: &str, text: &str, lexis: SqlLexis) -> Result<SqlText, String> {
        self.renderer.render_sql(text, &self.context, lexis).map_err(|error| in_words(subject, &error))
    }
}

/// The locale of a run.
pub(super) fn locale(facts: &Facts) -> Result<&'static Locale, String> {
    Locale::by_tag(&facts.locale).ok_or_else(|| format!("unknown locale `{}`", facts.locale))
}

/// The period of a run, or the one before.
pub(super) fn period(facts: &Facts, previous: bool) -> Result<Period, String> {
    let period = facts.period.period().map_err(|e| e.to_string())?;
    if previous { period.previous().map_err(|e| e.to_string()) } else { Ok(period) }
}

/// What every text can see: the period, the report, the parameters.
pub(super) fn context(
    facts: &Facts,
    period: &Period,
    source_zone: &Zone,
    locale: &Locale,
) -> Result<TextContext, String> {
    let period = PeriodFacts::new(period, source_zone, locale).map_err(|e| e.to_string())?;
    let mut context = TextContext::new(period);
    let text = |text: &str| Value::Text(text.to_owned());
    context.set_row(
        "report",
        [
            ("name".to_owned(), text(&facts.report)),
            ("title".to_owned(), text(&facts.title)),
            ("timezone".to_owned(), text(facts.period.zone.name())),
            ("locale".to_owned(), text(&facts.locale)),
            ("currency".to_owned(), text(&facts.currency)),
        ],
    );
    context.set_row("parameters", facts.parameters.clone());
    Ok(context)
}

/// A text's error with its place and the way out.
pub(super) fn in_words(subject: &str, error: &TextError) -> String {
    let place = match (error.line, error.column) {
        (Some(line), Some(column)) => format!(", line {line}, column {column}"),
        (Some(line), None) => format!(", line {line}"),
        _ => String::new(),
    };
    let help = error.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
    format!("{subject}{place}: {}{help}", error.message)
}

/// Renders SQL templates.
pub(super) fn render_sql(job: &RenderSql) -> Result<RenderedSql, String> {
    job.texts
        .iter()
        .map(|template| {
            let texts = Texts::new(&job.facts, &template.source_zone, template.previous)?;
            texts.sql(&template.subject, &template.text, template.lexis)
        })
        .collect()
}
