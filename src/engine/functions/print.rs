//! Values as Postgres prints them when they are cast to text.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::timezone::Tz;
use arrow::array::{Array, ArrayRef, AsArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float32Type, Float64Type, TimeUnit, TimestampMicrosecondType};
use chrono::{DateTime, Datelike, NaiveDateTime, Timelike};
use datafusion::error::{DataFusionError, Result};
use lakegate_base::Error;

/// One text per value.
pub fn to_text(array: &ArrayRef) -> Result<ArrayRef> {
    Ok(match array.data_type() {
        DataType::Timestamp(_, zone) => timestamps(array, zone.as_deref())?,
        DataType::Float64 => {
            texts(array.as_primitive::<Float64Type>().iter().map(|v| v.map(float)))
        }
        DataType::Float32 => {
            texts(array.as_primitive::<Float32Type>().iter().map(|v| v.map(float)))
        }
        DataType::Float16 => to_text(&cast(array, &DataType::Float32)?)?,
        DataType::List(_) => {
            texts(array.as_list::<i32>().iter().map(list).collect::<Result<Vec<_>>>()?)
        }
        DataType::LargeList(_) => {
            texts(array.as_list::<i64>().iter().map(list).collect::<Result<Vec<_>>>()?)
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            let binary = cast(array, &DataType::Binary)?;
            texts(
                binary
                    .as_binary::<i32>()
                    .iter()
                    .map(|v| v.map(|v| format!("\\x{}", hex::encode(v)))),
            )
        }
        DataType::Interval(_) | DataType::Duration(_) => super::dates::print_intervals(array)?,
        DataType::Struct(_) | DataType::Map(_, _) | DataType::Union(_, _) => {
            let what = format!("a cast of {} to text", array.data_type());
            return Err(DataFusionError::External(Box::new(Error::unsupported(what))));
        }
        _ => cast(array, &DataType::Utf8)?,
    })
}

fn texts(values: impl IntoIterator<Item = Option<String>>) -> ArrayRef {
    let mut builder = StringBuilder::new();
    for value in values {
        builder.append_option(value);
    }
    Arc::new(builder.finish())
}

fn timestamps(array: &ArrayRef, zone: Option<&str>) -> Result<ArrayRef> {
    let micros = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
    let zone = zone.map(parse_zone).transpose()?;
    let values = micros.as_primitive::<TimestampMicrosecondType>();
    Ok(texts(values.iter().map(|value| value.map(|value| timestamp(value, zone)))))
}

fn parse_zone(name: &str) -> Result<Tz> {
    name.parse().map_err(|_| DataFusionError::Execution(format!("unknown time zone \"{name}\"")))
}

/// `2024-01-02 03:04:05.6`, and with a zone `2024-01-02 03:04:05+02`.
fn timestamp(micros: i64, zone: Option<Tz>) -> String {
    let Some(utc) = DateTime::from_timestamp_micros(micros) else {
        // Beyond chrono's years; Arrow's own bounds make it infinity in Postgres.
        return if micros > 0 { "infinity" } else { "-infinity" }.to_string();
    };
    let Some(zone) = zone else { return naive(utc.naive_utc()) };
    let local = utc.with_timezone(&zone);
    let seconds = chrono::Offset::fix(local.offset()).local_minus_utc();
    let (sign, seconds) = if seconds < 0 { ('-', -seconds) } else { ('+', seconds) };
    let mut text = naive(local.naive_local());
    // Writing to a String cannot fail.
    let _ = write!(text, "{sign}{:02}", seconds / 3600);
    if seconds % 3600 != 0 {
        let _ = write!(text, ":{:02}", seconds % 3600 / 60);
    }
    text
}

fn naive(value: NaiveDateTime) -> String {
    let (era, year) = match value.year() {
        year if year > 0 => ("", year),
        year => (" BC", 1 - year),
    };
    let mut text = format!("{year:04}-{}", value.format("%m-%d %H:%M:%S"));
    let micros = value.nanosecond() % 1_000_000_000 / 1000;
    if micros != 0 {
        let fraction = format!("{micros:06}");
        let _ = write!(text, ".{}", fraction.trim_end_matches('0'));
    }
    text + era
}

/// The shortest digits that read back the same; an exponent where Postgres has one.
fn float<F: Into<f64> + Copy + std::fmt::Display + std::fmt::LowerExp>(value: F) -> String {
    let wide: f64 = value.into();
    if wide.is_nan() {
        return "NaN".to_string();
    }
    if wide.is_infinite() {
        return if wide > 0.0 { "Infinity" } else { "-Infinity" }.to_string();
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let limit = if size_of::<F>() == 4 { 6 } else { 15 };
    if wide == 0.0 || (-4..limit).contains(&exponent) {
        return value.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// `{a,"b c",NULL}`.
fn list(value: Option<ArrayRef>) -> Result<Option<String>> {
    let Some(elements) = value else { return Ok(None) };
    let nested = elements.data_type().is_nested();
    let texts = booleans(&elements)?;
    let texts = texts.as_string::<i32>();
    let mut out = String::from("{");
    for (index, element) in texts.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        match element {
            None => out.push_str("NULL"),
            Some(text) if nested || !needs_quotes(text) => out.push_str(text),
            Some(text) => {
                let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
                let _ = write!(out, "\"{escaped}\"");
            }
        }
    }
    out.push('}');
    Ok(Some(out))
}

/// Inside a list a boolean is one letter; alone it is a word.
fn booleans(elements: &ArrayRef) -> Result<ArrayRef> {
    if elements.data_type() != &DataType::Boolean {
        return to_text(elements);
    }
    let letter = |value: bool| if value { "t" } else { "f" }.to_string();
    Ok(texts(elements.as_boolean().iter().map(|value| value.map(letter))))
}

fn needs_quotes(text: &str) -> bool {
    let special = |c: char| c.is_whitespace() || matches!(c, '{' | '}' | ',' | '"' | '\\');
    text.is_empty() || text.eq_ignore_ascii_case("null") || text.contains(special)
}

/// A column as text, a row at a time, as Postgres' output functions print it: booleans are one letter.
pub struct Printed(ArrayRef);

pub fn output(array: &ArrayRef) -> Result<Printed> {
    Ok(Printed(booleans(array)?))
}

impl Printed {
    pub fn get(&self, row: usize) -> Option<&str> {
        let texts = self.0.as_string::<i32>();
        texts.is_valid(row).then(|| texts.value(row))
    }
}
