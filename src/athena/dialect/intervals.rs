//! Lengths of time: Postgres writes `interval '1 month 3 days'`, Athena one unit at a time,
//! `INTERVAL '1' MONTH`.

use sqlparser::ast::*;

use super::build::{binary, literal_text, text};

/// A count of one unit; weeks are days.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    count: String,
    unit: DateTimeField,
    is_negative: bool,
}

const UNITS: [(DateTimeField, &[&str]); 6] = [
    (DateTimeField::Year, &["year", "years", "y", "yr", "yrs"]),
    (DateTimeField::Month, &["month", "months", "mon", "mons"]),
    (DateTimeField::Day, &["day", "days", "d"]),
    (DateTimeField::Hour, &["hour", "hours", "h", "hr", "hrs"]),
    (DateTimeField::Minute, &["minute", "minutes", "min", "mins", "m"]),
    (DateTimeField::Second, &["second", "seconds", "sec", "secs", "s"]),
];

/// The parts of a local interval, the greatest first, as Postgres adds them. None when it has another form.
pub fn parts(interval: &Interval) -> Option<Vec<Part>> {
    let Interval { value, leading_field, leading_precision, last_field, .. } = interval;
    if leading_precision.is_some() || last_field.is_some() {
        return None;
    }
    let said = literal_text(value)?.trim();
    if let Some(field) = leading_field {
        return Some(vec![part(said, &field.to_string())?]);
    }
    let words: Vec<&str> = said.split_whitespace().collect();
    if words.is_empty() || words.len() % 2 == 1 {
        return None;
    }
    let mut parts: Vec<Part> =
        words.chunks(2).map(|pair| part(pair[0], pair[1])).collect::<Option<_>>()?;
    let rank = |part: &Part| UNITS.iter().position(|(unit, _)| *unit == part.unit);
    parts.sort_by_key(rank);
    months(parts)
}

/// Years and months are one step: 2024-02-29 by 1 year 1 month is 2025-03-29, and by the one and then the
/// other 2025-03-28.
fn months(mut parts: Vec<Part>) -> Option<Vec<Part>> {
    let calendar = parts.iter().take_while(|part| part.is_calendar()).count();
    if calendar < 2 {
        return Some(parts);
    }
    let mut sum = 0_i64;
    for part in parts.drain(..calendar) {
        let count: i64 = part.count.parse().ok()?;
        let months = if part.unit == DateTimeField::Year { 12 * count } else { count };
        sum += if part.is_negative { -months } else { months };
    }
    let count = sum.unsigned_abs().to_string();
    parts.insert(0, Part { count, unit: DateTimeField::Month, is_negative: sum < 0 });
    Some(parts)
}

fn part(count: &str, unit: &str) -> Option<Part> {
    let unit = unit.to_lowercase();
    let (is_negative, digits) = match count.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, count.strip_prefix('+').unwrap_or(count)),
    };
    if matches!(unit.as_str(), "week" | "weeks" | "w") {
        let days = digits.parse::<u32>().ok()?.checked_mul(7)?;
        return Some(Part { count: days.to_string(), unit: DateTimeField::Day, is_negative });
    }
    let unit = UNITS.iter().find(|(_, names)| names.contains(&unit.as_str()))?.0.clone();
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |digits: &str| digits.chars().all(|c| c.is_ascii_digit());
    let may_break = unit == DateTimeField::Second && fraction.len() <= 3;
    let fits = !whole.is_empty() && whole.len() < 10 && is_number(whole) && is_number(fraction);
    (fits && (fraction.is_empty() || may_break)).then(|| Part {
        count: digits.to_string(),
        unit,
        is_negative,
    })
}

impl Part {
    /// Whether its length depends on where it begins.
    pub fn is_calendar(&self) -> bool {
        matches!(self.unit, DateTimeField::Year | DateTimeField::Month)
    }

    fn literal(&self) -> Expr {
        Expr::Interval(Interval {
            value: Box::new(text(&self.count)),
            leading_field: Some(self.unit.clone()),
            leading_precision: None,
            last_field: None,
            fractional_seconds_precision: None,
        })
    }
}

/// `moment + part - part`: the sign of each part is that of its operator.
pub fn moved(moment: Expr, parts: &[Part], is_minus: bool) -> Expr {
    let mut moved = moment;
    for (index, part) in parts.iter().enumerate() {
        let op = match part.is_negative != is_minus {
            true => BinaryOperator::Minus,
            false => BinaryOperator::Plus,
        };
        moved = match index {
            0 => binary(moved, op, part.literal()),
            _ => Expr::BinaryOp { left: Box::new(moved), op, right: Box::new(part.literal()) },
        };
    }
    moved
}

/// One part by itself; None for several, which Athena cannot write as one.
pub fn alone(parts: &[Part]) -> Option<Expr> {
    match parts {
        [part] if part.is_negative => {
            let expr = Box::new(part.literal());
            Some(Expr::UnaryOp { op: UnaryOperator::Minus, expr })
        }
        [part] => Some(part.literal()),
        _ => None,
    }
}

/// An Athena interval of one unit, `INTERVAL '1' DAY`, as Postgres writes it: `INTERVAL '1 day'`.
pub fn local(interval: &Interval) -> Option<Expr> {
    let Interval { value, leading_field, leading_precision, last_field, .. } = interval;
    let said = literal_text(value)?.trim();
    if leading_precision.is_some() || last_field.is_some() {
        return None;
    }
    let part = part(said, &leading_field.as_ref()?.to_string())?;
    let unit = part.unit.to_string().to_lowercase();
    let sign = if part.is_negative { "-" } else { "" };
    Some(Expr::Interval(Interval {
        value: Box::new(text(&format!("{sign}{} {unit}", part.count))),
        leading_field: None,
        leading_precision: None,
        last_field: None,
        fractional_seconds_precision: None,
    }))
}
