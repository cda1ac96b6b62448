//! Runs, revisions and deliveries to put into a store.

use jiff::Timestamp;
use punctual_model::{
    definition::Otherwise,
    finding::Finding,
    identity::{ContentHash, DeliveryKey, RunKey},
    state::{DeliveryState, Purpose, RevisionState},
};
use punctual_store::{
    NewRun, Store,
    records::{ArtifactRecord, Decision, Ended, ExtractRecord, NewDelivery, Owner, Run, Sending},
};

/// The instant so many seconds after some other one.
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

/// The first instant of a month of 2026, in UTC.
pub fn month(month: i8) -> Timestamp {
    jiff::civil::date(2026, month, 1).to_zoned_datetime(jiff::tz::TimeZone::UTC).unwrap().timestamp()
}

pub fn key(report: &str, period: &str) -> RunKey {
    RunKey { report: report.to_owned(), period: period.to_owned(), variant: String::new() }
}

/// Opens the run of a report over a month of 2026.
pub async fn open(store: &dyn Store, report: &str, of: i8) -> Run {
    let key = key(report, &format!("2026-{of:02}"));
    let new = NewRun { key: &key, period_start: month(of), period_end: month(of + 1), definition: "{\"v\":1}" };
    store.open_run(new, at(0)).await.unwrap()
}

/// Moves a run's revision through these states.
pub async fn advance(store: &dyn Store, run: &mut Run, states: &[RevisionState]) {
    for to in states {
        let change = (run.revision.state, *to);
        run.revision = store.advance(&run.id, run.revision.number, change, None, at(1)).await.unwrap();
    }
}

/// A run whose deliveries may start.
pub async fn distributing(store: &dyn Store, report: &str, of: i8) -> Run {
    let mut run = open(store, report, of).await;
    let states =
        [RevisionState::Generating, RevisionState::Formatting, RevisionState::Reviewing, RevisionState::Distributing];
    advance(store, &mut run, &states).await;
    run
}

pub fn delivery(run: &Run, edition: &str, recipient: &str) -> NewDelivery {
    let key = DeliveryKey {
        run: run.id.clone(),
        revision: run.revision.number,
        edition: edition.to_owned(),
        purpose: Purpose::Report,
        recipient: recipient.to_owned(),
        copy: 0,
    };
    message(key, &format!("{recipient}@client.example"))
}

pub fn message(key: DeliveryKey, email: &str) -> NewDelivery {
    let message_id = format!("{}@agency.example", key.id());
    NewDelivery {
        key,
        channel: "mail".to_owned(),
        email: email.to_owned(),
        address: email.to_lowercase(),
        name: Some("Ana Ruiz".to_owned()),
        message_id,
        held: None,
    }
}

/// An attempt to send two files to an address.
pub fn sending(email: &str) -> Sending {
    Sending {
        channel: "mail".to_owned(),
        email: email.to_owned(),
        address: email.to_lowercase(),
        subject: "Your report for October".to_owned(),
        attachments: vec![artifact("1", "pdf"), artifact("1", "xlsx")],
    }
}

/// The end of an attempt.
pub fn ended(state: DeliveryState, reply: &str) -> Ended {
    Ended { state, reply: reply.to_owned(), suppress: false }
}

/// A person's decision about a delivery.
pub fn decision(what: &str, run: &Run, delivery: &str) -> Decision {
    Decision {
        at: at(90),
        who: "ana".to_owned(),
        what: what.to_owned(),
        why: "she called".to_owned(),
        run: Some(run.id.clone()),
        delivery: Some(delivery.to_owned()),
        address: None,
    }
}

pub fn extract(dataset: &str, content: &str, rows: u64) -> ExtractRecord {
    ExtractRecord {
        dataset: dataset.to_owned(),
        source: "warehouse".to_owned(),
        statement: "SELECT day, visits FROM traffic WHERE day >= $1".to_owned(),
        binds: "[\"2026-10-01\"]".to_owned(),
        snapshot: ContentHash::of(content.as_bytes()),
        rows,
        bytes: rows * 12,
        asked_at: at(1),
        extracted_at: at(2),
        doubt: None,
    }
}

pub fn artifact(edition: &str, format: &str) -> ArtifactRecord {
    ArtifactRecord {
        owner: Owner::Edition(edition.to_owned()),
        format: format.to_owned(),
        file_name: format!("{edition}.{format}"),
        media_type: "application/octet-stream".to_owned(),
        content: ContentHash::of(format!("{edition}.{format}").as_bytes()),
        bytes: 1 << 40,
    }
}

pub fn finding(message: &str) -> Finding {
    Finding {
        subject: "traffic".to_owned(),
        check: "rows".to_owned(),
        severity: Otherwise::Warn,
        message: message.to_owned(),
        rows: 3,
        samples: vec!["channel=we\u{0}b".to_owned()],
    }
}
