//! The agency's lists as CSV (RFC 4180, with a header, in UTF-8).

use std::io::Write;

use crate::agency::Agency;
use crate::error::SampleError;

/// Writes the clients: `id,slug,name,currency,region,active`.
///
/// # Errors
/// [`SampleError::Text`] when `out` fails.
pub fn clients_csv(agency: &Agency, out: impl Write) -> Result<(), SampleError> {
    records(out, agency.clients())
}

/// Writes the recipients: `key,email,domain`.
///
/// # Errors
/// [`SampleError::Text`] when `out` fails.
pub fn contacts_csv(agency: &Agency, out: impl Write) -> Result<(), SampleError> {
    records(out, agency.contacts())
}

/// Writes the support tickets:
/// `id,customer,opened_at,status,first_response_minutes,priority`.
///
/// # Errors
/// [`SampleError::Text`] when `out` fails.
pub fn tickets_csv(agency: &Agency, out: impl Write) -> Result<(), SampleError> {
    #[derive(serde::Serialize)]
    struct Record {
        id: u64,
        customer: String,
        opened_at: String,
        status: &'static str,
        first_response_minutes: Option<i64>,
        priority: &'static str,
    }
    records(
        out,
        agency.tickets().map(|row| Record {
            id: row.id,
            customer: row.customer(),
            opened_at: row.opened_at_text(),
            status: row.status,
            first_response_minutes: row.first_response_minutes,
            priority: row.priority,
        }),
    )
}

fn records<T: serde::Serialize>(out: impl Write, records: impl IntoIterator<Item = T>) -> Result<(), SampleError> {
    let mut writer = csv::Writer::from_writer(out);
    for record in records {
        writer.serialize(record).map_err(std::io::Error::from)?;
    }
    Ok(writer.flush()?)
}
