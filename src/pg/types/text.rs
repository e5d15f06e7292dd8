//! Values as text, spelled as Postgres spells them.

use std::fmt::{Display, Write};

use arrow::datatypes::i256;
use bytes::{BufMut, BytesMut};

use crate::error::{Report, Result};
use crate::types::oid::{self, Kind};
use crate::types::source::Scalar;
use crate::types::{Zone, array, digits, json, numeric, time};

pub(crate) fn write(value: &Scalar<'_>, kind: Kind, zone: &Zone, out: &mut BytesMut) -> Result<()> {
    match value {
        Scalar::Bool(true) if kind.base == &oid::BOOL => out.extend_from_slice(b"t"),
        Scalar::Bool(false) if kind.base == &oid::BOOL => out.extend_from_slice(b"f"),
        Scalar::Bool(value) => put(out, value)?,
        Scalar::Int(value) if kind.base == &oid::CHAR => {
            out.extend_from_slice(&[char_byte(*value)?])
        }
        Scalar::Int(value) => digits::put_int(*value, out),
        Scalar::UInt(value) => digits::put_unsigned(*value, out),
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
            digits::put_hex(value, out);
        }
        Scalar::Date(days) => time::write_date(*days, out),
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
    for (index, part) in [&value[..4], &value[4..6], &value[6..8], &value[8..10], &value[10..]]
        .into_iter()
        .enumerate()
    {
        if index > 0 {
            out.extend_from_slice(b"-");
        }
        digits::put_hex(part, out);
    }
    Ok(())
}

pub(crate) fn decimal(unscaled: i256, scale: i8, out: &mut BytesMut) {
    // Machine words print far faster than 256 bits do.
    match unscaled.to_i128() {
        Some(small) => digits::put_decimal(small, scale, out),
        None => {
            let text = numeric::place_point(&unscaled.to_string(), scale);
            out.extend_from_slice(text.as_bytes());
        }
    }
}

pub(crate) fn float8(value: f64, out: &mut BytesMut) -> Result<()> {
    if !value.is_finite() {
        return special(value, out);
    }
    let mut scientific = Scientific::default();
    write!(scientific, "{value:e}").map_err(|_| Report::internal("a number is too long"))?;
    shortest(scientific.text()?, 15, out)
}

pub(crate) fn float4(value: f32, out: &mut BytesMut) -> Result<()> {
    if !value.is_finite() {
        return special(f64::from(value), out);
    }
    let mut scientific = Scientific::default();
    write!(scientific, "{value:e}").map_err(|_| Report::internal("a number is too long"))?;
    shortest(scientific.text()?, 6, out)
}

/// A float as the formatter writes it, kept on the stack: 17 digits, point, signs and exponent.
#[derive(Default)]
struct Scientific {
    bytes: [u8; 32],
    length: usize,
}

impl Write for Scientific {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.length + text.len();
        let place = self.bytes.get_mut(self.length..end).ok_or(std::fmt::Error)?;
        place.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

impl Scientific {
    fn text(&self) -> Result<&str> {
        let bytes = self.bytes.get(..self.length).unwrap_or_default();
        std::str::from_utf8(bytes).map_err(|_| Report::internal("a number is no text"))
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
        let (first, rest) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        out.extend_from_slice(sign.as_bytes());
        place_digits(first.as_bytes(), rest.as_bytes(), exponent, out);
        return Ok(());
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    put(out, format_args!("{mantissa}e{sign}{:02}", exponent.unsigned_abs()))
}

/// `1` and `25` at exponent -3 are `0.00125`, at 1 `12.5`, at 4 `12500`.
fn place_digits(first: &[u8], rest: &[u8], exponent: i32, out: &mut BytesMut) {
    let shift = usize::try_from(exponent.unsigned_abs()).unwrap_or_default();
    if exponent < 0 {
        out.extend_from_slice(b"0.");
        out.put_bytes(b'0', shift - 1);
        out.extend_from_slice(first);
        out.extend_from_slice(rest);
        return;
    }
    let (whole, fraction) = rest.split_at(shift.min(rest.len()));
    out.extend_from_slice(first);
    out.extend_from_slice(whole);
    out.put_bytes(b'0', shift - whole.len());
    if !fraction.is_empty() {
        out.extend_from_slice(b".");
        out.extend_from_slice(fraction);
    }
}
