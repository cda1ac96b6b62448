//! Key figures: the one row of a table, and its change against the period before.

use arrow::array::RecordBatch;
use punctual_model::{
    definition::FiguresSection,
    slug::Slug,
    value::{Decimal, Value},
};

use super::{AssembleError, EditionTable, Place, columns::Projection};
use crate::{
    arrow_value::value_at,
    content::{Cell, Change, Column, Figure, Rows},
    locale::Locale,
    write::{Style, Writer},
};

/// The figures of a section.
pub(super) fn build(place: &Place<'_>, spec: &FiguresSection) -> Result<Vec<Figure>, AssembleError> {
    let table = place.table(spec.data.as_str())?;
    let projection = Projection::new(place, spec.data.as_str(), table, &spec.values)?;
    let now = row(place, &spec.data, table.rows.as_ref(), "")?;
    let now = cells(place, &projection, now)?;
    let before = match (&spec.compare, &table.previous) {
        (Some(_), Some(previous)) => {
            let row = row(place, &spec.data, previous.as_ref(), " of the period before")?;
            Some(cells(place, &projection, row)?)
        }
        _ => None,
    };
    let figures = projection.columns.into_iter().zip(now).enumerate().map(|(index, (column, cell))| {
        let previous = before.as_ref().map(|cells| cells[index].clone()).filter(|cell| cell.value != Value::Null);
        figure(column, cell, previous)
    });
    Ok(figures.collect())
}

fn figure(column: Column, cell: Cell, previous: Option<Cell>) -> Figure {
    let change = previous.as_ref().and_then(|previous| change(&cell.value, &previous.value, column.writer.locale));
    Figure { field: column.field, label: column.label, cell, previous, change, writer: column.writer }
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

fn cells(place: &Place<'_>, projection: &Projection, row: Option<RecordBatch>) -> Result<Vec<Cell>, AssembleError> {
    let Some(row) = row else {
        return Ok(vec![Cell { value: Value::Null, text: String::new() }; projection.columns.len()]);
    };
    let row = projection.project(&row).map_err(|source| place.unreadable(source))?;
    let cell = |(column, array): (&Column, _)| Cell {
        value: value_at(array, 0),
        text: column.writer.write_at(array, 0).into_owned(),
    };
    Ok(projection.columns.iter().zip(row.columns()).map(cell).collect())
}

/// The change from `before` to `now`; `None` without two numbers, or from zero.
fn change(now: &Value, before: &Value, locale: &'static Locale) -> Option<Change> {
    let (now, before) = (double(now)?, double(before)?);
    let ratio = (now - before) / before.abs();
    if !ratio.is_finite() {
        return None;
    }
    let text = Writer { style: Style::Percent { decimals: 1 }, locale }.write(&Value::Double(ratio));
    // What rounds to zero has no direction.
    let moves = text.contains(|c: char| c.is_ascii_digit() && c != '0');
    let text = if ratio > 0.0 && moves { format!("+{text}") } else { text };
    Some(Change { ratio, text })
}

fn double(value: &Value) -> Option<f64> {
    match value {
        Value::Int(int) => Some(*int as f64),
        Value::Decimal(decimal) => Some(Decimal::to_f64(*decimal)),
        Value::Double(double) => Some(*double),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_have_a_sign_and_need_something_to_divide_by() {
        let text = |now: i64, before: i64| {
            let locale = Locale::by_tag("en-US").expect("known");
            change(&Value::Int(now), &Value::Int(before), locale).map(|change| change.text)
        };
        assert_eq!(text(112, 100).as_deref(), Some("+12.0%"));
        assert_eq!(text(969, 1000).as_deref(), Some("-3.1%"));
        assert_eq!(text(100, 100).as_deref(), Some("0.0%"));
        assert_eq!(text(100_001, 100_000).as_deref(), Some("0.0%"));
        assert_eq!(text(99_999, 100_000).as_deref(), Some("0.0%"));
        assert_eq!(text(50, -100).as_deref(), Some("+150.0%"));
        assert_eq!(text(5, 0), None);
        let locale = Locale::by_tag("en-US").expect("known");
        assert_eq!(change(&Value::Null, &Value::Int(1), locale), None);
        assert_eq!(change(&Value::Text("a".into()), &Value::Int(1), locale), None);
    }
}
