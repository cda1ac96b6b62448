//! Every type of source against the real thing: servers from Debian's packages, files on disk.
//!
//! The servers' addresses come from `PUNCTUAL_TEST_PG_URL`, `PUNCTUAL_TEST_PG_PASSWORD_URL` and
//! `PUNCTUAL_TEST_MARIADB_URL`, which `scripts/services.sh` writes. A test without its server fails.

mod bounds;
mod conformance;
mod csv;
mod edges;
mod equality;
mod mysql;
mod mysql_times;
mod postgres;
mod postgres_times;
mod sqlite;
mod sqlite_times;
mod support;
