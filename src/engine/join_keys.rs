//! Keeps join keys that DataFusion 55 loses: `EliminateCrossJoin` puts inner joins into another order, and
//! drops each key whose one side needs columns of several relations, as in
//! `o CROSS JOIN k JOIN a ON a.id = o.id AND a.n = o.m + k.p`. It also gives all joins the top one's equality
//! of NULLs. Of the kind of <https://github.com/apache/datafusion/issues/6744>, which was mended for filters
//! only. Remove this once `tests/joins.rs` passes without it.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::common::{JoinType, NullEquality, Result};
use datafusion::logical_expr::{Expr, Join, LogicalPlan};
use datafusion::optimizer::eliminate_cross_join::EliminateCrossJoin;
use datafusion::optimizer::{Optimizer, OptimizerConfig, OptimizerRule};

/// DataFusion's rules, in their order, with ours in the place of the one that loses keys.
pub fn optimizer_rules() -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    let kept: Arc<dyn OptimizerRule + Send + Sync> = Arc::new(KeysKept(EliminateCrossJoin::new()));
    let rules = Optimizer::new().rules.into_iter();
    rules.map(|rule| if rule.name() == kept.name() { Arc::clone(&kept) } else { rule }).collect()
}

/// Leaves a plan's joins in their order where another would lose a key.
#[derive(Debug)]
struct KeysKept(EliminateCrossJoin);

impl OptimizerRule for KeysKept {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        config: &dyn OptimizerConfig,
    ) -> Result<Transformed<LogicalPlan>> {
        match has_keys_to_lose(&plan)? {
            true => Ok(Transformed::no(plan)),
            false => self.0.rewrite(plan, config),
        }
    }
}

fn has_keys_to_lose(plan: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::Join(join) = node {
            found |= join.join_type == JoinType::Inner && may_lose_keys(join);
        }
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(found)
}

fn may_lose_keys(join: &Join) -> bool {
    let equal_nulls = join.null_equality == NullEquality::NullEqualsNull && !join.on.is_empty();
    let mut relations = Vec::new();
    relations_of(&join.left, &mut relations);
    relations_of(&join.right, &mut relations);
    let is_of_one = |side: &Expr| {
        let columns = side.column_refs();
        let has_all = |plan: &&&LogicalPlan| columns.iter().all(|c| plan.schema().has_column(c));
        !columns.is_empty() && relations.iter().filter(has_all).count() == 1
    };
    equal_nulls || join.on.iter().any(|(left, right)| !is_of_one(left) || !is_of_one(right))
}

/// What inner joins join, in the end.
fn relations_of<'a>(plan: &'a LogicalPlan, relations: &mut Vec<&'a LogicalPlan>) {
    match plan {
        LogicalPlan::Join(join) if join.join_type == JoinType::Inner => {
            relations_of(&join.left, relations);
            relations_of(&join.right, relations);
        }
        other => relations.push(other),
    }
}
