//! A `Filter` as SQL: only the conditions that were asked for, so that indexes serve them.

use sqlx::{Any, query::Query};

use crate::records::Filter;

/// What a filter adds to a listing's SQL. `run` is the table that it speaks of.
pub(super) struct Conditions {
    conditions: Vec<String>,
    values: Vec<String>,
    limit: u32,
}

impl Conditions {
    /// The conditions; `None` when nothing can meet them.
    pub(super) fn of(filter: &Filter) -> Option<Self> {
        let mut conditions = Self { conditions: Vec::new(), values: Vec::new(), limit: filter.limit };
        if let Some(report) = &filter.report {
            conditions.add("run.report =", report.clone());
        }
        if let Some(period) = &filter.period {
            conditions.add("run.period =", period.clone());
        }
        if let Some(run) = &filter.run {
            let (first, beyond) = ids_from(run)?;
            conditions.add("run.id >=", first);
            conditions.add("run.id <", beyond);
        }
        Some(conditions)
    }

    fn add(&mut self, condition: &str, value: String) {
        self.values.push(value);
        self.conditions.push(format!("{condition} ${}", self.values.len()));
    }

    /// Joined after `word`, `WHERE` or `AND`; empty when there are none.
    pub(super) fn sql(&self, word: &str) -> String {
        if self.conditions.is_empty() { String::new() } else { format!("{word} {}", self.conditions.join(" AND ")) }
    }

    /// The `LIMIT`, if there is one.
    pub(super) fn limit(&self) -> String {
        if self.limit == 0 { String::new() } else { format!("LIMIT {}", self.limit) }
    }

    /// The query with the values in their places.
    pub(super) fn bind(self, sql: String) -> Query<'static, Any, sqlx::any::AnyArguments> {
        let query = sqlx::query(sqlx::AssertSqlSafe(sql));
        self.values.into_iter().fold(query, |query, value| query.bind(value))
    }
}

/// Ids that start with a text lie from the first answer up to, not including, the second: they are
/// lower-case hexadecimal digits, which every collation puts in this order before `g`. `None` when no id can.
pub(super) fn ids_from(text: &str) -> Option<(String, String)> {
    let first = text.to_ascii_lowercase();
    if !first.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let beyond = format!("{first}g");
    Some((first, beyond))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_no_id_starts_with_meets_nothing_rather_than_everything() {
        for run in ["%", "zz", "12_4", "--"] {
            assert!(Conditions::of(&Filter { run: Some(run.to_owned()), ..Filter::default() }).is_none(), "{run}");
        }
        assert_eq!(ids_from("0AF"), Some(("0af".to_owned(), "0afg".to_owned())));
    }

    #[test]
    fn only_what_was_asked_for_becomes_a_condition() {
        let filter = Filter { period: Some("2026-10".into()), run: Some("ab".into()), limit: 3, ..Filter::default() };
        let conditions = Conditions::of(&filter).expect("possible");
        assert_eq!(conditions.sql("WHERE"), "WHERE run.period = $1 AND run.id >= $2 AND run.id < $3");
        assert_eq!(conditions.limit(), "LIMIT 3");
        assert_eq!(Conditions::of(&Filter::default()).expect("possible").sql("AND"), "");
    }
}
