//! CSV: reading files strictly, with a place for every complaint.

use std::{path::PathBuf, sync::Arc, time::Duration};

use futures::StreamExt;
use punctual_data::source::{ExtractRequest, Source, SourceConfig, SourceError};
use punctual_model::definition::{Collation, ColumnDecl, ColumnFacts, ColumnFrom, Columns};
use serde_json::json;

use crate::{
    conformance::{self, ROWS, SCHEMA},
    support::{self, columns, config, drain, open, refused, request, rows, schema_text},
};

/// A file of the test's own, and the configuration of a source that reads it.
struct File {
    config: SourceConfig,
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn file(content: impl AsRef<[u8]>) -> File {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("clients.csv");
    std::fs::write(&path, content).expect("a file");
    let mut config = config(json!({"path": "clients.csv"}));
    config.project = folder.path().to_owned();
    File { config, _folder: folder, path }
}

impl File {
    fn option(mut self, name: &str, value: &str) -> Self {
        self.config.options.insert(name.to_owned(), json!(value));
        self
    }

    fn source(&self) -> Arc<dyn Source> {
        open("csv", self.config.clone())
    }

    async fn rows(&self, declared: &[(&str, &str)]) -> Vec<Vec<String>> {
        rows(&self.source(), whole(declared)).await
    }

    /// The message, which begins with its place.
    async fn refusal(&self, declared: &[(&str, &str)]) -> String {
        let error = refused(&self.source(), whole(declared)).await;
        assert!(matches!(&error, SourceError::Data { .. }) && !error.is_transient(), "{error}");
        error.to_string().strip_prefix("dataset `clients`: ").expect("the dataset").to_owned()
    }
}

fn whole(declared: &[(&str, &str)]) -> ExtractRequest {
    ExtractRequest { dataset: "clients".to_owned(), sql: None, columns: columns(declared) }
}

const TYPES: [(&str, &str); 7] = [
    ("id", "int"),
    ("amount", "decimal(12,2)"),
    ("ratio", "double"),
    ("active", "bool"),
    ("day", "date"),
    ("at", "timestamp"),
    ("seen", "timestamptz"),
];

fn sample_file(rows: &[[&str; 8]]) -> File {
    let mut text = "id,name,amount,ratio,active,day,at,seen\n".to_owned();
    for (number, row) in rows.iter().enumerate() {
        let cells = row.iter().enumerate().map(|(column, cell)| match cell {
            &"" if column > 1 || number == 4 => "\\N".to_owned(),
            cell => format!("\"{}\"", cell.replace('"', "\"\"")),
        });
        text.push_str(&cells.collect::<Vec<_>>().join(","));
        text.push_str("\r\n");
    }
    file(text).option("null", "\\N")
}

#[tokio::test]
async fn values_arrive_as_they_were() {
    assert_eq!(sample_file(&ROWS).rows(&TYPES).await, ROWS);
}

#[tokio::test]
async fn the_schema_is_known_at_zero_rows() {
    let file = sample_file(&[]);
    let extraction = file.source().extract(whole(&TYPES)).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(schema_text(&extraction), SCHEMA);
    assert_eq!(drain(extraction).await.expect("no rows").len(), 0);
}

#[tokio::test]
async fn many_batches() {
    let lines: String = (1..=20_000).map(|n| format!("{n}\n")).collect();
    let file = file(format!("n\n{lines}"));
    conformance::rows_keep_their_order_through_many_batches(file.source(), whole(&[("n", "int")])).await;
}

#[tokio::test]
async fn columns_are_text_unless_declared_and_can_be_renamed() {
    let file = file("\u{feff}Client Id;Note\n007;=1+1\n008;\n").option("delimiter", ";");
    assert_eq!(file.rows(&[]).await, [["007", "=1+1"], ["008", ""]]);
    let mut renamed = Columns::default();
    renamed.insert("id".to_owned(), support::renamed("Client Id", "int".parse().expect("int")));
    let extraction = file.source().extract(ExtractRequest { columns: renamed, ..whole(&[]) }).await.expect("it opens");
    assert_eq!(schema_text(&extraction), ["id Int64", "Note Utf8"]);
    assert_eq!(drain(extraction).await.expect("rows"), [["7", "=1+1"], ["8", ""]]);

    let tabs = self::file("a\tb\n1\t\"x\ty\"\n").option("delimiter", "tab");
    assert_eq!(tabs.rows(&[]).await, [["1", "x\ty"]]);
}

#[tokio::test]
async fn quoted_fields_span_lines_and_lines_are_counted() {
    let file = file("a,b\n1,\"two\nlines\"\n3,\"a \"\"quote\"\"\"\nfour,x\n");
    assert_eq!(file.rows(&[]).await[0], ["1", "two\nlines"]);
    assert_eq!(file.rows(&[]).await[1], ["3", "a \"quote\""]);
    assert_eq!(file.refusal(&[("a", "int")]).await, "clients.csv line 5, column `a`: `four` is not int");
}

#[tokio::test]
async fn what_is_not_right_is_told_with_its_place() {
    for (content, declared, says) in [
        ("a,b\n1,2\n1,2,3\n", &[][..], "clients.csv line 3: found 3 fields, the header has 2"),
        ("a,b\n1\n", &[], "clients.csv line 2: found 1 fields, the header has 2"),
        ("", &[], "clients.csv line 1: the file begins with nothing; it needs a header line"),
        ("\n\na,b\n", &[], "clients.csv line 1: the file begins with nothing; it needs a header line"),
        (
            "a,b\n1,2\n\n3,4\n",
            &[],
            "clients.csv line 3: the line is empty; take it out, or write \"\" for a row with an empty field",
        ),
        (
            "a,,c\n",
            &[],
            "clients.csv line 1: column 2 has no name; give it one with `columns: {NAME: {from: 2, type: text}}`, or leave it out with `unnamed: skip` on the source",
        ),
        (
            "a,b,a\n",
            &[],
            "clients.csv line 1: two columns are named `a`; give one of them another name, such as `columns: {NAME: {from: 3}}`",
        ),
        (
            "a;b\n1;2\n",
            &[],
            "clients.csv line 1: the line is one field, `a;b`; if it is more, say `delimiter: \";\"` on the source",
        ),
        (
            "a\tb\n",
            &[],
            "clients.csv line 1: the line is one field, `a\\tb`; if it is more, say `delimiter: tab` on the source",
        ),
        ("a\nx\n", &[("a", "int")], "clients.csv line 2, column `a`: `x` is not int"),
        ("a\n1e5\n", &[("a", "decimal(9,2)")], "clients.csv line 2, column `a`: `1e5` is not decimal(9,2)"),
        (
            "a\n1\n1.005\n",
            &[("a", "decimal(9,2)")],
            "clients.csv line 3, column `a`: 1.005 has more digits behind the point than decimal(9,2); round it in the SQL or declare a larger scale",
        ),
        (
            "a\n\"1,234.56\"\n",
            &[("a", "decimal(9,2)")],
            "clients.csv line 2, column `a`: `1,234.56` is not decimal(9,2); if the file writes numbers so, say `numbers: \"1,234.56\"` on the source",
        ),
        (
            "a\n1 234\n",
            &[("a", "int")],
            "clients.csv line 2, column `a`: `1 234` is not int; if the file writes numbers so, say `numbers: \"1 234,56\"` on the source",
        ),
        (
            "a\n 12\n",
            &[("a", "int")],
            "clients.csv line 2, column `a`: ` 12` is not int; blanks around fields are dropped by `trim: true` on the source",
        ),
        (
            "a\n12%\n",
            &[("a", "double")],
            "clients.csv line 2, column `a`: `12%` is not double; declare `text`, and take the % off in a table's SQL",
        ),
        ("a\nNaN\n", &[("a", "double")], "clients.csv line 2, column `a`: `NaN` is not double"),
        ("a\nyes\n", &[("a", "bool")], "clients.csv line 2, column `a`: `yes` is not a bool (expected true or false)"),
        (
            "a\n2026-02-30\n",
            &[("a", "date")],
            "clients.csv line 2, column `a`: `2026-02-30` is not a date (expected 2026-10-31)",
        ),
        (
            "a\n2026-10-31T12:00:00+02:00\n",
            &[("a", "timestamp")],
            "clients.csv line 2, column `a`: `2026-10-31T12:00:00+02:00` has an offset; declare `timestamptz`",
        ),
        (
            "client,revenue\n",
            &[("revenu", "int")],
            "clients.csv line 1: there is no column `revenu`, which `columns:` declares; did you mean `revenue`?",
        ),
        (
            "a,b\n1,\"never closed\n2,x\n3,y\n",
            &[],
            "clients.csv line 2: a quoted field begins here and does not end; if quotes are text in this file, say `quote: none` on the source",
        ),
        ("a\n\u{1b}[2J\u{202e}\n", &[("a", "int")], "clients.csv line 2, column `a`: `\\u{1b}[2J\\u{202e}` is not int"),
    ] {
        assert_eq!(file(content).refusal(declared).await, says);
    }
}

#[tokio::test]
async fn a_quote_that_is_never_meant_swallows_no_rows() {
    let text = "order_no,item,amount\n1001,Desk lamp,100.00\n1002,\"Bolt box large,200.00\n1003,Cable tray,300.00\n1004,\"Oak shelf,400.00\n1005,Stapler,500.00\n";
    let declared = [("order_no", "int"), ("amount", "decimal(12,2)")];
    assert_eq!(
        file(text).refusal(&declared).await,
        "clients.csv line 3: the quote that begins a field here ends on line 5, where more text follows; a quote inside \
         a quoted field is doubled; if quotes are text in this file, say `quote: none` on the source"
    );
    let rows = file(text).option("quote", "none").rows(&declared).await;
    assert_eq!(rows.len(), 5);
    assert_eq!(rows[1], ["1002", "\"Bolt box large", "200.00"]);
    // The second one stands where a field could end: all is by the grammar, and two rows would be gone.
    let closed = text.replace("\"Oak shelf,", "Oak shelf\",");
    let refusal = file(closed).refusal(&declared).await;
    assert!(
        refusal.starts_with(
            "clients.csv line 3: a quoted field that begins here holds what looks like rows, up to line 5"
        )
    );
}

#[tokio::test]
async fn columns_without_a_name_are_declared_or_left_out() {
    let text = ",client,amount\n0,Birch,10.00\n1,Cedar,20.00\n";
    let all = [["0", "Birch", "10.00"], ["1", "Cedar", "20.00"]];
    for from in [ColumnFrom::Name(String::new()), ColumnFrom::Place(1.try_into().expect("not zero"))] {
        let mut declared = columns(&[("amount", "decimal(12,2)")]);
        declared
            .insert("index".to_owned(), ColumnDecl::With(ColumnFacts { from: Some(from), ..ColumnFacts::default() }));
        let extraction = file(text).source().extract(ExtractRequest { columns: declared, ..whole(&[]) }).await;
        let extraction = extraction.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(schema_text(&extraction), ["index Utf8", "client Utf8", "amount Decimal128(12, 2)"]);
        assert_eq!(drain(extraction).await.expect("rows"), all);
    }
    let skipped = file(text).option("unnamed", "skip").rows(&[]).await;
    assert_eq!(skipped, [["Birch", "10.00"], ["Cedar", "20.00"]]);
    let comma_at_the_end = file("a,b,\n1,2,\n").option("unnamed", "skip").rows(&[]).await;
    assert_eq!(comma_at_the_end, [["1", "2"]]);
}

#[tokio::test]
async fn a_file_without_a_header_has_columns_by_their_place() {
    let mut file = file("007,x\n008,y\n");
    file.config.options.insert("header".to_owned(), json!(false));
    assert_eq!(file.rows(&[("column_2", "text")]).await, [["007", "x"], ["008", "y"]]);
    assert_eq!(file.source().probe().await.expect("it opens"), "CSV file with 2 columns, 12 bytes");
}

#[tokio::test]
async fn numbers_are_read_as_the_source_says() {
    for (style, text) in [
        ("1,234.56", "\"1,234.56\""),
        ("1.234,56", "\"1.234,56\""),
        ("1 234,56", "\"1 234,56\""),
        ("1'234.56", "1'234.56"),
    ] {
        let file = file(format!("a\n{text}\n")).option("numbers", style);
        for (column_type, number) in [("decimal(9,2)", "1234.56"), ("double", "1234.56")] {
            assert_eq!(file.rows(&[("a", column_type)]).await, [[number]], "{style}");
        }
    }
    let other = file("a\n1.5\n").option("numbers", "1.234,56");
    assert_eq!(
        other.refusal(&[("a", "decimal(9,2)")]).await,
        "clients.csv line 2, column `a`: `1.5` is not decimal(9,2)"
    );
    let mut blanks = file("a,b\n 7 ,\tx \n");
    blanks.config.options.insert("trim".to_owned(), json!(true));
    assert_eq!(blanks.rows(&[("a", "int")]).await, [["7", "x"]]);
}

#[tokio::test]
async fn texts_that_count_as_one_are_one_where_it_is_declared() {
    let text = "a\nRetail \nRETAIL\nΣΊΣΥΦΟΣ\n";
    for (collation, rows) in [
        (None, [["Retail "], ["RETAIL"], ["ΣΊΣΥΦΟΣ"]]),
        (Some(Collation::Exact), [["Retail "], ["RETAIL"], ["ΣΊΣΥΦΟΣ"]]),
        (Some(Collation::Trim), [["Retail"], ["RETAIL"], ["ΣΊΣΥΦΟΣ"]]),
        (Some(Collation::Fold), [["retail"], ["retail"], ["σίσυφος"]]),
    ] {
        let declared = ColumnDecl::With(ColumnFacts { collation, ..ColumnFacts::default() });
        let request = ExtractRequest { columns: [("a".to_owned(), declared)].into_iter().collect(), ..whole(&[]) };
        assert_eq!(support::rows(&file(text).source(), request).await, rows, "{collation:?}");
    }
}

#[tokio::test]
async fn other_encodings_are_said() {
    for (encoding, bytes) in [
        ("windows-1252", b"name\ncaf\xe9 \x80\n".to_vec()),
        ("iso-8859-15", b"name\ncaf\xe9 \xa4\n".to_vec()),
        (
            "utf-16",
            b"\xff\xfe".iter().copied().chain("name\ncafé €\n".encode_utf16().flat_map(u16::to_le_bytes)).collect(),
        ),
        (
            "utf-16",
            b"\xfe\xff".iter().copied().chain("name\ncafé €\n".encode_utf16().flat_map(u16::to_be_bytes)).collect(),
        ),
        ("utf-16le", "name\ncafé €\n".encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("utf-8", "\u{feff}name\ncafé €\n".as_bytes().to_vec()),
    ] {
        let file = file(bytes).option("encoding", encoding);
        assert_eq!(file.rows(&[("name", "text")]).await, [["café €"]], "{encoding}");
    }
    let broken = file(b"a\nx\n\x82\n").option("encoding", "shift_jis").refusal(&[]).await;
    assert!(broken.contains("the bytes are not Shift_JIS"), "{broken}");
    let unsaid: Vec<u8> = "\u{feff}a\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let refusal = file(unsaid).refusal(&[]).await;
    assert_eq!(refusal, "clients.csv line 1: the file begins as UTF-16 does; say `encoding: utf-16` on the source");
    let unmarked: Vec<u8> = "a\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(file(unmarked).refusal(&[]).await.starts_with("clients.csv line 1: a NUL byte"));
}

#[tokio::test]
async fn bytes_that_are_not_utf8_are_told_with_their_place() {
    let refusal = file(b"a,b\n1,ok\n2,caf\xe9\n").refusal(&[]).await;
    assert_eq!(
        refusal,
        "clients.csv line 3, column `b`: the bytes are not UTF-8 (at byte 4 of the field); say how the file is encoded with `encoding:` on the source, such as windows-1252"
    );
    let header = file(b"a,\xff\n").refusal(&[]).await;
    assert!(header.starts_with("clients.csv line 1: the name of column 2 is not UTF-8"), "{header}");
}

#[tokio::test]
async fn a_value_has_a_longest_length() {
    let mut file = file(format!("a,b\n1,{}\n", "x".repeat(2_000)));
    file.config.cell_bytes = 1024;
    assert_eq!(
        file.refusal(&[]).await,
        "clients.csv line 2, field 2: the value has 2 KiB, more than the 1 KiB of `cell_kib` on source `warehouse`; \
         leave it out or cut it in the SQL, or raise `cell_kib`"
    );
}

/// Nothing makes a file that is not there come by itself, so nobody waits for it.
#[tokio::test]
async fn a_file_that_is_missing_is_missing_for_good() {
    let file = file("a\n");
    std::fs::remove_file(&file.path).expect("it was there");
    for error in [file.source().probe().await.expect_err("no file"), refused(&file.source(), whole(&[])).await] {
        assert_eq!(error.to_string(), "source `warehouse`: there is no file `clients.csv`");
        assert!(!error.is_transient());
    }
    std::fs::create_dir(&file.path).expect("a folder");
    let error = refused(&file.source(), whole(&[])).await;
    assert!(matches!(&error, SourceError::Config { .. }), "{error}");
}

#[tokio::test]
async fn a_query_and_other_options_are_refused() {
    let file = file("a\n");
    let error = refused(&file.source(), request("SELECT a FROM clients", &[])).await;
    assert!(matches!(&error, SourceError::Config { .. }), "{error}");
    let kind = punctual_sources::KINDS.iter().find(|k| k.spec.name == "csv").expect("registered");
    for (name, value) in [("delimiter", "||"), ("delimiter", "\""), ("encoding", "latin-1")] {
        let mut config = file.config.clone();
        config.options.insert(name.to_owned(), json!(value));
        let Err(error) = (kind.open)(config) else { panic!("{value} was taken") };
        assert!(matches!(&error, SourceError::Config { message, .. } if message.contains(value)), "{error}");
    }
}

#[tokio::test]
async fn times_follow_the_sources_zone_and_encoding() {
    let mut german = file("at\n31.10.2026 23:59\n01.11.2026 01:30\n");
    german.config.timezone = "America/Chicago".parse().expect("a zone");
    german.config.time_encoding = "text(%d.%m.%Y %H:%M)".parse().expect("an encoding");
    assert_eq!(german.rows(&[("at", "timestamptz")]).await, [["2026-11-01T04:59:00Z"], ["2026-11-01T06:30:00Z"]]);
    assert_eq!(german.rows(&[("at", "timestamp")]).await, [["2026-10-31T23:59:00"], ["2026-11-01T01:30:00"]]);

    let mut counts = file("at\n1793509200\n");
    counts.config.time_encoding = "epoch_s".parse().expect("an encoding");
    assert_eq!(counts.rows(&[("at", "timestamptz")]).await, [["2026-11-01T05:00:00Z"]]);
    assert!(file("at\n1793509200\n").refusal(&[("at", "timestamptz")]).await.contains("is not a point in time"));
}

#[tokio::test]
async fn reading_ends_in_time_and_when_nobody_listens() {
    let lines: String = (1..=100_000).map(|n| format!("{n}\n")).collect();
    let mut file = file(format!("n\n{lines}"));
    let mut extraction = file.source().extract(whole(&[])).await.expect("it opens");
    extraction.batches.next().await.expect("a batch").expect("rows");
    drop(extraction);
    file.config.timeout = Duration::ZERO;
    let error = refused(&file.source(), whole(&[])).await;
    assert!(matches!(&error, SourceError::Timeout { .. }), "{error}");
}

#[tokio::test]
async fn it_tells_its_size() {
    assert_eq!(file("a,b\n1,2\n").source().probe().await.expect("it opens"), "CSV file with 2 columns, 8 bytes");
}
