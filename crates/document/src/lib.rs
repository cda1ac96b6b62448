//! A template and tables become a `Document`; formats turn it into bytes behind `Format`.
//! Text templates, locales, themes, charts as SVG. It knows no format by kind, no store, no engine.

pub mod arrow_value;
pub mod assemble;
pub mod charts;
pub mod content;
pub mod format;
pub mod formula;
pub mod locale;
mod stored;
pub mod text;
pub mod theme;
pub mod write;
