//! A `Filter` as SQL: only the conditions that were asked for, so that indexes serve them.

use sqlx::{Any, query::Query};

use crate::records::Filter;

/// What a filter adds to a listing's SQL. `run` is the table that it speaks of.
pub(super) struct Conditions {
    conditions: Vec<String>,
    values: Vec<Value>,
    limit: u32,
}

/// A value in a condition.
enum Value {
    Text(String),
    Number(i64),
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

    /// The conditions of a listing of runs.
    pub(super) fn of_runs(filter: &Filter) -> Option<Self> {
        let mut conditions = Self::of(filter)?;
        if let Some(since) = filter.since {
            conditions.add_with("revision.changed_at >= ?", Value::Number(since.as_microsecond()));
        }
        Some(conditions)
    }

    /// The conditions of a listing of deliveries.
    pub(super) fn of_deliveries(filter: &Filter) -> Option<Self> {
        let mut conditions = Self::of(filter)?;
        if let Some(since) = filter.since {
            conditions.add_with("delivery.changed_at >= ?", Value::Number(since.as_microsecond()));
        }
        if let Some(to) = &filter.to {
            let either = "(lower(delivery.email) LIKE ? ESCAPE '!' OR delivery.address LIKE ? ESCAPE '!'
                OR lower(delivery.name) LIKE ? ESCAPE '!' OR delivery.recipient = ?)";
            let holds = || Value::Text(holding(to));
            conditions.add_all(either, [holds(), holds(), holds(), Value::Text(to.clone())]);
        }
        if let Some(subject) = &filter.subject {
            conditions.add_with("lower(delivery.subject) LIKE ? ESCAPE '!'", Value::Text(holding(subject)));
        }
        if let Some(file) = &filter.file {
            let exists = "EXISTS (SELECT 1 FROM attachment WHERE attachment.delivery = delivery.id
                AND (lower(attachment.file_name) LIKE ? ESCAPE '!' OR attachment.content LIKE ? ESCAPE '!'))";
            conditions.add_all(exists, [Value::Text(holding(file)), Value::Text(starting(file))]);
        }
        if let Some(message) = &filter.message {
            let message = message.trim_matches(['<', '>']);
            let either = "(lower(delivery.message_id) LIKE ? ESCAPE '!' OR delivery.id LIKE ? ESCAPE '!')";
            conditions.add_all(either, [Value::Text(holding(message)), Value::Text(starting(message))]);
        }
        Some(conditions)
    }

    fn add(&mut self, condition: &str, value: String) {
        self.add_with(&format!("{condition} ?"), Value::Text(value));
    }

    fn add_with(&mut self, condition: &str, value: Value) {
        self.add_all(condition, [value]);
    }

    /// A condition with a `?` for each value.
    fn add_all<const N: usize>(&mut self, condition: &str, values: [Value; N]) {
        let mut text = String::new();
        let mut parts = condition.split('?');
        text.push_str(parts.next().unwrap_or_default());
        for (part, value) in parts.zip(values) {
            self.values.push(value);
            text.push_str(&format!("${}{part}", self.values.len()));
        }
        self.conditions.push(text);
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
        self.values.into_iter().fold(query, |query, value| match value {
            Value::Text(text) => query.bind(text),
            Value::Number(number) => query.bind(number),
        })
    }
}

/// A LIKE pattern for what holds a text, in lower case.
fn holding(text: &str) -> String {
    format!("%{}", starting(text))
}

/// A LIKE pattern for what starts with a text, in lower case.
fn starting(text: &str) -> String {
    format!("{}%", literal(text))
}

/// A text in a LIKE pattern, whose `%` and `_` stand for themselves. The sign that says so is no backslash, which a
/// server may read in a string, too.
fn literal(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for character in text.to_lowercase().chars() {
        if matches!(character, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern
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
    fn a_percent_sign_and_an_underscore_stand_for_themselves() {
        assert_eq!(holding("S_Les"), "%s!_les%");
        assert_eq!(starting("100%!"), "100!%!!%");
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
