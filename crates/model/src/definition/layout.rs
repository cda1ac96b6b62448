//! Layouts: what a document shows, without saying how any format draws it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shape::{Written, text_or_keys};
use crate::{currency::Currency, slug::Slug};

/// What the document shows, from top to bottom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// The document's title, a text template.
    pub title: String,
    /// A line below the title, a text template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<String>,
    /// The sections in order.
    pub sections: Vec<Section>,
}

/// One section of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Section {
    /// Key figures, with their change against the previous period.
    Figures(FiguresSection),
    /// A line or bar chart.
    Chart(ChartSection),
    /// A table.
    Table(TableSection),
    /// A paragraph of text.
    Text(TextSection),
}

impl Section {
    /// The section's name, unique in its layout.
    pub fn name(&self) -> &Slug {
        match self {
            Self::Figures(s) => &s.name,
            Self::Chart(s) => &s.name,
            Self::Table(s) => &s.name,
            Self::Text(s) => &s.name,
        }
    }

    /// The dataset or table it shows, if it shows one.
    pub fn data(&self) -> Option<&Slug> {
        match self {
            Self::Figures(s) => Some(&s.data),
            Self::Chart(s) => Some(&s.data),
            Self::Table(s) => Some(&s.data),
            Self::Text(_) => None,
        }
    }

    /// Whether its data may lack the burst key because every edition shows the same.
    pub fn shared(&self) -> bool {
        match self {
            Self::Figures(s) => s.shared,
            Self::Chart(s) => s.shared,
            Self::Table(s) => s.shared,
            Self::Text(_) => true,
        }
    }
}

/// Key figures: one row of a table shown large.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FiguresSection {
    /// The section's name.
    pub name: Slug,
    /// A heading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The dataset or table; it must give one row for each edition.
    pub data: Slug,
    /// The columns to show.
    pub values: Vec<FieldSpec>,
    /// What to compare with: `previous_period` runs the same query over the period before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare: Option<Compare>,
    /// The data has no burst key; every edition shows the same.
    #[serde(default)]
    pub shared: bool,
}

/// What key figures are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    /// The period just before.
    PreviousPeriod,
}

/// A chart over a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChartSection {
    /// The section's name.
    pub name: Slug,
    /// A heading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The kind of chart.
    pub chart: ChartKind,
    /// The dataset or table.
    pub data: Slug,
    /// The column along the horizontal axis.
    pub x: FieldSpec,
    /// The columns drawn as series.
    pub y: Vec<FieldSpec>,
    /// The data has no burst key; every edition shows the same.
    #[serde(default)]
    pub shared: bool,
}

/// The kinds of charts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChartKind {
    /// One line for each series.
    Line,
    /// Bars, side by side for several series.
    Bar,
}

/// A table over a dataset or table of the query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableSection {
    /// The section's name.
    pub name: Slug,
    /// A heading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The dataset or table.
    pub data: Slug,
    /// The columns in order. Default: every column but the burst key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<FieldSpec>,
    /// A last row: the total of each column that adds up, and of each that says how by `total`.
    #[serde(default)]
    pub totals: bool,
    /// The data has no burst key; every edition shows the same.
    #[serde(default)]
    pub shared: bool,
}

/// A paragraph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TextSection {
    /// The section's name.
    pub name: Slug,
    /// A heading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// A text template; blank lines separate paragraphs.
    pub text: String,
}

/// A column to show: its name, or its name with a label and a format.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum FieldSpec {
    /// Only the column's name.
    Name(String),
    /// The name, and how to show it.
    With(Field),
}

/// A column, and how to show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The column's name; with `formula`, the new column's name.
    pub field: String,
    /// What people read; by default the name with spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// How values are written; by default chosen from the column's type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<FieldFormat>,
    /// Digits behind the decimal point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 15))]
    pub decimals: Option<u8>,
    /// An arithmetic expression over columns shown before it: `+ - * /`, parentheses, numbers.
    /// A spreadsheet gets it as a live formula.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub formula: Option<String>,
    /// What stands below a table's column when the table has `totals`. By default the sum of what is known
    /// to add up (a `sum` or `count` of the table's SQL, a declared `total: sum`, a formula over such), and
    /// nothing for everything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Total>,
    /// The currency of its amounts, where it is not the report's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// The column that holds the currency of each row's amount; it need not be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency_column: Option<String>,
    /// Whether more of it is good news. Default: `more` for figures; the columns of a table have no colours
    /// unless they say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub better: Option<Better>,
}

impl<'de> Deserialize<'de> for FieldSpec {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a column, or {field, label, format, ...}";
        Ok(match text_or_keys(expected, deserializer)? {
            Written::Text(name) => Self::Name(name),
            Written::Keys(field) => Self::With(field),
            Written::List(never) => match never {},
        })
    }
}

impl FieldSpec {
    /// The column's name.
    pub fn field(&self) -> &str {
        match self {
            Self::Name(field) | Self::With(Field { field, .. }) => field,
        }
    }

    /// The label as written.
    pub fn label(&self) -> Option<&str> {
        match self {
            Self::Name(_) => None,
            Self::With(field) => field.label.as_deref(),
        }
    }

    /// The format as written.
    pub fn format(&self) -> Option<FieldFormat> {
        match self {
            Self::Name(_) => None,
            Self::With(field) => field.format,
        }
    }

    /// The digits behind the point as written.
    pub fn decimals(&self) -> Option<u8> {
        match self {
            Self::Name(_) => None,
            Self::With(field) => field.decimals,
        }
    }

    /// The formula as written.
    pub fn formula(&self) -> Option<&str> {
        match self {
            Self::Name(_) => None,
            Self::With(field) => field.formula.as_deref(),
        }
    }

    /// The kind of total as written.
    pub fn total(&self) -> Option<Total> {
        match self {
            Self::Name(_) => None,
            Self::With(field) => field.total,
        }
    }

    /// The currency as written.
    pub fn currency(&self) -> Option<&Currency> {
        match self {
            Self::Name(_) => None,
            Self::With(field) => field.currency.as_ref(),
        }
    }

    /// The column of currencies as written.
    pub fn currency_column(&self) -> Option<&str> {
        match self {
            Self::Name(_) => None,
            Self::With(field) => field.currency_column.as_deref(),
        }
    }

    /// Which direction is good news, as written.
    pub fn better(&self) -> Option<Better> {
        match self {
            Self::Name(_) => None,
            Self::With(field) => field.better,
        }
    }
}

/// What stands below a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Total {
    /// The sum of its rows.
    Sum,
    /// The mean of its rows, each counting once.
    Mean,
    /// The least of its rows.
    Min,
    /// The largest of its rows.
    Max,
    /// The column's formula over the sums of the columns that it names: `orders / visits` of all rows together.
    Ratio,
    /// Nothing.
    None,
}

/// Whether more of a figure is good news: gives a change its colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// More is good, as of revenue.
    #[default]
    More,
    /// Less is good, as of costs and waiting times.
    Less,
    /// Neither is, as of a share that only shifts.
    Neither,
}

/// How a column's values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldFormat {
    /// A number with grouped digits.
    Number,
    /// An amount in the column's currency, or else the edition's.
    Currency,
    /// A ratio as percent: 0.25 reads 25 %.
    Percent,
    /// A date.
    Date,
    /// Text as it is.
    Text,
}
