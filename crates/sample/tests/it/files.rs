//! The SQLite and CSV files, read back with SQL that knows nothing of this crate.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use tempfile::TempDir;

use punctual_sample::{SampleError, truth, write};

use crate::agency;

async fn open(dir: &TempDir, file: &str) -> SqliteConnection {
    SqliteConnectOptions::new().filename(dir.path().join(file)).read_only(true).connect().await.unwrap()
}

async fn example() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    write::files(&agency(), dir.path()).await.unwrap();
    dir
}

#[tokio::test]
async fn traffic_keeps_instants_in_microseconds_and_money_to_the_cent() {
    let dir = example().await;
    // October in Chicago, from midnight at UTC-5 to midnight at UTC-5.
    let sums: Vec<(i64, i64, i64, i64)> = sqlx::query_as(
        "SELECT client_id, sum(visits), sum(orders), sum(CAST(replace(revenue, '.', '') AS INTEGER))
         FROM traffic WHERE channel IN ('web', 'shop', 'partner')
         AND occurred_at >= unixepoch('2026-10-01 05:00') * 1000000
         AND occurred_at < unixepoch('2026-11-01 05:00') * 1000000
         GROUP BY client_id ORDER BY client_id",
    )
    .fetch_all(&mut open(&dir, "traffic.sqlite").await)
    .await
    .unwrap();
    let expected: Vec<(i64, i64, i64, i64)> = truth::month(&agency(), 2026, 10)
        .iter()
        .map(|month| (month.client.id, month.current.traffic))
        .map(|(id, traffic)| (id.into(), traffic.visits, traffic.orders, traffic.revenue_cents))
        .collect();
    assert_eq!(sums, expected);
}

#[tokio::test]
async fn spend_goes_by_slug_and_iso_date() {
    let dir = example().await;
    let sums: Vec<(String, i64, i64, i64)> = sqlx::query_as(
        "SELECT account_ref, sum(cost_cents), sum(clicks), sum(impressions) FROM ad_spend
         WHERE spend_date BETWEEN '2026-10-01' AND '2026-10-31' GROUP BY account_ref ORDER BY account_ref",
    )
    .fetch_all(&mut open(&dir, "ads.sqlite").await)
    .await
    .unwrap();
    let mut expected: Vec<(String, i64, i64, i64)> = truth::month(&agency(), 2026, 10)
        .iter()
        .map(|month| (month.client.slug, month.current.spend))
        .map(|(slug, spend)| (slug.to_owned(), spend.cost_cents, spend.clicks, spend.impressions))
        .collect();
    expected.sort();
    assert_eq!(sums, expected);
}

#[tokio::test]
async fn tickets_go_by_code_and_local_text() {
    let dir = example().await;
    let counts: Vec<(String, i64, i64, Option<i64>)> = sqlx::query_as(
        "SELECT customer, count(*), count(first_response_minutes), sum(first_response_minutes) FROM tickets
         WHERE opened_at >= '2026-10-01' AND opened_at < '2026-11-01' GROUP BY customer ORDER BY customer",
    )
    .fetch_all(&mut open(&dir, "tickets.sqlite").await)
    .await
    .unwrap();
    let expected: Vec<(String, i64, i64, Option<i64>)> = truth::month(&agency(), 2026, 10)
        .into_iter()
        .map(|month| (format!("C-{:03}", month.client.id), month.current.tickets))
        .map(|(customer, tickets)| {
            (customer, tickets.opened as i64, tickets.answered as i64, Some(tickets.response_minutes))
        })
        .collect();
    assert_eq!(counts, expected);
}

#[tokio::test]
async fn writing_again_gives_the_same_bytes_and_leaves_nothing_else() {
    let names = ["ads.sqlite", "clients.csv", "contacts.csv", "tickets.sqlite", "traffic.sqlite"];
    let dir = example().await;
    let bytes = |dir: &Path| names.map(|name| std::fs::read(dir.join(name)).unwrap());
    let first = bytes(dir.path());
    std::fs::write(dir.path().join("traffic.sqlite.part"), "left by a run that was killed").unwrap();
    write::files(&agency(), dir.path()).await.unwrap();
    assert!(first == bytes(dir.path()));
    let mut found: Vec<_> = dir.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    found.sort();
    assert_eq!(found, names);
}

#[tokio::test]
async fn clients_read_back_with_their_commas_and_letters() {
    let dir = example().await;
    let mut reader = csv::Reader::from_path(dir.path().join("clients.csv")).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows[4], vec!["5", "brightwater", "Brightwater Pools, Inc.", "USD", "South", "true"]);
    assert_eq!(rows[8], vec!["9", "zinnober", "Café Zinnober", "EUR", "Europe", "true"]);
    assert_eq!(rows.len(), 12);
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let error = write::files(&agency(), Path::new("/nowhere/at/all")).await.unwrap_err();
    assert!(matches!(&error, SampleError::File { path, .. } if path == Path::new("/nowhere/at/all/clients.csv")));
    let error = write::traffic_sqlite(&agency(), Path::new("/nowhere/at.sqlite")).await.unwrap_err();
    assert!(error.to_string().contains("/nowhere/at.sqlite"), "{error}");
}
