//! A template and tables become a `Document`; formats turn it into bytes behind `Format`.
//! Text templates, locales, themes, charts as SVG. It knows no format by kind, no store, no engine.
//!
//! [`assemble::assemble`] makes a [`content::Document`] of a layout and the tables of one edition.
//! [`text::TextRenderer`] renders what authors wrote as text, [`write::Writer`] writes every value:
//!
//! ```
//! use punctual_document::{locale::Locale, text::{PeriodFacts, TextContext, TextRenderer}};
//! use punctual_model::{period::Period, sql_text::SqlLexis, value::Value, zone::Zone};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let zone: Zone = "America/Chicago".parse()?;
//! let locale = Locale::by_tag("en-US").expect("known");
//! let period = Period::parse("2026-10", &zone)?;
//! let mut context = TextContext::new(PeriodFacts::new(&period, &zone, locale)?);
//! context.set_row("summary", [("visits".to_owned(), Value::Int(12_340))]);
//!
//! let renderer = TextRenderer::new(locale, "USD", zone);
//! let text = renderer.render("{{ summary.visits | format_number }} visits in {{ period.label }}", &context)?;
//! assert_eq!(text, "12,340 visits in October 2026");
//!
//! let sql = "SELECT * FROM traffic WHERE day >= {{ period.start_date }}";
//! let sql = renderer.render_sql(sql, &context, SqlLexis::STANDARD)?;
//! assert_eq!(sql.with_placeholders(|n| format!("${n}")), "SELECT * FROM traffic WHERE day >= $1");
//! # Ok(())
//! # }
//! ```

pub mod arrow_value;
pub mod assemble;
pub mod charts;
pub mod content;
pub mod fonts;
pub mod format;
pub mod formula;
pub mod locale;
mod stored;
pub mod text;
pub mod theme;
pub mod totals;
pub mod write;
