//! Functions of arrays.

use sqlparser::ast::*;

use super::super::Kind;
use super::super::build::*;
use super::functions::any_null;

/// The arguments again when it is no function of arrays.
pub fn rewrite(
    name: &str,
    mut args: Vec<Expr>,
    kinds: &[Option<Kind>],
    elements: Option<Kind>,
) -> Result<Expr, Vec<Expr>> {
    let is_literal = |arg: &Expr| literal_text(arg).is_some() || literal_integer(arg).is_some();
    Ok(match (name, args.len()) {
        ("contains", 2) if kinds[0] == Some(Kind::Array) => contains(args),
        ("element_at", 2)
            if kinds[0] == Some(Kind::Array)
                && literal_integer(&args[1]).is_some_and(|at| at > 0) =>
        {
            element_at(args)
        }
        ("split", 2) if literal_text(&args[1]).is_some_and(|said| !said.is_empty()) => {
            let empty = Expr::Array(Array { elem: vec![text("")], named: true });
            let is_empty = binary(args[0].clone(), BinaryOperator::Eq, text(""));
            case(is_empty, empty, Some(call("string_to_array", args)))
        }
        // Elements are printed as casts print them.
        ("array_join", 2) if matches!(elements, Some(Kind::Text | Kind::Integer | Kind::Date)) => {
            call("array_to_string", args)
        }
        ("array_position", 2) => {
            let place = call("coalesce", [call(name, args.clone()), number(0)]);
            any_null(place, args)
        }
        // NULL as an element takes NULLs out here.
        ("array_remove", 2) if is_literal(&args[1]) => call(name, args.drain(..)),
        _ => return Err(args),
    })
}

/// NULL is in no empty array here, and unknown to be there.
fn contains(mut args: Vec<Expr>) -> Expr {
    let (array, value) = (take(&mut args[0]), take(&mut args[1]));
    let any = Expr::AnyOp {
        left: Box::new(operand(value.clone())),
        compare_op: BinaryOperator::Eq,
        right: Box::new(array),
        is_some: false,
    };
    any_null(Expr::Nested(Box::new(any)), vec![value])
}

fn element_at(mut args: Vec<Expr>) -> Expr {
    let (array, index) = (take(&mut args[0]), take(&mut args[1]));
    let root = Box::new(match array {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => array,
        other => Expr::Nested(Box::new(other)),
    });
    let access = AccessExpr::Subscript(Subscript::Index { index });
    Expr::CompoundFieldAccess { root, access_chain: vec![access] }
}
