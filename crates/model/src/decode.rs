//! JSON becomes a definition, and every fault on the way is told, not only the first: a faulty
//! part is noted, taken out, and the rest is read again.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use crate::{nearest::nearest, strict::Strict, yaml::Step};

/// Something that does not fit the definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub path: Vec<Step>,
    /// Whether the key itself is wrong, rather than its value.
    pub at_key: bool,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub help: Option<String>,
}

/// More faults than this in one definition are not told one by one.
const MOST_FAULTS: usize = 50;

/// Reads a value as a definition.
///
/// # Errors
/// Every fault that could be found.
pub fn decode<T: DeserializeOwned>(mut value: Value) -> Result<T, Vec<Fault>> {
    let mut faults: Vec<Fault> = Vec::new();
    let mut removed: Vec<Vec<Step>> = Vec::new();
    loop {
        let error = match serde_path_to_error::deserialize::<_, T>(Strict(value.clone())) {
            Ok(decoded) if faults.is_empty() => return Ok(decoded),
            Ok(_) => return Err(faults),
            Err(error) => error,
        };
        let path = steps(error.path());
        let message = error.inner().to_string();
        let fault = read_fault(path, &message, &value);
        // A key that was taken out, or that was only misspelt, is not missing as well.
        let consequence = missing_field(&message).is_some_and(|field| {
            let misspelt = Some(format!("did you mean `{field}`?"));
            removed.iter().any(|r| r.last() == Some(&Step::Key(field.to_owned())))
                || faults.iter().any(|f| f.help == misspelt)
        }) || emptied(&value, &fault.path, &removed);
        let target = fault.path.clone();
        if !consequence {
            faults.push(fault);
        }
        if faults.len() >= MOST_FAULTS || !remove(&mut value, &target) {
            return Err(faults);
        }
        removed.push(target);
    }
}

fn steps(path: &serde_path_to_error::Path) -> Vec<Step> {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Map { key } => Some(Step::Key(key.clone())),
            Segment::Enum { variant } => Some(Step::Key(variant.clone())),
            Segment::Seq { index } => Some(Step::Index(*index)),
            Segment::Unknown => None,
        })
        .collect()
}

/// Whether all that a mapping held was taken out: what it lacks now is no fault of its own.
fn emptied(value: &Value, path: &[Step], removed: &[Vec<Step>]) -> bool {
    let empty = at(value, path).and_then(Value::as_object).is_some_and(serde_json::Map::is_empty);
    empty && removed.iter().any(|removed| removed.split_last().is_some_and(|(_, parent)| parent == path))
}

fn missing_field(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next())
}

/// Turns serde's words into a fault: `unknown field`, `unknown variant`, `missing field`, anything else.
fn read_fault(mut path: Vec<Step>, message: &str, value: &Value) -> Fault {
    if let Some((written, known)) = unknown(message, "unknown field `") {
        // The path may end at the key itself or at the mapping that holds it.
        if path.last() != Some(&Step::Key(written.clone())) {
            path.push(Step::Key(written.clone()));
        }
        let message = format!("unknown key `{written}`");
        return Fault { path, at_key: true, message, help: Some(suggestion(&written, &known)) };
    }
    if let Some((written, known)) = unknown(message, "unknown variant `") {
        let at_key = at(value, &path).is_none_or(|v| !v.is_string());
        if at_key && path.last() != Some(&Step::Key(written.clone())) {
            path.push(Step::Key(written.clone()));
        }
        let message = format!("unknown word `{written}`");
        return Fault { path, at_key, message, help: Some(suggestion(&written, &known)) };
    }
    if let Some(field) = missing_field(message) {
        // Where any other key may stand, the missing one may be there in another spelling.
        let keys = at(value, &path).and_then(Value::as_object).into_iter().flat_map(serde_json::Map::keys);
        if let Some(written) = keys.into_iter().find(|key| nearest(key, std::iter::once(field)).is_some()) {
            path.push(Step::Key(written.clone()));
            let help = Some(format!("did you mean `{field}`?"));
            return Fault { path, at_key: true, message: format!("unknown key `{written}`"), help };
        }
        let message = format!("the key `{field}` is missing");
        return Fault { path, at_key: false, message, help: Some(format!("add `{field}:`")) };
    }
    Fault { path, at_key: false, message: mismatch(message), help: None }
}

/// serde's "invalid type: X, expected Y" in the words of YAML.
fn mismatch(message: &str) -> String {
    let Some((found, expected)) =
        message.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(", expected "))
    else {
        return message.to_owned();
    };
    let found = match found.split_once(' ') {
        _ if found == "map" => "a mapping (`key: value`)".to_owned(),
        _ if found == "sequence" => "a list".to_owned(),
        _ if found == "null" || found == "unit value" => "nothing".to_owned(),
        Some(("string", text)) => format!("the text {}", text.replace('"', "`")),
        Some(("integer" | "floating", number)) => {
            format!("the number {}", number.trim_start_matches("point "))
        }
        Some(("boolean", value)) => value.to_owned(),
        _ => found.to_owned(),
    };
    let expected = match expected {
        "a sequence" => "a list, such as `[a, b]`",
        "a map" => "a mapping of keys",
        "a boolean" => "`true` or `false`",
        "a string" => "a text",
        "u8" | "u16" | "u32" | "u64" | "usize" | "i32" | "i64" => "a whole number",
        "f32" | "f64" => "a number",
        other => other.trim_start_matches("struct "),
    };
    format!("this is {found}, but it must be {expected}")
}

/// The written word and the known ones of serde's "unknown ... `x`, expected one of `a`, `b`".
fn unknown(message: &str, prefix: &str) -> Option<(String, Vec<String>)> {
    let rest = message.strip_prefix(prefix)?;
    let (written, rest) = rest.split_once('`')?;
    let known = rest.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    Some((written.to_owned(), known))
}

fn suggestion(written: &str, known: &[String]) -> String {
    match nearest(written, known.iter().map(String::as_str)) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("known here: {}", known.join(", ")),
    }
}

fn at<'a>(value: &'a Value, path: &[Step]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::Index(index) => value.get(index),
    })
}

/// Takes the value at a path out, so that the rest can be read. An item of a sequence becomes null
/// first and is then left, so that the places of the others stay right.
fn remove(value: &mut Value, path: &[Step]) -> bool {
    let Some((last, parents)) = path.split_last() else { return false };
    let parent = parents.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Index(index) => value.get_mut(index),
    });
    match (parent, last) {
        (Some(Value::Object(map)), Step::Key(key)) => map.remove(key).is_some(),
        (Some(Value::Array(items)), Step::Index(index)) if *index < items.len() => {
            items.remove(*index);
            // The places of later items would be wrong: stop after this one.
            items.truncate(*index);
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::{Burst, Check, ColumnDecl, FiguresSection, PeriodRule, Settings, Template};

    fn faults<T: DeserializeOwned + std::fmt::Debug>(json: Value) -> Vec<String> {
        let faults = decode::<T>(json).expect_err("faults");
        faults.iter().map(|f| format!("{} ({})", f.message, f.help.clone().unwrap_or_default())).collect()
    }

    #[test]
    fn every_unknown_key_is_told_with_the_nearest() {
        let json = serde_json::json!({"name": "a", "dta": "t", "values": ["x"], "titel": "T"});
        assert_eq!(
            faults::<FiguresSection>(json),
            ["unknown key `dta` (did you mean `data`?)", "unknown key `titel` (did you mean `title`?)"]
        );
    }

    #[test]
    fn a_key_that_is_mistyped_in_a_form_that_can_be_short_is_told_as_in_any_other() {
        let period = |json| faults::<PeriodRule>(json);
        assert_eq!(
            period(serde_json::json!({"unit": "week", "ofset": -1})),
            ["unknown key `ofset` (did you mean `offset`?)"]
        );
        assert_eq!(
            period(serde_json::json!({"rolling_dys": 7})),
            ["unknown key `rolling_dys` (did you mean `rolling_days`?)"]
        );
        assert_eq!(period(serde_json::json!({"offset": 1})), ["the key `unit` is missing (add `unit:`)"]);
        assert_eq!(
            period(serde_json::json!({"unit": "week", "rolling_days": 7})),
            ["`rolling_days` stands alone: leave `unit` and `offset` out ()"]
        );
        let check = |json| faults::<Check>(json);
        assert_eq!(
            check(serde_json::json!({"not_null": {"columns": ["a"], "foo": 1}})),
            ["unknown key `foo` (known here: columns, otherwise)"]
        );
        assert_eq!(check(serde_json::json!({"not_nul": ["a"]})), ["unknown key `not_nul` (did you mean `not_null`?)"]);
        assert_eq!(
            check(serde_json::json!({"rows": {"min": 1}, "unique": ["a"]})),
            ["`rows` and `unique` are two checks: write each as an item of its own ()"]
        );
        let decl = serde_json::json!({"fromat": "Ad Cost", "type": "int"});
        assert_eq!(faults::<ColumnDecl>(decl), ["unknown key `fromat` (did you mean `from`?)"]);
    }

    #[test]
    fn a_list_is_not_read_as_the_keys_at_its_places() {
        let told = ["this is a list, but it must be a mapping of keys ()"];
        assert_eq!(faults::<Burst>(serde_json::json!(["client_id", "clients", "client"])), told);
        assert_eq!(faults::<Settings>(serde_json::json!(["My reports"])), told);
    }

    #[test]
    fn a_wrong_value_is_told_once_and_not_again_as_missing() {
        let json = serde_json::json!({"name": "a", "version": "one", "query": {"datasets": {}}, "layout": {"title": "t", "sections": []}});
        let faults = faults::<Template>(json);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0], "this is the text `one`, but it must be a whole number ()");
    }
}
