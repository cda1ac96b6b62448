//! What every type of source does alike: the schema is known at zero rows, values arrive as they
//! were, binds stay values, rows keep their order through many batches, errors are of the
//! right kind. A type gives a `Kit`: a source with a table `samples` of the same eight columns.

use std::sync::Arc;

use futures::StreamExt;
use punctual_data::source::{ExtractRequest, Source, SourceError};
use punctual_model::{definition::Columns, value::Value};

use crate::support::{INJECTIONS, columns, declared, drain, refused, renamed, request, rows, schema_text};

/// A source, and how its table is called.
pub struct Kit {
    pub source: Arc<dyn Source>,
    /// `samples` with a schema or database before it.
    pub table: String,
    /// Columns whose type the source does not know.
    pub columns: Vec<(&'static str, &'static str)>,
}

impl Kit {
    fn ask(&self, sql: &str, values: &[(&str, Value)]) -> ExtractRequest {
        declared(request(&sql.replace("samples", &self.table), values), &self.columns)
    }
}

/// The columns of `samples` as every source must give them.
pub const SCHEMA: [&str; 8] = [
    "id Int64",
    "name Utf8",
    "amount Decimal128(12, 2)",
    "ratio Float64",
    "active Boolean",
    "day Date32",
    "at Timestamp(µs)",
    "seen Timestamp(µs, \"UTC\")",
];

/// The rows of `samples`, one an array of what every source must give. Each type's kit writes
/// them down in its own way.
pub const ROWS: [[&str; 8]; 5] = [
    ["1", "Ana", "12.34", "0.5", "true", "2026-10-31", "2026-10-31T23:59:59", "2026-11-01T04:59:59Z"],
    [
        "2",
        "it's \"quoted\"; -- \\ 日本 😀",
        "-9999999999.99",
        "-1.25e22",
        "false",
        "1970-01-01",
        "1970-01-01T00:00:00",
        "1970-01-01T00:00:01Z",
    ],
    ["3", "", "0.00", "0.0", "true", "2024-02-29", "2026-03-08T02:30:00", "2026-03-08T08:30:00Z"],
    [
        "9223372036854775807",
        " blanks ",
        "9999999999.99",
        "0.1",
        "false",
        "9999-12-31",
        "9999-12-31T23:59:59.123456",
        "2038-01-19T03:14:07.999999Z",
    ],
    ["-9223372036854775808", "", "", "", "", "", "", ""],
];

/// The last row's text column is NULL, not empty; as text both look alike.
pub async fn values_arrive_as_they_were(kit: Kit) {
    let all = rows(
        &kit.source,
        kit.ask(
            "SELECT * FROM samples ORDER BY CASE WHEN id = 9223372036854775807 THEN 4 WHEN id < 0 THEN 5 ELSE id END",
            &[],
        ),
    )
    .await;
    assert_eq!(all, ROWS);
    let nulls = rows(
        &kit.source,
        kit.ask("SELECT id, name, amount, ratio, active, day, at, seen FROM samples WHERE name IS NULL", &[]),
    )
    .await;
    assert_eq!(nulls, [ROWS[4]]);
}

pub async fn the_schema_is_known_at_zero_rows(kit: Kit) {
    let extraction = kit.source.extract(kit.ask("SELECT * FROM samples WHERE id = 0", &[])).await;
    let extraction = extraction.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(schema_text(&extraction), SCHEMA);
    assert_eq!(drain(extraction).await.expect("no rows"), Vec::<Vec<String>>::new());
}

pub async fn binds_stay_values(kit: Kit) {
    for text in INJECTIONS {
        let value = [("parameters.name", Value::Text(text.to_owned()))];
        let none = rows(&kit.source, kit.ask("SELECT * FROM samples WHERE name = {{ parameters.name }}", &value)).await;
        assert_eq!(none, Vec::<Vec<String>>::new(), "{text}");
    }
    let value = [("n", Value::Text(ROWS[1][1].to_owned()))];
    let one = rows(&kit.source, kit.ask("SELECT * FROM samples WHERE name = {{ n }}", &value)).await;
    assert_eq!(one, [ROWS[1]]);
    let values = [("low", Value::Int(2)), ("high", Value::Int(3)), ("not", Value::Null)];
    let sql = "SELECT * FROM samples WHERE id >= {{ low }} AND id <= {{ high }} AND (name <> {{ not }} OR id >= {{ high }}) ORDER BY id";
    assert_eq!(rows(&kit.source, kit.ask(sql, &values)).await, [ROWS[2]]);
    assert_eq!(rows(&kit.source, kit.ask("SELECT * FROM samples", &[])).await.len(), ROWS.len(), "nothing was dropped");
}

pub async fn a_bind_inside_a_string_is_refused(kit: Kit) {
    let value = [("n", Value::Text("x".to_owned()))];
    let error = refused(&kit.source, kit.ask("SELECT * FROM samples WHERE name = '{{ n }}'", &value)).await;
    assert!(
        matches!(&error, SourceError::Query { message, .. } if message.contains("inside an SQL string")),
        "{error}"
    );
}

pub async fn what_is_missing_is_named(kit: Kit) {
    let error = refused(&kit.source, kit.ask("SELECT * FROM samples_gone", &[])).await;
    assert!(matches!(&error, SourceError::Query { message, .. } if message.contains("samples_gone")), "{error}");
    assert!(!error.is_transient());
    let error = refused(&kit.source, kit.ask("SELECT nmae FROM samples", &[])).await;
    assert!(matches!(&error, SourceError::Query { message, .. } if message.contains("nmae")), "{error}");
    let error = refused(&kit.source, kit.ask("SELEC id FROM samples", &[])).await;
    assert!(matches!(&error, SourceError::Query { .. }), "{error}");

    let mut asked = kit.ask("SELECT id, ratio FROM samples", &[]);
    asked.columns = columns(&[("ratoi", "double")]);
    let error = refused(&kit.source, asked).await;
    assert!(
        error.to_string().contains("no column `ratoi`, which `columns:` declares; did you mean `ratio`?"),
        "{error}"
    );
    let mut asked = kit.ask("SELECT id, id FROM samples", &[]);
    asked.columns = Columns::default();
    let error = refused(&kit.source, asked).await;
    assert!(error.to_string().contains("two columns are named `id`"), "{error}");
    let no_sql = ExtractRequest { sql: None, ..kit.ask("", &[]) };
    assert!(matches!(refused(&kit.source, no_sql).await, SourceError::Config { .. }));
}

pub async fn declared_columns_can_have_other_names(kit: Kit) {
    let mut asked = kit.ask("SELECT id, ratio FROM samples WHERE id = 1", &[]);
    let column_type = "text".parse().expect("a column type");
    asked.columns = [("share".to_owned(), renamed("ratio", column_type))].into_iter().collect();
    let extraction = kit.source.extract(asked).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(schema_text(&extraction), ["id Int64", "share Utf8"]);
    assert_eq!(drain(extraction).await.expect("a row"), [["1", "0.5"]]);
}

pub async fn only_one_query_is_taken(kit: Kit) {
    for statement in [
        "INSERT INTO samples (id) VALUES (99)",
        "DELETE FROM samples",
        "DROP TABLE samples",
        "SELECT id FROM samples; DELETE FROM samples",
        "SELECT 1 AS x; SELECT 2 AS x",
        "",
        "-- nothing",
    ] {
        let mut asked = kit.ask(statement, &[]);
        asked.columns = Columns::default();
        let error = refused(&kit.source, asked).await;
        assert!(matches!(&error, SourceError::Query { .. }), "{statement}: {error}");
    }
    assert_eq!(rows(&kit.source, kit.ask("SELECT * FROM samples", &[])).await.len(), ROWS.len(), "nothing was written");
}

pub async fn the_statement_is_recorded_without_its_values(kit: Kit) {
    let value = [("secret", Value::Text("a value".to_owned()))];
    let extraction = kit.source.extract(kit.ask("SELECT * FROM samples WHERE name = {{ secret }}", &value)).await;
    let statement = extraction.unwrap_or_else(|error| panic!("{error}")).statement;
    assert!(statement.contains("WHERE name = ") && !statement.contains("a value"), "{statement}");
}

/// `numbers` is a SELECT that gives `n` from 1 to 20,000 in order.
pub async fn rows_keep_their_order_through_many_batches(source: Arc<dyn Source>, numbers: ExtractRequest) {
    let mut extraction = source.extract(numbers).await.unwrap_or_else(|error| panic!("{error}"));
    let (mut next, mut batches) = (1, 0);
    while let Some(batch) = extraction.batches.next().await {
        let batch = batch.unwrap_or_else(|error| panic!("{error}"));
        assert!(batch.num_rows() <= 8_192, "batches are bounded");
        batches += 1;
        for row in crate::support::as_text(&batch) {
            assert_eq!(row[0], next.to_string());
            next += 1;
        }
    }
    assert_eq!((next - 1, batches), (20_000, 3));
}

/// One test of this suite for each of its functions.
#[macro_export]
macro_rules! conforms {
    ($kit:path) => {
        $crate::conforms!($kit;
            values_arrive_as_they_were,
            the_schema_is_known_at_zero_rows,
            binds_stay_values,
            a_bind_inside_a_string_is_refused,
            what_is_missing_is_named,
            declared_columns_can_have_other_names,
            only_one_query_is_taken,
            the_statement_is_recorded_without_its_values,
        );
    };
    ($kit:path; $($name:ident,)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                $crate::conformance::$name($kit(stringify!($name)).await).await;
            }
        )*
    };
}
