//! Functions that cut, print and read moments.

use lakegate_base::{Result, Subject};
use sqlparser::ast::*;

use super::super::Kind;
use super::super::build::*;
use super::super::patterns;
use super::super::walk::refused;

pub fn date_trunc(mut args: Vec<Expr>, kinds: &[Option<Kind>]) -> Result<Expr> {
    const UNITS: [&str; 9] =
        ["millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year"];
    let unit = literal_text(&args[0]).map(str::to_lowercase).unwrap_or_default();
    if !UNITS.contains(&unit.as_str()) {
        return Err(refused(
            format!("date_trunc to {}", args[0]),
            "Write a unit from second to year.",
        ));
    }
    let moment = take(&mut args[1]);
    let moment = match kinds[1] {
        Some(Kind::Date) => cast(moment, named_type("timestamp(3) with time zone")),
        Some(Kind::Timestamp | Kind::TimestampTz) => moment,
        _ => {
            let error = refused("date_trunc of an unknown type", "Cast it to date or timestamp.");
            return Err(error.about(Subject::Type));
        }
    };
    Ok(call("date_trunc", [text(&unit), moment]))
}

fn mask(expr: &Expr) -> Result<Expr> {
    let said = literal_text(expr)
        .ok_or_else(|| refused("a mask that is no literal", "Write the mask as a string."))?;
    patterns::to_mysql(said).map(|mask| text(&mask)).ok_or_else(|| {
        refused(
            format!("the mask '{said}'"),
            "Use YYYY, MM, DD, HH24, HH12, MI, SS, AM, Mon, FMMonth, Dy, FMDay, DDD, IYYY and IW.",
        )
    })
}

/// Athena prints to the nearest millisecond, which may be of the next day.
pub fn to_char(mut args: Vec<Expr>, kinds: &[Option<Kind>]) -> Result<Expr> {
    if !kinds[0].is_some_and(Kind::is_moment) {
        return Err(refused(
            "to_char of a number or of an unknown type",
            "Cast it to date or timestamp.",
        )
        .about(Subject::Type));
    }
    let mask = mask(&args[1])?;
    let moment = take(&mut args[0]);
    let moment = match kinds[0] {
        Some(Kind::Date) => moment,
        _ => call("date_trunc", [text("second"), moment]),
    };
    Ok(call("date_format", [moment, mask]))
}

pub fn date_parse(mut args: Vec<Expr>) -> Result<Expr> {
    let mask = mask(&args[1])?;
    if !literal_text(&mask).is_some_and(patterns::reads_days) {
        return Err(refused(
            "reading a moment without its year, or by weeks or names of days",
            "Read years, months and days: to_date(s, 'YYYY-MM-DD').",
        ));
    }
    Ok(call("date_parse", [take(&mut args[0]), mask]))
}
