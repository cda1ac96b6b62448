//! The pure heart of Punctual: definitions, cron and periods, identities, states,
//! recipients and guards. Nothing here does I/O, reads a clock, is async or knows Arrow.

pub mod address;
pub mod column_type;
pub mod cron;
pub mod currency;
pub mod decode;
pub mod definition;
pub mod diagnostic;
pub mod due;
pub mod finding;
pub mod frozen;
pub mod identity;
pub mod iso4217;
pub mod kinds;
pub mod length;
pub mod nearest;
pub mod parameter;
pub mod period;
pub mod project;
pub mod recipients;
pub mod server_url;
pub mod slug;
pub mod sql_text;
pub mod state;
mod strict;
pub mod value;
pub mod yaml;
pub mod zone;
