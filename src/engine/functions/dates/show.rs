//! `to_char` of dates, moments and intervals.

use std::fmt::Write;

use datafusion::error::Result;
use lakegate_base::Error;

use super::calendar::{self, Civil, HOUR, MINUTE, SECOND};
use super::interval::Interval;
use super::pattern::{Field, Node, Pattern, ordinal};
use super::text::{DAYS, MONTHS};
use crate::functions::columns::invalid;
use crate::functions::scalar::external;

/// What is shown: the fields of a moment, or of an interval.
#[derive(Clone, Debug)]
pub struct Shown {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    micros: i64,
    /// None for intervals, which have no place in a calendar.
    days: Option<i64>,
    zone: String,
    /// Seconds ahead of UTC.
    ahead: i64,
}

impl Shown {
    /// A clock's reading, and of an instant its zone's name and distance from UTC.
    pub fn moment(reading: i64, zone: String, ahead: i64) -> Self {
        let (days, of_day) = calendar::split(reading);
        let Civil { year, month, day } = calendar::civil(days);
        let mut shown = Self::clock(of_day);
        (shown.year, shown.month, shown.day) = (year, month, day);
        Self { days: Some(days), zone, ahead, ..shown }
    }

    pub fn interval(value: Interval) -> Self {
        let mut shown = Self::clock(value.micros);
        (shown.year, shown.month, shown.day) = (value.months / 12, value.months % 12, value.days);
        shown
    }

    fn clock(micros: i64) -> Self {
        Self {
            year: 0,
            month: 0,
            day: 0,
            hour: micros / HOUR,
            minute: micros % HOUR / MINUTE,
            second: micros % MINUTE / SECOND,
            micros: micros % SECOND,
            days: None,
            zone: String::new(),
            ahead: 0,
        }
    }

    pub fn print(&self, pattern: &Pattern) -> Result<String> {
        let mut out = String::new();
        for node in &pattern.nodes {
            match node {
                Node::Text(text) => out.push_str(text),
                Node::Separator(c) => out.push(*c),
                Node::Field(field) => {
                    let start = out.len();
                    self.field(field, &mut out)?;
                    if let Some(case) = field.ordinal {
                        let suffix = ordinal(out[start..].trim());
                        out.push_str(&case.apply(suffix));
                    }
                }
            }
        }
        Ok(out)
    }

    /// The day in the calendar, which an interval has none of.
    fn days(&self) -> Result<i64> {
        self.days.ok_or_else(|| {
            let error = Error::invalid("invalid format specification for an interval value")
                .about(lakegate_base::Subject::Value);
            external(error.hint("Intervals are not tied to specific calendar dates."))
        })
    }

    fn field(&self, field: &Field, out: &mut String) -> Result<()> {
        let name = |index: i64, names: &[&'static str], letters: Option<usize>, width: usize| {
            let name = usize::try_from(index).ok().and_then(|i| names.get(i)).unwrap_or(&"");
            let name = letters.and_then(|n| name.get(..n)).unwrap_or(name);
            let width = if field.is_bare { 0 } else { width };
            format!("{:<width$}", field.case.apply(name))
        };
        match field.keyword {
            "MONTH" | "MON" | "RM" => {
                if self.days.is_none() && field.keyword != "RM" {
                    self.days()?;
                }
                if self.month == 0 {
                    return Ok(());
                }
                out.push_str(&match field.keyword {
                    "MONTH" => name(self.month - 1, &MONTHS, None, 9),
                    "MON" => name(self.month - 1, &MONTHS, Some(3), 3),
                    _ => name(self.month - 1, &ROMAN, None, 4),
                });
            }
            "DAY" => out.push_str(&name(calendar::weekday(self.days()?), &DAYS, None, 9)),
            "DY" => out.push_str(&name(calendar::weekday(self.days()?), &DAYS, Some(3), 3)),
            "AM" | "PM" => self.half(field, ["am", "pm"], out),
            "A.M." | "P.M." => self.half(field, ["a.m.", "p.m."], out),
            "AD" | "BC" => out.push_str(&field.case.apply(self.era()?.trim_matches('.'))),
            "A.D." | "B.C." => {
                let dotted = if self.year > 0 { "a.d." } else { "b.c." };
                self.days()?;
                out.push_str(&field.case.apply(dotted));
            }
            "TZ" => out.push_str(&field.case.apply(&self.zone)),
            "OF" => {
                let sign = if self.ahead < 0 { '-' } else { '+' };
                let (hours, rest) = (self.ahead.abs() / 3600, self.ahead.abs() % 3600);
                let _ = write!(out, "{sign}{hours:02}");
                if rest != 0 {
                    let _ = write!(out, ":{:02}", rest / 60);
                }
            }
            "TZH" => {
                let sign = if self.ahead < 0 { '-' } else { '+' };
                let _ = write!(out, "{sign}{:02}", self.ahead.abs() / 3600);
            }
            "TZM" => {
                let _ = write!(out, "{:02}", self.ahead.abs() % 3600 / 60);
            }
            "Y,YYY" => {
                let year = self.shown_year();
                let _ = write!(out, "{},{:03}", year / 1000, year % 1000);
            }
            _ => self.number(field, out)?,
        }
        Ok(())
    }

    fn era(&self) -> Result<&'static str> {
        self.days()?;
        Ok(if self.year > 0 { "ad" } else { "bc" })
    }

    fn half(&self, field: &Field, [morning, evening]: [&str; 2], out: &mut String) {
        let text = if self.hour.rem_euclid(24) < 12 { morning } else { evening };
        out.push_str(&field.case.apply(text));
    }

    /// Years BC are shown without a sign; those of intervals as they are.
    fn shown_year(&self) -> i64 {
        match self.days {
            Some(_) if self.year <= 0 => 1 - self.year,
            _ => self.year,
        }
    }

    fn number(&self, field: &Field, out: &mut String) -> Result<()> {
        let iso = || self.days().map(calendar::iso_week);
        let iso_year = || iso().map(|(year, _)| if year > 0 { year } else { 1 - year });
        let hour12 = match self.hour % 12 {
            0 => 12,
            hour => hour,
        };
        let year = self.shown_year();
        let (value, width) = match field.keyword {
            "YYYY" => (year, 4),
            "YYY" => (year % 1000, 3),
            "YY" => (year % 100, 2),
            "Y" => (year % 10, 1),
            "IYYY" => (iso_year()?, 4),
            "IYY" => (iso_year()? % 1000, 3),
            "IY" => (iso_year()? % 100, 2),
            "I" => (iso_year()? % 10, 1),
            "IW" => (iso()?.1, 2),
            "IDDD" => {
                let days = self.days()?;
                (days - calendar::iso_year_start(calendar::iso_week(days).0) + 1, 3)
            }
            "ID" => ((calendar::weekday(self.days()?) + 6) % 7 + 1, 1),
            "D" => (calendar::weekday(self.days()?) + 1, 1),
            "MM" => (self.month, 2),
            "DDD" => (self.days.map_or(self.day, |days| self.day_of_year(days)), 3),
            "DD" => (self.day, 2),
            "HH24" => (self.hour, 2),
            "HH12" | "HH" => (hour12, 2),
            "MI" => (self.minute, 2),
            "SS" => (self.second, 2),
            "SSSS" | "SSSSS" => {
                let of_day = self.hour * 3600 + self.minute * 60 + self.second;
                let _ = write!(out, "{of_day}");
                return Ok(());
            }
            "FF1" => (self.micros / 100_000, 1),
            "FF2" => (self.micros / 10_000, 2),
            "MS" | "FF3" => (self.micros / 1000, 3),
            "FF4" => (self.micros / 100, 4),
            "FF5" => (self.micros / 10, 5),
            "US" | "FF6" => (self.micros, 6),
            "WW" => (self.days.map_or(1, |days| (self.day_of_year(days) - 1) / 7 + 1), 2),
            "W" => ((self.day - 1).max(0) / 7 + 1, 1),
            "Q" if self.month == 0 => return Ok(()),
            "Q" => ((self.month - 1) / 3 + 1, 1),
            "CC" => (self.century(), 2),
            "J" => (self.days.map_or(self.day, |days| days + calendar::JULIAN_EPOCH), 1),
            other => return Err(invalid(format!("\"{other}\" is not known in a pattern"))),
        };
        // Parts of a second keep their zeroes.
        let is_part = matches!(field.keyword, "MS" | "US") || field.keyword.starts_with("FF");
        let width = if field.is_bare && !is_part { 0 } else { width };
        match value < 0 {
            true => _ = write!(out, "-{:0width$}", value.unsigned_abs()),
            false => _ = write!(out, "{value:0width$}"),
        }
        Ok(())
    }

    fn day_of_year(&self, days: i64) -> i64 {
        days - calendar::days(self.year, 1, 1) + 1
    }

    fn century(&self) -> i64 {
        match self.days {
            None => self.year / 100,
            Some(_) if self.year > 0 => (self.year - 1) / 100 + 1,
            Some(_) => self.year / 100 - 1,
        }
    }
}

const ROMAN: [&str; 12] =
    ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];

#[cfg(test)]
mod tests {
    use super::{Interval, Shown};
    use crate::functions::dates::pattern;

    // Expected values were printed by PostgreSQL 15.
    #[test]
    fn prints_as_postgres_does() {
        // 2024-01-02 15:04:05.0607
        let moment = Shown::moment(1_704_207_845_060_700, String::new(), 0);
        for (text, expected) in [
            ("YYYY-MM-DD HH24:MI:SS", "2024-01-02 15:04:05"),
            ("yyyymmdd", "20240102"),
            ("DD Mon YYYY, HH12:MI am", "02 Jan 2024, 03:04 pm"),
            ("Month|FMMonth|MON", "January  |January|JAN"),
            ("Day|FMDay|dy D ID", "Tuesday  |Tuesday|tue 3 2"),
            ("FMDDth \"of\" FMMonth", "2nd of January"),
            ("IYYY-IW Q WW DDD", "2024-01 1 01 002"),
            ("MS US FF2", "060 060700 06"),
            ("\"Year\" YYYY", "Year 2024"),
            ("J CC SSSS", "2460312 21 54245"),
            ("YYYY BC RM|FMrm OF TZH:TZM", "2024 AD I   |i +00 +00:00"),
        ] {
            let pattern = pattern::parse(text).expect("a pattern");
            assert_eq!(moment.print(&pattern).ok().as_deref(), Some(expected), "{text}");
        }
        let interval = Shown::interval(Interval { months: 14, days: 3, micros: 97_445_000_000 });
        for (text, expected) in
            [("HH24:MI:SS", "27:04:05"), ("YYYY MM DD HH12", "0001 02 03 03"), ("FMHH24h", "27h")]
        {
            let pattern = pattern::parse(text).expect("a pattern");
            assert_eq!(interval.print(&pattern).ok().as_deref(), Some(expected), "{text}");
        }
    }
}
