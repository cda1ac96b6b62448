//! Charts of a section: positions, series and the drawing. Amounts of different currencies have no common axis.

use arrow::datatypes::DataType;
use punctual_model::definition::{ChartKind as KindSpec, ChartSection};

use super::{
    AssembleError, Place,
    columns::{Projection, column_error, kind_name},
    money::Money,
    projected::{double_at, doubles},
    tally::{self, Currencies},
};
use crate::{
    arrow_value::value_at,
    charts::{self, Drawing},
    content::{Body, Cell, Chart, ChartKind, Rows, Series},
};

/// More positions than this are data, not a picture.
const MOST_ROWS: u64 = 50_000;

/// The chart of a section, or in words why there is none.
pub(super) fn build(place: &Place<'_>, spec: &ChartSection) -> Result<Body, AssembleError> {
    let table = place.table(spec.data.as_str())?;
    let rows = table.rows.count();
    if rows > MOST_ROWS {
        return Err(AssembleError::LargeChart { section: place.section.to_owned(), rows, most: MOST_ROWS });
    }
    let fields: Vec<_> = std::iter::once(&spec.x).chain(&spec.y).cloned().collect();
    let projection = Projection::new(place, spec.data.as_str(), table, &fields)?;
    numeric(place, &projection)?;
    one_currency(place, &projection)?;
    let (x, points, currencies) = read(place, &projection, table.rows.as_ref())?;
    let all = all_currencies(&projection, &currencies);
    if all.len() > 1 {
        let locale = place.edition.locale;
        return Ok(Body::Text(vec![locale.words.not_drawn.replace("{list}", &tally::list(locale, &all))]));
    }
    let theme = &place.edition.theme;
    let mut columns = projection.columns.into_iter();
    let x_label = columns.next().map(|column| column.label).unwrap_or_default();
    let series: Vec<Series> = columns
        .zip(points.into_iter().zip(currencies))
        .enumerate()
        .map(|(nth, (column, (points, currencies)))| Series {
            writer: match (&column.currency, currencies.first()) {
                (Some(currency), Some(one)) => currency.writer(one.as_ref(), &column.writer),
                _ => column.writer,
            },
            field: column.field,
            label: column.label,
            color: theme.series_color(nth).to_owned(),
            points,
        })
        .collect();
    let kind = match spec.chart {
        KindSpec::Line => ChartKind::Line,
        KindSpec::Bar => ChartKind::Bar,
    };
    let drawing = Drawing {
        kind,
        x: &x,
        series: &series,
        locale: place.edition.locale,
        zone: &place.edition.zone,
        theme,
        width: charts::WIDTH,
        height: charts::HEIGHT,
    };
    let svg = charts::draw(&drawing);
    let narrow = charts::draw(&Drawing { width: charts::NARROW_WIDTH, height: charts::NARROW_HEIGHT, ..drawing });
    let (width, height) = (charts::WIDTH, charts::HEIGHT);
    Ok(Body::Chart(Chart { kind, x_label, x, series, svg, width, height, narrow }))
}

fn numeric(place: &Place<'_>, projection: &Projection) -> Result<(), AssembleError> {
    let series = projection.schema.fields().iter().take(projection.columns.len()).skip(1);
    match series.into_iter().find(|field| !field.data_type().is_numeric()) {
        None => Ok(()),
        Some(field) => Err(AssembleError::Column {
            section: place.section.to_owned(),
            column: field.name().clone(),
            message: format!("holds {}, which a chart cannot draw", kind_name(field.data_type())),
            help: match field.data_type() {
                DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => {
                    "draw a numeric column, or give it a numeric type under the dataset's `columns:`".to_owned()
                }
                _ => "draw a numeric column".to_owned(),
            },
        }),
    }
}

/// Series whose layout or data say different currencies are refused; what only rows say is seen later.
fn one_currency(place: &Place<'_>, projection: &Projection) -> Result<(), AssembleError> {
    let mut known: Option<(&str, &str)> = None;
    for (column, money) in projection.columns.iter().zip(&projection.money).skip(1) {
        let Some(Money::Code(code)) = money else { continue };
        match known {
            Some((first, other)) if other != code => {
                let message = format!("is in {code}, but `{first}` is in {other}: they have no common axis");
                let help = "convert one in the table's SQL, or give it a chart of its own";
                return Err(column_error(place, &column.field, &message, help));
            }
            _ => known = Some((column.field.as_str(), code.as_str())),
        }
    }
    Ok(())
}

/// Every currency of a chart's amounts.
fn all_currencies(projection: &Projection, of_rows: &[Currencies]) -> Currencies {
    let fixed = projection.money.iter().skip(1).filter_map(|money| match money {
        Some(Money::Code(code)) => Some(punctual_model::currency::Currency::of_row(code)),
        _ => None,
    });
    of_rows.iter().flatten().cloned().chain(fixed).collect()
}

/// The positions; for each series its points, and the currencies that their rows say.
type Data = (Vec<Cell>, Vec<Vec<Option<f64>>>, Vec<Currencies>);

fn read(place: &Place<'_>, projection: &Projection, rows: &dyn Rows) -> Result<Data, AssembleError> {
    let mut x = Vec::new();
    let count = projection.columns.len().saturating_sub(1);
    let mut series = vec![Vec::new(); count];
    let mut currencies = vec![Currencies::new(); count];
    for batch in rows.batches().map_err(|source| place.unreadable(source))? {
        let batch = batch.and_then(|batch| projection.project(&batch)).map_err(|source| place.unreadable(source))?;
        let Some((positions, values)) = batch.columns().split_first() else { continue };
        let writer = &projection.columns[0].writer;
        x.extend(
            (0..batch.num_rows()).map(|row| Cell {
                value: value_at(positions, row),
                text: writer.write_at(positions, row).into_owned(),
            }),
        );
        for (((points, found), array), column) in
            series.iter_mut().zip(&mut currencies).zip(values).zip(&projection.columns[1..])
        {
            let array = doubles(array).map_err(|source| place.unreadable(source))?;
            let first = points.len();
            points.extend((0..array.len()).map(|row| double_at(&array, row)));
            if let Some(currency) = &column.currency {
                let amounts = (0..array.len()).filter(|row| points[first + row].is_some());
                found.extend(amounts.map(|row| currency.in_row(&batch, row)));
            }
        }
    }
    Ok((x, series, currencies))
}
