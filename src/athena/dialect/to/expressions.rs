//! Expressions: what each means to Athena, decided before its operands are rewritten.

use lakegate_base::{Result, Subject};
use sqlparser::ast::*;

use super::super::Kind;
use super::super::build::*;
use super::super::kinds::{is_comparison, is_day, is_moment_text, is_text_literal};
use super::super::regexps::{self, Use, Way};
use super::super::types;
use super::super::walk::{Walk, refused};
use super::{ToAthena, arrays, functions, json, moments, numbers, or_else, texts};

pub fn rewrite(pass: &mut ToAthena, walk: &mut Walk, expr: &mut Expr) -> Result<()> {
    match expr {
        Expr::Identifier(ident) => super::names::write(ident),
        Expr::CompoundIdentifier(parts) => column(pass, parts),
        Expr::Nested(inner) => walk.expr(pass, inner)?,
        Expr::Tuple(list) => walk.exprs(pass, list)?,
        Expr::Array(array) => {
            array.named = true;
            walk.exprs(pass, &mut array.elem)?;
        }
        Expr::Value(value) => literal(&mut value.value)?,
        Expr::TypedString(_) | Expr::Interval(_) => moments::literal(expr)?,
        Expr::Cast { .. } => cast_to(pass, walk, expr)?,
        Expr::Function(_) => functions::rewrite(pass, walk, expr)?,
        Expr::BinaryOp { .. } => binary_op(pass, walk, expr)?,
        Expr::UnaryOp { op, expr: inner } => {
            if !matches!(op, UnaryOperator::Not | UnaryOperator::Minus | UnaryOperator::Plus) {
                return Err(refused(
                    format!("the operator {op}"),
                    "Write a function or a comparison.",
                ));
            }
            walk.expr(pass, inner)?;
        }
        Expr::Extract { .. } => moments::extract(pass, walk, expr)?,
        Expr::AtTimeZone { .. } => moments::at_time_zone(pass, walk, expr)?,
        Expr::Ceil { field, expr: inner } | Expr::Floor { field, expr: inner } => {
            if !matches!(field, CeilFloorKind::DateTimeField(DateTimeField::NoDateTime)) {
                return Err(refused("CEIL and FLOOR of a moment", "Write date_trunc."));
            }
            let is_whole = pass.kinds.of(inner) == Some(Kind::Integer);
            walk.expr(pass, inner)?;
            if is_whole {
                **inner = cast(take(inner), named_type("double"));
            }
        }
        Expr::Case { operand, conditions, else_result, .. } => {
            if let Some(operand) = operand {
                for when in &mut *conditions {
                    compared(pass, operand, &mut when.condition)?;
                }
            }
            for inner in operand.iter_mut().chain(else_result) {
                walk.expr(pass, inner)?;
            }
            for when in conditions {
                walk.expr(pass, &mut when.condition)?;
                walk.expr(pass, &mut when.result)?;
            }
        }
        Expr::CompoundFieldAccess { .. } => arrays::element(pass, walk, expr)?,
        Expr::Position { expr: what, r#in } => {
            walk.expr(pass, what)?;
            walk.expr(pass, r#in)?;
        }
        Expr::Substring { .. } | Expr::Trim { .. } => texts::text_syntax(pass, walk, expr)?,
        _ => predicate(pass, walk, expr)?,
    }
    Ok(())
}

fn predicate(pass: &mut ToAthena, walk: &mut Walk, expr: &mut Expr) -> Result<()> {
    match expr {
        Expr::IsNull(inner) | Expr::IsNotNull(inner) => walk.expr(pass, inner)?,
        Expr::IsTrue(_)
        | Expr::IsNotTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsNotFalse(_)
        | Expr::IsUnknown(_)
        | Expr::IsNotUnknown(_) => truth(pass, walk, expr)?,
        Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
            compared(pass, left, right)?;
            walk.expr(pass, left)?;
            walk.expr(pass, right)?;
        }
        Expr::InList { expr: value, list, .. } => {
            for item in &mut *list {
                compared(pass, value, item)?;
            }
            walk.expr(pass, value)?;
            walk.exprs(pass, list)?;
        }
        Expr::InSubquery { expr: value, subquery, .. } => {
            walk.expr(pass, value)?;
            walk.query(pass, subquery)?;
        }
        Expr::Between { expr: value, low, high, .. } => {
            compared(pass, value, low)?;
            compared(pass, value, high)?;
            walk.expr(pass, value)?;
            walk.expr(pass, low)?;
            walk.expr(pass, high)?;
        }
        Expr::Like { .. } | Expr::ILike { .. } => like(pass, walk, expr)?,
        Expr::AnyOp { .. } | Expr::AllOp { .. } => arrays::any_or_all(pass, walk, expr)?,
        Expr::Exists { subquery, .. } | Expr::Subquery(subquery) => walk.query(pass, subquery)?,
        Expr::SimilarTo { .. } => {
            return Err(refused("SIMILAR TO", "Write a regular expression: x ~ '^…$'."));
        }
        Expr::Collate { .. } => {
            return Err(refused("COLLATE", "Leave it out: Athena sorts by code points."));
        }
        other => {
            return Err(refused(
                format!("the expression {other}"),
                "Write it with plain functions.",
            ));
        }
    }
    Ok(())
}

/// `lake.sales.orders.id` → `sales.orders.id`.
fn column(pass: &ToAthena, parts: &mut Vec<Ident>) {
    if parts.len() == 4 && folded(&parts[0]) == pass.lake {
        parts.remove(0);
    }
    parts.iter_mut().for_each(super::names::write);
}

fn literal(value: &mut Value) -> Result<()> {
    if let Some(said) = value_text(value) {
        *value = Value::SingleQuotedString(said.to_string());
        return Ok(());
    }
    match value {
        Value::Number(digits, _) if digits.contains(['e', 'E']) => Err(refused(
            format!("the number {digits}, a numeric here and a double there"),
            "Write its digits, or cast it to double precision.",
        )),
        Value::Number(..) | Value::Boolean(_) | Value::Null => Ok(()),
        Value::Placeholder(name) => {
            Err(refused(format!("the parameter {name}"), "Put its value in.")
                .about(Subject::Parameter))
        }
        other => Err(refused(format!("the literal {other}"), "Write a plain string.")),
    }
}

fn cast_to(pass: &mut ToAthena, walk: &mut Walk, expr: &mut Expr) -> Result<()> {
    let Expr::Cast { kind, expr: inner, data_type, array: false, format: None } = expr else {
        return Err(refused(format!("the cast {expr}"), "Write CAST(x AS type)."));
    };
    if !matches!(kind, CastKind::Cast | CastKind::DoubleColon) {
        return Err(refused("TRY_CAST", "Write CAST(x AS type)."));
    }
    if let (Some(said), Some(double)) = (exponent(inner), double_name(data_type)) {
        *expr = cast(text(&said), named_type(double));
        return Ok(());
    }
    if let Some(typed) = moments::cast_literal(inner, data_type)? {
        *expr = typed;
        return Ok(());
    }
    let target = super::super::kinds::of_type(data_type);
    let given = pass.kinds.of(inner);
    if target == Some(Kind::Json) && matches!(given, Some(Kind::Text) | None) {
        walk.expr(pass, inner)?;
        let parsed = take(inner);
        *expr = call("json_parse", [parsed]);
        return Ok(());
    }
    check_cast(pass, inner, given, target)?;
    let written = match (data_type as &DataType, given) {
        (DataType::Numeric(ExactNumberInfo::None), Some(Kind::Integer)) => {
            named_type("decimal(38, 0)")
        }
        _ => types::to_athena(data_type)?,
    };
    walk.expr(pass, inner)?;
    let inner = take(inner);
    *expr = match (given, target) {
        // Athena's casts to date read years of two digits, which we read otherwise; to timestamp they do not.
        (Some(Kind::Text), Some(Kind::Date)) => {
            cast(cast(inner, moments::timestamp_type()), written)
        }
        // The text's own offset would show in what is cut or printed of it.
        (Some(Kind::Text), Some(Kind::TimestampTz)) => moments::in_utc(cast(inner, written)),
        _ => cast(inner, written),
    };
    Ok(())
}

fn exponent(expr: &Expr) -> Option<String> {
    match bare(expr) {
        Expr::Value(ValueWithSpan { value: Value::Number(digits, _), .. })
            if digits.contains(['e', 'E']) =>
        {
            Some(digits.clone())
        }
        _ => None,
    }
}

fn double_name(data_type: &DataType) -> Option<&'static str> {
    let is_double = super::super::kinds::of_type(data_type) == Some(Kind::Double);
    is_double.then_some("double")
}

/// Casts that print or round otherwise.
fn check_cast(
    pass: &ToAthena,
    inner: &Expr,
    given: Option<Kind>,
    target: Option<Kind>,
) -> Result<()> {
    use Kind::*;
    let shown = pass.kinds.shown(inner);
    let no = |what: &str, hint: &str| {
        Err(refused(format!("{inner} of {shown} as {what}"), hint).about(Subject::Type))
    };
    match (given, target) {
        _ if is_null(inner) => Ok(()),
        (Some(Double), Some(Integer)) if is_whole(inner) => Ok(()),
        (Some(Real | Double) | None, Some(Integer)) => no(
            "an integer: halves round to even here and up there",
            "Write floor(x + 0.5)::integer.",
        ),
        (Some(Real | Double) | None, Some(Decimal)) => no(
            "a numeric, of 15 digits here and of 17 there",
            "Leave it as it is, or write floor(x * 100 + 0.5) / 100.",
        ),
        (Some(Text | Integer | Date | Boolean), Some(Text)) => Ok(()),
        (Some(Decimal), Some(Text)) if pass.kinds.has_scale(inner) => Ok(()),
        (_, Some(Text)) => no(
            "text, which Athena prints otherwise",
            "Write to_char with a mask, or cast it to integer, numeric(p, s) or date first.",
        ),
        (Some(Json), _) => no("this type", "Take it out as text: (x ->> 'a')::integer."),
        (_, Some(Json)) => no("json", "Cast only texts to json."),
        (Some(Array), Some(Array)) => match pass.kinds.elements(inner) {
            Some(Text | Integer | Date | Boolean) => Ok(()),
            _ => no("another array", "Unnest it, and cast its elements."),
        },
        (_, Some(Interval | Other)) => no("this type", "Write an interval as INTERVAL '1 day'."),
        (_, Some(Bytes)) if given != Some(Bytes) => {
            no("bytes", "Write sha256(…) or another function that gives bytes.")
        }
        (Some(Text), Some(Array)) => no("an array", "Write ARRAY['a', 'b']."),
        _ => Ok(()),
    }
}

/// A double without a fraction.
fn is_whole(expr: &Expr) -> bool {
    match bare(expr) {
        Expr::Ceil { .. } | Expr::Floor { .. } => true,
        Expr::Function(function) => plain_name(&function.name)
            .is_some_and(|name| matches!(name.as_str(), "ceil" | "ceiling" | "floor" | "trunc")),
        _ => false,
    }
}

fn is_null(expr: &Expr) -> bool {
    matches!(bare(expr), Expr::Value(ValueWithSpan { value: Value::Null, .. }))
}

/// Athena has no `x IS TRUE`.
fn truth(pass: &mut ToAthena, walk: &mut Walk, expr: &mut Expr) -> Result<()> {
    let (inner, null_as, negated) = match expr {
        Expr::IsTrue(inner) => (inner, Some(false), false),
        Expr::IsNotTrue(inner) => (inner, Some(false), true),
        Expr::IsFalse(inner) => (inner, Some(true), true),
        Expr::IsNotFalse(inner) => (inner, Some(true), false),
        Expr::IsUnknown(inner) => (inner, None, false),
        Expr::IsNotUnknown(inner) => (inner, None, true),
        _ => return Ok(()),
    };
    walk.expr(pass, inner)?;
    *expr = match (null_as, negated) {
        (Some(value), false) => or_else(inner, boolean(value)),
        (Some(value), true) => not(or_else(inner, boolean(value))),
        (None, false) => super::super::build::is_null(take(inner)),
        (None, true) => is_not_null(take(inner)),
    };
    Ok(())
}

/// Postgres reads a string beside a date as a date; Athena wants to be told.
fn compared(pass: &ToAthena, left: &mut Expr, right: &mut Expr) -> Result<()> {
    let (one, other) = (pass.kinds.of(left), pass.kinds.of(right));
    if !pass.kinds.compare_alike(left, right) {
        return Err(refused(
            format!("{left} beside {right}, of which one is a real"),
            "Cast it: x::double precision. 1.1::real is 1.1 in Athena, and less here.",
        )
        .about(Subject::Type));
    }
    match (is_text_literal(left), is_text_literal(right)) {
        (false, true) => typed(one, right),
        (true, false) => typed(other, left),
        _ => Ok(()),
    }
}

fn typed(kind: Option<Kind>, literal: &mut Expr) -> Result<()> {
    let Some(said) = literal_text(literal) else { return Ok(()) };
    let data_type = match kind {
        None => {
            return Err(refused(
                format!("'{said}' beside a value of unknown type"),
                "Write its type: DATE '2024-01-31', or cast the other side to text.",
            )
            .about(Subject::Type));
        }
        Some(Kind::Date) if is_day(said) => DataType::Date,
        Some(Kind::Timestamp) if is_moment_text(said) => {
            DataType::Timestamp(None, TimezoneInfo::None)
        }
        Some(Kind::TimestampTz) => DataType::Timestamp(None, TimezoneInfo::Tz),
        Some(Kind::Text | Kind::Other) => return Ok(()),
        Some(other) => {
            return Err(refused(
                format!("'{said}' beside a value of {}", format!("{other:?}").to_lowercase()),
                "Write the value without quotes, or dates as 2024-01-31.",
            )
            .about(Subject::Type));
        }
    };
    // Ours still: it is walked like any other literal.
    let value = Value::SingleQuotedString(said.to_string()).with_empty_span();
    *literal = Expr::TypedString(TypedString { data_type, value, uses_odbc_syntax: false });
    Ok(())
}

fn binary_op(pass: &mut ToAthena, walk: &mut Walk, expr: &mut Expr) -> Result<()> {
    use BinaryOperator as Op;
    let Expr::BinaryOp { left, op, right } = expr else { return Ok(()) };
    if is_comparison(op) {
        compared(pass, left, right)?;
        return operands(pass, walk, left, right);
    }
    match op {
        Op::And | Op::Or => operands(pass, walk, left, right),
        Op::Plus | Op::Minus => match moments::reckon(pass, walk, expr)? {
            true => Ok(()),
            false => arithmetic(pass, walk, expr),
        },
        Op::Multiply | Op::Modulo => {
            check_product(pass, left, right)?;
            operands(pass, walk, left, right)
        }
        Op::Divide => {
            check_division(pass, left, right)?;
            let is_whole = pass.kinds.of(left) == Some(Kind::Integer)
                && pass.kinds.of(right) == Some(Kind::Integer);
            operands(pass, walk, left, right)?;
            if !is_whole {
                numbers::divisor(left, right);
            }
            Ok(())
        }
        Op::PGExp => {
            let kinds = [pass.kinds.of(left), pass.kinds.of(right)];
            operands(pass, walk, left, right)?;
            *expr = numbers::inexact("power", vec![take(left), take(right)], &kinds)?;
            Ok(())
        }
        Op::StringConcat => concat(pass, walk, expr),
        Op::Arrow | Op::LongArrow | Op::HashArrow | Op::HashLongArrow => {
            json::rewrite(pass, walk, expr)
        }
        Op::BitwiseAnd | Op::BitwiseOr => {
            let name = if *op == Op::BitwiseAnd { "bitwise_and" } else { "bitwise_or" };
            operands(pass, walk, left, right)?;
            *expr = call(name, [take(left), take(right)]);
            Ok(())
        }
        Op::PGRegexMatch | Op::PGRegexIMatch | Op::PGRegexNotMatch | Op::PGRegexNotIMatch => {
            regexp(pass, walk, expr)
        }
        Op::PGLikeMatch | Op::PGILikeMatch | Op::PGNotLikeMatch | Op::PGNotILikeMatch => {
            Err(refused(format!("the operator {op}"), "Write LIKE or ILIKE."))
        }
        other => Err(refused(format!("the operator {other}"), "Write a function or a comparison.")),
    }
}

pub fn operands(
    pass: &mut ToAthena,
    walk: &mut Walk,
    left: &mut Expr,
    right: &mut Expr,
) -> Result<()> {
    walk.expr(pass, left)?;
    walk.expr(pass, right)
}

fn arithmetic(pass: &mut ToAthena, walk: &mut Walk, expr: &mut Expr) -> Result<()> {
    let Expr::BinaryOp { left, right, .. } = expr else { return Ok(()) };
    operands(pass, walk, left, right)
}

fn check_product(pass: &ToAthena, left: &Expr, right: &Expr) -> Result<()> {
    match pass.kinds.multiply_alike(left, right) {
        true => Ok(()),
        false => Err(refused(
            format!(
                "the product of {left} of {} and {right} of {}",
                pass.kinds.shown(left),
                pass.kinds.shown(right)
            ),
            "Cast a real to double precision; multiply an interval by an integer.",
        )
        .about(Subject::Type)),
    }
}

/// Of integers and of doubles only: a numeric has other digits there, and a sum of integers is one here.
fn check_division(pass: &ToAthena, left: &Expr, right: &Expr) -> Result<()> {
    let (one, other) = (pass.kinds.of(left), pass.kinds.of(right));
    let both = |kind| one == Some(kind) && other == Some(kind);
    let a_double = |one: Option<Kind>, other: Option<Kind>| {
        one == Some(Kind::Double) && other.is_some_and(Kind::is_number)
    };
    if both(Kind::Integer) || a_double(one, other) || a_double(other, one) {
        return Ok(());
    }
    Err(refused(
        format!(
            "the division {left} / {right} of {} by {}, whose digits differ in Athena",
            pass.kinds.shown(left),
            pass.kinds.shown(right)
        ),
        "Cast one side to double precision, or both to integer types.",
    )
    .about(Subject::Type))
}

fn concat(pass: &mut ToAthena, walk: &mut Walk, expr: &mut Expr) -> Result<()> {
    let Expr::BinaryOp { left, right, .. } = expr else { return Ok(()) };
    for side in [&mut **left, &mut **right] {
        match pass.kinds.of(side) {
            Some(Kind::Array) if !matches!(bare(side), Expr::Array(_)) => {
                return Err(refused(
                    "|| of arrays, one of which may be NULL",
                    "Write coalesce(a, ARRAY[]) in Athena itself.",
                ));
            }
            Some(Kind::Integer | Kind::Date) => {
                walk.expr(pass, side)?;
                *side = cast(take(side), named_type("varchar"));
            }
            Some(Kind::Text | Kind::Array | Kind::Bytes) => walk.expr(pass, side)?,
            _ if is_null(side) => {}
            _ => {
                let shown = pass.kinds.shown(side);
                return Err(refused(format!("|| of {shown} ({side})"), "Cast it to text.")
                    .about(Subject::Type));
            }
        }
    }
    Ok(())
}

pub fn is_literal(expr: &Expr) -> bool {
    is_text_literal(expr) || literal_integer(expr).is_some()
}

fn regexp(pass: &mut ToAthena, walk: &mut Walk, expr: &mut Expr) -> Result<()> {
    use BinaryOperator as Op;
    let Expr::BinaryOp { left, op, right } = expr else { return Ok(()) };
    let Some(pattern) = literal_text(right) else {
        return Err(refused(
            "a regular expression that is no literal",
            "Write the pattern as a string.",
        ));
    };
    let written = regexps::translated(pattern, Way::ToJava, Use::Test)?;
    let negated = matches!(op, Op::PGRegexNotMatch | Op::PGRegexNotIMatch);
    // Athena's (?i) takes ss for ß; what is in lower case matches letter by letter.
    let (value, written) = match matches!(op, Op::PGRegexIMatch | Op::PGRegexNotIMatch) {
        true => {
            let lowered = regexps::lowered(pattern)?;
            walk.expr(pass, left)?;
            let lower = call("lower", [take(left)]);
            (lower, regexps::translated(&lowered, Way::ToJava, Use::Test)?)
        }
        false => {
            walk.expr(pass, left)?;
            (take(left), written)
        }
    };
    let matched = call("regexp_like", [value, text(&written)]);
    *expr = if negated { not(matched) } else { matched };
    Ok(())
}

/// Postgres' patterns escape by `\` unless told otherwise; Athena's do not escape unless told.
fn like(pass: &mut ToAthena, walk: &mut Walk, expr: &mut Expr) -> Result<()> {
    let is_ilike = matches!(expr, Expr::ILike { .. });
    let (Expr::Like { negated, any, expr: value, pattern, escape_char }
    | Expr::ILike { negated, any, expr: value, pattern, escape_char }) = expr
    else {
        return Ok(());
    };
    if *any {
        return Err(refused("LIKE ANY", "Write LIKE … OR LIKE …."));
    }
    let escape =
        escape_char.as_ref().map(|escape| value_text(&escape.value).unwrap_or("").to_string());
    let needs = literal_text(pattern).is_none_or(|said| said.contains('\\'));
    let escape = match escape {
        Some(escape) if escape.is_empty() => None,
        Some(escape) => Some(escape),
        None => needs.then(|| "\\".to_string()),
    };
    if is_ilike && escape.as_ref().is_some_and(|e| e.chars().any(char::is_alphabetic)) {
        return Err(refused("ILIKE with a letter as ESCAPE", "Escape by another character."));
    }
    walk.expr(pass, value)?;
    walk.expr(pass, pattern)?;
    let folded = |side: &mut Expr| match is_ilike {
        true => Box::new(call("lower", [take(side)])),
        false => Box::new(take(side)),
    };
    let escape_char = escape.map(|e| Value::SingleQuotedString(e).with_empty_span());
    let (negated, expr_, pattern) = (*negated, folded(value), folded(pattern));
    *expr = Expr::Like { negated, any: false, expr: expr_, pattern, escape_char };
    Ok(())
}
