//! A correlated scalar subquery may give one row, or none; DataFusion insists on an aggregate. So its value
//! becomes the single value of its rows, an error where there are two; after `LIMIT 1`, the first of them.

use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::functions_aggregate::first_last::first_value;
use datafusion::logical_expr::{
    Expr, Limit, LogicalPlan, LogicalPlanBuilder, Sort, SortExpr, Subquery,
};

use crate::functions;

pub(super) fn in_expr(expr: Expr, _: &DFSchema, _: &str) -> Result<Transformed<Expr>> {
    let Expr::ScalarSubquery(subquery) = expr else { return Ok(Transformed::no(expr)) };
    if subquery.outer_ref_columns.is_empty() || is_aggregated(&subquery.subquery) {
        return Ok(Transformed::no(Expr::ScalarSubquery(subquery)));
    }
    let over =
        |plan| Expr::ScalarSubquery(Subquery { subquery: Arc::new(plan), ..subquery.clone() });
    Ok(match single(&subquery.subquery)? {
        None => Transformed::no(Expr::ScalarSubquery(subquery)),
        Some(Single::First(plan)) => Transformed::yes(over(plan)),
        Some(Single::Only(plan)) => {
            Transformed::yes(functions::only_value().call(vec![over(plan)]))
        }
    })
}

/// One row at most, whatever it reads.
pub(super) fn is_aggregated(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        LogicalPlan::Projection(inner) => is_aggregated(&inner.input),
        LogicalPlan::SubqueryAlias(inner) => is_aggregated(&inner.input),
        LogicalPlan::Filter(inner) => is_aggregated(&inner.input),
        LogicalPlan::Sort(inner) => is_aggregated(&inner.input),
        LogicalPlan::Limit(inner) => is_aggregated(&inner.input),
        _ => false,
    }
}

/// A plan of one row.
enum Single {
    First(LogicalPlan),
    /// Its value tells whether there were several.
    Only(LogicalPlan),
}

fn single(plan: &LogicalPlan) -> Result<Option<Single>> {
    let column = |plan: &LogicalPlan| plan.schema().columns().into_iter().next().map(Expr::Column);
    if let LogicalPlan::Limit(limit) = plan {
        return match is_first(limit) {
            true => Ok(first(&limit.input)?.map(Single::First)),
            false => Ok(None),
        };
    }
    let plan = match plan {
        LogicalPlan::Sort(Sort { input, fetch: None, .. }) => input.as_ref(),
        other => other,
    };
    let Some(value) = column(plan) else { return Ok(None) };
    let only = aggregated(plan.clone(), functions::single_value().call(vec![value]))?;
    Ok(Some(Single::Only(only)))
}

fn is_first(limit: &Limit) -> bool {
    let number = |expr: &Option<Box<Expr>>| match expr.as_deref() {
        Some(Expr::Literal(ScalarValue::Int64(Some(number)), _)) => Some(*number),
        _ => None,
    };
    limit.skip.is_none() && number(&limit.fetch) == Some(1)
}

/// The value in the first row of a plan that is sorted, or not: then any row is the first.
fn first(plan: &LogicalPlan) -> Result<Option<LogicalPlan>> {
    let (value, keys, below) = match plan {
        LogicalPlan::Sort(sort) => (None, sort.expr.clone(), sort.input.as_ref().clone()),
        // A column that only sorts is gone above.
        LogicalPlan::Projection(projection) => {
            match (projection.input.as_ref(), projection.expr.first()) {
                (LogicalPlan::Sort(sort), Some(value)) => {
                    let value = value.clone().unalias();
                    (Some(value), sort.expr.clone(), sort.input.as_ref().clone())
                }
                _ => (None, Vec::<SortExpr>::new(), plan.clone()),
            }
        }
        other => (None, Vec::new(), other.clone()),
    };
    let column = below.schema().columns().into_iter().next().map(Expr::Column);
    let Some(value) = value.or(column) else { return Ok(None) };
    aggregated(below, first_value(value, keys)).map(Some)
}

fn aggregated(plan: LogicalPlan, value: Expr) -> Result<LogicalPlan> {
    LogicalPlanBuilder::from(plan).aggregate(Vec::<Expr>::new(), vec![value])?.build()
}
