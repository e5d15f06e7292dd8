//! Dates, times, moments and intervals as Postgres has them. Moments are microseconds, as Postgres' own;
//! clocks are read in the session's zone.

mod calendar;
mod fields;
mod interval;
mod interval_text;
mod make;
mod overlaps;
mod pattern;
mod present;
mod read;
mod series;
mod show;
mod text;
mod trunc;

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, StringBuilder, Time64MicrosecondArray,
    TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Float64Type, IntervalMonthDayNanoType, Time64MicrosecondType, TimeUnit,
    TimestampMicrosecondType,
};
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;

use self::calendar::SECOND;
use self::show::Shown;
use super::columns::{Call, Columns, Memo, columns, instant, invalid, plain, timestamp};
use super::numbers;
use super::scalar::{BATCH_BYTES_MAX, too_large};
use super::timezone::{self, Zone};

pub use fields::EXTRACT;
pub use interval::{DATA_TYPE as INTERVAL, Interval, as_float, is_interval};
pub use interval_text::{Unit, parse as parse_interval, unit_named};
pub use make::{DIVIDED as INTERVAL_DIVIDED, TIMES as INTERVAL_TIMES, WORTH as INTERVAL_WORTH};
pub use overlaps::NAME as OVERLAPS;
pub use pattern::ordinal;
pub use text::offset;

pub fn functions() -> Vec<ScalarUDF> {
    let mut functions = fields::functions();
    functions.extend(trunc::functions());
    functions.extend(make::functions());
    functions.push(overlaps::function());
    functions.push(series::function());
    functions.push(columns("to_char", accept_to_char, |_| plain(DataType::Utf8), to_char).stable());
    functions.push(columns("to_date", two_texts, |_| plain(DataType::Date32), to_date));
    functions.push(
        columns("to_timestamp", accept_to_timestamp, |_| plain(instant()), to_timestamp).stable(),
    );
    let mut functions: Vec<ScalarUDF> = functions.into_iter().map(Columns::udf).collect();
    functions.extend(present::functions());
    functions
}

/// Text as a date, a time, a moment or an interval: what a cast of text to these types gives.
pub fn from_text(array: &ArrayRef, to: &DataType, session: &str) -> Result<ArrayRef> {
    let texts = cast(array, &DataType::Utf8)?;
    let texts = texts.as_string::<i32>();
    let zone = timezone::parse(session)?;
    let array: ArrayRef = match to {
        DataType::Date32 | DataType::Date64 => {
            let values = texts.iter().map(|t| t.map(|t| text::date(t, zone)).transpose());
            Arc::new(values.collect::<Result<Date32Array>>()?)
        }
        DataType::Time32(_) | DataType::Time64(_) => {
            let values = texts.iter().map(|t| t.map(|t| text::time(t, zone)).transpose());
            Arc::new(values.collect::<Result<Time64MicrosecondArray>>()?)
        }
        DataType::Timestamp(_, None) => {
            let values = texts.iter().map(|t| t.map(|t| text::timestamp(t, zone)).transpose());
            Arc::new(values.collect::<Result<TimestampMicrosecondArray>>()?)
        }
        DataType::Timestamp(_, Some(_)) => {
            let values = texts.iter().map(|t| t.map(|t| text::instant(t, zone)).transpose());
            let array = values.collect::<Result<TimestampMicrosecondArray>>()?;
            Arc::new(array.with_timezone("UTC"))
        }
        _ => interval::build(
            texts.iter().map(|t| t.map(|t| interval_text::parse(t, Unit::Second)).transpose()),
        )?,
    };
    Ok(cast(&array, to)?)
}

/// Intervals, and differences between moments, as Postgres prints them.
pub fn print_intervals(array: &ArrayRef) -> Result<ArrayRef> {
    let values = interval::column(array)?;
    let mut texts = StringBuilder::new();
    for value in values.iter() {
        texts.append_option(value.map(|value| Interval::of(value).print()));
    }
    Ok(Arc::new(texts.finish()))
}

fn two_texts(given: &[DataType]) -> Option<Vec<DataType>> {
    (given.len() == 2).then(|| vec![DataType::Utf8; 2])
}

fn accept_to_char(given: &[DataType]) -> Option<Vec<DataType>> {
    let [value, _] = given else { return None };
    let value = match value {
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, None) => timestamp(),
        DataType::Timestamp(_, Some(_)) => instant(),
        DataType::Time32(_) | DataType::Time64(_) => DataType::Time64(TimeUnit::Microsecond),
        DataType::Null => interval::DATA_TYPE,
        DataType::Interval(_) => interval::DATA_TYPE,
        DataType::Duration(_) => value.clone(),
        number if number.is_numeric() => number.clone(),
        _ => return None,
    };
    Some(vec![value, DataType::Utf8])
}

fn to_char(call: &Call<'_>) -> Result<ArrayRef> {
    let patterns = call.text(1)?;
    let column = call.column(0)?;
    let mut out = StringBuilder::new();
    let mut bytes = 0_usize;
    let mut push = |text: Option<String>| {
        bytes = bytes.saturating_add(text.as_ref().map_or(0, String::len));
        out.append_option(text);
        if bytes > BATCH_BYTES_MAX { Err(too_large()) } else { Ok(()) }
    };
    if column.data_type().is_numeric() {
        let mut memo = Memo::new();
        for (row, pattern) in patterns.iter().enumerate() {
            push(match (pattern, numbers::digits_at(column, row)?) {
                (Some(pattern), Some(number)) => {
                    let pattern = memo.get(pattern, numbers::Picture::parse)?;
                    Some(pattern.print(&number)?)
                }
                _ => None,
            })?;
        }
        return Ok(Arc::new(out.finish()));
    }
    let mut memo = Memo::new();
    let zone = timezone::parse(call.zone)?;
    for (row, pattern) in patterns.iter().enumerate() {
        push(match pattern {
            Some(pattern) if column.is_valid(row) && !pattern.is_empty() => {
                let shown = shown_at(column, row, zone)?;
                Some(shown.print(memo.get(pattern, pattern::parse)?)?)
            }
            _ => None,
        })?;
    }
    Ok(Arc::new(out.finish()))
}

fn shown_at(column: &ArrayRef, row: usize, zone: Zone) -> Result<Shown> {
    Ok(match column.data_type() {
        DataType::Timestamp(_, None) => {
            let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
            Shown::moment(micros, String::new(), 0)
        }
        DataType::Timestamp(_, Some(_)) => {
            let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
            let reading = zone.reading(micros)?;
            Shown::moment(reading, zone.abbreviation(micros)?, (reading - micros) / SECOND)
        }
        DataType::Time64(_) => {
            let micros = column.as_primitive::<Time64MicrosecondType>().value(row);
            Shown::interval(Interval { micros, ..Interval::default() })
        }
        _ => {
            let one = interval::column(&column.slice(row, 1))?;
            let value: arrow::datatypes::IntervalMonthDayNano = one.value(0);
            let _: &arrow::array::PrimitiveArray<IntervalMonthDayNanoType> = &one;
            Shown::interval(Interval::of(value))
        }
    })
}

fn to_date(call: &Call<'_>) -> Result<ArrayRef> {
    let (texts, patterns) = (call.text(0)?, call.text(1)?);
    let mut memo = Memo::new();
    let values = texts.iter().zip(patterns.iter()).map(|pair| match pair {
        (Some(text), Some(pattern)) => {
            let read = read::read(text, memo.get(pattern, pattern::parse)?)?;
            let days = i32::try_from(read.days).map_err(|_| invalid("date out of range"))?;
            Ok(Some(days))
        }
        _ => Ok(None),
    });
    Ok(Arc::new(values.collect::<Result<Date32Array>>()?))
}

/// Of a text and a pattern, or of seconds since 1970.
fn accept_to_timestamp(given: &[DataType]) -> Option<Vec<DataType>> {
    match given {
        [number] if !number.is_string() => Some(vec![DataType::Float64]),
        [_, _] => Some(vec![DataType::Utf8; 2]),
        _ => None,
    }
}

fn to_timestamp(call: &Call<'_>) -> Result<ArrayRef> {
    let values: TimestampMicrosecondArray = match call.columns {
        [seconds] => {
            let values = seconds.as_primitive::<Float64Type>().iter();
            values.map(|v| v.map(of_epoch).transpose()).collect::<Result<_>>()?
        }
        _ => {
            let (texts, patterns) = (call.text(0)?, call.text(1)?);
            let session = timezone::parse(call.zone)?;
            let mut memo = Memo::new();
            let values = texts.iter().zip(patterns.iter()).map(|pair| match pair {
                (Some(text), Some(pattern)) => {
                    let read = read::read(text, memo.get(pattern, pattern::parse)?)?;
                    let reading = calendar::join(read.days, read.clock)?;
                    let zone = read.ahead.and_then(Zone::fixed).unwrap_or(session);
                    zone.instant(reading).map(Some)
                }
                _ => Ok(None),
            });
            values.collect::<Result<_>>()?
        }
    };
    Ok(Arc::new(values.with_timezone("UTC")))
}

fn of_epoch(seconds: f64) -> Result<i64> {
    let micros = (seconds * 1e6).round_ties_even();
    if micros.is_nan() {
        return Err(invalid("timestamp cannot be NaN"));
    }
    if micros.abs() >= 9.2e18 {
        return Err(invalid(format!("timestamp out of range: \"{seconds}\"")));
    }
    Ok(micros as i64)
}
