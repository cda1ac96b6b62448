//! Columns of a section: which they are, how their values are written, and where they come from.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use jiff::tz::TimeZone;
use punctual_model::{
    definition::{FieldFormat, FieldSpec},
    nearest::nearest,
};

use super::{AssembleError, EditionTable, Place};
use crate::{
    content::{Align, Column},
    formula::Formula,
    locale::minor_units,
    write::{Style, Writer},
};

/// The columns of a section over those of its table.
#[derive(Debug)]
pub(super) struct Projection {
    /// What people see.
    pub(super) columns: Vec<Column>,
    /// The columns of projected batches.
    pub(super) schema: SchemaRef,
    /// Where each comes from.
    pub(super) sources: Vec<Source>,
}

/// Where a column comes from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// A column of the table.
    Column(usize),
    /// The civil date of a timestamp: in this zone for instants, as it is otherwise.
    Date(usize, TimeZone),
    /// A formula over earlier columns.
    Formula(Formula),
}

impl Projection {
    /// The columns that `specs` name.
    pub(super) fn new(
        place: &Place<'_>,
        data: &str,
        table: &EditionTable,
        specs: &[FieldSpec],
    ) -> Result<Self, AssembleError> {
        let mut this = Self { columns: Vec::new(), schema: Arc::new(Schema::empty()), sources: Vec::new() };
        let mut fields = Vec::with_capacity(specs.len());
        for spec in specs {
            if this.columns.iter().any(|column| column.field == spec.field()) {
                let help = "list it once; a computed column needs a name of its own";
                return Err(column_error(place, spec.field(), "is listed twice", help));
            }
            let (source, kind) = match spec.formula() {
                Some(text) => (Source::Formula(this.formula(place, spec, text, table, &fields)?), DataType::Float64),
                None => source(place, data, table, spec)?,
            };
            let writer = writer(place, spec, &kind)?;
            let formula = match &source {
                Source::Formula(formula) => Some(formula.clone()),
                _ => None,
            };
            this.columns.push(Column {
                field: spec.field().to_owned(),
                label: spec.label().map_or_else(|| humanized(spec.field()), str::to_owned),
                align: if kind.is_numeric() { Align::Right } else { Align::Left },
                writer,
                formula,
            });
            this.sources.push(source);
            fields.push(Field::new(spec.field(), kind, true));
        }
        this.schema = Arc::new(Schema::new(fields));
        Ok(this)
    }

    fn formula(
        &self,
        place: &Place<'_>,
        spec: &FieldSpec,
        text: &str,
        table: &EditionTable,
        fields: &[Field],
    ) -> Result<Formula, AssembleError> {
        let names: Vec<&str> = self.columns.iter().map(|column| column.field.as_str()).collect();
        let formula = Formula::parse(text, &names).map_err(|mut source| {
            if let Some(name) = source.unknown.as_deref().filter(|name| table.schema.index_of(name).is_ok()) {
                source.help = Some(format!("show `{name}` in a column before it"));
            }
            let (section, column) = (place.section.to_owned(), spec.field().to_owned());
            AssembleError::Formula { section, column, source: Box::new(source) }
        })?;
        match formula.columns().into_iter().find(|index| !fields[*index].data_type().is_numeric()) {
            Some(index) => {
                let message = format!("calculates with `{}`, which holds no numbers", names[index]);
                Err(column_error(place, spec.field(), &message, "formulas work on numeric columns"))
            }
            None => Ok(formula),
        }
    }
}

fn column_error(place: &Place<'_>, column: &str, message: &str, help: &str) -> AssembleError {
    AssembleError::Column {
        section: place.section.to_owned(),
        column: column.to_owned(),
        message: message.to_owned(),
        help: help.to_owned(),
    }
}

/// A column of the table, and the type that it is shown with.
fn source(
    place: &Place<'_>,
    data: &str,
    table: &EditionTable,
    spec: &FieldSpec,
) -> Result<(Source, DataType), AssembleError> {
    let names = || table.schema.fields().iter().map(|field| field.name().as_str());
    let index = table.schema.index_of(spec.field()).map_err(|_| AssembleError::UnknownColumn {
        section: place.section.to_owned(),
        table: data.to_owned(),
        column: spec.field().to_owned(),
        nearest: nearest(spec.field(), names()).map(str::to_owned),
        columns: names().map(str::to_owned).collect(),
    })?;
    let kind = table.schema.field(index).data_type();
    Ok(match (kind, spec.format()) {
        (DataType::Timestamp(_, zone), Some(FieldFormat::Date)) => {
            let zone = if zone.is_some() { place.edition.zone.rules().clone() } else { TimeZone::UTC };
            (Source::Date(index, zone), DataType::Date32)
        }
        _ => (Source::Column(index), kind.clone()),
    })
}

/// How a column is written: as its layout says, or by its type.
fn writer(place: &Place<'_>, spec: &FieldSpec, kind: &DataType) -> Result<Writer, AssembleError> {
    let edition = place.edition;
    let by_type = Writer::for_type(kind, edition.locale, &edition.zone);
    let own_decimals = match by_type.style {
        Style::Number { decimals } => decimals,
        _ => 0,
    };
    let decimals = |default: u8| spec.decimals().unwrap_or(default);
    let style = match spec.format() {
        Some(FieldFormat::Number) => Style::Number { decimals: decimals(own_decimals) },
        Some(FieldFormat::Currency) => {
            let code = edition.currency().to_owned();
            Style::Currency { decimals: decimals(minor_units(&code)), code }
        }
        Some(FieldFormat::Percent) => Style::Percent { decimals: decimals(1) },
        Some(FieldFormat::Date) => Style::Date,
        Some(FieldFormat::Text) => Style::Text,
        None => match by_type.style {
            Style::Number { decimals: own } => Style::Number { decimals: decimals(own) },
            other => other,
        },
    };
    let fits = match style {
        Style::Number { .. } | Style::Currency { .. } | Style::Percent { .. } => kind.is_numeric(),
        Style::Date => kind.is_temporal(),
        _ => true,
    };
    match fits {
        true => Ok(Writer { style, locale: edition.locale }),
        false => {
            let wanted = if matches!(style, Style::Date) { "a date" } else { "a number, amount or percentage" };
            let message = format!("holds {}, which cannot be written as {wanted}", kind_name(kind));
            let help = "leave its `format` out, or give it the type it should have under the dataset's `columns:`";
            Err(column_error(place, spec.field(), &message, help))
        }
    }
}

/// The kind of a column in words.
pub(super) fn kind_name(kind: &DataType) -> &'static str {
    match kind {
        DataType::Boolean => "truth values",
        kind if kind.is_numeric() => "numbers",
        kind if kind.is_temporal() => "dates or times",
        _ => "text",
    }
}

/// A name as people read it: `ad_spend` becomes `Ad spend`.
pub(super) fn humanized(name: &str) -> String {
    let spaced = name.replace(['_', '-'], " ");
    let mut chars = spaced.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => spaced,
    }
}
