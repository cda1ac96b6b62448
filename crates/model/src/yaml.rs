//! YAML text becomes a tree of nodes that know their bytes in the file. Bounded: size, depth,
//! alias expansions; duplicate keys are refused. What the nodes mean is not known here.

use std::{fmt, ops::Range};

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Options, Spanned, budget::BudgetBreach, options::DuplicateKeyPolicy};

/// The largest file of definitions, in bytes: a list of 6,000 members takes half of it. What a file costs to read
/// is bounded by its nodes, whatever its bytes.
pub const MAX_BYTES: usize = 1024 * 1024;
const MAX_NODES: usize = 100_000;
const MAX_DEPTH: usize = 64;
const MAX_ALIASES: usize = 1_000;

/// A value of a YAML document with its place in the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The bytes of the value; where the parser tells none, an empty range.
    pub span: Range<usize>,
    /// The value.
    pub content: Content,
    /// What stands in the file for a scalar that YAML takes for a number, a truth value or nothing, where it is not
    /// written as JSON would: `1_000`, `0x10`, `007`, `1e3`, `~`, or an alias.
    pub written: Option<String>,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A scalar as JSON: null, true or false, a number or text.
    Scalar(serde_json::Value),
    /// A sequence.
    Sequence(Vec<Node>),
    /// A mapping in the order of the file.
    Mapping(Vec<(Key, Node)>),
}

/// A key of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// The key as text.
    pub name: String,
    /// Its bytes in the file.
    pub span: Range<usize>,
}

/// A step from a node to one inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The value under a key.
    Key(String),
    /// An item of a sequence.
    Index(usize),
}

/// Text that is no YAML that Punctual reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YamlError {
    /// What is wrong.
    pub message: String,
    /// Where, in bytes.
    pub span: Range<usize>,
}

/// Reads all documents of a file; empty documents are passed over.
///
/// # Errors
/// The first thing that is no YAML or goes over a limit.
pub fn parse(text: &str) -> Result<Vec<Node>, YamlError> {
    if text.len() > MAX_BYTES {
        let message = format!("the file has {} bytes; {MAX_BYTES} are the most, split it", text.len());
        return Err(YamlError { message, span: 0..0 });
    }
    let nodes: Vec<SpannedNode> = serde_saphyr::from_multiple_with_options(text, options()).map_err(|error| {
        let error = error.without_snippet();
        let span = error.location().map_or(0..0, |location| range(&location, text));
        YamlError { message: words(error), span }
    })?;
    let mut nodes: Vec<Node> = nodes.into_iter().map(|node| node.into_node(text)).collect();
    nodes.iter().try_for_each(refuse_equal_keys)?;
    nodes.retain(|node| node.content != Content::Scalar(serde_json::Value::Null));
    Ok(nodes)
}

/// Keys that YAML tells apart and a definition does not: `7` and `"7"`.
fn refuse_equal_keys(node: &Node) -> Result<(), YamlError> {
    match &node.content {
        Content::Scalar(_) => Ok(()),
        Content::Sequence(items) => items.iter().try_for_each(refuse_equal_keys),
        Content::Mapping(entries) => {
            let mut seen = std::collections::BTreeSet::new();
            for (key, value) in entries {
                if !seen.insert(key.name.as_str()) {
                    let message = format!("the key `{}` stands here a second time", key.name);
                    return Err(YamlError { message, span: key.span.clone() });
                }
                refuse_equal_keys(value)?;
            }
            Ok(())
        }
    }
}

/// Writes a value as YAML, for people.
pub fn to_text(value: &serde_json::Value) -> String {
    serde_saphyr::to_string(value).expect("JSON has only what YAML can hold")
}

fn options() -> Options {
    let mut options = Options::default();
    options.duplicate_keys = DuplicateKeyPolicy::Error;
    options.strict_booleans = true;
    options.alias_limits.max_total_replayed_events = 100_000;
    options.alias_limits.max_alias_expansions_per_anchor = MAX_ALIASES;
    if let Some(budget) = options.budget.as_mut() {
        budget.max_aliases = MAX_ALIASES;
        budget.max_depth = MAX_DEPTH;
        budget.max_nodes = MAX_NODES;
        budget.max_events = 3 * MAX_NODES;
        budget.flow_nesting_limit = MAX_DEPTH;
    }
    options
}

/// What is wrong in words for authors: those of the parser speak of its own insides.
fn words(error: &serde_saphyr::Error) -> String {
    use serde_saphyr::Error;
    match error {
        Error::DuplicateMappingKey { key: Some(key), .. } => format!("the key `{key}` stands here a second time"),
        Error::DuplicateMappingKey { key: None, .. } => "a key stands here a second time".to_owned(),
        Error::AliasReplayLimitExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            format!("the aliases (`*name`) expand too far; at most {MAX_ALIASES} may be expanded, write them out")
        }
        Error::UnknownAnchor { .. } => "this alias has no anchor (`&name`) before it".to_owned(),
        Error::AliasError { error, .. } => words(error),
        Error::Budget { breach, .. } => over_budget(breach),
        other => first_line(&other.to_string()),
    }
}

fn over_budget(breach: &BudgetBreach) -> String {
    match breach {
        BudgetBreach::Depth { .. } => format!("this is nested too deep; {MAX_DEPTH} levels are the most"),
        BudgetBreach::Aliases { .. } => format!("there are too many aliases; {MAX_ALIASES} are the most"),
        _ => "the file is too large to be a definition; split it".to_owned(),
    }
}

/// The parser's messages end in the place, which is shown apart.
fn first_line(message: &str) -> String {
    let line = message.lines().next().unwrap_or(message);
    let line = line.split(" at line ").next().unwrap_or(line);
    let line = line.split_once("YAML parse error: ").map_or(line, |(_, rest)| rest);
    format!("this is no YAML: {}", line.trim_end_matches('.'))
}

fn range(location: &Location, text: &str) -> Range<usize> {
    let span = location.span();
    let offset = span.byte_offset().and_then(|o| usize::try_from(o).ok());
    let start = offset.unwrap_or_else(|| offset_of(location, text)).min(text.len());
    let length = span.byte_len().and_then(|l| usize::try_from(l).ok()).unwrap_or(0);
    let end = (start + length).min(text.len());
    // A mapping's span starts at its first key and has no length of its own.
    let end = if end == start { text[start..].find('\n').map_or(text.len(), |n| start + n) } else { end };
    start..end
}

/// The byte at a location's line and column; a syntax error's location has only these.
fn offset_of(location: &Location, text: &str) -> usize {
    let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).saturating_sub(1);
    let line_start: usize = text.split_inclusive('\n').take(number(location.line())).map(str::len).sum();
    let line = text[line_start..].lines().next().unwrap_or_default();
    line_start + line.chars().take(number(location.column())).map(char::len_utf8).sum::<usize>()
}

impl Node {
    /// The value as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::Sequence(items) => items.iter().map(Self::to_json).collect(),
            Content::Mapping(entries) => entries
                .iter()
                .map(|(key, node)| (key.name.clone(), node.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }

    /// The node under a key of a mapping.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.entry(name).map(|(_, node)| node)
    }

    fn entry(&self, name: &str) -> Option<(&Key, &Self)> {
        match &self.content {
            Content::Mapping(entries) => entries.iter().find(|(key, _)| key.name == name).map(|(k, n)| (k, n)),
            _ => None,
        }
    }

    fn step(&self, step: &Step) -> Option<&Self> {
        match (step, &self.content) {
            (Step::Key(name), _) => self.get(name),
            (Step::Index(index), Content::Sequence(items)) => items.get(*index),
            _ => None,
        }
    }

    /// The bytes of the value at the end of a path, or of the last node on it that exists.
    pub fn span_at(&self, path: &[Step]) -> Range<usize> {
        let mut node = self;
        for step in path {
            match node.step(step) {
                Some(next) => node = next,
                None => break,
            }
        }
        match &node.content {
            Content::Mapping(entries) => entries.first().map_or(node.span.clone(), |(key, _)| key.span.clone()),
            _ => node.span.clone(),
        }
    }

    /// The bytes of the key that a path ends with.
    pub fn key_span_at(&self, path: &[Step]) -> Range<usize> {
        let Some((Step::Key(name), parents)) = path.split_last() else { return self.span_at(path) };
        let mut node = self;
        for step in parents {
            match node.step(step) {
                Some(next) => node = next,
                None => return self.span_at(path),
            }
        }
        node.entry(name).map_or_else(|| self.span_at(path), |(key, _)| key.span.clone())
    }
}

/// What stands in the file for a scalar: its text, or an alias or a tag.
fn text_at(text: &str, span: &Range<usize>) -> Option<String> {
    let written = text.get(span.clone())?.trim();
    (!written.is_empty()).then(|| written.to_owned())
}

/// A node as the parser gives it, with locations in place of ranges.
struct SpannedNode(Spanned<Raw>);

enum Raw {
    Scalar(serde_json::Value),
    Sequence(Vec<SpannedNode>),
    Mapping(Vec<(Spanned<KeyText>, SpannedNode)>),
}

enum KeyText {
    Text(String),
    /// What YAML takes for a number or a truth value; its text is what counts.
    Typed(String),
}

impl SpannedNode {
    fn into_node(self, text: &str) -> Node {
        let span = range(&self.0.referenced, text);
        let written = match &self.0.value {
            Raw::Scalar(serde_json::Value::String(_)) | Raw::Sequence(_) | Raw::Mapping(_) => None,
            Raw::Scalar(value) => {
                let json = value.to_string();
                text_at(text, &span).filter(|written| *written != json)
            }
        };
        let content = match self.0.value {
            Raw::Scalar(value) => Content::Scalar(value),
            Raw::Sequence(items) => Content::Sequence(items.into_iter().map(|item| item.into_node(text)).collect()),
            Raw::Mapping(entries) => Content::Mapping(
                entries
                    .into_iter()
                    .map(|(key, node)| {
                        let span = range(&key.referenced, text);
                        let name = match key.value {
                            KeyText::Text(name) => name,
                            KeyText::Typed(value) => text_at(text, &span).unwrap_or(value),
                        };
                        (Key { name, span }, node.into_node(text))
                    })
                    .collect(),
            ),
        };
        Node { span, content, written }
    }
}

impl<'de> Deserialize<'de> for SpannedNode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for KeyText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Raw::deserialize(deserializer)? {
            Raw::Scalar(serde_json::Value::String(text)) => Ok(Self::Text(text)),
            Raw::Scalar(serde_json::Value::Null) => Err(D::Error::custom("a key is empty")),
            Raw::Scalar(other) => Ok(Self::Typed(other.to_string())),
            _ => Err(D::Error::custom("a key must be text or a number")),
        }
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RawVisitor;

        impl<'de> Visitor<'de> for RawVisitor {
            type Value = Raw;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a YAML value")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
                Ok(Raw::Scalar(value.into()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
                Ok(Raw::Scalar(value.into()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
                Ok(Raw::Scalar(value.into()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
                Ok(Raw::Scalar(value.into()))
            }

            fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
                Ok(Raw::Scalar(value.into()))
            }

            fn visit_unit<E>(self) -> Result<Raw, E> {
                Ok(Raw::Scalar(serde_json::Value::Null))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
                let mut nodes = Vec::new();
                while let Some(node) = items.next_element()? {
                    nodes.push(node);
                }
                Ok(Raw::Sequence(nodes))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
                let mut nodes = Vec::new();
                while let Some(entry) = entries.next_entry()? {
                    nodes.push(entry);
                }
                Ok(Raw::Mapping(nodes))
            }
        }

        deserializer.deserialize_any(RawVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_know_their_bytes() {
        let text = "kind: report\nname: a\nformats: [pdf, xlsx]\n---\nkind: list\ndomains: {7: [a.example]}\n";
        let nodes = parse(text).expect("yaml");
        assert_eq!(nodes.len(), 2);
        let path = [Step::Key("formats".into()), Step::Index(1)];
        assert_eq!(&text[nodes[0].span_at(&path)], "xlsx");
        assert_eq!(&text[nodes[0].key_span_at(&[Step::Key("name".into())])], "name");
        assert_eq!(nodes[1].to_json()["domains"]["7"][0], "a.example");
    }

    #[test]
    fn scalars_and_keys_keep_the_text_that_they_are_written_with() {
        for text in ["1_000", "0x10", "0o17", "007", "1e3", "1.50", "+1", "~", "1_000.5", ".5"] {
            let nodes = parse(&format!("a: {text}\nb: [x, {text}]\n{text}: c\n"));
            let Ok(nodes) = nodes else {
                assert_eq!(text, "~", "only a key that is empty is refused");
                continue;
            };
            for path in [vec![Step::Key("a".into())], vec![Step::Key("b".into()), Step::Index(1)]] {
                let node = path.iter().try_fold(&nodes[0], Node::step).expect("there");
                let kept = node.written.clone().unwrap_or_else(|| node.to_json().as_str().unwrap_or("").to_owned());
                assert_eq!(kept, text);
            }
            assert_eq!(nodes[0].get(text).map(Node::to_json), Some("c".into()), "{text}");
        }
        let error = parse("7: a\n\"7\": b\n").expect_err("one key twice");
        assert_eq!(error.message, "the key `7` stands here a second time");
        assert_eq!(parse("a: 7\n").expect("yaml")[0].get("a").and_then(|node| node.written.clone()), None);
    }

    #[test]
    fn six_thousand_members_fit_into_a_file_and_take_no_time() {
        let members: String = (0..6_000)
            .map(|n| format!("  - {{key: {n}, email: first.last{n}@some-client{n}.example, name: Client {n}}}\n"))
            .collect();
        let nodes = parse(&format!("kind: list\nname: a\nmembers:\n{members}")).expect("it fits");
        assert!(matches!(&nodes[0].get("members").expect("there").content, Content::Sequence(m) if m.len() == 6_000));
    }

    #[test]
    fn a_duplicate_key_is_refused_where_it_stands() {
        let text = "name: a\nname: b\n";
        let error = parse(text).expect_err("a duplicate");
        assert_eq!(error.message, "the key `name` stands here a second time");
        assert_eq!(&text[error.span.clone()], "name");
        assert_eq!(error.span.start, 8);
    }

    #[test]
    fn an_alias_bomb_is_refused() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for i in 1..10 {
            let previous = format!("*a{}", i - 1);
            text.push_str(&format!("a{i}: &a{i} [{}]\n", vec![previous; 10].join(", ")));
        }
        let error = parse(&text).expect_err("a bomb");
        assert!(error.message.starts_with("the aliases (`*name`) expand too far"), "{}", error.message);
    }

    #[test]
    fn a_syntax_error_is_told_where_it_stands() {
        let text = "kind: report\nname: a\nformats: [pdf, xlsx\ntitle: b\n";
        let error = parse(text).expect_err("an open bracket");
        assert!(error.message.starts_with("this is no YAML: "), "{}", error.message);
        assert!(error.span.start >= text.find("formats").expect("there"), "{error:?}");
    }

    #[test]
    fn depth_and_size_are_bounded() {
        assert!(parse(&format!("{}{}", "[".repeat(70), "]".repeat(70))).is_err());
        assert!(parse(&format!("a: {}", "x".repeat(MAX_BYTES))).is_err());
    }
}
