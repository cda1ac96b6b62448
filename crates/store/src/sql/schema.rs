//! The state database's schema: numbered migrations, append-only, one text for SQLite and PostgreSQL.
//! Times are microseconds since 1970 UTC. A CHECK mirrors every state of the model's tables.

/// A step of the schema. Once released its text never changes.
pub(super) struct Migration {
    pub(super) number: i64,
    pub(super) statements: &'static [&'static str],
}

/// The table of applied migrations: each with the hash of its text.
pub(super) const APPLIED: &str = "CREATE TABLE IF NOT EXISTS migration (
    number BIGINT NOT NULL PRIMARY KEY,
    content TEXT NOT NULL
)";

/// All migrations in order.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration {
        number: 1,
        statements: &[
            "CREATE TABLE template (
            name TEXT NOT NULL PRIMARY KEY,
            content TEXT NOT NULL,
            definition TEXT NOT NULL,
            first_used_at BIGINT NOT NULL
        )",
            "CREATE TABLE run (
            id TEXT NOT NULL PRIMARY KEY,
            report TEXT NOT NULL,
            period TEXT NOT NULL,
            params_hash TEXT NOT NULL,
            period_start BIGINT NOT NULL,
            period_end BIGINT NOT NULL,
            created_at BIGINT NOT NULL,
            UNIQUE (report, period, params_hash)
        )",
            "CREATE TABLE revision (
            run TEXT NOT NULL REFERENCES run (id),
            number BIGINT NOT NULL CHECK (number >= 1),
            state TEXT NOT NULL CHECK (state IN ('queued', 'waiting', 'generating', 'formatting', 'reviewing',
                'distributing', 'completed', 'partial', 'failed', 'skipped', 'cancelled')),
            message TEXT,
            definition_hash TEXT NOT NULL,
            definition TEXT NOT NULL,
            created_at BIGINT NOT NULL,
            changed_at BIGINT NOT NULL,
            PRIMARY KEY (run, number)
        )",
            "CREATE TABLE stage (
            run TEXT NOT NULL,
            revision BIGINT NOT NULL,
            stage TEXT NOT NULL CHECK (stage IN ('extract', 'transform', 'generate', 'review', 'deliver')),
            state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
            input TEXT NOT NULL,
            output TEXT,
            message TEXT,
            started_at BIGINT NOT NULL,
            ended_at BIGINT,
            PRIMARY KEY (run, revision, stage),
            FOREIGN KEY (run, revision) REFERENCES revision (run, number)
        )",
            "CREATE TABLE extract (
            run TEXT NOT NULL,
            revision BIGINT NOT NULL,
            dataset TEXT NOT NULL,
            source TEXT NOT NULL,
            statement TEXT NOT NULL,
            binds TEXT NOT NULL,
            snapshot TEXT NOT NULL,
            rows BIGINT NOT NULL,
            bytes BIGINT NOT NULL,
            extracted_at BIGINT NOT NULL,
            PRIMARY KEY (run, revision, dataset),
            FOREIGN KEY (run, revision) REFERENCES revision (run, number)
        )",
            "CREATE TABLE finding (
            run TEXT NOT NULL,
            revision BIGINT NOT NULL,
            stage TEXT NOT NULL CHECK (stage IN ('extract', 'transform', 'generate', 'review', 'deliver')),
            position BIGINT NOT NULL,
            finding TEXT NOT NULL,
            PRIMARY KEY (run, revision, stage, position),
            FOREIGN KEY (run, revision) REFERENCES revision (run, number)
        )",
            "CREATE TABLE artifact (
            run TEXT NOT NULL,
            revision BIGINT NOT NULL,
            stage TEXT NOT NULL CHECK (stage IN ('extract', 'transform', 'generate', 'review', 'deliver')),
            position BIGINT NOT NULL,
            edition TEXT NOT NULL,
            format TEXT NOT NULL,
            file_name TEXT NOT NULL,
            media_type TEXT NOT NULL,
            content TEXT NOT NULL,
            bytes BIGINT NOT NULL,
            PRIMARY KEY (run, revision, stage, edition, format),
            FOREIGN KEY (run, revision) REFERENCES revision (run, number)
        )",
            "CREATE TABLE delivery (
            id TEXT NOT NULL PRIMARY KEY,
            run TEXT NOT NULL,
            revision BIGINT NOT NULL,
            edition TEXT NOT NULL,
            purpose TEXT NOT NULL CHECK (purpose IN ('preview', 'report', 'notice')),
            channel TEXT NOT NULL,
            recipient TEXT NOT NULL,
            copy BIGINT NOT NULL CHECK (copy >= 0),
            email TEXT NOT NULL,
            name TEXT,
            message_id TEXT NOT NULL UNIQUE,
            state TEXT NOT NULL CHECK (state IN ('planned', 'sending', 'accepted', 'transient', 'permanent',
                'in_doubt', 'delivered', 'bounced', 'complained')),
            phase TEXT CHECK (phase IN ('connected', 'body_started', 'final_sent')),
            reply TEXT,
            attempts BIGINT NOT NULL DEFAULT 0,
            planned_at BIGINT NOT NULL,
            changed_at BIGINT NOT NULL,
            UNIQUE (run, revision, edition, purpose, channel, recipient, copy),
            FOREIGN KEY (run, revision) REFERENCES revision (run, number)
        )",
            "CREATE TABLE attempt (
            delivery TEXT NOT NULL REFERENCES delivery (id),
            number BIGINT NOT NULL CHECK (number >= 1),
            email TEXT NOT NULL,
            phase TEXT CHECK (phase IN ('connected', 'body_started', 'final_sent')),
            outcome TEXT CHECK (outcome IN ('accepted', 'transient', 'permanent', 'in_doubt', 'delivered', 'bounced',
                'complained')),
            reply TEXT,
            started_at BIGINT NOT NULL,
            ended_at BIGINT,
            PRIMARY KEY (delivery, number)
        )",
        "CREATE INDEX run_by_report ON run (report, period_start)",
    ],
}, Migration {
    // A run is named by what was asked, a delivery by its recipient alone; what may have left freezes a revision.
    number: 2,
    statements: &[
        "ALTER TABLE run RENAME COLUMN params_hash TO variant",
        // Of runs that differed only by defaults, the one that was delivered is the period's.
        "UPDATE run SET variant = '' WHERE id = (
            SELECT other.id FROM run other WHERE other.report = run.report AND other.period = run.period
            ORDER BY (SELECT count(*) FROM delivery d WHERE d.run = other.id AND d.attempts > 0) DESC,
                other.created_at, other.id LIMIT 1)",
        "ALTER TABLE revision ADD COLUMN frozen_at BIGINT",
        "UPDATE revision SET frozen_at = (
            SELECT min(a.started_at) FROM attempt a JOIN delivery d ON d.id = a.delivery
            WHERE d.run = revision.run AND d.revision = revision.number AND d.purpose = 'report'
                AND a.phase IN ('body_started', 'final_sent'))",
        "ALTER TABLE extract ADD COLUMN asked_at BIGINT",
        "UPDATE extract SET asked_at = extracted_at",
        "ALTER TABLE extract ADD COLUMN doubt TEXT",
        "CREATE TABLE delivery_2 (
            id TEXT NOT NULL PRIMARY KEY,
            run TEXT NOT NULL,
            revision BIGINT NOT NULL,
            edition TEXT NOT NULL,
            purpose TEXT NOT NULL CHECK (purpose IN ('preview', 'report', 'notice')),
            recipient TEXT NOT NULL,
            copy BIGINT NOT NULL CHECK (copy >= 0),
            channel TEXT NOT NULL,
            email TEXT NOT NULL,
            address TEXT NOT NULL,
            name TEXT,
            message_id TEXT NOT NULL UNIQUE,
            subject TEXT,
            state TEXT NOT NULL CHECK (state IN ('planned', 'held', 'sending', 'accepted', 'transient', 'permanent',
                'in_doubt', 'delivered', 'bounced', 'complained')),
            phase TEXT CHECK (phase IN ('connected', 'body_started', 'final_sent')),
            reply TEXT,
            attempts BIGINT NOT NULL DEFAULT 0,
            planned_at BIGINT NOT NULL,
            changed_at BIGINT NOT NULL,
            UNIQUE (run, revision, edition, purpose, recipient, copy),
            FOREIGN KEY (run, revision) REFERENCES revision (run, number)
        )",
        // One that went over two channels keeps both rows: the later one counts as a copy.
        "INSERT INTO delivery_2 (id, run, revision, edition, purpose, recipient, copy, channel, email, address, name,
                message_id, state, phase, reply, attempts, planned_at, changed_at)
            SELECT d.id, d.run, d.revision, d.edition, d.purpose, d.recipient,
                d.copy + (SELECT count(*) FROM delivery e WHERE e.run = d.run AND e.revision = d.revision
                    AND e.edition = d.edition AND e.purpose = d.purpose AND e.recipient = d.recipient
                    AND (e.attempts > d.attempts OR (e.attempts = d.attempts AND e.id < d.id))),
                d.channel, d.email, lower(d.email), d.name, d.message_id, d.state, d.phase, d.reply, d.attempts,
                d.planned_at, d.changed_at
            FROM delivery d",
        "CREATE TABLE attempt_2 (
            delivery TEXT NOT NULL REFERENCES delivery_2 (id),
            number BIGINT NOT NULL CHECK (number >= 1),
            channel TEXT NOT NULL,
            email TEXT NOT NULL,
            phase TEXT CHECK (phase IN ('connected', 'body_started', 'final_sent')),
            outcome TEXT CHECK (outcome IN ('accepted', 'transient', 'permanent', 'in_doubt', 'delivered', 'bounced',
                'complained')),
            reply TEXT,
            started_at BIGINT NOT NULL,
            ended_at BIGINT,
            PRIMARY KEY (delivery, number)
        )",
        "INSERT INTO attempt_2 (delivery, number, channel, email, phase, outcome, reply, started_at, ended_at)
            SELECT a.delivery, a.number, d.channel, a.email, a.phase, a.outcome, a.reply, a.started_at, a.ended_at
            FROM attempt a JOIN delivery d ON d.id = a.delivery",
        "DROP TABLE attempt",
        "DROP TABLE delivery",
        "ALTER TABLE delivery_2 RENAME TO delivery",
        "ALTER TABLE attempt_2 RENAME TO attempt",
        "CREATE INDEX delivery_by_address ON delivery (address)",
        "CREATE TABLE attachment (
            delivery TEXT NOT NULL REFERENCES delivery (id),
            position BIGINT NOT NULL,
            format TEXT NOT NULL,
            file_name TEXT NOT NULL,
            media_type TEXT NOT NULL,
            content TEXT NOT NULL,
            bytes BIGINT NOT NULL,
            PRIMARY KEY (delivery, position)
        )",
        "CREATE TABLE claim (
            run TEXT NOT NULL REFERENCES run (id),
            edition TEXT NOT NULL,
            address TEXT NOT NULL,
            delivery TEXT NOT NULL REFERENCES delivery (id),
            PRIMARY KEY (run, edition, address)
        )",
        "INSERT INTO claim (run, edition, address, delivery)
            SELECT run, edition, address, min(id) FROM delivery
            WHERE purpose = 'report'
                AND state IN ('sending', 'accepted', 'in_doubt', 'delivered', 'bounced', 'complained')
            GROUP BY run, edition, address",
        "CREATE TABLE suppression (
            address TEXT NOT NULL PRIMARY KEY,
            email TEXT NOT NULL,
            reason TEXT NOT NULL,
            delivery TEXT NOT NULL,
            since BIGINT NOT NULL
        )",
        "CREATE TABLE decision (
            id TEXT NOT NULL PRIMARY KEY,
            at BIGINT NOT NULL,
            who TEXT NOT NULL,
            what TEXT NOT NULL,
            why TEXT NOT NULL,
            run TEXT,
            delivery TEXT,
            address TEXT
        )",
    ],
}, Migration {
    // To which installation the database belongs, how many attempts were ever begun, and who said that it counts
    // after it was moved, copied, restored or lost.
    number: 3,
    statements: &[
        "CREATE TABLE installation (
            one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
            id TEXT NOT NULL,
            begun BIGINT NOT NULL CHECK (begun >= 0)
        )",
        "INSERT INTO installation (one, id, begun) SELECT 1, '', count(*) FROM attempt",
        "CREATE TABLE adoption (
            installation TEXT NOT NULL,
            what TEXT NOT NULL,
            who TEXT NOT NULL,
            why TEXT NOT NULL,
            at BIGINT NOT NULL
        )",
    ],
}];

#[cfg(test)]
mod tests {
    use punctual_model::state::{DeliveryState, Purpose, RevisionState, Stage, StageState};

    use super::MIGRATIONS;

    /// The words of the first `column IN (...)` of a table, as its newest migration makes it.
    fn allowed(table: &str, column: &str) -> Vec<String> {
        let mut statements = MIGRATIONS.iter().flat_map(|m| m.statements);
        let makes = |s: &&&str| {
            let made = s.strip_prefix("CREATE TABLE ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
            made.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_') == table
        };
        let statement = statements.rfind(makes).expect("the table");
        let list = statement.split(&format!("CHECK ({column} IN (")).nth(1).expect("a CHECK");
        let list = list.split(')').next().expect("its end");
        list.split(',').map(|word| word.trim().trim_matches('\'').to_owned()).collect()
    }

    #[test]
    fn every_check_lists_the_states_of_the_model() {
        let revision: Vec<&str> = RevisionState::ALL.iter().map(|s| s.as_str()).collect();
        assert_eq!(allowed("revision", "state"), revision);
        let state: Vec<&str> = StageState::ALL.iter().map(|s| s.as_str()).collect();
        assert_eq!(allowed("stage", "state"), state);
        let delivery: Vec<&str> = DeliveryState::ALL.iter().map(|s| s.as_str()).collect();
        assert_eq!(allowed("delivery", "state"), delivery);
        // An attempt that has ended is neither to be made nor under way.
        use DeliveryState::{Held, Planned, Sending};
        let ended = DeliveryState::ALL.iter().filter(|s| !matches!(s, Planned | Held | Sending));
        assert_eq!(allowed("attempt", "outcome"), ended.map(|s| s.as_str()).collect::<Vec<_>>());
        assert_eq!(allowed("attempt", "phase"), allowed("delivery", "phase"));
    }

    #[test]
    fn every_check_lists_the_stages_and_purposes_of_the_model() {
        let stages: Vec<&str> = Stage::ALL.iter().map(|s| s.as_str()).collect();
        for table in ["stage", "finding", "artifact"] {
            assert_eq!(allowed(table, "stage"), stages);
        }
        let purposes = [Purpose::Preview, Purpose::Report, Purpose::Notice].map(Purpose::as_str);
        assert_eq!(allowed("delivery", "purpose"), purposes);
    }
}
