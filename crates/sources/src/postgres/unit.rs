//! Whether the counts in a column make sense in the unit that the source declares: a boundary in another unit
//! would find no rows, and no row would tell.

use punctual_data::source::SourceError;
use punctual_model::sql_text::SqlText;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::connect;
use crate::{
    boundary::Boundary,
    context::Context,
    sql::{Catalog, Compared, Select, TableName},
    time::TimeRules,
};

/// Looks at one value of each column of whole numbers that a boundary is compared with.
pub(super) async fn check(
    connection: &mut PgConnection,
    sql: &SqlText,
    select: Option<&Select>,
    rules: &TimeRules,
    context: &Context,
) -> Result<(), SourceError> {
    let Some(select) = select.filter(|_| rules.is_epoch()) else { return Ok(()) };
    let boundaries: Vec<usize> =
        (1..).zip(sql.binds()).filter(|(_, bind)| Boundary::of(&bind.expression).is_some()).map(|(n, _)| n).collect();
    if boundaries.is_empty() {
        return Ok(());
    }
    let refused = |error: sqlx::Error| connect::query_error(&error, 0, context);
    let mut catalog = Catalog::default();
    for table in select.tables() {
        for column in whole_numbers(connection, &table).await.map_err(refused)? {
            catalog.insert(table.clone(), &column, column.clone());
        }
    }
    for place in select.compared(&catalog).iter().filter(|place| boundaries.contains(&place.parameter)) {
        let Some(column) = catalog.column(&place.table, &place.column) else { continue };
        let sample = sample(connection, place, column).await.map_err(refused)?;
        if let Some(why) = sample.and_then(|count| rules.senseless(count)) {
            return Err(context.data(format!("column `{column}`"), why));
        }
    }
    Ok(())
}

fn quoted(table: &TableName) -> String {
    let name = |part: &str| format!("\"{}\"", part.replace('"', "\"\""));
    let schema = table.schema.as_deref().map(|schema| format!("{}.", name(schema))).unwrap_or_default();
    format!("{schema}{}", name(&table.table))
}

/// The columns of whole numbers of a table or view; none where the name is not found in lower case.
async fn whole_numbers(connection: &mut PgConnection, table: &TableName) -> Result<Vec<String>, sqlx::Error> {
    let text = "SELECT attname::text FROM pg_catalog.pg_attribute \
                WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped AND atttypid IN (20, 23)";
    let rows = sqlx::query(text).bind(quoted(table)).persistent(false).fetch_all(connection).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// One value of a column; none where it may not be read by itself.
async fn sample(connection: &mut PgConnection, place: &Compared, column: &str) -> Result<Option<i64>, sqlx::Error> {
    let (table, column) = (quoted(&place.table), column.replace('"', "\"\""));
    let text = format!("SELECT \"{column}\"::bigint FROM {table} WHERE \"{column}\" IS NOT NULL LIMIT 1");
    sqlx::raw_sql("SAVEPOINT before_sample").execute(&mut *connection).await?;
    let row = sqlx::query(AssertSqlSafe(text)).persistent(false).fetch_optional(&mut *connection).await;
    sqlx::raw_sql("ROLLBACK TO SAVEPOINT before_sample").execute(connection).await?;
    Ok(row.ok().flatten().and_then(|row| row.try_get(0).ok()))
}
