//! Writes the agency's data: one file a kind of destination. Each writer reads the
//! rows once, as they are made, and keeps none of them.

mod csv;
mod mariadb;
mod postgres;
mod sqlite;

pub use self::csv::{clients_csv, contacts_csv, tickets_csv};
pub use self::mariadb::{MARIADB_DDL, mariadb};
pub use self::postgres::{POSTGRES_COPY, POSTGRES_DDL, postgres};
pub use self::sqlite::{ads_sqlite, tickets_sqlite, traffic_sqlite};

pub(crate) use self::mariadb::insert_statements;
pub(crate) use self::postgres::copy_line;

use std::fmt;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::agency::Agency;
use crate::error::SampleError;

/// Writes the variant that needs no server into the folder `dir`, which must exist:
/// `clients.csv`, `contacts.csv`, `traffic.sqlite`, `ads.sqlite` and `tickets.sqlite`.
/// What is there under these names is replaced, each file at once when it is complete.
///
/// # Errors
/// [`SampleError::File`] and [`SampleError::Sqlite`] name the file.
pub async fn files(agency: &Agency, dir: &Path) -> Result<(), SampleError> {
    clients_file(agency, dir)?;
    file(&dir.join("contacts.csv"), |out| contacts_csv(agency, out))?;
    // Each file has a thread of its own in SQLite's driver, so they fill side by side.
    let [traffic, ads, tickets] = ["traffic", "ads", "tickets"].map(|table| dir.join(table).with_extension("sqlite"));
    tokio::try_join!(traffic_sqlite(agency, &traffic), ads_sqlite(agency, &ads), tickets_sqlite(agency, &tickets),)?;
    Ok(())
}

/// Writes `clients.csv` alone into `dir`.
///
/// # Errors
/// [`SampleError::File`] names the file.
pub fn clients_file(agency: &Agency, dir: &Path) -> Result<(), SampleError> {
    file(&dir.join("clients.csv"), |out| clients_csv(agency, out))
}

/// Writes a file through `content`, and gives it its name when it is complete.
fn file(path: &Path, content: impl FnOnce(&mut BufWriter<File>) -> Result<(), SampleError>) -> Result<(), SampleError> {
    let part = part_of(path);
    let mut out = BufWriter::new(File::create(&part).map_err(SampleError::file(path))?);
    content(&mut out)?;
    out.flush().map_err(SampleError::file(path))?;
    std::fs::rename(&part, path).map_err(SampleError::file(path))
}

/// The name a file has until it is complete.
fn part_of(path: &Path) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// Hundredths as a decimal number: `1234` is `12.34`.
struct Cents(i64);

impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let cents = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", cents / 100, cents % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cents_keep_their_sign_and_both_digits() {
        let shown = [0, 5, 120, 1_234, -7].map(|cents| Cents(cents).to_string());
        assert_eq!(shown, ["0.00", "0.05", "1.20", "12.34", "-0.07"]);
    }
}
