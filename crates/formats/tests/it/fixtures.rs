//! Documents built by hand, shared by the tests and benches of all formats.

use std::sync::{
    Arc, Weak,
    atomic::{AtomicUsize, Ordering},
};

use arrow::{
    array::{
        Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch,
        StringArray, TimestampMicrosecondArray,
    },
    datatypes::{Field, Schema},
};
use jiff::civil::date;
use punctual_document::{
    charts,
    content::{
        Align, Batches, Body, Cell, Change, ChangeBy, Chart, ChartKind, Column, Direction, Document, Figure, Head,
        Rows, RowsError, RowsInMemory, Section, Series, Table, Tone, Total,
    },
    fonts::ShippedOnly,
    formula::{Formula, Operator},
    locale::Locale,
    theme::Theme,
    totals::Totalled,
    write::{Style, Writer},
};
use punctual_model::{
    definition::Better,
    value::{Decimal, Value},
};

/// A writer in American English.
pub fn writer(style: Style) -> Writer {
    writer_in("en-US", style)
}

/// A writer in a locale.
pub fn writer_in(tag: &str, style: Style) -> Writer {
    Writer { style, locale: Locale::by_tag(tag).expect("a known locale") }
}

pub fn dollars() -> Style {
    Style::Currency { code: "USD".into(), decimals: 2 }
}

pub fn number(decimals: u8) -> Style {
    Style::Number { decimals }
}

pub fn percent() -> Style {
    Style::Percent { decimals: 1 }
}

/// A cell with its text.
pub fn cell(writer: &Writer, value: Value) -> Cell {
    Cell { text: writer.write(&value), value }
}

/// A total with its text.
pub fn total(writer: &Writer, value: Value) -> Total {
    Total::new(value, writer.clone())
}

pub fn cents(digits: i128) -> Value {
    Value::Decimal(Decimal { digits, scale: 2 })
}

pub fn head() -> Head {
    Head {
        report: "monthly-client-report".into(),
        edition: "7".into(),
        title: "Acme Bicycles: October 2026".into(),
        subtitle: Some("Traffic, revenue and support across all channels".into()),
        about: Some("Acme Bicycles".into()),
        period: "October 2026".into(),
        first_day: date(2026, 10, 1),
        end_day: date(2026, 11, 1),
        locale: "en-US".into(),
        timezone: "America/Chicago".into(),
        currency: "USD".into(),
    }
}

pub fn document(sections: Vec<Section>) -> Document {
    Document { head: head(), sections, notes: Vec::new(), fonts: Arc::new(ShippedOnly) }
}

pub fn section(name: &str, title: Option<&str>, body: Body) -> Section {
    Section { name: name.into(), title: title.map(Into::into), body }
}

/// A document with nothing in it.
pub fn empty() -> Document {
    let mut document = document(Vec::new());
    document.head.subtitle = None;
    document.head.about = None;
    document
}

/// One key figure with its value before and the change.
pub fn figure(
    field: &str,
    label: &str,
    style: Style,
    now: Value,
    before: Option<Value>,
    change: Option<f64>,
) -> Figure {
    let writer = writer(style);
    let change = change.map(|ratio| {
        let text = writer_in("en-US", percent()).write(&Value::Double(ratio));
        let (text, direction) = match ratio {
            0.0 => (text, Direction::Level),
            ratio if ratio > 0.0 => (format!("+{text}"), Direction::Up),
            _ => (text, Direction::Down),
        };
        Change { by: ChangeBy::Ratio(ratio), text, direction, tone: Tone::of(direction, Better::More) }
    });
    Figure {
        field: field.into(),
        label: label.into(),
        cell: cell(&writer, now),
        previous: before.map(|v| cell(&writer, v)),
        change,
        remark: None,
        writer,
    }
}

pub fn figures() -> Vec<Figure> {
    vec![
        figure("visits", "Visits", number(0), Value::Int(128_455), Some(Value::Int(114_180)), Some(0.125_022)),
        figure("revenue", "Revenue", dollars(), cents(4_821_950), Some(cents(5_104_477)), Some(-0.055_348)),
        figure("conversion", "Conversion", percent(), Value::Double(0.0312), Some(Value::Double(0.0312)), Some(0.0)),
        figure("tickets", "Support tickets", number(0), Value::Int(42), None, None),
    ]
}

pub fn figures_only() -> Document {
    document(vec![section("figures", None, Body::Figures(figures()))])
}

/// A table over one batch.
pub fn table(columns: Vec<Column>, arrays: Vec<ArrayRef>) -> Table {
    let fields: Vec<Field> =
        columns.iter().zip(&arrays).map(|(c, a)| Field::new(&c.field, a.data_type().clone(), true)).collect();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("arrays of one length");
    Table { columns, behind: Vec::new(), rows: Arc::new(RowsInMemory(vec![batch])), totals: None, left_out: 0 }
}

/// A column; numbers stand right.
pub fn column(field: &str, label: &str, style: Style) -> Column {
    let align = match style {
        Style::Number { .. } | Style::Currency { .. } | Style::Percent { .. } => Align::Right,
        _ => Align::Left,
    };
    Column::new(field, label, align, writer(style))
}

/// `(now - before) / before` over two columns.
pub fn change_of(now: usize, before: usize) -> Formula {
    let column = |i| Box::new(Formula::Column(i));
    Formula::Binary(
        Box::new(Formula::Binary(column(now), Operator::Subtract, column(before))),
        Operator::Divide,
        column(before),
    )
}

/// Channels with sums and a computed column; the last channel is new, so its change has no value.
pub fn channels() -> Table {
    let mut columns = vec![
        column("channel", "Channel", Style::Text),
        column("visits", "Visits", number(0)),
        column("previous", "Visits before", number(0)),
        column("change", "Change", percent()),
        column("revenue", "Revenue", dollars()),
    ];
    columns[3].formula = Some(change_of(1, 2));
    let visits = [61_204, 33_871, 21_530, 9_412, 2_438];
    let before = vec![Some(55_310), Some(31_004), Some(20_115), Some(7_751), None];
    let change: Vec<Option<f64>> =
        visits.iter().zip(&before).map(|(v, b)| b.map(|b| (f64::from(*v) - f64::from(b)) / f64::from(b))).collect();
    let revenue = vec![2_310_440_i128, 1_288_005, 866_190, 301_265, 56_050];
    let mut table = table(
        columns,
        vec![
            Arc::new(StringArray::from(vec!["Web", "Shop", "Partner", "Newsletter", "Marketplace"])),
            Arc::new(visits.iter().map(|v| Some(i64::from(*v))).collect::<Int64Array>()),
            Arc::new(before.iter().map(|v| v.map(i64::from)).collect::<Int64Array>()),
            Arc::new(Float64Array::from(change)),
            Arc::new(Decimal128Array::from(revenue).with_precision_and_scale(18, 2).expect("fits")),
        ],
    );
    for summed in [1, 2, 4] {
        table.columns[summed].total = Some(Totalled::Sum);
    }
    let w = |i: usize| &table.columns[i].writer;
    table.totals = Some(vec![
        total(w(0), Value::Text("Total".into())),
        total(w(1), Value::Int(128_455)),
        total(w(2), Value::Int(114_180)),
        total(w(3), Value::Null),
        total(w(4), cents(4_821_950)),
    ]);
    table.left_out = 3;
    table
}

/// Visits and revenue of each day of the month: a weekly wave.
pub fn days() -> Table {
    let wave = |day: i32, base: i64| base + i64::from((day * 37) % 11) * base / 40 + i64::from(day % 7) * base / 15;
    let first = date(1970, 1, 1).until(date(2026, 10, 1)).expect("in range").get_days();
    table(
        vec![
            column("day", "Day", Style::Date),
            column("visits", "Visits", number(0)),
            column("orders", "Orders", number(0)),
            column("conversion", "Conversion", percent()),
            column("revenue", "Revenue", dollars()),
        ],
        vec![
            Arc::new((0..31).map(|d| Some(first + d)).collect::<Date32Array>()),
            Arc::new((0..31).map(|d| Some(wave(d, 3_300))).collect::<Int64Array>()),
            Arc::new((0..31).map(|d| Some(wave(d, 104))).collect::<Int64Array>()),
            Arc::new((0..31).map(|d| Some(wave(d, 104) as f64 / wave(d, 3_300) as f64)).collect::<Float64Array>()),
            Arc::new(
                (0..31)
                    .map(|d| Some(i128::from(wave(d, 133_700))))
                    .collect::<Decimal128Array>()
                    .with_precision_and_scale(18, 2)
                    .expect("fits"),
            ),
        ],
    )
}

/// A line over days with a gap, and a second line.
pub fn line_chart() -> Chart {
    let x_writer = writer(Style::Date);
    let x = (1..=31).map(|d| cell(&x_writer, Value::Date(date(2026, 10, d)))).collect();
    let wave = |d: i32, base: f64| Some(base + f64::from((d * 37) % 11) * base / 40.0 + f64::from(d % 7) * base / 15.0);
    let mut visits: Vec<Option<f64>> = (0..31).map(|d| wave(d, 3_300.0)).collect();
    visits[12] = None;
    let previous = (0..31).map(|d| wave(d + 3, 2_900.0)).collect();
    chart(
        ChartKind::Line,
        "Day",
        x,
        vec![
            series("visits", "Visits", "#1d4ed8", visits, number(0)),
            series("previous", "Visits before", "#d1700f", previous, number(0)),
        ],
    )
}

/// Bars by channel.
pub fn bar_chart() -> Chart {
    let text = writer(Style::Text);
    let x = ["Web", "Shop", "Partner", "Newsletter", "Marketplace"].map(|c| cell(&text, Value::Text(c.into())));
    let revenue = vec![Some(23_104.4), Some(12_880.05), Some(8_661.9), Some(3_012.65), Some(560.5)];
    chart(
        ChartKind::Bar,
        "Channel",
        x.to_vec(),
        vec![series("revenue", "Revenue", "#1d4ed8", revenue, Style::Currency { code: "USD".into(), decimals: 0 })],
    )
}

pub fn series(field: &str, label: &str, color: &str, points: Vec<Option<f64>>, style: Style) -> Series {
    Series { field: field.into(), label: label.into(), color: color.into(), points, writer: writer(style) }
}

/// A chart, drawn as documents draw theirs.
pub fn chart(kind: ChartKind, x_label: &str, x: Vec<Cell>, series: Vec<Series>) -> Chart {
    let (width, height) = (charts::WIDTH, charts::HEIGHT);
    let drawing = charts::Drawing {
        kind,
        x: &x,
        series: &series,
        locale: Locale::by_tag("en-US").expect("known"),
        zone: &"America/Chicago".parse().expect("known"),
        theme: &Theme::default(),
        width,
        height,
    };
    let svg = charts::draw(&drawing);
    let narrow = charts::Drawing { width: charts::NARROW_WIDTH, height: charts::NARROW_HEIGHT, ..drawing };
    let narrow = charts::draw(&narrow);
    Chart { kind, x_label: x_label.into(), x, series, svg, width, height, narrow }
}

/// What a client report usually is: about two pages.
pub fn typical() -> Document {
    let text = vec![
        "Acme Bicycles had 128,455 visits in October, 12.5% more than in September.".to_owned(),
        "Revenue fell because the autumn sale moved to November; orders by newsletter grew.".to_owned(),
    ];
    let mut document = document(vec![
        section("summary", None, Body::Figures(figures())),
        section("note", None, Body::Text(text)),
        section("trend", Some("Visits by day"), Body::Chart(line_chart())),
        section("by-channel", Some("Channels"), Body::Table(channels())),
        section("revenue", Some("Revenue by channel"), Body::Chart(bar_chart())),
        section("days", Some("Day by day"), Body::Table(days())),
    ]);
    document.notes = vec!["3 rows left out: the channel was not one of web, shop, partner.".to_owned()];
    document
}

/// Texts that break careless writers: formulas, markup, quotes, line ends, NUL, scripts from right
/// to left, what XML cannot hold, and a very long one.
pub fn nasty_texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "=cmd|'/c calc'!A1",
        "+1+1",
        "-2+3",
        "@SUM(1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "\0=1",
        "＝1+1",
        "＋1",
        "－1",
        "＠x",
        "<script>alert(1)</script>",
        "</style></svg></td>&amp;&#0;",
        "\"quoted\" and 'single', comma; semicolon",
        "line one\r\nline two\nline three\rline four",
        "nul \0 inside, bell \u{7}, del \u{7f}, nel \u{85}",
        "_x0041_ is not A",
        "\u{fffe}\u{ffff} no characters",
        "👩‍👩‍👧‍👦 🏳️‍🌈 e\u{301} Ångström",
        "שלום עולם \u{202e}txt.exe",
        "  spaces around  ",
        "",
        "1234",
        "TRUE",
        "2026-10-05",
        "#DIV/0!",
        "{=1}",
        "{{ template }}",
        "javascript:alert(1)",
        "]]>",
        "<!--",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.push("long ".repeat(20_000));
    texts
}

/// Nasty text wherever a document has text.
pub fn nasty() -> Document {
    let texts = nasty_texts();
    let bad = "<script>=\"'&\0\u{202e}\r\n👾</script>";
    let text_writer = writer(Style::Text);
    let mut hostile = table(
        vec![column("=1+1", bad, Style::Text), column("</th>", "@x", number(0))],
        vec![
            Arc::new(StringArray::from(texts.clone())),
            Arc::new((0..texts.len()).map(|i| Some(-(i as i64))).collect::<Int64Array>()),
        ],
    );
    hostile.totals = Some(vec![total(&text_writer, Value::Text(bad.into())), total(&writer(number(0)), Value::Int(0))]);
    let x = texts[..4].iter().map(|t| cell(&text_writer, Value::Text(t.clone()))).collect();
    let points = vec![Some(1.0), Some(-2.0), None, Some(4.0)];
    let mut document = document(vec![
        section("f", Some(bad), Body::Figures(vec![figure("=f", bad, number(0), Value::Text(bad.into()), None, None)])),
        section(
            "c",
            Some(bad),
            Body::Chart(chart(ChartKind::Bar, bad, x, vec![series("=s", bad, "#ff0000", points, number(0))])),
        ),
        section("t", Some("a/b:c*d?e[f]g\\h'i 0123456789 0123456789"), Body::Table(hostile.clone())),
        section("u", Some("A/B:C*D?E[F]G\\H'I 0123456789 0123456789"), Body::Table(hostile)),
        section("p", Some(bad), Body::Text(texts)),
    ]);
    document.head.title = bad.into();
    document.head.subtitle = Some(bad.into());
    document.head.about = Some(bad.into());
    document.head.period = bad.into();
    document.notes = vec![bad.into()];
    document
}

/// Every type of value, each with a NULL and with values at its edges.
pub fn kinds() -> Table {
    let zone = || Style::DateTime { zone: "America/Chicago".into() };
    // 2026-11-01T06:59:59Z and 07:00:00Z: 01:59:59 and 01:00:00 on the day when clocks go back.
    let instants = vec![Some(1_793_516_399_000_000), Some(1_793_516_400_000_000), None, Some(-86_400_000_000)];
    table(
        vec![
            column("flag", "Flag", Style::Bool),
            column("whole", "Whole", number(0)),
            column("exact", "Exact", number(2)),
            column("double", "Double", number(2)),
            column("ratio", "Ratio", percent()),
            column("text", "Text", Style::Text),
            column("day", "Day", Style::Date),
            column("local", "Local", zone()),
            column("instant", "Instant", zone()),
        ],
        vec![
            Arc::new(BooleanArray::from(vec![Some(true), Some(false), None, Some(true)])),
            Arc::new(Int64Array::from(vec![Some(0), Some(-1), None, Some(i64::MAX)])),
            Arc::new(
                Decimal128Array::from(vec![Some(-5), Some(1_234_567_899), None, Some(12_345_678_901_234_567_890)])
                    .with_precision_and_scale(38, 3)
                    .expect("fits"),
            ),
            Arc::new(Float64Array::from(vec![Some(0.1 + 0.2), Some(f64::NAN), None, Some(-1e15)])),
            Arc::new(Float64Array::from(vec![Some(0.125), Some(-0.5), None, Some(f64::INFINITY)])),
            Arc::new(StringArray::from(vec![Some("a"), Some(""), None, Some("0012")])),
            Arc::new(Date32Array::from(vec![Some(20_732), Some(-25_568), None, Some(-35_000)])),
            Arc::new(TimestampMicrosecondArray::from(vec![
                Some(1_793_498_399_500_000),
                Some(0),
                None,
                Some(-2_000_000_000_000_000),
            ])),
            Arc::new(TimestampMicrosecondArray::from(instants).with_timezone("UTC")),
        ],
    )
}

/// Rows that are made while they are read, so that only what a format keeps is in memory.
#[derive(Debug)]
pub struct Generated {
    rows: usize,
    batch: usize,
    alive: Alive,
}

/// How many batches were held at the same time, at most.
#[derive(Debug, Default)]
struct Alive {
    arrays: std::sync::Mutex<Vec<Weak<dyn Array>>>,
    most: AtomicUsize,
}

impl Generated {
    pub fn new(rows: usize) -> Self {
        Self { rows, batch: 1_024, alive: Alive::default() }
    }

    /// The largest number of batches that were alive together.
    pub fn most_alive(&self) -> usize {
        self.alive.most.load(Ordering::Relaxed)
    }

    fn make(&self, from: usize) -> RecordBatch {
        let range = || (from..self.rows.min(from + self.batch)).map(|i| i as i64);
        let text = |f: fn(i64) -> String| Arc::new(range().map(|i| Some(f(i))).collect::<StringArray>());
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(range().map(Some).collect::<Int64Array>()),
            Arc::new(range().map(|i| Some(20_000 + (i % 365) as i32)).collect::<Date32Array>()),
            text(|i| format!("customer {}", i * 7_919 % 10_007)),
            text(|i| ["web", "shop", "partner"][(i % 3) as usize].to_owned()),
            Arc::new(range().map(|i| Some(i * 31 % 1_000)).collect::<Int64Array>()),
            Arc::new(
                range()
                    .map(|i| Some(i128::from(i * 997 % 1_000_000)))
                    .collect::<Decimal128Array>()
                    .with_precision_and_scale(18, 2)
                    .expect("fits"),
            ),
            Arc::new(range().map(|i| (i % 50 != 0).then_some((i % 1_000) as f64 / 1_000.0)).collect::<Float64Array>()),
            Arc::new(range().map(|i| Some(i % 2 == 0)).collect::<BooleanArray>()),
        ];
        self.alive.add(&arrays[0]);
        let fields: Vec<Field> =
            arrays.iter().enumerate().map(|(i, a)| Field::new(format!("c{i}"), a.data_type().clone(), true)).collect();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("arrays of one length")
    }
}

impl Alive {
    fn add(&self, array: &ArrayRef) {
        let mut arrays = self.arrays.lock().expect("no panic while held");
        arrays.retain(|a| a.strong_count() > 0);
        arrays.push(Arc::downgrade(array));
        self.most.fetch_max(arrays.len(), Ordering::Relaxed);
    }
}

impl Rows for Generated {
    fn count(&self) -> u64 {
        self.rows as u64
    }

    fn batches(&self) -> Result<Batches<'_>, RowsError> {
        Ok(Box::new((0..self.rows).step_by(self.batch).map(|from| Ok(self.make(from)))))
    }
}

/// A table of eight columns whose rows are made while they are read.
pub fn generated(rows: usize) -> (Table, Arc<Generated>) {
    let source = Arc::new(Generated::new(rows));
    let columns = vec![
        column("id", "Id", number(0)),
        column("day", "Day", Style::Date),
        column("customer", "Customer", Style::Text),
        column("channel", "Channel", Style::Text),
        column("quantity", "Quantity", number(0)),
        column("amount", "Amount", dollars()),
        column("share", "Share", percent()),
        column("paid", "Paid", Style::Bool),
    ];
    let rows: Arc<dyn Rows> = Arc::<Generated>::clone(&source);
    (Table { columns, behind: Vec::new(), rows, totals: None, left_out: 0 }, source)
}

/// Rows that break off after the first batch.
#[derive(Debug)]
pub struct Broken;

impl Rows for Broken {
    fn count(&self) -> u64 {
        2_048
    }

    fn batches(&self) -> Result<Batches<'_>, RowsError> {
        let first = Generated::new(1_024).make(0);
        let broken = Err(RowsError("the file ends early".into()));
        Ok(Box::new([Ok(first), broken].into_iter()))
    }
}
