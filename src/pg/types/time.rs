//! Dates, times and intervals as text, written and read as Postgres does in the ISO style.

use std::fmt::Write;

use bytes::{BufMut, BytesMut};

use crate::error::{Report, Result};
use crate::types::digits;
use crate::types::zone::{self, Zone};

pub(crate) const DAY_MICROS: i64 = 86_400_000_000;

/// Days since 1970 → year, month, day, by the proleptic Gregorian calendar. Howard Hinnant's
/// <https://howardhinnant.github.io/date_algorithms.html>: chrono stops where Postgres goes on.
pub(crate) fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// The inverse of [`civil`].
pub(crate) fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let march_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * march_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn put(out: &mut BytesMut, text: std::fmt::Arguments<'_>) -> Result<()> {
    out.write_fmt(text).map_err(|_| Report::internal("a buffer refused bytes"))
}

fn out_of_range(what: &str) -> Report {
    Report::new("22008", format!("{what} out of range"))
}

/// Year 0 is 1 BC, which Postgres says at the very end.
fn write_civil(days: i64, out: &mut impl BufMut) -> &'static str {
    let (year, month, day) = civil(days);
    let (shown, era) = if year > 0 { (year, "") } else { (1 - year, " BC") };
    digits::put_padded(shown.unsigned_abs(), 4, out);
    out.put_u8(b'-');
    digits::put_two(month, out);
    out.put_u8(b'-');
    digits::put_two(day, out);
    era
}

pub(crate) fn write_date(days: i64, out: &mut BytesMut) {
    let era = write_civil(days, out);
    out.extend_from_slice(era.as_bytes());
}

pub(crate) fn write_time(micros: i64, out: &mut impl BufMut) -> Result<()> {
    if !(0..=DAY_MICROS).contains(&micros) {
        return Err(out_of_range("time"));
    }
    let seconds = micros / 1_000_000;
    digits::put_two(seconds / 3_600, out);
    out.put_u8(b':');
    digits::put_two(seconds / 60 % 60, out);
    out.put_u8(b':');
    digits::put_two(seconds % 60, out);
    write_fraction((micros % 1_000_000).unsigned_abs(), out);
    Ok(())
}

fn write_fraction(micros: u64, out: &mut impl BufMut) {
    if micros == 0 {
        return;
    }
    out.put_u8(b'.');
    let (mut fraction, mut width) = (micros, 6);
    while fraction % 10 == 0 {
        (fraction, width) = (fraction / 10, width - 1);
    }
    digits::put_padded(fraction, width, out);
}

/// `separator` is a space for SQL, a T for JSON.
pub(crate) fn write_timestamp(micros: i64, separator: char, out: &mut BytesMut) -> Result<()> {
    let era = write_clock(micros, separator, out)?;
    out.extend_from_slice(era.as_bytes());
    Ok(())
}

fn write_clock(micros: i64, separator: char, out: &mut BytesMut) -> Result<&'static str> {
    // Put together on the stack: a year has at most six digits.
    let mut bytes = [0; CLOCK_BYTES];
    let mut left = bytes.as_mut_slice();
    let era = write_civil(micros.div_euclid(DAY_MICROS), &mut left);
    left.put_u8(if separator == 'T' { b'T' } else { b' ' });
    write_time(micros.rem_euclid(DAY_MICROS), &mut left)?;
    let length = CLOCK_BYTES - left.len();
    out.extend_from_slice(&bytes[..length]);
    Ok(era)
}

const CLOCK_BYTES: usize = 48;

pub(crate) fn write_instant(
    micros: i64,
    zone: &Zone,
    separator: char,
    out: &mut BytesMut,
) -> Result<()> {
    let offset = zone.offset_at(micros.div_euclid(1_000_000))?;
    let local = micros.checked_add(i64::from(offset) * 1_000_000);
    let era = write_clock(local.ok_or_else(|| out_of_range("timestamp"))?, separator, out)?;
    zone::write_offset(offset, out)?;
    out.extend_from_slice(era.as_bytes());
    Ok(())
}

/// `1 year 2 mons -3 days +04:05:06.7`: a sign shows from the first negative part on.
pub(crate) fn write_interval(
    months: i32,
    days: i32,
    micros: i64,
    out: &mut BytesMut,
) -> Result<()> {
    let (mut is_empty, mut is_before) = (true, false);
    for (value, unit) in [(months / 12, "year"), (months % 12, "mon"), (days, "day")] {
        if value == 0 {
            continue;
        }
        let space = if is_empty { "" } else { " " };
        let plus = if is_before && value > 0 { "+" } else { "" };
        let plural = if value == 1 { "" } else { "s" };
        put(out, format_args!("{space}{plus}{value} {unit}{plural}"))?;
        (is_empty, is_before) = (false, value < 0);
    }
    if is_empty || micros != 0 {
        let space = if is_empty { "" } else { " " };
        let sign = match (micros < 0, is_before) {
            (true, _) => "-",
            (false, true) => "+",
            (false, false) => "",
        };
        let all = micros.unsigned_abs();
        let seconds = all / 1_000_000;
        let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
        put(out, format_args!("{space}{sign}{hours:02}:{minutes:02}:{:02}", seconds % 60))?;
        write_fraction(all % 1_000_000, out);
    }
    Ok(())
}

/// What a text of date and time says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub days: i64,
    pub micros: i64,
    /// Seconds east, when a zone is given.
    pub offset: Option<i32>,
}

impl Moment {
    /// Microseconds since 1970 of the local time.
    pub fn local_micros(&self) -> Option<i64> {
        self.days.checked_mul(DAY_MICROS)?.checked_add(self.micros)
    }

    /// `2024-02-29`, `2024-02-29 12:30:00.5+02`, `2024-02-29T12:30:00Z`, `0044-03-15 BC`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (text, is_bc) = match text.strip_suffix(" BC") {
            Some(rest) => (rest, true),
            None => (text.strip_suffix(" AD").unwrap_or(text), false),
        };
        let split = text.find([' ', 'T', 't']);
        let (date, clock) = match split {
            Some(at) => (&text[..at], text[at + 1..].trim()),
            None => (text, ""),
        };
        let days = parse_date(date, is_bc)?;
        if split.is_none() {
            return Some(Self { days, micros: 0, offset: None });
        }
        let (clock, offset) = split_zone(clock)?;
        // A date may have a zone and no time: pgjdbc writes dates so.
        let micros = if clock.is_empty() { 0 } else { parse_time(clock)? };
        Some(Self { days, micros, offset })
    }
}

fn parse_date(text: &str, is_bc: bool) -> Option<i64> {
    let mut parts = text.splitn(3, '-');
    let mut number = |width: std::ops::RangeInclusive<usize>| {
        let part = parts.next()?;
        let valid = width.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<i64>().ok().filter(|_| valid)
    };
    let (year, month, day) = (number(4..=6)?, number(1..=2)?, number(1..=2)?);
    if year == 0 {
        return None;
    }
    let year = if is_bc { 1 - year } else { year };
    let result = days(year, month, day);
    // Any day that does not come back unchanged does not exist.
    (civil(result) == (year, month, day)).then_some(result)
}

/// `12:30:00+02` → clock and offset.
fn split_zone(text: &str) -> Option<(&str, Option<i32>)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock.trim_end(), Some(0)));
    }
    if let Some(clock) = text.strip_suffix(" UTC") {
        return Some((clock, Some(0)));
    }
    match text.find(['+', '-']) {
        Some(at) => Some((text[..at].trim_end(), Some(zone::offset(&text[at..])?))),
        None => Some((text, None)),
    }
}

/// `12:30`, `12:30:00.123456` → microseconds. `24:00:00` is the end of the day.
pub(crate) fn parse_time(text: &str) -> Option<i64> {
    let mut parts = text.trim().splitn(3, ':');
    let number = |text: &str| {
        let valid = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i64>().ok().filter(|_| valid)
    };
    let (hours, minutes) = (number(parts.next()?)?, number(parts.next()?)?);
    let (seconds, fraction) = match parts.next() {
        None => (0, 0),
        Some(text) => {
            let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
            (number(seconds)?, parse_fraction(fraction)?)
        }
    };
    if minutes > 59 || seconds > 59 {
        return None;
    }
    let micros = ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + fraction;
    (micros <= DAY_MICROS).then_some(micros)
}

/// As [`parse_time`]; a zone after it means nothing, as in Postgres.
pub(crate) fn parse_zoned_time(text: &str) -> Option<i64> {
    parse_time(split_zone(text.trim())?.0)
}

/// The digits after the point as microseconds; more than six are refused rather than rounded.
fn parse_fraction(digits: &str) -> Option<i64> {
    let digits = if digits.len() > 6 { digits.trim_end_matches('0') } else { digits };
    if digits.len() > 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{digits:0<6}").parse().ok()
}

/// `1 year 2 mons -3 days 04:05:06.7` and ISO 8601's `P1Y2M3DT4H5M6.7S` → months, days,
/// microseconds.
pub(crate) fn parse_interval(text: &str) -> Option<(i32, i32, i64)> {
    let text = text.trim();
    if let Some(iso) = text.strip_prefix('P') {
        return parse_iso_interval(iso);
    }
    let (mut months, mut days, mut micros) = (0i32, 0i32, 0i64);
    let mut words = text.split_whitespace().peekable();
    words.peek()?;
    while let Some(word) = words.next() {
        if word.contains(':') {
            let (sign, clock) = match word.strip_prefix('-') {
                Some(rest) => (-1, rest),
                None => (1, word.strip_prefix('+').unwrap_or(word)),
            };
            let (hours, rest) = clock.split_once(':')?;
            let hours: i64 = hours.parse().ok().filter(|hours| *hours >= 0)?;
            let part = parse_time(&format!("0:{rest}"))?;
            let all = hours.checked_mul(3_600_000_000)?.checked_add(part)?;
            micros = micros.checked_add(sign * all)?;
            continue;
        }
        let unit = words.next()?.to_ascii_lowercase();
        let unit = unit.strip_suffix('s').unwrap_or(&unit);
        add_unit(unit, word, &mut months, &mut days, &mut micros)?;
    }
    Some((months, days, micros))
}

fn add_unit(
    unit: &str,
    number: &str,
    months: &mut i32,
    days: &mut i32,
    micros: &mut i64,
) -> Option<()> {
    let whole = || number.parse::<i32>().ok();
    match unit {
        "year" | "y" => *months = months.checked_add(whole()?.checked_mul(12)?)?,
        "mon" | "month" => *months = months.checked_add(whole()?)?,
        "week" | "w" => *days = days.checked_add(whole()?.checked_mul(7)?)?,
        "day" | "d" => *days = days.checked_add(whole()?)?,
        "hour" | "h" => *micros = micros.checked_add(i64::from(whole()?) * 3_600_000_000)?,
        "min" | "minute" | "m" => *micros = micros.checked_add(i64::from(whole()?) * 60_000_000)?,
        "sec" | "second" | "" => {
            let (sign, digits) = match number.strip_prefix('-') {
                Some(rest) => (-1, rest),
                None => (1, number),
            };
            let (seconds, fraction) = digits.split_once('.').unwrap_or((digits, ""));
            let seconds: i64 = seconds.parse::<u32>().ok()?.into();
            let all = seconds * 1_000_000 + parse_fraction(fraction)?;
            *micros = micros.checked_add(sign * all)?;
        }
        _ => return None,
    }
    Some(())
}

fn parse_iso_interval(text: &str) -> Option<(i32, i32, i64)> {
    let (date, clock) = text.split_once('T').unwrap_or((text, ""));
    if date.is_empty() && clock.is_empty() {
        return None;
    }
    let (mut months, mut days, mut micros) = (0, 0, 0);
    for (mut part, units) in [
        (date, [('Y', "year"), ('M', "mon"), ('W', "week"), ('D', "day")].as_slice()),
        (clock, [('H', "hour"), ('M', "min"), ('S', "sec")].as_slice()),
    ] {
        while !part.is_empty() {
            let end = part.find(|c: char| c.is_ascii_alphabetic())?;
            let letter = part[end..].chars().next()?;
            let (_, unit) = units.iter().find(|(known, _)| *known == letter)?;
            add_unit(unit, &part[..end], &mut months, &mut days, &mut micros)?;
            part = &part[end + 1..];
        }
    }
    Some((months, days, micros))
}
