//! One edition of a client report, small enough to be checked by hand.

use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray,
        TimestampMicrosecondArray,
    },
    datatypes::{Field, Schema, SchemaRef},
};
use indexmap::IndexMap;
use punctual_data::facts::ADDS_UP;
use punctual_document::{
    assemble::{BurstRow, Edition, EditionTable},
    content::{Column, Document, RowsInMemory},
    locale::Locale,
    text::PeriodFacts,
    theme::Theme,
};
use punctual_model::{definition::Layout, period::Period, value::Value, zone::Zone};

pub fn ints(values: impl Into<Vec<Option<i64>>>) -> ArrayRef {
    Arc::new(Int64Array::from(values.into()))
}

pub fn cents(values: impl Into<Vec<Option<i128>>>) -> ArrayRef {
    Arc::new(Decimal128Array::from(values.into()).with_precision_and_scale(18, 2).expect("fits"))
}

pub fn doubles(values: impl Into<Vec<Option<f64>>>) -> ArrayRef {
    Arc::new(Float64Array::from(values.into()))
}

pub fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

pub fn days(first: i32, count: i32) -> ArrayRef {
    Arc::new((first..first + count).map(Some).collect::<Date32Array>())
}

pub fn instants(values: Vec<i64>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from(values).with_timezone("UTC"))
}

pub fn batch(columns: impl IntoIterator<Item = (&'static str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .expect("columns of one length")
}

pub fn table(batches: Vec<RecordBatch>) -> EditionTable {
    let schema: SchemaRef = batches[0].schema();
    EditionTable { schema, rows: Arc::new(RowsInMemory(batches)), left_out: 0, previous: None }
}

/// A schema with what is said of its columns.
pub fn meaning(schema: &SchemaRef, said: &[(&str, &str, &str)]) -> SchemaRef {
    let field = |field: &Arc<Field>| {
        let said = said.iter().filter(|(name, ..)| name == field.name());
        let metadata = said.map(|(_, key, word)| ((*key).to_owned(), (*word).to_owned())).collect();
        field.as_ref().clone().with_metadata(metadata)
    };
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}

pub fn layout(json: serde_json::Value) -> Layout {
    serde_json::from_value(json).expect("a layout")
}

/// An edition for client 7 over October 2026, without tables.
pub fn bare(locale: &str) -> Edition {
    let zone: Zone = "America/Chicago".parse().expect("known");
    let locale = Locale::by_tag(locale).expect("known");
    let period = Period::parse("2026-10", &zone).expect("a period");
    let row = IndexMap::from([
        ("id".to_owned(), Value::Int(7)),
        ("name".to_owned(), Value::Text("Acme & Sons".to_owned())),
        ("currency".to_owned(), Value::Text("EUR".to_owned())),
    ]);
    Edition {
        report: "monthly".to_owned(),
        report_title: "Monthly report".to_owned(),
        key: "7".to_owned(),
        burst: Some(BurstRow { column: "client_id".to_owned(), alias: "client".to_owned(), row }),
        period: PeriodFacts::new(&period, &zone, locale).expect("in range"),
        parameters: [("goal".to_owned(), Value::Int(1000))].into(),
        locale,
        currency: "USD".to_owned(),
        zone,
        theme: Theme::default(),
        fonts: Arc::new(punctual_document::fonts::ShippedOnly),
        tables: [].into(),
        notes: vec![],
    }
}

/// The edition with a summary, visits by day and revenue by channel.
pub fn full(locale: &str) -> Edition {
    let mut edition = bare(locale);
    let summary = |visits, revenue, rate| {
        batch([
            ("client_id", ints(vec![Some(7)])),
            ("visits", ints(vec![visits])),
            ("revenue", cents(vec![revenue])),
            ("rate", doubles(vec![rate])),
        ])
    };
    let mut figures = table(vec![summary(Some(12_340), Some(1_234_550), Some(0.0345))]);
    let before = summary(Some(10_000), Some(1_500_000), None);
    figures.previous = Some(Arc::new(RowsInMemory(vec![before])));
    figures.left_out = 12;
    let daily = table(vec![
        batch([
            ("client_id", ints(vec![Some(7); 2])),
            ("day", days(20_727, 2)),
            ("visits", ints(vec![Some(400), None])),
        ]),
        batch([("client_id", ints(vec![Some(7)])), ("day", days(20_729, 1)), ("visits", ints(vec![Some(420)]))]),
    ]);
    let mut channels = table(vec![
        batch([
            ("client_id", ints(vec![Some(7); 2])),
            ("channel", texts(&["web", "shop"])),
            ("revenue", cents(vec![Some(1_000_010), Some(234_540)])),
            ("previous", cents(vec![Some(800_000), Some(0)])),
            ("at", instants(vec![1_790_830_800_000_000, 1_793_503_800_000_000])),
        ]),
        batch([
            ("client_id", ints(vec![Some(7)])),
            ("channel", texts(&["partner"])),
            ("revenue", cents(vec![None])),
            ("previous", cents(vec![Some(700_000)])),
            ("at", instants(vec![1_790_830_800_000_000])),
        ]),
    ]);
    channels.left_out = 1;
    channels.schema = meaning(&channels.schema, &[("revenue", ADDS_UP, "sum"), ("previous", ADDS_UP, "sum")]);
    edition.tables =
        [("summary".to_owned(), figures), ("daily".to_owned(), daily), ("by_channel".to_owned(), channels)].into();
    edition
}

/// A document in lines that people can check: every text that a reader sees.
pub fn read(document: &Document) -> String {
    use std::fmt::Write as _;

    use punctual_document::content::Body;

    let mut out = format!("{:#?}\n", document.head);
    for section in &document.sections {
        writeln!(out, "\n== {} {:?}", section.name, section.title).expect("a String");
        match &section.body {
            Body::Figures(figures) => figures.iter().for_each(|f| {
                let previous = f.previous.as_ref().map(|c| c.text.as_str());
                let change = f.change.as_ref().map(|c| c.text.as_str());
                let remark = f.remark.as_ref().map(|remark| format!(", {remark}")).unwrap_or_default();
                writeln!(out, "{}: {} (previous {previous:?}, change {change:?}{remark})", f.label, f.cell.text)
                    .expect("a String");
            }),
            Body::Chart(chart) => {
                let x: Vec<&str> = chart.x.iter().map(|c| c.text.as_str()).collect();
                writeln!(out, "{:?} over {}: {x:?}", chart.kind, chart.x_label).expect("a String");
                for series in &chart.series {
                    writeln!(out, "{} {}: {:?}", series.label, series.color, series.points).expect("a String");
                }
                assert!(chart.svg.starts_with("<svg"));
            }
            Body::Table(table) => {
                let labels: Vec<&str> = table.columns.iter().map(|c| c.label.as_str()).collect();
                writeln!(out, "{}", labels.join(" | ")).expect("a String");
                for batch in table.rows.batches().expect("rows") {
                    let batch = batch.expect("a batch");
                    for row in 0..batch.num_rows() {
                        let cells = table.columns.iter().zip(batch.columns());
                        let text = |(c, array): (&Column, &ArrayRef)| {
                            c.writer_at(&batch, row).write_at(array, row).into_owned()
                        };
                        let texts: Vec<String> = cells.map(text).collect();
                        writeln!(out, "{}", texts.join(" | ")).expect("a String");
                    }
                }
                if let Some(totals) = &table.totals {
                    let texts: Vec<&str> = totals.iter().map(|c| c.text.as_str()).collect();
                    writeln!(out, "= {}", texts.join(" | ")).expect("a String");
                }
                writeln!(out, "left out: {}", table.left_out).expect("a String");
            }
            Body::Text(paragraphs) => {
                paragraphs.iter().for_each(|p| writeln!(out, "{p}").expect("a String"));
            }
        }
    }
    writeln!(out, "\nnotes: {:#?}", document.notes).expect("a String");
    out
}
