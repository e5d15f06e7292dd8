//! Dates, times and intervals in Postgres' syntax.

use lakegate_base::{Error, Result, Subject};
use sqlparser::ast::{
    BinaryOperator, CastKind, DataType, DateTimeField, Expr, Function, FunctionArg,
    FunctionArgExpr, FunctionArguments, Ident, Interval, TimezoneInfo, Value,
};

use super::{build, casts};
use crate::error::from_datafusion;
use crate::functions::{EXTRACT, OVERLAPS, Unit, parse_interval, unit_named};

/// The parameters of functions that are called with named arguments; those left out are 0.
const NAMED: [(&str, &[&str]); 1] =
    [("make_interval", &["years", "months", "weeks", "days", "hours", "mins", "secs"])];

/// `interval '1-2' year to month`, and a literal cast to interval, in the one form that DataFusion reads
/// alike: months, days, seconds.
pub fn interval_literal(expr: &mut Expr) -> Result<()> {
    let (text, unit) = match expr {
        Expr::Interval(interval) => {
            let Some(text) = casts::literal_text(&interval.value) else { return Ok(()) };
            let counts_minutes = matches!(interval.leading_field, Some(DateTimeField::Minute))
                && matches!(interval.last_field, Some(DateTimeField::Second));
            // `10:20` would be hours and minutes.
            let text = match counts_minutes && text.matches(':').count() == 1 {
                true => format!("0:{}", text.trim()),
                false => text,
            };
            let field = interval.last_field.as_ref().or(interval.leading_field.as_ref());
            (text, field.and_then(unit_of).unwrap_or(Unit::Second))
        }
        Expr::Cast { expr: inner, data_type: DataType::Interval { .. }, .. } => {
            let Some(text) = casts::literal_text(inner) else { return Ok(()) };
            (text, Unit::Second)
        }
        Expr::TypedString(typed) if matches!(typed.data_type, DataType::Interval { .. }) => {
            let Some(text) = typed.value.value.clone().into_string() else { return Ok(()) };
            (text, Unit::Second)
        }
        _ => return Ok(()),
    };
    let value = parse_interval(&text, unit).map_err(from_datafusion)?;
    value.arrow().map_err(from_datafusion)?;
    let sign = if value.micros < 0 { "-" } else { "" };
    let micros = value.micros.unsigned_abs();
    let canonical = format!(
        "{} months {} days {sign}{}.{:06} seconds",
        value.months,
        value.days,
        micros / 1_000_000,
        micros % 1_000_000
    );
    *expr = Expr::Interval(Interval {
        value: Box::new(build::text(&canonical)),
        leading_field: None,
        leading_precision: None,
        last_field: None,
        fractional_seconds_precision: None,
    });
    Ok(())
}

fn unit_of(field: &DateTimeField) -> Option<Unit> {
    unit_named(&field.to_string())
}

/// `extract(field FROM x)`.
pub fn extract(field: &DateTimeField, inner: &mut Expr) -> Expr {
    let part = field.to_string().trim_matches(['\'', '"']).to_lowercase();
    build::call(EXTRACT, vec![build::text(&part), build::take(inner)])
}

/// `(a, b) OVERLAPS (c, d)`.
pub fn overlaps(left: &mut Expr, op: &BinaryOperator, right: &mut Expr) -> Option<Expr> {
    if !matches!(op, BinaryOperator::Overlaps) {
        return None;
    }
    let pair = |expr: &mut Expr| match expr {
        // A pair that was rewritten.
        Expr::Function(call) if build::last_part(&call.name) == "struct" => {
            build::plain_arguments(&call.args).filter(|parts| parts.len() == 2)
        }
        _ => None,
    };
    let (mut first, second) = (pair(left)?, pair(right)?);
    first.extend(second);
    Some(build::call(OVERLAPS, first))
}

/// Clocks that are called without parentheses, or with the number of their seconds' digits.
pub fn clock(call: &Function) -> Option<Expr> {
    let name = build::last_part(&call.name);
    let digits = match &call.args {
        FunctionArguments::None => None,
        args => match build::plain_arguments(args)?.as_slice() {
            [] => None,
            [Expr::Value(value)] => match &value.value {
                Value::Number(digits, _) => digits.parse::<u32>().ok(),
                _ => return None,
            },
            _ => return None,
        },
    };
    let cast_to = |data_type: DataType| Expr::Cast {
        kind: CastKind::Cast,
        expr: Box::new(build::call("now", vec![])),
        data_type,
        array: false,
        format: None,
    };
    let none = TimezoneInfo::None;
    let now = match name.as_str() {
        "current_timestamp" | "now" => build::call("now", vec![]),
        "localtimestamp" => cast_to(DataType::Timestamp(Some(6), none)),
        "localtime" | "current_time" => {
            let local = cast_to(DataType::Timestamp(Some(6), none));
            return Some(Expr::Cast {
                kind: CastKind::Cast,
                expr: Box::new(local),
                data_type: DataType::Time(None, none),
                array: false,
                format: None,
            });
        }
        _ => return None,
    };
    let unit = match digits {
        Some(0) => "second",
        Some(1..=3) => "milliseconds",
        _ if name == "now" || name == "current_timestamp" => return None,
        _ => return Some(now),
    };
    Some(build::call("date_trunc", vec![build::text(unit), now]))
}

/// `make_interval(days => 3)` with its arguments in their places.
pub fn named_arguments(call: &mut Function) -> Result<()> {
    let name = build::last_part(&call.name);
    let Some((_, parameters)) = NAMED.iter().find(|(function, _)| *function == name) else {
        return Ok(());
    };
    let FunctionArguments::List(list) = &mut call.args else { return Ok(()) };
    let is_named = |a: &FunctionArg| !matches!(a, FunctionArg::Unnamed(_));
    if !list.args.iter().any(is_named) {
        return Ok(());
    }
    let mut placed: Vec<Option<Expr>> = vec![None; parameters.len()];
    for (position, argument) in std::mem::take(&mut list.args).into_iter().enumerate() {
        let (place, value) = match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) => (Some(position), value),
            FunctionArg::Named { name, arg: FunctionArgExpr::Expr(value), .. } => {
                (place_of(parameters, &name), value)
            }
            FunctionArg::ExprNamed {
                name: Expr::Identifier(name),
                arg: FunctionArgExpr::Expr(value),
                ..
            } => (place_of(parameters, &name), value),
            _ => (None, build::number(0)),
        };
        match place.and_then(|place| placed.get_mut(place)) {
            Some(slot) if slot.is_none() => *slot = Some(value),
            _ => {
                let message = format!("function {name} with these arguments does not exist");
                return Err(Error::new(lakegate_base::ErrorKind::NotFound, message)
                    .about(Subject::Function));
            }
        }
    }
    let all = placed.into_iter().map(|value| value.unwrap_or_else(|| build::number(0)));
    list.args = all.map(|e| FunctionArg::Unnamed(FunctionArgExpr::Expr(e))).collect();
    Ok(())
}

fn place_of(parameters: &[&str], name: &Ident) -> Option<usize> {
    parameters.iter().position(|parameter| *parameter == build::folded(name))
}

/// `date(x)` and the like are casts.
pub fn cast_by_name(call: &Function) -> Option<Expr> {
    let timestamp = |zone| DataType::Timestamp(Some(6), zone);
    let data_type = match build::last_part(&call.name).as_str() {
        "date" => DataType::Date,
        "timestamp" => timestamp(TimezoneInfo::None),
        "timestamptz" => timestamp(TimezoneInfo::Tz),
        "text" => DataType::Text,
        "int2" => DataType::SmallInt(None),
        "int4" => DataType::Integer(None),
        "int8" => DataType::BigInt(None),
        "float4" => DataType::Real,
        "float8" => DataType::DoublePrecision,
        "bool" => DataType::Boolean,
        _ => return None,
    };
    let [value]: [Expr; 1] = build::plain_arguments(&call.args)?.try_into().ok()?;
    let kind = CastKind::Cast;
    Some(Expr::Cast { kind, expr: Box::new(value), data_type, array: false, format: None })
}
