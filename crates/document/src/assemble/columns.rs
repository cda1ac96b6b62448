//! Columns of a section: which they are, how their values are written, and where they come from.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use jiff::tz::TimeZone;
use punctual_data::meaning::Meaning;
use punctual_model::{
    definition::{FieldFormat, FieldSpec, Total},
    nearest::nearest,
};

use super::{
    AssembleError, EditionTable, Place,
    money::{self, Money},
};
use crate::{
    content::{Align, Column},
    formula::Formula,
    locale::minor_units,
    totals::{self, Nature, Totalled},
    write::{Style, Writer},
};

/// The columns of a section over those of its table.
#[derive(Debug)]
pub(super) struct Projection {
    /// What people see.
    pub(super) columns: Vec<Column>,
    /// Columns behind those, by name: currencies.
    pub(super) behind: Vec<String>,
    /// The columns of projected batches.
    pub(super) schema: SchemaRef,
    /// Where each comes from.
    pub(super) sources: Vec<Source>,
    /// In which currency each is, where one is known.
    pub(super) money: Vec<Option<Money>>,
    /// What is known of each.
    natures: Vec<Nature>,
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
        let mut this = Self {
            columns: Vec::new(),
            behind: Vec::new(),
            schema: Arc::new(Schema::empty()),
            sources: Vec::new(),
            money: Vec::new(),
            natures: Vec::new(),
        };
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
            let meaning = match &source {
                Source::Column(index) => Meaning::of(table.schema.field(*index)),
                _ => Meaning::default(),
            };
            let money = this.money_of(place, table, spec, &source, &meaning)?;
            let declared = spec.formula().is_none() && money.is_some();
            let writer = writer(place, spec, &kind, money.as_ref(), declared)?;
            let mut column = Column::new(
                spec.field(),
                spec.label().map_or_else(|| humanized(spec.field()), str::to_owned),
                if kind.is_numeric() { Align::Right } else { Align::Left },
                writer,
            );
            column.better = spec.better();
            this.total(place, spec, &source, &meaning, &kind, &mut column)?;
            if let Source::Formula(formula) = &source {
                column.formula = Some(formula.clone());
            }
            this.columns.push(column);
            this.money.push(money);
            this.sources.push(source);
            fields.push(Field::new(spec.field(), kind, true));
        }
        this.currencies(place, data, table, specs, &mut fields)?;
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

    /// The currency of a column: what its layout says, what its data say, that of its formula's operands, that of
    /// the table's column `currency`, or the report's.
    fn money_of(
        &self,
        place: &Place<'_>,
        table: &EditionTable,
        spec: &FieldSpec,
        source: &Source,
        meaning: &Meaning,
    ) -> Result<Option<Money>, AssembleError> {
        let operands = match source {
            Source::Formula(formula) => money::of_formula(formula, &self.money).map_err(|clash| {
                let names = clash.columns.map(|index| self.columns[index].field.clone());
                let message = format!("calculates with {} amounts", clash.currencies.join(" and "));
                let help = format!("convert `{}` or `{}` in the table's SQL first", names[0], names[1]);
                column_error(place, spec.field(), &message, &help)
            })?,
            _ => Money::of_meaning(meaning),
        };
        let said = Money::of_spec(spec).or(operands);
        let unsaid = || money::by_name(table).unwrap_or_else(|| Money::Code(place.edition.currency().to_owned()));
        Ok(said.or_else(|| (spec.format() == Some(FieldFormat::Currency)).then(unsaid)))
    }

    /// Whether and how the column totals.
    fn total(
        &mut self,
        place: &Place<'_>,
        spec: &FieldSpec,
        source: &Source,
        meaning: &Meaning,
        kind: &DataType,
        column: &mut Column,
    ) -> Result<(), AssembleError> {
        let percent = matches!(column.writer.style, Style::Percent { .. });
        let by_data = match source {
            Source::Formula(formula) => totals::nature(formula, &self.natures),
            // Percentages are rates, unless their column says otherwise.
            _ if percent => Nature::No,
            _ => match meaning.adds_up {
                Some(true) => Nature::Adds,
                Some(false) => Nature::No,
                None => Nature::Unknown,
            },
        };
        if spec.total().is_some_and(|total| total != Total::None) && !kind.is_numeric() {
            let message = format!("holds {}, which have no total", kind_name(kind));
            return Err(column_error(place, spec.field(), &message, "take its `total` out"));
        }
        let (total, nature) = match (spec.total(), source) {
            (None, _) => {
                let shown = kind.is_numeric() && !matches!(column.writer.style, Style::Text);
                let total = match &by_data {
                    Nature::Adds if shown && !percent => Some(Totalled::Sum),
                    Nature::Ratio(ratio) if shown => Some(Totalled::Ratio(ratio.clone())),
                    _ => None,
                };
                (total, by_data)
            }
            (Some(Total::Sum), _) => (Some(Totalled::Sum), Nature::Adds),
            (Some(Total::Mean), _) => (Some(Totalled::Mean), Nature::No),
            (Some(Total::Min), _) => (Some(Totalled::Min), Nature::No),
            (Some(Total::Max), _) => (Some(Totalled::Max), Nature::No),
            (Some(Total::None), _) => (None, Nature::No),
            (Some(Total::Ratio), Source::Formula(formula)) => match totals::asked_ratio(formula, &self.natures) {
                Some(ratio) => (Some(Totalled::Ratio(ratio.clone())), Nature::Ratio(ratio)),
                None => {
                    let message = "cannot total as a ratio: its formula divides no sum by another";
                    return Err(column_error(place, spec.field(), message, "use `total: sum`, or divide columns"));
                }
            },
            (Some(Total::Ratio), _) => {
                let help = "give it a `formula` such as orders / visits, or use `total: mean`";
                return Err(column_error(place, spec.field(), "cannot total as a ratio: it is no formula", help));
            }
        };
        column.total = total;
        self.natures.push(nature);
        Ok(())
    }

    /// The columns that would have a total if anybody said whether they add up.
    pub(super) fn unsaid(&self) -> Vec<&str> {
        let numbers = |column: &&Column| matches!(column.writer.style, Style::Number { .. } | Style::Currency { .. });
        let unknown = self.columns.iter().zip(&self.natures).filter(|(_, nature)| **nature == Nature::Unknown);
        unknown.map(|(column, _)| column).filter(numbers).map(|column| column.field.as_str()).collect()
    }

    /// Finds the columns that hold currencies; those that are not shown stand behind the others.
    fn currencies(
        &mut self,
        place: &Place<'_>,
        data: &str,
        table: &EditionTable,
        specs: &[FieldSpec],
        fields: &mut Vec<Field>,
    ) -> Result<(), AssembleError> {
        for (index, spec) in specs.iter().enumerate() {
            let Some(Money::Column(name)) = self.money[index].clone() else { continue };
            let at = match self.place_of(&name) {
                Some(at) => at,
                None => {
                    let source = money::column(place, data, table, spec.field(), &name)?;
                    self.sources.push(Source::Column(source));
                    self.behind.push(name.clone());
                    fields.push(Field::new(&name, table.schema.field(source).data_type().clone(), true));
                    self.sources.len() - 1
                }
            };
            let shown = match spec.format() {
                Some(FieldFormat::Currency) => true,
                Some(_) => false,
                None => spec.formula().is_none(),
            };
            self.columns[index].currency =
                Some(crate::content::RowCurrency { field: name, at, decimals: spec.decimals(), shown });
        }
        Ok(())
    }

    /// Where a column of texts stands already, as it is.
    fn place_of(&self, name: &str) -> Option<usize> {
        let shown = self.columns.iter().position(|column| column.field == name);
        let shown = shown.filter(|at| matches!(self.sources[*at], Source::Column(_)));
        let behind = || self.behind.iter().position(|behind| behind == name).map(|at| self.columns.len() + at);
        shown.or_else(behind)
    }
}

pub(super) fn column_error(place: &Place<'_>, column: &str, message: &str, help: &str) -> AssembleError {
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

/// How a column is written: as its layout says, or by its type; amounts whose currency is known as such.
fn writer(
    place: &Place<'_>,
    spec: &FieldSpec,
    kind: &DataType,
    money: Option<&Money>,
    declared: bool,
) -> Result<Writer, AssembleError> {
    let edition = place.edition;
    let by_type = Writer::for_type(kind, edition.locale, &edition.zone);
    let own_decimals = match by_type.style {
        Style::Number { decimals } => decimals,
        _ => 0,
    };
    let decimals = |default: u8| spec.decimals().unwrap_or(default);
    let amount = || match money {
        Some(Money::Code(code)) => Style::Currency { code: code.clone(), decimals: decimals(minor_units(code)) },
        // The rows say which; without one, an amount is a number.
        _ => Style::Number { decimals: decimals(2) },
    };
    let style = match spec.format() {
        Some(FieldFormat::Number) => Style::Number { decimals: decimals(own_decimals) },
        Some(FieldFormat::Currency) => amount(),
        Some(FieldFormat::Percent) => Style::Percent { decimals: decimals(1) },
        Some(FieldFormat::Date) => Style::Date,
        Some(FieldFormat::Text) => Style::Text,
        None if declared => amount(),
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
