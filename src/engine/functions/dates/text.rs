//! Dates and times from text, in the forms Postgres reads (DateStyle ISO, MDY).

use datafusion::error::{DataFusionError, Result};

use super::calendar::{self, DAY, HOUR, MINUTE, SECOND};
use crate::functions::columns::invalid;
use crate::functions::scalar::external;
use crate::functions::timezone::{self, Zone};

pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// What a text says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spoken {
    pub day: Option<i64>,
    /// Microseconds of the day, which may be a whole day.
    pub clock: Option<i64>,
    pub zone: Option<Zone>,
    pub word: Option<Word>,
}

/// Words that stand for a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    Epoch,
    Now,
    /// Today moved by this many days.
    Day(i64),
}

/// Now, as the moment and as the session's clocks show it; asked only where a text needs it.
#[derive(Clone, Copy)]
pub struct Present {
    pub instant: i64,
    pub reading: i64,
}

impl Present {
    pub fn in_zone(zone: Zone) -> Result<Self> {
        let instant = chrono::Utc::now().timestamp_micros();
        Ok(Self { instant, reading: zone.reading(instant)? })
    }
}

/// A timestamp: what it says of a zone does not count.
pub fn timestamp(text: &str, zone: Zone) -> Result<i64> {
    let spoken = parse(text, "timestamp")?;
    match spoken.word {
        Some(Word::Epoch) => Ok(0),
        Some(Word::Now) => Ok(Present::in_zone(zone)?.reading),
        Some(Word::Day(by)) => day_and_clock(today(zone)? + by, &spoken),
        None => day_and_clock(spoken.day.ok_or_else(|| syntax("timestamp", text))?, &spoken),
    }
}

/// An instant: clocks are the session's where the text names no zone.
pub fn instant(text: &str, zone: Zone) -> Result<i64> {
    let spoken = parse(text, "timestamp with time zone")?;
    let reading = match spoken.word {
        Some(Word::Epoch) => return Ok(0),
        Some(Word::Now) => return Ok(Present::in_zone(zone)?.instant),
        Some(Word::Day(by)) => day_and_clock(today(zone)? + by, &spoken)?,
        None => {
            let day = spoken.day.ok_or_else(|| syntax("timestamp with time zone", text))?;
            day_and_clock(day, &spoken)?
        }
    };
    spoken.zone.unwrap_or(zone).instant(reading)
}

/// Days since 1970.
pub fn date(text: &str, zone: Zone) -> Result<i32> {
    let spoken = parse(text, "date")?;
    let day = match spoken.word {
        Some(Word::Epoch) => 0,
        Some(Word::Now) => today(zone)?,
        Some(Word::Day(by)) => today(zone)? + by,
        None => spoken.day.ok_or_else(|| syntax("date", text))?,
    };
    i32::try_from(day).map_err(|_| invalid("date out of range"))
}

/// Microseconds of the day.
pub fn time(text: &str, zone: Zone) -> Result<i64> {
    let spoken = parse(text, "time")?;
    match spoken.word {
        Some(Word::Now) => Ok(calendar::split(Present::in_zone(zone)?.reading).1),
        _ => spoken.clock.ok_or_else(|| syntax("time", text)),
    }
}

fn today(zone: Zone) -> Result<i64> {
    Ok(calendar::split(Present::in_zone(zone)?.reading).0)
}

fn day_and_clock(day: i64, spoken: &Spoken) -> Result<i64> {
    calendar::join(day, spoken.clock.unwrap_or(0))
}

pub fn syntax(kind: &str, text: &str) -> DataFusionError {
    invalid(format!("invalid input syntax for type {kind}: \"{text}\""))
}

pub fn field_out_of_range(text: &str) -> DataFusionError {
    invalid(format!("date/time field value out of range: \"{text}\""))
}

/// Texts longer than this are none.
const BYTES_MAX: usize = 128;

pub fn parse(text: &str, kind: &'static str) -> Result<Spoken> {
    let trimmed = text.trim();
    if trimmed.is_empty() || trimmed.len() > BYTES_MAX || !trimmed.is_ascii() {
        return Err(syntax(kind, text));
    }
    let mut reader = Reader {
        text,
        kind,
        rest: trimmed,
        spoken: Spoken::default(),
        month: None,
        numbers: Vec::new(),
        is_bc: false,
        half: None,
    };
    while !reader.rest.is_empty() {
        reader.token()?;
    }
    reader.finish()
}

struct Reader<'a> {
    text: &'a str,
    kind: &'static str,
    rest: &'a str,
    spoken: Spoken,
    /// A month's name, and the numbers beside it, each with its number of digits.
    month: Option<i64>,
    numbers: Vec<(i64, usize)>,
    is_bc: bool,
    /// AM or PM.
    half: Option<bool>,
}

impl<'a> Reader<'a> {
    fn syntax(&self) -> DataFusionError {
        syntax(self.kind, self.text)
    }

    fn out_of_range(&self) -> DataFusionError {
        field_out_of_range(self.text)
    }

    fn take(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let (head, tail) = self.rest.split_at(end);
        self.rest = tail;
        head
    }

    fn token(&mut self) -> Result<()> {
        let mut chars = self.rest.chars();
        let (first, second) = (chars.next().unwrap_or(' '), chars.next());
        match first {
            ' ' | ',' | '\t' | '\n' => self.rest = &self.rest[1..],
            '0'..='9' => return self.digits(),
            '+' | '-' if self.spoken.clock.is_some() || self.spoken.day.is_some() => {
                let sign = if first == '-' { -1 } else { 1 };
                self.rest = &self.rest[1..];
                let digits = self.take(|c| c.is_ascii_digit() || c == ':');
                let seconds = offset(digits).ok_or_else(|| self.syntax())?;
                self.spoken.zone = Some(Zone::fixed(sign * seconds).ok_or_else(|| self.syntax())?);
            }
            't' | 'T' if second.is_some_and(|c| c.is_ascii_digit()) => self.rest = &self.rest[1..],
            'a'..='z' | 'A'..='Z' => return self.word(),
            '-' if second.is_some_and(|c| c.is_ascii_alphabetic()) => return self.word(),
            _ => return Err(self.syntax()),
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<()> {
        let start = self.rest;
        let head = self.take(|c| c.is_ascii_digit());
        let next = self.rest.chars().next();
        if next == Some(':') {
            self.rest = start;
            return self.clock();
        }
        if matches!(next, Some('-' | '/' | '.'))
            && self.spoken.day.is_none()
            && self.month.is_none()
        {
            self.rest = start;
            let token = self.take(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '/' | '.'));
            // `2024-03-05T14:07` and `2024-03-05t…`: the T is no part of the date.
            let cut = token.find(['T', 't']).filter(|at| {
                let (before, after) = (token.as_bytes().get(at.wrapping_sub(1)), &token[at + 1..]);
                before.is_some_and(u8::is_ascii_digit)
                    && after.starts_with(|c: char| c.is_ascii_digit())
            });
            let token = match cut {
                Some(at) => {
                    self.rest = &start[at..];
                    &token[..at]
                }
                None => token
                    .strip_suffix(['z', 'Z'])
                    .inspect(|kept| {
                        self.rest = &start[kept.len()..];
                    })
                    .unwrap_or(token),
            };
            return self.date(token);
        }
        let number = head.parse::<i64>().map_err(|_| self.out_of_range())?;
        match head.len() {
            6 | 4 if self.kind == "time" && self.spoken.clock.is_none() => {
                let (clock, seconds) =
                    if head.len() == 6 { (number / 100, number % 100) } else { (number, 0) };
                self.set_clock(clock / 100, clock % 100, seconds, 0)
            }
            8 if self.spoken.day.is_none() => {
                self.set_day(number / 10_000, number / 100 % 100, number % 100)
            }
            6 if self.spoken.day.is_none() && self.month.is_none() => {
                self.set_day(short_year(number / 10_000), number / 100 % 100, number % 100)
            }
            6 | 4 if self.spoken.day.is_some() && self.spoken.clock.is_none() => {
                let (clock, seconds) =
                    if head.len() == 6 { (number / 100, number % 100) } else { (number, 0) };
                let fraction = if self.rest.starts_with('.') { self.fraction() } else { 0 };
                self.set_clock(clock / 100, clock % 100, seconds, fraction)
            }
            // `13 PM`, and the day or year beside a month's name.
            1..=2 if self.spoken.day.is_some() && self.spoken.clock.is_none() => {
                self.set_clock(number, 0, 0, 0)
            }
            digits if self.spoken.day.is_none() => {
                self.numbers.push((number, digits));
                Ok(())
            }
            _ => Err(self.syntax()),
        }
    }

    /// `.123456`, in microseconds; the seventh digit rounds.
    fn fraction(&mut self) -> i64 {
        let token = self.take(|c| c.is_ascii_digit() || c == '.');
        fraction_micros(token.trim_start_matches('.'))
    }

    fn clock(&mut self) -> Result<()> {
        let token = self.take(|c| c.is_ascii_digit() || c == ':');
        let parts: Vec<Option<i64>> = token.split(':').map(|p| p.parse().ok()).collect();
        let fraction = if self.rest.starts_with('.') { self.fraction() } else { 0 };
        match parts.as_slice() {
            [Some(hour), Some(minute)] if fraction == 0 => self.set_clock(*hour, *minute, 0, 0),
            // `04:05.6` is minutes and seconds.
            [Some(minute), Some(second)] => self.set_clock(0, *minute, *second, fraction),
            [Some(hour), Some(minute), Some(second)] => {
                self.set_clock(*hour, *minute, *second, fraction)
            }
            _ => Err(self.syntax()),
        }
    }

    fn set_clock(&mut self, hour: i64, minute: i64, second: i64, micros: i64) -> Result<()> {
        if self.spoken.clock.is_some() {
            return Err(self.syntax());
        }
        let clock =
            clock_micros(hour, minute, second, micros).ok_or_else(|| self.out_of_range())?;
        self.spoken.clock = Some(clock);
        Ok(())
    }

    /// `2024-03-05`, `3/5/2024`, `05-Mar-2024`, `2024.065`.
    fn date(&mut self, token: &str) -> Result<()> {
        let parts: Vec<&str> = token.split(['-', '/', '.']).collect();
        let number = |part: &str| part.parse::<i64>().ok();
        match parts.as_slice() {
            [year, day] if year.len() >= 4 && day.len() == 3 => {
                let (year, day) = (number(year), number(day));
                let (Some(year), Some(day)) = (year, day) else { return Err(self.syntax()) };
                if !(1..=365 + i64::from(calendar::is_leap(year))).contains(&day) {
                    return Err(self.out_of_range());
                }
                self.spoken.day = Some(calendar::days(year, 1, 1) + day - 1);
                Ok(())
            }
            [a, b, c] => {
                if let Some(month) = month_named(b) {
                    let (Some(first), Some(last)) = (number(a), number(c)) else {
                        return Err(self.syntax());
                    };
                    return match (a.len() > 2, c.len() > 2) {
                        (true, _) => self.set_day(first, month, last),
                        (_, true) => self.set_day(last, month, first),
                        _ => self.set_day(short_year(last), month, first),
                    };
                }
                let (Some(x), Some(y), Some(z)) = (number(a), number(b), number(c)) else {
                    return Err(self.syntax());
                };
                match (a.len(), c.len()) {
                    (3.., _) => self.set_day(x, y, z),
                    (_, 3..) => self.set_day(z, x, y),
                    _ => self.set_day(short_year(z), x, y),
                }
            }
            _ => Err(self.syntax()),
        }
    }

    fn set_day(&mut self, year: i64, month: i64, day: i64) -> Result<()> {
        if self.spoken.day.is_some() {
            return Err(self.syntax());
        }
        let valid = (1..=12).contains(&month)
            && (1..=calendar::days_in_month(year, month)).contains(&day)
            && (1..=294_276).contains(&year);
        if !valid {
            return Err(self.out_of_range());
        }
        self.spoken.day = Some(calendar::days(year, month, day));
        Ok(())
    }

    fn word(&mut self) -> Result<()> {
        let start = self.rest;
        let word = self.take(|c| c.is_ascii_alphanumeric() || "/_+-.".contains(c));
        // A name of a zone may hold digits and signs, others end before them.
        let letters = word.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(word.len());
        let lower = word.to_ascii_lowercase();
        if let Ok(zone) = timezone::parse(word)
            && (self.spoken.day.is_some() || self.spoken.clock.is_some())
        {
            self.spoken.zone = Some(zone);
            return Ok(());
        }
        let stem = &lower[..letters];
        self.rest = &start[letters..];
        match stem {
            "epoch" => self.spoken.word = Some(Word::Epoch),
            "now" => self.spoken.word = Some(Word::Now),
            "today" => self.spoken.word = Some(Word::Day(0)),
            "tomorrow" => self.spoken.word = Some(Word::Day(1)),
            "yesterday" => self.spoken.word = Some(Word::Day(-1)),
            "infinity" => {
                let what = format!("infinity as a value of type {}", self.kind);
                return Err(external(lakegate_base::Error::unsupported(what)));
            }
            "am" => self.half = Some(false),
            "pm" => self.half = Some(true),
            "bc" => self.is_bc = true,
            "ad" | "at" => {}
            "allballs" => self.spoken.clock = Some(0),
            "j" => {
                let digits = self.take(|c| c.is_ascii_digit());
                let julian: i64 = digits.parse().map_err(|_| self.syntax())?;
                self.spoken.day = Some(julian - calendar::JULIAN_EPOCH);
            }
            _ if DAYS.iter().any(|day| names(day, stem)) => {}
            _ => match month_named(stem) {
                Some(month) if self.month.is_none() => self.month = Some(month),
                _ => return Err(self.unknown_word(word)),
            },
        }
        Ok(())
    }

    fn unknown_word(&self, word: &str) -> DataFusionError {
        if word.contains('/') && self.spoken.day.is_some() {
            return invalid(format!("time zone \"{}\" not recognized", word.to_ascii_lowercase()));
        }
        self.syntax()
    }

    fn finish(mut self) -> Result<Spoken> {
        if let Some(month) = self.month {
            let (day, year) = match self.numbers.as_slice() {
                [(year, 3..), (day, _)] | [(day, _), (year, 3..)] => (*day, *year),
                [(day, _), (year, _)] => (*day, short_year(*year)),
                _ => return Err(self.syntax()),
            };
            self.set_day(year, month, day)?;
        } else if !self.numbers.is_empty() {
            return Err(self.syntax());
        }
        if let Some(is_afternoon) = self.half {
            let clock = self.spoken.clock.ok_or_else(|| self.syntax())?;
            if clock / HOUR > 12 {
                return Err(self.out_of_range());
            }
            let of_half = clock % (12 * HOUR);
            self.spoken.clock = Some(of_half + if is_afternoon { 12 * HOUR } else { 0 });
        }
        if self.is_bc
            && let Some(day) = self.spoken.day
        {
            let date = calendar::civil(day);
            self.spoken.day = Some(calendar::days(1 - date.year, date.month, date.day));
        }
        Ok(self.spoken)
    }
}

/// None out of bounds; 24:00:00 and a second of 60 are within.
pub fn clock_micros(hour: i64, minute: i64, second: i64, micros: i64) -> Option<i64> {
    let within =
        (0..=24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second);
    let total = hour * HOUR + minute * MINUTE + second * SECOND + micros;
    (within && total <= DAY).then_some(total)
}

/// Digits after the point, in microseconds.
pub fn fraction_micros(digits: &str) -> i64 {
    let mut micros = 0;
    let mut digits = digits.bytes().map(|d| i64::from(d.wrapping_sub(b'0')));
    for _ in 0..6 {
        micros = micros * 10 + digits.next().unwrap_or(0);
    }
    micros + i64::from(digits.next().unwrap_or(0) >= 5)
}

/// `02`, `0230`, `02:30`, `02:30:15`, in seconds.
pub fn offset(digits: &str) -> Option<i64> {
    let parts: Vec<i64> = match digits.split(':').collect::<Vec<_>>().as_slice() {
        [one] if one.len() <= 2 => vec![one.parse().ok()?],
        [one] if one.len() <= 4 => {
            let (hours, minutes) = one.split_at(one.len() - 2);
            vec![hours.parse().ok()?, minutes.parse().ok()?]
        }
        many => many.iter().map(|p| p.parse().ok()).collect::<Option<_>>()?,
    };
    let at = |index: usize| parts.get(index).copied().unwrap_or(0);
    let within = parts.len() <= 3 && at(0) < 16 && at(1) < 60 && at(2) < 60;
    within.then(|| at(0) * 3600 + at(1) * 60 + at(2))
}

/// Two digits of a year are of 1970 to 2069.
pub fn short_year(year: i64) -> i64 {
    match year {
        0..70 => year + 2000,
        70..100 => year + 1900,
        other => other,
    }
}

pub fn month_named(word: &str) -> Option<i64> {
    let at = MONTHS.iter().position(|month| names(month, word))?;
    i64::try_from(at + 1).ok()
}

/// The whole name, or at least three letters of it.
fn names(name: &str, word: &str) -> bool {
    let is_short =
        word.len() == 3 || (word.len() == 4 && matches!(word.as_bytes()[0] | 32, b's' | b't'));
    name.eq_ignore_ascii_case(word)
        || (is_short && name.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word)))
}
