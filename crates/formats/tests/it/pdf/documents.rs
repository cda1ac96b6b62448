//! Documents that show what pages can look like: a client's monthly report with real charts, long
//! and wide tables, other scripts, too long words. Used by the tests and by the bench.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use punctual_document::{
    content::{Body, Document, Table},
    write::Style,
};
use punctual_model::value::Value;

use crate::fixtures;

/// What an agency sends its client each month: figures, two charts, two tables, text.
pub fn monthly() -> Document {
    let text = vec![
        "Harbor Coffee had 128,455 visits in October, 12.5% more than in September. The autumn campaign started on \
         the 5th and brought most of the growth; its landing page kept the bounce rate below 30% for the first time \
         this year."
            .to_owned(),
        "Revenue fell by 5.5% because the autumn sale moved to November. Orders by newsletter grew for the third \
         month in a row, and the outage of the 13th (two hours without checkout) cost an estimated 60 orders."
            .to_owned(),
    ];
    let mut document = fixtures::document(vec![
        fixtures::section("summary", None, Body::Figures(fixtures::figures())),
        fixtures::section("note", Some("In short"), Body::Text(text)),
        fixtures::section("trend", Some("Visits by day"), Body::Chart(fixtures::line_chart())),
        fixtures::section("by-channel", Some("Channels"), Body::Table(fixtures::channels())),
        fixtures::section("revenue", Some("Revenue by channel"), Body::Chart(fixtures::bar_chart())),
        fixtures::section("days", Some("Day by day"), Body::Table(days())),
    ]);
    document.head.title = "Monthly performance report".to_owned();
    document.head.about = Some("Harbor Coffee".to_owned());
    document.notes = vec![
        "3 rows left out: the channel was not one of web, shop, partner.".to_owned(),
        "Support tickets are counted by the day they were opened.".to_owned(),
    ];
    document
}

/// The month day by day, with sums.
fn days() -> Table {
    let mut table = fixtures::days();
    let text = |text: &str| fixtures::total(&fixtures::writer(Style::Text), Value::Text(text.to_owned()));
    table.totals = Some(vec![text("Total"), text("131,602"), text("4,155"), text("3.2%"), text("$53,351.18")]);
    table
}

/// A table of so many rows and columns of text and numbers.
pub fn long(rows: usize, columns: usize) -> Document {
    let table = grid(rows, columns);
    let mut document = fixtures::document(vec![fixtures::section("orders", Some("Orders"), Body::Table(table))]);
    document.head.title = "All orders".to_owned();
    document
}

/// Rows that can be told apart: the first column names the row, the others count.
pub fn grid(rows: usize, columns: usize) -> Table {
    let mut described = vec![fixtures::column("order", "Order", Style::Text)];
    let names = (1..=rows).map(|row| format!("row-{row:05}"));
    let mut arrays: Vec<ArrayRef> = vec![Arc::new(StringArray::from_iter_values(names))];
    for column in 1..columns {
        let style = if column % 3 == 0 { fixtures::dollars() } else { fixtures::number(0) };
        described.push(fixtures::column(&format!("c{column}"), &format!("Count {column}"), style));
        let values = (0..rows).map(|row| ((row * 7_919 + column * 104_729) % 90_000) as i64);
        arrays.push(Arc::new(Int64Array::from_iter_values(values)));
    }
    let mut table = fixtures::table(described, arrays);
    let total = |at: usize| match at {
        0 => fixtures::total(&table.columns[0].writer, Value::Text("Total".to_owned())),
        _ => fixtures::total(&table.columns[at].writer, Value::Int(1_234_567)),
    };
    table.totals = Some((0..columns).map(total).collect());
    table.left_out = 12;
    table
}

/// Text columns that wrap, with words that no column can hold.
pub fn wordy() -> Document {
    let long_word = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen".repeat(3);
    let sentence = "The customer wrote that the parcel arrived late, that one of the two cups was broken, and that \
                    the refund should go to the card that was used for the order. "
        .repeat(3);
    let remarks: Vec<String> = (0..24)
        .map(|row| match row % 4 {
            0 => "Short.".to_owned(),
            1 => sentence.clone(),
            2 => long_word.clone(),
            _ => "See https://shop.example/orders/2026/10/31/returns?reason=broken&item=cup&size=large-and-heavy"
                .to_owned(),
        })
        .collect();
    let answers: Vec<String> = (0..24).map(|row| sentence[..(row * 17) % sentence.len()].to_owned()).collect();
    let table = fixtures::table(
        vec![
            fixtures::column("ticket", "Ticket", Style::Text),
            fixtures::column("remark", "What the customer wrote", Style::Text),
            fixtures::column("answer", "What was answered", Style::Text),
            fixtures::column("minutes", "Minutes until the first answer", fixtures::number(0)),
        ],
        vec![
            Arc::new(StringArray::from_iter_values((0..24).map(|row| format!("T-{row:04}")))),
            Arc::new(StringArray::from(remarks)),
            Arc::new(StringArray::from(answers)),
            Arc::new((0..24).map(|row| Some(row * 37)).collect::<Int64Array>()),
        ],
    );
    fixtures::document(vec![
        fixtures::section("tickets", Some("Support tickets"), Body::Table(table)),
        fixtures::section("word", Some(long_word.as_str()), Body::Text(vec![long_word.clone(), sentence.repeat(20)])),
    ])
}

/// A cell that is taller than several pages, between ordinary rows.
pub fn towering() -> Document {
    let lines: Vec<String> = (1..=400).map(|line| format!("line {line} of many")).collect();
    let texts = vec!["before".to_owned(), lines.join("\n"), "after".to_owned()];
    let table = fixtures::table(
        vec![fixtures::column("name", "Name", Style::Text), fixtures::column("log", "Log", Style::Text)],
        vec![Arc::new(StringArray::from(vec!["first", "second", "third"])), Arc::new(StringArray::from(texts))],
    );
    fixtures::document(vec![fixtures::section("logs", Some("Logs"), Body::Table(table))])
}

/// Greek, Cyrillic, accents, marks set apart from their letters, and scripts that no font has.
pub fn scripts() -> Document {
    let names = ["Αθήνα και Θεσσαλονίκη", "Київ, Москва, София", "Łódź, Göteborg, São Paulo", "Zu\u{308}rich", "東京"];
    let table = fixtures::table(
        vec![
            fixtures::column("city", "Πόλη / Город", Style::Text),
            fixtures::column("n", "Ñumber", fixtures::number(0)),
        ],
        vec![
            Arc::new(StringArray::from(names.to_vec())),
            Arc::new((1..=5).map(|n| Some(n * 1_000)).collect::<Int64Array>()),
        ],
    );
    let text = vec!["Привет, κόσμε! Ça va très bien — “naïve” façade, 50 €.".to_owned()];
    fixtures::document(vec![
        fixtures::section("text", Some("Заголовок με τόνους"), Body::Text(text)),
        fixtures::section("cities", None, Body::Table(table)),
    ])
}
