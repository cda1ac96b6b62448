//! What is printed from the code itself: the JSON Schema, shell completions, and the reference
//! pages of definitions and commands.

use clap::{Command, CommandFactory};
use punctual_model::definition::{Definition, Settings, schema};

use crate::{cli::Cli, exit, registry, show};

/// Prints the JSON Schema of definitions or settings.
pub fn schema(settings: bool) -> anyhow::Result<u8> {
    let catalog = registry::catalog();
    let schema = if settings { schema::settings(&catalog) } else { schema::definitions(&catalog) };
    show::json(&schema);
    Ok(exit::OK)
}

/// Prints a shell's completions.
pub fn completions(shell: clap_complete::Shell) -> anyhow::Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "punctual", &mut script);
    show::print_lines(String::from_utf8_lossy(&script).trim_end());
    Ok(exit::OK)
}

/// Prints a reference page.
pub fn page(name: &str) -> anyhow::Result<u8> {
    let text = match name {
        "definitions" => definitions::page(),
        _ => commands_page(),
    };
    show::print_lines(text.trim_end());
    Ok(exit::OK)
}

/// Every command with its options, as Markdown.
fn commands_page() -> String {
    let mut text = String::from(
        "# Commands\n\nThis page is made from the code by `punctual reference commands`.\n\n\
         Every command takes `--project DIR` (or the variable `PUNCTUAL_PROJECT`) and `--json`.\n",
    );
    let root = Cli::command();
    for command in root.get_subcommands().filter(|c| !c.is_hide_set()) {
        text.push_str(&command_section("", command));
    }
    text.push_str("\n## Exit codes\n\n| code | meaning |\n|---|---|\n");
    for (code, meaning) in exit::ALL {
        text.push_str(&format!("| {code} | {meaning} |\n"));
    }
    text
}

/// A command and those below it, after the words that lead to it.
fn command_section(before: &str, command: &Command) -> String {
    let name = format!("{before}{}", command.get_name());
    let mut text = section(&name, command);
    for below in command.get_subcommands().filter(|c| !c.is_hide_set() && c.get_name() != "help") {
        text.push_str(&command_section(&format!("{name} "), below));
    }
    text
}

fn section(name: &str, command: &Command) -> String {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let positionals: Vec<String> = command
        .get_positionals()
        .map(|a| {
            let name = a.get_id().as_str().to_uppercase();
            if a.is_required_set() { format!(" {name}") } else { format!(" [{name}]") }
        })
        .collect();
    let mut text = format!("\n## `{name}{}`\n\n{about}.\n", positionals.concat());
    let arguments: Vec<_> = command.get_arguments().filter(|a| !a.is_global_set() && !a.is_hide_set()).collect();
    if arguments.is_empty() {
        return text;
    }
    text.push_str("\n| argument | meaning |\n|---|---|\n");
    for argument in arguments {
        let value = argument.get_value_names().filter(|_| argument.get_action().takes_values());
        let value = value.and_then(|names| names.first()).map(|name| format!(" {name}")).unwrap_or_default();
        let name = match argument.get_long() {
            Some(long) => format!("--{long}{value}"),
            None => argument.get_id().as_str().to_uppercase(),
        };
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let defaults: Vec<_> = argument.get_default_values().iter().map(|v| v.to_string_lossy()).collect();
        let default = if defaults.is_empty() || !argument.get_action().takes_values() {
            String::new()
        } else {
            format!(" (default: `{}`)", defaults.join(" "))
        };
        let possible = argument.get_possible_values().into_iter().filter(|v| !v.is_hide_set());
        let words: Vec<String> = possible
            .filter(|_| argument.get_action().takes_values())
            .map(|v| match v.get_help() {
                Some(help) => format!("`{}`: {help}", v.get_name()),
                None => format!("`{}`", v.get_name()),
            })
            .collect();
        let known = if words.is_empty() { String::new() } else { format!(": {}", words.join("; ")) };
        text.push_str(&format!("| `{name}` | {}{known}{default} |\n", help.replace('|', "\\|")));
    }
    text
}

mod definitions {
    //! The reference of definitions, from their JSON Schema and the registered types.

    use std::fmt::Write;

    use punctual_model::kinds::KindSpec;
    use serde_json::Value;

    use super::{Definition, Settings, registry};

    /// Every key of every kind of definition, as Markdown.
    pub(super) fn page() -> String {
        let mut text = String::from(
            "# Definitions\n\nThis page is made from the code by `punctual reference definitions`. \
             Editors get the same as JSON Schema from `punctual schema`.\n",
        );
        let schema = schemars::schema_for!(Definition).to_value();
        let settings = schemars::schema_for!(Settings).to_value();
        section(&mut text, "Settings: `punctual.yaml`", &settings, &settings);
        for variant in schema["oneOf"].as_array().into_iter().flatten() {
            let kind = variant["properties"]["kind"]["const"].as_str().unwrap_or_default();
            let target = variant["$ref"].as_str().map_or(variant, |r| follow(&schema, r));
            section(&mut text, &format!("`kind: {kind}`"), target, &schema);
        }
        let parts = schema["$defs"].as_object().into_iter().chain(settings["$defs"].as_object()).flatten();
        let mut names = Vec::new();
        for (name, part) in parts {
            if !names.contains(&name) && !["Source", "Template", "Report", "List"].contains(&name.as_str()) {
                names.push(name);
                section(&mut text, name, part, &schema);
            }
        }
        let catalog = registry::catalog();
        kinds(&mut text, "Types of sources", &catalog.sources);
        kinds(&mut text, "Formats", &catalog.formats);
        kinds(&mut text, "Types of channels", &catalog.channels);
        text
    }

    fn follow<'a>(schema: &'a Value, reference: &str) -> &'a Value {
        schema.pointer(reference.trim_start_matches('#')).unwrap_or(schema)
    }

    fn section(text: &mut String, title: &str, part: &Value, schema: &Value) {
        let about = part["description"].as_str().unwrap_or_default();
        let _ = writeln!(text, "\n## {title}\n\n{about}");
        if part["properties"].is_object() {
            keys(text, part);
        }
        let choices = part["oneOf"].as_array().or(part["anyOf"].as_array());
        for choice in choices.into_iter().flatten() {
            let about = choice["description"].as_str().unwrap_or_default().replace('\n', " ");
            let constant = choice["const"].as_str().or(choice["properties"]["type"]["const"].as_str());
            match (constant, choice["properties"].as_object()) {
                (Some(word), Some(_)) => {
                    let _ = writeln!(text, "\n### `type: {word}`\n\n{about}");
                    keys(text, choice);
                }
                (Some(word), None) => {
                    let _ = writeln!(text, "- `{word}`: {about}{}", refers_to(choice));
                }
                (None, Some(properties)) => {
                    let names: Vec<&str> = properties.keys().map(String::as_str).collect();
                    let _ = writeln!(text, "\n`{{{}}}`: {about}", names.join(", "));
                    keys(text, choice);
                }
                (None, None) => {
                    let _ = writeln!(text, "- {}: {about}", type_of(choice));
                }
            }
        }
        let _ = schema;
    }

    fn refers_to(choice: &Value) -> String {
        choice["$ref"].as_str().map(|_| format!(" See {}.", type_of(choice))).unwrap_or_default()
    }

    fn keys(text: &mut String, part: &Value) {
        let required: Vec<&str> = part["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let _ = writeln!(text, "\n| key | type | meaning |\n|---|---|---|");
        for (name, property) in part["properties"].as_object().into_iter().flatten() {
            let mark = if required.contains(&name.as_str()) { " (required)" } else { "" };
            let about = property["description"].as_str().unwrap_or_default().replace('\n', " ").replace('|', "\\|");
            let _ = writeln!(text, "| `{name}`{mark} | {} | {about} |", type_of(property));
        }
    }

    /// The type of a property in a few words.
    fn type_of(property: &Value) -> String {
        if let Some(reference) = property["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap_or(reference);
            return format!("[{name}](#{})", name.to_lowercase());
        }
        if let Some(choices) = property["anyOf"].as_array() {
            let known: Vec<String> = choices.iter().filter(|c| c["type"] != "null").map(type_of).collect();
            return known.join(" or ");
        }
        match &property["type"] {
            Value::String(kind) if kind == "array" => format!("list of {}", type_of(&property["items"])),
            Value::String(kind) if kind == "object" => match &property["additionalProperties"] {
                Value::Object(_) => format!("mapping to {}", type_of(&property["additionalProperties"])),
                _ => "mapping".to_owned(),
            },
            Value::String(kind) => kind.clone(),
            Value::Array(kinds) => {
                kinds.iter().filter_map(Value::as_str).filter(|k| *k != "null").collect::<Vec<_>>().join(" or ")
            }
            _ => "any value".to_owned(),
        }
    }

    fn kinds(text: &mut String, title: &str, kinds: &[KindSpec]) {
        let _ = writeln!(text, "\n## {title}");
        for kind in kinds {
            let _ = writeln!(text, "\n### `{}`\n\n{}", kind.name, kind.summary);
            if kind.options.is_empty() {
                continue;
            }
            let _ = writeln!(text, "\n| option | type | meaning |\n|---|---|---|");
            for option in kind.options {
                let mark = if option.required { " (required)" } else { "" };
                let about = option.summary.replace('|', "\\|");
                let _ = writeln!(text, "| `{}`{mark} | {} | {about} |", option.name, option.value.expected());
            }
        }
    }
}
