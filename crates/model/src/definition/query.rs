//! Templates and their queries: datasets, checks and tables. SQL text here is only text;
//! rendering it and running it belong elsewhere.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::Error as _};

use super::{
    Layout,
    shape::{Written, list_or_keys, text_or_keys},
};
use crate::{column_type::ColumnType, currency::Currency, slug::Slug};

/// A query and a layout in an immutable version: once used, its content cannot change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// The name that reports use, with the version: `name@version`.
    pub name: Slug,
    /// The version, from 1 up. Changed content needs a new version.
    #[schemars(range(min = 1))]
    pub version: u32,
    /// Free text for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Values that a report can set; in text as `{{ parameters.NAME }}`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub parameters: IndexMap<String, Parameter>,
    /// What is extracted and computed.
    pub query: Query,
    /// What the document shows.
    pub layout: Layout,
}

/// A value that a report can set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// The parameter's type.
    #[serde(rename = "type")]
    pub parameter_type: ColumnType,
    /// The value when the report sets none. Without a default the report must set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<serde_json::Value>,
    /// Free text for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// What is extracted (datasets) and computed (tables).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// What is extracted, by name: one query or file each.
    pub datasets: IndexMap<Slug, Dataset>,
    /// SQL over datasets and other tables, by name; computed in the order that they need.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub tables: IndexMap<Slug, Table>,
}

/// What one query extracts from one source; kept as an immutable snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dataset {
    /// The source's name.
    pub source: Slug,
    /// One SELECT in the source's own SQL. `{{ ... }}` values become bind parameters.
    /// A file source takes none: it is read whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sql: Option<String>,
    /// Types where the source cannot give them (SQLite expressions, CSV, wide decimals).
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub columns: Columns,
    /// Conditions that must hold before anything is computed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
}

/// Declared columns, by the name they have in the dataset.
pub type Columns = IndexMap<String, ColumnDecl>;

/// A declared column: its type, or what else is to be known of it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ColumnDecl {
    /// Only the type.
    Type(ColumnType),
    /// More than the type.
    With(ColumnFacts),
}

/// What is declared of a column; what is left out is as the source has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnFacts {
    /// The type.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub column_type: Option<ColumnType>,
    /// Which of the source's columns it is, when its name differs: the name there (`""` for the one without a
    /// name), or its place, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<ColumnFrom>,
    /// Which texts are the same one: `exact`, `trim` or `fold`. Default: as the source keeps them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<Collation>,
    /// Whether its values add up: `sum` for amounts and counts, `none` for keys, years, prices and rates. Tables
    /// with `totals` show the sum of what adds up; nothing is guessed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<AddsUp>,
    /// The currency of its amounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// The column of the same dataset that holds each amount's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency_column: Option<String>,
}

impl ColumnFacts {
    /// A column of which only the type is known.
    pub fn new(column_type: ColumnType) -> Self {
        Self { column_type: Some(column_type), ..Self::default() }
    }
}

/// Whether the values of a column add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AddsUp {
    /// Their sum means something.
    Sum,
    /// It does not.
    None,
}

/// One of a source's columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a name, or a place from 1")]
pub enum ColumnFrom {
    /// By its place, from 1.
    Place(std::num::NonZeroU32),
    /// By its name.
    Name(String),
}

/// Which texts of a column are kept as one and the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Collation {
    /// Every text as it is: only equal characters are equal.
    Exact,
    /// Without the blanks at the end.
    Trim,
    /// Without the blanks at the end, and in lower case.
    Fold,
}

impl<'de> Deserialize<'de> for ColumnDecl {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a type such as int or decimal(18,2), or {type, from, collation, total, ...}";
        Ok(match text_or_keys(expected, deserializer)? {
            Written::Text(column_type) => Self::Type(column_type),
            Written::Keys(facts) => Self::With(facts),
            Written::List(never) => match never {},
        })
    }
}

impl ColumnDecl {
    /// The declared type, if one is.
    pub fn column_type(&self) -> Option<ColumnType> {
        match self {
            Self::Type(column_type) => Some(*column_type),
            Self::With(facts) => facts.column_type,
        }
    }

    /// Which column of the source it is, if that is not the one of the same name.
    pub fn from(&self) -> Option<&ColumnFrom> {
        self.facts()?.from.as_ref()
    }

    /// The declared collation, if one is.
    pub fn collation(&self) -> Option<Collation> {
        self.facts()?.collation
    }

    /// What is known beside the type.
    pub fn facts(&self) -> Option<&ColumnFacts> {
        match self {
            Self::Type(_) => None,
            Self::With(facts) => Some(facts),
        }
    }
}

/// SQL over datasets and other tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// One SELECT (DataFusion's SQL). `{{ ... }}` values become parameters.
    pub sql: String,
    /// Columns to sort by first; the others follow, so that the order is total. `-column` sorts descending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order_by: Vec<String>,
    /// Conditions that must hold before anything is rendered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
}

/// A condition on a dataset or table.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The number of rows is within bounds.
    Rows(RowsCheck),
    /// Every day (or other unit) of the period has at least one row.
    Covers(Covers),
    /// The columns hold no NULL.
    NotNull(NotNull),
    /// The columns together hold no value twice.
    Unique(Unique),
    /// The column holds only these values.
    Accepted(Accepted),
    /// The SELECT returns no row; the rows it returns are the findings.
    Sql(SqlCheck),
}

impl<'de> Deserialize<'de> for Check {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Keys {
            rows: Option<RowsCheck>,
            covers: Option<Covers>,
            not_null: Option<NotNull>,
            unique: Option<Unique>,
            accepted: Option<Accepted>,
            sql: Option<SqlCheck>,
        }
        let keys = Keys::deserialize(deserializer)?;
        let mut checks = [
            keys.rows.map(Self::Rows),
            keys.covers.map(Self::Covers),
            keys.not_null.map(Self::NotNull),
            keys.unique.map(Self::Unique),
            keys.accepted.map(Self::Accepted),
            keys.sql.map(Self::Sql),
        ]
        .into_iter()
        .flatten();
        let Some(check) = checks.next() else {
            return Err(D::Error::custom("this says no check: write rows, covers, not_null, unique, accepted or sql"));
        };
        match checks.next() {
            None => Ok(check),
            Some(other) => Err(D::Error::custom(format!(
                "`{}` and `{}` are two checks: write each as an item of its own",
                check.kind(),
                other.kind()
            ))),
        }
    }
}

impl Check {
    /// The check's name as written.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Rows(_) => "rows",
            Self::Covers(_) => "covers",
            Self::NotNull(_) => "not_null",
            Self::Unique(_) => "unique",
            Self::Accepted(_) => "accepted",
            Self::Sql(_) => "sql",
        }
    }

    /// What happens when the check does not hold.
    pub fn otherwise(&self) -> Otherwise {
        match self {
            Self::Rows(c) => c.otherwise,
            Self::Covers(c) => c.otherwise,
            Self::NotNull(NotNull::Columns(_)) | Self::Unique(Unique::Columns(_)) | Self::Sql(SqlCheck::Text(_)) => {
                Otherwise::Fail
            }
            Self::NotNull(NotNull::With { otherwise, .. })
            | Self::Unique(Unique::With { otherwise, .. })
            | Self::Sql(SqlCheck::With { otherwise, .. }) => *otherwise,
            Self::Accepted(c) => c.otherwise,
        }
    }
}

/// What happens when a check does not hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    /// The run stops before anything is rendered.
    #[default]
    Fail,
    /// The finding is kept and shown; the run goes on.
    Warn,
    /// The offending rows are set aside, kept, and counted in the document.
    Exclude,
}

/// Bounds on the number of rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowsCheck {
    /// At least so many rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<u64>,
    /// At most so many rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
    /// `fail` or `warn`.
    #[serde(default)]
    pub otherwise: Otherwise,
}

/// Every unit of the period has a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Covers {
    /// The date or time column; times with zone count in the report's zone.
    pub column: String,
    /// The unit that must be covered.
    pub every: CoversEvery,
    /// Count for each value of this column on its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// `fail` or `warn`.
    #[serde(default)]
    pub otherwise: Otherwise,
}

/// The unit that a `covers` check counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CoversEvery {
    /// Every hour; when clocks go back, the one that comes twice counts twice for times with zone.
    Hour,
    /// Every civil day.
    Day,
    /// Every month.
    Month,
}

const COLUMNS_EXPECTED: &str = "a list of columns, or {columns, otherwise}";

/// The keys of a check over columns.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnsKeys {
    columns: Vec<String>,
    #[serde(default)]
    otherwise: Otherwise,
}

/// The columns hold no NULL: a list of columns, or `{columns, otherwise}`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
pub enum NotNull {
    /// A list of columns; a NULL fails the run.
    Columns(Vec<String>),
    /// A list of columns and what happens.
    With {
        /// The columns.
        columns: Vec<String>,
        /// What happens to a row with a NULL.
        #[serde(default)]
        otherwise: Otherwise,
    },
}

impl<'de> Deserialize<'de> for NotNull {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match list_or_keys(COLUMNS_EXPECTED, deserializer)? {
            Written::List(columns) => Self::Columns(columns),
            Written::Keys(ColumnsKeys { columns, otherwise }) => Self::With { columns, otherwise },
            Written::Text(never) => match never {},
        })
    }
}

impl NotNull {
    /// The columns.
    pub fn columns(&self) -> &[String] {
        match self {
            Self::Columns(columns) | Self::With { columns, .. } => columns,
        }
    }
}

/// The columns together are unique: a list of columns, or `{columns, otherwise}`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
pub enum Unique {
    /// A list of columns; a repetition fails the run.
    Columns(Vec<String>),
    /// A list of columns and what happens.
    With {
        /// The columns.
        columns: Vec<String>,
        /// `fail`, `warn`, or `exclude` (every row of a repeated value is set aside).
        #[serde(default)]
        otherwise: Otherwise,
    },
}

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match list_or_keys(COLUMNS_EXPECTED, deserializer)? {
            Written::List(columns) => Self::Columns(columns),
            Written::Keys(ColumnsKeys { columns, otherwise }) => Self::With { columns, otherwise },
            Written::Text(never) => match never {},
        })
    }
}

impl Unique {
    /// The columns.
    pub fn columns(&self) -> &[String] {
        match self {
            Self::Columns(columns) | Self::With { columns, .. } => columns,
        }
    }
}

/// The column holds only accepted values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// The column.
    pub column: String,
    /// The accepted values. NULL is accepted; use `not_null` to refuse it.
    pub values: Vec<serde_json::Value>,
    /// What happens to a row with another value.
    #[serde(default)]
    pub otherwise: Otherwise,
}

/// A SELECT that must return nothing: its text, or `{sql, otherwise}`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
pub enum SqlCheck {
    /// The SELECT; a returned row fails the run.
    Text(String),
    /// The SELECT and what happens.
    With {
        /// The SELECT.
        sql: String,
        /// `fail` or `warn`.
        #[serde(default)]
        otherwise: Otherwise,
    },
}

impl<'de> Deserialize<'de> for SqlCheck {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Keys {
            sql: String,
            #[serde(default)]
            otherwise: Otherwise,
        }
        Ok(match text_or_keys("a SELECT, or {sql, otherwise}", deserializer)? {
            Written::Text(sql) => Self::Text(sql),
            Written::Keys(Keys { sql, otherwise }) => Self::With { sql, otherwise },
            Written::List(never) => match never {},
        })
    }
}

impl SqlCheck {
    /// The SELECT.
    pub fn sql(&self) -> &str {
        match self {
            Self::Text(sql) | Self::With { sql, .. } => sql,
        }
    }
}
