//! Loads the agency's tables into running database servers, for tests and trials. The
//! tables are made anew, in the database that the URL names.

use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection};

use crate::agency::Agency;
use crate::error::SampleError;
use crate::write::{MARIADB_DDL, POSTGRES_COPY, POSTGRES_DDL, copy_line, insert_statements};

/// Bytes sent to PostgreSQL at once.
const CHUNK: usize = 256 * 1024;

/// Makes `traffic` in the PostgreSQL database of `url` and gives its number of rows.
/// Others see the old table or the new one, never a part.
///
/// # Errors
/// [`SampleError::Server`] with PostgreSQL's answer.
pub async fn postgres(agency: &Agency, url: &str) -> Result<u64, SampleError> {
    let server = |source| SampleError::Server { server: "PostgreSQL", source };
    let mut connection = PgConnection::connect(url).await.map_err(server)?;
    let rows = copy(agency, &mut connection).await.map_err(server)?;
    connection.close().await.map_err(server)?;
    Ok(rows)
}

async fn copy(agency: &Agency, connection: &mut PgConnection) -> sqlx::Result<u64> {
    let mut transaction = connection.begin().await?;
    sqlx::raw_sql(POSTGRES_DDL).execute(&mut *transaction).await?;
    let mut copy = transaction.copy_in_raw(POSTGRES_COPY).await?;
    let mut chunk = Vec::with_capacity(CHUNK + 256);
    for row in agency.traffic() {
        copy_line(&row, &mut chunk).expect("a vector takes all that is written to it");
        if chunk.len() >= CHUNK {
            copy.send(chunk.as_slice()).await?;
            chunk.clear();
        }
    }
    copy.send(chunk.as_slice()).await?;
    let rows = copy.finish().await?;
    sqlx::raw_sql("ANALYZE traffic").execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(rows)
}

/// Makes `ad_spend` in the MariaDB or MySQL database of `url` and gives its number of
/// rows.
///
/// # Errors
/// [`SampleError::Server`] with the server's answer.
pub async fn mariadb(agency: &Agency, url: &str) -> Result<u64, SampleError> {
    let server = |source| SampleError::Server { server: "MariaDB", source };
    let mut connection = MySqlConnection::connect(url).await.map_err(server)?;
    let rows = insert(agency, &mut connection).await.map_err(server)?;
    connection.close().await.map_err(server)?;
    Ok(rows)
}

async fn insert(agency: &Agency, connection: &mut MySqlConnection) -> sqlx::Result<u64> {
    sqlx::raw_sql(MARIADB_DDL).execute(&mut *connection).await?;
    let mut transaction = connection.begin().await?;
    let mut rows = 0;
    for statement in insert_statements(agency) {
        let inserted = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *transaction).await?;
        rows += inserted.rows_affected();
    }
    transaction.commit().await?;
    Ok(rows)
}
