//! `to_char(date or timestamp, pattern)` with Postgres' patterns. DataFusion's own takes other patterns
//! and answers these with the pattern's text, which is worse than an error.

use chrono::{Datelike, NaiveDateTime, Timelike};
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;
use lakegate_base::{Error, Subject};

use super::datetime::moment;
use super::scalar::{Kind, Value, external, function};

/// Patterns longer than this are refused.
const PATTERN_BYTES_MAX: usize = 1024;

const MONTHS: [&str; 12] = [
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
const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

pub fn udf() -> ScalarUDF {
    function("to_char", &[Kind::Any, Kind::Text], Kind::Text, |a| {
        let is_number = match &a[0] {
            Value::Int(_) | Value::Float(_) => true,
            Value::Other(scalar) => scalar.data_type().is_numeric(),
            _ => false,
        };
        if is_number {
            return Err(external(Error::unsupported("to_char of a number")));
        }
        let pattern = a[1].text();
        if pattern.len() > PATTERN_BYTES_MAX {
            return Err(external(Error::invalid("the pattern of to_char is too long")));
        }
        moment(&a[0])?.map_or(Ok(Value::Null), |at| Ok(Value::Text(format(pattern, at)?)))
    })
    .immutable()
    .udf()
}

/// The keywords, longest first where one begins another.
const KEYWORDS: [&str; 46] = [
    "Y,YYY", "YYYY", "YYY", "YY", "Y", "IYYY", "IYY", "IY", "IDDD", "ID", "IW", "I", "MONTH",
    "MON", "MM", "MI", "MS", "DDD", "DAY", "DD", "DY", "D", "HH24", "HH12", "HH", "SSSSS", "SSSS",
    "SS", "US", "FF1", "FF2", "FF3", "FF4", "FF5", "FF6", "A.M.", "P.M.", "AM", "PM", "WW", "W",
    "Q", "CC", "J", "TZ", "OF",
];

fn format(pattern: &str, at: NaiveDateTime) -> Result<String> {
    let mut out = String::new();
    let mut rest = pattern;
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let end = quoted.find('"').unwrap_or(quoted.len());
            out.push_str(&quoted[..end]);
            rest = quoted.get(end + 1..).unwrap_or("");
            continue;
        }
        let fill = !starts_with(rest, "FM");
        let after_modifier = if fill { rest } else { &rest[2..] };
        let Some(keyword) = KEYWORDS.into_iter().find(|k| starts_with(after_modifier, k)) else {
            let next = after_modifier.chars().next().map_or(0, char::len_utf8);
            out.push_str(&after_modifier[..next]);
            rest = &after_modifier[next..];
            continue;
        };
        let (written, after) = after_modifier.split_at(keyword.len());
        let field = value(keyword, written, at)?;
        out.push_str(&if fill { field } else { unpadded(keyword, &field) });
        rest = after;
        if starts_with(rest, "TH") && out.ends_with(|c: char| c.is_ascii_digit()) {
            let suffix = ordinal(&out);
            out.push_str(&if rest.starts_with('T') {
                suffix.to_uppercase()
            } else {
                suffix.into()
            });
            rest = &rest[2..];
        }
    }
    Ok(out)
}

fn starts_with(text: &str, keyword: &str) -> bool {
    text.get(..keyword.len()).is_some_and(|head| head.eq_ignore_ascii_case(keyword))
}

fn unpadded(keyword: &str, field: &str) -> String {
    match keyword {
        "MONTH" | "DAY" => field.trim_end().to_string(),
        "MS" | "US" => field.to_string(),
        _ if keyword.starts_with("FF") => field.to_string(),
        _ => {
            let bare = field.trim_start_matches('0');
            if bare.is_empty() && !field.is_empty() { "0".to_string() } else { bare.to_string() }
        }
    }
}

fn value(keyword: &str, written: &str, at: NaiveDateTime) -> Result<String> {
    let year = if at.year() > 0 { at.year() } else { 1 - at.year() };
    let week = at.iso_week();
    let hour12 = (at.hour() + 11) % 12 + 1;
    let nanos = at.nanosecond() % 1_000_000_000;
    let of_day = at.num_seconds_from_midnight();
    Ok(match keyword {
        "Y,YYY" => format!("{},{:03}", year / 1000, year % 1000),
        "YYYY" => format!("{year:04}"),
        "YYY" => format!("{:03}", year % 1000),
        "YY" => format!("{:02}", year % 100),
        "Y" => (year % 10).to_string(),
        "IYYY" => format!("{:04}", week.year()),
        "IYY" => format!("{:03}", week.year().rem_euclid(1000)),
        "IY" => format!("{:02}", week.year().rem_euclid(100)),
        "I" => week.year().rem_euclid(10).to_string(),
        "IW" => format!("{:02}", week.week()),
        "IDDD" => format!("{:03}", (week.week() - 1) * 7 + at.weekday().number_from_monday()),
        "ID" => at.weekday().number_from_monday().to_string(),
        "MONTH" => cased(written, &format!("{:<9}", name(&MONTHS, at.month0()))),
        "MON" => cased(written, &name(&MONTHS, at.month0())[..3]),
        "MM" => format!("{:02}", at.month()),
        "DAY" => cased(written, &format!("{:<9}", name(&DAYS, weekday(at)))),
        "DY" => cased(written, &name(&DAYS, weekday(at))[..3]),
        "DDD" => format!("{:03}", at.ordinal()),
        "DD" => format!("{:02}", at.day()),
        "D" => (weekday(at) + 1).to_string(),
        "HH24" => format!("{:02}", at.hour()),
        "HH12" | "HH" => format!("{hour12:02}"),
        "MI" => format!("{:02}", at.minute()),
        "SS" => format!("{:02}", at.second()),
        "SSSS" | "SSSSS" => of_day.to_string(),
        "MS" | "FF3" => format!("{:03}", nanos / 1_000_000),
        "US" | "FF6" => format!("{:06}", nanos / 1000),
        "FF1" => (nanos / 100_000_000).to_string(),
        "FF2" => format!("{:02}", nanos / 10_000_000),
        "FF4" => format!("{:04}", nanos / 100_000),
        "FF5" => format!("{:05}", nanos / 10_000),
        "AM" | "PM" => half(written, at, ["am", "pm"]),
        "A.M." | "P.M." => half(written, at, ["a.m.", "p.m."]),
        "WW" => format!("{:02}", at.ordinal0() / 7 + 1),
        "W" => (at.day0() / 7 + 1).to_string(),
        "Q" => (at.month0() / 3 + 1).to_string(),
        "CC" => format!("{:02}", (year + 99) / 100),
        "J" => (at.num_days_from_ce() + 1_721_425).to_string(),
        _ => {
            let error = Error::unsupported(format!("\"{written}\" in a pattern of to_char"));
            return Err(external(error.about(Subject::Value)));
        }
    })
}

fn name(names: &[&'static str], index: u32) -> &'static str {
    names.get(usize::try_from(index).unwrap_or(usize::MAX)).copied().unwrap_or_default()
}

fn weekday(at: NaiveDateTime) -> u32 {
    at.weekday().num_days_from_sunday()
}

/// `MON` gives JAN, `Mon` gives Jan, `mon` gives jan.
fn cased(written: &str, text: &str) -> String {
    let mut letters = written.chars();
    let upper = |c: Option<char>| c.is_some_and(char::is_uppercase);
    match (upper(letters.next()), upper(letters.next())) {
        (true, true) => text.to_uppercase(),
        (true, false) => text.to_string(),
        _ => text.to_lowercase(),
    }
}

fn half(written: &str, at: NaiveDateTime, [morning, evening]: [&str; 2]) -> String {
    let text = if at.hour() < 12 { morning } else { evening };
    if written.starts_with(char::is_uppercase) { text.to_uppercase() } else { text.to_string() }
}

fn ordinal(digits: &str) -> &'static str {
    let tail = digits.as_bytes();
    let teen = tail.len() > 1 && tail[tail.len() - 2] == b'1';
    match tail.last() {
        Some(b'1') if !teen => "st",
        Some(b'2') if !teen => "nd",
        Some(b'3') if !teen => "rd",
        _ => "th",
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    // Expected values were printed by PostgreSQL 15.
    #[test]
    fn prints_as_postgres_does() {
        let at =
            NaiveDate::from_ymd_opt(2024, 1, 2).and_then(|d| d.and_hms_micro_opt(15, 4, 5, 60_700));
        let at = at.expect("a valid moment");
        for (pattern, expected) in [
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
        ] {
            assert_eq!(super::format(pattern, at).ok().as_deref(), Some(expected), "{pattern}");
        }
    }
}
