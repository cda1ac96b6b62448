//! What is known of a table's columns beside their types, kept as metadata of the fields in its
//! Parquet file: whether they add up, how their server compares them, which column holds their
//! currency. It knows the keys; what follows from them is decided elsewhere.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use arrow::datatypes::{Field, Schema, SchemaRef};

/// What all keys begin with; only metadata under such keys is kept in snapshots.
const PREFIX: &str = "punctual.";
/// Whether the rows' values of a column add up to something: [`ADDS_UP_SUM`] or [`ADDS_UP_NO`];
/// absent when that is not known.
pub const ADDS_UP: &str = "punctual.adds_up";
/// The sum of a column is the figure of the whole, as with `sum(visits)` by channel.
pub const ADDS_UP_SUM: &str = "sum";
/// The sum of a column means nothing, as with keys, averages and ratios.
pub const ADDS_UP_NO: &str = "no";
/// How the column's server compares its texts where it does not do so letter by letter:
/// [`COLLATION_CI`] or [`COLLATION_PADDED`].
pub const COLLATION: &str = "punctual.collation";
/// Capitals and small letters are equal, and spaces at the end count for nothing.
pub const COLLATION_CI: &str = "ci";
/// Spaces at the end count for nothing.
pub const COLLATION_PADDED: &str = "padded";
/// The currency of all of this column's amounts, as ISO 4217 writes it.
pub const CURRENCY: &str = "punctual.currency";
/// The column of the same table that holds the currency of this column's amounts.
pub const CURRENCY_COLUMN: &str = "punctual.currency_column";
/// Of a schema: sets of columns whose values are different in every row, as `a,b;c`.
const UNIQUE: &str = "punctual.unique";

/// What a snapshot keeps of a schema: names, types and the product's own metadata; every column
/// may be NULL.
pub(crate) fn kept(schema: &Schema) -> SchemaRef {
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|f| Field::new(f.name(), f.data_type().clone(), true).with_metadata(own(f.metadata())))
        .collect();
    Arc::new(Schema::new_with_metadata(fields, own(schema.metadata())))
}

/// The names and types alone, as the query planner gets them: metadata of its own making would
/// have to be the same at every place of a plan.
pub(crate) fn bare(schema: &Schema) -> SchemaRef {
    let fields: Vec<Field> =
        schema.fields().iter().map(|f| Field::new(f.name(), f.data_type().clone(), true)).collect();
    Arc::new(Schema::new(fields))
}

fn own(metadata: &HashMap<String, String>) -> HashMap<String, String> {
    let own = metadata.iter().filter(|(key, _)| key.starts_with(PREFIX));
    own.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The sets of columns whose values are different in every row, as far as is known.
pub(crate) fn unique(schema: &Schema) -> Vec<BTreeSet<String>> {
    let Some(text) = schema.metadata().get(UNIQUE) else { return Vec::new() };
    text.split(';').map(|set| set.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()).collect()
}

/// Notes such sets. A set with a column whose name holds a separator is left out.
pub(crate) fn with_unique(schema: Schema, sets: &[BTreeSet<String>]) -> Schema {
    let plain = |set: &&BTreeSet<String>| set.iter().all(|name| !name.contains([',', ';']));
    let sets: Vec<String> =
        sets.iter().filter(plain).map(|set| set.iter().cloned().collect::<Vec<_>>().join(",")).collect();
    let mut metadata = schema.metadata().clone();
    metadata.remove(UNIQUE);
    if !sets.is_empty() {
        metadata.insert(UNIQUE.to_owned(), sets.join(";"));
    }
    schema.with_metadata(metadata)
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::DataType;

    use super::*;

    #[test]
    fn only_the_products_own_metadata_is_kept() {
        let metadata = HashMap::from([(ADDS_UP.to_owned(), "sum".to_owned()), ("pg.oid".to_owned(), "20".to_owned())]);
        let field = Field::new("n", DataType::Int64, false).with_metadata(metadata.clone());
        let kept = kept(&Schema::new_with_metadata(vec![field], metadata));
        assert_eq!(kept.field(0).metadata().len(), 1);
        assert_eq!(kept.metadata().len(), 1);
        assert!(kept.field(0).is_nullable());
        assert!(bare(&kept).field(0).metadata().is_empty());
    }

    #[test]
    fn sets_of_unique_columns_are_read_back() {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let sets = [set(&["client_id", "day"]), set(&["slug"]), set(&[])];
        let schema = with_unique(Schema::empty(), &sets);
        assert_eq!(unique(&schema), sets);
        assert_eq!(unique(&with_unique(schema, &[set(&["a,b"])])), []);
        assert_eq!(unique(&with_unique(Schema::empty(), &[set(&[])])), [set(&[])], "one row");
    }
}
