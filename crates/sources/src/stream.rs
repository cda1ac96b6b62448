//! The way of the rows from a reading task to whoever stores them: a bounded channel of batches
//! whose end is always explicit, so that a reader that dies cannot look like one that finished.
//! It stops at the source's timeout and when nobody takes the rows any more.

use std::task::Poll;

use arrow::array::RecordBatch;
use futures::{
    StreamExt,
    future::poll_fn,
    stream::{self, BoxStream, Stream},
};
use punctual_data::source::SourceError;
use tokio::{sync::mpsc, time::Instant};

use crate::{batch::Batcher, context::Context};

/// Batches that wait to be taken; with the one in hand and the one that fills, four in memory.
const WAITING: usize = 2;

enum Item {
    Batch(RecordBatch),
    End(Result<(), SourceError>),
}

/// Where the reading task puts its batches.
pub(crate) struct Outlet {
    sender: mpsc::Sender<Item>,
    deadline: Instant,
}

/// Why the rows are not taken any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The stream was dropped.
    Dropped,
    /// The time is up.
    TimedOut,
}

/// A channel for one extraction.
pub(crate) fn channel(
    context: Context,
    deadline: Instant,
) -> (Outlet, BoxStream<'static, Result<RecordBatch, SourceError>>) {
    let (sender, mut receiver) = mpsc::channel(WAITING);
    let mut ended = false;
    let mut rows = 0;
    let batches = stream::poll_fn(move |cx| {
        if ended {
            return Poll::Ready(None);
        }
        receiver.poll_recv(cx).map(|item| match item {
            Some(Item::Batch(batch)) => {
                rows += batch.num_rows() as u64;
                Some(Ok(batch))
            }
            Some(Item::End(outcome)) => {
                ended = true;
                outcome.err().map(Err)
            }
            None => {
                ended = true;
                Some(Err(context.interrupted(rows, "the reading task ended before the rows did")))
            }
        })
    });
    (Outlet { sender, deadline }, batches.boxed())
}

impl Outlet {
    /// Waits for `work`, at most until the time is up or the stream is dropped.
    pub(crate) async fn attend<T>(&self, work: impl Future<Output = T>) -> Result<T, Stop> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = self.sender.closed() => Err(Stop::Dropped),
            () = tokio::time::sleep_until(self.deadline) => Err(Stop::TimedOut),
        }
    }

    /// Puts a batch, waiting until there is room.
    pub(crate) async fn put(&self, batch: RecordBatch) -> Result<(), Stop> {
        match self.attend(self.sender.send(Item::Batch(batch))).await? {
            Ok(()) => Ok(()),
            Err(_) => Err(Stop::Dropped),
        }
    }

    /// Puts a batch from a thread of its own, waiting until there is room.
    pub(crate) fn put_blocking(&self, batch: RecordBatch) -> Result<(), Stop> {
        if Instant::now() >= self.deadline {
            return Err(Stop::TimedOut);
        }
        self.sender.blocking_send(Item::Batch(batch)).map_err(|_| Stop::Dropped)
    }

    /// Says how it ended.
    pub(crate) async fn end(self, outcome: Result<(), SourceError>) {
        // Nobody is told when nobody listens.
        let _ = self.sender.send(Item::End(outcome)).await;
    }

    /// Says how it ended, from a thread of its own.
    pub(crate) fn end_blocking(self, outcome: Result<(), SourceError>) {
        let _ = self.sender.blocking_send(Item::End(outcome));
    }
}

/// How the rows of a query ended.
pub(crate) enum Ending {
    /// They all came and were put.
    Complete,
    /// They were stopped.
    Stopped(Stop),
    /// The database or the line failed.
    Broken(sqlx::Error),
    /// A value did not fit.
    Unfit(SourceError),
}

/// Moves all rows from a query into batches and these into the outlet. `decode` puts one row's
/// values into the batcher's sinks and returns how many bytes they had.
pub(crate) async fn pump<S, R>(
    rows: &mut S,
    batcher: &mut Batcher,
    outlet: &Outlet,
    mut decode: impl FnMut(&R, &mut Batcher) -> Result<usize, SourceError>,
) -> Ending
where
    S: Stream<Item = Result<R, sqlx::Error>> + Unpin,
{
    loop {
        // Everything that is ready is taken in one go; only then is there a look at the clock.
        let fill = poll_fn(|cx| {
            loop {
                match rows.poll_next_unpin(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(None) => return Poll::Ready(Some(Ending::Complete)),
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Ending::Broken(error))),
                    Poll::Ready(Some(Ok(row))) => match decode(&row, batcher) {
                        Ok(bytes) if batcher.end_row(bytes) => return Poll::Ready(None),
                        Ok(_) => {}
                        Err(error) => return Poll::Ready(Some(Ending::Unfit(error))),
                    },
                }
            }
        });
        let ending = match outlet.attend(fill).await {
            Ok(ending) => ending,
            Err(stop) => return Ending::Stopped(stop),
        };
        if matches!(ending, None | Some(Ending::Complete))
            && let Some(batch) = batcher.take()
            && let Err(stop) = outlet.put(batch).await
        {
            return Ending::Stopped(stop);
        }
        if let Some(ending) = ending {
            return ending;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use arrow::datatypes::Schema;
    use punctual_data::source::SourceConfig;
    use punctual_model::{definition::TimeEncoding, zone::Zone};

    use super::*;

    fn context() -> Context {
        let config = SourceConfig {
            name: "s".into(),
            timezone: Zone::utc(),
            time_encoding: TimeEncoding::Native,
            timeout: Duration::from_secs(60),
            cell_bytes: 1 << 20,
            options: serde_json::Map::new(),
            project: "/".into(),
        };
        Context::new(&config, "d")
    }

    fn later() -> Instant {
        Instant::now() + Duration::from_secs(600)
    }

    fn batch() -> RecordBatch {
        RecordBatch::new_empty(Arc::new(Schema::empty()))
    }

    #[tokio::test]
    async fn a_reader_that_dies_is_no_end() {
        let (outlet, mut batches) = channel(context(), later());
        outlet.put(batch()).await.expect("there is room");
        drop(outlet);
        assert!(batches.next().await.expect("the batch").is_ok());
        let error = batches.next().await.expect("no quiet end").expect_err("an error");
        assert!(matches!(error, SourceError::Interrupted { .. }), "{error}");
        assert!(batches.next().await.is_none());
    }

    #[tokio::test]
    async fn an_end_is_an_end() {
        let (outlet, batches) = channel(context(), later());
        outlet.end(Ok(())).await;
        assert_eq!(batches.count().await, 0);
    }

    #[tokio::test]
    async fn work_stops_when_nobody_takes_the_rows_or_the_time_is_up() {
        let (outlet, batches) = channel(context(), later());
        drop(batches);
        assert_eq!(outlet.attend(std::future::pending::<()>()).await, Err(Stop::Dropped));
        assert_eq!(outlet.put(batch()).await, Err(Stop::Dropped));
        let (outlet, _batches) = channel(context(), Instant::now());
        assert_eq!(outlet.attend(std::future::pending::<()>()).await, Err(Stop::TimedOut));
    }

    #[tokio::test]
    async fn batches_wait_for_room() {
        let (outlet, _batches) = channel(context(), Instant::now() + Duration::from_millis(1));
        for _ in 0..WAITING {
            outlet.put(batch()).await.expect("there is room");
        }
        assert_eq!(outlet.put(batch()).await, Err(Stop::TimedOut));
    }
}
