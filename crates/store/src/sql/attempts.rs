//! Attempts to send: each on record before anything leaves, with how far it will have come before each
//! step. One guard stands here over the whole ledger: an address gets an edition of a run once.

use jiff::Timestamp;
use punctual_model::state::{DeliveryState, Purpose};
use sqlx::any::AnyRow;

use super::{
    SqlStore, Work,
    deliveries::conflict,
    rows::{Reader, as_kept, signed, storable},
};
use crate::{
    StoreError,
    records::{ArtifactRecord, Attempt, Decision, Ended, Owner, Sending},
};

/// The phases of an attempt, in order. An attempt may be told twice that it reached one, but never goes back:
/// after a crash the last one decides whether anything can have left.
const PHASES: [&str; 3] = ["connected", BODY_STARTED, "final_sent"];
const BODY_STARTED: &str = "body_started";

/// A delivery that a transaction holds: until it ends, nobody else changes it.
struct Held {
    id: String,
    run: String,
    revision: u32,
    edition: String,
    purpose: Purpose,
    copy: u32,
    state: DeliveryState,
    phase: Option<String>,
    attempts: u32,
}

impl Held {
    /// The first copy of a report: what the guard and the freezing are about.
    fn is_first_copy(&self) -> bool {
        self.purpose == Purpose::Report && self.copy == 0
    }

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

impl SqlStore {
    pub(super) async fn attempt_begun(
        &self,
        delivery: &str,
        sending: &Sending,
        now: Timestamp,
    ) -> Result<Attempt, StoreError> {
        let mut work = self.begin().await?;
        let held = self.hold_delivery(&mut work, delivery).await?;
        held.may_become(DeliveryState::Sending)?;
        if held.is_first_copy() {
            self.hold(&mut work, (&held.run, held.revision), true).await?.must_be_distributing()?;
            self.claim(&mut work, &held, sending).await?;
        }
        let number = held.attempts + 1;
        sqlx::query(
            "UPDATE delivery SET state = $1, attempts = $2, channel = $3, email = $4, address = $5, subject = $6,
                phase = NULL, reply = NULL, changed_at = $7
             WHERE id = $8",
        )
        .bind(DeliveryState::Sending.as_str())
        .bind(i64::from(number))
        .bind(&sending.channel)
        .bind(&sending.email)
        .bind(&sending.address)
        .bind(storable(&sending.subject).as_ref())
        .bind(now.as_microsecond())
        .bind(delivery)
        .execute(&mut *work)
        .await
        .map_err(|e| self.failed(&e))?;
        sqlx::query("INSERT INTO attempt (delivery, number, channel, email, started_at) VALUES ($1, $2, $3, $4, $5)")
            .bind(delivery)
            .bind(i64::from(number))
            .bind(&sending.channel)
            .bind(&sending.email)
            .bind(now.as_microsecond())
            .execute(&mut *work)
            .await
            .map_err(|e| self.failed(&e))?;
        self.put_attachments(&mut work, delivery, &sending.attachments).await?;
        self.count_attempt(&mut work).await?;
        self.commit(work).await?;
        Ok(Attempt {
            delivery: delivery.to_owned(),
            number,
            channel: sending.channel.clone(),
            email: sending.email.clone(),
            phase: None,
            outcome: None,
            reply: None,
            started_at: as_kept(now),
            ended_at: None,
        })
    }

    /// Takes the address's place in the edition for this delivery, or says which other one has it. A claim ends
    /// when its attempt ends without the message being taken, so one that is there means that it may have been.
    async fn claim(&self, work: &mut Work, held: &Held, sending: &Sending) -> Result<(), StoreError> {
        let sql = format!("SELECT delivery FROM claim WHERE run = $1 AND edition = $2 AND address = $3{}", self.held());
        // Whoever had it may let it go between the two statements; then it is free.
        loop {
            sqlx::query(
                "INSERT INTO claim (run, edition, address, delivery) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            )
            .bind(&held.run)
            .bind(&held.edition)
            .bind(&sending.address)
            .bind(&held.id)
            .execute(&mut **work)
            .await
            .map_err(|e| self.failed(&e))?;
            let row = sqlx::query(sqlx::AssertSqlSafe(sql.clone()))
                .bind(&held.run)
                .bind(&held.edition)
                .bind(&sending.address)
                .fetch_optional(&mut **work)
                .await
                .map_err(|e| self.failed(&e))?;
            let Some(row) = row else { continue };
            let by = Reader(&row).text("delivery")?;
            if by == held.id {
                return Ok(());
            }
            return Err(StoreError::Had { email: sending.email.clone(), edition: held.edition.clone(), by });
        }
    }

    async fn release_claims(&self, work: &mut Work, delivery: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM claim WHERE delivery = $1")
            .bind(delivery)
            .execute(&mut **work)
            .await
            .map_err(|e| self.failed(&e))?;
        Ok(())
    }

    async fn put_attachments(
        &self,
        work: &mut Work,
        delivery: &str,
        files: &[ArtifactRecord],
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM attachment WHERE delivery = $1")
            .bind(delivery)
            .execute(&mut **work)
            .await
            .map_err(|e| self.failed(&e))?;
        for (position, file) in files.iter().enumerate() {
            sqlx::query(
                "INSERT INTO attachment (delivery, position, format, file_name, media_type, content, bytes)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(delivery)
            .bind(signed(position as u64))
            .bind(&file.format)
            .bind(&file.file_name)
            .bind(&file.media_type)
            .bind(file.content.as_str())
            .bind(signed(file.bytes))
            .execute(&mut **work)
            .await
            .map_err(|e| self.failed(&e))?;
        }
        Ok(())
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
        if held.is_first_copy() && rank(phase) >= rank(BODY_STARTED) {
            self.freeze(&mut work, (&held.run, held.revision), now).await?;
        }
        self.commit(work).await
    }

    /// From the first byte on, the revision stays what is being sent.
    async fn freeze(&self, work: &mut Work, (run, number): (&str, u32), now: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE revision SET frozen_at = $1 WHERE run = $2 AND number = $3 AND frozen_at IS NULL")
            .bind(now.as_microsecond())
            .bind(run)
            .bind(i64::from(number))
            .execute(&mut **work)
            .await
            .map_err(|e| self.failed(&e))?;
        Ok(())
    }

    /// `seen`: the phase that it was judged by, when somebody else than its process says how it ended.
    pub(super) async fn attempt_finished(
        &self,
        (delivery, attempt): (&str, u32),
        seen: Option<Option<&str>>,
        ended: &Ended,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let outcome = ended.state;
        let mut work = self.begin().await?;
        let held = self.hold_delivery(&mut work, delivery).await?;
        if !matches!(held.state, DeliveryState::Sending | DeliveryState::InDoubt) {
            return Err(held.conflict(held.state.as_str(), "sending or in_doubt"));
        }
        held.must_be_at(attempt)?;
        if let Some(seen) = seen.filter(|seen| held.phase.as_deref() != *seen) {
            let phase = |phase: Option<&str>| format!("at phase {}", phase.unwrap_or("none"));
            return Err(held.conflict(phase(held.phase.as_deref()), phase(seen)));
        }
        held.may_become(outcome)?;
        if matches!(outcome, DeliveryState::Sending | DeliveryState::Planned) {
            return Err(held.conflict(format!("told that an attempt ended as {outcome}"), "told its outcome"));
        }
        let reply = storable(&ended.reply);
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
        if outcome.is_unsent() {
            self.release_claims(&mut work, delivery).await?;
        }
        if ended.suppress {
            self.suppress(&mut work, delivery, &reply, now).await?;
        }
        self.commit(work).await
    }

    pub(super) async fn resolved(
        &self,
        delivery: &str,
        to: DeliveryState,
        decision: &Decision,
    ) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        let held = self.hold_delivery(&mut work, delivery).await?;
        if held.state != DeliveryState::InDoubt {
            return Err(held.conflict(held.state.as_str(), DeliveryState::InDoubt.as_str()));
        }
        held.may_become(to)?;
        let reply = format!("{} by {}: {}", decision.what, decision.who, decision.why);
        sqlx::query("UPDATE delivery SET state = $1, reply = $2, changed_at = $3 WHERE id = $4")
            .bind(to.as_str())
            .bind(storable(&reply).as_ref())
            .bind(decision.at.as_microsecond())
            .bind(delivery)
            .execute(&mut *work)
            .await
            .map_err(|e| self.failed(&e))?;
        if to.is_unsent() {
            self.release_claims(&mut work, delivery).await?;
        }
        self.put_decision(&mut work, decision).await?;
        self.commit(work).await
    }

    async fn hold_delivery(&self, work: &mut Work, id: &str) -> Result<Held, StoreError> {
        let columns = "run, revision, edition, purpose, copy, state, phase, attempts";
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
            edition: read.text("edition")?,
            purpose: read.word("purpose")?,
            copy: read.small("copy")?,
            state: read.word("state")?,
            phase: read.maybe_text("phase")?,
            attempts: read.small("attempts")?,
        })
    }

    pub(super) async fn list_attempts(&self, delivery: &str) -> Result<Vec<Attempt>, StoreError> {
        let rows = sqlx::query(
            "SELECT delivery, number, channel, email, phase, outcome, reply, started_at, ended_at FROM attempt
             WHERE delivery = $1 ORDER BY number",
        )
        .bind(delivery)
        .fetch_all(&self.pool)
        .await
        .map_err(|e| self.failed(&e))?;
        rows.iter().map(attempt).collect()
    }

    pub(super) async fn list_attachments(&self, delivery: &str) -> Result<Vec<ArtifactRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT delivery.edition, attachment.format, attachment.file_name, attachment.media_type,
                attachment.content, attachment.bytes
             FROM attachment JOIN delivery ON delivery.id = attachment.delivery
             WHERE attachment.delivery = $1 ORDER BY attachment.position",
        )
        .bind(delivery)
        .fetch_all(&self.pool)
        .await
        .map_err(|e| self.failed(&e))?;
        rows.iter().map(attachment).collect()
    }
}

fn attempt(row: &AnyRow) -> Result<Attempt, StoreError> {
    let read = Reader(row);
    Ok(Attempt {
        delivery: read.text("delivery")?,
        number: read.small("number")?,
        channel: read.text("channel")?,
        email: read.text("email")?,
        phase: read.maybe_text("phase")?,
        outcome: read.maybe_word("outcome")?,
        reply: read.maybe_text("reply")?,
        started_at: read.instant("started_at")?,
        ended_at: read.maybe_instant("ended_at")?,
    })
}

fn attachment(row: &AnyRow) -> Result<ArtifactRecord, StoreError> {
    let read = Reader(row);
    Ok(ArtifactRecord {
        owner: Owner::Edition(read.text("edition")?),
        format: read.text("format")?,
        file_name: read.text("file_name")?,
        media_type: read.text("media_type")?,
        content: read.content("content")?,
        bytes: read.count("bytes")?,
    })
}
