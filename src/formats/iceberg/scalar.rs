//! One value of a primitive column, from the three places where Iceberg metadata has values: partition
//! tuples (Avro), defaults (JSON), and bounds (see `bounds.rs`).

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Decimal128Array,
    FixedSizeBinaryArray, Float32Array, Float64Array, Int32Array, Int64Array, StringArray,
    Time64MicrosecondArray, TimestampMicrosecondArray, TimestampNanosecondArray,
};
use arrow::datatypes::{
    Date32Type, Decimal128Type, Int32Type, Int64Type, Time64MicrosecondType, TimeUnit,
    TimestampMicrosecondType, TimestampNanosecondType,
};
use arrow::error::ArrowError;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use serde_json::Value as Json;

use super::avro::Value;
use super::bounds;
use super::schema::Primitive;

/// Numbers, dates and times in the unit of their column, unscaled decimals.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub enum Scalar {
    Boolean(bool),
    Integer(i64),
    Float(f32),
    Double(f64),
    Decimal(i128),
    String(String),
    Bytes(Vec<u8>),
}

/// The column's value in a partition tuple; none if it is not of a type the column can have come from.
pub fn from_avro(kind: Primitive, value: &Value) -> Option<Scalar> {
    use Primitive as P;
    Some(match (kind, value) {
        (P::Boolean, Value::Boolean(value)) => Scalar::Boolean(*value),
        (P::Int | P::Date, Value::Int(value)) => Scalar::Integer(i64::from(*value)),
        (P::Long, Value::Int(_) | Value::Long(_)) => Scalar::Integer(value.as_long()?),
        // An int here would be a date of the time before the column was promoted.
        (P::Time | P::Timestamp(_) | P::TimestampTz(_), Value::Long(value)) => {
            Scalar::Integer(*value)
        }
        (P::Float, Value::Float(value)) => Scalar::Float(*value),
        (P::Double, Value::Float(value)) => Scalar::Double(f64::from(*value)),
        (P::Double, Value::Double(value)) => Scalar::Double(*value),
        (P::Decimal { precision, .. }, Value::Bytes(bytes)) => bounds::decimal(bytes, precision)?,
        (P::String, Value::String(text)) => Scalar::String((*text).to_string()),
        (P::Uuid, Value::String(text)) => Scalar::Bytes(uuid(text)?),
        (P::Uuid, Value::Bytes(bytes)) if bytes.len() == 16 => Scalar::Bytes(bytes.to_vec()),
        (P::Fixed(length), Value::Bytes(bytes)) if usize::try_from(length) == Ok(bytes.len()) => {
            Scalar::Bytes(bytes.to_vec())
        }
        (P::Binary, Value::Bytes(bytes)) => Scalar::Bytes(bytes.to_vec()),
        _ => return None,
    })
}

/// A default value. Specification: <https://iceberg.apache.org/spec/#json-single-value-serialization>
pub fn from_json(kind: Primitive, json: &Json) -> Option<Scalar> {
    use Primitive as P;
    Some(match kind {
        P::Boolean => Scalar::Boolean(json.as_bool()?),
        P::Int => Scalar::Integer(json.as_i64().filter(|value| i32::try_from(*value).is_ok())?),
        P::Long => Scalar::Integer(json.as_i64()?),
        // From its text, so that it is rounded once.
        P::Float => Scalar::Float(json.as_number()?.to_string().parse().ok()?),
        P::Double => Scalar::Double(json.as_f64()?),
        P::Decimal { precision, scale } => {
            Scalar::Decimal(decimal(json.as_str()?, precision, scale)?)
        }
        P::Date => {
            let date: NaiveDate = json.as_str()?.parse().ok()?;
            Scalar::Integer(date.signed_duration_since(NaiveDate::default()).num_days())
        }
        P::Time => {
            let time: NaiveTime = json.as_str()?.parse().ok()?;
            let seconds = i64::from(time.num_seconds_from_midnight());
            Scalar::Integer(seconds * 1_000_000 + i64::from(time.nanosecond() / 1_000))
        }
        P::Timestamp(unit) => {
            let time: NaiveDateTime = json.as_str()?.parse().ok()?;
            Scalar::Integer(since_epoch(time, unit)?)
        }
        P::TimestampTz(unit) => {
            let time = DateTime::parse_from_rfc3339(json.as_str()?).ok()?;
            Scalar::Integer(since_epoch(time.naive_utc(), unit)?)
        }
        P::String => Scalar::String(json.as_str()?.to_string()),
        P::Uuid => Scalar::Bytes(uuid(json.as_str()?)?),
        P::Fixed(length) => {
            let bytes = hex(json.as_str()?)?;
            Scalar::Bytes((usize::try_from(length) == Ok(bytes.len())).then_some(bytes)?)
        }
        P::Binary => Scalar::Bytes(hex(json.as_str()?)?),
    })
}

fn since_epoch(time: NaiveDateTime, unit: TimeUnit) -> Option<i64> {
    match unit {
        TimeUnit::Nanosecond => time.and_utc().timestamp_nanos_opt(),
        _ => Some(time.and_utc().timestamp_micros()),
    }
}

fn uuid(text: &str) -> Option<Vec<u8>> {
    uuid::Uuid::parse_str(text).ok().map(|uuid| uuid.as_bytes().to_vec())
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.len().is_multiple_of(2).then(|| text.as_bytes().chunks(2))?;
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// The unscaled value of a decimal in plain notation, if it fits exactly.
fn decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let zeros = usize::try_from(scale).ok()?.checked_sub(fraction.len())?;
    let value: i128 = format!("{whole}{fraction}{}", "0".repeat(zeros)).parse().ok()?;
    (value.unsigned_abs() < 10u128.pow(u32::from(precision))).then_some(value)
}

/// The values as an array of the column's type.
pub fn array(kind: Primitive, values: &[Option<Scalar>]) -> Result<ArrayRef, ArrowError> {
    use Primitive as P;
    let booleans = || values.iter().map(|value| value.as_ref()?.boolean());
    let integers = || values.iter().map(|value| value.as_ref()?.integer());
    let small = || integers().map(|value| value.and_then(|value| i32::try_from(value).ok()));
    let bytes = || values.iter().map(|value| value.as_ref()?.bytes());
    Ok(match kind {
        P::Boolean => Arc::new(booleans().collect::<BooleanArray>()),
        P::Int => Arc::new(small().collect::<Int32Array>()),
        P::Date => Arc::new(small().collect::<Date32Array>()),
        P::Long => Arc::new(integers().collect::<Int64Array>()),
        P::Time => Arc::new(integers().collect::<Time64MicrosecondArray>()),
        P::Timestamp(TimeUnit::Nanosecond) => {
            Arc::new(integers().collect::<TimestampNanosecondArray>())
        }
        P::Timestamp(_) => Arc::new(integers().collect::<TimestampMicrosecondArray>()),
        P::TimestampTz(TimeUnit::Nanosecond) => {
            Arc::new(integers().collect::<TimestampNanosecondArray>().with_timezone("UTC"))
        }
        P::TimestampTz(_) => {
            Arc::new(integers().collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        }
        P::Float => {
            let values = values.iter().map(|value| value.as_ref()?.float());
            Arc::new(values.collect::<Float32Array>())
        }
        P::Double => {
            let values = values.iter().map(|value| value.as_ref()?.double());
            Arc::new(values.collect::<Float64Array>())
        }
        P::Decimal { precision, scale } => {
            let values = values.iter().map(|value| value.as_ref()?.decimal());
            let array = values.collect::<Decimal128Array>();
            Arc::new(array.with_precision_and_scale(precision, scale)?)
        }
        P::String => {
            Arc::new(values.iter().map(|value| value.as_ref()?.string()).collect::<StringArray>())
        }
        P::Binary => Arc::new(bytes().collect::<BinaryArray>()),
        P::Uuid => Arc::new(FixedSizeBinaryArray::try_from_sparse_iter_with_size(bytes(), 16)?),
        P::Fixed(length) => {
            Arc::new(FixedSizeBinaryArray::try_from_sparse_iter_with_size(bytes(), length)?)
        }
    })
}

/// One value of such an array; none for NULL and for types that are not compared.
pub fn value(kind: Primitive, array: &dyn Array, at: usize) -> Option<Scalar> {
    use Primitive as P;
    if array.is_null(at) {
        return None;
    }
    let integer = match kind {
        P::Int => i64::from(array.as_primitive_opt::<Int32Type>()?.value(at)),
        P::Date => i64::from(array.as_primitive_opt::<Date32Type>()?.value(at)),
        P::Long => array.as_primitive_opt::<Int64Type>()?.value(at),
        P::Time => array.as_primitive_opt::<Time64MicrosecondType>()?.value(at),
        P::Timestamp(TimeUnit::Nanosecond) | P::TimestampTz(TimeUnit::Nanosecond) => {
            array.as_primitive_opt::<TimestampNanosecondType>()?.value(at)
        }
        P::Timestamp(_) | P::TimestampTz(_) => {
            array.as_primitive_opt::<TimestampMicrosecondType>()?.value(at)
        }
        P::Decimal { .. } => {
            return Some(Scalar::Decimal(array.as_primitive_opt::<Decimal128Type>()?.value(at)));
        }
        P::String => return Some(Scalar::String(array.as_string_opt::<i32>()?.value(at).into())),
        P::Binary => return Some(Scalar::Bytes(array.as_binary_opt::<i32>()?.value(at).into())),
        P::Boolean => return Some(Scalar::Boolean(array.as_boolean_opt()?.value(at))),
        P::Float | P::Double | P::Uuid | P::Fixed(_) => return None,
    };
    Some(Scalar::Integer(integer))
}

impl Scalar {
    fn boolean(&self) -> Option<bool> {
        if let Self::Boolean(value) = self { Some(*value) } else { None }
    }

    fn integer(&self) -> Option<i64> {
        if let Self::Integer(value) = self { Some(*value) } else { None }
    }

    fn float(&self) -> Option<f32> {
        if let Self::Float(value) = self { Some(*value) } else { None }
    }

    fn double(&self) -> Option<f64> {
        if let Self::Double(value) = self { Some(*value) } else { None }
    }

    fn decimal(&self) -> Option<i128> {
        if let Self::Decimal(value) = self { Some(*value) } else { None }
    }

    fn string(&self) -> Option<&str> {
        if let Self::String(value) = self { Some(value) } else { None }
    }

    fn bytes(&self) -> Option<&[u8]> {
        if let Self::Bytes(value) = self { Some(value) } else { None }
    }
}
