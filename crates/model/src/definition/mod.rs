//! What users write: sources, templates, reports, lists and the project's settings.
//! One serde model, so that YAML in a folder and JSON over an API are the same thing.

mod layout;
mod list;
mod query;
mod report;
pub mod schema;
mod settings;
mod shape;
mod source;

pub use layout::{
    Better, ChartKind, ChartSection, Compare, Field, FieldFormat, FieldSpec, FiguresSection, Layout, Section,
    TableSection, TextSection, Total,
};
pub use list::{List, Member, MemberKey, Members, MembersFile, MembersQuery};
pub use query::{
    Accepted, AddsUp, Check, Collation, ColumnDecl, ColumnFacts, ColumnFrom, Columns, Covers, CoversEvery, Dataset,
    NotNull, Otherwise, Parameter, Query, RowsCheck, SqlCheck, Table, Template, Unique,
};
pub use report::{
    Burst, CalendarUnit, Deliver, DeliverAfter, Expect, OnlyIf, PeriodRule, Report, Schedule, TemplateRef,
};
pub use settings::{Channel, Limits, Retry, Settings};
pub use source::{Source, TimeEncoding};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One document of a project, by its `kind`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Definition {
    /// Where data comes from.
    Source(Source),
    /// A query and a layout, in an immutable version.
    Template(Template),
    /// A template with parameters, formats and who it is for.
    Report(Report),
    /// Recipients.
    List(List),
}

impl Definition {
    /// The kinds a document can have, as written in `kind:`.
    pub const KINDS: [&'static str; 4] = ["source", "template", "report", "list"];

    /// The kind as written in `kind:`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Source(_) => "source",
            Self::Template(_) => "template",
            Self::Report(_) => "report",
            Self::List(_) => "list",
        }
    }

    /// The definition's name; for a template `name@version`.
    pub fn name(&self) -> String {
        match self {
            Self::Source(s) => s.name.to_string(),
            Self::Template(t) => format!("{}@{}", t.name, t.version),
            Self::Report(r) => r.name.to_string(),
            Self::List(l) => l.name.to_string(),
        }
    }
}
