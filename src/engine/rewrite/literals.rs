//! Whole numbers that fit are `integer`, as in Postgres; DataFusion's planner makes all of them `bigint`. It
//! asks nobody about numbers, but it asks its expression planners about dictionaries: a number becomes one
//! with a key of ours, and [`Literals`] makes the literal of it.

use std::convert::Infallible;
use std::ops::ControlFlow;

use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawDictionaryExpr};
use datafusion::logical_expr::{Expr as PlanExpr, lit};
use datafusion::scalar::ScalarValue;
use sqlparser::ast::{
    DictionaryField, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr,
    LimitClause, NamedWindowExpr, OrderByKind, Query, Select, Statement, TableFactor,
    UnaryOperator, Value, VisitMut, VisitorMut, WindowFrameBound, WindowSpec, WindowType,
};

use super::build;

/// No tool writes it.
const KEY: &str = "\u{1}int4";

/// Goes after all other rewriting, which looks for numbers.
pub fn type_integers(statement: &mut Statement) {
    let ControlFlow::Continue(()) = VisitMut::visit(statement, &mut Typing);
}

/// True for a number that `integer` holds.
pub fn is_integer(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, false) => digits.parse::<i32>().is_ok(),
            _ => false,
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => is_integer(expr),
        _ => false,
    }
}

struct Typing;

impl VisitorMut for Typing {
    type Break = Infallible;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Infallible> {
        match expr {
            Expr::Value(_) if is_integer(expr) => {
                *expr = typed(build::take(expr));
            }
            Expr::UnaryOp { op: UnaryOperator::Minus, expr: inner } => {
                if let Some(number) = number(inner) {
                    **inner = number;
                    *expr = typed(build::take(expr));
                }
            }
            Expr::Interval(interval) => plain(&mut interval.value),
            Expr::Function(call) => in_call(call),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    /// A number alone in ORDER BY or GROUP BY is a place; limits and frames are numbers to DataFusion.
    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<Infallible> {
        if let Some(order) = &mut query.order_by
            && let OrderByKind::Expressions(keys) = &mut order.kind
        {
            keys.iter_mut().for_each(|key| plain(&mut key.expr));
        }
        if let Some(LimitClause::LimitOffset { limit, offset, .. }) = &mut query.limit_clause {
            limit.iter_mut().for_each(plain);
            offset.iter_mut().for_each(|offset| plain(&mut offset.value));
        }
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<Infallible> {
        if let GroupByExpr::Expressions(keys, _) = &mut select.group_by {
            keys.iter_mut().for_each(plain);
        }
        for window in &mut select.named_window {
            if let NamedWindowExpr::WindowSpec(spec) = &mut window.1 {
                in_frame(spec);
            }
        }
        ControlFlow::Continue(())
    }

    /// DataFusion's table functions ask for `bigint` literals.
    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Infallible> {
        if let TableFactor::Table { args: Some(call), .. } = factor {
            call.args.iter_mut().filter_map(argument).for_each(plain);
        }
        ControlFlow::Continue(())
    }
}

fn in_call(call: &mut Function) {
    if let Some(WindowType::WindowSpec(spec)) = &mut call.over {
        in_frame(spec);
    }
    // `count(1)` is `count(*)`, which statistics may answer.
    if build::last_part(&call.name) == "count"
        && let FunctionArguments::List(list) = &mut call.args
    {
        list.args.iter_mut().filter_map(argument).for_each(plain);
    }
}

fn in_frame(spec: &mut WindowSpec) {
    use WindowFrameBound::{Following, Preceding};
    let Some(frame) = &mut spec.window_frame else { return };
    for bound in std::iter::once(&mut frame.start_bound).chain(&mut frame.end_bound) {
        if let Preceding(Some(rows)) | Following(Some(rows)) = bound {
            plain(rows);
        }
    }
}

fn argument(argument: &mut FunctionArg) -> Option<&mut Expr> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    }
}

fn typed(number: Expr) -> Expr {
    Expr::Dictionary(vec![DictionaryField { key: build::ident(KEY), value: Box::new(number) }])
}

/// Undoes [`typed`].
fn plain(expr: &mut Expr) {
    if let Some(number) = number(expr) {
        *expr = number;
    }
}

fn number(expr: &mut Expr) -> Option<Expr> {
    let Expr::Dictionary(fields) = expr else { return None };
    match fields.as_mut_slice() {
        [field] if field.key.value == KEY => Some(build::take(&mut field.value)),
        _ => None,
    }
}

/// Makes the literal.
#[derive(Debug)]
pub struct Literals;

impl ExprPlanner for Literals {
    fn plan_dictionary_literal(
        &self,
        dictionary: RawDictionaryExpr,
        _schema: &DFSchema,
    ) -> Result<PlannerResult<RawDictionaryExpr>> {
        if let [PlanExpr::Literal(key, _)] = dictionary.keys.as_slice()
            && key.try_as_str() == Some(Some(KEY))
            && let [PlanExpr::Literal(ScalarValue::Int64(Some(value)), _)] =
                dictionary.values.as_slice()
            && let Ok(value) = i32::try_from(*value)
        {
            return Ok(PlannerResult::Planned(lit(value)));
        }
        Ok(PlannerResult::Original(dictionary))
    }
}
