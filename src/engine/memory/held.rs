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
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateInputMode};
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
        plan.transform_up(|node| match held(node.as_ref()) {
            None => Ok(Transformed::no(node)),
            Some(held) => {
                let anew = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
                node.replace_children(vec![Arc::new(held)], anew).map(Transformed::yes)
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

/// The input of an operator that keeps its rows without account.
fn held(node: &dyn ExecutionPlan) -> Option<Held> {
    if let Some(window) = node.downcast_ref::<WindowAggExec>() {
        return Some(Held::whole(window.input(), WINDOW_COPIES));
    }
    let aggregate = node.downcast_ref::<AggregateExec>()?;
    // Distinct values are kept in sets, which the operator accounts for.
    let gathers = |call: &&Arc<AggregateFunctionExpr>| {
        GATHERERS.contains(&call.fun().name()) && !call.is_distinct()
    };
    let gatherers = aggregate.aggr_expr().iter().filter(gathers).collect::<Vec<_>>();
    if gatherers.is_empty() {
        return None;
    }
    if aggregate.mode().input_mode() == AggregateInputMode::Partial {
        return Some(Held::whole(aggregate.input(), GATHERED_COPIES));
    }
    // What is gathered need not be in the input: it may be computed, or the same for every row.
    let values = gatherers.iter().flat_map(|call| {
        let keys = call.order_bys().iter().map(|key| Arc::clone(&key.expr));
        call.expressions().into_iter().chain(keys)
    });
    let values = values.collect();
    Some(Held { input: Arc::clone(aggregate.input()), values, copies: GATHERED_COPIES })
}

/// Passes its input on and reserves `copies` times the size of `values` until it is dropped.
#[derive(Debug)]
struct Held {
    input: Arc<dyn ExecutionPlan>,
    values: Vec<Arc<dyn PhysicalExpr>>,
    copies: usize,
}

impl Held {
    fn whole(input: &Arc<dyn ExecutionPlan>, copies: usize) -> Self {
        let schema = input.schema();
        let columns = schema.fields().iter().enumerate();
        let values = columns.map(|(at, field)| Arc::new(Column::new(field.name(), at)) as _);
        Self { input: Arc::clone(input), values: values.collect(), copies }
    }

    fn of(&self, children: Vec<Arc<dyn ExecutionPlan>>) -> Arc<dyn ExecutionPlan> {
        let input = children.into_iter().next().unwrap_or_else(|| Arc::clone(&self.input));
        Arc::new(Self { input, values: self.values.clone(), copies: self.copies })
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
        Ok(self.of(children))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self.of(children))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let consumer = MemoryConsumer::new(format!("Held[{partition}]"));
        let reservation = consumer.register(context.memory_pool());
        let input = self.input.execute(partition, context)?;
        let values = self.values.clone();
        Ok(Box::pin(HeldStream { input, values, reservation, copies: self.copies }))
    }
}

struct HeldStream {
    input: SendableRecordBatchStream,
    values: Vec<Arc<dyn PhysicalExpr>>,
    reservation: MemoryReservation,
    copies: usize,
}

impl HeldStream {
    fn reserve(&self, batch: &RecordBatch) -> Result<()> {
        let mut all = 0_usize;
        for value in &self.values {
            all = all.saturating_add(match value.evaluate(batch)? {
                ColumnarValue::Array(array) => bytes(array.as_ref()),
                ColumnarValue::Scalar(scalar) => {
                    let value = scalar.size() - size_of_val(&scalar);
                    value.saturating_mul(batch.num_rows())
                }
            });
        }
        self.reservation.try_grow(all.saturating_mul(self.copies))
    }
}

impl Stream for HeldStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.input.poll_next_unpin(cx);
        if let Poll::Ready(Some(Ok(batch))) = &next {
            self.reserve(batch)?;
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
