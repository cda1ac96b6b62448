//! Which boundary an SQLite column wants. Its declared type is only advice, so one value of the
//! column decides: a date, a time, a text with an offset, or a count.

use punctual_data::source::SourceError;
use sqlx::{AssertSqlSafe, Decode, Row, Sqlite, SqliteConnection, TypeInfo, ValueRef};

use super::schema::DeclaredType;
use crate::{
    boundary::{self, Boundary, Temporal},
    context::Context,
    sql::Compared,
    time::TimeRules,
};

/// One value that a column holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Sample {
    Text(String),
    /// A whole number, as far as it is one.
    Number(Option<i64>),
    /// The column holds nothing, or something that is no time.
    Nothing,
}

/// How a boundary has to be written to compare with a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As the source's encoding writes it.
    Encoded,
    /// As ISO text, whatever the encoding.
    Iso,
}

/// A value of the column that a parameter is compared with.
pub(super) async fn sample(connection: &mut SqliteConnection, place: &Compared) -> Result<Sample, sqlx::Error> {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let column = quoted(&place.column);
    let schema = place.table.schema.as_deref().map(|s| format!("{}.", quoted(s))).unwrap_or_default();
    let table = format!("{schema}{}", quoted(&place.table.table));
    let text = format!("SELECT {column} FROM {table} WHERE {column} IS NOT NULL LIMIT 1");
    let row = sqlx::query(AssertSqlSafe(text)).fetch_optional(connection).await?;
    let Some(row) = row else { return Ok(Sample::Nothing) };
    let value = row.try_get_raw(0)?;
    Ok(match value.type_info().name() {
        "TEXT" => <String as Decode<Sqlite>>::decode(value).map_or(Sample::Nothing, Sample::Text),
        "INTEGER" => Sample::Number(<i64 as Decode<Sqlite>>::decode(value).ok()),
        "REAL" => Sample::Number(None),
        _ => Sample::Nothing,
    })
}

/// Checks a boundary against the column that it is compared with, and tells how to write it.
///
/// # Errors
/// The boundary is of the wrong kind, or the column's times have no order that SQLite could see.
pub(super) fn check(
    expression: &str,
    column: &str,
    declared: &DeclaredType,
    sample: &Sample,
    rules: &TimeRules,
    context: &Context,
) -> Result<Form, SourceError> {
    let Some(boundary) = Boundary::of(expression) else { return Ok(Form::Encoded) };
    let (meets, form) = match sample {
        Sample::Nothing => (declared.temporal(rules), Form::Encoded),
        Sample::Number(count) if rules.is_epoch() => {
            if let Some(why) = count.and_then(|count| rules.senseless(count)) {
                return Err(context.data(format!("column `{column}`"), why));
            }
            (Some(Temporal::Instant), Form::Encoded)
        }
        Sample::Number(_) => {
            let suggestion = format!("{} with time_encoding: epoch_s", boundary.as_kind(Temporal::Instant));
            let dataset = context.dataset();
            return Err(boundary::mismatch(dataset, expression, Some(column), "a number", suggestion));
        }
        Sample::Text(text) => {
            let meets = rules.recognise(text);
            let form = if meets.is_some() && meets == rules.text_tells() { Form::Encoded } else { Form::Iso };
            if form == Form::Iso {
                check_order(column, text, meets, context)?;
            }
            (meets, form)
        }
    };
    if let Some(meets) = meets {
        boundary::check(context.dataset(), expression, Some(column), meets)?;
    }
    Ok(form)
}

/// ISO text compares as text only if it is written as we write it: `2026-10-31 23:59:59` without
/// zone, `2026-10-31T23:59:59Z` for instants.
fn check_order(column: &str, text: &str, meets: Option<Temporal>, context: &Context) -> Result<(), SourceError> {
    let wanted = match meets {
        Some(Temporal::Local) if text.as_bytes().get(10) == Some(&b'T') => "text(%Y-%m-%dT%H:%M:%S)",
        Some(Temporal::Instant) if text.len() != 20 || !text.ends_with('Z') => {
            return Err(context.query(format!(
                "`{column}` holds times such as `{text}`, whose order as text is not their order in time; \
                 compare unixepoch({column}) with unixepoch of the parameter"
            )));
        }
        _ => return Ok(()),
    };
    Err(context
        .query(format!("`{column}` holds times such as `{text}`; say so with `time_encoding: {wanted}` on the source")))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use punctual_data::source::SourceConfig;
    use punctual_model::{definition::TimeEncoding, zone::Zone};

    use super::*;

    fn checked(encoding: &str, expression: &str, declared: &str, sample: Sample) -> Result<Form, String> {
        let config = SourceConfig {
            name: "s".into(),
            timezone: Zone::utc(),
            time_encoding: encoding.parse::<TimeEncoding>().expect("an encoding"),
            timeout: Duration::from_secs(1),
            cell_bytes: 1 << 20,
            options: serde_json::Map::new(),
            project: "/".into(),
        };
        let rules = TimeRules::new(&config).expect("rules");
        let context = Context::new(&config, "d");
        check(expression, "at", &DeclaredType::new(declared), &sample, &rules, &context).map_err(|e| e.to_string())
    }

    fn text(sample: &str) -> Sample {
        Sample::Text(sample.to_owned())
    }

    #[test]
    fn a_value_tells_what_the_column_is() {
        for (encoding, expression, declared, sample) in [
            ("native", "period.start_date", "TEXT", text("2026-10-31")),
            ("native", "period.start_local", "TEXT", text("2026-10-31 12:00:00")),
            ("native", "period.start_instant", "TEXT", text("2026-10-31T12:00:00Z")),
            ("native", "period.start_local", "DATETIME", Sample::Nothing),
            ("epoch_s", "period.start_instant", "INTEGER", Sample::Number(Some(1_788_696_000))),
            ("text(%d.%m.%Y %H:%M)", "period.start_local", "TEXT", text("31.10.2026 12:00")),
            ("text(%d.%m.%Y %H:%M)", "period.start_date", "TEXT", text("2026-10-31")),
        ] {
            assert!(checked(encoding, expression, declared, sample.clone()).is_ok(), "{expression} {sample:?}");
        }
    }

    #[test]
    fn the_wrong_boundary_names_the_right_one() {
        for (encoding, expression, declared, sample, right) in [
            ("native", "period.start_instant", "TEXT", text("2026-10-31"), "period.start_date"),
            ("native", "period.end_date", "TEXT", text("2026-10-31 12:00:00"), "period.end_local"),
            (
                "native",
                "period.end_date",
                "INTEGER",
                Sample::Number(Some(1_788_696_000)),
                "period.end_instant with time_encoding: epoch_s",
            ),
            ("epoch_us", "previous.end_local", "INTEGER", Sample::Nothing, "previous.end_instant"),
            ("text(%Y%m%dT%H%M%z)", "period.end_local", "TEXT", text("20261031T1200+0200"), "period.end_instant"),
        ] {
            let error = checked(encoding, expression, declared, sample).expect_err("the wrong one");
            assert!(error.ends_with(&format!("use `{right}`")), "{error}");
        }
    }

    #[test]
    fn counts_in_another_unit_are_refused() {
        let error = checked("epoch_s", "period.start_instant", "INTEGER", Sample::Number(Some(1_788_696_000_000)));
        assert_eq!(
            error.expect_err("another unit"),
            "dataset `d`: column `at`: 1788696000000 lies in the year 58651 as epoch_s and in 2026 as epoch_ms; \
             set `time_encoding: epoch_ms` on the source"
        );
    }

    #[test]
    fn times_without_an_order_as_text_are_refused() {
        let error = checked("native", "period.start_local", "TEXT", text("2026-10-31T12:00:00")).expect_err("a T");
        assert!(error.contains("time_encoding: text(%Y-%m-%dT%H:%M:%S)"), "{error}");
        let error = checked("native", "period.start_instant", "TEXT", text("2026-10-31T12:00:00+02:00"));
        assert!(error.expect_err("an offset").contains("unixepoch(at)"));
    }
}
