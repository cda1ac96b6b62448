//! `check`: every error in the definitions, template versions that changed after their use, and fonts that
//! are not there.

use std::path::Path;

use punctual_model::{
    diagnostic::Severity,
    identity::{ContentHash, canonical_json},
    yaml::Step,
};
use punctual_store::{Store, sql::SqlStore};

use crate::{
    exit,
    folder::{self, Loaded},
    show,
};

/// Prints every error; the exit code says whether there is one.
pub fn check(root: &Path, json: bool) -> anyhow::Result<u8> {
    let mut loaded = folder::load(root)?;
    super::block_on(check_pins(&mut loaded))?;
    check_fonts(&mut loaded);
    let errors = loaded.diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
    if json || !loaded.diagnostics.is_empty() {
        show::diagnostics(&loaded, json);
    }
    if !json {
        let project = &loaded.project;
        let counts = [
            (project.sources.len(), "source"),
            (project.templates.len(), "template"),
            (project.reports.len(), "report"),
            (project.lists.len(), "list"),
        ]
        .map(|(number, thing)| show::count(number, thing))
        .join(", ");
        match errors {
            0 => show::print(&format!("{counts}: no errors")),
            n => show::tell(&format!("{counts}: {}", show::count(n, "error"))),
        }
    }
    Ok(if errors == 0 { exit::OK } else { exit::DEFINITIONS })
}

/// The folder of fonts must be there and hold some.
fn check_fonts(loaded: &mut Loaded) {
    let settings = &loaded.project.settings;
    let (Some(folder), Some(place)) = (&settings.fonts, &loaded.project.settings_place) else { return };
    if let Err(message) = punctual_engine::project_fonts(&loaded.root, folder) {
        let fault = loaded.project.error_at(place, &[Step::Key("fonts".to_owned())], message);
        loaded.diagnostics.push(fault);
    }
}

/// A used template version must still have the content of its first use. Reads the state database
/// if there is one, and makes none.
async fn check_pins(loaded: &mut Loaded) -> anyhow::Result<()> {
    let state = loaded.root.join(&loaded.project.settings.data).join("state.sqlite");
    if !state.is_file() {
        return Ok(());
    }
    let pinned = SqlStore::sqlite(&state).await?.pinned_templates().await?;
    for (name, template) in &loaded.project.templates {
        let content = ContentHash::of(canonical_json(&template.value).as_bytes());
        let Some(pin) = pinned.iter().find(|pin| pin.name == *name && pin.content != content) else { continue };
        let message = format!(
            "template `{name}` was changed after its first delivery on {}",
            pin.first_used_at.strftime("%Y-%m-%d")
        );
        let help = format!("write `version: {}` and let reports refer to it", template.value.version + 1);
        let at = [Step::Key("version".to_owned())];
        loaded.diagnostics.push(loaded.project.error_at(&template.place, &at, message).with_help(help));
    }
    Ok(())
}
