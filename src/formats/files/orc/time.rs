//! ORC's timestamps: seconds from the start of 2015 where the writer stood, and nanoseconds.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

use super::Decoded;

/// 2015-01-01 00:00:00 UTC.
const EPOCH_SECONDS: i64 = 1_420_070_400;

const RULES_END_YEAR: i32 = 2037;

#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// Where timestamps without a time zone were written; none: UTC.
    zone: Option<Tz>,
    epoch_seconds: i64,
}

impl Clock {
    pub(super) const UTC: Self = Self { zone: None, epoch_seconds: EPOCH_SECONDS };

    /// None: no such time zone.
    pub(super) fn of(zone: &str) -> Option<Self> {
        if matches!(zone, "" | "UTC" | "GMT" | "Etc/UTC" | "Z") {
            return Some(Self::UTC);
        }
        let zone: Tz = zone.parse().ok()?;
        let start: NaiveDateTime = NaiveDate::from_ymd_opt(2015, 1, 1)?.and_hms_opt(0, 0, 0)?;
        let epoch = zone.from_local_datetime(&start).earliest()?;
        Some(Self { zone: Some(zone), epoch_seconds: epoch.timestamp() })
    }

    /// What the writer's clock showed, in microseconds; finer digits are left out.
    pub(super) fn micros(&self, seconds: i64, nanos: i64) -> Decoded<i64> {
        let outside = "a timestamp is outside the range of its type";
        let instant = seconds.checked_add(self.epoch_seconds).ok_or(outside)?;
        let mut shown = match self.zone {
            None => instant,
            Some(zone) => {
                let known = DateTime::from_timestamp(instant, 0).ok_or(outside)?;
                let offset = zone.offset_from_utc_datetime(&within_rules(known)).fix();
                instant.checked_add(i64::from(offset.local_minus_utc())).ok_or(outside)?
            }
        };
        let nanos = nanoseconds(nanos)?;
        // Java rounds seconds before 1970 towards zero, and forgot to say so.
        if shown < 0 && nanos > 999_999 {
            shown -= 1;
        }
        let micros = shown.checked_mul(1_000_000).ok_or(outside)?;
        micros.checked_add(nanos.div_euclid(1000)).ok_or(outside)
    }
}

/// The tables of time zones end in 2037. Summer time goes by days of the week: a year with the same
/// calendar has the same.
fn within_rules(instant: DateTime<Utc>) -> NaiveDateTime {
    let calendar = |year| {
        let first = NaiveDate::from_ymd_opt(year, 1, 1)?;
        Some((first.weekday(), first.leap_year()))
    };
    let naive = instant.naive_utc();
    if naive.year() <= RULES_END_YEAR {
        return naive;
    }
    let wanted = calendar(naive.year());
    let alike = (RULES_END_YEAR - 27..=RULES_END_YEAR).find(|year| calendar(*year) == wanted);
    alike.and_then(|year| naive.with_year(year)).unwrap_or(naive)
}

/// The lowest three bits say how many zeros were cut off the end. Arrow's writer puts negative ones beside
/// seconds before 1970.
fn nanoseconds(packed: i64) -> Decoded<i64> {
    let zeros = u32::try_from(packed & 7).unwrap_or_default();
    let digits = packed >> 3;
    let value = match zeros {
        0 => Some(digits),
        zeros => digits.checked_mul(10_i64.pow(zeros + 1)),
    };
    let value = value.filter(|value: &i64| value.unsigned_abs() < 1_000_000_000);
    value.ok_or("a timestamp has no valid nanoseconds")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(zone: &str, utc: &str) -> String {
        let clock = Clock::of(zone).expect("a zone");
        let instant: DateTime<Utc> = utc.parse().expect("an instant");
        let micros = clock.micros(instant.timestamp() - clock.epoch_seconds, 0).expect("in range");
        DateTime::from_timestamp_micros(micros).expect("in range").naive_utc().to_string()
    }

    #[test]
    fn timestamps_show_the_writers_clock() {
        let pacific = "America/Los_Angeles";
        assert_eq!(shown("", "2100-05-05T12:00:00Z"), "2100-05-05 12:00:00");
        assert_eq!(shown(pacific, "2015-01-01T08:00:00Z"), "2015-01-01 00:00:00");
        assert_eq!(shown(pacific, "2024-07-01T07:00:00Z"), "2024-07-01 00:00:00");
        assert_eq!(shown(pacific, "2100-05-05T19:34:56Z"), "2100-05-05 12:34:56");
        assert_eq!(shown(pacific, "2100-01-05T19:34:56Z"), "2100-01-05 11:34:56");
        assert!(Clock::of("Middle/Earth").is_none());
    }

    #[test]
    fn nanoseconds_are_unpacked_and_rounded_down() {
        assert_eq!(nanoseconds(5 << 3 | 7), Ok(500_000_000));
        assert_eq!(nanoseconds(123 << 3), Ok(123));
        assert!(nanoseconds(i64::MAX).is_err());
        let before = -1 - EPOCH_SECONDS;
        assert_eq!(Clock::UTC.micros(before, 1_000_001 << 3), Ok(-2_000_000 + 1000));
    }
}
