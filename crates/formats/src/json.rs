//! JSON: the whole document for programs, in the shape that `docs/reference/formats.md` fixes under
//! `"version": 1`. Keys are added over time, never renamed; a change that breaks readers raises it.
//!
//! Numbers are exact: 64-bit whole numbers and decimals keep every digit, doubles read back as the
//! same double, and what is no number in JSON (NaN, infinities) is null. Civil dates and times are
//! ISO 8601, instants RFC 3339 with the offset of the column's zone. Figures and totals also carry
//! the text that people read. Rows are streamed, one a line.

use std::io::{BufWriter, Write};

use arrow::array::RecordBatch;
use punctual_document::{
    content::{Body, Cell, ChangeBy, Chart, ChartKind, Column, Document, Figure, Section, Series, Table, Tone, Total},
    format::{Format, FormatError, FormatKind, Written},
    totals::Totalled,
    write::{Style, Writer},
};
use punctual_model::{kinds::KindSpec, zone::Zone};
use serde::{
    Serialize, Serializer,
    ser::{Error as _, SerializeMap as _},
};
use serde_json::value::RawValue;

use crate::{
    plain,
    scalar::{Scalar, check_columns, scalar_at},
};

/// The registration.
pub(crate) const KIND: FormatKind = FormatKind {
    spec: KindSpec { name: "json", summary: "JSON: the whole document with exact values.", options: &[], sql: None },
    extension: "json",
    media_type: "application/json",
    format: &Json,
};

/// The version of the shape.
const VERSION: u32 = 1;

struct Json;

impl Format for Json {
    fn write(&self, document: &Document, out: &mut (dyn Write + Send)) -> Result<Written, FormatError> {
        let mut out = BufWriter::with_capacity(64 * 1024, out);
        open(&mut out, &Head::of(document))?;
        out.write_all(b",\"sections\":[")?;
        for (index, section) in document.sections.iter().enumerate() {
            out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
            write_section(&mut out, section, &document.head.timezone)?;
        }
        out.write_all(b"\n],\"notes\":")?;
        json(&mut out, &document.notes)?;
        out.write_all(b"}\n")?;
        out.flush()?;
        Ok(Written::default())
    }
}

fn json(out: &mut impl Write, value: &impl Serialize) -> Result<(), FormatError> {
    serde_json::to_writer(out, value).map_err(|e| FormatError::Io(e.into()))
}

/// Writes an object without its closing brace, so that what is streamed can follow.
fn open(out: &mut impl Write, object: &impl Serialize) -> Result<(), FormatError> {
    let text = serde_json::to_string(object).map_err(|e| FormatError::Io(e.into()))?;
    let members = text.strip_suffix('}').expect("only objects are opened");
    Ok(out.write_all(members.as_bytes())?)
}

fn write_section(out: &mut impl Write, section: &Section, zone: &str) -> Result<(), FormatError> {
    let (name, title) = (section.name.as_str(), section.title.as_deref());
    match &section.body {
        Body::Figures(figures) => {
            let figures = figures.iter().map(FigureOut::of).collect::<Result<_, _>>()?;
            json(out, &SectionOut { name, title, body: BodyOut::Figures { figures } })
        }
        Body::Chart(chart) => json(out, &SectionOut { name, title, body: chart_out(chart, zone)? }),
        Body::Text(paragraphs) => json(out, &SectionOut { name, title, body: BodyOut::Text { paragraphs } }),
        Body::Table(table) => write_table(out, name, title, table),
    }
}

fn write_table(out: &mut impl Write, name: &str, title: Option<&str>, table: &Table) -> Result<(), FormatError> {
    let columns: Vec<ColumnOut> = table.columns.iter().map(ColumnOut::of).collect();
    let zones = table.columns.iter().map(|c| plain::zone_of(&c.writer.style)).collect::<Result<Vec<_>, _>>()?;
    open(out, &SectionOut { name, title, body: BodyOut::Table { left_out: table.left_out, columns: &columns } })?;
    out.write_all(b",\"totals\":")?;
    match &table.totals {
        None => out.write_all(b"null")?,
        Some(cells) => {
            let cells: Vec<_> = cells
                .iter()
                .zip(&table.columns)
                .zip(&zones)
                .map(|((total, c), zone)| TotalOut::of(total, c, zone))
                .collect();
            json(out, &cells)?;
        }
    }
    out.write_all(b",\"rows\":[")?;
    let mut first = true;
    for batch in table.rows.batches()? {
        let batch = batch?;
        check_columns(&batch, table)?;
        for row in 0..batch.num_rows() {
            out.write_all(if first { b"\n" } else { b",\n" })?;
            first = false;
            json(out, &RowOut { columns: &columns, behind: &table.behind, zones: &zones, batch: &batch, row })?;
        }
    }
    Ok(out.write_all(b"\n]}")?)
}

fn chart_out<'a>(chart: &'a Chart, zone: &str) -> Result<BodyOut<'a>, FormatError> {
    let zone = plain::zone(zone)?;
    Ok(BodyOut::Chart {
        chart: chart.kind,
        x: AxisOut { label: &chart.x_label, values: chart.x.iter().map(|cell| CellOut::of(cell, &zone)).collect() },
        series: chart.series.iter().map(SeriesOut::of).collect(),
    })
}

#[derive(Serialize)]
struct Head<'a> {
    version: u32,
    report: &'a str,
    edition: &'a str,
    title: &'a str,
    subtitle: Option<&'a str>,
    about: Option<&'a str>,
    period: Period<'a>,
    locale: &'a str,
    timezone: &'a str,
    currency: &'a str,
}

#[derive(Serialize)]
struct Period<'a> {
    label: &'a str,
    first_day: String,
    end_day: String,
}

impl<'a> Head<'a> {
    fn of(document: &'a Document) -> Self {
        let head = &document.head;
        Self {
            version: VERSION,
            report: &head.report,
            edition: &head.edition,
            title: &head.title,
            subtitle: head.subtitle.as_deref(),
            about: head.about.as_deref(),
            period: Period {
                label: &head.period,
                first_day: head.first_day.to_string(),
                end_day: head.end_day.to_string(),
            },
            locale: &head.locale,
            timezone: &head.timezone,
            currency: &head.currency,
        }
    }
}

#[derive(Serialize)]
struct SectionOut<'a> {
    name: &'a str,
    title: Option<&'a str>,
    #[serde(flatten)]
    body: BodyOut<'a>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum BodyOut<'a> {
    Figures { figures: Vec<FigureOut<'a>> },
    Chart { chart: ChartKind, x: AxisOut<'a>, series: Vec<SeriesOut<'a>> },
    Table { left_out: u64, columns: &'a [ColumnOut<'a>] },
    Text { paragraphs: &'a [String] },
}

#[derive(Serialize)]
struct FigureOut<'a> {
    field: &'a str,
    label: &'a str,
    format: FormatOut<'a>,
    value: Exact<'a>,
    text: &'a str,
    previous: Option<CellOut<'a>>,
    change: Option<ChangeOut<'a>>,
    remark: Option<&'a str>,
}

/// By how much a figure changed: `ratio` or `points`, as `unit` says; neither from zero.
#[derive(Serialize)]
struct ChangeOut<'a> {
    unit: &'static str,
    ratio: Option<f64>,
    points: Option<f64>,
    text: &'a str,
    tone: Tone,
}

#[derive(Serialize)]
struct AxisOut<'a> {
    label: &'a str,
    values: Vec<CellOut<'a>>,
}

#[derive(Serialize)]
struct SeriesOut<'a> {
    field: &'a str,
    label: &'a str,
    format: FormatOut<'a>,
    points: &'a [Option<f64>],
}

#[derive(Serialize)]
struct ColumnOut<'a> {
    field: &'a str,
    label: &'a str,
    format: FormatOut<'a>,
    computed: bool,
    total: Option<&'static str>,
}

/// A total; amounts whose rows say their currency carry it here too.
#[derive(Serialize)]
struct TotalOut<'a> {
    value: Exact<'a>,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'a str>,
}

#[derive(Serialize)]
struct CellOut<'a> {
    value: Exact<'a>,
    text: &'a str,
}

/// How people see a value elsewhere.
#[derive(Serialize)]
#[serde(tag = "style", rename_all = "snake_case")]
enum FormatOut<'a> {
    Text,
    Number {
        decimals: u8,
    },
    Currency {
        currency: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        currency_column: Option<&'a str>,
        decimals: Option<u8>,
    },
    Percent {
        decimals: u8,
    },
    Date,
    DateTime {
        timezone: &'a str,
    },
    Bool,
}

impl<'a> FormatOut<'a> {
    fn of(writer: &'a Writer) -> Self {
        match &writer.style {
            Style::Text => Self::Text,
            Style::Number { decimals } => Self::Number { decimals: *decimals },
            Style::Currency { code, decimals } => {
                Self::Currency { currency: Some(code), currency_column: None, decimals: Some(*decimals) }
            }
            Style::Percent { decimals } => Self::Percent { decimals: *decimals },
            Style::Date => Self::Date,
            Style::DateTime { zone } => Self::DateTime { timezone: zone },
            Style::Bool => Self::Bool,
        }
    }
}

impl<'a> FigureOut<'a> {
    fn of(figure: &'a Figure) -> Result<Self, FormatError> {
        let zone = plain::zone_of(&figure.writer.style)?;
        Ok(Self {
            field: &figure.field,
            label: &figure.label,
            format: FormatOut::of(&figure.writer),
            value: Exact::of(Scalar::from(&figure.cell.value), &zone),
            text: &figure.cell.text,
            previous: figure.previous.as_ref().map(|cell| CellOut::of(cell, &zone)),
            change: figure.change.as_ref().map(ChangeOut::of),
            remark: figure.remark.as_deref(),
        })
    }
}

impl<'a> ChangeOut<'a> {
    fn of(change: &'a punctual_document::content::Change) -> Self {
        let (unit, ratio, points) = match change.by {
            ChangeBy::Ratio(ratio) => ("ratio", Some(ratio), None),
            ChangeBy::Points(points) => ("points", None, Some(points)),
            ChangeBy::FromZero => ("from_zero", None, None),
        };
        Self { unit, ratio, points, text: &change.text, tone: change.tone }
    }
}

impl<'a> TotalOut<'a> {
    fn of(total: &'a Total, column: &Column, zone: &Zone) -> Self {
        let currency = match &total.writer.style {
            Style::Currency { code, .. } if column.currency.is_some() => Some(code.as_str()),
            _ => None,
        };
        Self { value: Exact::of(Scalar::from(&total.value), zone), text: &total.text, currency }
    }
}

impl<'a> SeriesOut<'a> {
    fn of(series: &'a Series) -> Self {
        let format = FormatOut::of(&series.writer);
        Self { field: &series.field, label: &series.label, format, points: &series.points }
    }
}

impl<'a> ColumnOut<'a> {
    fn of(column: &'a Column) -> Self {
        let format = match column.currency.as_ref().filter(|currency| currency.shown) {
            None => FormatOut::of(&column.writer),
            Some(currency) => FormatOut::Currency {
                currency: None,
                currency_column: Some(&currency.field),
                decimals: currency.decimals,
            },
        };
        let total = column.total.as_ref().map(|total| match total {
            Totalled::Sum => "sum",
            Totalled::Mean => "mean",
            Totalled::Min => "min",
            Totalled::Max => "max",
            Totalled::Ratio(_) => "ratio",
        });
        Self { field: &column.field, label: &column.label, format, computed: column.formula.is_some(), total }
    }
}

impl<'a> CellOut<'a> {
    fn of(cell: &'a Cell, zone: &Zone) -> Self {
        Self { value: Exact::of(Scalar::from(&cell.value), zone), text: &cell.text }
    }
}

/// A row as an object: the columns' fields and the exact values.
struct RowOut<'a> {
    columns: &'a [ColumnOut<'a>],
    behind: &'a [String],
    zones: &'a [Zone],
    batch: &'a RecordBatch,
    row: usize,
}

impl Serialize for RowOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_map(Some(self.columns.len() + self.behind.len()))?;
        for ((column, array), zone) in self.columns.iter().zip(self.batch.columns()).zip(self.zones) {
            row.serialize_entry(column.field, &Exact::of(scalar_at(array, self.row), zone))?;
        }
        for (name, array) in self.behind.iter().zip(&self.batch.columns()[self.columns.len()..]) {
            row.serialize_entry(name, &Exact::Scalar(scalar_at(array, self.row)))?;
        }
        row.end()
    }
}

/// A value with all its digits.
enum Exact<'a> {
    Scalar(Scalar<'a>),
    Instant(String),
}

impl<'a> Exact<'a> {
    fn of(value: Scalar<'a>, zone: &Zone) -> Self {
        match value {
            Scalar::Instant(at) => Self::Instant(plain::instant(at, zone)),
            other => Self::Scalar(other),
        }
    }
}

impl Serialize for Exact<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Instant(text) => serializer.serialize_str(text),
            Self::Scalar(scalar) => match scalar {
                Scalar::Null => serializer.serialize_none(),
                Scalar::Bool(value) => serializer.serialize_bool(*value),
                Scalar::Int(value) => serializer.serialize_i64(*value),
                Scalar::Double(value) => serializer.serialize_f64(*value),
                Scalar::Decimal(value) => {
                    RawValue::from_string(value.to_string()).map_err(S::Error::custom)?.serialize(serializer)
                }
                Scalar::Text(text) => serializer.serialize_str(text),
                Scalar::Date(date) => serializer.collect_str(date),
                Scalar::Local(at) => serializer.collect_str(at),
                Scalar::Instant(at) => serializer.collect_str(at),
            },
        }
    }
}
