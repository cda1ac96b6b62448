//! A reading of JSON Schema, as far as the product's own schemas use it: whether a value is valid, and samples of
//! every shape. A keyword that is not known here fails the test that meets it.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// The name of every key that an author chooses.
pub const FREE: &str = "free";

/// Keywords that say nothing of what is valid, or that only texts could break.
const SILENT: [&str; 9] =
    ["$schema", "$defs", "title", "description", "default", "format", "pattern", "examples", "writeOnly"];

/// Whether a value is valid.
pub fn is_valid(root: &Value, schema: &Value, value: &Value) -> bool {
    let Value::Object(rules) = schema else { return schema != &Value::Bool(false) };
    rules.iter().all(|(rule, of)| match rule.as_str() {
        "$ref" => is_valid(root, follow(root, of), value),
        "type" => of.as_array().map_or_else(|| has_type(of, value), |of| of.iter().any(|of| has_type(of, value))),
        "const" => of == value,
        "enum" => of.as_array().expect("a list").contains(value),
        "minimum" => value.as_f64().is_none_or(|value| value >= of.as_f64().expect("a number")),
        "maximum" => value.as_f64().is_none_or(|value| value <= of.as_f64().expect("a number")),
        "items" => value.as_array().is_none_or(|items| items.iter().all(|item| is_valid(root, of, item))),
        "anyOf" => choices(of).iter().any(|of| is_valid(root, of, value)),
        "oneOf" => choices(of).iter().filter(|of| is_valid(root, of, value)).count() == 1,
        "properties" => value.as_object().is_none_or(|map| {
            let known = of.as_object().expect("a mapping");
            map.iter().all(|(key, value)| known.get(key).is_none_or(|of| is_valid(root, of, value)))
        }),
        "patternProperties" => value.as_object().is_none_or(|map| {
            let of = of.as_object().and_then(|of| of.values().next()).expect("one pattern");
            map.iter().filter(|(key, _)| matches(rules, key)).all(|(_, value)| is_valid(root, of, value))
        }),
        "additionalProperties" => value.as_object().is_none_or(|map| {
            let known = rules.get("properties").and_then(Value::as_object);
            map.iter()
                .filter(|(key, _)| !known.is_some_and(|k| k.contains_key(*key)) && !matches(rules, key))
                .all(|(_, v)| is_valid(root, of, v))
        }),
        "required" => value.as_object().is_none_or(|map| {
            of.as_array().expect("a list").iter().all(|key| map.contains_key(key.as_str().expect("a key")))
        }),
        // That it is no reference to a secret, which only texts could be.
        "not" => of.as_object().is_some_and(|of| of.keys().all(|rule| rule == "pattern")),
        silent if SILENT.contains(&silent) => true,
        other => panic!("teach the tests the keyword `{other}`"),
    })
}

/// Whether a key is one of those that a pattern allows; the only pattern is that of names.
fn matches(rules: &Map<String, Value>, key: &str) -> bool {
    let Some(patterns) = rules.get("patternProperties").and_then(Value::as_object) else { return false };
    assert!(patterns.keys().all(|pattern| pattern.starts_with("^[a-z]")), "teach the tests {patterns:?}");
    key.parse::<punctual_model::slug::Slug>().is_ok()
}

fn choices(of: &Value) -> &Vec<Value> {
    of.as_array().expect("a list of schemas")
}

pub fn follow<'a>(root: &'a Value, reference: &Value) -> &'a Value {
    let path = reference.as_str().expect("a path").trim_start_matches('#');
    root.pointer(path).unwrap_or_else(|| panic!("nothing stands at {path}"))
}

fn has_type(of: &Value, value: &Value) -> bool {
    match of.as_str().expect("a type") {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("teach the tests the type `{other}`"),
    }
}

/// Values in which every key of every shape stands at least once. The first of them has the most keys.
pub fn samples(root: &Value, schema: &Value) -> Vec<Value> {
    let Value::Object(rules) = schema else { return vec![json!("x")] };
    if let Some(word) = rules.get("const").or(rules.get("enum").map(|words| &words[0])) {
        return vec![word.clone()];
    }
    if let Some(reference) = rules.get("$ref") {
        let name = reference.as_str().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
        let part = follow(root, reference);
        if part.get("pattern").is_some() || part["type"].is_array() || part["type"] == "string" {
            return vec![json!(example(name))];
        }
        return samples(root, part);
    }
    for rule in ["oneOf", "anyOf"] {
        if let Some(choices) = rules.get(rule) {
            let kinds: Vec<&Value> = self::choices(choices).iter().filter(|of| of["type"] != "null").collect();
            let words = kinds.iter().all(|of| of.get("const").is_some());
            let some = if words { &kinds[..1] } else { &kinds[..] };
            return some.iter().flat_map(|of| samples(root, of)).collect();
        }
    }
    let of_type = rules.get("type").map(|of| of.as_array().map_or(of, |of| &of[0])).and_then(Value::as_str);
    match of_type {
        Some("object") => mappings(root, rules),
        Some("array") => vec![Value::Array(rules.get("items").map_or(vec![], |of| samples(root, of)))],
        Some("integer" | "number") => vec![rules.get("minimum").cloned().unwrap_or(json!(1))],
        Some("boolean") => vec![json!(true)],
        Some("string") => vec![json!(rules.get("pattern").and_then(Value::as_str).map_or("x", example))],
        _ => vec![json!("x")],
    }
}

fn mappings(root: &Value, rules: &Map<String, Value>) -> Vec<Value> {
    let Some(properties) = rules.get("properties").and_then(Value::as_object) else {
        let of_names = rules.get("patternProperties").and_then(Value::as_object).and_then(|of| of.values().next());
        let of_values = of_names.or(rules.get("additionalProperties"));
        let values = of_values.map_or(vec![json!("x")], |of| samples(root, of));
        return values.into_iter().map(|value| json!({ FREE: value })).collect();
    };
    let of_keys: Vec<(&String, Vec<Value>)> =
        properties.iter().map(|(key, of)| (key, samples(root, of))).filter(|(_, values)| !values.is_empty()).collect();
    let full: Map<String, Value> = of_keys.iter().map(|(key, values)| ((*key).clone(), values[0].clone())).collect();
    let mut all = vec![Value::Object(full.clone())];
    for (key, values) in &of_keys {
        for value in &values[1..] {
            let mut other = full.clone();
            other.insert((*key).clone(), value.clone());
            all.push(Value::Object(other));
        }
    }
    all
}

/// A text of a kind that not every text is of: by the name of its part of the schema, or by its pattern.
fn example(of: &str) -> &'static str {
    match of {
        "Slug" => "aa",
        "Zone" => "UTC",
        "Length" => "5m",
        "ColumnType" => "int",
        "TemplateRef" => "aa@1",
        "TimeEncoding" => "native",
        "MemberKey" => "7",
        "Currency" => "EUR",
        "^(env|file):" => "env:SECRET",
        url if url.starts_with("^((env|file):|") => "postgres://host/database",
        at if at.starts_with("^([01]") => "08:00",
        other => panic!("give the tests an example of `{other}`"),
    }
}

/// The places of all keys in a value that are no names of the author's.
pub fn places(value: &Value) -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    walk(value, &mut Vec::new(), &mut found);
    found
}

fn walk(value: &Value, path: &mut Vec<String>, found: &mut BTreeSet<Vec<String>>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                path.push(key.clone());
                if key != FREE {
                    found.insert(path.clone());
                }
                walk(value, path, found);
                path.pop();
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                path.push(index.to_string());
                walk(value, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}

/// The value with one key written in another way.
pub fn renamed(value: &Value, path: &[String], to: &str) -> Value {
    let mut value = value.clone();
    let (key, parents) = path.split_last().expect("a path has an end");
    let map = parents.iter().fold(&mut value, |value, step| match value {
        Value::Array(items) => &mut items[step.parse::<usize>().expect("an index")],
        other => &mut other[step.as_str()],
    });
    let map = map.as_object_mut().expect("a mapping holds the key");
    let old = map.remove(key).expect("the key is there");
    map.insert(to.to_owned(), old);
    value
}
