//! What persons decided, and the addresses that are not written to until one of them says otherwise.

use jiff::Timestamp;
use punctual_model::identity::ContentHash;
use sqlx::any::AnyRow;

use super::{
    SqlStore, Work,
    rows::{Reader, storable},
};
use crate::{
    StoreError,
    records::{Decision, Suppression},
};

impl SqlStore {
    pub(super) async fn decided(&self, decision: &Decision) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        self.put_decision(&mut work, decision).await?;
        self.commit(work).await
    }

    pub(super) async fn put_decision(&self, work: &mut Work, decision: &Decision) -> Result<(), StoreError> {
        // The same decision at the same instant is the same row.
        let id = ContentHash::of_json(decision).as_str()[..32].to_owned();
        sqlx::query(
            "INSERT INTO decision (id, at, who, what, why, run, delivery, address)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        )
        .bind(id)
        .bind(decision.at.as_microsecond())
        .bind(storable(&decision.who).as_ref())
        .bind(&decision.what)
        .bind(storable(&decision.why).as_ref())
        .bind(decision.run.as_deref())
        .bind(decision.delivery.as_deref())
        .bind(decision.address.as_deref())
        .execute(&mut **work)
        .await
        .map_err(|e| self.failed(&e))?;
        Ok(())
    }

    pub(super) async fn list_decisions(&self, run: Option<&str>) -> Result<Vec<Decision>, StoreError> {
        let condition = if run.is_some() { "WHERE run = $1" } else { "WHERE $1 IS NULL" };
        let sql = format!(
            "SELECT at, who, what, why, run, delivery, address FROM decision {condition} ORDER BY at, id{}",
            self.by_bytes()
        );
        let rows =
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(run).fetch_all(&self.pool).await.map_err(|e| self.failed(&e))?;
        rows.iter().map(decision).collect()
    }

    pub(super) async fn suppress(
        &self,
        work: &mut Work,
        delivery: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO suppression (address, email, reason, delivery, since)
             SELECT address, email, $1, id, $2 FROM delivery WHERE id = $3
             ON CONFLICT (address) DO NOTHING",
        )
        .bind(reason)
        .bind(now.as_microsecond())
        .bind(delivery)
        .execute(&mut **work)
        .await
        .map_err(|e| self.failed(&e))?;
        Ok(())
    }

    pub(super) async fn list_suppressions(&self) -> Result<Vec<Suppression>, StoreError> {
        let sql = format!(
            "SELECT address, email, reason, delivery, since FROM suppression ORDER BY address{}",
            self.by_bytes()
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&self.pool).await.map_err(|e| self.failed(&e))?;
        rows.iter().map(suppression).collect()
    }

    pub(super) async fn unsuppressed(&self, address: &str, decision: &Decision) -> Result<bool, StoreError> {
        let mut work = self.begin().await?;
        let done = sqlx::query("DELETE FROM suppression WHERE address = $1")
            .bind(address)
            .execute(&mut *work)
            .await
            .map_err(|e| self.failed(&e))?;
        if done.rows_affected() > 0 {
            self.put_decision(&mut work, decision).await?;
        }
        self.commit(work).await?;
        Ok(done.rows_affected() > 0)
    }
}

fn decision(row: &AnyRow) -> Result<Decision, StoreError> {
    let read = Reader(row);
    Ok(Decision {
        at: read.instant("at")?,
        who: read.text("who")?,
        what: read.text("what")?,
        why: read.text("why")?,
        run: read.maybe_text("run")?,
        delivery: read.maybe_text("delivery")?,
        address: read.maybe_text("address")?,
    })
}

fn suppression(row: &AnyRow) -> Result<Suppression, StoreError> {
    let read = Reader(row);
    Ok(Suppression {
        address: read.text("address")?,
        email: read.text("email")?,
        reason: read.text("reason")?,
        delivery: read.text("delivery")?,
        since: read.instant("since")?,
    })
}
