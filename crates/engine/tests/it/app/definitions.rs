//! The project of the tests as a value that can be edited: one report, burst by client, to a list.

use std::fmt::Write as _;

use punctual_model::{
    diagnostic::SourceFile,
    project::{Project, read},
};

/// Somebody on the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The key of the edition that they get.
    pub key: &'static str,
    /// An id, when the list gives one.
    pub id: Option<&'static str>,
    /// The address as the list spells it.
    pub email: String,
}

/// What the project's files say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definitions {
    /// The report's name.
    pub report: &'static str,
    /// The name of the report's channel; there is always another one named `other`.
    pub channel: &'static str,
    /// The type of the report's channel.
    pub channel_type: &'static str,
    /// The template's version.
    pub version: u32,
    /// The heading that the template's table has.
    pub heading: String,
    /// Whether the template has a parameter with a default.
    pub parameter: bool,
    /// The report's formats.
    pub formats: &'static [&'static str],
    /// The subject.
    pub subject: String,
    /// The list.
    pub members: Vec<Member>,
    /// How long the source settles.
    pub settle: &'static str,
    /// How long a snapshot that a person took serves.
    pub fresh_for: &'static str,
    /// The report's zone.
    pub timezone: &'static str,
    /// When it leaves.
    pub after: Option<&'static str>,
    /// Rows that an edition must have.
    pub only_if: Option<u64>,
}

/// The name that the one report has at first.
pub const REPORT: &str = "monthly";

impl Default for Definitions {
    /// Four people get three editions in one format.
    fn default() -> Self {
        let member = |key, email: &str| Member { key, id: None, email: email.to_owned() };
        Self {
            report: REPORT,
            channel: "post",
            channel_type: "scripted",
            version: 1,
            heading: "Orders".to_owned(),
            parameter: false,
            formats: &["txt"],
            subject: "Your report".to_owned(),
            members: vec![
                member("c1", "ana@one.example"),
                member("c2", "ben@two.example"),
                member("c2", "bea@two.example"),
                member("c3", "cid@three.example"),
            ],
            settle: "0s",
            fresh_for: "1h",
            timezone: "UTC",
            after: None,
            only_if: None,
        }
    }
}

impl Definitions {
    /// The project that these files are.
    ///
    /// # Panics
    /// When they have a fault.
    pub fn project(&self) -> Project {
        let file = |path: &str, text: String| SourceFile { path: path.to_owned(), text };
        let (project, faults) = read(
            Some(file("punctual.yaml", self.settings())),
            vec![
                file("source.yaml", self.source()),
                file("template.yaml", self.template()),
                file("report.yaml", self.report()),
                file("list.yaml", self.list()),
            ],
        );
        let faults: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
        assert!(faults.is_empty(), "{faults:?}");
        project
    }

    fn settings(&self) -> String {
        let Self { channel, channel_type, .. } = self;
        format!(
            "from: Agency <reports@agency.example>\ndefault_channel: {channel}\nsystem_fonts: false\n\
             channels:\n  {channel}: {{type: {channel_type}}}\n  other: {{type: scripted}}\n"
        )
    }

    fn source(&self) -> String {
        let Self { settle, fresh_for, .. } = self;
        format!("kind: source\nname: shop\ntype: scripted\nsettle: {settle}\nfresh_for: {fresh_for}\n")
    }

    fn template(&self) -> String {
        let Self { version, heading, .. } = self;
        let parameters = if self.parameter { "parameters: {top: {type: int, default: 5}}\n" } else { "" };
        format!(
            "kind: template\nname: orders\nversion: {version}\n{parameters}query:\n  datasets:\n    \
             clients: {{source: shop, sql: SELECT client FROM clients, checks: [{{rows: {{min: 1}}}}]}}\n    \
             orders:\n      source: shop\n      \
             sql: \"SELECT client, version, asked FROM orders WHERE day >= {{{{ period.start_date }}}}\"\n\
             layout:\n  title: Orders\n  sections:\n    \
             - {{name: orders, type: table, title: {heading}, data: orders, columns: [client, version, asked]}}\n"
        )
    }

    fn report(&self) -> String {
        let Self { report, version, subject, timezone, .. } = self;
        let mut deliver = format!("to: clients, subject: {subject}");
        if let Some(after) = self.after {
            let _ = write!(deliver, ", after: {after}");
        }
        if let Some(rows) = self.only_if {
            let _ = write!(deliver, ", only_if: {{rows: {rows}}}");
        }
        format!(
            "kind: report\nname: {report}\ntitle: Monthly\ntemplate: orders@{version}\ntimezone: {timezone}\nperiod: month\n\
             burst: {{by: client, from: clients, as: client}}\nformats: [{}]\ndeliver: {{{deliver}}}\n",
            self.formats.join(", ")
        )
    }

    fn list(&self) -> String {
        let mut list = "kind: list\nname: clients\nmembers:".to_owned();
        list.push_str(if self.members.is_empty() { " []\n" } else { "\n" });
        for Member { key, id, email } in &self.members {
            let id = id.map(|id| format!("id: {id}, ")).unwrap_or_default();
            let _ = writeln!(list, "  - {{key: {key}, {id}email: {email}}}");
        }
        list
    }
}
