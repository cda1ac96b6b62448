//! Files become definitions: YAML, then the shape of each kind, then unique names.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Place, Project, dependence::written_name};
use crate::{
    decode::{Fault, decode},
    definition::{
        ChartSection, Definition, FiguresSection, List, Report, Settings, Source, TableSection, Template, TextSection,
    },
    diagnostic::{Diagnostic, SourceFile, Subject},
    nearest::nearest,
    yaml::{self, Content, Step},
};

/// Reads the settings file, if there is one, and all files of definitions.
/// What could be read is in the project; everything else is a diagnostic.
pub fn read(settings: Option<SourceFile>, mut files: Vec<SourceFile>) -> (Project, Vec<Diagnostic>) {
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut project = Project::default();
    let mut diagnostics = Vec::new();
    if let Some(file) = settings {
        project.files.push(file);
        project.settings_file = Some(0);
        read_settings(&mut project, &mut diagnostics);
    }
    for file in files {
        project.files.push(file);
        let index = project.files.len() - 1;
        let file = &project.files[index];
        match yaml::parse(&file.text) {
            Err(error) => diagnostics.push(Diagnostic::error(file, error.span, error.message)),
            Ok(nodes) => {
                for node in nodes {
                    read_document(&mut project, Place { file: index, node }, &mut diagnostics);
                }
            }
        }
    }
    (project, diagnostics)
}

fn read_settings(project: &mut Project, diagnostics: &mut Vec<Diagnostic>) {
    let file = &project.files[0];
    let settings = Some(Subject { kind: "settings", name: String::new() });
    let fault = |span, message: String| Diagnostic::error(file, span, message).about(settings.clone());
    let nodes = match yaml::parse(&file.text) {
        Ok(nodes) => nodes,
        Err(error) => return diagnostics.push(fault(error.span, error.message)),
    };
    if nodes.len() > 1 {
        let message = "the settings are one document; write definitions into other files";
        return diagnostics.push(fault(nodes[1].span.clone(), message.to_owned()));
    }
    let Some(node) = nodes.into_iter().next() else { return };
    if !matches!(node.content, Content::Mapping(_)) {
        let message = "the settings are a mapping of keys, such as `title: My reports`";
        return diagnostics.push(fault(node.span.clone(), message.to_owned()));
    }
    match decode::<Settings>(node.to_json()) {
        Ok(settings) => project.settings = settings,
        Err(faults) => {
            let place = Place { file: 0, node: node.clone() };
            diagnostics.extend(faults.iter().map(|fault| diagnose(project, &place, &[], fault)));
        }
    }
    project.settings_place = Some(Place { file: 0, node });
}

fn read_document(project: &mut Project, place: Place, diagnostics: &mut Vec<Diagnostic>) {
    let file = &project.files[place.file];
    if !matches!(place.node.content, Content::Mapping(_)) {
        let message = "a definition is a mapping of keys, with `kind:` first";
        return diagnostics.push(Diagnostic::error(file, place.node.span.clone(), message));
    }
    let mut json = place.node.to_json();
    let kind = json.as_object_mut().and_then(|map| map.remove("kind"));
    let known = Definition::KINDS.iter().find(|k| kind.as_ref().and_then(Value::as_str) == Some(**k));
    let Some(kind) = known else {
        diagnostics.push(unknown_kind(project, &place, kind, &json));
        return;
    };
    let unsure = super::texts::keep(kind, &place.node, &mut json);
    diagnostics.extend(unsure.iter().map(|fault| diagnose(project, &place, &[], fault)));
    let result = match *kind {
        "source" => decode::<Source>(json.clone()).map(Definition::Source),
        "template" => decode_template(&json).map(Definition::Template),
        "report" => decode::<Report>(json.clone()).map(Definition::Report),
        _ => decode::<List>(json.clone()).map(Definition::List),
    };
    match result {
        Err(faults) => {
            diagnostics.extend(faults.iter().map(|fault| diagnose(project, &place, &[], fault)));
            project.faulty.push((kind, written_name(kind, json.get("name"), json.get("version"))));
        }
        Ok(definition) => {
            let name = definition.name();
            if let Some(first) = project.place_of(kind, &name) {
                let at = project.error_at(first, &[Step::Key("name".into())], "");
                let message = format!("there are two definitions of kind {kind} named `{name}`");
                let help = format!("the first is in {}, line {}; rename or remove one", at.file, at.line);
                let error = project.error_at(&place, &[Step::Key("name".into())], message).with_help(help);
                return diagnostics.push(error);
            }
            project.insert(definition, place);
        }
    }
}

fn unknown_kind(project: &Project, place: &Place, kind: Option<Value>, rest: &Value) -> Diagnostic {
    let known = format!("known kinds: {}", Definition::KINDS.join(", "));
    match kind {
        None if spelled_otherwise(rest, "kind").is_some() => {
            let written = spelled_otherwise(rest, "kind").unwrap_or_default();
            project
                .error_at_key(place, &steps![written], format!("unknown key `{written}`"))
                .with_help("did you mean `kind`?")
        }
        None => {
            let span = place.node.span_at(&[]);
            Diagnostic::error(&project.files[place.file], span, "the key `kind` is missing").with_help(known)
        }
        Some(kind) => {
            let written = kind.as_str().map_or_else(|| kind.to_string(), str::to_owned);
            let help = match nearest(&written, Definition::KINDS.into_iter()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => known,
            };
            project.error_at(place, &[Step::Key("kind".into())], format!("unknown kind `{written}`")).with_help(help)
        }
    }
}

/// The key that may be meant for a missing one.
fn spelled_otherwise<'a>(mapping: &'a Value, missing: &str) -> Option<&'a str> {
    let mut keys = mapping.as_object()?.keys().map(String::as_str);
    keys.find(|key| nearest(key, std::iter::once(missing)).is_some())
}

/// Sections are told apart by `type`, where serde loses the place of a fault: each is read by itself first.
fn decode_template(json: &Value) -> Result<Template, Vec<Fault>> {
    let mut faults = Vec::new();
    let sections = json.pointer("/layout/sections").and_then(Value::as_array);
    for (index, section) in sections.into_iter().flatten().enumerate() {
        faults.extend(section_faults(section).into_iter().map(|mut fault| {
            let mut path = steps!["layout", "sections", index];
            path.append(&mut fault.path);
            Fault { path, ..fault }
        }));
    }
    if faults.is_empty() {
        return decode::<Template>(json.clone());
    }
    let mut rest = json.clone();
    if let Some(sections) = rest.pointer_mut("/layout/sections").and_then(Value::as_array_mut) {
        sections.clear();
    }
    faults.extend(decode::<Template>(rest).err().unwrap_or_default());
    Err(faults)
}

fn section_faults(section: &Value) -> Vec<Fault> {
    const TYPES: [&str; 4] = ["figures", "chart", "table", "text"];
    fn faults<T: DeserializeOwned>(value: Value) -> Vec<Fault> {
        decode::<T>(value).err().unwrap_or_default()
    }
    let mut section = section.clone();
    let Some(map) = section.as_object_mut() else {
        let message = "a section is a mapping with `name:` and `type:`".to_owned();
        return vec![Fault { path: Vec::new(), at_key: false, message, help: None }];
    };
    let written = map.remove("type");
    match written.as_ref().and_then(Value::as_str) {
        Some("figures") => faults::<FiguresSection>(section),
        Some("chart") => faults::<ChartSection>(section),
        Some("table") => faults::<TableSection>(section),
        Some("text") => faults::<TextSection>(section),
        Some(other) => {
            let help = match nearest(other, TYPES.into_iter()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("known types: {}", TYPES.join(", ")),
            };
            let message = format!("unknown type of section `{other}`");
            vec![Fault { path: steps!["type"], at_key: false, message, help: Some(help) }]
        }
        None if spelled_otherwise(&section, "type").is_some() => {
            let written = spelled_otherwise(&section, "type").unwrap_or_default();
            let help = Some("did you mean `type`?".to_owned());
            vec![Fault { path: steps![written], at_key: true, message: format!("unknown key `{written}`"), help }]
        }
        None => {
            let help = format!("add `type:` with one of {}", TYPES.join(", "));
            let message = "the key `type` is missing".to_owned();
            vec![Fault { path: Vec::new(), at_key: false, message, help: Some(help) }]
        }
    }
}

fn diagnose(project: &Project, place: &Place, base: &[Step], fault: &Fault) -> Diagnostic {
    let path: Vec<Step> = base.iter().chain(&fault.path).cloned().collect();
    let diagnostic = if fault.at_key {
        project.error_at_key(place, &path, &fault.message)
    } else {
        project.error_at(place, &path, &fault.message)
    };
    match &fault.help {
        Some(help) => diagnostic.with_help(help),
        None => diagnostic,
    }
}
