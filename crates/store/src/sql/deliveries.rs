//! The ledger: deliveries and their attempts. A state changes only as the model's table allows.

use jiff::Timestamp;
use punctual_model::{
    identity::DeliveryKey,
    recipients::Recipient,
    state::{DeliveryState, Purpose},
};
use sqlx::{Any, Transaction, any::AnyRow};

use super::{SqlStore, rows::Reader};
use crate::{
    StoreError,
    records::{Attempt, Delivery, Filter, LastRecipients, NewDelivery},
};

const DELIVERIES: &str = "SELECT delivery.id, delivery.run, delivery.revision, delivery.edition, delivery.purpose,
        delivery.channel, delivery.recipient, delivery.copy, delivery.email, delivery.name, delivery.message_id,
        delivery.state, delivery.phase, delivery.reply, delivery.attempts, delivery.planned_at, delivery.changed_at,
        run.report, run.period
    FROM delivery JOIN run ON run.id = delivery.run";

impl SqlStore {
    pub(super) async fn insert_deliveries(&self, new: &[NewDelivery], now: Timestamp) -> Result<u64, StoreError> {
        let mut transaction = self.begin().await?;
        let mut planned = 0;
        for delivery in new {
            let key = &delivery.key;
            let done = sqlx::query(
                "INSERT INTO delivery (id, run, revision, edition, purpose, channel, recipient, copy, email, name,
                     message_id, state, planned_at, changed_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)
                 ON CONFLICT DO NOTHING",
            )
            .bind(key.id())
            .bind(&key.run)
            .bind(i64::from(key.revision))
            .bind(&key.edition)
            .bind(key.purpose.as_str())
            .bind(&key.channel)
            .bind(&key.recipient)
            .bind(i64::from(key.copy))
            .bind(&delivery.email)
            .bind(delivery.name.as_deref())
            .bind(&delivery.message_id)
            .bind(DeliveryState::Planned.as_str())
            .bind(now.as_microsecond())
            .execute(&mut *transaction)
            .await
            .map_err(|e| self.failed(&e))?;
            planned += done.rows_affected();
        }
        transaction.commit().await.map_err(|e| self.failed(&e))?;
        Ok(planned)
    }

    pub(super) async fn list_deliveries(&self, filter: &Filter) -> Result<Vec<Delivery>, StoreError> {
        let sql = format!(
            "{DELIVERIES} WHERE ($1 = '' OR run.report = $1) AND ($2 = '' OR run.period = $2)
                AND ($3 = '' OR run.id LIKE $3)
             ORDER BY run.period_start DESC, run.report, run.id, delivery.revision DESC, delivery.planned_at,
                delivery.edition, delivery.recipient, delivery.copy LIMIT $4"
        );
        let limit = if filter.limit == 0 { i64::MAX } else { i64::from(filter.limit) };
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(filter.report.as_deref().unwrap_or_default())
            .bind(filter.period.as_deref().unwrap_or_default())
            .bind(super::runs::prefix(filter.run.as_deref()))
            .bind(limit)
            .fetch_all(&self.pool)
            .await
            .map_err(|e| self.failed(&e))?;
        rows.iter().map(delivery).collect()
    }

    pub(super) async fn attempt_begun(
        &self,
        delivery: &str,
        email: &str,
        now: Timestamp,
    ) -> Result<Attempt, StoreError> {
        let mut transaction = self.begin().await?;
        self.change_delivery(&mut transaction, delivery, DeliveryState::Sending).await?;
        let row = sqlx::query(
            "UPDATE delivery SET attempts = attempts + 1, email = $1, phase = NULL, reply = NULL, changed_at = $2
             WHERE id = $3 RETURNING attempts",
        )
        .bind(email)
        .bind(now.as_microsecond())
        .bind(delivery)
        .fetch_one(&mut *transaction)
        .await
        .map_err(|e| self.failed(&e))?;
        let number = Reader(&row).small("attempts")?;
        sqlx::query("INSERT INTO attempt (delivery, number, email, started_at) VALUES ($1, $2, $3, $4)")
            .bind(delivery)
            .bind(i64::from(number))
            .bind(email)
            .bind(now.as_microsecond())
            .execute(&mut *transaction)
            .await
            .map_err(|e| self.failed(&e))?;
        transaction.commit().await.map_err(|e| self.failed(&e))?;
        Ok(Attempt {
            delivery: delivery.to_owned(),
            number,
            email: email.to_owned(),
            phase: None,
            outcome: None,
            reply: None,
            started_at: now,
            ended_at: None,
        })
    }

    pub(super) async fn phase_reached(
        &self,
        delivery: &str,
        attempt: u32,
        phase: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let changed = sqlx::query(
            "UPDATE delivery SET phase = $1, changed_at = $2 WHERE id = $3 AND state = 'sending' AND attempts = $4",
        )
        .bind(phase)
        .bind(now.as_microsecond())
        .bind(delivery)
        .bind(i64::from(attempt))
        .execute(&mut *transaction)
        .await
        .map_err(|e| self.failed(&e))?;
        if changed.rows_affected() != 1 {
            return Err(self.not_sending(delivery, attempt));
        }
        sqlx::query("UPDATE attempt SET phase = $1 WHERE delivery = $2 AND number = $3")
            .bind(phase)
            .bind(delivery)
            .bind(i64::from(attempt))
            .execute(&mut *transaction)
            .await
            .map_err(|e| self.failed(&e))?;
        transaction.commit().await.map_err(|e| self.failed(&e))
    }

    pub(super) async fn attempt_finished(
        &self,
        delivery: &str,
        attempt: u32,
        (outcome, reply): (DeliveryState, &str),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        self.change_delivery(&mut transaction, delivery, outcome).await?;
        let changed = sqlx::query("UPDATE delivery SET reply = $1, changed_at = $2 WHERE id = $3 AND attempts = $4")
            .bind(reply)
            .bind(now.as_microsecond())
            .bind(delivery)
            .bind(i64::from(attempt))
            .execute(&mut *transaction)
            .await
            .map_err(|e| self.failed(&e))?;
        if changed.rows_affected() != 1 {
            return Err(self.not_sending(delivery, attempt));
        }
        sqlx::query("UPDATE attempt SET outcome = $1, reply = $2, ended_at = $3 WHERE delivery = $4 AND number = $5")
            .bind(outcome.as_str())
            .bind(reply)
            .bind(now.as_microsecond())
            .bind(delivery)
            .bind(i64::from(attempt))
            .execute(&mut *transaction)
            .await
            .map_err(|e| self.failed(&e))?;
        transaction.commit().await.map_err(|e| self.failed(&e))
    }

    /// Changes a delivery's state, if the model's table allows it from the state that it has.
    async fn change_delivery(
        &self,
        transaction: &mut Transaction<'static, Any>,
        delivery: &str,
        to: DeliveryState,
    ) -> Result<(), StoreError> {
        let conflict = |found: String| StoreError::Conflict {
            subject: format!("delivery {delivery}"),
            found,
            expected: format!("a state that may become {to}"),
        };
        let row = sqlx::query("SELECT state FROM delivery WHERE id = $1")
            .bind(delivery)
            .fetch_optional(&mut **transaction)
            .await
            .map_err(|e| self.failed(&e))?;
        let Some(row) = row else { return Err(conflict("missing".to_owned())) };
        let from: DeliveryState = Reader(&row).word("state")?;
        if !from.may_become(to) {
            return Err(conflict(from.to_string()));
        }
        let changed = sqlx::query("UPDATE delivery SET state = $1 WHERE id = $2 AND state = $3")
            .bind(to.as_str())
            .bind(delivery)
            .bind(from.as_str())
            .execute(&mut **transaction)
            .await
            .map_err(|e| self.failed(&e))?;
        if changed.rows_affected() == 1 { Ok(()) } else { Err(conflict("changed meanwhile".to_owned())) }
    }

    fn not_sending(&self, delivery: &str, attempt: u32) -> StoreError {
        StoreError::Conflict {
            subject: format!("delivery {delivery}"),
            found: "at another attempt".to_owned(),
            expected: format!("at attempt {attempt}"),
        }
    }

    pub(super) async fn list_attempts(&self, delivery: &str) -> Result<Vec<Attempt>, StoreError> {
        let rows = sqlx::query(
            "SELECT delivery, number, email, phase, outcome, reply, started_at, ended_at FROM attempt
             WHERE delivery = $1 ORDER BY number",
        )
        .bind(delivery)
        .fetch_all(&self.pool)
        .await
        .map_err(|e| self.failed(&e))?;
        rows.iter().map(attempt).collect()
    }

    pub(super) async fn recipients_before(
        &self,
        report: &str,
        before: Timestamp,
    ) -> Result<LastRecipients, StoreError> {
        const TAKEN: &str = "delivery.purpose = 'report' AND delivery.state IN ('accepted', 'delivered')";
        let sql = format!(
            "SELECT delivery.edition, delivery.recipient, delivery.email, delivery.name
             FROM delivery JOIN run ON run.id = delivery.run
             WHERE {TAKEN} AND run.report = $1 AND run.period_start = (
                SELECT max(run.period_start) FROM delivery JOIN run ON run.id = delivery.run
                WHERE {TAKEN} AND run.report = $1 AND run.period_start < $2)
             ORDER BY delivery.edition, delivery.recipient"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(report)
            .bind(before.as_microsecond())
            .fetch_all(&self.pool)
            .await
            .map_err(|e| self.failed(&e))?;
        rows.iter()
            .map(|row| {
                let read = Reader(row);
                Ok(Recipient {
                    edition: read.text("edition")?,
                    id: read.text("recipient")?,
                    email: read.text("email")?,
                    name: read.maybe_text("name")?,
                })
            })
            .collect()
    }
}

fn delivery(row: &AnyRow) -> Result<Delivery, StoreError> {
    let read = Reader(row);
    Ok(Delivery {
        id: read.text("id")?,
        key: DeliveryKey {
            run: read.text("run")?,
            revision: read.small("revision")?,
            edition: read.text("edition")?,
            purpose: read.word::<Purpose>("purpose")?,
            channel: read.text("channel")?,
            recipient: read.text("recipient")?,
            copy: read.small("copy")?,
        },
        report: read.text("report")?,
        period: read.text("period")?,
        email: read.text("email")?,
        name: read.maybe_text("name")?,
        message_id: read.text("message_id")?,
        state: read.word("state")?,
        phase: read.maybe_text("phase")?,
        reply: read.maybe_text("reply")?,
        attempts: read.small("attempts")?,
        planned_at: read.instant("planned_at")?,
        changed_at: read.instant("changed_at")?,
    })
}

fn attempt(row: &AnyRow) -> Result<Attempt, StoreError> {
    let read = Reader(row);
    let outcome = match read.maybe_text("outcome")? {
        Some(_) => Some(read.word::<DeliveryState>("outcome")?),
        None => None,
    };
    Ok(Attempt {
        delivery: read.text("delivery")?,
        number: read.small("number")?,
        email: read.text("email")?,
        phase: read.maybe_text("phase")?,
        outcome,
        reply: read.maybe_text("reply")?,
        started_at: read.instant("started_at")?,
        ended_at: read.maybe_instant("ended_at")?,
    })
}
