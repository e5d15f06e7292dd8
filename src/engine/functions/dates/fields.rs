//! `extract` and `date_part`: the fields of dates, times, moments and intervals.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Float64Array, StringArray};
use arrow::datatypes::{
    DataType, Date32Type, Time64MicrosecondType, TimeUnit, TimestampMicrosecondType,
};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::interval_arithmetic::Interval as Range;
use datafusion::scalar::ScalarValue;
use lakegate_base::Error;

use super::calendar::{self, Civil, DAY, HOUR, MINUTE, SECOND};
use super::interval::{self, Interval};
use crate::functions::columns::{
    Call, Columns, Given, Memo, columns, instant, invalid, plain, shown, timestamp,
};
use crate::functions::scalar::external;
use crate::functions::timezone::{self, Zone};

/// What `extract(FIELD FROM x)` becomes.
pub const EXTRACT: &str = "extract";
/// Digits that fit whatever a field counts; as many as a bigint has where it meets a numeric, so that a
/// comparison with one needs no cast.
const DIGITS: u8 = 20;

pub fn functions() -> Vec<Columns> {
    vec![
        columns(EXTRACT, accept, extract_type, extract).range(year),
        columns("date_part", accept_part, |_| plain(DataType::Float64), date_part).range(year),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Microseconds,
    Milliseconds,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Decade,
    Century,
    Millennium,
    Dow,
    Doy,
    IsoDow,
    IsoYear,
    Julian,
    Epoch,
    Timezone,
    TimezoneHour,
    TimezoneMinute,
}

fn named(name: &str) -> Option<Field> {
    Some(match name.trim().to_ascii_lowercase().as_str() {
        "us" | "usec" | "usecs" | "microsecond" | "microseconds" => Field::Microseconds,
        "ms" | "msec" | "msecs" | "millisecond" | "milliseconds" => Field::Milliseconds,
        "s" | "sec" | "secs" | "second" | "seconds" => Field::Second,
        "m" | "min" | "mins" | "minute" | "minutes" => Field::Minute,
        "h" | "hr" | "hrs" | "hour" | "hours" => Field::Hour,
        "d" | "day" | "days" => Field::Day,
        "w" | "week" | "weeks" => Field::Week,
        "mon" | "mons" | "month" | "months" => Field::Month,
        "qtr" | "quarter" => Field::Quarter,
        "y" | "yr" | "yrs" | "year" | "years" => Field::Year,
        "dec" | "decs" | "decade" | "decades" => Field::Decade,
        "c" | "cent" | "century" | "centuries" => Field::Century,
        "mil" | "mils" | "millennium" | "millennia" => Field::Millennium,
        "dow" => Field::Dow,
        "doy" => Field::Doy,
        "isodow" => Field::IsoDow,
        "isoyear" => Field::IsoYear,
        "j" | "jd" | "julian" => Field::Julian,
        "epoch" => Field::Epoch,
        "timezone" => Field::Timezone,
        "timezone_h" | "timezone_hour" => Field::TimezoneHour,
        "timezone_m" | "timezone_minute" => Field::TimezoneMinute,
        _ => return None,
    })
}

impl Field {
    /// Digits behind the point. A Julian day of a moment has a part of a day.
    fn scale(self, of: &DataType) -> i8 {
        match self {
            Self::Second => 6,
            Self::Epoch if *of != DataType::Date32 => 6,
            Self::Milliseconds => 3,
            Self::Julian if *of != DataType::Date32 => 12,
            _ => 0,
        }
    }
}

/// One moment, as clocks show it.
struct Reading {
    days: i64,
    of_day: i64,
    date: Civil,
    /// The moment itself where it is known, and how far clocks are ahead of UTC, in seconds.
    instant: Option<i64>,
    ahead: i64,
}

fn moment_type(given: &DataType) -> Option<DataType> {
    Some(match given {
        DataType::Date32 | DataType::Date64 => DataType::Date32,
        DataType::Timestamp(_, None) => timestamp(),
        DataType::Timestamp(_, Some(_)) => instant(),
        DataType::Time32(_) | DataType::Time64(_) => DataType::Time64(TimeUnit::Microsecond),
        DataType::Interval(_) => interval::DATA_TYPE,
        DataType::Duration(_) => given.clone(),
        _ => return None,
    })
}

fn accept(given: &[DataType]) -> Option<Vec<DataType>> {
    let [_, moment] = given else { return None };
    Some(vec![DataType::Utf8, moment_type(moment)?])
}

/// A text without a type is taken for an instant, a NULL for a timestamp.
fn accept_part(given: &[DataType]) -> Option<Vec<DataType>> {
    let [_, moment] = given else { return None };
    let moment = match moment {
        DataType::Null => timestamp(),
        text if text.is_string() => return None,
        other => moment_type(other)?,
    };
    Some(vec![DataType::Utf8, moment])
}

fn extract_type(given: &Given<'_>) -> Result<(DataType, Option<String>)> {
    let field = given.text(0).and_then(named);
    let scale = field.map_or(0, |field| field.scale(given.data_type(1)));
    plain(DataType::Decimal128(DIGITS, scale))
}

fn extract(call: &Call<'_>) -> Result<ArrayRef> {
    let DataType::Decimal128(precision, scale) = call.result else {
        return Err(DataFusionError::Internal("extract gives a decimal".to_string()));
    };
    let values = fields(call, Dates::HaveNoTime)?;
    let values = values.into_iter().map(|v| v.map(|(value, _)| i128::from(value)));
    let array = Decimal128Array::from_iter(values).with_precision_and_scale(*precision, *scale)?;
    Ok(Arc::new(array))
}

fn date_part(call: &Call<'_>) -> Result<ArrayRef> {
    let values = fields(call, Dates::AreMidnights)?;
    let float = |(value, scale): (i64, i8)| interval::as_float(value) / 10_f64.powi(scale.into());
    Ok(Arc::new(Float64Array::from_iter(values.into_iter().map(|v| v.map(float)))))
}

/// A year is a range of days.
fn year(given: &Given<'_>, value: &ScalarValue) -> Option<(usize, Range)> {
    if given.text(0).and_then(named)? != Field::Year {
        return None;
    }
    let year = match value {
        ScalarValue::Decimal128(Some(digits), _, 0) => i64::try_from(*digits).ok()?,
        ScalarValue::Float64(Some(year)) if year.fract() == 0.0 => {
            (1..=9999).find(|known| interval::as_float(*known) == *year)?
        }
        _ => return None,
    };
    if !(1..=9999).contains(&year) {
        return None;
    }
    let bound = |year: i64| {
        let day = calendar::days(year, 1, 1);
        match given.data_type(1) {
            DataType::Date32 => Some(ScalarValue::Date32(Some(i32::try_from(day).ok()?))),
            DataType::Timestamp(TimeUnit::Microsecond, None) => {
                Some(ScalarValue::TimestampMicrosecond(Some(day.checked_mul(DAY)?), None))
            }
            _ => None,
        }
    };
    Some((1, Range::try_new(bound(year)?, bound(year + 1)?).ok()?))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Dates {
    HaveNoTime,
    AreMidnights,
}

type Numbers = Vec<Option<(i64, i8)>>;

fn fields(call: &Call<'_>, dates: Dates) -> Result<Numbers> {
    let names = call.text(0)?;
    let column = call.column(1)?;
    let of = column.data_type();
    let unknown = |name: &str| {
        invalid(format!("unit \"{}\" not recognized for type {}", name.to_lowercase(), shown(of)))
    };
    let mut memo = Memo::new();
    let mut known =
        |name: &str| memo.get(name, |name| named(name).ok_or_else(|| unknown(name))).copied();
    match of {
        DataType::Date32 => {
            let values = column.as_primitive::<Date32Type>();
            each(&names, values.iter(), |name, day| {
                let field = known(name)?;
                if dates == Dates::HaveNoTime && has_time(field) {
                    return Err(unsupported(name, of));
                }
                let day = i64::from(day);
                let value = of_reading(field, &Reading::of_day(day))
                    .ok_or_else(|| unsupported(name, of))?;
                Ok(match (field, dates) {
                    (Field::Epoch, _) => (day * 86_400, 0),
                    (Field::Julian, _) => (day + calendar::JULIAN_EPOCH, 0),
                    (field, _) => (value, field.scale(&timestamp())),
                })
            })
        }
        DataType::Timestamp(_, zone) => {
            let zone = zone.as_ref().map(|_| timezone::parse(call.zone)).transpose()?;
            let values = column.as_primitive::<TimestampMicrosecondType>();
            each(&names, values.iter(), |name, micros| {
                let field = known(name)?;
                let reading = Reading::of(micros, zone)?;
                let value = of_reading(field, &reading).ok_or_else(|| unsupported(name, of))?;
                Ok((value, field.scale(of)))
            })
        }
        DataType::Time64(_) => {
            let values = column.as_primitive::<Time64MicrosecondType>();
            each(&names, values.iter(), |name, micros| {
                let field = known(name)?;
                let value = of_time(field, micros).ok_or_else(|| unsupported(name, of))?;
                Ok((value, field.scale(of)))
            })
        }
        _ => {
            let values = interval::column(column)?;
            each(&names, values.iter(), |name, value| {
                let field = known(name)?;
                let value = of_interval(field, Interval::of(value));
                Ok((value.ok_or_else(|| unsupported(name, of))?, field.scale(of)))
            })
        }
    }
}

fn each<T>(
    names: &StringArray,
    values: impl Iterator<Item = Option<T>>,
    mut one: impl FnMut(&str, T) -> Result<(i64, i8)>,
) -> Result<Numbers> {
    names
        .iter()
        .zip(values)
        .map(|pair| match pair {
            (Some(name), Some(value)) => one(name, value).map(Some),
            _ => Ok(None),
        })
        .collect()
}

fn unsupported(name: &str, of: &DataType) -> DataFusionError {
    let message = format!("unit \"{}\" not supported for type {}", name.to_lowercase(), shown(of));
    external(Error::new(lakegate_base::ErrorKind::Unsupported, message))
}

fn has_time(field: Field) -> bool {
    matches!(
        field,
        Field::Microseconds
            | Field::Milliseconds
            | Field::Second
            | Field::Minute
            | Field::Hour
            | Field::Timezone
            | Field::TimezoneHour
            | Field::TimezoneMinute
    )
}

impl Reading {
    fn of_day(days: i64) -> Self {
        Self { days, of_day: 0, date: calendar::civil(days), instant: None, ahead: 0 }
    }

    fn of(micros: i64, zone: Option<Zone>) -> Result<Self> {
        let reading = zone.map_or(Ok(micros), |zone| zone.reading(micros))?;
        let (days, of_day) = calendar::split(reading);
        let ahead = (reading - micros) / SECOND;
        let instant = Some(micros);
        let known = zone.map(|_| ahead);
        let date = calendar::civil(days);
        Ok(Self { days, of_day, date, instant, ahead: known.unwrap_or(i64::MIN) })
    }
}

fn of_reading(field: Field, at: &Reading) -> Option<i64> {
    let Civil { year, month, day } = at.date;
    let shown_year = calendar::shown_year(year);
    let period = |years: i64| match shown_year {
        year if year > 0 => (year + years - 1) / years,
        year => -((years - 1 - year) / years),
    };
    let zone = (at.ahead != i64::MIN).then_some(at.ahead);
    Some(match field {
        Field::Day => day,
        Field::Week => calendar::iso_week(at.days).1,
        Field::Month => month,
        Field::Quarter => (month - 1) / 3 + 1,
        Field::Year => shown_year,
        Field::Decade => year.div_euclid(10),
        Field::Century => period(100),
        Field::Millennium => period(1000),
        Field::Dow => calendar::weekday(at.days),
        Field::Doy => at.days - calendar::days(year, 1, 1) + 1,
        Field::IsoDow => (calendar::weekday(at.days) + 6) % 7 + 1,
        Field::IsoYear => calendar::shown_year(calendar::iso_week(at.days).0),
        Field::Julian => {
            let whole = (at.days + calendar::JULIAN_EPOCH).checked_mul(1_000_000_000_000)?;
            let part = i128::from(at.of_day) * 1_000_000_000_000 / i128::from(DAY);
            whole.checked_add(i64::try_from(part).ok()?)?
        }
        Field::Epoch => at.instant.unwrap_or(0),
        Field::Timezone => zone?,
        Field::TimezoneHour => zone? / 3600,
        Field::TimezoneMinute => zone? % 3600 / 60,
        _ => return of_time(field, at.of_day),
    })
}

fn of_time(field: Field, micros: i64) -> Option<i64> {
    Some(match field {
        Field::Microseconds | Field::Milliseconds | Field::Second => micros % MINUTE,
        Field::Minute => micros % HOUR / MINUTE,
        Field::Hour => micros / HOUR,
        Field::Epoch => micros,
        _ => return None,
    })
}

fn of_interval(field: Field, value: Interval) -> Option<i64> {
    let years = value.months / 12;
    Some(match field {
        Field::Day => value.days,
        Field::Month => value.months % 12,
        Field::Quarter => value.months % 12 / 3 + 1,
        Field::Year => years,
        Field::Decade => years / 10,
        Field::Century => years / 100,
        Field::Millennium => years / 1000,
        // A year is 365.25 days here.
        Field::Epoch => {
            let quarter_days = years * 1461 + (value.months % 12) * 120 + value.days * 4;
            quarter_days.checked_mul(DAY / 4)?.checked_add(value.micros)?
        }
        _ => return of_time(field, value.micros),
    })
}
