//! Text templates: titles, paragraphs, subjects and SQL. Values keep their types on the way in,
//! are written by the one `Writer`, and never become SQL text. A template can loop and branch; it
//! reads nothing but its context. Memory is bounded by whoever runs this, not here.

mod bounds;
mod context;
mod error;
mod filters;
mod known;
mod period;
mod rewrite;
mod sql;
mod strftime;
mod typed;

use std::sync::OnceLock;

use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use punctual_model::{
    sql_text::{SqlLexis, SqlText},
    zone::Zone,
};

pub use self::{context::TextContext, error::TextError, period::PeriodFacts};
use self::{error::Explain, rewrite::Rewritten};
use crate::locale::Locale;

/// Steps that one template may take.
const FUEL: u64 = 500_000;
/// How deep macros and loops may nest.
const RECURSION: usize = 100;

/// Renders text templates in one locale.
#[derive(Debug, Clone)]
pub struct TextRenderer {
    locale: &'static Locale,
    currency: String,
    zone: Zone,
}

/// Refuses a template that is too deep to be parsed, rendered or looked through; whoever parses one asks first.
///
/// # Errors
/// Where it goes too far.
pub fn check_depth(template: &str) -> Result<(), TextError> {
    bounds::check(template)
}

/// The filters of a template that no text has, each with its place; the template is not rendered.
pub fn unknown_filters(template: &str) -> Vec<TextError> {
    known::unknown_filters(template)
}

/// Is told of each text when its rendering starts and ends. Steps are bounded here; the time that they take
/// is for whoever runs this to bound.
pub trait Watch: Send + Sync {
    /// A text starts; the number names it at its end.
    fn started(&self, template: &str) -> u64;
    /// It ended.
    fn ended(&self, number: u64);
}

static WATCH: OnceLock<&'static dyn Watch> = OnceLock::new();

/// Lets one watcher see every text of this process, the first that asks.
pub fn watch(watcher: &'static dyn Watch) {
    let _ = WATCH.set(watcher);
}

/// A text under way, as the watcher sees it.
struct Watched(Option<(&'static dyn Watch, u64)>);

impl Watched {
    fn start(template: &str) -> Self {
        Self(WATCH.get().map(|watcher| (*watcher, watcher.started(template))))
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some((watcher, number)) = self.0 {
            watcher.ended(number);
        }
    }
}

impl TextRenderer {
    /// Amounts are in `currency` (ISO 4217) and instants in `zone` unless a filter says otherwise.
    pub fn new(locale: &'static Locale, currency: impl Into<String>, zone: Zone) -> Self {
        Self { locale, currency: currency.into(), zone }
    }

    /// Renders plain text: nothing is escaped.
    ///
    /// # Errors
    /// What is wrong with the template, and where.
    pub fn render(&self, template: &str, context: &TextContext) -> Result<String, TextError> {
        self.render_escaped(template, context, AutoEscape::None)
    }

    /// Renders HTML: the text of values is escaped, the template's own is not.
    ///
    /// # Errors
    /// What is wrong with the template, and where.
    pub fn render_html(&self, template: &str, context: &TextContext) -> Result<String, TextError> {
        self.render_escaped(template, context, AutoEscape::Html)
    }

    /// Renders SQL: every `{{ value }}` becomes a parameter, a list becomes several. `{% if %}` and
    /// `{% for %}` choose between pieces of the template's own text; no value can enter it.
    ///
    /// # Errors
    /// What is wrong with the template, a value that cannot be a parameter, or a parameter inside
    /// a string, a quoted name or a comment of the dialect.
    pub fn render_sql(&self, template: &str, context: &TextContext, lexis: SqlLexis) -> Result<SqlText, TextError> {
        let _watched = Watched::start(template);
        sql::render(self.environment(AutoEscape::Custom("sql".into())), template, context, lexis)
    }

    fn render_escaped(&self, template: &str, context: &TextContext, escape: AutoEscape) -> Result<String, TextError> {
        let _watched = Watched::start(template);
        let rewritten = Rewritten::text(template)?;
        let mut environment = self.environment(escape);
        environment.set_formatter(typed::formatter(self.locale));
        environment.render_str(rewritten.source(), context.to_value()).map_err(|error| {
            Explain { template, rewritten: &rewritten, context, environment: &environment }.error(&error)
        })
    }

    /// An environment without loaders: a template cannot reach anything but its context.
    fn environment(&self, escape: AutoEscape) -> Environment<'_> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(RECURSION);
        environment.set_debug(true);
        environment.set_auto_escape_callback(move |_| escape.clone());
        filters::add(&mut environment, self.locale, &self.currency, &self.zone);
        environment
    }
}

#[cfg(test)]
mod tests;
