//! A whole job: datasets, tables over them, and editions.

use std::collections::BTreeSet;

use punctual_data::{
    checks::CheckInput,
    job::{DatasetInput, Datasets, Job, TableInput},
};
use punctual_model::{definition::Check, sql_text::SqlText, value::Value};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    checks::{dataset, spec},
    fixtures::{batch, ints, read, show, sql, texts},
};

fn table(name: &str, text: &str) -> TableInput {
    TableInput { name: name.parse().expect("a name"), sql: SqlText::plain(text), order_by: vec![], checks: vec![] }
}

async fn inputs(folder: &TempDir) -> Vec<DatasetInput> {
    let known = json!({"accepted": {"column": "channel", "values": ["web", "shop"], "otherwise": "exclude"}});
    let traffic = batch(&[
        ("client_id", "int", ints([7, 7, 7, 9, 9, 9])),
        ("channel", "text", texts(["web", "shop", "x", "web", "x", "x"])),
        ("visits", "int", ints([1, 2, 4, 8, 16, 32])),
    ]);
    let positive = json!({"sql": {"sql": "SELECT * FROM rates WHERE rate <= 0", "otherwise": "warn"}});
    let cheap = json!({"accepted": {"column": "rate", "values": [2], "otherwise": "exclude"}});
    let rates = batch(&[("rate", "int", ints([2, 3]))]);
    vec![dataset(folder, "traffic", traffic, &[known]).await, dataset(folder, "rates", rates, &[positive, cheap]).await]
}

async fn checked(folder: &TempDir) -> Datasets {
    let inputs = inputs(folder).await;
    let job = Job::open(spec(folder, "America/Chicago", "2026-10-01", "2026-11-01")).expect("a job");
    job.check(&inputs).await.expect("checked")
}

#[tokio::test]
async fn data_goes_one_way_and_what_is_left_out_is_counted_at_the_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let tables = [
        table("by_client", "SELECT client_id, sum(visits) AS visits FROM traffic GROUP BY 1"),
        table("priced", "SELECT client_id, visits * rate AS price FROM by_client CROSS JOIN rates"),
    ];
    let tables = checked(&folder).await.compute(&tables).await.expect("computed");
    assert!(!tables.checked().fails());
    let whole = show(&read(&tables.rows("priced").expect("rows")));
    assert!(whole.contains("| 7         | 6     |") && whole.contains("| 9         | 16    |"), "{whole}");
    assert_eq!((tables.left_out("traffic"), tables.left_out("by_client"), tables.left_out("priced")), (3, 3, 4));
    assert_eq!((tables.left_out_of("by_client", "7"), tables.left_out_of("by_client", "9")), (1, 2));
    assert_eq!(tables.left_out_of("priced", "7"), 2, "rates have no key, so its row counts for all");

    let keys = BTreeSet::from(["7".to_owned(), "9".to_owned()]);
    let editions = tables.split(&["priced", "traffic"], &keys).await.expect("split");
    assert_eq!(editions.findings, []);
    let nine = show(&read(&editions.rows("priced", "9").expect("rows")));
    assert!(nine.contains("| 9         | 16    |") && !nine.contains("| 7 "), "{nine}");
    assert_eq!(editions.rows("traffic", "7").expect("rows").count(), 2);
    assert!(editions.rows("by_client", "7").is_err());
}

#[tokio::test]
async fn the_whole_job_gives_the_same_bytes_again() {
    let mut found = Vec::new();
    for _ in 0..2 {
        let folder = tempfile::tempdir().expect("a folder");
        let tables = [table("by_client", "SELECT client_id, avg(visits) AS mean FROM traffic GROUP BY 1")];
        let tables = checked(&folder).await.compute(&tables).await.expect("computed");
        let editions =
            tables.split(&["by_client"], &BTreeSet::from(["7".to_owned(), "9".to_owned()])).await.expect("split");
        let traffic = &tables.datasets().subjects["traffic"];
        found.push([
            traffic.kept.sha256.clone(),
            traffic.rejected.as_ref().expect("rejected rows").sha256.clone(),
            tables.checked().subjects["by_client"].kept.sha256.clone(),
            editions.tables["by_client"].snapshot.sha256.clone(),
        ]);
    }
    assert_eq!(found[0], found[1]);
}

#[tokio::test]
async fn tables_read_datasets_and_earlier_tables_only() {
    for (tables, message) in [
        (vec![table("a", "SELECT * FROM b"), table("b", "SELECT * FROM traffic")], "table `b` is defined later"),
        (vec![table("a", "SELECT * FROM a")], "table `a` reads itself"),
        (vec![table("a", "SELECT * FROM trafic")], "did you mean `traffic`?"),
        (vec![table("traffic", "SELECT 1 AS one")], "a dataset or an earlier table has this name"),
        (vec![table("a", "SELECT 1 AS x"), table("a", "SELECT 1 AS x")], "a dataset or an earlier table has this name"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let error = checked(&folder).await.compute(&tables).await.err().expect("refused").to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[tokio::test]
async fn checks_of_tables_are_evaluated_and_nothing_found_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let check =
        |json: serde_json::Value| -> CheckInput { serde_json::from_value::<Check>(json).expect("a check").into() };
    let mut daily = table("by_client", "SELECT client_id, sum(visits) AS visits FROM traffic GROUP BY 1");
    daily.checks = vec![
        check(json!({"rows": {"min": 3}})),
        check(json!({"accepted": {"column": "client_id", "values": [7], "otherwise": "exclude"}})),
        CheckInput {
            check: serde_json::from_value(json!({"sql": "SELECT * FROM by_client WHERE visits < {{ least }}"}))
                .expect("a check"),
            sql: Some(sql(&["SELECT * FROM by_client WHERE visits < ", ""], &[("least", Value::Int(5))])),
        },
    ];
    let broken = table("broken", "SELECT 1 / (visits - visits) AS x FROM by_client");
    let tables = checked(&folder).await.compute(&[daily, broken]).await.expect("findings, not an error");
    let told: Vec<String> =
        tables.checked().findings.iter().map(|f| format!("{} {}: {}", f.subject, f.check, f.message)).collect();
    assert_eq!(
        told,
        [
            "by_client rows: there is 1 row, at least 3 expected (1 row left out)",
            "by_client accepted: 1 row has a value in `client_id` other than 7",
            "by_client sql: the SELECT returned 1 row, none expected",
            "broken table: table `broken`: `1 / (visits - visits)` divides by zero: write `nullif(visits - visits, 0)` for the divisor to leave such rows empty",
        ]
    );
    assert_eq!(tables.left_out_of("by_client", "9"), 2 + 1);
}

#[tokio::test]
async fn a_table_that_cannot_be_computed_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let broken = table("broken", "SELECT 1 / (visits - visits) AS x FROM traffic");
    let error = checked(&folder).await.compute(&[broken]).await.err().expect("an error").to_string();
    assert_eq!(
        error,
        "table `broken`: `1 / (visits - visits)` divides by zero: write `nullif(visits - visits, 0)` for the divisor to leave such rows empty"
    );
}

#[tokio::test]
async fn a_job_needs_days_and_a_split_needs_a_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = Job::open(spec(&folder, "UTC", "2026-10-01", "2026-10-01")).err().expect("refused").to_string();
    assert!(error.contains("has no day"), "{error}");
    let job = Job::open(punctual_data::job::JobSpec { key: None, ..spec(&folder, "UTC", "2026-10-01", "2026-11-01") })
        .expect("a job");
    let tables = job.check(&inputs(&folder).await).await.expect("checked").compute(&[]).await.expect("computed");
    assert_eq!(tables.left_out_of("traffic", "7"), 3, "without a key all rows count");
    assert!(
        tables.split(&["traffic"], &BTreeSet::new()).await.expect_err("refused").to_string().contains("no burst key")
    );
}
