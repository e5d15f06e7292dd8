//! ORC's timestamps: seconds from the start of 2015 where the writer stood, and nanoseconds.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone};
use chrono_tz::Tz;

use super::Decoded;

/// 2015-01-01 00:00:00 UTC.
const EPOCH_SECONDS: i64 = 1_420_070_400;

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
                let instant = DateTime::from_timestamp(instant, 0).ok_or(outside)?;
                instant.with_timezone(&zone).naive_local().and_utc().timestamp()
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
