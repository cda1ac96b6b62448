//! A project: all definitions of a folder, read and checked against one another. Files come in
//! as text and diagnostics go out; reading folders is the binary's business.

#![expect(clippy::useless_vec, reason = "paths are built and extended alike")]

/// A path of keys and indexes, for diagnostics.
macro_rules! steps {
    ($($step:expr),* $(,)?) => { vec![$($crate::project::IntoStep::into_step($step)),*] };
}

mod check;
mod csv;
mod dependence;
mod limits;
mod members;
mod read;
mod shown;
mod texts;

pub use check::check;
pub use members::{MemberRows, MembersError, members_from_rows};
pub use read::read;

use std::{collections::BTreeMap, ops::Range};

use crate::{
    definition::{Definition, List, Report, Settings, Source, Template, TemplateRef},
    diagnostic::{Diagnostic, SourceFile},
    yaml::{Node, Step},
};

/// A definition with its place in the project's files.
#[derive(Debug, Clone)]
pub struct Located<T> {
    /// The definition.
    pub value: T,
    /// The place.
    pub place: Place,
}

/// Where a definition was written.
#[derive(Debug, Clone)]
pub struct Place {
    /// The index of its file in `Project::files`.
    pub file: usize,
    /// Its nodes.
    pub node: Node,
}

/// All definitions of a project.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// The files, in the order of their paths.
    pub files: Vec<SourceFile>,
    /// The settings.
    pub settings: Settings,
    /// Where the settings were written, if they were.
    pub settings_place: Option<Place>,
    /// The index of the settings' file.
    pub settings_file: Option<usize>,
    /// Sources by name.
    pub sources: BTreeMap<String, Located<Source>>,
    /// Templates by `name@version`.
    pub templates: BTreeMap<String, Located<Template>>,
    /// Reports by name.
    pub reports: BTreeMap<String, Located<Report>>,
    /// Lists by name.
    pub lists: BTreeMap<String, Located<List>>,
    /// Where the members of lists stand that come from a file of their own.
    pub member_rows: BTreeMap<String, MemberRows>,
    /// Names of definitions that have faults of their own: they exist, but nothing more is said of them.
    pub faulty: Vec<(&'static str, String)>,
}

/// A report with everything that it refers to.
#[derive(Debug, Clone, Copy)]
pub struct Resolved<'a> {
    /// The report.
    pub report: &'a Report,
    /// Its template's version.
    pub template: &'a Template,
    /// The list it goes to, if it goes anywhere.
    pub list: Option<&'a List>,
}

impl Project {
    /// An error about a place in a definition.
    pub fn error_at(&self, place: &Place, path: &[Step], message: impl Into<String>) -> Diagnostic {
        self.error_in(place, place.node.span_at(path), message)
    }

    /// An error about some bytes of a definition's file.
    pub fn error_in(&self, place: &Place, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(&self.files[place.file], span, message).about(self.subject(place))
    }

    /// An error about a key of one of a list's members, wherever that is written.
    pub fn error_at_member(&self, list: &Located<List>, index: usize, key: &str, message: &str) -> Diagnostic {
        match self.member_rows.get(list.value.name.as_str()) {
            Some(rows) => Diagnostic::error(&self.files[rows.file], rows.span(index, key), message)
                .about(self.subject(&list.place)),
            None => self.error_at(&list.place, &steps!["members", index, key], message),
        }
    }

    /// An error about a key in a definition.
    pub fn error_at_key(&self, place: &Place, path: &[Step], message: impl Into<String>) -> Diagnostic {
        self.error_in(place, place.node.key_span_at(path), message)
    }

    /// Whether something of this kind has this name, with or without faults.
    fn knows(&self, kind: &str, name: &str) -> bool {
        let found = match kind {
            "source" => self.sources.contains_key(name),
            "template" => self.templates.contains_key(name),
            "report" => self.reports.contains_key(name),
            _ => self.lists.contains_key(name),
        };
        found || self.faulty.iter().any(|(k, n)| *k == kind && dependence::means(n, name))
    }

    /// A report with all that it refers to; `None` when something is missing (`check` says what).
    pub fn resolve(&self, report: &str) -> Option<Resolved<'_>> {
        let report = &self.reports.get(report)?.value;
        let template = self.template(&report.template)?;
        let list = match &report.deliver {
            Some(deliver) => Some(&self.lists.get(deliver.to.as_str())?.value),
            None => None,
        };
        Some(Resolved { report, template, list })
    }

    /// A template's version.
    pub fn template(&self, reference: &TemplateRef) -> Option<&Template> {
        self.templates.get(&reference.to_string()).map(|located| &located.value)
    }

    fn insert(&mut self, definition: Definition, place: Place) {
        match definition {
            Definition::Source(value) => {
                self.sources.insert(value.name.to_string(), Located { value, place });
            }
            Definition::Template(value) => {
                let name = format!("{}@{}", value.name, value.version);
                self.templates.insert(name, Located { value, place });
            }
            Definition::Report(value) => {
                self.reports.insert(value.name.to_string(), Located { value, place });
            }
            Definition::List(value) => {
                self.lists.insert(value.name.to_string(), Located { value, place });
            }
        }
    }

    fn place_of(&self, kind: &str, name: &str) -> Option<&Place> {
        match kind {
            "source" => self.sources.get(name).map(|l| &l.place),
            "template" => self.templates.get(name).map(|l| &l.place),
            "report" => self.reports.get(name).map(|l| &l.place),
            _ => self.lists.get(name).map(|l| &l.place),
        }
    }
}

/// A key or an index as a step.
pub(crate) trait IntoStep {
    fn into_step(self) -> Step;
}

impl IntoStep for &str {
    fn into_step(self) -> Step {
        Step::Key(self.to_owned())
    }
}

impl IntoStep for usize {
    fn into_step(self) -> Step {
        Step::Index(self)
    }
}
