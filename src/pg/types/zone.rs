//! The session's time zone.

use std::fmt::Write;

use bytes::BytesMut;
use chrono::{DateTime, Days, MappedLocalTime, Offset, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};

use crate::error::{Report, Result};

/// A named zone, or a fixed offset east of Greenwich in seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Zone {
    Fixed(i32),
    Named(Tz),
}

impl Zone {
    /// As `SHOW TimeZone` prints it: `UTC`, `Europe/Berlin`, `+02:00`, `<+02>-02`.
    pub fn parse(text: &str) -> Result<Self> {
        if ["utc", "etc/utc", "gmt", "z", "zulu"].contains(&text.to_ascii_lowercase().as_str()) {
            return Ok(Self::Fixed(0));
        }
        let fixed =
            text.strip_prefix('<').and_then(|rest| rest.split_once('>')).map_or(text, |p| p.0);
        if let Some(seconds) = offset(fixed) {
            return Ok(Self::Fixed(seconds));
        }
        let any_case =
            || TZ_VARIANTS.into_iter().find(|zone| zone.name().eq_ignore_ascii_case(text));
        text.parse().ok().or_else(any_case).map(Self::Named).ok_or_else(|| {
            Report::new("22023", format!("invalid value for parameter \"TimeZone\": \"{text}\""))
        })
    }

    /// Seconds east of Greenwich at an instant.
    pub fn offset_at(&self, utc_seconds: i64) -> Result<i32> {
        match self {
            Self::Fixed(seconds) => Ok(*seconds),
            Self::Named(zone) => {
                let at = DateTime::from_timestamp(utc_seconds, 0)
                    .ok_or_else(|| Report::new("22008", "timestamp out of range"))?;
                Ok(zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc())
            }
        }
    }

    /// Seconds east of Greenwich at a local time. As Postgres does, takes the earlier offset of a
    /// time that does not exist, and the later one of a time that exists twice.
    pub fn offset_at_local(&self, local_seconds: i64) -> Result<i32> {
        let Self::Named(zone) = self else {
            return self.offset_at(local_seconds);
        };
        let range = || Report::new("22008", "timestamp out of range");
        let local = DateTime::from_timestamp(local_seconds, 0).ok_or_else(range)?.naive_utc();
        let offset = match zone.offset_from_local_datetime(&local) {
            MappedLocalTime::Single(offset) | MappedLocalTime::Ambiguous(_, offset) => offset,
            MappedLocalTime::None => {
                let before = local.checked_sub_days(Days::new(1)).ok_or_else(range)?;
                zone.offset_from_utc_datetime(&before)
            }
        };
        Ok(offset.fix().local_minus_utc())
    }
}

/// `+02`, `-05:30`, `+0530`, `+00:53:28` → seconds east.
pub(crate) fn offset(text: &str) -> Option<i32> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b':') {
        return None;
    }
    let parts: Vec<&str> = match digits.split(':').collect::<Vec<_>>().as_slice() {
        [packed] if packed.len() == 4 => vec![&packed[..2], &packed[2..]],
        parts if (1..=3).contains(&parts.len()) => parts.to_vec(),
        _ => return None,
    };
    let mut seconds = 0;
    for (part, unit) in parts.iter().zip([3_600, 60, 1]) {
        let number: i32 = part.parse().ok().filter(|_| part.len() <= 2)?;
        if unit < 3_600 && number > 59 || number > 15 && unit == 3_600 {
            return None;
        }
        seconds += number * unit;
    }
    Some(sign * seconds)
}

/// `+00`, `+05:30`, `-00:25:21`.
pub(crate) fn write_offset(seconds: i32, out: &mut BytesMut) -> Result<()> {
    let sign = if seconds < 0 { '-' } else { '+' };
    let all = seconds.unsigned_abs();
    let (hours, minutes, seconds) = (all / 3_600, all / 60 % 60, all % 60);
    let result = match (minutes, seconds) {
        (0, 0) => write!(out, "{sign}{hours:02}"),
        (_, 0) => write!(out, "{sign}{hours:02}:{minutes:02}"),
        _ => write!(out, "{sign}{hours:02}:{minutes:02}:{seconds:02}"),
    };
    result.map_err(|_| Report::internal("a buffer refused bytes"))
}
