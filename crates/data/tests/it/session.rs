//! Queries: names, parameters, what is refused, and that values never become SQL.

use punctual_data::error::DataError;
use punctual_model::{
    sql_text::SqlText,
    value::{Decimal, Value},
};

use crate::fixtures::{Bench, batch, days, instants, ints, locals, show, sql, texts};

async fn traffic() -> Bench {
    let mut bench = Bench::utc();
    let rows = batch(&[
        ("client_id", "int", ints([7, 7, 9])),
        ("channel", "text", texts(["web", "shop", "web"])),
        ("visits", "int", vec![Value::Int(10), Value::Null, Value::Int(30)]),
    ]);
    bench.add("traffic", rows).await;
    bench
}

#[tokio::test]
async fn unknown_names_tell_their_place_and_the_nearest_known_one() {
    let bench = traffic().await;
    assert_eq!(
        bench.refusal("SELECT client_id,\n  sum(vists) FROM traffic GROUP BY 1").await,
        "table `t`, line 2, column 7 (`sum(vists) FROM traffic GROUP BY 1`): unknown column `vists`: did you mean `visits`?"
    );
    assert_eq!(
        bench.refusal("SELECT * FROM trafic").await,
        "table `t`, line 1, column 15 (`SELECT * FROM trafic`): unknown table `trafic`: did you mean `traffic`?"
    );
    let message = bench.refusal("SELECT summ(visits) FROM traffic").await;
    assert!(message.contains("summ") && message.contains("did you mean"), "{message}");
    let message = bench.refusal("SELECT t.visits FROM traffic").await;
    assert!(message.contains("t.visits") || message.contains("`visits`"), "{message}");
    let message = bench.refusal("SELECT * FROM generate_serie(1, 2)").await;
    assert!(message.contains("did you mean `generate_series`?"), "{message}");
}

#[tokio::test]
async fn places_are_those_of_the_authored_text() {
    let bench = traffic().await;
    let text =
        sql(&["SELECT * FROM traffic WHERE visits > ", " AND chanel = 'web'"], &[("parameters.least", Value::Int(1))]);
    let DataError::Sql { place: Some(place), .. } = bench.error(&text).await else { panic!("no place") };
    assert_eq!(place.text, "SELECT * FROM traffic WHERE visits > {{ parameters.least }} AND chanel = 'web'");
    assert_eq!(&place.text[place.column as usize - 1..][..6], "chanel");
}

#[tokio::test]
async fn every_type_of_value_is_a_typed_parameter() {
    let bench = Bench::utc();
    let decimal = Decimal { digits: -12_345, scale: 2 };
    let values = [
        ("date", Value::Date("2026-10-01".parse().expect("a date")), "2026-10-01", "Date32"),
        ("local", Value::Local("2026-10-01T05:30:00".parse().expect("a time")), "2026-10-01T05:30:00", "Timestamp(µs)"),
        (
            "instant",
            Value::Instant("2026-10-01T05:30:00Z".parse().expect("an instant")),
            "2026-10-01T05:30:00Z",
            "Timestamp(µs, \"UTC\")",
        ),
        ("decimal", Value::Decimal(decimal), "-123.45", "Decimal128(38, 2)"),
        ("text", Value::Text("o'hara".into()), "o'hara", "Utf8"),
        ("int", Value::Int(-5), "-5", "Int64"),
        ("double", Value::Double(0.5), "0.5", "Float64"),
        ("bool", Value::Bool(true), "true", "Boolean"),
    ];
    for (name, value, text, kind) in values {
        let query = sql(&["SELECT ", " AS v, arrow_typeof(", ") AS k"], &[(name, value.clone()), (name, value)]);
        let shown = show(&bench.query(&query).await.expect(name));
        assert!(shown.contains(&format!("| {text} ")) && shown.contains(&format!("| {kind} ")), "{shown}");
    }
    let null = sql(&["SELECT coalesce(", ", 3) AS v"], &[("null", Value::Null)]);
    assert!(show(&bench.query(&null).await.expect("null")).contains("| 3 "));
}

#[tokio::test]
async fn parameters_work_wherever_a_value_does() {
    let bench = traffic().await;
    let one = || ("n", Value::Int(1));
    for text in [
        sql(&["SELECT visits FROM traffic ORDER BY visits LIMIT ", ""], &[one()]),
        sql(&["SELECT count(*) FROM generate_series(1, ", ")"], &[one()]),
        sql(&["SELECT client_id + ", " FROM traffic GROUP BY client_id + ", " LIMIT ", ""], &[one(), one(), one()]),
        sql(
            &["SELECT sum(visits) FROM traffic WHERE visits IN (", ", ", ") HAVING count(*) < ", ""],
            &[one(), one(), ("n", Value::Int(5))],
        ),
        sql(
            &["SELECT CASE WHEN visits > ", " THEN ", " ELSE 'low' END FROM traffic LIMIT 1"],
            &[one(), ("t", Value::Text("high".into()))],
        ),
        sql(&["VALUES (", ")"], &[one()]),
    ] {
        let batches = bench.query(&text).await.unwrap_or_else(|e| panic!("{text:?}: {e}"));
        assert_eq!(batches.iter().map(|b| b.num_rows()).sum::<usize>(), 1, "{text:?}");
    }
}

#[tokio::test]
async fn values_never_become_sql() {
    let bench = traffic().await;
    for attack in [
        "' OR '1'='1",
        "x'; DROP TABLE traffic; --",
        "') UNION SELECT * FROM traffic --",
        "$1",
        "{{ secrets.key }}",
        "\\' OR 1=1 --",
        "\u{0}",
        "ʼ OR 1=1",
    ] {
        let attack = || ("parameters.channel", Value::Text(attack.to_owned()));
        let text =
            sql(&["SELECT ", " AS said, count(*) AS n FROM traffic WHERE channel = ", ""], &[attack(), attack()]);
        let batches = bench.query(&text).await.expect("a query");
        let said = punctual_data::values::value_at(batches[0].column(0), 0).expect("text");
        assert_eq!(said, attack().1);
        assert_eq!(punctual_data::values::value_at(batches[0].column(1), 0).expect("a count"), Value::Int(0));
    }
    let name = ("parameters.table", Value::Text("traffic".into()));
    let message = bench.error(&sql(&["SELECT * FROM ", ""], &[name])).await.to_string();
    assert!(message.contains("{{ parameters.table }}"), "{message}");
}

#[tokio::test]
async fn nothing_but_its_snapshots_can_be_read() {
    let bench = traffic().await;
    let path = bench.folder.path().join("traffic.parquet");
    for text in [
        format!("SELECT * FROM '{}'", path.display()),
        format!("SELECT * FROM read_parquet('{}')", path.display()),
        format!("SELECT * FROM \"{}\"", path.display()),
        "SELECT * FROM information_schema.tables".to_owned(),
        "SELECT * FROM \"information_schema.tables\"".to_owned(),
        "SELECT input_file_name() FROM traffic".to_owned(),
        "SELECT @@version".to_owned(),
    ] {
        let message = bench.refusal(&text).await;
        assert!(message.starts_with("table `t`"), "{text}: {message}");
    }
}

#[tokio::test]
async fn the_sql_is_rich() {
    let mut bench = traffic().await;
    bench
        .add(
            "by-day",
            batch(&[
                ("day", "date", days(["2026-10-01"])),
                ("Net", "decimal(9,2)", vec![Value::Decimal(Decimal { digits: 1050, scale: 2 })]),
            ]),
        )
        .await;
    for text in [
        "WITH t AS (SELECT * FROM traffic) SELECT median(visits) FROM t",
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY visits) FROM traffic",
        "SELECT client_id, row_number() OVER (PARTITION BY client_id ORDER BY visits) AS n FROM traffic QUALIFY n = 1",
        "SELECT channel FROM traffic EXCEPT SELECT 'web'",
        "SELECT \"Net\" * 2 FROM \"by-day\"",
        "SELECT d FROM generate_series(DATE '2026-10-01', DATE '2026-10-03', INTERVAL '1 day') AS s(d)",
        "SELECT sum(visits) FILTER (WHERE channel = 'web') FROM traffic",
        "SELECT a.client_id FROM traffic a LEFT JOIN traffic b ON a.client_id = b.client_id AND b.visits > 5",
        "SELECT client_id FROM traffic GROUP BY ROLLUP(client_id)",
        "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT max(i) FROM n",
    ] {
        bench.show(text).await;
    }
    let shown = bench.show("SELECT sum(\"Net\") AS net, sum(visits) AS visits FROM \"by-day\", traffic").await;
    assert!(shown.contains("| 31.50 | 40 "), "{shown}");
}

#[tokio::test]
async fn errors_on_values_name_the_table() {
    let bench = traffic().await;
    let message = bench.refusal("SELECT 1 / (visits - visits) FROM traffic").await;
    assert_eq!(
        message,
        "table `t`: `1 / (visits - visits)` divides by zero: write `nullif(visits - visits, 0)` for the divisor to leave \
         such rows empty"
    );
    let message = bench.refusal("SELECT CAST(channel AS BIGINT) FROM traffic").await;
    assert!(message.contains("web"), "{message}");
}

#[tokio::test]
async fn results_keep_their_columns_without_rows() {
    let bench = traffic().await;
    let rows =
        bench.session.run("table `t`", &SqlText::plain("SELECT visits FROM traffic WHERE false")).await.expect("runs");
    assert_eq!(rows.schema().field(0).name(), "visits");
}

#[tokio::test]
async fn local_and_instant_values_read_back_alike() {
    let mut bench = Bench::utc();
    let rows = batch(&[
        ("at", "timestamptz", instants(["2026-10-01T05:00:00Z"])),
        ("said", "timestamp", locals(["2026-10-01T00:00:00"])),
    ]);
    bench.add("calls", rows).await;
    let shown = bench.show("SELECT at, said FROM calls").await;
    assert!(shown.contains("2026-10-01T05:00:00Z") && shown.contains("2026-10-01T00:00:00 "), "{shown}");
}
