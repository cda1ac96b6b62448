//! What definitions say of one another: sources, datasets, tables, lists, channels, formats,
//! cron expressions, parameters. Columns need SQL to be read and are checked elsewhere.

use super::{Located, Place, Project, shown};
use crate::{
    cron::CronExpr,
    definition::{Channel, Check, Dataset, List, Otherwise, Report, Source, Template, schema},
    diagnostic::Diagnostic,
    kinds::{Catalog, KindSpec},
    nearest::nearest,
    yaml::Step,
};

/// Every fault of a project's definitions in relation to one another.
pub fn check(project: &Project, catalog: &Catalog) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    check_settings(project, catalog, &mut faults);
    for source in project.sources.values() {
        check_source(project, catalog, source, &mut faults);
    }
    for template in project.templates.values() {
        check_template(project, catalog, template, &mut faults);
    }
    for report in project.reports.values() {
        check_report(project, catalog, report, &mut faults);
    }
    for list in project.lists.values() {
        check_list(project, catalog, list, &mut faults);
    }
    super::limits::check(project, &mut faults);
    faults.sort_by(|a, b| (&a.file, a.span.start).cmp(&(&b.file, b.span.start)));
    faults
}

fn did_you_mean<'a>(written: &str, known: impl Iterator<Item = &'a str> + Clone, what: &str) -> String {
    match nearest(written, known.clone()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => match known.collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => format!("there is no {what} yet"),
            known => format!("known: {known}"),
        },
    }
}

/// Checks `type:` and the options of a source or channel against what is registered.
fn check_kind(
    project: &Project,
    place: &Place,
    base: &[Step],
    kinds: &[KindSpec],
    (written, options, common): (&str, &serde_json::Map<String, serde_json::Value>, &[String]),
    faults: &mut Vec<Diagnostic>,
) {
    let at = |key: &str| base.iter().cloned().chain([Step::Key(key.to_owned())]).collect::<Vec<_>>();
    let Some(kind) = kinds.iter().find(|k| k.name == written) else {
        let help = did_you_mean(written, kinds.iter().map(|k| k.name), "type");
        faults.push(project.error_at(place, &at("type"), format!("unknown type `{written}`")).with_help(help));
        return;
    };
    for mut fault in kind.faults(options) {
        // Beside the options of its type stand the keys that every definition of this sort has.
        let unknown = fault.key.as_deref().filter(|key| kind.options.iter().all(|o| o.name != *key));
        let mut known = common.iter().map(String::as_str).chain(kind.options.iter().map(|o| o.name));
        if let Some(name) = unknown.and_then(|key| nearest(key, &mut known)) {
            fault.help = format!("did you mean `{name}`?");
        }
        let diagnostic = match &fault.key {
            Some(key) if kind.options.iter().any(|o| o.name == key) => project.error_at(place, &at(key), fault.message),
            Some(key) => project.error_at_key(place, &at(key), fault.message),
            None => project.error_at(place, &at("type"), fault.message),
        };
        faults.push(diagnostic.with_help(fault.help));
    }
}

fn check_settings(project: &Project, catalog: &Catalog, faults: &mut Vec<Diagnostic>) {
    let Some(place) = &project.settings_place else { return };
    let common = schema::keys::<Channel>();
    for (name, Channel { channel_type, options }) in &project.settings.channels {
        let base = steps!["channels", name.as_str()];
        check_kind(project, place, &base, &catalog.channels, (channel_type, options, &common), faults);
    }
    if let Some(default) = &project.settings.default_channel {
        check_channel(project, place, &steps!["default_channel"], default, faults);
    }
}

fn check_channel(project: &Project, place: &Place, at: &[Step], name: &str, faults: &mut Vec<Diagnostic>) {
    let channels = &project.settings.channels;
    if !channels.contains_key(name) {
        let help = did_you_mean(name, channels.keys().map(String::as_str), "channel in punctual.yaml");
        faults.push(project.error_at(place, at, format!("unknown channel `{name}`")).with_help(help));
    }
}

fn check_source(project: &Project, catalog: &Catalog, source: &Located<Source>, faults: &mut Vec<Diagnostic>) {
    let Located { value, place } = source;
    let common = schema::keys::<Source>();
    check_kind(project, place, &[], &catalog.sources, (&value.source_type, &value.options, &common), faults);
}

fn check_template(project: &Project, catalog: &Catalog, template: &Located<Template>, faults: &mut Vec<Diagnostic>) {
    let Located { value, place } = template;
    let query = &value.query;
    for (name, dataset) in &query.datasets {
        check_dataset(project, catalog, place, (name.as_str(), dataset), faults);
    }
    for (name, table) in &query.tables {
        if query.datasets.contains_key(name.as_str()) {
            let message = format!("`{name}` is a dataset and a table");
            let at = steps!["query", "tables", name.as_str()];
            faults.push(project.error_at_key(place, &at, message).with_help("rename one of them"));
        }
        check_checks(project, place, &steps!["query", "tables", name.as_str()], &table.checks, faults);
    }
    let data: Vec<&str> = query.datasets.keys().chain(query.tables.keys()).map(|n| n.as_str()).collect();
    let mut names = Vec::new();
    for (index, section) in value.layout.sections.iter().enumerate() {
        if names.contains(&section.name()) {
            let message = format!("there are two sections named `{}`", section.name());
            let at = steps!["layout", "sections", index, "name"];
            faults.push(project.error_at(place, &at, message).with_help("rename one of them"));
        }
        names.push(section.name());
        shown::check_section(project, place, index, section, faults);
        if let Some(name) = section.data().filter(|name| !data.contains(&name.as_str())) {
            let at = steps!["layout", "sections", index, "data"];
            let help = did_you_mean(name.as_str(), data.iter().copied(), "dataset or table");
            faults.push(project.error_at(place, &at, format!("unknown dataset or table `{name}`")).with_help(help));
        }
    }
}

fn check_dataset(
    project: &Project,
    catalog: &Catalog,
    place: &Place,
    (name, dataset): (&str, &Dataset),
    faults: &mut Vec<Diagnostic>,
) {
    let base = |key: &str| steps!["query", "datasets", name, key];
    if !project.knows("source", dataset.source.as_str()) {
        let help = did_you_mean(dataset.source.as_str(), project.sources.keys().map(String::as_str), "source");
        let message = format!("unknown source `{}`", dataset.source);
        faults.push(project.error_at(place, &base("source"), message).with_help(help));
    }
    let kind = project
        .sources
        .get(dataset.source.as_str())
        .and_then(|source| catalog.sources.iter().find(|k| k.name == source.value.source_type));
    match (kind, &dataset.sql) {
        (Some(kind), None) if kind.sql.is_some() => {
            let message = format!("dataset `{name}` needs `sql`, because `{}` is a database", dataset.source);
            let at = steps!["query", "datasets", name];
            faults.push(project.error_at_key(place, &at, message).with_help("add `sql:` with one SELECT"));
        }
        (Some(kind), Some(_)) if kind.sql.is_none() => {
            let message = format!("dataset `{name}` takes no `sql`, because `{}` is read whole", dataset.source);
            let help = "remove `sql` and select rows in a table under `query: tables:`";
            faults.push(project.error_at_key(place, &base("sql"), message).with_help(help));
        }
        _ => {}
    }
    shown::check_declared(project, place, (name, dataset), faults);
    check_checks(project, place, &steps!["query", "datasets", name], &dataset.checks, faults);
}

fn check_checks(project: &Project, place: &Place, base: &[Step], checks: &[Check], faults: &mut Vec<Diagnostic>) {
    for (index, check) in checks.iter().enumerate() {
        let at: Vec<Step> = base.iter().cloned().chain(steps!["checks", index]).collect();
        let about_rows = matches!(check, Check::NotNull(_) | Check::Unique(_) | Check::Accepted(_));
        if check.otherwise() == Otherwise::Exclude && !about_rows {
            let message = format!("`{}` cannot exclude rows, because it is not about single rows", check.kind());
            faults.push(project.error_at(place, &at, message).with_help("use `fail` or `warn`"));
        }
        if let Check::Rows(rows) = check
            && let (Some(min), Some(max)) = (rows.min, rows.max)
            && min > max
        {
            let message = format!("`min` {min} is more than `max` {max}");
            faults.push(project.error_at(place, &at, message));
        }
    }
}

fn check_report(project: &Project, catalog: &Catalog, report: &Located<Report>, faults: &mut Vec<Diagnostic>) {
    let Located { value, place } = report;
    let template = value.template.to_string();
    if !project.knows("template", &template) {
        let help = did_you_mean(&template, project.templates.keys().map(String::as_str), "template");
        let message = format!("unknown template `{template}`");
        faults.push(project.error_at(place, &steps!["template"], message).with_help(help));
    }
    for (index, format) in value.formats.iter().enumerate() {
        check_format(project, place, steps!["formats", index], format, catalog, faults);
    }
    if value.formats.is_empty() {
        let help = format!("known: {}", catalog.formats.iter().map(|f| f.name).collect::<Vec<_>>().join(", "));
        faults.push(project.error_at(place, &steps!["formats"], "a report needs a format").with_help(help));
    }
    if !catalog.locales.contains(&value.locale.as_str()) {
        let help = did_you_mean(&value.locale, catalog.locales.iter().copied(), "locale");
        let message = format!("unknown locale `{}`", value.locale);
        faults.push(project.error_at(place, &steps!["locale"], message).with_help(help));
    }
    for (index, schedule) in value.schedules.iter().enumerate() {
        if let Err(error) = CronExpr::parse(&schedule.cron) {
            let at = steps!["schedules", index, "cron"];
            faults.push(project.error_at(place, &at, error.to_string()).with_help(error.help()));
        }
    }
    check_delivery(project, place, value, catalog, faults);
    if let Some(template) = project.template(&value.template) {
        check_against_template(project, place, value, template, faults);
    }
}

fn check_format(
    project: &Project,
    place: &Place,
    at: Vec<Step>,
    format: &str,
    catalog: &Catalog,
    faults: &mut Vec<Diagnostic>,
) {
    if !catalog.formats.iter().any(|f| f.name == format) {
        let help = did_you_mean(format, catalog.formats.iter().map(|f| f.name), "format");
        faults.push(project.error_at(place, &at, format!("unknown format `{format}`")).with_help(help));
    }
}

fn check_delivery(project: &Project, place: &Place, report: &Report, catalog: &Catalog, faults: &mut Vec<Diagnostic>) {
    let Some(deliver) = &report.deliver else { return };
    if !project.knows("list", deliver.to.as_str()) {
        let help = did_you_mean(deliver.to.as_str(), project.lists.keys().map(String::as_str), "list");
        let message = format!("unknown list `{}`", deliver.to);
        faults.push(project.error_at(place, &steps!["deliver", "to"], message).with_help(help));
    }
    match (&deliver.channel, &project.settings.default_channel) {
        (Some(channel), _) => check_channel(project, place, &steps!["deliver", "channel"], channel, faults),
        (None, None) => {
            let message = "no channel to deliver by";
            let help = "add `channel:` here or `default_channel:` to punctual.yaml";
            faults.push(project.error_at_key(place, &steps!["deliver"], message).with_help(help));
        }
        (None, Some(_)) => {}
    }
    for (index, format) in deliver.attach.iter().flatten().enumerate() {
        let at = steps!["deliver", "attach", index];
        check_format(project, place, at.clone(), format, catalog, faults);
        if catalog.formats.iter().any(|f| f.name == format) && !report.formats.contains(format) {
            let message = format!("`{format}` is attached, but it is not one of the report's formats");
            faults.push(project.error_at(place, &at, message).with_help(format!("add `{format}` to `formats:`")));
        }
    }
}

fn check_against_template(
    project: &Project,
    place: &Place,
    report: &Report,
    template: &Template,
    faults: &mut Vec<Diagnostic>,
) {
    for name in report.parameters.keys().filter(|name| !template.parameters.contains_key(*name)) {
        let help = did_you_mean(name, template.parameters.keys().map(String::as_str), "parameter in the template");
        let message = format!("template `{}` has no parameter `{name}`", report.template);
        faults.push(project.error_at_key(place, &steps!["parameters", name.as_str()], message).with_help(help));
    }
    for (name, parameter) in &template.parameters {
        let given = report.parameters.get(name).or(parameter.default.as_ref());
        match given.map(|value| crate::parameter::typed(name, parameter.parameter_type, value)) {
            None => {
                let message = format!("the parameter `{name}` has no default and must be set");
                let help = format!("add `parameters: {{{name}: ...}}`");
                faults.push(project.error_at(place, &steps!["template"], message).with_help(help));
            }
            Some(Err(error)) => {
                let at = steps!["parameters", name.as_str()];
                faults.push(project.error_at(place, &at, error.to_string()));
            }
            Some(Ok(_)) => {}
        }
    }
    if let Some(burst) = &report.burst {
        let data = || template.query.datasets.keys().chain(template.query.tables.keys()).map(|n| n.as_str());
        if !data().any(|name| name == burst.from.as_str()) {
            let help = did_you_mean(burst.from.as_str(), data(), "dataset or table");
            let message = format!("template `{}` has no dataset or table `{}`", report.template, burst.from);
            faults.push(project.error_at(place, &steps!["burst", "from"], message).with_help(help));
        }
    }
}

fn check_list(project: &Project, catalog: &Catalog, list: &Located<List>, faults: &mut Vec<Diagnostic>) {
    let Located { value, place } = list;
    let Some(source) = value.members.source() else { return };
    let at = steps!["members", "source"];
    if !project.knows("source", source.as_str()) {
        let help = did_you_mean(source.as_str(), project.sources.keys().map(String::as_str), "source");
        faults.push(project.error_at(place, &at, format!("unknown source `{source}`")).with_help(help));
    }
    let kind = project.sources.get(source.as_str()).map(|source| source.value.source_type.as_str());
    if catalog.sources.iter().any(|k| Some(k.name) == kind && k.sql.is_none()) {
        let help = "write `members: {file: ...}` for a CSV file of the project";
        faults
            .push(project.error_at(place, &at, format!("`{source}` is read whole and answers no SQL")).with_help(help));
    }
}
