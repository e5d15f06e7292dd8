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

pub(crate) fn write(value: &Scalar<'_>, kind: Kind, zone: &Zone, out: &mut BytesMut) -> Result<()> {
    if let (Scalar::List { items, start, end }, true) = (value, is_list(kind)) {
        let span = array::Span { items, start: *start, end: *end };
        return array::write_binary(&span, kind, zone, out);
    }
    if kind.is_array {
        return Err(no_output(kind));
    }
    match (kind.base.name, value) {
        ("bool", Scalar::Bool(value)) => out.put_u8(u8::from(*value)),
        ("int2", value) => out.put_i16(narrow(integer(value, kind)?, "smallint")?),
        ("int4", value) => out.put_i32(narrow(integer(value, kind)?, "integer")?),
        ("int8", value) => out.put_i64(integer(value, kind)?),
        ("float4", Scalar::Float4(value)) => out.put_f32(*value),
        ("float8", Scalar::Float8(value)) => out.put_f64(*value),
        ("float8", Scalar::Float4(value)) => out.put_f64((*value).into()),
        ("numeric", Scalar::Decimal { unscaled, scale }) => {
            numeric::write_binary(*unscaled, *scale, out)?;
        }
        ("numeric", Scalar::Int(value)) => {
            numeric::write_binary(i256::from_i128((*value).into()), 0, out)?;
        }
        ("numeric", Scalar::UInt(value)) => {
            numeric::write_binary(i256::from_i128((*value).into()), 0, out)?;
        }
        ("char", Scalar::Int(_) | Scalar::Text(_)) => text::write(value, kind, zone, out)?,
        ("bytea", Scalar::Bytes(value)) => out.extend_from_slice(value),
        ("date", Scalar::Date(days)) => out.put_i32(narrow(days - EPOCH_DAYS, "date")?),
        ("time", Scalar::Time(micros)) => {
            if !(0..=time::DAY_MICROS).contains(micros) {
                return Err(Report::new("22008", "time out of range"));
            }
            out.put_i64(*micros);
        }
        ("timestamp", Scalar::Timestamp(micros)) | ("timestamptz", Scalar::Instant(micros)) => {
            let range = || Report::new("22008", "timestamp out of range");
            out.put_i64(micros.checked_sub(EPOCH_MICROS).ok_or_else(range)?);
        }
        ("interval", Scalar::Interval { months, days, micros }) => {
            out.put_i64(*micros);
            out.put_i32(*days);
            out.put_i32(*months);
        }
        ("uuid", value) => uuid(value, kind, out)?,
        ("json", Scalar::List { .. } | Scalar::Struct { .. } | Scalar::Map { .. }) => {
            json::write(value, zone, out)?;
        }
        ("jsonb", value) => {
            // The version of the format.
            out.put_u8(1);
            text::write(value, kind, zone, out)?;
        }
        ("int2vector" | "oidvector", Scalar::Text(value)) => {
            array::write_vector_text(value, kind, out)?;
        }
        ("void", _) => {}
        _ if is_object_number(kind.base) => out.put_u32(object_number(value, kind)?),
        _ if is_characters(kind.base) => text::write(value, kind, zone, out)?,
        _ => return Err(no_output(kind)),
    }
    Ok(())
}

fn is_list(kind: Kind) -> bool {
    kind.is_array || matches!(kind.base.name, "int2vector" | "oidvector")
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
