//! Measures an extraction from PostgreSQL into a snapshot, as the product makes it, against `psql`'s `\copy` of the same query to
//! /dev/null.
//!
//! `make bench` runs it; by hand it takes `postgres://user@host:port/database [rows]` and makes the table
//! `extract_bench` if it does not have that many rows (10,000,000 by default).

use std::{
    error::Error,
    process::Command,
    time::{Duration, Instant},
};

use punctual_data::{
    snapshot::write_stream,
    source::{ExtractRequest, SourceConfig},
};
use punctual_model::{
    definition::{Columns, TimeEncoding},
    sql_text::SqlText,
    zone::Zone,
};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

const QUERY: &str = "SELECT id, seen, amount, ratio, code FROM extract_bench";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("usage: extract_bench URL [ROWS]")?;
    let rows: i64 = arguments.next().map_or(Ok(10_000_000), |rows| rows.parse())?;
    make_table(&url, rows).await?;

    let folder = tempfile::tempdir()?;
    let path = folder.path().join("extract.parquet");
    let start = Instant::now();
    let written = extract(&url, &path).await?;
    let ours = start.elapsed();
    let size = std::fs::metadata(&path)?.len() as f64 / 1e6;
    println!("{written} rows into {size:.0} MB of Parquet in {:.2} s", ours.as_secs_f64());
    println!("{:.0} rows/s, peak memory {} MB", written as f64 / ours.as_secs_f64(), peak_memory()?);

    let start = Instant::now();
    let copied = Command::new("psql")
        .args(["-X", "-q", &url, "-c", &format!("\\copy ({QUERY}) TO '/dev/null' CSV")])
        .status()?;
    if !copied.success() {
        return Err("psql failed".into());
    }
    let theirs = start.elapsed();
    println!(
        "\\copy to /dev/null in {:.2} s; ratio {:.2}",
        theirs.as_secs_f64(),
        ours.as_secs_f64() / theirs.as_secs_f64()
    );
    Ok(())
}

async fn make_table(url: &str, rows: i64) -> Result<(), Box<dyn Error>> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::raw_sql(
        "CREATE TABLE IF NOT EXISTS extract_bench (id bigint NOT NULL, seen timestamptz NOT NULL, \
         amount numeric(12,2) NOT NULL, ratio double precision NOT NULL, code varchar(12) NOT NULL)",
    )
    .execute(&mut connection)
    .await?;
    let there: i64 = sqlx::query_scalar("SELECT count(*) FROM extract_bench").fetch_one(&mut connection).await?;
    if there == rows {
        return Ok(());
    }
    sqlx::raw_sql(AssertSqlSafe(format!(
        "TRUNCATE extract_bench; INSERT INTO extract_bench \
         SELECT n, timestamptz '2024-01-01' + n * interval '6.31 seconds', (n::bigint * 7919 % 10000000) / 100.0, \
         sqrt(n::double precision), substr(md5(n::text), 1, 12) FROM generate_series(1, {rows}) n; ANALYZE extract_bench"
    )))
    .execute(&mut connection)
    .await?;
    Ok(())
}

async fn extract(url: &str, path: &std::path::Path) -> Result<u64, Box<dyn Error>> {
    let kind = punctual_sources::KINDS.iter().find(|kind| kind.spec.name == "postgres").ok_or("no postgres")?;
    let mut options = serde_json::Map::new();
    options.insert("url".to_owned(), url.into());
    let source = (kind.open)(SourceConfig {
        name: "bench".to_owned(),
        timezone: Zone::utc(),
        time_encoding: TimeEncoding::Native,
        timeout: Duration::from_secs(600),
        cell_bytes: 1 << 20,
        options,
        project: ".".into(),
    })?;
    let extraction = source
        .extract(ExtractRequest {
            dataset: "bench".to_owned(),
            sql: Some(SqlText::plain(QUERY)),
            columns: Columns::default(),
        })
        .await?;
    Ok(write_stream(path, extraction.schema, extraction.batches).await?.rows)
}

/// The most memory that this process had, in MB.
fn peak_memory() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes / 1_000)
}
