//! Partition transforms: what the value in a file's partition tuple says of the column it was made of.
//! Where a file has no bounds for the column, these stand in, so that hidden partitions prune.
//!
//! Specification: <https://iceberg.apache.org/spec/#partition-transforms>

use arrow::datatypes::TimeUnit;
use chrono::NaiveDate;

use super::avro::Value;
use super::bounds;
use super::scalar::{self, Scalar};
use super::schema::Primitive;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transform {
    Identity,
    /// Of a field that left the spec: always NULL.
    Void,
    Bucket,
    Truncate(i64),
    Year,
    Month,
    Day,
    Hour,
    /// Later than this reader: it tells nothing.
    Unknown,
}

/// What one file's value says of the column: bounds of all values that are not NULL.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Range {
    pub lower: Option<Scalar>,
    pub upper: Option<Scalar>,
}

impl Transform {
    pub fn parse(text: &str) -> Self {
        let text = text.trim().to_ascii_lowercase();
        let (name, width) = match text.split_once('[') {
            Some((name, rest)) => (name, rest.strip_suffix(']').and_then(|w| w.parse().ok())),
            None => (text.as_str(), None),
        };
        match (name, width) {
            ("identity", None) => Self::Identity,
            ("void", None) => Self::Void,
            ("bucket", Some(_)) => Self::Bucket,
            ("truncate", Some(width)) if width > 0 => Self::Truncate(width),
            ("year", None) => Self::Year,
            ("month", None) => Self::Month,
            ("day", None) => Self::Day,
            ("hour", None) => Self::Hour,
            _ => Self::Unknown,
        }
    }

    /// Whether a value is NULL exactly when the column's is.
    pub fn keeps_nulls(self) -> bool {
        !matches!(self, Self::Void | Self::Unknown)
    }

    /// The column's values that give this partition value. Whatever is not certain is unbounded.
    pub fn range(self, kind: Primitive, value: &Value) -> Range {
        let range = match self {
            Self::Void | Self::Bucket | Self::Unknown => None,
            Self::Identity => identity(kind, value),
            Self::Truncate(width) => truncated(kind, value, width),
            Self::Year | Self::Month | Self::Day | Self::Hour => self.span(kind, value),
        };
        range.unwrap_or_default()
    }

    /// Old writers rounded times before 1970 towards zero, so the unit before may be in there too.
    fn span(self, kind: Primitive, value: &Value) -> Option<Range> {
        let unit = value.as_long()?;
        let first = if unit <= 0 { unit.checked_sub(1)? } else { unit };
        let (start, end) = (self.start(first)?, self.start(unit.checked_add(1)?)?);
        let per_second = match kind {
            Primitive::Date if self != Self::Hour => {
                let (first, next) = (start / DAY_SECONDS, end / DAY_SECONDS);
                return Some(Range::integers(first, next - 1));
            }
            Primitive::Timestamp(TimeUnit::Nanosecond)
            | Primitive::TimestampTz(TimeUnit::Nanosecond) => 1_000_000_000,
            Primitive::Timestamp(_) | Primitive::TimestampTz(_) => 1_000_000,
            _ => return None,
        };
        let lower = start.checked_mul(per_second).map(Scalar::Integer);
        let upper = end.checked_mul(per_second).map(|end| Scalar::Integer(end - 1));
        Some(Range { lower, upper })
    }

    /// When a unit begins, in seconds since 1970.
    fn start(self, unit: i64) -> Option<i64> {
        let first_day = |months: i64| {
            let year = i32::try_from(months.div_euclid(12)).ok()?.checked_add(1970)?;
            let month = u32::try_from(months.rem_euclid(12)).ok()? + 1;
            let date = NaiveDate::from_ymd_opt(year, month, 1)?;
            Some(date.signed_duration_since(NaiveDate::default()).num_days())
        };
        match self {
            Self::Year => first_day(unit.checked_mul(12)?)?.checked_mul(DAY_SECONDS),
            Self::Month => first_day(unit)?.checked_mul(DAY_SECONDS),
            Self::Day => unit.checked_mul(DAY_SECONDS),
            Self::Hour => unit.checked_mul(3600),
            _ => None,
        }
    }
}

const DAY_SECONDS: i64 = 86_400;

impl Range {
    fn integers(lower: i64, upper: i64) -> Self {
        Self { lower: Some(Scalar::Integer(lower)), upper: Some(Scalar::Integer(upper)) }
    }
}

/// Floating point is left out: zero has two signs, and NaN is no bound.
fn identity(kind: Primitive, value: &Value) -> Option<Range> {
    if matches!(kind, Primitive::Float | Primitive::Double) {
        return None;
    }
    let value = scalar::from_avro(kind, value)?;
    Some(Range { lower: Some(value.clone()), upper: Some(value) })
}

/// `width` numbers from the value on; texts that begin with the value. Its length is not believed: writers
/// differ in what they count as one character.
fn truncated(kind: Primitive, value: &Value, width: i64) -> Option<Range> {
    match kind {
        Primitive::Int | Primitive::Long => {
            let first = value.as_long()?;
            Some(Range::integers(first, first.saturating_add(width - 1)))
        }
        Primitive::Decimal { precision, .. } => {
            let Scalar::Decimal(first) = bounds::decimal(value.as_bytes()?, DECIMAL_DIGITS_MAX)?
            else {
                return None;
            };
            let most = 10i128.pow(u32::from(precision)) - 1;
            let last = first.saturating_add(i128::from(width) - 1);
            let scalar = |value: i128| Some(Scalar::Decimal(value.clamp(-most, most)));
            Some(Range { lower: scalar(first), upper: scalar(last) })
        }
        Primitive::String => {
            let first = value.as_str()?;
            let lower = Some(Scalar::String(first.to_string()));
            Some(Range { lower, upper: text_after(first).map(Scalar::String) })
        }
        Primitive::Binary => {
            let first = value.as_bytes()?;
            let lower = Some(Scalar::Bytes(first.to_vec()));
            Some(Range { lower, upper: bytes_after(first).map(Scalar::Bytes) })
        }
        _ => None,
    }
}

const DECIMAL_DIGITS_MAX: u8 = 38;

/// The least text greater than all that begin with this one.
fn text_after(text: &str) -> Option<String> {
    let mut characters: Vec<char> = text.chars().collect();
    while let Some(last) = characters.pop() {
        // `char` ranges know that there is nothing between U+D7FF and U+E000.
        if let Some(next) = (last..=char::MAX).nth(1) {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

fn bytes_after(bytes: &[u8]) -> Option<Vec<u8>> {
    let kept = bytes.iter().rposition(|byte| *byte < u8::MAX)?;
    let mut next = bytes[..=kept].to_vec();
    next[kept] += 1;
    Some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MICROS: Primitive = Primitive::Timestamp(TimeUnit::Microsecond);

    fn range(transform: &str, kind: Primitive, value: &Value) -> Range {
        Transform::parse(transform).range(kind, value)
    }

    fn integers(transform: &str, kind: Primitive, value: i32) -> (i64, i64) {
        match range(transform, kind, &Value::Int(value)) {
            Range { lower: Some(Scalar::Integer(l)), upper: Some(Scalar::Integer(u)) } => (l, u),
            other => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn times_span_their_unit() {
        assert_eq!(integers("year", Primitive::Date, 54), (19_723, 20_088), "2024");
        assert_eq!(integers("month", Primitive::Date, 649), (19_754, 19_782), "2024-02");
        assert_eq!(integers("day", Primitive::Date, 5), (5, 5));
        let hour = 3_600_000_000;
        assert_eq!(integers("hour", MICROS, 7), (7 * hour, 8 * hour - 1));
        assert_eq!(integers("DAY", MICROS, 1), (24 * hour, 48 * hour - 1));
        let nanos = Primitive::TimestampTz(TimeUnit::Nanosecond);
        assert_eq!(integers("hour", nanos, 7), (7_000 * hour, 8_000 * hour - 1));
        // Rounded towards zero, -1.5 days are day -1 and -0.5 days are day 0.
        assert_eq!(integers("day", Primitive::Date, 0), (-1, 0));
        assert_eq!(integers("day", Primitive::Date, -1), (-2, -1));
        assert_eq!(range("year", nanos, &Value::Int(9_000)), Range::default());
        assert_eq!(range("year", MICROS, &Value::Int(i32::MAX)), Range::default());
        assert_eq!(range("hour", Primitive::Date, &Value::Int(1)), Range::default());
        assert_eq!(range("bucket[4]", Primitive::Int, &Value::Int(1)), Range::default());
    }

    #[test]
    fn cut_values_bound_what_they_were_cut_from() {
        assert_eq!(integers("truncate[10]", Primitive::Int, -10), (-10, -1));
        let text = |text: &'static str| match range(
            "truncate[2]",
            Primitive::String,
            &Value::String(text),
        ) {
            Range { lower: Some(Scalar::String(lower)), upper: Some(Scalar::String(upper)) } => {
                assert_eq!(lower, text);
                upper
            }
            other => unreachable!("{other:?}"),
        };
        assert_eq!(text("ab"), "ac");
        assert_eq!(text("a\u{10ffff}"), "b");
        assert_eq!(text("a\u{d7ff}"), "a\u{e000}");
        let bytes = range("truncate[2]", Primitive::Binary, &Value::Bytes(&[7, 255]));
        assert_eq!(bytes.upper, Some(Scalar::Bytes(vec![8])));
        let open = range("truncate[2]", Primitive::Binary, &Value::Bytes(&[255, 255]));
        assert!(open.lower.is_some() && open.upper.is_none());
        let decimal = Primitive::Decimal { precision: 3, scale: 1 };
        // -100.0, cut from -99.9 by 10.0: four digits, where the column has three.
        let cut = range("truncate[100]", decimal, &Value::Bytes(&[0xfc, 0x18]));
        assert_eq!(cut.lower, Some(Scalar::Decimal(-999)));
        assert_eq!(cut.upper, Some(Scalar::Decimal(-901)));
    }
}
