//! Key figures: the one row of a table, and its change against the period before.

use arrow::array::RecordBatch;
use punctual_data::meaning::Meaning;
use punctual_model::{
    currency::Currency,
    definition::{Better, FieldSpec, FiguresSection},
    slug::Slug,
    value::Value,
};

use super::{AssembleError, EditionTable, Place, columns::Projection, money::Money, tally::double};
use crate::{
    arrow_value::value_at,
    content::{Cell, Change, ChangeBy, Column, Direction, Figure, Rows, Tone},
    locale::Locale,
    write::{Style, Writer},
};

/// The most decimals that a percentage gets so that it does not read as zero.
const MOST_PERCENT_DECIMALS: u8 = 4;

/// The figures of a section.
pub(super) fn build(place: &Place<'_>, spec: &FiguresSection) -> Result<Vec<Figure>, AssembleError> {
    let table = place.table(spec.data.as_str())?;
    let projection = Projection::new(place, spec.data.as_str(), table, &spec.values)?;
    let now = row(place, &spec.data, table.rows.as_ref(), "")?;
    let now = cells(place, &projection, &spec.values, now)?;
    let before = match (&spec.compare, &table.previous) {
        (Some(_), Some(previous)) => {
            let row = row(place, &spec.data, previous.as_ref(), " of the period before")?;
            Some(cells(place, &projection, &spec.values, row)?)
        }
        _ => None,
    };
    let figures = projection.columns.iter().zip(now).enumerate().map(|(index, (column, now))| {
        let before = before.as_ref().map(|cells| cells[index].clone());
        figure(column, now, before)
    });
    Ok(figures.collect())
}

/// A value and how it is written.
#[derive(Debug, Clone)]
struct Written {
    value: Value,
    writer: Writer,
}

impl Written {
    fn cell(&self) -> Cell {
        Cell { value: self.value.clone(), text: self.writer.write(&self.value) }
    }
}

fn figure(column: &Column, now: Written, before: Option<Written>) -> Figure {
    let Compared { change, remark } = match &before {
        None => Compared::default(),
        Some(before) => compare(&now, before, column.better.unwrap_or_default()),
    };
    let previous = before.filter(|before| before.value != Value::Null).map(|before| before.cell());
    Figure {
        field: column.field.clone(),
        label: column.label.clone(),
        cell: now.cell(),
        previous,
        change,
        remark,
        writer: now.writer,
    }
}

/// What a comparison gives: a change, or why there is none.
#[derive(Debug, Default, PartialEq)]
struct Compared {
    change: Option<Change>,
    remark: Option<String>,
}

/// All values of the table's one row, for text templates; NULL where there is no row.
pub(super) fn row_values(
    place: &Place<'_>,
    data: &Slug,
    table: &EditionTable,
) -> Result<Vec<(String, Value)>, AssembleError> {
    let batch = row(place, data, table.rows.as_ref(), "")?;
    let value = |index: usize| batch.as_ref().map_or(Value::Null, |batch| value_at(batch.column(index), 0));
    let fields = table.schema.fields().iter().enumerate();
    Ok(fields.map(|(index, field)| (field.name().clone(), value(index))).collect())
}

/// The currencies of the row's amounts, where layout or data say one.
pub(super) fn currencies(
    spec: &FiguresSection,
    table: &EditionTable,
    row: &[(String, Value)],
) -> Vec<(String, String)> {
    let said = |name: &str| spec.values.iter().find(|field| field.field() == name).and_then(Money::of_spec);
    let fields = table.schema.fields().iter();
    let code = |name: &str, field: &arrow::datatypes::Field| match said(name)
        .or_else(|| Money::of_meaning(&Meaning::of(field)))?
    {
        Money::Code(code) => Some(code),
        Money::Column(column) => match row.iter().find(|(name, _)| *name == column)? {
            (_, Value::Text(code)) => Currency::of_row(code).map(String::from),
            _ => None,
        },
    };
    fields.filter_map(|field| Some((field.name().clone(), code(field.name(), field)?))).collect()
}

/// The only row; `None` when there is none.
fn row(
    place: &Place<'_>,
    data: &Slug,
    rows: &dyn Rows,
    period: &'static str,
) -> Result<Option<RecordBatch>, AssembleError> {
    let count = rows.count();
    if count > 1 {
        let (section, table) = (place.section.to_owned(), data.to_string());
        return Err(AssembleError::ManyRows {
            section,
            table,
            rows: count,
            edition: place.edition.key.clone(),
            period,
        });
    }
    for batch in rows.batches().map_err(|source| place.unreadable(source))? {
        let batch = batch.map_err(|source| place.unreadable(source))?;
        if batch.num_rows() > 0 {
            return Ok(Some(batch.slice(0, 1)));
        }
    }
    Ok(None)
}

fn cells(
    place: &Place<'_>,
    projection: &Projection,
    specs: &[FieldSpec],
    row: Option<RecordBatch>,
) -> Result<Vec<Written>, AssembleError> {
    let Some(row) = row else {
        let nothing = |column: &Column| Written { value: Value::Null, writer: column.writer.clone() };
        return Ok(projection.columns.iter().map(nothing).collect());
    };
    let row = projection.project(&row).map_err(|source| place.unreadable(source))?;
    let written = |((column, spec), array): ((&Column, &FieldSpec), _)| {
        let value = value_at(array, 0);
        let writer = column.writer_at(&row, 0).into_owned();
        let writer = if spec.decimals().is_none() { telling(writer, &value) } else { writer };
        Written { value, writer }
    };
    Ok(projection.columns.iter().zip(specs).zip(row.columns()).map(written).collect())
}

/// A percentage that is not zero does not read as zero: it gets as many decimals as that takes.
fn telling(writer: Writer, value: &Value) -> Writer {
    let Style::Percent { decimals } = writer.style else { return writer };
    if double(value).is_none_or(|number| number == 0.0) {
        return writer;
    }
    let with = |decimals| Writer { style: Style::Percent { decimals }, locale: writer.locale };
    let mut tried = (decimals..=MOST_PERCENT_DECIMALS).map(with);
    tried.find(|writer| !reads_as_zero(&writer.write(value))).unwrap_or(writer)
}

fn reads_as_zero(text: &str) -> bool {
    !text.contains(|c: char| ('1'..='9').contains(&c))
}

/// The change from `before` to `now`; none without two numbers in one currency.
fn compare(now: &Written, before: &Written, better: Better) -> Compared {
    let locale = now.writer.locale;
    let (Some(number), Some(number_before)) = (double(&now.value), double(&before.value)) else {
        let missing = before.value == Value::Null && double(&now.value).is_some();
        return Compared { change: None, remark: missing.then(|| locale.words.not_compared.to_owned()) };
    };
    if let (Style::Currency { code, .. }, Style::Currency { code: code_before, .. }) =
        (&now.writer.style, &before.writer.style)
        && code != code_before
    {
        let remark = Some(locale.words.other_currency.replace("{code}", code_before));
        return Compared { change: None, remark };
    }
    let change = match now.writer.style {
        Style::Percent { decimals } => points((number - number_before) * 100.0, decimals.max(1), locale),
        _ => relative(number, number_before, locale),
    };
    let change = change.map(|(by, text, direction)| Change { by, text, direction, tone: Tone::of(direction, better) });
    Compared { change, remark: None }
}

type Moved = Option<(ChangeBy, String, Direction)>;

/// The difference of two percentages: `+1.2 points`.
fn points(points: f64, decimals: u8, locale: &'static Locale) -> Moved {
    let writer = Writer { style: Style::Number { decimals }, locale };
    let (text, direction) = signed(points, &writer)?;
    Some((ChangeBy::Points(points), locale.words.points.replace("{n}", &text), direction))
}

fn relative(now: f64, before: f64, locale: &'static Locale) -> Moved {
    if before == 0.0 && now != 0.0 && now.is_finite() {
        let direction = if now > 0.0 { Direction::Up } else { Direction::Down };
        return Some((ChangeBy::FromZero, locale.words.from_zero.to_owned(), direction));
    }
    let ratio = if before == now { 0.0 } else { (now - before) / before.abs() };
    let (text, direction) = signed(ratio, &Writer { style: Style::Percent { decimals: 1 }, locale })?;
    Some((ChangeBy::Ratio(ratio), text, direction))
}

/// A number with its sign, and its direction; `None` for what is no number.
fn signed(number: f64, writer: &Writer) -> Option<(String, Direction)> {
    if !number.is_finite() {
        return None;
    }
    let text = writer.write(&Value::Double(number));
    // What rounds to zero has no direction.
    Some(match (reads_as_zero(&text), number > 0.0) {
        (true, _) => (text, Direction::Level),
        (false, true) => (format!("+{text}"), Direction::Up),
        (false, false) => (text, Direction::Down),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn english() -> &'static Locale {
        Locale::by_tag("en-US").expect("known")
    }

    fn written(value: Value, style: Style) -> Written {
        Written { value, writer: Writer { style, locale: english() } }
    }

    fn change_of(now: Value, before: Value, style: &Style, better: Better) -> Option<Change> {
        compare(&written(now, style.clone()), &written(before, style.clone()), better).change
    }

    #[test]
    fn changes_have_a_sign_and_are_told_in_words_from_zero() {
        let number = Style::Number { decimals: 0 };
        let text = |now: i64, before: i64| {
            change_of(Value::Int(now), Value::Int(before), &number, Better::More).map(|change| change.text)
        };
        assert_eq!(text(112, 100).as_deref(), Some("+12.0%"));
        assert_eq!(text(969, 1000).as_deref(), Some("-3.1%"));
        assert_eq!(text(100, 100).as_deref(), Some("0.0%"));
        assert_eq!(text(100_001, 100_000).as_deref(), Some("0.0%"));
        assert_eq!(text(99_999, 100_000).as_deref(), Some("0.0%"));
        assert_eq!(text(50, -100).as_deref(), Some("+150.0%"));
        assert_eq!(text(5, 0).as_deref(), Some("from zero"));
        assert_eq!(text(0, 0).as_deref(), Some("0.0%"));
        assert_eq!(change_of(Value::Null, Value::Int(1), &number, Better::More), None);
        assert_eq!(change_of(Value::Text("a".into()), Value::Int(1), &number, Better::More), None);
        for odd in [f64::NAN, f64::INFINITY] {
            assert_eq!(change_of(Value::Double(odd), Value::Int(1), &number, Better::More), None, "{odd}");
            assert_eq!(change_of(Value::Double(odd), Value::Int(0), &number, Better::More), None, "{odd}");
        }
    }

    #[test]
    fn percentages_change_by_points() {
        let percent = Style::Percent { decimals: 1 };
        let change = |now: f64, before: f64| {
            change_of(Value::Double(now), Value::Double(before), &percent, Better::More).expect("a change")
        };
        assert_eq!(change(0.125, 0.1).text, "+2.5 points");
        assert_eq!(change(0.10, 0.125).text, "-2.5 points");
        assert_eq!((change(0.1, 0.1).text.as_str(), change(0.1, 0.1).direction), ("0.0 points", Direction::Level));
        // From zero, too.
        assert_eq!(change(0.02, 0.0).text, "+2.0 points");
        assert!(matches!(change(0.125, 0.1).by, ChangeBy::Points(by) if (by - 2.5).abs() < 1e-9));
    }

    #[test]
    fn good_news_is_what_the_layout_calls_better() {
        let number = Style::Number { decimals: 0 };
        let tone = |now, better| change_of(Value::Int(now), Value::Int(100), &number, better).expect("a change").tone;
        assert_eq!([112, 88, 100].map(|now| tone(now, Better::More)), [Tone::Good, Tone::Bad, Tone::Neutral]);
        assert_eq!([112, 88, 100].map(|now| tone(now, Better::Less)), [Tone::Bad, Tone::Good, Tone::Neutral]);
        assert_eq!([112, 88, 100].map(|now| tone(now, Better::Neither)), [Tone::Neutral; 3]);
    }

    #[test]
    fn amounts_of_two_currencies_are_not_compared() {
        let of = |code: &str| written(Value::Int(100), Style::Currency { code: code.into(), decimals: 2 });
        let compared = compare(&of("EUR"), &of("USD"), Better::More);
        let remark = Some("not compared: USD before".to_owned());
        assert_eq!(compared, Compared { change: None, remark });
    }

    #[test]
    fn a_percentage_that_is_not_zero_does_not_read_as_zero() {
        let text = |value: f64| {
            let writer = Writer { style: Style::Percent { decimals: 1 }, locale: english() };
            telling(writer, &Value::Double(value)).write(&Value::Double(value))
        };
        assert_eq!(text(0.0), "0.0%");
        assert_eq!(text(0.0123), "1.2%");
        assert_eq!(text(0.0004), "0.04%");
        assert_eq!(text(-0.000_05), "-0.01%");
        assert_eq!(text(0.000_001), "0.0001%");
        assert_eq!(text(1e-9), "0.0%");
    }
}
