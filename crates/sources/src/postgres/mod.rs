//! PostgreSQL: rows in binary from one prepared statement in a READ ONLY transaction that is
//! rolled back. The server infers the parameters' types, so boundaries of the wrong kind are
//! known before the query runs, and the result's columns are known at zero rows.
//!
//! A NUMERIC column needs a scale: from its table, from a cast such as `sum(x)::numeric(18,2)`,
//! or from a declaration. Without one the dataset is refused when it starts, not on the day
//! when a value has one digit more.

mod bind;
mod connect;
mod decode;
mod numeric;
mod oid;
mod unit;

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use punctual_data::source::{ExtractRequest, Extraction, Source, SourceConfig, SourceError, SourceKind};
use punctual_model::{
    column_type::ColumnType,
    definition::Collation,
    kinds::{KindSpec, OptionSpec, OptionType},
    sql_text::{SqlLexis, SqlText},
};
use sqlx::{
    AssertSqlSafe, Column, Connection, Either, Executor, PgConnection, Row, Statement,
    postgres::{PgArguments, PgStatement, types::Oid},
};
use tokio::time::Instant;

use self::{connect::Server, decode::Wire};
use crate::{
    batch::{Batcher, OutputColumn},
    context::Context,
    declare::{self, Declared, undeclared},
    options,
    sql::{self, Catalog, Language},
    stream::{self, Ending, Outlet, Stop},
    time::TimeRules,
};

/// The registration.
pub(crate) const KIND: SourceKind = SourceKind {
    spec: KindSpec {
        name: "postgres",
        summary: "A PostgreSQL database. Give it a user who can only read.",
        options: &[
            options::URL,
            options::HOST,
            options::PORT,
            options::DATABASE,
            options::USER,
            options::PASSWORD,
            options::SSL_MODE,
            options::SSL_ROOT_CERT,
            OptionSpec {
                name: "prepared",
                summary: "false behind a pooler in transaction mode, such as PgBouncer: the prepared statement is closed again before its transaction ends. Default: true.",
                value: OptionType::Bool,
                required: false,
            },
        ],
        sql: Some(SqlLexis {
            backslash_escapes: false,
            dollar_quotes: true,
            hash_comments: false,
            nested_comments: true,
        }),
    },
    open,
};

/// Statement names that another client left on a pooled connection are stepped over, up to this many.
const NAME_ATTEMPTS: usize = 20;
const DUPLICATE_STATEMENT: &str = "42P05";

struct Postgres {
    config: SourceConfig,
    server: Server,
    prepared: bool,
    rules: Arc<TimeRules>,
}

fn open(config: SourceConfig) -> Result<Arc<dyn Source>, SourceError> {
    let server = connect::server(&config)?;
    let prepared = options::flag(&config, "prepared", true)?;
    let rules = Arc::new(TimeRules::new(&config)?);
    Ok(Arc::new(Postgres { config, server, prepared, rules }))
}

#[async_trait]
impl Source for Postgres {
    async fn probe(&self) -> Result<String, SourceError> {
        let context = self.server.context(&self.config, "");
        let mut connection = connect::connect(&self.server, &context).await?;
        let version: Result<String, _> =
            sqlx::query_scalar("SELECT version()").persistent(false).fetch_one(&mut connection).await;
        let version = version.map_err(|error| context.unreachable(error.to_string()))?;
        let _ = connection.close().await;
        Ok(version.split(" on ").next().unwrap_or(&version).to_owned())
    }

    async fn extract(&self, request: ExtractRequest) -> Result<Extraction, SourceError> {
        let context = self.server.context(&self.config, &request.dataset);
        let Some(sql) = &request.sql else {
            return Err(context.config("a `postgres` dataset needs `sql`"));
        };
        sql.check_placement(KIND.spec.sql.expect("it has a lexis"))
            .map_err(|error| context.query(error.to_string()))?;
        let statement = sql.with_placeholders(|number| format!("${number}"));
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

/// A query that is ready to run.
struct Query {
    connection: PgConnection,
    backend: i32,
    server: Server,
    close_statement: bool,
    statement: PgStatement,
    arguments: PgArguments,
    wires: Vec<Wire>,
    batcher: Batcher,
    context: Context,
}

impl Postgres {
    async fn start(
        &self,
        mut connection: PgConnection,
        sql: &SqlText,
        request: &ExtractRequest,
        context: &Context,
    ) -> Result<Query, SourceError> {
        let refused = |error: sqlx::Error| connect::query_error(&error, 0, context);
        let statement = self.prepare(&mut connection, sql, context).await?;
        // Asked inside the transaction: behind a pooler every transaction may have another backend.
        let backend: i32 = sqlx::query_scalar("SELECT pg_backend_pid()")
            .persistent(false)
            .fetch_one(&mut connection)
            .await
            .map_err(refused)?;

        let select = sql::parse(&sql.with_placeholders(|n| Language::Postgres.placeholder(n)), Language::Postgres);
        let arguments = self.arguments(&statement, sql, select.as_ref(), context)?;
        unit::check(&mut connection, sql, select.as_ref(), &self.rules, context).await?;
        let (columns, wires) = describe(&mut connection, &statement, select.as_ref(), request, context).await?;
        let batcher = Batcher::new(&columns, &self.rules);
        Ok(Query {
            connection,
            backend,
            server: self.server.clone(),
            close_statement: !self.prepared,
            statement,
            arguments,
            wires,
            batcher,
            context: context.clone(),
        })
    }

    /// Begins the transaction and prepares the statement in it.
    async fn prepare(
        &self,
        connection: &mut PgConnection,
        sql: &SqlText,
        context: &Context,
    ) -> Result<PgStatement, SourceError> {
        let text = sql.with_placeholders(|number| format!("${number}"));
        let mut attempt = 1;
        loop {
            self.begin(connection).await.map_err(|error| connect::setup_error(&error, context))?;
            match connection.prepare(sqlx_text(&text)).await {
                Ok(statement) => return Ok(statement),
                Err(error) if attempt < NAME_ATTEMPTS && is_duplicate_name(&error) => {
                    attempt += 1;
                    let rolled_back = sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await;
                    rolled_back.map_err(|error| connect::query_error(&error, 0, context))?;
                }
                Err(error) => return Err(connect::query_error(&error, 0, context)),
            }
        }
    }

    /// Everything that the statement relies on is set, not assumed. The session's zone is the
    /// source's, so that a cast between zoned and zone-less types means what the source means.
    async fn begin(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let settings = format!(
            "BEGIN READ ONLY; SET LOCAL statement_timeout = {}; SET LOCAL TIME ZONE '{}'; \
             SET LOCAL standard_conforming_strings = on",
            self.config.timeout.as_millis().clamp(1, i32::MAX as u128),
            self.rules.zone().name().replace('\'', "''"),
        );
        sqlx::raw_sql(sqlx_text(&settings)).execute(connection).await?;
        Ok(())
    }

    fn arguments(
        &self,
        statement: &PgStatement,
        sql: &SqlText,
        select: Option<&sql::Select>,
        context: &Context,
    ) -> Result<PgArguments, SourceError> {
        let types = match statement.parameters() {
            Some(Either::Left(types)) => types,
            _ => &[],
        };
        let given = sql.binds().count();
        if types.len() != given {
            return Err(context.query(format!(
                "it has {} parameters and {given} values; write parameters as {{{{ ... }}}}, not as $1",
                types.len()
            )));
        }
        let column = |number| select.and_then(|select| select.compared_name(number));
        bind::arguments(sql.binds(), types, &self.rules, context, &column)
    }
}

/// The dataset's columns, and how the server sends each.
async fn describe(
    connection: &mut PgConnection,
    statement: &PgStatement,
    select: Option<&sql::Select>,
    request: &ExtractRequest,
    context: &Context,
) -> Result<(Vec<OutputColumn>, Vec<Wire>), SourceError> {
    let found: Vec<&str> = statement.columns().iter().map(Column::name).collect();
    if found.is_empty() {
        return Err(context.query(sql::NOT_A_QUERY));
    }
    let declared = declare::resolve_named(&found, &request.columns).map_err(|message| context.query(message))?;
    let origins = match origins_wanted(statement, &declared) {
        false => HashMap::new(),
        true => origins(connection, statement).await.map_err(|e| connect::query_error(&e, 0, context))?,
    };
    let casts = select.map(|select| select.types(&found, &Catalog::<()>::default(), &|()| None)).unwrap_or_default();

    let mut columns = Vec::with_capacity(found.len());
    let mut wires = Vec::with_capacity(found.len());
    for (place, (column, declared)) in statement.columns().iter().zip(declared).enumerate() {
        let wire = Wire::of(column.type_info()).map_err(|cast| {
            let type_name = column.type_info().to_string().to_lowercase();
            let cast = cast.replace("COLUMN", column.name());
            context.query(format!(
                "column `{}` is {type_name}, which has no place in a report; write {cast} in the SQL",
                column.name()
            ))
        })?;
        let by_cast = || casts.get(place).copied().flatten().filter(|t| matches!(t, ColumnType::Decimal { .. }));
        let column_type = declared
            .column_type
            .or_else(|| wire.column_type())
            .or_else(|| origins.get(&place).and_then(|origin| origin.decimal))
            .or_else(by_cast)
            .ok_or_else(|| {
                let why = "it is numeric without precision and scale";
                context.query(undeclared(&declared.name, why, "\"decimal(18,2)\""))
            })?;
        let mut equality = decode::equality(column.type_info());
        equality.folds |= origins.get(&place).is_some_and(|origin| origin.folds);
        let column = OutputColumn::new(declared.name, column_type);
        columns.push(column.with_collation(declared.collation, Some(equality)));
        wires.push(wire);
    }
    Ok((columns, wires))
}

/// What a table says of a result column that is one of its own.
struct Origin {
    decimal: Option<ColumnType>,
    /// Whether its collation calls texts equal that differ.
    folds: bool,
}

fn origins_wanted(statement: &PgStatement, declared: &[Declared]) -> bool {
    let mut columns = statement.columns().iter().zip(declared);
    columns.any(|(column, declared)| match oid::of(column.type_info()) {
        oid::NUMERIC => declared.column_type.is_none(),
        oid::TEXT | oid::VARCHAR | oid::BPCHAR => declared.collation.is_none_or(|c| c == Collation::Trim),
        _ => false,
    })
}

/// What tables say of the result columns that are theirs, by their place.
async fn origins(
    connection: &mut PgConnection,
    statement: &PgStatement,
) -> Result<HashMap<usize, Origin>, sqlx::Error> {
    let mut places = Vec::new();
    for (place, column) in statement.columns().iter().enumerate() {
        if let (Some(Oid(table)), Some(number)) = (column.relation_id(), column.relation_attribute_no()) {
            places.push(format!("({place}, {table}::oid, {number})"));
        }
    }
    if places.is_empty() {
        return Ok(HashMap::new());
    }
    // Only numbers stand in this text. A domain keeps the modifier in its own definition. Servers before
    // version 12 know no collation that folds; asked through JSON, they need not know the column.
    let text = format!(
        "SELECT o.place, coalesce(nullif(a.atttypmod, -1), nullif(t.typtypmod, -1)) AS modifier, \
         coalesce(to_jsonb(c)->>'collisdeterministic', 'true') = 'false' AS folds \
         FROM (VALUES {}) AS o (place, relation, number) \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = o.relation AND a.attnum = o.number \
         JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
         LEFT JOIN pg_catalog.pg_collation c ON c.oid = a.attcollation",
        places.join(", ")
    );
    let rows = sqlx::query(sqlx_text(&text)).persistent(false).fetch_all(connection).await?;
    let mut origins = HashMap::new();
    for row in rows {
        let (place, modifier): (i32, Option<i32>) = (row.try_get(0)?, row.try_get(1)?);
        let origin = Origin { decimal: modifier.and_then(decimal_of_modifier), folds: row.try_get(2)? };
        origins.insert(place as usize, origin);
    }
    Ok(origins)
}

/// `numeric(precision, scale)` as `pg_attribute.atttypmod` packs it. Since PostgreSQL 15 a scale
/// can be negative or beyond the precision; such columns want a declaration.
fn decimal_of_modifier(modifier: i32) -> Option<ColumnType> {
    let packed = modifier.checked_sub(4).filter(|packed| *packed >= 0)?;
    let (precision, scale) = (packed >> 16, ((packed & 0x7ff) ^ 1024) - 1024);
    let precision = u8::try_from(precision).ok().filter(|p| (1..=38).contains(p))?;
    let scale = u8::try_from(scale).ok().filter(|scale| *scale <= precision)?;
    Some(ColumnType::Decimal { precision, scale })
}

fn is_duplicate_name(error: &sqlx::Error) -> bool {
    connect::database_error(error).is_some_and(|refusal| refusal.code() == DUPLICATE_STATEMENT)
}

/// The author's SELECT, or a text of ours without anybody's values: values are bind parameters.
fn sqlx_text(text: &str) -> sqlx::SqlStr {
    sqlx::SqlSafeStr::into_sql_str(AssertSqlSafe(text))
}

impl Query {
    /// Reads the rows into the outlet; whatever ends it, the server is not left at work.
    async fn run(mut self, outlet: Outlet) {
        let ending = {
            let mut rows = self.statement.query_with(self.arguments).fetch(&mut self.connection);
            let (wires, context) = (&self.wires, &self.context);
            stream::pump(&mut rows, &mut self.batcher, &outlet, |row, batcher| {
                decode::row(row, wires, batcher, context)
            })
            .await
        };
        let outcome = match ending {
            Ending::Complete => {
                finish(self.connection, self.close_statement).await;
                Ok(())
            }
            Ending::Broken(error) => Err(connect::query_error(&error, self.batcher.total(), &self.context)),
            Ending::Stopped(Stop::TimedOut) => {
                connect::cancel(&self.server, self.backend).await;
                Err(self.context.timeout())
            }
            Ending::Unfit(error) => {
                connect::cancel(&self.server, self.backend).await;
                Err(error)
            }
            Ending::Stopped(Stop::Dropped) => {
                connect::cancel(&self.server, self.backend).await;
                return;
            }
        };
        outlet.end(outcome).await;
    }
}

/// Ends the transaction; nothing was written, so nothing is lost when the line is gone by now.
async fn finish(mut connection: PgConnection, close_statement: bool) {
    if close_statement {
        let _ = connection.clear_cached_statements().await;
    }
    let _ = sqlx::raw_sql("ROLLBACK").execute(&mut connection).await;
    let _ = connection.close().await;
}
