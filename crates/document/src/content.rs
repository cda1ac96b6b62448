//! The document: what an edition says, free of any format. Values are typed and carry the text
//! that people read, written once, so that a figure reads the same in every format.
//! No file type, page or pixel is known here.

use std::sync::Arc;

use arrow::array::RecordBatch;
use jiff::civil::Date;
use punctual_model::value::Value;
use serde::{Deserialize, Serialize};

use crate::write::Writer;

/// What one edition says.
#[derive(Debug, Clone)]
pub struct Document {
    /// Title, period and whose it is.
    pub head: Head,
    /// The sections from top to bottom.
    pub sections: Vec<Section>,
    /// Remarks that readers must see: rows left out, warnings of checks.
    pub notes: Vec<String>,
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
    /// The change against it; `None` when there is nothing to divide by.
    pub change: Option<Change>,
    /// How the figure is written.
    pub writer: Writer,
}

/// The change of a figure against the period before.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// (now - before) / |before|.
    pub ratio: f64,
    /// The ratio as people read it, with its sign: `+12.5%`.
    pub text: String,
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
    /// The rows: batches with one array for each column, in the columns' order.
    pub rows: Arc<dyn Rows>,
    /// A last row of sums, one cell for each column; empty text where nothing is summed.
    pub totals: Option<Vec<Cell>>,
    /// Rows that checks set aside before this table was computed.
    pub left_out: u64,
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
    /// How values are written.
    pub writer: Writer,
    /// For a computed column: the expression over earlier columns, for live formulas.
    pub formula: Option<crate::formula::Formula>,
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
