//! DataFusion joins two lists of one column by what they have in common, and takes nothing in common for
//! false (or true, of lists negated), where it is NULL if the column is. It compares what stands in the
//! lists as it is written, too: two columns there are never the same. Such lists are held apart.
//!
//! Remove when `inlist_intersection` and `inlist_except` of DataFusion's simplifier keep NULL; no issue is
//! known upstream.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::BinaryExpr;
use datafusion::logical_expr::{ColumnarValue, Expr, Operator, ScalarUDF, Volatility, create_udf};

/// Gives its argument, which is then no operand to the simplifier's rules for AND and OR.
static HELD: LazyLock<ScalarUDF> = LazyLock::new(|| {
    let itself = |args: &[ColumnarValue]| Ok(args[0].clone());
    let kind = DataType::Boolean;
    create_udf("held", vec![kind.clone()], kind, Volatility::Immutable, Arc::new(itself))
});

pub(super) fn in_expr(expr: Expr, _: &DFSchema, _: &str) -> Result<Transformed<Expr>> {
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = expr else {
        return Ok(Transformed::no(expr));
    };
    // Joining these is only putting them together.
    let is_union = |a: &Listed, b: &Listed| match op {
        Operator::Or => !a.negated && !b.negated,
        Operator::And => a.negated && b.negated,
        _ => true,
    };
    let meet = match (listed(&left), listed(&right)) {
        (Some(a), Some(b)) => a.of == b.of && !is_union(&a, &b),
        _ => false,
    };
    let hold = |side: Box<Expr>| Box::new(HELD.call(vec![*side]));
    let (left, right) = if meet { (hold(left), hold(right)) } else { (left, right) };
    let expr = Expr::BinaryExpr(BinaryExpr { left, op, right });
    Ok(if meet { Transformed::yes(expr) } else { Transformed::no(expr) })
}

/// A condition that the simplifier may make `of [NOT] IN (…)`.
struct Listed<'a> {
    of: &'a Expr,
    negated: bool,
}

fn listed(expr: &Expr) -> Option<Listed<'_>> {
    match expr {
        Expr::InList(list) => Some(Listed { of: bare(&list.expr), negated: list.negated }),
        Expr::Not(inner) => {
            let inner = listed(inner)?;
            Some(Listed { negated: !inner.negated, ..inner })
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
            Operator::Eq | Operator::NotEq => {
                let of = match (bare(left), bare(right)) {
                    (Expr::Literal(..), of) | (of, Expr::Literal(..)) => of,
                    _ => return None,
                };
                Some(Listed { of, negated: *op == Operator::NotEq })
            }
            Operator::Or | Operator::And => {
                let (a, b) = (listed(left)?, listed(right)?);
                let is_list = a.of == b.of && a.negated == b.negated;
                (is_list && a.negated == (*op == Operator::And)).then_some(a)
            }
            _ => None,
        },
        _ => None,
    }
}

/// Without casts: the simplifier may move them to the values.
fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Cast(cast) => bare(&cast.expr),
        other => other,
    }
}
