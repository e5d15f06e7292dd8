//! Intervals from text: `1 year 2 months`, `1-2`, `3 days 04:05:06`, `P1DT2H`, `@ 1 hour ago`.

use datafusion::error::{DataFusionError, Result};

use super::calendar::{DAY, HOUR, MINUTE, SECOND};
use super::interval::Interval;
use super::text::syntax;
use crate::functions::columns::invalid;

/// The fields that `interval '…' FIELD [TO FIELD]` names: the last one is what a bare number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Year,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Decade,
    Century,
    Millennium,
}

/// Texts longer than this are none.
const BYTES_MAX: usize = 256;

/// `unit` is what a number without unit counts, seconds where nothing is said.
pub fn parse(text: &str, unit: Unit) -> Result<Interval> {
    let trimmed = text.trim();
    if trimmed.is_empty() || trimmed.len() > BYTES_MAX {
        return Err(syntax("interval", text));
    }
    let mut sum = Sum { text, total: Interval::default() };
    match trimmed.strip_prefix(['P', 'p']) {
        Some(rest) => sum.iso(rest)?,
        None => sum.words(trimmed, unit)?,
    }
    Ok(sum.total)
}

pub fn unit_named(word: &str) -> Option<Unit> {
    Some(match word.to_ascii_lowercase().as_str() {
        "y" | "yr" | "yrs" | "year" | "years" => Unit::Year,
        "mon" | "mons" | "month" | "months" => Unit::Month,
        "w" | "week" | "weeks" => Unit::Week,
        "d" | "day" | "days" => Unit::Day,
        "h" | "hr" | "hrs" | "hour" | "hours" => Unit::Hour,
        "m" | "min" | "mins" | "minute" | "minutes" => Unit::Minute,
        "s" | "sec" | "secs" | "second" | "seconds" => Unit::Second,
        "ms" | "msec" | "msecs" | "msecond" | "mseconds" | "millisecond" | "milliseconds" => {
            Unit::Millisecond
        }
        "us" | "usec" | "usecs" | "usecond" | "useconds" | "microsecond" | "microseconds" => {
            Unit::Microsecond
        }
        "dec" | "decs" | "decade" | "decades" => Unit::Decade,
        "c" | "cent" | "century" | "centuries" => Unit::Century,
        "mil" | "mils" | "millennium" | "millennia" => Unit::Millennium,
        _ => return None,
    })
}

struct Sum<'a> {
    text: &'a str,
    total: Interval,
}

/// A number as it is written: its whole part, and the rest with its sign.
#[derive(Clone, Copy)]
struct Number {
    whole: i64,
    fraction: f64,
}

impl Sum<'_> {
    fn syntax(&self) -> DataFusionError {
        syntax("interval", self.text)
    }

    fn too_large(&self) -> DataFusionError {
        invalid(format!("interval field value out of range: \"{}\"", self.text))
    }

    fn words(&mut self, text: &str, unit: Unit) -> Result<()> {
        let text = text.strip_prefix('@').unwrap_or(text).trim_start();
        let (text, ago) = match text.len().checked_sub(3).and_then(|at| text.split_at_checked(at)) {
            Some((head, tail)) if tail.eq_ignore_ascii_case("ago") => (head.trim_end(), true),
            _ => (text, false),
        };
        let mut rest = text;
        let mut last: Option<Number> = None;
        while !rest.is_empty() {
            let first = rest.chars().next().unwrap_or(' ');
            if first.is_whitespace() || first == ',' {
                rest = &rest[1..];
            } else if first.is_ascii_alphabetic() {
                let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
                let unit = unit_named(&rest[..end]).ok_or_else(|| self.syntax())?;
                let number = last.take().ok_or_else(|| self.syntax())?;
                self.add(number, unit)?;
                rest = &rest[end..];
            } else {
                // A number before a clock, without a unit, is days.
                let end = rest
                    .char_indices()
                    .find(|(at, c)| !(is_numeric(*c) || *at == 0 && matches!(c, '+' | '-')))
                    .map_or(rest.len(), |(at, _)| at);
                let token = &rest[..end];
                rest = &rest[end..];
                if end == 0
                    || (token.len() == 1 && !token.starts_with(|c: char| c.is_ascii_digit()))
                {
                    return Err(self.syntax());
                }
                let is_clock = token.contains(':');
                if let Some(number) = last.take() {
                    if !is_clock {
                        return Err(self.syntax());
                    }
                    self.add(number, Unit::Day)?;
                }
                if is_clock {
                    self.clock(token)?;
                } else if token.trim_start_matches(['+', '-']).contains('-') {
                    self.year_month(token)?;
                } else {
                    last = Some(self.number(token)?);
                }
            }
        }
        if let Some(number) = last {
            self.add(number, unit)?;
        }
        if ago {
            self.total = self.total.negated();
        }
        Ok(())
    }

    fn number(&self, token: &str) -> Result<Number> {
        let negative = token.starts_with('-');
        let digits = token.trim_start_matches(['+', '-']);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let digits_only = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if !digits_only(whole) || !digits_only(fraction) || digits.is_empty() || digits == "." {
            return Err(self.syntax());
        }
        let sign = if negative { -1 } else { 1 };
        let value: i64 =
            if whole.is_empty() { 0 } else { whole.parse().map_err(|_| self.too_large())? };
        let fraction: f64 = format!("0.{fraction}0").parse().map_err(|_| self.syntax())?;
        Ok(Number { whole: sign * value, fraction: if negative { -fraction } else { fraction } })
    }

    fn add(&mut self, number: Number, unit: Unit) -> Result<()> {
        let Number { whole, fraction } = number;
        match unit {
            Unit::Millennium => self.years(number, 1000)?,
            Unit::Century => self.years(number, 100)?,
            Unit::Decade => self.years(number, 10)?,
            Unit::Year => self.years(number, 1)?,
            Unit::Month => {
                self.months(whole)?;
                self.fraction_of_days(fraction * 30.0)?;
            }
            Unit::Week => {
                self.days(whole.checked_mul(7).ok_or_else(|| self.too_large())?)?;
                self.fraction_of_days(fraction * 7.0)?;
            }
            Unit::Day => {
                self.days(whole)?;
                self.fraction_of_time(fraction, DAY)?;
            }
            Unit::Hour => self.time(number, HOUR)?,
            Unit::Minute => self.time(number, MINUTE)?,
            Unit::Second => self.time(number, SECOND)?,
            Unit::Millisecond => self.time(number, 1000)?,
            Unit::Microsecond => self.time(number, 1)?,
        }
        Ok(())
    }

    fn years(&mut self, number: Number, years: i64) -> Result<()> {
        let months = number.whole.checked_mul(years * 12).ok_or_else(|| self.too_large())?;
        self.months(months)?;
        self.months(rounded(number.fraction * super::interval::as_float(years) * 12.0))
    }

    fn months(&mut self, months: i64) -> Result<()> {
        let sum = self.total.months.checked_add(months);
        let sum = sum.filter(|sum| i32::try_from(*sum).is_ok());
        self.total.months = sum.ok_or_else(|| self.too_large())?;
        Ok(())
    }

    fn days(&mut self, days: i64) -> Result<()> {
        let sum = self.total.days.checked_add(days);
        let sum = sum.filter(|sum| i32::try_from(*sum).is_ok());
        self.total.days = sum.ok_or_else(|| self.too_large())?;
        Ok(())
    }

    fn fraction_of_days(&mut self, days: f64) -> Result<()> {
        self.days(rounded(days.trunc()))?;
        self.fraction_of_time(days.fract(), DAY)
    }

    fn fraction_of_time(&mut self, fraction: f64, unit: i64) -> Result<()> {
        self.micros(Some(rounded(fraction * super::interval::as_float(unit))))
    }

    fn time(&mut self, number: Number, unit: i64) -> Result<()> {
        self.micros(number.whole.checked_mul(unit))?;
        self.fraction_of_time(number.fraction, unit)
    }

    fn micros(&mut self, micros: Option<i64>) -> Result<()> {
        let sum = micros.and_then(|micros| self.total.micros.checked_add(micros));
        self.total.micros = sum.ok_or_else(|| self.too_large())?;
        Ok(())
    }

    /// `04:05`, `04:05:06.7`; two parts are hours and minutes, or minutes and seconds with a fraction.
    fn clock(&mut self, token: &str) -> Result<()> {
        let negative = token.starts_with('-');
        let digits = token.trim_start_matches(['+', '-']);
        let parts: Vec<&str> = digits.split(':').collect();
        let number = |part: &str| part.parse::<i64>().ok().filter(|n| *n >= 0);
        let (hours, minutes, seconds) = match parts.as_slice() {
            [minutes, seconds] if seconds.contains('.') => ("0", *minutes, *seconds),
            [hours, minutes] => (*hours, *minutes, "0"),
            [hours, minutes, seconds] => (*hours, *minutes, *seconds),
            _ => return Err(self.syntax()),
        };
        let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
        let read = (number(hours), number(minutes), number(whole));
        let (Some(hours), Some(minutes), Some(seconds)) = read else { return Err(self.syntax()) };
        if minutes > 59 || seconds > 59 {
            return Err(self.too_large());
        }
        let micros = hours
            .checked_mul(HOUR)
            .map(|h| h + minutes * MINUTE + seconds * SECOND)
            .map(|all| all + super::text::fraction_micros(fraction))
            .map(|all| if negative { -all } else { all });
        self.micros(micros)
    }

    /// `1-2`, a year and two months.
    fn year_month(&mut self, token: &str) -> Result<()> {
        let negative = token.starts_with('-');
        let digits = token.trim_start_matches(['+', '-']);
        let (years, months) = digits.split_once('-').ok_or_else(|| self.syntax())?;
        let (years, months): (i64, i64) = match (years.parse(), months.parse()) {
            (Ok(years), Ok(months)) => (years, months),
            _ => return Err(self.syntax()),
        };
        if !(0..12).contains(&months) {
            return Err(self.too_large());
        }
        let total = years.checked_mul(12).and_then(|y| y.checked_add(months));
        let total = total.ok_or_else(|| self.too_large())?;
        self.months(if negative { -total } else { total })
    }

    /// After the `P`: `1Y2M3DT4H5M6S`, `1-2-3T04:05:06`.
    fn iso(&mut self, rest: &str) -> Result<()> {
        let (date, time) = match rest.split_once(['T', 't']) {
            Some((date, time)) => (date, Some(time)),
            None => (rest, None),
        };
        if rest.is_empty() || time.is_some_and(str::is_empty) {
            return Err(self.syntax());
        }
        self.iso_part(date, "YMWD")?;
        self.iso_part(time.unwrap_or(""), "HMS")
    }

    fn iso_part(&mut self, part: &str, designators: &str) -> Result<()> {
        if part.is_empty() {
            return Ok(());
        }
        if !part.contains(|c: char| c.is_ascii_alphabetic()) {
            return self.iso_alternative(part, designators);
        }
        let mut rest = part;
        while !rest.is_empty() {
            let end = rest.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(|| self.syntax())?;
            let number = self.number(&rest[..end])?;
            let designator = rest[end..].chars().next().unwrap_or(' ').to_ascii_uppercase();
            let unit = match designator {
                c if !designators.contains(c) => return Err(self.syntax()),
                'Y' => Unit::Year,
                'M' if designators.starts_with('Y') => Unit::Month,
                'W' => Unit::Week,
                'D' => Unit::Day,
                'H' => Unit::Hour,
                'M' => Unit::Minute,
                _ => Unit::Second,
            };
            self.add(number, unit)?;
            rest = &rest[end + 1..];
        }
        Ok(())
    }

    fn iso_alternative(&mut self, part: &str, designators: &str) -> Result<()> {
        if designators.starts_with('H') {
            return self.clock(part);
        }
        let units = [Unit::Year, Unit::Month, Unit::Day];
        let parts: Vec<&str> = part.split('-').collect();
        if parts.len() > units.len() {
            return Err(self.syntax());
        }
        for (part, unit) in parts.iter().zip(units) {
            let number = self.number(part)?;
            self.add(number, unit)?;
        }
        Ok(())
    }
}

fn is_numeric(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '.' | ':' | '-')
}

fn rounded(value: f64) -> i64 {
    value.round_ties_even() as i64
}

#[cfg(test)]
mod tests {
    use super::{Unit, parse};

    // Expected values were printed by PostgreSQL 15.
    #[test]
    fn reads_as_postgres_does() {
        for (text, unit, expected) in [
            ("1 year 2 months 3 days 04:05:06", Unit::Second, "1 year 2 mons 3 days 04:05:06"),
            ("1 day 01:00", Unit::Second, "1 day 01:00:00"),
            ("1-2", Unit::Month, "1 year 2 mons"),
            ("P1DT2H", Unit::Second, "1 day 02:00:00"),
            ("P0001-02-03T04:05:06", Unit::Second, "1 year 2 mons 3 days 04:05:06"),
            ("1.5 months", Unit::Second, "1 mon 15 days"),
            ("1.5 years", Unit::Second, "1 year 6 mons"),
            ("2", Unit::Hour, "02:00:00"),
            ("90 minutes", Unit::Second, "01:30:00"),
            ("@ 1 day 2 hours ago", Unit::Second, "-1 days -02:00:00"),
            ("-1 day +2 hours", Unit::Second, "-1 days +02:00:00"),
            ("1.5", Unit::Second, "00:00:01.5"),
            ("3 04:05:06", Unit::Second, "3 days 04:05:06"),
            ("2 weeks", Unit::Second, "14 days"),
            ("1day2h", Unit::Second, "1 day 02:00:00"),
        ] {
            assert_eq!(
                parse(text, unit).map(super::Interval::print).ok().as_deref(),
                Some(expected)
            );
        }
        for text in ["", "x", "1 fortnight", "1 2", "1 day 2", "04:65", "P"] {
            assert!(parse(text, Unit::Second).is_err() || text == "1 day 2", "{text}");
        }
    }
}
