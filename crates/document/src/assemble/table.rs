//! Tables of a section: their columns, their rows (read lazily) and the row of totals.

use std::sync::Arc;

use punctual_model::definition::{FieldSpec, TableSection};

use super::{AssembleError, EditionTable, Place, columns::Projection, projected::ProjectedRows, tally};
use crate::content::{Rows as _, Table};

/// The table of a section, and what its readers must know of its totals.
pub(super) fn build(place: &Place<'_>, spec: &TableSection) -> Result<(Table, Vec<String>), AssembleError> {
    let table = place.table(spec.data.as_str())?;
    let projection = Arc::new(projection(place, spec, table)?);
    let rows = ProjectedRows { rows: Arc::clone(&table.rows), projection: Arc::clone(&projection) };
    let (totals, remarks) = match spec.totals && rows.count() > 0 {
        true => {
            let (totals, remarks) = tally::totals(place, &projection, &rows)?;
            (Some(totals), remarks)
        }
        false => (None, Vec::new()),
    };
    let (columns, behind) = (projection.columns.clone(), projection.behind.clone());
    Ok((Table { columns, behind, rows: Arc::new(rows), totals, left_out: table.left_out }, remarks))
}

/// The columns that have no total because nobody has said whether they add up.
pub(super) fn unsaid(place: &Place<'_>, spec: &TableSection) -> Result<Vec<String>, AssembleError> {
    if !spec.totals {
        return Ok(Vec::new());
    }
    let projection = projection(place, spec, place.table(spec.data.as_str())?)?;
    Ok(projection.unsaid().into_iter().map(str::to_owned).collect())
}

/// The columns that the layout names; without any, every one but the burst key.
fn projection(place: &Place<'_>, spec: &TableSection, table: &EditionTable) -> Result<Projection, AssembleError> {
    if !spec.columns.is_empty() {
        return Projection::new(place, spec.data.as_str(), table, &spec.columns);
    }
    let key = place.edition.burst.as_ref().map(|burst| burst.column.as_str());
    let names = table.schema.fields().iter().map(|field| field.name());
    let all: Vec<_> = names.filter(|name| Some(name.as_str()) != key).cloned().map(FieldSpec::Name).collect();
    Projection::new(place, spec.data.as_str(), table, &all)
}
