//! Arrow in, Arrow out: the Source trait, snapshots in Parquet, the SQL session with its limits,
//! checks, tables and the burst split. It knows neither sources by kind, nor documents, nor the store.

pub mod source;
