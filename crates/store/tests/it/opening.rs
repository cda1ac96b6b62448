//! Opening a state database: made once, kept, refused when it is another version's or something else.

use std::{os::unix::fs::PermissionsExt, path::Path};

use punctual_model::state::{DeliveryState, RevisionState};
use punctual_store::{Store, StoreError, records::Filter, sql::SqlStore};

use crate::{
    on_both,
    places::{Place, Sqlite, server},
    reports::{advance, at, delivery, distributing, ended, open, sending},
};

/// The newest step of the schema.
const NEWEST: &str = "SELECT max(number) FROM migration";

/// The state of a project of the first version: its report was delivered to twelve, and a renamed channel sent
/// one of them the same edition again.
const FIRST: &str = include_str!("state-1.sql");

on_both!(
    opening_at_once_migrates_once,
    a_newer_schema_is_refused,
    a_changed_migration_is_refused,
    a_commit_that_fails_is_an_error,
);

async fn opening_at_once_migrates_once(place: &dyn Place) {
    let opened = futures::future::join_all((0..8).map(|_| place.try_open())).await;
    let stores: Vec<SqlStore> = opened.into_iter().map(Result::unwrap).collect();
    assert_eq!(place.number("SELECT count(*) FROM migration").await, place.number(NEWEST).await);
    for store in &stores {
        assert_eq!(store.runs(&Default::default()).await.unwrap(), []);
    }
}

/// What the first version left is brought up to date, and nobody who has an edition can get it again.
#[tokio::test]
async fn the_first_versions_state_is_carried_on() {
    let place = Sqlite::new();
    std::fs::write(place.file(), b"").unwrap();
    place.run(FIRST).await;
    let store = place.open().await;
    let runs = store.runs(&Filter::default()).await.unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].key.variant, "", "the period's run, whatever its defaults were");
    assert_eq!(store.find_run(&runs[0].key).await.unwrap().as_ref(), Some(&runs[0]), "found under its old id");
    assert!(runs[0].revision.frozen_at.is_some(), "what was sent stays");
    let deliveries = store.deliveries(&Filter::default()).await.unwrap();
    assert_eq!(deliveries.len(), 13);
    let copies: Vec<_> = deliveries.iter().filter(|d| d.key.copy > 0).map(|d| d.key.edition.as_str()).collect();
    assert_eq!(copies, ["3"], "the one that went twice is on record twice");
    for delivery in &deliveries {
        assert_eq!(delivery.state, DeliveryState::Accepted);
        assert_eq!(store.attempts(&delivery.id).await.unwrap()[0].channel, delivery.channel);
    }
    // Under another id the same address is refused.
    let had = deliveries.iter().find(|d| d.key.edition == "3" && d.key.copy == 0).unwrap();
    let mut again = delivery(&runs[0], "3", "somebody");
    (again.email, again.address) = (had.email.clone(), had.address.clone());
    store.plan_deliveries(std::slice::from_ref(&again), at(1)).await.unwrap();
    let mut run = runs[0].clone();
    advance(store.as_ref(), &mut run, &[RevisionState::Distributing]).await;
    let error = store.begin_attempt(&again.key.id(), &sending(&had.email), at(2)).await.unwrap_err();
    assert!(matches!(error, StoreError::Had { .. }), "{error}");
}

async fn a_newer_schema_is_refused(place: &dyn Place) {
    drop(place.open().await);
    let newest = place.number(NEWEST).await;
    let next = newest + 1;
    place.run(&format!("INSERT INTO migration (number, content) VALUES ({next}, 'from the future')")).await;
    let error = place.try_open().await.unwrap_err();
    assert!(matches!(error, StoreError::Schema { .. }));
    assert!(!error.is_transient());
    let words =
        format!("has schema {next}, but this version of punctual knows {newest} at most; run the newer version");
    assert!(error.to_string().ends_with(&words), "{error}");
}

async fn a_changed_migration_is_refused(place: &dyn Place) {
    drop(place.open().await);
    place.run("UPDATE migration SET content = 'another text' WHERE number = 1").await;
    let error = place.try_open().await.unwrap_err();
    assert!(matches!(error, StoreError::Schema { .. }));
    assert!(error.to_string().contains("another schema step 1"), "{error}");
}

/// A deferred constraint is looked at when the transaction commits, after every row was read.
async fn a_commit_that_fails_is_an_error(place: &dyn Place) {
    let store = place.open().await;
    let mut run = open(store.as_ref(), "monthly", 10).await;
    place.run("CREATE TABLE orphan (run TEXT REFERENCES run (id) DEFERRABLE INITIALLY DEFERRED)").await;
    let sqlite = place.connection().await.backend_name() == "SQLite";
    place
        .run(if sqlite {
            "CREATE TRIGGER fails AFTER UPDATE ON revision BEGIN INSERT INTO orphan VALUES ('nobody'); END"
        } else {
            "CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN INSERT INTO orphan VALUES ('nobody'); RETURN NEW; END $$;
             CREATE TRIGGER fails AFTER UPDATE ON revision FOR EACH ROW EXECUTE FUNCTION fails()"
        })
        .await;
    let change = (RevisionState::Queued, RevisionState::Generating);
    let error = store.advance(&run.id, 1, change, None, at(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Database { .. }), "{error}");
    assert_eq!(store.find_run(&run.key).await.unwrap().unwrap().revision.state, RevisionState::Queued);
    place.run(if sqlite { "DROP TRIGGER fails" } else { "DROP TRIGGER fails ON revision" }).await;
    advance(store.as_ref(), &mut run, &[RevisionState::Generating]).await;
}

/// A full disk makes SQLite roll back by itself, behind the driver's back. A trigger can do the same.
#[tokio::test]
async fn a_connection_whose_transaction_went_away_is_not_used_again() {
    let place = Sqlite::new();
    let store = place.open().await;
    let run = distributing(store.as_ref(), "monthly", 10).await;
    let planned = delivery(&run, "1", "ana");
    store.plan_deliveries(std::slice::from_ref(&planned), at(1)).await.unwrap();
    let id = planned.key.id();
    place.run("CREATE TRIGGER full BEFORE INSERT ON attempt BEGIN SELECT RAISE(ROLLBACK, 'disk is full'); END").await;
    for _ in 0..4 {
        let error = store.begin_attempt(&id, &sending("ana@client.example"), at(2)).await.unwrap_err();
        assert!(error.to_string().contains("disk is full"), "{error}");
    }
    place.run("DROP TRIGGER full").await;
    assert_eq!(store.begin_attempt(&id, &sending("ana@client.example"), at(3)).await.unwrap().number, 1);
    store.finish_attempt(&id, 1, &ended(DeliveryState::Accepted, "250"), at(4)).await.unwrap();
}

#[tokio::test]
async fn the_file_is_for_its_owner_and_keeps_a_log() {
    let place = Sqlite::new();
    let _store = place.open().await;
    let mode = std::fs::metadata(place.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let log = std::fs::metadata(place.file().with_extension("sqlite-wal")).unwrap();
    assert_eq!(log.permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn any_path_is_one_file() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a b", "x?mode=memory", "100%25", "a#b", "état", "new\nline", "a:b", ":memory:"] {
        let path = folder.path().join(name);
        let store = SqlStore::sqlite(&path).await.unwrap();
        let run = open(&store, "monthly", 10).await;
        assert!(std::fs::metadata(&path).unwrap().len() > 0 || path.with_file_name(format!("{name}-wal")).exists());
        let again = SqlStore::sqlite(&path).await.unwrap();
        assert_eq!(again.find_run(&run.key).await.unwrap(), Some(run), "{name}");
    }
    let stray: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(stray.iter().all(|name| !name.to_string_lossy().starts_with(".state-")), "{stray:?}");
}

#[tokio::test]
async fn what_cannot_be_opened_is_said_at_once_with_a_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let missing = SqlStore::sqlite(&folder.path().join("none/state.sqlite")).await.unwrap_err();
    assert!(missing.to_string().contains("none/state.sqlite: "), "{missing}");
    assert!(
        missing
            .to_string()
            .ends_with("check that the folder exists and that the user that runs punctual may write there")
    );
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "not a database, but long enough to be taken for one".repeat(40)).unwrap();
    let error = SqlStore::sqlite(&text).await.unwrap_err();
    assert!(error.to_string().contains("the file is something else"), "{error}");
    assert!(!error.is_transient());
    assert!(SqlStore::sqlite(Path::new("/dev/null/state")).await.is_err());
}

#[tokio::test]
async fn a_server_that_cannot_be_used_is_said_at_once_without_the_password() {
    // Nothing listens on the discard port.
    let error = SqlStore::postgres("postgres://u:hunter2@127.0.0.1:9/state?password=hunter3").await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert!(error.to_string().starts_with("the state database postgres://127.0.0.1:9/state: "), "{error}");
    let host = server().rsplit_once('@').unwrap().1.to_owned();
    let error = SqlStore::postgres(&format!("postgres://punctual_scram:hunter2@{host}")).await.unwrap_err();
    assert!(error.to_string().ends_with("check the user and the password"), "{error}");
    assert!(!error.is_transient());
    assert!(!format!("{error:?}").contains("hunter"), "{error:?}");
    let (server, _) = server().rsplit_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let error = SqlStore::postgres(&format!("{server}/no_such_database")).await.unwrap_err();
    assert!(error.to_string().contains("make the database first"), "{error}");
}
