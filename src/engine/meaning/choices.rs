//! The answers of CASE, and the arguments that coalesce and its like choose from, have one type: a literal
//! takes that of the others, and a number beside a text is refused. DataFusion makes texts of both. Told
//! before type coercion.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::{Expr, cast};
use lakegate_base::{Error, Subject};

use super::comparable::{Family, side};
use crate::functions::external;

/// Functions that answer one of their arguments.
pub(super) const CHOOSERS: [&str; 4] = ["coalesce", "nullif", "greatest", "least"];

pub(super) fn in_expr(mut expr: Expr, schema: &DFSchema, _: &str) -> Result<Transformed<Expr>> {
    let (what, choices): (_, Vec<&mut Expr>) = match &mut expr {
        Expr::Case(case) => {
            let then = case.when_then_expr.iter_mut().map(|(_, then)| then.as_mut());
            ("CASE".to_string(), then.chain(case.else_expr.as_deref_mut()).collect())
        }
        Expr::ScalarFunction(call) if CHOOSERS.contains(&call.name()) => {
            (call.name().to_uppercase(), call.args.iter_mut().collect())
        }
        _ => return Ok(Transformed::no(expr)),
    };
    let changed = unify(&what, choices, schema)?;
    Ok(Transformed::new_transformed(expr, changed))
}

fn unify(what: &str, choices: Vec<&mut Expr>, schema: &DFSchema) -> Result<bool> {
    let mut known = choices.iter().filter_map(|choice| side(choice, schema));
    let Some(first) = known.next() else { return Ok(false) };
    let mut widest = first.data_type.clone();
    for other in known {
        if other.family != first.family {
            let message =
                format!("{what} types {} and {} cannot be matched", first.shown, other.shown);
            let error = Error::invalid(message).about(Subject::Statement);
            return Err(external(error.hint("Cast one of them to the type of the other.")));
        }
        if breadth(&other.data_type) > breadth(&widest) {
            widest = other.data_type;
        }
    }
    if first.family == Family::Text {
        return Ok(false);
    }
    let mut changed = false;
    for choice in choices {
        if let Expr::Literal(ScalarValue::Utf8(Some(_)) | ScalarValue::Utf8View(Some(_)), _) =
            choice
        {
            *choice = cast(std::mem::take(choice), widest.clone());
            changed = true;
        }
    }
    Ok(changed)
}

/// Which of two types of one family holds the values of both.
fn breadth(data_type: &DataType) -> u8 {
    match data_type {
        t if t.is_floating() => 4,
        t if t.is_decimal() => 3,
        DataType::Int64 | DataType::UInt64 | DataType::Timestamp(_, Some(_)) => 2,
        DataType::Int32 | DataType::UInt32 | DataType::Timestamp(_, None) => 1,
        _ => 0,
    }
}
