//! Values in Postgres's binary formats, chosen by the column's Postgres type.

use arrow::datatypes::i256;
use bytes::{BufMut, BytesMut};

use crate::error::{Report, Result};
use crate::types::oid::{Kind, is_characters, is_object_number};
use crate::types::source::Scalar;
use crate::types::{Zone, array, json, numeric, text, time};

/// Postgres counts from 2000-01-01.
pub(crate) const EPOCH_DAYS: i64 = 10_957;
pub(crate) const EPOCH_MICROS: i64 = EPOCH_DAYS * time::DAY_MICROS;

/// Numbers of pg_type: matching them is faster than matching names.
const BOOL: u32 = 16;
const BYTEA: u32 = 17;
const CHAR: u32 = 18;
const INT8: u32 = 20;
const INT2: u32 = 21;
const INT2VECTOR: u32 = 22;
const INT4: u32 = 23;
const TEXT: u32 = 25;
const OIDVECTOR: u32 = 30;
const JSON: u32 = 114;
const FLOAT4: u32 = 700;
const FLOAT8: u32 = 701;
const DATE: u32 = 1082;
const TIME: u32 = 1083;
const TIMESTAMP: u32 = 1114;
const TIMESTAMPTZ: u32 = 1184;
const INTERVAL: u32 = 1186;
const NUMERIC: u32 = 1700;
const VOID: u32 = 2278;
const UUID: u32 = 2950;
const JSONB: u32 = 3802;

pub(crate) fn write(value: &Scalar<'_>, kind: Kind, zone: &Zone, out: &mut BytesMut) -> Result<()> {
    if let (Scalar::List { items, start, end }, true) = (value, is_list(kind)) {
        let span = array::Span { items, start: *start, end: *end };
        return array::write_binary(&span, kind, zone, out);
    }
    if kind.is_array {
        return Err(no_output(kind));
    }
    match (kind.base.oid, value) {
        (BOOL, Scalar::Bool(value)) => out.put_u8(u8::from(*value)),
        (INT2, value) => out.put_i16(narrow(integer(value, kind)?, "smallint")?),
        (INT4, value) => out.put_i32(narrow(integer(value, kind)?, "integer")?),
        (INT8, value) => out.put_i64(integer(value, kind)?),
        (FLOAT4, Scalar::Float4(value)) => out.put_f32(*value),
        (FLOAT8, Scalar::Float8(value)) => out.put_f64(*value),
        (FLOAT8, Scalar::Float4(value)) => out.put_f64((*value).into()),
        (NUMERIC, Scalar::Decimal { unscaled, scale }) => {
            numeric::write_binary(*unscaled, *scale, out)?;
        }
        (NUMERIC, Scalar::Int(value)) => {
            numeric::write_binary(i256::from_i128((*value).into()), 0, out)?;
        }
        (NUMERIC, Scalar::UInt(value)) => {
            numeric::write_binary(i256::from_i128((*value).into()), 0, out)?;
        }
        (CHAR, Scalar::Int(_) | Scalar::Text(_)) => text::write(value, kind, zone, out)?,
        (BYTEA, Scalar::Bytes(value)) => out.extend_from_slice(value),
        (DATE, Scalar::Date(days)) => out.put_i32(narrow(days - EPOCH_DAYS, "date")?),
        (TIME, Scalar::Time(micros)) => {
            if !(0..=time::DAY_MICROS).contains(micros) {
                return Err(Report::new("22008", "time out of range"));
            }
            out.put_i64(*micros);
        }
        (TIMESTAMP, Scalar::Timestamp(micros)) | (TIMESTAMPTZ, Scalar::Instant(micros)) => {
            let range = || Report::new("22008", "timestamp out of range");
            out.put_i64(micros.checked_sub(EPOCH_MICROS).ok_or_else(range)?);
        }
        (INTERVAL, Scalar::Interval { months, days, micros }) => {
            out.put_i64(*micros);
            out.put_i32(*days);
            out.put_i32(*months);
        }
        (TEXT, Scalar::Text(value)) => out.extend_from_slice(value.as_bytes()),
        (UUID, value) => uuid(value, kind, out)?,
        (JSON, Scalar::List { .. } | Scalar::Struct { .. } | Scalar::Map { .. }) => {
            json::write(value, zone, out)?;
        }
        (JSONB, value) => {
            // The version of the format.
            out.put_u8(1);
            text::write(value, kind, zone, out)?;
        }
        (INT2VECTOR | OIDVECTOR, Scalar::Text(value)) => {
            array::write_vector_text(value, kind, out)?;
        }
        (VOID, _) => {}
        _ if is_object_number(kind.base) => out.put_u32(object_number(value, kind)?),
        _ if is_characters(kind.base) => text::write(value, kind, zone, out)?,
        _ => return Err(no_output(kind)),
    }
    Ok(())
}

fn is_list(kind: Kind) -> bool {
    kind.is_array || matches!(kind.base.oid, INT2VECTOR | OIDVECTOR)
}

fn no_output(kind: Kind) -> Report {
    let name = kind.name();
    Report::new("42883", format!("no binary output function available for type {name}"))
        .hint("Ask for the column in text format, or cast it to text.")
}

fn integer(value: &Scalar<'_>, kind: Kind) -> Result<i64> {
    match value {
        Scalar::Int(value) => Ok(*value),
        Scalar::UInt(value) => narrow(i128::from(*value), "bigint"),
        _ => Err(no_output(kind)),
    }
}

fn narrow<From, To: TryFrom<From>>(value: From, name: &str) -> Result<To> {
    To::try_from(value).map_err(|_| Report::new("22003", format!("{name} out of range")))
}

/// Object numbers come as numbers, or, for regclass and its like, as a name that has none here.
fn object_number(value: &Scalar<'_>, kind: Kind) -> Result<u32> {
    match value {
        Scalar::Int(value) => narrow(*value, "oid"),
        Scalar::Text("-") => Ok(0),
        Scalar::Text(value) => value.parse().map_err(|_| no_output(kind)),
        _ => Err(no_output(kind)),
    }
}

fn uuid(value: &Scalar<'_>, kind: Kind, out: &mut BytesMut) -> Result<()> {
    let invalid = || Report::new("22P02", "invalid input syntax for type uuid");
    match value {
        Scalar::Bytes(bytes) if bytes.len() == 16 => out.extend_from_slice(bytes),
        Scalar::Text(text) => {
            let bytes = hex::decode(text.replace('-', "")).map_err(|_| invalid())?;
            if bytes.len() != 16 {
                return Err(invalid());
            }
            out.extend_from_slice(&bytes);
        }
        _ => return Err(no_output(kind)),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::types::oid::Kind;

    #[test]
    fn numbers_are_those_of_the_types() {
        let numbers = [
            ("bool", super::BOOL),
            ("int2", super::INT2),
            ("int4", super::INT4),
            ("int8", super::INT8),
            ("float4", super::FLOAT4),
            ("float8", super::FLOAT8),
            ("numeric", super::NUMERIC),
            ("char", super::CHAR),
            ("bytea", super::BYTEA),
            ("date", super::DATE),
            ("time", super::TIME),
            ("timestamp", super::TIMESTAMP),
            ("timestamptz", super::TIMESTAMPTZ),
            ("interval", super::INTERVAL),
            ("uuid", super::UUID),
            ("json", super::JSON),
            ("jsonb", super::JSONB),
            ("int2vector", super::INT2VECTOR),
            ("oidvector", super::OIDVECTOR),
            ("void", super::VOID),
            ("text", super::TEXT),
        ];
        for (name, number) in numbers {
            assert_eq!(Kind::of_name(name).map(Kind::oid), Some(number), "{name}");
        }
    }
}
