//! Bounds that hold where the rows arrive: the longest value, and the bytes of a batch.

use futures::StreamExt;
use punctual_data::source::SourceConfig;
use serde_json::json;

use crate::{
    mysql, postgres, sqlite,
    support::{config, open, refused, request, rows},
};

/// A batch holds at most so many bytes of text, and the row that fills it.
const LARGEST_BATCH: usize = 5 << 20;

async fn sources() -> Vec<(&'static str, SourceConfig)> {
    let path = sqlite::file("bounds", "CREATE TABLE t (x text)").await;
    vec![
        ("postgres", config(json!({"url": postgres::url()}))),
        ("mysql", config(json!({"url": mysql::url()}))),
        ("sqlite", config(json!({"path": path}))),
    ]
}

/// A SELECT of so many rows of texts of this length.
fn wide(kind: &str, rows: usize, bytes: usize) -> String {
    match kind {
        "postgres" => format!("SELECT n, repeat('x', {bytes}) AS t FROM generate_series(1, {rows}) n"),
        "mysql" => format!("SELECT seq AS n, CAST(REPEAT('x', {bytes}) AS CHAR) AS t FROM seq_1_to_{rows}"),
        _ => format!(
            "WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {rows}) \
             SELECT CAST(n AS integer) AS n, printf('%.*c', {bytes}, 'x') AS t FROM s"
        ),
    }
}

#[tokio::test]
async fn a_value_that_is_too_long_is_refused_by_its_place() {
    for (kind, mut config) in sources().await {
        config.cell_bytes = 2048;
        let source = open(kind, config);
        assert_eq!(rows(&source, request(&wide(kind, 1, 2048), &[])).await[0][1].len(), 2048, "{kind}");
        let error = refused(&source, request(&wide(kind, 3, 2049), &[])).await;
        assert_eq!(
            error.to_string(),
            "dataset `traffic`: row 1, column `t`: the value has 3 KiB, more than the 2 KiB of `cell_kib` on source \
             `warehouse`; leave it out or cut it in the SQL, or raise `cell_kib`",
            "{kind}"
        );
    }
}

#[tokio::test]
async fn a_batch_is_full_by_its_bytes() {
    for (kind, config) in sources().await {
        let source = open(kind, config);
        let mut extraction = source.extract(request(&wide(kind, 100, 500_000), &[])).await.expect("it starts");
        let mut count = 0;
        while let Some(batch) = extraction.batches.next().await {
            let batch = batch.unwrap_or_else(|error| panic!("{kind}: {error}"));
            count += batch.num_rows();
            assert!(batch.num_rows() * 500_000 <= LARGEST_BATCH, "{kind}: {} rows", batch.num_rows());
        }
        assert_eq!(count, 100, "{kind}");
    }
}

/// SQLite takes long values out before it hands rows over; that must not change any value, nor the rows' order.
#[tokio::test]
async fn sqlite_keeps_values_and_order() {
    let path = sqlite::file(
        "kept",
        "CREATE TABLE t (id integer, x, y text); INSERT INTO t VALUES (1, 'b', 'é'), (2, 7, ''), (3, 2.5, NULL), (4, NULL, 'z')",
    )
    .await;
    let source = sqlite::source(&path);
    for sql in [
        "SELECT id, CAST(x AS text) AS x, y FROM t ORDER BY id DESC",
        "SELECT id, CAST(x AS text) AS x, y FROM t ORDER BY id DESC; -- done",
        "SELECT id, CAST(x AS text) AS x, y FROM t ORDER BY id DESC -- no end",
        "WITH u AS (SELECT * FROM t) SELECT id, CAST(x AS text) AS x, y FROM u ORDER BY id DESC LIMIT 4",
        "SELECT id, CAST(x AS text) AS x, y FROM t WHERE id > 2 UNION ALL SELECT id, CAST(x AS text), y FROM t WHERE id < 3 ORDER BY 1 DESC",
    ] {
        let asked = crate::support::declared(request(sql, &[]), &[("id", "int"), ("x", "text"), ("y", "text")]);
        let expected = [["4", "", "z"], ["3", "2.5", ""], ["2", "7", ""], ["1", "b", "é"]];
        assert_eq!(rows(&source, asked).await, expected, "{sql}");
    }
}
