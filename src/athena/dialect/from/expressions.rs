//! Expressions: what each means to Lakegate, decided before its operands are rewritten.

use lakegate_base::{Result, Subject};
use sqlparser::ast::*;

use super::super::Kind;
use super::super::build::*;
use super::super::kinds::{is_comparison, is_day, of_type, split_offset};
use super::super::walk::{Walk, refused};
use super::super::{intervals, types};
use super::{FromAthena, functions, moments, write_name};

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
            *expr = moments::field_of(&name, kind, take(inner))?;
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
        _ => conditions(pass, walk, expr)?,
    }
    Ok(())
}

fn conditions(pass: &mut FromAthena, walk: &mut Walk, expr: &mut Expr) -> Result<()> {
    match expr {
        Expr::Case { operand, conditions, else_result, .. } => {
            if let Some(operand) = operand {
                let values = conditions.iter().map(|when| &when.condition);
                values.into_iter().try_for_each(|value| compared(pass, operand, value))?;
            }
            for inner in operand.iter_mut().chain(else_result) {
                walk.expr(pass, inner)?;
            }
            for when in conditions {
                walk.expr(pass, &mut when.condition)?;
                walk.expr(pass, &mut when.result)?;
            }
        }
        Expr::Position { expr: left, r#in: right } => both(pass, walk, left, right)?,
        Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
            compared(pass, left, right)?;
            both(pass, walk, left, right)?;
        }
        Expr::InList { expr: value, list, .. } => {
            list.iter().try_for_each(|item| compared(pass, value, item))?;
            walk.expr(pass, value)?;
            walk.exprs(pass, list)?;
        }
        Expr::Between { expr: value, low, high, .. } => {
            compared(pass, value, low)?;
            compared(pass, value, high)?;
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
        Expr::CompoundFieldAccess { .. } => Err(refused(
            "an element by x[1], which fails in Athena behind the end",
            "Write element_at(x, 1), which is NULL there.",
        )),
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
        (DataType::Date, _) if is_day(said) => Ok(None),
        (DataType::Timestamp(None, _), Some((_, offset)))
            if !matches!(offset.as_str(), "UTC" | "+00:00" | "-00:00") =>
        {
            // It would be cut and printed in its own zone there.
            Err(refused(
                format!("the moment '{said}' in another zone than UTC"),
                "Write it in UTC: TIMESTAMP '2024-01-31 12:00:00 UTC'.",
            )
            .about(Subject::Value))
        }
        (DataType::Timestamp(None, _), Some((moment, _))) => {
            let moment = text(&format!("{moment}+00:00"));
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
        let is_try = matches!(expr, Expr::Cast { kind: CastKind::TryCast, .. });
        if !is_try {
            return Err(refused(format!("the cast {expr}"), "Write CAST(x AS type)."));
        }
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
        (Some(Double), Some(Integer)) => is_whole(inner),
        (Some(Real | Double) | None, Some(Integer | Decimal)) => is_null(inner),
        (Some(Decimal), Some(Text)) => pass.kinds.has_scale(inner),
        (given, Some(Text)) => matches!(given, Some(Text | Integer | Date | Boolean)),
        (Some(Array), Some(Array)) => {
            matches!(pass.kinds.elements(inner), Some(Text | Integer | Date | Boolean))
        }
        _ => true,
    };
    if !is_exact {
        return Err(refused(
            format!("CAST({inner} AS {data_type}) of {shown}, which rounds or prints otherwise"),
            "Round a number by floor(x + 0.5); print a moment by date_format, a decimal by \
            CAST(CAST(x AS decimal(p, s)) AS varchar).",
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
        Op::And | Op::Or => {}
        Op::Multiply | Op::Modulo if pass.kinds.multiply_alike(left, right) => {}
        Op::Multiply | Op::Modulo => {
            return no(
                "a product of a real, or of an interval",
                "Cast a real to double; multiply an interval by an integer.",
            );
        }
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
        Op::Plus | Op::Minus => match (one, other) {
            (Some(Kind::Date), Some(Kind::Interval)) if !is_days(right) => {
                return no(
                    "a date moved by other than days, months or years",
                    "Cast it to timestamp first.",
                );
            }
            (Some(Kind::Date), Some(Kind::Interval)) => {
                both(pass, walk, left, right)?;
                *expr = cast(Expr::Nested(Box::new(take(expr))), named_type("date"));
                return Ok(());
            }
            (Some(kind), Some(Kind::Interval)) if kind.is_moment() => {}
            (Some(a), Some(b)) if a.is_number() && b.is_number() => {}
            (Some(one), Some(other)) if one.is_moment() && other.is_moment() => {
                return no(
                    &format!("{expr}, which is an interval of milliseconds in Athena"),
                    "Count days by date_diff('day', a, b), or compare a with b + INTERVAL '1' DAY.",
                );
            }
            _ => {
                return no(
                    &format!("{expr} of unknown types"),
                    "Cast both sides to numbers, dates or timestamps.",
                );
            }
        },
        op if is_comparison(op) => compared(pass, left, right)?,
        op => {
            return Err(refused(format!("the operator {op}"), "Write a function or a comparison."));
        }
    }
    both(pass, walk, left, right)
}

/// Athena compares no texts with dates or numbers; we would read them as such.
fn compared(pass: &FromAthena, left: &Expr, right: &Expr) -> Result<()> {
    let (one, other) = (pass.kinds.of(left), pass.kinds.of(right));
    let alike = match (one, other) {
        _ if !pass.kinds.compare_alike(left, right) => false,
        (Some(a), Some(b)) => {
            let number = |kind: Kind| kind.is_number() || kind == Kind::Real;
            let is_number = number(a) && number(b);
            a == b || is_number || a.is_moment() && b.is_moment() || [a, b].contains(&Kind::Other)
        }
        _ => true,
    };
    match alike {
        true => Ok(()),
        false => Err(refused(
            format!(
                "{left} of {} beside {right} of {}",
                pass.kinds.shown(left),
                pass.kinds.shown(right)
            ),
            "Write dates as DATE '2024-01-31', numbers without quotes, and cast a real to double.",
        )
        .about(Subject::Type)),
    }
}

/// A double without a fraction.
fn is_whole(expr: &Expr) -> bool {
    match bare(expr) {
        Expr::Ceil { .. } | Expr::Floor { .. } => true,
        Expr::Function(function) => {
            plain_name(&function.name).is_some_and(|name| name == "ceiling" || name == "truncate")
        }
        _ => false,
    }
}

fn is_null(expr: &Expr) -> bool {
    matches!(bare(expr), Expr::Value(ValueWithSpan { value: Value::Null, .. }))
}

/// Whether a length of time is written in days or longer.
fn is_days(expr: &Expr) -> bool {
    use DateTimeField as Field;
    matches!(bare(expr), Expr::Interval(Interval { leading_field: Some(field), .. })
        if matches!(field, Field::Day | Field::Week(_) | Field::Month | Field::Year))
}

fn number(kind: Option<Kind>) -> bool {
    kind.is_some_and(Kind::is_number)
}
