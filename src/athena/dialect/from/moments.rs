//! Functions of dates and timestamps.

use lakegate_base::{Result, Subject};
use sqlparser::ast::*;

use super::super::Kind;
use super::super::build::*;
use super::super::patterns;
use super::super::walk::refused;
use super::functions::unknown;

fn mask(expr: &Expr) -> Result<Expr> {
    let said = literal_text(expr)
        .ok_or_else(|| refused("a mask that is no literal", "Write the mask as a string."))?;
    patterns::from_mysql(said).map(|mask| text(&mask)).ok_or_else(|| {
        refused(
            format!("the mask '{said}'"),
            "Use %Y, %m, %d, %H, %h, %i, %s, %p, %b, %M, %a, %W, %j, %x and %v.",
        )
    })
}

pub fn rewrite(name: &str, mut args: Vec<Expr>, kinds: &[Option<Kind>]) -> Result<Expr> {
    const FIELDS: [(&str, &str); 11] = [
        ("year", "year"),
        ("quarter", "quarter"),
        ("month", "month"),
        ("week", "week"),
        ("week_of_year", "week"),
        ("day", "day"),
        ("day_of_month", "day"),
        ("day_of_week", "dow"),
        ("day_of_year", "doy"),
        ("hour", "hour"),
        ("minute", "minute"),
    ];
    let field = FIELDS.iter().find(|(athena, _)| *athena == name);
    if let (Some((_, field)), 1) = (field, args.len()) {
        return field_of(field, kinds[0], take(&mut args[0]));
    }
    match (name, args.len()) {
        ("date_trunc", 2) if !is_unit(&args[0], kinds[1]) => Err(refused(
            format!("date_trunc to {}", args[0]),
            "Write a unit from second to year, and from day to year of a date.",
        )),
        ("date_trunc", 2) if matches!(kinds[1], Some(Kind::Timestamp | Kind::TimestampTz)) => {
            Ok(call(name, args))
        }
        ("date_trunc", 2) if kinds[1] == Some(Kind::Date) => {
            Ok(cast(call(name, args), named_type("date")))
        }
        ("from_unixtime", 1) if kinds[0] == Some(Kind::Integer) => Ok(call("to_timestamp", args)),
        ("date_format", 2) => date_format(args, kinds[0]),
        ("date_parse", 2) => date_parse(args),
        ("date_add", 3) => date_add(args, kinds[2]),
        ("date_diff", 3)
            if literal_text(&args[0]) == Some("day") && kinds[1..] == [Some(Kind::Date); 2] =>
        {
            let (from, to) = (take(&mut args[1]), take(&mut args[2]));
            Ok(Expr::Nested(Box::new(binary(to, BinaryOperator::Minus, from))))
        }
        ("date_diff", 3) => Err(refused(
            "date_diff but of days between dates",
            "Cast both to date, and take 'day'.",
        )),
        _ => Err(unknown(name)),
    }
}

fn is_unit(unit: &Expr, kind: Option<Kind>) -> bool {
    const DAYS: [&str; 5] = ["day", "week", "month", "quarter", "year"];
    const CLOCK: [&str; 3] = ["second", "minute", "hour"];
    let unit = literal_text(unit).map(str::to_lowercase).unwrap_or_default();
    let is_clock = CLOCK.contains(&unit.as_str()) && kind != Some(Kind::Date);
    is_clock || DAYS.contains(&unit.as_str())
}

/// Athena prints to the nearest millisecond.
fn date_format(mut args: Vec<Expr>, kind: Option<Kind>) -> Result<Expr> {
    let mask = mask(&args[1])?;
    let moment = take(&mut args[0]);
    let moment = match kind {
        Some(Kind::Date) => moment,
        Some(Kind::Timestamp) => cast(moment, named_type("timestamp(3)")),
        Some(Kind::TimestampTz) => cast(moment, named_type("timestamp(3) with time zone")),
        _ => {
            let error = refused("date_format of an unknown type", "Cast it to date or timestamp.");
            return Err(error.about(Subject::Type));
        }
    };
    Ok(call("to_char", [moment, mask]))
}

fn date_parse(mut args: Vec<Expr>) -> Result<Expr> {
    let written = mask(&args[1])?;
    if !literal_text(&args[1]).is_some_and(patterns::reads_days) {
        return Err(refused(
            "date_parse without a year, or by weeks or names of days",
            "Read years, months and days: date_parse(s, '%Y-%m-%d').",
        ));
    }
    let moment = call("to_timestamp", [take(&mut args[0]), written]);
    Ok(cast(moment, named_type("timestamp")))
}

fn date_add(mut args: Vec<Expr>, kind: Option<Kind>) -> Result<Expr> {
    let unit = literal_text(&args[0]).unwrap_or_default().to_string();
    let is_known = unit != "quarter" && is_unit(&args[0], kind);
    let (Some(count), true, Some(kind)) = (literal_integer(&args[1]), is_known, kind) else {
        return Err(refused(
            "this form of date_add",
            "Write a number, a unit from day to year of a date, from second of a timestamp.",
        ));
    };
    if !kind.is_moment() {
        return Err(refused("date_add to no moment", "Cast it to date or timestamp."));
    }
    let interval = Expr::Interval(Interval {
        value: Box::new(text(&format!("{count} {unit}"))),
        leading_field: None,
        leading_precision: None,
        last_field: None,
        fractional_seconds_precision: None,
    });
    let moved = Expr::Nested(Box::new(binary(take(&mut args[2]), BinaryOperator::Plus, interval)));
    Ok(if kind == Kind::Date { cast(moved, named_type("date")) } else { moved })
}

/// A field as a whole number, which it is in Athena. The operand is rewritten already.
pub fn field_of(field: &str, kind: Option<Kind>, inner: Expr) -> Result<Expr> {
    let field = match field {
        "year" => DateTimeField::Year,
        "quarter" => DateTimeField::Quarter,
        "month" => DateTimeField::Month,
        "week" => DateTimeField::Week(None),
        "day" | "day_of_month" => DateTimeField::Day,
        "dow" | "day_of_week" => DateTimeField::Isodow,
        "doy" | "day_of_year" => DateTimeField::Doy,
        "hour" if kind != Some(Kind::Date) => DateTimeField::Hour,
        "minute" if kind != Some(Kind::Date) => DateTimeField::Minute,
        other => {
            return Err(refused(
                format!("the field {other}"),
                "Take year, quarter, month, week, day, dow, doy, hour or minute.",
            ));
        }
    };
    if !kind.is_some_and(Kind::is_moment) {
        let error = refused(
            format!("the field {field} of an unknown type"),
            "Cast it to date or timestamp.",
        );
        return Err(error.about(Subject::Type));
    }
    let taken = Expr::Extract { field, syntax: ExtractSyntax::From, expr: Box::new(inner) };
    Ok(cast(taken, named_type("bigint")))
}
