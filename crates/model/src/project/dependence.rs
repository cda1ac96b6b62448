//! What depends on what: a fault in one definition stops the reports that need it, and no others.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Place, Project};
use crate::{
    definition::Definition,
    diagnostic::{Diagnostic, Severity, Subject},
};

const SETTINGS: &str = "settings";

impl Project {
    /// The definition that a place belongs to, with or without faults.
    pub(super) fn subject(&self, place: &Place) -> Option<Subject> {
        if self.settings_file == Some(place.file) {
            return Some(Subject { kind: SETTINGS, name: String::new() });
        }
        let text = |key: &str| place.node.get(key).map(crate::yaml::Node::to_json);
        let written = text("kind")?;
        let kind = Definition::KINDS.into_iter().find(|kind| Some(*kind) == written.as_str())?;
        Some(Subject { kind, name: written_name(kind, text("name").as_ref(), text("version").as_ref()) })
    }

    /// Whether a diagnostic stops everything: the project's settings are wrong.
    pub fn stops_all(diagnostic: &Diagnostic) -> bool {
        diagnostic.severity == Severity::Error && diagnostic.definition.as_ref().is_some_and(|d| d.kind == SETTINGS)
    }

    /// Whether a diagnostic stops this report: it is about the settings, the report, or what the report refers to.
    pub fn stops(&self, report: &str, diagnostic: &Diagnostic) -> bool {
        if diagnostic.severity != Severity::Error {
            return false;
        }
        let Some(definition) = &diagnostic.definition else { return false };
        let needed = self.needed_by(report);
        needed.iter().any(|(kind, name)| *kind == definition.kind && means(&definition.name, name))
    }

    /// A report and all that it refers to, by kind and name.
    fn needed_by(&self, report: &str) -> BTreeSet<(&'static str, String)> {
        let mut needed = BTreeSet::from([(SETTINGS, String::new()), ("report", report.to_owned())]);
        let Some(report) = self.reports.get(report).map(|located| &located.value) else { return needed };
        needed.insert(("template", report.template.to_string()));
        let template = self.template(&report.template);
        for dataset in template.into_iter().flat_map(|template| template.query.datasets.values()) {
            needed.insert(("source", dataset.source.to_string()));
        }
        if let Some(deliver) = &report.deliver {
            needed.insert(("list", deliver.to.to_string()));
            let list = self.lists.get(deliver.to.as_str()).map(|located| &located.value);
            needed.extend(list.and_then(|list| list.members.source()).map(|source| ("source", source.to_string())));
        }
        needed
    }
}

/// The name of a definition as far as it is written; of a template whose version is what is wrong `name@`.
pub(super) fn written_name(kind: &str, name: Option<&Value>, version: Option<&Value>) -> String {
    let name = name.and_then(Value::as_str).unwrap_or_default();
    match (kind, version.and_then(Value::as_u64)) {
        ("template", Some(version)) => format!("{name}@{version}"),
        // Every version may be meant.
        ("template", None) => format!("{name}@"),
        _ => name.to_owned(),
    }
}

/// Whether a written name may be this one.
pub(super) fn means(written: &str, name: &str) -> bool {
    written == name || (written.ends_with('@') && name.starts_with(written))
}
