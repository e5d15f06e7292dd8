//! Functions of texts.

use lakegate_base::{Result, Subject};
use sqlparser::ast::*;

use super::super::Kind;
use super::super::build::*;
use super::super::regexps::{self, Use, Way};
use super::super::walk::{Walk, refused};
use super::{ToAthena, or_else};

pub fn regexp_literal(pattern: &Expr, wanted: Use) -> Result<Expr> {
    match literal_text(pattern) {
        Some(said) => Ok(text(&regexps::translated(said, Way::ToJava, wanted)?)),
        None => Err(refused(
            "a regular expression that is no literal",
            "Write the pattern as a string.",
        )),
    }
}

/// Postgres leaves NULLs out; Athena makes all of it NULL.
pub fn concatenated(args: Vec<Expr>, kinds: &[Option<Kind>]) -> Result<Expr> {
    let mut parts = Vec::with_capacity(args.len());
    for (mut arg, kind) in args.into_iter().zip(kinds) {
        let is_literal = literal_text(&arg).is_some();
        parts.push(match kind {
            _ if is_literal => arg,
            Some(Kind::Text) => or_else(&mut arg, text("")),
            Some(Kind::Integer | Kind::Date) => {
                or_else(&mut cast(arg, named_type("varchar")), text(""))
            }
            _ => {
                let error = refused(
                    format!("concat of {arg}, of another type than text"),
                    "Cast it to text.",
                );
                return Err(error.about(Subject::Type));
            }
        });
    }
    // Athena's takes two at least.
    Ok(if parts.len() == 1 { parts.remove(0) } else { call("concat", parts) })
}

/// Postgres takes off spaces, Athena's trim all white space.
pub fn trimmed(name: &str, mut args: Vec<Expr>) -> Expr {
    let side = match name {
        "ltrim" => TrimWhereField::Leading,
        "rtrim" => TrimWhereField::Trailing,
        _ => TrimWhereField::Both,
    };
    let what = if args.len() == 2 { take(&mut args[1]) } else { text(" ") };
    trim(side, what, take(&mut args[0]))
}

pub fn text_syntax(pass: &mut ToAthena, walk: &mut Walk, expr: &mut Expr) -> Result<()> {
    match expr {
        Expr::Trim { trim_where, trim_what, expr: inner, trim_characters } => {
            let mut what = match (trim_what, trim_characters.take()) {
                (Some(what), None) => take(what),
                (None, None) => text(" "),
                (None, Some(mut list)) if list.len() == 1 => take(&mut list[0]),
                _ => return Err(refused("this form of TRIM", "Write TRIM(BOTH 'x' FROM s).")),
            };
            walk.expr(pass, inner)?;
            walk.expr(pass, &mut what)?;
            *expr = trim(trim_where.unwrap_or(TrimWhereField::Both), what, take(inner));
        }
        Expr::Substring { expr: inner, substring_from, substring_for, .. } => {
            let from = substring_from.take().map_or_else(|| number(1), |from| *from);
            let mut args = vec![take(inner), from];
            args.extend(substring_for.take().map(|length| *length));
            let kinds: Vec<Option<Kind>> = args.iter().map(|arg| pass.kinds.of(arg)).collect();
            walk.exprs(pass, &mut args)?;
            *expr = substring(args, &kinds)?;
        }
        _ => {}
    }
    Ok(())
}

/// From a place before the first letter both count differently.
pub fn substring(args: Vec<Expr>, kinds: &[Option<Kind>]) -> Result<Expr> {
    if kinds.get(1) == Some(&Some(Kind::Text)) {
        return Err(refused(
            "substring by a regular expression",
            "Test it with ~, or cut by position.",
        ));
    }
    if !is_at_least(&args[1], 1) {
        return Err(refused(
            format!("substring from {}, which may be less than 1", args[1]),
            "Write a number from 1, strpos(…) + 1, or greatest(…, 1).",
        ));
    }
    if args.get(2).is_some_and(|length| !is_at_least(length, 0)) {
        return Err(refused(
            format!("substring of {} letters, which may be less than none", args[2]),
            "Write a number from 0, or greatest(…, 0): Postgres fails of fewer, Athena does not.",
        ));
    }
    Ok(call("substr", args))
}

/// Whether a number, when it is one, is that great. The operand is rewritten already.
fn is_at_least(expr: &Expr, least: i64) -> bool {
    const COUNTS: [&str; 5] = ["strpos", "length", "position", "cardinality", "count"];
    if let Some(value) = literal_integer(expr) {
        return value >= least;
    }
    match bare(expr) {
        Expr::Position { .. } => least <= 0,
        Expr::BinaryOp { left, op: BinaryOperator::Plus, right } => {
            is_at_least(left, least) && is_at_least(right, 0)
                || is_at_least(left, 0) && is_at_least(right, least)
        }
        Expr::Function(function) => {
            let args = plain_args(function).unwrap_or_default();
            match plain_name(&function.name).unwrap_or_default().as_str() {
                "coalesce" => {
                    args.iter().all(|arg| is_at_least(arg, least))
                        || args.first().is_some_and(|arg| is_greatest(arg, least))
                }
                name => least <= 0 && COUNTS.contains(&name),
            }
        }
        _ => false,
    }
}

/// `greatest(x, 1)`, which is written as `coalesce(greatest(x, 1), x, 1)`.
fn is_greatest(expr: &Expr, least: i64) -> bool {
    let Expr::Function(function) = bare(expr) else { return false };
    let args = plain_args(function).unwrap_or_default();
    plain_name(&function.name).as_deref() == Some("greatest")
        && args.iter().any(|arg| literal_integer(arg).is_some_and(|value| value >= least))
}

pub fn side(name: &str, mut args: Vec<Expr>) -> Result<Expr> {
    let Some(count) = literal_integer(&args[1]).filter(|count| *count >= 0) else {
        return Err(refused(
            format!("{name} by a count that is no number from 0"),
            "Write substr.",
        ));
    };
    let value = take(&mut args[0]);
    if name == "left" {
        return Ok(call("substr", [value, number(1), number(count)]));
    }
    let length = call("length", [value.clone()]);
    let from = binary(length, BinaryOperator::Minus, number(count - 1));
    Ok(call("substr", [value, call("greatest", [from, number(1)])]))
}

/// Behind the last part is an empty text here and NULL there.
pub fn split_part(mut args: Vec<Expr>) -> Result<Expr> {
    let is_whole = literal_integer(&args[2]).is_some_and(|at| at > 0);
    if !is_whole || literal_text(&args[1]).is_none_or(str::is_empty) {
        return Err(refused(
            "split_part by other than a literal text and a number from 1",
            "Write both as literals.",
        ));
    }
    let value = args[0].clone();
    let part = or_else(&mut call("split_part", args.drain(..)), text(""));
    Ok(case(is_not_null(value), part, None))
}

/// Of an empty text there are no parts here, and one there.
pub fn string_to_array(mut args: Vec<Expr>) -> Result<Expr> {
    if literal_text(&args[1]).is_none_or(str::is_empty) {
        return Err(refused(
            "string_to_array by a text that is no literal",
            "Write the separator as a string.",
        ));
    }
    let value = args[0].clone();
    let none =
        cast(Expr::Array(Array { elem: Vec::new(), named: true }), named_type("array(varchar)"));
    Ok(case(binary(value, BinaryOperator::Eq, text("")), none, Some(call("split", args.drain(..)))))
}

pub fn regexp_replace(mut args: Vec<Expr>) -> Result<Expr> {
    let (Some(replacement), Some("g")) = (literal_text(&args[2]), literal_text(&args[3])) else {
        return Err(refused(
            "regexp_replace of the first match only",
            "Replace all, regexp_replace(x, 'a', 'b', 'g'), with a literal replacement.",
        ));
    };
    let replacement = text(&regexps::replacement(replacement, Way::ToJava)?);
    let pattern = regexp_literal(&args[1], Use::Find)?;
    Ok(call("regexp_replace", [take(&mut args[0]), pattern, replacement]))
}

/// Elements are printed as casts print them.
pub fn array_to_string(args: Vec<Expr>, elements: Option<Kind>) -> Result<Expr> {
    let prints_alike = matches!(elements, Some(Kind::Text | Kind::Integer | Kind::Date));
    if args.len() != 2 || !prints_alike {
        return Err(refused(
            "array_to_string of elements of an unknown type, or with a text for NULLs",
            "Write string_agg, or array_to_string(array_agg(x::text), ',').",
        )
        .about(Subject::Type));
    }
    Ok(call("array_join", args))
}
