//! What a database says, as a `StoreError`: whether trying again may help, and what a person can do.

use crate::StoreError;

/// The two databases that hold state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

/// Where the state is, without secrets, for messages.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) shown: String,
    pub(super) dialect: Dialect,
}

impl Place {
    /// What went wrong, in words.
    pub(super) fn failed(&self, error: &sqlx::Error) -> StoreError {
        let (message, judged) = match error {
            sqlx::Error::Database(said) => {
                let code = said.code().unwrap_or_default();
                let judged = match self.dialect {
                    Dialect::Sqlite => sqlite(&code),
                    Dialect::Postgres => postgres(&code),
                };
                (format!("{} (code {code})", said.message()), judged)
            }
            sqlx::Error::Io(error) => (error.to_string(), Judged::TryAgain("check that the server runs")),
            sqlx::Error::PoolTimedOut => {
                ("all its connections are busy".to_owned(), Judged::TryAgain("other work has to end first"))
            }
            sqlx::Error::WorkerCrashed | sqlx::Error::PoolClosed => {
                (error.to_string(), Judged::TryAgain("start again"))
            }
            other => (other.to_string(), Judged::Unknown),
        };
        let (way_out, transient) = match judged {
            Judged::TryAgain(what) => (what, true),
            Judged::Help(what) => (what, false),
            Judged::Unknown => ("", false),
        };
        let message = if way_out.is_empty() { message } else { format!("{message}; {way_out}") };
        StoreError::Database { place: self.shown.clone(), message, transient }
    }

    /// A failure that is not the database's.
    pub(super) fn refused(&self, message: impl Into<String>) -> StoreError {
        StoreError::Database { place: self.shown.clone(), message: message.into(), transient: false }
    }

    /// A schema that this version cannot work with.
    pub(super) fn schema(&self, message: impl Into<String>) -> StoreError {
        StoreError::Schema { place: self.shown.clone(), message: message.into() }
    }
}

enum Judged {
    TryAgain(&'static str),
    Help(&'static str),
    Unknown,
}

/// Extended result codes hold the primary one in their low byte (sqlite.org/rescode.html).
fn sqlite(code: &str) -> Judged {
    match code.parse::<u32>().map(|code| code & 0xff) {
        Ok(5 | 6) => Judged::TryAgain("another process holds it; try again when that has ended"),
        Ok(13) => Judged::Help("free some space, then run again: nothing is lost"),
        Ok(3 | 8 | 14) => {
            Judged::Help("check that the folder exists and that the user that runs punctual may write there")
        }
        Ok(10) => Judged::Help("check the disk"),
        Ok(11) => Judged::Help("the file is damaged; put back a copy"),
        Ok(26) => Judged::Help("the file is something else; name another one, or move it away"),
        _ => Judged::Unknown,
    }
}

/// SQLSTATE classes (postgresql.org/docs/current/errcodes-appendix.html).
fn postgres(code: &str) -> Judged {
    match code {
        "40001" | "40P01" | "55P03" => Judged::TryAgain("other work was in the way; try again"),
        "53300" | "57P01" | "57P02" | "57P03" => {
            Judged::TryAgain("the server takes no more connections now; try again")
        }
        "53100" => Judged::Help("free some space on the server, then run again: nothing is lost"),
        "28000" | "28P01" => Judged::Help("check the user and the password"),
        "3D000" => Judged::Help("make the database first: CREATE DATABASE ..."),
        "42501" => Judged::Help("the user needs CREATE on the schema, and owns the tables"),
        _ if code.starts_with("08") => Judged::TryAgain("the connection was lost; try again"),
        _ => Judged::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_connection_is_worth_another_try_and_a_syntax_error_is_not() {
        let place = Place { shown: "here".to_owned(), dialect: Dialect::Postgres };
        let lost = place.failed(&sqlx::Error::Io(std::io::Error::from(std::io::ErrorKind::ConnectionReset)));
        assert!(lost.is_transient());
        let busy = place.failed(&sqlx::Error::PoolTimedOut);
        assert!(busy.is_transient());
        assert!(busy.to_string().contains("busy"));
        assert!(!place.failed(&sqlx::Error::RowNotFound).is_transient());
    }

    #[test]
    fn codes_are_judged_by_class() {
        assert!(matches!(sqlite("517"), Judged::TryAgain(_)));
        assert!(matches!(sqlite("13"), Judged::Help(_)));
        assert!(matches!(sqlite("2067"), Judged::Unknown));
        assert!(matches!(postgres("08006"), Judged::TryAgain(_)));
        assert!(matches!(postgres("40P01"), Judged::TryAgain(_)));
        assert!(matches!(postgres("23505"), Judged::Unknown));
    }
}
