//! Dates, timestamps and intervals.

use lakegate_base::{Result, Subject};
use sqlparser::ast::*;

use super::super::Kind;
use super::super::build::*;
use super::super::intervals;
use super::super::kinds::{is_day, is_moment_text, split_offset};
use super::super::walk::{Walk, refused};
use super::ToAthena;

/// `DATE '…'`, `TIMESTAMPTZ '…'`, `INTERVAL '…'`.
pub fn literal(expr: &mut Expr) -> Result<()> {
    match &*expr {
        Expr::TypedString(typed_string) => {
            let said = value_text(&typed_string.value.value).unwrap_or_default().to_string();
            *expr = typed(&said, &typed_string.data_type)?;
        }
        Expr::Interval(interval) => {
            *expr = interval_parts(interval).and_then(|parts| {
                intervals::alone(&parts).ok_or_else(|| {
                    refused(
                        format!("{interval} of several units by itself"),
                        "Add it to a moment, or write one unit: INTERVAL '36 hours'.",
                    )
                })
            })?;
        }
        _ => {}
    }
    Ok(())
}

fn interval_parts(interval: &Interval) -> Result<Vec<intervals::Part>> {
    intervals::parts(interval).ok_or_else(|| {
        refused(
            format!("the interval {interval}"),
            "Write whole numbers and units: INTERVAL '1 day 2 hours'.",
        )
    })
}

/// A literal of a moment as Athena reads it.
pub fn typed(said: &str, data_type: &DataType) -> Result<Expr> {
    let said = said.replacen('T', " ", 1);
    let (data_type, value) = match data_type {
        DataType::Date if is_day(&said) => (DataType::Date, said),
        DataType::Timestamp(None, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone)
            if is_moment_text(&said) =>
        {
            (DataType::Timestamp(None, TimezoneInfo::None), said)
        }
        DataType::Timestamp(None, TimezoneInfo::Tz | TimezoneInfo::WithTimeZone) => {
            let Some((moment, offset)) = split_offset(&said) else {
                return Err(refused(
                    format!(
                        "the moment '{said}' without an offset, which each session reads in \
                    its own zone"
                    ),
                    "Write it with its offset: '2026-01-31 12:00:00+00'.",
                )
                .about(Subject::Value));
            };
            let is_utc = matches!(offset.as_str(), "UTC" | "+00:00" | "-00:00");
            let zoned = typed_string(DataType::Timestamp(None, TimezoneInfo::None), {
                format!("{moment} {offset}")
            });
            return Ok(if is_utc { zoned } else { in_utc(zoned) });
        }
        other => {
            return Err(refused(
                format!("the literal {other} '{said}'"),
                "Write dates as 2024-01-31 and moments as 2024-01-31 12:00:00, with at most \
                microseconds.",
            )
            .about(Subject::Value));
        }
    };
    Ok(typed_string(data_type, value))
}

pub fn typed_string(data_type: DataType, said: String) -> Expr {
    let value = Value::SingleQuotedString(said).with_empty_span();
    Expr::TypedString(TypedString { data_type, value, uses_odbc_syntax: false })
}

/// Athena's moments keep the zone they were written in, and are cut and printed in it; ours in the session's,
/// which is UTC.
pub fn in_utc(moment: Expr) -> Expr {
    call("at_timezone", [moment, text("UTC")])
}

/// `'2024-01-31'::date`.
pub fn cast_literal(inner: &Expr, data_type: &DataType) -> Result<Option<Expr>> {
    let is_moment = matches!(data_type, DataType::Date | DataType::Timestamp(None, _));
    match literal_text(inner) {
        Some(said) if is_moment => typed(said, data_type).map(Some),
        Some(said) if matches!(data_type, DataType::Interval { .. }) => {
            let value = Box::new(text(said));
            let mut interval = Expr::Interval(Interval {
                value,
                leading_field: None,
                leading_precision: None,
                last_field: None,
                fractional_seconds_precision: None,
            });
            literal(&mut interval)?;
            Ok(Some(interval))
        }
        _ => Ok(None),
    }
}

pub fn timestamp_type() -> DataType {
    named_type("timestamp(6)")
}

/// `+` and `-` with a moment or an interval in it; false for any other.
pub fn reckon(pass: &mut ToAthena, walk: &mut Walk, expr: &mut Expr) -> Result<bool> {
    let Expr::BinaryOp { left, op, right } = expr else { return Ok(false) };
    let is_minus = *op == BinaryOperator::Minus;
    if !is_minus && matches!(bare(left), Expr::Interval(_)) {
        std::mem::swap(left, right);
    }
    let kinds = (pass.kinds.of(left), pass.kinds.of(right));
    match kinds {
        (Some(moment), Some(Kind::Interval)) if moment.is_moment() => {
            move_by_interval(pass, walk, (moment, is_minus), expr)?;
        }
        (Some(Kind::Date), Some(Kind::Integer)) => {
            walk.expr(pass, left)?;
            walk.expr(pass, right)?;
            *expr = add_days(take(left), take(right), is_minus);
        }
        (Some(Kind::Integer), Some(Kind::Date)) if !is_minus => {
            walk.expr(pass, left)?;
            walk.expr(pass, right)?;
            *expr = add_days(take(right), take(left), false);
        }
        (Some(Kind::Date), Some(Kind::Date)) if is_minus => {
            walk.expr(pass, left)?;
            walk.expr(pass, right)?;
            *expr = call("date_diff", [text("day"), take(right), take(left)]);
        }
        (Some(one), Some(other)) if one == other && is_minus && one.is_moment() => {
            return Err(refused(
                format!("{expr}, which is an interval of milliseconds in Athena"),
                "Write extract(epoch FROM a - b), or compare a with b + INTERVAL '1 day'.",
            ));
        }
        (Some(Kind::Interval), Some(Kind::Interval)) => return Ok(false),
        (one, other) if is_plain(one, other, is_minus) => return Ok(false),
        _ => {
            let (one, other) = (pass.kinds.shown(left), pass.kinds.shown(right));
            return Err(refused(
                format!("{expr}, of {one} and {other}"),
                "Cast both sides to numbers, or to date or timestamp.",
            )
            .about(Subject::Type));
        }
    }
    Ok(true)
}

/// Numbers, as far as known. A day less a day is a number here and an interval there.
fn is_plain(one: Option<Kind>, other: Option<Kind>, is_minus: bool) -> bool {
    match (one, other) {
        (None, None) => !is_minus,
        (Some(kind), None) | (None, Some(kind)) => kind.is_number(),
        (Some(one), Some(other)) => one.is_number() && other.is_number(),
    }
}

fn move_by_interval(
    pass: &mut ToAthena,
    walk: &mut Walk,
    (moment, is_minus): (Kind, bool),
    expr: &mut Expr,
) -> Result<()> {
    let Expr::BinaryOp { left, op, right } = expr else { return Ok(()) };
    walk.expr(pass, left)?;
    let mut start = take(left);
    // A day moved by an interval is a timestamp to Postgres.
    if moment == Kind::Date {
        start = cast(start, timestamp_type());
    }
    let literal = match bare(right) {
        Expr::Interval(interval) => Some(interval.clone()),
        _ => None,
    };
    *expr = match literal {
        Some(interval) => intervals::moved(start, &interval_parts(&interval)?, is_minus),
        None => {
            walk.expr(pass, right)?;
            binary(start, op.clone(), take(right))
        }
    };
    Ok(())
}

fn add_days(day: Expr, count: Expr, is_minus: bool) -> Expr {
    let count = match (is_minus, literal_integer(&count)) {
        (false, _) => count,
        (true, Some(days)) => number(-days),
        (true, None) => Expr::UnaryOp { op: UnaryOperator::Minus, expr: Box::new(operand(count)) },
    };
    call("date_add", [text("day"), count, day])
}

pub fn extract(pass: &mut ToAthena, walk: &mut Walk, expr: &mut Expr) -> Result<()> {
    let Expr::Extract { field, expr: inner, .. } = expr else { return Ok(()) };
    let kind = pass.kinds.of(inner);
    let is_epoch = matches!(field, DateTimeField::Epoch);
    if let (true, Expr::BinaryOp { left, op: BinaryOperator::Minus, right }) =
        (is_epoch, bare(inner))
    {
        let kinds = (pass.kinds.of(left), pass.kinds.of(right));
        let (mut left, mut right) = (left.clone(), right.clone());
        if matches!(kinds, (Some(Kind::Timestamp | Kind::TimestampTz), _)) && kinds.0 == kinds.1 {
            walk.expr(pass, &mut left)?;
            walk.expr(pass, &mut right)?;
            let (left, right) = (epoch(*left), epoch(*right));
            *expr = operand(binary(left, BinaryOperator::Minus, right));
            return Ok(());
        }
    }
    walk.expr(pass, inner)?;
    *expr = field_of(&field.to_string().to_lowercase(), kind, take(inner))?;
    Ok(())
}

/// A field of a moment whose operand is rewritten already.
pub fn field_of(field: &str, kind: Option<Kind>, inner: Expr) -> Result<Expr> {
    let is_clock = matches!(field, "hour" | "minute");
    match kind {
        Some(Kind::Time) if is_clock => {}
        Some(kind) if kind.is_moment() && !(is_clock && kind == Kind::Date) => {}
        _ => {
            return Err(refused(
                format!("the field {field} of {inner}, which is not known to have it"),
                "Cast it to date or timestamp.",
            )
            .about(Subject::Type));
        }
    }
    let plain = |field: DateTimeField, inner| Expr::Extract {
        field,
        syntax: ExtractSyntax::From,
        expr: Box::new(inner),
    };
    Ok(match field {
        "year" => plain(DateTimeField::Year, inner),
        "quarter" => plain(DateTimeField::Quarter, inner),
        "month" => plain(DateTimeField::Month, inner),
        "week" => plain(DateTimeField::Week(None), inner),
        "day" => plain(DateTimeField::Day, inner),
        "hour" => plain(DateTimeField::Hour, inner),
        "minute" => plain(DateTimeField::Minute, inner),
        "doy" => plain(DateTimeField::Doy, inner),
        "isodow" => call("day_of_week", [inner]),
        "isoyear" => call("year_of_week", [inner]),
        "dow" => operand(binary(call("day_of_week", [inner]), BinaryOperator::Modulo, number(7))),
        "epoch" => {
            let inner = match kind {
                Some(Kind::Date) => cast(inner, timestamp_type()),
                _ => inner,
            };
            epoch(inner)
        }
        _ => {
            return Err(refused(
                format!("the field {field} of a moment"),
                "Take year, quarter, month, week, day, doy, dow, hour, minute or epoch; whole \
                seconds by to_char(x, 'SS').",
            ));
        }
    })
}

/// A double has microseconds until the year 2242.
fn epoch(moment: Expr) -> Expr {
    cast(call("to_unixtime", [moment]), named_type("decimal(38, 6)"))
}

/// To Postgres it takes a zone off or puts one on; to Athena it shows the same moment in another zone.
pub fn at_time_zone(pass: &mut ToAthena, walk: &mut Walk, expr: &mut Expr) -> Result<()> {
    let Expr::AtTimeZone { timestamp, time_zone } = expr else { return Ok(()) };
    let known = literal_text(time_zone).is_some_and(|zone| zone == "UTC" || zone.contains('/'));
    if !known {
        return Err(refused(
            format!("the time zone {time_zone}"),
            "Write its full name: 'Europe/Paris'. Offsets count the other way in Postgres.",
        ));
    }
    let kind = pass.kinds.of(timestamp);
    walk.expr(pass, timestamp)?;
    let (moment, zone) = (take(timestamp), take(time_zone));
    *expr = match kind {
        Some(Kind::TimestampTz) => {
            let (timestamp, time_zone) = (Box::new(operand(moment)), Box::new(zone));
            cast(Expr::AtTimeZone { timestamp, time_zone }, timestamp_type())
        }
        Some(Kind::Timestamp) if literal_text(&zone) == Some("UTC") => {
            call("with_timezone", [moment, zone])
        }
        Some(Kind::Timestamp) => {
            return Err(refused(
                "a timestamp in a zone whose clocks change",
                "Write AT TIME ZONE 'UTC': of an hour that comes twice we take the second, Athena \
                the first.",
            ));
        }
        _ => {
            let error =
                refused("AT TIME ZONE of an unknown type", "Cast it to timestamp or timestamptz.");
            return Err(error.about(Subject::Type));
        }
    };
    Ok(())
}
