//! The store from outside: one conformance suite on SQLite and PostgreSQL, opening and migrating,
//! processes that meet, artifacts, and the page that describes it all.
#![expect(clippy::unwrap_used, reason = "a test tells what went wrong by failing")]

mod artifacts;
mod conformance;
mod docs;
mod guard;
mod ledger;
mod meeting;
mod opening;
mod places;
mod random;
mod reports;

/// Makes a test on SQLite and one on PostgreSQL from each function that takes a place.
macro_rules! on_both {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $test() {
                super::$test(&crate::places::Sqlite::new()).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $test() {
                let name = concat!(module_path!(), "::", stringify!($test));
                super::$test(&crate::places::Postgres::new(name).await).await;
            })+
        }
    };
}
pub(crate) use on_both;
