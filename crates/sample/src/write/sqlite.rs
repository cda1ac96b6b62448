//! The three tables as SQLite files. SQLite has no types for time and decimals, so
//! each file shows one of the ways people get by: instants as microseconds since 1970
//! UTC, dates as ISO 8601 text, local times as text without a zone, money as decimal
//! text or as cents.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use sqlx::query::Query;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Sqlite};

use super::{Cents, part_of};
use crate::agency::Agency;
use crate::error::SampleError;
use crate::spend::SpendRow;
use crate::tickets::TicketRow;
use crate::traffic::TrafficRow;

/// Rows inserted by one statement: with more, a row doesn't get cheaper.
const BATCH: usize = 100;

type Insert = Query<'static, Sqlite, SqliteArguments>;

/// How a kind of row is kept in SQLite.
trait Stored: Sized {
    /// Makes the table.
    const TABLE: &'static str;
    /// Inserts rows, up to the word VALUES.
    const INSERT: &'static str;
    /// The placeholders of one row.
    const PLACES: &'static str;
    /// Makes the index, after the rows are in.
    const INDEX: &'static str;

    /// Binds the values of one row.
    fn bind(self, insert: Insert) -> Insert;
}

impl Stored for TrafficRow {
    const TABLE: &'static str = "\
CREATE TABLE traffic (
    client_id   INTEGER NOT NULL,
    occurred_at INTEGER NOT NULL, -- microseconds since 1970-01-01 00:00 UTC
    channel     TEXT    NOT NULL,
    visits      INTEGER NOT NULL,
    orders      INTEGER NOT NULL,
    revenue     TEXT    NOT NULL  -- decimal, such as '12.34'
)";
    const INSERT: &'static str =
        "INSERT INTO traffic (client_id, occurred_at, channel, visits, orders, revenue) VALUES ";
    const PLACES: &'static str = "(?,?,?,?,?,?)";
    const INDEX: &'static str = "CREATE INDEX traffic_occurred_at ON traffic (occurred_at)";

    fn bind(self, insert: Insert) -> Insert {
        insert
            .bind(i64::from(self.client_id))
            .bind(self.occurred_at_us)
            .bind(self.channel)
            .bind(self.visits)
            .bind(self.orders)
            .bind(Cents(self.revenue_cents).to_string())
    }
}

impl Stored for SpendRow {
    const TABLE: &'static str = "\
CREATE TABLE ad_spend (
    account_ref TEXT    NOT NULL,
    spend_date  TEXT    NOT NULL, -- such as '2026-10-31'
    campaign    TEXT    NOT NULL,
    platform    TEXT    NOT NULL,
    cost_cents  INTEGER NOT NULL,
    clicks      INTEGER NOT NULL,
    impressions INTEGER NOT NULL
)";
    const INSERT: &'static str = "INSERT INTO ad_spend \
        (account_ref, spend_date, campaign, platform, cost_cents, clicks, impressions) VALUES ";
    const PLACES: &'static str = "(?,?,?,?,?,?,?)";
    const INDEX: &'static str = "CREATE INDEX ad_spend_date ON ad_spend (spend_date)";

    fn bind(self, insert: Insert) -> Insert {
        insert
            .bind(self.account_ref)
            .bind(self.spend_date.to_string())
            .bind(self.campaign)
            .bind(self.platform)
            .bind(self.cost_cents)
            .bind(self.clicks)
            .bind(self.impressions)
    }
}

impl Stored for TicketRow {
    const TABLE: &'static str = "\
CREATE TABLE tickets (
    id                     INTEGER PRIMARY KEY,
    customer               TEXT NOT NULL, -- such as 'C-007'
    opened_at              TEXT NOT NULL, -- local time in Chicago, such as '2026-10-31 23:59:58'
    status                 TEXT NOT NULL,
    first_response_minutes INTEGER,       -- null without an answer
    priority               TEXT NOT NULL
)";
    const INSERT: &'static str = "INSERT INTO tickets \
        (id, customer, opened_at, status, first_response_minutes, priority) VALUES ";
    const PLACES: &'static str = "(?,?,?,?,?,?)";
    const INDEX: &'static str = "CREATE INDEX tickets_opened_at ON tickets (opened_at)";

    fn bind(self, insert: Insert) -> Insert {
        insert
            .bind(i64::try_from(self.id).expect("a ticket's number is small"))
            .bind(self.customer())
            .bind(self.opened_at_text())
            .bind(self.status)
            .bind(self.first_response_minutes)
            .bind(self.priority)
    }
}

/// Writes the traffic to a SQLite file, replacing what is there.
///
/// # Errors
/// [`SampleError::Sqlite`] and [`SampleError::File`] name the file.
pub async fn traffic_sqlite(agency: &Agency, path: &Path) -> Result<(), SampleError> {
    write(path, agency.traffic()).await
}

/// Writes the advertising spend to a SQLite file, replacing what is there.
///
/// # Errors
/// [`SampleError::Sqlite`] and [`SampleError::File`] name the file.
pub async fn ads_sqlite(agency: &Agency, path: &Path) -> Result<(), SampleError> {
    write(path, agency.spend()).await
}

/// Writes the support tickets to a SQLite file, replacing what is there.
///
/// # Errors
/// [`SampleError::Sqlite`] and [`SampleError::File`] name the file.
pub async fn tickets_sqlite(agency: &Agency, path: &Path) -> Result<(), SampleError> {
    write(path, agency.tickets()).await
}

async fn write<R: Stored>(path: &Path, rows: impl Iterator<Item = R>) -> Result<(), SampleError> {
    let part = part_of(path);
    match fs::remove_file(&part) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(SampleError::file(path)(error));
        }
        _ => {}
    }
    fill(&part, rows).await.map_err(|source| SampleError::Sqlite { path: path.into(), source })?;
    fs::rename(&part, path).map_err(SampleError::file(path))
}

/// Makes the file in one go without a journal: it has its name only when it is complete.
async fn fill<R: Stored>(path: &Path, rows: impl Iterator<Item = R>) -> sqlx::Result<()> {
    let mut connection = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .locking_mode(SqliteLockingMode::Exclusive)
        .connect()
        .await?;
    let mut transaction = connection.begin().await?;
    sqlx::query(R::TABLE).execute(&mut *transaction).await?;
    insert(&mut transaction, rows).await?;
    sqlx::query(R::INDEX).execute(&mut *transaction).await?;
    transaction.commit().await?;
    connection.close().await
}

async fn insert<R: Stored>(connection: &mut SqliteConnection, mut rows: impl Iterator<Item = R>) -> sqlx::Result<()> {
    let full = insert_statement::<R>(BATCH);
    loop {
        let batch: Vec<R> = rows.by_ref().take(BATCH).collect();
        let statement = match batch.len() {
            0 => return Ok(()),
            BATCH => Arc::clone(&full),
            fewer => insert_statement::<R>(fewer),
        };
        batch
            .into_iter()
            .fold(sqlx::query(AssertSqlSafe(statement)), |insert, row| row.bind(insert))
            .execute(&mut *connection)
            .await?;
    }
}

/// Safe to run: it is put together from constants, and values are bound.
fn insert_statement<R: Stored>(rows: usize) -> Arc<str> {
    format!("{}{}", R::INSERT, vec![R::PLACES; rows].join(",")).into()
}
