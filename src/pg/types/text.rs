//! Values as text, spelled as Postgres spells them.

use std::fmt::{Display, Write};

use arrow::datatypes::i256;
use bytes::BytesMut;

use crate::error::{Report, Result};
use crate::types::oid::{self, Kind};
use crate::types::source::Scalar;
use crate::types::{Zone, array, json, numeric, time};

pub(crate) fn write(value: &Scalar<'_>, kind: Kind, zone: &Zone, out: &mut BytesMut) -> Result<()> {
    match value {
        Scalar::Bool(true) if kind.base == &oid::BOOL => out.extend_from_slice(b"t"),
        Scalar::Bool(false) if kind.base == &oid::BOOL => out.extend_from_slice(b"f"),
        Scalar::Bool(value) => put(out, value)?,
        Scalar::Int(value) if kind.base == &oid::CHAR => {
            out.extend_from_slice(&[char_byte(*value)?])
        }
        Scalar::Int(value) => put(out, value)?,
        Scalar::UInt(value) => put(out, value)?,
        Scalar::Float4(value) => float4(*value, out)?,
        Scalar::Float8(value) => float8(*value, out)?,
        Scalar::Decimal { unscaled, scale } => decimal(*unscaled, *scale, out),
        Scalar::Text(value) if kind.base == &oid::CHAR => {
            out.extend_from_slice(value.as_bytes().get(..1).unwrap_or_default());
        }
        Scalar::Text(value) => out.extend_from_slice(value.as_bytes()),
        Scalar::Bytes(value) if kind.base == &oid::UUID => uuid(value, out)?,
        Scalar::Bytes(value) => {
            out.extend_from_slice(b"\\x");
            out.extend_from_slice(hex::encode(value).as_bytes());
        }
        Scalar::Date(days) => time::write_date(*days, out)?,
        Scalar::Time(micros) => time::write_time(*micros, out)?,
        Scalar::Timestamp(micros) => time::write_timestamp(*micros, ' ', out)?,
        Scalar::Instant(micros) => time::write_instant(*micros, zone, ' ', out)?,
        Scalar::Interval { months, days, micros } => {
            time::write_interval(*months, *days, *micros, out)?;
        }
        Scalar::List { .. } | Scalar::Struct { .. } | Scalar::Map { .. }
            if !kind.is_array && matches!(kind.base.name, "json" | "jsonb" | "text") =>
        {
            json::write(value, zone, out)?;
        }
        Scalar::List { items, start, end } => {
            let span = array::Span { items, start: *start, end: *end };
            array::write_text(&span, kind, zone, out)?;
        }
        Scalar::Struct { .. } | Scalar::Map { .. } => return Err(no_output(kind)),
    }
    Ok(())
}

fn no_output(kind: Kind) -> Report {
    Report::internal(format!("a nested value cannot be shown as {}", kind.name()))
}

/// Anything whose Rust spelling is Postgres's.
pub(crate) fn put(out: &mut BytesMut, value: impl Display) -> Result<()> {
    write!(out, "{value}").map_err(|_| Report::internal("a buffer refused bytes"))
}

/// "char" holds one byte, signed or not.
pub(crate) fn char_byte(value: i64) -> Result<u8> {
    let signed = i8::try_from(value).map(i8::cast_unsigned);
    signed
        .or_else(|_| u8::try_from(value))
        .map_err(|_| Report::new("22003", "\"char\" out of range"))
}

fn uuid(value: &[u8], out: &mut BytesMut) -> Result<()> {
    if value.len() != 16 {
        return Err(Report::new("22P02", "a uuid must have 16 bytes"));
    }
    let text = hex::encode(value);
    let parts = [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]];
    out.extend_from_slice(parts.join("-").as_bytes());
    Ok(())
}

pub(crate) fn decimal(unscaled: i256, scale: i8, out: &mut BytesMut) {
    // Machine words print far faster than 256 bits do.
    let text = match unscaled.to_i128() {
        Some(small) => small.to_string(),
        None => unscaled.to_string(),
    };
    out.extend_from_slice(numeric::place_point(&text, scale).as_bytes());
}

pub(crate) fn float8(value: f64, out: &mut BytesMut) -> Result<()> {
    if value.is_finite() { shortest(&format!("{value:e}"), 15, out) } else { special(value, out) }
}

pub(crate) fn float4(value: f32, out: &mut BytesMut) -> Result<()> {
    if value.is_finite() {
        shortest(&format!("{value:e}"), 6, out)
    } else {
        special(f64::from(value), out)
    }
}

fn special(value: f64, out: &mut BytesMut) -> Result<()> {
    let text: &[u8] = match value {
        value if value.is_nan() => b"NaN",
        value if value > 0.0 => b"Infinity",
        _ => b"-Infinity",
    };
    out.extend_from_slice(text);
    Ok(())
}

/// Lays out the shortest digits as Postgres does: plain for exponents from -4 to below
/// `plain_below`, else in scientific notation with at least two digits of exponent. `text` is
/// Rust's `-1.25e-7`.
fn shortest(text: &str, plain_below: i32, out: &mut BytesMut) -> Result<()> {
    let fault = || Report::internal("a number has no exponent");
    let (mantissa, exponent) = text.split_once('e').ok_or_else(fault)?;
    let exponent: i32 = exponent.parse().map_err(|_| fault())?;
    if (-4..plain_below).contains(&exponent) {
        let (sign, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => ("-", rest),
            None => ("", mantissa),
        };
        let digits = mantissa.replace('.', "");
        out.extend_from_slice(sign.as_bytes());
        let fraction = i32::try_from(digits.len()).map_err(|_| fault())? - 1 - exponent;
        let scale = i8::try_from(fraction).map_err(|_| fault())?;
        out.extend_from_slice(numeric::place_point(&digits, scale).as_bytes());
        return Ok(());
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    put(out, format_args!("{mantissa}e{sign}{:02}", exponent.unsigned_abs()))
}
