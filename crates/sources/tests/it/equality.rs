//! What a server calls equal, for every kind of collation of every source: what is kept of a text with
//! capitals and a blank at its end, and what is noted where equality here is another one.

use std::sync::Arc;

use punctual_data::source::{ExtractRequest, Source};
use punctual_model::definition::{Collation, ColumnDecl, ColumnFacts};

use crate::{
    mysql, postgres, sqlite,
    support::{drain, note, request},
};

/// For one column: what is kept of `Retail `, what its server notes, and what it calls equal to it.
struct Kind {
    column: &'static str,
    kept: &'static str,
    noted: Option<&'static str>,
    /// Whether the server finds the row by `RETAIL` and by `Retail`.
    server_finds: [bool; 2],
}

const fn kind(column: &'static str, kept: &'static str, noted: Option<&'static str>, finds: [bool; 2]) -> Kind {
    Kind { column, kept, noted, server_finds: finds }
}

async fn hold(source: Arc<dyn Source>, table: &str, kinds: &[Kind]) {
    for Kind { column, kept, noted, server_finds } in kinds {
        let asked = || request(&format!("SELECT {column} FROM {table}"), &[]);
        for (collation, text, note_left) in [
            (None, *kept, *noted),
            (Some(Collation::Exact), "", None),
            (Some(Collation::Trim), "Retail", noted.filter(|note| *note == "ci")),
            (Some(Collation::Fold), "retail", None),
        ] {
            let declared = ColumnDecl::With(ColumnFacts { collation, ..ColumnFacts::default() });
            let columns = [((*column).to_owned(), declared)].into_iter().collect();
            let extraction = source.extract(ExtractRequest { columns, ..asked() }).await;
            let extraction = extraction.unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(note(&extraction, column).as_deref(), note_left, "{table}.{column} {collation:?}");
            let rows = drain(extraction).await.expect("a row");
            match collation {
                // As the server sends it: some fill up with blanks, some take them away.
                Some(Collation::Exact) => assert!(rows[0][0].starts_with("Retail"), "{column}: {rows:?}"),
                _ => assert_eq!(rows, [[text]], "{table}.{column} {collation:?}"),
            }
        }
        for (text, finds) in ["RETAIL", "Retail"].iter().zip(server_finds) {
            let sql = format!("SELECT count(*) AS n FROM {table} WHERE {column} = '{text}'");
            let found = drain(source.extract(request(&sql, &[])).await.expect("it starts")).await.expect("a row");
            assert_eq!(found, [[if *finds { "1" } else { "0" }]], "{table}.{column} = {text}");
        }
    }
}

#[tokio::test]
async fn postgres_has_char_citext_and_collations_that_fold() {
    let schema = postgres::schema("equality").await;
    postgres::admin(format!(
        "CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public; \
         CREATE COLLATION {schema}.no_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false); \
         CREATE DOMAIN {schema}.code AS char(10); \
         CREATE TABLE {schema}.t (plain text, c char(10), d {schema}.code, ci public.citext, \
         folds text COLLATE {schema}.no_case, folds_char char(10) COLLATE {schema}.no_case); \
         INSERT INTO {schema}.t VALUES ('Retail ', 'Retail ', 'Retail ', 'Retail ', 'Retail ', 'Retail ')"
    ))
    .await;
    let kinds = [
        kind("plain", "Retail ", None, [false, false]),
        kind("c", "Retail", None, [false, true]),
        kind("d", "Retail", None, [false, true]),
        kind("ci", "Retail ", Some("ci"), [false, false]),
        kind("folds", "Retail ", Some("ci"), [false, false]),
        kind("folds_char", "Retail", Some("ci"), [true, true]),
    ];
    hold(postgres::source(), &format!("{schema}.t"), &kinds).await;
}

#[tokio::test]
async fn mysql_pads_and_folds_by_default() {
    let database = mysql::database("equality").await;
    mysql::admin(format!(
        "CREATE TABLE {database}.t (folds varchar(10) COLLATE utf8mb4_general_ci, pads varchar(10) COLLATE utf8mb4_bin, \
         plain varchar(10) COLLATE utf8mb4_nopad_bin, c char(10) COLLATE utf8mb4_bin, \
         c_folds char(10) COLLATE utf8mb4_general_ci, t text COLLATE utf8mb4_unicode_ci); \
         INSERT INTO {database}.t VALUES ('Retail ', 'Retail ', 'Retail ', 'Retail ', 'Retail ', 'Retail ')"
    ))
    .await;
    let kinds = [
        kind("folds", "Retail ", Some("ci"), [true, true]),
        kind("pads", "Retail ", Some("padded"), [false, true]),
        kind("plain", "Retail ", None, [false, false]),
        kind("c", "Retail", None, [false, true]),
        kind("c_folds", "Retail", Some("ci"), [true, true]),
        kind("t", "Retail ", Some("ci"), [true, true]),
    ];
    hold(mysql::source(), &format!("{database}.t"), &kinds).await;
}

#[tokio::test]
async fn sqlite_has_nocase_and_rtrim() {
    let path = sqlite::file(
        "equality",
        "CREATE TABLE t (plain text, folds text COLLATE NOCASE, pads varchar(9) NOT NULL COLLATE RTRIM DEFAULT ''); \
         INSERT INTO t VALUES ('Retail ', 'Retail ', 'Retail '); CREATE VIEW v AS SELECT * FROM t",
    )
    .await;
    let kinds = [
        kind("plain", "Retail ", None, [false, false]),
        kind("folds", "Retail ", Some("ci"), [false, false]),
        kind("pads", "Retail ", Some("padded"), [false, true]),
    ];
    for table in ["t", "v"] {
        hold(sqlite::source(&path), table, &kinds).await;
    }
}

/// Only a column itself has a collation that is known; an expression's is its own.
#[tokio::test]
async fn an_expression_has_no_note() {
    let path = sqlite::file("expression", "CREATE TABLE t (a text COLLATE NOCASE); INSERT INTO t VALUES ('x')").await;
    let asked = request("SELECT upper(a) AS u, a FROM t", &[]);
    let extraction = sqlite::source(&path).extract(asked).await.expect("it starts");
    assert_eq!((note(&extraction, "u"), note(&extraction, "a").as_deref()), (None, Some("ci")));
}
