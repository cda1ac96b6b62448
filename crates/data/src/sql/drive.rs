//! A running plan on a thread of its own. One step of a join can take hours, in which nothing on
//! its thread can look at a clock; whoever waits for the rows can, and leaves the thread behind.
//! There is one thread for each query, so rows come in one order.

use std::{
    sync::Arc,
    task::{Context, Poll},
    thread::JoinHandle,
};

use arrow::array::RecordBatch;
use datafusion::{
    common::{DataFusionError, Result},
    execution::TaskContext,
    physical_plan::{ExecutionPlan, execute_stream},
};
use futures::StreamExt;
use tokio::sync::mpsc;

/// The rows of a plan that runs elsewhere.
pub(crate) struct Driven {
    rows: mpsc::Receiver<Step>,
    thread: Option<JoinHandle<()>>,
    ended: bool,
}

enum Step {
    Rows(RecordBatch),
    Failed(DataFusionError),
    End,
}

impl Driven {
    /// Starts a plan.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(plan: Arc<dyn ExecutionPlan>, context: Arc<TaskContext>) -> Result<Self> {
        const STACK: usize = 8 << 20;
        let (sender, rows) = mpsc::channel(1);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let work = move || runtime.block_on(drive(plan, context, sender));
        let thread = std::thread::Builder::new().name("query".to_owned()).stack_size(STACK).spawn(work)?;
        Ok(Self { rows, thread: Some(thread), ended: false })
    }

    /// The next rows; `None` at the end.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<RecordBatch>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let Poll::Ready(step) = self.rows.poll_recv(context) else { return Poll::Pending };
        let rows = match step {
            Some(Step::Rows(rows)) => return Poll::Ready(Some(Ok(rows))),
            Some(Step::Failed(error)) => Some(Err(error)),
            Some(Step::End) => None,
            // Its thread panicked; an end it was not.
            None => Some(Err(DataFusionError::Internal("the query's thread stopped".to_owned()))),
        };
        self.join();
        Poll::Ready(rows)
    }

    /// The next rows; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<RecordBatch>> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    /// Leaves the thread to itself: it ends after the step that it is in, or with the process.
    pub fn abandon(&mut self) {
        self.thread = None;
    }

    /// Waits until the plan's temporary files are gone.
    fn join(&mut self) {
        self.ended = true;
        self.rows.close();
        if let Some(thread) = self.thread.take() {
            // A panic has been told as an error.
            let _ = thread.join();
        }
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        self.join();
    }
}

async fn drive(plan: Arc<dyn ExecutionPlan>, context: Arc<TaskContext>, sender: mpsc::Sender<Step>) {
    let last = match execute_stream(plan, context) {
        Err(error) => Step::Failed(error),
        Ok(mut stream) => loop {
            match stream.next().await {
                Some(Ok(rows)) => {
                    if sender.send(Step::Rows(rows)).await.is_err() {
                        return;
                    }
                }
                Some(Err(error)) => break Step::Failed(error),
                None => break Step::End,
            }
        },
    };
    // Nobody may be waiting any more.
    let _ = sender.send(last).await;
}
