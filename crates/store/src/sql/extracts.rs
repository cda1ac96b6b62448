//! What each dataset's extraction gave. Snapshots of a frozen revision stay as they are.

use sqlx::any::AnyRow;

use super::{
    SqlStore,
    rows::{Reader, signed, storable},
};
use crate::{StoreError, records::ExtractRecord};

impl SqlStore {
    pub(super) async fn put_extract(
        &self,
        run: &str,
        revision: u32,
        extract: &ExtractRecord,
    ) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        self.hold(&mut work, (run, revision), false).await?.must_not_be_frozen()?;
        sqlx::query(
            "INSERT INTO extract (run, revision, dataset, source, statement, binds, snapshot, rows, bytes, asked_at,
                 extracted_at, doubt)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
             ON CONFLICT (run, revision, dataset) DO UPDATE SET source = excluded.source,
                 statement = excluded.statement, binds = excluded.binds, snapshot = excluded.snapshot,
                 rows = excluded.rows, bytes = excluded.bytes, asked_at = excluded.asked_at,
                 extracted_at = excluded.extracted_at, doubt = excluded.doubt",
        )
        .bind(run)
        .bind(i64::from(revision))
        .bind(&extract.dataset)
        .bind(&extract.source)
        .bind(storable(&extract.statement).as_ref())
        .bind(storable(&extract.binds).as_ref())
        .bind(extract.snapshot.as_str())
        .bind(signed(extract.rows))
        .bind(signed(extract.bytes))
        .bind(extract.asked_at.as_microsecond())
        .bind(extract.extracted_at.as_microsecond())
        .bind(extract.doubt.as_deref().map(storable).as_deref())
        .execute(&mut *work)
        .await
        .map_err(|e| self.failed(&e))?;
        self.commit(work).await
    }

    pub(super) async fn list_extracts(&self, run: &str, revision: u32) -> Result<Vec<ExtractRecord>, StoreError> {
        let sql = format!(
            "SELECT dataset, source, statement, binds, snapshot, rows, bytes, asked_at, extracted_at, doubt FROM extract
             WHERE run = $1 AND revision = $2 ORDER BY dataset{}",
            self.by_bytes()
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(run)
            .bind(i64::from(revision))
            .fetch_all(&self.pool)
            .await
            .map_err(|e| self.failed(&e))?;
        rows.iter().map(extract).collect()
    }

    pub(super) async fn drop_extracts(&self, run: &str, revision: u32) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        self.hold(&mut work, (run, revision), false).await?.must_not_be_frozen()?;
        sqlx::query("DELETE FROM extract WHERE run = $1 AND revision = $2")
            .bind(run)
            .bind(i64::from(revision))
            .execute(&mut *work)
            .await
            .map_err(|e| self.failed(&e))?;
        self.commit(work).await
    }

    pub(super) async fn extracts_doubted(
        &self,
        (run, revision): (&str, u32),
        datasets: &[String],
        why: &str,
    ) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        self.hold(&mut work, (run, revision), false).await?.must_not_be_frozen()?;
        for dataset in datasets {
            sqlx::query("UPDATE extract SET doubt = $1 WHERE run = $2 AND revision = $3 AND dataset = $4")
                .bind(storable(why).as_ref())
                .bind(run)
                .bind(i64::from(revision))
                .bind(dataset)
                .execute(&mut *work)
                .await
                .map_err(|e| self.failed(&e))?;
        }
        self.commit(work).await
    }
}

fn extract(row: &AnyRow) -> Result<ExtractRecord, StoreError> {
    let read = Reader(row);
    Ok(ExtractRecord {
        dataset: read.text("dataset")?,
        source: read.text("source")?,
        statement: read.text("statement")?,
        binds: read.text("binds")?,
        snapshot: read.content("snapshot")?,
        rows: read.count("rows")?,
        bytes: read.count("bytes")?,
        asked_at: read.instant("asked_at")?,
        extracted_at: read.instant("extracted_at")?,
        doubt: read.maybe_text("doubt")?,
    })
}
