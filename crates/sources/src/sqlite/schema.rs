//! What an SQLite file says of its columns: the declared types of tables, which are only advice,
//! and the types of a query's result that follow from them.

use punctual_model::column_type::ColumnType;
use sqlx::{
    AssertSqlSafe, Column, ColumnOrigin, Row, SqliteConnection,
    sqlite::{SqliteColumn, SqliteStatement},
};

use crate::{
    batch::Equality,
    boundary::Temporal,
    sql::{Catalog, Select, TableName},
    time::TimeRules,
};

/// A column's declared type, such as `DECIMAL(10,2)`, in upper case, and which texts its collation calls equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DeclaredType(String, Equality);

impl DeclaredType {
    pub(super) fn new(text: &str) -> Self {
        Self(text.trim().to_ascii_uppercase(), Equality::default())
    }

    /// Which texts its collation calls equal.
    pub(super) fn equality(&self) -> Equality {
        self.1
    }

    fn has(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.0.contains(word))
    }

    /// The column type that it stands for, by SQLite's own rules of affinity for whole numbers, text
    /// and floating-point numbers; `None` for what those leave open.
    pub(super) fn column_type(&self, rules: &TimeRules) -> Option<ColumnType> {
        match self.0.as_str() {
            "BOOLEAN" | "BOOL" => return Some(ColumnType::Bool),
            "DATE" => return Some(ColumnType::Date),
            "DATETIME" | "TIMESTAMP" => {
                let zoned = rules.is_epoch() || rules.text_tells() == Some(Temporal::Instant);
                return Some(if zoned { ColumnType::Timestamptz } else { ColumnType::Timestamp });
            }
            _ => {}
        }
        if self.has(&["INT"]) {
            return Some(ColumnType::Int);
        }
        if self.has(&["CHAR", "CLOB", "TEXT"]) {
            return Some(ColumnType::Text);
        }
        if self.has(&["REAL", "FLOA", "DOUB"]) {
            return Some(ColumnType::Double);
        }
        let arguments = self.0.strip_prefix("DECIMAL").or_else(|| self.0.strip_prefix("NUMERIC"))?;
        format!("decimal{}", arguments.trim().to_ascii_lowercase()).parse().ok()
    }

    /// What the declared type alone tells of the times in it.
    pub(super) fn temporal(&self, rules: &TimeRules) -> Option<Temporal> {
        match self.column_type(rules)? {
            ColumnType::Date => Some(Temporal::Date),
            ColumnType::Timestamp => Some(Temporal::Local),
            ColumnType::Timestamptz => Some(Temporal::Instant),
            ColumnType::Text => rules.text_tells(),
            ColumnType::Int if rules.is_epoch() => Some(Temporal::Instant),
            _ => None,
        }
    }
}

/// Looks up the declared types of all tables that a query reads, and of those that its result's
/// columns come from.
pub(super) async fn load(
    connection: &mut SqliteConnection,
    statement: &SqliteStatement,
    select: Option<&Select>,
) -> Result<Catalog<DeclaredType>, sqlx::Error> {
    use sqlx::Statement;
    let mut tables: Vec<TableName> =
        statement.columns().iter().filter_map(|column| origin(&column.origin())).map(|(table, _)| table).collect();
    tables.extend(select.map(Select::tables).unwrap_or_default());
    tables.sort_by(|a, b| (&a.schema, &a.table).cmp(&(&b.schema, &b.table)));
    tables.dedup();

    let mut catalog = Catalog::default();
    for table in tables {
        let rows = sqlx::query("SELECT name, type FROM pragma_table_xinfo(?1, ?2)")
            .bind(&table.table)
            .bind(&table.schema)
            .fetch_all(&mut *connection)
            .await?;
        for row in rows {
            let (name, declared): (String, String) = (row.try_get_unchecked(0)?, row.try_get_unchecked(1)?);
            let mut declared = DeclaredType::new(&declared);
            declared.1 = equality(connection, &table, &name).await;
            catalog.insert(table.clone(), &name, declared);
        }
    }
    Ok(catalog)
}

/// Which texts a column's collation calls equal: SQLite has no table of collations, but a comparison with the
/// column in it takes the column's. One that only some other program knows cannot be asked.
async fn equality(connection: &mut SqliteConnection, table: &TableName, column: &str) -> Equality {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let schema = table.schema.as_deref().map(|s| format!("{}.", quoted(s))).unwrap_or_default();
    let (table, column) = (format!("{schema}{}", quoted(&table.table)), quoted(column));
    let equal = |one: &str, other: &str| {
        format!(
            "(SELECT count(*) FROM (SELECT {column} AS x FROM {table} WHERE 0 UNION ALL SELECT '{one}') WHERE x = '{other}')"
        )
    };
    let text = format!("SELECT {}, {}", equal("A", "a"), equal("a ", "a"));
    let row = sqlx::query(AssertSqlSafe(text)).fetch_one(connection).await;
    let answer =
        |place: usize| row.as_ref().is_ok_and(|row| row.try_get_unchecked::<i64, _>(place).is_ok_and(|n| n > 0));
    Equality { folds: answer(0), pads: answer(1), fills: false }
}

/// Which texts of the result's columns SQLite calls equal, in their order; an expression's texts only if they are
/// the same.
pub(super) fn result_equality(statement: &SqliteStatement, catalog: &Catalog<DeclaredType>) -> Vec<Equality> {
    use sqlx::Statement;
    let of_table = |column: &SqliteColumn| {
        let (table, name) = origin(&column.origin())?;
        Some(catalog.column(&table, &name)?.equality())
    };
    statement.columns().iter().map(|column| of_table(column).unwrap_or_default()).collect()
}

/// The types of the result's columns, in their order, as far as tables and text tell them.
pub(super) fn result_types(
    statement: &SqliteStatement,
    select: Option<&Select>,
    catalog: &Catalog<DeclaredType>,
    rules: &TimeRules,
) -> Vec<Option<ColumnType>> {
    use sqlx::Statement;
    let names: Vec<&str> = statement.columns().iter().map(Column::name).collect();
    let of_type = |declared: &DeclaredType| declared.column_type(rules);
    let inferred = select.map(|select| select.types(&names, catalog, &of_type));
    let inferred = inferred.unwrap_or_else(|| vec![None; names.len()]);
    statement
        .columns()
        .iter()
        .zip(inferred)
        .map(|(column, inferred)| match origin(&column.origin()) {
            Some((_, name)) if name.eq_ignore_ascii_case("rowid") => Some(ColumnType::Int),
            Some((table, name)) => catalog.column(&table, &name).and_then(of_type),
            None => inferred,
        })
        .collect()
}

fn origin(origin: &ColumnOrigin) -> Option<(TableName, String)> {
    let ColumnOrigin::Table(origin) = origin else { return None };
    let (schema, table) = match origin.table.split_once('.') {
        Some((schema, table)) => (Some(schema.to_lowercase()), table),
        None => (None, &*origin.table),
    };
    Some((TableName { schema, table: table.to_lowercase() }, origin.name.to_string()))
}

#[cfg(test)]
mod tests {
    use punctual_data::source::SourceConfig;
    use punctual_model::{definition::TimeEncoding, zone::Zone};

    use super::*;

    fn rules(time_encoding: TimeEncoding) -> TimeRules {
        let config = SourceConfig {
            name: "s".into(),
            timezone: Zone::utc(),
            time_encoding,
            timeout: std::time::Duration::from_secs(1),
            cell_bytes: 1 << 20,
            options: serde_json::Map::new(),
            project: "/".into(),
        };
        TimeRules::new(&config).expect("rules")
    }

    #[test]
    fn declared_types_are_read_as_sqlite_does() {
        let rules = rules(TimeEncoding::Native);
        for (declared, column_type) in [
            ("INTEGER", Some("int")),
            ("unsigned big int", Some("int")),
            ("VARCHAR(20)", Some("text")),
            ("Double precision", Some("double")),
            ("DECIMAL(10,2)", Some("decimal(10,2)")),
            ("numeric (12, 4)", Some("decimal(12,4)")),
            ("NUMERIC", None),
            ("BOOLEAN", Some("bool")),
            ("DATE", Some("date")),
            ("DATETIME", Some("timestamp")),
            ("BLOB", None),
            ("", None),
        ] {
            let found = DeclaredType::new(declared).column_type(&rules).map(|t| t.to_string());
            assert_eq!(found.as_deref(), column_type, "{declared}");
        }
    }

    #[test]
    fn times_follow_the_encoding() {
        let epoch = rules(TimeEncoding::EpochSeconds);
        assert_eq!(DeclaredType::new("DATETIME").column_type(&epoch), Some(ColumnType::Timestamptz));
        assert_eq!(DeclaredType::new("INTEGER").temporal(&epoch), Some(Temporal::Instant));
        let text = rules(TimeEncoding::Text("%d.%m.%Y %H:%M".into()));
        assert_eq!(DeclaredType::new("TEXT").temporal(&text), Some(Temporal::Local));
        assert_eq!(DeclaredType::new("TEXT").temporal(&rules(TimeEncoding::Native)), None);
    }
}
