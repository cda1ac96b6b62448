//! Rows and snapshots for tests.

use std::{path::Path, sync::Arc, time::Duration};

use arrow::{
    array::{ArrayRef, RecordBatch},
    datatypes::{Field, Schema, SchemaRef},
    util::pretty::pretty_format_batches,
};
use futures::{StreamExt, TryStreamExt};
use punctual_data::{
    error::DataError,
    session::{Limits, Session},
    snapshot::{self, Rows, Snapshot},
    values::{data_type, to_array},
};
use punctual_model::{
    column_type::ColumnType,
    sql_text::{Bind, Fragment, SqlText},
    value::Value,
    zone::Zone,
};
use tempfile::TempDir;

pub const LIMITS: Limits = Limits { memory: 64 << 20, disk: 1 << 30, timeout: Duration::from_secs(60) };

/// A batch from columns of values: `("visits", "int", vec![...])`.
pub fn batch(columns: &[(&str, &str, Vec<Value>)]) -> RecordBatch {
    let parsed: Vec<(Field, ArrayRef)> = columns
        .iter()
        .map(|(name, kind, values)| {
            let kind: ColumnType = kind.parse().expect("a type");
            (Field::new(*name, data_type(kind), true), to_array(values, kind).expect("values of the type"))
        })
        .collect();
    let (fields, arrays): (Vec<_>, Vec<_>) = parsed.into_iter().unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("a batch")
}

pub fn ints(values: impl IntoIterator<Item = i64>) -> Vec<Value> {
    values.into_iter().map(Value::Int).collect()
}

pub fn texts<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<Value> {
    values.into_iter().map(|text| Value::Text(text.to_owned())).collect()
}

pub fn days<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<Value> {
    values.into_iter().map(|text| Value::Date(text.parse().expect("a date"))).collect()
}

pub fn instants<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<Value> {
    values.into_iter().map(|text| Value::Instant(text.parse().expect("an instant"))).collect()
}

pub fn locals<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<Value> {
    values.into_iter().map(|text| Value::Local(text.parse().expect("a local time"))).collect()
}

pub async fn store(path: &Path, schema: SchemaRef, batches: Vec<RecordBatch>) -> Snapshot {
    let stream = futures::stream::iter(batches.into_iter().map(Ok::<_, DataError>));
    snapshot::write_stream(path, schema, stream).await.expect("a snapshot")
}

/// A session with one zone and a folder of its own.
pub struct Bench {
    pub folder: TempDir,
    pub session: Session,
}

impl Bench {
    pub fn new(limits: Limits, zone: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let zone: Zone = zone.parse().expect("a zone");
        let session = Session::new(limits, &zone, folder.path()).expect("a session");
        Self { folder, session }
    }

    pub fn utc() -> Self {
        Self::new(LIMITS, "UTC")
    }

    pub async fn add(&mut self, name: &str, batch: RecordBatch) -> Snapshot {
        self.add_all(name, batch.schema(), vec![batch]).await
    }

    pub async fn add_all(&mut self, name: &str, schema: SchemaRef, batches: Vec<RecordBatch>) -> Snapshot {
        let snapshot = store(&self.folder.path().join(format!("{name}.parquet")), schema, batches).await;
        self.session.register(name, &snapshot).expect("registered");
        snapshot
    }

    pub async fn query(&self, sql: &SqlText) -> Result<Vec<RecordBatch>, DataError> {
        self.session.run("table `t`", sql).await?.try_collect().await
    }

    /// The result as a table of text.
    pub async fn show(&self, sql: &str) -> String {
        show(&self.query(&SqlText::plain(sql)).await.unwrap_or_else(|e| panic!("{sql}: {e}")))
    }

    /// The message of a query that fails.
    pub async fn refusal(&self, sql: &str) -> String {
        self.error(&SqlText::plain(sql)).await.to_string()
    }

    pub async fn error(&self, sql: &SqlText) -> DataError {
        match self.session.run("table `t`", sql).await {
            Err(error) => error,
            Ok(mut rows) => loop {
                match rows.next().await {
                    Some(Err(error)) => break error,
                    Some(Ok(_)) => {}
                    None => panic!("{sql:?} succeeded"),
                }
            },
        }
    }
}

pub fn show(batches: &[RecordBatch]) -> String {
    pretty_format_batches(batches).expect("text").to_string()
}

pub fn read(rows: &Rows) -> Vec<RecordBatch> {
    rows.batches().expect("opened").collect::<Result<_, _>>().expect("read")
}

pub fn show_snapshot(snapshot: &Snapshot) -> String {
    show(&read(&Rows::open(snapshot).expect("opened")))
}

/// SQL with parameters: `sql(&["a = ", "b"], &[("x", Value::Int(1))])` alternates text and binds.
pub fn sql(texts: &[&str], binds: &[(&str, Value)]) -> SqlText {
    let mut fragments = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        fragments.push(Fragment::Sql((*text).to_owned()));
        if let Some((expression, value)) = binds.get(index) {
            fragments.push(Fragment::Bind(Bind { expression: (*expression).to_owned(), value: value.clone() }));
        }
    }
    SqlText { fragments }
}
