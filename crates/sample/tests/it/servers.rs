//! What PostgreSQL and MariaDB make of the data: their sums, formed with their own
//! calendars, are those of the figures to compare with. The servers are those of
//! `scripts/services.sh`; without its variables in the environment the tests say that
//! they are left out.

use std::process::{Command, Stdio};

use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection};

use punctual_sample::{Agency, SampleError, load, truth, write};

use crate::agency;

/// The server's URL with a database made anew for one test.
async fn postgres_database(name: &str) -> Option<String> {
    let url = service("PUNCTUAL_TEST_PG_URL")?;
    let mut admin = PgConnection::connect(&url).await.unwrap();
    for statement in [format!("DROP DATABASE IF EXISTS {name}"), format!("CREATE DATABASE {name}")] {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut admin).await.unwrap();
    }
    Some(with_database(&url, name))
}

async fn mariadb_database(name: &str) -> Option<String> {
    let url = service("PUNCTUAL_TEST_MARIADB_URL")?;
    let mut admin = MySqlConnection::connect(&url).await.unwrap();
    let statement = format!("CREATE OR REPLACE DATABASE {name}");
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut admin).await.unwrap();
    Some(with_database(&url, name))
}

#[expect(clippy::disallowed_methods, reason = "the one place where these tests read their environment")]
fn service(variable: &str) -> Option<String> {
    let url = std::env::var(variable).ok();
    if url.is_none() {
        eprintln!("left out: {variable} is not set, see scripts/services.sh");
    }
    url
}

fn with_database(url: &str, name: &str) -> String {
    let (server, _) = url.rsplit_once('/').expect("the URL names a database");
    format!("{server}/{name}")
}

#[tokio::test]
async fn postgres_adds_up_every_month_to_the_same_figures() {
    let Some(url) = postgres_database("sample_load").await else { return };
    let agency = agency();
    let rows = load::postgres(&agency, &url).await.unwrap();
    assert_eq!(rows, agency.traffic().count() as u64);
    // A second load replaces the first.
    assert_eq!(load::postgres(&agency, &url).await.unwrap(), rows);

    let mut connection = PgConnection::connect(&url).await.unwrap();
    for (year, month) in [(2024, 11), (2025, 3), (2025, 11), (2026, 3), (2026, 10), (2026, 11)] {
        let sums: Vec<(i32, i64, i64, i64, i64)> = sqlx::query_as(
            "SELECT client_id, count(*), sum(visits), sum(orders), (sum(revenue) * 100)::bigint FROM traffic
             WHERE channel IN ('web', 'shop', 'partner')
             AND occurred_at >= make_timestamptz($1, $2, 1, 0, 0, 0, 'America/Chicago')
             AND date_trunc('month', occurred_at AT TIME ZONE 'America/Chicago') = make_date($1, $2, 1)
             GROUP BY 1 ORDER BY 1",
        )
        .bind(i32::from(year))
        .bind(i32::from(month))
        .fetch_all(&mut connection)
        .await
        .unwrap();
        let expected: Vec<(i32, i64, i64, i64, i64)> = truth::month(&agency, year, month)
            .into_iter()
            .map(|month| (month.client.id as i32, month.current.traffic))
            .map(|(id, sum)| (id, sum.rows as i64, sum.visits, sum.orders, sum.revenue_cents))
            .collect();
        assert_eq!(sums, expected, "{year}-{month}");
    }
}

#[tokio::test]
async fn mariadb_adds_up_every_month_to_the_same_figures() {
    let Some(url) = mariadb_database("sample_load").await else { return };
    let agency = agency();
    let rows = load::mariadb(&agency, &url).await.unwrap();
    assert_eq!(rows, agency.spend().count() as u64);
    assert_eq!(load::mariadb(&agency, &url).await.unwrap(), rows);

    let mut connection = MySqlConnection::connect(&url).await.unwrap();
    for (year, month) in [(2024, 11), (2026, 2), (2026, 10), (2026, 11)] {
        let sums: Vec<(String, i64, i64, i64, i64)> = sqlx::query_as(
            "SELECT account_ref, count(*), CAST(sum(cost_cents) AS SIGNED), CAST(sum(clicks) AS SIGNED),
             CAST(sum(impressions) AS SIGNED) FROM ad_spend
             WHERE year(spend_date) = ? AND month(spend_date) = ? GROUP BY 1 ORDER BY 1",
        )
        .bind(year)
        .bind(month)
        .fetch_all(&mut connection)
        .await
        .unwrap();
        let mut expected: Vec<(String, i64, i64, i64, i64)> = truth::month(&agency, year, month)
            .into_iter()
            .map(|month| (month.client.slug.to_owned(), month.current.spend))
            .map(|(slug, sum)| (slug, sum.rows as i64, sum.cost_cents, sum.clicks, sum.impressions))
            .collect();
        expected.sort();
        assert_eq!(sums, expected, "{year}-{month}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_worth_another_try() {
    // Port 1 is reserved (tcpmux) and closed.
    let error = load::postgres(&agency(), "postgres://x@127.0.0.1:1/x").await.unwrap_err();
    assert!(matches!(error, SampleError::Server { server: "PostgreSQL", .. }) && error.is_transient());
    let error = load::mariadb(&agency(), "mysql://x@127.0.0.1:1/x").await.unwrap_err();
    assert!(matches!(error, SampleError::Server { server: "MariaDB", .. }) && error.is_transient());
}

#[tokio::test]
async fn the_script_for_psql_makes_the_same_table() {
    let Some(url) = postgres_database("sample_script").await else { return };
    let agency = Agency::new(7, 0.1).unwrap();
    let mut psql = Command::new("psql")
        .args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", &url])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    write::postgres(&agency, &mut psql.stdin.take().unwrap()).unwrap();
    assert!(psql.wait().unwrap().success());

    let mut connection = PgConnection::connect(&url).await.unwrap();
    let digest = "SELECT md5(string_agg(traffic::text, ' ' ORDER BY traffic)) FROM traffic";
    let from_script: String = sqlx::query_scalar(digest).fetch_one(&mut connection).await.unwrap();
    load::postgres(&agency, &url).await.unwrap();
    let loaded: String = sqlx::query_scalar(digest).fetch_one(&mut connection).await.unwrap();
    assert_eq!(from_script, loaded);
}

#[tokio::test]
async fn the_script_for_mariadb_makes_the_same_table() {
    let Some(url) = mariadb_database("sample_script").await else { return };
    let agency = Agency::new(7, 0.1).unwrap();
    let mut script = Vec::new();
    write::mariadb(&agency, &mut script).unwrap();
    let mut connection = MySqlConnection::connect(&url).await.unwrap();
    let script = AssertSqlSafe(String::from_utf8(script).unwrap());
    sqlx::raw_sql(script).execute(&mut connection).await.unwrap();

    let digest = "SELECT count(*), CAST(sum(cost_cents * clicks + impressions) AS SIGNED) FROM ad_spend";
    let from_script: (i64, i64) = sqlx::query_as(digest).fetch_one(&mut connection).await.unwrap();
    load::mariadb(&agency, &url).await.unwrap();
    let loaded: (i64, i64) = sqlx::query_as(digest).fetch_one(&mut connection).await.unwrap();
    assert_eq!(from_script, loaded);
}
