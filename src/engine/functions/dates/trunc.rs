//! `date_trunc` and `date_bin`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use datafusion::error::Result;
use lakegate_base::Error;

use super::calendar::{self, Civil, DAY, HOUR, MINUTE, SECOND};
use super::interval::{self, Interval};
use crate::functions::columns::{
    Call, Columns, Memo, columns, instant, invalid, plain, shown, timestamp,
};
use crate::functions::scalar::external;
use crate::functions::timezone::{self, Zone};

pub fn functions() -> Vec<Columns> {
    vec![
        columns("date_trunc", accept, |g| plain(g.data_type(1).clone()), date_trunc).stable(),
        columns("date_bin", accept_bin, |g| plain(g.data_type(1).clone()), date_bin),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// Parts of a day, in microseconds.
    Clock(i64),
    Week,
    /// Whole months that divide a year, or years of so many months.
    Months(i64),
    /// A century and a millennium begin with the year 1.
    Years(i64),
}

fn named(name: &str) -> Option<Unit> {
    Some(match name.trim().to_ascii_lowercase().as_str() {
        "us" | "usec" | "usecs" | "microsecond" | "microseconds" => Unit::Clock(1),
        "ms" | "msec" | "msecs" | "millisecond" | "milliseconds" => Unit::Clock(1000),
        "s" | "sec" | "secs" | "second" | "seconds" => Unit::Clock(SECOND),
        "m" | "min" | "mins" | "minute" | "minutes" => Unit::Clock(MINUTE),
        "h" | "hr" | "hrs" | "hour" | "hours" => Unit::Clock(HOUR),
        "d" | "day" | "days" => Unit::Clock(DAY),
        "w" | "week" | "weeks" => Unit::Week,
        "mon" | "mons" | "month" | "months" => Unit::Months(1),
        "qtr" | "quarter" => Unit::Months(3),
        "y" | "yr" | "yrs" | "year" | "years" => Unit::Months(12),
        "dec" | "decs" | "decade" | "decades" => Unit::Months(120),
        "c" | "cent" | "century" | "centuries" => Unit::Years(100),
        "mil" | "mils" | "millennium" | "millennia" => Unit::Years(1000),
        _ => return None,
    })
}

fn accept(given: &[DataType]) -> Option<Vec<DataType>> {
    let moment = match given.get(1)? {
        DataType::Timestamp(_, None) => timestamp(),
        // A date is midnight on the session's clocks, a text without a type an instant.
        DataType::Timestamp(_, Some(_)) | DataType::Date32 | DataType::Date64 => instant(),
        DataType::Null => instant(),
        other if interval::is_interval(other) => interval::DATA_TYPE,
        _ => return None,
    };
    match given {
        [_, _] => Some(vec![DataType::Utf8, moment]),
        [_, _, _] if moment == interval::DATA_TYPE => None,
        [_, _, _] => Some(vec![DataType::Utf8, instant(), DataType::Utf8]),
        _ => None,
    }
}

fn date_trunc(call: &Call<'_>) -> Result<ArrayRef> {
    let names = call.text(0)?;
    let column = call.column(1)?;
    let of = column.data_type();
    let unknown = |name: &str| {
        invalid(format!("unit \"{}\" not recognized for type {}", name.to_lowercase(), shown(of)))
    };
    let mut memo = Memo::new();
    let mut unit =
        |name: &str| memo.get(name, |name| named(name).ok_or_else(|| unknown(name))).copied();
    if interval::is_interval(of) {
        let values = interval::column(column)?;
        return interval::build(names.iter().zip(values.iter()).map(|pair| match pair {
            (Some(name), Some(value)) => of_interval(unit(name)?, Interval::of(value)).map(Some),
            _ => Ok(None),
        }));
    }
    let is_instant = matches!(of, DataType::Timestamp(_, Some(_)));
    let zones = call.text(2)?;
    let session = timezone::parse(call.zone)?;
    let mut zone_memo = Memo::new();
    let mut values = Vec::with_capacity(call.rows);
    let moments = column.as_primitive::<TimestampMicrosecondType>();
    for (row, (name, moment)) in names.iter().zip(moments).enumerate() {
        let (Some(name), Some(micros)) = (name, moment) else {
            values.push(None);
            continue;
        };
        let unit = unit(name)?;
        let zone = match (is_instant, call.columns.len()) {
            (false, _) => Zone::UTC,
            (true, 3) if zones.is_null(row) => {
                values.push(None);
                continue;
            }
            (true, 3) => *zone_memo.get(zones.value(row), timezone::named)?,
            (true, _) => session,
        };
        values.push(Some(in_zone(unit, micros, zone)?));
    }
    let array = TimestampMicrosecondArray::from(values);
    Ok(match is_instant {
        true => Arc::new(array.with_timezone("UTC")),
        false => Arc::new(array),
    })
}

fn in_zone(unit: Unit, micros: i64, zone: Zone) -> Result<i64> {
    let reading = zone.reading(micros)?;
    let cut = truncated(unit, reading)?;
    match unit {
        // Within a day the distance from UTC stays: an hour that comes twice stays the one it is.
        Unit::Clock(size) if size < DAY => Ok(micros - (reading - cut)),
        _ => zone.instant(cut),
    }
}

fn truncated(unit: Unit, micros: i64) -> Result<i64> {
    let size = match unit {
        Unit::Clock(size) => return Ok(micros - micros.rem_euclid(size)),
        Unit::Week => {
            let day = calendar::split(micros).0;
            return calendar::join(day - (calendar::weekday(day) + 6) % 7, 0);
        }
        Unit::Months(size) | Unit::Years(size) => size,
    };
    let Civil { year, month, .. } = calendar::civil(calendar::split(micros).0);
    let day = match unit {
        Unit::Years(_) => {
            let start = (year - 1).div_euclid(size) * size + 1;
            calendar::days(start, 1, 1)
        }
        _ => {
            let months = year * 12 + month - 1;
            let start = months.div_euclid(size) * size;
            calendar::days(start.div_euclid(12), start.rem_euclid(12) + 1, 1)
        }
    };
    calendar::join(day, 0)
}

fn of_interval(unit: Unit, value: Interval) -> Result<Interval> {
    let Interval { months, days, micros } = value;
    Ok(match unit {
        Unit::Clock(DAY) => Interval { months, days, micros: 0 },
        Unit::Clock(size) => Interval { months, days, micros: micros - micros % size },
        Unit::Months(size) => Interval { months: months - months % size, days: 0, micros: 0 },
        Unit::Years(size) => Interval { months: months - months % (size * 12), days: 0, micros: 0 },
        Unit::Week => {
            let message = "unit \"week\" not supported for type interval";
            let error = Error::new(lakegate_base::ErrorKind::Unsupported, message);
            return Err(external(error.hint("Months usually have fractional weeks.")));
        }
    })
}

fn accept_bin(given: &[DataType]) -> Option<Vec<DataType>> {
    let [_, moment, origin] = given else { return None };
    let is_instant = |t: &DataType| matches!(t, DataType::Timestamp(_, Some(_)));
    let moment = match is_instant(moment) || is_instant(origin) {
        true => instant(),
        false => timestamp(),
    };
    Some(vec![interval::DATA_TYPE, moment.clone(), moment])
}

fn date_bin(call: &Call<'_>) -> Result<ArrayRef> {
    let strides = interval::column(call.column(0)?)?;
    let moments = call.column(1)?.as_primitive::<TimestampMicrosecondType>();
    let origins = call.column(2)?.as_primitive::<TimestampMicrosecondType>();
    let rows = strides.iter().zip(moments.iter().zip(origins));
    let values = rows.map(|(stride, (moment, origin))| {
        let (Some(stride), Some(moment), Some(origin)) = (stride, moment, origin) else {
            return Ok(None);
        };
        let Interval { months, days, micros } = Interval::of(stride);
        if months != 0 {
            let what = "timestamps cannot be binned into intervals containing months or years";
            let error = Error::new(lakegate_base::ErrorKind::Unsupported, what);
            return Err(external(error));
        }
        let stride = days.checked_mul(DAY).and_then(|d| d.checked_add(micros));
        let stride = stride.ok_or_else(interval::out_of_range)?;
        if stride <= 0 {
            return Err(invalid("stride must be greater than zero"));
        }
        let since = moment.checked_sub(origin).ok_or_else(calendar::out_of_range)?;
        Ok(Some(moment - since.rem_euclid(stride)))
    });
    let array: TimestampMicrosecondArray = values.collect::<Result<_>>()?;
    Ok(cast(&(Arc::new(array) as ArrayRef), &timestamp()).and_then(|a| cast(&a, call.result))?)
}
