//! Intervals: months, days and a clock part, each kept apart. Arrow keeps the clock in nanoseconds, so it
//! ends at 292 years.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, IntervalMonthDayNanoArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, DurationMicrosecondType, IntervalMonthDayNano, IntervalMonthDayNanoType,
    IntervalUnit, TimeUnit,
};
use datafusion::error::{DataFusionError, Result};

use super::calendar::{DAY, HOUR, MINUTE, SECOND};
use crate::functions::columns::invalid;

/// The parts of an interval, in Postgres' units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interval {
    pub months: i64,
    pub days: i64,
    pub micros: i64,
}

pub const DATA_TYPE: DataType = DataType::Interval(IntervalUnit::MonthDayNano);

pub fn out_of_range() -> DataFusionError {
    invalid("interval out of range")
}

impl Interval {
    pub fn of(value: IntervalMonthDayNano) -> Self {
        let (months, days) = (i64::from(value.months), i64::from(value.days));
        Self { months, days, micros: value.nanoseconds / 1000 }
    }

    /// The difference of two moments: whole days apart from the rest.
    pub fn between(micros: i64) -> Self {
        Self { months: 0, days: micros / DAY, micros: micros % DAY }
    }

    pub fn arrow(self) -> Result<IntervalMonthDayNano> {
        let months = i32::try_from(self.months).map_err(|_| out_of_range())?;
        let days = i32::try_from(self.days).map_err(|_| out_of_range())?;
        let nanoseconds = self.micros.checked_mul(1000).ok_or_else(out_of_range)?;
        Ok(IntervalMonthDayNano { months, days, nanoseconds })
    }

    /// What it is worth when compared: a month of 30 days, a day of 24 hours.
    pub fn worth(self) -> i128 {
        i128::from(self.months * 30 + self.days) * i128::from(DAY) + i128::from(self.micros)
    }

    pub fn plus(self, other: Self) -> Self {
        Self {
            months: self.months + other.months,
            days: self.days + other.days,
            micros: self.micros.saturating_add(other.micros),
        }
    }

    pub fn negated(self) -> Self {
        Self { months: -self.months, days: -self.days, micros: -self.micros }
    }

    /// Multiplied or divided. Fractions of a month become days, fractions of a day become time.
    pub fn scaled(self, by: impl Fn(f64) -> f64) -> Result<Self> {
        let (months, days) = (by(as_float(self.months)), by(as_float(self.days)));
        let mut result =
            Self { months: whole(months.trunc())?, days: whole(days.trunc())?, micros: 0 };
        // What is left of the months, in days; rounded where the multiplication was inexact.
        let month_days = round_to(months.fract() * 30.0, 6);
        let mut seconds = round_to((days.fract() + month_days - month_days.trunc()) * 86_400.0, 6);
        if seconds.abs() >= 86_400.0 {
            result.days += whole((seconds / 86_400.0).trunc())?;
            seconds -= (seconds / 86_400.0).trunc() * 86_400.0;
        }
        result.days += whole(month_days.trunc())?;
        let micros = by(as_float(self.micros)) + seconds * 1e6;
        result.micros = whole(micros.round_ties_even())?;
        Ok(result)
    }

    pub fn justify_hours(self) -> Self {
        let mut result = self;
        result.days += self.micros / DAY;
        result.micros %= DAY;
        if result.days > 0 && result.micros < 0 {
            result.micros += DAY;
            result.days -= 1;
        } else if result.days < 0 && result.micros > 0 {
            result.micros -= DAY;
            result.days += 1;
        }
        result
    }

    pub fn justify_days(self) -> Self {
        let mut result = self;
        result.months += self.days / 30;
        result.days %= 30;
        if result.months > 0 && result.days < 0 {
            result.days += 30;
            result.months -= 1;
        } else if result.months < 0 && result.days > 0 {
            result.days -= 30;
            result.months += 1;
        }
        result
    }

    pub fn justify(self) -> Self {
        let mut result = self;
        // Days first, so that the clock's days count among those of months.
        result.days += result.micros / DAY;
        result.micros %= DAY;
        result.months += result.days / 30;
        result.days %= 30;
        if result.months > 0 && (result.days < 0 || (result.days == 0 && result.micros < 0)) {
            result.days += 30;
            result.months -= 1;
        } else if result.months < 0 && (result.days > 0 || (result.days == 0 && result.micros > 0))
        {
            result.days -= 30;
            result.months += 1;
        }
        if result.days > 0 && result.micros < 0 {
            result.micros += DAY;
            result.days -= 1;
        } else if result.days < 0 && result.micros > 0 {
            result.micros -= DAY;
            result.days += 1;
        }
        result
    }

    /// As Postgres prints it: `1 year 2 mons 3 days 04:05:06`.
    pub fn print(self) -> String {
        let mut out = String::new();
        let mut before_is_negative = false;
        let mut part = |value: i64, name: &str| {
            if value == 0 {
                return;
            }
            let sign = if before_is_negative && value > 0 { "+" } else { "" };
            let space = if out.is_empty() { "" } else { " " };
            let plural = if value == 1 { "" } else { "s" };
            // Writing to a String cannot fail.
            let _ = write!(out, "{space}{sign}{value} {name}{plural}");
            before_is_negative = value < 0;
        };
        part(self.months / 12, "year");
        part(self.months % 12, "mon");
        part(self.days, "day");
        if self.micros != 0 || out.is_empty() {
            let space = if out.is_empty() { "" } else { " " };
            let sign = match self.micros < 0 {
                true => "-",
                false if before_is_negative => "+",
                false => "",
            };
            let _ = write!(out, "{space}{sign}{}", clock(self.micros.unsigned_abs()));
        }
        out
    }
}

/// `04:05:06.5`, hours as many as there are.
pub fn clock(micros: u64) -> String {
    let (hour, minute, second) =
        (HOUR.unsigned_abs(), MINUTE.unsigned_abs(), SECOND.unsigned_abs());
    let mut text = format!(
        "{:02}:{:02}:{:02}",
        micros / hour,
        micros % hour / minute,
        micros % minute / second
    );
    let fraction = micros % second;
    if fraction != 0 {
        let digits = format!("{fraction:06}");
        let _ = write!(text, ".{}", digits.trim_end_matches('0'));
    }
    text
}

pub fn as_float(value: i64) -> f64 {
    value as f64
}

fn whole(value: f64) -> Result<i64> {
    if value.abs() >= 9.2e18 || value.is_nan() {
        return Err(out_of_range());
    }
    Ok(value as i64)
}

fn round_to(value: f64, digits: i32) -> f64 {
    let factor = 10_f64.powi(digits);
    (value * factor).round_ties_even() / factor
}

/// A column of any type of interval, or of differences between moments, as intervals.
pub fn column(array: &ArrayRef) -> Result<IntervalMonthDayNanoArray> {
    if matches!(array.data_type(), DataType::Duration(_)) {
        let micros = cast(array, &DataType::Duration(TimeUnit::Microsecond))?;
        let values = micros.as_primitive::<DurationMicrosecondType>().iter();
        let values = values.map(|v| v.map(|v| Interval::between(v).arrow()).transpose());
        return values.collect();
    }
    let whole = cast(array, &DATA_TYPE)?;
    Ok(whole.as_primitive::<IntervalMonthDayNanoType>().clone())
}

/// One interval per row, NULL where one of the arguments is.
pub fn build(values: impl Iterator<Item = Result<Option<Interval>>>) -> Result<ArrayRef> {
    let values = values.map(|value| value?.map(Interval::arrow).transpose());
    Ok(Arc::new(values.collect::<Result<IntervalMonthDayNanoArray>>()?))
}

pub fn is_interval(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Interval(_) | DataType::Duration(_))
}

#[cfg(test)]
mod tests {
    use super::Interval;

    // Expected values were printed by PostgreSQL 15.
    #[test]
    fn computes_and_prints_as_postgres_does() {
        let interval = |months, days, micros| Interval { months, days, micros };
        for (value, expected) in [
            (interval(14, 3, 14_706_000_000), "1 year 2 mons 3 days 04:05:06"),
            (interval(0, 0, 0), "00:00:00"),
            (interval(-1, 1, 0), "-1 mons +1 day"),
            (interval(0, 0, -5_500_000), "-00:00:05.5"),
            (interval(0, 1, 0).scaled(|x| x * 2.5).unwrap_or_default(), "2 days 12:00:00"),
            (interval(1, 0, 0).scaled(|x| x * 0.5).unwrap_or_default(), "15 days"),
            (interval(1, 0, 0).scaled(|x| x / 7.0).unwrap_or_default(), "4 days 06:51:25.6896"),
            (interval(0, 0, 97_200_000_000).justify_hours(), "1 day 03:00:00"),
            (interval(0, 35, 0).justify_days(), "1 mon 5 days"),
            (interval(1, 0, -3_600_000_000).justify(), "29 days 23:00:00"),
        ] {
            assert_eq!(value.print(), expected);
        }
    }
}
