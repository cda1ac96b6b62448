//! The document: what an edition says, free of any format. Values are typed and carry the text
//! that people read, written once, so that a figure reads the same in every format.
//! No file type, page or pixel is known here.

use std::{borrow::Cow, sync::Arc};

use arrow::array::RecordBatch;
use jiff::civil::Date;
use punctual_model::{currency::Currency, definition::Better, value::Value};
use serde::{Deserialize, Serialize};

use crate::{
    arrow_value::value_at,
    fonts::Fonts,
    locale::minor_units,
    totals::Totalled,
    write::{Style, Writer},
};

/// What one edition says.
#[derive(Debug, Clone)]
pub struct Document {
    /// Title, period and whose it is.
    pub head: Head,
    /// The sections from top to bottom.
    pub sections: Vec<Section>,
    /// Remarks that readers must see: rows left out, warnings of checks.
    pub notes: Vec<String>,
    /// Fonts beside those that formats ship with.
    pub fonts: Arc<dyn Fonts>,
}

/// Title, period and whose it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// The report's name (slug).
    pub report: String,
    /// The edition's key; `all` for a report that is not burst.
    pub edition: String,
    /// The title.
    pub title: String,
    /// The line below it.
    pub subtitle: Option<String>,
    /// The name of whom the edition is about: the burst row's `name`.
    pub about: Option<String>,
    /// The period in words: "October 2026".
    pub period: String,
    /// The first day of the period.
    pub first_day: Date,
    /// The first day after the period; also the documents' creation date.
    pub end_day: Date,
    /// The BCP 47 language tag of the text.
    pub locale: String,
    /// The report's IANA time zone.
    pub timezone: String,
    /// The ISO 4217 currency of amounts.
    pub currency: String,
}

/// One section.
#[derive(Debug, Clone)]
pub struct Section {
    /// The section's name (slug), unique in the document.
    pub name: String,
    /// A heading.
    pub title: Option<String>,
    /// What it shows.
    pub body: Body,
}

/// What a section shows.
#[derive(Debug, Clone)]
pub enum Body {
    /// Key figures.
    Figures(Vec<Figure>),
    /// A chart.
    Chart(Chart),
    /// A table.
    Table(Table),
    /// Paragraphs of text.
    Text(Vec<String>),
}

/// A typed value and the text people read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// The value.
    pub value: Value,
    /// The text, written by the column's writer.
    pub text: String,
}

/// One key figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// The column's name.
    pub field: String,
    /// What people read.
    pub label: String,
    /// The figure.
    pub cell: Cell,
    /// The same figure over the period before; `None` when nothing is compared.
    pub previous: Option<Cell>,
    /// The change against it; `None` when nothing is compared, or there is nothing to compare with.
    pub change: Option<Change>,
    /// Why there is no change although one was asked for, in words.
    pub remark: Option<String>,
    /// How the figure is written.
    pub writer: Writer,
}

/// The change of a figure against the period before.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// By how much.
    pub by: ChangeBy,
    /// As people read it, with its sign: `+12.5%`, `-0.4 points`.
    pub text: String,
    /// Which way it reads: what rounds to zero has none.
    pub direction: Direction,
    /// Whether that is good news.
    pub tone: Tone,
}

/// By how much a figure changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ChangeBy {
    /// (now - before) / |before|.
    Ratio(f64),
    /// The difference of two percentages, in points: 2.5 from 10 % to 12.5 %.
    Points(f64),
    /// From zero: no ratio tells it.
    FromZero,
}

/// Which way a figure moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// It grew.
    Up,
    /// It fell.
    Down,
    /// It did neither, as far as its text shows.
    Level,
}

/// Whether a change is good news.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Good.
    Good,
    /// Bad.
    Bad,
    /// Neither.
    #[default]
    Neutral,
}

impl Tone {
    /// The tone of a direction, by what is better.
    pub fn of(direction: Direction, better: Better) -> Self {
        match (direction, better) {
            (Direction::Level, _) | (_, Better::Neither) => Self::Neutral,
            (Direction::Up, Better::More) | (Direction::Down, Better::Less) => Self::Good,
            (Direction::Up, Better::Less) | (Direction::Down, Better::More) => Self::Bad,
        }
    }
}

/// A chart: its specification (for native charts) beside the drawing.
#[derive(Debug, Clone)]
pub struct Chart {
    /// Lines or bars.
    pub kind: ChartKind,
    /// What the horizontal axis shows.
    pub x_label: String,
    /// The positions along the horizontal axis, in order.
    pub x: Vec<Cell>,
    /// The series, each as long as `x`.
    pub series: Vec<Series>,
    /// The drawing: SVG 1.1 with text elements in the theme's font, `width` by `height` units.
    pub svg: String,
    /// The drawing's width in CSS pixels.
    pub width: f32,
    /// The drawing's height in CSS pixels.
    pub height: f32,
    /// The same drawn for narrow screens, `charts::NARROW_WIDTH` wide.
    pub narrow: String,
}

/// The kinds of charts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChartKind {
    /// One line for each series.
    Line,
    /// Bars, side by side for several series.
    Bar,
}

/// One series of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The column's name.
    pub field: String,
    /// What people read.
    pub label: String,
    /// The colour, `#rrggbb`.
    pub color: String,
    /// The values; `None` leaves a gap.
    pub points: Vec<Option<f64>>,
    /// How the values are written.
    pub writer: Writer,
}

/// A table. Its rows stay in Arrow and are read in batches, as often as a format needs.
#[derive(Debug, Clone)]
pub struct Table {
    /// The columns in order.
    pub columns: Vec<Column>,
    /// Columns that batches have behind those that are shown: currencies of amounts, by name.
    pub behind: Vec<String>,
    /// The rows: batches with one array for each column, in the columns' order.
    pub rows: Arc<dyn Rows>,
    /// A last row of totals, one for each column; no value and empty text where there is none.
    pub totals: Option<Vec<Total>>,
    /// Rows that checks set aside before this table was computed.
    pub left_out: u64,
}

impl Table {
    /// How many columns its batches have.
    pub fn width(&self) -> usize {
        self.columns.len() + self.behind.len()
    }
}

/// The total of a column.
#[derive(Debug, Clone, PartialEq)]
pub struct Total {
    /// The value.
    pub value: Value,
    /// The text.
    pub text: String,
    /// How it is written: as its column, in the one currency of the column's amounts.
    pub writer: Writer,
}

impl Total {
    /// A value as this writer writes it.
    pub fn new(value: Value, writer: Writer) -> Self {
        Self { text: writer.write(&value), value, writer }
    }
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The column's name.
    pub field: String,
    /// What people read.
    pub label: String,
    /// Numbers stand right, text left.
    pub align: Align,
    /// How values are written; amounts of a currency that their row says are written by [`Column::writer_at`].
    pub writer: Writer,
    /// For a computed column: the expression over earlier columns, for live formulas.
    pub formula: Option<crate::formula::Formula>,
    /// How its total is found, where it has one.
    pub total: Option<Totalled>,
    /// Where each row's currency stands.
    pub currency: Option<RowCurrency>,
    /// Which sign of its numbers is good news, where that is said.
    pub better: Option<Better>,
}

/// The currency of amounts that their rows say.
#[derive(Debug, Clone, PartialEq)]
pub struct RowCurrency {
    /// The column's name.
    pub field: String,
    /// The column's place in batches.
    pub at: usize,
    /// Digits behind the point, where they are not the currency's own.
    pub decimals: Option<u8>,
    /// Whether amounts are written with it; otherwise they are plain numbers.
    pub shown: bool,
}

impl RowCurrency {
    /// The currency in a row; `None` where it is missing.
    pub fn in_row(&self, batch: &RecordBatch, row: usize) -> Option<Currency> {
        match value_at(batch.columns().get(self.at)?, row) {
            Value::Text(code) => Currency::of_row(&code),
            _ => None,
        }
    }

    /// How an amount of this currency is written; without one, `plain`.
    pub fn writer(&self, currency: Option<&Currency>, plain: &Writer) -> Writer {
        let Some(currency) = currency.filter(|_| self.shown) else { return plain.clone() };
        let code = currency.code().to_owned();
        let decimals = self.decimals.unwrap_or_else(|| minor_units(&code));
        Writer { style: Style::Currency { code, decimals }, locale: plain.locale }
    }
}

impl Column {
    /// A column that shows a table's values as they are.
    pub fn new(field: impl Into<String>, label: impl Into<String>, align: Align, writer: Writer) -> Self {
        let (field, label) = (field.into(), label.into());
        Self { field, label, align, writer, formula: None, total: None, currency: None, better: None }
    }

    /// How the value in a row is written.
    pub fn writer_at(&self, batch: &RecordBatch, row: usize) -> Cow<'_, Writer> {
        match self.currency.as_ref().filter(|currency| currency.shown) {
            None => Cow::Borrowed(&self.writer),
            Some(currency) => Cow::Owned(currency.writer(currency.in_row(batch, row).as_ref(), &self.writer)),
        }
    }

    /// Whether a number of this column is good news, by its sign and what is better.
    pub fn tone(&self, value: &Value) -> Tone {
        let Some(better) = self.better else { return Tone::Neutral };
        let number = match value {
            Value::Int(int) => *int as f64,
            Value::Decimal(decimal) => decimal.to_f64(),
            Value::Double(double) => *double,
            _ => return Tone::Neutral,
        };
        // What reads as zero is neither.
        if !self.writer.write(value).contains(|c: char| ('1'..='9').contains(&c)) {
            return Tone::Neutral;
        }
        Tone::of(if number > 0.0 { Direction::Up } else { Direction::Down }, better)
    }
}

/// Where a column's text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// At the left edge.
    Left,
    /// At the right edge.
    Right,
}

/// Rows that can be read again and again.
pub trait Rows: Send + Sync + std::fmt::Debug {
    /// The number of rows.
    fn count(&self) -> u64;

    /// Reads from the first row; each batch has the table's columns in order.
    ///
    /// # Errors
    /// When the rows cannot be read back.
    fn batches(&self) -> Result<Batches<'_>, RowsError>;
}

/// Batches of rows.
pub type Batches<'a> = Box<dyn Iterator<Item = Result<RecordBatch, RowsError>> + Send + 'a>;

/// Why rows cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the rows of a table cannot be read: {0}")]
pub struct RowsError(pub String);

/// Rows held in memory, for small tables and tests.
#[derive(Debug, Clone)]
pub struct RowsInMemory(pub Vec<RecordBatch>);

impl Rows for RowsInMemory {
    fn count(&self) -> u64 {
        self.0.iter().map(|b| b.num_rows() as u64).sum()
    }

    fn batches(&self) -> Result<Batches<'_>, RowsError> {
        Ok(Box::new(self.0.iter().cloned().map(Ok)))
    }
}
