//! Functions of numbers: what Athena gives other digits, or an answer where we fail, is refused or guarded.

use lakegate_base::{Result, Subject};
use sqlparser::ast::*;

use super::super::Kind;
use super::super::build::*;
use super::super::walk::refused;

/// A double's halves round to even here and up there.
pub fn rounded(args: Vec<Expr>, kinds: &[Option<Kind>]) -> Result<Expr> {
    match kinds[0] {
        Some(Kind::Decimal | Kind::Integer) => Ok(call("round", args)),
        _ => Err(refused(
            "round of a double or of an unknown type, whose halves Athena rounds otherwise",
            "Write floor(x * 100 + 0.5) / 100.",
        )
        .about(Subject::Type)),
    }
}

pub fn whole(name: &str, mut args: Vec<Expr>, kinds: &[Option<Kind>]) -> Expr {
    match kinds[0] {
        Some(Kind::Integer) => call(name, [cast(take(&mut args[0]), named_type("double"))]),
        _ => call(name, args),
    }
}

/// Of a numeric they have a numeric's digits here, and a double's there.
pub fn inexact(name: &str, mut args: Vec<Expr>, kinds: &[Option<Kind>]) -> Result<Expr> {
    let known = [Some(Kind::Integer), Some(Kind::Real), Some(Kind::Double)];
    let is_double = kinds.contains(&Some(Kind::Double)) && kinds.iter().all(|k| number(*k));
    if !is_double && !kinds.iter().all(|kind| known.contains(kind)) {
        return Err(refused(
            format!("{name} of a numeric or of an unknown type, which is a double in Athena"),
            "Cast it: x::double precision.",
        )
        .about(Subject::Type));
    }
    let compared = |args: &[Expr], op, limit: i64| binary(args[0].clone(), op, number_of(limit));
    let fails = match name {
        "sqrt" => compared(&args, BinaryOperator::Lt, 0),
        "ln" | "log" | "log10" => compared(&args, BinaryOperator::LtEq, 0),
        "power" | "pow" => return powered(args),
        _ => return Ok(call(name, args)),
    };
    let name = if name == "log" { "log10" } else { name };
    let value = take(&mut args[0]);
    Ok(call(name, [guarded(value, fails)]))
}

fn number(kind: Option<Kind>) -> bool {
    kind.is_some_and(Kind::is_number)
}

fn number_of(value: i64) -> Expr {
    super::super::build::number(value)
}

/// Outside of its domain a function fails here, and is NaN or infinite there.
fn guarded(value: Expr, fails: Expr) -> Expr {
    match literal_integer(&value).is_some_and(|value| value > 0) {
        true => value,
        false => failing_if(fails, value),
    }
}

/// Other powers of zero and of negative numbers fail here, and are infinite or NaN there.
pub fn powered(args: Vec<Expr>) -> Result<Expr> {
    match args.get(1).and_then(literal_integer).is_some_and(|exponent| exponent >= 0) {
        true => Ok(call("power", args)),
        false => Err(refused(
            "a power other than a whole number from 0",
            "Write sqrt(x), or exp(ln(x) * y).",
        )),
    }
}

/// By zero a double is an error here and infinite there, where only integers fail. NULL by zero is NULL in
/// both.
pub fn divisor(left: &Expr, right: &mut Expr) {
    let never_zero = match bare(right) {
        Expr::Value(value) => !matches!(&value.value, Value::Number(digits, _)
            if digits.parse::<f64>().is_ok_and(|value| value == 0.0)),
        Expr::Function(function) if plain_name(&function.name).as_deref() == Some("nullif") => {
            plain_args(function)
                .is_some_and(|args| args.get(1).and_then(|arg| literal_integer(arg)) == Some(0))
        }
        _ => false,
    };
    if !never_zero {
        let value = take(right);
        let is_zero = binary(value.clone(), BinaryOperator::Eq, number_of(0));
        let fails = binary(is_zero, BinaryOperator::And, is_not_null(left.clone()));
        *right = failing_if(fails, value);
    }
}
