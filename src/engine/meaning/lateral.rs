//! LATERAL over nothing but the row beside it, as `LATERAL (SELECT v.x * 10)` or `unnest(v.tags)`: what it
//! computes is computed on the left side's rows, no join is left. DataFusion plans LATERAL only where it can
//! be a join by equality; that form stays as it is.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Column, JoinType, RecursionUnnestOption, Result, ScalarValue};
use datafusion::logical_expr::{
    Expr, Filter, Join, LogicalPlan, LogicalPlanBuilder, Projection, Unnest,
};
use datafusion::optimizer::AnalyzerRule;

/// Begins the names of columns on their way up; no tool writes it.
const MARK: char = '\u{1}';

#[derive(Debug)]
pub(super) struct Lateral;

impl AnalyzerRule for Lateral {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| match plan {
            LogicalPlan::Join(join) => in_join(join),
            other => Ok(Transformed::no(other)),
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "lateral"
    }
}

fn in_join(join: Join) -> Result<Transformed<LogicalPlan>> {
    let mut rows = Rows::One;
    let lifted = match subquery(&join.right) {
        Some(inner) if is_over_one_row(inner, &mut rows) => lift(inner, &join.left, 0)?,
        _ => return Ok(Transformed::no(LogicalPlan::Join(join))),
    };
    let always = join.filter.as_ref().is_none_or(is_true) && join.on.is_empty();
    let possible = match join.join_type {
        JoinType::Inner => join.on.is_empty(),
        // A row that finds nothing would be lost.
        JoinType::Left => always && rows == Rows::One,
        _ => false,
    };
    if !possible {
        return Ok(Transformed::no(LogicalPlan::Join(join)));
    }
    let width = join.left.schema().fields().len();
    let columns = join.schema.iter().zip(lifted.schema().columns()).enumerate();
    let named = columns.map(|(at, ((relation, field), column))| match at < width {
        true => Expr::Column(column),
        false => Expr::Column(column).alias_qualified(relation.cloned(), field.name()),
    });
    let named = named.collect::<Vec<_>>();
    let mut plan = LogicalPlanBuilder::from(lifted).project(named)?;
    if let Some(condition) = join.filter.filter(|_| !always) {
        plan = plan.filter(condition)?;
    }
    plan.build().map(Transformed::yes)
}

fn is_true(condition: &Expr) -> bool {
    matches!(condition, Expr::Literal(ScalarValue::Boolean(Some(true)), _))
}

/// The plan of a lateral side; its alias only names columns.
fn subquery(plan: &LogicalPlan) -> Option<&LogicalPlan> {
    match plan {
        LogicalPlan::SubqueryAlias(alias) => subquery(&alias.input),
        LogicalPlan::Subquery(subquery) => Some(&subquery.subquery),
        _ => None,
    }
}

/// How many rows a lateral side gives for one row beside it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rows {
    One,
    Any,
}

fn is_over_one_row(plan: &LogicalPlan, rows: &mut Rows) -> bool {
    match plan {
        LogicalPlan::EmptyRelation(empty) => empty.produce_one_row,
        LogicalPlan::Projection(inner) => is_over_one_row(&inner.input, rows),
        LogicalPlan::SubqueryAlias(inner) => is_over_one_row(&inner.input, rows),
        LogicalPlan::Filter(inner) => {
            *rows = Rows::Any;
            is_over_one_row(&inner.input, rows)
        }
        LogicalPlan::Unnest(inner) => {
            *rows = Rows::Any;
            inner.struct_type_columns.is_empty() && is_over_one_row(&inner.input, rows)
        }
        _ => false,
    }
}

/// The same plan over the rows of `left`, whose columns come first.
fn lift(plan: &LogicalPlan, left: &Arc<LogicalPlan>, depth: usize) -> Result<LogicalPlan> {
    let input = |input: &LogicalPlan| lift(input, left, depth + 1);
    match plan {
        LogicalPlan::Projection(inner) => {
            let below = input(&inner.input)?;
            let names = Names::new(&inner.input, &below, left);
            let mut columns: Vec<Expr> =
                left.schema().columns().into_iter().map(Expr::Column).collect();
            for (at, expr) in inner.expr.iter().enumerate() {
                let expr = names.in_expr(expr.clone().unalias())?;
                columns.push(expr.alias(format!("{MARK}{depth}.{at}")));
            }
            Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(below))?))
        }
        LogicalPlan::Filter(inner) => {
            let below = input(&inner.input)?;
            let names = Names::new(&inner.input, &below, left);
            let condition = names.in_expr(inner.predicate.clone())?;
            Ok(LogicalPlan::Filter(Filter::try_new(condition, Arc::new(below))?))
        }
        LogicalPlan::Unnest(inner) => {
            let below = input(&inner.input)?;
            let names = Names::new(&inner.input, &below, left);
            let columns = inner.exec_columns.iter().map(|column| names.column(column)).collect();
            let mut options = inner.options.clone();
            for (at, option) in options.recursions.iter_mut().enumerate() {
                *option = RecursionUnnestOption {
                    input_column: names.column(&option.input_column),
                    output_column: Column::from_name(format!("{MARK}{depth}.{at}")),
                    depth: option.depth,
                };
            }
            Ok(LogicalPlan::Unnest(Unnest::try_new(Arc::new(below), columns, options)?))
        }
        LogicalPlan::SubqueryAlias(inner) => input(&inner.input),
        _ => Ok(left.as_ref().clone()),
    }
}

/// What a column of a lateral side's node is called above the left side's rows.
struct Names {
    columns: HashMap<Column, Column>,
}

impl Names {
    fn new(before: &LogicalPlan, after: &LogicalPlan, left: &LogicalPlan) -> Self {
        let moved = after.schema().columns().into_iter().skip(left.schema().fields().len());
        let columns = before.schema().columns().into_iter().zip(moved).collect();
        Self { columns }
    }

    fn column(&self, column: &Column) -> Column {
        self.columns.get(column).unwrap_or(column).clone()
    }

    fn in_expr(&self, expr: Expr) -> Result<Expr> {
        expr.transform_up(|expr| {
            Ok(match expr {
                Expr::Column(column) => Transformed::yes(Expr::Column(self.column(&column))),
                Expr::OuterReferenceColumn(_, column) => Transformed::yes(Expr::Column(column)),
                other => Transformed::no(other),
            })
        })
        .data()
    }
}
