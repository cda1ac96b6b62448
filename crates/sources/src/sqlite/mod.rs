//! SQLite: rows from one SELECT in a file that is opened read-only.
//!
//! SQLite has no types for times and none at all for expressions. Column types come from the
//! tables' declarations and from what the SELECT's text tells (casts, counts, sums); the rest
//! is declared in `columns:`. No type is taken from the first row: it could be NULL, or absent.

mod boundary;
mod bounded;
mod schema;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use punctual_data::source::{ExtractRequest, Extraction, Source, SourceConfig, SourceError, SourceKind};
use punctual_model::{
    column_type::ColumnType,
    kinds::{KindSpec, OptionSpec, OptionType},
    sql_text::{Bind, SqlLexis, SqlText},
    value::Value,
};
use sqlx::{
    Arguments, AssertSqlSafe, Column, ConnectOptions, Decode, Either, Executor, Row, SqlSafeStr, SqlStr, Sqlite,
    SqliteConnection, Statement, TypeInfo, ValueRef,
    error::BoxDynError,
    sqlite::{SqliteArguments, SqliteConnectOptions, SqliteError, SqliteRow, SqliteStatement, SqliteValueRef},
};
use tokio::time::Instant;

use self::boundary::{Form, Sample};
use crate::{
    batch::{Batcher, Equality, OutputColumn},
    boundary::Boundary,
    context::Context,
    declare::{self, undeclared},
    options,
    sink::{Misfit, Sink},
    sql::{self, Language},
    stream::{self, Ending, Outlet, Stop},
    time::{TimeRules, Written, iso_text},
};

/// The registration.
pub(crate) const KIND: SourceKind = SourceKind {
    spec: KindSpec {
        name: "sqlite",
        summary: "An SQLite database file, opened read-only.",
        options: &[OptionSpec {
            name: "path",
            summary: "The file, relative to the project's folder.",
            value: OptionType::Text,
            required: true,
        }],
        sql: Some(SqlLexis::STANDARD),
    },
    open,
};

/// Instructions of SQLite's machine between two looks at whether to stop: well under a millisecond.
const STOP_CHECK: i32 = 10_000;
/// Rows that SQLite's thread may be ahead; each may have several of the longest values.
const ROWS_AHEAD: usize = 64;

struct SqliteFile {
    config: SourceConfig,
    path: PathBuf,
    shown: String,
    rules: Arc<TimeRules>,
}

fn open(config: SourceConfig) -> Result<Arc<dyn Source>, SourceError> {
    let shown = options::required_text(&config, "path")?.to_owned();
    let path = config.project.join(&shown);
    let rules = Arc::new(TimeRules::new(&config)?);
    Ok(Arc::new(SqliteFile { config, path, shown, rules }))
}

#[async_trait]
impl Source for SqliteFile {
    async fn probe(&self) -> Result<String, SourceError> {
        let context = Context::new(&self.config, "");
        let mut session = self.connect(&context).await?;
        let answer = sqlx::query("SELECT sqlite_version(), (SELECT count(*) FROM sqlite_schema WHERE type = 'table')")
            .fetch_one(&mut session.connection)
            .await
            .map_err(|error| query_error(&error, 0, &self.shown, &context))?;
        let read = |place: usize| -> Result<String, SourceError> {
            answer.try_get_unchecked(place).map_err(|error| query_error(&error, 0, &self.shown, &context))
        };
        Ok(format!("SQLite {}, {} tables", read(0)?, read(1)?))
    }

    async fn extract(&self, request: ExtractRequest) -> Result<Extraction, SourceError> {
        let context = Context::new(&self.config, &request.dataset);
        let deadline = Instant::now() + self.config.timeout;
        let Some(sql) = &request.sql else {
            return Err(context.config("an `sqlite` dataset needs `sql`"));
        };
        sql.check_placement(KIND.spec.sql.expect("it has a lexis"))
            .map_err(|error| context.query(error.to_string()))?;
        let query = match tokio::time::timeout_at(deadline, self.start(sql, &request, &context)).await {
            Ok(query) => query?,
            Err(_) => return Err(context.timeout()),
        };
        let statement = text_of(sql);
        let schema = query.batcher.schema();
        let (outlet, batches) = stream::channel(context, deadline);
        tokio::spawn(query.run(outlet));
        Ok(Extraction { schema, statement, batches })
    }
}

fn text_of(sql: &SqlText) -> String {
    sql.with_placeholders(|number| format!("?{number}"))
}

/// The author's SELECT, or a text of ours without anybody's values: values are bind parameters.
fn trusted(text: &str) -> SqlStr {
    AssertSqlSafe(text).into_sql_str()
}

/// A connection whose query stops when it is dropped: SQLite works in a thread of its own, which
/// would otherwise go on to the end of what it does.
struct Session {
    connection: SqliteConnection,
    stop: Arc<AtomicBool>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// A query that is ready to run.
struct Query {
    session: Session,
    /// The SELECT, with long values exchanged.
    text: String,
    arguments: SqliteArguments,
    batcher: Batcher,
    shown: String,
    context: Context,
}

impl SqliteFile {
    async fn connect(&self, context: &Context) -> Result<Session, SourceError> {
        let metadata = std::fs::metadata(&self.path).map_err(|error| context.unreadable(&self.shown, &error))?;
        if !metadata.is_file() {
            return Err(context.config(format!("`{}` is not a file", self.shown)));
        }
        let options = SqliteConnectOptions::new()
            .filename(&self.path)
            .read_only(true)
            .pragma("query_only", "ON")
            .row_buffer_size(ROWS_AHEAD)
            .disable_statement_logging();
        let refused = |error: sqlx::Error| query_error(&error, 0, &self.shown, context);
        let mut connection = options.connect().await.map_err(refused)?;
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let mut handle = connection.lock_handle().await.map_err(refused)?;
        handle.set_progress_handler(STOP_CHECK, move || !seen.load(Ordering::Relaxed));
        drop(handle);
        Ok(Session { connection, stop })
    }

    async fn start(&self, sql: &SqlText, request: &ExtractRequest, context: &Context) -> Result<Query, SourceError> {
        let text = text_of(sql);
        if !sql::starts_as_query(&text) || !sql::is_single(&text) {
            return Err(context.query(sql::NOT_A_QUERY));
        }
        let mut session = self.connect(context).await?;
        let refused = |error: sqlx::Error| query_error(&error, 0, &self.shown, context);
        let statement = session.connection.prepare(trusted(&text)).await.map_err(refused)?;
        check_parameters(&statement, sql, context)?;

        let select = sql::parse(&sql.with_placeholders(|n| Language::Sqlite.placeholder(n)), Language::Sqlite);
        let catalog = schema::load(&mut session.connection, &statement, select.as_ref()).await.map_err(refused)?;
        let types = schema::result_types(&statement, select.as_ref(), &catalog, &self.rules);
        let equalities = schema::result_equality(&statement, &catalog);
        let columns = describe(&statement, types.into_iter().zip(equalities), request, context)?;

        let compared = select.as_ref().map(|select| select.compared(&catalog)).unwrap_or_default();
        let mut arguments = SqliteArguments::default();
        for (number, bind) in (1..).zip(sql.binds()) {
            let mut form = Form::Encoded;
            let place = compared.iter().find(|c| c.parameter == number);
            if let Some(place) = place.filter(|_| Boundary::of(&bind.expression).is_some())
                && let Some(declared) = catalog.column(&place.table, &place.column)
            {
                let sample: Sample = boundary::sample(&mut session.connection, place).await.map_err(refused)?;
                form = boundary::check(&bind.expression, &place.column, declared, &sample, &self.rules, context)?;
            }
            add(&mut arguments, bind, form, &self.rules).map_err(|error| context.query(error.to_string()))?;
        }
        let text = bounded::bounded(&text, &columns, context.cell_bytes());
        let batcher = Batcher::new(&columns, &self.rules);
        Ok(Query { session, text, arguments, batcher, shown: self.shown.clone(), context: context.clone() })
    }
}

fn check_parameters(statement: &SqliteStatement, sql: &SqlText, context: &Context) -> Result<(), SourceError> {
    let given = sql.binds().count();
    match statement.parameters() {
        // The driver would take a parameter without value for NULL.
        Some(Either::Right(wanted)) if wanted != given => Err(context.query(format!(
            "it has {wanted} parameters and {given} values; write parameters as {{{{ ... }}}}, not as ?"
        ))),
        _ => Ok(()),
    }
}

fn describe(
    statement: &SqliteStatement,
    known: impl Iterator<Item = (Option<ColumnType>, Equality)>,
    request: &ExtractRequest,
    context: &Context,
) -> Result<Vec<OutputColumn>, SourceError> {
    let found: Vec<&str> = statement.columns().iter().map(Column::name).collect();
    let declared = declare::resolve_named(&found, &request.columns).map_err(|message| context.query(message))?;
    declared
        .into_iter()
        .zip(known)
        .map(|(declared, (natural, equality))| {
            let column_type = declared.column_type.or(natural).ok_or_else(|| {
                context.query(undeclared(&declared.name, "SQLite has none for this expression", "double"))
            })?;
            Ok(OutputColumn::new(declared.name, column_type).with_collation(declared.collation, Some(equality)))
        })
        .collect()
}

/// Adds one value; SQLite keeps times as text or counts.
fn add(arguments: &mut SqliteArguments, bind: &Bind, form: Form, rules: &TimeRules) -> Result<(), BoxDynError> {
    let written = if form == Form::Encoded { rules.written(&bind.value) } else { None };
    match (written, &bind.value) {
        (Some(Written::Text(text)), _) => arguments.add(text),
        (Some(Written::Count(count)), _) => arguments.add(count),
        (None, Value::Null) => arguments.add(None::<String>),
        (None, Value::Bool(flag)) => arguments.add(*flag),
        (None, Value::Int(number)) => arguments.add(*number),
        (None, Value::Double(number)) => arguments.add(*number),
        // SQLite has no decimals: a fraction is a double there, as in its own columns.
        (None, Value::Decimal(number)) if number.scale > 0 => arguments.add(number.to_f64()),
        (None, Value::Decimal(number)) => match i64::try_from(number.digits) {
            Ok(whole) => arguments.add(whole),
            Err(_) => arguments.add(number.to_f64()),
        },
        (None, Value::Text(text)) => arguments.add(text.as_str()),
        (None, time @ (Value::Date(_) | Value::Local(_) | Value::Instant(_))) => {
            arguments.add(iso_text(time).expect("a temporal value has ISO text"))
        }
    }
}

/// An error of SQLite, after so many rows.
fn query_error(error: &sqlx::Error, rows: u64, shown: &str, context: &Context) -> SourceError {
    let Some(refusal) = error.as_database_error().and_then(|e| e.try_downcast_ref::<SqliteError>()) else {
        return context.interrupted(rows, error.to_string());
    };
    use sqlx::error::DatabaseError;
    let message = refusal.message();
    // The low byte is the primary result code.
    match refusal.code().and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xff) {
        Some(5 | 6) => context.interrupted(rows, message),
        Some(10 | 11) => context.interrupted(rows, format!("`{shown}`: {message}")),
        Some(14) => context.unreachable(format!("`{shown}`: {message}")),
        Some(26) => context.config(format!("`{shown}` is not an SQLite database")),
        _ => context.query(message),
    }
}

impl Query {
    /// Reads the rows into the outlet. Dropping the session stops SQLite where it is.
    async fn run(mut self, outlet: Outlet) {
        let ending = {
            let query = sqlx::query_with(trusted(&self.text), self.arguments).persistent(false);
            let mut rows = query.fetch(&mut self.session.connection);
            let context = &self.context;
            stream::pump(&mut rows, &mut self.batcher, &outlet, |row, batcher| decode_row(row, batcher, context)).await
        };
        let outcome = match ending {
            Ending::Complete => Ok(()),
            Ending::Broken(error) => Err(query_error(&error, self.batcher.total(), &self.shown, &self.context)),
            Ending::Unfit(error) => Err(error),
            Ending::Stopped(Stop::TimedOut) => Err(self.context.timeout()),
            Ending::Stopped(Stop::Dropped) => return,
        };
        drop(self.session);
        outlet.end(outcome).await;
    }
}

/// Puts a row's values into the columns, each by its own storage class; returns their bytes.
fn decode_row(row: &SqliteRow, batcher: &mut Batcher, context: &Context) -> Result<usize, SourceError> {
    let mut total = 0;
    for place in 0..row.len() {
        let value = || row.try_get_raw(place).map_err(|error| context.query(error.to_string()));
        if let Some(bytes) = over_length(value()?) {
            let place = format!("row {}, column `{}`", batcher.total() + 1, batcher.name(place));
            return Err(context.too_long(place, bytes));
        }
        match decode(value()?, &mut batcher.sinks()[place]) {
            Ok(bytes) => total += bytes,
            Err(misfit) => {
                let name = batcher.name(place);
                let message = misfit.into_message().replace("COLUMN", name);
                return Err(context.data(format!("row {}, column `{name}`", batcher.total() + 1), message));
            }
        }
    }
    Ok(total)
}

/// The length of a value that was too long to be handed over.
fn over_length(value: SqliteValueRef<'_>) -> Option<usize> {
    if value.is_null() || value.type_info().name() != "BLOB" {
        return None;
    }
    bounded::too_long(<&[u8] as Decode<Sqlite>>::decode(value).ok()?)
}

fn decode(value: SqliteValueRef<'_>, sink: &mut Sink) -> Result<usize, Misfit> {
    if value.is_null() {
        sink.push_null();
        return Ok(0);
    }
    let unread = |error: BoxDynError| Misfit::new(format!("it cannot be read: {error}"));
    let class = value.type_info().name().as_bytes()[0];
    match class {
        b'I' => sink.push_int(<i64 as Decode<Sqlite>>::decode(value).map_err(unread)?)?,
        b'R' => sink.push_double(<f64 as Decode<Sqlite>>::decode(value).map_err(unread)?)?,
        b'T' => {
            let text = <&str as Decode<Sqlite>>::decode(value)
                .map_err(|_| Misfit::new("the text is not UTF-8; write hex(COLUMN) in the SQL"))?;
            sink.push_text(text)?;
            return Ok(text.len());
        }
        _ => return Err(Misfit::new("it is a blob, which has no place in a report; write hex(COLUMN) in the SQL")),
    }
    Ok(8)
}
