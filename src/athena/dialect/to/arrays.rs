//! Arrays: what is in them, and their elements.

use lakegate_base::Result;
use sqlparser::ast::*;

use super::super::build::*;
use super::super::kinds::{is_comparison, is_text_literal};
use super::super::walk::{Walk, refused};
use super::ToAthena;
use super::expressions::{is_literal, operands};

/// `x = ANY (ARRAY[…])` is `x IN (…)`, of another array it is `contains`; subqueries stay.
pub fn any_or_all(pass: &mut ToAthena, walk: &mut Walk, expr: &mut Expr) -> Result<()> {
    let is_any = matches!(expr, Expr::AnyOp { .. });
    let (Expr::AnyOp { left, compare_op, right, .. } | Expr::AllOp { left, compare_op, right }) =
        expr
    else {
        return Ok(());
    };
    if !is_comparison(compare_op) {
        return Err(refused(
            format!("{compare_op} ANY or ALL"),
            "Compare by =, <>, <, <=, > or >=.",
        ));
    }
    let negated = match (is_any, &compare_op) {
        _ if matches!(bare(right), Expr::Subquery(_)) => {
            walk.expr(pass, left)?;
            return match &mut **right {
                Expr::Subquery(query) => walk.query(pass, query),
                other => walk.expr(pass, other),
            };
        }
        (true, BinaryOperator::Eq) => false,
        (false, BinaryOperator::NotEq) => true,
        _ => {
            return Err(refused(
                format!("{compare_op} ANY or ALL of an array"),
                "Write = ANY or <> ALL, or a subquery over unnest.",
            ));
        }
    };
    if let Expr::Array(Array { elem, .. }) = bare(right)
        && !elem.is_empty()
    {
        let (expr_, list) = (Box::new(operand(take(left))), elem.clone());
        *expr = Expr::InList { expr: expr_, list, negated };
        return walk.expr(pass, expr);
    } else if is_text_literal(right)
        || matches!(&**right, Expr::Cast { expr, .. } if is_text_literal(expr))
    {
        return Err(refused("an array written as a string", "Write ARRAY['a', 'b']."));
    }
    let may_be_null = !is_literal(left);
    operands(pass, walk, left, right)?;
    let is_empty = binary(call("cardinality", [(**right).clone()]), BinaryOperator::Eq, number(0));
    let mut contained = call("contains", [take(right), take(left)]);
    // NULL is in no empty array here, and unknown to be there.
    if may_be_null {
        contained = case(is_empty, boolean(false), Some(contained));
    }
    *expr = if negated { not(contained) } else { contained };
    Ok(())
}

/// Behind the end of an array is NULL here, and an error there but for element_at.
pub fn element(pass: &mut ToAthena, walk: &mut Walk, expr: &mut Expr) -> Result<()> {
    let Expr::CompoundFieldAccess { root, access_chain } = expr else { return Ok(()) };
    walk.expr(pass, root)?;
    let mut taken = take(root);
    for access in access_chain {
        taken = match access {
            AccessExpr::Subscript(Subscript::Index { index })
                if literal_integer(index).is_some_and(|index| index > 0) =>
            {
                call("element_at", [taken, take(index)])
            }
            AccessExpr::Subscript(_) => {
                return Err(refused(
                    "an element of an array by another index than 1, 2, …",
                    "Write a positive number.",
                ));
            }
            AccessExpr::Dot(_) => {
                return Err(refused("a field of a row", "Select it in Athena itself."));
            }
        };
    }
    *expr = taken;
    Ok(())
}
