//! What a layout says of its columns, and a dataset of its own, against itself: totals, currencies, colours.
//! A key that would do nothing where it stands is a fault.

use super::{Place, Project};
use crate::{
    column_type::ColumnType,
    definition::{AddsUp, ColumnFacts, Dataset, FieldFormat, FieldSpec, Section, Total},
    diagnostic::Diagnostic,
    yaml::Step,
};

/// What is wrong, and the way out.
type Fault = (&'static str, String, &'static str);

/// Where a column is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Figure,
    Axis,
    Series,
    /// In a table, with a row of totals or not.
    Table(bool),
}

/// Checks the columns of a section.
pub(super) fn check_section(
    project: &Project,
    place: &Place,
    index: usize,
    section: &Section,
    faults: &mut Vec<Diagnostic>,
) {
    let base = |key: &str| steps!["layout", "sections", index, key];
    let mut column = |at: Vec<Step>, field: &FieldSpec, shown| {
        for (key, message, help) in of_field(field, shown) {
            let at: Vec<Step> = at.iter().cloned().chain(steps![key]).collect();
            faults.push(project.error_at(place, &at, message).with_help(help));
        }
    };
    let within = |key: &str, nth: usize| base(key).into_iter().chain(steps![nth]).collect::<Vec<_>>();
    match section {
        Section::Text(_) => {}
        Section::Figures(figures) => {
            let fields = figures.values.iter().enumerate();
            fields.for_each(|(nth, field)| column(within("values", nth), field, Shown::Figure));
        }
        Section::Chart(chart) => {
            column(base("x"), &chart.x, Shown::Axis);
            let fields = chart.y.iter().enumerate();
            fields.for_each(|(nth, field)| column(within("y", nth), field, Shown::Series));
        }
        Section::Table(table) => {
            let fields = table.columns.iter().enumerate();
            fields.for_each(|(nth, field)| column(within("columns", nth), field, Shown::Table(table.totals)));
        }
    }
}

fn of_field(field: &FieldSpec, shown: Shown) -> Vec<Fault> {
    let mut faults = Vec::new();
    let name = field.field();
    match (field.total(), shown) {
        (None, _) => {}
        (Some(_), Shown::Figure | Shown::Axis | Shown::Series) => faults.push((
            "total",
            format!("`{name}` has no total here: only the columns of a table have one"),
            "take `total` out",
        )),
        (Some(_), Shown::Table(false)) => faults.push((
            "total",
            format!("`{name}` says how it totals, but the table has no totals"),
            "add `totals: true` to the table, or take `total` out",
        )),
        (Some(Total::Ratio), _) if field.formula().is_none() => faults.push((
            "total",
            format!("`{name}` cannot total as a ratio: it is no formula"),
            "give it a `formula` such as orders / visits, or use mean",
        )),
        _ => {}
    }
    if field.better().is_some() && matches!(shown, Shown::Axis | Shown::Series) {
        faults.push(("better", format!("`{name}` has no colour of its own in a chart"), "take `better` out"));
    }
    let money = field.currency().map(|_| "currency").or(field.currency_column().map(|_| "currency_column"));
    let Some(key) = money else { return faults };
    if shown == Shown::Axis {
        faults.push((key, format!("`{name}` is a position, not an amount"), "say it of a column under `y`"));
    }
    if field.currency().is_some() && field.currency_column().is_some() {
        faults.push(("currency_column", both(name), EITHER));
    }
    if matches!(field.format(), Some(FieldFormat::Percent | FieldFormat::Date | FieldFormat::Text)) {
        let help = "leave `format` out, or write currency or number";
        faults.push((key, format!("`{name}` has a currency, but is not written as an amount"), help));
    }
    faults
}

const EITHER: &str = "keep `currency` where all amounts have one, or `currency_column` where each row says its own";

fn both(name: &str) -> String {
    format!("`{name}` says its currency twice")
}

/// Checks the declared columns of a dataset.
pub(super) fn check_declared(
    project: &Project,
    place: &Place,
    (name, dataset): (&str, &Dataset),
    faults: &mut Vec<Diagnostic>,
) {
    for (column, facts) in dataset.columns.iter().filter_map(|(column, decl)| Some((column, decl.facts()?))) {
        for (key, message, help) in of_declared(column, facts) {
            let at = steps!["query", "datasets", name, "columns", column.as_str(), key];
            faults.push(project.error_at(place, &at, message).with_help(help));
        }
    }
}

fn of_declared(name: &str, facts: &ColumnFacts) -> Vec<Fault> {
    // Without a type the source decides.
    let wrong = facts
        .column_type
        .filter(|kind| !matches!(kind, ColumnType::Int | ColumnType::Double | ColumnType::Decimal { .. }));
    let said = [
        ("total", facts.total == Some(AddsUp::Sum)),
        ("currency", facts.currency.is_some()),
        ("currency_column", facts.currency_column.is_some()),
    ];
    let said = said.into_iter().filter(|(_, said)| *said);
    let mut faults: Vec<Fault> = said
        .filter_map(|(key, _)| Some((key, wrong?)))
        .map(|(key, kind)| (key, format!("`{name}` is {kind}, which does not add up"), "use int, decimal or double"))
        .collect();
    if facts.currency.is_some() && facts.currency_column.is_some() {
        faults.push(("currency_column", both(name), EITHER));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(json: serde_json::Value, shown: Shown) -> Vec<&'static str> {
        let field: FieldSpec = serde_json::from_value(json).expect("a column");
        of_field(&field, shown).into_iter().map(|(key, ..)| key).collect()
    }

    #[test]
    fn keys_that_would_do_nothing_are_faults() {
        use serde_json::json;
        let table = Shown::Table(true);
        let none: [&str; 0] = [];
        assert_eq!(told(json!("a"), Shown::Axis), none);
        assert_eq!(told(json!({"field": "a", "total": "sum", "currency": "EUR", "better": "less"}), table), none);
        assert_eq!(told(json!({"field": "a", "total": "sum"}), Shown::Table(false)), ["total"]);
        assert_eq!(told(json!({"field": "a", "total": "none"}), Shown::Figure), ["total"]);
        assert_eq!(told(json!({"field": "a", "total": "ratio"}), table), ["total"]);
        assert_eq!(told(json!({"field": "a", "total": "ratio", "formula": "b / c"}), table), none);
        assert_eq!(told(json!({"field": "a", "better": "more"}), Shown::Series), ["better"]);
        assert_eq!(told(json!({"field": "a", "currency": "EUR"}), Shown::Axis), ["currency"]);
        assert_eq!(told(json!({"field": "a", "currency": "EUR", "format": "percent"}), table), ["currency"]);
        let twice = json!({"field": "a", "currency": "EUR", "currency_column": "c"});
        assert_eq!(told(twice, table), ["currency_column"]);
    }

    #[test]
    fn only_numbers_add_up() {
        let of =
            |text: &str| ColumnFacts { total: Some(AddsUp::Sum), ..ColumnFacts::new(text.parse().expect("a type")) };
        for kind in ["int", "double", "decimal(12,2)"] {
            assert!(of_declared("a", &of(kind)).is_empty(), "{kind}");
        }
        for kind in ["bool", "text", "date", "timestamp", "timestamptz"] {
            assert_eq!(of_declared("a", &of(kind)).len(), 1, "{kind}");
        }
    }
}
