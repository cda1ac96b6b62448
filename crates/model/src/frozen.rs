//! What a revision is made and delivered by, as one value: it is kept with the revision, and from the first byte
//! that leaves it is read back by whoever goes on, whatever the project's files say by then.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::{
    definition::{Channel, List, MemberKey, Report, Source, Template},
    identity::canonical_json,
    project::{Project, Resolved},
    slug::Slug,
};

/// Everything that makes a revision and delivers it, but the recipients: they are looked up at each send, and
/// held against these guards. Secrets are references.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frozen {
    /// The report.
    pub report: Report,
    /// Its template.
    pub template: Template,
    /// What the list allows.
    #[serde(default)]
    pub guards: Option<Guards>,
    /// The sources of the template's datasets, by name.
    #[serde(default)]
    pub sources: BTreeMap<String, Source>,
    /// The channel.
    #[serde(default)]
    pub channel: Option<NamedChannel>,
    /// Who messages come from.
    #[serde(default)]
    pub sender: Sender,
}

/// What a list allows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Guards {
    /// The list's name.
    pub list: Slug,
    /// The domains that a key's recipients may have.
    pub domains: IndexMap<MemberKey, Vec<String>>,
    /// More recipients than this need a confirmation.
    pub confirm_over: u64,
}

/// A channel with the name that it has in the settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamedChannel {
    /// Its name.
    pub name: String,
    /// Its type and options.
    pub definition: Channel,
}

/// Who messages come from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sender {
    /// What people read as the project's name.
    pub title: Option<String>,
    /// The mailbox that messages come from.
    pub from: Option<String>,
    /// Where answers go.
    pub reply_to: Option<String>,
}

impl Frozen {
    /// What a project says of a report now.
    pub fn of(project: &Project, resolved: &Resolved<'_>) -> Self {
        let settings = &project.settings;
        let deliver = resolved.report.deliver.as_ref();
        let name = deliver.and_then(|d| d.channel.as_ref().or(settings.default_channel.as_ref()));
        let sources = resolved.template.query.datasets.values().filter_map(|dataset| {
            let source = project.sources.get(dataset.source.as_str())?;
            Some((source.value.name.to_string(), source.value.clone()))
        });
        Self {
            report: resolved.report.clone(),
            template: resolved.template.clone(),
            guards: resolved.list.map(|list| Guards {
                list: list.name.clone(),
                domains: list.domains.clone(),
                confirm_over: settings.confirm_over,
            }),
            sources: sources.collect(),
            channel: name.and_then(|name| Self::channel(project, name)),
            sender: Sender {
                title: settings.title.clone(),
                from: settings.from.clone(),
                reply_to: settings.reply_to.clone(),
            },
        }
    }

    /// A channel of a project's settings.
    pub fn channel(project: &Project, name: &str) -> Option<NamedChannel> {
        let definition = project.settings.channels.get(name)?.clone();
        Some(NamedChannel { name: name.to_owned(), definition })
    }

    /// The value as it is kept.
    pub fn to_json(&self) -> String {
        canonical_json(self)
    }

    /// Reads a kept value.
    ///
    /// # Errors
    /// When this version cannot read it.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The same, with what a revision of an earlier version did not keep taken from what holds now.
    #[must_use]
    pub fn or(self, now: Self) -> Self {
        let sender = if self.sender.from.is_some() { self.sender } else { now.sender };
        let sources = if self.sources.is_empty() { now.sources } else { self.sources };
        Self {
            guards: self.guards.or(now.guards),
            channel: self.channel.or(now.channel),
            sources,
            sender,
            report: self.report,
            template: self.template,
        }
    }

    /// The list's members of today under these guards.
    pub fn guarded(&self, list: &List) -> List {
        let domains = self.guards.as_ref().map_or_else(|| list.domains.clone(), |guards| guards.domains.clone());
        List { domains, ..list.clone() }
    }

    /// The parts that are not what they are now, in words for people: `report (formats, deliver)`. What delivers
    /// nothing else is no change: when a report runs, how a source is asked, titles that only authors read.
    pub fn changes(&self, now: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        let mut compare = |what: String, before: Option<serde_json::Value>, now: Option<serde_json::Value>| {
            let quiet = QUIET.iter().find(|(part, _)| what.starts_with(part)).map_or(&[][..], |(_, keys)| keys);
            let [before, now] = [before, now].map(|part| part.map(|part| without(part, quiet)));
            if before != now {
                changes.push(format!("{what}{}", changed_keys(before.as_ref(), now.as_ref())));
            }
        };
        compare("the report".to_owned(), json(&self.report), json(&now.report));
        compare("the template".to_owned(), json(&self.template), json(&now.template));
        if self.guards.is_some() {
            compare("the list's guards".to_owned(), json(&self.guards), json(&now.guards));
        }
        for (name, source) in &self.sources {
            compare(format!("source `{name}`"), json(source), now.sources.get(name).and_then(json));
        }
        if self.channel.is_some() {
            compare("the channel".to_owned(), json(&self.channel), json(&now.channel));
        }
        // A revision of an earlier version kept no sender.
        if self.sender != Sender::default() {
            compare("the sender".to_owned(), json(&self.sender), json(&now.sender));
        }
        changes
    }
}

/// Keys that change nothing of what a revision delivers, by the part that has them.
const QUIET: [(&str, &[&str]); 3] =
    [("the report", &["schedules"]), ("the template", &["title"]), ("source", &["title", "timeout", "fresh_for"])];

fn json<T: Serialize>(value: &T) -> Option<serde_json::Value> {
    serde_json::to_value(value).ok().filter(|value| !value.is_null())
}

/// A part without these keys.
fn without(mut part: serde_json::Value, keys: &[&str]) -> serde_json::Value {
    if let Some(map) = part.as_object_mut() {
        map.retain(|key, _| !keys.contains(&key.as_str()));
    }
    part
}

/// The keys that differ between two mappings, in brackets.
fn changed_keys(before: Option<&serde_json::Value>, now: Option<&serde_json::Value>) -> String {
    let empty = serde_json::Map::new();
    let map =
        |value: Option<&serde_json::Value>| value.and_then(serde_json::Value::as_object).unwrap_or(&empty).clone();
    let (before, now) = (map(before), map(now));
    let mut keys: Vec<&String> = before.keys().chain(now.keys()).collect();
    keys.sort();
    keys.dedup();
    let changed: Vec<&str> =
        keys.into_iter().filter(|key| before.get(*key) != now.get(*key)).map(String::as_str).collect();
    if changed.is_empty() { String::new() } else { format!(" ({})", changed.join(", ")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn frozen() -> serde_json::Value {
        json!({
            "report": {"name": "r", "title": "R", "template": "t@1", "timezone": "UTC", "period": "month",
                "locale": "en-US", "currency": "USD", "formats": ["json"], "expect": {}},
            "template": {"name": "t", "version": 1, "query": {"datasets": {}}, "layout": {"title": "T", "sections": []}},
            "sources": {"s": {"name": "s", "type": "csv", "path": "a.csv"}},
        })
    }

    /// The changes that a patch at a pointer amounts to.
    fn changes(part: &str, key: &str, value: serde_json::Value) -> Vec<String> {
        let of = |value: serde_json::Value| serde_json::from_value::<Frozen>(value).expect("a definition");
        let mut edited = frozen();
        edited.pointer_mut(part).expect("the part")[key] = value;
        of(frozen()).changes(&of(edited))
    }

    #[test]
    fn what_delivers_nothing_else_is_no_change() {
        for (part, key, value) in [
            ("/report", "schedules", json!([{"cron": "0 8 1 * *"}])),
            ("/template", "title", json!("For authors")),
            ("/sources/s", "title", json!("For authors")),
            ("/sources/s", "timeout", json!("9m")),
            ("/sources/s", "fresh_for", json!("9m")),
        ] {
            assert_eq!(changes(part, key, value), Vec::<String>::new(), "{part} {key}");
        }
    }

    #[test]
    fn what_delivers_something_else_is_named_by_its_keys() {
        assert_eq!(changes("/report", "formats", json!(["pdf"])), ["the report (formats)"]);
        assert_eq!(changes("/report", "title", json!("Other")), ["the report (title)"]);
        assert_eq!(changes("/sources/s", "path", json!("b.csv")), ["source `s` (path)"]);
    }
}
