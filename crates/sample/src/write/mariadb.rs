//! Advertising spend for MariaDB and MySQL: the table, and its rows as statements that
//! insert many at once.

use std::fmt::Write as _;
use std::io::Write;

use crate::agency::Agency;
use crate::error::SampleError;

/// Makes the table anew.
pub const MARIADB_DDL: &str = "\
DROP TABLE IF EXISTS ad_spend;
CREATE TABLE ad_spend (
    account_ref varchar(64) NOT NULL,
    spend_date  date        NOT NULL,
    campaign    varchar(64) NOT NULL,
    platform    varchar(32) NOT NULL,
    cost_cents  bigint      NOT NULL,
    clicks      bigint      NOT NULL,
    impressions bigint      NOT NULL,
    KEY ad_spend_date (spend_date)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
";

/// Rows inserted by one statement.
const BATCH: usize = 500;

/// Writes a script for `mariadb`: the table and all its rows, in one transaction.
///
/// # Errors
/// [`SampleError::Text`] when `out` fails.
pub fn mariadb(agency: &Agency, out: &mut impl Write) -> Result<(), SampleError> {
    writeln!(out, "{MARIADB_DDL}START TRANSACTION;")?;
    for statement in insert_statements(agency) {
        writeln!(out, "{statement};")?;
    }
    Ok(out.write_all(b"COMMIT;\n")?)
}

/// The rows as INSERT statements without a closing semicolon. All text in them comes
/// from this crate's own tables and holds no quote.
pub(crate) fn insert_statements(agency: &Agency) -> impl Iterator<Item = String> + Send {
    let mut rows = agency.spend();
    std::iter::from_fn(move || {
        let mut statement = String::new();
        for row in rows.by_ref().take(BATCH) {
            statement.push_str(match statement.is_empty() {
                true => "INSERT INTO ad_spend VALUES\n",
                false => ",\n",
            });
            write!(
                statement,
                "('{}','{}','{}','{}',{},{},{})",
                row.account_ref,
                row.spend_date,
                row.campaign,
                row.platform,
                row.cost_cents,
                row.clicks,
                row.impressions
            )
            .expect("a string takes all that is written to it");
        }
        (!statement.is_empty()).then_some(statement)
    })
}
