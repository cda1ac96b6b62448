//! What the tests share: sources from options, requests from text, batches as plain text.

use std::{
    net::TcpListener,
    sync::Arc,
    time::{Duration, Instant},
};

use arrow::{array::RecordBatch, util::display::array_value_to_string};
use futures::StreamExt;
use punctual_data::{
    facts::COLLATION,
    source::{ExtractRequest, Extraction, Source, SourceConfig, SourceError},
};
use punctual_model::{
    column_type::ColumnType,
    definition::{ColumnDecl, ColumnFacts, ColumnFrom, Columns, TimeEncoding},
    sql_text::{Bind, Fragment, SqlText},
    value::Value,
};
use punctual_sources::KINDS;
use serde_json::json;

/// How long a test waits for something that has to happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server's address from the environment.
#[expect(clippy::disallowed_methods, reason = "a test's own environment")]
pub fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set: start the servers with scripts/services.sh and export what it writes")
    })
}

/// A source's configuration, to be changed by a test.
pub fn config(options: serde_json::Value) -> SourceConfig {
    SourceConfig {
        name: "warehouse".to_owned(),
        timezone: "UTC".parse().expect("a zone"),
        time_encoding: TimeEncoding::Native,
        timeout: Duration::from_secs(60),
        cell_bytes: 1 << 20,
        options: options.as_object().expect("options").clone(),
        project: std::env::temp_dir(),
    }
}

/// Opens a source of a registered type.
pub fn open(kind: &str, config: SourceConfig) -> Arc<dyn Source> {
    let kind = KINDS.iter().find(|k| k.spec.name == kind).expect("a registered type");
    let options = serde_json::Map::clone(&config.options);
    // The servers' addresses carry passwords here, as they do once a reference has its value.
    let secret = |key: &str| kind.spec.options.iter().any(|o| o.name == key && o.value.is_secret());
    let faults = kind.spec.faults(&options).into_iter().filter(|fault| !fault.key.as_deref().is_some_and(secret));
    assert_eq!(faults.collect::<Vec<_>>(), [], "the options are those that the type lists");
    match (kind.open)(config) {
        Ok(source) => source,
        Err(error) => panic!("{error}"),
    }
}

/// A request from text in which `{{ name }}` stands for the value of that name.
pub fn request(sql: &str, values: &[(&str, Value)]) -> ExtractRequest {
    let mut fragments = Vec::new();
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once("{{") {
        let (expression, behind) = after.split_once("}}").expect("closed braces");
        let named = values.iter().find(|(name, _)| *name == expression.trim());
        let (_, value) = named.unwrap_or_else(|| panic!("no value for {expression}"));
        fragments.push(Fragment::Sql(before.to_owned()));
        fragments.push(Fragment::Bind(Bind { expression: expression.to_owned(), value: value.clone() }));
        rest = behind;
    }
    fragments.push(Fragment::Sql(rest.to_owned()));
    ExtractRequest { dataset: "traffic".to_owned(), sql: Some(SqlText { fragments }), columns: Columns::default() }
}

/// Declared columns.
pub fn columns(declared: &[(&str, &str)]) -> Columns {
    let decl = |text: &str| ColumnDecl::Type(text.parse().expect("a column type"));
    declared.iter().map(|(name, text)| ((*name).to_owned(), decl(text))).collect()
}

/// A column that has another name in the source.
pub fn renamed(from: &str, column_type: ColumnType) -> ColumnDecl {
    let from = Some(ColumnFrom::Name(from.to_owned()));
    ColumnDecl::With(ColumnFacts { from, column_type: Some(column_type), ..ColumnFacts::default() })
}

/// A request with declared columns.
pub fn declared(request: ExtractRequest, declared: &[(&str, &str)]) -> ExtractRequest {
    ExtractRequest { columns: columns(declared), ..request }
}

/// An error at the start.
pub async fn refused(source: &Arc<dyn Source>, request: ExtractRequest) -> SourceError {
    match source.extract(request).await {
        Ok(extraction) => match drain(extraction).await {
            Ok(rows) => panic!("it gave {} rows", rows.len()),
            Err(error) => error,
        },
        Err(error) => error,
    }
}

/// All rows, each value as text; NULL is empty.
pub async fn rows(source: &Arc<dyn Source>, request: ExtractRequest) -> Vec<Vec<String>> {
    let extraction = source.extract(request).await.unwrap_or_else(|error| panic!("{error}"));
    drain(extraction).await.unwrap_or_else(|error| panic!("{error}"))
}

/// All rows of an extraction.
pub async fn drain(mut extraction: Extraction) -> Result<Vec<Vec<String>>, SourceError> {
    let mut all = Vec::new();
    while let Some(batch) = extraction.batches.next().await {
        let batch = batch?;
        assert_eq!(batch.schema(), extraction.schema, "every batch has the promised schema");
        all.extend(as_text(&batch));
    }
    Ok(all)
}

/// A batch's rows as text.
pub fn as_text(batch: &RecordBatch) -> Vec<Vec<String>> {
    let value = |column: usize, row: usize| array_value_to_string(batch.column(column), row).expect("it can be shown");
    (0..batch.num_rows()).map(|row| (0..batch.num_columns()).map(|column| value(column, row)).collect()).collect()
}

/// The schema as text: `name type` for each column.
pub fn schema_text(extraction: &Extraction) -> Vec<String> {
    extraction.schema.fields().iter().map(|field| format!("{} {}", field.name(), field.data_type())).collect()
}

/// A temporal value: `date 2026-10-31`, `local 2026-10-31T00:00:00`, `instant 2026-10-31T05:00:00Z`.
pub fn time(text: &str) -> Value {
    match text.split_once(' ').expect("a kind and a time") {
        ("date", date) => Value::Date(date.parse().expect("a date")),
        ("local", local) => Value::Local(local.parse().expect("a civil time")),
        ("instant", instant) => Value::Instant(instant.parse().expect("an instant")),
        (other, _) => panic!("no kind of time: {other}"),
    }
}

/// The error that rows end with.
pub async fn last_error(mut extraction: Extraction) -> SourceError {
    loop {
        if let Err(error) = extraction.batches.next().await.expect("no quiet end") {
            return error;
        }
    }
}

/// A port that leads to a server, until the line is cut.
pub async fn cuttable(url: &str) -> (u16, Arc<tokio::sync::Notify>) {
    let to = parts(url);
    let to = format!("{}:{}", to["host"].as_str().expect("a host"), to["port"]);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let cut = Arc::new(tokio::sync::Notify::new());
    let told = Arc::clone(&cut);
    tokio::spawn(async move {
        let (mut near, _) = listener.accept().await.expect("a client");
        let mut far = tokio::net::TcpStream::connect(to).await.expect("the server");
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
            () = told.notified() => {}
        }
        near.set_zero_linger().expect("a socket");
    });
    (port, cut)
}

/// What is noted of a column's collation.
pub fn note(extraction: &Extraction, column: &str) -> Option<String> {
    let field = extraction.schema.field_with_name(column).expect("a column");
    field.metadata().get(COLLATION).cloned()
}

/// A port on which nobody listens.
pub fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port()
}

/// Asks again until the answer is yes; the asking itself takes the time.
pub async fn until<F: Future<Output = bool>>(what: &str, mut ask: impl FnMut() -> F) {
    let start = Instant::now();
    while !ask().await {
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
    }
}

/// Text binds that would do harm if they were pasted into the SQL.
pub const INJECTIONS: [&str; 6] = [
    "'; DROP TABLE samples; --",
    "\\'; DROP TABLE samples; -- ",
    "' OR '1'='1",
    "$1 ?1 ? :x @y {{ period.start_date }}",
    "\"`; /* */ # -- \u{0301}\u{1F600}",
    "x' UNION SELECT 1,2,3,4,5,6,7,8 --",
];

/// Options of a server's URL in parts, with another database or port.
pub fn parts(url: &str) -> serde_json::Value {
    let (_, rest) = url.split_once("://").expect("a scheme");
    let (login, place) = rest.split_once('@').expect("a user");
    let (address, database) = place.split_once('/').expect("a database");
    let (host, port) = address.split_once(':').expect("a port");
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let port: u16 = port.parse().expect("a port");
    json!({"host": host, "port": port, "database": database, "user": user, "password": password})
}
