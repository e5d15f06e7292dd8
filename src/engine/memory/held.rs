//! Inputs of operators that keep all their rows outside the pool: window functions without a frame, texts
//! gathered by group. What passes is reserved until the operator is done. Remove an operator from the list
//! once it keeps its own account (<https://github.com/apache/datafusion/issues/9417>).

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::windows::WindowAggExec;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties,
    ReplaceChildrenOptions,
};
use futures::{Stream, StreamExt};

/// Aggregates whose state is all they were given.
const GATHERERS: &[&str] = &["array_agg", "string_agg"];
/// A window operator keeps its input, joins it into one batch, and adds its own columns.
const WINDOW_COPIES: usize = 3;
/// A gathered value is kept, and copied once into the answer.
const GATHERED_COPIES: usize = 2;

/// Puts a [`Held`] under each such operator.
#[derive(Debug)]
pub struct HeldInputs;

impl PhysicalOptimizerRule for HeldInputs {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| match copies(node.as_ref()) {
            None => Ok(Transformed::no(node)),
            Some(copies) => {
                let children = node.children().into_iter();
                let held = |input| Arc::new(Held::new(Arc::clone(input), copies)) as _;
                let children = children.map(held).collect();
                let anew = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
                node.replace_children(children, anew).map(Transformed::yes)
            }
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "held_inputs"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// How often an operator holds its input, if it does so without account.
fn copies(node: &dyn ExecutionPlan) -> Option<usize> {
    if node.downcast_ref::<WindowAggExec>().is_some() {
        return Some(WINDOW_COPIES);
    }
    let aggregate = node.downcast_ref::<AggregateExec>()?;
    let gathers = aggregate.aggr_expr().iter().any(|expr| {
        // Distinct values are kept in sets, which the operator accounts for.
        GATHERERS.contains(&expr.fun().name()) && !expr.is_distinct()
    });
    gathers.then_some(GATHERED_COPIES)
}

/// Passes its input on and reserves `copies` times its size until it is dropped.
#[derive(Debug)]
struct Held {
    input: Arc<dyn ExecutionPlan>,
    copies: usize,
}

impl Held {
    fn new(input: Arc<dyn ExecutionPlan>, copies: usize) -> Self {
        Self { input, copies }
    }
}

impl DisplayAs for Held {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HeldExec")
    }
}

impl ExecutionPlan for Held {
    fn name(&self) -> &'static str {
        "HeldExec"
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

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let input = children.into_iter().next().unwrap_or_else(|| Arc::clone(&self.input));
        Ok(Arc::new(Self::new(input, self.copies)))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let input = children.into_iter().next().unwrap_or_else(|| Arc::clone(&self.input));
        Ok(Arc::new(Self::new(input, self.copies)))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let consumer = MemoryConsumer::new(format!("Held[{partition}]"));
        let reservation = consumer.register(context.memory_pool());
        let input = self.input.execute(partition, context)?;
        Ok(Box::pin(HeldStream { input, reservation, copies: self.copies }))
    }
}

struct HeldStream {
    input: SendableRecordBatchStream,
    reservation: MemoryReservation,
    copies: usize,
}

impl Stream for HeldStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.input.poll_next_unpin(cx);
        if let Poll::Ready(Some(Ok(batch))) = &next {
            let bytes = batch.columns().iter().map(|column| bytes(column.as_ref())).sum::<usize>();
            self.reservation.try_grow(bytes.saturating_mul(self.copies))?;
        }
        next
    }
}

impl RecordBatchStream for HeldStream {
    fn schema(&self) -> SchemaRef {
        self.input.schema()
    }
}

/// The values of this slice alone: a batch is often a part of a larger one.
fn bytes(array: &dyn Array) -> usize {
    let lengths = |views: &[u128]| {
        // The low half of a view begins with its value's length.
        let length = |view: &u128| usize::try_from(*view & u128::from(u32::MAX)).unwrap_or(0);
        views.iter().map(length).sum::<usize>()
    };
    let values = match array.data_type() {
        DataType::Utf8View => lengths(array.as_string_view().views()),
        DataType::BinaryView => lengths(array.as_binary_view().views()),
        _ => 0,
    };
    values
        + array.to_data().get_slice_memory_size().unwrap_or_else(|_| array.get_array_memory_size())
}
