//! What Postgres means by an operator where DataFusion means something else. Here, once types are known:
//! integers that overflow are errors, and an instant is read on the clocks of the session's zone.

mod choices;
mod comparable;
mod correlated;
mod exact_sums;
mod held_lists;
mod lateral;
mod moved_dates;
mod shown_types;
mod single_rows;

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{BinaryExpr, Cast, InList};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, Operator, ScalarUDF, cast, lit};
use datafusion::optimizer::{Analyzer, AnalyzerRule};

use crate::functions;

/// Changes one expression, whose parts are changed already. Given are the columns it may name, and the
/// session's zone.
type Change = fn(Expr, &DFSchema, &str) -> Result<Transformed<Expr>>;

/// DataFusion's own rules, which end with type coercion, between ours.
pub fn rules() -> Vec<Arc<dyn AnalyzerRule + Send + Sync>> {
    let pass =
        |name, change| -> Arc<dyn AnalyzerRule + Send + Sync> { Arc::new(Pass { name, change }) };
    let mut rules: Vec<Arc<dyn AnalyzerRule + Send + Sync>> = vec![
        Arc::new(lateral::Lateral),
        pass("comparable", comparable::in_expr),
        pass("choices", choices::in_expr),
        pass("single_rows", single_rows::in_expr),
        Arc::new(correlated::Correlated),
        pass("exact_sums", exact_sums::in_expr),
        pass("shown_types", shown_types::in_expr),
        pass("moved_dates", moved_dates::in_expr),
    ];
    rules.extend(Analyzer::new().rules);
    rules.push(pass("postgres_meaning", in_expr));
    rules.push(pass("held_lists", held_lists::in_expr));
    rules
}

/// A change of every expression of a plan, from its leaves up, that keeps the names of its columns.
#[derive(Debug)]
struct Pass {
    name: &'static str,
    change: Change,
}

impl AnalyzerRule for Pass {
    fn analyze(&self, plan: LogicalPlan, config: &ConfigOptions) -> Result<LogicalPlan> {
        let zone = config.execution.time_zone.as_deref().unwrap_or("UTC");
        plan.transform_up_with_subqueries(|plan| in_plan(plan, zone, self.change)).data()
    }

    fn name(&self) -> &str {
        self.name
    }
}

fn in_plan(plan: LogicalPlan, zone: &str, change: Change) -> Result<Transformed<LogicalPlan>> {
    let mut schema = merge_schema(&plan.inputs());
    if let LogicalPlan::TableScan(scan) = &plan {
        let columns =
            DFSchema::try_from_qualified_schema(scan.table_name.clone(), &scan.source.schema())?;
        schema.merge(&columns);
    }
    let names = NamePreserver::new(&plan);
    let changed = plan.map_expressions(|expr| {
        let name = names.save(&expr);
        let expr = expr.transform_up(|expr| change(expr, &schema, zone))?;
        Ok(expr.update_data(|expr| name.restore(expr)))
    })?;
    if !changed.transformed {
        return Ok(changed);
    }
    changed.map_data(LogicalPlan::recompute_schema)
}

fn in_expr(expr: Expr, schema: &DFSchema, zone: &str) -> Result<Transformed<Expr>> {
    match expr {
        Expr::BinaryExpr(binary) => arithmetic(binary, schema),
        Expr::InList(list) => Ok(in_list(list)),
        Expr::Cast(inner) => match value_cast(&inner, schema)? {
            Some(call) => Ok(Transformed::yes(call)),
            None => clock_cast(inner, schema, zone),
        },
        other => Ok(Transformed::no(other)),
    }
}

/// Integers that overflow are an error, so are floats divided by zero, and texts that outgrow memory;
/// DataFusion's operators wrap around, and panic.
fn arithmetic(binary: BinaryExpr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let applies = match binary.op {
        Operator::StringConcat => DataType::is_string,
        Operator::Divide => DataType::is_floating,
        operator if functions::overflows(operator) => DataType::is_integer,
        _ => return Ok(Transformed::no(Expr::BinaryExpr(binary))),
    };
    let data_type = binary.right.get_type(schema)?;
    if !applies(&data_type) || data_type != binary.left.get_type(schema)? {
        return Ok(Transformed::no(Expr::BinaryExpr(binary)));
    }
    let BinaryExpr { left, op, right } = binary;
    Ok(Transformed::yes(match op {
        Operator::StringConcat => functions::text_concat(*left, *right),
        operator => functions::checked(*left, operator, *right),
    }))
}

/// A NULL among the values stands apart: DataFusion loses it when it joins two lists of one column.
fn in_list(list: InList) -> Transformed<Expr> {
    let is_null = |expr: &Expr| match expr {
        Expr::Literal(value, _) => value.is_null(),
        Expr::Cast(inner) => {
            matches!(inner.expr.as_ref(), Expr::Literal(value, _) if value.is_null())
        }
        _ => false,
    };
    let all = list.list.len();
    let known: Vec<Expr> = list.list.iter().filter(|value| !is_null(value)).cloned().collect();
    if known.len() == all {
        return Transformed::no(Expr::InList(list));
    }
    let unknown = Expr::Literal(ScalarValue::Boolean(None), None);
    if known.is_empty() {
        return Transformed::yes(unknown);
    }
    let negated = list.negated;
    let rest = Expr::InList(InList { list: known, ..list });
    Transformed::yes(if negated { rest.and(unknown) } else { rest.or(unknown) })
}

/// Casts that Arrow does otherwise: numbers are rounded to integers, not cut, and must fit; text that
/// becomes bytes is read as a literal of bytes, text that becomes a moment as Postgres reads it.
fn value_cast(inner: &Cast, schema: &DFSchema) -> Result<Option<Expr>> {
    let from = inner.expr.get_type(schema)?;
    let to = inner.field.data_type();
    let call = |function: ScalarUDF| Ok(Some(function.call(vec![inner.expr.as_ref().clone()])));
    let is_narrower = from.is_integer() && from.primitive_width() > to.primitive_width();
    let is_number = from.is_decimal() || from.is_floating() || is_narrower;
    if is_number && to.is_signed_integer() {
        return call(functions::rounded(to));
    }
    if from.is_string() && matches!(to, DataType::Binary | DataType::BinaryView) {
        return call(functions::bytea(to));
    }
    let is_moment = matches!(
        to,
        DataType::Date32
            | DataType::Date64
            | DataType::Time32(_)
            | DataType::Time64(_)
            | DataType::Timestamp(..)
            | DataType::Interval(_)
    );
    if from.is_string() && is_moment {
        return call(functions::moment(to));
    }
    Ok(None)
}

/// Casts between instants and what clocks show. Instants of other zones than the session's are its own
/// first; Arrow takes an instant's own zone, or UTC.
fn clock_cast(inner: Cast, schema: &DFSchema, zone: &str) -> Result<Transformed<Expr>> {
    let from = inner.expr.get_type(schema)?;
    let to = inner.field.data_type().clone();
    match (&from, &to) {
        (DataType::Timestamp(..), DataType::Timestamp(_, None) | DataType::Date32)
            if is_elsewhere(&from, zone) =>
        {
            let moment = cast(*inner.expr, micros(Some("UTC")));
            let reading = functions::session_clock().call(vec![lit(zone), moment]);
            Ok(Transformed::yes(cast(reading, to)))
        }
        (DataType::Date32 | DataType::Timestamp(_, None), DataType::Timestamp(unit, Some(_)))
            if is_elsewhere(&to, zone) =>
        {
            let clock = match from {
                DataType::Date32 => cast(*inner.expr, DataType::Timestamp(*unit, None)),
                _ => *inner.expr,
            };
            let here = cast(clock, DataType::Timestamp(*unit, Some(zone.into())));
            Ok(Transformed::yes(cast(here, to)))
        }
        _ => Ok(Transformed::no(Expr::Cast(inner))),
    }
}

fn micros(zone: Option<&str>) -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into))
}

/// An instant that is shown in another zone than this.
fn is_elsewhere(data_type: &DataType, zone: &str) -> bool {
    match data_type {
        DataType::Timestamp(_, Some(own)) => own.as_ref() != zone && !(is_utc(own) && is_utc(zone)),
        _ => false,
    }
}

fn is_utc(zone: &str) -> bool {
    ["utc", "etc/utc", "+00:00", "z", "gmt"].contains(&zone.to_lowercase().as_str())
}
