//! Dates, times and timestamps from the text in which Athena gives them: `2020-01-31 23:59:59.999`.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};
use chrono_tz::Tz;

/// Days since 1970.
pub(crate) fn date(text: &str) -> Option<i32> {
    let days = day(text)?.signed_duration_since(NaiveDate::default()).num_days();
    i32::try_from(days).ok()
}

/// Since midnight, in units of so many decimal places of a second.
pub(crate) fn time(text: &str, places: u8) -> Option<i64> {
    let nanoseconds = clock(text)?.signed_duration_since(NaiveTime::MIN).num_nanoseconds()?;
    scaled(0, nanoseconds, places)
}

/// Since 1970, as if in UTC.
pub(crate) fn timestamp(text: &str, places: u8) -> Option<i64> {
    since_1970(local(text)?, places)
}

/// Since 1970. The zone stands behind: `UTC`, `+02:00` or `Europe/Berlin`.
pub(crate) fn zoned(text: &str, places: u8) -> Option<i64> {
    let (moment, zone) = text.rsplit_once(' ')?;
    let local = local(moment)?;
    let utc = match zone {
        "UTC" | "Z" => local,
        _ => match offset(zone) {
            Some(offset) => local.checked_sub_offset(offset)?,
            // An hour that the clocks went through twice has two meanings: none is taken.
            None => {
                let zone: Tz = zone.parse().ok()?;
                let moment: DateTime<Tz> = zone.from_local_datetime(&local).single()?;
                moment.naive_utc()
            }
        },
    };
    since_1970(utc, places)
}

fn local(text: &str) -> Option<NaiveDateTime> {
    let (date, time) = text.split_once(' ')?;
    Some(day(date)?.and_time(clock(time)?))
}

fn day(text: &str) -> Option<NaiveDate> {
    let is_sound = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+'));
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    is_sound.then_some(day)
}

/// `23:59:59` with any number of decimals up to nine. Leap seconds are none of Athena's.
fn clock(text: &str) -> Option<NaiveTime> {
    let (time, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = time.split(':').map(|part| {
        let is_sound = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        is_sound.then(|| part.parse::<u32>().ok()).flatten()
    });
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let is_sound = parts.next().is_none()
        && !fraction.is_empty()
        && fraction.len() <= 9
        && fraction.bytes().all(|b| b.is_ascii_digit());
    if !is_sound {
        return None;
    }
    let nanosecond: u32 = format!("{fraction:0<9}").parse().ok()?;
    NaiveTime::from_hms_nano_opt(hour, minute, second, nanosecond)
}

fn offset(text: &str) -> Option<FixedOffset> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = text[1..].split_once(':')?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    FixedOffset::east_opt(sign * (hours * 3600 + minutes * 60))
}

fn since_1970(moment: NaiveDateTime, places: u8) -> Option<i64> {
    let utc = moment.and_utc();
    scaled(utc.timestamp(), utc.timestamp_subsec_nanos().into(), places)
}

/// None where a unit cannot count it exactly.
fn scaled(seconds: i64, nanoseconds: i64, places: u8) -> Option<i64> {
    let per_second = 10i64.pow(places.into());
    let per_unit = 1_000_000_000 / per_second;
    if nanoseconds % per_unit != 0 {
        return None;
    }
    let whole = seconds.checked_mul(per_second)?;
    whole.checked_add(nanoseconds / per_unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_exactly_or_not_at_all() {
        assert_eq!(date("1970-01-02"), Some(1));
        assert_eq!(date("0001-01-01"), Some(-719_162));
        assert_eq!(time("00:00:01.5", 6), Some(1_500_000));
        assert_eq!(timestamp("1969-12-31 23:59:59.999", 3), Some(-1));
        assert_eq!(timestamp("2020-01-01 00:00:00.000001", 3), None);
        for (text, expected) in [
            ("2020-06-01 12:00:00.000 UTC", Some(1_591_012_800_000)),
            ("2020-06-01 14:00:00.000 +02:00", Some(1_591_012_800_000)),
            ("2020-06-01 14:00:00.000 Europe/Berlin", Some(1_591_012_800_000)),
            ("2020-10-25 02:30:00.000 Europe/Berlin", None),
            ("2020-06-01 14:00:00.000", None),
        ] {
            assert_eq!(zoned(text, 3), expected, "{text}");
        }
        for wrong in ["2020-02-30", "2020-1-1 ", "", "today"] {
            assert_eq!(date(wrong), None, "{wrong}");
        }
        for wrong in ["24:00:00", "1:00:00", "00:00:60", "00:00:00.", "00:00"] {
            assert_eq!(time(wrong, 6), None, "{wrong}");
        }
    }
}
