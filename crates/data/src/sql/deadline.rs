//! The time limit inside of a running plan. A join can work for hours between two moments in which
//! its consumer is asked anything, so inputs and joins look at the clock themselves.

use std::{fmt, sync::Arc, task::Poll};

use datafusion::{
    common::{
        DataFusionError, Result,
        tree_node::{Transformed, TreeNode, TreeNodeRecursion},
    },
    execution::{SendableRecordBatchStream, TaskContext},
    physical_expr::PhysicalExpr,
    physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, stream::RecordBatchStreamAdapter},
};
use futures::StreamExt;
use tokio::time::Instant;

/// The error of a plan whose time is up.
#[derive(Debug, thiserror::Error)]
#[error("the time is up")]
pub(crate) struct TimeUp;

/// Makes a plan end with [`TimeUp`] after the deadline: at its inputs, and where rows multiply.
pub(crate) fn watch(plan: Arc<dyn ExecutionPlan>, deadline: Instant) -> Result<Arc<dyn ExecutionPlan>> {
    let watched = plan.transform_up(|node| {
        if node.children().len() == 1 {
            return Ok(Transformed::no(node));
        }
        Ok(Transformed::yes(Arc::new(Watched { input: node, deadline }) as Arc<dyn ExecutionPlan>))
    });
    watched.map(|transformed| transformed.data)
}

/// A node that looks at the clock before each batch of its input.
#[derive(Debug)]
struct Watched {
    input: Arc<dyn ExecutionPlan>,
    deadline: Instant,
}

impl DisplayAs for Watched {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watched")
    }
}

impl ExecutionPlan for Watched {
    fn name(&self) -> &str {
        "Watched"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let [input] = <[_; 1]>::try_from(children)
            .map_err(|c| DataFusionError::Internal(format!("a watched plan has one input, not {}", c.len())))?;
        Ok(Arc::new(Self { input, deadline: self.deadline }))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let mut input = self.input.execute(partition, context)?;
        let schema = input.schema();
        let deadline = self.deadline;
        let watched = futures::stream::poll_fn(move |context| {
            if Instant::now() >= deadline {
                return Poll::Ready(Some(Err(DataFusionError::External(Box::new(TimeUp)))));
            }
            input.poll_next_unpin(context)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, watched)))
    }
}
