//! Values that are of the right type and can do nothing: limits of zero, lists without items, expectations that
//! no run can meet. Told with what would make sense.

use super::{Located, Place, Project};
use crate::{
    definition::{Check, FieldSpec, List, PeriodRule, Report, Section, Settings, Source, Template},
    diagnostic::Diagnostic,
    iso4217,
    length::Length,
    nearest::nearest,
    yaml::Step,
};

/// The least memory that a job of the sandbox starts in, in MiB.
const LEAST_MEMORY_MIB: u64 = 64;
/// More memory or output than this is a slip of the pen, in MiB.
const MOST_MIB: u64 = 1024 * 1024;
const LONGEST: Length = Length::from_secs(7 * 24 * 3600);
const MOST_DECIMALS: u8 = 15;
const MOST_ROLLING_DAYS: u16 = 3_660;
const FARTHEST_OFFSET: i32 = 1_200;

/// Collects faults about one definition.
struct Limits<'a> {
    project: &'a Project,
    place: &'a Place,
    faults: &'a mut Vec<Diagnostic>,
}

impl Limits<'_> {
    fn refuse(&mut self, at: &[Step], message: impl Into<String>, help: &str) {
        self.faults.push(self.project.error_at(self.place, at, message).with_help(help));
    }

    fn range<T: PartialOrd + std::fmt::Display>(&mut self, at: &[Step], value: T, (least, most): (T, T), help: &str) {
        if value < least || value > most {
            self.refuse(at, format!("{value} is not from {least} to {most}"), help);
        }
    }
}

/// What the values of all definitions cannot do.
pub(super) fn check(project: &Project, faults: &mut Vec<Diagnostic>) {
    if let Some(place) = &project.settings_place {
        settings(&project.settings, &mut Limits { project, place, faults: &mut *faults });
    }
    for Located { value, place } in project.sources.values() {
        source(value, &mut Limits { project, place, faults: &mut *faults });
    }
    for Located { value, place } in project.templates.values() {
        template(value, &mut Limits { project, place, faults: &mut *faults });
    }
    for Located { value, place } in project.reports.values() {
        let list = value.deliver.as_ref().and_then(|d| project.lists.get(d.to.as_str()));
        report(value, list.map(|l| &l.value), &mut Limits { project, place, faults: &mut *faults });
    }
}

fn settings(settings: &Settings, limits: &mut Limits<'_>) {
    let Settings { limits: of_jobs, retry, .. } = settings;
    let memory = "give at least what a small report needs, such as 1024";
    limits.range(&steps!["limits", "memory_mib"], of_jobs.memory_mib, (LEAST_MEMORY_MIB, MOST_MIB), memory);
    limits.range(&steps!["limits", "output_mib"], of_jobs.output_mib, (1, MOST_MIB), "give what a report's files need");
    let shortest = Length::from_secs(1);
    let cpu = "give a job the time that a person would wait for, such as 10m";
    limits.range(&steps!["limits", "cpu"], of_jobs.cpu, (shortest, LONGEST), cpu);
    let query = "give a query the time that a person would wait for, such as 5m";
    limits.range(&steps!["limits", "query"], of_jobs.query, (Length::from_millis(1), LONGEST), query);
    if retry.for_at_most > Length::from_millis(0) && retry.first_wait == Length::from_millis(0) {
        let help = "give `first_wait` a length such as 1s, or set `for_at_most: 0s` to ask only once";
        limits.refuse(&steps!["retry", "first_wait"], "without a first wait nothing is asked again", help);
    }
    if retry.longest_wait < retry.first_wait {
        let message = format!("`longest_wait` {} is less than `first_wait` {}", retry.longest_wait, retry.first_wait);
        limits.refuse(
            &steps!["retry", "longest_wait"],
            message,
            "give the longest wait at least the first one's length",
        );
    }
    if settings.data.trim().is_empty() {
        limits.refuse(&steps!["data"], "the data folder has no name", "name a folder, such as .punctual");
    }
}

fn source(source: &Source, limits: &mut Limits<'_>) {
    let help = "give a query the time that a person would wait for, such as 5m";
    limits.range(&steps!["timeout"], source.timeout, (Length::from_millis(1), LONGEST), help);
}

fn template(template: &Template, limits: &mut Limits<'_>) {
    if template.version == 0 {
        limits.refuse(&steps!["version"], "versions count from 1", "write `version: 1`");
    }
    for (name, dataset) in &template.query.datasets {
        checks(&steps!["query", "datasets", name.as_str(), "checks"], &dataset.checks, limits);
    }
    for (name, table) in &template.query.tables {
        checks(&steps!["query", "tables", name.as_str(), "checks"], &table.checks, limits);
    }
    for (index, section) in template.layout.sections.iter().enumerate() {
        let at = |key: &str| steps!["layout", "sections", index, key];
        match section {
            Section::Figures(section) => {
                refuse_none(&at("values"), section.values.len(), "a column to show", limits);
                decimals(&at("values"), &section.values, limits);
            }
            Section::Chart(section) => {
                refuse_none(&at("y"), section.y.len(), "a column to draw", limits);
                decimals(&at("y"), &section.y, limits);
            }
            Section::Table(section) => decimals(&at("columns"), &section.columns, limits),
            Section::Text(_) => {}
        }
    }
}

fn refuse_none(at: &[Step], length: usize, what: &str, limits: &mut Limits<'_>) {
    if length == 0 {
        limits.refuse(at, "this list is empty", &format!("name {what}, or remove it all"));
    }
}

fn decimals(base: &[Step], fields: &[FieldSpec], limits: &mut Limits<'_>) {
    for (index, field) in fields.iter().enumerate() {
        let mut at = base.to_vec();
        at.extend(steps![index, "decimals"]);
        limits.range(
            &at,
            field.decimals().unwrap_or_default(),
            (0, MOST_DECIMALS),
            "give the digits that a person reads",
        );
    }
}

fn checks(base: &[Step], checks: &[Check], limits: &mut Limits<'_>) {
    for (index, check) in checks.iter().enumerate() {
        let mut at = base.to_vec();
        at.extend(steps![index, check.kind()]);
        match check {
            Check::Rows(rows) if rows.min.is_none() && rows.max.is_none() => {
                limits.refuse(&at, "this check has no bounds and always holds", "add `min` or `max`");
            }
            Check::NotNull(not_null) => refuse_none(&at, not_null.columns().len(), "a column", limits),
            Check::Unique(unique) => refuse_none(&at, unique.columns().len(), "a column", limits),
            Check::Accepted(accepted) => refuse_none(&at, accepted.values.len(), "a value", limits),
            Check::Rows(_) | Check::Covers(_) | Check::Sql(_) => {}
        }
    }
}

fn report(report: &Report, list: Option<&List>, limits: &mut Limits<'_>) {
    match report.period {
        PeriodRule::Rolling { rolling_days } => {
            let at = steps!["period", "rolling_days"];
            limits.range(&at, rolling_days, (1, MOST_ROLLING_DAYS), "give a number of whole days, such as 7 or 30");
        }
        PeriodRule::Shifted { offset, .. } => {
            let at = steps!["period", "offset"];
            limits.range(&at, offset, (-FARTHEST_OFFSET, FARTHEST_OFFSET), "-1 is the unit before the last one");
        }
        PeriodRule::Unit(_) => {}
    }
    if !iso4217::is_known(&report.currency) {
        let near = nearest(&report.currency, iso4217::CODES.into_iter());
        let help = near.map_or_else(
            || "write a code of ISO 4217, such as USD, EUR or JPY".to_owned(),
            |code| format!("did you mean `{code}`?"),
        );
        limits.refuse(&steps!["currency"], format!("unknown currency `{}`", report.currency), &help);
    }
    twice(&steps!["formats"], &report.formats, limits);
    if let Some(deliver) = &report.deliver {
        twice(&steps!["deliver", "attach"], deliver.attach.as_deref().unwrap_or_default(), limits);
        if deliver.only_if.as_ref().is_some_and(|only_if| only_if.rows == 0) {
            let at = steps!["deliver", "only_if", "rows"];
            limits.refuse(&at, "0 rows are always there", "write `rows: 1` to hold back what is empty, or remove it");
        }
        if deliver.preview.is_some() {
            let help = "remove it; look at `punctual plan` before a delivery";
            limits.refuse(&steps!["deliver", "preview"], "`preview` is not there yet", help);
        }
        if let Some(after) = &deliver.after {
            let help = "count the days from the period's end";
            limits.range(&steps!["deliver", "after", "days"], after.days, (0, 366), help);
        }
    }
    expectations(report, list, limits);
}

fn twice(at: &[Step], words: &[String], limits: &mut Limits<'_>) {
    for (index, word) in words.iter().enumerate().filter(|(index, word)| words[..*index].contains(word)) {
        let mut at = at.to_vec();
        at.push(Step::Index(index));
        limits.refuse(&at, format!("`{word}` stands here a second time"), "remove one of them");
    }
}

/// What a report expects, and no run of it can be.
fn expectations(report: &Report, list: Option<&List>, limits: &mut Limits<'_>) {
    let expect = &report.expect;
    limits.range(
        &steps!["expect", "tolerance_percent"],
        expect.tolerance_percent,
        (0, 100),
        "it says how far the numbers may be off",
    );
    for (key, expected) in [("editions", expect.editions), ("recipients", expect.recipients)] {
        if expected == Some(0) {
            limits.refuse(&steps!["expect", key], format!("a report with 0 {key} sends nothing"), "expect 1 or more");
        }
    }
    let least = |expected: u64| expected - (expected * u64::from(expect.tolerance_percent.min(100)) / 100);
    if let Some(editions) = expect.editions.filter(|editions| report.burst.is_none() && least(*editions) > 1) {
        let message = format!("{editions} editions are expected, but without `burst` there is one");
        limits.refuse(&steps!["expect", "editions"], message, "add `burst`, or expect 1");
    }
    let Some(recipients) = expect.recipients else { return };
    if report.deliver.is_none() {
        let message = "recipients are expected, but the report goes to nobody";
        limits.refuse(&steps!["expect", "recipients"], message, "add `deliver`, or remove it");
    }
    let members = list.and_then(|list| Some((&list.name, list.members.listed()?.len() as u64)));
    if let Some((name, members)) = members.filter(|(_, members)| *members < least(recipients)) {
        let message = format!("{recipients} recipients are expected, but list `{name}` has {members}");
        limits.refuse(&steps!["expect", "recipients"], message, "mend the number or the list");
    }
}
