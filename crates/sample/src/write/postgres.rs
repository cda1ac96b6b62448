//! Traffic for PostgreSQL: the table, and its rows in the text form of COPY.

use std::io::Write;

use jiff::Timestamp;

use super::Cents;
use crate::agency::Agency;
use crate::error::SampleError;
use crate::traffic::TrafficRow;

/// Makes the table anew.
pub const POSTGRES_DDL: &str = "\
DROP TABLE IF EXISTS traffic;
CREATE TABLE traffic (
    client_id   integer       NOT NULL,
    occurred_at timestamptz   NOT NULL,
    channel     text          NOT NULL,
    visits      integer       NOT NULL,
    orders      integer       NOT NULL,
    revenue     numeric(12,2) NOT NULL
);
CREATE INDEX traffic_occurred_at ON traffic (occurred_at);
";

/// The statement that [`postgres`] puts before the rows.
pub const POSTGRES_COPY: &str = "COPY traffic (client_id, occurred_at, channel, visits, orders, revenue) FROM STDIN";

/// Writes a script for `psql`: the table and all its rows.
///
/// # Errors
/// [`SampleError::Text`] when `out` fails.
pub fn postgres(agency: &Agency, out: &mut impl Write) -> Result<(), SampleError> {
    writeln!(out, "{POSTGRES_DDL}{POSTGRES_COPY};")?;
    for row in agency.traffic() {
        copy_line(&row, out)?;
    }
    Ok(out.write_all(b"\\.\n")?)
}

/// One row in COPY's text form. No value holds a tab, a line break or a backslash.
pub(crate) fn copy_line(row: &TrafficRow, out: &mut impl Write) -> std::io::Result<()> {
    let at = Timestamp::from_microsecond(row.occurred_at_us).expect("instants of this century are in jiff's range");
    writeln!(
        out,
        "{}\t{at}\t{}\t{}\t{}\t{}",
        row.client_id,
        row.channel,
        row.visits,
        row.orders,
        Cents(row.revenue_cents)
    )
}
