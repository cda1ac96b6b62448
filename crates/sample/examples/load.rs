//! Writes the agency's files into a folder, and loads its tables into the servers that
//! `scripts/services.sh` started, as far as the environment names them:
//!
//! ```text
//! scripts/services.sh start target/services && set -a && . target/services/env
//! cargo run -p punctual-sample --example load -- DIR [SIZE]
//! ```
#![expect(clippy::disallowed_methods, reason = "a program of its own reads its environment here")]

use std::error::Error;
use std::path::PathBuf;

use punctual_sample::{Agency, DEFAULT_SEED, load, write};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next().ok_or("usage: load DIR [SIZE]")?);
    let size = arguments.next().map_or(Ok(1.0), |size| size.parse())?;
    let agency = Agency::new(DEFAULT_SEED, size)?;

    std::fs::create_dir_all(&dir)?;
    write::files(&agency, &dir).await?;
    println!("files: {}", dir.display());
    if let Ok(url) = std::env::var("PUNCTUAL_TEST_PG_URL") {
        println!("PostgreSQL: {} rows of traffic", load::postgres(&agency, &url).await?);
    }
    if let Ok(url) = std::env::var("PUNCTUAL_TEST_MARIADB_URL") {
        println!("MariaDB: {} rows of ad_spend", load::mariadb(&agency, &url).await?);
    }
    Ok(())
}
