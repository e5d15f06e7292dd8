//! Dates and times from numbers, ages, and arithmetic with intervals.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Int64Array, Time64MicrosecondArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use datafusion::error::Result;
use lakegate_base::{Error, Subject};

use super::calendar::{self, Civil, DAY, HOUR, MINUTE};
use super::interval::{self, Interval};
use super::text::clock_micros;
use crate::functions::columns::{Call, Columns, Memo, columns, instant, invalid, plain, timestamp};
use crate::functions::scalar::external;
use crate::functions::timezone;

/// The functions that operators on intervals become.
pub const TIMES: &str = "interval_mul";
pub const DIVIDED: &str = "interval_div";
/// What intervals are compared by: a month of 30 days, a day of 24 hours.
pub const WORTH: &str = "interval_worth";

const INT: DataType = DataType::Int64;
const FLOAT: DataType = DataType::Float64;

pub fn functions() -> Vec<Columns> {
    let interval = |_: &crate::functions::columns::Given<'_>| plain(interval::DATA_TYPE);
    vec![
        columns("make_date", |g| exactly(g, &[INT, INT, INT]), |_| plain(DataType::Date32), date),
        columns(
            "make_time",
            |g| exactly(g, &[INT, INT, FLOAT]),
            |_| plain(DataType::Time64(TimeUnit::Microsecond)),
            time,
        ),
        columns(
            "make_timestamp",
            |g| exactly(g, &[INT, INT, INT, INT, INT, FLOAT]),
            |_| plain(timestamp()),
            moment,
        ),
        columns("make_timestamptz", accept_instant, |_| plain(instant()), moment).stable(),
        columns("make_interval", accept_interval, interval, make_interval),
        columns("age", accept_age, interval, age).stable(),
        columns("justify_days", one_interval, interval, justify),
        columns("justify_hours", one_interval, interval, justify),
        columns("justify_interval", one_interval, interval, justify),
        columns(TIMES, interval_and_float, interval, scaled),
        columns(DIVIDED, interval_and_float, interval, scaled),
        columns(WORTH, one_interval, |_| plain(INT), worth),
        columns(
            "isfinite",
            |g| (g.len() == 1).then(|| g.to_vec()),
            |_| plain(DataType::Boolean),
            {
                |call| {
                    let column = call.column(0)?;
                    let values = (0..call.rows).map(|row| column.is_valid(row).then_some(true));
                    Ok(Arc::new(BooleanArray::from_iter(values)))
                }
            },
        ),
    ]
}

fn exactly(given: &[DataType], wanted: &[DataType]) -> Option<Vec<DataType>> {
    (given.len() == wanted.len()).then(|| wanted.to_vec())
}

fn accept_instant(given: &[DataType]) -> Option<Vec<DataType>> {
    let mut wanted = vec![INT, INT, INT, INT, INT, FLOAT];
    if given.len() == 7 {
        wanted.push(DataType::Utf8);
    }
    exactly(given, &wanted)
}

fn accept_interval(given: &[DataType]) -> Option<Vec<DataType>> {
    let kinds = [INT, INT, INT, INT, INT, INT, FLOAT];
    kinds.get(..given.len()).map(<[DataType]>::to_vec)
}

fn one_interval(given: &[DataType]) -> Option<Vec<DataType>> {
    match given {
        [one @ DataType::Duration(_)] => Some(vec![one.clone()]),
        [_] => Some(vec![interval::DATA_TYPE]),
        _ => None,
    }
}

fn interval_and_float(given: &[DataType]) -> Option<Vec<DataType>> {
    match given {
        [one @ DataType::Duration(_), _] => Some(vec![one.clone(), FLOAT]),
        [_, _] => Some(vec![interval::DATA_TYPE, FLOAT]),
        _ => None,
    }
}

fn accept_age(given: &[DataType]) -> Option<Vec<DataType>> {
    let has_zone = |t: &DataType| {
        matches!(t, DataType::Timestamp(_, Some(_)) | DataType::Date32 | DataType::Date64)
    };
    let is_moment = |t: &DataType| {
        matches!(t, DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 | DataType::Null)
            || t.is_string()
    };
    if !(1..=2).contains(&given.len()) || !given.iter().all(is_moment) {
        return None;
    }
    let moment = if given.iter().any(has_zone) { instant() } else { timestamp() };
    Some(vec![moment; given.len()])
}

/// The integers of a row, none where one is NULL.
fn whole(call: &Call<'_>, row: usize, count: usize) -> Option<Vec<i64>> {
    let columns = call.columns.iter().take(count);
    let value = |column: &ArrayRef| {
        column.is_valid(row).then(|| column.as_primitive::<Int64Type>().value(row))
    };
    columns.map(value).collect()
}

fn float(call: &Call<'_>, row: usize, at: usize) -> Option<f64> {
    let column = call.columns.get(at)?;
    column.is_valid(row).then(|| column.as_primitive::<Float64Type>().value(row))
}

fn day(year: i64, month: i64, day: i64) -> Result<i64> {
    let wrong = || {
        let shown = format!("{year}-{month:02}-{day:02}");
        invalid(format!("date field value out of range: {shown}"))
    };
    // There is no year 0: negative years are BC.
    let astronomical = if year < 0 { year + 1 } else { year };
    let valid = year != 0
        && (-4712..=5_874_897).contains(&year)
        && (1..=12).contains(&month)
        && (1..=calendar::days_in_month(astronomical, month)).contains(&day);
    if valid { Ok(calendar::days(astronomical, month, day)) } else { Err(wrong()) }
}

fn date(call: &Call<'_>) -> Result<ArrayRef> {
    let rows = (0..call.rows).map(|row| match whole(call, row, 3).as_deref() {
        Some([y, m, d]) => {
            let day = i32::try_from(day(*y, *m, *d)?);
            day.map(Some).map_err(|_| invalid("date out of range"))
        }
        _ => Ok(None),
    });
    Ok(Arc::new(rows.collect::<Result<Date32Array>>()?))
}

/// Microseconds of the day from hours, minutes and seconds with a fraction.
fn clock(hour: i64, minute: i64, second: f64) -> Result<i64> {
    let wrong =
        || invalid(format!("time field value out of range: {hour}:{minute:02}:{second:02}"));
    if !(0.0..=60.0).contains(&second) {
        return Err(wrong());
    }
    let micros = rounded(second * 1e6);
    clock_micros(hour, minute, micros / 1_000_000, micros % 1_000_000).ok_or_else(wrong)
}

fn rounded(value: f64) -> i64 {
    value.round_ties_even() as i64
}

fn time(call: &Call<'_>) -> Result<ArrayRef> {
    let rows =
        (0..call.rows).map(|row| match (whole(call, row, 2).as_deref(), float(call, row, 2)) {
            (Some([hour, minute]), Some(second)) => clock(*hour, *minute, second).map(Some),
            _ => Ok(None),
        });
    Ok(Arc::new(rows.collect::<Result<Time64MicrosecondArray>>()?))
}

fn moment(call: &Call<'_>) -> Result<ArrayRef> {
    let is_instant = matches!(call.result, DataType::Timestamp(_, Some(_)));
    let zones = call.text(6)?;
    let session = timezone::parse(call.zone)?;
    let mut memo = Memo::new();
    let mut values = Vec::with_capacity(call.rows);
    for row in 0..call.rows {
        let parts = whole(call, row, 5);
        let (Some([y, m, d, hour, minute]), Some(second)) = (parts.as_deref(), float(call, row, 5))
        else {
            values.push(None);
            continue;
        };
        let reading = calendar::join(day(*y, *m, *d)?, clock(*hour, *minute, second)?)?;
        values.push(match (is_instant, call.columns.len()) {
            (false, _) => Some(reading),
            (true, 7) if zones.is_null(row) => None,
            (true, 7) => Some(memo.get(zones.value(row), timezone::parse)?.instant(reading)?),
            (true, _) => Some(session.instant(reading)?),
        });
    }
    let array = TimestampMicrosecondArray::from(values);
    Ok(match is_instant {
        true => Arc::new(array.with_timezone("UTC")),
        false => Arc::new(array),
    })
}

/// Years, months, weeks, days, hours, minutes, seconds: those that are left out are 0.
fn make_interval(call: &Call<'_>) -> Result<ArrayRef> {
    let count = call.columns.len().min(6);
    interval::build((0..call.rows).map(|row| {
        let Some(parts) = whole(call, row, count) else { return Ok(None) };
        let at = |i: usize| parts.get(i).copied().unwrap_or(0);
        let seconds = match call.columns.len() {
            7 => float(call, row, 6),
            _ => Some(0.0),
        };
        let Some(seconds) = seconds else { return Ok(None) };
        if !seconds.is_finite() || seconds.abs() > 9e12 {
            return Err(interval::out_of_range());
        }
        let sum = || {
            let months = at(0).checked_mul(12)?.checked_add(at(1))?;
            let days = at(2).checked_mul(7)?.checked_add(at(3))?;
            let micros = at(4)
                .checked_mul(HOUR)?
                .checked_add(at(5).checked_mul(MINUTE)?)?
                .checked_add(rounded(seconds * 1e6))?;
            Some(Interval { months, days, micros })
        };
        sum().map(Some).ok_or_else(interval::out_of_range)
    }))
}

/// Between two moments, in years, months, days and time; of one, until today's midnight.
fn age(call: &Call<'_>) -> Result<ArrayRef> {
    let zone = timezone::parse(call.zone)?;
    let is_instant = matches!(call.column(0)?.data_type(), DataType::Timestamp(_, Some(_)));
    let reading = |column: &ArrayRef, row: usize| -> Result<Option<i64>> {
        if column.is_null(row) {
            return Ok(None);
        }
        let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
        if is_instant { zone.reading(micros).map(Some) } else { Ok(Some(micros)) }
    };
    let midnight = calendar::split(super::text::Present::in_zone(zone)?.reading).0 * DAY;
    interval::build((0..call.rows).map(|row| {
        let (later, earlier) = match call.columns {
            [one] => (Some(midnight), reading(one, row)?),
            [one, other] => (reading(one, row)?, reading(other, row)?),
            _ => (None, None),
        };
        Ok(later.zip(earlier).map(|(later, earlier)| between(later, earlier)))
    }))
}

fn between(one: i64, other: i64) -> Interval {
    if one < other {
        return between(other, one).negated();
    }
    let ((day, of_day), (other_day, other_of_day)) = (calendar::split(one), calendar::split(other));
    let (later, earlier) = (calendar::civil(day), calendar::civil(other_day));
    let mut months = (later.year - earlier.year) * 12 + later.month - earlier.month;
    let mut days = later.day - earlier.day;
    let mut micros = of_day - other_of_day;
    if micros < 0 {
        micros += DAY;
        days -= 1;
    }
    if days < 0 {
        // The days of the month that the earlier moment is in.
        let Civil { year, month, .. } = earlier;
        days += calendar::days_in_month(year, month);
        months -= 1;
    }
    Interval { months, days, micros }
}

fn justify(call: &Call<'_>) -> Result<ArrayRef> {
    let change = match call.name {
        "justify_days" => Interval::justify_days,
        "justify_hours" => Interval::justify_hours,
        _ => Interval::justify,
    };
    let values = interval::column(call.column(0)?)?;
    interval::build(values.iter().map(|v| Ok(v.map(|v| change(Interval::of(v))))))
}

fn scaled(call: &Call<'_>) -> Result<ArrayRef> {
    let values = interval::column(call.column(0)?)?;
    let factors = call.column(1)?.as_primitive::<Float64Type>();
    interval::build(values.iter().zip(factors).map(|(value, factor)| {
        let (Some(value), Some(factor)) = (value, factor) else { return Ok(None) };
        match (call.name, factor) {
            (DIVIDED, 0.0) => {
                let error = Error::invalid("division by zero").about(Subject::DivisionByZero);
                Err(external(error))
            }
            (DIVIDED, divisor) => Interval::of(value).scaled(|x| x / divisor).map(Some),
            (_, factor) => Interval::of(value).scaled(|x| x * factor).map(Some),
        }
    }))
}

fn worth(call: &Call<'_>) -> Result<ArrayRef> {
    let values = interval::column(call.column(0)?)?;
    let worth = |v| {
        let worth = i64::try_from(Interval::of(v).worth());
        worth.map_err(|_| interval::out_of_range())
    };
    let values = values.iter().map(|v| v.map(worth).transpose());
    Ok(Arc::new(values.collect::<Result<Int64Array>>()?))
}
