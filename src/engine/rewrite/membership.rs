//! `x IN (SELECT …)` below NOT, OR or anything but AND: DataFusion joins it with a mark that knows true and
//! false, while a NULL on either side makes the answer unknown. So the unknown is added:
//! `x IN (q) OR (NULL AND (EXISTS (a NULL in q) OR (x IS NULL AND EXISTS (q))))`. So it is
//! with `x = ANY(list)`, which is a list's own IN; in a select list, where DataFusion joins nothing, IN
//! becomes that.

use sqlparser::ast::{
    BinaryOperator, Expr, Query, Select, SelectItem, SetExpr, TableFactor, UnaryOperator, Value,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

use super::visit::own_expressions;
use super::{build, subqueries};
use crate::functions::HAS_NULL;

/// The conditions of one SELECT.
pub fn rewrite(select: &mut Select) {
    if let Some(condition) = &mut select.selection {
        conjuncts(condition);
    }
}

/// A direct condition is a join of its own, and those know NULL.
fn conjuncts(expr: &mut Expr) {
    match expr {
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            conjuncts(left);
            conjuncts(right);
        }
        Expr::Nested(inner) => conjuncts(inner),
        Expr::InSubquery { .. } => {}
        nested => own_expressions(nested, add_unknown),
    }
}

/// In a select list.
pub fn in_list(select: &mut Select) {
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
            own_expressions(expr, |expr| {
                over_list(expr);
                add_unknown(expr);
            });
        }
    }
}

/// `x IN (SELECT y …)` is `x = ANY(ARRAY(SELECT y …))`.
fn over_list(expr: &mut Expr) {
    use Expr::{AnyOp, InSubquery};
    let (left, query, negated) = match expr {
        InSubquery { expr, subquery, negated } => (expr, subquery, *negated),
        AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => match right.as_mut() {
            Expr::Subquery(query) => (left, query, false),
            _ => return,
        },
        _ => return,
    };
    let Ok(list) = subqueries::array(query.as_ref().clone()) else { return };
    let any = AnyOp {
        left: Box::new(build::take(left)),
        compare_op: BinaryOperator::Eq,
        right: Box::new(list),
        is_some: false,
    };
    *expr = any;
    if negated {
        add_unknown(expr);
        let inner = Box::new(build::take(expr));
        *expr = nested(Expr::UnaryOp { op: UnaryOperator::Not, expr: inner });
    }
}

fn add_unknown(expr: &mut Expr) {
    if let Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } = expr
        && !matches!(right.as_ref(), Expr::Subquery(_))
    {
        let is_null = Expr::IsNull(Box::new(nested(left.as_ref().clone())));
        let count = build::call("cardinality", vec![right.as_ref().clone()]);
        let some = binary(count, BinaryOperator::Gt, build::number(0));
        let no_value = nested(binary(is_null, BinaryOperator::And, some));
        let has_null = build::call(HAS_NULL, vec![right.as_ref().clone()]);
        let either = nested(binary(no_value, BinaryOperator::Or, has_null));
        let unknown = nested(binary(Expr::value(Value::Null), BinaryOperator::And, either));
        // NULL is in no list that is empty.
        let known = build::call("coalesce", vec![build::take(expr), build::boolean(false)]);
        *expr = nested(binary(known, BinaryOperator::Or, unknown));
        return;
    }
    if let Expr::InSubquery { expr: value, subquery, negated } = expr
        && let Some(nulls) = nulls_of(subquery)
    {
        let unknown = unknown(value, subquery, nulls);
        let is_in =
            Expr::InSubquery { expr: value.clone(), subquery: subquery.clone(), negated: false };
        let either = nested(binary(is_in, BinaryOperator::Or, unknown));
        *expr = match negated {
            true => nested(Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(either) }),
            false => either,
        };
    }
}

fn unknown(value: &Expr, subquery: &Query, nulls: Query) -> Expr {
    let exists = |query: Query| Expr::Exists { subquery: Box::new(query), negated: false };
    let is_null = Expr::IsNull(Box::new(nested(value.clone())));
    let no_value = nested(binary(is_null, BinaryOperator::And, exists(subquery.clone())));
    let either = nested(binary(exists(nulls), BinaryOperator::Or, no_value));
    nested(binary(Expr::value(Value::Null), BinaryOperator::And, either))
}

fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }
}

fn nested(expr: Expr) -> Expr {
    Expr::Nested(Box::new(expr))
}

/// The rows of a query of one column that are NULL.
fn nulls_of(query: &Query) -> Option<Query> {
    const SHAPE: &str = "SELECT 1 FROM (SELECT 1) AS listed(value) WHERE value IS NULL";
    let mut shape =
        Parser::new(&PostgreSqlDialect {}).try_with_sql(SHAPE).ok()?.parse_query().ok()?;
    let SetExpr::Select(select) = shape.body.as_mut() else { return None };
    let TableFactor::Derived { subquery, .. } = &mut select.from.first_mut()?.relation else {
        return None;
    };
    **subquery = query.clone();
    Some(*shape)
}
