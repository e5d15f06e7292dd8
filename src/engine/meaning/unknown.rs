//! A text beside a boolean is one written as text: `flag = 't'`. DataFusion knows no comparison of the two.
//! Told before type coercion.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{BinaryExpr, InList};
use datafusion::logical_expr::{Expr, ExprSchemable, Operator};
use lakegate_base::{Error, Subject};

pub(super) fn in_expr(expr: Expr, schema: &DFSchema, _: &str) -> Result<Transformed<Expr>> {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if compares(op) => {
            let (left, right) = match (text(&left), text(&right)) {
                (Some(word), None) if is_boolean(&right, schema) => (Box::new(read(word)?), right),
                (None, Some(word)) if is_boolean(&left, schema) => (left, Box::new(read(word)?)),
                _ => return Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right }))),
            };
            Ok(Transformed::yes(Expr::BinaryExpr(BinaryExpr { left, op, right })))
        }
        Expr::InList(list) if is_boolean(&list.expr, schema) => {
            let value = |expr: Expr| match text(&expr) {
                Some(word) => read(word),
                None => Ok(expr),
            };
            let values = list.list.into_iter().map(value).collect::<Result<_>>()?;
            Ok(Transformed::yes(Expr::InList(InList { list: values, ..list })))
        }
        other => Ok(Transformed::no(other)),
    }
}

fn compares(op: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom)
}

fn is_boolean(expr: &Expr, schema: &DFSchema) -> bool {
    expr.get_type(schema).is_ok_and(|data_type| data_type == DataType::Boolean)
}

fn text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(value, _) => value.try_as_str().flatten(),
        _ => None,
    }
}

/// The beginnings of the words count, too.
fn read(word: &str) -> Result<Expr> {
    let lower = word.trim().to_lowercase();
    let begins = |full: &str, least: usize| lower.len() >= least && full.starts_with(&lower);
    let value = match lower.as_str() {
        "1" => true,
        "0" => false,
        _ if begins("true", 1) || begins("yes", 1) || lower == "on" => true,
        _ if begins("false", 1) || begins("no", 1) || begins("off", 2) => false,
        _ => {
            let message = format!("invalid input syntax for type boolean: \"{word}\"");
            return Err(crate::functions::external(Error::invalid(message).about(Subject::Value)));
        }
    };
    Ok(Expr::Literal(ScalarValue::Boolean(Some(value)), None))
}
