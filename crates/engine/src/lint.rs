//! What is wrong with texts, SQL and recipients before anything runs: syntax, tables that do not exist, columns
//! that are named and not there. Nothing is evaluated, and what only a source knows is not guessed at.

mod capitals;
mod recipients;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use punctual_data::{
    analyze::references,
    error::{DataError, Place as SqlPlace},
    outline,
};
use punctual_document::{
    formula::Formula,
    text::{PeriodFacts, TextError, check_depth, unknown_filters},
};
use punctual_model::{
    definition::{Check, FieldSpec, Section, Template},
    diagnostic::Diagnostic,
    kinds::Catalog,
    nearest::nearest,
    project::{Located, Project},
    sql_text::{Bind, Fragment, SqlText},
    value::Value,
    yaml::Step,
};

use crate::{files::FileColumns, job::dependency_order};

/// The columns of datasets and tables, where they are known.
type Known = BTreeMap<String, Option<Vec<String>>>;

/// Every fault of a project's texts and SQL; `files` are the columns of files, as far as they are known.
pub fn lint(project: &Project, catalog: &Catalog, files: &FileColumns) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    recipients::lint(project, &mut faults);
    for template in project.templates.values() {
        let known = Linter { project, catalog, files, template, faults: &mut faults }.query();
        Linter { project, catalog, files, template, faults: &mut faults }.layout(&known);
        for report in project.reports.values().filter(|r| r.value.template.to_string() == name_of(&template.value)) {
            let deliver = report.value.deliver.as_ref();
            for (key, text) in [
                ("subject", deliver.and_then(|d| d.subject.as_ref())),
                ("summary", deliver.and_then(|d| d.summary.as_ref())),
            ] {
                let told = text.map(|text| text_faults(text)).unwrap_or_default();
                faults.extend(told.into_iter().map(|(message, help)| {
                    with_help(project.error_at(&report.place, &[step("deliver"), step(key)], message), help)
                }));
            }
            let Some(burst) = &report.value.burst else { continue };
            let column = unknown_column(&known, burst.from.as_str(), &burst.by);
            faults.extend(column.map(|(message, help)| {
                project.error_at(&report.place, &[step("burst"), step("by")], message).with_help(help)
            }));
        }
    }
    faults
}

fn name_of(template: &Template) -> String {
    format!("{}@{}", template.name, template.version)
}

fn step(key: &str) -> Step {
    Step::Key(key.to_owned())
}

struct Linter<'a> {
    project: &'a Project,
    catalog: &'a Catalog,
    files: &'a FileColumns,
    template: &'a Located<Template>,
    faults: &'a mut Vec<Diagnostic>,
}

impl Linter<'_> {
    fn fault(&mut self, path: &[Step], message: String, help: Option<String>) {
        let diagnostic = self.project.error_at(&self.template.place, path, message);
        self.faults.push(with_help(diagnostic, help));
    }

    /// A fault at a place of the SQL under `path`: at that word in the file, where it can be found there.
    fn fault_in_sql(&mut self, path: &[Step], place: Option<&SqlPlace>, message: String, help: Option<String>) {
        let file = &self.project.files[self.template.place.file];
        let block = self.project.error_at(&self.template.place, path, message.as_str());
        let word = place.and_then(|place| word_at(&file.text, &block.span, place));
        let diagnostic = match (word, place) {
            (Some(span), _) => self.project.error_in(&self.template.place, span, message),
            (None, Some(SqlPlace { line, column, .. })) => {
                let message = format!("{message} (line {line}, column {column} of the SQL)");
                self.project.error_in(&self.template.place, block.span, message)
            }
            (None, None) => block,
        };
        self.faults.push(with_help(diagnostic, help));
    }

    /// Checks datasets and tables, and returns the columns they have.
    fn query(&mut self) -> Known {
        let mut known = Known::new();
        let template = &self.template.value;
        for (name, dataset) in &template.query.datasets {
            let at = |key: &str| vec![step("query"), step("datasets"), step(name.as_str()), step(key)];
            let columns = match &dataset.sql {
                Some(sql) => {
                    self.syntax(&at("sql"), sql);
                    template_sql(sql).and_then(|text| outline::columns(&text)).and_then(|c| capitals::sure(sql, c))
                }
                // A file's other columns are known only to the file.
                None => None,
            };
            known.insert(name.to_string(), columns);
            if self.is_sql_source(dataset.source.as_str()) {
                for column in dataset.columns.keys() {
                    let fault = unknown_column(&known, name.as_str(), column);
                    let mut path = at("columns");
                    path.push(step(column));
                    if let Some((message, help)) = fault {
                        self.fault(&path, message, Some(help));
                    }
                }
            }
            self.checks(&at("checks"), name.as_str(), &dataset.checks, &known);
        }
        for (name, table) in &template.query.tables {
            let columns = template_sql(&table.sql).and_then(|sql| outline::columns(&sql));
            known.insert(name.to_string(), columns);
        }
        let whole = |dataset: &str| self.files.of(&name_of(template), dataset);
        let spelled = capitals::spelled((self.project, self.catalog), &template.query, &known, whole);
        let mut reads = Vec::new();
        for (name, table) in &template.query.tables {
            let at = |key: &str| vec![step("query"), step("tables"), step(name.as_str()), step(key)];
            self.syntax(&at("sql"), &table.sql);
            if let Some(sql) = template_sql(&table.sql) {
                let read = self.tables_of(&at("sql"), name.as_str(), &sql, &known);
                for (place, message, help) in capitals::faults(&sql, &read, &spelled) {
                    self.fault_in_sql(&at("sql"), place.as_ref(), message, Some(help));
                }
                reads.push((name.to_string(), read));
            }
            for (index, column) in table.order_by.iter().enumerate() {
                let column = column.strip_prefix('-').unwrap_or(column);
                if let Some((message, help)) = unknown_column(&known, name.as_str(), column) {
                    let mut path = at("order_by");
                    path.push(Step::Index(index));
                    self.fault(&path, message, Some(help));
                }
            }
            self.checks(&at("checks"), name.as_str(), &table.checks, &known);
        }
        if let Err(circle) = dependency_order(&reads) {
            let message = format!("the tables {} read one another in a circle", circle.join(", "));
            let at = [step("query"), step("tables"), step(&circle[0]), step("sql")];
            self.fault(&at, message, Some("let one of them read only datasets".to_owned()));
        }
        known
    }

    fn is_sql_source(&self, source: &str) -> bool {
        let kind = self.project.sources.get(source).map(|s| s.value.source_type.as_str());
        self.catalog.sources.iter().any(|k| Some(k.name) == kind && k.sql.is_some())
    }

    /// A text must parse, and name only what every run knows of its period and parameters.
    fn syntax(&mut self, path: &[Step], text: &str) {
        if let Err(error) = check_depth(text) {
            return self.fault(path, line_fault(&error), error.help);
        }
        let environment = minijinja::Environment::new();
        let parsed = match environment.template_from_str(text) {
            Ok(parsed) => parsed,
            Err(error) => return self.fault(path, parse_fault(&error), None),
        };
        for error in unknown_filters(text) {
            let place = error.line.zip(error.column).map(|(line, column)| SqlPlace {
                line: line as u64,
                column: column as u64,
                text: text.lines().nth(line - 1).unwrap_or_default().to_owned(),
            });
            let file = &self.project.files[self.template.place.file];
            let block = self.project.error_at(&self.template.place, path, error.message.as_str());
            match place.and_then(|place| word_at(&file.text, &block.span, &place)) {
                Some(span) => {
                    let fault = self.project.error_in(&self.template.place, span, error.message);
                    self.faults.push(with_help(fault, error.help));
                }
                None => self.fault(path, line_fault(&error), error.help),
            }
        }
        let names: BTreeSet<String> = parsed.undeclared_variables(true).into_iter().collect();
        for (root, field) in names.iter().filter_map(|name| name.split_once('.')) {
            let field = field.split('.').next().unwrap_or(field);
            match root {
                "period" => {
                    if let Some((message, help)) = PeriodFacts::unknown_field(field) {
                        self.fault(path, message, Some(help));
                    }
                }
                "parameters" if !self.template.value.parameters.contains_key(field) => {
                    let help = "declare it under the template's `parameters:`, with a type".to_owned();
                    self.fault(path, format!("there is no parameter `{field}`"), Some(help));
                }
                _ => {}
            }
        }
    }

    /// A table's SQL must parse, and read only datasets and tables; returns what it reads.
    fn tables_of(&mut self, path: &[Step], name: &str, sql: &SqlText, known: &Known) -> Vec<String> {
        let read = match references(&format!("table `{name}`"), sql) {
            Ok(read) => read,
            Err(DataError::Sql { place, message, .. }) => {
                self.fault_in_sql(path, place.as_ref(), message, None);
                return Vec::new();
            }
            Err(error) => {
                self.fault(path, error.to_string(), None);
                return Vec::new();
            }
        };
        for reference in read.iter().filter(|r| !known.contains_key(&r.name)) {
            let help = match nearest(&reference.name, known.keys().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known: {}", known.keys().cloned().collect::<Vec<_>>().join(", ")),
            };
            let message = format!("unknown dataset or table `{}`", reference.name);
            self.fault_in_sql(path, reference.place.as_ref(), message, Some(help));
        }
        read.into_iter().map(|r| r.name).collect()
    }

    fn checks(&mut self, base: &[Step], subject: &str, checks: &[Check], known: &Known) {
        for (index, check) in checks.iter().enumerate() {
            let mut path = base.to_vec();
            path.extend([Step::Index(index), step(check.kind())]);
            if let Check::Sql(sql) = check {
                self.syntax(&path, sql.sql());
            }
            for column in columns_of(check) {
                if let Some((message, help)) = unknown_column(known, subject, column) {
                    self.fault(&path, message, Some(help));
                }
            }
        }
    }

    fn layout(&mut self, known: &Known) {
        let layout = &self.template.value.layout;
        self.syntax(&[step("layout"), step("title")], &layout.title);
        if let Some(subtitle) = &layout.subtitle {
            self.syntax(&[step("layout"), step("subtitle")], subtitle);
        }
        for (index, section) in layout.sections.iter().enumerate() {
            let at = |key: &str| vec![step("layout"), step("sections"), Step::Index(index), step(key)];
            match section {
                Section::Text(section) => self.syntax(&at("text"), &section.text),
                Section::Figures(section) => self.fields(&at("values"), &section.data, &section.values, known),
                Section::Table(section) => self.fields(&at("columns"), &section.data, &section.columns, known),
                Section::Chart(section) => {
                    let data = section.data.as_str();
                    let mut before = Vec::new();
                    self.field(&at("x"), data, &section.x, &mut before, known);
                    for (index, field) in section.y.iter().enumerate() {
                        let mut path = at("y");
                        path.push(Step::Index(index));
                        self.field(&path, data, field, &mut before, known);
                    }
                }
            }
        }
    }

    fn fields(&mut self, base: &[Step], data: &punctual_model::slug::Slug, fields: &[FieldSpec], known: &Known) {
        let mut before = Vec::new();
        for (index, field) in fields.iter().enumerate() {
            let mut path = base.to_vec();
            path.push(Step::Index(index));
            self.field(&path, data.as_str(), field, &mut before, known);
        }
    }

    /// A column must be there, a formula must be one over the columns before it.
    fn field<'f>(&mut self, path: &[Step], data: &str, field: &'f FieldSpec, before: &mut Vec<&'f str>, known: &Known) {
        let formula = field.formula().map(|text| Formula::parse(text, before));
        before.push(field.field());
        if let Some(formula) = formula {
            if let Err(error) = formula {
                let columns = known.get(data).and_then(Option::as_ref);
                let unshown = error.unknown.as_ref().filter(|name| columns.is_some_and(|all| all.contains(name)));
                let help = match unshown {
                    Some(name) => Some(format!("show `{name}` in a column before it")),
                    None => error.help.clone(),
                };
                let path = [path, &[step("formula")]].concat();
                self.fault(&path, error.to_string(), help);
            }
            return;
        }
        if let Some((message, help)) = unknown_column(known, data, field.field()) {
            self.fault(path, message, Some(help));
        }
    }
}

/// The bytes in a file of the word at a place of the SQL that stands in `block`. YAML may indent, fold or quote
/// the SQL: only a line that stands in the file as it is can be pointed into.
fn word_at(file: &str, block: &Range<usize>, place: &SqlPlace) -> Option<Range<usize>> {
    let skipped = usize::try_from(place.line).ok()?.checked_sub(1)?;
    let before = usize::try_from(place.column).ok()?.checked_sub(1)?;
    let text = file.get(block.start..)?;
    let line_start: usize = text.split_inclusive('\n').take(skipped).map(str::len).sum();
    let written = place.text.trim_end();
    let found = text.get(line_start..)?.lines().next()?.find(written)?;
    let offset = written.chars().take(before).map(char::len_utf8).sum::<usize>();
    let word = written.get(offset..)?.chars().take_while(|c| c.is_alphanumeric() || *c == '_');
    let length = word.map(char::len_utf8).sum::<usize>().max(1);
    let start = block.start + line_start + found + offset;
    (start + length <= file.len()).then_some(start..start + length)
}

/// The columns that a check names.
fn columns_of(check: &Check) -> Vec<&str> {
    match check {
        Check::Rows(_) | Check::Sql(_) => Vec::new(),
        Check::Covers(covers) => std::iter::once(covers.column.as_str()).chain(covers.by.as_deref()).collect(),
        Check::NotNull(not_null) => not_null.columns().iter().map(String::as_str).collect(),
        Check::Unique(unique) => unique.columns().iter().map(String::as_str).collect(),
        Check::Accepted(accepted) => vec![&accepted.column],
    }
}

/// The message and help for a column that a dataset or table certainly does not have.
fn unknown_column(known: &Known, data: &str, column: &str) -> Option<(String, String)> {
    let columns = known.get(data)?.as_ref()?;
    if columns.iter().any(|c| c == column) {
        return None;
    }
    let help = match nearest(column, columns.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("its columns: {}", columns.join(", ")),
    };
    Some((format!("`{data}` has no column `{column}`"), help))
}

fn with_help(fault: Diagnostic, help: Option<String>) -> Diagnostic {
    match help {
        Some(help) => fault.with_help(help),
        None => fault,
    }
}

/// What is wrong with the syntax and the filters of a text template, each with the way out; it is not rendered.
fn text_faults(text: &str) -> Vec<(String, Option<String>)> {
    if let Err(error) = check_depth(text) {
        return vec![(line_fault(&error), error.help)];
    }
    let environment = minijinja::Environment::new();
    match environment.template_from_str(text) {
        Err(error) => vec![(parse_fault(&error), None)],
        Ok(_) => unknown_filters(text).into_iter().map(|error| (line_fault(&error), error.help)).collect(),
    }
}

/// A fault of a text in words, with its line.
fn line_fault(error: &TextError) -> String {
    let line = error.line.map(|line| format!(" (line {line} of the text)")).unwrap_or_default();
    format!("{}{line}", error.message)
}

fn parse_fault(error: &minijinja::Error) -> String {
    let line = error.line().map(|line| format!(" (line {line} of the text)")).unwrap_or_default();
    format!("{}{line}", error.detail().map_or_else(|| error.kind().to_string(), str::to_owned))
}

/// SQL with a parameter for each `{{ ... }}`; `None` when statements choose between pieces of text.
fn template_sql(text: &str) -> Option<SqlText> {
    if text.contains("{%") || text.contains("{#") {
        return None;
    }
    let mut fragments = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (expression, after) = after.split_once("}}")?;
        fragments.push(Fragment::Sql(before.to_owned()));
        fragments.push(Fragment::Bind(Bind { expression: expression.trim().to_owned(), value: Value::Null }));
        rest = after;
    }
    fragments.push(Fragment::Sql(rest.to_owned()));
    Some(SqlText { fragments })
}
