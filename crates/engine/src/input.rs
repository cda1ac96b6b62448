//! The name of a stage's input: a hash of everything its output depends on. A stage whose input has
//! the same name as the one that is kept is done already.

use punctual_model::{
    definition::{Compare, Section, Template},
    identity::ContentHash,
    state::Stage,
};
use serde::Serialize;

use crate::zones::Database;

/// Everything that a stage's output depends on, apart from its job.
#[derive(Serialize)]
struct Input<'a, T: Serialize> {
    stage: Stage,
    build: &'a str,
    tzdb: &'a str,
    job: &'a T,
}

/// The name of a stage's input. `job` must name files by content, never by path.
pub(crate) fn name<T: Serialize>(stage: Stage, build: &str, job: &T) -> ContentHash {
    let zones = Database::in_use();
    ContentHash::of_json(&Input { stage, build, tzdb: zones.version(), job })
}

/// Whether any section compares with the period before.
pub(crate) fn needs_previous(template: &Template) -> bool {
    template.layout.sections.iter().any(|section| match section {
        Section::Figures(figures) => figures.compare == Some(Compare::PreviousPeriod),
        Section::Chart(_) | Section::Table(_) | Section::Text(_) => false,
    })
}
