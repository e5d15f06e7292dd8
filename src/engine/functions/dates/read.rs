//! `to_date` and `to_timestamp` of a text and a pattern.

use datafusion::error::{DataFusionError, Result};
use lakegate_base::Error;

use super::calendar::{self, HOUR, MINUTE, SECOND};
use super::pattern::{Field, Node, Pattern};
use super::text::{DAYS, MONTHS, field_out_of_range};
use crate::functions::columns::invalid;
use crate::functions::scalar::external;

/// What was read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Read {
    pub days: i64,
    /// Microseconds of the day.
    pub clock: i64,
    /// Seconds ahead of UTC, where the text says.
    pub ahead: Option<i64>,
}

#[derive(Default)]
struct Fields {
    year: Option<i64>,
    century: Option<i64>,
    year_digits: usize,
    month: Option<i64>,
    day: Option<i64>,
    of_year: Option<i64>,
    week_of_year: Option<i64>,
    week_of_month: Option<i64>,
    iso_year: Option<i64>,
    iso_week: Option<i64>,
    weekday: Option<i64>,
    iso_of_year: Option<i64>,
    julian: Option<i64>,
    hour: Option<i64>,
    hour_of_half: bool,
    is_afternoon: Option<bool>,
    minute: Option<i64>,
    second: Option<i64>,
    of_day: Option<i64>,
    micros: i64,
    is_bc: bool,
    zone_sign: i64,
    zone_hours: Option<i64>,
    zone_minutes: Option<i64>,
}

pub fn read(text: &str, pattern: &Pattern) -> Result<Read> {
    let mut reader = Reader { rest: text, fields: Fields::default() };
    for (index, node) in pattern.nodes.iter().enumerate() {
        if reader.rest.is_empty() {
            break;
        }
        match node {
            Node::Separator(separator) => reader.separator(*separator, pattern),
            Node::Text(text) => {
                if !pattern.is_exact {
                    reader.rest = reader.rest.trim_start();
                }
                reader.skip(text.chars().count());
            }
            Node::Field(field) => {
                if !pattern.is_exact {
                    reader.rest = reader.rest.trim_start();
                }
                let next = pattern.nodes.get(index + 1);
                let ends = field.is_bare || !matches!(next, Some(Node::Field(_)));
                // Digits in the pattern end no number.
                let digits = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
                let ends = ends && !matches!(next, Some(Node::Text(text)) if digits(text));
                reader.field(field, ends)?;
                if field.ordinal.is_some() {
                    reader.skip(2);
                }
            }
        }
    }
    reader.fields.finish(text)
}

struct Reader<'a> {
    rest: &'a str,
    fields: Fields,
}

impl Reader<'_> {
    fn skip(&mut self, count: usize) {
        let mut chars = self.rest.chars();
        chars.by_ref().take(count).for_each(drop);
        self.rest = chars.as_str();
    }

    /// A separator stands for any one, or none.
    fn separator(&mut self, separator: char, pattern: &Pattern) {
        let Some(next) = self.rest.chars().next() else { return };
        if pattern.is_exact {
            return self.skip(1);
        }
        if separator.is_whitespace() && !next.is_whitespace() {
            return;
        }
        if !next.is_alphanumeric() && (!matches!(next, '+' | '-') || separator != ' ') {
            self.skip(1);
        }
    }

    fn integer(&mut self, field: &Field, length: usize, ends: bool) -> Result<i64> {
        Ok(self.digits(field, length, ends)?.0)
    }

    /// A number of at most `length` digits, or of all there are when something else follows.
    fn digits(&mut self, field: &Field, length: usize, ends: bool) -> Result<(i64, usize)> {
        let signed = self.rest.starts_with(['-', '+']);
        let negative = self.rest.starts_with('-');
        let rest = if signed && ends { &self.rest[1..] } else { self.rest };
        let limit = if ends { 12 } else { length };
        let end = rest
            .char_indices()
            .take(limit)
            .find(|(_, c)| !c.is_ascii_digit())
            .map_or(rest.len().min(limit), |(at, _)| at);
        let digits = rest.get(..end).unwrap_or("");
        if digits.is_empty() {
            let shown: String = self.rest.chars().take(length).collect();
            return Err(wrong_value(&shown, field));
        }
        self.rest = &rest[end..];
        let value: i64 = digits.parse().map_err(|_| wrong_value(digits, field))?;
        Ok((if negative && signed && ends { -value } else { value }, digits.len()))
    }

    /// The longest of some names, whatever its case.
    fn name(&mut self, names: &[&str], field: &Field, letters: Option<usize>) -> Result<i64> {
        let matches = |name: &&str| {
            let name = letters.and_then(|n| name.get(..n)).unwrap_or(name);
            self.rest.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name))
        };
        let at = names.iter().position(matches).ok_or_else(|| {
            let shown = self.rest.split(char::is_whitespace).next().unwrap_or_default();
            wrong_value(shown, field)
        })?;
        let length = letters.unwrap_or_else(|| names[at].len());
        self.rest = &self.rest[length..];
        Ok(i64::try_from(at).unwrap_or(0))
    }

    fn field(&mut self, field: &Field, ends: bool) -> Result<()> {
        let number = |reader: &mut Self, length| reader.integer(field, length, ends);
        match field.keyword {
            "YYYY" | "YYY" | "YY" | "Y" | "IYYY" | "IYY" | "IY" | "I" => {
                let wanted = field.keyword.trim_start_matches("I").len().max(1);
                let wanted = if field.keyword == "I" { 1 } else { wanted };
                let (value, digits) = self.digits(field, wanted, ends)?;
                let year = if digits < 4 && wanted < 4 { near_2020(value, digits) } else { value };
                match field.keyword.starts_with('I') {
                    true => self.fields.iso_year = Some(year),
                    false => {
                        self.fields.year = Some(year);
                        self.fields.year_digits = wanted;
                    }
                }
            }
            "Y,YYY" => {
                let thousands = self.integer(field, 3, true)?;
                self.rest = self.rest.strip_prefix(',').unwrap_or(self.rest);
                self.fields.year = Some(thousands * 1000 + self.integer(field, 3, ends)?);
                self.fields.year_digits = 4;
            }
            "CC" => self.fields.century = Some(number(self, 2)?),
            "MM" => self.fields.month = Some(number(self, 2)?),
            "MONTH" => {
                // A short name is taken, too.
                let full = self.name(&MONTHS, field, None);
                let month = full.or_else(|_| self.name(&MONTHS, field, Some(3)))?;
                self.fields.month = Some(month + 1);
            }
            "MON" => self.fields.month = Some(self.name(&MONTHS, field, Some(3))? + 1),
            "RM" => {
                let romans =
                    ["VIII", "VII", "VI", "V", "IV", "IX", "III", "II", "XII", "XI", "X", "I"];
                let values = [8, 7, 6, 5, 4, 9, 3, 2, 12, 11, 10, 1];
                let at = usize::try_from(self.name(&romans, field, None)?).unwrap_or(0);
                self.fields.month = values.get(at).copied();
            }
            "DD" => self.fields.day = Some(number(self, 2)?),
            "DDD" => self.fields.of_year = Some(number(self, 3)?),
            "DAY" => self.fields.weekday = Some(self.name(&DAYS, field, None)?),
            "DY" => self.fields.weekday = Some(self.name(&DAYS, field, Some(3))?),
            "D" => self.fields.weekday = Some(number(self, 1)? - 1),
            "ID" => self.fields.weekday = Some(number(self, 1)? % 7),
            "IDDD" => self.fields.iso_of_year = Some(number(self, 3)?),
            "IW" => self.fields.iso_week = Some(number(self, 2)?),
            "WW" => self.fields.week_of_year = Some(number(self, 2)?),
            "W" => self.fields.week_of_month = Some(number(self, 1)?),
            "Q" => drop(number(self, 1)?),
            "J" => self.fields.julian = Some(number(self, 9)?),
            "AD" | "BC" => self.fields.is_bc = self.name(&["AD", "BC"], field, None)? == 1,
            "A.D." | "B.C." => self.fields.is_bc = self.name(&["A.D.", "B.C."], field, None)? == 1,
            _ => self.clock(field, ends)?,
        }
        Ok(())
    }

    fn clock(&mut self, field: &Field, ends: bool) -> Result<()> {
        match field.keyword {
            "HH24" => self.fields.hour = Some(self.integer(field, 2, ends)?),
            "HH12" | "HH" => {
                self.fields.hour = Some(self.integer(field, 2, ends)?);
                self.fields.hour_of_half = true;
            }
            "AM" | "PM" => self.half(&["AM", "PM"], field)?,
            "A.M." | "P.M." => self.half(&["A.M.", "P.M."], field)?,
            "MI" => self.fields.minute = Some(self.integer(field, 2, ends)?),
            "SS" => self.fields.second = Some(self.integer(field, 2, ends)?),
            "SSSS" | "SSSSS" => self.fields.of_day = Some(self.integer(field, 5, ends)?),
            "MS" | "US" | "FF1" | "FF2" | "FF3" | "FF4" | "FF5" | "FF6" => {
                let length = match field.keyword {
                    "MS" => 3,
                    "US" => 6,
                    other => other[2..].parse().unwrap_or(6),
                };
                let (value, digits) = self.digits(field, length, ends)?;
                // `.5` is five tenths, however many digits the pattern allows.
                let digits = i32::try_from(digits).unwrap_or(6).min(9);
                let power = 10_i64.pow(digits.unsigned_abs());
                self.fields.micros = value * SECOND / power;
            }
            "TZH" => {
                self.fields.zone_sign = if self.rest.starts_with('-') { -1 } else { 1 };
                self.rest = self.rest.trim_start_matches(['+', '-', ' ']);
                self.fields.zone_hours = Some(self.integer(field, 2, ends)?);
            }
            "TZM" => self.fields.zone_minutes = Some(self.integer(field, 2, ends)?),
            other => {
                let message = format!("formatting field \"{other}\" is only supported in to_char");
                return Err(external(Error::new(lakegate_base::ErrorKind::Unsupported, message)));
            }
        }
        Ok(())
    }

    fn half(&mut self, names: &[&str], field: &Field) -> Result<()> {
        self.fields.is_afternoon = Some(self.name(names, field, None)? == 1);
        self.fields.hour_of_half = true;
        Ok(())
    }
}

/// The year nearest to 2020 that ends so.
fn near_2020(value: i64, digits: usize) -> i64 {
    match digits {
        0..=2 if value < 70 => value + 2000,
        0..=2 => value + 1900,
        _ if value < 520 => value + 2000,
        _ => value + 1000,
    }
}

fn wrong_value(shown: &str, field: &Field) -> DataFusionError {
    invalid(format!("invalid value \"{shown}\" for \"{}\"", field.keyword))
}

impl Fields {
    fn finish(self, text: &str) -> Result<Read> {
        let clock = self.clock(text)?;
        let ahead = self
            .zone_hours
            .map(|hours| self.zone_sign * (hours * 3600 + self.zone_minutes.unwrap_or(0) * 60));
        let days = match self.julian {
            Some(julian) => julian - calendar::JULIAN_EPOCH,
            None => self.days(text)?,
        };
        Ok(Read { days, clock, ahead })
    }

    fn clock(&self, text: &str) -> Result<i64> {
        if let Some(seconds) = self.of_day {
            if !(0..86_400).contains(&seconds) {
                return Err(field_out_of_range(text));
            }
            return Ok(seconds * SECOND + self.micros);
        }
        let mut hour = self.hour.unwrap_or(0);
        if self.hour_of_half && self.hour.is_some() {
            if !(1..=12).contains(&hour) {
                let message = format!("hour \"{hour}\" is invalid for the 12-hour clock");
                let error = Error::invalid(message).about(lakegate_base::Subject::Value);
                return Err(external(
                    error.hint("Use the 24-hour clock, or give an hour between 1 and 12."),
                ));
            }
            if self.is_afternoon == Some(true) && hour < 12 {
                hour += 12;
            } else if self.is_afternoon == Some(false) && hour == 12 {
                hour = 0;
            }
        }
        let (minute, second) = (self.minute.unwrap_or(0), self.second.unwrap_or(0));
        let valid =
            (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
        if !valid {
            return Err(field_out_of_range(text));
        }
        Ok(hour * HOUR + minute * MINUTE + second * SECOND + self.micros)
    }

    fn days(&self, text: &str) -> Result<i64> {
        let wrong = || field_out_of_range(text);
        if self.iso_year.is_some() || self.iso_week.is_some() || self.iso_of_year.is_some() {
            let start = calendar::iso_year_start(self.iso_year.unwrap_or(0));
            if let Some(day) = self.iso_of_year {
                return Ok(start + day - 1);
            }
            let week = self.iso_week.unwrap_or(1);
            if !(1..=53).contains(&week) {
                return Err(wrong());
            }
            let weekday = self.weekday.map_or(0, |day| (day + 6) % 7);
            return Ok(start + (week - 1) * 7 + weekday);
        }
        let mut year = match (self.year, self.century) {
            (Some(year), Some(century)) if self.year_digits < 3 => {
                (century - 1) * 100 + year.rem_euclid(100)
            }
            (Some(year), _) => year,
            (None, Some(century)) => (century - 1) * 100 + 1,
            (None, None) => 0,
        };
        if self.is_bc && year > 0 {
            year = 1 - year;
        }
        if !(-4712..=294_276).contains(&year) {
            return Err(wrong());
        }
        if let Some(day) = self.of_year {
            if !(1..=365 + i64::from(calendar::is_leap(year))).contains(&day) {
                return Err(wrong());
            }
            return Ok(calendar::days(year, 1, 1) + day - 1);
        }
        if let Some(week) = self.week_of_year {
            return Ok(calendar::days(year, 1, 1) + (week - 1) * 7);
        }
        let month = self.month.unwrap_or(1);
        let day = self.day.or(self.week_of_month.map(|week| (week - 1) * 7 + 1)).unwrap_or(1);
        if !(1..=12).contains(&month) || !(1..=calendar::days_in_month(year, month)).contains(&day)
        {
            return Err(wrong());
        }
        Ok(calendar::days(year, month, day))
    }
}

#[cfg(test)]
mod tests {
    use crate::functions::dates::{calendar, pattern};

    // Expected values were printed by PostgreSQL 15.
    #[test]
    fn reads_as_postgres_does() {
        let day = calendar::days;
        for (text, format, days, clock) in [
            ("20240305", "YYYYMMDD", day(2024, 3, 5), 0),
            ("05 Mar 2024", "DD Mon YYYY", day(2024, 3, 5), 0),
            ("2024-03-05 14:07:09.5", "YYYY-MM-DD HH24:MI:SS.US", day(2024, 3, 5), 50_829_500_000),
            ("2024-3-5", "YYYY-MM-DD", day(2024, 3, 5), 0),
            ("3/5/24", "MM/DD/YY", day(2024, 3, 5), 0),
            ("2:07 PM", "HH:MI AM", day(0, 1, 1), 50_820_000_000),
            ("2024-10", "IYYY-IW", day(2024, 3, 4), 0),
            ("2024065", "YYYYDDD", day(2024, 3, 5), 0),
        ] {
            let pattern = pattern::parse(format).expect("a pattern");
            let read = super::read(text, &pattern).map(|r| (r.days, r.clock)).ok();
            assert_eq!(read, Some((days, clock)), "{text} {format}");
        }
        for (text, format) in [("2024-13-01", "YYYY-MM-DD"), ("x", "YYYY"), ("25", "HH24")] {
            let pattern = pattern::parse(format).expect("a pattern");
            assert!(super::read(text, &pattern).is_err(), "{text} {format}");
        }
    }
}
