//! `rows`: the number of rows is within bounds.

use punctual_model::{definition::RowsCheck, finding::Finding};

use super::{Subject, count};

/// Compares the number of rows that tables will see with the bounds.
pub(super) fn check(subject: &Subject<'_>, check: &RowsCheck, rows: u64) -> Option<Finding> {
    let there = if rows == 1 { "there is 1 row".to_owned() } else { format!("there are {rows} rows") };
    let message = match (check.min, check.max) {
        (Some(min), _) if rows < min => format!("{there}, at least {min} expected"),
        (_, Some(max)) if rows > max => format!("{there}, at most {max} expected"),
        _ => return None,
    };
    let left_out = subject.snapshot.rows - rows;
    let message = if left_out == 0 { message } else { format!("{message} ({} left out)", count(left_out, "row")) };
    Some(Finding { rows, ..subject.finding("rows", check.otherwise, message) })
}
