//! Partition values: text in the log, typed here.
//!
//! The rules are the protocol's ("Partition Value Serialization"): NULL is null or the empty text, and
//! timestamps without a zone are UTC. Hive's default partition means NULL too.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, ArrowPrimitiveType, BinaryArray, BooleanArray, Decimal128Array, PrimitiveArray,
    StringArray,
};
use arrow::datatypes::{
    DataType, Date32Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimeUnit, TimestampMicrosecondType,
};
use chrono::{DateTime, NaiveDate, NaiveDateTime};

const HIVE_NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// The values of one column in all files, as the log has them.
#[derive(Default)]
pub(super) struct RawValues(Vec<Option<Box<str>>>);

impl RawValues {
    pub(super) fn push(&mut self, value: Option<&str>) {
        let value = value.filter(|text| !text.is_empty() && *text != HIVE_NULL);
        self.0.push(value.map(Into::into));
    }

    /// As an array of the column's type. `Err` names the value that does not fit.
    pub(super) fn finish(&self, data_type: &DataType) -> Result<ArrayRef, String> {
        let fail = |text: &str| format!("partition value \"{text}\" is no {data_type}");
        let values = || self.0.iter().map(Option::as_deref);
        let whole = |text: &str| text.parse::<i64>().ok();
        Ok(match data_type {
            DataType::Utf8 => Arc::new(values().collect::<StringArray>()),
            DataType::Binary => {
                Arc::new(values().map(|v| v.map(str::as_bytes)).collect::<BinaryArray>())
            }
            DataType::Boolean => {
                let array =
                    values().map(|v| v.map(|v| boolean(v).ok_or_else(|| fail(v))).transpose());
                Arc::new(array.collect::<Result<BooleanArray, _>>()?)
            }
            DataType::Int8 => primitive::<Int8Type>(values(), |v| whole(v)?.try_into().ok(), fail)?,
            DataType::Int16 => {
                primitive::<Int16Type>(values(), |v| whole(v)?.try_into().ok(), fail)?
            }
            DataType::Int32 => {
                primitive::<Int32Type>(values(), |v| whole(v)?.try_into().ok(), fail)?
            }
            DataType::Int64 => primitive::<Int64Type>(values(), whole, fail)?,
            DataType::Float32 => primitive::<Float32Type>(values(), |v| v.parse().ok(), fail)?,
            DataType::Float64 => primitive::<Float64Type>(values(), |v| v.parse().ok(), fail)?,
            DataType::Date32 => primitive::<Date32Type>(values(), date, fail)?,
            DataType::Timestamp(TimeUnit::Microsecond, None) => {
                primitive::<TimestampMicrosecondType>(values(), timestamp_ntz, fail)?
            }
            DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => {
                let array = primitive::<TimestampMicrosecondType>(values(), timestamp, fail)?;
                arrow::compute::cast(&array, data_type).map_err(|e| e.to_string())?
            }
            DataType::Decimal128(precision, scale) => {
                let parse = |v: &str| decimal(v, *precision, *scale);
                let array =
                    values().map(|v| v.map(|v| parse(v).ok_or_else(|| fail(v))).transpose());
                let array = array.collect::<Result<Decimal128Array, _>>()?;
                let typed = array.with_precision_and_scale(*precision, *scale);
                Arc::new(typed.map_err(|e| e.to_string())?)
            }
            other => return Err(format!("partition columns cannot be of type {other}")),
        })
    }
}

fn primitive<'a, T: ArrowPrimitiveType>(
    values: impl Iterator<Item = Option<&'a str>>,
    parse: impl Fn(&str) -> Option<T::Native>,
    fail: impl Fn(&str) -> String,
) -> Result<ArrayRef, String> {
    let parsed = values.map(|v| v.map(|v| parse(v).ok_or_else(|| fail(v))).transpose());
    Ok(Arc::new(parsed.collect::<Result<PrimitiveArray<T>, _>>()?))
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Days since 1970.
pub(super) fn date(text: &str) -> Option<i32> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    date.signed_duration_since(NaiveDate::default()).num_days().try_into().ok()
}

/// Microseconds since 1970, UTC. A text without a zone is UTC.
pub(super) fn timestamp(text: &str) -> Option<i64> {
    zoned(text).or_else(|| timestamp_ntz(text))
}

/// Only texts that name their zone.
pub(super) fn zoned(text: &str) -> Option<i64> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_micros())
}

/// Only texts without a zone; a date alone is its midnight.
pub(super) fn timestamp_ntz(text: &str) -> Option<i64> {
    let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f"));
    let time = time.ok().or_else(|| {
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()
            .map(|date| date.and_time(Default::default()))
    })?;
    Some(time.and_utc().timestamp_micros())
}

/// The unscaled value, when it fits exactly. Takes `12.50`, `-3`, `1E-7`.
pub(super) fn decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let empty = whole.is_empty() && fraction.is_empty();
    if empty || !all_digits(whole) || !all_digits(fraction) || digits.len() > 100 {
        return None;
    }
    // value = digits × 10^(exponent − fraction digits); unscaled = value × 10^scale.
    let shift =
        i32::from(scale).checked_add(exponent)?.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some(0);
    }
    let unscaled = if shift >= 0 {
        let power = 10i128.checked_pow(shift.unsigned_abs())?;
        digits.parse::<i128>().ok()?.checked_mul(power)?
    } else {
        let cut = digits.len().checked_sub(usize::try_from(shift.unsigned_abs()).ok()?)?;
        let (kept, dropped) = digits.split_at(cut);
        if dropped.bytes().any(|b| b != b'0') {
            return None;
        }
        if kept.is_empty() { 0 } else { kept.parse::<i128>().ok()? }
    };
    let limit = 10i128.checked_pow(u32::from(precision))?;
    (unscaled < limit).then_some(if negative { -unscaled } else { unscaled })
}
