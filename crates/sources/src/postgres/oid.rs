//! The numbers of PostgreSQL's built-in types (`pg_type.dat`), which never change.

use sqlx::{
    TypeInfo,
    postgres::{PgTypeInfo, types::Oid},
};

pub(super) const BOOL: u32 = 16;
pub(super) const BYTEA: u32 = 17;
pub(super) const CHAR: u32 = 18;
pub(super) const NAME: u32 = 19;
pub(super) const INT8: u32 = 20;
pub(super) const INT2: u32 = 21;
pub(super) const INT4: u32 = 23;
pub(super) const TEXT: u32 = 25;
pub(super) const OID: u32 = 26;
pub(super) const JSON: u32 = 114;
pub(super) const FLOAT4: u32 = 700;
pub(super) const FLOAT8: u32 = 701;
pub(super) const UNKNOWN: u32 = 705;
pub(super) const MONEY: u32 = 790;
pub(super) const BPCHAR: u32 = 1042;
pub(super) const VARCHAR: u32 = 1043;
pub(super) const DATE: u32 = 1082;
pub(super) const TIMESTAMP: u32 = 1114;
pub(super) const TIMESTAMPTZ: u32 = 1184;
pub(super) const INTERVAL: u32 = 1186;
pub(super) const NUMERIC: u32 = 1700;
pub(super) const UUID: u32 = 2950;
pub(super) const JSONB: u32 = 3802;

/// The type's number; 0 where it is not known.
pub(super) fn of(type_info: &PgTypeInfo) -> u32 {
    type_info.oid().map_or(0, |Oid(oid)| oid)
}

/// Whether it is the `citext` extension's type, whose numbers differ between databases.
pub(super) fn is_citext(type_info: &PgTypeInfo) -> bool {
    type_info.name().eq_ignore_ascii_case("citext")
}
