//! The way out when a hash join does not fit into memory: the same joins by sorting and merging,
//! which spill. `prefer_hash_join = false` alone does nothing with one partition, hence this rule.

use std::sync::Arc;

use arrow::compute::SortOptions;
use datafusion::{
    common::{
        Result,
        config::ConfigOptions,
        tree_node::{Transformed, TreeNode, TreeNodeRecursion},
    },
    physical_optimizer::PhysicalOptimizerRule,
    physical_plan::{
        ExecutionPlan,
        joins::{HashJoinExec, SortMergeJoinExec},
    },
};

/// Replaces hash joins by merge joins. It must run before the rules that add the sorts that a
/// merge join asks for.
#[derive(Debug)]
pub(crate) struct MergeJoins;

impl PhysicalOptimizerRule for MergeJoins {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| match node.downcast_ref::<HashJoinExec>() {
            // NOT IN over NULLs has no merge join; a projection is only put into a join later on.
            Some(join) if !join.null_aware && join.projection.is_none() => {
                let merge = SortMergeJoinExec::try_new(
                    Arc::clone(&join.left),
                    Arc::clone(&join.right),
                    join.on.clone(),
                    join.filter.clone(),
                    join.join_type,
                    vec![SortOptions::default(); join.on.len()],
                    join.null_equality,
                )?;
                Ok(Transformed::yes(Arc::new(merge) as Arc<dyn ExecutionPlan>))
            }
            _ => Ok(Transformed::no(node)),
        })
        .map(|transformed| transformed.data)
    }

    fn name(&self) -> &str {
        "merge_joins"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Whether a plan holds a hash join, so that planning it anew with [`MergeJoins`] may help.
pub(crate) fn has_hash_join(plan: &Arc<dyn ExecutionPlan>) -> bool {
    let mut found = false;
    // The closure never fails.
    let _: Result<TreeNodeRecursion> = plan.apply(|node| {
        found |= node.is::<HashJoinExec>();
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    found
}
