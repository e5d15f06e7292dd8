//! A text beside a boolean is one written as text: `flag = 't'`. DataFusion knows no comparison of the two.

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{Expr, ExprSchemable};
use lakegate_base::{Error, Subject};
use sqlparser::ast::BinaryOperator;

use crate::functions::external;

/// Reads the text as the boolean it stands for.
#[derive(Debug)]
pub struct Words;

impl ExprPlanner for Words {
    fn plan_binary_op(
        &self,
        mut raw: RawBinaryExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawBinaryExpr>> {
        use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
        if matches!(raw.op, Eq | NotEq | Lt | LtEq | Gt | GtEq) {
            if let Some(word) = text(&raw.right).filter(|_| is_boolean(&raw.left, schema)) {
                raw.right = boolean(word)?;
            } else if let Some(word) = text(&raw.left).filter(|_| is_boolean(&raw.right, schema)) {
                raw.left = boolean(word)?;
            }
        }
        Ok(PlannerResult::Original(raw))
    }
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
fn boolean(word: &str) -> Result<Expr> {
    let lower = word.trim().to_lowercase();
    let begins = |full: &str, least: usize| lower.len() >= least && full.starts_with(&lower);
    let value = match lower.as_str() {
        "1" => true,
        "0" => false,
        _ if begins("true", 1) || begins("yes", 1) || lower == "on" => true,
        _ if begins("false", 1) || begins("no", 1) || begins("off", 2) => false,
        _ => {
            let message = format!("invalid input syntax for type boolean: \"{word}\"");
            return Err(external(Error::invalid(message).about(Subject::Value)));
        }
    };
    Ok(Expr::Literal(ScalarValue::Boolean(Some(value)), None))
}
