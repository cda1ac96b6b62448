//! The order in which tables are computed: each after the tables that it reads. Definitions are
//! mappings, which have no order of their own.

/// The indexes of tables in an order in which each comes after those that it reads. Names that are
/// no tables (datasets) are passed over. Among tables that are free to go, the first given goes first.
///
/// # Errors
/// The names of tables that read one another in a circle.
pub(crate) fn dependency_order(tables: &[(String, Vec<String>)]) -> Result<Vec<usize>, Vec<String>> {
    let is_table = |name: &String| tables.iter().any(|(table, _)| table == name);
    let mut order: Vec<usize> = Vec::with_capacity(tables.len());
    while order.len() < tables.len() {
        let done = |name: &String| order.iter().any(|index| tables[*index].0 == *name);
        let free = (0..tables.len())
            .find(|index| !order.contains(index) && tables[*index].1.iter().all(|name| !is_table(name) || done(name)));
        match free {
            Some(index) => order.push(index),
            None => {
                let left = (0..tables.len()).filter(|index| !order.contains(index));
                return Err(left.map(|index| tables[index].0.clone()).collect());
            }
        }
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::dependency_order;

    fn order(tables: &[(&str, &[&str])]) -> Result<Vec<usize>, Vec<String>> {
        let tables: Vec<(String, Vec<String>)> =
            tables.iter().map(|(name, reads)| ((*name).into(), reads.iter().map(|r| (*r).into()).collect())).collect();
        dependency_order(&tables)
    }

    #[test]
    fn a_table_comes_after_what_it_reads() {
        assert_eq!(order(&[("a", &["b", "data"]), ("b", &["c"]), ("c", &[])]), Ok(vec![2, 1, 0]));
        assert_eq!(order(&[("a", &["data"]), ("b", &["data"])]), Ok(vec![0, 1]));
    }

    #[test]
    fn a_circle_is_named() {
        let circle = order(&[("a", &["b"]), ("b", &["a"]), ("c", &[])]);
        assert_eq!(circle, Err(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(order(&[("a", &["a"])]), Err(vec!["a".to_owned()]));
    }
}
