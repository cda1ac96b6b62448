//! Keys of editions and values to compare with keep the text that they are written with, whatever YAML takes them
//! for: the edition `1_000` is not the edition `1000`.

use serde_json::Value;

use crate::{
    decode::Fault,
    definition::Definition,
    yaml::{Content, Node, Step},
};

/// Puts the written texts into a definition's JSON; what has none that is sure is a fault.
pub(super) fn keep(kind: &str, node: &Node, json: &mut Value) -> Vec<Fault> {
    debug_assert!(Definition::KINDS.contains(&kind));
    let mut faults = Vec::new();
    match kind {
        "list" => member_keys(node, json, &mut faults),
        "template" => accepted_values(node, &mut faults),
        _ => {}
    }
    faults
}

/// The keys of a list's members.
fn member_keys(node: &Node, json: &mut Value, faults: &mut Vec<Fault>) {
    let Some(Content::Sequence(members)) = node.get("members").map(|members| &members.content) else { return };
    for (index, member) in members.iter().enumerate() {
        let Some(key) = member.get("key") else { continue };
        let path = || steps!["members", index, "key"];
        let Content::Scalar(value) = &key.content else { continue };
        let text = match (value, &key.written) {
            (Value::String(_), _) => continue,
            (Value::Null, written) => {
                let written = written.as_deref().unwrap_or("null");
                let help = format!("leave `key` out, or write `\"{written}\"` for the edition of that name");
                faults.push(Fault {
                    path: path(),
                    at_key: false,
                    message: "the key is empty".into(),
                    help: Some(help),
                });
                continue;
            }
            (value, None) => value.to_string(),
            (_, Some(written)) if is_plain(written) => written.clone(),
            (_, Some(written)) => {
                let message = format!("`{written}` is no key whose text is sure");
                let help = Some("write the key itself, in quotes".to_owned());
                faults.push(Fault { path: path(), at_key: false, message, help });
                continue;
            }
        };
        if let Some(slot) = json.get_mut("members").and_then(|m| m.get_mut(index)).and_then(|m| m.get_mut("key")) {
            *slot = Value::String(text);
        }
    }
}

/// The values of `accepted` checks are numbers or texts by what they are compared with: one that reads
/// differently as the one and the other says nothing sure.
fn accepted_values(node: &Node, faults: &mut Vec<Fault>) {
    for group in ["datasets", "tables"] {
        let Some(Content::Mapping(entries)) =
            node.get("query").and_then(|query| query.get(group)).map(|group| &group.content)
        else {
            continue;
        };
        for (name, entry) in entries {
            let Some(Content::Sequence(checks)) = entry.get("checks").map(|checks| &checks.content) else { continue };
            for (index, check) in checks.iter().enumerate() {
                let base = steps!["query", group, name.name.as_str(), "checks", index, "accepted", "values"];
                let values = check.get("accepted").and_then(|accepted| accepted.get("values"));
                if let Some(Content::Sequence(values)) = values.map(|values| &values.content) {
                    faults.extend(values.iter().enumerate().filter_map(|(at, value)| unsure(&base, at, value)));
                }
            }
        }
    }
}

fn unsure(base: &[Step], at: usize, value: &Node) -> Option<Fault> {
    let written = value.written.as_ref()?;
    let Content::Scalar(number @ Value::Number(_)) = &value.content else { return None };
    // `1.50` is the same number and says so; `007` and `1_000` may be meant as texts.
    if let Some((whole, fraction)) = written.trim_start_matches('-').split_once('.') {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if digits(whole) && digits(fraction) && (whole == "0" || !whole.starts_with('0')) {
            return None;
        }
    }
    let mut path = base.to_vec();
    path.push(Step::Index(at));
    let message = format!("`{written}` may be a text or the number {number}");
    let help = Some(format!("write `\"{written}\"` for the text, or `{number}` for the number"));
    Some(Fault { path, at_key: false, message, help })
}

/// Whether a text is that of a scalar, and no alias or tag.
fn is_plain(written: &str) -> bool {
    written.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '+' | '-' | '.' | ':'))
}
