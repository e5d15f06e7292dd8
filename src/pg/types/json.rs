//! Nested values as JSON, spaced as Postgres prints jsonb. Fields keep their order.

use bytes::BytesMut;

use crate::error::{Report, Result};
use crate::types::oid::{self, Kind};
use crate::types::source::{Scalar, Values};
use crate::types::{Zone, text, time};

pub(crate) fn write(value: &Scalar<'_>, zone: &Zone, out: &mut BytesMut) -> Result<()> {
    match value {
        Scalar::Bool(value) => text::put(out, value),
        Scalar::Int(_) | Scalar::UInt(_) | Scalar::Decimal { .. } => {
            text::write(value, Kind::scalar(&oid::NUMERIC), zone, out)
        }
        Scalar::Float4(number) if number.is_finite() => text::float4(*number, out),
        Scalar::Float8(number) if number.is_finite() => text::float8(*number, out),
        Scalar::Text(value) => string(value, out),
        Scalar::Timestamp(micros) => quoted(out, |out| time::write_timestamp(*micros, 'T', out)),
        Scalar::Instant(micros) => quoted(out, |out| time::write_instant(*micros, zone, 'T', out)),
        // JSON has no word for infinities and NaN; Postgres, too, makes them strings.
        Scalar::Float4(_)
        | Scalar::Float8(_)
        | Scalar::Bytes(_)
        | Scalar::Date(_)
        | Scalar::Time(_)
        | Scalar::Interval { .. } => {
            let mut plain = BytesMut::new();
            text::write(value, Kind::scalar(&oid::TEXT), zone, &mut plain)?;
            let plain = std::str::from_utf8(&plain)
                .map_err(|_| Report::internal("a value's text is not UTF-8"))?;
            string(plain, out)
        }
        Scalar::List { items, start, end } => {
            separated(out, *b"[]", *start..*end, |row, out| item(items, row, zone, out))
        }
        Scalar::Struct { fields, row } => separated(out, *b"{}", 0..fields.len(), |index, out| {
            let (name, values) = &fields[index];
            string(name, out)?;
            out.extend_from_slice(b": ");
            item(values, *row, zone, out)
        }),
        Scalar::Map { keys, values, start, end } => {
            separated(out, *b"{}", *start..*end, |row, out| {
                key(keys, row, zone, out)?;
                out.extend_from_slice(b": ");
                item(values, row, zone, out)
            })
        }
    }
}

fn item(values: &Values, row: usize, zone: &Zone, out: &mut BytesMut) -> Result<()> {
    match values.get(row)? {
        Some(Scalar::Text(json)) if values.is_json() => {
            out.extend_from_slice(json.as_bytes());
            Ok(())
        }
        Some(value) => write(&value, zone, out),
        None => {
            out.extend_from_slice(b"null");
            Ok(())
        }
    }
}

/// Keys are strings in JSON, whatever they are in a map.
fn key(keys: &Values, row: usize, zone: &Zone, out: &mut BytesMut) -> Result<()> {
    let Some(value) = keys.get(row)? else {
        return Err(Report::new("22004", "a map has a NULL key"));
    };
    let mut plain = BytesMut::new();
    text::write(&value, Kind::scalar(&oid::TEXT), zone, &mut plain)?;
    let plain =
        std::str::from_utf8(&plain).map_err(|_| Report::internal("a key's text is not UTF-8"))?;
    string(plain, out)
}

fn separated(
    out: &mut BytesMut,
    brackets: [u8; 2],
    rows: std::ops::Range<usize>,
    mut each: impl FnMut(usize, &mut BytesMut) -> Result<()>,
) -> Result<()> {
    out.extend_from_slice(&brackets[..1]);
    for (count, row) in rows.enumerate() {
        if count > 0 {
            out.extend_from_slice(b", ");
        }
        each(row, out)?;
    }
    out.extend_from_slice(&brackets[1..]);
    Ok(())
}

fn quoted(out: &mut BytesMut, body: impl FnOnce(&mut BytesMut) -> Result<()>) -> Result<()> {
    out.extend_from_slice(b"\"");
    body(out)?;
    out.extend_from_slice(b"\"");
    Ok(())
}

fn string(text: &str, out: &mut BytesMut) -> Result<()> {
    let quoted = serde_json::to_string(text)
        .map_err(|error| Report::internal(format!("a string has no JSON: {error}")))?;
    out.extend_from_slice(quoted.as_bytes());
    Ok(())
}
