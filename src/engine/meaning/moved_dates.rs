//! A date moved by an interval is a moment of a day; DataFusion keeps it a date, and loses the hours. Told
//! before type coercion, which then makes alike what moments meet: CASE, UNION, joins, lists.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{Between, BinaryExpr};
use datafusion::logical_expr::{Expr, ExprSchemable, Operator, cast};

use super::micros;

pub(super) fn in_expr(expr: Expr, schema: &DFSchema, _: &str) -> Result<Transformed<Expr>> {
    match expr {
        Expr::BinaryExpr(binary) if matches!(binary.op, Operator::Plus | Operator::Minus) => {
            Ok(moved(binary, schema))
        }
        Expr::BinaryExpr(binary) if compares(binary.op) => {
            let BinaryExpr { left, op, right } = binary;
            Ok(as_dates([*left, *right], schema).update_data(|[left, right]| {
                Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))
            }))
        }
        Expr::Between(Between { expr, negated, low, high }) => {
            Ok(as_dates([*expr, *low, *high], schema).update_data(|[expr, low, high]| {
                let (low, high) = (Box::new(low), Box::new(high));
                Expr::Between(Between::new(Box::new(expr), negated, low, high))
            }))
        }
        other => Ok(Transformed::no(other)),
    }
}

fn moved(binary: BinaryExpr, schema: &DFSchema) -> Transformed<Expr> {
    let BinaryExpr { left, op, right } = binary;
    let (left, right, is_moved) = if is_interval(&right, schema) && is_date(&left, schema) {
        (Box::new(cast(*left, micros(None))), right, true)
    } else if op == Operator::Plus && is_date(&right, schema) && is_interval(&left, schema) {
        // The date first: `as_date` finds it there.
        (Box::new(cast(*right, micros(None))), left, true)
    } else {
        (left, right, false)
    };
    let binary = Expr::BinaryExpr(BinaryExpr { left, op, right });
    if is_moved { Transformed::yes(binary) } else { Transformed::no(binary) }
}

fn compares(op: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom)
}

/// Moved by whole days a date is compared as a date again, so that bounds of a column still count.
fn as_dates<const N: usize>(parts: [Expr; N], schema: &DFSchema) -> Transformed<[Expr; N]> {
    let moved = parts.each_ref().map(|part| as_date(part, schema));
    if moved.iter().all(Option::is_none) {
        return Transformed::no(parts);
    }
    let unmoved = |part: &Expr| is_date(part, schema).then(|| part.clone());
    let dates = moved.into_iter().zip(&parts).map(|(date, part)| date.or_else(|| unmoved(part)));
    match dates.collect::<Option<Vec<_>>>().map(TryInto::try_into) {
        Some(Ok(dates)) => Transformed::yes(dates),
        _ => Transformed::no(parts),
    }
}

/// The date of a moment that [`moved`] made of a date and a whole number of days or months.
fn as_date(expr: &Expr, schema: &DFSchema) -> Option<Expr> {
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = expr else { return None };
    let Expr::Literal(by, _) = right.as_ref() else { return None };
    let is_whole = match by {
        ScalarValue::IntervalMonthDayNano(Some(by)) => by.nanoseconds == 0,
        ScalarValue::IntervalDayTime(Some(by)) => by.milliseconds == 0,
        ScalarValue::IntervalYearMonth(Some(_)) => true,
        _ => false,
    };
    if !is_whole {
        return None;
    }
    let from = match left.as_ref() {
        Expr::Cast(cast) if *cast.field.data_type() == micros(None) => {
            is_date(&cast.expr, schema).then(|| cast.expr.as_ref().clone())?
        }
        moved => as_date(moved, schema)?,
    };
    Some(Expr::BinaryExpr(BinaryExpr::new(Box::new(from), *op, right.clone())))
}

// A type that cannot be told yet is for coercion, which has the words for it.
fn is_date(expr: &Expr, schema: &DFSchema) -> bool {
    matches!(expr.get_type(schema), Ok(DataType::Date32))
}

fn is_interval(expr: &Expr, schema: &DFSchema) -> bool {
    matches!(expr.get_type(schema), Ok(DataType::Interval(_)))
}
