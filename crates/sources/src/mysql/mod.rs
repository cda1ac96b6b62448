//! MySQL and MariaDB: rows in binary from one prepared statement in a READ ONLY transaction that
//! is rolled back.
//!
//! TIMESTAMP columns are points in time, DATETIME columns zone-less times in the source's `timezone`.
//! A DECIMAL column needs a scale: from its table or from a declaration.

mod bind;
mod catalog;
mod connect;
mod decode;

use std::sync::Arc;

use async_trait::async_trait;
use punctual_data::source::{ExtractRequest, Extraction, Source, SourceConfig, SourceError, SourceKind};
use punctual_model::{
    kinds::KindSpec,
    sql_text::{SqlLexis, SqlText},
};
use sqlx::{
    AssertSqlSafe, Column, ColumnOrigin, Connection, Either, Executor, MySqlConnection, SqlSafeStr, SqlStr, Statement,
    TypeInfo,
    mysql::{MySqlArguments, MySqlStatement},
};
use tokio::time::Instant;

use self::{bind::Place, catalog::TableColumn, connect::Server, decode::Wire};
use crate::{
    batch::{Batcher, OutputColumn},
    boundary::Boundary,
    context::Context,
    declare::{self, undeclared},
    options,
    sql::{self, Catalog, Compared, Language, TableName},
    stream::{self, Ending, Outlet, Stop},
    time::TimeRules,
};

/// The registration.
pub(crate) const KIND: SourceKind = SourceKind {
    spec: KindSpec {
        name: "mysql",
        summary: "A MySQL or MariaDB database. Give it a user who can only read.",
        options: &[
            options::URL,
            options::HOST,
            options::PORT,
            options::DATABASE,
            options::USER,
            options::PASSWORD,
            options::SSL_MODE,
            options::SSL_ROOT_CERT,
        ],
        sql: Some(SqlLexis {
            backslash_escapes: true,
            dollar_quotes: false,
            hash_comments: true,
            nested_comments: false,
        }),
    },
    open,
};

struct MySql {
    config: SourceConfig,
    server: Server,
    rules: Arc<TimeRules>,
}

fn open(config: SourceConfig) -> Result<Arc<dyn Source>, SourceError> {
    let server = connect::server(&config)?;
    let rules = Arc::new(TimeRules::new(&config)?);
    Ok(Arc::new(MySql { config, server, rules }))
}

#[async_trait]
impl Source for MySql {
    async fn probe(&self) -> Result<String, SourceError> {
        let context = self.server.context(&self.config, "");
        let mut connection = connect::connect(&self.server, &context).await?;
        let version = version(&mut connection).await.map_err(|error| context.unreachable(error.to_string()))?;
        let _ = connection.close().await;
        Ok(if is_mariadb(&version) { version } else { format!("MySQL {version}") })
    }

    async fn extract(&self, request: ExtractRequest) -> Result<Extraction, SourceError> {
        let context = self.server.context(&self.config, &request.dataset);
        let Some(sql) = &request.sql else {
            return Err(context.config("a `mysql` dataset needs `sql`"));
        };
        sql.check_placement(KIND.spec.sql.expect("it has a lexis"))
            .map_err(|error| context.query(error.to_string()))?;
        let statement = sql.with_placeholders(|_| "?".to_owned());
        if !sql::starts_as_query(&statement) {
            return Err(context.query(sql::NOT_A_QUERY));
        }
        let connection = connect::connect(&self.server, &context).await?;
        let deadline = Instant::now() + self.config.timeout;
        let query = match tokio::time::timeout_at(deadline, self.start(connection, sql, &request, &context)).await {
            Ok(query) => query?,
            Err(_) => return Err(context.timeout()),
        };
        let schema = query.batcher.schema();
        let (outlet, batches) = stream::channel(context, deadline);
        tokio::spawn(query.run(outlet));
        Ok(Extraction { schema, statement, batches })
    }
}

async fn version(connection: &mut MySqlConnection) -> Result<String, sqlx::Error> {
    let row = sqlx::query("SELECT VERSION()").fetch_one(connection).await?;
    sqlx::Row::try_get_unchecked(&row, 0)
}

fn is_mariadb(version: &str) -> bool {
    version.contains("MariaDB")
}

/// A query that is ready to run.
struct Query {
    connection: MySqlConnection,
    connection_id: u64,
    server: Server,
    statement: MySqlStatement,
    arguments: MySqlArguments,
    batcher: Batcher,
    context: Context,
}

impl MySql {
    async fn start(
        &self,
        mut connection: MySqlConnection,
        sql: &SqlText,
        request: &ExtractRequest,
        context: &Context,
    ) -> Result<Query, SourceError> {
        let text = sql.with_placeholders(|_| "?".to_owned());
        let refused = |error: sqlx::Error| connect::query_error(&error, 0, context);
        let connection_id = self.begin(&mut connection).await.map_err(refused)?;
        let statement = connection.prepare(trusted(&text)).await.map_err(refused)?;
        check_shape(&statement, sql, context)?;

        let select = sql::parse(&sql.with_placeholders(|n| Language::MySql.placeholder(n)), Language::MySql);
        let tables = tables_wanted(&statement, sql, select.as_ref());
        let catalog = catalog::load(&mut connection, tables).await.map_err(refused)?;
        let compared = select.as_ref().map(|select| select.compared(&catalog)).unwrap_or_default();
        let place = |number| place_of(number, &compared, &catalog);
        let arguments = bind::arguments(sql.binds(), &self.rules, context, &place)?;
        self.check_unit(&mut connection, sql, &compared, &catalog, context).await?;
        let columns = describe(&statement, &catalog, request, context)?;
        let batcher = Batcher::new(&columns, &self.rules);
        let server = self.server.clone();
        Ok(Query { connection, connection_id, server, statement, arguments, batcher, context: context.clone() })
    }

    /// A boundary in another unit than a column's counts would find no rows, and no row would tell: one value of
    /// each such column is looked at.
    async fn check_unit(
        &self,
        connection: &mut MySqlConnection,
        sql: &SqlText,
        compared: &[Compared],
        catalog: &Catalog<TableColumn>,
        context: &Context,
    ) -> Result<(), SourceError> {
        if !self.rules.is_epoch() {
            return Ok(());
        }
        for (number, bind) in (1..).zip(sql.binds()) {
            let place = compared.iter().find(|place| place.parameter == number);
            let Some(place) = place.filter(|_| Boundary::of(&bind.expression).is_some()) else { continue };
            if !catalog.column(&place.table, &place.column).is_some_and(TableColumn::is_int) {
                continue;
            }
            let sample = catalog::sample(connection, place).await;
            if let Some(why) = sample.and_then(|count| self.rules.senseless(count)) {
                return Err(context.data(format!("column `{}`", place.column), why));
            }
        }
        Ok(())
    }

    /// Sets the time limit and begins the transaction; tells the connection's number.
    async fn begin(&self, connection: &mut MySqlConnection) -> Result<u64, sqlx::Error> {
        let millis = self.config.timeout.as_millis().clamp(1, i32::MAX as u128);
        let limit = if is_mariadb(&version(connection).await?) {
            format!("SET SESSION max_statement_time = {}.{:03}", millis / 1_000, millis % 1_000)
        } else {
            format!("SET SESSION max_execution_time = {millis}")
        };
        sqlx::raw_sql(trusted(&limit)).execute(&mut *connection).await?;
        sqlx::raw_sql("START TRANSACTION READ ONLY").execute(&mut *connection).await?;
        let row = sqlx::query("SELECT CAST(CONNECTION_ID() AS UNSIGNED)").fetch_one(connection).await?;
        sqlx::Row::try_get_unchecked(&row, 0)
    }
}

/// The author's SELECT, or a text of ours without anybody's values: values are bind parameters.
fn trusted(text: &str) -> SqlStr {
    AssertSqlSafe(text).into_sql_str()
}

fn check_shape(statement: &MySqlStatement, sql: &SqlText, context: &Context) -> Result<(), SourceError> {
    if statement.columns().is_empty() {
        return Err(context.query(sql::NOT_A_QUERY));
    }
    let given = sql.binds().count();
    match statement.parameters() {
        Some(Either::Right(wanted)) if wanted != given => Err(context.query(format!(
            "it has {wanted} parameters and {given} values; write parameters as {{{{ ... }}}}, not as ?"
        ))),
        _ => Ok(()),
    }
}

/// The tables to look up: those of the result's columns whose type the protocol does not tell in
/// full, and all when a boundary has to be checked.
fn tables_wanted(statement: &MySqlStatement, sql: &SqlText, select: Option<&sql::Select>) -> Vec<TableName> {
    let mut tables: Vec<TableName> = statement.columns().iter().filter_map(origin).map(|(table, _)| table).collect();
    if sql.binds().any(|bind| Boundary::of(&bind.expression).is_some()) {
        tables.extend(select.map(sql::Select::tables).unwrap_or_default());
    }
    tables.sort_by(|a, b| (&a.schema, &a.table).cmp(&(&b.schema, &b.table)));
    tables.dedup();
    tables
}

/// The table and column that a result column comes from, where its own type is not enough.
fn origin(column: &sqlx::mysql::MySqlColumn) -> Option<(TableName, String)> {
    let is_text = matches!(decode::wire_of(column.type_info()), Ok((Wire::Text, _)));
    if !(is_text || column.type_info().name() == "DECIMAL") {
        return None;
    }
    let ColumnOrigin::Table(origin) = column.origin() else { return None };
    let (schema, table) = match origin.table.split_once('.') {
        Some((schema, table)) => (Some(schema.to_lowercase()), table),
        None => (None, &*origin.table),
    };
    Some((TableName { schema, table: table.to_lowercase() }, origin.name.to_string()))
}

fn place_of<'c>(number: usize, compared: &'c [Compared], catalog: &'c Catalog<TableColumn>) -> Option<Place<'c>> {
    let found = compared.iter().find(|c| c.parameter == number)?;
    let column = catalog.column(&found.table, &found.column)?;
    Some(Place { name: &found.column, column })
}

/// The dataset's columns.
fn describe(
    statement: &MySqlStatement,
    catalog: &Catalog<TableColumn>,
    request: &ExtractRequest,
    context: &Context,
) -> Result<Vec<OutputColumn>, SourceError> {
    let found: Vec<&str> = statement.columns().iter().map(Column::name).collect();
    let declared = declare::resolve_named(&found, &request.columns).map_err(|message| context.query(message))?;
    let mut columns = Vec::with_capacity(found.len());
    for (column, declared) in statement.columns().iter().zip(declared) {
        let (wire, natural) = decode::wire_of(column.type_info())
            .map_err(|cast| decode::unsupported(column.name(), column.type_info(), cast, context))?;
        let of_table = origin(column).and_then(|(table, name)| catalog.column(&table, &name));
        if wire == Wire::Text && of_table.is_some_and(TableColumn::is_binary) {
            return Err(decode::unsupported(column.name(), column.type_info(), "HEX(COLUMN)", context));
        }
        let column_type =
            declared.column_type.or(natural).or_else(|| of_table.and_then(TableColumn::decimal)).ok_or_else(|| {
                let why = "it is a decimal whose precision and scale the server does not tell";
                context.query(undeclared(&declared.name, why, "\"decimal(18,2)\""))
            })?;
        let equality = of_table.map(TableColumn::equality);
        columns.push(OutputColumn::new(declared.name, column_type).with_collation(declared.collation, equality));
    }
    Ok(columns)
}

impl Query {
    /// Reads the rows into the outlet; whatever ends it, the server is not left at work.
    async fn run(mut self, outlet: Outlet) {
        let ending = {
            let mut rows = self.statement.query_with(self.arguments).fetch(&mut self.connection);
            let context = &self.context;
            let mut wires = None;
            stream::pump(&mut rows, &mut self.batcher, &outlet, |row, batcher| {
                let wires = match &mut wires {
                    Some(wires) => wires,
                    none => none.insert(decode::wires_of_row(row, context)?),
                };
                decode::row(row, wires, batcher, context)
            })
            .await
        };
        let outcome = match ending {
            Ending::Complete => {
                let _ = sqlx::raw_sql("ROLLBACK").execute(&mut self.connection).await;
                let _ = self.connection.close().await;
                Ok(())
            }
            Ending::Broken(error) => Err(connect::query_error(&error, self.batcher.total(), &self.context)),
            Ending::Stopped(Stop::TimedOut) => {
                connect::cancel(&self.server, self.connection_id).await;
                Err(self.context.timeout())
            }
            Ending::Unfit(error) => {
                connect::cancel(&self.server, self.connection_id).await;
                Err(error)
            }
            Ending::Stopped(Stop::Dropped) => {
                connect::cancel(&self.server, self.connection_id).await;
                return;
            }
        };
        outlet.end(outcome).await;
    }
}
