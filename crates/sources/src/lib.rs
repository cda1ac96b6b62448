//! The types of sources: PostgreSQL, MySQL and MariaDB, SQLite, CSV. Each reads rows as they come
//! into Arrow batches of bounded size, read-only, with values as bind parameters. A type knows
//! nothing of the others, of datasets' checks, of the store or of the engine; what they share
//! (columns that take values, declared types, times, period boundaries, the way of the
//! batches) stands beside them.

mod batch;
mod boundary;
mod context;
mod csv;
mod decimal;
mod declare;
mod epoch;
mod mysql;
mod options;
mod postgres;
mod sink;
mod sql;
mod sqlite;
mod stream;
mod time;
mod words;

use punctual_data::source::SourceKind;

/// All types of sources; a new one is a module and a line here.
pub const KINDS: &[SourceKind] = &[postgres::KIND, mysql::KIND, sqlite::KIND, csv::KIND];
