//! Parameter values as Arrow arrays. A value that does not fit its type exactly is refused.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Decimal256Array,
    Float64Array, Int64Array, IntervalMonthDayNanoArray, ListArray, StringArray,
    Time64MicrosecondArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{CastOptions, cast_with_options, concat};
use arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, Field, IntervalMonthDayNano,
    IntervalUnit, TimeUnit,
};
use lakegate_base::Error;

use crate::error::{Report, Result};
use crate::types::decode::{self, Value};
use crate::types::numeric::Decimal;
use crate::types::oid::{Kind, is_object_number};
use crate::types::{Zone, kind_of};

/// The Arrow type that a declared parameter type stands for.
pub(crate) fn natural(kind: Kind) -> Option<DataType> {
    if kind.is_array {
        let item = natural(Kind::scalar(kind.base))?;
        return Some(DataType::List(Arc::new(Field::new("item", item, true))));
    }
    Some(match kind.base.name {
        "bool" => DataType::Boolean,
        "int2" => DataType::Int16,
        "int4" => DataType::Int32,
        "int8" => DataType::Int64,
        "float4" => DataType::Float32,
        "float8" => DataType::Float64,
        // The widest that still leaves room for both sides of the point.
        "numeric" => DataType::Decimal128(DECIMAL128_MAX_PRECISION, 10),
        "bytea" => DataType::Binary,
        "date" => DataType::Date32,
        "time" => DataType::Time64(TimeUnit::Microsecond),
        "timestamp" => DataType::Timestamp(TimeUnit::Microsecond, None),
        "timestamptz" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        "interval" => DataType::Interval(IntervalUnit::MonthDayNano),
        // Named objects may come as text or number: the engine infers which it needs.
        name if name.starts_with("reg") => return None,
        _ if is_object_number(kind.base) => DataType::Int64,
        "int2vector" | "oidvector" => return None,
        _ => DataType::Utf8,
    })
}

/// One value as an array of length 1 of the target type.
pub(crate) fn array(value: &Value, target: &DataType, zone: &Zone) -> Result<ArrayRef> {
    if let Value::Null = value {
        return Ok(new_null_array(target, 1));
    }
    let is_text_target =
        matches!(target, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    match (value, target) {
        (_, DataType::Dictionary(_, values)) => {
            let plain = array(value, values, zone)?;
            cast(&plain, target)
        }
        (Value::Text(text), _) if !is_text_target => {
            let kind = kind_of(target)?;
            match decode::text(text, kind, zone)? {
                Value::Text(_) => Err(mismatch("text", target)),
                value => array(&value, target, zone),
            }
        }
        (Value::List(items), DataType::List(field) | DataType::LargeList(field)) => {
            list(items, field, target, zone)
        }
        (
            Value::Decimal(_) | Value::Int(_) | Value::Float(_),
            DataType::Decimal32(precision, scale)
            | DataType::Decimal64(precision, scale)
            | DataType::Decimal128(precision, scale)
            | DataType::Decimal256(precision, scale),
        ) => decimal(value, *precision, *scale, target),
        (Value::Decimal(number), _) if target.is_floating() => {
            let float = number.to_text().and_then(|text| text.parse::<f64>().ok());
            let float = float.ok_or_else(|| mismatch("numeric", target))?;
            cast(&(Arc::new(Float64Array::from(vec![float])) as ArrayRef), target)
        }
        (Value::Decimal(_) | Value::Float(_), _) if target.is_integer() => {
            let number = as_decimal(value).and_then(|number| number.to_i128());
            let number = number.ok_or_else(|| mismatch("a number with a fraction", target))?;
            let (precision, scale) = (DECIMAL128_MAX_PRECISION, 0);
            let wide =
                Decimal128Array::from(vec![number]).with_precision_and_scale(precision, scale);
            cast(&(Arc::new(wide.map_err(|_| mismatch("numeric", target))?) as ArrayRef), target)
        }
        (Value::Timestamp(_) | Value::Instant(_), DataType::Date32 | DataType::Date64)
        | (Value::Timestamp(_), DataType::Timestamp(_, Some(_)))
        | (Value::Instant(_), DataType::Timestamp(_, None))
        | (Value::Date(_), DataType::Timestamp(_, Some(_))) => moment(value, target, zone),
        _ => cast(&plain(value, target)?, target),
    }
}

/// The array closest to the value, to be cast to the target by Arrow's checked casts.
fn plain(value: &Value, target: &DataType) -> Result<ArrayRef> {
    Ok(match value {
        Value::Bool(value) => Arc::new(BooleanArray::from(vec![*value])),
        Value::Int(value) => Arc::new(Int64Array::from(vec![*value])),
        Value::Float(value) => Arc::new(Float64Array::from(vec![*value])),
        Value::Decimal(value) => Arc::new(StringArray::from(vec![
            value.to_text().ok_or_else(|| mismatch("numeric", target))?,
        ])),
        Value::Text(value) => Arc::new(StringArray::from(vec![value.as_str()])),
        Value::Bytes(value) => Arc::new(BinaryArray::from(vec![value.as_slice()])),
        Value::Date(days) => {
            let days = i32::try_from(*days).map_err(|_| mismatch("date", target))?;
            Arc::new(Date32Array::from(vec![days]))
        }
        Value::Time(micros) => Arc::new(Time64MicrosecondArray::from(vec![*micros])),
        Value::Timestamp(micros) => Arc::new(TimestampMicrosecondArray::from(vec![*micros])),
        Value::Instant(micros) => {
            Arc::new(TimestampMicrosecondArray::from(vec![*micros]).with_timezone("UTC"))
        }
        Value::Interval { months, days, micros } => {
            let nanoseconds =
                micros.checked_mul(1_000).ok_or_else(|| mismatch("interval", target))?;
            let value = IntervalMonthDayNano::new(*months, *days, nanoseconds);
            Arc::new(IntervalMonthDayNanoArray::from(vec![value]))
        }
        Value::Null => new_null_array(target, 1),
        Value::List(_) => return Err(mismatch("array", target)),
    })
}

/// Between dates, local times and instants, by the session's time zone.
fn moment(value: &Value, target: &DataType, zone: &Zone) -> Result<ArrayRef> {
    const SECOND: i64 = 1_000_000;
    let day = super::time::DAY_MICROS;
    let range = || Report::new("22008", "timestamp out of range");
    let to_utc = |local: i64| -> Result<i64> {
        let offset = zone.offset_at_local(local.div_euclid(SECOND))?;
        local.checked_sub(i64::from(offset) * SECOND).ok_or_else(range)
    };
    let to_local = |utc: i64| -> Result<i64> {
        let offset = zone.offset_at(utc.div_euclid(SECOND))?;
        utc.checked_add(i64::from(offset) * SECOND).ok_or_else(range)
    };
    let converted = match (value, target) {
        (Value::Timestamp(local), DataType::Timestamp(..)) => Value::Instant(to_utc(*local)?),
        (Value::Instant(utc), DataType::Timestamp(..)) => Value::Timestamp(to_local(*utc)?),
        (Value::Date(days), _) => Value::Instant(to_utc(days.checked_mul(day).ok_or_else(range)?)?),
        (Value::Timestamp(local), _) if local.rem_euclid(day) == 0 => {
            Value::Date(local.div_euclid(day))
        }
        // Cutting the time off would change what a comparison means.
        _ => return Err(mismatch("a timestamp with a time of day", target)),
    };
    cast(&plain(&converted, target)?, target)
}

fn as_decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Decimal(number) => Some(number.clone()),
        Value::Int(number) => Decimal::parse(&number.to_string()),
        Value::Float(number) if number.is_finite() => Decimal::parse(&format!("{number:e}")),
        _ => None,
    }
}

fn decimal(value: &Value, precision: u8, scale: i8, target: &DataType) -> Result<ArrayRef> {
    let fault = || {
        let message =
            format!("numeric field overflow: the value does not fit numeric({precision},{scale})");
        Report::new("22003", message)
    };
    let number = as_decimal(value).ok_or_else(fault)?;
    let unscaled = number.unscaled(precision, scale).ok_or_else(fault)?;
    let wide = Decimal256Array::from(vec![unscaled]);
    let wide =
        wide.with_precision_and_scale(DECIMAL256_MAX_PRECISION, scale).map_err(|_| fault())?;
    cast(&(Arc::new(wide) as ArrayRef), target)
}

fn list(items: &[Value], field: &Arc<Field>, target: &DataType, zone: &Zone) -> Result<ArrayRef> {
    let arrays: Vec<ArrayRef> =
        items.iter().map(|item| array(item, field.data_type(), zone)).collect::<Result<_>>()?;
    let parts: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
    let values = if parts.is_empty() {
        arrow::array::new_empty_array(field.data_type())
    } else {
        concat(&parts).map_err(|_| mismatch("array", target))?
    };
    let offsets = OffsetBuffer::from_lengths([values.len()]);
    let list = ListArray::try_new(Arc::clone(field), offsets, values, None)
        .map_err(|_| mismatch("array", target))?;
    cast(&(Arc::new(list) as ArrayRef), target)
}

fn cast(array: &ArrayRef, target: &DataType) -> Result<ArrayRef> {
    if array.data_type() == target {
        return Ok(Arc::clone(array));
    }
    let options = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(array, target, &options)
        .map_err(|error| Error::invalid(format!("a parameter does not fit: {error}")).into())
        .map_err(|report: Report| Report::new("22003", report.message))
}

fn mismatch(what: &str, target: &DataType) -> Report {
    Report::new("42804", format!("{what} cannot be bound to a parameter of type {target}"))
}
