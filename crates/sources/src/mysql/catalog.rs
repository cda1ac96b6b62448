//! What `information_schema` knows of the tables that a query reads: scales of decimals, collations,
//! and the types that period boundaries meet.

use punctual_model::column_type::ColumnType;
use sqlx::{AssertSqlSafe, MySqlConnection, Row};

use crate::{
    batch::Equality,
    boundary::Temporal,
    sql::{Catalog, Compared, TableName},
};

/// A column as `information_schema` describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TableColumn {
    data_type: String,
    precision: Option<u8>,
    scale: Option<u8>,
    collation: Option<String>,
}

impl TableColumn {
    /// The decimal type, where it fits 38 digits.
    pub(super) fn decimal(&self) -> Option<ColumnType> {
        let precision = self.precision.filter(|p| (1..=38).contains(p))?;
        Some(ColumnType::Decimal { precision, scale: self.scale? }).filter(|_| self.data_type == "decimal")
    }

    /// Whether it holds bytes, not text.
    pub(super) fn is_binary(&self) -> bool {
        matches!(self.data_type.as_str(), "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob")
    }

    /// What the database's own temporal types are: TIMESTAMP is zoned, DATETIME is not.
    pub(super) fn temporal(&self) -> Option<Temporal> {
        match self.data_type.as_str() {
            "date" => Some(Temporal::Date),
            "datetime" => Some(Temporal::Local),
            "timestamp" => Some(Temporal::Instant),
            _ => None,
        }
    }

    /// Whether it holds text.
    pub(super) fn is_text(&self) -> bool {
        self.data_type.contains("char") || self.data_type.contains("text")
    }

    /// Which texts its collation calls equal. The name tells: collations before MySQL 8.0 pad, unless they say
    /// that they don't. A CHAR column loses its blanks on the server, and would only keep them in a session
    /// that asks for them.
    pub(super) fn equality(&self) -> Equality {
        let Some(name) = &self.collation else { return Equality::default() };
        let has = |word: &str| name.split('_').any(|part| part == word);
        let pads = !(has("nopad") || has("0900") || name == "binary");
        Equality { folds: has("ci"), pads, fills: pads && self.data_type == "char" }
    }

    /// Whether it holds whole numbers.
    pub(super) fn is_int(&self) -> bool {
        self.data_type.ends_with("int")
    }
}

const COLUMNS: &str = "SELECT CAST(column_name AS CHAR), LOWER(CAST(data_type AS CHAR)), \
     CAST(numeric_precision AS SIGNED), CAST(numeric_scale AS SIGNED), \
     LOWER(CAST(collation_name AS CHAR)) FROM information_schema.columns \
     WHERE table_schema = COALESCE(?, DATABASE()) AND LOWER(table_name) = ?";

/// Looks the columns of these tables up.
pub(super) async fn load(
    connection: &mut MySqlConnection,
    tables: impl IntoIterator<Item = TableName>,
) -> Result<Catalog<TableColumn>, sqlx::Error> {
    let mut catalog = Catalog::default();
    for table in tables {
        let rows = sqlx::query(COLUMNS).bind(&table.schema).bind(&table.table).fetch_all(&mut *connection).await?;
        for row in rows {
            let name: String = row.try_get_unchecked(0)?;
            let number = |place: usize| -> Result<Option<u8>, sqlx::Error> {
                let number: Option<i64> = row.try_get_unchecked(place)?;
                Ok(number.and_then(|n| u8::try_from(n).ok()))
            };
            let known = TableColumn {
                data_type: row.try_get_unchecked(1)?,
                precision: number(2)?,
                scale: number(3)?,
                collation: row.try_get_unchecked(4)?,
            };
            catalog.insert(table.clone(), &name, known);
        }
    }
    Ok(catalog)
}

/// One value of a column of whole numbers; none where it may not be read by itself.
pub(super) async fn sample(connection: &mut MySqlConnection, place: &Compared) -> Option<i64> {
    let quoted = |name: &str| format!("`{}`", name.replace('`', "``"));
    let schema = place.table.schema.as_deref().map(|schema| format!("{}.", quoted(schema))).unwrap_or_default();
    let (table, column) = (format!("{schema}{}", quoted(&place.table.table)), quoted(&place.column));
    let text = format!("SELECT CAST({column} AS SIGNED) FROM {table} WHERE {column} IS NOT NULL LIMIT 1");
    let row = sqlx::query(AssertSqlSafe(text)).fetch_optional(connection).await.ok()??;
    row.try_get_unchecked(0).ok()
}
