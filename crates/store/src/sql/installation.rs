//! The one row that says to which installation the database belongs.

use async_trait::async_trait;

use super::{SqlStore, Work, rows::Reader};
use crate::{
    StoreError,
    installation::{Adoption, Identified, Identity},
};

#[async_trait]
impl Identified for SqlStore {
    async fn identity(&self) -> Result<Identity, StoreError> {
        let row = sqlx::query(
            "SELECT coalesce((SELECT id FROM installation), '') AS id,
                coalesce((SELECT begun FROM installation), 0) AS begun,
                (SELECT count(*) FROM attempt) AS attempts, (SELECT count(*) FROM run) AS runs",
        )
        .fetch_one(&self.pool)
        .await
        .map_err(|e| self.failed(&e))?;
        let read = Reader(&row);
        let id = Some(read.text("id")?).filter(|id| !id.is_empty());
        Ok(Identity { id, begun: read.count("begun")?, attempts: read.count("attempts")?, runs: read.count("runs")? })
    }

    async fn begun(&self) -> Result<(Option<String>, u64), StoreError> {
        let row = sqlx::query("SELECT id, begun FROM installation").fetch_optional(&self.pool).await;
        let Some(row) = row.map_err(|e| self.failed(&e))? else { return Ok((None, 0)) };
        let read = Reader(&row);
        Ok((Some(read.text("id")?).filter(|id| !id.is_empty()), read.count("begun")?))
    }

    async fn name(&self, from: Option<&str>, id: &str) -> Result<String, StoreError> {
        let mut work = self.begin().await?;
        self.there_is_a_row(&mut work).await?;
        sqlx::query("UPDATE installation SET id = $1 WHERE id = $2")
            .bind(id)
            .bind(from.unwrap_or_default())
            .execute(&mut *work)
            .await
            .map_err(|e| self.failed(&e))?;
        let row = sqlx::query("SELECT id FROM installation").fetch_one(&mut *work).await;
        let named = Reader(&row.map_err(|e| self.failed(&e))?).text("id")?;
        self.commit(work).await?;
        Ok(named)
    }

    async fn adopt(&self, adoption: &Adoption) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        self.there_is_a_row(&mut work).await?;
        sqlx::query("UPDATE installation SET id = $1, begun = (SELECT count(*) FROM attempt)")
            .bind(&adoption.id)
            .execute(&mut *work)
            .await
            .map_err(|e| self.failed(&e))?;
        sqlx::query("INSERT INTO adoption (installation, what, who, why, at) VALUES ($1, $2, $3, $4, $5)")
            .bind(&adoption.id)
            .bind(&adoption.what)
            .bind(&adoption.who)
            .bind(&adoption.why)
            .bind(adoption.at.as_microsecond())
            .execute(&mut *work)
            .await
            .map_err(|e| self.failed(&e))?;
        self.commit(work).await
    }
}

impl SqlStore {
    /// An attempt counts from the transaction that puts it on record.
    pub(super) async fn count_attempt(&self, work: &mut Work) -> Result<(), StoreError> {
        let counted = sqlx::query("UPDATE installation SET begun = begun + 1").execute(&mut **work).await;
        counted.map(|_| ()).map_err(|e| self.failed(&e))
    }

    /// The row is made with the table; who emptied the database took it away.
    async fn there_is_a_row(&self, work: &mut Work) -> Result<(), StoreError> {
        let made = sqlx::query("INSERT INTO installation (one, id, begun) VALUES (1, '', 0) ON CONFLICT DO NOTHING");
        made.execute(&mut **work).await.map(|_| ()).map_err(|e| self.failed(&e))
    }
}
