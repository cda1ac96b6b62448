//! The ledger: who is to get what. Rows are planned, held and listed here; attempts to send them have
//! a file of their own. A state changes only as the model's table allows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use punctual_model::{
    identity::DeliveryKey,
    recipients::Recipient,
    state::{DeliveryState, Purpose},
};
use sqlx::any::AnyRow;

use super::{
    SqlStore, Work,
    filter::Conditions,
    rows::{Reader, storable},
};
use crate::{
    StoreError,
    records::{Delivery, Filter, LastRecipients, NewDelivery},
};

const DELIVERIES: &str = "SELECT delivery.id, delivery.run, delivery.revision, delivery.edition, delivery.purpose,
        delivery.recipient, delivery.copy, delivery.channel, delivery.email, delivery.address, delivery.name,
        delivery.message_id, delivery.subject, delivery.state, delivery.phase, delivery.reply, delivery.attempts,
        delivery.planned_at, delivery.changed_at, run.report, run.period
    FROM delivery JOIN run ON run.id = delivery.run";

pub(super) fn conflict(delivery: &str, found: impl Into<String>, expected: impl Into<String>) -> StoreError {
    StoreError::Conflict { subject: format!("delivery {delivery}"), found: found.into(), expected: expected.into() }
}

impl SqlStore {
    pub(super) async fn put_deliveries(&self, new: &[NewDelivery], now: Timestamp) -> Result<u64, StoreError> {
        // In one order, so that two processes that plan the same deliveries never wait for each other in a ring.
        let mut new: Vec<(String, &NewDelivery)> = new.iter().map(|delivery| (delivery.key.id(), delivery)).collect();
        new.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut work = self.begin().await?;
        let mut planned = 0;
        for (id, delivery) in new {
            if self.insert_delivery(&mut work, &id, delivery, now).await? {
                planned += 1;
            } else {
                self.refresh_delivery(&mut work, &id, delivery, now).await?;
            }
        }
        self.commit(work).await?;
        Ok(planned)
    }

    /// Whether the delivery is new.
    async fn insert_delivery(
        &self,
        work: &mut Work,
        id: &str,
        delivery: &NewDelivery,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let key = &delivery.key;
        let done = sqlx::query(
            "INSERT INTO delivery (id, run, revision, edition, purpose, recipient, copy, channel, email, address, name,
                 message_id, state, reply, planned_at, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)
             ON CONFLICT DO NOTHING",
        )
        .bind(id)
        .bind(&key.run)
        .bind(i64::from(key.revision))
        .bind(&key.edition)
        .bind(key.purpose.as_str())
        .bind(&key.recipient)
        .bind(i64::from(key.copy))
        .bind(&delivery.channel)
        .bind(&delivery.email)
        .bind(&delivery.address)
        .bind(delivery.name.as_deref())
        .bind(&delivery.message_id)
        .bind(planned_state(delivery).as_str())
        .bind(delivery.held.as_deref().map(storable).as_deref())
        .bind(now.as_microsecond())
        .execute(&mut **work)
        .await
        .map_err(|e| self.not_planned(id, delivery, &e))?;
        Ok(done.rows_affected() > 0)
    }

    /// What is on record and has not left gets what is said of it today.
    async fn refresh_delivery(
        &self,
        work: &mut Work,
        id: &str,
        delivery: &NewDelivery,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let key = &delivery.key;
        // By what it is, not by its id: ids of earlier versions named the channel, too.
        let sql = format!(
            "SELECT id, state FROM delivery WHERE run = $1 AND revision = $2 AND edition = $3 AND purpose = $4
                AND recipient = $5 AND copy = $6{}",
            self.held()
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(&key.run)
            .bind(i64::from(key.revision))
            .bind(&key.edition)
            .bind(key.purpose.as_str())
            .bind(&key.recipient)
            .bind(i64::from(key.copy))
            .fetch_optional(&mut **work)
            .await
            .map_err(|e| self.failed(&e))?;
        let Some(row) = row else {
            let found = format!("to have Message-ID {}, which another delivery has", delivery.message_id);
            return Err(conflict(id, found, "with one of its own"));
        };
        let read = Reader(&row);
        let (known, state) = (read.text("id")?, read.word::<DeliveryState>("state")?);
        if !state.is_unsent() {
            return Ok(());
        }
        let (to, reply) = match (&delivery.held, state) {
            (Some(why), _) => (DeliveryState::Held, Some(Some(storable(why)))),
            (None, DeliveryState::Held) => (DeliveryState::Planned, Some(None)),
            (None, other) => (other, None),
        };
        let reply_changes = i64::from(reply.is_some());
        sqlx::query(
            "UPDATE delivery SET channel = $1, email = $2, address = $3, name = $4, state = $5,
                reply = CASE WHEN $6 = 1 THEN $7 ELSE reply END,
                changed_at = CASE WHEN state = $5 THEN changed_at ELSE $8 END WHERE id = $9",
        )
        .bind(&delivery.channel)
        .bind(&delivery.email)
        .bind(&delivery.address)
        .bind(delivery.name.as_deref())
        .bind(to.as_str())
        .bind(reply_changes)
        .bind(reply.flatten().as_deref())
        .bind(now.as_microsecond())
        .bind(&known)
        .execute(&mut **work)
        .await
        .map_err(|e| self.failed(&e))?;
        Ok(())
    }

    fn not_planned(&self, id: &str, delivery: &NewDelivery, error: &sqlx::Error) -> StoreError {
        let said = error.as_database_error();
        if said.is_some_and(|e| e.is_foreign_key_violation()) {
            let found = format!("of run {}, revision {}, which is missing", delivery.key.run, delivery.key.revision);
            return conflict(id, found, "of one on record");
        }
        self.failed(error)
    }

    pub(super) async fn others_held(
        &self,
        (run, revision): (&str, u32),
        keep: &[String],
        why: &str,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut work = self.begin().await?;
        let sql = format!(
            "SELECT id, state FROM delivery WHERE run = $1 AND revision = $2 AND purpose = 'report' AND copy = 0
             ORDER BY id{}{}",
            self.by_bytes(),
            self.held()
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(run)
            .bind(i64::from(revision))
            .fetch_all(&mut *work)
            .await
            .map_err(|e| self.failed(&e))?;
        let mut held = 0;
        for row in &rows {
            let read = Reader(row);
            let (id, state) = (read.text("id")?, read.word::<DeliveryState>("state")?);
            if keep.contains(&id) || !state.may_become(DeliveryState::Held) {
                continue;
            }
            sqlx::query("UPDATE delivery SET state = $1, reply = $2, changed_at = $3 WHERE id = $4")
                .bind(DeliveryState::Held.as_str())
                .bind(storable(why).as_ref())
                .bind(now.as_microsecond())
                .bind(&id)
                .execute(&mut *work)
                .await
                .map_err(|e| self.failed(&e))?;
            held += 1;
        }
        self.commit(work).await?;
        Ok(held)
    }

    pub(super) async fn list_deliveries(&self, filter: &Filter) -> Result<Vec<Delivery>, StoreError> {
        let Some(conditions) = Conditions::of_deliveries(filter) else { return Ok(Vec::new()) };
        let (conditions_sql, limit, bytes) = (conditions.sql("WHERE"), conditions.limit(), self.by_bytes());
        let sql = format!(
            "{DELIVERIES} {conditions_sql}
             ORDER BY run.period_start DESC, run.report{bytes}, run.id{bytes}, delivery.revision DESC,
                delivery.edition{bytes}, delivery.recipient{bytes}, delivery.purpose{bytes}, delivery.copy {limit}"
        );
        let rows = conditions.bind(sql).fetch_all(&self.pool).await.map_err(|e| self.failed(&e))?;
        rows.iter().map(delivery).collect()
    }

    pub(super) async fn recipients_before(
        &self,
        report: &str,
        before: Timestamp,
    ) -> Result<LastRecipients, StoreError> {
        // Who complained has got it; who bounced has not.
        const TAKEN: &str = "delivery.purpose = 'report' AND delivery.state IN ('accepted', 'delivered', 'complained')";
        let sql = format!(
            "SELECT delivery.edition, delivery.recipient, delivery.email, delivery.name
             FROM delivery JOIN run ON run.id = delivery.run
             WHERE {TAKEN} AND run.report = $1 AND run.period_start = (
                SELECT max(run.period_start) FROM delivery JOIN run ON run.id = delivery.run
                WHERE {TAKEN} AND run.report = $1 AND run.period_start < $2)
             ORDER BY delivery.revision, delivery.copy, delivery.changed_at"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(report)
            .bind(before.as_microsecond())
            .fetch_all(&self.pool)
            .await
            .map_err(|e| self.failed(&e))?;
        // A correction or a copy went to the same recipient again: the newest address counts.
        let mut recipients = BTreeMap::new();
        for row in &rows {
            let read = Reader(row);
            let recipient = Recipient {
                edition: read.text("edition")?,
                id: read.text("recipient")?,
                email: read.text("email")?,
                name: read.maybe_text("name")?,
            };
            recipients.insert((recipient.edition.clone(), recipient.id.clone()), recipient);
        }
        Ok(recipients.into_values().collect())
    }
}

fn planned_state(delivery: &NewDelivery) -> DeliveryState {
    if delivery.held.is_some() { DeliveryState::Held } else { DeliveryState::Planned }
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
            recipient: read.text("recipient")?,
            copy: read.small("copy")?,
        },
        report: read.text("report")?,
        period: read.text("period")?,
        channel: read.text("channel")?,
        email: read.text("email")?,
        address: read.text("address")?,
        name: read.maybe_text("name")?,
        message_id: read.text("message_id")?,
        subject: read.maybe_text("subject")?,
        state: read.word("state")?,
        phase: read.maybe_text("phase")?,
        reply: read.maybe_text("reply")?,
        attempts: read.small("attempts")?,
        planned_at: read.instant("planned_at")?,
        changed_at: read.instant("changed_at")?,
    })
}
