//! Days, months and clocks in numbers: microseconds and days since 1970-01-01, without the bounds of a
//! calendar library.

use datafusion::error::{DataFusionError, Result};

use crate::functions::columns::invalid;

pub const SECOND: i64 = 1_000_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;
/// The Julian day number of 1970-01-01.
pub const JULIAN_EPOCH: i64 = 2_440_588;

/// A date of the proleptic Gregorian calendar; year 0 is 1 BC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    pub year: i64,
    pub month: i64,
    pub day: i64,
}

/// The date of a day. Eras of 400 years, each beginning in March, so that leap days end them.
pub fn civil(days: i64) -> Civil {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Civil { year, month, day }
}

/// The day of a date; its day and month may be out of their bounds only for days.
pub fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted_month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

pub fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Sunday is 0.
pub fn weekday(days: i64) -> i64 {
    (days + 4).rem_euclid(7)
}

/// The week of the year after ISO 8601, and the year it belongs to.
pub fn iso_week(days: i64) -> (i64, i64) {
    // The week belongs to the year that has its Thursday.
    let thursday = days - (weekday(days) + 6) % 7 + 3;
    let year = civil(thursday).year;
    (year, (thursday - self::days(year, 1, 1)) / 7 + 1)
}

/// The Monday a year of weeks begins with.
pub fn iso_year_start(year: i64) -> i64 {
    let fourth = days(year, 1, 4);
    fourth - (weekday(fourth) + 6) % 7
}

/// Days and the microseconds of the day.
pub fn split(micros: i64) -> (i64, i64) {
    (micros.div_euclid(DAY), micros.rem_euclid(DAY))
}

pub fn join(days: i64, of_day: i64) -> Result<i64> {
    days.checked_mul(DAY).and_then(|start| start.checked_add(of_day)).ok_or_else(out_of_range)
}

/// Moved by months: the day is the month's last where it would be beyond.
pub fn add_months(days: i64, months: i64) -> i64 {
    let date = civil(days);
    let total = date.year * 12 + date.month - 1 + months;
    let (year, month) = (total.div_euclid(12), total.rem_euclid(12) + 1);
    self::days(year, month, date.day.min(days_in_month(year, month)))
}

/// Years as Postgres counts them: there is no year 0.
pub fn shown_year(year: i64) -> i64 {
    if year > 0 { year } else { year - 1 }
}

pub fn out_of_range() -> DataFusionError {
    invalid("timestamp out of range")
}

#[cfg(test)]
mod tests {
    use super::{Civil, civil, days, iso_week, weekday};

    #[test]
    fn days_and_dates_agree() {
        for day in (-800_000..800_000).step_by(37) {
            let Civil { year, month, day: of_month } = civil(day);
            assert_eq!(days(year, month, of_month), day);
        }
        assert_eq!(civil(0), Civil { year: 1970, month: 1, day: 1 });
        assert_eq!(civil(19_787), Civil { year: 2024, month: 3, day: 5 });
        assert_eq!((weekday(19_787), iso_week(19_723)), (2, (2024, 1)));
        assert_eq!(iso_week(days(2021, 1, 3)), (2020, 53));
    }
}
