//! Which columns of an answer have a modifier, as the scale of `numeric(22,2)`: those that a table or a cast
//! gives one. What is computed has none in Postgres, though to DataFusion every decimal has a scale.

use datafusion::arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType};
use datafusion::logical_expr::{Expr, LogicalPlan, Union};

/// Whether the column at `at` is a decimal that was computed.
pub fn is_computed(plan: &LogicalPlan, at: usize) -> bool {
    let is_decimal = plan.schema().fields().get(at).is_some_and(|f| f.data_type().is_decimal());
    is_decimal && !is_declared(plan, at)
}

fn is_declared(plan: &LogicalPlan, at: usize) -> bool {
    match plan {
        LogicalPlan::TableScan(_) => true,
        LogicalPlan::Projection(inner) => declares(&inner.expr[at], &inner.input),
        LogicalPlan::Aggregate(inner) => match inner.group_expr.get(at) {
            Some(key) => declares(key, &inner.input),
            None => false,
        },
        LogicalPlan::Window(inner) => {
            at < inner.input.schema().fields().len() && is_declared(&inner.input, at)
        }
        LogicalPlan::Join(join) => match at.checked_sub(join.left.schema().fields().len()) {
            Some(right) if right < join.right.schema().fields().len() => {
                is_declared(&join.right, right)
            }
            Some(_) => false,
            None => is_declared(&join.left, at),
        },
        LogicalPlan::Union(Union { inputs, .. }) => inputs.iter().all(|i| is_declared(i, at)),
        LogicalPlan::Filter(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Limit(_)
        | LogicalPlan::Distinct(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Repartition(_) => {
            plan.inputs().first().is_some_and(|input| is_declared(input, at))
        }
        _ => false,
    }
}

fn declares(expr: &Expr, input: &LogicalPlan) -> bool {
    match expr {
        Expr::Alias(alias) => declares(&alias.expr, input),
        Expr::Column(column) => {
            let at = input.schema().maybe_index_of_column(column);
            at.is_some_and(|at| is_declared(input, at))
        }
        // `::numeric` alone is planned with the most digits there are.
        Expr::Cast(cast) => matches!(
            cast.field.data_type(),
            DataType::Decimal128(digits, _) if *digits < DECIMAL128_MAX_PRECISION
        ),
        _ => false,
    }
}
