//! Expressions: what each means to Lakegate, decided before its operands are rewritten.

use lakegate_base::{Result, Subject};
use sqlparser::ast::*;

use super::super::Kind;
use super::super::build::*;
use super::super::kinds::{is_comparison, of_type, split_offset};
use super::super::walk::{Walk, refused};
use super::super::{intervals, types};
use super::{FromAthena, functions, write_name};

pub fn rewrite(pass: &mut FromAthena, walk: &mut Walk, expr: &mut Expr) -> Result<()> {
    match expr {
        Expr::Identifier(ident) => write_name(ident),
        Expr::CompoundIdentifier(parts) => parts.iter_mut().for_each(write_name),
        Expr::Nested(inner) | Expr::IsNull(inner) | Expr::IsNotNull(inner) => {
            walk.expr(pass, inner)?
        }
        Expr::Tuple(list) => walk.exprs(pass, list)?,
        Expr::Array(array) => {
            array.named = true;
            walk.exprs(pass, &mut array.elem)?;
        }
        Expr::Value(_) | Expr::TypedString(_) | Expr::Interval(_) => literal(expr)?,
        Expr::Cast { .. } => cast_to(pass, walk, expr)?,
        Expr::Function(_) => functions::rewrite(pass, walk, expr)?,
        Expr::BinaryOp { .. } => binary_op(pass, walk, expr)?,
        Expr::UnaryOp {
            op: UnaryOperator::Not | UnaryOperator::Minus | UnaryOperator::Plus,
            expr: inner,
        } => {
            walk.expr(pass, inner)?;
        }
        Expr::Extract { field, expr: inner, .. } => {
            let (name, kind) = (field.to_string().to_lowercase(), pass.kinds.of(inner));
            walk.expr(pass, inner)?;
            *expr = functions::field_of(&name, kind, take(inner))?;
        }
        Expr::AtTimeZone { .. } => {
            return Err(refused(
                "AT TIME ZONE, which in Athena keeps the moment and its zone",
                "Shift it in Lakegate itself: x AT TIME ZONE 'Europe/Paris' is a timestamp there.",
            ));
        }
        Expr::Ceil {
            field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime),
            expr: inner,
        }
        | Expr::Floor {
            field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime),
            expr: inner,
        } => {
            let is_whole = pass.kinds.of(inner) == Some(Kind::Integer);
            walk.expr(pass, inner)?;
            if is_whole {
                *expr = take(inner);
            }
        }
        Expr::Case { operand, conditions, else_result, .. } => {
            for inner in operand.iter_mut().chain(else_result) {
                walk.expr(pass, inner)?;
            }
            for when in conditions {
                walk.expr(pass, &mut when.condition)?;
                walk.expr(pass, &mut when.result)?;
            }
        }
        Expr::Position { expr: left, r#in: right }
        | Expr::IsDistinctFrom(left, right)
        | Expr::IsNotDistinctFrom(left, right) => both(pass, walk, left, right)?,
        Expr::InList { expr: value, list, .. } => {
            walk.expr(pass, value)?;
            walk.exprs(pass, list)?;
        }
        Expr::Between { expr: value, low, high, .. } => {
            walk.expr(pass, value)?;
            both(pass, walk, low, high)?;
        }
        _ => rest(pass, walk, expr)?,
    }
    Ok(())
}

fn rest(pass: &mut FromAthena, walk: &mut Walk, expr: &mut Expr) -> Result<()> {
    match expr {
        Expr::InSubquery { expr: value, subquery, .. } => {
            walk.expr(pass, value)?;
            walk.query(pass, subquery)
        }
        Expr::Exists { subquery, .. } | Expr::Subquery(subquery) => walk.query(pass, subquery),
        Expr::AnyOp { left, right, .. } | Expr::AllOp { left, right, .. } => {
            both(pass, walk, left, right)
        }
        Expr::Like { any: false, expr: value, pattern, escape_char, .. } => {
            // Without ESCAPE a \ is a plain letter there, and escapes here.
            if escape_char.is_none() && literal_text(pattern).is_none_or(|said| said.contains('\\'))
            {
                *escape_char = Some(Value::SingleQuotedString(String::new()).with_empty_span());
            }
            both(pass, walk, value, pattern)
        }
        Expr::Substring { expr: value, substring_from, substring_for, .. } => {
            let mut args = vec![take(value)];
            args.extend(substring_from.take().map(|from| *from));
            args.extend(substring_for.take().map(|length| *length));
            *expr = call("substr", args);
            functions::rewrite(pass, walk, expr)
        }
        Expr::Trim { trim_where, trim_what, expr: value, trim_characters: None } => {
            if trim_what.is_none() {
                let name = match trim_where {
                    Some(TrimWhereField::Leading) => "ltrim",
                    Some(TrimWhereField::Trailing) => "rtrim",
                    _ => "trim",
                };
                *expr = call(name, [take(value)]);
                return functions::rewrite(pass, walk, expr);
            }
            walk.expr(pass, value)?;
            trim_what.iter_mut().try_for_each(|what| walk.expr(pass, what))
        }
        Expr::CompoundFieldAccess { root, access_chain } => {
            walk.expr(pass, root)?;
            let positive = access_chain.iter().all(|access| match access {
                AccessExpr::Subscript(Subscript::Index { index }) => {
                    literal_integer(index).is_some_and(|at| at > 0)
                }
                _ => false,
            });
            match positive {
                true => Ok(()),
                false => Err(refused(
                    "an element by another index than 1, 2, …",
                    "Write a positive number.",
                )),
            }
        }
        other => Err(refused(format!("the expression {other}"), "Write it with plain functions.")),
    }
}

fn both(pass: &mut FromAthena, walk: &mut Walk, left: &mut Expr, right: &mut Expr) -> Result<()> {
    walk.expr(pass, left)?;
    walk.expr(pass, right)
}

fn literal(expr: &mut Expr) -> Result<()> {
    let written = match &*expr {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) if digits.contains(['e', 'E']) => {
                Some(cast(text(digits), named_type("double precision")))
            }
            Value::Number(..) | Value::Boolean(_) | Value::Null => None,
            Value::HexStringLiteral(digits) => {
                Some(cast(text(&format!("\\x{digits}")), named_type("bytea")))
            }
            other => match value_text(other) {
                Some(said) => Some(text(said)),
                None => {
                    return Err(refused(format!("the literal {other}"), "Write a plain string."));
                }
            },
        },
        Expr::TypedString(typed) => typed_literal(typed)?,
        Expr::Interval(interval) => Some(intervals::local(interval).ok_or_else(|| {
            refused(format!("the interval {interval}"), "Write one unit: INTERVAL '1' DAY.")
        })?),
        _ => None,
    };
    if let Some(written) = written {
        *expr = written;
    }
    Ok(())
}

fn typed_literal(typed: &TypedString) -> Result<Option<Expr>> {
    let said = value_text(&typed.value.value).unwrap_or_default();
    match (&typed.data_type, split_offset(said)) {
        (DataType::Date, _) => Ok(None),
        (DataType::Timestamp(None, _), Some((moment, offset))) => {
            let offset = if offset == "UTC" { "+00:00".to_string() } else { offset };
            let moment = text(&format!("{moment}{offset}"));
            Ok(Some(cast(moment, named_type("timestamp with time zone"))))
        }
        (DataType::Timestamp(None, _), None) if super::super::kinds::is_moment_text(said) => {
            Ok(None)
        }
        (other, _) => Err(refused(
            format!("the literal {other} '{said}'"),
            "Write DATE '2024-01-31' or TIMESTAMP '2024-01-31 12:00:00 UTC'.",
        )
        .about(Subject::Value)),
    }
}

fn cast_to(pass: &mut FromAthena, walk: &mut Walk, expr: &mut Expr) -> Result<()> {
    let Expr::Cast { kind: CastKind::Cast, expr: inner, data_type, array: false, format: None } =
        expr
    else {
        return Err(refused(
            "TRY_CAST, which gives NULL for what does not fit",
            "Test the text first: CASE WHEN x ~ '^[0-9]+$' THEN x::integer END.",
        ));
    };
    let (given, target) = (pass.kinds.of(inner), of_type(data_type));
    let shown = pass.kinds.shown(inner);
    let written = types::from_athena(data_type)?;
    use Kind::*;
    let is_exact = match (given, target) {
        (_, Some(Json)) | (Some(Json), _) => false,
        (given, Some(Bytes)) => given == Some(Bytes),
        (Some(Double) | None, Some(Integer)) => false,
        (given, Some(Text)) => matches!(given, Some(Text | Integer | Decimal | Date | Boolean)),
        _ => true,
    };
    if !is_exact {
        return Err(refused(
            format!("CAST({inner} AS {data_type}) of {shown}, which rounds or prints otherwise"),
            "Cast it to decimal(38, 10) or date first, or format it.",
        )
        .about(Subject::Type));
    }
    walk.expr(pass, inner)?;
    *expr = cast(take(inner), written);
    Ok(())
}

fn binary_op(pass: &mut FromAthena, walk: &mut Walk, expr: &mut Expr) -> Result<()> {
    use BinaryOperator as Op;
    let Expr::BinaryOp { left, op, right } = expr else { return Ok(()) };
    let (one, other) = (pass.kinds.of(left), pass.kinds.of(right));
    let no = |what: &str, hint: &str| Err(refused(what, hint).about(Subject::Type));
    match op {
        Op::And | Op::Or | Op::Multiply | Op::Modulo => {}
        Op::StringConcat => {
            let texts = [one, other].iter().all(|kind| *kind == Some(Kind::Text));
            if !texts {
                return no("|| of other values than text", "Cast each to varchar.");
            }
        }
        Op::Divide => {
            let both = |kind| one == Some(kind) && other == Some(kind);
            let has_double = [one, other].contains(&Some(Kind::Double));
            let as_double = number(one) && number(other) && has_double;
            if !(both(Kind::Integer) || as_double) {
                return no(
                    "a division of decimals, whose digits differ in Athena",
                    "Cast one side to double.",
                );
            }
        }
        Op::Plus | Op::Minus => {
            let days = (one == Some(Kind::Date) && other == Some(Kind::Interval), &*op);
            match (one, other) {
                _ if days.0 => {
                    both(pass, walk, left, right)?;
                    *expr = cast(Expr::Nested(Box::new(take(expr))), named_type("date"));
                    return Ok(());
                }
                (Some(kind), Some(Kind::Interval)) if kind.is_moment() => {}
                (Some(a), Some(b)) if a.is_number() && b.is_number() => {}
                (Some(Kind::Timestamp), Some(Kind::Timestamp)) => {}
                _ => {
                    return no(
                        &format!("{expr} of unknown types"),
                        "Cast both sides to numbers, dates or timestamps.",
                    );
                }
            }
        }
        op if is_comparison(op) => {}
        op => {
            return Err(refused(format!("the operator {op}"), "Write a function or a comparison."));
        }
    }
    both(pass, walk, left, right)
}

fn number(kind: Option<Kind>) -> bool {
    kind.is_some_and(Kind::is_number)
}
