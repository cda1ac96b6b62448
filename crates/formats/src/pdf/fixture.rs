//! Small pieces of documents for unit tests.

use punctual_document::{
    content::{Align, Cell, Change, ChangeBy, Column, Direction, Figure, Tone},
    locale::Locale,
    write::{Style, Writer},
};
use punctual_model::value::Value;

pub(super) fn writer(style: Style) -> Writer {
    Writer { style, locale: Locale::ALL[0] }
}

pub(super) fn column(field: &str, label: &str, align: Align) -> Column {
    let style = if align == Align::Right { Style::Number { decimals: 0 } } else { Style::Text };
    Column::new(field, label, align, writer(style))
}

pub(super) fn figure(label: &str, text: &str, previous: Option<&str>) -> Figure {
    let cell = |text: &str| Cell { value: Value::Text(text.to_owned()), text: text.to_owned() };
    Figure {
        field: "figure".to_owned(),
        label: label.to_owned(),
        cell: cell(text),
        previous: previous.map(cell),
        change: previous.map(|_| change(Direction::Up, Tone::Good)),
        remark: None,
        writer: writer(Style::Text),
    }
}

pub(super) fn change(direction: Direction, tone: Tone) -> Change {
    Change { by: ChangeBy::Ratio(0.125), text: "+12.5%".to_owned(), direction, tone }
}
