//! The ledger: deliveries and their attempts. A state changes only as the model's table allows.

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
    rows::{Reader, as_kept, storable},
};
use crate::{
    StoreError,
    records::{Attempt, Delivery, Filter, LastRecipients, NewDelivery},
};

const DELIVERIES: &str = "SELECT delivery.id, delivery.run, delivery.revision, delivery.edition, delivery.purpose,
        delivery.channel, delivery.recipient, delivery.copy, delivery.email, delivery.name, delivery.message_id,
        delivery.state, delivery.phase, delivery.reply, delivery.attempts, delivery.planned_at, delivery.changed_at,
        run.report, run.period
    FROM delivery JOIN run ON run.id = delivery.run";

/// The phases of an attempt, in order. An attempt may be told twice that it reached one, but never goes back:
/// after a crash the last one decides whether anything can have left.
const PHASES: [&str; 3] = ["connected", "body_started", "final_sent"];

/// A delivery that a transaction holds: until it ends, nobody else changes it.
struct Held {
    id: String,
    run: String,
    revision: u32,
    purpose: Purpose,
    state: DeliveryState,
    phase: Option<String>,
    attempts: u32,
}

impl Held {
    fn conflict(&self, found: impl Into<String>, expected: impl Into<String>) -> StoreError {
        conflict(&self.id, found, expected)
    }

    fn must_be_at(&self, attempt: u32) -> Result<(), StoreError> {
        if self.attempts == attempt && attempt > 0 {
            return Ok(());
        }
        Err(self.conflict(format!("at attempt {}", self.attempts), format!("at attempt {attempt}")))
    }

    fn may_become(&self, to: DeliveryState) -> Result<(), StoreError> {
        if self.state.may_become(to) {
            return Ok(());
        }
        Err(self.conflict(self.state.as_str(), format!("in a state that may become {to}")))
    }
}

fn conflict(delivery: &str, found: impl Into<String>, expected: impl Into<String>) -> StoreError {
    StoreError::Conflict { subject: format!("delivery {delivery}"), found: found.into(), expected: expected.into() }
}

impl SqlStore {
    pub(super) async fn insert_deliveries(&self, new: &[NewDelivery], now: Timestamp) -> Result<u64, StoreError> {
        // In one order, so that two processes that plan the same deliveries never wait for each other in a ring.
        let mut new: Vec<(String, &NewDelivery)> = new.iter().map(|delivery| (delivery.key.id(), delivery)).collect();
        new.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut work = self.begin().await?;
        let mut planned = 0;
        for (id, delivery) in new {
            let key = &delivery.key;
            let done = sqlx::query(
                "INSERT INTO delivery (id, run, revision, edition, purpose, channel, recipient, copy, email, name,
                     message_id, state, planned_at, changed_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)
                 ON CONFLICT DO NOTHING",
            )
            .bind(&id)
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
            .execute(&mut *work)
            .await
            .map_err(|e| self.not_planned(&id, delivery, &e))?;
            // Another process may have planned it, under any of its keys. Who has only its Message-ID is another.
            if done.rows_affected() == 0 && !self.is_planned(&mut work, &id).await? {
                let found = format!("to have Message-ID {}, which another delivery has", delivery.message_id);
                return Err(conflict(&id, found, "with one of its own"));
            }
            planned += done.rows_affected();
        }
        self.commit(work).await?;
        Ok(planned)
    }

    async fn is_planned(&self, work: &mut Work, id: &str) -> Result<bool, StoreError> {
        let found = sqlx::query("SELECT 1 FROM delivery WHERE id = $1").bind(id).fetch_optional(&mut **work).await;
        found.map(|row| row.is_some()).map_err(|e| self.failed(&e))
    }

    fn not_planned(&self, id: &str, delivery: &NewDelivery, error: &sqlx::Error) -> StoreError {
        let said = error.as_database_error();
        if said.is_some_and(|e| e.is_foreign_key_violation()) {
            let found = format!("of run {}, revision {}, which is missing", delivery.key.run, delivery.key.revision);
            return conflict(id, found, "of one on record");
        }
        self.failed(error)
    }

    pub(super) async fn list_deliveries(&self, filter: &Filter) -> Result<Vec<Delivery>, StoreError> {
        let Some(conditions) = Conditions::of(filter) else { return Ok(Vec::new()) };
        let (conditions_sql, limit, bytes) = (conditions.sql("WHERE"), conditions.limit(), self.by_bytes());
        let sql = format!(
            "{DELIVERIES} {conditions_sql}
             ORDER BY run.period_start DESC, run.report{bytes}, run.id{bytes}, delivery.revision DESC,
                delivery.edition{bytes}, delivery.recipient{bytes}, delivery.purpose{bytes}, delivery.channel{bytes},
                delivery.copy {limit}"
        );
        let rows = conditions.bind(sql).fetch_all(&self.pool).await.map_err(|e| self.failed(&e))?;
        rows.iter().map(delivery).collect()
    }

    pub(super) async fn attempt_begun(
        &self,
        delivery: &str,
        email: &str,
        now: Timestamp,
    ) -> Result<Attempt, StoreError> {
        let mut work = self.begin().await?;
        let held = self.hold_delivery(&mut work, delivery).await?;
        held.may_become(DeliveryState::Sending)?;
        if held.purpose == Purpose::Report {
            self.hold(&mut work, (&held.run, held.revision), true).await?.must_be_distributing()?;
        }
        let number = held.attempts + 1;
        sqlx::query(
            "UPDATE delivery SET state = $1, attempts = $2, email = $3, phase = NULL, reply = NULL, changed_at = $4
             WHERE id = $5",
        )
        .bind(DeliveryState::Sending.as_str())
        .bind(i64::from(number))
        .bind(email)
        .bind(now.as_microsecond())
        .bind(delivery)
        .execute(&mut *work)
        .await
        .map_err(|e| self.failed(&e))?;
        sqlx::query("INSERT INTO attempt (delivery, number, email, started_at) VALUES ($1, $2, $3, $4)")
            .bind(delivery)
            .bind(i64::from(number))
            .bind(email)
            .bind(now.as_microsecond())
            .execute(&mut *work)
            .await
            .map_err(|e| self.failed(&e))?;
        self.commit(work).await?;
        Ok(Attempt {
            delivery: delivery.to_owned(),
            number,
            email: email.to_owned(),
            phase: None,
            outcome: None,
            reply: None,
            started_at: as_kept(now),
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
        let rank = |phase: &str| PHASES.iter().position(|known| *known == phase);
        let mut work = self.begin().await?;
        let held = self.hold_delivery(&mut work, delivery).await?;
        held.must_be_at(attempt)?;
        if held.state != DeliveryState::Sending {
            return Err(held.conflict(held.state.as_str(), DeliveryState::Sending.as_str()));
        }
        let Some(reached) = rank(phase) else {
            return Err(held.conflict(format!("told of a phase `{phase}`"), format!("one of {}", PHASES.join(", "))));
        };
        if let Some(before) = held.phase.as_deref().filter(|before| rank(before) > Some(reached)) {
            return Err(held.conflict(format!("at phase {before}"), format!("before or at {phase}")));
        }
        sqlx::query("UPDATE delivery SET phase = $1, changed_at = $2 WHERE id = $3")
            .bind(phase)
            .bind(now.as_microsecond())
            .bind(delivery)
            .execute(&mut *work)
            .await
            .map_err(|e| self.failed(&e))?;
        sqlx::query("UPDATE attempt SET phase = $1 WHERE delivery = $2 AND number = $3")
            .bind(phase)
            .bind(delivery)
            .bind(i64::from(attempt))
            .execute(&mut *work)
            .await
            .map_err(|e| self.failed(&e))?;
        self.commit(work).await
    }

    pub(super) async fn attempt_finished(
        &self,
        delivery: &str,
        attempt: u32,
        (outcome, reply): (DeliveryState, &str),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        let held = self.hold_delivery(&mut work, delivery).await?;
        if !matches!(held.state, DeliveryState::Sending | DeliveryState::InDoubt) {
            return Err(held.conflict(held.state.as_str(), "sending or in_doubt"));
        }
        held.must_be_at(attempt)?;
        held.may_become(outcome)?;
        if outcome == DeliveryState::Sending {
            return Err(held.conflict("told that an attempt ended as sending", "told its outcome"));
        }
        let reply = storable(reply);
        sqlx::query("UPDATE delivery SET state = $1, reply = $2, changed_at = $3 WHERE id = $4")
            .bind(outcome.as_str())
            .bind(reply.as_ref())
            .bind(now.as_microsecond())
            .bind(delivery)
            .execute(&mut *work)
            .await
            .map_err(|e| self.failed(&e))?;
        sqlx::query("UPDATE attempt SET outcome = $1, reply = $2, ended_at = $3 WHERE delivery = $4 AND number = $5")
            .bind(outcome.as_str())
            .bind(reply.as_ref())
            .bind(now.as_microsecond())
            .bind(delivery)
            .bind(i64::from(attempt))
            .execute(&mut *work)
            .await
            .map_err(|e| self.failed(&e))?;
        self.commit(work).await
    }

    async fn hold_delivery(&self, work: &mut Work, id: &str) -> Result<Held, StoreError> {
        let columns = "run, revision, purpose, state, phase, attempts";
        let sql = format!("SELECT {columns} FROM delivery WHERE id = $1{}", self.held());
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id)
            .fetch_optional(&mut **work)
            .await
            .map_err(|e| self.failed(&e))?;
        let Some(row) = row else { return Err(conflict(id, "missing", "on record")) };
        let read = Reader(&row);
        Ok(Held {
            id: id.to_owned(),
            run: read.text("run")?,
            revision: read.small("revision")?,
            purpose: read.word("purpose")?,
            state: read.word("state")?,
            phase: read.maybe_text("phase")?,
            attempts: read.small("attempts")?,
        })
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
    Ok(Attempt {
        delivery: read.text("delivery")?,
        number: read.small("number")?,
        email: read.text("email")?,
        phase: read.maybe_text("phase")?,
        outcome: read.maybe_word("outcome")?,
        reply: read.maybe_text("reply")?,
        started_at: read.instant("started_at")?,
        ended_at: read.maybe_instant("ended_at")?,
    })
}
