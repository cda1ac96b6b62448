//! Charts of a section: positions, series and the drawing.

use arrow::datatypes::DataType;
use punctual_model::definition::{ChartKind as KindSpec, ChartSection};

use super::{
    AssembleError, Place,
    columns::{Projection, kind_name},
    projected::{double_at, doubles},
};
use crate::{
    arrow_value::value_at,
    charts::{self, Drawing},
    content::{Cell, Chart, ChartKind, Rows, Series},
};

/// More positions than this are data, not a picture.
const MOST_ROWS: u64 = 50_000;

/// The chart of a section.
pub(super) fn build(place: &Place<'_>, spec: &ChartSection) -> Result<Chart, AssembleError> {
    let table = place.table(spec.data.as_str())?;
    let rows = table.rows.count();
    if rows > MOST_ROWS {
        return Err(AssembleError::LargeChart { section: place.section.to_owned(), rows, most: MOST_ROWS });
    }
    let fields: Vec<_> = std::iter::once(&spec.x).chain(&spec.y).cloned().collect();
    let projection = Projection::new(place, spec.data.as_str(), table, &fields)?;
    numeric(place, &projection)?;
    let (x, points) = read(place, &projection, table.rows.as_ref())?;
    let theme = &place.edition.theme;
    let mut columns = projection.columns.into_iter();
    let x_label = columns.next().map(|column| column.label).unwrap_or_default();
    let series: Vec<Series> = columns
        .zip(points)
        .enumerate()
        .map(|(nth, (column, points))| Series {
            field: column.field,
            label: column.label,
            color: theme.series_color(nth).to_owned(),
            points,
            writer: column.writer,
        })
        .collect();
    let kind = match spec.chart {
        KindSpec::Line => ChartKind::Line,
        KindSpec::Bar => ChartKind::Bar,
    };
    let svg = charts::draw(&Drawing {
        kind,
        x: &x,
        series: &series,
        locale: place.edition.locale,
        zone: &place.edition.zone,
        theme,
        width: charts::WIDTH,
        height: charts::HEIGHT,
    });
    Ok(Chart { kind, x_label, x, series, svg, width: charts::WIDTH, height: charts::HEIGHT })
}

fn numeric(place: &Place<'_>, projection: &Projection) -> Result<(), AssembleError> {
    let series = projection.schema.fields().iter().skip(1);
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

/// The positions, and for each series its points.
type Data = (Vec<Cell>, Vec<Vec<Option<f64>>>);

fn read(place: &Place<'_>, projection: &Projection, rows: &dyn Rows) -> Result<Data, AssembleError> {
    let mut x = Vec::new();
    let mut series = vec![Vec::new(); projection.columns.len().saturating_sub(1)];
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
        for (points, array) in series.iter_mut().zip(values) {
            let array = doubles(array).map_err(|source| place.unreadable(source))?;
            points.extend((0..array.len()).map(|row| double_at(&array, row)));
        }
    }
    Ok((x, series))
}
