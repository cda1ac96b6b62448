//! `sql`: a SELECT that must return nothing. It reads any dataset or table that its subject may.

use futures::StreamExt;
use punctual_model::{definition::SqlCheck, finding::Finding, sql_text::SqlText};

use super::{SAMPLES, Subject, count, marks::sample};
use crate::{error::DataError, money, session::Session};

/// Names the check in messages.
pub(super) fn describe(subject: &Subject<'_>) -> String {
    format!("check `sql` of `{}`", subject.name)
}

/// Runs the SELECT and counts its rows.
pub(super) async fn check(
    session: &Session,
    subject: &Subject<'_>,
    check: &SqlCheck,
    text: &SqlText,
) -> Result<Option<Finding>, DataError> {
    let describe = describe(subject);
    let plan = session.plan(&describe, text)?;
    money::verify(session, &describe, &plan).await?;
    let mut batches = session.run_plan(&describe, plan).await?;
    let mut rows = 0;
    let mut samples = Vec::new();
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        rows += batch.num_rows() as u64;
        let columns: Vec<usize> = (0..batch.num_columns()).collect();
        for row in 0..batch.num_rows().min(SAMPLES - samples.len()) {
            samples.push(sample(&batch, row, &columns));
        }
    }
    if rows == 0 {
        return Ok(None);
    }
    let otherwise = match check {
        SqlCheck::Text(_) => punctual_model::definition::Otherwise::Fail,
        SqlCheck::With { otherwise, .. } => *otherwise,
    };
    let message = format!("the SELECT returned {}, none expected", count(rows, "row"));
    Ok(Some(Finding { rows, samples, ..subject.finding("sql", otherwise, message) }))
}
