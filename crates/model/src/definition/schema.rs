//! The JSON Schema of definitions and settings, for editors. It refuses what the reader refuses: no shape takes
//! a key that it does not have, and a source or channel takes the options of its own type.

use serde_json::{Map, Value, json};

use super::{Definition, Settings};
use crate::kinds::{Catalog, KindSpec, OptionType};

/// The schema of the documents of a project.
pub fn definitions(catalog: &Catalog) -> Value {
    let mut schema = schemars::schema_for!(Definition).to_value();
    let source = take(&mut schema, "Source");
    if let Some(Value::Array(kinds)) = schema.get_mut("oneOf") {
        let place = kinds.iter().position(|kind| kind["properties"]["kind"]["const"] == "source").unwrap_or_default();
        let about = kinds.remove(place)["description"].clone();
        let shapes = catalog.sources.iter().map(|kind| {
            let mut shape = of_kind(&source, kind);
            shape["properties"]["kind"] = json!({"type": "string", "const": "source"});
            if let Some(Value::Array(required)) = shape.get_mut("required") {
                required.insert(0, "kind".into());
            }
            shape["description"] = format!("{} {}", about.as_str().unwrap_or_default(), kind.summary).into();
            shape
        });
        kinds.splice(place..place, shapes);
    }
    schema
}

/// The schema of `punctual.yaml`.
pub fn settings(catalog: &Catalog) -> Value {
    let mut schema = schemars::schema_for!(Settings).to_value();
    let channel = take(&mut schema, "Channel");
    let shapes: Vec<Value> = catalog.channels.iter().map(|kind| of_kind(&channel, kind)).collect();
    schema["$defs"]["Channel"] = json!({"description": channel["description"], "oneOf": shapes});
    schema
}

/// The keys of a shape, in no order that means anything.
pub fn keys<T: schemars::JsonSchema>() -> Vec<String> {
    let schema = schemars::schema_for!(T).to_value();
    schema["properties"].as_object().into_iter().flat_map(Map::keys).cloned().collect()
}

fn take(schema: &mut Value, name: &str) -> Value {
    schema.get_mut("$defs").and_then(Value::as_object_mut).and_then(|parts| parts.remove(name)).unwrap_or_default()
}

/// A shape whose `type` is this one, with its options beside the keys that every type has.
fn of_kind(shape: &Value, kind: &KindSpec) -> Value {
    let mut properties: Map<String, Value> = shape["properties"].as_object().cloned().unwrap_or_default();
    let mut required: Vec<Value> = shape["required"].as_array().cloned().unwrap_or_default();
    let about = properties.get("type").map(|of_type| of_type["description"].clone()).unwrap_or_default();
    properties.insert("type".to_owned(), json!({"description": about, "type": "string", "const": kind.name}));
    for option in kind.options {
        let mut value = of_option(option.value);
        value["description"] = option.summary.into();
        properties.insert(option.name.to_owned(), value);
        required.extend(option.required.then(|| option.name.into()));
    }
    json!({
        "description": kind.summary, "type": "object", "properties": properties, "additionalProperties": false,
        "required": required,
    })
}

fn of_option(value: OptionType) -> Value {
    match value {
        OptionType::Text => json!({"type": "string", "not": {"pattern": "^(env|file):"}}),
        OptionType::Url => json!({"type": "string", "pattern": "^((env|file):|[A-Za-z][A-Za-z0-9+.-]*://)"}),
        OptionType::Port => json!({"type": "integer", "minimum": 1, "maximum": 65535}),
        OptionType::Secret => json!({"type": "string", "pattern": "^(env|file):"}),
        OptionType::Int => json!({"type": "integer"}),
        OptionType::Bool => json!({"type": "boolean"}),
        OptionType::Choice(words) => json!({"type": "string", "enum": words}),
    }
}
