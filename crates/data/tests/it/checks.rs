//! Checks on datasets: what holds, what does not, and what is set aside.

use arrow::array::RecordBatch;
use punctual_data::{
    checks::Days,
    error::DataError,
    job::{DatasetInput, Datasets, Job, JobSpec},
};
use punctual_model::{
    definition::{Check, Otherwise},
    finding::Finding,
    value::Value,
};
use serde_json::json;
use tempfile::TempDir;

use crate::fixtures::{LIMITS, batch, days, instants, ints, locals, show_snapshot, store, texts};

pub fn spec(folder: &TempDir, zone: &str, first: &str, end: &str) -> JobSpec {
    JobSpec {
        folder: folder.path().to_owned(),
        limits: LIMITS,
        zone: zone.parse().expect("a zone"),
        days: Days { first: first.parse().expect("a date"), end: end.parse().expect("a date") },
        key: Some("client_id".to_owned()),
    }
}

pub async fn dataset(folder: &TempDir, name: &str, rows: RecordBatch, checks: &[serde_json::Value]) -> DatasetInput {
    let snapshot = store(&folder.path().join(format!("{name}.extracted")), rows.schema(), vec![rows]).await;
    let checks = checks.iter().map(|check| serde_json::from_value::<Check>(check.clone()).expect("a check").into());
    DatasetInput { name: name.parse().expect("a name"), snapshot, checks: checks.collect() }
}

async fn check(rows: RecordBatch, checks: &[serde_json::Value]) -> Result<(TempDir, Datasets), DataError> {
    let folder = tempfile::tempdir().expect("a folder");
    let input = dataset(&folder, "d", rows, checks).await;
    let job = Job::open(spec(&folder, "America/Chicago", "2026-10-01", "2026-10-04")).expect("a job");
    job.check(&[input]).await.map(|datasets| (folder, datasets))
}

async fn findings(rows: RecordBatch, checks: &[serde_json::Value]) -> Vec<Finding> {
    check(rows, checks).await.expect("checks").1.checked().findings.clone()
}

async fn error(rows: RecordBatch, check_json: serde_json::Value) -> String {
    check(rows, &[check_json]).await.err().expect("an error").to_string()
}

fn traffic() -> RecordBatch {
    batch(&[
        ("client_id", "int", vec![Value::Int(7), Value::Int(7), Value::Int(9), Value::Null, Value::Int(9)]),
        ("day", "date", days(["2026-10-01", "2026-10-02", "2026-10-01", "2026-10-03", "2026-10-03"])),
        (
            "channel",
            "text",
            vec![
                Value::Text("web".into()),
                Value::Text("banana".into()),
                Value::Text("shop".into()),
                Value::Text("web".into()),
                Value::Null,
            ],
        ),
        ("visits", "int", vec![Value::Int(1), Value::Int(2), Value::Int(3), Value::Int(4), Value::Null]),
    ])
}

#[tokio::test]
async fn what_holds_is_no_finding() {
    let checks = [
        json!({"rows": {"min": 5, "max": 5}}),
        json!({"covers": {"column": "day", "every": "day"}}),
        json!({"covers": {"column": "day", "every": "month"}}),
        json!({"not_null": ["day"]}),
        json!({"unique": ["client_id", "day"]}),
        json!({"accepted": {"column": "channel", "values": ["web", "shop", "banana"]}}),
        json!({"accepted": {"column": "visits", "values": [1, 2, 3, 4]}}),
        json!({"sql": "SELECT * FROM d WHERE visits > 100"}),
    ];
    let (_folder, datasets) = check(traffic(), &checks).await.expect("checks");
    let checked = datasets.checked();
    assert_eq!(checked.findings, []);
    let rows = &checked.subjects["d"];
    assert!(rows.kept.path.ends_with("d.extracted"), "nothing is copied: {:?}", rows.kept.path);
    assert!(rows.rejected.is_none() && rows.left_out.rows == 0);
}

#[tokio::test]
async fn every_check_tells_what_it_found_and_none_hides_another() {
    let checks = [
        json!({"rows": {"min": 6}}),
        json!({"rows": {"max": 4, "otherwise": "warn"}}),
        json!({"not_null": ["client_id", "visits"]}),
        json!({"accepted": {"column": "channel", "values": ["web", "shop"]}}),
        json!({"unique": ["client_id"]}),
        json!({"sql": {"sql": "SELECT client_id, visits FROM d WHERE visits > 2", "otherwise": "warn"}}),
    ];
    let (_folder, datasets) = check(traffic(), &checks).await.expect("checks");
    let checked = datasets.checked();
    assert!(checked.fails());
    let told: Vec<String> = checked
        .findings
        .iter()
        .map(|f| format!("{} {:?} {}: {} [{}]", f.check, f.severity, f.rows, f.message, f.samples.join(" / ")))
        .collect();
    assert_eq!(
        told,
        [
            "rows Fail 5: there are 5 rows, at least 6 expected []",
            "rows Warn 5: there are 5 rows, at most 4 expected []",
            "not_null Fail 2: 2 rows have no value in `client_id`, `visits` \
         [client_id=9, visits=NULL, day=2026-10-03, channel=NULL / client_id=NULL, visits=4, day=2026-10-03, channel=web]",
            "accepted Fail 1: 1 row has a value in `channel` other than web, shop [channel=banana]",
            "unique Fail 4: 4 rows repeat a value of `client_id` [client_id=7 / client_id=9]",
            "sql Warn 2: the SELECT returned 2 rows, none expected [client_id=9, visits=3 / client_id=NULL, visits=4]",
        ]
    );
    let rows = &checked.subjects["d"];
    let rejected = show_snapshot(rows.rejected.as_ref().expect("rejected rows"));
    assert!(rejected.contains("| accepted(channel); unique(client_id)"), "{rejected}");
    assert_eq!(rows.rejected.as_ref().expect("rejected rows").rows, 5);
    assert_eq!((rows.kept.rows, rows.left_out.rows), (5, 0), "failing rows are not left out");
}

#[tokio::test]
async fn excluded_rows_are_set_aside_counted_by_key_and_not_seen_by_other_checks() {
    let checks = [
        json!({"rows": {"max": 3}}),
        json!({"not_null": {"columns": ["client_id"], "otherwise": "exclude"}}),
        json!({"accepted": {"column": "channel", "values": ["web", "shop"], "otherwise": "exclude"}}),
        json!({"not_null": ["client_id"]}),
        json!({"unique": ["client_id"]}),
        json!({"covers": {"column": "day", "every": "day"}}),
        json!({"sql": "SELECT * FROM d WHERE channel = 'banana'"}),
    ];
    let (_folder, datasets) = check(traffic(), &checks).await.expect("checks");
    let checked = datasets.checked();
    let told: Vec<String> =
        checked.findings.iter().map(|f| format!("{} {:?}: {}", f.check, f.severity, f.message)).collect();
    assert_eq!(
        told,
        [
            "not_null Exclude: 1 row has no value in `client_id`",
            "accepted Exclude: 1 row has a value in `channel` other than web, shop",
            "unique Fail: 2 rows repeat a value of `client_id`",
            "covers Fail: 1 of 3 days has no row: 2026-10-02",
        ]
    );
    let rows = &checked.subjects["d"];
    assert_eq!((rows.kept.rows, rows.left_out.rows), (3, 2));
    assert_eq!(
        (rows.left_out.of("7"), rows.left_out.of("9")),
        (1, 0),
        "the row without a key counts in the whole only"
    );
    let kept = show_snapshot(&rows.kept);
    assert!(!kept.contains("banana"), "{kept}");
    let rejected = show_snapshot(rows.rejected.as_ref().expect("rejected rows"));
    for line in ["| not_null(client_id)", "| accepted(channel) ", "| unique(client_id)"] {
        assert!(rejected.contains(line), "{line} in\n{rejected}");
    }
}

#[tokio::test]
async fn repeated_values_can_be_excluded_and_null_counts_among_several() {
    let rows = batch(&[
        ("client_id", "int", ints([1, 1, 2, 2, 3, 3])),
        (
            "ref",
            "text",
            vec![
                Value::Text("a".into()),
                Value::Text("a".into()),
                Value::Null,
                Value::Null,
                Value::Null,
                Value::Text("b".into()),
            ],
        ),
    ]);
    let unique = |columns: &[&str]| json!({"unique": {"columns": columns, "otherwise": "exclude"}});
    let (_folder, both) = check(rows.clone(), &[unique(&["client_id", "ref"])]).await.expect("checks");
    let checked = &both.checked().subjects["d"];
    assert_eq!((checked.kept.rows, checked.left_out.of("1"), checked.left_out.of("2")), (2, 2, 2));
    let (_folder, one) = check(rows, &[unique(&["ref"])]).await.expect("checks");
    assert_eq!(one.checked().subjects["d"].left_out.rows, 2, "rows without any value are left alone");
}

#[tokio::test]
async fn days_are_those_of_the_reports_zone() {
    // 04:59 UTC is the evening before in Chicago.
    let at = ["2026-10-01T05:00:00Z", "2026-10-03T04:59:59Z", "2026-10-04T04:59:59Z", "2026-10-04T05:00:00Z"];
    let rows = batch(&[("at", "timestamptz", instants(at))]);
    let found = findings(rows, &[json!({"covers": {"column": "at", "every": "day"}})]).await;
    assert_eq!(found, [], "1, 2 and 3 October are covered");
    let said = batch(&[("at", "timestamp", locals(["2026-10-01T00:00:00", "2026-10-03T23:59:59"]))]);
    let found = findings(said, &[json!({"covers": {"column": "at", "every": "day"}})]).await;
    assert_eq!(found[0].message, "1 of 3 days has no row: 2026-10-02");
    assert_eq!(found[0].samples, ["at=2026-10-02"]);
}

#[tokio::test]
async fn each_value_must_cover_the_period() {
    let rows = batch(&[
        ("client_id", "int", ints([7, 7, 7, 9, 11, 11, 11, 11])),
        (
            "day",
            "date",
            days([
                "2026-10-01",
                "2026-10-02",
                "2026-10-03",
                "2026-10-02",
                "2026-09-30",
                "2026-10-01",
                "2026-10-02",
                "2026-10-02",
            ]),
        ),
    ]);
    let covers = json!({"covers": {"column": "day", "every": "day", "by": "client_id", "otherwise": "warn"}});
    let found = findings(rows, &[covers]).await;
    assert_eq!(
        found[0].message,
        "2 values of `client_id` lack days of the period: 9 lacks 2 of 3 days (2026-10-01, 2026-10-03); 11 lacks 1 of 3 days (2026-10-03)"
    );
    assert_eq!(found[0].samples, ["client_id=9, day=2026-10-01", "client_id=11, day=2026-10-03"]);
    assert_eq!(found[0].severity, Otherwise::Warn);
}

#[tokio::test]
async fn no_rows_at_all_are_told_by_the_checks_that_need_some() {
    let none = traffic().slice(0, 0);
    let checks = [
        json!({"rows": {"min": 1}}),
        json!({"covers": {"column": "day", "every": "day"}}),
        json!({"covers": {"column": "day", "every": "day", "by": "client_id"}}),
        json!({"not_null": ["day"]}),
        json!({"unique": {"columns": ["day"], "otherwise": "exclude"}}),
        json!({"accepted": {"column": "channel", "values": []}}),
    ];
    let told: Vec<String> = findings(none, &checks).await.into_iter().map(|f| f.message).collect();
    assert_eq!(
        told,
        ["there are 0 rows, at least 1 expected", "3 of 3 days have no row: 2026-10-01, 2026-10-02, 2026-10-03",]
    );
}

#[tokio::test]
async fn checks_that_cannot_work_are_errors_with_a_way_out() {
    for (check, message) in [
        (json!({"not_null": ["vists"]}), "`d`: check `not_null`: unknown column `vists`: did you mean `visits`?"),
        (json!({"unique": ["chanel"]}), "`d`: check `unique`: unknown column `chanel`: did you mean `channel`?"),
        (
            json!({"covers": {"column": "dya", "every": "day"}}),
            "`d`: check `covers`: unknown column `dya`: did you mean `day`?",
        ),
        (
            json!({"covers": {"column": "visits", "every": "day"}}),
            "`d`: check `covers`: column `visits` holds neither dates nor times",
        ),
        (json!({"covers": {"column": "day", "every": "day", "by": "x"}}), "unknown column `x`"),
        (
            json!({"accepted": {"column": "visits", "values": ["web"]}}),
            "`d`: check `accepted`: column `visits`: \"web\" is not a value of type int",
        ),
        (
            json!({"rows": {"min": 1, "otherwise": "exclude"}}),
            "`d`: check `rows`: names no rows to exclude: use `fail` or `warn`",
        ),
        (json!({"sql": "SELECT * FROM d WHERE vists > 1"}), "check `sql` of `d`, line 1, column 23"),
        (json!({"sql": "DELETE FROM d"}), "only a SELECT is allowed here, not DELETE"),
    ] {
        let told = error(traffic(), check.clone()).await;
        assert!(told.contains(message), "{check}: {told}");
    }
}

#[tokio::test]
async fn awkward_column_names_do_not_matter() {
    let rows = batch(&[
        ("Client.Id", "int", ints([1, 1])),
        ("rejected_by", "text", texts(["x", "y"])),
        ("refused by 0", "text", texts(["\"", "'"])),
        ("times", "int", ints([1, 1])),
    ]);
    let checks = [
        json!({"unique": {"columns": ["Client.Id", "times"], "otherwise": "exclude"}}),
        json!({"accepted": {"column": "refused by 0", "values": ["'"], "otherwise": "exclude"}}),
        json!({"not_null": ["rejected_by"]}),
    ];
    let (_folder, datasets) = check(rows, &checks).await.expect("checks");
    let checked = &datasets.checked().subjects["d"];
    assert_eq!((checked.kept.rows, checked.left_out.rows), (0, 2));
    let rejected = show_snapshot(checked.rejected.as_ref().expect("rejected rows"));
    assert!(rejected.contains("| rejected_by_ "), "{rejected}");
}

#[tokio::test]
async fn sql_checks_see_all_datasets_without_their_excluded_rows() {
    let folder = tempfile::tempdir().expect("a folder");
    let known = "SELECT client_id FROM traffic WHERE client_id NOT IN (SELECT client_id FROM clients)";
    let traffic =
        dataset(&folder, "traffic", batch(&[("client_id", "int", ints([1, 2, 3]))]), &[json!({"sql": known})]).await;
    let one = json!({"accepted": {"column": "client_id", "values": [1, 2], "otherwise": "exclude"}});
    let clients = dataset(&folder, "clients", batch(&[("client_id", "int", ints([1, 2, 3]))]), &[one]).await;
    let job = Job::open(spec(&folder, "UTC", "2026-10-01", "2026-11-01")).expect("a job");
    let datasets = job.check(&[traffic, clients]).await.expect("checks");
    let told: Vec<&str> = datasets.checked().findings.iter().map(|f| f.samples[0].as_str()).collect();
    assert_eq!(told, ["client_id=3", "client_id=3"], "the excluded client is missed by the other dataset's check");
}

#[tokio::test]
async fn covers_counts_the_hours_that_the_clocks_show() {
    let folder = tempfile::tempdir().expect("a folder");
    // All hours of the day on which clocks go back but the second 01:00.
    let hours = (0..25).filter(|hour| *hour != 2).map(|hour| {
        let first: jiff::Timestamp = "2026-11-01T05:20:00Z".parse().expect("an instant");
        Value::Instant(jiff::Timestamp::from_second(first.as_second() + hour * 3600).expect("in range"))
    });
    let rows = batch(&[("at", "timestamptz", hours.collect())]);
    let input = dataset(&folder, "d", rows, &[json!({"covers": {"column": "at", "every": "hour"}})]).await;
    let job = Job::open(spec(&folder, "America/Chicago", "2026-11-01", "2026-11-02")).expect("a job");
    let found = job.check(&[input]).await.expect("checks").checked().findings.clone();
    assert_eq!(found[0].message, "1 of 25 hours has no row: 2026-11-01 01:00 CST");
    let message = error(traffic(), json!({"covers": {"column": "day", "every": "hour"}})).await;
    assert!(message.contains("holds dates, which have no hours"), "{message}");
}
